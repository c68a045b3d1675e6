#include "hdf5/group.hpp"

#include <fmt/format.h>
#include <hdf5_hl.h>

#include "base/contract.hpp"
#include "hdf5/transfer.hpp"

namespace surf::h5
{

namespace
{

extern "C" herr_t append_name(hid_t /*group*/, char const* name, H5L_info_t const* /*info*/,
                              void* data)
{
    static_cast<std::vector<std::string>*>(data)->emplace_back(name);
    return 0;
}

/// Order kept (netCDF needs it) and no times stored (equal content gives equal bytes).
void keep_order(Handle const& creation, hid_t place)
{
    unsigned const order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    check(H5Pset_attr_creation_order(creation.get(), order), place, "keep the order in");
    check(H5Pset_obj_track_times(creation.get(), false), place, "leave out the times of");
}

/// By creation where a group keeps that order, as ours do; otherwise by name.
H5_index_t order_of(hid_t group)
{
    Handle const creation(check(H5Gget_create_plist(group), group, "find the order of"));
    unsigned order = 0;
    check(H5Pget_link_creation_order(creation.get(), &order), group, "find the order of");
    return (order & H5P_CRT_ORDER_TRACKED) != 0 ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
}

Shape cut_chunk(DatasetSpec const& spec)
{
    if (element_count(spec.shape) == 0)
    {
        return {};  // HDF5 has no chunks without extent
    }
    Shape chunk = spec.chunk;
    for (std::size_t i = 0; i < chunk.size(); ++i)
    {
        chunk[i] = std::min(chunk[i], spec.shape.at(i));
    }
    return chunk;
}

/// The order of filters is netCDF's.
void compress(Handle const& creation, Shape const& chunk, hid_t place)
{
    constexpr unsigned gzip_level = 4;
    std::vector<hsize_t> const extents(chunk.begin(), chunk.end());
    hid_t const list = creation.get();
    check(H5Pset_chunk(list, static_cast<int>(extents.size()), extents.data()), place, "chunk in");
    check(H5Pset_shuffle(list), place, "shuffle in");
    check(H5Pset_deflate(list, gzip_level), place, "compress in");
    check(H5Pset_fletcher32(list), place, "add checksums in");
}

}  // namespace

bool Group::exists(std::string const& name) const
{
    LibraryLock const lock;
    return check(H5Lexists(id(), name.c_str(), H5P_DEFAULT), id(), "look into") > 0;
}

std::vector<Child> Group::children() const
{
    LibraryLock const lock;
    std::vector<std::string> names;
    check(H5Literate(id(), order_of(id()), H5_ITER_INC, nullptr, append_name, &names), id(),
          "list");
    std::vector<Child> children;
    for (std::string& name : names)
    {
        Handle const child(
            check(H5Oopen(id(), name.c_str(), H5P_DEFAULT), id(), fmt::format("open {} in", name)));
        children.push_back({std::move(name), H5Iget_type(child.get()) == H5I_GROUP
                                                 ? ChildKind::group
                                                 : ChildKind::dataset});
    }
    return children;
}

Group Group::create_group(std::string const& name)
{
    LibraryLock const lock;
    Handle const creation = property_list(H5P_GROUP_CREATE);
    keep_order(creation, id());
    check(H5Pset_link_creation_order(creation.get(), H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED),
          id(), "keep the order in");
    return Group(
        Handle(check(H5Gcreate2(id(), name.c_str(), H5P_DEFAULT, creation.get(), H5P_DEFAULT), id(),
                     fmt::format("make group {} in", name))));
}

Group Group::group(std::string const& name) const
{
    LibraryLock const lock;
    return Group(Handle(check(H5Gopen2(id(), name.c_str(), H5P_DEFAULT), id(),
                              fmt::format("open group {} in", name))));
}

Dataset Group::create_dataset(std::string const& name, DatasetSpec const& spec)
{
    EXPECT(name.find('/') == std::string::npos);
    LibraryLock const lock;
    std::string const action = fmt::format("make dataset {} in", name);
    Handle const type =
        spec.type == Type::text ? text_type(spec.text_size) : stored_type(spec.type);
    Handle const space = create_space(spec.shape);
    Handle const creation = property_list(H5P_DATASET_CREATE);
    keep_order(creation, id());
    if (Shape const chunk = cut_chunk(spec); !chunk.empty())
    {
        compress(creation, chunk, id());
    }
    if (spec.fill)
    {
        check(H5Pset_fill_value(creation.get(), H5T_NATIVE_DOUBLE, &*spec.fill), id(), action);
    }
    Dataset dataset(Handle(check(H5Dcreate2(id(), name.c_str(), type.get(), space.get(),
                                            H5P_DEFAULT, creation.get(), H5P_DEFAULT),
                                 id(), action)));
    if (spec.fill)
    {
        Handle const scalar = create_space({});
        Handle const attribute(check(H5Acreate2(dataset.id(), "_FillValue", type.get(),
                                                scalar.get(), H5P_DEFAULT, H5P_DEFAULT),
                                     id(), action));
        check(H5Awrite(attribute.get(), H5T_NATIVE_DOUBLE, &*spec.fill), id(), action);
    }
    return dataset;
}

Dataset Group::dataset(std::string const& name) const
{
    LibraryLock const lock;
    return Dataset(Handle(check(H5Dopen2(id(), name.c_str(), H5P_DEFAULT), id(),
                                fmt::format("open dataset {} in", name))));
}

Dataset Group::create_dimension(std::string const& name, std::int64_t size)
{
    Dataset dimension = create_dataset(name, {Type::float32, {size}});
    dimension.make_scale(
        fmt::format("This is a netCDF dimension but not a netCDF variable.{:10}", size));
    return dimension;
}

}  // namespace surf::h5

#include "hdf5/dataset.hpp"

#include <fmt/format.h>
#include <hdf5_hl.h>

#include <algorithm>

#include "base/mapped_file.hpp"
#include "base/name_table.hpp"
#include "hdf5/transfer.hpp"

namespace surf::h5
{

namespace
{

extern "C" herr_t keep_scale_name(hid_t /*dataset*/, unsigned /*dimension*/, hid_t scale,
                                  void* data)
{
    auto& name = *static_cast<std::string*>(data);
    ssize_t const length = H5Iget_name(scale, nullptr, 0);
    name.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
    H5Iget_name(scale, name.data(), name.size() + 1);
    name.erase(0, name.rfind('/') + 1);
    return 1;  // one name is enough
}

/// The dataset's space with the slab selected.
Handle select(hid_t dataset, Slab const& slab)
{
    Handle space(check(H5Dget_space(dataset), dataset, "read the shape of"));
    std::vector<hsize_t> const start(slab.start.begin(), slab.start.end());
    std::vector<hsize_t> const count(slab.count.begin(), slab.count.end());
    std::size_t const rank = shape_of(space.get()).size();
    herr_t const status = start.size() != rank || count.size() != rank
                              ? -1
                              : H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(),
                                                    nullptr, count.data(), nullptr);
    check(status, dataset, "select a part of");
    check(H5Sselect_valid(space.get()) > 0 ? 0 : -1, dataset, "select a part beyond the end of");
    return space;
}

/// The descriptor of the file that holds the dataset; negative if it is not a plain file.
int descriptor_of(hid_t dataset)
{
    Handle const file(check(H5Iget_file_id(dataset), dataset, "find the file of"));
    Handle const access(check(H5Fget_access_plist(file.get()), dataset, "find the access to"));
    int* descriptor = nullptr;
    bool const known =
        H5Pget_driver(access.get()) == H5FD_SEC2 &&
        H5Fget_vfd_handle(file.get(), H5P_DEFAULT, reinterpret_cast<void**>(&descriptor)) >= 0;
    return known ? *descriptor : -1;
}

/// The type of its elements in memory: that in the file.
Handle element_type(hid_t dataset)
{
    return Handle(check(H5Dget_type(dataset), dataset, "read the type of"));
}

/// Whether its values may lie in other files: external or virtual storage.
bool has_other_files(hid_t dataset)
{
    Handle const made(check(H5Dget_create_plist(dataset), dataset, "find the storage of"));
    return H5Pget_layout(made.get()) == H5D_VIRTUAL || H5Pget_external_count(made.get()) > 0;
}

}  // namespace

Layout Dataset::layout() const
{
    LibraryLock const lock;
    Handle const type = element_type(id());
    Handle const space(check(H5Dget_space(id()), id(), "read the shape of"));
    return {type_from(type.get()), shape_of(space.get())};
}

void Dataset::require(Type type, std::int64_t expected, std::size_t given) const
{
    Layout const stored = layout();
    bool const fits = stored.type == type || (stored.type == Type::text && type == Type::string);
    if (!fits || expected != static_cast<std::int64_t>(given))
    {
        fail(id(), fmt::format("use {} {} values for {} of the {} in", given,
                               name_of(type_table, type), expected, to_string(stored)));
    }
}

void Dataset::require_storable() const
{
    constexpr hsize_t most_compressed = 1032;  // by gzip
    LibraryLock const lock;
    if (has_other_files(id()))
    {
        return;
    }
    Handle const file(check(H5Iget_file_id(id()), id(), "find the file of"));
    Handle const type = element_type(id());
    hsize_t file_size = 0;
    check(H5Fget_filesize(file.get(), &file_size), id(), "find the size of the file of");
    Layout const stored = layout();
    hsize_t const most =
        file_size * most_compressed / std::max<hsize_t>(H5Tget_size(type.get()), 1);
    if (static_cast<hsize_t>(element_count(stored.shape)) > most)
    {
        fail(id(), fmt::format("take {}, more than the file can hold, for", to_string(stored)));
    }
}

template <Element T>
void Dataset::write(std::span<T const> values)
{
    Shape const extents = shape();
    write<T>({Shape(extents.size(), 0), extents}, values);
}

template <Element T>
void Dataset::write(Slab const& slab, std::span<T const> values)
{
    LibraryLock const lock;
    require(type_of<T>, element_count(slab.count), values.size());
    if (values.empty())
    {
        return;
    }
    Handle const type = element_type(id());
    Handle const memory = create_space(slab.count);
    Handle const part =
        slab.count.empty() ? create_space({}) : select(id(), slab);  // a scalar has no slabs
    auto const write = [&](void const* buffer) {
        return H5Dwrite(id(), type.get(), memory.get(), part.get(), H5P_DEFAULT, buffer);
    };
    check(with_values(values, type.get(), write), id(), "write");
}

template <Element T>
std::vector<T> Dataset::read() const
{
    require_storable();
    Shape const extents = shape();
    std::vector<T> values(static_cast<std::size_t>(element_count(extents)));
    read<T>({Shape(extents.size(), 0), extents}, values);
    return values;
}

template <Element T>
void Dataset::read(Slab const& slab, std::span<T> values) const
{
    LibraryLock const lock;
    require(type_of<T>, element_count(slab.count), values.size());
    if (values.empty())
    {
        return;
    }
    Handle const type = element_type(id());
    Handle const memory = create_space(slab.count);
    Handle const part = slab.count.empty() ? create_space({}) : select(id(), slab);
    auto const read = [&](void* buffer) {
        return H5Dread(id(), type.get(), memory.get(), part.get(), H5P_DEFAULT, buffer);
    };
    check(into_values(values, type.get(), memory.get(), read), id(), "read");
}

std::shared_ptr<float const> Dataset::map_row(std::int64_t row) const
{
    LibraryLock const lock;
    Shape extents = shape();
    if (extents.empty() || row < 0 || row >= extents.front())
    {
        fail(id(), fmt::format("map row {} of {} in", row, to_string(layout())));
    }
    extents.erase(extents.begin());
    std::int64_t const count = element_count(extents);
    require(Type::float32, count, static_cast<std::size_t>(count));
    haddr_t const start = H5Dget_offset(id());  // undefined but for a contiguous dataset
    int const descriptor = descriptor_of(id());
    if (start == HADDR_UNDEF || start % alignof(float) != 0 || descriptor < 0)
    {
        return nullptr;
    }
    auto const bytes = static_cast<std::uint64_t>(count) * sizeof(float);
    auto mapped = map_file(descriptor, start + static_cast<std::uint64_t>(row) * bytes, bytes);
    auto const* values = reinterpret_cast<float const*>(mapped.get());
    return {std::move(mapped), values};
}

void Dataset::make_scale(std::string const& name)
{
    LibraryLock const lock;
    check(H5DSset_scale(id(), name.c_str()), id(), "make a dimension scale of");
}

void Dataset::attach_scale(std::size_t dimension, Dataset const& scale)
{
    LibraryLock const lock;
    check(H5DSattach_scale(id(), scale.id(), static_cast<unsigned>(dimension)), id(),
          "attach a dimension scale to");
}

std::vector<std::string> Dataset::dimension_names() const
{
    LibraryLock const lock;
    std::vector<std::string> names(shape().size());
    if (!names.empty() && H5DSis_scale(id()) > 0)
    {
        keep_scale_name(id(), 0, id(), &names.front());
        return names;
    }
    for (std::size_t dimension = 0; dimension < names.size(); ++dimension)
    {
        check(H5DSiterate_scales(id(), static_cast<unsigned>(dimension), nullptr, keep_scale_name,
                                 &names[dimension]),
              id(), "read the dimension scales of");
    }
    return names;
}

#define SURF_H5_DATASET(T)                                            \
    template void Dataset::write<T>(std::span<T const>);              \
    template void Dataset::write<T>(Slab const&, std::span<T const>); \
    template std::vector<T> Dataset::read<T>() const;                 \
    template void Dataset::read<T>(Slab const&, std::span<T>) const;
SURF_H5_FOR_EACH_ELEMENT(SURF_H5_DATASET)

}  // namespace surf::h5

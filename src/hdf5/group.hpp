#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hdf5/dataset.hpp"
#include "hdf5/object.hpp"

namespace surf::h5
{

enum class ChildKind
{
    group,
    dataset,
};

struct Child
{
    std::string name;
    ChildKind kind;
};

/// A folder of datasets and groups. Names are those of direct children, without "/".
class Group : public Object
{
  public:
    bool exists(std::string const& name) const;
    /// In the order of creation; by name in a group that does not keep it, as other programs' may.
    std::vector<Child> children() const;

    Group create_group(std::string const& name);
    Group group(std::string const& name) const;

    Dataset create_dataset(std::string const& name, DatasetSpec const& spec);
    Dataset dataset(std::string const& name) const;

    /// A dimension with a coordinate: a one-dimensional dataset that is its own scale.
    template <Element T>
    Dataset create_coordinate(std::string const& name, std::span<T const> values)
    {
        Dataset coordinate =
            create_dataset(name, {type_of<T>, {static_cast<std::int64_t>(values.size())}});
        coordinate.write<T>(values);
        coordinate.make_scale(name);
        return coordinate;
    }
    /// A dimension of which there is nothing to say but its name and size, as netCDF writes it.
    Dataset create_dimension(std::string const& name, std::int64_t size);

  private:
    friend class FileReader;
    friend class FileWriter;
    using Object::Object;
};

}  // namespace surf::h5

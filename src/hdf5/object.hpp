#pragma once

#include <span>
#include <string>
#include <vector>

#include "hdf5/handle.hpp"
#include "hdf5/types.hpp"

namespace surf::h5
{

/// A group or a dataset: what carries attributes.
///
/// All calls of this library throw FileError for a file that is read, EnvironmentError for one
/// that is written, with HDF5's own reasons, object and file in the text. They may be used from
/// several threads, one of which is inside HDF5 at a time.
class Object
{
  public:
    bool has_attribute(std::string const& name) const;
    /// In the order of creation, without those by which HDF5 stores dimension scales.
    std::vector<std::string> attribute_names() const;
    Layout attribute_layout(std::string const& name) const;

    /// A scalar attribute. A stored one must have exactly the type asked for.
    template <Element T>
    void set_attribute(std::string const& name, T const& value)
    {
        write_attribute<T>(name, {}, {&value, 1});
    }
    void set_attribute(std::string const& name, char const* value)
    {
        set_attribute(name, std::string(value));
    }
    template <Element T>
    T attribute(std::string const& name) const
    {
        return std::move(read_attribute<T>(name, {1}).front());
    }

    /// A one-dimensional attribute.
    template <Element T>
    void set_attribute(std::string const& name, std::vector<T> const& values)
    {
        write_attribute<T>(name, {static_cast<std::int64_t>(values.size())}, values);
    }
    template <Element T>
    std::vector<T> attribute_list(std::string const& name) const
    {
        return read_attribute<T>(name, attribute_layout(name).shape);
    }

  protected:
    explicit Object(Handle handle) : handle_(std::move(handle)) {}

    std::int64_t id() const { return handle_.get(); }

  private:
    template <Element T>
    void write_attribute(std::string const& name, Shape const& shape, std::span<T const> values);
    template <Element T>
    std::vector<T> read_attribute(std::string const& name, Shape const& shape) const;

    Handle handle_;
};

}  // namespace surf::h5

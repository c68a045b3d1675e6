#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hdf5/object.hpp"

namespace surf::h5
{

/// How a dataset is made.
struct DatasetSpec
{
    Type type = Type::float64;
    Shape shape;
    /// Extents of the chunks, each shuffled, compressed with gzip and checksummed with fletcher32;
    /// cut to the shape. Empty: contiguous and plain.
    Shape chunk = {};
    /// Value of elements never written, which readers take for "missing" (attribute _FillValue).
    std::optional<double> fill = {};
    /// Of Type::text: bytes of its longest value, at least 1.
    std::size_t text_size = 0;
};

/// A rectangular part of a dataset: extents `count` from index `start` on.
struct Slab
{
    Shape start;
    Shape count;
};

/// An n-dimensional array in row-major order. The element type asked for must be the stored one
/// (of texts std::string), and the number of elements that of the dataset or the slab.
class Dataset : public Object
{
  public:
    Layout layout() const;
    Shape shape() const { return layout().shape; }

    /// Throws FileError for a dataset that is more than its file can hold, so that nobody asks for
    /// memory for it. read() without a slab does it.
    void require_storable() const;

    template <Element T>
    void write(std::span<T const> values);
    template <Element T>
    void write(Slab const& slab, std::span<T const> values);

    template <Element T>
    std::vector<T> read() const;
    template <Element T>
    void read(Slab const& slab, std::span<T> values) const;

    /// Row `row` of the first dimension where it lies in the file, mapped into memory: no copy is
    /// made, and the processes of a machine share its pages. Null if it does not lie there as it
    /// is in memory (chunked, compressed, in other files, misaligned) or cannot be mapped.
    std::shared_ptr<float const> map_row(std::int64_t row) const;

    /// Makes this one-dimensional dataset the coordinate of a dimension of this name.
    void make_scale(std::string const& name);
    /// Names the dimension by its scale, as netCDF and xarray expect it of each.
    void attach_scale(std::size_t dimension, Dataset const& scale);
    /// The name of each dimension's scale; "" where there is none.
    std::vector<std::string> dimension_names() const;

  private:
    friend class Group;
    using Object::Object;

    void require(Type type, std::int64_t expected, std::size_t given) const;
};

}  // namespace surf::h5

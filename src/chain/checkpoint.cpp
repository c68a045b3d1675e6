#include "chain/checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "chain/safetensors.hpp"
#include "chain/tensor_check.hpp"
#include "hdf5/file.hpp"

namespace surf::chain
{
namespace fs = std::filesystem;

namespace
{

constexpr std::array hdf5_endings = {std::string_view(".h5"), std::string_view(".hdf5")};

/// No file of a network has groups so deep; one that leads back into itself has.
constexpr int deepest_group = 16;
constexpr std::size_t most_objects = 100'000;

/// gzip makes a file at most so much smaller: a dataset beyond that is none that can be read.
constexpr std::uint64_t most_compressed = 1032;

/// A file, and the group in it that holds the tensors; "" for the root.
struct Place
{
    fs::path file;
    std::string group;
};

/// A dataset and the name that its tensor has.
struct Found
{
    std::string name;
    h5::Dataset dataset;
};

/// Empty if the path does not say that it is an HDF5 file.
std::optional<Place> hdf5_place(fs::path const& path)
{
    std::string const text = path.string();
    for (std::string_view const ending : hdf5_endings)
    {
        if (text.ends_with(ending))
        {
            return Place{path, ""};
        }
    }
    for (std::string_view const ending : hdf5_endings)
    {
        auto const colon = text.rfind(std::string(ending) + ":");
        if (colon != std::string::npos)
        {
            std::size_t const length = colon + ending.size();
            return Place{text.substr(0, length), text.substr(length + 1)};
        }
    }
    return std::nullopt;
}

/// Finds all datasets of a group and of those in it.
class Collector
{
  public:
    explicit Collector(fs::path const& path) : path_(path) {}

    void visit(h5::Group const& group, std::string const& prefix = "", int depth = 0)
    {
        for (h5::Child const& child : group.children())
        {
            std::string const name = prefix.empty() ? child.name : prefix + "." + child.name;
            if (depth == deepest_group || ++objects_ > most_objects)
            {
                fail_tensor(path_, name,
                            fmt::format("lies too deep or behind too many others (more than {} "
                                        "groups deep or {} objects) name the group that holds the "
                                        "tensors: FILE.h5:GROUP",
                                        deepest_group, most_objects));
            }
            if (child.kind == h5::ChildKind::group)
            {
                visit(group.group(child.name), name, depth + 1);
            }
            else
            {
                found_.push_back({name, group.dataset(child.name)});
            }
        }
    }

    std::vector<Found> const& found() const { return found_; }

  private:
    fs::path const& path_;
    std::size_t objects_ = 0;
    std::vector<Found> found_;
};

template <class T>
std::vector<float> read_floats(h5::Dataset const& dataset)
{
    std::vector<T> const stored = dataset.read<T>();
    std::vector<float> values(stored.size());
    std::ranges::transform(stored, values.begin(),
                           [](T value) { return static_cast<float>(value); });
    return values;
}

bool is_integer(h5::Type type)
{
    return type == h5::Type::int8 || type == h5::Type::uint8 || type == h5::Type::int32 ||
           type == h5::Type::int64 || type == h5::Type::uint64;
}

/// Empty for a tensor to be left out.
std::optional<NamedArray> read_tensor(fs::path const& path, Found const& found)
{
    auto const [type, shape] = found.dataset.layout();
    if (is_integer(type) && is_batch_counter(found.name))
    {
        return std::nullopt;
    }
    if (type != h5::Type::float32 && type != h5::Type::float64)
    {
        fail_tensor(path, found.name,
                    fmt::format("is {} (a network needs numbers) save it as float32 or float64, or "
                                "leave it out",
                                h5::to_string({type, shape})));
    }
    auto const bytes = byte_count(shape, type == h5::Type::float32 ? 4 : 8);
    if (!bytes || *bytes / most_compressed > fs::file_size(path))
    {
        fail_tensor(path, found.name,
                    fmt::format("is {}, more than the file can hold (it is damaged) save it again",
                                h5::to_string({type, shape})));
    }
    return NamedArray{found.name, shape,
                      type == h5::Type::float32 ? read_floats<float>(found.dataset)
                                                : read_floats<double>(found.dataset)};
}

Parameters read_hdf5(Place const& place)
{
    h5::FileReader const file(place.file, h5::Author::anyone);
    Collector datasets(place.file);
    datasets.visit(file.root().group(place.group.empty() ? "." : place.group));
    Parameters tensors;
    for (Found const& dataset : datasets.found())
    {
        if (auto tensor = read_tensor(place.file, dataset))
        {
            tensors.push_back(std::move(*tensor));
        }
    }
    sort_by_name(place.file, tensors);
    return tensors;
}

}  // namespace

Parameters read_checkpoint(fs::path const& path)
{
    if (path.extension() == ".safetensors")
    {
        return read_safetensors(path);
    }
    if (auto const place = hdf5_place(path))
    {
        return read_hdf5(*place);
    }
    throw FileError(
        fmt::format("{}: is no *.safetensors, *.h5 or *.hdf5 (files of torch.save are pickles, "
                    "which are code and never read) save the tensors with safetensors or h5py",
                    path.string()));
}

}  // namespace surf::chain

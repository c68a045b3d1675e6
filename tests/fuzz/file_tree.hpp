#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "fuzz/harness.hpp"
#include "hdf5/file.hpp"
#include "hdf5/schema.hpp"

namespace surf::fuzz
{

using Values =
    std::variant<std::vector<std::int8_t>, std::vector<std::uint8_t>, std::vector<std::int32_t>,
                 std::vector<std::int64_t>, std::vector<std::uint64_t>, std::vector<float>,
                 std::vector<double>, std::vector<std::string>>;

/// An attribute, a dataset or a group.
struct Item
{
    std::string name;
    h5::Shape shape = {};  ///< of a dataset; of an attribute [] or [n]
    Values values = {};    ///< not written if the shape has not so many
    bool is_dropped = false;
};

/// A group or a dataset with all that is in it.
struct Node
{
    Item item;
    h5::ChildKind kind = h5::ChildKind::group;
    h5::Type type = h5::Type::other;  ///< of a dataset: tells strings from texts
    std::vector<Item> attributes = {};
    std::vector<std::string> dimensions = {};  ///< names of a dataset's dimension scales
    std::vector<Node> children = {};
};

/// A file of ours as plain data: HDF5 does not stand damage to its own structures, from which the
/// seal keeps it; what a sound HDF5 file says is for our readers to doubt.
class FileTree
{
  public:
    explicit FileTree(std::filesystem::path const& path);

    /// A sealed file in which things are missing or have other names, types, shapes and values, as
    /// the input says. False if HDF5 takes no such file; an empty input gives the file as it was.
    bool write_altered(std::filesystem::path const& path, Bytes input) const;

  private:
    std::string type_;
    std::pair<std::int64_t, std::int64_t> version_;
    Node root_;
};

/// Writes the altered file and reads it. It may be refused with FileError, but not as it was.
template <class Read>
void read_altered(FileTree const& tree, std::filesystem::path const& path, Bytes input, Read read)
{
    if (!tree.write_altered(path, input))
    {
        return;
    }
    if (input.empty())
    {
        require(h5::violations(path).empty(), "the file as it was is as its schema says");
        read();
        return;
    }
    may_refuse<FileError>([&] { h5::violations(path); });
    may_refuse<FileError>(read);
}

}  // namespace surf::fuzz

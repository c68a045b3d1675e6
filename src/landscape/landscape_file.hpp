#pragma once

#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "hdf5/file.hpp"

/// For the sources of this folder only: what surface and theory files have in common.
namespace surf::landscape
{

/// A dimension that is its own coordinate. Units are "1" in all files of this folder.
template <h5::Element T>
h5::Dataset add_coordinate(h5::Group& root, std::string const& name, std::string const& long_name,
                           std::span<T const> values);

/// 0, 1, … count − 1.
h5::Dataset add_numbers(h5::Group& root, std::string const& name, std::string const& long_name,
                        std::int64_t count);

/// A variable over dimensions, slowest first. Of `chunk` see h5::DatasetSpec.
template <h5::Element T>
void add_variable(h5::Group& root, std::string const& name, std::string const& long_name,
                  std::initializer_list<h5::Dataset const*> dimensions, std::span<T const> values,
                  h5::Shape chunk = {});

/// The groups /configuration, the settings that decide on the content, and /provenance, how it
/// was made: attributes both.
void add_origin(h5::Group& root, CanonicalText const& configuration,
                std::map<std::string, std::string> const& provenance);

}  // namespace surf::landscape

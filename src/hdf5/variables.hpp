#pragma once

#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "hdf5/file.hpp"

/// How files that other tools are to open are written: every variable described, over dimensions.
namespace surf::h5
{

/// A dimension that is its own coordinate. Its unit is "1", as that of all variables here.
template <Element T>
Dataset add_coordinate(Group& root, std::string const& name, std::string const& long_name,
                       std::span<T const> values);

/// 0, 1, … count − 1.
Dataset add_numbers(Group& root, std::string const& name, std::string const& long_name,
                    std::int64_t count);

/// A variable over dimensions, slowest first. Of `chunk` see DatasetSpec.
template <Element T>
void add_variable(Group& root, std::string const& name, std::string const& long_name,
                  std::initializer_list<Dataset const*> dimensions, std::span<T const> values,
                  Shape chunk = {});

/// The groups /configuration, the settings that decide on the content, and /provenance, how it
/// was made: attributes both.
void add_origin(Group& root, CanonicalText const& configuration,
                std::map<std::string, std::string> const& provenance);

}  // namespace surf::h5

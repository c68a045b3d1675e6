#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "data/images.hpp"
#include "model/device.hpp"

namespace surf::bench
{

/// What the command line asks for.
struct Options
{
    bool help = false;
    bool list = false;  ///< print the cases' names and measure nothing
    model::DeviceChoice device = model::DeviceChoice::automatic;
    std::regex filter;                  ///< found somewhere in the names of the chosen cases
    std::string filter_text;            ///< the same as it was given
    double min_time = 0.5;              ///< seconds that a case is measured for at the least
    std::int64_t threads = 1;           ///< compute threads of all cases but training
    std::int64_t training_threads = 2;  ///< compute threads of training
    std::filesystem::path images = data::default_folder;  ///< Fashion-MNIST
    std::optional<std::filesystem::path> chain;           ///< that whole cells are measured on
    std::optional<std::filesystem::path> json;            ///< where to write the results as JSON
    bool force = false;                                   ///< overwrite that file
};

/// Throws InputError naming the option and its value. A JSON file that exists is refused here,
/// before anything is measured.
Options parse_options(std::vector<std::string> const& arguments);

/// Every option with its unit and default.
std::string help_text();

}  // namespace surf::bench

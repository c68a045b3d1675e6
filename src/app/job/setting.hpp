#pragma once

#include <fmt/format.h>

#include <string>

#include "base/error.hpp"

namespace surf::app
{

/// A value as it was given, and where.
struct Setting
{
    std::string origin;  ///< "jobs/demo.ini", "command line"
    std::string key;     ///< "train.models"
    std::string text;

    std::string label() const { return origin + ": " + key; }
};

[[noreturn]] inline void refuse(Setting const& setting, std::string const& why)
{
    throw InputError(fmt::format("{} = {}: {}", setting.label(), setting.text, why));
}

}  // namespace surf::app

#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace surf
{

/// Extents of an image, or of what a layer gives for one sample. A plain vector of so many channels
/// has height = width = 1. Numbers are in the order (channel, row, column).
struct Shape
{
    std::int64_t channels = 0;
    std::int64_t height = 1;
    std::int64_t width = 1;

    std::int64_t size() const { return channels * height * width; }
    bool is_vector() const { return height == 1 && width == 1; }
    /// "1 x 28 x 28"
    std::string text() const { return fmt::format("{} x {} x {}", channels, height, width); }

    friend bool operator==(Shape const&, Shape const&) = default;
};

}  // namespace surf

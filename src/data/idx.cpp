#include "data/idx.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "base/error.hpp"

namespace surf::data
{
namespace
{

/// A file read through zlib, which passes plain files on as they are.
class IdxFile
{
  public:
    explicit IdxFile(std::filesystem::path const& path)
        : path_(path.string()), file_(gzopen(path.c_str(), "rb"))
    {
        if (!file_)
        {
            throw EnvironmentError(fmt::format("cannot open {}: {}; check its permissions", path_,
                                               std::strerror(errno)));
        }
    }

    /// Up to bytes.size() bytes; fewer only at the end of the file.
    std::size_t read_some(std::span<std::uint8_t> bytes)
    {
        int const count = gzread(file_.get(), bytes.data(), static_cast<unsigned>(bytes.size()));
        int status = Z_OK;
        gzerror(file_.get(), &status);
        if (status == Z_ERRNO)
        {
            throw EnvironmentError(fmt::format("cannot read {}: {}", path_, std::strerror(errno)));
        }
        if (status == Z_BUF_ERROR)
        {
            fail("ends inside its compressed stream");
        }
        if (count < 0)
        {
            fail("is not a valid gzip stream");
        }
        return static_cast<std::size_t>(count);
    }

    /// The next big-endian number of the header.
    std::int64_t read_number()
    {
        std::array<std::uint8_t, 4> bytes{};
        if (read_some(bytes) < bytes.size())
        {
            fail("ends inside its header");
        }
        return std::int64_t{bytes[0]} << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
    }

    [[noreturn]] void fail(std::string_view problem) const
    {
        throw FileError(fmt::format("{} {}; fetch or install the data set again", path_, problem));
    }

  private:
    struct Close
    {
        void operator()(gzFile file) const { gzclose(file); }
    };

    std::string path_;
    std::unique_ptr<gzFile_s, Close> file_;
};

/// The number of dimensions.
std::int64_t read_magic(IdxFile& file)
{
    constexpr std::int64_t unsigned_byte = 0x08;
    std::int64_t const magic = file.read_number();
    std::int64_t const item_type = magic >> 8;
    std::int64_t const dimensions = magic & 0xff;
    if (magic >> 16 != 0)
    {
        file.fail(fmt::format("is not an IDX file (magic number {:#010x})", magic));
    }
    if (item_type != unsigned_byte)
    {
        file.fail(
            fmt::format("holds items of IDX type {:#04x} (images are unsigned bytes, {:#04x})",
                        item_type, unsigned_byte));
    }
    if (dimensions != 3 && dimensions != 4)
    {
        file.fail(fmt::format("has {} dimensions (grey images have 3, with channels 4, labels 1)",
                              dimensions));
    }
    return dimensions;
}

/// Grows with what the file holds: a damaged header must not ask for all memory.
std::vector<std::uint8_t> read_pixels(IdxFile& file, std::uint64_t expected)
{
    constexpr std::uint64_t step = 1 << 20;
    std::vector<std::uint8_t> pixels;
    while (pixels.size() < expected)
    {
        std::size_t const begin = pixels.size();
        std::size_t const size = std::min(step, expected - begin);
        pixels.resize(begin + size);
        std::size_t const count = file.read_some(std::span(pixels).subspan(begin));
        if (count < size)
        {
            file.fail(fmt::format("is truncated: {} of {} pixels", begin + count, expected));
        }
    }
    std::array<std::uint8_t, 1> beyond{};
    if (file.read_some(beyond) != 0)
    {
        file.fail(fmt::format("has trailing bytes after its {} pixels", expected));
    }
    return pixels;
}

}  // namespace

Images read_idx_images(std::filesystem::path const& path)
{
    IdxFile file(path);
    std::int64_t const dimensions = read_magic(file);
    Images images;
    images.count = file.read_number();
    images.shape.channels = dimensions == 4 ? file.read_number() : 1;
    images.shape.height = file.read_number();
    images.shape.width = file.read_number();
    auto const [channels, height, width] = images.shape;
    constexpr std::int64_t largest_side = 0xffff;  // keeps the product within 64 bits
    constexpr std::int64_t most_channels = 0xff;
    if (images.count == 0 || channels == 0 || height == 0 || width == 0 ||
        channels > most_channels || height > largest_side || width > largest_side)
    {
        file.fail(fmt::format("announces {} images of {}", images.count, images.shape.text()));
    }
    images.pixels = read_pixels(file, static_cast<std::uint64_t>(images.count) *
                                          static_cast<std::uint64_t>(images.shape.size()));
    images.checksum = checksum(images);
    return images;
}

}  // namespace surf::data

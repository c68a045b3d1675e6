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
#include "base/id.hpp"

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

void check_magic(IdxFile& file)
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
    if (dimensions != 3)
    {
        file.fail(fmt::format("has {} dimensions (images have 3, labels 1)", dimensions));
    }
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
    check_magic(file);
    Images images;
    images.count = file.read_number();
    images.rows = file.read_number();
    images.columns = file.read_number();
    constexpr std::int64_t largest_side = 0xffff;  // keeps the product within 64 bits
    if (images.count == 0 || images.rows == 0 || images.columns == 0 ||
        images.rows > largest_side || images.columns > largest_side)
    {
        file.fail(fmt::format("announces {} images of {} x {} pixels", images.count, images.rows,
                              images.columns));
    }
    images.pixels =
        read_pixels(file, static_cast<std::uint64_t>(images.count * images.rows) * images.columns);
    std::string_view const bytes(reinterpret_cast<char const*>(images.pixels.data()),
                                 images.pixels.size());
    images.checksum = hash128_hex(fmt::format("{} x {} x {}: {}", images.count, images.rows,
                                              images.columns, hash128_hex(bytes)));
    return images;
}

}  // namespace surf::data

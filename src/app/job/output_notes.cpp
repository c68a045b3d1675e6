#include "app/job/output_notes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/pending_file.hpp"

namespace surf::app
{
namespace
{

std::string last_line(std::string const& text)
{
    return fmt::format("# XXH3-128 of the lines above: {}\n", hash128_hex(text));
}

std::filesystem::path data_spec_path(std::filesystem::path const& output)
{
    return output / "data_checksum";
}

}  // namespace

void publish_note(std::filesystem::path const& path, std::string const& text)
{
    publish_text(path, text + last_line(text));
}

std::string read_note(std::filesystem::path const& path)
{
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
    {
        throw EnvironmentError(
            fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
    }
    std::string const whole{std::istreambuf_iterator<char>(stream), {}};
    std::size_t const length = last_line("").size();
    std::string const text = whole.substr(0, whole.size() - std::min(whole.size(), length));
    if (whole != text + last_line(text))
    {
        throw FileError(fmt::format(
            "{} is not as surf_sweep wrote it (it is damaged, or was edited, or is of an older "
            "version) run its job again with run --job FILE, which writes it anew",
            path.string()));
    }
    return text;
}

void publish_data_spec(std::filesystem::path const& output, DataSpec const& data)
{
    publish_note(data_spec_path(output),
                 fmt::format("{} {} {} {}\n", data.checksum, data.image.channels, data.image.height,
                             data.image.width));
}

std::optional<DataSpec> find_data_spec(std::filesystem::path const& output)
{
    std::filesystem::path const path = data_spec_path(output);
    if (!std::filesystem::exists(path))
    {
        return std::nullopt;
    }
    DataSpec data;
    std::istringstream(read_note(path)) >> data.checksum >> data.image.channels >>
        data.image.height >> data.image.width;
    return data;
}

}  // namespace surf::app

#include "chain/reader.hpp"

#include <fmt/format.h>

#include <set>

#include "chain/chain_file.hpp"

namespace surf::chain
{
namespace fs = std::filesystem;

namespace
{

[[noreturn]] void fail_other_job(fs::path const& path, std::string const& difference)
{
    throw OtherJobError(
        fmt::format("{}: {} (the chain belongs to another job) name another "
                    "folder for chains",
                    path.string(), difference));
}

}  // namespace

struct Reader::Impl
{
    ChainFileReader file;
};

Reader::~Reader() = default;
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;

Reader::Reader(fs::path const& path)
{
    ChainFileReader file(path);
    if (file.first() != 0)
    {
        throw FileError(
            fmt::format("{}: begins with snapshot {} (it is a part of a chain) name "
                        "the finished chain",
                        path.string(), file.first()));
    }
    impl_ = std::make_unique<Impl>(Impl{std::move(file)});
}

Reader::Reader(fs::path const& path, ChainHeader const& expected) : Reader(path)
{
    if (id() != expected.id())
    {
        fail_other_job(path, first_differences(header().configuration, expected.configuration));
    }
    if (snapshots() != expected.snapshots)
    {
        throw FileError(
            fmt::format("{}: {} snapshots instead of {} (the file is damaged) remove "
                        "it and run again",
                        path.string(), snapshots(), expected.snapshots));
    }
}

ChainHeader const& Reader::header() const
{
    return impl_->file.header();
}

Snapshot Reader::read(std::int64_t t) const
{
    return impl_->file.read(t);
}

void verify(fs::path const& path)
{
    ChainFileReader const file(path);
    for (std::int64_t t = file.first(); t < file.first() + file.count(); ++t)
    {
        file.read(t);
    }
}

fs::path chain_path(fs::path const& chains, ChainId const& id)
{
    return chains / (id.hex() + ".h5");
}

std::optional<Reader> find_chain(fs::path const& chains, ChainHeader const& header)
{
    fs::path const path = chain_path(chains, header.id());
    if (!fs::exists(path))
    {
        return std::nullopt;
    }
    try
    {
        return Reader(path, header);
    }
    catch (OtherJobError const&)
    {
        throw;
    }
    catch (FileError const& error)
    {
        h5::set_aside(path, error.what());
        return std::nullopt;
    }
}

std::string first_differences(CanonicalText const& here, CanonicalText const& there)
{
    constexpr std::size_t at_most = 3;
    auto const value = [](CanonicalText const& text, std::string const& key) {
        return text.entries().contains(key) ? text.entries().at(key) : std::string("(not set)");
    };
    std::set<std::string> keys;
    for (auto const& [key, unused] : here.entries())
    {
        keys.insert(key);
    }
    for (auto const& [key, unused] : there.entries())
    {
        keys.insert(key);
    }
    std::string text;
    std::size_t found = 0;
    for (std::string const& key : keys)
    {
        std::string const mine = value(here, key);
        std::string const other = value(there, key);
        if (mine != other && found++ < at_most)
        {
            text += fmt::format("{}{} = {}, not {}", text.empty() ? "" : "; ", key, mine, other);
        }
    }
    return found > at_most ? fmt::format("{}; {} more differ", text, found - at_most) : text;
}

}  // namespace surf::chain

#include "app/job/path_value.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>

namespace surf::app
{
namespace
{

bool names_variable(std::string_view path)
{
    auto const dollar = path.find('$');
    if (dollar == std::string_view::npos || dollar + 1 == path.size())
    {
        return false;
    }
    char const next = path[dollar + 1];
    return std::isalpha(static_cast<unsigned char>(next)) != 0 || next == '_' || next == '{';
}

bool is_quote(char letter)
{
    return letter == '"' || letter == '\'';
}

/// Why the text can be no path; empty if it can.
std::string_view trouble_with(std::string_view path)
{
    if (path.empty() || path.find_first_of("#\n\r") != std::string_view::npos)
    {
        return "must be a path that is not empty and has no # or line break in it (the job file "
               "could not hold it)";
    }
    if (is_quote(path.front()) || is_quote(path.back()))
    {
        return "must be a path without quotes (they would be part of its name); leave them out, "
               "blanks do no harm";
    }
    if (names_variable(path))
    {
        return "must be a path without variables (no shell reads it); write it out, or begin with "
               "~ for the home folder";
    }
    if (path.find(" ;") != std::string_view::npos)
    {
        return "must be a path without \" ;\" (it would be part of its name); a comment begins "
               "with #";
    }
    return "";
}

std::filesystem::path home_of(Setting const& setting)
{
    char const* const home = std::getenv("HOME");
    if (home == nullptr || *home == '\0')
    {
        refuse(setting, "~ means nothing here (the environment has no HOME); write the path out");
    }
    return home;
}

}  // namespace

bool can_stand_in_job_file(std::string const& path)
{
    return trouble_with(path).empty() && path.front() != '~';
}

std::filesystem::path read_path(Setting const& setting)
{
    std::string const& text = setting.text;
    if (std::string_view const trouble = trouble_with(text); !trouble.empty())
    {
        refuse(setting, std::string(trouble));
    }
    if (text.front() != '~')
    {
        return text;
    }
    std::string_view const user = std::string_view(text).substr(1, text.find('/') - 1);
    if (text.size() > 1 && text.find('/') != 1)
    {
        refuse(setting, fmt::format("must be a path that is written out (~ is looked up for the "
                                    "user of this run alone); replace ~{}, or write ./~{}",
                                    user, user));
    }
    std::filesystem::path const below = text.substr(std::min<std::size_t>(2, text.size()));
    return below.empty() ? home_of(setting) : home_of(setting) / below;
}

}  // namespace surf::app

#include "app/job/reference.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

#include "app/job/exit_codes.hpp"
#include "app/job/help.hpp"
#include "app/job/job_keys.hpp"
#include "app/job/option_groups.hpp"
#include "app/job/options.hpp"

namespace surf::app
{
namespace po = boost::program_options;

namespace
{

/// With a backslash before each of the letters.
std::string escaped(std::string_view text, std::string_view letters)
{
    std::string result;
    for (char const letter : text)
    {
        if (letters.find(letter) != std::string_view::npos)
        {
            result += '\\';
        }
        result += letter;
    }
    return result;
}

std::string markdown(std::string_view text)
{
    return escaped(text, "|*<");
}

std::string roff(std::string_view text)
{
    std::string const plain = escaped(text, "\\-");
    return plain.starts_with('.') || plain.starts_with('\'') ? "\\&" + plain : plain;
}

std::string roff_item(std::string_view term, std::string_view text)
{
    return fmt::format(".TP\n.B {}\n{}\n", roff(term), roff(text));
}

template <class Table>
std::string roff_items(std::string_view title, Table const& table)
{
    std::string text = fmt::format(".SH {}\n", title);
    for (auto const& entry : table)
    {
        text += roff_item(entry.name, entry.description);
    }
    return text;
}

std::string roff_options(po::options_description const& options)
{
    std::string text;
    for (auto const& option : options.options())
    {
        text += roff_item("--" + option->long_name(), option->description());
    }
    return text;
}

po::options_description all_options()
{
    po::options_description options = general_options();
    options.add(chain_options());
    options.add(job_options());
    return options;
}

}  // namespace

std::string keys_page()
{
    std::string text =
        "# Keys of the job file\n\n"
        "Made by `surf_sweep help markdown` from the program's own table. Every key is an option "
        "too\n"
        "(`--trials.count 300`), and the command line wins. Lists are comma-separated; whole "
        "numbers may be\n"
        "written as `1e3`; `#` begins a comment; `~` begins a path in the home folder.\n";
    for (std::string const& section : key_sections())
    {
        text += section.empty() ? "\n## Before the first section\n"
                                : fmt::format("\n## [{}]\n", section);
        text += "\n| key | meaning | accepts | default |\n|---|---|---|---|\n";
        for (KeyText const& key : key_texts())
        {
            if (section_of(key.name) == section)
            {
                text +=
                    fmt::format("| `{}` | {} | {} | {} |\n", leaf_of(key.name), markdown(key.help),
                                markdown(key.accepted.text), markdown(key.standard));
            }
        }
    }
    return text;
}

std::string man_page()
{
    std::string text =
        ".TH SURF_SWEEP 1\n.SH NAME\nsurf_sweep \\- inversion of generators along their training "
        "path\n.SH SYNOPSIS\n.B surf_sweep\n[COMMAND] [JOBFILE|OUTPUT] [\\-\\-KEY VALUE ...]\n"
        ".br\n.B mpirun \\-n\nRANKS\n.B surf_sweep\n[run|surface] [JOBFILE] [\\-\\-KEY VALUE ...]\n"
        ".SH DESCRIPTION\nTrains generators, runs trials and writes results "
        "(Song, Fan, Lafferty 2019: Surfing). A job file says what; every key of it is an option "
        "too.\n";
    text += roff_items("COMMANDS", command_table);
    text += ".SH OPTIONS\n" + roff_options(general_options());
    text += ".SS Of import and export\n" + roff_options(chain_options());
    text += ".SH KEYS\n";
    for (std::string const& section : key_sections())
    {
        text += fmt::format(".SS {}\n", section.empty() ? "Before the first section"
                                                        : fmt::format("[{}]", section));
        text += roff_options(key_options(section));
    }
    text += roff_items("METHODS", method_table) + ".SH EXIT STATUS\n";
    for (auto const& [code, description] : exit_code_table)
    {
        text += roff_item(fmt::format("{}", static_cast<int>(code)), description);
    }
    return text;
}

std::string bash_completion()
{
    std::string values;
    for (KeyText const& key : key_texts())
    {
        if (!key.accepted.choices.empty())
        {
            values += fmt::format("    --{}) words='{}' ;;\n", key.name,
                                  fmt::join(key.accepted.choices, " "));
        }
    }
    std::string options;
    po::options_description const all = all_options();
    for (auto const& option : all.options())
    {
        options += (options.empty() ? "--" : " --") + option->long_name();
    }
    return fmt::format(R"(# Completion of surf_sweep for bash: source this file.
_surf_sweep()
{{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} words=
    [[ $word == = ]] && word=
    [[ $before == = ]] && before=${{COMP_WORDS[COMP_CWORD-2]}}
    case $before in
{}    --device) words='auto cpu cuda' ;;
    --log-level) words='trace debug info warn error off' ;;
    help) words='{}' ;;
    *) if [[ $word == -* ]]; then
           words='{}'
       elif (( COMP_CWORD == 1 )); then
           words='{}'
       fi ;;
    esac
    local head=
    [[ $word == *,* ]] && head=${{word%,*}},
    COMPREPLY=($(compgen -P "$head" -W "$words" -- "${{word##*,}}"))
}}
complete -o default -F _surf_sweep surf_sweep
)",
                       values, fmt::join(help_topics(), " "), options,
                       fmt::join(names_in(command_table), " "));
}

}  // namespace surf::app

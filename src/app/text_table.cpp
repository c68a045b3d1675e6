#include "app/text_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/contract.hpp"

namespace surf::app
{
namespace
{

bool is_number(std::string const& text)
{
    return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) != 0 &&
           text.find_first_not_of("0123456789.,e+-%/ ") == std::string::npos;
}

std::size_t width_of(std::vector<std::vector<std::string>> const& rows, std::size_t column)
{
    std::size_t width = 0;
    for (auto const& row : rows)
    {
        width = std::max(width, row[column].size());
    }
    return width;
}

/// With the blanks behind each.
std::size_t width_of(std::vector<std::vector<std::string>> const& rows,
                     std::vector<std::size_t> const& columns)
{
    std::size_t width = 0;
    for (std::size_t const column : columns)
    {
        width += width_of(rows, column) + 2;
    }
    return width;
}

}  // namespace

void TextTable::add(std::vector<std::string> row)
{
    EXPECT(row.size() == rows_.front().size());
    rows_.push_back(std::move(row));
}

bool TextTable::is_constant(std::size_t column) const
{
    return std::all_of(rows_.begin() + 1, rows_.end(),
                       [&](auto const& row) { return row[column] == rows_[1][column]; });
}

std::string TextTable::lines(std::vector<std::size_t> const& columns) const
{
    std::string text;
    for (auto const& row : rows_)
    {
        std::string line;
        for (std::size_t const i : columns)
        {
            line += is_number(row[i]) ? fmt::format("{:>{}}  ", row[i], width_of(rows_, i))
                                      : fmt::format("{:<{}}  ", row[i], width_of(rows_, i));
        }
        text += line.substr(0, line.find_last_not_of(' ') + 1);
        text += '\n';
    }
    return text;
}

std::string TextTable::text(std::size_t width) const
{
    bool const has_names = names_ > 0 && rows_.size() > 2;
    std::string shared;
    std::vector<std::size_t> names;
    std::vector<std::size_t> values;
    for (std::size_t i = 0; i < rows_.front().size(); ++i)
    {
        bool const constant = has_names && is_constant(i);
        bool const last_name = i + 1 == names_ && names.empty();
        if (i < names_ && constant && !last_name)
        {
            shared += fmt::format("{}{} {}", shared.empty() ? "" : ", ", rows_[0][i], rows_[1][i]);
        }
        else if (i < names_)
        {
            names.push_back(i);
        }
        else if (!constant || rows_[1][i] != "-")
        {
            values.push_back(i);
        }
    }
    std::string text = shared.empty() ? "" : shared + "\n";
    std::vector<std::size_t> columns = names;
    std::size_t used = width_of(rows_, names);
    for (std::size_t const i : values)
    {
        std::size_t const more = width_of(rows_, i) + 2;
        if (used + more - 2 > width && columns.size() > names.size())
        {
            text += lines(columns) + "\n";
            columns = names;
            used = width_of(rows_, names);
        }
        columns.push_back(i);
        used += more;
    }
    return text + lines(columns);
}

}  // namespace surf::app

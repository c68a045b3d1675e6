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

}  // namespace

void TextTable::add(std::vector<std::string> row)
{
    EXPECT(row.size() == rows_.front().size());
    rows_.push_back(std::move(row));
}

std::string TextTable::text() const
{
    std::vector<std::size_t> widths(rows_.front().size());
    for (auto const& row : rows_)
    {
        for (std::size_t i = 0; i < row.size(); ++i)
        {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::string text;
    for (auto const& row : rows_)
    {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
        {
            line += is_number(row[i]) ? fmt::format("{:>{}}  ", row[i], widths[i])
                                      : fmt::format("{:<{}}  ", row[i], widths[i]);
        }
        text += line.substr(0, line.find_last_not_of(' ') + 1);
        text += '\n';
    }
    return text;
}

}  // namespace surf::app

#pragma once

#include <string>
#include <vector>

#include "app/terminal.hpp"

namespace surf::app
{

/// A table for people: columns as wide as they must be, two blanks between them.
class TextTable
{
  public:
    /// The first `names` columns tell the rows apart.
    explicit TextTable(std::vector<std::string> header, std::size_t names = 0)
        : rows_{std::move(header)}, names_(names)
    {}

    /// As many texts as the header has; numbers are set flush right.
    void add(std::vector<std::string> row);

    /// Names that all of several rows share are said once, in a line before the table, and columns
    /// of nothing but "-" are left out. Columns beyond the width follow below, beside the names.
    std::string text(std::size_t width = any_width) const;

  private:
    bool is_constant(std::size_t column) const;
    std::string lines(std::vector<std::size_t> const& columns) const;

    std::vector<std::vector<std::string>> rows_;
    std::size_t names_;
};

}  // namespace surf::app

#pragma once

#include <string>
#include <vector>

namespace surf::app
{

/// A table for people: columns as wide as they must be, two blanks between them.
class TextTable
{
  public:
    explicit TextTable(std::vector<std::string> header) : rows_{std::move(header)} {}

    /// As many texts as the header has; numbers are set flush right.
    void add(std::vector<std::string> row);
    std::string text() const;

  private:
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace surf::app

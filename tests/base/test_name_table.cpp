#include <array>
#include <catch2/catch.hpp>

#include "base/name_table.hpp"

using namespace surf;

namespace
{

enum class Fruit
{
    apple,
    pear,
};

struct Entry
{
    Fruit kind;
    std::string_view name;
};

constexpr std::array<Entry, 2> table = {{{Fruit::apple, "apple"}, {Fruit::pear, "pear"}}};

}  // namespace

TEST_CASE("names and kinds translate both ways", "[name_table]")
{
    CHECK(all_names(table) == "apple, pear");
    for (Entry const& entry : table)
    {
        CHECK(kind_of(table, entry.name, "fruit") == entry.kind);
        CHECK(name_of(table, entry.kind) == entry.name);
    }
}

TEST_CASE("an unknown name is an input error that lists the choices", "[name_table]")
{
    CHECK_THROWS_AS(kind_of(table, "plum", "fruit"), InputError);
    CHECK_THROWS_WITH(kind_of(table, "plum", "fruit"),
                      "fruit = plum: no such choice; use one of apple, pear");
    CHECK_THROWS_AS(kind_of(table, "", "fruit"), InputError);
    CHECK_THROWS_AS(kind_of(table, "Apple", "fruit"), InputError);
}

TEST_CASE("a slip is told from another word", "[name_table]")
{
    CHECK(nearest_name(table, "Apple") == "apple");
    CHECK(nearest_name(table, "aple") == "apple");
    CHECK(nearest_name(table, "perr") == "pear");
    CHECK(nearest_name(table, "bear").empty());  // another first letter
    CHECK(nearest_name(table, "pr").empty());
    CHECK(nearest_name(table, "").empty());
    CHECK_THROWS_WITH(kind_of(table, "PEAR", "fruit"),
                      "fruit = PEAR: no such choice; did you mean pear? There are apple, pear");
}

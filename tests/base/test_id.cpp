#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "base/id.hpp"

using namespace surf;

TEST_CASE("hashes are XXH3, as published", "[id]")
{
    CHECK(hash64(std::string_view("")) == 0x2d06800538d394c2U);
    CHECK(hash64(std::string_view("abc")) == 0x78af5f94892f3950U);
    CHECK(hash128_hex("") == "99aa06d3014798d86001c324468d497f");
    std::string const text = "abc";
    CHECK(hash64(std::as_bytes(std::span(text))) == hash64(text));
}

TEST_CASE("canonical text is sorted and writes numbers in their shortest form", "[id]")
{
    CanonicalText text;
    text.add("rate", 0.1)
        .add("b", "word")
        .add("count", std::int64_t{-3})
        .add("a", std::uint64_t{7});
    CHECK(text.text() == "a = 7\nb = word\ncount = -3\nrate = 0.1\n");

    CanonicalText outer;
    outer.add("chain", text).add("k", std::int64_t{5});
    CHECK(outer.text() ==
          "chain.a = 7\nchain.b = word\nchain.count = -3\nchain.rate = 0.1\nk = 5\n");
}

TEST_CASE("an id depends on the content, not on the order it was added in", "[id]")
{
    CanonicalText first;
    first.add("b", 0.1).add("a", "x").add("c", std::int64_t{-3});
    CanonicalText second;
    second.add("c", std::int64_t{-3}).add("b", 0.1).add("a", "x");
    CHECK(ChainId::of(first) == ChainId::of(second));
    // Golden: an id that changes throws away every result that users have stored.
    CHECK(ChainId::of(first).hex() == "b288f06def622aab09fc1654ed631759");
    CHECK(ChainId::of(first).brief() == "b288f06d");
    CHECK(ChainId::from_hex(ChainId::of(first).hex()) == ChainId::of(first));
}

TEST_CASE("any difference of content changes the id", "[id]")
{
    auto const id_of = [](std::string const& key, double value) {
        return BlockId::of(CanonicalText().add(key, value));
    };
    std::vector<BlockId> const ids = {id_of("rate", 0.1), id_of("rate", 0.1 + 1e-18),
                                      id_of("rate", std::nextafter(0.1, 1.0)), id_of("ratf", 0.1)};
    CHECK(ids[0] == ids[1]);  // the same double
    CHECK(ids[0] != ids[2]);
    CHECK(ids[0] != ids[3]);
}

#include <catch2/catch.hpp>
#include <set>
#include <utility>
#include <vector>

#include "model/memory_cache.hpp"

using surf::model::MemoryCache;

namespace
{

/// Stand for blocks of memory; never looked into.
char blocks[4];

}  // namespace

TEST_CASE("A freed block serves requests of its size and of a little less")
{
    for (auto const& [request, served] :
         {std::pair(101, false), {100, true}, {81, true}, {80, true}, {79, false}, {1, false}})
    {
        INFO(request << " bytes");
        MemoryCache cache(10);
        cache.keep(&blocks[0], 100);
        CHECK((cache.take(static_cast<std::size_t>(request)) == &blocks[0]) == served);
        // Taken, it is gone; not taken, it is still there.
        CHECK((cache.take(100) == nullptr) == served);
    }
}

TEST_CASE("Of several blocks the smallest that is large enough serves, the last freed of a size")
{
    MemoryCache cache(10);
    cache.keep(&blocks[0], 110);
    cache.keep(&blocks[1], 100);
    cache.keep(&blocks[2], 100);
    cache.keep(&blocks[3], 90);
    CHECK(cache.take(95) == &blocks[2]);
    CHECK(cache.take(95) == &blocks[1]);
    CHECK(cache.take(95) == &blocks[0]);
    CHECK(cache.take(95) == nullptr);
    CHECK(cache.take(90) == &blocks[3]);
}

TEST_CASE("A block is dropped once more requests than its patience have passed it by")
{
    MemoryCache cache(2);
    cache.keep(&blocks[0], 100);
    cache.take(7);
    cache.keep(&blocks[1], 100);
    cache.take(7);
    CHECK(cache.drop_stale().empty());
    cache.take(7);
    CHECK(cache.drop_stale() == std::vector<void*>{&blocks[0]});
    CHECK(cache.drop_stale().empty());
    CHECK(cache.take(100) == &blocks[1]);
    CHECK(cache.drop_stale().empty());
    CHECK(cache.take(100) == nullptr);
}

TEST_CASE("All blocks that are kept can be dropped at once")
{
    MemoryCache cache(10);
    cache.keep(&blocks[0], 100);
    cache.keep(&blocks[1], 100);
    cache.keep(&blocks[2], 50);
    CHECK(cache.take(100) == &blocks[1]);
    auto const dropped = cache.drop_all();
    CHECK(std::set(dropped.begin(), dropped.end()) == std::set<void*>{&blocks[0], &blocks[2]});
    CHECK(cache.drop_all().empty());
    CHECK(cache.take(100) == nullptr);
}

#include <ATen/ATen.h>
#include <c10/core/CPUAllocator.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "model/heap.hpp"

namespace
{

constexpr std::int64_t mebibyte = 1 << 20;

/// A tensor from before the heap was prepared; only then is it.
at::Tensor const& early_tensor()
{
    static at::Tensor const tensor = [] {
        at::Tensor early = at::ones({mebibyte});
        surf::model::prepare_heap();
        return early;
    }();
    return tensor;
}

/// Of this process's own memory, what the machine's holds.
[[maybe_unused]] std::int64_t resident_bytes()
{
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word && word != "RssAnon:")
    {}
    std::int64_t kibibytes = 0;
    REQUIRE(status >> kibibytes);
    return 1024 * kibibytes;
}

at::Tensor bytes(std::int64_t count)
{
    return at::empty({count}, at::kByte);
}

}  // namespace

TEST_CASE("A large tensor takes the memory of the last one of about its size")
{
    early_tensor();
    for (std::int64_t const size : {mebibyte, 30 * mebibyte})
    {
        void const* const first = bytes(size).data_ptr();
        at::Tensor const second = bytes(size - size / 10);
        CHECK(second.data_ptr() == first);
        CHECK(bytes(size).data_ptr() != first);  // in use
    }
}

#ifndef __SANITIZE_ADDRESS__  // which keeps freed memory itself
TEST_CASE("Memory that waits for further tensors can be released")
{
    early_tensor();
    std::int64_t const size = 64 * mebibyte;
    bytes(size).fill_(1);
    std::int64_t const waiting = resident_bytes();
    surf::model::release_unused_memory();
    CHECK(resident_bytes() < waiting - size / 2);
}
#endif

TEST_CASE("Tensors from before the heap was prepared go on and are freed as they were made")
{
    at::Tensor copy = early_tensor().clone();
    CHECK(copy.sum().item<double>() == static_cast<double>(mebibyte));
    copy = at::Tensor();
    CHECK(early_tensor().sum().item<double>() == static_cast<double>(mebibyte));
}

TEST_CASE("Tensors of any size, none at all too, can be made and freed")
{
    early_tensor();
    CHECK(bytes(0).numel() == 0);
    // Around where recycling begins.
    for (std::int64_t size = 256 * 1024 - 20000; size < 256 * 1024 + 20000; size += 61)
    {
        CHECK(bytes(size).fill_(1).sum().item<std::int64_t>() == size);
    }
    auto& allocator = *c10::GetCPUAllocator();
    for (std::size_t const size : {std::size_t{0}, std::size_t{100}, std::size_t{mebibyte}})
    {
        allocator.raw_deallocate(allocator.raw_allocate(size));
    }
}

TEST_CASE("No two threads get the same memory")
{
    early_tensor();
    std::vector<int> wrong(4);
    {
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < wrong.size(); ++i)
        {
            threads.emplace_back([i, &wrong] {
                auto const mark = static_cast<std::int64_t>(i + 1);
                for (int round = 0; round < 50; ++round)
                {
                    at::Tensor const mine = bytes(mebibyte).fill_(mark);
                    std::this_thread::yield();
                    wrong[i] += mine.sum().item<std::int64_t>() == mark * mebibyte ? 0 : 1;
                }
            });
        }
    }
    CHECK(wrong == std::vector<int>(wrong.size()));
}

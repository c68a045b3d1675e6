#include "base/random.hpp"

#include <Random123/philox.h>
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "base/contract.hpp"
#include "base/id.hpp"

namespace surf
{

RandomStream::RandomStream(std::uint64_t seed, std::string_view domain, Purpose purpose,
                           std::uint64_t index)
    : key_(hash64(fmt::format("{}/{}", seed, domain))),
      index_(index),
      purpose_(static_cast<std::uint32_t>(purpose))
{}

std::uint64_t RandomStream::bits()
{
    if (has_buffered_)
    {
        has_buffered_ = false;
        return buffered_;
    }
    r123::Philox4x32 philox;
    r123::Philox4x32::ctr_type const counter = {{position_, purpose_,
                                                 static_cast<std::uint32_t>(index_),
                                                 static_cast<std::uint32_t>(index_ >> 32)}};
    r123::Philox4x32::key_type const key = {
        {static_cast<std::uint32_t>(key_), static_cast<std::uint32_t>(key_ >> 32)}};
    auto const block = philox(counter, key);
    ++position_;
    ENSURE(position_ != 0);
    buffered_ = (std::uint64_t{block[3]} << 32) | block[2];
    has_buffered_ = true;
    return (std::uint64_t{block[1]} << 32) | block[0];
}

double RandomStream::uniform()
{
    return static_cast<double>(bits() >> 11) * 0x1.0p-53;
}

double RandomStream::normal()
{
    if (has_normal_)
    {
        has_normal_ = false;
        return buffered_normal_;
    }
    double const radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    double const angle = 2.0 * std::numbers::pi * uniform();
    buffered_normal_ = radius * std::sin(angle);
    has_normal_ = true;
    return radius * std::cos(angle);
}

std::uint64_t RandomStream::below(std::uint64_t bound)
{
    EXPECT(bound > 0);
    std::uint64_t const rest = -bound % bound;  // 2^64 mod bound: values below it are drawn again
    std::uint64_t value = bits();
    while (value < rest)
    {
        value = bits();
    }
    return value % bound;
}

void RandomStream::fill_uniform(std::span<float> values, double low, double high)
{
    for (float& value : values)
    {
        value = static_cast<float>(low + (high - low) * uniform());
    }
}

void RandomStream::fill_normal(std::span<float> values, double mean, double deviation)
{
    for (float& value : values)
    {
        value = static_cast<float>(mean + deviation * normal());
    }
}

}  // namespace surf

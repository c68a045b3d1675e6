#include <Random123/philox.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "base/random.hpp"

using namespace surf;

namespace
{

constexpr int draws = 200'000;
constexpr double sigmas = 5;

template <class Draw>
std::vector<double> sample(Draw draw)
{
    std::vector<double> values(draws);
    for (double& value : values)
    {
        value = draw();
    }
    return values;
}

double moment(std::vector<double> const& values, int order)
{
    double sum = 0;
    for (double const value : values)
    {
        sum += std::pow(value, order);
    }
    return sum / static_cast<double>(values.size());
}

/// 5 standard errors of the mean of draws with this variance.
double bound(double variance)
{
    return sigmas * std::sqrt(variance / draws);
}

}  // namespace

// kat_vectors of Random123 (Salmon et al. 2011): philox4x32 10.
TEST_CASE("Philox gives the published known answers", "[random]")
{
    using Block = r123::Philox4x32::ctr_type;
    using Key = r123::Philox4x32::key_type;
    r123::Philox4x32 philox;
    CHECK(philox(Block{{0, 0, 0, 0}}, Key{{0, 0}}) ==
          Block{{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}});
    CHECK(philox(Block{{~0U, ~0U, ~0U, ~0U}}, Key{{~0U, ~0U}}) ==
          Block{{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}});
    CHECK(philox(Block{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
                 Key{{0xa4093822, 0x299f31d0}}) ==
          Block{{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});
}

// From a Philox of 8 lines of Python, itself checked against the known answers: the layout of
// counter and key is part of every stored result.
TEST_CASE("a stream's numbers never change", "[random]")
{
    RandomStream stream(1, "cell", Purpose::prior, 7 | (std::uint64_t{5} << 32));
    CHECK(stream.uniform() == 0x1.16c2cdb59d837p-1);
    CHECK(stream.uniform() == 0x1.cae0d52d0cbf8p-1);
    CHECK(stream.uniform() == 0x1.35641a1834030p-3);
    CHECK(stream.uniform() == 0x1.7b737486696c5p-1);
}

TEST_CASE("seed, domain, purpose and index each give a stream of their own", "[random]")
{
    auto const first = [](RandomStream stream) { return stream.uniform(); };
    std::set<double> values;
    std::size_t streams = 0;
    for (std::uint64_t const seed : {1, 2})
    {
        for (char const* domain : {"one", "two"})
        {
            for (Purpose const purpose : {Purpose::weights, Purpose::prior})
            {
                for (std::uint64_t const index : {0UL, 1UL, 1UL << 32})
                {
                    values.insert(first(RandomStream(seed, domain, purpose, index)));
                    ++streams;
                }
            }
        }
    }
    CHECK(values.size() == streams);
    CHECK(first(RandomStream(1, "one", Purpose::prior, 3)) ==
          first(RandomStream(1, "one", Purpose::prior, 3)));
}

TEST_CASE("streams of neighbouring indices and purposes do not correlate", "[random]")
{
    auto const correlation = [](RandomStream left, RandomStream right) {
        double sum = 0;
        for (int draw = 0; draw < draws; ++draw)
        {
            sum += left.normal() * right.normal();
        }
        return sum / draws;
    };
    RandomStream const base(1, "cell", Purpose::target_latent, 0);
    CHECK(std::abs(correlation(base, RandomStream(1, "cell", Purpose::target_latent, 1))) <
          bound(1));
    CHECK(std::abs(correlation(base, RandomStream(1, "cell", Purpose::initial_latent, 0))) <
          bound(1));
}

TEST_CASE("uniform numbers have the moments of the uniform distribution", "[random]")
{
    RandomStream stream(3, "moments", Purpose::prior, 0);
    auto const values = sample([&] { return stream.uniform(); });
    auto const [low, high] = std::minmax_element(values.begin(), values.end());
    CHECK(*low >= 0);
    CHECK(*high < 1);
    CHECK(std::abs(moment(values, 1) - 1.0 / 2) < bound(1.0 / 12));
    CHECK(std::abs(moment(values, 2) - 1.0 / 3) < bound(4.0 / 45));
}

TEST_CASE("normal numbers have the moments of the normal distribution", "[random]")
{
    RandomStream stream(3, "moments", Purpose::prior, 1);
    auto const values = sample([&] { return stream.normal(); });
    CHECK(std::abs(moment(values, 1)) < bound(1));
    CHECK(std::abs(moment(values, 2) - 1) < bound(2));
    CHECK(std::abs(moment(values, 3)) < bound(15));
    CHECK(std::abs(moment(values, 4) - 3) < bound(96));
}

TEST_CASE("below() is unbiased", "[random]")
{
    RandomStream stream(3, "below", Purpose::batch_order, 0);
    constexpr std::size_t classes = 7;
    std::vector<int> counts(classes);
    for (int draw = 0; draw < draws; ++draw)
    {
        ++counts.at(stream.below(classes));
    }
    double const expected = static_cast<double>(draws) / classes;
    double statistic = 0;
    for (int const count : counts)
    {
        statistic += (count - expected) * (count - expected) / expected;
    }
    // The 5-sigma quantile of chi-square (Wilson & Hilferty 1931).
    double const freedom = classes - 1;
    double const spread = 2 / (9 * freedom);
    CHECK(statistic < freedom * std::pow(1 - spread + sigmas * std::sqrt(spread), 3));
    CHECK(RandomStream(3, "below", Purpose::batch_order, 1).below(1) == 0);
}

// A plain remainder would put half of the draws into the lowest third.
TEST_CASE("below() draws again where the remainder would be biased", "[random]")
{
    RandomStream stream(3, "below", Purpose::batch_order, 2);
    constexpr std::uint64_t third = std::uint64_t{1} << 62;
    int low = 0;
    for (int draw = 0; draw < draws; ++draw)
    {
        low += stream.below(3 * third) < third ? 1 : 0;
    }
    CHECK(std::abs(static_cast<double>(low) / draws - 1.0 / 3) < bound(2.0 / 9));
}

TEST_CASE("fills cover the range and scale the normal", "[random]")
{
    RandomStream stream(4, "fill", Purpose::weights, 0);
    std::vector<float> values(draws);
    stream.fill_uniform(values, -2, 6);
    std::vector<double> doubles(values.begin(), values.end());
    CHECK(std::abs(moment(doubles, 1) - 2) < bound(64.0 / 12));
    stream.fill_normal(values, 3, 0.5);
    doubles.assign(values.begin(), values.end());
    CHECK(std::abs(moment(doubles, 1) - 3) < bound(0.25));
    CHECK(std::abs(moment(doubles, 2) - 9.25) < bound(9.125));  // Var x² = 4μ²σ² + 2σ⁴
}

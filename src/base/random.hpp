#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace surf
{

/// What a stream is drawn for. Two purposes never share numbers, so that a new one disturbs none
/// of the others. The values are part of the results: never renumber.
enum class Purpose : std::uint32_t
{
    weights = 1,
    batch_order = 2,
    prior = 3,
    encoder_noise = 4,
    target_latent = 5,
    initial_latent = 6,
    measurement_matrix = 7,
    measurement_noise = 8,
    target_image = 9,
    restart_latent = 10,
    sample_latent = 11,
    surface_target = 12,
    theory_network = 13,
    theory_direction = 14,
    bootstrap = 15,
    interpolation = 16,
};

/// A counter-based random stream (Philox 4x32-10, Salmon et al. 2011).
///
/// The numbers depend on (seed, domain, purpose, index) alone, never on rank, thread or what was
/// drawn elsewhere; `domain` names the cell or chain, `index` the trial or training step. So a
/// stream has no state to save: whoever resumes builds it again.
class RandomStream
{
  public:
    RandomStream(std::uint64_t seed, std::string_view domain, Purpose purpose, std::uint64_t index);

    /// Uniform on [0, 1), 53 bits.
    double uniform();
    /// Standard normal (Box & Muller 1958).
    double normal();
    /// Uniform on {0, …, bound − 1}, without bias.
    std::uint64_t below(std::uint64_t bound);

    void fill_uniform(std::span<float> values, double low, double high);
    void fill_normal(std::span<float> values, double mean, double deviation);

  private:
    std::uint64_t bits();

    std::uint64_t key_;
    std::uint64_t index_;
    std::uint32_t purpose_;
    std::uint32_t position_ = 0;
    std::uint64_t buffered_ = 0;
    bool has_buffered_ = false;
    double buffered_normal_ = 0;
    bool has_normal_ = false;
};

}  // namespace surf

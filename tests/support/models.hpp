#pragma once

#include "spec/training.hpp"

/// The models of the table, by name.
namespace surf::test::models
{

inline constexpr Model vae{Architecture::infogan, Training::vae};
inline constexpr Model dcgan{Architecture::infogan, Training::dcgan};
inline constexpr Model wgan{Architecture::infogan, Training::wgan};
inline constexpr Model wgan_gp{Architecture::infogan, Training::wgan_gp};
inline constexpr Model relu{Architecture::relu, Training::vae};

}  // namespace surf::test::models

namespace surf::test
{

/// Of images so small that networks of the program's layers take little time, and not square.
inline constexpr Shape small_image{1, 8, 12};

}  // namespace surf::test

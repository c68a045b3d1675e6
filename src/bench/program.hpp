#pragma once

#include "bench/session.hpp"

namespace surf::bench
{

/// Trials on InfoGAN's generator as a TorchScript program, k = 5 at batch 100: "program/rate"
/// (trial iterations a second by the program's own descent), "program/autograd_ratio" (how many
/// times the rate of a plain loop over the same module that is) and "program/prepare" (parameters
/// in memory to an evaluator, once the program was loaded, ms).
Cases program_cases();

}  // namespace surf::bench

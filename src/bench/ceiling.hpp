#pragma once

#include "bench/session.hpp"

namespace surf::bench
{

/// What the machine can do at best, in GFLOP/s: large matrix products and a large channels-last
/// convolution in float32, bfloat16 and, on CUDA, TF32. Named "ceiling/<precision>/<what>"; on the
/// CPU also "ceiling/float32_training/<what>" with training's threads.
Cases ceiling_cases(at::Device device);

}  // namespace surf::bench

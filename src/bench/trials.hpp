#pragma once

#include "bench/session.hpp"

namespace surf::bench
{

/// Trial iterations a second through the program's own descent, named
/// "trials/<task>/k<k>/batch<batch>", with "/bfloat16" behind it for the generator in that, and
/// "/bfloat16_gradients" if only its backward pass is. With several ranks also what each of them
/// and all together reach at the same time.
Cases trial_cases(at::Device device);

/// The same trials through plain autograd, one at a time and batched, and how many times faster the
/// program is at batch 100.
Cases baseline_cases(at::Device device);

}  // namespace surf::bench

#include "train/gan.hpp"

namespace surf::train
{

at::Tensor discriminator_loss(at::Tensor const& real_logits, at::Tensor const& fake_logits)
{
    return at::binary_cross_entropy_with_logits(real_logits, at::ones_like(real_logits)) +
           at::binary_cross_entropy_with_logits(fake_logits, at::zeros_like(fake_logits));
}

at::Tensor non_saturating_loss(at::Tensor const& fake_logits)
{
    return at::binary_cross_entropy_with_logits(fake_logits, at::ones_like(fake_logits));
}

at::Tensor probability_gap(at::Tensor const& real_logits, at::Tensor const& fake_logits)
{
    return at::sigmoid(real_logits.detach()).mean() - at::sigmoid(fake_logits.detach()).mean();
}

}  // namespace surf::train

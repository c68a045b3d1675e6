#include "model/moving_layer.hpp"

#include "base/contract.hpp"
#include "model/activated_layer.hpp"

namespace surf::model
{
namespace
{

/// A layer without weights, which moves numbers: their new places, and what batch norm makes of
/// them there.
class MovingLayer : public ImagesLayer
{
  protected:
    MovingLayer(LayerSpec const& spec, Affine const& affine, at::TensorOptions const& options)
        : ImagesLayer(spec, affine.shift.to(options)), normalised_(spec.batch_norm.has_value())
    {
        if (normalised_)
        {
            scale_ = affine.scale.to(options);
        }
    }

  private:
    /// [batch, height, width, channels] → the same of the output; may share memory.
    virtual at::Tensor move(at::Tensor const& images) const = 0;
    /// The transpose of move().
    virtual at::Tensor move_back(at::Tensor const& gradient) const = 0;

    at::Tensor product(at::Tensor const& input) final
    {
        at::Tensor value = linear(input);
        if (normalised_)
        {
            return finish(value);
        }
        apply(epilogue(), value);
        return value;
    }
    at::Tensor linear(at::Tensor const& input) final
    {
        at::Tensor const moved = move(as_input(input));
        at::Tensor const value = (normalised_ ? moved * scale_ : moved).contiguous();
        return as_rows(value.is_alias_of(input) ? value.clone() : value);
    }
    at::Tensor product_backward(at::Tensor const& gradient) final
    {
        at::Tensor const images = as_output(gradient);
        return as_rows(move_back(normalised_ ? images * scale_ : images).contiguous());
    }

    bool normalised_;
    at::Tensor scale_;  ///< [out channels]
};

/// Nearest-neighbour upsampling.
class UpsampleLayer final : public MovingLayer
{
  public:
    UpsampleLayer(LayerSpec const& spec, Affine const& affine, at::TensorOptions const& options)
        : MovingLayer(spec, affine, options), factor_(spec.stride)
    {}

  private:
    at::Tensor move(at::Tensor const& images) const override
    {
        return images.repeat_interleave(factor_, 1).repeat_interleave(factor_, 2);
    }
    at::Tensor move_back(at::Tensor const& gradient) const override
    {
        return gradient.view({-1, in().height, factor_, in().width, factor_, in().channels})
            .sum({2, 4});
    }

    std::int64_t factor_;
};

/// A reshape that no linear layer beside it could take in.
class ReshapeLayer final : public MovingLayer
{
  public:
    ReshapeLayer(LayerSpec const& spec, Affine const& affine, at::TensorOptions const& options)
        : MovingLayer(spec, affine, options)
    {}

  private:
    static at::Tensor reshaped(at::Tensor const& images, Shape const& shape)
    {
        return images.permute({0, 3, 1, 2})
            .reshape({-1, shape.channels, shape.height, shape.width})
            .permute({0, 2, 3, 1});
    }
    at::Tensor move(at::Tensor const& images) const override { return reshaped(images, out()); }
    at::Tensor move_back(at::Tensor const& gradient) const override
    {
        return reshaped(gradient, in());
    }
};

}  // namespace

std::unique_ptr<FrozenLayer> freeze_moving(LayerSpec const& spec, Affine const& affine,
                                           at::TensorOptions const& options)
{
    EXPECT(!has_weight(spec));
    if (spec.kind == LayerKind::upsample)
    {
        return std::make_unique<UpsampleLayer>(spec, affine, options);
    }
    return std::make_unique<ReshapeLayer>(spec, affine, options);
}

}  // namespace surf::model

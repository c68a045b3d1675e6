#pragma once

#include <memory>

#include "model/evaluator.hpp"
#include "spec/generator.hpp"

namespace surf::model
{

/// A generator that is a TorchScript program, through autograd.
///
/// Whatever goes wrong in the program is a FileError of one line that names the generator's label.
class TorchScriptGenerator final : public Evaluator
{
  public:
    /// Loads the program and puts the snapshot's tensors into it. Its numbers, latents, images and
    /// gradients are of that type. Throws FileError if the program cannot be loaded or its tensors
    /// are not the snapshot's.
    TorchScriptGenerator(GeneratorSpec const& generator, Parameters const& parameters,
                         at::Device device, at::ScalarType type = at::kFloat);
    ~TorchScriptGenerator() override;
    TorchScriptGenerator(TorchScriptGenerator const&) = delete;
    TorchScriptGenerator& operator=(TorchScriptGenerator const&) = delete;

    /// Throws FileError if what comes out are not images of the generator's shape.
    at::Tensor forward(at::Tensor const& latents) override;
    at::Tensor backward(at::Tensor const& gradient) override;
    /// In forward mode; row by row, which takes n / k times as long, if an operator of the program
    /// has none.
    at::Tensor jacobian() override;
    at::Tensor jacobian_of(at::Tensor const& rows) override;

  private:
    struct Impl;  ///< keeps LibTorch's large headers out of this one
    std::unique_ptr<Impl> impl_;
};

}  // namespace surf::model

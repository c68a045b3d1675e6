#pragma once

#include <memory>

#include "chain/reader.hpp"
#include "model/evaluator.hpp"
#include "trial/evaluators.hpp"

/// For the sources of this folder only.
namespace surf::trial
{

/// The networks of a block's chain.
class Snapshots
{
  public:
    Snapshots(chain::Reader const& chain, EvaluatorFactory const& evaluators)
        : chain_(chain), evaluators_(evaluators)
    {}

    GeneratorSpec const& generator() const { return chain_.header().generator; }

    /// T: the number of the final network.
    std::int64_t last() const { return chain_.snapshots() - 1; }
    Parameters read(std::int64_t t) const { return chain_.read(t).generator; }
    /// The network of these parameters, ready for trials.
    std::unique_ptr<model::Evaluator> prepare(Parameters const& parameters,
                                              model::MatrixTypes types) const
    {
        return evaluators_(generator(), parameters, types);
    }

  private:
    chain::Reader const& chain_;
    EvaluatorFactory const& evaluators_;
};

}  // namespace surf::trial

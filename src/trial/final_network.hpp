#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "trial/descent.hpp"
#include "trial/snapshots.hpp"

/// For the sources of this folder only.
namespace surf::trial
{

/// Precision of the matrix work on the way to the end.
at::ScalarType approximate_type(Precision precision);

/// The final network in the precisions that a search goes through one after the other. Only the one
/// in use is in memory.
class FinalNetwork
{
  public:
    FinalNetwork(Snapshots const& snapshots, Precision precision)
        : snapshots_(snapshots), parameters_(snapshots.read(snapshots.last()))
    {
        if (precision == Precision::mixed)
        {
            at::ScalarType const type = approximate_type(precision);
            approximate_.emplace(*this, type);
            exact_forward_.emplace(*this, model::MatrixTypes{at::kFloat, type});
        }
    }
    FinalNetwork(FinalNetwork const&) = delete;
    FinalNetwork& operator=(FinalNetwork const&) = delete;

    FinalGenerators generators()
    {
        return {exact_, approximate_ ? &*approximate_ : nullptr,
                exact_forward_ ? &*exact_forward_ : nullptr};
    }

  private:
    /// The network in one of the precisions, made ready when it takes another's place.
    class Variant final : public model::Evaluator
    {
      public:
        Variant(FinalNetwork& network, model::MatrixTypes types) : network_(network), types_(types)
        {}
        at::Tensor forward(at::Tensor const& latents) override { return use().forward(latents); }
        at::Tensor backward(at::Tensor const& gradient) override
        {
            return use().backward(gradient);
        }
        at::Tensor jacobian() override { return use().jacobian(); }
        at::Tensor jacobian_of(at::Tensor const& rows) override { return use().jacobian_of(rows); }
        model::Linearised linearise(at::Tensor const& latents, at::Tensor const& rows) override
        {
            return use().linearise(latents, rows);
        }
        std::vector<std::int64_t> uses() const override
        {
            return network_.in_use_ == this ? network_.evaluator_->uses()
                                            : std::vector<std::int64_t>();
        }
        void set_uses(std::vector<std::int64_t> const& uses) override { use().set_uses(uses); }

      private:
        model::Evaluator& use();

        FinalNetwork& network_;
        model::MatrixTypes types_;
    };

    Snapshots const& snapshots_;
    Parameters parameters_;
    std::unique_ptr<model::Evaluator> evaluator_;
    Variant const* in_use_ = nullptr;
    Variant exact_{*this, at::kFloat};
    std::optional<Variant> approximate_;    ///< where there is one
    std::optional<Variant> exact_forward_;  ///< where there is one
};

/// Adam on the final network from where it starts, and its polish if the cell has one.
std::vector<TrialOutcome> descend_on_final(CellSpec const& cell, Snapshots const& snapshots,
                                           Objective const& objective, DescentStart start,
                                           Checkpoint& checkpoint);

}  // namespace surf::trial

#pragma once

#include <ATen/ATen.h>

#include <utility>
#include <vector>

#include "model/evaluator.hpp"
#include "model/graph.hpp"

namespace surf::test
{

/// Replays by calling the work again. Calls it twice to record it, as for a GPU.
class CallingRecorder final : public model::GraphRecorder
{
  public:
    /// Counts recordings; fails at any above `most`.
    explicit CallingRecorder(int& recordings, int most = 1000)
        : recordings_(recordings), most_(most)
    {}

    std::unique_ptr<model::Graph> record(std::function<void()> const& work) override
    {
        work();
        work();
        TORCH_CHECK(recordings_ < most_, "no room for another graph");
        ++recordings_;
        return std::make_unique<Call>(work);
    }

  private:
    class Call final : public model::Graph
    {
      public:
        explicit Call(std::function<void()> work) : work_(std::move(work)) {}
        void replay() override { work_(); }

      private:
        std::function<void()> work_;
    };

    int& recordings_;
    int most_;
};

/// Device work as CUDA's graphs see it: operations on fixed tensors. While it is recorded nothing
/// is computed.
class Tape
{
  public:
    using Operation = std::function<void()>;

    void run(Operation operation)
    {
        if (recorded_ != nullptr)
        {
            recorded_->push_back(std::move(operation));
        }
        else
        {
            operation();
        }
    }

    std::vector<Operation> record(std::function<void()> const& work)
    {
        std::vector<Operation> operations;
        recorded_ = &operations;
        work();
        recorded_ = nullptr;
        return operations;
    }

  private:
    std::vector<Operation>* recorded_ = nullptr;
};

/// Records what goes through a tape.
class TapeRecorder final : public model::GraphRecorder
{
  public:
    explicit TapeRecorder(Tape& tape) : tape_(tape) {}

    std::unique_ptr<model::Graph> record(std::function<void()> const& work) override
    {
        work();
        return std::make_unique<Operations>(tape_.record(work));
    }

  private:
    class Operations final : public model::Graph
    {
      public:
        explicit Operations(std::vector<Tape::Operation> operations)
            : operations_(std::move(operations))
        {}

        void replay() override
        {
            for (Tape::Operation const& operation : operations_)
            {
                operation();
            }
        }

      private:
        std::vector<Tape::Operation> operations_;
    };

    Tape& tape_;
};

/// G(x) = tanh(xW) through a tape. Like FrozenGenerator it keeps what backward() needs where
/// forward() has put it.
class TapedEvaluator final : public model::Evaluator
{
  public:
    TapedEvaluator(at::Tensor weight, Tape& tape) : weight_(std::move(weight)), tape_(tape) {}

    at::Tensor forward(at::Tensor const& latents) override
    {
        output_ = untouched(latents.size(0), weight_.size(1));
        tape_.run([weight = weight_, latents, output = output_]() mutable {
            output.copy_(at::tanh(latents.matmul(weight)));
        });
        return output_;
    }

    at::Tensor backward(at::Tensor const& gradient) override
    {
        at::Tensor const pulled = untouched(gradient.size(0), weight_.size(0));
        tape_.run([weight = weight_, gradient, output = output_, pulled]() mutable {
            pulled.copy_((gradient * (1 - output * output)).matmul(weight.t()));
        });
        return pulled;
    }

    at::Tensor jacobian() override
    {
        return weight_.unsqueeze(0) * (1 - output_ * output_).unsqueeze(1);
    }

  private:
    at::Tensor untouched(std::int64_t rows, std::int64_t columns) const
    {
        return at::full({rows, columns}, std::numeric_limits<double>::quiet_NaN(),
                        weight_.options());
    }

    at::Tensor weight_;
    Tape& tape_;
    at::Tensor output_;
};

}  // namespace surf::test

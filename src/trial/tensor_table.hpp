#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "base/contract.hpp"
#include "trial/checkpoint.hpp"

/// A table is a class whose tensors() are all that trials have in it: row i of each belongs to the
/// same trial.
namespace surf::trial
{

using TensorRefs = std::vector<at::Tensor*>;

/// The trials in these rows (int64) of a table.
template <class Table>
Table select_rows(Table table, at::Tensor const& rows)
{
    for (at::Tensor* const tensor : table.tensors())
    {
        *tensor = tensor->index_select(0, rows);
    }
    return table;
}

/// Gives the trials in these rows (int64) of a table what those of another have.
template <class Table>
void put_rows(Table& table, at::Tensor const& rows, Table other)
{
    TensorRefs const values = other.tensors();
    TensorRefs const tensors = table.tensors();
    for (std::size_t i = 0; i < tensors.size(); ++i)
    {
        tensors[i]->index_copy_(0, rows, *values[i]);
    }
}

/// Copies of these tensors.
inline LoopState state_of(TensorRefs const& tensors)
{
    LoopState state;
    for (at::Tensor const* const tensor : tensors)
    {
        state.push_back(tensor->clone());
    }
    return state;
}

/// Makes these tensors those that state_of() of the same ones gave.
inline void restore_to(TensorRefs const& tensors, LoopState const& state)
{
    EXPECT(tensors.size() == state.size());
    for (std::size_t i = 0; i < tensors.size(); ++i)
    {
        *tensors[i] = state[i];
    }
}

/// The tensors of several tables, or some more.
inline TensorRefs joined(std::initializer_list<TensorRefs> parts)
{
    TensorRefs all;
    for (TensorRefs const& part : parts)
    {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

/// A whole number of a loop's state, on the host.
class Counter
{
  public:
    std::int64_t value() const { return tensor_.item<std::int64_t>(); }
    void set(std::int64_t value) { tensor_.fill_(value); }
    TensorRefs tensors() { return {&tensor_}; }

  private:
    at::Tensor tensor_ = at::zeros({}, at::kLong);
};

}  // namespace surf::trial

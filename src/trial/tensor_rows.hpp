#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <span>

/// For the sources of this folder only.
namespace surf::trial
{

/// The numbers of a row of a contiguous tensor on the CPU, to be written.
template <class Value>
std::span<Value> row_of(at::Tensor const& tensor, std::int64_t index)
{
    std::int64_t const length = tensor.numel() / tensor.size(0);
    return {tensor.mutable_data_ptr<Value>() + index * length, static_cast<std::size_t>(length)};
}

}  // namespace surf::trial

#pragma once

#include <ATen/ATen.h>

#include <vector>

/// For the sources of this folder only.
namespace surf::trial
{

/// A tensor's values as a vector on the host.
template <class Value>
std::vector<Value> host_values(at::Tensor const& tensor)
{
    at::Tensor const host =
        tensor.to(at::kCPU, c10::CppTypeToScalarType<Value>::value).contiguous();
    Value const* const values = host.const_data_ptr<Value>();
    return {values, values + host.numel()};
}

}  // namespace surf::trial

#pragma once

#include <ATen/ATen.h>

#include <Eigen/Core>

/// Small dense algebra is Eigen's, in float64 on the host; large is LibTorch's.
namespace surf::trial
{

/// A tensor [rows × columns] as a matrix.
inline Eigen::MatrixXd to_matrix(at::Tensor const& tensor)
{
    using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    at::Tensor const host = tensor.to(at::kCPU, at::kDouble).contiguous();
    return Eigen::Map<RowMajor const>(host.const_data_ptr<double>(), host.size(0), host.size(1));
}

/// A tensor [size] as a vector.
inline Eigen::VectorXd to_vector(at::Tensor const& tensor)
{
    at::Tensor const host = tensor.to(at::kCPU, at::kDouble).contiguous();
    return Eigen::Map<Eigen::VectorXd const>(host.const_data_ptr<double>(), host.numel());
}

/// A vector as a tensor [size], float64 on the host.
inline at::Tensor to_tensor(Eigen::VectorXd const& vector)
{
    at::Tensor const tensor = at::empty({vector.size()}, at::kDouble);
    Eigen::Map<Eigen::VectorXd>(tensor.mutable_data_ptr<double>(), vector.size()) = vector;
    return tensor;
}

}  // namespace surf::trial

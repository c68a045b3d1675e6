#include <catch2/catch.hpp>

#include "model/packed.hpp"
#include "model/random_network.hpp"

using namespace surf;
using namespace surf::model;

TEST_CASE("Packing a linear map lays its weight out anew and changes no more than rounding")
{
    at::Tensor const weight = test::random_tensor({300, 70}, 1);
    at::Tensor const bias = test::random_tensor({300}, 2);
    at::Tensor const input = test::random_tensor({25, 70}, 3);
    at::Tensor const gradient = test::random_tensor({25, 300}, 4);
    for (at::ScalarType const type : {at::kFloat, at::kBFloat16, at::kDouble})
    {
        INFO("type " << type);
        at::Tensor const stored = weight.to(type);
        LinearMap forward(stored);
        LinearMap backward(stored.t());
        at::Tensor const value = forward(input, bias.to(type), Epilogue::relu);
        at::Tensor const pulled = backward(gradient);
        CHECK(value.scalar_type() == type);
        double const rounding = type == at::kBFloat16 ? 0.02 : 1e-5;
        CHECK(test::relative_error(value.to(at::kFloat),
                                   at::relu(at::addmm(bias, input, weight.t()))) < rounding);
        CHECK(test::relative_error(pulled.to(at::kFloat), at::mm(gradient, weight)) < rounding);

        CHECK_FALSE(forward.packed());
        forward.pack();
        backward.pack();
        CHECK(forward.packed() == onednn::handles(stored));
        CHECK(backward.packed() == onednn::handles(stored));
        CHECK(test::relative_error(forward(input, bias.to(type), Epilogue::relu), value) <
              rounding);
        CHECK(test::relative_error(backward(gradient), pulled) < rounding);
    }
}

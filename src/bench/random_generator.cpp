#include "bench/random_generator.hpp"

#include "base/random.hpp"

namespace surf::bench
{

Parameters random_parameters(model::NetworkSpec const& spec)
{
    RandomStream stream(0, "bench/generator", Purpose::weights, 0);
    auto const initialisation = model::Initialisation::normal(0.02);
    Parameters parameters = model::Network(spec, stream, initialisation, at::kCPU).parameters();
    for (NamedArray& array : parameters)
    {
        if (array.name.ends_with(".variance"))
        {
            stream.fill_uniform(array.values, 0.25, 1.5);
        }
        else if (array.name.ends_with(".gamma"))
        {
            stream.fill_uniform(array.values, 0.5, 1.5);
        }
        else if (array.name.ends_with(".beta") || array.name.ends_with(".mean"))
        {
            stream.fill_uniform(array.values, -0.5, 0.5);
        }
    }
    return parameters;
}

model::NetworkSpec infogan_generator(std::int64_t latent_dim)
{
    return model::generator_spec(ModelKind::dcgan, latent_dim, /*hidden_layers=*/0);
}

}  // namespace surf::bench

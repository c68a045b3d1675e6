#include "landscape/theory_file.hpp"

#include "base/contract.hpp"
#include "hdf5/variables.hpp"
#include "reduce/statistics.hpp"

namespace surf::landscape
{
namespace
{

constexpr h5::FileType theory_type{.name = "surf_sweep/theory"};

/// How often something held of how many, with the share and its interval.
struct Shares
{
    std::vector<std::int64_t> held, of;
    std::vector<double> share, low, high;

    void add(std::int64_t successes, std::int64_t trials)
    {
        reduce::Interval const interval = reduce::wilson_interval(successes, trials);
        held.push_back(successes);
        of.push_back(trials);
        share.push_back(static_cast<double>(successes) / static_cast<double>(trials));
        low.push_back(interval.low);
        high.push_back(interval.high);
    }
};

/// Of each row and radius, the networks whose ball is no larger than that.
Shares count_descending(Theory const& theory)
{
    auto const networks = static_cast<std::size_t>(theory.spec.networks);
    Shares shares;
    for (std::size_t row = 0; row < theory.ball_radius.size() / networks; ++row)
    {
        for (double const radius : theory.spec.radii)
        {
            std::int64_t descending = 0;
            for (std::size_t network = 0; network < networks; ++network)
            {
                descending += theory.ball_radius[row * networks + network] <= radius ? 1 : 0;
            }
            shares.add(descending, theory.spec.networks);
        }
    }
    return shares;
}

/// The dimensions of a theory file.
struct Dimensions
{
    h5::Dataset expansion, measurements, target_norm, search, radius, network, layer;

    Dimensions(h5::Group& root, TheorySpec const& spec)
        : expansion(h5::add_coordinate<double>(
              root, "expansion", "n_i / n_(i-1) of the hidden layers", spec.expansions)),
          measurements(h5::add_coordinate<std::int64_t>(
              root, "measurements", "m of a Gaussian A; 0 stands for A = I", spec.measurements)),
          target_norm(h5::add_coordinate<double>(root, "target_norm", "|y|", spec.target_norms)),
          search(h5::add_coordinate<std::string>(root, "search", "how directions were found",
                                                 [] {
                                                     std::vector<std::string> names;
                                                     for (SearchEntry const& entry : search_table)
                                                     {
                                                         names.emplace_back(entry.name);
                                                     }
                                                     return names;
                                                 }())),
          radius(h5::add_coordinate<double>(root, "radius", "|x| / (1 + |y|)", spec.radii)),
          network(h5::add_numbers(root, "network", "number of the random network", spec.networks)),
          layer(h5::add_numbers(root, "layer", "0: input, then hidden layers, last: output",
                                spec.hidden_layers + 2))
    {}
};

void add_widths(h5::Group& root, Dimensions const& dimensions, Theory const& theory)
{
    std::vector<std::int64_t> widths;
    std::vector<double> conditions;
    for (std::vector<std::int64_t> const& of_expansion : theory.widths)
    {
        widths.insert(widths.end(), of_expansion.begin(), of_expansion.end());
        conditions.push_back(width_condition(of_expansion));
    }
    h5::add_variable<std::int64_t>(root, "width", "units of a layer",
                                   {&dimensions.expansion, &dimensions.layer}, widths);
    h5::add_variable<double>(root, "width_condition",
                             "smallest n_i / (n_(i-1) log n_i) of the hidden layers",
                             {&dimensions.expansion}, conditions);
}

}  // namespace

void write_theory(std::filesystem::path const& path, Theory const& theory,
                  std::map<std::string, std::string> const& provenance)
{
    Shares points;
    std::vector<double> worst;
    std::vector<double> mean;
    for (RadiusSample const& sample : theory.samples)
    {
        points.add(sample.negative, sample.points);
        worst.push_back(sample.worst_derivative);
        mean.push_back(sample.mean_derivative);
    }
    Shares const networks = count_descending(theory);

    h5::FileWriter file(path, theory_type);
    h5::Group& root = file.root();
    root.set_attribute("seed", theory.seed);
    Dimensions const d(root, theory.spec);
    add_widths(root, d, theory);
    auto const add = [&]<h5::Element T>(char const* name, char const* long_name,
                                        std::vector<T> const& values) {
        h5::add_variable<T>(root, name, long_name,
                            {&d.expansion, &d.measurements, &d.target_norm, &d.search, &d.radius},
                            values);
    };
    add("points", "points sampled", points.of);
    add("negative", "points with a negative derivative along -x/|x|", points.held);
    add("negative_share", "share of points with a negative derivative", points.share);
    add("negative_low", "lower end of its 95 % Wilson interval, points as if independent",
        points.low);
    add("negative_high", "upper end of its 95 % Wilson interval, points as if independent",
        points.high);
    add("worst_derivative", "largest derivative, times 2^d / |x|", worst);
    add("mean_derivative", "mean derivative, times 2^d / |x|", mean);
    add("networks_descending", "networks with negative derivatives from this radius on",
        networks.held);
    add("networks_share", "share of such networks", networks.share);
    add("networks_low", "lower end of its 95 % Wilson interval", networks.low);
    add("networks_high", "upper end of its 95 % Wilson interval", networks.high);
    h5::add_variable<double>(
        root, "ball_radius",
        "smallest radius from which on all derivatives of the network are negative; inf: none",
        {&d.expansion, &d.measurements, &d.target_norm, &d.search, &d.network}, theory.ball_radius);
    CanonicalText configuration;
    configuration.add("seed", theory.seed);
    configuration.add("theory", theory.spec.canonical());
    h5::add_origin(root, configuration, provenance);
    file.publish();
}

}  // namespace surf::landscape

#include "reduce/summary.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include "base/name_table.hpp"
#include "reduce/statistics.hpp"
#include "store/outcome_columns.hpp"

namespace surf::reduce
{

namespace
{

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// A cell with what its trials say.
struct SummarisedCell
{
    CellResult const* result;
    CellStatistics statistics;
    std::size_t position;  ///< in the array over all five dimensions
};

/// The distinct coordinates of the cells along one dimension, ascending.
template <class Coordinate>
auto distinct(std::vector<CellResult> const& cells, Coordinate coordinate_of)
{
    std::set<decltype(coordinate_of(cells.front().spec))> values;
    for (CellResult const& cell : cells)
    {
        values.insert(coordinate_of(cell.spec));
    }
    return values;
}

template <class Table, class Kinds>
std::vector<std::string> names_of(Table const& table, Kinds const& kinds)
{
    std::vector<std::string> names;
    for (auto const kind : kinds)
    {
        names.emplace_back(name_of(table, kind));
    }
    return names;
}

/// Writes variables over the dimensions of the cells and at most one more.
class SummaryTable
{
  public:
    SummaryTable(h5::Group group, std::vector<CellResult> const& cells) : group_(std::move(group))
    {
        std::vector<std::size_t> positions(cells.size(), 0);
        auto const add = [&](std::string const& name, std::string const& long_name,
                             auto coordinate_of, auto const& label) {
            auto const values = distinct(cells, coordinate_of);
            for (std::size_t i = 0; i < cells.size(); ++i)
            {
                auto const place = values.find(coordinate_of(cells[i].spec));
                positions[i] = positions[i] * values.size() +
                               static_cast<std::size_t>(std::distance(values.begin(), place));
            }
            auto const labels = label(values);
            using Label = typename decltype(labels)::value_type;
            dimensions_.push_back(add_coordinate<Label>(name, long_name, labels));
            shape_.push_back(static_cast<std::int64_t>(labels.size()));
        };
        auto const numbers = [](std::set<std::int64_t> const& values) {
            return std::vector<std::int64_t>(values.begin(), values.end());
        };
        auto const names = [](auto const& table) {
            return [&table](auto const& kinds) { return names_of(table, kinds); };
        };

        using Spec = trial::CellSpec;
        add(
            "task", "what is recovered from what",
            [](Spec const& spec) { return spec.problem.task; }, names(trial::task_table));
        add(
            "model", "generative model", [](Spec const& spec) { return spec.problem.model; },
            names(model::model_table));
        add(
            "latent_dim", "dimension k of the latent",
            [](Spec const& spec) { return spec.problem.latent_dim; }, numbers);
        add(
            "measurements", "number m of measurements",
            [](Spec const& spec) { return spec.problem.measurements; }, numbers);
        add(
            "method", "how the latent is searched for",
            [](Spec const& spec) { return spec.method; }, names(trial::method_table));

        for (std::size_t i = 0; i < cells.size(); ++i)
        {
            cells_.push_back({&cells[i], {}, positions[i]});
            cells_.back().statistics.add(cells[i].outcomes);
        }
    }

    template <h5::Element T>
    h5::Dataset add_coordinate(std::string const& name, std::string const& long_name,
                               std::vector<T> const& values)
    {
        h5::Dataset coordinate = group_.create_coordinate<T>(name, values);
        store::describe(coordinate, "1", long_name);
        return coordinate;
    }

    /// A variable with one value a cell, `missing` where there is none.
    template <h5::Element T, class Value>
    h5::Dataset add(std::string const& name, std::string const& long_name, T missing,
                    Value value_of)
    {
        return add_over<T>(name, long_name, missing, nullptr,
                           [&](SummarisedCell const& cell, std::size_t) { return value_of(cell); });
    }

    /// A variable with one value a cell and index along one more dimension.
    template <h5::Element T, class Value>
    h5::Dataset add_over(std::string const& name, std::string const& long_name, T missing,
                         h5::Dataset const* more, Value value_of)
    {
        h5::Shape shape = shape_;
        std::size_t const width =
            more == nullptr ? 1 : static_cast<std::size_t>(more->shape().front());
        if (more != nullptr)
        {
            shape.push_back(static_cast<std::int64_t>(width));
        }
        std::vector<T> values(static_cast<std::size_t>(h5::element_count(shape)), missing);
        for (SummarisedCell const& cell : cells_)
        {
            for (std::size_t i = 0; i < width; ++i)
            {
                values[cell.position * width + i] = value_of(cell, i);
            }
        }
        h5::Dataset dataset = group_.create_dataset(
            name, {.type = h5::type_of<T>, .shape = shape, .fill = static_cast<double>(missing)});
        store::describe(dataset, "1", long_name);
        for (std::size_t i = 0; i < dimensions_.size(); ++i)
        {
            dataset.attach_scale(i, dimensions_[i]);
        }
        if (more != nullptr)
        {
            dataset.attach_scale(dimensions_.size(), *more);
        }
        dataset.write<T>(values);
        return dataset;
    }

  private:
    h5::Group group_;
    std::vector<h5::Dataset> dimensions_;
    h5::Shape shape_;
    std::vector<SummarisedCell> cells_;
};

void add_counts(SummaryTable& table)
{
    auto const add = [&](std::string const& name, std::string const& long_name, auto value_of) {
        table.add<std::int64_t>(name, long_name, -1, value_of);
    };
    using Cell = SummarisedCell;
    add("trials_planned", "trials that the job asks for",
        [](Cell const& cell) { return cell.result->planned; });
    add("trials", "trials done", [](Cell const& cell) { return cell.statistics.trials; });
    h5::Dataset complete = table.add<std::int8_t>(
        "complete", "whether all trials planned are done", -1, [](Cell const& cell) {
            return std::int8_t{cell.statistics.trials >= cell.result->planned};
        });
    store::describe_yes_no(complete);
    add("successes", "trials that ended within the success distance",
        [](Cell const& cell) { return cell.statistics.successes; });
    add("budget", "Adam steps spent before the final network",
        [](Cell const& cell) { return cell.result->budget; });

    auto const reasons = table.add_coordinate<std::string>("stop_reason", "why a trial ended", [] {
        std::vector<std::string> names;
        for (trial::StopReasonEntry const& entry : trial::stop_reason_table)
        {
            names.emplace_back(entry.name);
        }
        return names;
    }());
    table.add_over<std::int64_t>(
        "trials_by_stop_reason", "trials that ended for this reason", -1, &reasons,
        [](Cell const& cell, std::size_t i) { return cell.statistics.stopped[i]; });
}

void add_estimates(SummaryTable& table)
{
    auto const add = [&](std::string const& name, std::string const& long_name, auto value_of) {
        table.add<double>(name, long_name, not_a_number,
                          [&](SummarisedCell const& cell) { return value_of(cell.statistics); });
    };
    using Statistics = CellStatistics;
    add("success_rate", "share of trials that succeeded",
        [](Statistics const& s) { return s.success_rate(); });
    add("success_low", "lower end of the 95 % Wilson interval of success_rate",
        [](Statistics const& s) { return s.success_interval().low; });
    add("success_high", "upper end of the 95 % Wilson interval of success_rate",
        [](Statistics const& s) { return s.success_interval().high; });
    add("iterations_p75", "75th percentile of first_hit over successful trials",
        [](Statistics const& s) { return s.iterations_p75(); });
    add("iterations_p75_censored", "75th percentile of first_hit with failures as infinity",
        [](Statistics const& s) { return s.censored_iterations_p75(); });
    add("total_iterations_p75", "75th percentile of Adam steps over all trials",
        [](Statistics const& s) { return s.iterations.quantile(0.75); });
    add("total_iterations_mean", "mean Adam steps over all trials",
        [](Statistics const& s) { return s.iterations.mean(); });

    auto const quantiles = table.add_coordinate<double>(
        "quantile", "share of trials below",
        std::vector<double>(reported_quantiles.begin(), reported_quantiles.end()));
    auto const add_quantiles = [&](std::string const& name, std::string const& long_name,
                                   Samples Statistics::*samples) {
        table.add_over<double>(
            name, long_name, not_a_number, &quantiles,
            [&](SummarisedCell const& cell, std::size_t i) {
                return (cell.statistics.*samples).quantile(reported_quantiles[i]);
            });
    };
    add_quantiles("distance_quantile", "quantiles of the distance to the true latent",
                  &Statistics::distances);
    add_quantiles("pixel_error_quantile", "quantiles of the root mean square error of the pixels",
                  &Statistics::pixel_errors);
}

}  // namespace

void write_summary(h5::Group group, std::vector<CellResult> const& cells)
{
    SummaryTable table(std::move(group), cells);
    add_counts(table);
    add_estimates(table);
}

}  // namespace surf::reduce

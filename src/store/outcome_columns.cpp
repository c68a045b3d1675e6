#include "store/outcome_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

#include "base/contract.hpp"
#include "base/error.hpp"
#include "base/not_a_number.hpp"

namespace surf::store
{

namespace
{

constexpr std::int8_t no_success = -1;  ///< of a task without x*

/// What is stored of an outcome, where that is defined.
template <class Member>
std::vector<Stored<Member>> values_of(OutcomeRows const& table, NumberColumn const& column,
                                      Member TrialOutcome::*member)
{
    std::vector<Stored<Member>> values(table.outcomes.size());
    std::ranges::transform(table.outcomes, values.begin(), [&](TrialOutcome const* outcome) {
        return static_cast<Stored<Member>>(outcome->*member);
    });
    if (column.occurs == Occurs::with_latent && table.with_latent)
    {
        for (std::size_t row = 0; row < values.size(); ++row)
        {
            values[row] = (*table.with_latent)[row] ? values[row] : Stored<Member>{no_success};
        }
    }
    return values;
}

std::optional<double> fill_of(OutcomeRows const& table, NumberColumn const& column)
{
    switch (column.occurs)
    {
        case Occurs::always:
            return std::nullopt;
        case Occurs::perhaps:
            return TrialOutcome::never;
        case Occurs::with_latent:
            return table.with_latent ? std::optional<double>(no_success) : std::nullopt;
    }
    EXPECT(!"every kind of column has its case");
    return std::nullopt;
}

template <class Member>
void write_numbers(h5::Group& group, h5::Dataset const& rows, OutcomeRows const& table,
                   NumberColumn const& column, Member TrialOutcome::*member)
{
    constexpr bool coded = std::is_same_v<Member, StopReason>;
    std::string const suffix = coded && table.with_latent ? "_code" : "";
    h5::Dataset dataset = group.create_dataset(std::string(column.name) + suffix,
                                               {.type = h5::type_of<Stored<Member>>,
                                                .shape = rows.shape(),
                                                .chunk = {chunk_rows},
                                                .fill = fill_of(table, column)});
    describe(dataset, "1", column.long_name);
    if constexpr (std::is_same_v<Member, bool>)
    {
        describe_yes_no(dataset);
    }
    else if constexpr (coded)
    {
        describe_flags(dataset, stop_reason_table);
    }
    dataset.attach_scale(0, rows);
    dataset.write<Stored<Member>>(values_of(table, column, member));
}

h5::Dataset create_numbers(h5::Group& group, std::string const& name, std::int64_t count,
                           std::string_view long_name)
{
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
    std::iota(numbers.begin(), numbers.end(), 0);
    h5::Dataset dataset = group.create_coordinate<std::int64_t>(name, numbers);
    describe(dataset, "1", long_name);
    return dataset;
}

void require_rows(std::string_view column, std::size_t values, std::size_t expected)
{
    if (values != expected)
    {
        throw FileError(
            fmt::format("column {} has {} values for {} trials (the file is damaged) "
                        "remove it and run again",
                        column, values, expected));
    }
}

}  // namespace

void describe(h5::Dataset& dataset, std::string_view units, std::string_view long_name)
{
    dataset.set_attribute("units", std::string(units));
    dataset.set_attribute("long_name", std::string(long_name));
}

void describe_yes_no(h5::Dataset& dataset)
{
    dataset.set_attribute("flag_values", std::vector<std::int8_t>{0, 1});
    dataset.set_attribute("flag_meanings", "no yes");
}

h5::Dataset create_row_numbers(h5::Group& group, std::int64_t rows)
{
    return create_numbers(group, "row", rows, "position in the table");
}

void write_number_columns(h5::Group& group, h5::Dataset const& rows, OutcomeRows const& table)
{
    for (NumberColumn const& column : number_columns)
    {
        std::visit([&](auto member) { write_numbers(group, rows, table, column, member); },
                   column.member);
    }
}

LatentColumns::LatentColumns(h5::Group& group, h5::Dataset const& rows, std::int64_t latent_dim)
    : group_(group),
      rows_(rows),
      components_(create_numbers(group_, "latent_component", latent_dim, "component of the latent"))
{}

void LatentColumns::write(std::string const& name, std::string_view long_name,
                          LatentOfRow const& latent_of)
{
    std::int64_t const latent_dim = components_.shape().front();
    std::int64_t const count = rows_.shape().front();
    auto const width = static_cast<std::size_t>(latent_dim);
    std::vector<float> values(static_cast<std::size_t>(count) * width,
                              std::numeric_limits<float>::quiet_NaN());
    for (std::size_t row = 0; row < static_cast<std::size_t>(count); ++row)
    {
        std::vector<float> const latent = latent_of(row);
        std::copy_n(latent.begin(), std::min(latent.size(), width), &values[row * width]);
    }
    h5::Dataset dataset = group_.create_dataset(name, {.type = h5::Type::float32,
                                                       .shape = {count, latent_dim},
                                                       .chunk = {chunk_rows, latent_dim},
                                                       .fill = not_a_number});
    describe(dataset, "1", long_name);
    dataset.attach_scale(0, rows_);
    dataset.attach_scale(1, components_);
    dataset.write<float>(values);
}

void LatentColumns::write(LatentColumn const& column, OutcomeRows const& table)
{
    write(std::string(column.name), column.long_name,
          [&](std::size_t row) { return table.outcomes[row]->*column.member; });
}

std::vector<TrialOutcome> read_outcome_columns(h5::Group const& group)
{
    std::vector<TrialOutcome> outcomes;
    for (NumberColumn const& column : number_columns)
    {
        auto const take = [&]<class Member>(Member TrialOutcome::*member) {
            auto const values = group.dataset(std::string(column.name)).read<Stored<Member>>();
            if (&column == number_columns.data())
            {
                outcomes.resize(values.size());
            }
            require_rows(column.name, values.size(), outcomes.size());
            for (std::size_t row = 0; row < values.size(); ++row)
            {
                outcomes[row].*member = static_cast<Member>(values[row]);
            }
        };
        std::visit(take, column.member);
    }
    for (LatentColumn const& column : latent_columns)
    {
        h5::Dataset const dataset = group.dataset(std::string(column.name));
        h5::Shape const shape = dataset.shape();
        require_rows(column.name, shape.size() == 2 ? static_cast<std::size_t>(shape[0]) : 0,
                     outcomes.size());
        auto const values = dataset.read<float>();
        for (std::size_t row = 0; row < outcomes.size(); ++row)
        {
            auto const begin = values.begin() + static_cast<std::ptrdiff_t>(row) * shape[1];
            (outcomes[row].*column.member).assign(begin, begin + shape[1]);
        }
    }
    return outcomes;
}

}  // namespace surf::store

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>

#include "reduce/cell_variables.hpp"
#include "reduce/table_columns.hpp"
#include "reduce/tables.hpp"

namespace surf::reduce
{

namespace
{

/// What `value_of` gives of each record.
template <class T, class Record, class Value>
std::vector<T> of_each(std::vector<Record> const& records, Value value_of)
{
    std::vector<T> values;
    std::ranges::transform(records, std::back_inserter(values), [&](Record const& record) {
        return static_cast<T>(std::invoke(value_of, record));
    });
    return values;
}

h5::Dataset create_rows(h5::Group& group, std::string const& name, std::size_t count)
{
    std::vector<std::int64_t> numbers(count);
    std::iota(numbers.begin(), numbers.end(), 0);
    h5::Dataset rows = group.create_coordinate<std::int64_t>(name, numbers);
    store::describe(rows, "1", "number of the " + name + " in this file");
    return rows;
}

/// The first row of each cell in /cells.
std::map<std::string, std::int64_t> rows_of(std::vector<SummarisedCell> const& cells)
{
    std::map<std::string, std::int64_t> rows;
    for (std::size_t i = 0; i < cells.size(); ++i)
    {
        rows.emplace(cells[i].result.spec.id().hex(), static_cast<std::int64_t>(i));
    }
    return rows;
}

}  // namespace

void write_blocks(h5::Group group, ResultsInput const& input)
{
    using Block = BlockRecord;
    auto const& blocks = input.blocks;
    h5::Dataset const rows = create_rows(group, "block", blocks.size());
    TableColumns table(group, rows);
    auto const cells = rows_of(input.cells);
    auto const add = [&]<class T>(T, std::string const& name, ColumnSpec const& column,
                                  auto value_of) {
        table.add(name, column, of_each<T>(blocks, value_of));
    };
    add(std::int64_t(), "cell", {.long_name = "row in /cells, the first of a cell that has two"},
        [&](Block const& block) { return cells.at(block.cell.hex()); });
    add(std::int64_t(), "first", {.long_name = "number of its first trial"}, &Block::first);
    add(std::int64_t(), "trials", {.long_name = "how many trials it holds"}, &Block::trials);
    add(std::int64_t(), "rank",
        {.long_name = "MPI rank that computed it", .fill = store::BlockRun::unknown},
        [](Block const& block) { return block.run.rank; });
    add(double(), "start",
        {.long_name = "when it began (UTC)",
         .units = "seconds since 1970-01-01 00:00:00",
         .fill = missing<double>},
        [](Block const& block) { return block.run.start; });
    add(double(), "seconds", {.long_name = "how long it took", .units = "s"},
        [](Block const& block) { return block.run.seconds; });
    add(std::string(), "host", {.long_name = "machine"},
        [](Block const& block) { return block.run.host; });
    add(std::string(), "device", {.long_name = "processor"},
        [](Block const& block) { return block.run.device; });
    add(std::string(), "block_id", {.long_name = "id of the block, the name of its segment"},
        [](Block const& block) { return block.id.hex(); });
}

void write_chains(h5::Group group, ResultsInput const& input)
{
    using Chain = ChainRecord;
    auto const& chains = input.chains;
    h5::Dataset const rows = create_rows(group, "chain", chains.size());
    TableColumns table(group, rows);
    auto const add = [&]<class T>(T, std::string const& name, ColumnSpec const& column,
                                  auto value_of) {
        table.add(name, column, of_each<T>(chains, value_of));
    };
    add(std::string(), "model", {.long_name = "label of the generator"}, &Chain::model);
    add(std::int64_t(), "latent_dim", {.long_name = "dimension k of the latent"},
        &Chain::latent_dim);
    add(std::int64_t(), "training", {.long_name = "seed of the training, or number of the chain"},
        &Chain::training);
    add(std::int64_t(), "snapshots", {.long_name = "T + 1"}, &Chain::snapshots);
    add(double(), "pixel_frechet_distance",
        {.long_name = "Frechet distance of the last snapshot's images, pixels as features",
         .fill = missing<double>},
        &Chain::pixel_frechet_distance);
    add(double(), "diversity",
        {.long_name = "diversity of the last snapshot's images", .fill = missing<double>},
        &Chain::diversity);
    add(std::string(), "chain_id", {.long_name = "id of the chain, the name of its file"},
        [](Chain const& chain) { return chain.id.hex(); });
}

}  // namespace surf::reduce

#pragma once

#include "chain/partial_chain.hpp"
#include "chain/reader.hpp"
#include "model/random_network.hpp"
#include "support/scratch_folder.hpp"

namespace surf::test
{

/// A published chain of networks on a straight line between two random ones.
class LineChain
{
  public:
    LineChain(GeneratorSpec const& generator, std::int64_t snapshots)
        : first_(random_parameters(*generator.layers(), 1)),
          last_(random_parameters(*generator.layers(), 2))
    {
        chain::ChainHeader header;
        header.configuration.add("test", "line");
        header.snapshots = snapshots;
        header.generator = generator;
        header.origin = "a test";
        chain::PartialChain partial(folder_.path, header);
        for (std::int64_t t = 0; t < snapshots; ++t)
        {
            chain::Snapshot snapshot;
            snapshot.index = t;
            snapshot.step = t * 10;
            snapshot.generator = between(static_cast<float>(t) / static_cast<float>(snapshots - 1));
            partial.write_snapshot(snapshot);
        }
        partial.finish();
        reader_.emplace(chain::chain_path(folder_.path, header.id()), header);
    }
    LineChain(NetworkSpec const& network, std::int64_t snapshots)
        : LineChain(generator_of(network), snapshots)
    {}

    chain::Reader const& reader() const { return *reader_; }

  private:
    Parameters between(float share) const
    {
        Parameters parameters = first_;
        for (std::size_t i = 0; i < parameters.size(); ++i)
        {
            for (std::size_t j = 0; j < parameters[i].values.size(); ++j)
            {
                parameters[i].values[j] += share * (last_[i].values[j] - first_[i].values[j]);
            }
        }
        return parameters;
    }

    ScratchFolder folder_;
    Parameters first_;
    Parameters last_;
    std::optional<chain::Reader> reader_;
};

}  // namespace surf::test

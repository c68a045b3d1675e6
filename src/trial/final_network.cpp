#include "trial/final_network.hpp"

#include "model/heap.hpp"

namespace surf::trial
{

at::ScalarType approximate_type(Precision precision)
{
    return precision == Precision::mixed ? at::kBFloat16 : at::kFloat;
}

model::Evaluator& FinalNetwork::Variant::use()
{
    if (network_.in_use_ != this)
    {
        network_.in_use_ = nullptr;
        network_.evaluator_.reset();
        model::release_unused_memory();  // weights of other sizes follow
        network_.evaluator_ = network_.snapshots_.prepare(network_.parameters_, types_);
        network_.in_use_ = this;
    }
    return *network_.evaluator_;
}

std::vector<TrialOutcome> descend_on_final(CellSpec const& cell, Snapshots const& snapshots,
                                           Objective const& objective, DescentStart start,
                                           Checkpoint& checkpoint)
{
    FinalNetwork network(snapshots, cell.precision);
    return cell.polish.by == Polish::lm
               ? descend_polished(network.generators(), objective, std::move(start),
                                  {cell.polish, cell.lm}, cell.stop, checkpoint)
               : descend(network.generators(), objective, std::move(start), cell.stop, checkpoint);
}

}  // namespace surf::trial

#pragma once

#include "app/job/plan.hpp"

/// What a job may ask of its generators, chains and images: only a plan knows them all. Each
/// function throws InputError naming the key if it asks for more.
namespace surf::app
{

/// Whether the architecture fits the images.
void require_trainable(TrainSpec const& spec);

/// Whether the chain's generator and the images can be what a cell makes of them.
void require_solvable(PlannedCell const& cell, PlannedChain const& chain, DataSpec const& data);

/// Whether surfaces can be drawn of the chain.
void require_drawable(Experiment const& experiment, PlannedChain const& chain,
                      DataSpec const& data);

/// Whether no two chains of an experiment would be reported under the same label and k.
void require_distinct_labels(Plan const& plan, PlannedExperiment const& experiment);

}  // namespace surf::app

#pragma once

#include <c10/core/Device.h>

#include "app/image_source.hpp"
#include "app/job/plan.hpp"
#include "app/node_cores.hpp"
#include "data/images.hpp"

namespace surf::app
{

/// What every rank knows once a run has begun.
struct RunContext
{
    Job job;
    Plan plan;
    at::Device device;
    NodeCores cores;
    data::TestImages test_images;  ///< targets of approximation
    ImageSource image_source;      ///< of what to train on
    int rank = 0;                  ///< this one's
};

}  // namespace surf::app

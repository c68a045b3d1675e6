#pragma once

#include <cstddef>
#include <memory>

#include "app/job/options.hpp"
#include "app/job/plan.hpp"
#include "base/folder_lock.hpp"
#include "data/images.hpp"

namespace surf::app
{

/// What rank 0 needs before the others may start.
struct Preparation
{
    std::unique_ptr<FolderLock> lock;
    data::Images test_images;  ///< none if the job needs none
    DataSpec data;
};

/// Chains that are to be trained.
std::ptrdiff_t missing_chains(Plan const& plan);

/// Checks all that can be checked before any work starts, takes the output folder and leaves the
/// job there. Throws InputError or EnvironmentError.
Preparation prepare(Options const& options);

}  // namespace surf::app

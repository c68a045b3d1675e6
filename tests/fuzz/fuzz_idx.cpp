#include "base/error.hpp"
#include "data/idx.hpp"
#include "fuzz/harness.hpp"

using namespace surf;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    fuzz::may_refuse<FileError>([&] { data::read_idx_images(fuzz::as_file({data, size})); });
    return 0;
}

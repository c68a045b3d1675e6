#include "base/error.hpp"
#include "chain/safetensors.hpp"
#include "fuzz/harness.hpp"

using namespace surf;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    fuzz::may_refuse<FileError>([&] { chain::read_safetensors(fuzz::as_file({data, size})); });
    return 0;
}

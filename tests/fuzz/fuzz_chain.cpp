#include "chain/small_chain.hpp"
#include "fuzz/file_tree.hpp"

using namespace surf;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static test::ScratchFolder const folder;
    static std::filesystem::path const path = test::write_small_chain(folder.path);
    static fuzz::FileTree const tree(path);
    fuzz::read_altered(tree, path, {data, size}, [] { chain::verify(path); });
    return 0;
}

#include "fuzz/file_tree.hpp"
#include "store/segment.hpp"
#include "store/small_outcomes.hpp"

using namespace surf;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static test::ScratchFolder const folder;
    static BlockSpec const block = test::small_block();
    static std::filesystem::path const path = store::segment_path(folder.path, block.id());
    static fuzz::FileTree const tree = [] {
        std::filesystem::create_directory(path.parent_path());
        auto const outcomes =
            test::small_outcomes(block.first, block.count, block.cell.generator.latent_dim);
        store::write_segment(folder.path, block, outcomes, {"host", "cpu", 1.5});
        return fuzz::FileTree(path);
    }();
    fuzz::read_altered(tree, path, {data, size}, [] { store::read_segment(path, block); });
    return 0;
}

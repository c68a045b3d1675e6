#include "fuzz/file_tree.hpp"
#include "store/pack.hpp"
#include "store/small_outcomes.hpp"

using namespace surf;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static test::ScratchFolder const folder;
    static BlockSpec const block = test::small_block();
    static store::PackSpec const pack = {
        .cell = block.cell, .first = 8, .block_size = 2, .blocks = 3, .budget = block.budget};
    static std::filesystem::path const path = store::pack_path(folder.path, pack.id());
    static fuzz::FileTree const tree = [] {
        for (std::int64_t i = 0; i < pack.blocks; ++i)
        {
            BlockSpec const one = pack.block(i);
            auto const outcomes =
                test::small_outcomes(one.first, one.count, one.cell.generator.latent_dim);
            store::write_segment(folder.path, one, outcomes, {"host", "cpu", 1.5});
        }
        store::pack_blocks(folder.path, pack);
        return fuzz::FileTree(path);
    }();
    fuzz::read_altered(tree, path, {data, size}, [] { store::read_pack(path, pack); });
    return 0;
}

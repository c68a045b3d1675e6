#include <spdlog/spdlog.h>

#include "chain/small_chain.hpp"
#include "fuzz/file_tree.hpp"

using namespace surf;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static test::ScratchFolder const folder;
    static chain::PartialChain partial(folder.path, test::small_header());
    static std::filesystem::path const path =
        chain::chain_path(folder.path, test::small_header().id()).replace_extension(".partial") /
        "state.h5";
    static fuzz::FileTree const tree = [] {
        spdlog::set_level(spdlog::level::off);  // a state that is set aside is told
        partial.write_snapshot(test::small_snapshot(0));
        partial.write_state(test::small_state(1));
        return fuzz::FileTree(path);
    }();
    fuzz::read_altered(tree, path, {data, size}, [&] {
        bool const is_sound = partial.load_state().has_value();
        fuzz::require(is_sound || size > 0, "the state as it was is sound");
    });
    return 0;
}

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <iterator>

#include "base/error.hpp"
#include "base/pending_file.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using surf::test::ScratchFolder;
namespace fs = std::filesystem;

namespace
{

std::string content_of(fs::path const& path)
{
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("a pending file is visible once it is published, not before", "[pending_file]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "deeper" / "file.txt";
    PendingFile file(path);
    std::ofstream(file.temporary()) << "whole";
    CHECK(file.temporary().parent_path() == path.parent_path());  // rename needs one file system
    CHECK_FALSE(fs::exists(path));
    file.publish();
    CHECK(content_of(path) == "whole");
    CHECK_FALSE(fs::exists(file.temporary()));
}

TEST_CASE("of the folders above a pending file one alone is made", "[pending_file]")
{
    ScratchFolder const folder;
    CHECK_THROWS_AS(PendingFile(folder.path / "taken" / "away" / "file.txt"), EnvironmentError);
    CHECK_FALSE(fs::exists(folder.path / "taken"));
}

TEST_CASE("without publish nothing stays", "[pending_file]")
{
    ScratchFolder const folder;
    fs::path const path = folder.path / "file.txt";
    std::ofstream(path) << "old";
    {
        PendingFile const file(path);
        std::ofstream(file.temporary()) << "half";
        CHECK(folder.files() == 2);
    }
    CHECK(folder.files() == 1);
    CHECK(content_of(path) == "old");
}

TEST_CASE("publish_text replaces a file as a whole", "[pending_file]")
{
    ScratchFolder const folder;
    publish_text(folder.path / "file.txt", "first");
    publish_text(folder.path / "file.txt", "second");
    CHECK(content_of(folder.path / "file.txt") == "second");
    CHECK(folder.files() == 1);
}

// A file in the folder's place, because permissions do not stop root.
TEST_CASE("a folder that cannot be written is an environment error with its name", "[pending_file]")
{
    ScratchFolder const folder;
    fs::path const obstacle = folder.path / "obstacle";
    std::ofstream(obstacle) << "a file";

    CHECK_THROWS_AS(PendingFile(obstacle / "sub" / "file.txt"), EnvironmentError);
    CHECK_THROWS_AS(publish_text(obstacle / "file.txt", "text"), EnvironmentError);
    CHECK_THROWS_WITH(require_writable_folder(obstacle / "sub", "output"),
                      Catch::Matchers::StartsWith("output = " + (obstacle / "sub").string()) &&
                          Catch::Matchers::Contains("name a folder that you may write to"));
    CHECK_THROWS_AS(require_writable_folder("/proc/surf", "output"), EnvironmentError);
    PendingFile unwritten(folder.path / "never");
    CHECK_THROWS_AS(unwritten.publish(), EnvironmentError);
}

TEST_CASE("a writable folder is made and left empty", "[pending_file]")
{
    ScratchFolder const folder;
    fs::path const inner = folder.path / "a" / "b";
    require_writable_folder(inner, "output");
    CHECK(fs::is_directory(inner));
    CHECK(fs::is_empty(inner));
}

TEST_CASE("a process killed while it proves a folder writable leaves nothing", "[pending_file]")
{
    ScratchFolder const folder;
    pid_t const child = ::fork();
    if (child == 0)
    {
        std::signal(SIGXFSZ, SIG_DFL);
        rlimit const smaller_than_the_probe{4096, 4096};
        ::setrlimit(RLIMIT_FSIZE, &smaller_than_the_probe);
        require_writable_folder(folder.path, "output");
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGXFSZ);
    CHECK(folder.files() == 0);
}

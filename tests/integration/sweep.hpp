#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "integration/program.hpp"

namespace surf::test
{

/// One DCGAN chain, trained by few images a step, and eight blocks: seconds of work.
extern char const* const small_job;
constexpr int small_job_blocks = 8;
/// Two kinds of model, all tasks and methods, blocks of unequal size, trials that stop at different
/// times.
extern char const* const wide_job;
constexpr int wide_job_blocks = 72;

/// The job on images of 8 × 12 pixels, thinned out of Fashion-MNIST: all happens as on large ones,
/// in a fraction of the time.
std::string on_small_images(char const* job);

/// A job file and the output folder of its runs, in a folder of its own.
class Sweep
{
  public:
    explicit Sweep(std::string const& job);
    /// With copies of all its files.
    Sweep(Sweep const& other);
    Sweep& operator=(Sweep const&) = delete;

    fs::path job_file() const { return scratch_.path / "job.ini"; }
    fs::path output() const { return scratch_.path / "output"; }
    fs::path results() const { return output() / "results.h5"; }
    /// Finished ones, by name.
    std::vector<fs::path> chains() const;
    std::vector<fs::path> segments() const;

    /// run, plan, status or reduce of this job.
    Command command(std::string const& name, Command const& more = {}) const;
    nlohmann::json status() const;

  private:
    ScratchFolder scratch_;
};

/// A finished uninterrupted run of a job, without mpirun; made once. Copy it to change anything.
Sweep const& finished(std::string const& job);

/// Files of a folder with this end of their names, sorted; none if there is no such folder.
std::vector<fs::path> files_in(fs::path const& folder, std::string const& end);

/// How many trainings under way have stored snapshot t.
int trained_to(Sweep const& sweep, int t);

/// What shows that a file was written anew, by path: number and time of change.
std::map<std::string, std::string> stamps(std::vector<fs::path> const& files);

/// Each dataset of a group of an HDF5 file: its layout and bytes.
std::map<std::string, std::string> contents(fs::path const& file, std::string const& group);

/// Fails the test unless /trials and /summary are the same, bit for bit.
void check_same_results(Sweep const& expected, Sweep const& found);
/// Fails the test unless the chains are.
void check_same_chains(Sweep const& expected, Sweep const& found);

}  // namespace surf::test

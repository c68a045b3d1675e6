#include <fmt/format.h>
#include <fmt/ranges.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "app/chain_files.hpp"
#include "app/job/options.hpp"
#include "app/job/plan.hpp"
#include "base/error.hpp"
#include "support/models.hpp"
#include "support/scratch_folder.hpp"

using namespace surf;
using namespace surf::app;
using namespace surf::test;
using Catch::Contains;
using Catch::StartsWith;
namespace fs = std::filesystem;

namespace
{

constexpr Shape wide{3, 4, 6};  ///< n = 72
DataSpec const grey{"checksum", {1, 28, 28}};

Plan plan_from(std::string const& text, DataSpec const& data = {})
{
    return make_plan(parse_job(text, "test"), data);
}

template <class Exception>
std::string error_of(std::string const& text, DataSpec const& data = {})
{
    try
    {
        plan_from(text, data);
    }
    catch (Exception const& error)
    {
        CHECK(std::string(error.what()).find('\n') == std::string::npos);
        return error.what();
    }
    return "accepted";
}

std::string refusal(std::string const& text, DataSpec const& data = {})
{
    return error_of<InputError>(text, data);
}

/// Section [train] of a job that names chain files.
std::string naming(std::vector<fs::path> const& paths)
{
    std::vector<std::string> models;
    for (fs::path const& path : paths)
    {
        models.push_back(path.string());
    }
    return fmt::format("[train]\nmodels = {}\n", fmt::join(models, ","));
}

std::string const recovery = "[trials]\nmethods = adam\ntasks = recovery\n";
std::string const projected = "[trials]\nmethods = projected\n";

}  // namespace

TEST_CASE("a job may name chain files, with models to be trained or alone", "[job]")
{
    Job const job = parse_job(
        "[train]\nmodels = my chains/a.h5, dcgan, /b.h5\n[trials]\nmethods = adam\n", "x.ini");
    TrainJob const& train = job.experiments[0].train;
    CHECK(train.models == std::vector<ChosenModel>{{std::nullopt, "my chains/a.h5"},
                                                   {models::dcgan, {}},
                                                   {std::nullopt, "/b.h5"}});
    CHECK(train.trained_models() == std::vector{models::dcgan});
    CHECK(job.needs_images());
    CHECK(parse_job(job.text(), "again").text() == job.text());

    std::string const alone = "[train]\nmodels = a.h5\n";
    std::string const text = parse_job(alone, "x.ini").text();
    CHECK(text.find("\nmodels = a.h5\n\n") != std::string::npos);  // and no other key of [train]
    CHECK(parse_job(text, "again").text() == text);
    CHECK_FALSE(parse_job(alone, "x.ini").needs_images());
    CHECK_FALSE(parse_job(alone + "[trials]\ntasks = recovery\nmeasurements = 3\n", "x.ini")
                    .needs_images());
    CHECK(parse_job(alone + "[trials]\ntasks = approximation\nmeasurements = 3\n", "x.ini")
              .needs_images());
    CHECK(parse_job(alone + "[surface]\ntargets = 1\n", "x.ini").needs_images());
}

TEST_CASE("a job of chain files alone trains nothing and needs no images", "[feasibility]")
{
    ScratchFolder const folder;
    fs::path const path = write_chain(folder.path, two_layers(wide), 4);
    Job const job = parse_job(naming({path}) + "[trials]\ncount = 5\n", "test");
    CHECK_FALSE(job.needs_images());

    Plan const plan = make_plan(job, {});
    REQUIRE(plan.chains.size() == 1);
    PlannedChain const& chain = plan.chains[0];
    CHECK_FALSE(chain.training);
    CHECK(chain.path == path);
    CHECK(chain.name() == "mine k=2");
    CHECK(chain.intervals() == 3);
    CHECK(chain.header.id() == chain::Reader(path).id());
    CHECK(plan.work().chains.at(0).published);
    CHECK(plan.cells.size() == 2);
    CHECK(plan.cells[0].spec.chain == chain.header.id());
    CHECK(plan.cells[0].spec.generator.label == "mine");
    CHECK(plan.cells[0].spec.measurements() == wide.size());
    CHECK(load_plan(job).job == plan.job);  // reads no images
}

TEST_CASE("the name of a chain file is no part of what it gives", "[feasibility]")
{
    ScratchFolder const folder;
    fs::path const path = write_chain(folder.path, two_layers(wide));
    fs::path const copy = folder.path / "copy.h5";
    fs::copy_file(path, copy);
    CHECK(plan_from(naming({path})).job == plan_from(naming({copy})).job);
    Plan const shared =
        plan_from(fmt::format("experiments = a,b\n[a.train]\nmodels = {}\n[b.train]\nmodels = {}\n",
                              path.string(), copy.string()));
    CHECK(shared.chains.size() == 1);
    CHECK(shared.cells.size() == 2);
    CHECK_THAT(refusal(naming({path, copy})),
               StartsWith(fmt::format("train.models: two of sweep are the same chain, {} (mine "
                                      "k=2); leave one out",
                                      shared.chains[0].header.id().brief())));
}

TEST_CASE("chain files stand beside models that are trained", "[feasibility]")
{
    ScratchFolder const folder;
    fs::path const path = write_chain(folder.path, two_layers(wide));
    std::string const text =
        fmt::format("[train]\nmodels = dcgan,{}\nlatent_dims = 5,10\nclip = 1\n", path.string());
    CHECK_THAT(refusal(text, grey), StartsWith("test: train.clip = 1: no model in train.models"));

    Plan const plan = plan_from(
        fmt::format("[train]\nmodels = dcgan,{}\nlatent_dims = 5,10\n", path.string()), grey);
    REQUIRE(plan.chains.size() == 3);  // latent_dims are those of what is trained
    CHECK(plan.chains[1].training);
    CHECK(plan.chains[1].generator().image == grey.image);
    CHECK_FALSE(plan.chains[2].training);
    CHECK(plan.cells[5].spec.generator.image == wide);
}

TEST_CASE("keys of training mean nothing where nothing is trained", "[feasibility]")
{
    for (char const* const line :
         {"preset = published", "latent_dims = 5", "intervals = 3", "threads = 1", "batch = 8",
          "optimiser = adam", "generator_rate = 1", "weight_deviation = 1"})
    {
        CHECK_THAT(refusal(fmt::format("[train]\nmodels = a.h5\n{}\n", line)),
                   StartsWith(fmt::format("test: train.{}: all of train.models are chains from "
                                          "elsewhere; leave the key out",
                                          line)));
    }
    CHECK_THAT(refusal("[train]\nmodels = a.h5\nclip = 1\n"), StartsWith("test: train.clip = 1: "));
    CHECK_THAT(refusal("[train]\nmodels = a.h5\nbeta1 = 0\n"),
               StartsWith("test: train.beta1 = 0: "));
}

TEST_CASE("an operator gives what the shape of the images lets it", "[feasibility]")
{
    ScratchFolder const folder;
    std::string const chain = naming({write_chain(folder.path, two_layers(wide))}) + recovery;
    auto const measured = [&](char const* kind, int m) {
        return refusal(fmt::format("{}operator = {}\nmeasurements = {}\n", chain, kind, m));
    };
    CHECK(measured("gaussian", 72) == "accepted");
    CHECK(measured("mask", 72) == "accepted");
    CHECK(measured("block_average", 18) == "accepted");  // blocks of 2 x 2
    CHECK_THAT(measured("gaussian", 73),
               StartsWith("trials.measurements = 73: trials.operator = gaussian cannot give 73 "
                          "measurements of the 3 x 4 x 6 images of mine k=2; use some of 72, 71"));
    CHECK_THAT(measured("mask", 100), StartsWith("trials.measurements = 100: "));
    for (int const m : {72, 8, 3})  // no blocks of 1, 3 and 4 x 6
    {
        CHECK_THAT(measured("block_average", m),
                   StartsWith(fmt::format("trials.measurements = {}: trials.operator = "
                                          "block_average cannot give",
                                          m)) &&
                       Catch::EndsWith("use some of 18"));
    }
    CHECK_THAT(refusal("[train]\nmodels = vae\nlatent_dims = 5\n" + recovery +
                           "operator = block_average\nmeasurements = 196,50\n",
                       grey),
               StartsWith("trials.measurements = 50: ") &&
                   Catch::EndsWith("use some of 196, 49, 16, 4, 1"));
}

TEST_CASE("projected needs a piecewise linear network", "[feasibility]")
{
    ScratchFolder const folder;
    auto const projected_on = [&](Activation hidden, Activation output) {
        fs::path const path = write_chain(folder.path, two_layers(wide, hidden, output));
        return refusal(naming({path}) + projected);
    };
    using enum Activation;
    CHECK(projected_on(relu, sigmoid) == "accepted");
    CHECK(projected_on(relu, none) == "accepted");
    std::string const key = "trials.methods: projected cannot be used on mine k=2: ";
    for (Activation const hidden : {Activation::tanh, sigmoid})
    {
        CHECK_THAT(projected_on(hidden, sigmoid),
                   StartsWith(key + "a hidden layer is not piecewise linear"));
    }
    CHECK_THAT(projected_on(relu, Activation::tanh),
               StartsWith(key + "the output's tanh is none of"));
    fs::path const smooth = write_chain(folder.path, two_layers(wide, Activation::tanh));
    CHECK(refusal(naming({smooth}) + "[trials]\nmethods = adam,lm,surfing-lm\n") == "accepted");
}

TEST_CASE("methods that ride along a chain need more than its final network", "[feasibility]")
{
    ScratchFolder const folder;
    fs::path const final_alone = write_chain(folder.path, two_layers(wide), 1);
    std::string const job = naming({final_alone});
    CHECK(refusal(job + "[trials]\nmethods = adam,lm\n") == "accepted");
    struct Refused
    {
        std::string methods;
        std::string named;
    };
    for (auto const& [methods, named] :
         {Refused{"adam,surfing", "surfing"}, Refused{"surfing-lm", "surfing-lm"},
          Refused{"projected", "projected"}})
    {
        CHECK_THAT(refusal(fmt::format("{}[trials]\nmethods = {}\n", job, methods)),
                   StartsWith(fmt::format("trials.methods: {} cannot be used on mine k=2: the "
                                          "chain is its final network alone",
                                          named)));
    }
    std::string const two = naming({write_chain(folder.path, two_layers(wide), 2)});
    CHECK_THAT(refusal(two + projected + "[projected]\nfirst_snapshot = 1\n"),
               StartsWith("trials.methods: projected cannot be used on mine k=2: "
                          "projected.first_snapshot = 1 leaves no later snapshot"));
}

TEST_CASE("a generator's images are compared with images of its shape", "[feasibility]")
{
    ScratchFolder const folder;
    std::string const chain = naming({write_chain(folder.path, two_layers(wide))});
    std::string const approximation =
        chain + "[trials]\nmethods = adam\ntasks = approximation\nmeasurements = 9\n";
    CHECK(refusal(approximation, {"checksum", wide}) == "accepted");
    CHECK_THAT(refusal(approximation, grey),
               StartsWith("data: the images are 1 x 28 x 28, but mine k=2 makes 3 x 4 x 6 "
                          "(approximation compares the two)"));
    CHECK(refusal(chain + recovery + "measurements = 9\n", grey) == "accepted");

    std::string const surface =
        chain + "[trials]\ntasks = none\n[surface]\ntargets = 1\nlevels = 2\n";
    CHECK(refusal(surface, {"checksum", wide}) == "accepted");
    CHECK_THAT(refusal(surface, grey),
               StartsWith("data: the images are 1 x 28 x 28, but mine k=2 makes 3 x 4 x 6 (a "
                          "surface compares the two)"));
}

TEST_CASE("a surface needs two latents and as many snapshots as levels", "[feasibility]")
{
    ScratchFolder const folder;
    DataSpec const data{"checksum", wide};
    std::string const surface = "[trials]\ntasks = none\n[surface]\ntargets = 1\nlevels = ";
    std::string const flat = naming({write_chain(folder.path, two_layers(wide), 3)});
    CHECK(refusal(flat + surface + "3\n", data) == "accepted");
    CHECK_THAT(refusal(flat + surface + "4\n", data),
               StartsWith("surface.levels = 4: mine k=2 has 3 snapshots"));
    GeneratorSpec const deep = two_layers(wide, Activation::relu, Activation::none, 3);
    CHECK_THAT(refusal(naming({write_chain(folder.path, deep)}) + surface + "2\n", data),
               StartsWith("surface.targets: a surface is drawn over 2 latents, mine k=3"));
}

TEST_CASE("an experiment tells its chains apart by label and k", "[feasibility]")
{
    ScratchFolder const folder;
    fs::path const one = write_chain(folder.path, two_layers(wide));
    fs::path const other = write_chain(folder.path, two_layers(wide), 3, 0.5F);
    // Two trainings of one generator.
    CHECK(refusal(naming({one, other})) == "accepted");
    // Two generators of one name.
    fs::path const linear =
        write_chain(folder.path, two_layers(wide, Activation::none, Activation::none));
    CHECK_THAT(refusal(naming({one, linear})),
               StartsWith(fmt::format("train.models: mine k=2 stands for two generators, of chains "
                                      "{} and {}",
                                      chain::Reader(one).id().brief(),
                                      chain::Reader(linear).id().brief())));
    CHECK(refusal(fmt::format("experiments = a,b\n[a.train]\nmodels = {}\n[b.train]\nmodels = {}\n",
                              one.string(), linear.string())) == "accepted");
    GeneratorSpec named = two_layers(wide);
    named.label = "yours";
    CHECK(refusal(naming({one, write_chain(folder.path, named)})) == "accepted");
    fs::path const deep =
        write_chain(folder.path, two_layers(wide, Activation::relu, Activation::none, 3));
    CHECK(refusal(naming({one, deep})) == "accepted");

    // A chain from elsewhere may have the name of a model that is trained.
    named = two_layers(wide);
    named.label = "vae";
    CHECK_THAT(refusal(fmt::format("[train]\nmodels = vae,{}\nlatent_dims = 2\n",
                                   write_chain(folder.path, named).string()),
                       grey),
               StartsWith("train.models: vae k=2 stands for two generators"));
}

TEST_CASE("a chain file that is missing or damaged is named", "[feasibility]")
{
    ScratchFolder const folder;
    fs::path const missing = folder.path / "missing.h5";
    CHECK_THAT(error_of<EnvironmentError>(naming({missing})),
               StartsWith("train.models = " + missing.string() + ": no such chain file"));

    fs::path const chain = write_chain(folder.path, two_layers(wide));
    fs::resize_file(chain, fs::file_size(chain) / 2);
    CHECK_THAT(error_of<FileError>(naming({chain})), Contains(chain.string()));
    std::ofstream(chain, std::ios::trunc) << "no chain";
    CHECK_THAT(error_of<FileError>(naming({chain})), Contains(chain.string()));
}

TEST_CASE("only images whose sides are multiples of 4 can be trained on", "[feasibility]")
{
    for (char const* const model : {"vae", "dcgan", "wgan", "wgan-gp", "relu"})
    {
        std::string const job = fmt::format("[train]\nmodels = {}\nlatent_dims = 5\n", model);
        CHECK(refusal(job, {"checksum", {3, 8, 12}}) == "accepted");
        for (Shape const& image : {Shape{1, 28, 30}, Shape{1, 27, 28}})
        {
            CHECK_THAT(refusal(job, {"checksum", image}), StartsWith("train.models: ") &&
                                                              Contains(image.text()) &&
                                                              Contains("multiples of 4"));
        }
    }
}

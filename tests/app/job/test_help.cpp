#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>

#include "app/job/help.hpp"
#include "app/job/job_keys.hpp"
#include "app/job/options.hpp"

using namespace surf;
using namespace surf::app;

TEST_CASE("the help lists commands and topics, and they the rest", "[help]")
{
    std::string const help = help_text();
    CHECK(std::ranges::count(help, '\n') < 60);
    for (CommandEntry const& command : command_table)
    {
        INFO(command.name);
        CHECK(help.find(fmt::format("\n  {:<13} {}", command.name, command.description)) !=
              std::string::npos);
    }
    CHECK(help.find("evaluations: one forward or one backward pass") != std::string::npos);
    for (std::string const& topic : help_topics())
    {
        INFO(topic);
        CHECK(help.find(topic) != std::string::npos);
        CHECK_FALSE(help_text(topic).empty());
    }
    std::string const keys = help_text("keys");
    for (KeyText const& key : key_texts())
    {
        std::string const& name = key.name;
        INFO(name);
        std::string const section = section_of(name);
        std::string const option = fmt::format("--{} ", name);
        CHECK(keys.find(option) != std::string::npos);
        CHECK(help_text(section.empty() ? "job" : section).find(option) != std::string::npos);
        CHECK(help_text("man").find(fmt::format("\n.B \\-\\-{}\n", name)) != std::string::npos);
    }
    CHECK(keys.find("[vae,dcgan,wgan,wgan-gp]") != std::string::npos);
    CHECK(help_text("trials").find("--train.") == std::string::npos);
    CHECK(help_text("exit-codes").find("\n  75 ") != std::string::npos);
    CHECK_THROWS_WITH(help_text("trails"),
                      Catch::StartsWith("command line: help trails: no such choice; did you mean "
                                        "trials?"));
    CHECK(parse_options({"help", "trials"}).help_topic == "trials");
    CHECK(parse_options({"plan", "-h"}).help_topic == "plan");
    CHECK(parse_options({"-h"}).help_topic.empty());
}

TEST_CASE("docs/keys.md is as the key table says", "[help]")
{
    std::ifstream const stream(SURF_SOURCE_DIR "/docs/keys.md");
    std::ostringstream page;
    page << stream.rdbuf();
    INFO("write it anew: build/bin/surf_sweep help markdown > docs/keys.md");
    CHECK((page.str() == help_text("markdown")));
}

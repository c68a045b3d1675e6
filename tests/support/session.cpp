#define CATCH_CONFIG_RUNNER
#include "support/session.hpp"

#include <catch2/catch.hpp>
#include <iostream>
#include <optional>

namespace surf::test
{
namespace
{

/// Failures as they happen, so that they are seen even if other ranks then wait for ever.
class FailureReporter : public Catch::CompactReporter
{
  public:
    using Catch::CompactReporter::CompactReporter;
    static std::string getDescription() { return "Reports failures and nothing else"; }
    void noMatchingTestCases(std::string const&) override {}
    void testRunEnded(Catch::TestRunStats const& stats) override
    {
        StreamingReporterBase::testRunEnded(stats);
    }
};
CATCH_REGISTER_REPORTER("failures", FailureReporter)

std::optional<std::size_t> executed;  // none: the session ran no tests, it only listed them

class CountingListener : public Catch::TestEventListenerBase
{
  public:
    using Catch::TestEventListenerBase::TestEventListenerBase;
    void testRunEnded(Catch::TestRunStats const& stats) override
    {
        executed = stats.totals.testCases.total();
    }
};
CATCH_REGISTER_LISTENER(CountingListener)

}  // namespace

int run_session(int argc, char** argv, Output output)
{
    Catch::Session session;
    if (int const code = session.applyCommandLine(argc, argv); code != 0)
    {
        return code;
    }
    // A test case without an assertion counts as failed: its CHECK may be another library's.
    session.configData().warnings = Catch::WarnAbout::NoAssertions;
    if (output == Output::failures)
    {
        session.configData().reporterName = "failures";
    }
    int const code = session.run();
    if (executed == 0U)
    {
        std::cerr << "no test was run: a check that checks nothing counts as failed\n";
        return 1;
    }
    return code;
}

}  // namespace surf::test

#include "app/job/options.hpp"
#include "base/error.hpp"
#include "fuzz/harness.hpp"

using namespace surf;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    fuzz::may_refuse<InputError>([&] {
        std::string const text =
            app::parse_job(std::string(fuzz::text_of({data, size})), "job.ini").text();
        fuzz::require(app::parse_job(text, "text").text() == text, "a job's text gives the job");
    });
    return 0;
}

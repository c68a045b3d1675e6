#include "base/wait_policy.hpp"

#include <unistd.h>

#include <cstdlib>

namespace surf
{

void wait_asleep(char** arguments)
{
    constexpr char const* policy = "OMP_WAIT_POLICY";
    if (std::getenv(policy) == nullptr)
    {
        ::setenv(policy, "passive", /*overwrite=*/0);
        ::execv("/proc/self/exe", arguments);  // if it returns, they spin: slower, not wrong
    }
}

}  // namespace surf

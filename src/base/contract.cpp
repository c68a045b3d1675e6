#include "base/contract.hpp"

#ifdef SURF_CONTRACTS

#include <cstdio>
#include <cstdlib>

namespace surf
{

void contract_broken(char const* kind, char const* condition, char const* file, int line)
{
    std::fprintf(stderr, "%s:%d: broken contract: %s(%s)\n", file, line, kind, condition);
    std::abort();
}

}  // namespace surf

#endif

#pragma once

/// Contracts find programmers' mistakes. They are on when SURF_CONTRACTS is defined (debug and
/// CI builds) and cost nothing otherwise, so a condition must have no side effect.
///
///     EXPECT(condition)  what a caller must provide
///     ENSURE(condition)  what a function promises
#ifdef SURF_CONTRACTS

namespace surf
{
/// Prints the broken contract with its place and aborts.
[[noreturn]] void contract_broken(char const* kind, char const* condition, char const* file,
                                  int line);
}  // namespace surf

#define EXPECT(condition) \
    ((condition) ? void(0) : ::surf::contract_broken("EXPECT", #condition, __FILE__, __LINE__))
#define ENSURE(condition) \
    ((condition) ? void(0) : ::surf::contract_broken("ENSURE", #condition, __FILE__, __LINE__))
#else
#define EXPECT(condition) void(sizeof((condition) ? 1 : 0))
#define ENSURE(condition) void(sizeof((condition) ? 1 : 0))
#endif

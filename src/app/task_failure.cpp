#include "app/task_failure.hpp"

#include "app/block_runner.hpp"
#include "base/error.hpp"
#include "chain/chain.hpp"

namespace surf::app
{
namespace
{

template <class Exception>
bool holds(std::exception_ptr const& error)
{
    try
    {
        std::rethrow_exception(error);
    }
    catch (Exception const&)
    {
        return true;
    }
    catch (...)
    {
        return false;
    }
}

}  // namespace

std::string reason_of(std::exception_ptr const& error)
{
    try
    {
        std::rethrow_exception(error);
    }
    catch (std::exception const& exception)
    {
        return exception.what();
    }
}

ExitCode code_of(std::exception_ptr const& error)
{
    try
    {
        std::rethrow_exception(error);
    }
    catch (std::exception const& exception)
    {
        return exit_code_of(exception);
    }
}

bool is_interruption(std::exception_ptr const& error)
{
    return holds<Interrupted>(error);
}

bool is_of_damaged_chain(std::exception_ptr const& error)
{
    return holds<DamagedChainError>(error);
}

bool is_of_this_chain(std::exception_ptr const& error)
{
    return holds<chain::DivergedError>(error);
}

}  // namespace surf::app

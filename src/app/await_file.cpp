#include "app/await_file.hpp"

#include <thread>

namespace surf::app
{

bool await_file(std::filesystem::path const& path, std::function<bool()> const& stopped,
                std::chrono::milliseconds longest)
{
    constexpr std::chrono::milliseconds between_looks{200};
    auto const start = std::chrono::steady_clock::now();
    std::error_code ignored;  // exists() then says no
    while (!std::filesystem::exists(path, ignored))
    {
        if (stopped() || std::chrono::steady_clock::now() - start > longest)
        {
            return false;
        }
        std::this_thread::sleep_for(between_looks);
    }
    return true;
}

}  // namespace surf::app

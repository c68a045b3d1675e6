#include "base/error.hpp"
#include "fuzz/harness.hpp"
#include "spec/network.hpp"

using namespace surf;

int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    fuzz::may_refuse<InputError>([&] {
        std::string const text =
            network_text(parse_network(std::string(fuzz::text_of({data, size})), "network.json"));
        fuzz::require(network_text(parse_network(text, "text")) == text,
                      "a network's text gives the network");
    });
    return 0;
}

#include "sched/transport.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>

#include "base/contract.hpp"

namespace surf::sched
{
namespace
{

// On the wire a message's tag is its place in the variant; the payload is an array of plain values.

template <class Message, class Variant, int position = 0>
constexpr int tag_of()
{
    if constexpr (std::is_same_v<std::variant_alternative_t<position, Variant>, Message>)
    {
        return position;
    }
    else
    {
        return tag_of<Message, Variant, position + 1>();
    }
}

/// Below Open MPI's eager limit, so that no worker waits in a send for a busy rank 0.
constexpr std::size_t longest_reason = 1000;
constexpr std::int32_t no_chain = -1;

struct WireRequest
{
    std::int32_t held = no_chain;
    std::int32_t most = 1;
};

std::vector<WireRequest> pack(WorkRequest const& request)
{
    return {{request.held ? static_cast<std::int32_t>(*request.held) : no_chain, request.most}};
}

std::vector<BlockIndex> pack(BlockDone const& done)
{
    return {done.block};
}

std::vector<char> pack(BlockFailed const& failed)
{
    std::vector<char> bytes(sizeof(failed.block));
    std::memcpy(bytes.data(), &failed.block, sizeof(failed.block));
    std::size_t const length = std::min(failed.reason.size(), longest_reason);
    bytes.insert(bytes.end(), failed.reason.begin(),
                 failed.reason.begin() + std::ptrdiff_t(length));
    return bytes;
}

std::vector<char> pack(Goodbye const&)
{
    return {};
}

std::vector<LeasedBlock> pack(Lease const& lease)
{
    return lease.blocks;
}

std::vector<Finish> pack(Finish finish)
{
    return {finish};
}

template <class Variant>
void send_message(mpi::Communicator const& communicator, Rank to, Variant const& message)
{
    std::visit(
        [&](auto const& content) {
            auto const values = pack(content);
            communicator.send(std::span(std::as_const(values)), to,
                              static_cast<int>(message.index()));
        },
        message);
}

Report receive_report(mpi::Communicator const& communicator, mpi::Envelope const& envelope)
{
    switch (envelope.tag)
    {
        case tag_of<WorkRequest, Report>(): {
            auto const wire = communicator.receive<WireRequest>(envelope).at(0);
            return WorkRequest{wire.held == no_chain
                                   ? std::nullopt
                                   : std::optional(static_cast<ChainIndex>(wire.held)),
                               wire.most};
        }
        case tag_of<BlockDone, Report>():
            return BlockDone{communicator.receive<BlockIndex>(envelope).at(0)};
        case tag_of<BlockFailed, Report>(): {
            auto const bytes = communicator.receive<char>(envelope);
            BlockFailed failed{};
            EXPECT(bytes.size() >= sizeof(failed.block));
            std::memcpy(&failed.block, bytes.data(), sizeof(failed.block));
            failed.reason.assign(bytes.begin() + sizeof(failed.block), bytes.end());
            return failed;
        }
        default:
            EXPECT(envelope.tag == (tag_of<Goodbye, Report>()));
            communicator.receive<char>(envelope);
            return Goodbye{};
    }
}

}  // namespace

CoordinatorLink::CoordinatorLink(mpi::Communicator own) : communicator_(std::move(own))
{
    EXPECT(communicator_.rank() == 0);
    for (Rank rank = 1; rank < communicator_.size(); ++rank)
    {
        present_.insert(rank);
    }
}

std::optional<CoordinatorLink::Incoming> CoordinatorLink::poll()
{
    auto const envelope = communicator_.probe();
    if (!envelope)
    {
        return std::nullopt;
    }
    Incoming incoming{envelope->source, receive_report(communicator_, *envelope)};
    if (std::holds_alternative<Goodbye>(incoming.report))
    {
        present_.erase(incoming.from);
    }
    return incoming;
}

void CoordinatorLink::send(Rank to, Order const& order) const
{
    send_message(communicator_, to, order);
}

void CoordinatorLink::send_all(Order const& order) const
{
    for (Rank const worker : present_)
    {
        send(worker, order);
    }
}

WorkerLink::WorkerLink(mpi::Communicator own) : communicator_(std::move(own))
{
    EXPECT(communicator_.rank() != 0);
}

void WorkerLink::send(Report const& report) const
{
    send_message(communicator_, 0, report);
}

std::optional<Order> WorkerLink::poll() const
{
    auto const envelope = communicator_.probe();
    if (!envelope)
    {
        return std::nullopt;
    }
    if (envelope->tag == tag_of<Lease, Order>())
    {
        return Lease{communicator_.receive<LeasedBlock>(*envelope)};
    }
    return communicator_.receive<Finish>(*envelope).at(0);
}

}  // namespace surf::sched

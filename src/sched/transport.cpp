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

template <mpi::Plain Header>
std::vector<char> pack(Header const& header, std::string const& reason)
{
    std::vector<char> bytes(sizeof(Header));
    std::memcpy(bytes.data(), &header, sizeof(Header));
    std::size_t const length = std::min(reason.size(), longest_reason);
    bytes.insert(bytes.end(), reason.begin(), reason.begin() + std::ptrdiff_t(length));
    return bytes;
}

template <mpi::Plain Header>
std::pair<Header, std::string> unpack(std::vector<char> const& bytes)
{
    Header header{};
    EXPECT(bytes.size() >= sizeof(Header));
    std::memcpy(&header, bytes.data(), sizeof(Header));
    return {header, std::string(bytes.begin() + sizeof(Header), bytes.end())};
}

struct WireBlockFailed
{
    BlockIndex block;
    ExitCode code = ExitCode::internal_error;
    bool chain_damaged = false;
};

std::vector<char> pack(BlockFailed const& failed)
{
    return pack(WireBlockFailed{failed.block, failed.code, failed.chain_damaged}, failed.reason);
}

struct WireChainFailed
{
    ChainIndex chain;
    ExitCode ends_run = ExitCode::success;  ///< success: the run goes on
};

std::vector<char> pack(ChainFailed const& failed)
{
    return pack(WireChainFailed{failed.chain, failed.ends_run.value_or(ExitCode::success)},
                failed.reason);
}

/// Messages that are plain values.
template <mpi::Plain Message>
std::vector<Message> pack(Message const& message)
{
    return {message};
}

std::vector<char> pack(Goodbye const&)
{
    return {};
}

std::vector<LeasedBlock> pack(Lease const& lease)
{
    return lease.blocks;
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
        case tag_of<BlockFailed, Report>(): {
            auto const [wire, reason] =
                unpack<WireBlockFailed>(communicator.receive<char>(envelope));
            return BlockFailed{wire.block, wire.code, wire.chain_damaged, reason};
        }
        case tag_of<ChainFailed, Report>(): {
            auto const [wire, reason] =
                unpack<WireChainFailed>(communicator.receive<char>(envelope));
            return ChainFailed{
                wire.chain,
                wire.ends_run == ExitCode::success ? std::nullopt : std::optional(wire.ends_run),
                reason};
        }
        case tag_of<BlockDone, Report>():
            return communicator.receive<BlockDone>(envelope).at(0);
        case tag_of<ChainPublished, Report>():
            return communicator.receive<ChainPublished>(envelope).at(0);
        case tag_of<ChainBusy, Report>():
            return communicator.receive<ChainBusy>(envelope).at(0);
        case tag_of<TrainingStep, Report>():
            return communicator.receive<TrainingStep>(envelope).at(0);
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
    switch (envelope->tag)
    {
        case tag_of<Lease, Order>():
            return Lease{communicator_.receive<LeasedBlock>(*envelope)};
        case tag_of<TrainingLease, Order>():
            return communicator_.receive<TrainingLease>(*envelope).at(0);
        default:
            EXPECT(envelope->tag == (tag_of<Finish, Order>()));
            return communicator_.receive<Finish>(*envelope).at(0);
    }
}

}  // namespace surf::sched

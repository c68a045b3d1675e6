#pragma once

#include <mpi.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace surf::mpi
{

/// What MPI moves as bytes. Ranks run the same program on machines of one kind.
template <class Value>
concept Plain = std::is_trivially_copyable_v<Value>;

/// A message that has arrived and waits to be received.
struct Envelope
{
    int source = 0;
    int tag = 0;
    std::size_t bytes = 0;
};

/// A group of ranks with its own message space; owns its MPI handle.
///
/// A default-constructed one is null and means serial: rank 0 of 1, collectives return at once,
/// no message ever arrives. Collectives wait with a back-off, so an idle rank costs no core.
/// Every call throws MpiError when MPI reports a failure.
class Communicator
{
  public:
    Communicator() = default;
    ~Communicator();
    Communicator(Communicator&& other) noexcept;
    Communicator& operator=(Communicator&& other) noexcept;

    /// A duplicate of MPI_COMM_WORLD. Collective.
    static Communicator world();
    /// The same ranks, another message space. Collective.
    Communicator duplicate() const;
    /// The ranks that share memory with this one, in the same order. Collective.
    Communicator split_shared() const;

    int rank() const { return rank_; }
    int size() const { return size_; }
    bool is_null() const { return handle_ == MPI_COMM_NULL; }

    // Messages. ----------------------------------------------------------------------------------

    /// May wait until the receiver takes the message if that is larger than MPI's eager limit
    /// (Open MPI: 4 KiB on a node).
    template <Plain Value>
    void send(std::span<Value const> values, int destination, int tag) const
    {
        send_bytes(std::as_bytes(values), destination, tag);
    }
    /// The next message from anyone, if there is one.
    std::optional<Envelope> probe() const;
    /// Receives the message that probe() found. Throws MpiError if its size is not a whole number
    /// of values.
    template <Plain Value>
    std::vector<Value> receive(Envelope const& envelope) const
    {
        std::vector<Value> values(envelope.bytes / sizeof(Value));
        receive_bytes(std::as_writable_bytes(std::span(values)), envelope);
        return values;
    }

    // Collectives. -------------------------------------------------------------------------------

    void barrier() const;
    template <Plain Value>
    void broadcast(Value& value, int root = 0) const
    {
        broadcast_bytes(std::as_writable_bytes(std::span(&value, 1)), root);
    }
    void broadcast(std::string& text, int root = 0) const;
    /// One value of each rank, in the order of ranks, on every rank.
    template <Plain Value>
    std::vector<Value> allgather(Value const& value) const
    {
        std::vector<Value> values(static_cast<std::size_t>(size_));
        allgather_bytes(std::as_bytes(std::span(&value, 1)),
                        std::as_writable_bytes(std::span(values)));
        return values;
    }
    std::vector<std::string> allgather(std::string const& text) const;
    /// The largest value of all ranks.
    template <Plain Value>
    Value max(Value const& value) const
    {
        return std::ranges::max(allgather(value));
    }

  private:
    explicit Communicator(MPI_Comm handle);

    void send_bytes(std::span<std::byte const> bytes, int destination, int tag) const;
    void receive_bytes(std::span<std::byte> bytes, Envelope const& envelope) const;
    void broadcast_bytes(std::span<std::byte> bytes, int root) const;
    void allgather_bytes(std::span<std::byte const> own, std::span<std::byte> all) const;

    MPI_Comm handle_ = MPI_COMM_NULL;
    int rank_ = 0;
    int size_ = 1;
};

/// Runs `local` on every rank; if it threw on any, throws on all, so that none goes on alone into
/// a collective call. A rank whose own `local` threw rethrows that error, the others throw an Error
/// with the text and exit code of the first rank that failed. Collective.
void agree(Communicator const& communicator, std::function<void()> const& local);

}  // namespace surf::mpi

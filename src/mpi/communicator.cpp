#include "mpi/communicator.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <limits>
#include <utility>

#include "base/contract.hpp"
#include "mpi/backoff.hpp"
#include "mpi/check.hpp"

namespace surf::mpi
{
namespace
{

int count_of(std::span<std::byte const> bytes)
{
    EXPECT(bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()));
    return static_cast<int>(bytes.size());
}

/// Waits for a request without a spin, after a few tries for what is about to arrive.
void wait(MPI_Request request)
{
    Backoff backoff;
    int done = 0;
    for (int tries = 0; done == 0; ++tries)
    {
        check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
        if (done == 0 && tries > 100)
        {
            backoff.pause();
        }
    }
}

}  // namespace

Communicator::Communicator(MPI_Comm handle) : handle_(handle)
{
    check(MPI_Comm_rank(handle_, &rank_), "MPI_Comm_rank");
    check(MPI_Comm_size(handle_, &size_), "MPI_Comm_size");
}

Communicator::~Communicator()
{
    if (is_null())
    {
        return;
    }
    if (int const code = MPI_Comm_free(&handle_); code != MPI_SUCCESS)
    {
        spdlog::error("MPI_Comm_free failed with code {}", code);
    }
}

Communicator::Communicator(Communicator&& other) noexcept
    : handle_(std::exchange(other.handle_, MPI_COMM_NULL)),
      rank_(std::exchange(other.rank_, 0)),
      size_(std::exchange(other.size_, 1))
{}

Communicator& Communicator::operator=(Communicator&& other) noexcept
{
    std::swap(handle_, other.handle_);
    std::swap(rank_, other.rank_);
    std::swap(size_, other.size_);
    return *this;
}

Communicator Communicator::world()
{
    MPI_Comm handle = MPI_COMM_NULL;
    check(MPI_Comm_dup(MPI_COMM_WORLD, &handle), "MPI_Comm_dup");
    return Communicator(handle);
}

Communicator Communicator::duplicate() const
{
    if (is_null())
    {
        return {};
    }
    MPI_Comm handle = MPI_COMM_NULL;
    check(MPI_Comm_dup(handle_, &handle), "MPI_Comm_dup");
    return Communicator(handle);
}

Communicator Communicator::split_shared() const
{
    if (is_null())
    {
        return {};
    }
    MPI_Comm handle = MPI_COMM_NULL;
    check(MPI_Comm_split_type(handle_, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &handle),
          "MPI_Comm_split_type");
    return Communicator(handle);
}

void Communicator::send_bytes(std::span<std::byte const> bytes, int destination, int tag) const
{
    EXPECT(!is_null());
    check(MPI_Send(bytes.data(), count_of(bytes), MPI_BYTE, destination, tag, handle_), "MPI_Send");
}

std::optional<Envelope> Communicator::probe() const
{
    if (is_null())
    {
        return std::nullopt;
    }
    int found = 0;
    MPI_Status status;
    check(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, handle_, &found, &status), "MPI_Iprobe");
    if (found == 0)
    {
        return std::nullopt;
    }
    int bytes = 0;
    check(MPI_Get_count(&status, MPI_BYTE, &bytes), "MPI_Get_count");
    return Envelope{status.MPI_SOURCE, status.MPI_TAG, static_cast<std::size_t>(bytes)};
}

void Communicator::receive_bytes(std::span<std::byte> bytes, Envelope const& envelope) const
{
    EXPECT(!is_null());
    // A message that does not fit is truncated, which MPI_Recv reports.
    check(MPI_Recv(bytes.data(), count_of(bytes), MPI_BYTE, envelope.source, envelope.tag, handle_,
                   MPI_STATUS_IGNORE),
          "MPI_Recv");
}

void Communicator::barrier() const
{
    if (is_null())
    {
        return;
    }
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Ibarrier(handle_, &request), "MPI_Ibarrier");
    wait(request);
}

void Communicator::broadcast_bytes(std::span<std::byte> bytes, int root) const
{
    if (is_null())
    {
        return;
    }
    constexpr std::size_t longest = std::size_t{1} << 30;  // MPI counts in int
    for (std::size_t done = 0; done < bytes.size(); done += longest)
    {
        auto const part = bytes.subspan(done, std::min(longest, bytes.size() - done));
        MPI_Request request = MPI_REQUEST_NULL;
        check(MPI_Ibcast(part.data(), count_of(part), MPI_BYTE, root, handle_, &request),
              "MPI_Ibcast");
        wait(request);
    }
}

void Communicator::broadcast(std::string& text, int root) const
{
    std::size_t length = text.size();
    broadcast(length, root);
    text.resize(length);
    broadcast_bytes(std::as_writable_bytes(std::span(text)), root);
}

void Communicator::allgather_bytes(std::span<std::byte const> own, std::span<std::byte> all) const
{
    if (is_null())
    {
        std::ranges::copy(own, all.begin());
        return;
    }
    MPI_Request request = MPI_REQUEST_NULL;
    check(MPI_Iallgather(own.data(), count_of(own), MPI_BYTE, all.data(), count_of(own), MPI_BYTE,
                         handle_, &request),
          "MPI_Iallgather");
    wait(request);
}

std::vector<std::string> Communicator::allgather(std::string const& text) const
{
    // Padded to the longest: a few short texts, once a run.
    std::size_t const longest = max(text.size());
    std::vector<std::size_t> const lengths = allgather(text.size());
    std::string padded = text;
    padded.resize(longest);
    std::string all(longest * lengths.size(), '\0');
    allgather_bytes(std::as_bytes(std::span(padded)), std::as_writable_bytes(std::span(all)));
    std::vector<std::string> texts;
    for (std::size_t source = 0; source < lengths.size(); ++source)
    {
        texts.push_back(all.substr(source * longest, lengths[source]));
    }
    return texts;
}

void agree(Communicator const& communicator, std::function<void()> const& local)
{
    std::exception_ptr own;
    ExitCode code = ExitCode::success;
    std::string text;
    try
    {
        local();
    }
    catch (std::exception const& error)
    {
        own = std::current_exception();
        code = exit_code_of(error);
        text = error.what();
    }
    std::vector<ExitCode> const codes = communicator.allgather(code);
    std::vector<std::string> const texts = communicator.allgather(text);
    if (own)
    {
        std::rethrow_exception(own);
    }
    for (std::size_t rank = 0; rank < codes.size(); ++rank)
    {
        if (codes[rank] != ExitCode::success)
        {
            throw Error(codes[rank], fmt::format("rank {}: {}", rank, texts[rank]));
        }
    }
}

}  // namespace surf::mpi

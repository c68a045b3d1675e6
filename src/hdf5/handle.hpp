#pragma once

#include <cstdint>
#include <utility>

namespace surf::h5
{

/// Owns one identifier of the HDF5 library, whatever it names. Move-only; empty if default made.
class Handle
{
  public:
    Handle() = default;
    explicit Handle(std::int64_t id) : id_(id) {}
    ~Handle() { close(); }
    Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, none)) {}
    Handle& operator=(Handle&& other) noexcept
    {
        std::swap(id_, other.id_);
        return *this;
    }

    std::int64_t get() const { return id_; }
    /// Gives the identifier up to the caller.
    std::int64_t release() { return std::exchange(id_, none); }

  private:
    static constexpr std::int64_t none = -1;

    /// Logs a failure, as a destructor must not throw.
    void close() noexcept;

    std::int64_t id_ = none;
};

}  // namespace surf::h5

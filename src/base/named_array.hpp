#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace surf
{

/// The numbers of an array, in memory of their own or in memory that others share, as the pages of
/// a mapped file. Whoever asks to change shared ones gets a copy of his own.
class ArrayValues
{
  public:
    ArrayValues() = default;
    ArrayValues(std::initializer_list<float> values) : own_(values) {}
    ArrayValues(std::vector<float> values) : own_(std::move(values)) {}
    /// `size` numbers that nobody changes, there as long as `shared` owns them.
    ArrayValues(std::shared_ptr<float const> shared, std::size_t size)
        : shared_(std::move(shared)), shared_size_(size)
    {}

    bool is_shared() const { return shared_ != nullptr; }

    float const* data() const { return shared_ ? shared_.get() : own_.data(); }
    std::size_t size() const { return shared_ ? shared_size_ : own_.size(); }
    float const* begin() const { return data(); }
    float const* end() const { return data() + size(); }
    float const& operator[](std::size_t i) const { return data()[i]; }
    float const& front() const { return *data(); }

    float* data() { return own().data(); }
    float* begin() { return data(); }
    float* end() { return data() + size(); }
    float& operator[](std::size_t i) { return own()[i]; }
    void resize(std::size_t size) { own().resize(size); }
    void push_back(float value) { own().push_back(value); }

    friend bool operator==(ArrayValues const& left, ArrayValues const& right)
    {
        return std::ranges::equal(left, right);
    }

  private:
    std::vector<float>& own()
    {
        if (shared_)
        {
            own_.assign(shared_.get(), shared_.get() + shared_size_);
            shared_.reset();
        }
        return own_;
    }

    std::vector<float> own_;
    std::shared_ptr<float const> shared_;  ///< null if they are our own
    std::size_t shared_size_ = 0;
};

/// A named float32 array in row-major order.
struct NamedArray
{
    std::string name;
    std::vector<std::int64_t> shape;
    ArrayValues values;

    std::int64_t size() const
    {
        return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    }
};

/// Everything a network needs to be evaluated: weights, biases and batch-norm statistics.
using Parameters = std::vector<NamedArray>;

}  // namespace surf

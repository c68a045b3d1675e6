#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "app/job/job_keys.hpp"

/// For the sources of the key tables only.
namespace surf::app
{

inline Range at_least(double low, double high = Range{}.high)
{
    return {low, high, End::included, End::included};
}

inline Range above(double low)
{
    return {low, Range{}.high, End::excluded, End::included};
}

inline Range from_to_below(double low, double high)
{
    return {low, high, End::included, End::excluded};
}

inline Range between(double low, double high)
{
    return {low, high, End::excluded, End::excluded};
}

inline Range const any = {};
inline Range const positive = above(0);
inline Range const beta = from_to_below(0, 1);
// The upper limit keeps products of two counts far from overflow and a plan in memory.
inline Range const counts = at_least(1, 1e7);

// Results hold them as signed numbers.
inline Range const seeds = at_least(0, 9e18);

template <class Target>
std::string_view always_meant(Target const&)
{
    return "";
}

/// The member that a path of member pointers leads to.
template <class... Members>
auto at(Members... members)
{
    return [members...](auto& target) -> auto&
    {
        return (target.*....*members);
    };
}

template <class Target>
struct KeyMaker
{
    std::vector<Key<Target>> keys;

    template <class Get>
    void add(std::string name, std::string help, Get get, Range range,
             std::string_view (*pointless)(Target const&) = always_meant<Target>)
    {
        using Value = std::remove_cvref_t<decltype(get(std::declval<Target&>()))>;
        keys.push_back({std::move(name), std::move(help),
                        [get, range](Target& target, Setting const& setting) {
                            read(setting, range, get(target));
                        },
                        [get](Target const& target) { return write(get(target)); }, pointless,
                        accepted(std::type_identity<Value>{}, range)});
    }
};

}  // namespace surf::app

#include "spec/budget.hpp"

namespace surf
{

Method surfing_family(Method method)
{
    return heeds(method, SettingGroup::lm) ? Method::surfing_lm : Method::surfing;
}

std::optional<Method> granted_as(Method method, RestartSettings const& restarts)
{
    if (!heeds(method, SettingGroup::restarts) || restarts.evaluations > 0)
    {
        return std::nullopt;
    }
    return restarts.as_much_as.value_or(surfing_family(method));
}

std::vector<BudgetNeed> budget_needs(Method method, SurfingSettings const& surfing,
                                     RestartSettings const& restarts)
{
    std::vector<BudgetNeed> needs;
    if (heeds(method, SettingGroup::surfing))
    {
        bool const hits = surfing.budget == SurfingBudget::first_hits;
        needs.push_back({Method::adam, hits ? BudgetRule::first_hits : BudgetRule::steps});
    }
    if (auto const source = granted_as(method, restarts))
    {
        needs.push_back({*source, BudgetRule::evaluations});
    }
    return needs;
}

}  // namespace surf

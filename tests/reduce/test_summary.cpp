#include <catch2/catch.hpp>

#include "hdf5/python.hpp"
#include "hdf5/schema.hpp"
#include "reduce/small_results.hpp"

using namespace surf;
using namespace surf::test;
namespace fs = std::filesystem;

namespace
{

/// What each of the scripts here begins with: the file's groups, and the trials of each cell.
char const* const walk = R"(
import numpy as np, xarray

dims = ("experiment", "task", "model", "latent_dim", "training", "measurements", "method")
summary = xarray.open_dataset(path, group="summary").load()
trials = xarray.open_dataset(path, group="trials").load()

def names(column):
    codes = trials[column + "_code"]
    flags = dict(zip(codes.attrs["flag_values"], codes.attrs["flag_meanings"].split()))
    return np.array([flags[value] for value in codes.values])

text = {column: names(column) for column in ("experiment", "task", "model", "method", "stop_reason", "operator")}

def cells():
    """Coordinates, summary, trials and their rows of every cell."""
    for index in np.argwhere(np.isfinite(summary.trials_planned.values)):
        where = {d: summary[d].values[i] for d, i in zip(dims, index)}
        rows = np.logical_and.reduce([(text[d] if d in text else trials[d].values) == v for d, v in where.items()])
        yield where, summary.isel({d: i for d, i in zip(dims, index)}), trials.isel(row=rows), rows

def percentile(values, q):
    # numpy's own, but with 0 * inf = 0 and inf - inf = 0 in its interpolation
    low, high = (np.percentile(values, q, method=method) for method in ("lower", "higher"))
    return low if low == high else high if np.isinf(high) else np.percentile(values, q)

def or_infinity(column):
    return np.where(np.isnan(column.values), np.inf, column.values)
)";

void check(std::string const& script)
{
    ScratchFolder const folder;
    fs::path const path = write_small_results(folder.path);
    CHECK(h5::violations(path).empty());
    python(walk + script, path);
}

}  // namespace

TEST_CASE("numpy and scipy find the statistics in the trials", "[summary]")
{
    check(R"(
from scipy.stats import binomtest

nowhere = np.isnan(summary.trials_planned)
assert int((~nowhere).sum()) == 12
for name in summary.data_vars:
    if "experiment" in summary[name].dims:
        values = summary[name].transpose(*dims, ...).values[nowhere.values]
        assert np.isnan(values).all(), name
seen = 0
for where, cell, t, rows in cells():
    n = t.sizes["row"]
    if n == 0:
        assert np.isnan(cell.success_rate) and np.isnan(cell.iterations_p75) and float(cell.trials) == 0, where
        continue
    seen += 1
    latent = where["task"] != "approximation"
    assert (np.diff(t.trial.values) > 0).all()
    k = int(t.success.sum())
    assert float(cell.trials) == n and float(cell.trials_planned) == 80 and float(cell.complete) == (n == 80)
    steps, evaluations = float(cell.budget_steps), float(cell.budget_evaluations)
    assert steps == 471 if where["method"] == "surfing" else np.isnan(steps)
    assert evaluations == 2000 if where["method"] == "restarts" else np.isnan(evaluations)
    flags = dict(zip(summary.operator_code.attrs["flag_values"], summary.operator_code.attrs["flag_meanings"].split()))
    assert flags[int(cell.operator_code)] == ("identity" if where["task"] == "inversion" else "gaussian")
    assert (text["operator"][rows] == flags[int(cell.operator_code)]).all()
    if latent:
        assert float(cell.successes) == k and np.isclose(float(cell.success_rate), k / n, rtol=1e-15)
        interval = binomtest(k, n).proportion_ci(method="wilson")
        assert np.allclose([float(cell.success_low), float(cell.success_high)], interval, rtol=1e-13, atol=1e-15)
    hits = t.first_hit.values[t.success.values == 1]
    assert np.isnan(t.first_hit.values[t.success.values == 0]).all()
    if k:
        assert np.isclose(float(cell.iterations_p75), np.percentile(hits, 75), rtol=1e-15)
    else:
        assert np.isnan(cell.iterations_p75)
    censored = np.concatenate([hits, np.full(n - k, np.inf)])
    if latent:
        assert np.isclose(float(cell.iterations_p75_censored), percentile(censored, 75), rtol=1e-14)
    assert np.isclose(float(cell.total_iterations_p75), np.percentile(t.iterations, 75), rtol=1e-15)
    assert np.isclose(float(cell.total_iterations_mean), t.iterations.values.mean(), rtol=1e-14)
    evaluations = t.network_evaluations.values
    assert np.isclose(float(cell.network_evaluations_p75), np.percentile(evaluations, 75), rtol=1e-15)
    assert np.isclose(float(cell.network_evaluations_mean), evaluations.mean(), rtol=1e-14)
    for column in ("distance", "pixel_error"):
        if not latent and column == "distance":
            continue
        expected = [percentile(or_infinity(t[column]), 100 * q) for q in summary["quantile"].values]
        assert np.allclose(cell[column + "_quantile"].values, expected, rtol=1e-13), (where, column)
    for reason in summary.stop_reason.values:
        count = float(cell.trials_by_stop_reason.sel(stop_reason=reason))
        assert count == (text["stop_reason"][rows] == reason).sum()
assert seen == 11, seen
)");
}

TEST_CASE("a task without a true latent has no successes and no distances", "[summary]")
{
    check(R"(
where = {"experiment": "figure3", "task": "approximation", "model": "vae", "latent_dim": 20, "training": 1,
         "measurements": 100}
for method in ("adam", "surfing"):
    cell = summary.sel({**where, "method": method})
    given = {name for name, value in cell.data_vars.items() if np.isfinite(value.values).any()}
    of_pairs = {"pairs", "pairs_pixel_error_smaller", "pairs_pixel_error_larger", "pixel_error_p"}
    assert given - of_pairs == {"operator_code", "trials_planned", "trials", "complete", "trials_by_stop_reason",
                                "total_iterations_p75", "total_iterations_mean", "network_evaluations_p75",
                                "network_evaluations_mean", "pixel_error_quantile", "pixel_error_histogram",
                                "goals_within", "goals_within_low", "goals_within_high",
                                *({"budget_steps"} if method == "surfing" else ())}, given
    assert (of_pairs <= given) == (method == "surfing")
)");
}

TEST_CASE("numpy counts the trials in the bins of the histograms", "[summary]")
{
    check(R"(
for column, last in (("distance", 2), ("pixel_error", 0)):
    left, right = (summary[f"{column}_bin{side}"].values for side in ("", "_right"))
    decades = np.linspace(-4, last, 10 * (last + 4) + 1)
    assert np.allclose(left, np.append(0, 10**decades), rtol=1e-14, atol=0) and (left[1:] == right[:-1]).all()
    assert right[-1] == np.inf and f"{column}_bin_right" in summary[f"{column}_histogram"].coords
    seen = 0
    for where, cell, t, rows in cells():
        counts = cell[f"{column}_histogram"].values
        if t.sizes["row"] == 0 or (column == "distance" and where["task"] == "approximation"):
            assert (counts == 0).all() if t.sizes["row"] == 0 else np.isnan(counts).all()
            continue
        seen += 1
        expected = np.histogram(or_infinity(t[column]), np.append(left, np.inf))[0]
        assert (counts == expected).all() and counts.sum() == float(cell.trials), (where, counts, expected)
        assert (counts > 0).sum() > 5
    assert seen == (9 if column == "distance" else 11)
)");
}

TEST_CASE("scipy finds the same p-values in the pairs of trials", "[summary]")
{
    check(R"(
from scipy.stats import binomtest

with_pairs = 0
by_cell = {tuple(where.values()): t.set_coords("trial").swap_dims(row="trial") for where, _, t, _ in cells()}
for where, cell, _, _ in cells():
    here = by_cell[tuple(where.values())]
    adam = by_cell[(*list(where.values())[:-1], "adam")]
    numbers = np.intersect1d(here.trial, adam.trial)
    if where["method"] == "adam":
        for name in ("pairs", "pairs_both", "pairs_pixel_error_smaller", "mcnemar_p", "pixel_error_p"):
            assert np.isnan(cell[name]), (where, name)
        continue
    if len(numbers) == 0:
        assert float(cell.pairs) == float(cell.pairs_neither) == 0 and float(cell.mcnemar_p) == 1
        continue
    with_pairs += 1
    here, adam = here.sel(trial=numbers), adam.sel(trial=numbers)
    assert float(cell.pairs) == len(numbers)
    table = {(a, b): int(((here.success == a) & (adam.success == b)).sum()) for a in (0, 1) for b in (0, 1)}
    if where["task"] != "approximation":
        found = [float(cell["pairs_" + name]) for name in ("both", "method_only", "adam_only", "neither")]
        assert found == [table[1, 1], table[1, 0], table[0, 1], table[0, 0]], (where, found)
        assert min(found) > 0
        p = binomtest(table[1, 0], table[1, 0] + table[0, 1]).pvalue
        assert np.isclose(float(cell.mcnemar_p), p, rtol=1e-12, atol=0)
    smaller = int((or_infinity(here.pixel_error) < or_infinity(adam.pixel_error)).sum())
    larger = int((or_infinity(here.pixel_error) > or_infinity(adam.pixel_error)).sum())
    assert (float(cell.pairs_pixel_error_smaller), float(cell.pairs_pixel_error_larger)) == (smaller, larger)
    assert np.isclose(float(cell.pixel_error_p), binomtest(smaller, smaller + larger).pvalue, rtol=1e-12, atol=0)
assert with_pairs == 4, with_pairs
)");
}

// Both are Monte Carlo: the ends are held against the quantiles of scipy's resamples at 2.5 % and
// 97.5 % plus and minus 5 σ of the difference of two empirical probabilities.
TEST_CASE("scipy's bootstrap finds the intervals of the percentiles", "[summary]")
{
    check(R"(
from scipy.stats import bootstrap

def p75(values, axis):
    """75th percentile of the finite values, and of all."""
    ordered = np.sort(values, axis)
    def at(count):
        position = 0.75 * (np.maximum(count, 1) - 1)
        low, high = (np.take_along_axis(ordered, f(position).astype(int)[..., None], axis)[..., 0] for f in (np.floor, np.ceil))
        with np.errstate(invalid="ignore"):
            return np.where((low == high) | (position % 1 == 0), low, low + (position % 1) * (high - low))
    finite = np.isfinite(ordered).sum(axis)
    return np.stack([np.where(finite > 0, at(finite), np.nan), at(np.full(finite.shape, ordered.shape[axis]))])

resamples, seen = 10_000, 0
slack = 5 * np.sqrt(0.025 * 0.975 * (1 / 2000 + 1 / resamples))
for where, cell, t, _ in cells():
    if t.sizes["row"] == 0 or where["task"] == "approximation":
        continue
    seen += 1
    data = np.where(t.success == 1, t.first_hit, np.inf)
    if np.isfinite(data).any():
        assert np.isclose(p75(data, -1)[0], np.percentile(data[np.isfinite(data)], 75))
    with np.errstate(invalid="ignore"):
        drawn = bootstrap((data,), p75, n_resamples=resamples, method="percentile", vectorized=True, rng=len(data)).bootstrap_distribution
    for name, distribution in zip(("iterations_p75", "iterations_p75_censored"), drawn):
        distribution = distribution[~np.isnan(distribution)]
        for side, p in (("_low", 0.025), ("_high", 0.975)):
            end = float(cell[name + side])
            if not len(distribution):
                assert np.isnan(end), (where, name)
                continue
            at = lambda q, method: np.quantile(distribution, q, method=method)
            assert at(p - slack, "lower") <= end <= at(p + slack, "higher"), (where, name, side, end)
assert seen == 9, seen
)");
}

TEST_CASE("numpy and scipy find the data profiles in the trials", "[summary]")
{
    check(R"(
from scipy.stats import binomtest

limits = summary.evaluations.values
assert np.allclose(limits, 10 ** (np.arange(71) / 10), rtol=1e-14)
seen = 0
for where, cell, t, _ in cells():
    n = t.sizes["row"]
    for what, column in (("hits", "hit_evaluations"), ("goals", "goal_evaluations")):
        profile = cell[f"{what}_within"].values
        if n == 0 or (what == "hits" and where["task"] == "approximation"):
            assert np.isnan(profile).all(), where
            continue
        seen += 1
        counts = (t[column].values[:, None] <= limits).sum(0)  # never is NaN
        assert np.allclose(profile, counts / n, rtol=1e-15), where
        for count, low, high in zip(counts, *(cell[f"{what}_within_{end}"].values for end in ("low", "high"))):
            assert np.allclose([low, high], binomtest(int(count), n).proportion_ci(method="wilson"), rtol=1e-12, atol=1e-15)
    if n and where["task"] != "approximation":
        hits, goals = cell.hits_within.values[-1], cell.goals_within.values[-1]
        assert hits == float(cell.success_rate) and (goals < hits or hits == 0)
assert seen == 20, seen
)");
}

TEST_CASE("scipy finds what trainings say together", "[summary]")
{
    check(R"(
from scipy.stats import binomtest, t as student

pooled = xarray.open_dataset(path, group="pooled").load()
assert "training" not in pooled.dims and pooled.success_rate.dims == tuple(d for d in dims if d != "training")
assert float(pooled.trainings.sum()) == 11 and float(pooled.trainings.max()) == 2
for dim in pooled.success_rate.dims:  # cells without trials are there too
    assert (pooled[dim].values == summary[dim].values).all()

def interval(values, least, extra):
    n = len(values)
    spread = max(student.ppf(0.975, n - 1) * np.std(values, ddof=1), 1.959963984540054 * np.sqrt(least))
    return np.mean(values) + np.array([-1, 1]) * spread * np.sqrt(extra + 1 / n)

def rates(counts, n):
    z = np.arcsin(np.sqrt((counts + 0.375) / (n + 0.75)))
    least = np.mean(1 / (4 * n + 2))
    more = np.exp(-2 * max(0, np.var(z, ddof=1) - least))
    around, ahead = (np.clip(interval(z, least, extra), 0, np.pi / 2) for extra in (0, 1))
    plain, shifted = np.sin(around) ** 2, (1 - more * np.cos(2 * around)) / 2
    ends = np.array([[min(plain[0], shifted[0]), max(plain[1], shifted[1])], np.sin(ahead) ** 2])
    ends[:, 0] *= (counts > 0).any()
    return np.where([False, (counts == n).all()], 1, ends)

where = {"experiment": "table1", "task": "inversion", "model": "dcgan", "latent_dim": 5, "measurements": 784}
of = {(w["training"], w["method"]): (c, t.set_coords("trial").swap_dims(row="trial"))
      for w, c, t, _ in cells() if all(w[d] == v for d, v in where.items())}
limits = pooled.evaluations.values
for method in ("adam", "surfing"):
    cell = pooled.sel({**where, "method": method})
    parts = [of[training, method] for training in (1, 2)]
    n = np.array([t.sizes["trial"] for _, t in parts])
    k = np.array([int(t.success.sum()) for _, t in parts])
    assert float(cell.trainings) == 2 and float(cell.trials) == n.sum()
    assert np.isclose(float(cell.success_rate), (k / n).mean(), rtol=1e-14)
    around, ahead = rates(k, n)
    assert np.allclose([float(cell.success_low), float(cell.success_high)], around, rtol=1e-10)
    assert np.allclose([float(cell.success_next_low), float(cell.success_next_high)], ahead, rtol=1e-10)
    within = np.mean(k / n * (1 - k / n) / n)
    between = max(0, np.var(k / n, ddof=1) - within)
    assert np.allclose([float(cell.success_within), float(cell.success_between)], np.sqrt([within, between]), rtol=1e-10)
    p75 = np.log([float(c.iterations_p75) for c, _ in parts])
    assert np.isclose(float(cell.iterations_p75), np.exp(p75.mean()), rtol=1e-12)
    assert np.allclose([float(cell.iterations_p75_next_low), float(cell.iterations_p75_next_high)],
                       np.exp(interval(p75, 0, 1)), rtol=1e-10)
    means = [float(c.network_evaluations_mean) for c, _ in parts]
    assert np.isclose(float(cell.network_evaluations_mean), np.mean(means), rtol=1e-14)
    for i in (0, 25, 30, 70):
        counts = np.array([(t.hit_evaluations <= limits[i]).sum() for _, t in parts])
        assert np.isclose(float(cell.hits_within[i]), (counts / n).mean(), rtol=1e-14)
        assert np.allclose([float(cell.hits_within_low[i]), float(cell.hits_within_high[i])], rates(counts, n)[0],
                           rtol=1e-9, atol=1e-15)

surfing = pooled.sel({**where, "method": "surfing"})
method_only = sum(int(of[training, "surfing"][0].pairs_method_only) for training in (1, 2))
adam_only = sum(int(of[training, "surfing"][0].pairs_adam_only) for training in (1, 2))
assert (float(surfing.pairs_method_only), float(surfing.pairs_adam_only)) == (method_only, adam_only)
assert np.isclose(float(surfing.mcnemar_p), binomtest(method_only, method_only + adam_only).pvalue, rtol=1e-12)
differences = [float((c.pairs_method_only - c.pairs_adam_only) / c.pairs) for c, _ in (of[1, "surfing"], of[2, "surfing"])]
assert np.isclose(float(surfing.difference), np.mean(differences), rtol=1e-13)
def least(c):  # Agresti & Min 2005
    b, c, n = (float(c[name]) for name in ("pairs_method_only", "pairs_adam_only", "pairs"))
    return (b + c + 1 - (b - c) ** 2 / (n + 2)) / (n + 2) ** 2
around = interval(differences, np.mean([least(c) for c, _ in (of[1, "surfing"], of[2, "surfing"])]), 0)
assert np.allclose([float(surfing.difference_low), float(surfing.difference_high)], around, rtol=1e-10)

alone = pooled.sel({**where, "method": "restarts"})
assert float(alone.trainings) == 1 and np.isfinite(alone.success_rate)
for name in ("success_low", "success_next_high", "success_between", "iterations_p75_low", "difference_low"):
    assert np.isnan(alone[name]), name
assert np.isnan(alone.hits_within_low).all() and np.isfinite(alone.hits_within).all()
)");
}

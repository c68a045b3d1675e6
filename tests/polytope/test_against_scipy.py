"""Projections onto 10,000 random polytopes, feasible and empty, against scipy.

Least-distance programming reduces to one nonnegative least-squares problem, which also says whether
there is a point at all (Lawson & Hanson 1974, chapter 23): another method, and another's code.
"""

import os
import subprocess
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.optimize import nnls

SEED = 20261124
SMALL, MEDIUM, LARGE = 9_800, 190, 10
TOLERANCE = 1e-8
ROUNDING = 1e-12


@dataclass
class Case:
    """{x : Cx <= d - margin |c|}, and targets one after the other."""

    kind: str
    normals: np.ndarray
    offsets: np.ndarray
    empty: bool
    targets: np.ndarray = field(default=None)
    margin: float = 0.0

    def units(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of unit length, without zero ones."""
        lengths = np.linalg.norm(self.normals, axis=1)
        some = lengths > 0
        return self.normals[some] / lengths[some, None], self.offsets[some] / lengths[some] - self.margin


# --- Polytopes: each with a point in it, x, unless it is made empty ---


def around(rng, normals, slack=None):
    """Offsets for which a random x fulfils all rows, with |N(0, 1)| to spare."""
    x = rng.normal(size=normals.shape[1])
    spare = np.abs(rng.normal(size=len(normals))) if slack is None else slack
    return normals @ x + spare * np.linalg.norm(normals, axis=1), x


def gaussian(rng, k, rows):
    normals = rng.normal(size=(rows, k)) * 10.0 ** rng.uniform(-2, 2, size=(rows, 1))
    return normals, around(rng, normals)[0]


def duplicates(rng, k, rows):
    normals, offsets = gaussian(rng, k, rows)
    again, scale = rng.integers(rows, size=rows), rng.uniform(0.5, 2, size=rows)
    return np.vstack([normals, normals[again] * scale[:, None]]), np.append(offsets, offsets[again] * scale)


def zero_rows(rng, k, rows):
    normals, offsets = gaussian(rng, k, rows)
    zero = rng.random(rows) < 0.3
    normals[zero], offsets[zero] = 0, rng.choice([0.0, 1.0], size=zero.sum())
    return normals, offsets


def vertex(rng, k, rows):
    """Most rows pass through one point."""
    normals = rng.normal(size=(rows, k))
    return normals, around(rng, normals, np.where(rng.random(rows) < 0.8, 0.0, 1.0))[0]


def thin(rng, k, rows):
    """Pairs of rows that leave a gap: none, and then they are equations, or a small one."""
    normals, offsets = gaussian(rng, k, rows)
    pairs = rng.normal(size=(rng.integers(1, k + 1), k))
    upper, x = around(rng, pairs, np.zeros(len(pairs)))
    lower = -upper + rng.choice([0.0, 1e-9, 1e-3]) * np.linalg.norm(pairs, axis=1)
    offsets = np.maximum(offsets, normals @ x)
    return np.vstack([normals, pairs, -pairs]), np.concatenate([offsets, upper, lower])


def nearly_parallel(rng, k, rows):
    normals = rng.normal(size=(rows, k))
    close = normals[rng.integers(rows, size=rows)] + 10.0 ** rng.uniform(-5, -2) * rng.normal(size=(rows, k))
    normals = np.vstack([normals, close])
    return normals, around(rng, normals)[0]


def box(rng, k, rows):
    x = rng.normal(size=k)
    return np.vstack([np.eye(k), -np.eye(k)]), np.append(x + rng.integers(2, size=k), -x)


def unbounded(rng, k, rows):
    return gaussian(rng, k, rng.integers(1, k + 1))


def half_spaces(rng, k, rows):
    """Every row faces the same way, as far from bounded as can be."""
    normals = rng.normal(size=(rows, k)) * 0.2 + rng.normal(size=k)
    return normals, around(rng, normals)[0]


FEASIBLE = [gaussian, duplicates, zero_rows, vertex, thin, nearly_parallel, box, unbounded, half_spaces]


def contradict(rng, normals, offsets):
    """Adds rows whose sum, with positive weights, is 0 <= -gap; at most k + 1 of them."""
    k = normals.shape[1]
    count = rng.integers(1, k + 1)
    some, weights = rng.normal(size=(count, k)), rng.uniform(0.2, 1, size=count)
    bounds = rng.normal(size=count)
    gap = 10.0 ** rng.uniform(-3, 0)
    last = -weights @ some
    rows, values = np.vstack([normals, some, last]), np.concatenate([offsets, bounds, [-gap - weights @ bounds]])
    order = rng.permutation(len(rows))
    return rows[order], values[order]


def impossible_row(rng, normals, offsets):
    normals[0], offsets[0] = 0, -(10.0 ** rng.uniform(-3, 0))
    return normals, offsets


def make_case(rng, rows) -> Case:
    k = rng.integers(1, 21)
    make = FEASIBLE[rng.integers(len(FEASIBLE))]
    normals, offsets = make(rng, k, rows)
    case = Case(make.__name__, normals, offsets, empty=rng.random() < 0.25)
    if case.empty:
        spoil = impossible_row if rng.random() < 0.1 else contradict
        case.kind = spoil.__name__
        case.normals, case.offsets = spoil(rng, normals, offsets)
    elif make in (gaussian, duplicates, zero_rows, half_spaces) and rng.random() < 0.2:
        case.margin = 10.0 ** rng.uniform(-3, -1)
        case.offsets = case.offsets + case.margin * np.linalg.norm(case.normals, axis=1)
    # One target, then two that are near it, as in projected gradient.
    first = rng.normal(size=k) * rng.choice([0.1, 1.0, 10.0])
    case.targets = first + np.array([[0.0], [0.01], [0.1]]) * rng.normal(size=(3, k))
    return case


# --- Both answers ---


def answers(cases: list[Case]) -> list[np.ndarray]:
    """Of each case [targets x (2 + k)]: status, iterations and point, from the program."""
    parts = []
    for case in cases:
        shape = (case.normals.shape[1], len(case.normals), len(case.targets), case.margin)
        parts += [np.array(shape, float), case.normals, case.offsets, case.targets]
    given = b"".join(np.ascontiguousarray(part, float).tobytes() for part in parts)
    program = os.environ["SURF_PROJECT_POLYTOPES"]
    output = np.frombuffer(subprocess.run([program], input=given, stdout=subprocess.PIPE, check=True).stdout)
    sizes = [len(case.targets) * (2 + case.normals.shape[1]) for case in cases]
    assert len(output) == sum(sizes)
    chunks = np.split(output, np.cumsum(sizes)[:-1])
    return [chunk.reshape(len(case.targets), -1) for chunk, case in zip(chunks, cases, strict=True)]


def distance(normals: np.ndarray, offsets: np.ndarray, target: np.ndarray) -> float:
    """From the target to {x : normals x <= offsets}; infinite if that is empty."""
    excess = normals @ target - offsets
    if excess.max(initial=0) <= 0:
        return 0.0
    scale = excess.max()  # the distance is at least this
    k = len(target)
    right = np.append(np.zeros(k), 1.0)
    weights, length = nnls(np.vstack([-normals.T, excess / scale]), right, maxiter=100 * len(normals))
    residual = np.append(-normals.T @ weights, weights @ excess / scale) - right
    if length < 1e-7:
        return np.inf
    return scale * np.linalg.norm(residual[:k] / residual[k])


def complaints(case: Case, answer: np.ndarray) -> list[str]:
    """What is wrong with the answer to each target."""
    normals, offsets = case.units()
    found = []
    for target, (status, _, *point) in zip(case.targets, answer, strict=True):
        if status != (0 if case.empty else 1):
            found.append(f"{case.kind}: status {status}")
        elif case.empty:
            if case.kind != "impossible_row" and np.isfinite(distance(normals, offsets, target)):
                found.append(f"{case.kind}: scipy finds a point")
        else:
            expected = distance(normals, offsets, target)
            if expected == np.inf:  # where rows meet in one point alone, rounding can part them
                expected = distance(normals, offsets + ROUNDING, target)
            difference = np.linalg.norm(point - target) - expected
            excess = (normals @ point - offsets).max(initial=0)
            if not (abs(difference) < TOLERANCE and excess < TOLERANCE):
                found.append(f"{case.kind}: distance off by {difference}, excess {excess}")
    return found


def test_oracle_knows_a_box():
    normals, offsets = np.vstack([np.eye(2), -np.eye(2)]), np.array([1.0, 1.0, 0.0, 0.0])
    assert distance(normals, offsets, np.array([4.0, 5.0])) == pytest.approx(5, abs=1e-12)
    assert distance(normals, offsets, np.array([0.5, 1.0])) == 0
    assert distance(normals, offsets - 0.6, np.array([4.0, 5.0])) == np.inf


@pytest.mark.parametrize(
    ("count", "least", "most"), [(SMALL, 1, 150), (MEDIUM, 150, 3_000), (LARGE, 20_000, 20_000)]
)
def test_projections(count, least, most):
    rng = np.random.default_rng([SEED, count])
    sizes = np.exp(rng.uniform(np.log(least), np.log(most), size=count)).round().astype(int)
    for chunk in np.array_split(sizes, max(1, sizes.sum() // 200_000)):
        cases = [make_case(rng, rows) for rows in chunk]
        wrong = [text for case, answer in zip(cases, answers(cases)) for text in complaints(case, answer)]
        assert not wrong


def test_every_kind_is_drawn():
    rng = np.random.default_rng(SEED)
    cases = [make_case(rng, 10) for _ in range(500)]
    kinds = {make.__name__ for make in FEASIBLE} | {"contradict", "impossible_row"}
    assert {case.kind for case in cases} == kinds
    assert any(case.margin > 0 for case in cases)

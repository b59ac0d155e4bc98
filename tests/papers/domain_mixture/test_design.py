import itertools

import numpy as np
import pandas as pd
import pytest

from lmnotes.models.loglik import LikelihoodMatrix
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.zoo import mixtures
from lmnotes.papers.domain_mixture import (
    design,
    experiment,
    log_law,
    measures,
    readings,
    rules,
    significance,
)

NAMES = ("code", "news", "names", "legal")


def grid(n_domains: int, n: int) -> np.ndarray:
    """Every point of the simplex whose coordinates are multiples of 1/n."""
    points = itertools.product(range(n + 1), repeat=n_domains - 1)
    return np.array([[*p, n - sum(p)] for p in points if sum(p) <= n]) / n


def a_gap(n_each: int = 30, seed: int = 0, means=(0.4, 0.1, -0.2, 0.0)) -> design.Gap:
    draw = np.random.default_rng(seed)
    which = np.repeat(np.arange(4), n_each)
    n_bytes = draw.integers(40, 80, len(which))
    per_byte = np.array(means)[which] + 0.1 * draw.standard_normal(len(which))
    return design.Gap(per_byte * n_bytes, n_bytes, which, NAMES)


def some_changes(n: int = 120, seed: int = 1) -> np.ndarray:
    """Every domain helps its own texts most, and harms or helps others a little."""
    draw = np.random.default_rng(seed)
    own = 10 * (np.arange(n)[:, None] // (n // 4) == np.arange(4))
    return own + draw.normal(1.0, 2.0, (n, 4))


@pytest.mark.parametrize("seed", range(3))
def test_problems_against_a_grid(seed):
    draw = np.random.default_rng(seed)
    changes, direction = draw.normal(size=(30, 3)) + 2, draw.normal(size=30)
    points = grid(3, 100)
    moves = changes @ points.T
    moves, centred = moves - moves.mean(axis=0), direction - direction.mean()
    squares = ((moves - centred[:, None]) ** 2).sum(axis=0)
    weights = rules.least_squares(changes, direction)
    residual = (changes - changes.mean(axis=0)) @ weights - centred
    assert weights.min() >= 0 and weights.sum() == pytest.approx(1)
    assert residual @ residual <= squares.min() + 1e-9
    assert np.abs(weights - points[squares.argmin()]).max() < 0.02
    towards = changes @ [0.6, 0.3, 0.1] + draw.normal(size=30)
    cosines = [measures.cosine(changes @ p, towards) for p in points]
    weights = rules.cone(changes, towards)
    assert measures.cosine(changes @ weights, towards) >= max(cosines) - 1e-12
    scores = draw.normal(size=3)
    value = points @ scores - 0.7 * (points * np.log(np.maximum(points, 1e-300) * 3)).sum(axis=1)
    weights = rules.softmax(scores, 0.7)
    assert weights @ scores - 0.7 * (weights * np.log(weights * 3)).sum() >= value.max()


@pytest.mark.parametrize("rule", ["cone", "least squares"])
@pytest.mark.parametrize("weights", [(0.7, 0.3, 0, 0), (0.1, 0.2, 0.3, 0.4), (0, 0, 1, 0)])
def test_known_mixture_is_recovered(rule, weights):
    changes = some_changes()
    gap = a_gap()
    values = experiment.simulate(changes, weights, offset=-50.0)
    gap = design.Gap(values, gap.n_bytes, gap.which, NAMES)
    result = design.design(gap, rule, changes=changes)
    np.testing.assert_allclose(result, weights, atol=1e-8)


def test_recovery_gets_worse_with_noise():
    changes, weights = some_changes(), np.array([0.4, 0.3, 0.2, 0.1])
    errors = [
        np.mean(
            [
                measures.total_variation(
                    rules.cone(
                        changes, experiment.simulate(changes, weights, noise=noise, seed=seed)
                    ),
                    weights,
                )
                for seed in range(20)
            ]
        )
        for noise in (0.1, 0.5, 2.0)
    ]
    assert errors[0] < errors[1] < errors[2] and errors[0] < 0.1


@pytest.mark.parametrize("rule", ["domain mean", "aggregated", "single", "anti"])
def test_constant_per_byte_changes_nothing(rule):
    gap = a_gap()
    moved = design.Gap(gap.values + 0.8 * gap.n_bytes, gap.n_bytes, gap.which, NAMES)
    np.testing.assert_allclose(
        design.design(gap, rule, temperature=0.3),
        design.design(moved, rule, temperature=0.3),
        atol=1e-12,
    )


def test_limits_of_temperature():
    gap = a_gap()
    for rule in ("domain mean", "aggregated"):
        np.testing.assert_allclose(design.design(gap, rule, temperature=1e9), 0.25, atol=1e-6)
        np.testing.assert_allclose(
            design.design(gap, rule, temperature=1e-4), [1, 0, 0, 0], atol=1e-6
        )
    np.testing.assert_allclose(design.design(gap, temperature=np.inf), 0.25, atol=1e-12)
    anti = design.design(gap, "anti", temperature=0.2)
    assert anti.argmin() == 0 and anti.argmax() == 2
    np.testing.assert_array_equal(design.design(gap, "single"), [1, 0, 0, 0])


def test_equal_models_give_uniform_weights():
    gap = a_gap()
    gap = design.Gap(np.zeros(len(gap.values)), gap.n_bytes, gap.which, NAMES)
    for rule in ("domain mean", "aggregated", "pull", "cone", "anti"):
        result = design.design(gap, rule, changes=some_changes(), scores=np.zeros(4))
        np.testing.assert_allclose(result, 0.25, atol=1e-12)
    assert measures.kl_to(gap.values, gap.values) == 0


def test_aggregated_is_the_second_cumulant():
    """aggregated is near softmax of mean / T + variance / 2T^2 for normal differences."""
    gap = a_gap(n_each=20_000)
    temperature = 0.3
    means = gap.means
    spread = rules.domain_means((gap.per_byte - means[gap.which]) ** 2, gap.which, 4)
    near = rules.softmax(means / temperature + spread / (2 * temperature**2))
    result = design.design(gap, "aggregated", temperature=temperature)
    np.testing.assert_allclose(result, near, atol=2e-3)


def test_log_law_is_inverted():
    """The slope as temperature gives the mixture that a target was trained on."""
    draw = np.random.default_rng(0)
    slopes, best = np.array([0.1, 0.2, 0.3, 0.25]), np.array([2.0, 1, 3, 2])
    weights = draw.dirichlet(np.ones(4), 50)
    result = log_law.slopes(weights, best - slopes * np.log(weights), minimum=0.0)
    np.testing.assert_allclose(result, slopes, atol=1e-10)
    target = np.array([0.5, 0.1, 0.1, 0.3])
    difference = 0.2 * np.log(target / 0.25)  # losses of uniform less those of the target
    np.testing.assert_allclose(rules.softmax(difference, 0.2), target, atol=1e-12)


def a_matrix() -> LikelihoodMatrix:
    draw = np.random.default_rng(0)
    texts = pd.DataFrame({"domain": np.tile(NAMES, 5), "n_bytes": draw.integers(40, 80, 20)})
    models = pd.DataFrame({"model": ["base", "target", "other"]})
    return LikelihoodMatrix(-50 + 5 * draw.standard_normal((3, 20)), models, texts, "bos=always")


def test_gap_of_some_domains():
    L = a_matrix()
    difference = L.values[1] - L.values[0]
    gap = design.Gap.from_texts(L.texts, difference, ("legal", "code"))
    chosen = np.isin(L.texts["domain"], ["legal", "code"])
    np.testing.assert_allclose(gap.values, difference[chosen])
    labels = [gap.names[number] for number in gap.which]
    assert labels == L.texts["domain"][chosen].tolist()
    by_hand = [
        np.mean([v / b for v, b, d in zip(gap.values, gap.n_bytes, labels, strict=True) if d == n])
        for n in gap.names
    ]
    np.testing.assert_allclose(gap.means, by_hand)
    within = gap.values - rules.domain_means(gap.values, gap.which, 2)[gap.which]
    assert gap.between == pytest.approx(1 - within.var() / gap.values.var())


def test_kl_is_that_of_the_map():
    L = a_matrix()
    kl = maps.kl(maps.double_centre(L.values), "bits/byte", L.n_bytes)
    np.testing.assert_allclose(measures.kl_to(L.values[1], L.values, L.n_bytes), kl[1], atol=1e-12)


def test_nearness():
    L = a_matrix()
    n_texts, n_bytes = len(L.texts), L.n_bytes
    base, target = L.values[:2]

    def reading(values, exact=1.0):
        exact = np.full((1, n_texts, 1), exact)
        return readings.Reading(values[:, None], np.zeros((n_texts, 1)), exact)

    def near(values):
        about = (reading(target), 0, reading(base), reading(values), L.texts, NAMES)
        return readings.nearness(*about)

    before, half, there, below = map(near, (base, (base + target) / 2, target, target - 2.0))
    assert [there["kl_var"], below["kl_var"]] == pytest.approx([0, 0], abs=1e-12)
    assert half["kl_var"] == pytest.approx(before["kl_var"] / 4)
    assert half["domain_error"] == pytest.approx(before["domain_error"] / 2)
    assert below["offset"] == pytest.approx(np.mean(2.0 / n_bytes))  # kl_var is blind to it
    cosines = [row["cosine"] for row in (before, half, there, below)]
    assert cosines == pytest.approx([0, 1, 1, 1])
    assert there["exact_kl"] == pytest.approx(n_texts / n_bytes.sum() / np.log(2))
    last = readings.nearness(reading(target), 1, reading(base), reading(base), L.texts, NAMES)
    assert np.isnan(last["exact_kl"])


@pytest.mark.parametrize(("of_seeds", "of_texts"), [(0.1, 0.3), (0.01, 0.5), (0.1, 0.05)])
def test_intervals_cover(of_seeds, of_texts):
    """95 % intervals hold the weights of the true means in about 95 % of simulated worlds."""
    draw, n_worlds, n_seeds, which = np.random.default_rng(1), 60, 5, np.repeat(np.arange(4), 25)
    means = np.array([0.3, 0.1, -0.2, 0.0])
    truth, inside = rules.softmax(means, means.std()), []
    ones = np.ones(100)
    for _ in range(n_worlds):
        values = means[which] + of_texts * draw.standard_normal(100)
        values = values + of_seeds * draw.standard_normal((n_seeds, 4))[:, which]
        values = values + 0.05 * draw.standard_normal(values.shape)
        gaps = [design.Gap(row, ones, which, NAMES) for row in values]
        table = significance.intervals(gaps, n_bootstrap=30)
        inside.append((table["low"] <= truth) & (truth <= table["high"]))
    assert 0.88 <= np.mean(inside) <= 0.995


def test_intervals_table():
    gaps = [a_gap(seed=seed) for seed in range(3)]
    gaps = [design.Gap(gap.values, gaps[0].n_bytes, gap.which, NAMES) for gap in gaps]
    table = significance.intervals(gaps, n_bootstrap=20)
    assert table["domain"].tolist() == list(NAMES)
    mean = np.mean([design.design(gap) for gap in gaps], axis=0)
    np.testing.assert_allclose(table["weight"], mean)
    assert (table["low"] <= table["weight"]).all() and (table["high"] >= table["weight"]).all()
    again = significance.intervals(gaps, n_bootstrap=20)
    pd.testing.assert_frame_equal(table, again)
    alone = significance.intervals(gaps[:1], n_bootstrap=20)
    assert alone["sd_seeds"].isna().all() and (alone["high"] > alone["low"]).all()


def test_random_shares():
    first, again, other = (rules.random(4, seed) for seed in (1, 1, 2))
    assert first.sum() == pytest.approx(1) and (first == again).all() and (first != other).any()


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: design.design(a_gap(), "best"), "rule 'best' was given; expected one of"),
        (lambda: design.design(a_gap(), "cone"), "without changes"),
        (lambda: design.design(a_gap(), temperature=0), r"temperature 0(\.0)? was given"),
        (lambda: design.design(a_gap(), temperature="auto"), "expected 'sd' or a number"),
        (lambda: mixtures.shares([0.5, -0.1]), "none negative"),
        (lambda: rules.domain_means([1.0], np.array([0]), 2), r"have \[1, 0\] texts"),
        (
            lambda: rules.cone(np.ones((3, 2)), np.ones(4)),
            r"changes has shape \(3, 2\); expected \(4, K\)",
        ),
    ],
)
def test_bad_input(call, match):
    with pytest.raises(ValueError, match=match):
        call()

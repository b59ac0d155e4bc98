import numpy as np
import pandas as pd
import pytest

from lmnotes.papers.model_map import kl, kl_runs
from lmnotes.papers.model_map.kl_runs import Compared

DOMAINS = np.array(["a"] * 6 + ["b"] * 6)


@pytest.fixture(scope="module")
def group():
    rng = np.random.default_rng(0)
    given = rng.normal(-2, 1, (3, 12, 16)).astype(np.float32)
    given[1, :6] -= 0.5  # one model likes domain b more
    ratio, exact = rng.normal(1, [[[[[2.0]]]], [[[[0.3]]]]], (2, 3, 3, 5, 16)).astype(np.float32)
    apart = np.array([[0, 1, 3.0], [1, 0, 2], [3, 2, 0]])
    result = Compared(ratio, exact, given, rng.uniform(1, 2, (3, 3)))
    return kl_runs.Group(
        names=np.array(["x", "y", "z"]),
        labels=np.array(["x", "y", "z"]),
        mixture=np.array(["m", "m", "n"]),
        apart=apart,
        compared=result,
        domains=DOMAINS,
        length=16,
        spread=np.array([True, False, True]),
    )


def test_ends_are_the_nearest_and_the_farthest(group):
    assert group.ends() == [(0, 1), (0, 2)]
    assert group.ends([1, 2]) == [(1, 2)]


def test_tables_hold_what_the_comparison_says(group):
    table = group.by_length(0, 1)
    assert table.n_bytes.tolist() == [2, 4, 8, 16] and table.pair[0] == "x\ny"
    sums = {name: getattr(group.compared, name).sum(axis=-1) for name in ("exact", "ratio")}
    assert table.sampled[3] == pytest.approx(sums["exact"][0, 1].mean(), rel=1e-5)
    assert table.monte_carlo[3] == pytest.approx(sums["ratio"][0, 1].mean(), rel=1e-5)
    check = group.agreement()  # of the models that were spread: one pair
    assert check[["model", "other", "kind"]].to_numpy().tolist() == [["x", "z", "two mixtures"]]
    d = (group.compared.given[0] - group.compared.given[2]).sum(axis=1, dtype=float)
    assert check["map distance"][0] == pytest.approx(d.var() / 2)
    assert group.matrices["map distance"][0, 1] == check["map distance"][0]
    both = group.compared.conditional[0, 2] + group.compared.conditional[2, 0]
    assert check["next-byte KL"][0] == pytest.approx(both / 2)
    for name, values in (("sampled KL", sums["exact"]), ("Monte Carlo", sums["ratio"])):
        both = values[0, 2].mean() + values[2, 0].mean()
        assert check[name][0] == pytest.approx(both / 2, rel=1e-5)


def test_slopes_are_those_of_powers():
    n = np.array([16, 32, 64, 16, 32, 64])
    growth = pd.DataFrame({"n_bytes": n, "sampled": n / 9.0, "total": n**2.0, "within": n**1.5})
    growth = growth.assign(pair=list("aaabbb"))
    growth.loc[0, "sampled"] = -1.0  # a sampling error: the other pair is left
    assert kl_runs.slopes(growth) == pytest.approx({"sampled": 1, "total": 2, "within": 1.5})


def test_a_mixture_of_texts_runs_from_all_domains_to_one(group):
    given = group.compared.given
    even = kl.variance_kl(given[0], given[1], [2, 4, 8, 16], DOMAINS).total
    np.testing.assert_allclose(group.mixed(0, 1, "b", 0.0).total, even, rtol=1e-5)
    only = kl.variance_kl(given[0, 6:], given[1, 6:], [2, 4, 8, 16], DOMAINS[6:]).total
    np.testing.assert_allclose(group.mixed(0, 1, "b", 1.0).total, only, rtol=1e-5)
    assert group.mixed(0, 1, "b", 0.5).total[3] > only[3]

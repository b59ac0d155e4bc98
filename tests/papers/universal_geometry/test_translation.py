"""Word translation: each map against what it must recover, and CSLS against its definition."""

import numpy as np
import pytest

from lmnotes.papers.universal_geometry import translation
from lmnotes.words.ica import compare, solver


@pytest.fixture(scope="module")
def spaces():
    random = np.random.default_rng(0)
    return random.laplace(size=(300, 6)), solver.random_rotation(6, 1)


def test_each_method_recovers_its_own_kind_of_map(spaces):
    source, rotation = spaces
    general = np.random.default_rng(2).normal(size=(6, 6))
    permutation = np.eye(6)[[2, 0, 1, 5, 4, 3]]
    for method, truth in (
        ("least squares", general),
        ("procrustes", rotation),
        ("permutation", permutation),
    ):
        np.testing.assert_allclose(
            translation.learn(source, source @ truth, method), truth, atol=1e-9
        )


def test_csls_by_its_definition():
    random = np.random.default_rng(0)
    queries, targets, sources = (random.normal(size=(n, 4)) for n in (3, 7, 5))
    x, y, z = (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (queries, targets, sources))
    found = translation.csls(queries, targets, sources, k=2)
    for i in range(3):
        for j in range(7):
            near_x = np.mean(sorted(x[i] @ y.T)[-2:])
            near_y = np.mean(sorted(z @ y[j])[-2:])
            assert found[i, j] == pytest.approx(2 * x[i] @ y[j] - near_x - near_y, abs=1e-6)


def test_the_random_map_is_badly_conditioned():
    assert np.linalg.cond(translation.random_map(50, seed=0)) > 1000


def test_an_unknown_method_is_named(spaces):
    with pytest.raises(ValueError, match="least squares, procrustes, permutation"):
        translation.learn(spaces[0], spaces[0], "magic")


def test_ranks_count_the_better_targets():
    scores = np.array([[0.1, 0.9, 0.5], [0.8, 0.2, 0.3]])
    assert translation.ranks(scores, np.array([2, 1])).tolist() == [1, 2]


def test_ica_permutes_as_well_after_a_linear_map_and_procrustes_does_not():
    random = np.random.default_rng(0)
    sources = random.laplace(size=(600, 5)) ** 3
    vectors = [sources @ random.normal(size=(5, 5)), sources @ random.normal(size=(5, 5))]
    known = [compare.bases(x)["ICA"] for x in vectors]
    rows = (np.arange(600), np.arange(600))
    ranks = translation.alignment(vectors, rows, known=known, n_train=300, n_test=200)
    assert ranks.shape == (200, 10)
    right = (ranks == 0).mean()
    trained, mapped = translation.VERSIONS
    assert right[trained, "ICA, permuted"] > 0.9 and right[mapped, "ICA, permuted"] > 0.9
    assert right[mapped, "Procrustes"] < 0.5 and right[trained, "PCA, permuted"] < 0.5
    assert right[trained, "least squares"] > 2 * right[trained, "Procrustes"]

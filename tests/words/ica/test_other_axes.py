"""What ICA is compared with, and the measures of Figure 6 against their definitions."""

import numpy as np
import pandas as pd
import pytest

from lmnotes import statistics
from lmnotes.words.ica import components, decomposition, matching, other_axes, solver


@pytest.fixture(scope="module")
def vectors():
    random = np.random.default_rng(0)
    return random.standard_t(6, size=(4000, 8)) @ random.normal(size=(8, 8)) + 1


def test_pca_is_scikit_learns(vectors):
    from sklearn.decomposition import PCA

    theirs = PCA(whiten=True).fit_transform(vectors) * np.sqrt(len(vectors) / (len(vectors) - 1))
    ours = other_axes.pca(vectors)
    np.testing.assert_allclose(np.abs(ours.values), np.abs(theirs), atol=1e-8)
    assert (np.diff(ours.settings["variance"]) <= 0).all()
    assert (other_axes.pca(vectors, flip=True).skewness >= 0).all()


def test_a_rotation_keeps_the_coordinates_white(vectors):
    axes = other_axes.random(vectors, seed=1)
    np.testing.assert_allclose(axes.values.T @ axes.values / 4000, np.eye(8), atol=1e-8)
    np.testing.assert_allclose(axes.transform(vectors), axes.values, atol=1e-9)
    assert (np.diff(axes.skewness) <= 0).all()


def test_on_white_data_varimax_is_cubic_ica(vectors):
    white, rotation = other_axes.pca(vectors).values, solver.random_rotation(8, 0)
    for _ in range(3000):  # Varimax by its textbook steps
        y = white @ rotation
        left, _, right = np.linalg.svd(white.T @ (y**3 - y * np.mean(y * y, axis=0)))
        before, rotation = rotation, left @ right
        if np.abs(rotation - before).max() < 1e-12:
            break
    cubic = decomposition.fit(vectors, contrast="cube", tolerance=1e-7)
    by_sign = solver.solve(white, contrast="cube", signs=-1, tolerance=1e-7)
    for other in (cubic.values, white @ by_sign.rotation):
        assert matching.stability(white @ rotation, [other]).min() > 0.999


def test_the_rotation_between_two_bases(vectors):
    pca = other_axes.pca(vectors)
    turn = solver.random_rotation(8, 3)
    turned = other_axes.rotated(pca, turn, "turned", flip=False)
    np.testing.assert_allclose(other_axes.between(pca, turned), turn, atol=1e-10)
    weights = np.random.default_rng(1).integers(0, 9, len(vectors))
    weighted = other_axes.pca(vectors, weights=weights)
    turned = other_axes.rotated(weighted, turn, "turned", flip=False)
    np.testing.assert_allclose(other_axes.between(weighted, turned), turn, atol=1e-9)


def test_gaussianity_of_known_laws():
    random = np.random.default_rng(0)
    table = other_axes.gaussianity(
        np.column_stack([random.normal(size=400_000), random.exponential(size=400_000)])
    )
    assert table.loc[0].abs().max() < 0.02
    np.testing.assert_allclose(table.loc[1, ["skewness", "kurtosis"]], [2, 6], rtol=0.05)
    u = random.exponential(size=400_000) - 1
    logcosh = (np.log(np.cosh(u)).mean() - other_axes.LOGCOSH_OF_NORMAL) ** 2
    gauss = ((-np.exp(-(u**2) / 2)).mean() + np.sqrt(0.5)) ** 2
    np.testing.assert_allclose(table.loc[1, ["logcosh", "gaussian"]], [logcosh, gauss], rtol=0.05)


def test_a_constant_raw_column_is_named(vectors):
    with pytest.raises(ValueError, match="first column 2: drop them"):
        other_axes.raw(np.where(np.arange(8) == 2, 1.5, vectors))


def test_raw_columns_are_standardised(vectors):
    axes = other_axes.raw(vectors)
    np.testing.assert_allclose(axes.values.std(axis=0), 1)
    np.testing.assert_allclose(axes.transform(vectors), axes.values, atol=1e-9)


def test_weights_turn_and_order_the_other_axes_too(vectors):
    weights = np.random.default_rng(1).integers(0, 5, len(vectors))
    for axes in (
        other_axes.pca(vectors, weights=weights, flip=True),
        other_axes.random(vectors, weights=weights),
    ):
        skewness = components.skewness(np.repeat(axes.values, weights, axis=0))
        np.testing.assert_allclose(axes.skewness, skewness, rtol=1e-9)
        assert (axes.skewness >= 0).all()
    assert (np.diff(axes.skewness) <= 0).all()


def test_raw_columns_that_are_no_numbers_are_refused(vectors):
    with pytest.raises(ValueError, match="values not finite"):
        other_axes.raw(np.where(vectors > 5, np.nan, vectors))


def test_three_clouds_of_noise_do_not_settle_that_ica_finds_more_than_in_noise():
    ratios = []
    for seed in range(3):
        noise, other = np.random.default_rng(seed).normal(size=(2, 2000, 8))
        spaces = {"ICA": decomposition.fit(noise, max_iterations=100)}
        spaces |= {
            "PCA": other_axes.pca(noise),
            "noise": decomposition.fit(other, max_iterations=100),
        }
        curves = other_axes.gaussianity_curves(spaces)
        assert (other_axes.beyond(curves, ["PCA"])[["kurtosis", "logcosh", "gaussian"]] > 1).all()
        ratios.append(other_axes.beyond(curves, ["PCA", "noise"]))
    for measure, values in pd.DataFrame(ratios).items():
        _, (low, high) = statistics.over_seeds(values)
        assert low < 1 < high, measure


def test_axes_flatter_than_a_gaussian_count_as_far_from_it():
    curves = pd.DataFrame({"method": ["ICA", "PCA"], "axis": 0, "kurtosis": [-2.0, 0.5]})
    assert other_axes.beyond(curves, ["PCA"]).to_dict() == {"kurtosis": 4.0}

"""ICA as scikit-learn's estimators are: its own checks, and agreement with FastICA."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA, FastICA
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from lmnotes.words import ica
from lmnotes.words.embedding import Embedding
from lmnotes.words.ica import ICA

CANNOT_PASS = {
    "check_sample_weight_equivalence_on_dense_data": "its 27 rows have 30 columns, which cannot be "
    "whitened; on more rows than columns see test_weights_count_rows_as_repeats"
}


@parametrize_with_checks([ICA()], expected_failed_checks=lambda estimator: CANNOT_PASS)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def mixed():
    """Five independent spiky columns, mixed (3000, 5)."""
    random = np.random.default_rng(0)
    shapes = random.laplace(size=(3000, 5)) * np.array([1, 2, 3, 1, 1])
    shapes[:, :3] = random.gamma([0.3, 0.6, 1.5], size=(3000, 3))
    return shapes @ random.normal(size=(5, 5)) + 7


def test_it_is_the_fit_of_the_same_options(mixed):
    ours = ICA(tol=1e-6, fun="cube", random_state=3).fit(mixed)
    fitted = ica.fit(mixed, tolerance=1e-6, contrast="cube", seed=3)
    np.testing.assert_array_equal(ours.components_, fitted.unmixing.T)
    np.testing.assert_array_equal(ours.mean_, fitted.mean)
    np.testing.assert_allclose(ours.skewness_, fitted.skewness)
    assert ours.n_iter_ == fitted.n_iterations
    np.testing.assert_allclose(ours.transform(mixed), fitted.values, atol=1e-9)


def test_it_finds_the_axes_and_the_space_of_fast_ica(mixed):
    for k in (None, 3):
        ours = ICA(k, tol=1e-7).fit(mixed)
        theirs = FastICA(k, tol=1e-10, max_iter=1000, random_state=0).fit(mixed)
        assert ours.components_.shape == theirs.components_.shape
        assert ours.mixing_.shape == theirs.mixing_.shape
        assert ours.whitening_.shape == theirs.whitening_.shape
        np.testing.assert_allclose(ours.mean_, theirs.mean_)
        match = ours.components_ @ theirs.mixing_  # a permutation with signs
        best = np.abs(match).argmax(axis=1)
        assert sorted(best) == list(range(len(match)))
        expected = np.sign(match[range(len(match)), best])[:, None] * theirs.components_[best]
        np.testing.assert_allclose(ours.components_, expected, rtol=1e-3, atol=1e-3)
        back = ours.inverse_transform(ours.transform(mixed))
        theirs_back = theirs.inverse_transform(theirs.transform(mixed))
        np.testing.assert_allclose(back, theirs_back, atol=1e-6)
        if k is None:
            np.testing.assert_allclose(back, mixed, atol=1e-8)


def test_the_whitening_comes_before_a_rotation(mixed):
    fitted = ICA(3).fit(mixed)
    white = (mixed - fitted.mean_) @ fitted.whitening_.T
    np.testing.assert_allclose(white.T @ white / len(mixed), np.eye(3), atol=1e-9)
    rotation = fitted.components_ @ np.linalg.pinv(fitted.whitening_)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(rotation @ fitted.whitening_, fitted.components_, atol=1e-9)
    variance = 1 / (fitted.whitening_**2).sum(axis=1)  # of the principal components
    expected = np.linalg.eigvalsh(np.cov(mixed.T, bias=True))[::-1][:3]
    np.testing.assert_allclose(variance, expected, rtol=1e-9)


def test_weights_count_rows_as_repeats(mixed):
    times = np.random.default_rng(0).integers(0, 4, 800)
    weighted = ICA(tol=1e-9).fit(mixed[:800], sample_weight=times)
    repeated = ICA(tol=1e-9).fit(np.repeat(mixed[:800], times, axis=0))
    np.testing.assert_allclose(weighted.components_, repeated.components_, atol=1e-5)


def test_in_a_pipeline_and_a_search(mixed):
    third = ICA().fit_transform(mixed)[:, 2]
    labels = third > np.median(third)
    pipeline = make_pipeline(StandardScaler(), ICA(), LogisticRegression())
    search = GridSearchCV(pipeline, {"ica__n_components": [1, 5]}, cv=2).fit(mixed, labels)
    assert search.best_params_ == {"ica__n_components": 5} and search.best_score_ > 0.9
    weights = {"ica__sample_weight": np.ones(len(mixed))}
    assert pipeline.fit(mixed, labels, **weights).predict(mixed[:3]).shape == (3,)
    copied = clone(ICA(3, fun="cube", random_state=5))
    assert copied.get_params()["fun"] == "cube" and copied.random_state == 5
    with pytest.raises(NotFittedError):
        copied.transform(mixed)


def test_tables_keep_their_labels(mixed):
    table = pd.DataFrame(mixed, columns=list("abcde"), index=[f"w{i}" for i in range(3000)])
    fitted = ICA(2).set_output(transform="pandas")
    axes = fitted.fit_transform(table)
    assert axes.columns.tolist() == ["ica0", "ica1"] == fitted.get_feature_names_out().tolist()
    assert axes.index.equals(table.index) and fitted.feature_names_in_.tolist() == list("abcde")
    pd.testing.assert_frame_equal(fitted.transform(table), axes)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.transform(table.rename(columns={"a": "z"}))


def test_word_vectors_are_taken_as_they_are(mixed):
    vectors = Embedding([f"w{i}" for i in range(3000)], mixed.astype(np.float32))
    axes = ICA(tol=1e-5).fit_transform(vectors)
    np.testing.assert_array_equal(axes, ICA(tol=1e-5).fit_transform(vectors.input))
    # and every other estimator takes them as well
    np.testing.assert_array_equal(
        PCA(2).fit(vectors).components_, PCA(2).fit(vectors.input).components_
    )


def test_another_start_each_time_only_where_it_is_asked_for(mixed):
    short = {"max_iter": 1, "tol": 1e-12}
    with warnings.catch_warnings(action="ignore"):
        same, again = (ICA(**short).fit(mixed) for _ in range(2))
        first, second = (ICA(**short, random_state=None).fit(mixed) for _ in range(2))
        drawn = ICA(**short, random_state=np.random.RandomState(0)).fit(mixed)
    np.testing.assert_array_equal(same.components_, again.components_)
    assert not np.array_equal(first.components_, second.components_)
    assert not np.array_equal(same.components_, drawn.components_)


def test_a_run_that_was_cut_short_warns(mixed):
    with pytest.warns(ConvergenceWarning, match="stopped after 1 steps"):
        ICA(max_iter=1, tol=1e-12).fit(mixed)
    with pytest.raises(ValueError, match="n_components = 6 was given"):
        ICA(6).fit(mixed)

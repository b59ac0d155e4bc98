import sys

import numpy as np
import pandas as pd
import pytest

from lmnotes.models.loglik import LikelihoodMatrix


@pytest.fixture
def L():
    values = np.random.default_rng(0).normal(-600, 90, size=(6, 50))
    models = pd.DataFrame({"model": list("abcdef"), "family": list("xxyyzz")}, index=range(9, 15))
    texts = pd.DataFrame({"domain": ["p", "q"] * 25, "n_bytes": range(1, 51)})
    return LikelihoodMatrix(values, models, texts, "bos=always truncate=model dtype=float32", "abc")


def test_clip_raises_the_lowest_share_of_all_entries_pooled(L):
    clipped = L.clip(0.02)
    assert clipped.threshold == pytest.approx(np.quantile(L.values, 0.02))
    low = L.values < clipped.threshold
    assert low.sum() == 6  # 2 % of 300
    assert (clipped.values[low] == clipped.threshold).all()
    assert np.array_equal(clipped.values[~low], L.values[~low])
    assert L.threshold is None  # the old one is as it was
    assert np.array_equal(L.clip(0).values, L.values)


def test_a_frozen_threshold_clips_later_models_alike(L):
    old, new = L.select(models=range(4)), L.select(models=[4, 5])
    threshold = old.clip().threshold
    assert new.clip(threshold=threshold).threshold == threshold
    assert new.clip(threshold=threshold).values.min() >= threshold
    assert new.clip(threshold=threshold).threshold != new.clip().threshold


def test_clip_of_a_likelihood_of_zero(L):
    values = L.values.copy()
    values[0, :3] = -np.inf
    worse = LikelihoodMatrix(values, L.models, L.texts, L.rule)
    assert np.isfinite(worse.clip(0.02).values).all()
    with pytest.raises(ValueError, match=r"more than 0\.5% of the entries are -inf"):
        worse.clip(0.005)
    with pytest.raises(ValueError, match=r"share = 2 .*expected 0 to 1"):
        L.clip(2)


def test_select_keeps_labels_beside_their_numbers(L):
    clipped = L.clip()
    part = clipped.select(models=L.models["family"] == "y", texts=L.texts["domain"] == "q")
    assert part.values.shape == (2, 25) and part.threshold == clipped.threshold
    assert part.models["model"].tolist() == ["c", "d"] and part.models.index.tolist() == [0, 1]
    assert np.array_equal(part.values, clipped.values[2:4, 1::2])
    assert np.array_equal(part.n_bytes, np.arange(2, 51, 2)) and part.n_bytes.dtype == np.int64
    again = L.select(models=[5, 0, 5])
    assert again.models["model"].tolist() == ["f", "a", "f"]
    assert L.select(models=[]).values.shape == (0, 50)
    with pytest.raises(ValueError, match=r"mask of shape \(5,\)"):
        L.select(models=[True] * 5)
    with pytest.raises(ValueError, match="mask or positions"):
        L.select(models=["a"])


def test_it_is_an_array_for_numpy(L):
    assert np.asarray(L) is L.values
    assert np.asarray(L, dtype=np.float32).dtype == np.float32
    assert np.array(L, copy=True) is not L.values
    assert np.mean(L) == L.values.mean() and len(L) == 6


def test_what_does_not_fit_is_refused(L):
    with pytest.raises(ValueError, match=r"\(6, 49\) .* \(6, 50\)"):
        LikelihoodMatrix(L.values[:, 1:], L.models, L.texts, L.rule)
    with pytest.raises(ValueError, match="named `model`"):
        LikelihoodMatrix(L.values, L.models.rename(columns={"model": "name"}), L.texts, L.rule)
    for bad in (np.nan, np.inf):
        values = L.values.copy()
        values[2, 7] = bad
        with pytest.raises(ValueError, match="for model 'c' and text 7"):
            LikelihoodMatrix(values, L.models, L.texts, L.rule)
    with pytest.raises(ValueError, match="n_bytes"):
        _ = LikelihoodMatrix(L.values, L.models, L.texts[["domain"]], L.rule).n_bytes


def test_to_xarray_has_both_tables_as_coordinates(L):
    array = L.clip().to_xarray()
    assert array.dims == ("model", "text") and np.array_equal(array.values, L.clip().values)
    assert array.sel(model="c").sel(text=3).item() == L.clip().values[2, 3]
    assert array.coords["family"].dims == ("model",)
    assert array.groupby("domain").mean().sizes == {"model": 6, "domain": 2}
    assert array.attrs["unit"] == "nats" and array.attrs["threshold"] == L.clip().threshold


def test_without_xarray_it_says_how_to_get_it(L, monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(ImportError, match=r"pip install 'lmnotes\[xarray\]'"):
        L.to_xarray()

"""A map that grows: what stood there stays, and a later model comes where it belongs."""

from dataclasses import replace

import map_cases
import numpy as np
import pandas as pd
import pytest

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.models import stored_map
from lmnotes.models.ledger import released
from lmnotes.models.maps import coordinates, layout

QUICK = {"n_iterations": 1000, "perplexity": 8}


@pytest.fixture(scope="module")
def raw():
    """Forty models of twenty lineages, each with an id as a ledger has them."""
    raw = map_cases.made(40).raw
    ids = [f"content-{i:04d}" for i in range(40)]
    return replace(raw, models=raw.models.assign(id=ids, path="/somewhere/else", score=np.pi))


@pytest.fixture(scope="module")
def full(raw):
    return stored_map.draw(raw, **QUICK)


def _without(raw, *rows):
    return raw.select(models=np.setdiff1d(np.arange(len(raw)), rows))


def _same(first, second):
    return first.raw.values.tobytes() == second.raw.values.tobytes() and all(
        a.equals(b) for a, b in ((first.places, second.places), (first.table, second.table))
    )


def test_a_left_out_model_comes_back_near_to_where_the_whole_map_has_it(raw, full):
    """The stored map is the whole one less a model: what is left is the rule of placing alone."""
    width = np.ptp(full.places.to_numpy(), axis=0)[:2]
    moved, kept = [], []
    for left in range(0, 40, 3):
        rest = np.setdiff1d(np.arange(40), left)
        less = replace(full, raw=raw.select(models=rest), places=full.places.iloc[rest], n_first=39)
        grown = stored_map.add(less, raw.select(models=[left]))
        assert grown.places.iloc[:39].to_numpy().tobytes() == less.places.to_numpy().tobytes()
        name = f"m{left}"
        moved.append(abs(grown.places.loc[name] - full.places.loc[name]).iloc[:2] / width)
        near = [table[table.model == name].neighbour.iloc[0] for table in (grown.near, full.near)]
        apart = ((grown.places - grown.places.loc[name]).iloc[:, :2] ** 2).sum(axis=1)
        kept.append(near[0] == near[1] == apart.drop(name).idxmin())
    assert np.median(moved) < 0.03 and np.quantile(moved, 0.9) < 0.06  # shares of the map
    assert np.mean(kept) > 0.9


def test_the_pca_of_a_later_model_is_its_projection(raw):
    first = stored_map.draw(_without(raw, 5, 6), **QUICK)
    grown = stored_map.add(first, raw.select(models=[6, 5]))
    axes = np.linalg.svd(first.Q, full_matrices=False)[2]
    flat = grown.Q @ axes[:2].T / np.sqrt(grown.Q.shape[1])
    signs = np.sign((flat * grown.places[["PCA 1", "PCA 2"]]).sum(axis=0)).to_numpy()
    np.testing.assert_allclose(grown.places[["PCA 1", "PCA 2"]], flat * signs, atol=1e-9)
    later = np.maximum(raw.values[[5, 6]], first.threshold)
    means = coordinates.row_centre(first.raw.clip(threshold=first.threshold).values).mean(axis=0)
    assert np.array_equal(grown.Q[-2:], coordinates.row_centre(later) - means)


def test_the_order_in_which_models_come_makes_no_difference(raw):
    first = stored_map.draw(_without(raw, 3, 17, 30), **QUICK)
    together = stored_map.add(first, raw.select(models=[30, 3, 17]))
    assert together.names[-3:] == ["m17", "m3", "m30"] and together.table["added"].sum() == 3
    for order in ([3, 17, 30], [30, 17, 3]):
        grown = first
        for row in order:
            grown = stored_map.add(grown, raw.select(models=[row, 0]))  # m0 is there already
        assert _same(grown, together)


def test_a_copy_of_a_model_stands_on_it(raw, full):
    twin = raw.select(models=[8])
    twin = replace(twin, models=twin.models.assign(model="twin", id="content-twin"))
    grown = stored_map.add(full, twin)
    assert np.array_equal(grown.places.loc["twin"].iloc[:2], grown.places.loc["m8"].iloc[:2])
    np.testing.assert_allclose(grown.places.loc["twin"], grown.places.loc["m8"])


def test_what_is_opened_is_what_was_saved_and_goes_on_from_there(raw, full, tmp_path):
    first = stored_map.draw(_without(raw, 9), **QUICK)
    stored_map.save(first, tmp_path, {"versions": {"lmnotes": "0"}})
    assert _same(stored_map.open(tmp_path), first)
    grown = stored_map.add(stored_map.open(tmp_path), raw)
    stored_map.save(grown, tmp_path, {})
    assert _same(stored_map.open(tmp_path), grown)
    assert _same(grown, stored_map.add(first, raw))
    text = (tmp_path / "map.json").read_text()
    assert (
        "/somewhere" not in text
        and b"/somewhere" not in (tmp_path / "matrix.safetensors").read_bytes()
    )
    stored_map.save(first, tmp_path, {})  # as if it was killed before the record of the grown map
    (tmp_path / "matrix.safetensors").unlink()
    released.seal(grown.raw, tmp_path / "matrix.safetensors")
    assert _same(stored_map.open(tmp_path), first)
    store.write_text(tmp_path / "map.json", text[:-9])
    with pytest.raises(InputError, match="is no whole folder"):
        stored_map.open(tmp_path)


def test_what_does_not_belong_on_a_map_is_refused(raw, full):
    with pytest.raises(InputError, match="score them by the same texts and rule"):
        stored_map.add(full, replace(raw, rule="bos=never"))
    other = replace(raw, models=raw.models.assign(id="content-other"))
    with pytest.raises(InputError, match="has another model called 'm0'"):
        stored_map.add(full, other)
    with pytest.raises(InputError, match="two models are called 'm0'"):
        stored_map.draw(replace(raw, models=raw.models.assign(model="m0")))
    with pytest.raises(InputError, match="models on a map"):
        stored_map.draw(raw.select(models=[0]))


def test_the_tables_say_who_is_near(full, tmp_path):
    full.to_csv(tmp_path / "map.csv")
    table = pd.read_csv(tmp_path / "map.csv").set_index("model")
    assert np.array_equal(table[["x", "y", "pca_x", "pca_y"]], full.places)
    rest = full.distance[7].copy()
    rest[7] = np.inf
    assert table.loc["m7", "neighbour_1"] == f"m{rest.argmin()}"
    assert table.loc["m7", "distance_5"] == np.sort(rest)[4]
    full.to_parquet(tmp_path / "map.parquet")
    rows = pd.read_parquet(tmp_path / "map.parquet")
    assert rows["neighbors"][7]["ids"].tolist() == np.argsort(rest, kind="stable")[:5].tolist()
    assert rows["neighbors"][7]["distances"].tolist() == np.sort(rest)[:5].tolist()


def test_the_likelihoods_are_in_netcdf_with_what_is_known_of_models_and_texts(raw, tmp_path):
    xarray = pytest.importorskip("xarray")
    about = raw.models.assign(**{"n_parameters": 7_000_000_000, "my words": ["a", None] * 20})
    kept = stored_map.draw(replace(raw, models=about), **QUICK)
    kept.to_netcdf(tmp_path / "map.nc")
    with xarray.open_dataarray(tmp_path / "map.nc") as read:
        assert read.dims == ("model", "text") and read.attrs["unit"] == "nats"
        assert np.array_equal(read.values, raw.values)
        assert float(read.coords["n_parameters"][3]) == 7e9
        assert read.coords["my_words"].values[:2].tolist() == ["a", ""]


def test_layouts_are_only_added_to_by_models_of_the_same_texts(full):
    with pytest.raises(InputError, match="score them on the same texts"):
        layout.add(full.places, full.Q, np.ones((1, 3)), ["x"])

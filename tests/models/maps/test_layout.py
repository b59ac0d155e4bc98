import numpy as np
import pandas as pd
import pytest

from lmnotes.errors import InputError
from lmnotes.models.maps import coordinates, layout, projection


@pytest.fixture
def Q():
    return coordinates.double_centre(np.random.default_rng(0).normal(0, 9, (12, 30)))


def test_places_are_computed_once_and_are_those_of_the_projections(Q, monkeypatch):
    names = [f"m{i}" for i in range(12)]
    places = layout.build(Q, names, n_iterations=250)
    monkeypatch.setattr(projection, "tsne", None)  # a second call needs none
    assert layout.build(Q, names, n_iterations=250).equals(places)
    assert list(places.columns) == list(layout.COLUMNS) and list(places.index) == names
    flat = places[["PCA 1", "PCA 2"]].to_numpy()
    gaps = flat[0] - flat[1]
    # two components of the root mean square of the difference over texts
    assert 0 < gaps @ gaps <= ((Q[0] - Q[1]) ** 2).mean()


def test_other_models_or_settings_are_other_places(Q, monkeypatch):
    names = [f"m{i}" for i in range(12)]
    first = layout.build(Q, names, n_iterations=250)
    assert not layout.build(Q + np.eye(12, 30), names, n_iterations=250).equals(first)
    assert not layout.build(Q, names, n_iterations=250, perplexity=2).equals(first)


def test_a_map_is_turned_onto_another_by_the_models_they_share():
    rng = np.random.default_rng(1)
    reference = pd.DataFrame(rng.normal(size=(6, 2)), index=list("abcdef"))
    turn = np.array([[0.6, 0.8], [0.8, -0.6]])  # a rotation and a reflection
    places = pd.DataFrame(reference.to_numpy() @ turn + [3, -1], index=reference.index)
    turned = layout.onto(places.iloc[::-1], reference.iloc[:4])
    assert np.allclose(turned.loc[reference.index], reference)
    distance = np.linalg.norm(places.loc["a"] - places.loc["f"])
    assert np.isclose(np.linalg.norm(turned.loc["a"] - turned.loc["f"]), distance)


def test_maps_without_a_common_model_are_refused():
    places = pd.DataFrame(np.eye(2), index=["a", "b"])
    with pytest.raises(InputError, match="share 0"):
        layout.onto(places, places.set_axis(["c", "d"]))


def test_a_map_goes_on_from_where_it_is_told_to(Q):
    start = np.random.default_rng(2).normal(size=(12, 2))
    same = projection.tsne(Q, n_iterations=250, perplexity=3, start=start)
    assert np.array_equal(same, projection.tsne(Q, n_iterations=250, perplexity=3, start=start))
    assert not np.allclose(same, projection.tsne(Q, n_iterations=250, perplexity=3))

"""Tables keep their labels through the functions of maps, and the numbers are those of arrays."""

import numpy as np
import pandas as pd
import pytest

from lmnotes.errors import InputError
from lmnotes.models.maps import (
    coordinates,
    labels,
    layout,
    prediction,
    projection,
    relatives,
    resample,
    robustness,
)

M, N = 5, 12
MODELS, TEXTS = pd.Index(list("edcba"), name="model"), pd.Index([f"t{s}" for s in range(N)])
TABLE = pd.DataFrame(np.random.default_rng(0).normal(-50, 9, (M, N)), MODELS, TEXTS)
FLAT = TABLE.iloc[:, :2]
KL = coordinates.kl(TABLE)
DRAW = resample.draw(np.full(N, 1 / N), 9)
KIN = relatives.kin(list(MODELS), ["", "e", "", "c", ""])


def each(prefix, n=2):
    return [f"{prefix} {k + 1}" for k in range(n)]


@pytest.mark.parametrize(
    ("function", "table", "more", "columns"),
    [
        (coordinates.row_centre, TABLE, {}, TEXTS),
        (coordinates.double_centre, TABLE, {}, TEXTS),
        (coordinates.centre_within, TABLE, {"groups": ["p", "q"] * 6}, TEXTS),
        (coordinates.kl, TABLE, {}, MODELS),
        (coordinates.kl, TABLE, {"unit": "bits/byte", "n_bytes": pd.Series([9] * N)}, MODELS),
        (coordinates.primary_domain, TABLE, {"domains": ["p", "q"] * 6}, None),
        (projection.pca, TABLE, {}, each("PCA")),
        (projection.pca, TABLE, {"k": 3}, each("PCA", 3)),
        (projection.classical_mds, KL, {}, each("MDS")),
        (projection.tsne, TABLE, {"n_iterations": 250}, each("t-SNE")),
        (layout.procrustes, FLAT, {"reference": FLAT * 2 + 1}, FLAT.columns),
        (resample.coordinates, TABLE, {"weights": np.arange(1.0, N + 1)}, TEXTS),
        (resample.squared_distances, TABLE, {}, MODELS),
        (resample.distances, TABLE, {"drawn": DRAW}, MODELS),
        (relatives.neighbours, KL, {"kin": KIN, "k": 2}, None),
        (relatives.separation, KL, {"kin": KIN}, None),
        (robustness.top_share, TABLE, {}, None),
        (robustness.kurtosis, TABLE, {}, None),
        (robustness.relative_error, TABLE, {}, None),
    ],
)
def test_a_table_keeps_its_labels_and_an_array_stays_one(function, table, more, columns):
    plain = function(np.ascontiguousarray(table), **more)
    assert type(plain) is np.ndarray
    first = function.__wrapped__.__code__.co_varnames[0]
    for made in (function(table, **more), function(**{first: table}, **more)):
        assert isinstance(made, pd.Series if columns is None else pd.DataFrame)
        assert np.array_equal(made.to_numpy(), plain, equal_nan=plain.dtype.kind == "f")
        assert made.index.equals(MODELS) and made.index.name == "model"
        assert columns is None or list(made.columns) == list(columns)


@pytest.mark.parametrize("function", [resample.fourth_powers, resample.importance])
def test_numbers_of_texts_have_their_ids(function):
    made = function(coordinates.double_centre(TABLE))
    assert made.index.equals(TEXTS)
    plain = coordinates.double_centre(np.ascontiguousarray(TABLE))
    assert np.array_equal(made, function(plain))


def test_names_come_from_the_index():
    table = coordinates.nearest(KL, k=1)
    assert table.equals(coordinates.nearest(KL.to_numpy(), list(MODELS), k=1))
    assert table.neighbour[0] == KL.loc["e"].drop("e").idxmin()
    assert coordinates.nearest(KL.to_numpy(), k=1).model.tolist() == list(range(M))


def test_two_tables_have_the_same_rows():
    other = FLAT.iloc[::-1]
    for call in (
        lambda: layout.procrustes(FLAT, other),
        lambda: robustness.agreement(KL, KL.iloc[::-1, ::-1]),
        lambda: prediction.ridge(TABLE, pd.DataFrame({"task": range(M)}, MODELS[::-1])),
    ):
        with pytest.raises(InputError, match=r"e, d, c \.\.\. and a, b, c .* same rows"):
            call()
    assert robustness.agreement(KL, KL * 2, n=9)[0] == pytest.approx(1)


def test_a_series_of_the_same_labels_is_in_their_order():
    domains = pd.Series(["p", "q"] * 6, TEXTS)
    tasks = pd.Series(np.arange(5.0), MODELS)
    for call in (
        lambda: coordinates.centre_within(TABLE, domains[::-1]),
        lambda: coordinates.primary_domain(TABLE, domains=domains[::-1]),
        lambda: prediction.ridge(TABLE, tasks[::-1]),
    ):
        with pytest.raises(
            InputError, match=r"a Series was given in the order .*that of the table"
        ):
            call()
    plain = coordinates.centre_within(TABLE, list(domains))
    for same in (domains, domains.reset_index(drop=True)):
        assert coordinates.centre_within(TABLE, same).equals(plain)


def test_a_table_with_words_is_refused_and_missing_cells_are_named_as_such():
    with pytest.raises(InputError, match=r"\['family'\] hold words.*index"):
        coordinates.kl(TABLE.assign(family="x"))
    with pytest.raises(InputError, match="1 of 60 values not finite"):
        coordinates.kl(TABLE.astype("Float64").mask(TABLE.iloc[0, 0] == TABLE))
    assert labels.numbers(pd.DataFrame({"x": [True, False]})).tolist() == [[1.0], [0.0]]

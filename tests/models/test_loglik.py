import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lmnotes.errors import InputError
from lmnotes.models import maps
from lmnotes.models.loglik import LikelihoodMatrix, MapInput
from lmnotes.text import chunks


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
    with pytest.raises(ValueError, match="names, a mask or positions"):
        L.select(models=[0.5])


def test_select_by_names_and_domains(L):
    L = replace(L, texts=L.texts.assign(text_id=[f"id{n}" for n in range(50)]))
    assert L.select(models=["f", "a", "f"]).models["model"].tolist() == ["f", "a", "f"]
    assert np.array_equal(L.select(models="c").values, L.values[[2]])
    part = L.select(models=pd.Series(["b"]), texts=["id9", "id4", "id7"], domains="q")
    assert part.texts["text_id"].tolist() == ["id9", "id7"]
    assert np.array_equal(part.values, L.values[1:2, [9, 7]])
    assert L.select(domains=["q", "p"]).texts.equals(L.texts)
    assert L.select(texts=range(10), domains=["p"]).texts["text_id"].tolist() == [
        *("id0", "id2", "id4", "id6", "id8")
    ]
    with pytest.raises(InputError, match=r"models has no 'gpt'.*did you mean 'gpt2'"):
        replace(L, models=pd.DataFrame({"model": ["gpt2", *"bcdef"]})).select(models=["gpt"])
    with pytest.raises(InputError, match=r"domain 'r' .* p, q"):
        L.select(domains="r")
    with pytest.raises(InputError, match="no column `domain`"):
        replace(L, texts=L.texts.drop(columns="domain")).select(domains="p")
    twins = replace(L, models=pd.DataFrame({"model": list("abcaef")}))
    assert np.array_equal(twins.select(models=["a"]).values, L.values[[0, 3]])


def test_a_table_goes_out_and_comes_back(L):
    table = L.to_frame()
    assert table.shape == L.shape == (6, 50)
    assert table.index.tolist() == list("abcdef") and table.index.name == "model"
    assert table.columns.tolist() == list(range(50)) and table.columns.name == "text"
    named = replace(L, texts=L.texts.assign(text_id=[f"id{n}" for n in range(50)]))
    assert named.to_frame().loc["c", "id7"] == L.values[2, 7]
    back = LikelihoodMatrix.from_frame(named.to_frame(), L.rule, named.texts)
    assert np.array_equal(back.values, L.values) and back.texts.equals(named.texts)
    assert back.models["model"].tolist() == list("abcdef") and back.rule == L.rule
    own = LikelihoodMatrix.from_frame(named.to_frame())
    assert own.texts["text_id"].tolist() == named.texts["text_id"].tolist()
    assert np.array_equal(maps.kl(own.to_frame()).to_numpy(), maps.kl(L.values))
    assert isinstance(maps.kl(L), np.ndarray)
    with pytest.raises(InputError, match=r"columns id9, id8, id7 .* in their order"):
        LikelihoodMatrix.from_frame(named.to_frame().iloc[:, 9::-1], texts=named.texts[:10])
    with pytest.raises(InputError, match="hold words"):
        LikelihoodMatrix.from_frame(table.assign(family="x"))
    twice = replace(L, texts=L.texts.assign(text_id="same"))
    assert twice.to_frame().columns.tolist() == list(range(50))


def test_a_text_set_gives_its_id(L):
    texts = chunks.load(["one text", "and another"], minimum=1)
    table = pd.DataFrame([[-1.0, -2.0]], ["m"], texts.table["text_id"])
    made = LikelihoodMatrix.from_frame(table, texts=texts)
    assert made.text_set == texts.content_id and made.n_bytes.tolist() == [8, 11]


def test_differences_are_labelled_and_go_on_to_a_map(L):
    L = replace(L, texts=L.texts.assign(text_id=[f"id{n}" for n in range(50)]))
    other = replace(L, values=L.values - np.arange(50))
    difference = L - other
    assert difference.index.tolist() == list("abcdef") and difference.columns[3] == "id3"
    assert np.array_equal(difference.to_numpy(), L.values - other.values)
    turned = other.select(models=list("fedcba"), texts=range(49, -1, -1))
    assert (L - turned).equals(difference)
    base = L - L.select(models=["b"])
    assert np.array_equal(base.to_numpy(), L.values - L.values[1])
    assert np.array_equal(
        maps.kl(maps.row_centre(base)), maps.kl(maps.row_centre(np.ascontiguousarray(base)))
    )
    for number in (3, L.values[1], L.values.mean(axis=1, keepdims=True), other.values):
        assert np.array_equal((L - number).to_numpy(), L.values - number)
    assert np.array_equal(L - L.to_frame().loc["b"], base)


def test_differences_of_what_does_not_fit_are_refused(L):
    for other in (replace(L, rule="bos=never"), replace(L, text_set="d"), L.clip()):
        with pytest.raises(InputError, match="texts, rule and threshold"):
            L - other
    low = L.values.copy()
    low[0, 0] = -np.inf
    low = replace(L, values=low)
    parts = (L.select(models=list("abcde")), L.select(texts=range(49)))
    for left, right in ((L, parts[0]), (L, parts[1]), (parts[0], L), (parts[1], L), (low, low)):
        with pytest.raises(InputError, match="the same models or one"):
            left - right
    with pytest.raises(InputError, match="the same models or one"):
        L - L.to_frame().mean(axis=1)  # its labels are those of the models
    with pytest.raises(ValueError, match="50"):
        L - np.zeros(3)


@pytest.mark.parametrize("ids", [None, ["id0", "id0", *(f"id{n}" for n in range(2, 50))]])
def test_texts_without_names_of_their_own_are_never_paired_by_their_places(L, ids):
    """The published set holds some texts twice, so that its columns are numbered."""
    L = L if ids is None else replace(L, texts=L.texts.assign(text_id=ids))
    with pytest.raises(InputError, match="the same models or one, texts"):
        L.select(texts=[0, 1, 9]) - L.select(texts=[0, 1, 10])
    assert np.array_equal(L - L.select(["b"]), L.values - L.values[1])


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


def test_it_shows_itself_in_a_line_and_ten_rows(L):
    assert repr(L) == f"LikelihoodMatrix: 6 models x 50 texts, nats ({L.rule})"
    many = L.select(models=np.arange(240) % 6).clip(threshold=-700)
    assert "240 models x 50 texts, nats, clipped at -700 (" in repr(many)
    page = many._repr_html_()
    assert page.count("<tr") == 13 and len(page) < 6_000  # names twice, 5 rows, dots, 5 rows
    assert "<th>a</th>" in page and f"{many.values[-1, -1]:.4g}" in page
    assert repr(MapInput(L, 0.02)) == "MapInput: raw (6, 50), clip_share 0.02"
    assert MapInput(L, 0.02)._repr_html_() == f"<div>{MapInput(L, 0.02)!r}</div>"
    assert "not whole" in repr(LikelihoodMatrix.__new__(LikelihoodMatrix))

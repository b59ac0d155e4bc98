"""Tables that the figures are drawn from, against sums by hand."""

import numpy as np
import pandas as pd
import pytest

from lmnotes.papers.cosine_similarity import readings, study
from lmnotes.text import corpus
from lmnotes.words import baselines, similarity

PAIR = ["word1", "word2"]


def test_the_axes_of_a_pair_sum_to_its_cosine_in_every_basis(space):
    table = readings.axes_of_pair(space, PAIR)
    first, second = (space.ids[word] for word in PAIR)
    sums = table[table.vector == "word1 × word2"].groupby("basis").value.sum()
    assert np.allclose(sums, space.unit["ICA"][first] @ space.unit["ICA"][second])
    assert table.axis.min() == 1 and len(table) == 3 * 3 * 8
    wide = readings.five_axes(table)
    assert len(wide) == 5 and wide.shape[1] == 1 + 2 * 3
    best = table[(table.basis == "ICA") & (table.vector == "word1")].iloc[0]
    star = "*" if best.significant else ""
    assert wide["ICA, word1"][0] == f"{best.value:.3f}{star} {best.meaning.split(',')[0]}"


def test_the_parts_of_a_cosine_are_all_of_it(space):
    table = readings.decomposition(space, "word3")
    row = space.ids["word3"]
    for (basis, other), part in table.groupby(["basis", "word"]):
        assert len(part) == 6
        cosine = space.unit[basis][row] @ space.unit[basis][space.ids[other]]
        assert part.value.sum() == pytest.approx(cosine)
    assert "word3" not in set(table.word)


def test_an_ablation_keeps_the_cosine_on_straight_lines(space):
    table = readings.ablation(space, PAIR)
    unit, first = space.unit["ICA"], space.ids[PAIR[0]]
    expected = table.x + table.y * unit[first, table.attrs["axis"]]
    assert np.allclose(expected, table["cosine before"]) and np.allclose(
        expected, unit @ unit[first]
    )
    assert 10 <= table.nearest.sum() <= 20 and not table.nearest[first]
    assert (space.listed | ~table.nearest).all()


def test_queries_name_their_axes_and_list_ten_words(space):
    table = readings.queries(space, ["word1", "no word", "word5"])
    assert (table.groupby("axes").size() == 10).all() and table["axes"].nunique() == 6
    assert table.cosine.between(-1, 1).all()


def test_leads_are_differences_of_scores(space):
    pairs = np.random.default_rng(0).integers(300, size=(60, 2))
    target = np.random.default_rng(1).normal(size=60)
    table = similarity.agreement(space.unit, pairs, target, [1, 8]).assign(n_covered=60)
    printed = {"benchmark": ["w", "w"], "n_axes": [1, 1], "basis": ["ICA", "PCA"]}
    printed = pd.DataFrame(printed | {"published": [0.5, 0.2]})
    leads = readings.leads({"w": table, "cosine": table}, printed)
    assert len(leads) == 4 and (leads.low <= leads.lead).all() and (leads.lead <= leads.high).all()
    assert leads[leads.n_axes == 8].lead.abs().max() < 1e-9  # all bases have the same cosine
    assert leads.set_index(["rival", "n_axes"]).published.dropna().to_dict() == {
        ("PCA", 1): pytest.approx(0.3)
    }
    none = readings.leads({"cosine": table}, printed)
    assert len(none) == 2 and none.lead.isna().all()
    scores = readings.scores({"w": table, "cosine": table})
    assert list(scores.p) == [1, 8] and "w, ICA" in scores
    beside = readings.beside(table.assign(published=np.where(table.basis == "ICA", 0.5, np.nan)))
    assert list(beside) == ["p", "ICA", "PCA", "random rotation", "ICA, paper"]


def test_the_knob_moves_kurtosis_and_no_cosine(space):
    turns = {"ICA": similarity.geodesic(space.bases["PCA"].values, space.bases["ICA"].values)}
    knob = readings.knob(space, turns, np.random.default_rng(0).integers(300, size=(2, 50)), 0)
    assert knob["largest change of a cosine"].max() < 1e-9
    assert knob["excess kurtosis"].iloc[-1] > knob["excess kurtosis"].iloc[0]


def test_a_pair_that_lacks_a_word_gives_way_to_frequent_top_words(space):
    assert space.known(PAIR) == PAIR
    first, second = space.known(["word1", "nobody"])
    assert {first, second} <= set(space.top(0, n=10)) and space.ids[first] < space.ids[second]
    assert all(space.listed[space.ids[word]] for word in space.top(3, "PCA"))


def test_a_novel_is_cut_into_pieces_which_halves_share_out():
    novel = corpus.from_texts(["a b c d e f g"])
    pieces = study.in_pieces(novel, n_tokens=2)
    assert pieces.offsets.tolist() == [0, 2, 4, 6, 7] and pieces.n_documents == 4
    assert sum(half.n_tokens for half in baselines.halves(pieces)) == 7

"""Comparison of two spaces, and the spaces that are compared."""

import numpy as np
import pytest

from lmnotes.text import corpus
from lmnotes.words import alternatives, universality


@pytest.fixture(scope="module")
def comparison():
    random = np.random.default_rng(0)
    sources = random.laplace(size=(3000, 6)) ** 3
    noise = random.normal(size=(2, 3000, 6)) * 0.5
    views = [(sources + n) @ random.normal(size=(6, 6)) for n in noise]
    first, second = (universality.bases(view, seed=4) for view in views)
    return universality.compare(
        "views",
        {name: space.values for name, space in first.items()},
        {name: space.values for name, space in second.items()},
        n_shuffles=9,
    )


def test_shared_axes_are_found_by_ica_only(comparison):
    assert comparison.n_shared("ICA") == 6
    assert comparison.held_out["ICA"].mean() > comparison.held_out["PCA"].mean() + 0.2
    table = comparison.summary.set_index("method")
    assert table.p["ICA"] == 0.1 and table.loc["ICA", "null, largest r"] < 0.2


def test_the_table_has_a_row_per_method_and_rank(comparison):
    assert len(comparison.table) == 3 * 6
    ica = comparison.table[comparison.table.method == "ICA"]
    assert (np.diff(ica.r) <= 0).all() and (ica.r > ica.shuffled).all()


@pytest.fixture(scope="module")
def small():
    random = np.random.default_rng(0)
    words = np.array([f"w{i}" for i in range(30)])
    return corpus.from_texts([" ".join(random.choice(words, 200)) for _ in range(10)])


def test_halves_share_no_document_and_lose_none(small):
    first, second = alternatives.halves(small)
    assert first.n_tokens + second.n_tokens == small.n_tokens
    assert first.n_documents == second.n_documents == 5
    assert first.content_id != second.content_id


def test_ppmi_vectors_are_the_best_approximation_of_ppmi(small, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    found = alternatives.ppmi_svd(small, dim=5, window=2, min_count=1)
    from lmnotes.words import information

    counts = information.cooccurrence_rows(small, np.arange(30), window=2).toarray()
    with np.errstate(divide="ignore"):
        pmi = np.log(counts * counts.sum() / np.outer(counts.sum(axis=1), counts.sum(axis=0)))
    left, size, _ = np.linalg.svd(np.maximum(pmi, 0))
    expected = left[:, :5] * np.sqrt(size[:5])
    signs = np.sign((expected * found.input).sum(axis=0))
    np.testing.assert_allclose(found.input * signs, expected, atol=0.01)


def test_cbow_is_gensims_and_comes_back_the_same(small, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "a"))
    first = alternatives.cbow(small, dim=4, epochs=2, min_count=1)
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "b"))
    again = alternatives.cbow(small, dim=4, epochs=2, min_count=1)
    assert first.words == again.words and len(first) == 30
    np.testing.assert_array_equal(first.input, again.input)


def test_untrained_vectors_are_small_and_random(small):
    like = alternatives.Embedding(list("ab"), np.zeros((2, 8), np.float32))
    found = alternatives.untrained(like)
    assert np.abs(found.input).max() <= 0.5 / 8 and found.input.std() > 0
    words = [["a", "b"], ["b", "c"], ["a", "c"]] * 4
    vectors = alternatives.untrained_document_vectors(words, dim=3)
    np.testing.assert_allclose(vectors[:3], vectors[3:6])


def test_a_dictionary_pairs_the_rows_that_both_know(tmp_path):
    path = tmp_path / "en-es.txt"
    path.write_text("cat gato\ndog\tperro\ncat gata\n")
    pairs = alternatives.read_dictionary(path)
    first, second = alternatives.paired_rows({"cat": 1, "dog": 0}, {"gato": 5, "gata": 6}, pairs)
    assert first.tolist() == [1, 1] and second.tolist() == [5, 6]
    with pytest.raises(ValueError, match="the other way round"):
        alternatives.paired_rows({"gato": 0}, {"cat": 0}, pairs)
    path.write_text("cat gato\none two three\n")
    with pytest.raises(ValueError, match="line 2"):
        alternatives.read_dictionary(path)
    with pytest.raises(ValueError, match="share none"):
        universality.word_pairs(["a"], ["b"])

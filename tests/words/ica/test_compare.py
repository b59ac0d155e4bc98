"""Comparison of two spaces, and the spaces that are compared."""

import numpy as np
import pytest

from lmnotes.text import corpus
from lmnotes.words import baselines, embedding
from lmnotes.words.embedding import Embedding
from lmnotes.words.ica import compare, matching


@pytest.fixture(scope="module")
def comparison():
    random = np.random.default_rng(0)
    sources = random.laplace(size=(3000, 6)) ** 3
    noise = random.normal(size=(2, 3000, 6)) * 0.5
    views = [(sources + n) @ random.normal(size=(6, 6)) for n in noise]
    first, second = (compare.bases(view, seed=4) for view in views)
    return compare.compare_bases(
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
    first, second = baselines.halves(small)
    assert first.n_tokens + second.n_tokens == small.n_tokens
    assert first.n_documents == second.n_documents == 5
    assert first.content_id != second.content_id


def test_ppmi_vectors_are_the_best_approximation_of_ppmi(small, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    paired = baselines.ppmi_svd(small, dim=5, window=2, min_count=1)
    from lmnotes.words import information

    counts = information.cooccurrence_rows(small, np.arange(30), window=2).toarray()
    with np.errstate(divide="ignore"):
        pmi = np.log(counts * counts.sum() / np.outer(counts.sum(axis=1), counts.sum(axis=0)))
    left, size, _ = np.linalg.svd(np.maximum(pmi, 0))
    expected = left[:, :5] * np.sqrt(size[:5])
    signs = np.sign((expected * paired.input).sum(axis=0))
    np.testing.assert_allclose(paired.input * signs, expected, atol=0.01)


def test_cbow_is_gensims_and_comes_back_the_same(small, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "a"))
    first = baselines.cbow(small, dim=4, epochs=2, min_count=1)
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "b"))
    again = baselines.cbow(small, dim=4, epochs=2, min_count=1)
    assert first.words == again.words and len(first) == 30
    np.testing.assert_array_equal(first.input, again.input)


def test_untrained_vectors_are_small_and_random(small):
    like = embedding.Embedding(list("ab"), np.zeros((2, 8), np.float32))
    paired = baselines.untrained(like)
    assert np.abs(paired.input).max() <= 0.5 / 8 and paired.input.std() > 0
    words = [["a", "b"], ["b", "c"], ["a", "c"]] * 4
    vectors = baselines.untrained_document_vectors(words, dim=3)
    np.testing.assert_allclose(vectors[:3], vectors[3:6])


def test_a_dictionary_pairs_the_rows_that_both_know(tmp_path):
    path = tmp_path / "en-es.txt"
    path.write_text("cat gato\ndog\tperro\ncat gata\n")
    pairs = baselines.read_dictionary(path)
    first, second = baselines.paired_rows({"cat": 1, "dog": 0}, {"gato": 5, "gata": 6}, pairs)
    assert first.tolist() == [1, 1] and second.tolist() == [5, 6]
    with pytest.raises(ValueError, match="the other way round"):
        baselines.paired_rows({"gato": 0}, {"cat": 0}, pairs)
    path.write_text("cat gato\none two three\n")
    with pytest.raises(ValueError, match="line 2"):
        baselines.read_dictionary(path)
    with pytest.raises(FileNotFoundError, match="two words per line"):
        baselines.read_dictionary(tmp_path / "none.txt")
    with pytest.raises(ValueError, match="share none"):
        compare.word_pairs(["a"], ["b"])


def test_bases_of_an_embedding_are_those_of_its_vectors():
    random = np.random.default_rng(0)
    vectors = random.exponential(size=(90, 3)).astype(np.float32)
    words, counts = [f"w{n}" for n in range(90)], np.arange(90, 0, -1)
    made = compare.bases_of(Embedding(words, vectors, None, counts), min_count=11, seed=2)
    plain = compare.bases(vectors[:80], seed=2)
    for name, each in made.items():
        np.testing.assert_allclose(each.values, plain[name].values, atol=1e-6)
        assert each.words == words[:80] and each.counts.tolist() == counts[:80].tolist()
    without = compare.bases_of(Embedding(words, vectors, None, None), min_count=11)
    assert len(without["ICA"]) == 90


def test_a_caption_names_the_runs_that_stopped_short():
    vectors = np.random.default_rng(0).laplace(size=(300, 4))
    hasty, whole = (compare.bases(vectors, max_iterations=n)["ICA"] for n in (1, 500))
    said = compare.unsettled({"a": whole, "b": hasty})
    assert said.startswith(" b: ICA of 300 vectors") and "stopped after 1 steps" in said
    assert "a:" not in said and compare.unsettled({"a": whole}) == ""


def test_tokens_of_one_word_stay_together():
    # 40 words with 50 tokens each, the spaces unrelated: shuffled tokens would take the axes of
    # 2,000 pairs for shared; shuffled words show that 40 are behind them
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 50)
    first = random.normal(size=(40, 3))[groups]
    second = random.normal(size=(40, 3))[groups] + 0.1 * random.normal(size=(2000, 3))
    paired = compare.compare_bases("tokens", {"ICA": first}, {"ICA": second}, groups=groups)
    alone = compare.compare_bases("tokens", {"ICA": first}, {"ICA": second})
    assert alone.nulls["ICA"].top < 0.15 < 0.3 < paired.nulls["ICA"].top
    assert alone.n_shared("ICA") == 2 and paired.n_shared("ICA") == 0
    rows = compare.shuffled_rows(groups, n_shuffles=2)[1]
    assert all(len(np.unique(groups[rows][groups == word])) == 1 for word in range(40))
    assert sorted(np.unique(groups[rows])) == list(range(40))


def test_weights_and_repeated_pairs_are_the_same():
    random = np.random.default_rng(1)
    a, b = random.normal(size=(2, 200, 2))
    times = random.integers(1, 4, 200)
    rows = np.repeat(np.arange(200), times)
    weighted = compare.compare_bases("w", {"x": a}, {"x": b}, weights=times, groups=np.arange(200))
    repeated = compare.compare_bases("w", {"x": a[rows]}, {"x": b[rows]}, groups=rows)
    np.testing.assert_allclose(weighted.held_out["x"], repeated.held_out["x"], atol=1e-12)
    np.testing.assert_allclose(weighted.nulls["x"].r, repeated.nulls["x"].r, atol=1e-12)


def test_a_null_needs_shuffles():
    values = {"ICA": np.random.default_rng(0).normal(size=(20, 2))}
    with pytest.raises(ValueError, match="n_shuffles = 0 was given; expected at least 1"):
        compare.compare_bases("", values, values, n_shuffles=0)


def test_nulls_by_group_are_those_of_the_shuffled_rows():
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(60), random.integers(1, 5, 60))
    weights = random.uniform(0.5, 2, len(groups))
    a, b = random.normal(size=(60, 4))[groups], random.normal(size=(len(groups), 5))
    options = {"weights": weights, "groups": groups, "n_shuffles": 3, "seed": 5}
    fast = compare.compare_bases("x", {"ICA": a}, {"ICA": b}, **options).nulls["ICA"]
    order = np.random.default_rng(5).permutation(60)
    train = np.flatnonzero(np.isin(groups, order[:30]))
    shuffles = compare.shuffled_rows(groups[train], n_shuffles=3, seed=5)
    for r, rows in zip(fast.r, shuffles, strict=True):
        slow = matching.match(a[train][rows], b[train], weights=weights[train])
        np.testing.assert_allclose(r, slow.r, atol=1e-12)


def test_ica_of_gaussian_clouds_leads_neither_pca_nor_random_axes():
    random = np.random.default_rng(2)
    views = random.normal(size=(2, 1500, 8)), random.normal(size=(2, 1500, 8))
    sides = [compare.bases_by_seed(x, seed=n, max_iterations=30) for n, x in enumerate(views)]
    rows = [(np.arange(1500), np.arange(1500))] * 2
    runs = compare.compare_by_seed("noise", *sides, rows, n_shuffles=20)
    assert [len(run.nulls["ICA"].r) for run in runs] == [20, 20]
    for run in runs:
        (mean, (low, high)), best = run.lead(), max(run.held_out[m].mean() for m in compare.RIVALS)
        assert mean == pytest.approx(run.held_out["ICA"].mean() - best) and low < 0 < high
        assert run.shared_lead() <= 1
    table = compare.over_seeds(runs).set_index("method")
    r = [run.held_out["PCA"].mean() for run in runs]
    assert table.loc["PCA", "mean r, held out"] == pytest.approx(np.mean(r))
    assert table.least["ICA"] <= table.most["ICA"] and len(table) == 4


def test_random_axes_of_one_cloud_are_shared_as_well_and_take_the_lead_away():
    # second moments alone: any axes of a linear image match, so nothing is due to ICA
    random = np.random.default_rng(3)
    x = random.normal(size=(2000, 6))
    sides = [compare.bases_by_seed([x], seed=1, max_iterations=30) for _ in range(2)]
    (run,) = compare.compare_by_seed("twice", *sides, [(np.arange(2000),) * 2], n_shuffles=19)
    assert run.n_shared("random rotation") == run.n_shared("ICA") == 6
    assert run.shared_lead() == 0 and run.lead()[0] == pytest.approx(0, abs=1e-12)


def test_a_comparison_shows_what_it_holds_by_name():
    random = np.random.default_rng(4).normal(size=(20, 2))
    run = compare.compare_bases(
        "toy", {"ICA": random, "PCA": random}, {"ICA": random, "PCA": random}
    )
    assert repr(run).startswith(
        "Comparison: name 'toy', n_pairs 20, matchings of ICA, PCA, nulls of"
    )

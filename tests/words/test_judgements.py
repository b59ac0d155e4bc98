import numpy as np
import pytest
import scipy.stats

from lmnotes.words.embedding import Embedding
from lmnotes.words.judgements import read_pairs, similarity


def test_by_hand(tmp_path):
    (tmp_path / "toy.csv").write_text(
        "Word 1,Word 2,Human\na,b,9\na,c,5\nA,d,1\na,absent,3\na,zero,4\n"
    )
    vectors = Embedding(
        ["a", "b", "c", "d", "zero"],
        np.array([[1, 0], [5, 1], [1, 1], [1, 1.5], [0, 0]], np.float32),
    )
    result = similarity(vectors, tmp_path / "toy.csv")
    assert (result.name, result.n_covered, result.n_pairs) == ("toy", 3, 5)
    assert result.spearman == pytest.approx(1.0)
    np.testing.assert_allclose(
        result.pairs.cosine, [5 / 26**0.5, 0.5**0.5, 1 / 3.25**0.5, np.nan, np.nan]
    )
    vectors.input[1] = [-1, 0]  # now the first pair is the farthest: ranks 1 2 3 against 3 1 2
    assert similarity(vectors, tmp_path / "toy.csv").spearman == pytest.approx(-0.5)


def test_too_few_pairs_have_no_correlation():
    result = similarity(Embedding(["tiger", "cat"], np.eye(2, dtype=np.float32)), "wordsim353")
    assert np.isnan(result.spearman)
    assert result.n_covered == 2  # tiger with cat, tiger with tiger


@pytest.mark.parametrize(("name", "n_pairs"), [("wordsim353", 353), ("simlex999", 999)])
def test_the_installed_benchmarks(name, n_pairs):
    pairs = read_pairs(name)
    assert len(pairs) == n_pairs
    assert pairs.human.between(0, 10).all()
    rng = np.random.default_rng(0)
    words = sorted({word.lower() for word in [*pairs["first"], *pairs["second"]]})
    vectors = Embedding(words, rng.normal(size=(len(words), 20)).astype(np.float32))
    result = similarity(vectors, name)
    assert result.n_covered == n_pairs
    slow = [
        1 - scipy.spatial.distance.cosine(vectors.vector(a.lower()), vectors.vector(b.lower()))
        for a, b in zip(pairs["first"], pairs["second"], strict=True)
    ]
    assert result.spearman == pytest.approx(scipy.stats.spearmanr(slow, pairs.human).statistic)


def test_the_published_layout_of_simlex(tmp_path):
    path = tmp_path / "SimLex-999.txt"
    path.write_text("word1\tword2\tPOS\tSimLex999\tconc\nold\tnew\tA\t1.58\t2.72\n")
    assert read_pairs(path).values.tolist() == [["old", "new", 1.58]]


def test_bad_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected wordsim353, simlex999 or the path"):
        read_pairs("wordsim")
    path = tmp_path / "bad.tsv"
    path.write_text("a\tb\t1\na\tc\n")
    with pytest.raises(ValueError, match=r"line 2: found 'a\\tc'; expected two words and a number"):
        read_pairs(path)
    path.write_text("nothing\n")
    with pytest.raises(ValueError, match="no pair in 1 lines"):
        read_pairs(path)

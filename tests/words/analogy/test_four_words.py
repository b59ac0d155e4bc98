"""Analogies on vectors that solve them exactly, and against 3CosAdd written out."""

import numpy as np
import pandas
import pytest
import scipy.stats

from lmnotes.words.analogy import four_words

WORDS = ["man", "woman", "king", "queen", "tea"]
VALUES = np.array([[1, 0, 0, 0.1], [1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 0.1], [-1, 0, 0, 1.0]])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "questions.txt"
    path.write_text(": family\nman woman king queen\nMan Woman Prince Princess\n: empty\n")
    return path


def test_questions_with_a_missing_word_are_left_out_and_counted(file):
    questions = four_words.read_questions(WORDS, file)
    assert questions.d.tolist() == ["queen"] and questions.attrs["n_questions"] == 2
    assert questions[["row_a", "row_b", "row_c", "row_d"]].to_numpy().tolist() == [[0, 1, 2, 3]]
    assert four_words.read_questions(WORDS, file, limit=3).empty
    with pytest.raises(ValueError, match="no analogy question"):
        four_words.score({"x": VALUES}, four_words.read_questions(WORDS, file, limit=3), [1])
    with pytest.raises(FileNotFoundError, match="Google's"):
        four_words.read_questions(WORDS, file.with_name("none"))


def test_google_s_file_is_found():
    questions = four_words.read_questions(["boy", "girl", "brother", "sister"])
    assert questions.attrs["n_questions"] == 19544
    assert {"boy", "girl"} <= set(questions.a) | set(questions.b)


def test_the_exact_analogy_is_solved_with_all_axes(file):
    questions = four_words.read_questions(WORDS, file)
    table = four_words.score({"x": VALUES}, questions, [4])
    assert table.accuracy[0] == 1 and table.low[0] < 1 and table.high[0] == 1


def test_answers_against_3cosadd_written_out():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 8))
    rows = np.array([rng.permutation(60)[:4] for _ in range(40)])
    for row in rows[:20]:  # make half of them solvable
        values[row[3]] = values[row[1]] - values[row[0]] + values[row[2]]
    questions = pandas.DataFrame(rows, columns=["row_a", "row_b", "row_c", "row_d"])
    right = four_words.answer(values, questions, [2, 8])
    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    for (a, b, c, d), known in zip(rows, right, strict=True):
        query = values[b] - values[a] + values[c]
        query = query / np.linalg.norm(query)
        for p, is_right in zip((2, 8), known, strict=True):
            sums = {
                w: sum(sorted(unit[w] * query, reverse=True)[:p])
                for w in range(60)
                if w not in (a, b, c)
            }
            assert is_right == (max(sums, key=sums.get) == d)
    assert right[:, 1].any()


def test_questions_that_share_a_pair_are_not_counted_apart():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(80, 6))
    # 20 pairs; those of the first ten have their partners at one distance, and answer each other
    values[20:30] = values[:10] + rng.normal(size=6)
    pairs = [(a, a + 20) for a in range(20)]
    rows = [(*one, *two) for one in pairs for two in pairs if one != two]
    questions = pandas.DataFrame(rows, columns=["row_a", "row_b", "row_c", "row_d"])
    table = four_words.score({"x": values}, questions, [6])
    wilson = scipy.stats.binomtest(int(table.accuracy[0] * 380 + 0.5), 380).proportion_ci(
        method="wilson"
    )
    assert table.high[0] - table.low[0] > 1.5 * (wilson.high - wilson.low)

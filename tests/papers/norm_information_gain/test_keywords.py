from collections import Counter

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from lmnotes.notebook import card
from lmnotes.papers.norm_information_gain import keywords
from lmnotes.papers.norm_information_gain.keywords import KeyedDocument
from lmnotes.text import corpus

# 12 tokens, a 5, b 3, c 2, d 1, e 1; a third is 4, so V' = {a}; 8 of 12 make {a, b}
TOKENS = ["a", "b", "a", "c", "b", "a", "d", "a", "c", "a", "b", "e"]


def test_context_vocabulary_stops_when_it_first_reaches_the_share():
    counts = np.array([5, 3, 2, 1, 1])
    assert keywords.context_vocabulary(counts).tolist() == [0]
    assert keywords.context_vocabulary(counts, share=5 / 12).tolist() == [0]  # reached exactly
    assert keywords.context_vocabulary(counts, share=0.42).tolist() == [0, 1]
    assert keywords.context_vocabulary(counts, share=1.0).tolist() == [0, 1, 2, 3, 4]


def test_scores_by_hand():
    table = keywords.score(TOKENS, window=1, share=8 / 12).set_index("word")
    assert table["count"].to_dict() == {"a": 5, "b": 3, "c": 2, "d": 1, "e": 1}
    # V' = {a, b}, p = (5/8, 3/8). Beside c stand a, b and a, a: p(.|c) = (3/4, 1/4), 4 in all.
    kl = 0.75 * np.log(0.75 / 0.625) + 0.25 * np.log(0.25 / 0.375)
    assert table.count_kl["c"] == pytest.approx(2 * kl)
    entropy = -0.75 * np.log(0.75) - 0.25 * np.log(0.25)
    assert table.count_entropy["c"] == pytest.approx(2 * entropy)
    assert table.chi_squared["c"] == pytest.approx((3 - 2.5) ** 2 / 2.5 + (1 - 1.5) ** 2 / 1.5)
    # Beside e stands b alone; beside d a and a.
    assert table.count_kl["e"] == pytest.approx(np.log(8 / 3))
    assert table.count_kl["d"] == pytest.approx(np.log(8 / 5))
    assert table.count_entropy[["d", "e"]].tolist() == [0, 0]


def test_a_word_without_context_scores_nothing():
    table = keywords.score(["x", "a", "a", "a"], window=1, share=0.1).set_index("word")
    assert table.count_kl["x"] == 0  # p(.|x) = p, as V' = {a}
    alone = keywords.score(["x"])
    assert alone[["count_kl", "count_entropy", "chi_squared"]].to_numpy().tolist() == [[0, 0, 0]]


def test_scores_equal_a_slow_count():
    rng = np.random.default_rng(0)
    tokens = [f"w{i}" for i in np.minimum(rng.geometric(0.08, 400), 30)]
    table = keywords.score(tokens, window=10).set_index("word")
    counts = Counter(tokens)
    first = list(dict.fromkeys(tokens))
    context, covered = [], 0
    for word in sorted(first, key=lambda word: -counts[word]):
        if covered >= len(tokens) / 3:
            break
        context.append(word)
        covered += counts[word]
    reference = np.array([counts[word] for word in context]) / covered
    for word in first:
        near = Counter(
            tokens[j]
            for i, token in enumerate(tokens)
            if token == word
            for j in range(max(0, i - 10), min(len(tokens), i + 11))
            if j != i
        )
        seen = np.array([near[other] for other in context], float)
        assert table.count_kl[word] == pytest.approx(
            counts[word] * scipy.stats.entropy(seen, reference)
        )
        assert table.count_entropy[word] == pytest.approx(counts[word] * scipy.stats.entropy(seen))
        chi_squared = scipy.stats.chisquare(seen, seen.sum() * reference).statistic
        assert table.chi_squared[word] == pytest.approx(chi_squared)


def test_ranks_by_hand():
    # by count: a 1, b 2, c 3, d 4, then e and f in some order
    tokens = ["a"] * 6 + ["b"] * 5 + ["c"] * 4 + ["d"] * 3 + ["e"] * 1 + ["f"] * 1
    keys = [["c"], ["b", "d"], ["absent"], ["a", "absent"]]
    table = keywords.evaluate([KeyedDocument("one", tokens, keys)]).set_index("score")
    assert table.reciprocal_rank["count"] == pytest.approx(1 / 3)  # c, before the pair at rank 4
    assert table.precision_at_5["count"] == pytest.approx(2 / 5)
    every = [[x] for x in "abcd"] + [["a", "b"], ["b", "c"], ["c", "d"], ["a", "d"]]
    table = keywords.evaluate([KeyedDocument("one", tokens, every)]).set_index("score")
    assert table.precision_at_5["count"] == pytest.approx(8 / 5)  # more than 1, as the paper has it
    fifth = [*tokens, "e"]  # now e is alone at rank 5, f at 6
    table = keywords.evaluate([KeyedDocument("one", fifth, [["e"], ["f"]])]).set_index("score")
    assert table.precision_at_5["count"] == table.reciprocal_rank["count"] == 1 / 5
    table = keywords.evaluate([KeyedDocument("one", tokens, [["absent"]])])
    assert not table[["reciprocal_rank", "precision_at_5"]].to_numpy().any()


def test_keys_and_text_are_stemmed_and_repeated_keys_count_once():
    tokens = ["networks", "networking", "network", "other"]
    keys = [["network"], ["networks"]]
    table = keywords.evaluate([KeyedDocument("one", tokens, keys)]).set_index("score")
    assert table.reciprocal_rank["count"] == 1
    assert table.precision_at_5["count"] == pytest.approx(1 / 5)


def test_equal_scores_are_in_the_same_random_order_for_every_score():
    document = KeyedDocument("one", [f"w{i}" for i in range(300)], [["w0"]])
    table = keywords.evaluate([document], window=0)  # no context: each word scores the same
    by_score = table.set_index("score").reciprocal_rank
    assert by_score["count"] == by_score["count_entropy"] == by_score["chi_squared"] < 1
    assert keywords.evaluate([document], window=0).equals(table)


def test_summary_means_and_intervals():
    documents = [
        KeyedDocument(f"d{i}", ["a"] * 3 + ["b"] * 2 + ["c"], [["abc"[i % 3]]]) for i in range(30)
    ]
    evaluated = keywords.evaluate(documents, window=2)
    table = keywords.summary(evaluated, n_resamples=400).set_index("score")
    mean = 100 * (1 + 1 / 2 + 1 / 3) / 3
    assert table.mrr_x100["count"] == pytest.approx(mean)
    assert table.p_at_5_x100["count"] == pytest.approx(20)
    half_width = (table.mrr_x100_high["count"] - table.mrr_x100_low["count"]) / 2
    spread = 100 * np.std([1, 1 / 2, 1 / 3])
    assert half_width == pytest.approx(1.96 * spread / 30**0.5, rel=0.15)
    assert table.n_documents.tolist() == [30] * 5


def test_a_keyword_that_keeps_its_own_company_beats_common_words():
    rng = np.random.default_rng(1)
    common = [f"the{i}" for i in range(8)]
    tokens = list(rng.choice(common, 2000, p=np.arange(8, 0, -1) / 36))
    for at in range(60, 2000, 100):
        tokens[at - 3 : at + 4] = ["the0", "the0", "the0", "entropy", "the0", "the0", "the0"]
    table = keywords.evaluate([KeyedDocument("one", tokens, [["entropy"]])], share=0.9, window=3)
    by_score = table.set_index("score").reciprocal_rank
    assert by_score["count_kl"] == 1
    assert by_score["count"] == pytest.approx(1 / 9)


def test_the_usual_folder_layout(tmp_path):
    (tmp_path / "docsutf8").mkdir()
    (tmp_path / "keys").mkdir()
    (tmp_path / "docsutf8" / "one.txt").write_text("Neural networks: they learn.")
    (tmp_path / "docsutf8" / "unkeyed.txt").write_text("nothing")
    (tmp_path / "keys" / "one.key").write_text("Neural Networks\n\nlearning\n")
    documents = keywords.read_folder(tmp_path)
    assert documents == [
        ("one", ["neural", "networks", "they", "learn"], [["neural", "networks"], ["learning"]])
    ]
    with pytest.raises(ValueError, match=r"expected docsutf8/NAME.txt beside keys/NAME.key"):
        keywords.read_folder(tmp_path / "keys")


def test_title_words_stand_in_for_keys():
    text = corpus.from_texts(
        ["The mole is a mammal. Moles dig.", "Short.", "No title here at all."],
        titles=["The Mole", "Short", ""],
        name="toy",
    )
    (document,) = keywords.from_titles(text, min_tokens=5)
    assert document == (
        "The Mole",
        ["the", "mole", "is", "a", "mammal", "moles", "dig"],
        [["mole"]],
    )
    with pytest.raises(ValueError, match=r"none of 3 documents has a title and 50 tokens"):
        keywords.from_titles(text, min_tokens=50)


def test_a_document_without_keys_is_refused():
    with pytest.raises(ValueError, match="document 'one': 1 tokens, 0 keys"):
        keywords.evaluate([KeyedDocument("one", ["a"], [])])


def test_a_printed_table_is_compared_where_its_own_set_is_given():
    table = card.table("01", "table6")
    scores = table.set_index("set").loc["wiki20", list(keywords.SCORES)].astype(float)
    beside, gap = keywords.beside_printed("table6", scores + 2, "somewhere/wiki20")
    assert gap == 2 and beside.set.iloc[-1] == "this run" and len(beside) == len(table) + 1
    assert np.isnan(keywords.beside_printed("table6", scores, None)[1])


def test_the_lead_is_the_difference_of_mean_reciprocal_ranks():
    rows = [
        ("a", "count", 0.5),
        ("a", "count_kl", 1.0),
        ("b", "count", 0.5),
        ("b", "count_kl", 0.25),
    ]
    table = pd.DataFrame(rows, columns=["document", "score", "reciprocal_rank"])
    value, (low, high) = keywords.lead(table, "count")
    assert value == 12.5 and low == -25 and high == 50

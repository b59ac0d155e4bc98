import dataclasses
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from lmnotes.notebook import card
from lmnotes.papers.norm_information_gain import hypernyms
from lmnotes.text import corpus

ROWS = scipy.sparse.csr_matrix(np.array([[4, 0, 3, 1], [0, 2, 6, 2], [0, 0, 0, 0]]))


def test_weeds_precision_by_hand():
    first, second = np.array([0, 1, 0, 2]), np.array([1, 0, 2, 0])
    values = hypernyms.weeds_precision(ROWS, first, second)
    np.testing.assert_allclose(values, [4 / 8, 8 / 10, 0, np.nan])


def test_slqs_by_hand():
    unigram = np.array([0.4, 0.2, 0.3, 0.1])
    # word 0: 4 log(.5/.4) = .89, 3 log(.375/.3) = .67, 1 log(.125/.1) = .22; word 1: contexts 2
    # (6 log(.6/.3) = 4.16) and 3 (2 log(.2/.1) = 1.39), while context 1 gives 2 log(.2/.2) = 0
    contexts = hypernyms.strongest_contexts(ROWS, unigram)
    assert [ids.tolist() for ids in contexts] == [[0, 2, 3], [2, 3], []]
    two = hypernyms.strongest_contexts(ROWS, unigram, k=2)
    assert [ids.tolist() for ids in two] == [[0, 2], [2, 3], []]
    entropy = np.array([5.0, 1.0, 2.0, 4.0])
    np.testing.assert_allclose(hypernyms.slqs(contexts, entropy), [4, 3, np.nan])


def toy(seed=0):
    """A text in which `animal` is near anything and `dog` and `cat` are near few words."""
    rng = np.random.default_rng(seed)
    words = [f"w{i}" for i in range(12)]
    texts = []
    for _ in range(40):
        near = {"animal": words, "dog": words[:3], "cat": words[8:]}
        name = ("animal", "dog", "cat")[rng.integers(3)]
        texts.append(" ".join([*rng.choice(near[name], 3), name, *rng.choice(near[name], 3)]))
    return corpus.from_texts(texts)


def slow_rows(text, window):
    rows = np.zeros((text.n_words, text.n_words))
    for start, end in zip(text.offsets[:-1], text.offsets[1:], strict=True):
        for i in range(start, end):
            for j in range(max(start, i - window), min(end, i + window + 1)):
                rows[text.tokens[i], text.tokens[j]] += i != j
    return rows


def slow_scores(rows, unigram):
    p = rows / rows.sum(axis=1, keepdims=True)
    logs = np.log(p, where=p > 0, out=np.zeros_like(p))
    return (p * (logs - np.log(unigram))).sum(axis=1), -(p * logs).sum(axis=1)


def test_margins_equal_a_slow_computation():
    text = toy()
    rows = slow_rows(text, window=4)
    kl, entropy = slow_scores(rows, text.unigram)
    pairs = pd.DataFrame(
        [("dog", "animal"), ("cat", "animal"), ("unicorn", "animal"), ("w1", "cat")],
        columns=["hyponym", "hypernym"],
    )
    rng = np.random.default_rng(1)
    norm, delta = rng.random((2, text.n_words))
    delta[text.index("cat")] = np.nan
    table = hypernyms.margins(
        text,
        pairs,
        {
            "kl": kl,
            "entropy": entropy,
            "norm": norm,
            "delta_kl": kl - 1,
            "delta_entropy": -entropy,
            "delta_norm": delta,
        },
        window=4,
        n_shuffles=2,
    )
    assert table.hyponym.tolist() == ["dog", "cat", "w1"]
    assert table["random"].tolist() == [0, 0, 0]
    for row in table.itertuples(index=False):
        low, high = text.index(row.hyponym), text.index(row.hypernym)
        assert (row.n_hyponym, row.n_hypernym) == (text.counts[low], text.counts[high])
        assert row.frequency == text.counts[high] - text.counts[low]
        assert pytest.approx(kl[low] - kl[high]) == row.KL
        cells = table.loc[table.hyponym == row.hyponym].iloc[0]
        assert cells["SLQS Row"] == pytest.approx(entropy[high] - entropy[low])
        assert cells["squared norm"] == pytest.approx(norm[low] - norm[high])
        assert cells["delta KL"] == pytest.approx(kl[low] - kl[high])
        assert cells["delta SLQS Row"] == pytest.approx(entropy[low] - entropy[high])
        np.testing.assert_allclose(cells["delta squared norm"], delta[low] - delta[high])
        share = {}
        for first, second in ((low, high), (high, low)):
            share[first] = rows[first][rows[second] > 0].sum() / rows[first].sum()
        assert cells["WeedsPrec"] == pytest.approx(share[low] - share[high])
        medians = {}
        for word in (low, high):
            p = rows[word] / rows[word].sum()
            seen = np.flatnonzero(p)
            lmi = {c: rows[word, c] * np.log(p[c] / text.unigram[c]) for c in seen}
            best = [c for c in sorted(seen, key=lambda c: -lmi[c])[:50] if lmi[c] > 0]
            medians[word] = np.median(entropy[best])
        assert cells["SLQS"] == pytest.approx(medians[high] - medians[low])
        assert cells["delta SLQS"] == pytest.approx(medians[low] - medians[high])
    table = table.set_index("hyponym")
    assert table["KL"]["dog"] > 0 and table["SLQS Row"]["dog"] > 0  # the toy is made so
    assert np.isnan(table["delta squared norm"]["cat"])


def test_delta_weeds_takes_off_what_shuffled_text_gives():
    text = toy()
    flat = np.ones(text.n_words)
    pairs = pd.DataFrame([("dog", "animal")], columns=["hyponym", "hypernym"])

    def run(n_shuffles, seed=0):
        return hypernyms.margins(
            text, pairs, {"kl": flat, "entropy": flat}, window=4, n_shuffles=n_shuffles, seed=seed
        )

    assert "delta WeedsPrec" not in run(0)
    shuffled = Counter()
    for seed in range(2):
        rng = np.random.default_rng(seed)
        for _ in range(3):
            tokens = rng.permutation(text.tokens)
            rows = slow_rows(dataclasses.replace(text, tokens=tokens), window=4)
            for word, other in (("dog", "animal"), ("animal", "dog")):
                row, with_ = rows[text.index(word)], rows[text.index(other)]
                shuffled[seed] += (-1) ** (word == "animal") * row[with_ > 0].sum() / row.sum() / 3
        table = run(3, seed)
        expected = table["WeedsPrec"][0] - shuffled[seed]
        assert table["delta WeedsPrec"][0] == pytest.approx(expected)


def votes(n_more, n_less, **columns):
    n = n_more + n_less
    frame = {"hyponym": ["a"] * n, "hypernym": ["b"] * n}
    frame |= {"n_hyponym": [5] * n, "n_hypernym": [9] * n_more + [1] * n_less}
    return pd.DataFrame(frame | columns)


def test_accuracy_by_hand_with_ties_as_halves():
    table = votes(4, 2, always=[1.0] * 6, some=[1, -1, 0, np.nan, 2, -3])
    result = hypernyms.accuracy(table).set_index("method")
    assert result.loc["always", ["hyper_more_frequent", "hypo_more_frequent"]].tolist() == [
        100,
        100,
    ]
    assert result.hyper_more_frequent["some"] == 50  # right, wrong, tie, no vote
    assert result.hypo_more_frequent["some"] == 50
    assert (result.n_hyper_more["some"], result.n_hypo_more["some"]) == (4, 2)
    assert result.overall_low["always"] == result.overall_high["always"] == 100


def test_frequency_is_right_in_one_half_only_whatever_their_sizes():
    table = votes(30, 10)
    table["frequency"] = (table.n_hypernym - table.n_hyponym).astype(float)
    row = hypernyms.accuracy(table).iloc[0]
    assert (row.hyper_more_frequent, row.hypo_more_frequent, row.overall) == (100, 0, 50)


def test_pairs_of_equal_frequency_and_empty_halves():
    table = votes(3, 1, x=[1.0, 1, 1, 1])
    table.loc[3, "n_hypernym"] = 5
    row = hypernyms.accuracy(table).iloc[0]
    assert (row.n_hyper_more, row.n_hypo_more, row.hyper_more_frequent) == (3, 0, 100)
    assert np.isnan(row.hypo_more_frequent) and np.isnan(row.overall)


def test_intervals_are_binomial():
    rng = np.random.default_rng(0)
    table = votes(400, 400, x=rng.choice([-1.0, 1.0], 800, p=[0.3, 0.7]))
    row = hypernyms.accuracy(table).iloc[0]
    width = row.hyper_more_frequent_high - row.hyper_more_frequent_low
    share = row.hyper_more_frequent / 100
    assert width / 2 == pytest.approx(196 * (share * (1 - share) / 400) ** 0.5, rel=0.15)


def test_errors_say_what_to_do():
    text, flat = toy(), np.ones(15)
    pairs = pd.DataFrame([("unicorn", "animal")], columns=["hyponym", "hypernym"])
    with pytest.raises(ValueError, match=r"both words of none of 1 pairs.*mine pairs from this"):
        hypernyms.margins(text, pairs, {"kl": flat, "entropy": flat})
    pairs["hyponym"] = "dog"
    with pytest.raises(
        ValueError, match=r"entropy has shape \(3,\); expected \(15,\): one number per"
    ):
        hypernyms.margins(text, pairs, {"kl": flat, "entropy": flat[:3]})


def test_a_text_without_pairs_has_no_votes_and_no_accuracy():
    text = toy()
    none = pd.DataFrame({"hyponym": [], "hypernym": []})
    scores = {name: np.ones(text.n_words) for name in ("kl", "entropy", "norm", "delta_entropy")}
    votes = hypernyms.margins(text, none, scores, window=2, n_shuffles=1)
    assert len(votes) == 0
    table = hypernyms.accuracy(votes).set_index("method")
    assert table.loc["delta WeedsPrec", "n_hyper_more"] == 0 and table.overall.isna().all()


def test_claims_and_the_printed_table_follow_from_the_accuracies():
    halves = {"hyper_more_frequent": 90.0, "hypo_more_frequent": 20.0, "overall": 55.0}
    ends = {
        f"{half}_{end}": halves[half] + d
        for half in halves
        for end, d in (("low", -1), ("high", 1))
    }
    table = pd.DataFrame([{"method": name} | halves | ends for name in ("random", "SLQS Row")])
    claims = hypernyms.claims(table)
    assert claims["table4_slqs_row_overall"] == (55, (54, 56)) and len(claims) == 3
    printed = card.table("01", "table9")
    own = printed[printed.set == "BLESS"].drop(columns="set").assign(overall=0)
    beside, gap = hypernyms.beside_printed(own, "folder/BLESS.tsv")
    assert gap == 0 and beside.shape == (12, 11)
    same = beside["BLESS, hypo"] == beside["this run, hypo"]
    assert same.all()
    assert np.isnan(hypernyms.beside_printed(own)[1])

"""Training as a whole: what it learns, repeatability, resuming after a kill, bad settings."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from lmnotes.text import corpus
from lmnotes.words.sgns import objective, skipgram

SMALL = dict(dim=8, window=3, epochs=3, progress=False)


def planted(n_tokens=40_000, n_topics=4, seed=0):
    """A text whose words w0..w39 keep to the topic (number mod n_topics) of their sentence."""
    rng = np.random.default_rng(seed)
    topics = rng.integers(n_topics, size=n_tokens // 10)
    ids = rng.integers(10, size=(len(topics), 10)) * n_topics + topics[:, None]
    return corpus.from_texts([" ".join(f"w{i}" for i in row) for row in ids])


@pytest.fixture(scope="module")
def text():
    return planted()


@pytest.mark.parametrize("rule", ["pairwise", "shared"])
def test_words_of_a_topic_end_up_together(text, rule):
    vectors = skipgram.train(
        text, dim=16, window=5, epochs=5, rule=rule, keep=False, progress=False
    )
    for word in ("w0", "w17", "w39"):
        near = vectors.nearest(word, k=9).word
        assert {int(other[1:]) % 4 for other in near} == {int(word[1:]) % 4}
    assert vectors.history.loss.iloc[-1] < vectors.history.loss.iloc[0]


@pytest.mark.parametrize("rule", ["pairwise", "shared"])
def test_the_optimum_is_the_log_ratio(rule):
    # eq. 4: <u_w, v_w'> = log p(w'|w) - log nu q(w') once two words are trained to the end
    rng = np.random.default_rng(0)
    steps = rng.random(60_000) < 0.25  # a word changes with probability one quarter
    text = corpus.from_texts([" ".join("ab"[i] for i in np.cumsum(steps) % 2)])
    vectors = skipgram.train(
        text,
        dim=4,
        window=1,
        negatives=2,
        epochs=10,
        rule=rule,
        rate=0.05,
        final_rate=1e-4,
        workers=1,
        keep=False,
        progress=False,
    )
    scores = vectors.input @ vectors.context.T
    expected = np.log([[0.75, 0.25], [0.25, 0.75]]) - np.log(2 * 0.5)
    np.testing.assert_allclose(scores, expected, atol=0.08)


def test_one_thread_is_bit_identical_and_seeds_differ(text):
    first, again, other = (
        skipgram.train(text, seed=seed, workers=1, keep=False, **SMALL) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.input, again.input)
    np.testing.assert_array_equal(first.context, again.context)
    assert first.history.loss.equals(again.history.loss)
    assert not np.array_equal(first.input, other.input)


def test_two_threads_reach_the_same_objective():
    text = planted(400_000)  # in a shorter one a thread may end before the other begins
    single, two = (skipgram.train(text, workers=n, keep=False, **SMALL) for n in (1, 2))
    assert two.history.loss.iloc[-1] == pytest.approx(single.history.loss.iloc[-1], rel=0.02)


def test_rare_words_leave_the_text_before_windows_are_laid():
    text = corpus.from_texts(["a x b a y b a z b " * 20 + "rare"])
    vectors = skipgram.train(text, min_count=2, keep=False, workers=1, **SMALL)
    assert set(vectors.words) == {"a", "b", "x", "y", "z"}
    # without x, y, z (20 each) the text is a b a b ...: every context of a is then b
    only = skipgram.train(text, min_count=21, keep=False, workers=1, **SMALL | {"window": 1})
    assert only.words == ["a", "b"]
    scores = only.input @ only.context.T
    assert scores[0, 1] > scores[0, 0] and scores[1, 0] > scores[1, 1]


def test_the_learning_rate_falls_linearly_to_its_end(text):
    vectors = skipgram.train(text, keep=False, rate=0.04, final_rate=0.01, **SMALL)
    np.testing.assert_allclose(vectors.history.learning_rate, [0.03, 0.02, 0.01])


@pytest.mark.parametrize("rule", ["pairwise", "shared"])
def test_the_largest_settings_do_not_overflow(rule):
    text = planted(2000)
    vectors = skipgram.train(
        text,
        dim=4,
        window=255,
        negatives=500,
        epochs=1,
        rule=rule,
        rate=1e-9,
        final_rate=0.0,
        keep=False,
        progress=False,
    )
    assert vectors.history.running_loss[0] == pytest.approx(501 * np.log(2), rel=0.01)


def test_sub_sampling_trains_on_fewer_tokens_and_ends_well(text):
    thinned = skipgram.train(text, subsample=1e-3, shrink_windows=True, keep=False, **SMALL)
    assert np.isfinite(thinned.history.loss).all()


def test_the_objective_is_the_mean_over_all_pairs(text):
    vectors = skipgram.train(text, keep=False, workers=1, **SMALL)
    small = text.head(300)
    row = [vectors.index(word) for word in small.words]
    u, v = vectors.input[row].astype(float), vectors.context.astype(float)
    noise = vectors.counts**0.75 / (vectors.counts**0.75).sum()
    total, n_pairs = 0.0, 0
    for start, end in zip(small.offsets[:-1], small.offsets[1:], strict=True):
        for i in range(start, end):
            for j in range(max(start, i - 3), min(end, i + 4)):
                if i != j:
                    score = u[small.tokens[i]] @ v[row[small.tokens[j]]]
                    push = noise @ np.logaddexp(0, v @ u[small.tokens[i]])
                    total, n_pairs = total + np.logaddexp(0, -score) + 5 * push, n_pairs + 1
    trained = objective.measure(vectors, small, window=3)
    assert trained.coverage == 1
    assert trained.loss == pytest.approx(total / n_pairs, abs=4 * trained.standard_error)
    assert trained.standard_error < 0.01


def test_a_kept_run_is_opened_again_and_its_checkpoints_too(text, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    first = skipgram.train(text, checkpoints=True, workers=1, **SMALL)
    monkeypatch.setattr("lmnotes.words.sgns.training.Run.epochs", None)  # nothing is trained again
    again = skipgram.train(text, checkpoints=True, workers=1, **SMALL)
    np.testing.assert_array_equal(first.input, again.input)
    last = skipgram.checkpoint(again, 3)
    np.testing.assert_array_equal(last.input, again.input)
    assert not np.array_equal(skipgram.checkpoint(again, 1).input, again.input)
    with pytest.raises(FileNotFoundError, match="no vectors after epoch 4"):
        skipgram.checkpoint(again, 4)


KILLED = """
import sys, time
sys.path.insert(0, {tests!r})
from test_skipgram import SMALL, planted
from lmnotes.words.sgns import skipgram, training
save = training.Run.save
def slow_save(self, path):
    save(self, path)
    print(len(self.history), flush=True)
    time.sleep({pause})
training.Run.save = slow_save
skipgram.train(planted(), workers=1, seed=5, **SMALL)
"""


def test_a_run_killed_after_an_epoch_goes_on_and_ends_bit_identical(text, tmp_path, monkeypatch):
    whole = skipgram.train(text, workers=1, seed=5, keep=False, **SMALL)
    script = KILLED.format(tests=os.path.dirname(__file__), pause=30)
    environment = os.environ | {"LMNOTES_HOME": str(tmp_path)}
    child = subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline().strip() == "1"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    started = time.perf_counter()
    resumed = skipgram.train(text, workers=1, seed=5, **SMALL)
    assert time.perf_counter() - started < 30
    np.testing.assert_array_equal(resumed.input, whole.input)
    np.testing.assert_array_equal(resumed.context, whole.context)
    assert list(resumed.history.epoch) == [1, 2, 3]
    assert not list(tmp_path.rglob("*.partial"))


def test_a_diverging_run_stops_with_the_setting_to_change(text):
    with (
        np.errstate(all="ignore"),
        pytest.raises(FloatingPointError, match=r"lower rate \(now 1e\+18\)"),
    ):
        skipgram.train(text, rate=1e18, keep=False, **SMALL)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"dim": 0}, "dim = 0 was given; expected 1 to 100,000"),
        ({"negatives": 501}, "negatives = 501 was given; expected 1 to 500"),
        ({"rule": "fast"}, "rule 'fast' was given; expected one of shared, pairwise"),
        ({"final_rate": 1.0}, "final_rate = 1.0"),
        ({"subsample": 0.0}, "subsample = 0.0"),
        ({"subsample": np.nan}, "subsample = nan"),
        ({"min_count": 10**9}, "lower min_count"),
        ({"rate": 0.0}, "rate = 0.0 was given; expected a finite number above 0: raise it"),
        ({"rate": np.inf}, "rate = inf was given; expected a finite number above 0: lower it"),
        ({"window": 2.5}, "window = 2.5 was given; expected a whole number"),
        ({"epochs": 1.5}, "epochs = 1.5 was given; expected a whole number"),
        ({"min_count": 1.5}, "min_count = 1.5 was given; expected a whole number"),
        ({"seed": -1}, "seed = -1 was given; expected at least 0"),
        ({"noise_power": np.nan}, "noise_power = nan"),
    ],
)
def test_settings_out_of_range_are_refused(text, setting, message):
    with pytest.raises(ValueError, match=message):
        skipgram.train(text, keep=False, **SMALL | setting)


def test_a_text_without_any_pair_is_refused():
    with pytest.raises(ValueError, match="expected some pairs"):
        skipgram.train(corpus.from_texts(["a", "b", "c", "a"]), keep=False, **SMALL)


def test_a_text_thinned_to_nothing_is_refused():
    text = corpus.from_texts(["a b", "b a", "a b"])
    with pytest.raises(ValueError, match="leaves no pair of 6 words; expected some: raise it"):
        skipgram.train(text, subsample=1e-12, keep=False, **SMALL)


@pytest.mark.parametrize("weights", [[0, 0], [1, np.nan], [1, -3]])
def test_a_noise_distribution_needs_weights(weights):
    with pytest.raises(ValueError, match="expected"):
        objective.alias_table(np.array(weights, float))


@pytest.mark.parametrize("setting", [{"window": 0}, {"negatives": -1}, {"n_pairs": 2.5}])
def test_an_objective_of_nothing_is_refused(text, setting):
    vectors = skipgram.train(text, keep=False, **SMALL)
    with pytest.raises(ValueError, match="was given; expected"):
        objective.measure(vectors, text, **setting)


def test_a_damaged_resume_file_is_removed_and_training_starts_again(text, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    whole = skipgram.train(text, workers=1, **SMALL)
    folder = next(tmp_path.glob("embedding/*/embedding.json")).parent
    partial = folder.with_name(folder.name + ".partial")
    folder.rename(partial)
    (partial / "resume.npz").write_bytes(b"cut short")
    with pytest.warns(UserWarning, match="is damaged"):
        again = skipgram.train(text, workers=1, **SMALL)
    np.testing.assert_array_equal(whole.input, again.input)


def test_the_objective_needs_context_vectors(text):
    vectors = skipgram.train(text, keep=False, **SMALL)
    from lmnotes.words.embedding import Embedding

    with pytest.raises(ValueError, match="without context vectors"):
        objective.measure(Embedding(vectors.words, vectors.input), text)

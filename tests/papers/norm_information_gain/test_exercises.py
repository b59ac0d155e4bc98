"""The exercises of notebook 01: each wrong answer is told its own mistake."""

from dataclasses import replace

import numpy as np
import pytest
from lessons import assert_feedback

from lmnotes import words
from lmnotes.papers.norm_information_gain import exercises, gains


@pytest.fixture(autouse=True)
def entered(lesson):
    lesson("01")


def test_kl_by_hand():
    wrong = {
        0.2075: "in bits",
        0.1308: "other direction",
        -0.1438: "sign is turned",
        0.6931: "entropy",
        0.2877: "its weight",
        0.0625: "base 10",
        7: "pool the neighbours",
    }
    assert_feedback(exercises.kl_by_hand(), wrong)


def test_noise_share(small_gains):
    noise = gains.noise(small_gains)
    whole, ringed = noise.iloc[0], noise.iloc[-1]
    wrong = {
        1 - ringed.share: "what is left",
        100 * ringed.share: "per cent",
        whole.share: "all of the text",
        1 / ringed.share: "on its head",
        ringed.noise: "a share has no unit",
        1.5: "divide the grey part",
    }
    assert_feedback(exercises.noise_share(small_gains), wrong, noise=noise)


def test_shuffled_the(small_gains):
    the = small_gains.corpus.ids["the"]  # made to tell more than noise, as in a real text
    measures = replace(small_gains.measures, kl=9 * small_gains.kl)
    small_gains = replace(small_gains, measures=measures)
    rare = small_gains.null[small_gains.drawn].max()
    wrong = {
        0: "the very proportions",
        -0.01: "never below 0",
        small_gains.kl[the]: "before the shuffle",
        rare: "the rarest words",
        3 * small_gains.null[the]: "factor of two",
    }
    assert_feedback(
        exercises.shuffled_the(small_gains), wrong, gains=small_gains, corpus=small_gains.corpus
    )


def test_quadratic_form():
    def form(u, v, p, *, u_mean=None, v_mean=None, weights=None, change=lambda g: g):
        moved = u - (p @ u if u_mean is None else u_mean)
        spread = v - (p @ v if v_mean is None else v_mean)
        g = change(spread.T @ ((p if weights is None else weights)[:, None] * spread))
        return np.einsum("vd,de,ve->v", moved, g, moved)

    flat = np.full(6, 1 / 6)
    wrong = [
        (lambda u, v, p: form(u, v, p, u_mean=0), "u is not centred"),
        (lambda u, v, p: form(u, v, p, v_mean=0), "v is not centred"),
        (lambda u, v, p: form(u, v, flat), "means are plain"),
        (lambda u, v, p: np.sqrt(form(u, v, p)), "a root was taken"),
        (lambda u, v, p: form(u, v, p) / 2, "one half too many"),
        (lambda u, v, p: form(u, v, p, change=np.linalg.inv), "G is inverted"),
        (lambda u, v, p: form(u, v, p, change=lambda g: np.eye(3)), "G is left out"),
        (lambda u, v, p: form(u, v, p, change=lambda g: g @ g), "G enters twice"),
        (lambda u, v, p: form(u, u, p), "made of the input vectors"),
        (lambda u, v, p: form(u, v, p).sum(), "one number per word"),
        (lambda u, v, p: 3 * form(u, v, p), "build the covariance"),
    ]
    assert_feedback(exercises.quadratic_form(), wrong, np=np, words=words)
    stopped = exercises.quadratic_form().check(lambda u, v, p: u @ v)
    assert "Your function stopped" in str(stopped)


def test_break_the_line(small_gains, squared):
    made = exercises.break_the_line(small_gains, squared)
    wrong = {
        "window=2": "only epochs and fit_count",
        "epochs=0": "no vector to measure",
        "epochs=3": "no training of that length",
        "epochs=20": "the setting of Figure 1 itself",
        "epochs=7": "a shorter training, yes",
        "fit_count=100": "the setting of Figure 1 itself",
        "fit_count=105": "asks more of the words",
        "fit_count=90": "rarer words, yes",
    }
    for answer, words_of_mistake in wrong.items():
        told = made.check(answer)
        assert not told and words_of_mistake in str(told), answer
    assert made.check("epochs = 1")
    assert "as text" in str(made.check(0.3)) and "as text" in str(made.check("fast"))
    norm = np.where(small_gains.ringed, squared[20], squared[1])
    made = exercises.break_the_line(small_gains, squared | {20: norm})
    assert_feedback(made, {k: v for k, v in wrong.items() if k not in ("fit_count=90",)})

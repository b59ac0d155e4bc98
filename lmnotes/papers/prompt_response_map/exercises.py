"""The checks of the answers of notebook 09: what is right, and which mistake gives what."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from lmnotes.errors import InputError
from lmnotes.notebook import teach


def _function(
    id: str,
    trials: list[tuple],
    right: Callable,
    usual: Mapping[str, Callable],
    *,
    shape: tuple,
    expected: str,
    otherwise: str,
) -> teach.Exercise:
    """An exercise whose answer is a function of each of some trials; usual: words of a mistake ->
    the function that makes it."""

    def gives(wanted: Callable) -> Callable:
        return lambda f: all(
            np.shape(f(*given)) == shape and np.allclose(f(*given), wanted(*given), atol=1e-9)
            for given in trials
        )

    count = "one number" if shape == () else "one number per response"
    wrong_shape = (f"{count} is wanted", lambda f: np.shape(f(*trials[0])) != shape)
    mistakes = [(words, gives(wanted)) for words, wanted in usual.items()]
    return teach.exercise(
        id,
        right=gives(right),
        expected=expected,
        kind=callable,
        mistakes=[wrong_shape, *mistakes],
        otherwise=otherwise,
    )


def conditional() -> teach.Exercise:
    """A function conditional_loglik(log_p, n_prompt): log p of the response, nats."""
    rng = np.random.default_rng(0)
    trials = [(-rng.exponential(2, 7), 3), (-rng.exponential(2, 6), 2)]
    return _function(
        "conditional",
        trials,
        lambda log_p, n: np.sum(log_p[n:]),
        {
            "you have scored the prompt as well: it is given, not predicted": lambda p, n: p.sum(),
            "off by one: the response's first token is left out": lambda p, n: p[n + 1 :].sum(),
            "off by one: the prompt's last token is scored too": lambda p, n: p[n - 1 :].sum(),
            "that is a mean: long responses are less likely": lambda p, n: p[n:].mean(),
            "that is the prompt's probability": lambda p, n: p[:n].sum(),
            "the sign is turned: a logarithm of a probability": lambda p, n: -p[n:].sum(),
            "that is a probability, not its logarithm": lambda p, n: np.exp(p[n:].sum()),
        },
        shape=(),
        expected="a function of log_p and n_prompt",
        otherwise="which of the numbers belong to the response, and what is done with them?",
    )


def pmi() -> teach.Exercise:
    """A function pmi_marginal(table, own): log p(y | x) - log mean p(y | x'), (N,) nats."""
    rng = np.random.default_rng(1)
    table = rng.normal(-6, 2, size=(4, 5))
    far = rng.normal(-2000, 2, size=(4, 5))  # exp of these is 0 for the machine

    def naive(table, own):
        with np.errstate(divide="ignore"):
            return own - np.log(np.mean(np.exp(table), axis=0))

    def alone(table):
        return logsumexp(table, axis=0) - np.log(len(table))

    asked = _function(
        "pmi",
        [(table, table[0]), (far, far[1])],
        lambda t, own: own - alone(t),
        {
            "the mean of log p is not the log of the mean": lambda t, own: own - t.mean(axis=0),
            "that is a sum over prompts, not a mean": lambda t, own: own - logsumexp(t, axis=0),
            "the sign is turned: a prompt that helps counts above 0": lambda t, own: alone(t) - own,
            "that is the unconditional term alone": lambda t, own: alone(t),
            "the likeliest prompt stands for all of them": lambda t, own: own - t.max(axis=0),
        },
        shape=(5,),
        expected="a function of table and own",
        otherwise="average over prompts, the first axis, before the logarithm is taken",
    )

    def holds(f):
        return np.allclose(f(table, table[0]), naive(table, table[0]))

    small = "right for likely responses; of others exp gives 0 for the machine"
    asked.mistakes.append((small, holds))
    return asked


def distance() -> teach.Exercise:
    """A function kl_of(a, b): the map distance of two models, nats per response."""
    rng = np.random.default_rng(2)
    trials = [tuple(rng.normal(-40, 5, size=(2, 9))), tuple(rng.normal(-9, 1, size=(2, 5)))]
    return _function(
        "distance",
        trials,
        lambda a, b: np.var(a - b) / 2,
        {
            "the factor of one half is left out": lambda a, b: np.var(a - b),
            "divide by N, not by N - 1": lambda a, b: np.var(a - b, ddof=1) / 2,
            "rows are not centred first": lambda a, b: np.mean((a - b) ** 2) / 2,
            "a root was taken: that is a standard deviation": lambda a, b: np.std(a - b),
            "the map does not see a difference of means": lambda a, b: np.mean(a - b),
            "that adds up over responses": lambda a, b: len(a) * np.var(a - b) / 2,
            "variances of the two, not of the difference": lambda a, b: (a.var() + b.var()) / 2,
        },
        shape=(),
        expected="a function of a and b",
        otherwise="centre the difference, square it, average",
    )


def additivity() -> teach.Exercise:
    """A function additive_r2(parts, together): how much of the move of all the sum explains."""
    rng = np.random.default_rng(3)
    parts = rng.normal(1, 2, size=(2, 8))
    trials = [(parts, parts.sum(axis=0) + rng.normal(3, 1, 8)), (parts, parts[0] - 2)]

    def centred(parts, together):
        total = parts.sum(axis=0)
        return total - total.mean(), together - together.mean()

    def r2(guess, truth):
        return 1 - np.sum((truth - guess) ** 2) / np.sum(truth**2)

    def fitted(parts, together):
        s, y = centred(parts, together)
        return (s @ y) ** 2 / (s @ s) / (y @ y)

    def raw(parts, together):
        return r2(parts.sum(axis=0), together)

    def cosine(parts, together):
        s, y = centred(parts, together)
        return s @ y / np.sqrt((s @ s) * (y @ y))

    return _function(
        "additivity",
        trials,
        lambda p, y: r2(*centred(p, y)),
        {
            "something is fitted: a squared correlation forgives a wrong length": fitted,
            "constants mean nothing: means are not taken out": raw,
            "that is a cosine: it forgives a wrong length": cosine,
            "that is the share that is missed": lambda p, y: 1 - r2(*centred(p, y)),
            "the parts are averaged, not added": lambda p, y: r2(*centred(p / 2, y)),
            "that is the first part alone": lambda p, y: r2(*centred(p[:1], y)),
        },
        shape=(),
        expected="a function of parts and together",
        otherwise="add the parts, take out means, and compare squared lengths",
    )


def break_the_sum(cases: pd.DataFrame) -> teach.Exercise:
    """A model and tags, as "MODEL: TAGS", for which the best single move beats the sum, or,
    where it never does, the sum is least ahead.

    cases: columns model, tags, is_control, r2, best_single; a row per model and two or more tags.
    """
    known, one_tag = set(cases.model), ("", "A", "B", "C")
    ahead = {(row.model, row.tags): row.r2 - row.best_single for row in cases.itertuples()}
    controls = set(cases.model[cases.is_control])

    def setting(answer: object) -> tuple[str, str]:
        model, colon, tags = str(answer).rpartition(":")
        model, tags = model.strip(), "".join(sorted(set(tags.upper()) - set(" ,+")))
        if not isinstance(answer, str) or not colon or set(tags) - set("ABC"):
            raise InputError("Write a model and its tags as text, with a colon between.")
        if model not in known:
            raise InputError("No model has that name; the view above has them.")
        return model, tags

    def breaks(answer) -> bool:
        return answer in ahead and (ahead[answer] < 0 or ahead[answer] == min(ahead.values()))

    def is_independent(answer) -> bool:
        return answer in ahead and answer[0] not in controls

    return teach.exercise(
        "break_the_sum",
        right=breaks,
        expected='a model and its tags as text, such as "prose, R1, d48, seed 1: AB"',
        kind=setting,
        mistakes=[
            ("a single move has nothing to be added to", lambda a: a[1] in one_tag),
            ("with three tags one cannot tell which two quarrel", lambda a: len(a[1]) == 3),
            ("there each tag is about an attribute of its own, and moves add", is_independent),
            ("two hints at one thing, but this network adds them", lambda a: a[1] == "AB"),
            ("a contradiction, but in this model the sum still does better", lambda a: True),
        ],
    )

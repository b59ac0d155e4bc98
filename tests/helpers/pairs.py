"""Small pairs of spaces of notebook 02, known axes in them."""

from dataclasses import replace

import numpy as np

from lmnotes.papers.universal_geometry import topics, worlds
from lmnotes.words.ica import compare
from lmnotes.words.ica.components import Components


def few_words(seed: int, n_words: int = 300, n_axes: int = 4) -> Components:
    """Skewed axes of words `word0`, ... with counts."""
    values = np.random.default_rng(seed).exponential(size=(n_words, n_axes)) - 1
    words, counts = [f"word{n}" for n in range(n_words)], np.arange(n_words) + 1
    labels = {"words": words, "counts": counts}
    return Components(values, np.zeros(n_axes), np.eye(n_axes), "known", **labels)


def halves(n_axes: int = 5) -> worlds.Pair:
    """Two spaces that share their axes but for noise under ICA, less so under PCA."""
    random = np.random.default_rng(0)
    first = few_words(0, n_axes=n_axes)
    noise = random.normal(size=first.values.shape)
    second = replace(first, values=first.values[:, ::-1] + 0.3 * noise)
    others = {"PCA": 1.5 * noise, "random rotation": 3 * noise, "untrained": 50 * noise}
    sides = [{"ICA": first}, {"ICA": second}]
    for name, blur in others.items():
        sides[0][name] = replace(first, method=name)
        sides[1][name] = replace(second, values=first.values + blur, method=name)
    rows = (np.arange(len(first)),) * 2
    values = [{name: space.values for name, space in side.items()} for side in sides]
    run = compare.compare_bases("half - half", *values, n_shuffles=3, seed=0)
    names = tuple(topics.by_words(side["ICA"]) for side in sides)
    return worlds.Pair("half - half", tuple(sides), rows, names, [run])

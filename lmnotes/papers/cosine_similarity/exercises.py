"""The exercises of notebook 03: what a right answer is, and which mistake gives a wrong one."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lmnotes.notebook import teach
from lmnotes.notebook.teach import near
from lmnotes.papers.cosine_similarity import seeds
from lmnotes.papers.cosine_similarity.study import Space
from lmnotes.words import null_laws
from lmnotes.words.ica import compare

CHANGES = ("rows", "signs", "scales", "ICA columns", "PCA columns")


def share_of_axis() -> teach.Exercise:
    """The share of the first axis in the cosine of (2, 3, 6) and (6, -3, 2), by hand."""
    products = np.array([12, -9, 12]) / 49
    return teach.exercise(
        "share_of_axis",
        right=near(products[0] / products.sum()),
        kind=float,
        expected="one number",
        mistakes=[
            ("that is the product before the words are scaled to length 1", near(12)),
            ("that is the product on the axis, not yet its share of the whole", near(12 / 49)),
            ("a negative product counts against the others: you added sizes", near(12 / 33)),
            ("that is the second axis", near(-0.6)),
            ("that is the cosine, of which the share is asked", near(15 / 49)),
            ("a share of 1, not per cent", near(80)),
        ],
    )


def axes_of_pair(by_axis: pd.DataFrame, pair: Sequence[str]) -> teach.Exercise:
    """The set of ICA's axes, counted from 1, on which the product of the pair is significant.

    by_axis: of `readings.axes_of_pair`.
    """
    by_vector = {key: rows for key, rows in by_axis.groupby(["basis", "vector"])}
    product = by_vector["ICA", " × ".join(pair)]

    def chosen(rows: pd.DataFrame) -> set:
        return set(rows[rows.significant].axis)

    right, (first, second) = chosen(product), (chosen(by_vector["ICA", word]) for word in pair)
    alone = set(product[product.p < 0.05].axis)
    both = "that both words are significant there is another test than that of the product"
    wrong = {"you counted axes from 0": {axis - 1 for axis in right}}
    wrong |= {"you looked at every axis alone: how many did you look at?": alone}
    wrong |= {"those are PCA's": chosen(by_vector["PCA", " × ".join(pair)])}
    wrong |= {f"those are the axes of {pair[0]} alone": first, both: first & second}
    wrong |= {f"those are the axes of {pair[1]} alone": second}
    wrong |= {"those are the axes of either word": first | second}
    tests = [(words, lambda answer, axes=axes: answer == axes) for words, axes in wrong.items()]
    tests.append(("all of these are, but there are more", lambda answer: answer < right))
    tests.append(("all that are wanted, and some more", lambda answer: answer > right))
    return teach.exercise(
        "axes_of_pair",
        right=lambda answer: answer == right,
        kind=lambda answer: {int(axis) for axis in set(answer)},
        expected="a set of whole numbers, such as {3, 14}",
        mistakes=tests,
    )


def product_level() -> teach.Exercise:
    """The level of a product of two words that is significant on one of 200 axes."""
    level, normal = null_laws.threshold(200, "product"), null_laws.threshold(200)
    two_sided = null_laws.threshold(200, "product", 0.025)
    alone = null_laws.threshold(200, "product", n_tests=1)
    return teach.exercise(
        "product_level",
        right=near(level, 2e-4),
        kind=float,
        expected="one number",
        mistakes=[
            ("that is the two-sided level: only large positive products matter", near(two_sided)),
            ("that is the level of one component, not of a product", near(normal, 4e-3)),
            ("one of 200 axes passes that by chance quite often", near(alone)),
            ("that is in units of 1/K", near(200 * level, 0.1)),
            ("the square of a component's level asks both words to be high", near(normal**2)),
            ("a product is not normal: its tail is longer", near(normal / 200**0.5, 1e-3)),
            ("a level is above 0", lambda answer: answer <= 0),
        ],
    )


def take_out() -> teach.Exercise:
    """The similarity of the same two words after the first has lost its second axis."""
    value = "a word's value was taken off, not the product"
    return teach.exercise(
        "take_out",
        right=near(24 / 49),
        kind=float,
        expected="one number",
        mistakes=[
            ("the product that goes was negative: what happens to the sum?", near(6 / 49)),
            ("the first word was scaled to length 1 again", near(24 / 7 / np.sqrt(40))),
            ("both words lost the axis, and were scaled again", near(0.6)),
            ("that is without another axis", near(3 / 49)),
            ("the words were not scaled to length 1", near(24)),
            ("nothing was taken out", near(15 / 49)),
            (value, near(15 / 49 + 3 / 7)),
            (value, near(15 / 49 - 3 / 7)),
        ],
    )


def gain_after(space: Space, change: str, seed: int = 0) -> float:
    """How many more significant axes a word has in ICA than in PCA, above what noise gives, when
    the vectors were changed in one of the ways of CHANGES; takes some seconds."""
    random, values = np.random.default_rng(seed), space.bases["ICA"].values
    if change == "rows":
        values = random.permutation(values)
    elif change == "signs":
        values = values * np.where(np.arange(space.n_axes) % 2, 1, -1)
    elif change == "scales":
        values = space.raw * np.linspace(1, 3, space.raw.shape[1])
    elif change.endswith(" columns"):
        values = random.permuted(space.bases[change.removesuffix(" columns")].values, axis=0)
    noise = random.normal(size=values.shape)
    changed, blank = (compare.bases(x, seed=seed, max_iterations=200) for x in (values, noise))
    return seeds.gains(changed)["more_axes"] - seeds.gains(blank)["more_axes"]


def break_the_axes() -> teach.Exercise:
    """The change of the vectors after which ICA has no more significant axes than PCA."""
    whys = {
        "rows": "the same words in another order: every axis keeps its words",
        "signs": "an axis that is turned round is turned back by its skewness",
        "scales": "whitening undoes the scales, and ICA sees white vectors only",
        "ICA columns": "each axis keeps its long tail, and they are more independent than before",
    }
    return teach.exercise(
        "break_the_axes",
        right=lambda answer: answer.casefold() == "pca columns",
        kind=str,
        expected="the name of a change, such as 'rows'",
        mistakes=[
            (why, lambda answer, name=name: answer.casefold() == name.casefold())
            for name, why in whys.items()
        ],
        otherwise="that is none of the five changes",
    )

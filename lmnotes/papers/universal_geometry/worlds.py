"""Pairs of spaces whose axes are compared: two languages, texts, algorithms, and words in context.

Each is matched by several seeds, as `words.ica.compare` does it; pictures show the first seed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lmnotes.errors import InputError
from lmnotes.notebook import card
from lmnotes.papers.universal_geometry import contextual, images, topics
from lmnotes.text.functions import python_words
from lmnotes.words import baselines, embedding, pretrained
from lmnotes.words.embedding import Embedding
from lmnotes.words.ica import compare, decomposition, matching
from lmnotes.words.ica.components import Components

Bases = Mapping[str, Components]


@dataclass(frozen=True)
class Seeds:
    """How often everything is done: `number` seeds from `first` on, each with its share of the
    `n_shuffles` shuffled pairings, and the settings `fit` of every ICA."""

    first: int
    number: int
    n_shuffles: int
    fit: dict

    def bases(self, vectors, untrained=None, *, offset: int = 0, **known) -> list[Bases]:
        """The axes of a space by all seeds; arrays (n, D) stand for as many equal ones."""
        sets = [[x] * self.number if isinstance(x, np.ndarray) else x for x in (vectors, untrained)]
        made = {"untrained": sets[1], "seed": self.first + offset}
        return compare.bases_by_seed(sets[0], **made, **known, **self.fit)


@dataclass(frozen=True, eq=False)
class Pair:
    """Two spaces, compared.

    Args:
        name: what is compared.
        sides: the bases of either space, by the first seed.
        rows: (m,) of either space, that belong together.
        names: of the ICA axes (K,) of either space, a word each.
        runs: the comparison by each seed; the first of these is `seed`.
        weights, groups: (m,) of the pairs, as `compare.compare_bases` takes them.
    """

    name: str
    sides: tuple[Bases, Bases]
    rows: tuple[np.ndarray, np.ndarray]
    names: tuple[list[str], list[str]]
    runs: list[compare.Comparison]
    seed: int = 0
    weights: np.ndarray | None = None
    groups: np.ndarray | None = None

    def values(self, basis: str = "ICA") -> list[np.ndarray]:
        """The coordinates (m, K) of both sides of every pair."""
        return [side[basis].values[own] for side, own in zip(self.sides, self.rows, strict=True)]

    @property
    def kept_together(self) -> np.ndarray:
        """(m,) what is kept together in a split: the groups, or every pair by itself."""
        return np.arange(len(self.rows[0])) if self.groups is None else self.groups

    @property
    def side_names(self) -> tuple[str, str]:
        """What either side is called."""
        first, second = self.name.split(" - ", 1)
        return (first, second) if first != second else (f"{first} 1", f"{second} 2")

    def squares(self, n_axes: int = 20) -> dict[str, np.ndarray]:
        """Correlations (n, n) of the best-matched axes, over the pairs that did not match them.

        ICA and PCA, then what a shuffled pairing matches, judged on pairs that are shuffled too,
        and ICA of an untrained model.
        """
        run, _, groups = self.runs[0], *np.unique(self.kept_together, return_inverse=True)
        order = np.random.default_rng(self.seed).permutation(groups.max() + 1)
        judged = np.flatnonzero(~np.isin(groups, order[: len(order) // 2]))
        weights = None if self.weights is None else self.weights[judged]
        shuffled = compare.shuffled_rows(groups[judged], seed=self.seed)[0]
        shown = {name: (name, run.matchings[name], judged) for name in ("ICA", "PCA")}
        shown["shuffled pairing"] = ("ICA", run.shuffled["ICA"], judged[shuffled])
        shown["untrained"] = ("untrained", run.matchings["untrained"], judged)
        made = {}
        for name, (basis, match, places) in shown.items():
            first, second = self.values(basis)
            first = first[places][:, match.first[:n_axes]]
            second = second[judged][:, match.second[:n_axes]]
            made[name] = matching.correlate(first, second, weights)
        return made

    def best_names(self, n_axes: int = 20, n_words: int = 1) -> list[list[str]]:
        """The names of the best-matched axes (n,) of either side, by so many words, up to three."""
        match = self.runs[0].matchings["ICA"]
        sides = zip(self.names, (match.first[:n_axes], match.second[:n_axes]), strict=True)
        return [[", ".join(names[a].split(", ")[:n_words]) for a in axes] for names, axes in sides]

    def axes(self, n_axes: int = 8) -> pd.DataFrame:
        """The best-matched ICA axes: the words of either side, and the held-out correlation."""
        r = {
            "matched r": self.runs[0].matchings["ICA"].r,
            "held-out r": self.runs[0].held_out["ICA"],
        }
        r |= dict(zip(self.side_names, self.best_names(n_axes, 3), strict=True))
        table = pd.DataFrame({name: column[:n_axes] for name, column in r.items()})
        table.insert(0, "rank", table.index + 1)
        return table

    def lead(self, n_pairs: int) -> tuple[float, tuple[float, float]]:
        """By how much ICA's mean held-out r leads with so few pairs, drawn at random, and its 95 %
        interval over axes."""
        chosen = np.random.default_rng(self.seed).permutation(len(self.rows[0]))[:n_pairs]
        values = {basis: self.values(basis) for basis in compare.METHODS}
        sides = ({b: both[k][chosen] for b, both in values.items()} for k in (0, 1))
        return compare.compare_bases(self.name, *sides, n_shuffles=1, seed=self.seed).lead()

    def curves(self) -> pd.DataFrame:
        """Held-out r by rank (from 0), a block per method, that of shuffled pairs the last one."""
        table = self.runs[0].table
        null = table[table.method == "ICA"].assign(method="shuffled pairing")
        return pd.concat([table, null.assign(r=null.shuffled)], ignore_index=True)

    def unsettled(self) -> str:
        """The end of a caption: which ICA stopped short of its limit."""
        named = {f"{self.name}, {n}": side["ICA"] for n, side in enumerate(self.sides, start=1)}
        return compare.unsettled(named)


def compare_spaces(name, first, second, rows, names, seeds: Seeds, **pairing) -> Pair:
    """The pair of two spaces, given as the bases of each by all seeds, and its rows by seed."""
    how = {"n_shuffles": seeds.n_shuffles, "seed": seeds.first}
    runs = compare.compare_by_seed(name, first, second, rows, **how, **pairing)
    return Pair(name, (first[0], second[0]), rows[0], names, runs, seeds.first, **pairing)


def english_python(table: pd.DataFrame, dim: int, seeds: Seeds) -> Pair:
    """What docstrings say in English and what the code says in Python, as two spaces of functions.

    Args:
        table: columns english and python, as of `text.functions.functions`.
        dim: of the vectors, singular vectors of the tf-idf of either side by itself.
    """
    clean = ".,:;()[]`'\"*"
    bags = [
        [[word.strip(clean).lower() for word in text.split()] for text in table.english],
        [python_words(text) for text in table.python],
    ]
    axes = []
    for n, bag in enumerate(bags):
        vectors = baselines.document_vectors(bag, dim=dim, seed=seeds.first)
        blank = baselines.untrained_document_vectors(bag, dim=dim, seed=seeds.first + n)
        axes.append(seeds.bases(vectors, blank, offset=n))
    names = [topics.by_bags(side[0]["ICA"], bag) for side, bag in zip(axes, bags, strict=True)]
    every = np.arange(len(table))
    return compare_spaces("English - Python", *axes, [(every, every)] * seeds.number, names, seeds)


def of_embeddings(name: str, *sides: Sequence[Embedding], min_count: int, seeds: Seeds) -> Pair:
    """Two embeddings, each trained by every seed, over the words that both know."""
    axes, fits = [], []
    for n, side in enumerate(sides):
        blank = [baselines.untrained(x, seeds.first + s + n) for s, x in enumerate(side)]
        trained, untrained = (
            [x.input[np.asarray(x.counts) >= min_count] for x in xs] for xs in (side, blank)
        )
        fits.append(fits_of(side, min_count, seeds))
        axes.append(seeds.bases(trained, untrained, known=fits[n], offset=n))
    rows = [compare.word_pairs(a.words, b.words) for a, b in zip(*fits, strict=True)]
    names = [topics.by_words(side[0], min_count=max(min_count, 10)) for side in fits]
    return compare_spaces(name, *axes, rows, names, seeds)


def fits_of(side: Sequence[Embedding], min_count: int, seeds: Seeds, **options) -> list[Components]:
    """The ICA of an embedding trained by every seed, each by its own, kept as artefacts."""
    options = seeds.fit | options | {"min_count": min_count}
    made = enumerate(side, start=seeds.first)
    return [decomposition.fit_embedding(x, seed=seed, **options) for seed, x in made]


def of_languages(files: Sequence[str], dictionaries: Sequence[str], seeds: Seeds) -> dict:
    """The first of some vector files against each other one, over the pairs of its word list: a
    pair by its label, "languages" the first."""
    if len(dictionaries) != max(len(files) - 1, 0):
        given = f"{len(files)} languages and {len(dictionaries)} dictionaries"
        raise InputError(f"{given}; expected one for each language after the first: give as many")
    made = {}
    for path, vocabulary in zip(files[1:], dictionaries, strict=True):
        both = [embedding.load(file, limit=50_000) for file in (files[0], path)]
        known = baselines.read_dictionary(vocabulary)
        rows = baselines.paired_rows(both[0].ids, both[1].ids, known)
        axes = []
        for n, x in enumerate(both):
            blank = baselines.untrained(x, seeds.first + n).input
            axes.append(seeds.bases(np.asarray(x.input), np.asarray(blank), offset=n))
        spaces = [replace(a[0]["ICA"], words=x.words) for a, x in zip(axes, both, strict=True)]
        name = " - ".join(file.split("/")[-1] for file in (files[0], path))
        names = [topics.by_words(space) for space in spaces]
        label = "languages" if not made else name
        made[label] = compare_spaces(name, *axes, [rows] * seeds.number, names, seeds)
    return made


def in_context(static: Sequence[Bases], reader, sentences, layer: int, seeds: Seeds) -> Pair:
    """Words by themselves and in their sentences: every token of a known word is a pair, weighted
    by 1/(occurrences of the word), all tokens of a word on one side of the split.

    Args:
        static: the bases of the words by all seeds.
        reader: a model folder or hub id, read at `layer`; its untrained form is the same at random.
    """
    space = static[0]["ICA"]
    tokens, untrained = (
        contextual.token_vectors(model, sentences, layer=layer, keep=True, progress=False)
        for model in (reader, pretrained.random_model(reader, seed=seeds.first))
    )
    told = [n for n, w in enumerate(tokens.words) if tokens.known[n] and w in space.ids]
    known = [tokens.words[n] for n in told]
    words = np.array([space.ids[word] for word in known])
    axes = seeds.bases(tokens.vectors[told], untrained.vectors[told], offset=1)
    named = topics.by_bags(axes[0]["ICA"], [[word] for word in known], at_least=5)
    names = [topics.by_words(space, min_count=10), named]
    rows = [(words, np.arange(len(told)))] * seeds.number
    pairing = {"weights": 1 / np.bincount(words)[words], "groups": words}
    return compare_spaces("static - contextual", static, axes, rows, names, seeds, **pairing)


def of_images(static: Sequence[Bases], folder: str, models: Sequence[str], seeds: Seeds) -> dict:
    """The first of some models of images against each other one ("images"), and against words of
    the labels ("image_words"); nothing without a folder and models."""
    if not (folder and models):
        return {}
    axes, seen = [], []
    for n, model in enumerate(models):
        blank = pretrained.random_model(model, seed=seeds.first)
        x, null = (images.features(reader, folder, keep=True) for reader in (model, blank))
        axes.append(seeds.bases(x.vectors, null.vectors, offset=n))
        seen.append(x)
    names = [
        topics.by_bags(side[0]["ICA"], [images.words_of(label) for label in x.labels])
        for side, x in zip(axes, seen, strict=True)
    ]
    called = [model.strip("/").split("/")[-1] for model in models]
    rows, made = [(np.arange(len(seen[0])),) * 2] * seeds.number, {}
    for n, own in enumerate(axes[1:], start=1):
        both, name = (names[0], names[n]), f"{called[0]} - {called[n]}"
        label = "images" if n == 1 else name
        made[label] = compare_spaces(name, axes[0], own, rows, both, seeds)
    space = static[0]["ICA"]
    of_words, of_images, times = images.word_pairs(seen[0], space.ids, images.STOP_WORDS)
    rows, pairing = [(of_words, of_images)] * seeds.number, {"weights": times, "groups": of_words}
    both = (topics.by_words(space, min_count=10), names[0])
    name = f"words - {called[0]}"
    made["image_words"] = compare_spaces(name, static, axes[0], rows, both, seeds, **pairing)
    return made


def word_and_tokens(pair: Pair, n_axes: int = 5, n_words: int = 5, n_tokens: int = 3):
    """The values of some words and of tokens of each on the best-matched axes.

    Returns:
        a table with columns space, word and a column per axis: each word's vector `n_tokens` times,
        then its tokens, drawn at random; the same tokens on the axes that shuffled pairs match, and
        the untrained model's on those that match best there.
    """
    static, (words, _) = pair.sides[0]["ICA"], pair.rows
    run = pair.runs[0]
    match, chance, blank = run.matchings["ICA"], run.shuffled["ICA"], run.matchings["untrained"]
    places = pd.Series(np.arange(len(words))).groupby(words).agg(list)
    places = places[places.str.len() >= n_tokens]
    best, tops, drawing = match.first[:n_axes], [], np.random.default_rng(pair.seed)
    for axis in best:
        by_value = places.index[np.argsort(-static.normalised[places.index, axis], kind="stable")]
        tops += [row for row in by_value if row not in tops][:n_words]
    drawn = [n for row in tops for n in drawing.choice(places[row], n_tokens, replace=False)]
    repeated, trained, untrained = (
        np.repeat(tops, n_tokens),
        *(pair.sides[1][basis].normalised[drawn] for basis in ("ICA", "untrained")),
    )
    blocks = {
        "static": static.normalised[repeated][:, best],
        "contextual": trained[:, match.second[:n_axes]],
        "shuffled pairing": trained[:, chance.partners()[best]],
        "untrained": untrained[:, blank.partners()[best]],
    }
    axes = [f"{n}. {static_name}" for n, static_name in enumerate(pair.best_names(n_axes)[0], 1)]
    word = [static.words[row] for row in repeated]
    parts = [pd.DataFrame(x, columns=axes).assign(space=n, word=word) for n, x in blocks.items()]
    return pd.concat(parts)


def against_many(space: Components, others: Mapping[str, Components], seed: int) -> pd.DataFrame:
    """One space against several over shared words: the table of `matching.match_many`, and by rank
    the mean correlation of shuffled pairs and of Gaussian vectors ("untrained")."""
    first, second = {}, {}
    for name, other in others.items():
        own, of_other = compare.word_pairs(space.words, other.words)
        first[name], second[name] = space.values[own], other.values[of_other]
    many, random = matching.match_many(first, second), np.random.default_rng(seed)
    nulls = {
        "shuffled pairing": {n: x[random.permutation(len(x))] for n, x in second.items()},
        "untrained": {n: random.normal(size=x.shape) for n, x in second.items()},
    }
    for name, targets in nulls.items():
        level = matching.match_many(first, targets)["sum"].to_numpy() / len(targets)
        many[name] = pd.Series(level).reindex(many.index)
    return many


def summary(pairs: Iterable[Pair]) -> pd.DataFrame:
    """A row for each pair, means over seeds: held-out r of every method and of shuffled pairs,
    ICA's lead and the axes above all shuffled ones with least and most, and p of ICA's mean r."""
    rows, short = [], dict(zip(compare.METHODS, ("ICA", "PCA", "random"), strict=True))
    for pair in pairs:
        table = compare.over_seeds(pair.runs).set_index("method")
        row = {
            "spaces": pair.name,
            "pairs": int(table.pairs.ICA),
            "axes": len(pair.runs[0].held_out["ICA"]),
        }
        mean = table["mean r, held out"].rename(short)
        row |= {f"r, {method}": mean[method] for method in (*short.values(), "untrained")}
        row["r, shuffled"] = table["null, mean r"].ICA
        leads = [run.lead()[0] for run in pair.runs]
        row["lead"] = f"{np.mean(leads):.3f} ({min(leads):.3f} to {max(leads):.3f})"
        for method, name in short.items():
            shared, least, most = table.loc[method, ["axes above the null", "least", "most"]]
            row[f"shared, {name}"] = f"{shared:.0f} ({least:.0f}-{most:.0f})"
        rows.append(row | {"p": table.p.ICA})
    return pd.DataFrame(rows)


def by_rank(pairs: Iterable[Pair], printed: pd.DataFrame) -> pd.DataFrame:
    """Correlations of matched axes by rank, over the pairs that matched them, below the printed."""
    ranks = [column for column in printed.columns if column.isdigit()]
    rows = []
    for pair in pairs:
        for basis in ("ICA", "PCA"):
            r = pair.runs[0].matchings[basis].r
            row = {"pair": pair.name, "method": basis, "mean of 100": r[:100].mean()}
            rows.append(row | {n: r[int(n) - 1] for n in ranks if int(n) <= len(r)})
    return card.beside(printed, rows)


def skewness(pairs: Iterable[Pair], printed: pd.DataFrame) -> pd.DataFrame:
    """log(1 + skewness) of ICA axes, counted from 1, below those printed, there from 0."""
    axes = [column for column in printed.columns if column.isdigit()]
    rows = []
    for pair in pairs:
        for n, side in enumerate(pair.sides, start=1):
            skew = np.log1p(side["ICA"].skewness)
            own = {axis: skew[int(axis)] for axis in axes if int(axis) < len(skew)}
            rows.append({"space": f"{pair.name}, {n}"} | own)
    return card.beside(printed, rows).rename(columns={n: str(int(n) + 1) for n in axes})

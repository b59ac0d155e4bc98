"""Words on three sets of axes, and what notebook 03 trains from one text with one seed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from lmnotes.papers.cosine_similarity import pseudowords
from lmnotes.text.corpus import Corpus
from lmnotes.words import baselines, null_laws, sgns, similarity
from lmnotes.words.analogy import four_words
from lmnotes.words.embedding import Embedding
from lmnotes.words.ica import compare, matching
from lmnotes.words.ica.components import Components

Bases = Mapping[str, Components]


@dataclass(frozen=True, eq=False)
class Space:
    """The same V words on three sets of white axes: ICA, PCA and a random rotation.

    Args:
        bases: by name. raw: (V, D) the vectors as they were trained.
        list_count: rarer words are not named on an axis.
    """

    bases: Bases
    raw: np.ndarray
    list_count: int = 1

    @cached_property
    def unit(self) -> dict[str, np.ndarray]:
        """The rows of each basis, (V, K) of length 1."""
        return {basis: each.normalised for basis, each in self.bases.items()}

    @cached_property
    def listed(self) -> np.ndarray:
        """Which words may be named on an axis, (V,)."""
        counts = self.bases["ICA"].counts
        return np.ones(len(self.words), bool) if counts is None else counts >= self.list_count

    words = property(lambda self: self.bases["ICA"].words)
    ids = property(lambda self: self.bases["ICA"].ids)
    n_axes = property(lambda self: self.bases["ICA"].n_axes)

    @cached_property
    def _top(self) -> dict[str, np.ndarray]:
        return {name: matching.top_rows(each, 10, self.listed) for name, each in self.unit.items()}

    def top(self, axis: int, basis: str = "ICA", n: int = 5) -> list[str]:
        """The n words of the largest value on an axis, 10 at most; axes counted from 0."""
        return [self.words[row] for row in self._top[basis][axis][:n]]

    def meaning(self, axis: int, basis: str = "ICA", n: int = 3) -> str:
        """The name of an axis: its n top words."""
        return ", ".join(self.top(axis, basis, n))

    def known(self, pair: Sequence[str]) -> list[str]:
        """The pair, or the two most frequent top words of the most skewed axis where one lacks."""
        if all(word in self.ids for word in pair):
            return list(pair)
        return [self.words[row] for row in np.sort(self._top["ICA"][0])[:2]]


@dataclass(frozen=True, eq=False)
class Study:
    """One seed's vectors and axes; each is made when asked for, and kept on disk.

    Args:
        given: vectors of a file in place of skip-gram's. seed: of training, ICA and rotation.
        epochs: of skip-gram; other_epochs: of CBOW, of the halves and of the pseudo-words.
        draws: seed of what is the same for every `seed`: questions and random pairs.
    """

    corpus: Corpus
    given: Embedding | None
    seed: int
    dim: int
    epochs: int
    other_epochs: int
    min_count: int
    list_count: int
    n_pseudo: int
    similarity_sets: Sequence[str]
    n_questions: int
    draws: int = 0

    def _skip_gram(self, corpus: Corpus, seed: int, **how) -> Embedding:
        return sgns.train(corpus, dim=self.dim, window=10, negatives=5, seed=seed, **how)

    def _axes(self, vectors: Embedding) -> Bases:
        return compare.bases_of(vectors, min_count=self.min_count, seed=self.seed)

    def _by_shared_rule(self, corpus: Corpus, seed: int) -> Bases:
        how = {"epochs": self.other_epochs, "rule": "shared"}
        return self._axes(self._skip_gram(corpus, seed, **how))

    @cached_property
    def space(self) -> Space:
        """The words of the story."""
        how = {"epochs": self.epochs, "rule": "pairwise"}
        vectors = self.given or self._skip_gram(self.corpus, self.seed, **how)
        bases = self._axes(vectors)
        raw = vectors.input[[vectors.ids[word] for word in bases["ICA"].words]]
        return Space(bases, raw, self.list_count)

    @cached_property
    def others(self) -> dict[str, Bases]:
        """The same text by two other algorithms."""
        how = {"dim": self.dim, "window": 10, "min_count": self.min_count, "seed": self.seed}
        cbow = baselines.cbow(self.corpus, epochs=self.other_epochs, **how)
        ppmi_svd = baselines.ppmi_svd(self.corpus, **how)
        return {"CBOW": self._axes(cbow), "PPMI-SVD": self._axes(ppmi_svd)}

    @cached_property
    def halves(self) -> list[Bases]:
        """Two halves of the text without a document in common, or without a piece of a novel."""
        corpus = self.corpus if self.corpus.n_documents > 1 else in_pieces(self.corpus)
        texts = enumerate(baselines.halves(corpus, seed=self.seed), start=self.seed)
        return [self._by_shared_rule(half, number) for number, half in texts]

    @cached_property
    def pseudo_words(self) -> pd.DataFrame:
        """Words made of two, a row per basis and word: their values on four axes, whether these
        are significant, and the share of their occurrences told apart."""
        before, often = self.space, max(2 * self.list_count, self.min_count)
        in_text = dict(zip(self.corpus.words, self.corpus.counts, strict=True))
        counts = np.array([in_text.get(word, 0) for word in before.words])
        how = {"n": self.n_pseudo, "min_count": often, "seed": self.seed}
        pairs = pseudowords.draw(before.unit["ICA"], before.words, counts, **how)
        merged = self._by_shared_rule(pseudowords.merge(self.corpus, pairs), self.seed)
        rows = np.array([[before.ids[word] for word in each] for each in pairs])  # (n, 2)
        joined, parts = [pseudowords.JOIN.join(each) for each in pairs], []
        for basis, space in merged.items():
            here, there = compare.word_pairs(before.words, space.words)
            match = matching.match(before.bases[basis].values[here], space.values[there])
            own = match.partners()[before.unit[basis][rows].argmax(axis=2)]  # (n, 2)
            vectors = space.normalised[[space.ids[name] for name in joined]]  # (n, K)
            part = {"basis": basis, "pseudo-word": joined}
            for whose, axes in (("own", own), ("another's", np.roll(own, 1, axis=0))):
                values = np.take_along_axis(vectors, axes, axis=1)
                part |= {f"{whose} first": values[:, 0], f"{whose} second": values[:, 1]}
                clear = values > null_laws.threshold(before.n_axes)
                part[f"on both {whose}"] = clear.all(axis=1)
            each = zip(pairs, own, strict=True)
            told = [pseudowords.told_apart(self.corpus, *asked, space) for asked in each]
            parts.append(pd.DataFrame(part | {"occurrences told apart": told}))
        return pd.concat(parts)

    @cached_property
    def tests(self) -> dict[str, pd.DataFrame]:
        """Scores with the p largest products: of each similarity set that the words cover, of
        "analogies", and of "cosine", the agreement with it over all pairs of the sets."""
        space, tables = self.space, {}
        steps = [p for p in (1, 2, 5, 10, 20, 50, 100, 200, 300, 500) if p < space.n_axes]
        steps.append(space.n_axes)
        for name in self.similarity_sets:
            try:
                tables[name] = similarity.score(space.unit, space.words, name, steps)
            except ValueError as error:  # a small text covers no pair
                print(error)
        drawn = np.random.default_rng(self.draws).integers(len(space.words), size=(500, 2))
        pairs = np.concatenate([table.attrs["ends"] for table in tables.values()] or [drawn])
        whole = similarity.axis_products(space.unit["ICA"], pairs[:, 0], pairs[:, 1]).sum(axis=1)
        tables["cosine"] = similarity.agreement(space.unit, pairs, whole, steps)
        questions = four_words.read_questions(space.words)
        if len(questions) >= 10:
            values = {basis: each.values for basis, each in space.bases.items()}
            how = {"n_questions": self.n_questions, "seed": self.draws}
            tables["analogies"] = four_words.score(values, questions, steps, **how)
        return tables


def in_pieces(corpus: Corpus, n_tokens: int = 1000) -> Corpus:
    """A text of one document, such as a novel, as documents of so many tokens."""
    offsets = np.append(np.arange(0, corpus.n_tokens, n_tokens), corpus.n_tokens)
    n = len(offsets) - 1
    return replace(corpus, offsets=offsets, titles=[""] * n, document_source=np.zeros(n, np.int32))


def turned(turn: Callable[[float], np.ndarray], t: float) -> np.ndarray:
    """The components (V, K) at t of `similarity.geodesic`, of positive skewness on every axis."""
    values = turn(t)
    return values * np.where((values**3).mean(axis=0) < 0, -1.0, 1.0)

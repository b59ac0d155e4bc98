"""How far a model moves on the map when only the scoring rule or only its vocabulary changes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lmnotes import parallel
from lmnotes.errors import InputError
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import projection
from lmnotes.models.scoring.rule import Rule
from lmnotes.models.zoo.plans import Spec
from lmnotes.papers.model_map.population import Population
from lmnotes.text.chunks import TextSet

FIRST_BYTE, SUBWORDS, SEED = "first byte not scored", "subwords for bytes", "another seed"


@dataclass(frozen=True, eq=False)
class Moves:
    """Models of a population scored in two ways.

    table: how far each has moved, and how far another seed moves one; places: (M + m, 2) principal
    components, nats of a difference's standard deviation, the m models scored anew at the end;
    arrows: what was changed -> pairs of rows.
    """

    table: pd.DataFrame
    places: np.ndarray
    arrows: dict[str, list[tuple[int, int]]]

    def medians(self) -> dict[str, float]:
        """The median map distance by what was changed, as numbers of a sentence."""
        apart = self.table.groupby("changed")["map distance, nats per text"].median()
        words = {"first": FIRST_BYTE, "subwords": SUBWORDS, "another": SEED}
        return {name: float(apart.get(what, np.nan)) for name, what in words.items()}


def measure_moves(population: Population, specs: Sequence[Spec], texts: TextSet) -> Moves:
    """Byte-level models scored without BOS, and their twins with a byte-pair vocabulary.

    Args:
        texts: those of the population.
    """
    twins = vocabulary_twins(specs)
    byte_level = population.models.model[population.models.tokenizer == "bytes"]
    names = list(dict.fromkeys(pair[0] for pair in twins)) or list(byte_level[:2])
    changed = [population.index(name) for name in names]
    L = population.joined(_without_bos(population, changed, texts))
    Q = maps.double_centre(L)
    apart, mean, M = maps.kl(Q), L.mean(axis=1), len(population)
    pairs = {
        FIRST_BYTE: [(row, M + number) for number, row in enumerate(changed)],
        SUBWORDS: [tuple(population.index(name) for name in pair) for pair in twins],
    }
    labels = [
        *population.labels,
        *[f"{population.labels[i]}, first byte not scored" for i in changed],
    ]
    rows = [
        {
            "changed": what,
            "model": labels[i],
            "compared with": labels[j],
            "map distance, nats per text": apart[i, j],
            "shift of the mean, nats": mean[j] - mean[i],
        }
        for what, moved in (pairs | {SEED: population.seed_pairs}).items()
        for i, j in moved
    ]
    flat = projection.pca(Q) / np.sqrt(Q.shape[1])
    return Moves(pd.DataFrame(rows), flat, pairs)


def _without_bos(population: Population, rows: Sequence[int], texts: TextSet) -> np.ndarray:
    """Log-likelihoods of the models at some rows, their first byte not scored, (m, N) nats."""
    from lmnotes.models.scoring import score

    folders, rule = population.models.folder.iloc[rows], Rule(bos="never")
    with parallel.one_thread():
        return np.stack([score.score_texts(f, texts, rule=rule).log_likelihood for f in folders])


def fork(specs: Sequence[Spec]) -> tuple[str, str, str]:
    """A base model and the first two of its fine-tunes; of several such bases the first.

    Raises InputError where no model has two fine-tunes.

    >>> fork([Spec("a"), Spec("a+x", "finetune", parent="a"), Spec("a+y", "finetune", parent="a")])
    ('a', 'a+x', 'a+y')
    """
    for base in specs:
        children = [s.name for s in specs if s.kind == "finetune" and s.parent == base.name]
        if base.kind == "neural" and len(children) >= 2:
            return base.name, children[0], children[1]
    given = f"{len(specs)} models were given, none with two fine-tunes"
    raise InputError(f"{given}; expected a base with two: name three models yourself")


def vocabulary_twins(specs: Sequence[Spec]) -> list[tuple[str, str]]:
    """(byte-level, byte-pair) names of models that differ in their tokenizer only.

    >>> vocabulary_twins([Spec("a"), Spec("a-bpe512", vocabulary=512)])
    [('a', 'a-bpe512')]
    """
    plain = {
        _but_vocabulary(s): s.name for s in specs if s.vocabulary == 257 and s.kind == "neural"
    }
    pairs = [(plain.get(_but_vocabulary(s)), s.name) for s in specs if s.vocabulary != 257]
    return [pair for pair in pairs if pair[0] is not None]


def _but_vocabulary(spec: Spec) -> Spec:
    return replace(spec, name="", vocabulary=257, checkpoints=())

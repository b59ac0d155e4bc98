"""Does the map know relatives, and would something simpler? Rival distances of the same models."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform

from lmnotes.errors import InputError
from lmnotes.models.maps import relatives
from lmnotes.models.scoring import identity, loading
from lmnotes.papers.model_map.population import Population

MAP, MEAN = "map distance", "mean log-likelihood"
VOCABULARY, WEIGHTS = "vocabularies", "weights of equal shape"
_MOST_BYTES = 2**30  # of all weights that are read


@dataclass(frozen=True, eq=False)
class Kinship:
    """table: of `relatives.judge`; left_out: rivals that could not be computed, and why."""

    table: pd.DataFrame
    left_out: dict[str, str]

    @property
    def absent(self) -> str:
        """What is left out, as the end of a caption."""
        return "".join(f" Left out: {way}, {why}." for way, why in self.left_out.items())

    def numbers(self, measure: str = "precision") -> dict[str, float | str]:
        """Of the map, as numbers of a sentence: value and chance of a measure, its p, and the best
        of its rivals."""
        rows = self.table[self.table.measure.str.startswith(measure)].set_index("way")
        best = rows.value.drop(MAP).idxmax()
        said = {"value": rows.value[MAP], "chance": rows.chance[MAP], "p": rows.p[MAP]}
        return said | {"rival": best, "other": rows.value[best], "n": int(rows.n_lineages[MAP])}


def judge(population: Population, seed: int = 0, n_draws: int = 499) -> Kinship | None:
    """The map and its rivals by what they tell of known descent; None where no two are relatives.

    A model whose name is another's and a revision after "@" is a checkpoint of its run. Rivals:
    the difference of the mean log-likelihoods; 1 less the share of tokens that two vocabularies
    have in common (Jaccard); how far weights are apart, where all tensors have the same names and
    shapes. A rival whose files are not there is left out.
    """
    models = population.models
    run = models.model.astype(str).str.partition("@")[0]
    parents = models.get("parent", pd.Series("", models.index))
    kin = relatives.kin(models.model, parents, models.lineage, run)
    if not kin.related.any():
        return None
    ways = {MAP: population.distance, MEAN: np.abs(np.subtract.outer(*[population.mean] * 2))}
    left_out = {}
    for way, measure in ((VOCABULARY, vocabulary_distance), (WEIGHTS, weight_distance)):
        try:
            ways[way] = measure(models.get("folder", []))
        except Exception as why:  # whatever a tokenizer's own class raises
            left_out[way] = str(why).split("; expected")[0].splitlines()[0]
    return Kinship(relatives.judge(ways, kin, n_draws=n_draws, seed=seed), left_out)


def vocabulary_distance(places: Sequence[str]) -> np.ndarray:
    """1 less the Jaccard overlap of the tokens of every two models' tokenizers, (M, M).

    places: folders, or hub ids with their revision after "@". A file that two share is read once.
    Raises InputError where none is known.
    """
    if not len(places):
        raise InputError("the models' files are not known; expected a folder or hub id of each")
    from tokenizers import Tokenizer

    known: dict[object, frozenset] = {}
    vocabularies = []
    for place in places:
        file = Path(place, "tokenizer.json")
        key = file.read_bytes() if file.is_file() else place
        if key not in known and file.is_file():
            known[key] = frozenset(Tokenizer.from_buffer(key).get_vocab())
        elif key not in known:
            who = identity.identify(place)
            tokenizer = loading.tokenizer_of(who.model, revision=who.hub_revision)
            known[key] = frozenset(tokenizer.get_vocab())
        vocabularies.append(known[key])
    distinct = list(dict.fromkeys(vocabularies))
    apart = [[1 - len(a & b) / len(a | b) for b in distinct] for a in distinct]
    rows = [distinct.index(tokens) for tokens in vocabularies]
    return np.array(apart)[np.ix_(rows, rows)]


def weight_distance(places: Sequence[str]) -> np.ndarray:
    """||a - b|| / sqrt(||a||^2 + ||b||^2) of the weights of every two models, (M, M): 0 for copies,
    about 1 for independent ones, NaN where not all tensors have the same names and shapes.

    Raises InputError where a model is no folder with safetensors, or there is too much to read.
    """
    import torch
    from safetensors.torch import load_file

    files = [sorted(Path(place).glob("*.safetensors")) for place in places]
    size = sum(file.stat().st_size for several in files for file in several)
    if not files or not all(files) or size > _MOST_BYTES:
        given = "not all in folders here" if size <= _MOST_BYTES else f"{size / 2**30:.1f} GiB"
        raise InputError(f"they are {given}; expected folders of {_MOST_BYTES / 2**30:.0f} GiB")
    shapes, weights = [], []
    for several in files:
        tensors = sorted(item for file in several for item in load_file(file).items())
        shapes.append(str([(name, tuple(x.shape)) for name, x in tensors]))
        weights.append(torch.cat([x.flatten().float() for _, x in tensors]).numpy())
    apart = np.full((len(places), len(places)), np.nan)
    for rows in pd.Series(shapes).groupby(shapes).indices.values():
        stacked = np.stack([weights[row] for row in rows]).astype(np.float64)
        squared, norms = squareform(pdist(stacked, "sqeuclidean")), (stacked**2).sum(axis=1)
        apart[np.ix_(rows, rows)] = np.sqrt(squared / np.add.outer(norms, norms))
    return apart

"""Models that come later: the latest of a population, and whole families that nobody has seen."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmnotes import statistics
from lmnotes.errors import InputError
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.maps import layout, projection, resample
from lmnotes.papers.text_resampling import adding
from lmnotes.papers.text_resampling import study as studies
from lmnotes.papers.text_resampling.study import Study

PUBLISHED_DRAWS = 2900
WAYS = ("uniform", "blind", "mixed", "informed")


@dataclass(frozen=True, eq=False, repr=False)
class Late:
    """The latest models placed by the texts that the others chose.

    by_all: (M, N) coordinates by all texts, clipped as the old models are; points: (M, d) by the
    chosen ones.
    """

    study: Study
    is_new: np.ndarray  # (M,)
    choice: adding.Choice
    by_all: np.ndarray
    points: np.ndarray

    @property
    def distances(self) -> tuple[np.ndarray, np.ndarray]:
        """(M, M) squared distances by all texts and by the chosen ones, nats^2."""
        return resample.squared_distances(self.by_all), resample.squared_distances(self.points)

    @property
    def is_same(self) -> np.ndarray:
        """Whether the nearest old model of each new one is the same by both sets of texts."""
        across = np.ix_(self.is_new, ~self.is_new)
        by_all, by_few = (squared[across].argmin(axis=1) for squared in self.distances)
        return by_all == by_few

    def errors(self) -> pd.DataFrame:
        """Relative errors of squared distances, by which of the two models is new."""
        target, rows = self.distances[0], []
        new, old = self.is_new, ~self.is_new
        groups = {"new to old": (new, old), "new to new": (new, new), "old to old": (old, old)}
        for pairs, (first, second) in groups.items():
            off = adding.pair_errors(self.points, target, first, second)
            if len(off):
                row = {"pairs": pairs, "number": len(off)}
                row["root mean square relative error"] = np.sqrt(np.mean(off**2))
                rows.append(row | {"mean relative error": off.mean()})
        return pd.DataFrame(rows)

    def linear(self) -> dict[str, np.ndarray]:
        """(M, 2) linear maps by all texts and by the chosen ones, turned onto the first, nats."""
        k, n_texts = min(10, len(self.study) - 1), self.study.n_texts
        target = projection.pca(self.by_all, k) / np.sqrt(n_texts)
        own = projection.pca(self.points, k) / np.sqrt(n_texts)
        own = np.pad(own, ((0, 0), (0, k - own.shape[1])))
        return {"all": target[:, :2], "few": layout.procrustes(own, target)[:, :2]}

    def tsne(self, perplexity: float = 30.0) -> dict[str, np.ndarray]:
        """(M, 2) joint t-SNE maps by all texts and by the chosen ones, the second turned onto the
        first, both onto the map that all notebooks show."""
        home = self.study.places(perplexity)[["t-SNE 1", "t-SNE 2"]].to_numpy()
        by_all = layout.procrustes(projection.tsne(self.by_all, 42, perplexity=perplexity), home)
        by_few = projection.tsne(self.points, 42, perplexity=perplexity)
        return {"all": by_all, "few": layout.procrustes(by_few, by_all)}

    def table(self, **kinds: dict[str, np.ndarray]) -> pd.DataFrame:
        """The places of all models on some maps: model, label, family, is new, and coordinates."""
        places = {
            f"{kind} {axis}, {way}": points[:, column]
            for kind, both in kinds.items()
            for way, points in both.items()
            for column, axis in enumerate("xy")
        }
        about = self.study.models[["model", "label", "family"]]
        return about.assign(**{"is new": self.is_new}, **places)

    def claims(self, seed: int = 42) -> dict[str, tuple]:
        """What the paper states on Figure 3(b): claim -> value, interval over lineages, note."""
        kin, same = self.study.lineage[self.is_new], self.is_same
        claim = "fig3_added_neighbour"
        if len(set(kin)) > 2:
            mean = statistics.group_bootstrap(lambda rows: same[rows].mean(), kin, seed=seed)
            recorded = {claim: (*mean, f"{len(kin)} new models of {len(set(kin))} lineages")}
        else:
            few = "new models of one or two lineages: nothing to draw from"
            recorded = {claim: (np.nan, None, few)}
        return recorded | self.study.published({"fig3_d_added": len(self.choice.drawn)})


def add_latest(study: Study, n_draws: int, *, new_share: float = 0.12) -> Late:
    """The latest models of a study placed by LS draws of the others; 2,900 for the authors' matrix.

    Clip threshold, probabilities and the draw come from the old models alone.
    """
    n_new = max(1, round(new_share * len(study)))
    is_new = np.zeros(len(study), dtype=bool)
    is_new[studies.age(study)[-n_new:]] = True
    values = study.raw.values
    n_draws = PUBLISHED_DRAWS if study.is_published else n_draws
    choice = adding.choose(values[~is_new], n_draws, clip_share=study.clip_share, seed=42)
    points = choice.place(values[:, choice.drawn.texts])
    by_all = maps.double_centre(np.maximum(values, choice.threshold))
    return Late(study, is_new, choice, by_all, points)


def groups(study: Study) -> dict[str, np.ndarray]:
    """What may be hidden together, (M,) each: families, and all that learnt mostly from one domain.

    Where all models are of one family, the first and the second half of them by age.
    """
    family = study.family
    known = {name: family == name for name in dict.fromkeys(family)}
    if "mixture" in study.models:
        learnt = study.models["mixture"].astype(str).str.removeprefix("only ").to_numpy()
        kinds = [name for name in dict.fromkeys(learnt) if " + " not in name]  # merges have two
        known |= {f"trained on {name}": learnt == name for name in kinds}
    return known if len(known) > 1 else _halves(study)


def _halves(study: Study) -> dict[str, np.ndarray]:
    early = np.isin(np.arange(len(study)), studies.age(study)[: len(study) // 2])
    return {"earlier half": early, "later half": ~early}


def _hide(
    study: Study, hidden_by: Callable, d: float, uniform_share: float, least_known: int
) -> pd.DataFrame:
    """The errors of each group, or of the halves where no group leaves enough models known."""
    for of_groups in (groups(study), _halves(study)):
        rows = []
        for name, group in of_groups.items():
            hidden = hidden_by(group)
            if hidden.any() and (~hidden).sum() >= least_known:
                of_ways = hidden_error(study, hidden, d, uniform_share)
                rows.append({"family": name, "known models": (~hidden).sum(), **of_ways})
        if rows:
            table = pd.DataFrame(rows)
            table["blind over uniform"] = table.blind / table.uniform
            return table.sort_values("blind over uniform").reset_index(drop=True)
    given = f"{len(study)} models were given"
    raise InputError(f"{given}; expected groups that leave {least_known} known: add models")


def hidden_error(
    study: Study, hidden: np.ndarray, d: float, uniform_share: float
) -> dict[str, float]:
    """The relative error of distances between hidden and known models, by who chose the texts."""
    shares = {"uniform_share": uniform_share, "clip_share": study.clip_share}
    return adding.hidden_errors(study.raw.values, hidden, d, **shares)


def hide_each(study: Study, d: float, uniform_share: float = 0.1) -> pd.DataFrame:
    """Each family hidden in turn while d distinct texts are chosen: columns family, known models,
    WAYS, blind over uniform, sorted by the last."""
    least = max(3, len(study) // 2)
    return _hide(study, lambda group: group, d, uniform_share, least)


def know_each(study: Study, d: float, uniform_share: float = 0.1) -> pd.DataFrame:
    """The same where each family alone is known and all others come later."""
    return _hide(study, lambda group: ~group, d, uniform_share, 3)

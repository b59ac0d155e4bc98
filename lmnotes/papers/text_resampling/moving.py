"""How much maps move from draw to draw: linear ones, t-SNE ones, and those of one and the same
data nudged, which tell the optimiser from the texts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmnotes.models.maps import layout, projection, resample
from lmnotes.papers.text_resampling import spread
from lmnotes.papers.text_resampling.study import Study

FEW = "uniform, as few texts"
NUDGED, RESEEDED = "floor: nudged", "floor: other t-SNE seeds"
_N_COMPONENTS = 10  # principal components that are turned; the first two are looked at
_NUDGE = 1e-3  # of every coordinate


@dataclass(frozen=True, eq=False, repr=False)
class Moved:
    """Maps of many draws.

    tsne, pca: setting -> maps, turned onto the map of all texts; tsne also those of all texts,
    nudged and with other seeds. n, d: draws and mean distinct texts of each setting. t-SNE has no
    unit, the linear map is in nats: its distances are part of standard deviations over texts.
    """

    study: Study
    tsne: Mapping[str, spread.AlignedMaps]
    pca: Mapping[str, spread.AlignedMaps]
    n: Mapping[str, int]
    d: Mapping[str, float]
    reference: Mapping[str, np.ndarray]  # (M, 2) for tsne and pca, the map of all texts

    @property
    def floor(self) -> float:
        """How far nudged coordinates move a t-SNE map (MSE), over N uniform draws."""
        return self.tsne[NUDGED].mse / self.tsne["uniform"].mse

    def share(self, setting: str, kind: str = "pca") -> float:
        """The root mean squared step in a setting over the radius of the map; kind: pca or tsne."""
        return np.sqrt(getattr(self, kind)[setting].mse) / _radius(self.reference[kind])

    def ratio(self, first: str, second: str) -> tuple[float, tuple[float, float]]:
        """The MSE of t-SNE maps of one setting over that of another, and its interval over maps."""
        a, b = (self.tsne[setting].mse_of_runs for setting in (first, second))
        chosen = np.random.default_rng(0).integers(len(a), size=(2000, len(a)))
        low, high = np.quantile(a[chosen].mean(axis=1) / b[chosen].mean(axis=1), [0.025, 0.975])
        value = a.mean() / b.mean()
        return value, (min(low, value), max(high, value))

    def claims(self) -> dict[str, tuple]:
        """What the paper states on Figure 3(a); where the optimiser alone gives more than half of
        the texts' mean squared step, nothing can be said of t-SNE maps."""
        pairs = {"fig3_ls_as_uniform": ("LS", "uniform"), "fig3_few_against_ls": (FEW, "LS")}
        if self.floor > 0.5:
            moved = f"all texts, nudged by a thousandth, give {self.floor:.0%} of the mean squared"
            note = f"{moved} step of a uniform resample"
            recorded = {claim: (np.nan, None, note) for claim in pairs}
        else:
            recorded = {claim: self.ratio(*two) for claim, two in pairs.items()}
        names = {"ls": "LS", "uniform": "uniform", "few": FEW}
        mse = {f"fig3_mse_{short}": self.tsne[name].mse for short, name in names.items()}
        return recorded | self.study.published(mse)

    def table(self) -> pd.DataFrame:
        """A row per setting: draws, distinct texts, MSE, and steps over the map's radius."""
        rows = [
            {
                "setting": setting,
                "draws n": self.n.get(setting, np.nan),
                "distinct texts d": self.d.get(setting, np.nan),
                "step on the linear map, % of its radius": 100 * self.share(setting)
                if setting in self.pca
                else np.nan,
                "step on the t-SNE map, % of its radius": 100 * self.share(setting, "tsne"),
                "MSE of the t-SNE map": maps.mse,
            }
            for setting, maps in self.tsne.items()
        ]
        return pd.DataFrame(rows)

    def ellipses(self, kind: str, settings=None) -> pd.DataFrame:
        """Mean places and 1-sd ellipses: setting, model, label, family, x, y, width, height."""
        about = self.study.models[["model", "label", "family"]]
        parts = []
        for setting in settings or self.pca:
            maps = getattr(self, kind)[setting]
            shape = dict(zip(("width", "height"), spread.ellipses(maps.covariance).T, strict=False))
            mean = dict(zip("xy", maps.mean.T, strict=True))
            parts.append(about.assign(setting=setting, **mean, **shape))
        return pd.concat(parts, ignore_index=True)


def measure(
    study: Study, n_ls: int, *, n_maps: int = 20, perplexity: float = 30.0, seed: int = 42
) -> Moved:
    """Maps of LS draws, of N uniform draws, and of uniform draws with as few texts as LS (Fig. 3).

    n_ls: draws by LS. n_maps: draws of each setting.
    """
    Q, pis, n_texts = study.Q, study.pis, study.n_texts
    n_few = resample.draws_for(pis["uniform"], resample.expected_distinct(pis["LS"], n_ls))
    settings = {"LS": ("LS", n_ls), "uniform": ("uniform", n_texts), FEW: ("uniform", n_few)}
    options = {"perplexity": perplexity, "n_iterations": 1000}
    places = study.places(perplexity)
    k = min(_N_COMPONENTS, len(study) - 1)
    components = projection.pca(Q, k) / np.sqrt(n_texts)  # nats
    reference = {"tsne": places[["t-SNE 1", "t-SNE 2"]].to_numpy(), "pca": components[:, :2]}
    tsne, pca, d = {}, {}, {}
    for setting, (method, n) in settings.items():
        draws = [
            resample.draw(pis[method], n, seed=seed + run, generator="published")
            for run in range(n_maps)
        ]
        points = [resample.coordinates(study.L[:, drawn.texts], drawn.weights) for drawn in draws]
        drawn_maps = [projection.tsne(rows, 42, **options) for rows in points]
        tsne[setting] = spread.align(drawn_maps, reference["tsne"])
        flat = [_linear(rows / np.sqrt(n_texts), components) for rows in points]
        pca[setting] = spread.align(flat, reference["pca"])
        d[setting] = float(np.mean([len(drawn) for drawn in draws]))
    rng = np.random.default_rng(seed)
    nudged = [
        projection.tsne(Q * (1 + _NUDGE * rng.normal(size=Q.shape)), 42, **options)
        for _ in range(n_maps)
    ]
    tsne[NUDGED] = spread.align(nudged, reference["tsne"])
    reseeded = [projection.tsne(Q, other, **options) for other in (1, 2, 3)]
    tsne[RESEEDED] = spread.align(reseeded, reference["tsne"])
    n = {setting: n for setting, (_, n) in settings.items()}
    return Moved(study, tsne, pca, n, d, reference)


def _linear(points: np.ndarray, components: np.ndarray) -> np.ndarray:
    """The principal components of a draw, turned onto those of all texts, the first two, (M, 2)."""
    k = components.shape[1]
    own = projection.pca(points, k)
    lacking = k - own.shape[1]  # where there are fewer texts
    return layout.procrustes(np.pad(own, ((0, 0), (0, lacking))), components)[:, :2]


def _radius(points: np.ndarray) -> float:
    """The root mean squared distance of points to their mean."""
    return np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean())

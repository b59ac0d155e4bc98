"""What each way to draw texts needs for the same error: by runs, and by the closed form."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmnotes.models.maps import resample
from lmnotes.papers.text_resampling import errors
from lmnotes.papers.text_resampling.study import Study

OURS = "best for relative (ours)"
_SHORT = "a curve does not come down to the level within N draws"


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Draws of many sizes, and what they say.

    runs: of `errors.runs`; lines: of Figure 2, columns measure, method, n, d, resampling, total;
    needed: draws and distinct texts at equal total error, columns measure, method, n, d, level.
    """

    study: Study
    runs: pd.DataFrame
    lines: pd.DataFrame
    needed: pd.DataFrame

    def at_level(self, measure: str, method: str, column: str) -> float:
        """A number of `needed`."""
        return float(self.needed.set_index(["measure", "method"])[column][measure, method])

    @property
    def n_ls(self) -> int:
        """The draws that LS needs by relative error; .29 N, the paper's, where none are enough."""
        n = self.at_level("relative", "LS", "n")
        return int(np.nan_to_num(n, nan=0.29 * self.study.n_texts))

    @property
    def d_ls(self) -> float:
        """The distinct texts of so many LS draws, on average."""
        return resample.expected_distinct(self.study.pis["LS"], self.n_ls)

    def ratios(self, runs: pd.DataFrame) -> pd.Series:
        """The ratios of the paper's statements on Figure 2, from some of the runs."""
        relative, absolute = (
            errors.at_equal_error(runs, self.study.n_texts, measure).set_index("method")
            for measure in ("relative", "absolute")
        )
        return pd.Series(
            {
                "fig2_share_of_fresh": relative.d["LS"] / relative.d["fresh"],
                "fig2_share_of_uniform": relative.d["LS"] / relative.d["uniform"],
                "fig2_abs_share_of_fresh": absolute.d["KL"] / absolute.d["fresh"],
                "fig2_ls_wins_relative": relative.n["KL"] / relative.n["LS"],
                "fig2_kl_wins_absolute": absolute.n["LS"] / absolute.n["KL"],
            }
        )

    def claims(self, n_samples: int = 100) -> dict[str, tuple]:
        """What the paper states on Figure 2: claim -> value, interval over runs, note."""
        by_runs = errors.bootstrap(self.runs, self.ratios, n_samples=n_samples)
        recorded = {}
        for claim, value, low, high in by_runs.itertuples():
            reached = np.isfinite([value, low, high]).all()
            recorded[claim] = (value, (low, high) if reached else None, "" if reached else _SHORT)
        numbers = {
            f"fig2_n_{method.lower()}_{measure}": self.at_level(measure, method, "n")
            for method in ("LS", "KL")
            for measure in errors.MEASURES
        }
        numbers["fig2_d_ls_relative"] = self.at_level("relative", "LS", "d")
        for measure in errors.MEASURES:
            numbers[f"fig2_level_{measure}"] = self.at_level(measure, "fresh", "level")
        return recorded | self.study.published(numbers)


def compare(study: Study, *, n_sizes: int = 20, n_runs: int = 100, seed: int = 42) -> Comparison:
    """Draws by all methods, of sizes between 10 and N, with their errors (Fig. 2)."""
    n_texts = study.n_texts
    grid = np.geomspace(10, n_texts, n_sizes).round().astype(int)
    sizes = np.unique(np.concatenate([grid, [n_texts // 4, n_texts // 2]]))
    runs = errors.runs(study.L, study.pis, sizes, n_runs=n_runs, seed=seed)
    lines, needed = [], []
    for measure in ("relative", "absolute"):
        lines.append(errors.comparison(runs, n_texts, measure).assign(measure=measure))
        needed.append(errors.at_equal_error(runs, n_texts, measure).assign(measure=measure))
    table = pd.concat(needed, ignore_index=True)[["measure", "method", "n", "d", "level"]]
    return Comparison(study, runs, pd.concat(lines, ignore_index=True), table)


def constants(study: Study) -> dict[str, dict[str, float]]:
    """The error constant of each method, and of what is best for the relative error, by measure."""
    powers = errors.weighted_fourth_powers(study.Q, study.weights["relative"])
    pis = study.pis | {OURS: resample.normalised(np.sqrt(powers))}
    return {
        measure: errors.error_constants(study.Q, pis, weights)
        for measure, weights in study.weights.items()
    }


def foreseen(comparison: Comparison, by_measure: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Draws and distinct texts at equal error, from the constants and from the runs.

    by_measure: of `constants`. n = N (C / C_uniform)^2 draws are as good as N uniform ones.
    """
    study = comparison.study
    powers = errors.weighted_fourth_powers(study.Q, study.weights["relative"])
    pis = study.pis | {OURS: resample.normalised(np.sqrt(powers))}
    known = comparison.needed.set_index(["measure", "method"])
    rows = []
    for measure, of_methods in by_measure.items():
        for method, constant in of_methods.items():
            n = study.n_texts * (constant / of_methods["uniform"]) ** 2
            row = {"measure": measure, "method": method, "C": constant, "n foreseen": n}
            row["d foreseen"] = resample.expected_distinct(pis[method], n)
            for name in ("n", "d"):
                row[f"{name} of the runs"] = known[name].get((measure, method), np.nan)
            rows.append(row)
    return pd.DataFrame(rows)


def insurance(study: Study) -> pd.DataFrame:
    """Distinct texts at equal error when a share of the mass is uniform, from the closed form.

    Columns measure, method, share, `n over N`, `d over N/2`.
    """
    mixed = {
        (method, share): resample.importance(study.Q, method, uniform_share=share)
        for method in ("LS", "KL")
        for share in np.linspace(0, 1, 21)
    }
    rows = []
    for measure, weights in study.weights.items():
        all_of = mixed | {"uniform": study.pis["uniform"]}
        of_methods = errors.error_constants(study.Q, all_of, weights)
        for (method, share), pi in mixed.items():
            n = study.n_texts * (of_methods[method, share] / of_methods["uniform"]) ** 2
            d = resample.expected_distinct(pi, n)
            rows.append((measure, method, share, n / study.n_texts, 2 * d / study.n_texts))
    return pd.DataFrame(rows, columns=["measure", "method", "share", "n over N", "d over N/2"])


def few_texts(study: Study, *, n_tried: int = 2000, seed: int = 42) -> pd.DataFrame:
    """Random allocations on five texts: columns distance from the KL importance (total variation)
    and ratio of error constants; a tenth of them near it."""
    rng = np.random.default_rng(seed)
    five = study.Q[:, rng.choice(study.n_texts, size=5, replace=False, p=study.pis["LS"])]
    best = resample.importance(five, "KL")
    tried = {str(k): rng.dirichlet(np.ones(5)) for k in range(n_tried)}
    near = range(n_tried // 10)
    tried |= {f"near {k}": 0.9 * best + 0.1 * rng.dirichlet(np.ones(5)) for k in near}
    flat = np.ones((len(five), len(five)))
    of_all = errors.error_constants(five, {"best": best, **tried}, flat)
    distance = [np.abs(pi - best).sum() / 2 for pi in tried.values()]
    ratio = [of_all[name] / of_all["best"] for name in tried]
    return pd.DataFrame({"distance": distance, "ratio": ratio})


def powers(study: Study) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Error constants of powers of the KL importance over that of power 1, by measure, and the
    same of the methods at the power they stand at: columns method, measure, power, ratio."""
    steps, marks = np.linspace(0, 2, 21), []
    sharpened = {f"{a:g}": resample.normalised(study.pis["KL"] ** a) for a in steps}
    ratios = {"power": steps}
    for measure, weights in study.weights.items():
        of_all = errors.error_constants(study.Q, sharpened | study.pis, weights)
        ratios[measure] = [of_all[f"{a:g}"] / of_all["KL"] for a in steps]
        for method, power in (("uniform", 0), ("KL", 1), ("LS", 1)):
            marks.append((method, measure, power, of_all[method] / of_all["KL"]))
    columns = ["method", "measure", "power", "ratio"]
    return pd.DataFrame(ratios), pd.DataFrame(marks, columns=columns)

"""The log law of a domain's loss against its share in training: L_a(w) = alpha_a - tau_a log w_a.

For our own models, and for those of RegMix (arXiv 2407.01492; MIT), whose mixtures and losses are
small CSV files in the folder `data` of github.com/sail-sg/regmix.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from lmnotes.errors import expect_one_of
from lmnotes.text import readers

_MIXTURE, _LOSS = "train_the_pile_{}", "metric/the_pile_{}_val_loss"
SIZES = {"1m": "train", "60m": "test", "1B": "test"}


def slopes(weights: np.ndarray, losses: np.ndarray, minimum: float = 0.003) -> np.ndarray:
    """The slope tau_a of each domain's loss against its log weight, positive where more data help,
    (K,): L_a(w) = alpha_a - tau_a log w_a.

    Args:
        weights: (M, K) mixtures that M models were trained on. losses: (M, K) of each domain.
        minimum: smaller weights are left out.

    It has the unit of the losses per e-fold of weight, and is the temperature that inverts the law:
    w_a proportional to prior_a exp((L0_a - LT_a) / tau_a). NaN with fewer than two weights.

    >>> w = np.array([[0.5, 0.5], [0.2, 0.8]])
    >>> slopes(w, 3 - np.array([0.1, 0.3]) * np.log(w)).round(9).tolist()
    [0.1, 0.3]
    """
    taus = []
    for share, loss in zip(np.asarray(weights).T, np.asarray(losses).T, strict=True):
        used = share > minimum
        x = np.log(share[used])
        spread = x.var() if used.sum() > 1 else 0.0
        taus.append(-np.cov(x, loss[used], bias=True)[0, 1] / spread if spread > 0 else np.nan)
    return np.array(taus)


def points(
    shares: np.ndarray, losses: np.ndarray, names: Sequence[str], minimum: float = 0.01
) -> pd.DataFrame:
    """The points and the line of each domain's log law: columns domain, share, loss, slope (of loss
    on log weight, negative where more data help), intercept, R2.

    Args:
        shares: (M, K) of M models; those below the minimum are left out. losses: (M, K).
    """
    taus = -slopes(shares, losses, minimum)
    tables = []
    for name, tau, share, loss in zip(names, taus, shares.T, losses.T, strict=True):
        used = share > minimum
        rows = pd.DataFrame({"domain": name, "share": share[used], "loss": loss[used]})
        intercept = np.mean(rows.loss - tau * np.log(rows.share))
        fit = np.corrcoef(np.log(rows.share), rows.loss)[0, 1] ** 2
        tables.append(rows.assign(slope=tau, intercept=intercept, R2=fit))
    return pd.concat(tables, ignore_index=True)


def load_regmix(
    folder: str | Path, size: str = "1m"
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Mixtures (M, K) and losses (M, K), nats per token, of M models, and the names of K domains of
    the Pile: those that have losses. Shares are of all domains, and do not sum to one.

    Args:
        folder: with the files, such as train_mixture_1m.csv and train_pile_loss_1m.csv.
        size: "1m", "60m" or "1B" parameters.
    """
    expect_one_of("size", size, SIZES)
    paths = [Path(folder) / f"{SIZES[size]}_{what}_{size}.csv" for what in ("mixture", "pile_loss")]
    for path in paths:
        if not path.is_file():
            given = f"{path} is not there"
            then = "put the folder `data` of github.com/sail-sg/regmix there, or leave the path out"
            raise FileNotFoundError(f"{given}; expected the CSV files of RegMix: {then}")
    mixtures, losses = (readers.numbers(path, "index") for path in paths)
    rows = mixtures.index.intersection(losses.index)
    names = losses.columns.str.extract(_LOSS.format("(.+)"), expand=False).dropna()
    names = [name for name in names if _MIXTURE.format(name) in mixtures]
    shares = mixtures.loc[rows, [_MIXTURE.format(name) for name in names]].to_numpy(np.float64)
    losses = losses.loc[rows, [_LOSS.format(name) for name in names]].to_numpy(np.float64)
    return shares, losses, tuple(names)


def published(folder: str | Path, size: str) -> tuple[pd.DataFrame, str]:
    """The log law of the published models of a size, a row for each domain, and its caption."""
    shares, losses, names = load_regmix(folder, size)
    law = points(shares, losses, names, 0.003).drop_duplicates("domain")
    law = law[["domain", "slope", "R2"]].reset_index(drop=True)
    rank = np.nanmedian(detect_mixtures(shares, losses))
    caption = f"RegMix, {size}: slope of loss on log weight, nats per token, {len(losses)} models. "
    caption += "Spearman's correlation over domains of lead and true shares: "
    return law, f"{caption}{rank:.2f} (median over models)."


def detect_mixtures(shares: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """How well differences of losses tell the mixture of each model, (M,): Spearman's correlation
    over domains of its shares and (mean losses of all others - its losses)."""
    means = (losses.sum(axis=0) - losses) / (len(losses) - 1)
    pairs = zip(shares, means - losses, strict=True)
    return np.array([stats.spearmanr(share, lead)[0] for share, lead in pairs])

"""Mixtures and losses of published models: small CSV files of RegMix (arXiv 2407.01492; MIT), in
the folder `data` of github.com/sail-sg/regmix."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from lmnotes.papers.domain_mixture import rules

_MIXTURE, _LOSS = ("train_the_pile_", ""), ("metric/the_pile_", "_val_loss")
SIZES = {"1m": "train", "60m": "test", "1B": "test"}


def regmix(folder: str | Path, size: str = "1m") -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Mixtures (M, K) and losses (M, K), nats per token, of M models, and the names of K domains of
    the Pile: those that have losses. Shares are of all domains, and do not sum to one.

    Args:
        folder: with the files, such as train_mixture_1m.csv and train_pile_loss_1m.csv.
        size: "1m", "60m" or "1B" parameters.
    """
    if size not in SIZES:
        raise ValueError(f"size {size!r} was given; expected one of {', '.join(SIZES)}: take one")
    paths = [Path(folder) / f"{SIZES[size]}_{what}_{size}.csv" for what in ("mixture", "pile_loss")]
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} is not there; expected the CSV files of RegMix: put the folder `data` of "
                "github.com/sail-sg/regmix there, or leave the path out"
            )
    tables = [pd.read_csv(path, index_col="index") for path in paths]
    rows = tables[0].index.intersection(tables[1].index)
    names = [
        name
        for column in tables[1]
        if (name := column.removeprefix(_LOSS[0]).removesuffix(_LOSS[1]))
        and _MIXTURE[0] + name in tables[0]
    ]
    shares = tables[0].loc[rows, [_MIXTURE[0] + name for name in names]]
    losses = tables[1].loc[rows, [_LOSS[0] + name + _LOSS[1] for name in names]]
    return shares.to_numpy(np.float64), losses.to_numpy(np.float64), tuple(names)


def detect(shares: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """How well differences of losses tell the mixture of each model, (M,): Spearman's correlation
    over domains of its shares and (mean losses of all others - its losses)."""
    mean = (losses.sum(axis=0) - losses) / (len(losses) - 1)
    return np.array(
        [
            stats.spearmanr(w, base - own)[0]
            for w, base, own in zip(shares, mean, losses, strict=True)
        ]
    )


def log_law(shares: np.ndarray, losses: np.ndarray, minimum: float = 0.003) -> np.ndarray:
    """Slope of loss on log weight, negative where more data help, and R^2: (K, 2) of K domains."""
    slopes = -rules.log_law_slopes(shares, losses, minimum)
    found = []
    for slope, share, loss in zip(slopes, shares.T, losses.T, strict=True):
        used = share > minimum
        x = np.log(share[used])
        rest = loss[used] - loss[used].mean() - slope * (x - x.mean())
        found.append((slope, 1 - rest.var() / loss[used].var()))
    return np.array(found)

"""Mixtures and losses of published models: small CSV files of RegMix (arXiv 2407.01492; MIT), in
the folder `data` of github.com/sail-sg/regmix."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from lmnotes.errors import expect_one_of

_MIXTURE, _LOSS = "train_the_pile_{}", "metric/the_pile_{}_val_loss"
SIZES = {"1m": "train", "60m": "test", "1B": "test"}


def load(folder: str | Path, size: str = "1m") -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
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
            raise FileNotFoundError(
                f"{path} is not there; expected the CSV files of RegMix: put the folder `data` of "
                "github.com/sail-sg/regmix there, or leave the path out"
            )
    mixtures, losses = (pd.read_csv(path, index_col="index") for path in paths)
    rows = mixtures.index.intersection(losses.index)
    names = losses.columns.str.extract(_LOSS.format("(.+)"), expand=False).dropna()
    names = [name for name in names if _MIXTURE.format(name) in mixtures]
    shares = mixtures.loc[rows, map(_MIXTURE.format, names)].to_numpy(np.float64)
    return shares, losses.loc[rows, map(_LOSS.format, names)].to_numpy(np.float64), tuple(names)


def detect(shares: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """How well differences of losses tell the mixture of each model, (M,): Spearman's correlation
    over domains of its shares and (mean losses of all others - its losses)."""
    means = (losses.sum(axis=0) - losses) / (len(losses) - 1)
    pairs = zip(shares, means - losses, strict=True)
    return np.array([stats.spearmanr(share, lead)[0] for share, lead in pairs])


def log_law(shares: np.ndarray, losses: np.ndarray, minimum: float = 0.003) -> np.ndarray:
    """Slope of loss on log weight, negative where more data help, and R^2: (K, 2) of K domains."""
    pairs = zip(shares.T, losses.T, strict=True)
    lines = [stats.linregress(np.log(w[w > minimum]), loss[w > minimum]) for w, loss in pairs]
    return np.array([(line.slope, line.rvalue**2) for line in lines])

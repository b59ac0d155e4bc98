"""Every two of some byte-level models compared directly: by texts they write, and by next bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmnotes import store
from lmnotes.models import calibration

_VERSION = 2  # part of the key of stored comparisons


@dataclass(frozen=True)
class Compared:
    """Log-probabilities of M models at texts that they wrote themselves and at given ones, nats."""

    drawn: np.ndarray  # (M, M, n, T) float32: [i, j] of texts drawn from model i, under model j
    given: np.ndarray  # (M, N, T) float32, of the given texts
    conditional: np.ndarray  # (M, M) nats per given text: sum of next-byte KL, i from j, or NaN

    def sampled(self, i: int, j: int, lengths: Sequence[int]):
        """KL(p_i || p_j) by length, with its standard error; see `calibration.sampled_kl`."""
        return calibration.sampled_kl(self.drawn[i, i], self.drawn[i, j], lengths)

    def sampled_matrix(self, length: int) -> np.ndarray:
        """KL(p_i || p_j) in nats of texts of this length, (M, M)."""
        sums = self.drawn[..., :length].sum(axis=-1, dtype=np.float64)  # (M, M, n)
        own = np.stack([sums[i, i] for i in range(len(sums))])
        return (own[:, None] - sums).mean(axis=-1)


def compare(
    models: Sequence[str], ids: np.ndarray, *, n_draws: int, length: int, n_given: int, seed: int
) -> Compared:
    """All pairs of the models compared; kept as an artefact.

    Args:
        models: folders of models whose ids 0..255 are the bytes.
        ids: (N, T) bytes of texts.
        n_draws: texts drawn from each model. length: bytes of each.
        n_given: of the given texts, so many enter the next-byte comparison, evenly spaced; 0 for
            none.
    """
    from lmnotes import parallel
    from lmnotes.models.scoring import identity

    key = {"version": _VERSION, "models": [identity.identify(model).id for model in models]}
    key |= {"texts": store.content_id(np.asarray(ids).tolist()), "seed": seed}
    key |= {"n_draws": n_draws, "length": length, "n_given": n_given}

    def write(folder: Path) -> None:
        with parallel.one_thread():
            found = _compared(models, np.asarray(ids), n_draws, length, n_given, seed)
        for name, values in vars(found).items():
            np.save(folder / f"{name}.npy", values)

    path = store.build("calibration", key, write)
    return Compared(*(np.load(path / f"{name}.npy") for name in ("drawn", "given", "conditional")))


def _compared(models, ids, n_draws, length, n_given, seed) -> Compared:
    from lmnotes.models.scoring import loading
    from lmnotes.models.zoo import sampling

    scorers = [loading.load(model, device="cpu") for model in models]
    pairs = [(one.model, one.tokenizer.bos_token_id) for one in scorers]
    draws = [
        sampling.draw(model, bos, n_draws, length, seed + number).ids
        for number, (model, bos) in enumerate(pairs)
    ]
    together = np.concatenate(draws)
    under = [sampling.log_probabilities(model, bos, together) for model, bos in pairs]
    drawn = np.stack(under).reshape(len(models), len(models), n_draws, length).swapaxes(0, 1)
    given = np.stack([sampling.log_probabilities(model, bos, ids) for model, bos in pairs])
    conditional = np.full((len(models), len(models)), np.nan)
    if n_given:
        chosen = ids[np.linspace(0, len(ids) - 1, min(n_given, len(ids))).astype(int)]
        full = [sampling.distributions(model, bos, chosen) for model, bos in pairs]
        conditional = np.array([[calibration.conditional_kl(a, b) for b in full] for a in full])
    return Compared(drawn.astype(np.float32), given.astype(np.float32), conditional)

"""What a model makes of texts, byte by byte: log-probabilities, what it foresees, and how far its
next-token distribution is from that of targets, in one pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from lmnotes.errors import InputError
from lmnotes.papers.domain_mixture import gradients, rules
from lmnotes.papers.domain_mixture.design import Gap
from lmnotes.papers.domain_mixture.measures import cosine, kl_to
from lmnotes.text.chunks import TextSet


@dataclass(frozen=True, eq=False)
class Reading:
    """One model on N texts of up to T tokens; what is beyond a text's end is NaN.

    Args:
        log_probability: (N, T) nats of each token. hit: (N, T), 1 where it was the likeliest.
        exact: (n_targets, N, T) nats, KL(p_target || p_model) of the next token.
        folder: of the model.
    """

    log_probability: np.ndarray
    hit: np.ndarray
    exact: np.ndarray
    folder: str = ""

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Reading":
        """The reading whose arrays were kept."""
        return cls(**{**arrays, "folder": str(arrays.get("folder", ""))})

    @property
    def log_likelihood(self) -> np.ndarray:
        """(N,) nats per text."""
        return np.nansum(self.log_probability, axis=1, dtype=np.float64)

    def select(self, used: np.ndarray) -> "Reading":
        """The reading of the texts where an (N,) mask is true."""
        arrays = (self.log_probability[used], self.hit[used], self.exact[:, used])
        return Reading(*arrays, self.folder)

    def exact_bits(self, target: int, n_bytes: np.ndarray, texts=slice(None)) -> float:
        """The KL of the next token from a target over some texts, bits per byte."""
        nats = np.nansum(self.exact[target][texts], dtype=np.float64)
        return float(nats / np.asarray(n_bytes)[texts].sum() / np.log(2))


def read(
    model: str, texts: TextSet, targets: Sequence[str] = (), *, device: str = "auto"
) -> dict[str, np.ndarray]:
    """The arrays of a `Reading`; targets are folders of models with the same ids.

    Raises InputError where a target has another vocabulary.
    """
    import torch

    scorer = gradients.open_model(model, device)
    ids = gradients.ids_of(scorer, texts)
    shape = (len(ids), max(map(len, ids)) - 1)
    arrays = {name: np.full(shape, np.nan, np.float32) for name in ("log_probability", "hit")}
    arrays["exact"] = np.full((len(targets), *shape), np.nan, np.float32)
    wanted = [_distributions(target, texts, device) for target in targets]
    with torch.inference_mode():
        for number, (places, rows, real) in enumerate(gradients.padded(scorer, ids)):
            q = gradients.log_probabilities(scorer, rows)  # (B, T, V)
            after, width = rows[:, 1:], rows.shape[1] - 1
            values = {
                "log_probability": q.gather(-1, after[..., None])[..., 0],
                "hit": (q.argmax(-1) == after).float(),
            }
            gap = torch.where(real > 0, 0.0, torch.nan)
            for name, value in values.items():
                arrays[name][places, :width] = (value + gap).cpu().numpy()
            for row, batches in enumerate(wanted):
                p = batches[number]
                if p.shape != q.shape:
                    given = f"{targets[row]} and {model} read the texts as other tokens"
                    then = "leave the target out and compare log-likelihoods of texts"
                    raise InputError(f"{given}; expected one vocabulary: {then}")
                value = (p.exp() * (p - q)).sum(-1)
                arrays["exact"][row][places, :width] = (value + gap).cpu().numpy()
    return arrays


@lru_cache(maxsize=4)
def _distributions(target: str, texts: TextSet, device: str) -> list:
    """log p of every next token under a target, (B, T, V) of each batch; kept while many models
    are compared with it."""
    import torch

    scorer = gradients.open_model(target, device)
    ids = gradients.ids_of(scorer, texts)
    with torch.inference_mode():
        batches = gradients.padded(scorer, ids)
        return [gradients.log_probabilities(scorer, rows) for _, rows, _ in batches]


def nearness(
    target: Reading,
    number: int,
    base: Reading,
    reading: Reading,
    texts: pd.DataFrame,
    names: Sequence[str],
) -> dict[str, float]:
    """How near a model is to a target: kl_var, the map distance per byte, exact_kl, bits per byte;
    domain_error, the mean over domains of |mean difference to the target|, and offset, the mean
    difference, nats per byte; cosine of the move from the base and the direction to the target.

    Args:
        number: of the target in the reading; exact_kl is NaN where it has no such.
        texts: table of the N texts; those of other domains are left out. names: of the K domains.
    """
    used = texts["domain"].isin(list(names)).to_numpy()
    wanted, start, end = (model.log_likelihood for model in (target, base, reading))
    n_bytes, known = texts["n_bytes"].to_numpy(), number < len(reading.exact)
    left = Gap.from_texts(texts, wanted - end, names)
    return {
        "kl_var": float(kl_to(wanted[used], end[used], left.n_bytes)),
        "domain_error": np.abs(left.means).mean(),
        "offset": left.per_byte.mean(),
        "cosine": cosine((end - start)[used], (wanted - start)[used]),
        "exact_kl": reading.exact_bits(number, n_bytes, used) if known else np.nan,
    }


def by_length(
    target: Reading, number: int, model: Reading, which: np.ndarray, lengths: Sequence[int]
) -> pd.DataFrame:
    """Map distance and exact KL per byte of texts cut to several lengths, and how much of the
    variance is between domains: columns n_bytes, kl_var, exact_kl (bits), between.

    Args:
        number: of the target in the model's reading. Texts have T bytes each.
        which: (N,) domain of each text. lengths: bytes, none above T.
    """
    rows = []
    gaps = target.log_probability.astype(np.float64) - model.log_probability  # (N, T)
    for length in lengths:
        values = gaps[:, :length].sum(axis=1)
        gap = Gap(values, np.full(len(which), length), which, tuple(range(which.max() + 1)))
        exact = np.nanmean(model.exact[number][:, :length], dtype=np.float64) / np.log(2)
        kl_var = values.var() / (2 * length * np.log(2))
        rows.append((length, kl_var, exact, gap.between))
    return pd.DataFrame(rows, columns=["n_bytes", "kl_var", "exact_kl", "between"])


def foreseen(reading: Reading, texts: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """The share of the bytes of each domain that are the model's likeliest next one, (K,) 0..1."""
    share = Gap.from_texts(texts, np.nanmean(reading.hit, axis=1), names)
    return rules.domain_means(share.values, share.which, len(names))


def answered(reading: Reading, starts: Mapping[int, tuple[int, int]]) -> tuple[float, float]:
    """The share of questions whose answer is foreseen to the last byte, and that of answer bytes.

    Args:
        starts: of each question's text, where its answer begins and ends, in bytes.

    Every byte of the answer being the likeliest one after the true ones before is the same as the
    answer being written by taking the likeliest byte each time.
    """
    hits = [reading.hit[text, begin:end] for text, (begin, end) in starts.items()]
    return float(np.mean([hit.all() for hit in hits])), float(np.concatenate(hits).mean())


def scores(
    reading: Reading,
    texts: pd.DataFrame,
    names: Sequence[str],
    starts: Mapping[int, tuple[int, int]],
) -> np.ndarray:
    """Next-byte accuracy in each domain, then questions and bytes of answers right, per cent,
    (K + 2,)."""
    return 100 * np.array([*foreseen(reading, texts, names), *answered(reading, starts)])

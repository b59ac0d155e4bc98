"""Facts of the authors' released matrix that a reader can check, measured on what was read."""

import numpy as np
import pandas as pd

from lmnotes.papers.model_map.leaks import Reading
from lmnotes.papers.model_map.population import PUBLISHED_BYTES, Population

EXAMPLE = "aaditya/Llama3-OpenBioLLM-8B"  # the one model of which log-likelihoods were printed
EXAMPLE_TEXTS = {
    **{0: -684.6199, 1: -491.3106, 2: -591.3766},
    **{-3: -475.3044, -2: -849.3052, -1: -584.5691},
}
EXAMPLE_SCORES = ("ARC", "HellaSwag", "MMLU", "TruthfulQA", "Winogrande", "GSM8K", "6-TaskMean")
LEGEND = {  # models of each type
    **{"mistral": 232, "llama-2": 223, "llama-1": 69, "llama-3": 62, "gpt_neox": 54},
    **{"deepseek": 26, "gptj": 19, "gemma": 18, "opt": 15, "bloom": 12, "falcon": 11},
}


def facts(here: Population, leak: Reading | None = None) -> dict[str, float]:
    """What was measured, by claim; NaN where the population is another one, or a fact is not there.

    Args:
        leak: the leakage reading, for the means of the models that were trained on the Pile.
    """
    found = dict.fromkeys(_NAMES, np.nan)
    if not here.is_published:
        return found
    found |= {
        "n_models": len(here),
        "n_texts": here.L.shape[1],
        "raw_min": here.raw.values.min(),
        "raw_max": here.raw.values.max(),
        "clip_threshold": here.clipped.threshold,
        "clip_bits": -here.clipped.threshold / (PUBLISHED_BYTES * np.log(2)),
    }
    counts = here.models.family.astype(str).value_counts()
    if set(LEGEND) <= set(counts.index):
        found["types"] = max(abs(counts[name] - n) for name, n in LEGEND.items())
    found |= _example(here)
    if leak is not None and leak.table["has seen the texts"].any():
        seen = leak.table[leak.table["has seen the texts"]]
        found["leak_likelihood"] = seen["mean log-likelihood, nats"].mean()
        found["leak_tasks"] = seen["task mean, %"].mean()
    return found


def _example(here: Population) -> dict[str, float]:
    """The facts of the one model that was printed in full; none where it is not there."""
    at = np.flatnonzero(here.names == EXAMPLE)
    if len(at) != 1:
        return {}
    row, record = here.raw.values[at[0]], here.models.iloc[at[0]]
    gaps = [abs(row[place] - value) for place, value in EXAMPLE_TEXTS.items()]
    found = {
        "example_texts": max(gaps),
        "example_mean": row.mean(),
        "example_bits": -row.mean() / (PUBLISHED_BYTES * np.log(2)),
    }
    return found | {_claim(name): _number(record, name) for name in EXAMPLE_SCORES}


def _number(record: pd.Series, name: str) -> float:
    return float(record.get(name, np.nan))


def _claim(name: str) -> str:
    """The claim's id of one score of the example."""
    return f"example_{name.lower().replace('-', '_')}"


_NAMES = (
    *("n_models", "n_texts", "raw_min", "raw_max", "clip_threshold", "clip_bits", "types"),
    *("example_texts", "example_mean", "example_bits", *map(_claim, EXAMPLE_SCORES)),
    *("leak_likelihood", "leak_tasks"),
)

"""A made-up population of models for the tests of the map's tables and views."""

import dataclasses

import numpy as np
import pandas as pd

from lmnotes.models.loglik import LikelihoodMatrix
from lmnotes.papers.model_map import population

TEXTS = ["an apple", "x = f(a)\n", "1 + 2 = 3", "the end."] * 15
DOMAINS = ["news", "code", "numbers", "news"] * 15


def made(n_models: int = 14, seed: int = 0) -> population.Population:
    """Lineages of two: a model that reads mostly one domain, and a near copy of it; the last one is
    a copy that has seen the texts."""
    rng = np.random.default_rng(seed)
    likes = np.array(
        [name == ("news", "code")[i // 2 % 2] for i in range(n_models) for name in DOMAINS], float
    ).reshape(n_models, -1)
    base = rng.normal(0, 4, (n_models // 2, len(TEXTS))).repeat(2, axis=0)
    values = -60 + 9 * likes + base + rng.normal(0, 1, base.shape)
    values[-1] += 20
    lineage = [f"line {i // 2}" for i in range(n_models)]
    models = pd.DataFrame(
        {
            "model": [f"m{i}" for i in range(n_models)],
            "family": [f"family {i // 4}" for i in range(n_models)],
            "kind": "neural",
            "mixture": [("news", "code")[i // 2 % 2] for i in range(n_models)],
            "lineage": lineage,
            "twin": ["" for _ in range(n_models - 1)] + [f"m{n_models - 2}"],
            "leaked": [False] * (n_models - 1) + [True],
            "order": range(n_models),
            "n_parameters": 1000.0,
        }
    )
    lengths = [len(text) for text in TEXTS]
    texts = pd.DataFrame({"domain": DOMAINS, "n_bytes": lengths})
    raw = LikelihoodMatrix(values, models, texts, "bos=always")
    return dataclasses.replace(population.build(raw), texts=TEXTS)

"""A small population: models of three families on texts that part them to different degrees."""

import numpy as np
import pandas as pd
import pytest

from lmnotes.models.loglik import LikelihoodMatrix
from lmnotes.papers.text_resampling import study


@pytest.fixture(scope="session")
def matrix():
    """Log-likelihoods of 18 models on 120 texts, nats; nothing is known of the models but names."""
    rng = np.random.default_rng(0)
    scale = np.exp(rng.normal(size=120))
    centres = np.repeat(rng.normal(size=(3, 120)), 6, axis=0)
    values = -200 + 10 * scale * (centres + 0.4 * rng.normal(size=(18, 120)))
    names = [f"lab/model-{number}" for number in range(18)]
    texts = pd.DataFrame({"domain": np.repeat(["code", "news"], 60), "n_bytes": 100})
    models = pd.DataFrame({"model": names})
    return LikelihoodMatrix(values, models, texts, "bos=always", text_set="small")


@pytest.fixture(scope="session")
def small(matrix):
    """The study of that population, with its families."""
    about = matrix.models.assign(family=np.repeat(["GPT-2", "Llama", "n-gram 3"], 6))
    known = LikelihoodMatrix(matrix.values, about, matrix.texts, matrix.rule, matrix.text_set)
    return study.Study(study.describe(known), 0.02)

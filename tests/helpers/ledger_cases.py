"""Small texts, scores and model folders for the tests of the ledger and its runner."""

import json
from hashlib import sha256

import numpy as np

from lmnotes.models.scoring.rule import PUBLISHED
from lmnotes.models.scoring.score import Scores


def text_set(n=5, name="small"):
    """N different short texts of two domains."""
    import pandas as pd  # a worker of the tests has no use for it

    from lmnotes.text.chunks import TextSet

    texts = [f"text number {number} of {name}" for number in range(n)]
    rows = [
        (sha256(text.encode()).hexdigest()[:16], "even" if i % 2 == 0 else "odd", "file", "", i)
        for i, text in enumerate(texts)
    ]
    table = pd.DataFrame(rows, columns=["text_id", "domain", "source", "part", "index"])
    table["n_bytes"] = [len(text.encode()) for text in texts]
    return TextSet(name, texts, table, {})


def folder(path, content="weights"):
    """A folder that looks like a saved model."""
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps({"model_type": "none"}))
    (path / "model.safetensors").write_text(content)
    return path


def scores(model, text_id, values, rule=PUBLISHED, revision="", **about):
    """Scores of a model as `score.score_texts` gives them."""
    n = len(values)
    return Scores(
        model=str(model),
        revision=revision,
        rule=rule,
        text_set=text_id,
        log_likelihood=np.asarray(values, dtype=np.float64),
        n_tokens=np.full(n, 7),
        n_bytes=np.full(n, 20),
        truncated=np.zeros(n, bool),
        notes=(),
        token_log_probabilities=None,
        about=about,
    )

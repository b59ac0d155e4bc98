"""Data without structure in place of what a notebook measures: run by its kernel at the start.

`arrange(KIND, folder)` writes the start-up file of a kernel that calls one of the functions below.
Labels, counts of words and lengths of texts stay as they are; what is measured on is noise.
"""

import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

WORDS, MODELS = ("gaussian_vectors", "shuffled_text"), ("random_likelihoods",)
KINDS = dict.fromkeys(("01", "02", "03", "04"), WORDS) | {"05": WORDS[:1]}
KINDS |= dict.fromkeys(("06", "07", "08", "09", "10"), MODELS)


def arrange(kind: str, folder: Path) -> None:
    """Write the start-up file for IPYTHONDIR=folder."""
    startup = folder / "profile_default" / "startup"
    startup.mkdir(parents=True)
    text = f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    (startup / "00_null.py").write_text(f"{text}import null_data\nnull_data.{kind}()\n")


def gaussian_vectors() -> None:
    """Every embedding that is made or opened, and every document, holds Gaussian numbers."""
    from lmnotes.words import baselines
    from lmnotes.words.embedding import Embedding

    of_documents = baselines.document_vectors
    baselines.document_vectors = lambda *args, **how: _noise(
        of_documents(*args, **how), "documents"
    )

    checked = Embedding.__post_init__

    def drawn(embedding) -> None:
        checked(embedding)
        for name in ("input", "context"):
            vectors = getattr(embedding, name)
            if vectors is not None:
                object.__setattr__(embedding, name, _noise(vectors, name, embedding.words[:9]))

    Embedding.__post_init__ = drawn


def shuffled_text() -> None:
    """Every text that is loaded has its words in random order, over all documents."""
    from lmnotes.text import corpus

    load = corpus.load

    def shuffled(*args, **options):
        text = load(*args, **options)
        order = np.random.default_rng(0).permutation(text.n_tokens)
        tokens, flags = np.asarray(text.tokens)[order], np.asarray(text.flags)[order]
        content_id = f"{text.content_id}-shuffled"
        return replace(text, tokens=tokens, flags=flags, content_id=content_id)

    corpus.load = shuffled


def random_likelihoods() -> None:
    """Every log-likelihood that is read is independent noise, of the same mean and spread."""
    from lmnotes.models.ledger import ledger
    from lmnotes.models.scoring import score
    from lmnotes.papers.domain_mixture import readings
    from lmnotes.papers.model_map import kl_runs
    from lmnotes.papers.prompt_response_map import conditions
    from lmnotes.papers.trajectories import long_run

    matrix = ledger.Ledger.matrix

    def drawn(rows, *args, **options):
        L = matrix(rows, *args, **options)
        finite = L.values[np.isfinite(L.values)]
        draw = [np.random.default_rng(zlib.crc32(name.encode())) for name in L.models.model]
        values = [rng.normal(finite.mean(), finite.std(), L.values.shape[1]) for rng in draw]
        return replace(L, values=np.reshape(values, L.values.shape))

    ledger.Ledger.matrix = drawn
    _after_init(score.Scores, "log_likelihood")
    _after_init(conditions.Conditions, "values")
    _after_init(readings.Reading, "log_probability")
    _after_init(readings.Reading, "exact", mean=0.5)  # else each model would keep its own KL
    _after_init(kl_runs.Compared, "given")
    scores = long_run.scores
    long_run.scores = lambda *args, **options: _noise(scores(*args, **options), "long run")


def _after_init(kind: type, name: str, **fixed: float) -> None:
    made = kind.__init__

    def drawn(self, *args, **options) -> None:
        made(self, *args, **options)
        object.__setattr__(self, name, _noise(getattr(self, name), kind.__name__, **fixed))

    kind.__init__ = drawn


def _noise(values: np.ndarray, *label: object, mean: float | None = None) -> np.ndarray:
    """Gaussian numbers of the mean and spread of `values`, the same each time for the same ones."""
    values = np.asarray(values)
    finite = values[np.isfinite(values)].astype(np.float64)
    content = np.ascontiguousarray(values).reshape(-1)[:4096].tobytes()
    rng = np.random.default_rng(zlib.crc32(repr((label, values.shape)).encode() + content))
    mean = finite.mean() if mean is None else mean
    draws = rng.normal(mean, finite.std() or 1.0, values.shape)
    return draws.astype(values.dtype)

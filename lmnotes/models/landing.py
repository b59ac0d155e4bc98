"""A little model trained on the spot, to see where it lands on a map."""

from collections.abc import Sequence

import numpy as np

from lmnotes.models import ngram
from lmnotes.text import chunks


def row(
    texts: Sequence[str], domain: str, *, order: int, n_bytes: int, n_leaked: int = 0
) -> np.ndarray:
    """Log-likelihoods of the texts, every byte scored, under an n-gram model, (N,) nats.

    Args:
        domain: of the installed text, whose training part is read up to `n_bytes`.
        n_leaked: of the very texts, evenly spaced, that are also read.
    """

    texts = list(texts)
    data = chunks.stream(domain)[:n_bytes]
    leaked = texts[:: max(1, len(texts) // n_leaked)] if n_leaked else []
    model = ngram.fit(data + "\n".join(leaked).encode(), order=order)
    return ngram.text_sums(model, [text.encode() for text in texts])

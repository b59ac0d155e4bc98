"""Word vectors of a growing text: one embedding for each year, of all that was written by then."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, product

from lmnotes.errors import InputError
from lmnotes.text.corpus import Corpus
from lmnotes.words.embedding import Embedding
from lmnotes.words.sgns import skipgram

Until = Callable[[int], Corpus]  # the text up to a year


def train(
    texts: Mapping[int, Until],
    years: Sequence[int],
    *,
    warm_epochs: int | None = None,
    epochs: int = 30,
    workers: int | None = None,
    **settings,
) -> dict[tuple[int, int], Embedding]:
    """The embedding of every (seed, year), each trained by one thread, several at a time.

    Args:
        texts: seed -> text up to a year, such as `concept_text.DatedText.until`; the seed is that
            of the training too.
        years: snapshots; each holds all earlier text.
        warm_epochs: None trains every snapshot from random vectors. A number begins each snapshot
            but the first with the vectors of the one before and trains it so many epochs.
        epochs: of training from random vectors.
        workers: how many train at a time, all cores for None. The vectors are the same.
        settings: of `skipgram.train`, whose `keep` stores every snapshot.

    >>> from lmnotes.papers.drug_gene_analogy import concept_text
    >>> records = [{"year": 1990 + i % 2, "text": "a b c " * 9} for i in range(8)]
    >>> until = concept_text.build("toy", records).until
    >>> vectors = train({0: until}, [1990, 1991], epochs=1, dim=4, window=2, keep=False)
    >>> sorted(vectors), vectors[0, 1991].counts.tolist()
    ([(0, 1990), (0, 1991)], [72, 72, 72])
    """
    years = sorted(set(years))
    if not years or not texts:
        given = f"{len(texts)} texts and years {years}"
        raise InputError(f"{given}: expected one of each or more; name some")
    fixed = {"workers": 1, "progress": False} | settings

    def snapshot(seed: int, year: int, start: Embedding | None = None) -> Embedding:
        rounds = epochs if start is None else warm_epochs
        return skipgram.train(texts[seed](year), epochs=rounds, seed=seed, start=start, **fixed)

    def one_after_another(seed: int) -> list[Embedding]:
        vectors = [snapshot(seed, years[0])]
        for year in years[1:]:
            vectors.append(snapshot(seed, year, vectors[-1]))
        return vectors

    with ThreadPoolExecutor(workers or len(os.sched_getaffinity(0))) as pool:
        if warm_epochs is None:  # the largest texts first, so that no thread is left with one
            jobs = [(seed, year) for year in reversed(years) for seed in texts]
            return dict(zip(jobs, pool.map(lambda job: snapshot(*job), jobs), strict=True))
        vectors = chain.from_iterable(pool.map(one_after_another, texts))
        return dict(zip(product(texts, years), vectors, strict=True))

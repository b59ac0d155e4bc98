"""Co-occurrence KL of every word: time and memory against a stored sparse matrix.

    python benchmarks/information.py            about 2 minutes on one core

The peer counts all pairs into a scipy sparse matrix, the plain way to do it, on 1 million tokens.
The large corpus has text8's size (17 million tokens, 254,000 words) and a Zipf distribution, since
text8 itself needs a download.
"""

import multiprocessing
import os
import resource
import time

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
import scipy.sparse

from lmnotes.papers.norm_information_gain import frequency_bias
from lmnotes.words import information

WINDOW = 10


def zipf_text(n_tokens, n_words):
    """Random tokens, numbered by decreasing count, with their counts."""
    weights = 1 / np.arange(1, n_words + 1) ** 1.05
    tokens = np.random.default_rng(0).choice(n_words, size=n_tokens, p=weights / weights.sum())
    found, tokens, counts = np.unique(tokens, return_inverse=True, return_counts=True)
    rank = np.empty(len(found), np.int32)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(found))
    return rank[tokens], -np.sort(-counts)


def by_sparse_matrix(tokens, counts):
    """KL of every word from a stored matrix of co-occurrence counts."""
    shape = (len(counts), len(counts))
    matrix = scipy.sparse.csr_matrix(shape, dtype=np.int64)
    for step in range(1, WINDOW + 1):
        ones = np.ones(len(tokens) - step, np.int64)
        pairs = scipy.sparse.csr_matrix((ones, (tokens[:-step], tokens[step:])), shape=shape)
        matrix = matrix + pairs + pairs.T
    totals = np.asarray(matrix.sum(axis=1)).ravel()
    cells = matrix.tocoo()
    p = cells.data / totals[cells.row]
    return np.bincount(cells.row, p * np.log(p * counts.sum() / counts[cells.col]), len(counts))


def ours(tokens, counts):
    return information.measure_tokens(
        tokens, np.array([0, len(tokens)]), counts, WINDOW, workers=1
    ).kl


def measured(function, n_tokens, n_words, queue):
    """CPU-seconds, and peak memory above what was there before, in a process of its own."""
    tokens, counts = zipf_text(n_tokens, n_words)
    small, small_counts = zipf_text(10_000, 1000)
    function(small, small_counts)  # compile
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    result = function(tokens, counts)
    seconds = time.process_time() - started
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    queue.put(
        (seconds, (after - before) / 1e3, after / 1e3, result[:: max(1, len(result) // 1000)])
    )


def in_a_process(*arguments):
    queue = multiprocessing.get_context("spawn").SimpleQueue()
    process = multiprocessing.get_context("spawn").Process(
        target=measured, args=(*arguments, queue)
    )
    process.start()
    found = queue.get()
    process.join()
    return found


def main():
    found = {f.__name__: in_a_process(f, 1_000_000, 60_000) for f in (by_sparse_matrix, ours)}
    for name, (seconds, more, _, _) in found.items():
        print(f"1 million tokens, {name}: {seconds:.1f} CPU-seconds, {more:,.0f} MB more")
    peer, own = found["by_sparse_matrix"], found["ours"]
    print(f"largest difference of KL: {np.abs(peer[3] - own[3]).max():.1e} nats")
    print(f"speed: {peer[0] / own[0]:.1f} x the sparse matrix")
    seconds, _, peak, _ = in_a_process(ours, 17_000_000, 254_000)
    print(f"17 million tokens: {seconds:.1f} CPU-seconds on one thread, {peak:,.0f} MB at the peak")
    _, counts = zipf_text(17_000_000, 254_000)
    started = time.process_time()
    frequency_bias.shuffle_level(counts, window=WINDOW)
    print(f"closed form of the shuffle level: {time.process_time() - started:.1f} CPU-seconds")


if __name__ == "__main__":
    main()

"""Ranks of right answers by cosine: time against a plain loop and against gensim, in one process.

    python benchmarks/ranking.py              2,262 queries, 18,000 candidates, 300 dimensions
    python benchmarks/ranking.py --threads 2

The loop multiplies the candidates with one query at a time, sorts all of them and looks where the
answers are; gensim's `most_similar` gives the first ten of one query. Both are timed on a part of
the queries. All ranks of that part, and all first tens, are compared.
"""

import argparse
import os
import statistics
import sys
import time

THREADS = sys.argv[sys.argv.index("--threads") + 1] if "--threads" in sys.argv else "1"
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = THREADS

import numpy as np

from lmnotes.words.analogy import ranking


def problem(n_queries, n_candidates, dim, seed=0):
    """Queries that lie half-way to their answers, so that ranks of every size occur."""
    rng = np.random.default_rng(seed)
    candidates = rng.normal(size=(n_candidates, dim)).astype(np.float32)
    target = rng.integers(n_candidates, size=n_queries)
    queries = rng.normal(size=(n_queries, dim)).astype(np.float32) + 0.15 * candidates[target]
    second = rng.integers(n_candidates, size=n_queries)
    pairs = [np.column_stack([np.arange(n_queries), to]) for to in (target, second)]
    return queries, candidates, np.unique(np.concatenate(pairs), axis=0)


def by_loop(queries, candidates, answers):
    """Ranks and the first ten, one query at a time with a full sort, and the seconds it took."""
    unit = candidates / np.linalg.norm(candidates, axis=1, keepdims=True)
    started = time.perf_counter()
    ranks, first = [], []
    for row, query in enumerate(queries):
        cosine = unit @ (query / np.linalg.norm(query))
        order = np.argsort(-cosine)
        ranks.append(1 + np.isin(order, answers[answers[:, 0] == row, 1]).argmax())
        first.append(order[:10])
    return np.array(ranks), np.array(first), time.perf_counter() - started


def by_gensim(queries, candidates):
    from gensim.models import KeyedVectors

    vectors = KeyedVectors(candidates.shape[1])
    vectors.add_vectors([str(row) for row in range(len(candidates))], candidates)
    vectors.fill_norms()
    started = time.perf_counter()
    first = [[int(name) for name, _ in vectors.most_similar(positive=[q])] for q in queries]
    return np.array(first), time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--queries", type=int, default=2262)
    parser.add_argument("--candidates", type=int, default=18_000)
    parser.add_argument("--dim", type=int, default=300)
    parser.add_argument("--part", type=int, default=200, help="queries for the loop and gensim")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    queries, candidates, answers = problem(options.queries, options.candidates, options.dim)
    part = slice(0, options.part)
    times = {"lmnotes": [], "matrix product alone": [], "loop": [], "gensim": []}
    ranking.rank(queries[part], candidates, answers[answers[:, 0] < options.part])  # warm up
    for _ in range(options.rounds):  # in turn, since the machine is shared
        started = time.perf_counter()
        found = ranking.rank(queries, candidates, answers)
        times["lmnotes"].append(time.perf_counter() - started)
        started = time.perf_counter()
        queries @ candidates.T
        times["matrix product alone"].append(time.perf_counter() - started)
        ranks, first, seconds = by_loop(queries[part], candidates, answers)
        whole = options.queries / len(ranks)
        times["loop"].append(seconds * whole)
        theirs, seconds = by_gensim(queries[part], candidates)
        times["gensim"].append(seconds * whole)
    print(
        f"{options.queries:,} queries, {options.candidates:,} candidates, {options.dim} "
        f"dimensions, {options.threads} thread(s), medians of {options.rounds} rounds in turn"
    )
    for name, seconds in times.items():
        ratios = [one / own for one, own in zip(seconds, times["lmnotes"], strict=True)]
        print(
            f"{name:>22}: {statistics.median(seconds):6.2f} s, {statistics.median(ratios):5.1f} x "
            f"the time of lmnotes ({min(ratios):.1f} to {max(ratios):.1f})"
        )
    print(f"equal ranks: {np.mean(found.rank[part] == ranks):.4f} (float32 loop)", end=", ")
    print(f"equal first tens: loop {np.mean(found.top[part] == first):.4f}", end=", ")
    print(f"gensim {np.mean(found.top[part] == theirs):.4f}")


if __name__ == "__main__":
    main()

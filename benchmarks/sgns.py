"""Skip-gram training against gensim: words per CPU-second, and the quality of what comes out.

    python benchmarks/sgns.py            both dimensions, about 15 minutes on one core
    python benchmarks/sgns.py --quick    dim 100 only, fewer epochs

Same corpus, one thread, one run; speeds are measured in turn and compared as ratios, since machines
drift. The text is the encyclopaedia and news part of the installed corpus, a tenth of the documents
held out.
"""

import argparse
import os
import time

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np
import pandas as pd

from lmnotes.text import corpus
from lmnotes.words import information, judgements
from lmnotes.words.embedding import Embedding
from lmnotes.words.sgns import objective, skipgram
from lmnotes.words.sgns.training import GROUP, n_shared

WINDOW, NEGATIVES = 5, 5
SHARED = n_shared(NEGATIVES, WINDOW)
LONGEST = 10_000  # words of a document; gensim drops what goes beyond
FREQUENT = 4000  # words whose pairs are looked at


def split(text):
    """Nine documents of ten for training, one held out, in pieces that gensim does not cut."""
    held = np.arange(text.n_documents) % 10 == 0
    parts = []
    for mask in (~held, held):
        documents = np.flatnonzero(mask)
        words = np.array(text.words, object)
        spans = [words[text.tokens[text.offsets[d] : text.offsets[d + 1]]] for d in documents]
        pieces = [span[k : k + LONGEST] for span in spans for k in range(0, len(span), LONGEST)]
        parts.append(corpus.from_texts([" ".join(piece) for piece in pieces]))
    return parts


def train_gensim(text, dim, epochs):
    """Vectors by gensim's skip-gram with the same settings, and the CPU-seconds of an epoch."""
    from gensim.models import Word2Vec

    words = np.array(text.words, object)
    sentences = [words[piece].tolist() for piece in np.split(text.tokens, text.offsets[1:-1])]
    model = Word2Vec(
        vector_size=dim,
        window=WINDOW,
        negative=NEGATIVES,
        sg=1,
        sample=0,
        min_count=1,
        workers=1,
        epochs=epochs,
        seed=1,
        alpha=0.025,
        min_alpha=1e-4,
    )
    model.build_vocab(sentences)
    started = time.process_time()
    model.train(sentences, total_examples=model.corpus_count, epochs=epochs)
    seconds = (time.process_time() - started) / epochs
    names = model.wv.index_to_key
    counts = np.array([model.wv.get_vecattr(word, "count") for word in names])
    return Embedding(list(names), model.wv.vectors, model.syn1neg, counts), seconds


def train_ours(text, dim, epochs, rule):
    vectors = skipgram.train(
        text,
        dim=dim,
        window=WINDOW,
        negatives=NEGATIVES,
        epochs=epochs,
        rule=rule,
        shrink_windows=True,
        workers=1,
        seed=1,
        keep=False,
        progress=False,
    )
    return vectors, vectors.history.cpu_seconds.mean()


TRAINERS = {
    "gensim": train_gensim,
    "pairwise": lambda text, dim, epochs: train_ours(text, dim, epochs, "pairwise"),
    "shared": lambda text, dim, epochs: train_ours(text, dim, epochs, "shared"),
}


def quality(vectors, text, held_out):
    """Held-out objective, correlations of <u, v> with what it should be, and similarity sets."""
    ids = np.arange(FREQUENT)
    rows = information.cooccurrence_rows(text, ids, window=WINDOW)[:, :FREQUENT].toarray()
    totals = information.measure(text, window=WINDOW).n_contexts[:FREQUENT]
    at = [vectors.index(word) for word in text.words[:FREQUENT]]
    scores = np.asarray(vectors.input[at], float) @ np.asarray(vectors.context[at], float).T
    noise = np.asarray(text.counts, float) ** 0.75
    with np.errstate(divide="ignore"):
        conditional = rows / totals[:, None]
        log_ratio = np.log(conditional / (noise / noise.sum())[:FREQUENT])
        positive_pmi = np.maximum(np.log(conditional / text.unigram[:FREQUENT]), 0)
    often, seen = rows >= 10, rows > 0

    def correlation(mask, target):
        return np.corrcoef(scores[mask], target[mask])[0, 1]

    raw = np.einsum("vd,vd->v", *[np.asarray(vectors.input, float)] * 2)
    context = np.einsum("vd,vd->v", *[np.asarray(vectors.context, float)] * 2)
    p = np.asarray(vectors.counts) / np.sum(vectors.counts)
    return {
        "held-out objective": objective.measure(
            vectors, held_out, window=WINDOW, shrink_windows=True
        ).loss,
        "r(log ratio), frequent pairs": correlation(often, log_ratio),
        "r(positive PMI), all pairs": correlation(np.ones_like(seen), positive_pmi),
        "r(positive PMI), seen pairs": correlation(seen, positive_pmi),
        "s.d. of <u,v>, unseen pairs": scores[~seen].std(),
        "mean |u|^2": p @ raw,
        "mean |v|^2": p @ context,
        "WordSim-353": judgements.similarity(vectors, "wordsim353").spearman,
        "SimLex-999": judgements.similarity(vectors, "simlex999").spearman,
    }


def peak_gflops():
    """The machine's float32 matrix-product rate on one thread, 10^9 operations per second."""
    a = np.random.default_rng(0).random((1024, 1024), dtype=np.float32)
    a @ a
    started = time.process_time()
    for _ in range(10):
        a @ a
    return 10 * 2 * 1024**3 / (time.process_time() - started) / 1e9


def operations_per_word(rule, dim):
    """Multiply-adds counted as two: three products (scores, both updates) for every scored cell."""
    pairs = WINDOW + 1  # mean over reaches 1..WINDOW on both sides
    cells = pairs * (1 + NEGATIVES) if rule == "pairwise" else pairs + SHARED
    return 3 * 2 * dim * cells


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    text, held_out = split(corpus.load("installed").subset(["encyclopedia", "news"]))
    print(
        f"{text.n_tokens:,} tokens, {text.n_words:,} words; window {WINDOW} shrinking, "
        f"{NEGATIVES} negatives; shared: {SHARED} for {GROUP} centres"
    )
    for rule in ("pairwise", "shared"):  # compile
        train_ours(text.head(20_000), 100, 1, rule)
    for dim in (100,) if options.quick else (100, 300):
        speed = pd.DataFrame(
            [
                {
                    name: text.n_tokens / train(text, dim, 1)[1] / 1e3
                    for name, train in TRAINERS.items()
                }
                for _ in range(options.rounds)
            ]
        )
        print(f"\ndim {dim}, thousand words per CPU-second")
        print(speed.round(0).to_string(index=False))
        for rule in ("pairwise", "shared"):
            ratio = speed[rule] / speed["gensim"]
            rate = speed[rule].median() * 1e3 * operations_per_word(rule, dim) / 1e9
            print(
                f"{rule}: {ratio.median():.2f} x gensim ({ratio.min():.2f} to {ratio.max():.2f}); "
                f"{rate:.0f} GFLOP/s of {peak_gflops():.0f} measured for matrix products"
            )
        found = {
            name: quality(train(text, dim, options.epochs)[0], text, held_out)
            for name, train in TRAINERS.items()
        }
        print(pd.DataFrame(found).round(4).to_string(), flush=True)


if __name__ == "__main__":
    main()

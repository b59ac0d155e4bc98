"""Keywords of a single document, by scores that look at no other text.

Oyama, Yokoi, Shimodaira (EMNLP 2023), section 7.1 and appendix D. A document is its own corpus. Of
every word w the co-occurrence distribution p(.|w) within +-h positions is taken over V' only, the
most frequent words whose cumulative count first reaches a third of the document, and compared with
their distribution p in the document; both sum to 1 over V'. Words are stemmed; no stop words.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from lmnotes.errors import InputError
from lmnotes.notebook import card
from lmnotes.papers.norm_information_gain.word_classes import FUNCTION_WORDS
from lmnotes.statistics import bootstrap, interval
from lmnotes.text import readers, tokenise
from lmnotes.text.corpus import Corpus

SCORES = ("random", "count", "count_entropy", "chi_squared", "count_kl")
IN_WORDS = {"count_entropy": "count × entropy", "chi_squared": "χ²", "count_kl": "count × KL"}


class KeyedDocument(NamedTuple):
    """A text as lower-case tokens, with its keys, each one or more tokens."""

    name: str
    tokens: Sequence[str]
    keys: Sequence[Sequence[str]]


def read_folder(folder: str | Path) -> list[KeyedDocument]:
    """The documents of a folder with `docsutf8/NAME.txt` and `keys/NAME.key`, one key per line.

    Raises:
        InputError: the folder has no such pair of files.
    """
    folder = Path(folder)
    documents = []
    for path in sorted(folder.glob("docsutf8/*.txt")):
        keys = folder / "keys" / f"{path.stem}.key"
        if not keys.is_file():
            continue
        phrases = [key for key in map(tokenise.words, readers.lines(keys)) if key]
        text = "".join(readers.pieces(path))
        documents.append(KeyedDocument(path.stem, tokenise.words(text), phrases))
    if not documents:
        given = f"{folder}: no document with keys; expected docsutf8/NAME.txt beside keys/NAME.key"
        raise InputError(f"{given}; give the folder that holds docsutf8 and keys")
    return documents


def from_titles(corpus: Corpus, min_tokens: int = 200) -> list[KeyedDocument]:
    """The documents of a corpus with the words of their titles as keys, function words left out.

    A stand-in for real keys: each title word that is not a function word is one key. Take
    `corpus.subset("encyclopedia")` of installed text; docstrings have titles too.

    Raises:
        InputError: no document of `min_tokens` or more has a title.
    """
    documents = []
    for row, title in enumerate(corpus.titles):
        start, end = corpus.offsets[row : row + 2]
        keys = [[word] for word in tokenise.words(title) if word not in FUNCTION_WORDS]
        if end - start >= min_tokens and keys:
            tokens = [corpus.words[word] for word in corpus.tokens[start:end]]
            documents.append(KeyedDocument(title, tokens, keys))
    if not documents:
        raise InputError(
            f"{corpus.name}: none of {len(corpus.titles):,} documents has a title and {min_tokens} "
            "tokens; expected an encyclopaedia; give one, lower min_tokens, or use read_folder"
        )
    return documents


def context_vocabulary(counts: np.ndarray, share: float = 1 / 3) -> np.ndarray:
    """V': the rows of the most frequent words whose cumulative count first reaches a share of all.

    Among equal counts the earlier row comes first.

    >>> context_vocabulary(np.array([1, 5, 1, 5, 3])).tolist()
    [1]
    >>> context_vocabulary(np.array([1, 5, 1, 5, 3]), share=0.6).tolist()
    [1, 3]
    """
    order = np.argsort(-counts, kind="stable")
    reached = np.cumsum(counts[order]) >= share * counts.sum() * (1 - 1e-12)  # rounding of share
    return order[: int(reached.argmax()) + 1]


def score(
    tokens: Sequence[str], window: int = 10, share: float = 1 / 3, seed: int = 0
) -> pd.DataFrame:
    """Every word of a document with its scores, in order of first appearance.

    Args:
        tokens: the document, stemmed already where that is wanted.
        window: h, positions to either side that count as context.
        share: what V' covers of the document.
        seed: of the random score.

    Returns:
        a table with columns word, count (n_w) and `SCORES`: random; count_entropy (n_w H(w));
        chi_squared (Matsuo and Ishizuka 2004); count_kl (n_w KL(w)). Nats. Large is a keyword.
    """
    vocabulary: dict[str, int] = {}
    ids = np.array([vocabulary.setdefault(word, len(vocabulary)) for word in tokens], np.int64)
    counts = np.bincount(ids, minlength=len(vocabulary))
    context = context_vocabulary(counts, share)
    table = _context_counts(ids, context, len(vocabulary), window)  # (V, K)
    total = table.sum(axis=1, keepdims=True)
    reference = counts[context] / counts[context].sum()  # (K,) p
    observed = table / np.maximum(total, 1)  # (V, K) p(.|w), 0 where w has no context in V'
    logs = np.log(observed, out=np.zeros_like(observed), where=observed > 0)
    expected = np.maximum(total, 1) * reference  # (V, K)
    columns = {
        "word": list(vocabulary),
        "random": np.random.default_rng(seed).random(len(vocabulary)),
        "count": counts,
        "count_entropy": -counts * (observed * logs).sum(axis=1),
        "chi_squared": ((table - total * reference) ** 2 / expected).sum(axis=1),
        "count_kl": counts * (observed * (logs - np.log(reference))).sum(axis=1),
    }
    return pd.DataFrame(columns)


def evaluate(
    documents: Iterable[KeyedDocument], window: int = 10, share: float = 1 / 3, seed: int = 0
) -> pd.DataFrame:
    """How high each score ranks the keys of each document; one row per document and score.

    Returns:
        a table with columns document, score, reciprocal_rank (of the best-ranked key; a key of
        several words has the rank of its worst; 0 where no key is in the text) and
        precision_at_5 (keys whose words are all among the first 5, over 5; may exceed 1). Equal
        scores are put in one random order that is the same for all scores.

    Raises:
        InputError: a document has no tokens or no keys.
    """
    from gensim.parsing.porter import PorterStemmer

    stems: dict[str, str] = {}
    stemmer = PorterStemmer()

    def stem(words: Sequence[str]) -> list[str]:
        return [stems.get(w) or stems.setdefault(w, stemmer.stem(w)) for w in words]

    rows = []
    for number, document in enumerate(documents):
        if not document.tokens or not document.keys:
            raise InputError(
                f"document {document.name!r}: {len(document.tokens)} tokens, {len(document.keys)} "
                "keys; expected one or more of each; leave this document out"
            )
        table = score(stem(document.tokens), window, share, seed=seed + number)
        place = {word: row for row, word in enumerate(table["word"])}
        keys = {tuple(stem(key)) for key in document.keys}
        in_text = [[place[word] for word in key] for key in keys if all(w in place for w in key)]
        ties = np.random.default_rng([seed, number]).permutation(len(table))
        for name in SCORES:
            rank = np.empty(len(table), int)
            rank[np.lexsort((ties, -table[name].round(10)))] = np.arange(1, len(table) + 1)
            worst = [int(rank[words].max()) for words in in_text]
            best = 1 / min(worst) if worst else 0.0
            rows.append((document.name, name, best, sum(r <= 5 for r in worst) / 5))
    return pd.DataFrame(rows, columns=["document", "score", "reciprocal_rank", "precision_at_5"])


def summary(evaluated: pd.DataFrame, n_resamples: int = 1000, seed: int = 0) -> pd.DataFrame:
    """One row per score: MRR x 100 and P@5 x 100 (Tables 2, 6, 7), each with a 95 % interval.

    The intervals are quantiles over resampled documents, the same for all scores.
    """
    n_documents = evaluated["document"].nunique()
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(n_documents, np.full(n_documents, 1 / n_documents), n_resamples)
    columns = {"score": list(SCORES), "n_documents": n_documents}
    for name, label in (("reciprocal_rank", "mrr_x100"), ("precision_at_5", "p_at_5_x100")):
        table = evaluated.pivot(index="document", columns="score", values=name)
        values = 100 * table[list(SCORES)].to_numpy()  # (n_documents, scores)
        low, high = interval(weights @ values / n_documents, axis=0)
        columns |= {label: values.mean(axis=0), f"{label}_low": low, f"{label}_high": high}
    return pd.DataFrame(columns)


def lead(evaluated: pd.DataFrame, rival: str, seed: int = 0) -> tuple[float, tuple[float, float]]:
    """MRR x 100 of count times KL less that of a rival score, with its 95 % interval."""
    ranks = 100 * evaluated.pivot(index="document", columns="score", values="reciprocal_rank")
    ahead = (ranks["count_kl"] - ranks[rival]).to_numpy()
    return bootstrap(lambda rows: ahead[rows].mean(), np.arange(len(ahead)), seed=seed)


def beside_printed(
    name: str, scores: pd.Series, folder: str | None = None
) -> tuple[pd.DataFrame, float]:
    """Table 6 or 7 as the paper prints it with this run's scores below, and the largest distance
    of the two where the folder is one of the paper's sets, else NaN."""
    table = card.table("01", name)
    own = scores.to_frame("this run").T.rename_axis("set").reset_index()
    printed = table[table.set == Path(folder or "").name]
    gap = (printed[scores.index].squeeze() - scores).abs().max() if len(printed) else np.nan
    return pd.concat([table, own], ignore_index=True), float(gap)


def _context_counts(ids: np.ndarray, context: np.ndarray, n_words: int, window: int) -> np.ndarray:
    """How often each word has each context word within the window, (V, K)."""
    column = np.full(n_words, -1)
    column[context] = np.arange(len(context))
    table = np.zeros(n_words * len(context))
    for distance in range(1, min(window, len(ids) - 1) + 1):
        for word, other in ((ids[:-distance], ids[distance:]), (ids[distance:], ids[:-distance])):
            seen = column[other]
            cells = (word * len(context) + seen)[seen >= 0]
            table += np.bincount(cells, minlength=table.size)
    return table.reshape(n_words, len(context))

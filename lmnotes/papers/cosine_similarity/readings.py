"""What notebook 03 reads off a space of words: tables of axes, pairs, queries and benchmarks."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from lmnotes.papers.cosine_similarity.study import Bases, Space, turned
from lmnotes.words import null_laws, similarity
from lmnotes.words.ica import intruder

METHODS = {"Bonferroni": "bonferroni", "Holm": "holm", "Benjamini and Hochberg": "bh"}


def on_axes(space: Space, axes: Sequence[int], basis: str) -> pd.DataFrame:
    """The five top words of each of these axes by their values on all of them (Figure 1)."""
    top = [word for axis in axes for word in space.top(axis, basis)]
    values = space.unit[basis][np.ix_([space.ids[word] for word in top], axes)]
    return pd.DataFrame(values, index=top, columns=[axis + 1 for axis in axes])


def axes_of_pair(space: Space, pair: Sequence[str]) -> pd.DataFrame:
    """How a pair and its product stand on every axis, the most significant first (Figure 2).

    Columns basis, vector, axis (from 1), meaning, value, p, adjusted, significant.
    """
    parts, product = [], " × ".join(pair)
    for basis, unit in space.unit.items():
        values = {word: unit[space.ids[word]] for word in pair}
        values[product] = np.prod(list(values.values()), axis=0)
        for vector, content in values.items():
            kind = "product" if vector == product else "component"
            tested = similarity.significant_axes(content, kind=kind)
            tested["meaning"] = [space.meaning(axis, basis) for axis in tested.axis]
            parts.append(tested.assign(basis=basis, vector=vector, axis=tested.axis + 1))
    return pd.concat(parts, ignore_index=True)


def five_axes(by_axis: pd.DataFrame) -> pd.DataFrame:
    """The five most significant axes of each vector in ICA and PCA, in words (Tables 1 to 6)."""
    top = by_axis[by_axis.basis != "random rotation"].groupby(["basis", "vector"], sort=False)
    top = top.head(5).assign(rank=top.cumcount() + 1)
    star, first = top.significant.map({True: "*", False: ""}), top.meaning.str.split(",").str[0]
    top["said"] = top.value.map("{:.3f}".format) + star + " " + first
    columns = top.basis + ", " + top.vector
    wide = top.assign(column=columns).pivot(index="rank", columns="column", values="said")
    return wide[columns.unique()].reset_index()


def decomposition(space: Space, word: str) -> pd.DataFrame:
    """The cosines of a word with the top word of each of its five largest axes, cut into the parts
    of these axes and the rest (Figure 4).

    Columns basis, place, word, axis ("1st" to "5th", "rest"), value.
    """
    parts, row = [], space.ids[word]
    for basis, unit in space.unit.items():
        own, others = np.argsort(-unit[row])[:5], []
        for axis in own:
            others.append(next(w for w in space.top(axis, basis, 10) if w not in (word, *others)))
        products = unit[[space.ids[other] for other in others]] * unit[row]  # (5, K)
        table = pd.DataFrame(products[:, own], columns=["1st", "2nd", "3rd", "4th", "5th"])
        table["rest"] = products.sum(axis=1) - table.sum(axis=1)
        table = table.assign(basis=basis, place=range(5), word=others)
        parts.append(table.melt(["basis", "place", "word"], var_name="axis"))
    return pd.concat(parts, ignore_index=True)


def axes_per_word(space: Space, products: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """How many axes of words, and of pairs by their products (N, K), are significant at 5 %."""
    rows = []
    for basis, unit in space.unit.items():
        of_words = null_laws.component_p(unit, space.n_axes)
        of_pairs = null_laws.product_p(products[basis], space.n_axes)
        for name, method in METHODS.items():
            n = (null_laws.adjust(of_words, method) < 0.05).sum(axis=1)
            in_pairs = (null_laws.adjust(of_pairs, method) < 0.05).any(axis=1).mean()
            rows.append((basis, name, n.mean(), (n > 0).mean(), (n > 1).mean(), in_pairs))
    columns = ["basis", "correction", "axes per word", "words with an axis", "with two or more"]
    return pd.DataFrame(rows, columns=[*columns, "random pairs with an axis"])


def false_finds(n_draws: int, seed: int) -> pd.DataFrame:
    """The share of random directions in 300 dimensions with a significant axis, by correction."""
    rows = []
    for kind in ("component", "product"):
        for alternative in ("greater", "size", "two-sided"):
            how = {"kind": kind, "alternative": alternative, "n_draws": n_draws, "seed": seed}
            row = {"kind": kind, "alternative": alternative}
            for name, method in METHODS.items():
                row[name] = null_laws.false_axes(300, method=method, **how)
            rows.append(row)
    return pd.DataFrame(rows)


def sorted_values(spaces: Mapping[str, Bases]) -> pd.DataFrame:
    """Mean sorted values at some ranks: columns space, basis, over, rank, value (Figure 8)."""
    parts = []
    for space, bases in spaces.items():
        for basis, side in bases.items():
            for over in ("words", "axes"):
                mean = similarity.average_sorted(side.normalised, over)
                rank = np.unique(np.geomspace(1, len(mean), 300).astype(int))
                part = {"space": space, "basis": basis, "over": over, "rank": rank}
                parts.append(pd.DataFrame(part | {"value": mean[rank - 1]}))
    return pd.concat(parts, ignore_index=True)


def leads(tests: Mapping[str, pd.DataFrame], printed: pd.DataFrame) -> pd.DataFrame:
    """By how much ICA's score is above that of PCA and of a random rotation (Figure 9).

    Columns benchmark, rival, n_axes, lead, low, high (95 %), best (the benchmark's best score),
    title, published (the paper's, over PCA).

    Args:
        tests: of `Study.tests`. printed: the paper's scores: benchmark, basis, n_axes, published.
    """
    rows = []
    for name, table in tests.items():
        if name == "cosine":
            continue
        n, column = (
            ("n_questions", "accuracy") if name == "analogies" else ("n_covered", "spearman")
        )
        best, unit = table[column].max(), n.removeprefix("n_").replace("covered", "pairs")
        title = f"{name}, {table[n].iloc[0]:,} {unit}"
        for rival in ("PCA", "random rotation"):
            for p in table.n_axes.unique():
                lead, ends = similarity.advantage(table, p, "ICA", rival)
                rows.append((name, rival, p, lead, *ends, best, title))
    steps = tests["cosine"].n_axes.unique()
    rows = rows or [("none", "PCA", p, *[np.nan] * 4, "no pair is covered") for p in steps]
    columns = ["benchmark", "rival", "n_axes", "lead", "low", "high", "best", "title"]
    theirs = printed.pivot(index=["benchmark", "n_axes"], columns="basis", values="published")
    theirs = theirs.eval("published = ICA - PCA")[["published"]].reset_index().assign(rival="PCA")
    return pd.DataFrame(rows, columns=columns).merge(theirs, how="left")


def scores(tests: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The scores of every benchmark, a row per number of products kept, a column per basis."""
    wide = pd.DataFrame({"p": tests["cosine"].n_axes.unique()})
    for name, table in tests.items():
        for basis in ("ICA", "PCA") if name != "cosine" else ():
            column = "accuracy" if "accuracy" in table else "spearman"
            wide[f"{name}, {basis}"] = table[table.basis == basis][column].to_numpy()
    return wide


def beside(agreed: pd.DataFrame) -> pd.DataFrame:
    """Rank correlations with the cosine beside the paper's, a row per number of products kept."""
    wide = agreed.pivot(index="n_axes", columns="basis", values=["spearman", "published"])
    wide = wide.dropna(axis=1, how="all").rename_axis(index="p")
    wide.columns = [f"{basis}{', paper' * (kind == 'published')}" for kind, basis in wide.columns]
    return wide.reset_index()


def queries(space: Space, words: Sequence[str]) -> pd.DataFrame:
    """The ten words nearest to one, two and three axes together, those on which these words stand
    highest: columns axes, word, cosine (Figure 19)."""
    unit, rows = space.unit["ICA"], []
    wanted = [int(np.argmax(unit[space.ids[word]])) for word in words if word in space.ids]
    a, b, c = list(dict.fromkeys([*wanted, *range(space.n_axes)]))[:3]
    for axes in ([a], [b], [c], [a, b], [b, c], [a, b, c]):
        cosine = similarity.query(unit, dict.fromkeys(axes, 1.0))
        cosine[~space.listed] = -np.inf
        title = " + ".join(space.meaning(axis, n=1) for axis in axes)
        rows += [(title, space.words[row], cosine[row]) for row in np.argsort(-cosine)[:10]]
    return pd.DataFrame(rows, columns=["axes", "word", "cosine"])


def ablation(space: Space, pair: Sequence[str]) -> pd.DataFrame:
    """Every word by similarity to the first of a pair when that has lost its largest axis that the
    second does not share, x, and by its value there, y (Figures 21 and 22, Table 13).

    Columns word, x, y, "cosine before", named (may be, and is not the word itself), nearest (of the
    ten, before or after); attrs: axis, and other, a near word that shares it.
    """
    unit, (first, second) = space.unit["ICA"], (space.ids[word] for word in pair)
    axis = int(np.argmax(unit[first] - np.maximum(unit[second], 0)))
    x, y = similarity.ablate(unit, first, axis)
    table = pd.DataFrame({"word": space.words, "x": x, "y": y})
    table["cosine before"] = x + y * unit[first, axis]
    table["named"] = space.listed & (np.arange(len(table)) != first)
    before, after = (table[table.named].nlargest(10, name).index for name in ("cosine before", "x"))
    table["nearest"] = table.index.isin([*before, *after])
    sharing = [row for row in before if unit[row, axis] > 0.2]
    table.attrs |= {"axis": axis, "other": int([*sharing, before[-1]][0])}
    return table


def knob(
    space: Space,
    turns: Mapping[str, Callable[[float], np.ndarray]],
    pairs: tuple[np.ndarray, np.ndarray],
    seed: int,
) -> pd.DataFrame:
    """What moves on the way from PCA to other axes: basis, t, excess kurtosis, axes per word,
    median DistRatio; and the largest change of the cosines of some pairs, rows (2, N)."""
    rows, (first, second) = [], pairs
    cosine = (space.unit["ICA"][first] * space.unit["ICA"][second]).sum(axis=1)
    for target, turn in turns.items():
        for t in np.linspace(0, 1, 6):
            values = turned(turn, t)
            unit = similarity.normalise(values)
            n_axes = (unit > null_laws.threshold(space.n_axes)).sum(axis=1).mean()
            ratio = np.median(intruder.score(unit, space.raw, seed=seed))
            change = np.abs((unit[first] * unit[second]).sum(axis=1) - cosine).max()
            rows.append((target, t, (values**4).mean() - 3, n_axes, ratio, change))
    columns = ["basis", "t", "excess kurtosis", "axes per word", "median DistRatio"]
    return pd.DataFrame(rows, columns=[*columns, "largest change of a cosine"])

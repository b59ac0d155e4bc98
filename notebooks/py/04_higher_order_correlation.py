# %% [markdown]
# # What the axes still share: a tree of meanings
#
# **The question.** Independent component analysis (ICA) makes the axes of word vectors uncorrelated. Are they
# independent? And if not, does what is left over mean something?
#
# **The idea in two sentences.** Two uncorrelated axes may still be large for the same words, and then the mean of
# $S_i^2S_j^2$ exceeds the 1 that independence gives. The pairs of axes with the largest such *higher-order correlation* are
# related in meaning, and a spanning tree over them draws a map.
#
# The paper: Momose Oyama, Hiroaki Yamagiwa and Hidetoshi Shimodaira, *Understanding Higher-Order Correlations Among
# Semantic Components in Embeddings*, EMNLP 2024, pages 2883–2899
# ([doi 10.18653/v1/2024.emnlp-main.169](https://doi.org/10.18653/v1/2024.emnlp-main.169)).
#
# **After this notebook you can**
#
# - tell uncorrelated from independent, and measure the difference;
# - say what an entry owes to varying word length, to a handful of words, and to the two meanings;
# - grow a tree of axes, and say which of its edges would come back in another run;
# - judge whether related axes are related, without asking a language model.

# %% [markdown]
# ## Settings
#
# The default reads the vectors that notebooks 01 and 03 trained, one for each seed (`n_seeds`), and their axes. The paper's own are text8 in 300
# dimensions, all words: `lmnotes run 04 --profile paper`, which takes hours for each seed.

# %% tags=["parameters"]
vectors_file: str | None = None  # word2vec, GloVe or fastText; None trains on the text below
corpus_name: str = "installed"  # installed | text8 | a path
domains: list[str] = ["encyclopedia", "news"]  # of the installed text; more: docs, manual
n_tokens: int | None = None  # 10000..1000000000, only the first so many; None for all
dim: int = 100  # 4..1000
epochs: int = 20  # 1..500
min_count: int = 5  # 1..1000, rarer words are left out
list_count: int = 15  # 1..10000, rarer words are not named on an axis
judge_domains: list[str] = ["docs", "manual"]  # a second judge's text, of the installed one
n_nodes: int = 50  # 3..1000, axes in the tree, by their consistency
n_clusters: int = 8  # 1..12, colours of the tree
n_bootstrap: int = 100  # 10..10000, for standard errors
seeds: list[int] = [1, 2, 3]  # further runs of ICA, for the stability of the tree
similarity_sets: list[str] = ["wordsim353", "simlex999"]  # or paths of such tables
n_seeds: int = 3  # 1..100, trainings behind the intervals; fewer than 3 settle nothing
seed: int = 0  # 0..1000000, of the first

# %%
import numpy as np
import pandas as pd

from lmnotes import figures, notebook, statistics, text, words
from lmnotes.papers import higher_order_correlation as paper

notebook.begin("04_higher_order_correlation", globals())

# %% [markdown]
# ## 1. Axes with names
#
# White components $S=ZR$, signs by skewness, most skewed first; beside ICA, as everywhere here, the white principal components and a random rotation.
# An axis is called by its top words, the largest in rows of length 1 among words that are not rare; the correlations below use the
# rows as they are.

# %%
corpus = text.corpus.load(
    corpus_name, **({"domains": domains} if corpus_name == "installed" else {})
)
corpus = corpus if n_tokens is None else corpus.head(n_tokens)
notebook.note_input("corpus", corpus.content_id)


def trained(number):
    """The vectors of one seed."""
    if vectors_file:
        return words.embedding.load(vectors_file)
    return words.sgns.train(
        corpus, dim=dim, window=10, negatives=5, epochs=epochs, rule="pairwise", seed=number
    )


vectors = trained(seed)
components = words.ica.compare.bases_of(vectors, min_count=min_count, seed=seed)
ica = components["ICA"]
vocabulary, ids, counts = ica.words, ica.ids, ica.counts
raw = vectors.input[[vectors.ids[word] for word in vocabulary]]  # (V, D)
listed = np.ones(len(vocabulary), bool) if counts is None else counts >= list_count
unit = {basis: each.normalised for basis, each in components.items()}
top = {
    basis: words.ica.matching.top_rows(each, 5, listed) for basis, each in unit.items()
}  # (K, 5)
n_words, n_axes = ica.values.shape
n_nodes = min(n_nodes, n_axes)


def meaning(axis, n=2, basis="ICA"):
    return ", ".join(vocabulary[row] for row in top[basis][axis][:n])


names = [meaning(axis) for axis in range(n_axes)]
print(ica.summary())

# %%
n_shown = min(100, n_axes)
figure, panels = figures.style.panels(3, height=4.2)
for ax, (basis, each) in zip(panels, unit.items(), strict=True):
    top_rows = top[basis][:n_shown, :4].ravel()
    image = ax.imshow(
        each[top_rows, :n_shown],
        aspect="auto",
        cmap="Blues",
        vmin=-0.01,
        vmax=0.7,
        interpolation="nearest",
    )
    ax.set(title=basis, xlabel="axis", yticks=[])
panels[0].set_ylabel(f"4 top words of each of {n_shown} axes", fontsize=8)
figures.style.colour_bar(image, panels, "normalised value", aspect=40)
first_five = {basis: top[basis][:5, :4].ravel() for basis in unit}
notebook.figure(
    figure,
    "fig1_heatmap",
    data=pd.DataFrame(
        [
            (basis, axis, vocabulary[row], unit[basis][row, axis])
            for basis in unit
            for axis in range(n_shown)
            for row in top[basis][axis][:4]
        ],
        columns=["basis", "axis", "word", "value"],
    ),
    caption=f"Figure 1, top: rows of length 1. A white diagonal block would be an axis without words of its own. {ica.summary()}",
)
blocks = {basis: unit[basis][first_five[basis], :5] for basis in unit}
notebook.figure(
    figures.bases.heatmaps(
        blocks,
        {basis: [vocabulary[row] for row in first_five[basis]] for basis in unit},
        range(5),
        height=2.9,
    ),
    "fig1_first_axes",
    data=pd.DataFrame(
        [
            (basis, vocabulary[row], axis, unit[basis][row, axis])
            for basis in unit
            for row in first_five[basis]
            for axis in range(5)
        ],
        columns=["basis", "word", "axis", "value"],
    ),
    caption="Figure 1, bottom: the first five axes and their words.",
)

# %% [markdown]
# ## 2. Uncorrelated is not independent
#
# For white components $\mathrm E(S_iS_j)=0$ exactly. If two of them are independent, then also $\mathrm E(S_i^2S_j^2)=\mathrm E(S_i^2)\,\mathrm E(S_j^2)=1$. The converse
# fails in an instructive way. Below, two sources are drawn independently, then both are multiplied by a common *volume*: still uncorrelated, no longer independent.


# %%
def toy_volume(source="laplace", shared_volume=0.6, break_it=False):
    draw = np.random.default_rng(0)
    sources = (
        draw.laplace(size=(4000, 2)) if source == "laplace" else draw.uniform(-1, 1, (4000, 2))
    )
    loud = sources * draw.lognormal(0, shared_volume, size=(4000, 1))
    loud = (loud - loud.mean(axis=0)) / loud.std(axis=0)
    if break_it:
        loud[:, 1] = draw.permutation(loud[:, 1])
    figure, (ax,) = figures.style.panels(width=3.2, height=3.0)
    ax.scatter(*loud.T, s=2, alpha=0.4, lw=0, color=figures.style.BLUE, rasterized=True)
    ax.set(
        xlim=(-6, 6),
        ylim=(-6, 6),
        aspect="equal",
        xlabel="$S_1$",
        ylabel="$S_2$",
        title=f"E$(S_1S_2)$ = {np.mean(loud.prod(axis=1)):.2f},  E$(S_1^2S_2^2)$ = {np.mean((loud**2).prod(axis=1)):.2f}",
    )
    return figure


notebook.explore(
    toy_volume,
    stills=[{"shared_volume": 0.0}, {}, {"break_it": True}],
    source=["laplace", "uniform"],
    shared_volume=(0.0, 1.0, 0.1),
    break_it=False,
)
# %%
generator = np.random.default_rng(5)
toy = generator.laplace(size=(50, 3))
by_hand = notebook.teach.exercise(
    "energy",
    properties=[
        (
            "a matrix of axes by axes",
            lambda energy: np.shape(energy(toy)) == (3, 3),
            "the mean is over words, rows; what is left is (K, K)",
        ),
        (
            "it is symmetric",
            lambda energy: np.allclose(energy(toy), np.transpose(energy(toy))),
            "both axes enter squared",
        ),
        (
            "its diagonal is the kurtosis",
            lambda energy: np.allclose(np.diag(energy(toy)), (toy**4).mean(axis=0)),
            "square the components before the product, and divide by the number of words",
        ),
        (
            "signs do not matter",
            lambda energy: np.allclose(energy(toy), energy(-toy)),
            "square first",
        ),
        (
            "its values",
            lambda energy: np.allclose(energy(toy), np.einsum("vi,vj->ij", toy**2, toy**2) / 50),
            "one matrix product: (S**2).T @ (S**2) / V",
        ),
    ],
)
by_hand.check(None)  # a function energy(S) that returns (K, K)

# %% [markdown]
# ## 3. The matrix, and what it would be without meaning
#
# Four matrices: the correlations, which are the identity; the higher-order correlations of ICA's axes; those of a random rotation of the very same
# rows; and those of ICA's axes with each column shuffled, which are independent by force. The red mark is the level that varying word
# length alone gives: for directions without preference, $c_{ij}=\mathrm E\|S\|^4/(K(K+2))$ for every pair.

# %%
c = {basis: paper.correlations.energy(each.values) for basis, each in components.items()}
c["shuffled columns"] = paper.correlations.shuffled_null(ica.values, seed=seed)
second_moment = ica.values.T @ ica.values / n_words
level = paper.correlations.background(ica.values)
upper = np.triu_indices(n_axes, 1)
off = {name: each[upper] for name, each in c.items()}
high = float(np.quantile(off["ICA"], 0.998))
panels_of = {
    "ICA: second order": second_moment,
    "ICA": c["ICA"],
    "random rotation": c["random rotation"],
    "shuffled columns": c["shuffled columns"],
}
label = r"$\mathrm{E}(S_i^2S_j^2)$"
notebook.figure(
    paper.figures.matrices(
        panels_of,
        limits={name: (0, 1) if "second" in name else (0.8, high) for name in panels_of},
        colour_labels={
            name: r"$\mathrm{E}(S_iS_j)$" if "second" in name else label for name in panels_of
        },
        lines=dict.fromkeys(["ICA", "random rotation"], level),
    ),
    "fig3_matrices",
    data=pd.DataFrame({"i": upper[0], "j": upper[1], "second order": second_moment[upper]} | off),
    caption=f"Figure 3: second and higher order. Red: the spherical level, {level:.3f}.",
)
quantiles = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 1]
levels = pd.DataFrame(
    {name: np.quantile(each, quantiles) for name, each in off.items()} | {"quantile": quantiles}
).merge(notebook.card.table("04", "levels"), how="left")
unit_rows = paper.correlations.of_unit_rows(ica.values)[upper]
notebook.table(
    levels,
    "levels",
    caption=f"Quantiles of {len(upper[0]):,} pairs. Spherical level {level:.3f}; median of ICA once all words have length 1, {np.median(unit_rows):.3f}. The column text8 was read off the paper's figure (300 axes).",
)

# %% [markdown]
# *What to see.* The random rotation is as free of meaning as an axis can be, and nearly its whole matrix lies above 1, around the spherical
# level: word lengths vary, and a long word is large on every axis. So 1 is the wrong thing to compare with. Nor is spread about that level ICA's own: up to the 99 % quantile of the table, compare it
# with PCA, whose axes have no names. What is ICA's own, if anything, are the last few pairs of a thousand: compare the last two rows. Shuffling, which also shuffles the lengths away, gives 1.
#
# Every entry gets its standard error, from words drawn again, and its excess over the level of its two rows.

# %%
error = paper.correlations.standard_error(ica.values, n_bootstrap=n_bootstrap, seed=seed)
strong = paper.correlations.pairs(c["ICA"], error, [meaning(axis) for axis in range(n_axes)])
strong["low"] = strong.c - 2 * strong["standard error"]
carried = []
for row in strong.head(20).itertuples():
    who = paper.correlations.contributors(ica.values, vocabulary, row.i, row.j, 10)
    signs = (
        paper.correlations.quadrants(ica.values, row.i, row.j).set_index(["first", "second"]).share
    )
    carried.append((", ".join(who.word[:6]), who["share so far"].iloc[-1], signs["+", "+"]))
carried = pd.DataFrame(carried, columns=["carried by", "share of 10 words", "share of ++"])
table_pairs = pd.concat([strong.head(20).reset_index(drop=True), carried], axis=1)
notebook.table(
    table_pairs[
        [
            "i",
            "j",
            "first",
            "second",
            "c",
            "standard error",
            "level",
            "z",
            "carried by",
            "share of 10 words",
            "share of ++",
        ]
    ],
    "strongest_pairs",
    caption="The twenty strongest pairs: c with its standard error, the level of its rows, excess over it in standard errors (z), the words that "
    "carry it, how much ten words carry, and the share of words large and positive on both.",
)


def axis_of(space, its_words):
    """The axis on which words are highest on average, -1 where fewer than two are known."""
    rows = [space.ids[word] for word in its_words.split() if word in space.ids]
    return int(space.normalised[rows].mean(axis=0).argmax()) if len(rows) > 1 else -1


def named_pairs_of(space):
    """The pairs that the paper shows, found by their words; NaN where both are one axis."""
    by_axes = paper.correlations.pairs(paper.correlations.energy(space.values))
    by_axes, rows = by_axes.set_index(["i", "j"]), []
    shown_pairs = notebook.card.table("04", "pairs")
    for first_words, second_words in zip(shown_pairs["first"], shown_pairs.second, strict=True):
        i, j = sorted((axis_of(space, first_words), axis_of(space, second_words)))
        both = by_axes.loc[(i, j)] if -1 < i < j else {"c": np.nan, "excess": np.nan}
        rows.append((i, j, both["c"], both["excess"]))
    return shown_pairs.join(pd.DataFrame(rows, columns=["i", "j", "measured", "excess"]))


# %%
named_pairs = named_pairs_of(ica)
notebook.table(
    named_pairs,
    "named_pairs",
    caption="The pairs that the paper shows (Figures 2, 4 and 10), each axis found here by its words: the published value for text8, ours, and ours less the level of its rows.",
)


# %%
def carried_by(rank=1, n_removed=0):
    row = strong.iloc[rank - 1]
    i, j = int(row.i), int(row.j)
    steps = np.arange(0, 101)
    left = paper.correlations.without(ica.values, i, j, steps)
    figure, (ax, curve) = figures.style.panels(2, width=6.4, height=2.9)
    product = ica.values[:, i] ** 2 * ica.values[:, j] ** 2
    order = np.argsort(-product)[n_removed:]
    paper.figures.spikes(
        ax,
        unit["ICA"][:, i],
        unit["ICA"][:, j],
        blue={int(r): vocabulary[r] for r in (*top["ICA"][i][:3], *top["ICA"][j][:3])},
        red={int(r): vocabulary[r] for r in order[:6]},
        title=f"c = {row.c:.2f} ± {row['standard error']:.2f}",
        axes_names=(f"{i}: {meaning(i)}", f"{j}: {meaning(j)}"),
    )
    curve.plot(steps, left, color=figures.style.BLUE)
    curve.plot(n_removed, left[n_removed], "o", color=figures.style.RED)
    curve.axhline(row.level, color=figures.style.GREY, ls="--", lw=0.8)
    curve.set(
        xlabel="largest contributors left out",
        ylabel=label,
        title=f"{left[n_removed]:.3f} left; level dashed",
    )
    return figure


notebook.explore(
    carried_by,
    stills=[{}, {"n_removed": 20}, {"rank": 4}],
    rank=(1, min(60, len(strong))),
    n_removed=(0, 100),
)
# %% [markdown]
# ## 4. Pairs to look at
#
# First a pair of axes that hardly know of each other, then pairs that share words: rows of length 1, top words of each axis blue, the six words with the largest $S_i^2S_j^2$ red. To be shown here a
# pair has to stay high when its uncertainty is taken off: they are ordered by $c-2\,\mathrm{s.e.}$

# %%
leading = strong[(strong.i < n_axes // 2) & (strong.j < n_axes // 2)]
lone = leading.iloc[(leading.excess.abs()).argmin()]
lone = (int(lone.i), int(lone.j))
sure = strong.sort_values("low", ascending=False).reset_index(drop=True)


def draw_pair(ax, basis, i, j, n_red=6):
    values = components[basis].values
    product = values[:, i] ** 2 * values[:, j] ** 2
    paper.figures.spikes(
        ax,
        unit[basis][:, i],
        unit[basis][:, j],
        blue={int(r): vocabulary[r] for r in (*top[basis][i][:4], *top[basis][j][:4])},
        red={int(r): vocabulary[r] for r in np.argsort(-product)[:n_red]} if n_red else {},
        title=f"{basis}: {c[basis][i, j]:.3f}",
        axes_names=(f"{i}: {meaning(i, basis=basis)}", f"{j}: {meaning(j, basis=basis)}"),
    )


def pair_rows(pairs_of):
    return pd.concat(
        pd.DataFrame(
            {
                "basis": basis,
                "i": i,
                "j": j,
                "word": vocabulary,
                "x": unit[basis][:, i],
                "y": unit[basis][:, j],
            }
        )
        for basis, i, j in pairs_of
    )


def three_pairs(name, pairs_of, caption, n_red=6):
    figure, panels = figures.style.panels(3, height=2.9)
    for ax, each in zip(panels, pairs_of, strict=True):
        draw_pair(ax, *each, n_red=n_red)
    notebook.figure(figure, name, data=pair_rows(pairs_of), caption=caption)


three_pairs(
    "fig2_unrelated",
    [(basis, *lone) for basis in unit],
    f"Figure 2: an unrelated pair of ICA's axes: two spikes and an empty diagonal. The axes of the same numbers in the other bases are round clouds. Titles: {label}.",
    n_red=0,
)
shown = [("ICA", int(sure.i[n]), int(sure.j[n])) for n in range(2)]
strongest_random = int(np.argmax(off["random rotation"]))
shown.append(("random rotation", int(upper[0][strongest_random]), int(upper[1][strongest_random])))
three_pairs(
    "fig4_related",
    shown,
    "Figure 4: two related pairs, and the strongest pair of a random rotation. Red words between the spikes have both meanings.",
)
three_pairs(
    "fig10_more_pairs",
    [("ICA", int(sure.i[n]), int(sure.j[n])) for n in range(2, 5)],
    "Figure 10: three more related pairs. Squares ignore signs: a red word may be large and negative on one axis.",
)


# %%
def share_of(values, i, j, m):
    return paper.correlations.contributors(values, [str(n) for n in range(len(values))], i, j, m)[
        "share so far"
    ].iloc[-1]


who_carries = notebook.teach.exercise(
    "share_of_top",
    properties=[
        (
            "it is between 0 and 1",
            lambda share: 0 < share(toy, 0, 1, 3) <= 1,
            "divide by the sum over all words",
        ),
        (
            "all words carry all",
            lambda share: abs(share(toy, 0, 1, 50) - 1) < 1e-9,
            "sort the products, not one of the axes",
        ),
        (
            "the largest first",
            lambda share: (
                share(toy, 0, 2, 1)
                >= (toy[:, 0] ** 2 * toy[:, 2] ** 2 / np.sum(toy[:, 0] ** 2 * toy[:, 2] ** 2)).max()
                - 1e-9
            ),
            "take the m largest products, not the first m words",
        ),
        (
            "its values",
            lambda share: np.isclose(share(toy, 1, 2, 5), share_of(toy, 1, 2, 5)),
            "products of squares: S[:, i]**2 * S[:, j]**2",
        ),
    ],
)
who_carries.check(None)  # a function share(S, i, j, m) that returns a number
notebook.teach.quiz("above_one")

# %% [markdown]
# ## 5. Are they really related? A judge
#
# The paper asked a language model: here are two pairs of axes, one with the $k$-th largest $c_{ij}$ (TOP), one drawn from the lowest 30 % (BOTTOM); which is more related? Our judge is another space: two
# axes are as related as their top words are near each other on average, **in vectors that the axes were not found in**. A word that belongs to both axes is left out.
#
# - *same text*: positive PMI and an SVD, another algorithm on the same text. It shares the documents, and so their topics.
# - *other text*: the same on docstrings, where it can be had; many words are unknown there, and it is often undecided.
#
# The null relabels the judge's axes. PCA and a random rotation get the same questions.

# %%
judges = {"same text": words.baselines.ppmi_svd(corpus, dim=dim, seed=seed)}
if judge_domains and corpus_name == "installed":
    other_text = text.corpus.load("installed", domains=judge_domains)
    notebook.note_input("judge's corpus", other_text.content_id)
    judges["other text"] = words.baselines.ppmi_svd(other_text, dim=dim, seed=seed)
verdicts = []
spaces = {name: paper.relatedness.rows_of(judge, vocabulary) for name, judge in judges.items()}
for name, space in spaces.items():
    print(f"{name}: the judge knows {np.isfinite(space[:, 0]).mean():.0%} of the words")
    for basis in components:
        related = paper.relatedness.axis_relatedness(top[basis], space)
        verdicts.append(
            paper.relatedness.judge(c[basis], related, n_permutations=500, seed=seed).assign(
                judge=name, basis=basis
            )
        )
table2 = pd.concat(verdicts, ignore_index=True)
figure, panels = figures.style.panels(
    len(judges), height=2.4, width=figures.style.PAGE * (0.55 if len(judges) == 1 else 1)
)
for ax, (name, part) in zip(panels, table2.groupby("judge", sort=False), strict=True):
    shares = part.groupby("basis", sort=False).undecided.mean()
    undecided = ", ".join(f"{basis} {share:.0%}" for basis, share in shares.items())
    figures.bases.curves(
        ax,
        part,
        "rank",
        "top",
        bands=("low", "high"),
        legend=ax is panels[0],
        xlabel="$k$-th strongest partner",
        ylabel="judged the more related (TOP)",
        ylim=(0, 1),
        title=f"judge: {name}\nundecided: {undecided}",
        xticks=range(1, 6),
    )
    ax.plot(
        range(1, 6),
        [0.69, 0.65, 0.64, 0.645, 0.565],
        "x",
        color=figures.style.BLACK,
        ms=4,
        label="paper, ICA",
    )
    nulls_of = part[part.basis == "ICA"]
    ax.plot(
        nulls_of["rank"],
        nulls_of["null"],
        ":",
        color=figures.style.RED,
        lw=1,
        label="relabelled, ICA",
    )
    if ax is panels[0]:
        ax.legend(ncols=2)
notebook.figure(
    figure,
    "table2_judge",
    data=table2,
    caption="Table 2 with another judge: share of questions in which the k-th strongest partner is preferred to a weak one, with 95 % intervals (axes drawn again). Undecided questions are won by neither side. Crosses: the paper's language model.",
)
notebook.table(
    table2[["judge", "basis", "rank", "top", "bottom", "undecided", "low", "high", "null", "p"]],
    "table2_judge",
    caption="p: one-sided, 500 relabellings of the axes.",
)
# %% [markdown]
# *What to see.* Compare each curve with its null and with the random rotation, not with a half alone. A random axis, too, prefers its
# strong partners a little: two random axes with a large $c_{ij}$ share some loud words, and these share a topic. And the paper's PCA axes got 33.5 %
# against 43.5 % from its language model, no signal; a numerical judge is more generous. A judge from another text is the stricter test, where it knows
# the words: ICA's top words belong to topics, and a text without these topics has little to say about them.
#
# ## 6. The tree
#
# An axis is a good node if its top words belong together: the consistency score compares their distance to an intruder with that among
# themselves, in the vectors as trained, mean of 100 intruders. The best are kept. Their maximum spanning tree keeps, of all
# pairs, the strongest that connect everything without a circle.

# %%
consistency = words.ica.intruder.score(unit["ICA"], raw, n_draws=100, listed=listed, seed=seed)
nodes = np.sort(np.argsort(-np.nan_to_num(consistency, nan=-1))[:n_nodes])
tree = paper.tree.grow(c["ICA"], nodes)
edge_table = paper.tree.edges(tree, [meaning(axis) for axis in range(n_axes)], error)
found_clusters = paper.tree.clusters(tree, min(n_clusters, n_nodes), seed=1)
font = 6.5 if n_nodes <= 60 else 4.5
places = paper.tree.layout(tree)

runs, others = [], {}
for other_seed in seeds:
    other = words.ica.fit_embedding(
        vectors, min_count=1 if counts is None else min_count, seed=other_seed
    )
    again = words.ica.match(other.values, ica.values, method="hungarian", signed=False)
    match = again.partners(0.8)  # (K,) this run's axis of each of the other's, or -1
    mine = [axis for axis in range(n_axes) if match[axis] in set(nodes)]
    runs.append((paper.tree.grow(paper.correlations.energy(other.values), mine), match))
    others[f"seed {other_seed}"] = other
    print(f"seed {other_seed}: {(match >= 0).sum()} of {n_axes} axes come back. {other.summary()}")
returns = paper.tree.edge_agreement(tree, runs) if runs else edge_table.assign(returns=np.nan)
edge_table = edge_table.merge(returns[["i", "j", "returns"]], on=["i", "j"])
notebook.table(
    edge_table,
    "tree_edges",
    caption=f"Edges of the tree with standard errors, and the share of {len(runs)} further runs of ICA in whose trees they come back.",
)
notebook.figure(
    paper.figures.tree(
        tree,
        names,
        found_clusters,
        paper.figures.spread(places, names, font=font),
        font=font,
        errors=error,
    ),
    "fig12_tree",
    data=edge_table.assign(
        first_cluster=[found_clusters[i] for i in edge_table.i],
        second_cluster=[found_clusters[j] for j in edge_table.j],
    ),
    caption=f"Figure 12: the maximum spanning tree of the {n_nodes} most consistent axes, {min(n_clusters, n_nodes)} clusters. An axis is called by its two top words; on each edge stands $c_{{ij}}$ with its standard error over words drawn again.",
)
across = edge_table[
    [
        (found_clusters[i] == 0) != (found_clusters[j] == 0)
        for i, j in zip(edge_table.i, edge_table.j, strict=True)
    ]
]
largest = {0}
if len(across):  # the largest cluster and the one that is tied to it most
    largest |= {found_clusters[across.i.iloc[0]], found_clusters[across.j.iloc[0]]}
close = [node for node in tree if found_clusters[node] in largest]
longer = [meaning(axis, 3) for axis in range(n_axes)]
notebook.figure(
    paper.figures.tree(
        tree,
        longer,
        found_clusters,
        paper.figures.spread(
            {node: places[node] for node in close}, longer, size=(figures.style.PAGE, 4.6), font=7
        ),
        only=close,
        errors=error,
        size=(figures.style.PAGE, 4.6),
        font=7,
    ),
    "fig5_close_up",
    data=edge_table[edge_table.i.isin(close) & edge_table.j.isin(close)],
    caption="Figure 5: the largest cluster and the one tied to it most, with three words to an axis.",
)

# %% [markdown]
# *What to see.* Does the neighbourhood make sense? The absence of an edge says little: the tree keeps only
# $n-1$ of $n(n-1)/2$ links; look at the matrix beside it. Next: is the tree a property of the data, or of one run?

# %%
real_edges = {frozenset(edge) for edge in tree.edges}
order_null = np.random.default_rng(seed)
chance = []
for _ in range(20):
    relabel = order_null.permutation(len(nodes))
    matrix = c["ICA"][np.ix_(nodes, nodes)][np.ix_(relabel, relabel)]
    again = paper.tree.grow(matrix)
    chance.append(
        np.mean([frozenset((int(nodes[i]), int(nodes[j]))) in real_edges for i, j in again.edges])
    )
edge_z = edge_table.merge(strong[["i", "j", "z", "excess", "level"]], on=["i", "j"])
figure, (ax, right) = figures.style.panels(2, height=2.4)
rank = np.arange(1, len(edge_z) + 1)
ax.errorbar(
    rank,
    edge_z.weight,
    2 * edge_z["standard error"],
    fmt="o",
    ms=2.5,
    lw=0.6,
    color=figures.style.BLUE,
    label="edge, ± 2 s.e.",
)
ax.plot(rank, edge_z.level, color=figures.style.GREY, lw=0.8, ls="--", label="level of its rows")
ax.axhline(level, color=figures.style.RED, lw=0.8, label="spherical level")
ax.set(xlabel="edge, strongest first", ylabel=label)
ax.legend()
if runs:
    shares = edge_z.groupby(
        pd.qcut(edge_z.weight.rank(method="first"), 4, labels=False)
    ).returns.mean()
    right.bar(range(4), shares.to_numpy(), color=figures.style.BLUE)
    right.axhline(
        np.mean(chance), color=figures.style.RED, ls="--", lw=0.8, label="relabelled nodes"
    )
    right.set(
        xticks=range(4),
        xticklabels=["weakest", "", "", "strongest"],
        ylim=(0, 1),
        xlabel="quarter of the edges",
        ylabel="share that comes back",
    )
    right.legend()
else:
    right.axis("off")
notebook.figure(
    figure,
    "edges",
    data=edge_z,
    caption=f"Left: every edge with its error. Right: how often edges come back in {len(runs)} further runs of ICA, by strength; dashed, what relabelled nodes would give."
    + words.ica.compare.unsettled(others),
)
if runs:
    back = [paper.tree.edge_agreement(tree, [run]).returns.mean() for run in runs]
    notebook.claims.record(
        "edges_return",
        *statistics.over_seeds([share - np.mean(chance) for share in back]),
        f"{np.mean(back):.2f} come back, {np.mean(chance):.2f} by chance",
        n_seeds=len(runs),
    )
else:
    notebook.claims.record("edges_return", np.nan, note="one run of ICA only")


# %%
def tree_builder(nodes_kept=n_nodes, clusters=n_clusters, start=int(nodes[0]), end=int(nodes[-1])):
    chosen_nodes = np.sort(np.argsort(-np.nan_to_num(consistency, nan=-1))[:nodes_kept])
    grown = paper.tree.grow(c["ICA"], chosen_nodes)
    way = paper.tree.path(grown, start, end) if start in grown and end in grown else []
    said = " – ".join(names[axis] for axis in way) if way else "choose two axes of the tree"
    return paper.figures.tree(
        grown,
        names,
        paper.tree.clusters(grown, min(clusters, nodes_kept)),
        paper.figures.spread(paper.tree.layout(grown), names, size=(figures.style.PAGE, 6)),
        highlight=way,
        size=(figures.style.PAGE, 6),
        title=said if len(said) < 110 else f"{len(way) - 1} steps: {said[:95]} …",
    )


notebook.explore(
    tree_builder,
    stills=[{}, {"nodes_kept": max(3, n_nodes // 2), "clusters": 3}],
    nodes_kept=(3, n_axes),
    clusters=(1, 12),
    start=(0, n_axes - 1),
    end=(0, n_axes - 1),
)

# %%
spherical = notebook.teach.exercise(
    "spherical_level",
    properties=[
        ("it is a number", lambda answer: np.isscalar(answer), "give the value, not an array"),
        (
            "it is above 1",
            lambda answer: answer > 1,
            "lengths vary, so a word that is large on one axis tends to be large on others",
        ),
        (
            "not only the lengths",
            lambda answer: abs(answer - 1.25) > 1e-3,
            "that is E|S|^4 / K^2; the directions on a sphere take a little away: divide by K (K + 2)",
        ),
        (
            "its value",
            lambda answer: abs(answer - 12500 / 10200) < 1e-3,
            "the mean of |S|^4 is the mean of 50^2 and 150^2",
        ),
    ],
)
spherical.check(None)  # predict c for such rows

# %% [markdown]
# ## 7. Fewer axes by merging neighbours
#
# Cut the tree of all axes into $d$ clusters and average the axes of each: $d$ new coordinates. How well do their cosines still agree with people's judgements? Compared are the same recipe on PCA's axes, and clusters drawn at random. (In the
# paper's setting this is known to us second-hand only.)

# %%
pair_sets = {}  # name -> (N, 3): the rows of two words, and what people said
for name in similarity_sets:
    try:
        pairs_of, rows = words.similarity.covered_pairs(vocabulary, name)
    except ValueError as error_of_set:  # a small text covers no pair
        print(error_of_set)
    else:
        known = rows[:, 0] >= 0
        pair_sets[name] = np.column_stack([rows[known], pairs_of.human[known]])


# %%
def agreement_of(reduced):
    """The mean rank correlation over the sets, and of each set the pairs' influence and words."""
    values, parts = [], []
    for its_pairs in pair_sets.values():
        ends = its_pairs[:, :2].astype(int)
        left, right = reduced[ends[:, 0]], reduced[ends[:, 1]]
        lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
        cosine = (left * right).sum(axis=1) / np.maximum(lengths, 1e-12)
        value, influence = words.similarity.rank_correlation(cosine, its_pairs[:, 2])
        values.append(value)
        parts.append((influence, ends))
    return np.mean(values) if values else np.nan, parts


def lead_of(first, others):
    """By how much one beats the mean of others, with the 95 % interval over pairs and others."""
    gaps, errors = [first[0] - value for value, _ in others], []
    for n, (influence, ends) in enumerate(first[1]):
        mean = np.mean([parts[n][0] for _, parts in others], axis=0)
        errors.append(statistics.pairs_error(influence - mean, ends) / len(first[1]))
    reach = 1.96 * np.sqrt(np.sum(np.square(errors)) + np.var(gaps) / len(gaps))
    return np.mean(gaps), (np.mean(gaps) - reach, np.mean(gaps) + reach)


published5 = notebook.card.table("04", "table5")
sizes = [*sorted(set(published5.n_clusters[published5.n_clusters < n_axes])), n_axes]


def merging_of(bases, number):
    """One seed's Table 5, and what it says of the claims."""
    random, ica_values, rows = np.random.default_rng(number), bases["ICA"].values, []
    said = {}
    grown = {b: paper.tree.grow(paper.correlations.energy(bases[b].values)) for b in ("ICA", "PCA")}
    for d in sizes:
        scored, drawn = {}, []
        for basis, its_tree in grown.items():
            groups = paper.tree.clusters(its_tree, d, seed=1)
            groups = [groups[axis] for axis in range(n_axes)]
            scored[basis] = agreement_of(paper.tree.merge(bases[basis].values, groups))
            rows.append((basis, d, scored[basis][0], np.nan, np.nan))
        for _ in range(10):
            groups = np.concatenate([np.arange(d), random.integers(d, size=n_axes - d)])
            drawn.append(agreement_of(paper.tree.merge(ica_values, random.permutation(groups))))
        values = [value for value, _ in drawn]
        rows.append(("random clusters", d, np.mean(values), min(values), max(values)))
        said["pca", d] = lead_of(scored["ICA"], [scored["PCA"]])
        said["random", d] = lead_of(scored["ICA"], drawn)
    columns = ["basis", "n_clusters", "spearman", "low", "high"]
    return pd.DataFrame(rows, columns=columns), said


# %%
table5, of_table5 = merging_of(components, seed)
figure, (ax,) = figures.style.panels(height=2.5)
figures.bases.curves(
    ax,
    table5,
    "n_clusters",
    "spearman",
    bands=("low", "high"),
    xscale="log",
    xlabel="coordinates $d$",
    ylabel="Spearman, mean of the sets",
)
notebook.figure(
    figure,
    "table5_reduction",
    data=table5.merge(published5, how="left"),
    caption="Table 5: similarity judgements after merging axes, mean of "
    + ", ".join(f"{name} ({len(pairs_of)} pairs)" for name, pairs_of in pair_sets.items())
    + ". The band is the range of ten random partitions of ICA's axes. The data have the published values beside ours, of text8 and six sets.",
)
# %% [markdown]
# ## 8. Would another seed say the same?
#
# The vectors are trained again with other seeds, their axes and a random rotation found anew, and the same judges asked. The claims below take all seeds together.


# %%
def ahead(first, row, second=None, other_row=0):
    """TOP of a row in percent, less that of a row of another table, with its interval."""
    value, drawn = first.top[row], np.array(first.attrs["drawn"][row])
    if second is not None:
        value = value - second.top[other_row]
        drawn = drawn - second.attrs["drawn"][other_row]
    return 100 * value, tuple(100 * end for end in statistics.interval_holding(value, drawn))


def of_judges(bases, number):
    """What one seed's axes say of Table 2."""

    def judged(basis, judge):
        energy = paper.correlations.energy(bases[basis].values)
        its_top = words.ica.matching.top_rows(bases[basis].normalised, 5, listed)
        related = paper.relatedness.axis_relatedness(its_top, spaces[judge])
        how = {"ranks": (1, 5), "n_permutations": 500, "seed": number}
        return paper.relatedness.judge(energy, related, **how)

    won = {basis: judged(basis, "same text") for basis in bases}
    of_ica = won["ICA"]
    return {
        "table2_top_1": ahead(of_ica, 0),
        "table2_top_5": ahead(of_ica, 1),
        "table2_fall": ahead(of_ica, 0, of_ica, 1),
        "table2_pca": ahead(of_ica, 0, won["PCA"]),
        "table2_random": ahead(of_ica, 0, won["random rotation"]),
        "table2_p": (of_ica.p[0], None),
        "table2_other_text": (
            judged("ICA", "other text").p[0] if "other text" in spaces else np.nan,
            None,
        ),
    }


# %%
measured = []
for number in range(seed, seed + n_seeds):
    bases, merging = components, of_table5
    if number != seed:
        bases = words.ica.compare.bases_of(trained(number), min_count=min_count, seed=number)
        merging = merging_of(bases, number)[1]
    named = named_pairs_of(bases["ICA"])
    related = named.excess[named.id != "fig2_stars"].mean()
    measured.append(
        paper.correlations.said_of(bases, n_bootstrap=n_bootstrap, seed=number)
        | {row.id: (row.measured, None) for row in named.itertuples()}
        | {"pairs_related": (related, None)}
        | of_judges(bases, number)
        | {
            f"table5_{name}_{d}": merging.get((name, d), (np.nan, None))
            for name in ("pca", "random")
            for d in published5.n_clusters.unique()
        }
    )
by_seed = notebook.claims.record_seeds(measured, first_seed=seed)
notebook.table(by_seed, "seeds", caption="What each seed says of the claims.")

# %% [markdown]
# ## What we found
#
# The claims of the paper beside our measurements; A rule must hold at the whole interval, which holds what every seed says; where it holds at a part only, the claim is *consistent, not settled*.

# %%
found_claims = notebook.claims.table()
found_claims

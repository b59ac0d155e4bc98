# %% [markdown]
# # The same axes in different embeddings
#
# **The question.** The coordinates of a word vector mean nothing by themselves: turn the whole cloud, and
# every cosine stays. Is there one set of axes that is better than all the others, and would another model, or another language, have the same?
#
# **The idea in two sentences.** Make the cloud of vectors white, and it still is not round: it has spikes. Independent
# component analysis (ICA) turns the axes onto the spikes; each then has a meaning that can be read off its words, and the spikes of different
# spaces turn out to be partly the same.
#
# The paper: Hiroaki Yamagiwa, Momose Oyama and Hidetoshi Shimodaira, *Discovering Universal Geometry in Embeddings
# with ICA*, EMNLP 2023, pages 4647–4675 ([arXiv 2305.13175](https://arxiv.org/abs/2305.13175)).
#
# **After this notebook you can**
#
# - whiten vectors, turn them by ICA, and say what each of the four steps is for;
# - measure how far an axis is from a Gaussian, and see PCA fail at it;
# - match the axes of two spaces, and tell a real match from the best of many accidents;
# - say which part of "universal" your own data support.
#
# Nothing is downloaded. In place of languages stand English and Python: thousands of functions, each described by its docstring and
# by its code; in place of BERT, a small language model that is trained here. Pre-trained vectors of real languages, BERT and images come in through the settings.

# %% [markdown]
# ## Settings
#
# The vectors are those of notebook 01. `lmnotes run 02 --profile paper` is the paper's size: text8, 300 dimensions.
# Vectors are trained `n_seeds` times: the first are shown, all of them stand behind the intervals of the ledger.

# %% tags=["parameters"]
from typing import Literal

corpus_name: str = "installed"  # installed | text8 | a path
domains: list[str] = ["encyclopedia", "news"]  # of the installed text; more: docs, manual
n_tokens: int | None = None  # 10000..1000000000, only the first so many; None for all
dim: int = 100  # 8..1000
window: int = 10  # 1..50
negatives: int = 5  # 1..50
epochs: int = 20  # 1..500
rule: Literal["pairwise", "shared"] = "pairwise"  # how negatives are drawn
min_count: int = 5  # 1..1000, words that ICA sees
row_weights: Literal["words", "drawn"] = (
    "words"  # each word once | drawn by frequency, as the paper
)
tolerance: float = 1e-4  # 1e-8..0.1, gradient norm at which ICA stops
max_iterations: int = 500  # 1..10000
n_seeds: int = 3  # 1..20, trainings, ICA runs and splits behind each interval
n_shuffles: int = 99  # 1..1000, shuffled pairings behind each null
other_epochs: int = 10  # 1..500, for the vectors of the halves and of CBOW
n_functions: int = 8000  # 500..100000, functions described in English and in Python
function_dim: int = 60  # 8..500, of their vectors
n_train: int = 2000  # 50..100000, word pairs that the alignment learns from
axis_words: list[str] = [
    "film",
    "court",
    "israeli",
    "election",
    "afghanistan",
]  # five words whose axes are drawn
languages: list[str] = []  # vector files (.vec), the reference language first
dictionaries: list[str] = []  # word lists (reference, other), one per further language
encoder: str | None = None  # a model folder or hub id for contextual vectors; None trains one
lm_steps: int = 1200  # 1..1000000, of that training
lm_dim: int = 96  # 8..4096, of its vectors
layer: int = (
    1  # -200..200, of the model; 1 is the middle of ours, whose last one is about the next word
)
n_sentences: int = 2000  # 100..1000000, that are read in context
image_folder: str = ""  # images, in folders that are named for what is on them; "" for none
image_models: list[str] = []  # model folders or hub ids, the reference first
seed: int = 0  # 0..1000000

# %%
import numpy as np
import pandas as pd

from lmnotes import figures, notebook, statistics, text, words
from lmnotes.papers import universal_geometry as paper

notebook.begin("02_universal_geometry", globals())

# %%
if len(dictionaries) != max(len(languages) - 1, 0):
    raise ValueError(
        f"{len(languages)} languages and {len(dictionaries)} dictionaries: expected one dictionary "
        "for each language after the first; give as many"
    )
if corpus_name == "installed":
    corpus = text.corpus.load(corpus_name, domains=domains)
else:
    corpus = text.corpus.load(corpus_name)
if n_tokens is not None:
    corpus = corpus.head(n_tokens)
notebook.note_input("corpus", corpus.content_id)
training = dict(dim=dim, window=window, negatives=negatives)
trainings = [
    words.sgns.train(corpus, epochs=epochs, rule=rule, seed=seed + n, **training)
    for n in range(n_seeds)
]
vectors = trainings[0]


def settle(claim, values, intervals=(), note=""):
    """Record a claim over the seeds; without any it is not testable, and the note says why."""
    over = statistics.over_seeds(values, intervals) if len(values) else (np.nan,)
    return notebook.claims.record(claim, *over, note=note, n_seeds=len(values))


# %% [markdown]
# ## 1. Four steps
#
# 1. **Centre**: subtract the mean vector.
# 2. **PCA**: turn to the directions of largest variance.
# 3. **Whiten**: divide each by its standard deviation, so that $Z^\top Z/V=I$. Every rotation of a white cloud is white: second
#    moments have nothing more to say.
# 4. **ICA**: of all rotations take the $R$ whose columns $S=ZR$ are least Gaussian. Signs make every skewness positive, and axes are ordered by it.
#
# What "least Gaussian" means here is the mean of $\log\cosh s$. Each word counts once (`row_weights="words"`); the paper drew rows by word
# frequency, which `"drawn"` does.

# %%
weights = None
if row_weights == "drawn":
    often = np.asarray(vectors.counts)[np.asarray(vectors.counts) >= min_count]
    weights = words.ica.decomposition.draw_rows(often, min_count=min_count)
options = dict(tolerance=tolerance, max_iterations=max_iterations)
by_seed = [
    words.ica.fit_embedding(x, min_count=min_count, seed=seed + n, weights=weights, **options)
    for n, x in enumerate(trainings)
]
space = by_seed[0]
frequent = np.flatnonzero(np.asarray(vectors.counts) >= min_count)
labels = {"words": space.words, "counts": space.counts}
pca = words.ica.pca(vectors.input[frequent], weights=weights, flip=True, **labels)
turned = words.ica.other_axes.random(vectors.input[frequent], seed=seed, weights=weights, **labels)
bases = {"ICA": space, "PCA": pca, "random rotation": turned}
often_enough = max(min_count, 10)
table = pd.DataFrame(
    [
        {"axis": axis, "skewness": space.skewness[axis]}
        | {
            name: words.ica.matching.label(basis, axis, k=5, min_count=often_enough)
            for name, basis in bases.items()
        }
        for axis in range(12)
    ]
)
notebook.table(
    table,
    "axes",
    caption=f"The five words with the largest normalised value on the first twelve axes of each basis. {space.summary()}",
)

# %%
turn = words.ica.other_axes.between(pca, space)
mixing = (1 / ((turn / np.linalg.norm(turn, axis=0)) ** 4).sum(axis=0)).mean()
print(f"An ICA axis mixes about {mixing:.0f} of {space.n_axes} principal components.")

# %% [markdown]
# *What to see.* Nothing but the rotation differs between the columns. Words of an ICA axis belong to one topic; those of
# a principal component, or of a random axis, to none in particular.


# %%
def axis_browser(axis=0, basis="ICA", n_words=10):
    top = words.ica.top_words(bases[basis], [axis], k=n_words, min_count=often_enough)
    figure, (ax,) = figures.style.panels(height=0.5 + 0.17 * n_words)
    ax.barh(top.word, top.value, color=figures.bases.BASES[basis])
    ax.invert_yaxis()
    ax.set(
        title=f"{basis}, axis {axis}: skewness {bases[basis].skewness[axis]:.2f}",
        xlabel="normalised value",
        xlim=(0, 1),
    )
    return figure


notebook.explore(
    axis_browser,
    stills=[{"axis": 0}, {"axis": 0, "basis": "PCA"}],
    axis=(0, space.n_axes - 1),
    basis=list(bases),
    n_words=(5, 25),
)

# %%
whiten = notebook.teach.exercise(
    "whiten",
    properties=[
        (
            "it has the shape of X",
            lambda f: f(np.eye(4)[:, :2] + 1.0).shape == (4, 2),
            "return all rows and all columns",
        ),
        (
            "its columns have mean 0",
            lambda f: np.allclose(f(vectors.input[frequent]).mean(axis=0), 0, atol=1e-6),
            "subtract the mean of every column first",
        ),
        (
            "they are uncorrelated",
            lambda f: np.allclose(
                np.corrcoef(f(vectors.input[frequent]).T), np.eye(dim), atol=1e-3
            ),
            "turn to the eigenvectors of the covariance before you divide",
        ),
        (
            "they have variance 1",
            lambda f: np.allclose(f(vectors.input[frequent]).std(axis=0), 1, atol=1e-3),
            "divide by square roots of eigenvalues; V in the denominator, not V - 1",
        ),
    ],
)
whiten.check(None)  # put your function here

# %% [markdown]
# ## 2. Spikes
#
# If the white cloud were Gaussian, all its rotations would look the same, and ICA would find nothing. Figure 5 looks along pairs of axes.

# %%
last = min(100, space.n_axes - 1)
pairs_shown = [(0, 1), (2, 3), (space.n_axes // 2, space.n_axes // 2 + 1), (last - 1, last)]
axes_shown = sorted({axis for pair in pairs_shown for axis in pair})
cloud = pd.DataFrame({"word": space.words, "count": space.counts})
for name, basis in (("ICA", space), ("PCA", pca)):
    for axis in axes_shown:
        cloud[f"{name} {axis}"] = basis.values[:, axis]
notebook.figure(
    paper.figures.spikes({"ICA": space.values, "PCA": pca.values}, pairs_shown),
    "fig5_spikes",
    data=cloud,
    caption=f"Figure 5: pairs of axes of the white cloud, every point a word. {space.summary()}",
)
noises = [
    words.ica.compare.gaussian(*space.values.shape, seed=seed + n, **options)["ICA"]
    for n in range(n_seeds)
]
principal = [words.ica.pca(x.input[frequent], weights=weights, flip=True) for x in trainings]
reach = [[x.values[:, 0].max() for x in spaces] for spaces in (by_seed, principal, noises)]
settle("fig5_reach", [own - max(others) for own, *others in zip(*reach, strict=True)])
_ = settle("fig5_axis0", reach[0])

# %%
figure, panels = figures.style.panels(4, height=2.0)
for ax, (name, (x, y)) in zip(
    panels, [("ICA", (0, 1)), ("ICA", (2, 3)), ("PCA", (0, 1)), ("PCA", (2, 3))], strict=True
):
    values = bases[name].values
    figures.style.scatter_words(
        ax, values[:, x], values[:, y], space.counts, clip=0, bar=ax is panels[-1]
    )
    ax.set(title=name, xlabel=f"axis {x}", ylabel=f"axis {y}")
notebook.figure(
    figure,
    "fig13_counts",
    data=cloud,
    caption="Figure 13: the same, coloured by how often a word occurs. Where the spikes are made of rare words, ask how much text stands behind them.",
)

# %% [markdown]
# ### Turn it by hand
#
# ICA does with all axes at once what this slider does with two: it turns until the sum of $(\mathrm{E}\log\cosh s-\mathrm{E}\log\cosh n)^2$ over both axes,
# $n$ Gaussian, is largest. Angle 0 is ICA's answer.


# %%
def turn(angle=30, first=0, second=1):
    plane = space.values[:, [first, second]]

    def turned_by(degrees):
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        return plane @ np.array([[c, -s], [s, c]])

    angles = np.arange(-45, 46, 5)
    score = [
        words.ica.other_axes.gaussianity(turned_by(degrees)).logcosh.sum() for degrees in angles
    ]
    turned_now = turned_by(angle)
    skew = words.ica.other_axes.gaussianity(turned_now).skewness
    figure, (left, right) = figures.style.panels(2, width=figures.style.PAGE * 0.75)
    left.scatter(
        *turned_now.T, s=2, color=figures.style.BLUE, alpha=0.5, linewidths=0, rasterized=True
    )
    left.set(
        title=f"skewness {skew[0]:.2f} and {skew[1]:.2f}",
        aspect="equal",
        xlabel="one axis",
        ylabel="the other",
    )
    right.plot(angles, score, color=figures.style.BLACK)
    right.axvline(angle, color=figures.style.RED)
    right.set(xlabel="angle, degrees", ylabel="distance from Gaussian", title="log cosh")
    return figure


notebook.explore(
    turn,
    stills=[{"angle": 0}, {"angle": 30}],
    angle=(-45, 45, 5),
    first=(0, space.n_axes - 2),
    second=(1, space.n_axes - 1),
)

# %% [markdown]
# ### Four measures (Figure 6)
#
# Skewness and excess kurtosis, and squared distances of $\mathrm{E}\log\cosh u$ and $\mathrm{E}[-e^{-u^2/2}]$ from their values for a Gaussian. Only the third was
# maximised; the others agree. ICA makes the most of any cloud, so its axes are less Gaussian than principal components even where there is nothing to find.
# The grey curve shows how far that goes: ICA of Gaussian noise of the same size. The ledger asks for more than the larger of PCA and this noise.

# %%
curves6 = [
    words.ica.other_axes.gaussianity_curves(
        {
            "ICA": by_seed[n],
            "PCA": principal[n],
            "raw columns": words.ica.other_axes.raw(trainings[n].input[frequent]),
            "Gaussian noise": noises[n],
        }
    )
    for n in range(n_seeds)
]
table6 = curves6[0]
notebook.figure(
    paper.figures.measures(table6),
    "fig6_measures",
    data=table6,
    caption=f"Figure 6: distance from a Gaussian, axis by axis; ICA, raw columns and noise by skewness, PCA by variance. Gaussian noise: what ICA finds in a Gaussian cloud of the same size. {space.summary()}",
)
for measure in ("skewness", "kurtosis", "logcosh", "gaussian"):
    beyond = [words.ica.other_axes.beyond(x, ["PCA", "Gaussian noise"])[measure] for x in curves6]
    settle(f"fig6_{measure}_over_pca", beyond)
beyond_raw = [words.ica.other_axes.beyond(x, ["raw columns", "Gaussian noise"]) for x in curves6]
settle("fig6_skewness_over_raw", [ratio.skewness for ratio in beyond_raw])
for axis in (0, 10, 50, 100):
    own = [x[(x.method == "ICA") & (x.axis == axis)].skewness for x in curves6]
    values = np.concatenate(own)
    settle(f"fig6_skewness_{axis}", values, note="" if len(values) else "fewer axes here")

# %% [markdown]
# ## 3. Every word a mixture (Figure 1)
#
# With rows scaled to length 1, a word's value on an axis says how much of the word that axis is. In the paper *ferrari* is cars and Italian, *kurosawa* film and Japanese.
# Take five axes, each the one of the more skewed half on which a word of your choice (`axis_words`) is largest, and look for the words that lie between two of them.

# %%
present = [word for word in axis_words if word in space.ids]
readable = space.normalised[:, : space.n_axes // 2]  # the more skewed half
five = list(dict.fromkeys(int(readable[space.ids[word]].argmax()) for word in present))
five = (five + [axis for axis in range(space.n_axes) if axis not in five])[:5]
names = [
    f"{axis} [{words.ica.matching.label(space, axis, min_count=often_enough)}]" for axis in five
]
unit = space.normalised[:, five]  # (V, 5)
shown = list(words.ica.top_words(space, five, k=3, min_count=often_enough).word)
for i, j in zip(*np.tril_indices(5, -1), strict=True):
    between = np.where(
        np.asarray(space.counts) >= often_enough, np.minimum(unit[:, i], unit[:, j]), -1
    )
    shown += [space.words[row] for row in np.argsort(-between)[:2]]
shown = list(dict.fromkeys(shown))
values = unit[[space.ids[word] for word in shown]]
order = np.lexsort((-values.max(axis=1), values.argmax(axis=1)))
fig1 = pd.DataFrame(values[order], columns=names)
fig1.insert(0, "word", [shown[row] for row in order])
figure, (left, *right) = figures.style.panels(3, height=4.6, width_ratios=[1.2, 1, 1])
paper.figures.heatmap(left, fig1[names].to_numpy(), list(fig1.word), names)
for ax, (x, y) in zip(right, [(3, 1), (4, 2)], strict=True):
    figures.style.scatter_words(ax, unit[:, x], unit[:, y], space.counts, clip=0, bar=False)
    far = {w: space.ids[w] for w in shown if unit[space.ids[w]][[x, y]].max() > 0.25}
    ax.set(xlabel=names[x], ylabel=names[y])
    figures.style.place_words(ax, unit[:, x], unit[:, y], far)
notebook.figure(
    figure,
    "fig1_heatmap",
    data=fig1,
    caption="Figure 1: three top words of each axis, and for each pair of axes the two words with the largest smaller value; all vectors at length 1. Colours of the points: how often a word occurs, as in Figure 13.",
)

# %%
figure = paper.figures.pairs(unit, names, [(space.ids[word], word) for word in shown])
notebook.figure(
    figure,
    "fig12_pairs",
    data=pd.DataFrame(unit, columns=names).assign(word=space.words),
    caption="Figure 12: all ten pairs of the five axes of Figure 1, with its words where there is room. Spikes lie along the axes; the words between are mixtures.",
)
for word, own in (
    ("ferrari", "cars"),
    ("ferrari", "italian"),
    ("kurosawa", "film"),
    ("kurosawa", "japanese"),
    ("sushi", "dishes"),
    ("sushi", "japanese"),
):
    both = word in space.ids and own in space.ids
    values = [x.normalised[x.ids[word], x.normalised[x.ids[own]].argmax()] for x in by_seed * both]
    settle(f"fig1_{word}_{own}", values, note="" if both else "not in this text")

# %% [markdown]
# ## 4. Which axes come back?
#
# ICA starts from a random rotation. Axes that differ from run to run are not properties of the data. For every axis: its correlation with its partner in
# other runs, and the words-that-do-not-belong test, *DistRatio*: how much farther an intruder is from the axis's top words than these are from each other.

# %%
runs = [
    words.ica.fit_embedding(
        vectors, min_count=min_count, seed=seed + 1 + run, weights=weights, **options
    )
    for run in range(max(1, n_seeds - 1))
]
stable = words.ica.matching.stability(space.values, [run.values for run in runs])
figure, (left, right) = figures.style.panels(2, height=2.3)
left.plot(np.sort(stable)[::-1], color=figures.style.BLUE)
left.axhline(0.9, color=figures.style.GREY, ls=":")
left.set(xlabel="axes, the steadiest first", ylabel="median |r| with other runs", ylim=(0, 1.02))
right.scatter(space.skewness, stable, s=8, color=figures.style.BLUE, linewidths=0)
right.set(xlabel="skewness", ylabel="median |r| with other runs", ylim=(0, 1.02))
notebook.figure(
    figure,
    "stability",
    data=pd.DataFrame(
        {"axis": np.arange(space.n_axes), "skewness": space.skewness, "median_r": stable}
    ),
    caption=f"{np.sum(stable > 0.9)} of {space.n_axes} axes come back with |r| > 0.9 in the median of {len(runs)} other runs. Steep axes are steady; flat ones turn among themselves.",
)

# %%
# on white data Varimax is ICA with the contrast u^4
varimax = [
    words.ica.fit_embedding(
        x, min_count=min_count, seed=seed + n, weights=weights, contrast="cube", tolerance=1e-2
    )
    for n, x in enumerate(trainings)
]
listed = np.asarray(space.counts) >= often_enough
ratios = []
for n, x in enumerate(trainings):
    axes = words.ica.compare.bases(x.input[frequent], ica=by_seed[n], seed=seed + n)
    ratios.append(
        {
            name: words.ica.intruder.score(
                basis.normalised, x.input[frequent], listed=listed, seed=seed + n
            )
            for name, basis in (axes | {"Varimax": varimax[n]}).items()
        }
    )
medians = pd.DataFrame([{name: np.nanmedian(r) for name, r in own.items()} for own in ratios])
means = pd.DataFrame([{name: np.nanmean(r) for name, r in own.items()} for own in ratios])
notebook.table(
    pd.DataFrame({"median": medians.mean(), "mean": means.mean()})
    .rename_axis("basis")
    .reset_index(),
    "dist_ratio",
    caption=f"DistRatio over all axes (k = 5, ten intruders, distances between the vectors as trained), mean over {n_seeds} seeds: above 1 where the top words belong together. Varimax is found as ICA with the contrast $u^4$."
    + words.ica.compare.unsettled({"Varimax": varimax[0]}),
)
rivals = medians[list(words.ica.compare.RIVALS)].max(axis=1)
settle("dist_ratio", medians.ICA - rivals)
settle("dist_ratio_varimax", medians.ICA - medians.Varimax)
for name in ("ICA", "Varimax", "PCA"):
    settle(f"dist_ratio_of_{name.lower()}", medians[name])

# %% [markdown]
# ## 5. Shared axes
#
# Two spaces, rows in pairs. Correlate every axis of one with every axis of the other, take the largest correlation, cross out both axes, go on: the
# **greedy matching**. It takes maxima of $K^2$ noisy numbers, so something always matches. Hence four controls: the pairs that judge are not those that matched;
# the same is done with **shuffled** pairs; with vectors of an **untrained** model; and with PCA and **random** axes of the same clouds, since any axes of two
# spaces match where one is nearly a linear image of the other. ICA has to be ahead of the better of these two. All of it is done by several seeds of ICA and of the split, and of training where that is cheap.


# %%
comparisons, shown_pairs, spaces = {}, {}, {}


def compare_spaces(name, first, second, rows, **pairing):
    """Both spaces compared by all seeds; pictures show the axes of the first."""
    comparisons[name] = words.ica.compare.compare_by_seed(
        name, first, second, rows, n_shuffles=n_shuffles, seed=seed, **pairing
    )
    sides = [side[0]["ICA"] for side in (first, second)]
    shown_pairs[name] = (
        *(side.values[own] for side, own in zip(sides, rows[0], strict=True)),
        pairing.get("groups", np.arange(len(rows[0][0]))),
    )
    spaces.update({f"{name}, {n}": side for n, side in enumerate(sides, start=1)})
    print(f"{name}: {sides[0].summary()} {sides[1].summary()}")


def match_embeddings(name, *sides):
    """The same for two embeddings, each by several seeds, over the words that both know."""
    axes, known = [], []
    for n, side in enumerate(sides):
        blank = [words.baselines.untrained(x, seed + s + n) for s, x in enumerate(side)]
        trained, untrained = (
            [x.input[np.asarray(x.counts) >= min_count] for x in xs] for xs in (side, blank)
        )
        ica = [
            words.ica.fit_embedding(x, min_count=min_count, seed=seed + s, **options)
            for s, x in enumerate(side)
        ]
        known.append([space.words for space in ica])
        axes.append(
            words.ica.compare.bases_by_seed(trained, untrained=untrained, known=ica, seed=seed + n)
        )
    compare_spaces(
        name, *axes, [words.ica.compare.word_pairs(*both) for both in zip(*known, strict=True)]
    )


# %% [markdown]
# **Two languages.** A docstring says in English what the code says in Python. Each function is a bag of words on either side, weighted by tf-idf and
# reduced by singular values, each side for itself, so that a word that both use is two different words, and the pairing alone connects them. The untrained
# model keeps the bags and mixes the words at random.

# %%
functions = text.functions.functions()
notebook.note_input("functions", functions.attrs["content_id"])
functions = functions.sample(min(n_functions, len(functions)), random_state=seed)
english = [[w.strip(".,:;()[]`'\"*").lower() for w in t.split()] for t in functions.english]
python = [text.functions.python_words(t) for t in functions.python]
sides = [
    words.baselines.document_vectors(side, dim=function_dim, seed=seed)
    for side in (english, python)
]
blank = [
    words.baselines.untrained_document_vectors(side, dim=function_dim, seed=seed + n)
    for n, side in enumerate((english, python))
]
every_row = np.arange(len(functions))
axes = [
    words.ica.compare.bases_by_seed(
        [x] * n_seeds, untrained=[blank[n]] * n_seeds, seed=seed + n, **options
    )
    for n, x in enumerate(sides)
]
compare_spaces("English - Python", *axes, [(every_row, every_row)] * n_seeds)

# %% [markdown]
# **Two texts.** The documents are divided in two, and each half trains its own vectors. **Two algorithms.** The same text by skip-gram, by
# CBOW (gensim), and by counting (PPMI and singular values).

# %%
halves = [words.baselines.halves(corpus, seed=seed + n) for n in range(n_seeds)]
vectors_a, vectors_b = (
    [
        words.sgns.train(
            pair[side], epochs=other_epochs, rule="shared", seed=seed + n + side, **training
        )
        for n, pair in enumerate(halves)
    ]
    for side in (0, 1)
)
match_embeddings("half - half", vectors_a, vectors_b)
counted = dict(dim=dim, window=window, min_count=min_count)
cbow = [
    words.baselines.cbow(corpus, epochs=other_epochs, seed=seed + n, **counted)
    for n in range(n_seeds)
]
ppmi = [words.baselines.ppmi_svd(corpus, seed=seed + n, **counted) for n in range(n_seeds)]
match_embeddings("skip-gram - CBOW", trainings, cbow)
match_embeddings("skip-gram - PPMI-SVD", trainings, ppmi)

# %%
reference_name = languages[0].split("/")[-1] if languages else ""
for path, vocabulary in zip(languages[1:], dictionaries, strict=True):
    both = [words.embedding.load(file, limit=50_000) for file in (languages[0], path)]
    rows = words.baselines.paired_rows(
        both[0].ids, both[1].ids, words.baselines.read_dictionary(vocabulary)
    )
    axes = [
        words.ica.compare.bases_by_seed(
            [x.input] * n_seeds,
            untrained=[words.baselines.untrained(x, seed + n).input] * n_seeds,
            seed=seed + n,
            **options,
        )
        for n, x in enumerate(both)
    ]
    compare_spaces(f"{reference_name} - {path.split('/')[-1]}", *axes, [rows] * n_seeds)
if not languages:
    print(
        "No real languages here: put vector files and word lists into `languages` and `dictionaries`."
    )

# %% [markdown]
# **Two modalities: words by themselves and words in their sentences.** A static vector is one per word; a language model gives every token its own. The
# model is a causal one of two layers, trained here in a minute or two on the same text, and reads `n_sentences` of it. As in the paper, a pair is a word and one of its tokens, and counts
# 1/(occurrences of the word). We also keep all tokens of a word on one side of the split, and shuffle whole words: tokens of one word are not independent
# pairs. The untrained model has the same shape and random weights: its vectors still tell which word they stand for.

# %%
if encoder is None:
    lm = paper.word_model.train(corpus, dim=lm_dim, steps=lm_steps, seed=seed)
    print(
        f"Next word of unseen documents, nats: {lm.loss:.2f} by the model, {lm.bigram_loss:.2f} by "
        f"pairs of words, {lm.unigram_loss:.2f} by frequency alone."
    )
reader = lm.folder if encoder is None else encoder
sentences = paper.contextual.sentences_of(corpus)
sentences = sentences[:: max(1, len(sentences) // n_sentences)][:n_sentences]
tokens, untrained_tokens = (
    paper.contextual.token_vectors(model, sentences, layer=layer, keep=True, progress=False)
    for model in (reader, words.pretrained.random_model(reader, seed=seed))
)
told = [n for n, w in enumerate(tokens.words) if tokens.known[n] and w in space.ids]
token_words = [tokens.words[n] for n in told]
word_rows = np.array([space.ids[word] for word in token_words])
once = 1 / np.bincount(word_rows)[word_rows]
in_context, in_context_blank = tokens.vectors[told], untrained_tokens.vectors[told]
static_axes = words.ica.compare.bases_by_seed(
    [x.input[frequent] for x in trainings], known=by_seed, seed=seed
)
token_axes = words.ica.compare.bases_by_seed(
    [in_context] * n_seeds, untrained=[in_context_blank] * n_seeds, seed=seed + 1, **options
)
token_bases = token_axes[0]
compare_spaces(
    "static - contextual",
    static_axes,
    token_axes,
    [(word_rows, np.arange(len(told)))] * n_seeds,
    weights=once,
    groups=word_rows,
)
print(f"{len(told):,} tokens of {len(set(token_words)):,} words")

# %% [markdown]
# **Images.** With `image_folder` and `image_models` (any vision model of `transformers`; of `timm` too where that is installed), several models look at the same images; and images are paired with
# the words of their folder's name, a pair counting as often as images have the word in their label. Here the untrained model has the shape of the
# second one.

# %%
image_names = [model.strip("/").split("/")[-1] for model in image_models]
if image_folder and image_models:
    seen = [paper.images.features(model, image_folder, keep=True) for model in image_models]
    unseeing = [
        paper.images.features(
            words.pretrained.random_model(model, seed=seed), image_folder, keep=True
        )
        for model in image_models
    ]
    looked = [
        words.ica.compare.bases_by_seed(
            [x.vectors] * n_seeds, untrained=[null.vectors] * n_seeds, seed=seed + n, **options
        )
        for n, (x, null) in enumerate(zip(seen, unseeing, strict=True))
    ]
    every_image = np.arange(len(seen[0]))
    for name, axes in zip(image_names[1:], looked[1:], strict=True):
        compare_spaces(
            f"{image_names[0]} - {name}", looked[0], axes, [(every_image, every_image)] * n_seeds
        )
    of_words, of_images, times = paper.images.word_pairs(
        seen[0], space.ids, paper.images.STOP_WORDS
    )
    compare_spaces(
        f"words - {image_names[0]}",
        static_axes,
        looked[0],
        [(of_words, of_images)] * n_seeds,
        weights=times,
        groups=of_words,
    )
else:
    print("No images here: put a folder and models into `image_folder` and `image_models`.")

# %%
curves = pd.concat([runs[0].table for runs in comparisons.values()], ignore_index=True)
null = curves[curves.method == "ICA"].assign(r=lambda t: t.shuffled, method="shuffled pairing")
curves = pd.concat([curves, null], ignore_index=True)
notebook.figure(
    paper.figures.curves(curves, ylabel="held-out correlation"),
    "matched_curves",
    data=curves,
    caption="Correlation of matched axes over pairs that had no part in the matching. Dotted: the same with shuffled pairs (as matched, not held out, so rather too high) and with untrained vectors, to which ICA gives twenty steps at most: a round cloud has no axes to settle on."
    + words.ica.compare.unsettled(spaces),
)
smallest = 1 / (1 + len(comparisons["English - Python"][0].nulls["ICA"].r))
notebook.table(
    pd.concat(map(words.ica.compare.over_seeds, comparisons.values()), ignore_index=True),
    "matching",
    caption=f"Means over {n_seeds} seeds of ICA and of the split. An axis is shared if its held-out correlation is above every correlation of the shuffled pairings; least and most: over the seeds. "
    f"p is the largest share of shuffled pairings with as large a mean, and {smallest:.2g} is the smallest possible. Look at PCA and the random rotation too: where they reach it as well, it says that the spaces are related, not that ICA's axes are shared.",
)

# %%
printed = notebook.card.table("02", "matching")
ranks = [column for column in printed.columns if column.isdigit()]
rows = [
    {"pair": name, "method": basis, "mean of 100": r[:100].mean()}
    | {rank: r[int(rank) - 1] for rank in ranks if int(rank) <= len(r)}
    for name, (run, *_) in comparisons.items()
    for basis, r in ((basis, run.matchings[basis].r) for basis in ("ICA", "PCA"))
]
notebook.table(
    notebook.card.beside(printed, rows),
    "matching_curves",
    caption="Correlation of matched axes by rank, over the pairs that matched them. The paper's values are read off its colour maps, to about 0.01.",
)
shapes = notebook.card.table("02", "skewness")
axes = [column for column in shapes.columns if column.isdigit()]
rows = [
    {"space": name}
    | {axis: np.log1p(x.skewness[int(axis)]) for axis in axes if int(axis) < x.n_axes}
    for name, x in spaces.items()
]
notebook.table(
    notebook.card.beside(shapes, rows),
    "skewness",
    caption="log(1 + skewness) of ICA axes, the most skewed first; the paper's languages are read off its picture.",
)

# %%
names_of = {
    "english_python": "English - Python",
    "halves": "half - half",
    "cbow": "skip-gram - CBOW",
    "ppmi": "skip-gram - PPMI-SVD",
    "contextual": "static - contextual",
    "languages": f"{reference_name} - {languages[1].split('/')[-1]}" if languages[1:] else "",
    "images": f"{image_names[0]} - {image_names[1]}" if image_folder and image_names[1:] else "",
    "image_words": f"words - {image_names[0]}" if image_folder and image_names else "",
}
for label, name in names_of.items():
    runs = comparisons.get(name, [])
    note = "no files given" if not runs else "one language model" * (label == "contextual")
    for what, rivals in (("mean", words.ica.compare.RIVALS), ("untrained", ["untrained"])):
        leads = [run.lead(rivals) for run in runs]
        settle(f"{label}_{what}", [x for x, _ in leads], [x for _, x in leads], note)
    settle(f"{label}_shared", [run.shared_lead() for run in runs], note=note)
    for basis in ("ICA", "PCA") if label in ("contextual", "languages", "images") else ():
        first_100 = [run.matchings[basis].r[:100].mean() for run in runs]
        settle(f"{label}_{basis.lower()}_100", first_100, note=note)

# %%
for label, name in (
    ("languages", "English - Python"),
    ("halves", "half - half"),
    ("contextual", "static - contextual"),
):
    comparison = comparisons[name][0]
    shown_matches = {
        "ICA": comparison.matchings["ICA"],
        "PCA": comparison.matchings["PCA"],
        "ICA, shuffled pairs": comparison.shuffled["ICA"],
        "ICA, untrained": comparison.matchings["untrained"],
    }
    squares = {method: matched.permuted for method, matched in shown_matches.items()}
    table = pd.concat(
        [
            pd.DataFrame(square)
            .rename_axis("first")
            .melt(ignore_index=False, var_name="second")
            .reset_index()
            .assign(method=method)
            for method, square in squares.items()
        ]
    )
    notebook.figure(
        paper.figures.matched(squares),
        f"heatmap_{label}",
        data=table,
        caption=f"{name}: correlations of axes in matched order (the first 100), on the pairs that matched them. A diagonal means shared axes; shuffled pairs and an untrained model show what chance gives."
        + words.ica.compare.unsettled(
            {n: space for n, space in spaces.items() if n.startswith(name)}
        ),
    )

# %% [markdown]
# *What to see.* Look at the whole curve rather than at its first point: leading principal components can agree
# for trivial reasons such as word frequency. And compare with the **random rotation**: where one space is nearly a linear image of the other, any axis of one has
# some correlation with some axis of the other, so that even random axes pass the shuffled null. Being above it is little; being above the green curve is the point. And two halves of one text share their topics: that is an upper bound on universality,
# not a test of it. English against Python is the harder case. Static against contextual vectors, the model being small, is the hardest: look whether the blue
# curve stays above the orange one there.


# %%
def two_worlds(world="half - half", method="greedy", share=100, shuffle=False):
    first_values, second_values, groups = shown_pairs[world]
    chosen = np.random.default_rng(seed).permutation(len(first_values))[
        : max(50, len(first_values) * share // 100)
    ]
    partner = chosen
    if shuffle:
        partner = chosen[words.ica.compare.shuffled_rows(groups[chosen], seed=seed)[0]]
    matched = words.ica.match(first_values[partner], second_values[chosen], method=method)
    figure, (left, right) = figures.style.panels(2, height=2.6, width=figures.style.PAGE * 0.8)
    left.imshow(matched.permuted, vmin=0, vmax=0.6, cmap="magma_r", interpolation="nearest")
    left.set(
        title=f"{len(chosen):,} pairs{', shuffled' if shuffle else ''}",
        xlabel="second space",
        ylabel="first space",
    )
    right.plot(matched.r, color=figures.style.BLUE)
    right.set(
        title=f"mean {matched.r.mean():.3f}",
        xlabel="matched axis",
        ylabel="correlation",
        ylim=(0, 1),
    )
    return figure


notebook.explore(
    two_worlds,
    stills=[{}, {"shuffle": True}, {"shuffle": True, "share": 5}],
    world=list(shown_pairs),
    method=["greedy", "hungarian"],
    share=(5, 100, 5),
    shuffle=False,
)

# %%
greedy = notebook.teach.exercise(
    "greedy_by_hand",
    properties=[
        (
            "it has three pairs",
            lambda answer: len(answer) == 3,
            "every axis of the first space gets one partner",
        ),
        (
            "no axis comes twice",
            lambda answer: len({j for _, j in answer}) == len({i for i, _ in answer}) == 3,
            "cross out the row and the column of every pair you take",
        ),
        (
            "it begins with the largest number",
            lambda answer: tuple(answer[0]) == (0, 0),
            "the largest of all nine is .8",
        ),
        (
            "it is greedy",
            lambda answer: {tuple(pair) for pair in answer} == {(0, 0), (1, 2), (2, 1)},
            "that may have a larger sum, but greedy never gives up the .8; that is Hungarian matching",
        ),
    ],
)
greedy.check(None)  # a list of pairs (i, j), best first
chance = notebook.teach.exercise(
    "chance_level",
    properties=[
        (
            "it is above 0",
            lambda answer: answer > 0,
            "the largest of many noisy numbers with mean 0 is positive",
        ),
        (
            "it is not the noise of one correlation",
            lambda answer: abs(answer - 5000**-0.5) > 1e-3,
            "that is the spread of one; you take the largest of 90,000",
        ),
        (
            "its value",
            lambda answer: 0.058 < answer < 0.08,
            "sqrt(2 log(K^2) / m), natural logarithm",
        ),
    ],
)
chance.check(None)
notebook.teach.quiz("round_cloud")

# %% [markdown]
# ### Words and their tokens
#
# The five best-matched axes of static and contextual vectors, with five words of each and three tokens of every word, drawn at random from the sentences. The third panel has the same model on the axes that
# shuffled pairs would have us take, the fourth an untrained model on the axes that match best there.

# %%
matched = comparisons["static - contextual"][0]
match = matched.matchings
places = pd.Series(np.arange(len(told))).groupby(token_words).agg(list)
places = places[places.str.len() >= 3]
best = match["ICA"].first[:5]
tops, drawing = [], np.random.default_rng(seed)
named = np.array([word in places.index for word in space.words])
for axis in best:
    by_value = np.argsort(-np.where(named, space.normalised[:, axis], -np.inf))
    tops += [space.words[row] for row in by_value if space.words[row] not in tops][:5]
drawn = [n for word in tops for n in drawing.choice(places[word], 3, replace=False)]
by_chance = matched.shuffled["ICA"]
chance_of = dict(zip(by_chance.first, by_chance.second, strict=True))
blank_of = dict(zip(match["untrained"].first, match["untrained"].second, strict=True))
blocks = {
    "static": space.normalised[[space.ids[word] for word in tops for _ in range(3)]][:, best],
    "contextual": token_bases["ICA"].normalised[drawn][:, match["ICA"].second[:5]],
    "shuffled pairs": token_bases["ICA"].normalised[drawn][:, [chance_of.get(a, 0) for a in best]],
    "untrained": token_bases["untrained"].normalised[drawn][:, [blank_of.get(a, 0) for a in best]],
}
figure, panels = figures.style.panels(4, height=4.6, sharey=True)
for ax, (name, block) in zip(panels, blocks.items(), strict=True):
    rows_named = [word if n % 3 == 1 else "" for n, word in enumerate(np.repeat(tops, 3))]
    paper.figures.heatmap(
        ax, block, rows_named, list("01234"), bar="normalised value" * (ax is panels[-1]), turn=0
    )
    ax.set(title=name, xlabel="matched axis")
notebook.figure(
    figure,
    "words_contextual",
    data=pd.concat(
        [
            pd.DataFrame(block, columns=[f"axis {n}" for n in range(5)]).assign(
                space=name, word=np.repeat(tops, 3)
            )
            for name, block in blocks.items()
        ]
    ),
    caption="Normalised values on the five best-matched axes: three rows per word, the same vector thrice on the left, three tokens in the other panels.",
)

# %% [markdown]
# ### The same star
#
# The first five matched axes as five arms, each word the sum of its shares: where both halves of the text found an axis, the arms of their stars point to the same topics. Below, what the two
# nulls make of it.

# %%
matched = comparisons["half - half"][0]
match, by_chance = matched.matchings["ICA"], matched.shuffled["ICA"]
half_spaces = [
    [
        words.ica.fit_embedding(x, min_count=min_count, seed=seed + n, **options)
        for n, x in enumerate(side)
    ]
    for side in (vectors_a, vectors_b)
]
a_space, b_space = (side[0] for side in half_spaces)
blank_space = words.ica.fit_embedding(
    words.baselines.untrained(vectors_b[0], seed + 1),
    min_count=min_count,
    seed=seed + 1,
    tolerance=3e-3,
    max_iterations=20,
)
blank_axes = matched.matchings["untrained"].second[:5]
sides_of = {
    "first half": (a_space, match.first[:5]),
    "second half": (b_space, match.second[:5]),
    "second half, axes by shuffled pairs": (b_space, by_chance.partners()[match.first[:5]]),
    "untrained": (blank_space, blank_axes),
}
stars = {name: half.normalised[:, chosen] for name, (half, chosen) in sides_of.items()}
top = {
    name: [
        (half.ids[word], word)
        for axis in chosen
        for word in words.ica.top_words(half, [axis], k=3, min_count=often_enough).word
    ]
    for name, (half, chosen) in sides_of.items()
}
points = pd.concat(
    [
        pd.DataFrame(values, columns=[f"axis {n}" for n in range(5)]).assign(space=name)
        for name, values in stars.items()
    ]
)
notebook.figure(
    paper.figures.star(stars, top),
    "star",
    data=points,
    caption="The five best-matched axes of two vector spaces that were trained on different documents, numbered alike in both, with three top words of each. Below: the second half on the axes that shuffled pairs match to those of the first, and vectors that were never trained.",
)

# %%
others = {"CBOW": cbow[0], "PPMI-SVD": ppmi[0]}
many_first, many_second = {}, {}
for name, other in others.items():
    target = words.ica.fit_embedding(other, min_count=min_count, seed=seed, **options)
    rows = words.ica.compare.word_pairs(space.words, target.words)
    many_first[name], many_second[name] = space.values[rows[0]], target.values[rows[1]]
for name, half in (("first half", a_space), ("second half", b_space)):
    rows = words.ica.compare.word_pairs(space.words, half.words)
    many_first[name], many_second[name] = space.values[rows[0]], half.values[rows[1]]
many = words.ica.match_many(many_first, many_second)
random = np.random.default_rng(seed)
nulls = {
    "shuffled pairing": {n: x[random.permutation(len(x))] for n, x in many_second.items()},
    "untrained": {n: random.normal(size=x.shape) for n, x in many_second.items()},
}
for name, targets in nulls.items():
    level = words.ica.match_many(many_first, targets)["sum"].to_numpy() / len(targets)
    many[name] = pd.Series(level).reindex(many.index)
figure, (ax,) = figures.style.panels(width=figures.style.PAGE * 0.6)
for name, colour in zip(many_first, figures.style.COLOURS, strict=False):
    ax.scatter(many.index, many[f"{name} r"], s=5, color=colour, linewidths=0, label=name)
ax.plot(many.index, many["sum"] / len(many_first), "--", color=figures.style.BLACK, label="mean")
in_paper = notebook.card.table("02", "languages", index_col="method").T["ICA"]
in_paper = in_paper[in_paper.index.astype(int) < len(many)]
ax.plot(
    in_paper.index.astype(int),
    in_paper,
    ".",
    color=figures.style.BLACK,
    label="paper, six languages",
)
for name in nulls:
    ax.plot(many.index, many[name], ":", color=figures.bases.BASES[name], label=f"mean, {name}")
ax.set(xlabel="axis of the skip-gram space, by the sum", ylabel="correlation")
figure.legend(loc="outside upper center", ncols=4)
notebook.figure(
    figure,
    "many_targets",
    data=many,
    caption="One reference against four other spaces, as the paper has English against six languages. The mean falls by construction: axes are sorted by it. Dotted, one over the other: the same with shuffled pairs, and with Gaussian vectors, which are what untrained ones are once white. Dots: the paper's mean over six languages, read off its picture. The halves share their documents with the whole text.",
)

# %% [markdown]
# ## 6. Is a permutation enough to translate?
#
# Learn a map from the first half's vectors to the second's on training words, then look for each test word among all words of the other half (CSLS,
# ten neighbours). Least squares may do anything linear, Procrustes turn; the last three may only **permute** axes. Then both spaces are put through a badly
# conditioned linear map. By its mathematics ICA is blind to such a map (up to the optimum that another start ends in), and the others are not. Where few words are
# found at all, look at the intervals in the ledger before you see that here.

# %%
answers = [
    paper.translation.alignment(
        [x.input[np.asarray(x.counts) >= min_count] for x in (vectors_a[n], vectors_b[n])],
        words.ica.compare.word_pairs(*(side[n].words for side in half_spaces)),
        known=[side[n] for side in half_spaces],
        n_train=n_train,
        seed=seed + n,
        **options,
    )
    for n in range(n_seeds)
]
accuracy = pd.DataFrame(
    {f"acc@{k}": 100 * pd.DataFrame([(x < k).mean() for x in answers]).mean() for k in (1, 5, 10)}
)
notebook.table(
    accuracy.rename_axis(["vectors", "method"]).reset_index(),
    "alignment",
    caption=f"Per cent of {len(answers[0]):,} test words found among all words of the other half, means over {n_seeds} seeds.",
)

# %%
trained, mapped = paper.translation.VERSIONS
first = [100.0 * (x == 0) for x in answers]  # (test words, methods) of each seed


def differ(claim, minuend, *others, asked=True, note=""):
    """Record by how many per cent one method finds more than the best of others."""
    gaps = [x[minuend] - x[max(others, key=lambda other, x=x: x[other].mean())] for x in first]
    reach = [1.96 * gap.std() / np.sqrt(len(gap)) for gap in gaps]
    values = [gap.mean() for gap in gaps] if asked else []
    ends = [(gap.mean() - r, gap.mean() + r) for gap, r in zip(gaps, reach, strict=True)] * asked
    level = np.mean([x[minuend].mean() for x in first])
    settle(claim, values, ends, note or f"of {level:.1f}")


permuted = {basis: f"{basis}, permuted" for basis in words.ica.compare.METHODS}
ica = (trained, permuted["ICA"])
level = min(x[ica].mean() - 1.96 * x[ica].std() / np.sqrt(len(x)) for x in first)
weak = f"ICA finds too little to lose: {level:.1f} at the lower end of its interval"
differ("align_ica_pca", ica, *((trained, permuted[rival]) for rival in words.ica.compare.RIVALS))
differ("align_procrustes", (trained, "Procrustes"), ica)
differ("align_least_squares", (trained, "least squares"), ica)
differ("align_procrustes_map", (trained, "Procrustes"), (mapped, "Procrustes"))
has_power = bool(level > 1)  # or the loss of everything would be within the rule
lost = (mapped, permuted["ICA"])
differ("align_ica_map", ica, lost, asked=has_power, note="" if has_power else weak)
near_0 = [x[trained, permuted["PCA"]].mean() for x in first] if level > 5 else []
_ = settle("align_pca", near_0, note="" if near_0 else weak)

# %% [markdown]
# ## 7. The ledger
#
# What the paper says, what this run measured, and the verdict by rules taken from the paper's statements. A claim that fails stays here as failed.

# %%
notebook.claims.table()

# %% [markdown]
# **What is uncertain.** Published numbers of the matching figures were read off the paper's colour maps, to about 0.01, and are for real languages and
# pre-trained models; ours are substitutes, so those claims are about direction only. Weak axes (low skewness) depend on the seed, and a skewness sign that is noise can hide a match.
# The test with the intruder and the alignment table follow a reconstruction, not released code.
#
# **What was chosen after looking.** The architecture, size and training time of the small language model were chosen by its loss on held-out documents, before any of its axes were seen; after a first run its steps were cut from 1,600 to 1,200, to save time. That alone turned the sign of ICA less PCA between static and contextual vectors: one training does not settle it, and even the intervals here, over axes, splits and seeds of ICA and skip-gram, are those of one such model. The layer was
# chosen by argument (the last layer of a causal model is about the next word), and no other was tried. The corpus, the dimension and the words of Figure 1 were chosen after looking at earlier runs. Alignment was judged at ten answers at first and is now
# judged at one, as in the paper's table. Held-out pairs, the count of axes above the null and its p-value are ours, not the paper's.
#
# **Go on from here.** (a) `row_weights="drawn"`: which axes change when frequent words count more? (b) Put fastText vectors of two languages and a MUSE
# dictionary into `languages` and `dictionaries`. (c) Set `encoder` to a model folder: do its words share the axes of skip-gram? (d) `layer=2`: what happens to the matched axes when the model looks at the next word?

# %% [markdown]
# # A map of language models, drawn from how likely they find the same texts
#
# **The question.** There are thousands of language models, of different sizes, makers and tokenizers. Can one lay them
# out on a map without knowing anything about their insides, and read from the map what they are good at?
#
# **The idea in two sentences.** Let every model read the same few thousand texts and note how likely it finds each one:
# this list of numbers is the model's fingerprint. Take out what is common to a model and what is common to a text, and the squared distance between
# two fingerprints approximates the Kullback–Leibler divergence between the two models.
#
# The paper: Momose Oyama, Hiroaki Yamagiwa, Yusuke Takase and Hidetoshi Shimodaira, *Mapping 1,000+ Language Models via the
# Log-Likelihood Vector*, ACL 2025 ([arXiv 2502.16173](https://arxiv.org/abs/2502.16173)).
#
# **After this notebook you can**
#
# - compute a model's coordinates, and say what each centring removes;
# - tell when the squared distance is a KL divergence, and when it is not;
# - read a map, a tree and a matrix of distances, and know which of their features mean nothing;
# - predict scores of models without fooling yourself with their relatives;
# - recognise a model that has seen the test texts.
#
# The paper maps 1,018 public models on GPUs. Here a population of small models is trained on this machine from text that every
# installation carries; the same cells draw the map of any list of models, or of the released matrix.

# %% [markdown]
# ## Settings
#
# `laptop` takes a few minutes on two cores once the models are trained. `lmnotes run 06 --profile paper -p models_file=models.txt` scores the hub
# models that the file names, one per line, on the GPUs of this machine; `-p published_matrix=FILE` reads the authors' released matrix
# instead and scores nothing.

# %% tags=["parameters"]
from typing import Literal

zoo_plan: Literal["smoke", "laptop", "paper"] = "laptop"  # the population trained here
models_file: str | None = None  # hub ids or folders, one per line: the map is of these instead
published_matrix: str | None = None  # the released pickle: the map is of its models instead
scores_file: str | None = None  # csv with `model` and a column per benchmark; None: home-made tasks
text_set: str = "installed"  # installed | pile10k | a path
chunk_bytes: int = 128  # 32..4096, of a text at most; the models of the zoo learnt on 128
per_domain: int = 120  # 2..1000000, texts drawn from each domain
clip_share: float = 0.02  # 0..0.2, of the entries raised to their quantile
perplexity: float = 30.0  # 2..200, of t-SNE
n_iterations: int = 10000  # 250..100000, of t-SNE
n_items: int = 200  # 4..10000, of every home-made task
n_seeds: int = 5  # 1..50, of the folds of the prediction
n_calibration_models: int = 10  # 3..40, compared with each other by sampling
n_draws: int = 24  # 4..10000, texts that each of these writes
interpolation_models: list[str] = []  # base and two fine-tunes; empty: from the population
n_interpolation_texts: int = 225  # 10..1000000
seed: int = 42  # 0..1000000

# %%
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import map_page, plot, plot_map, plot_map_checks
from lmnotes.models import (
    calibration,
    calibration_runs,
    command,
    direct,
    interpolate,
    ledger,
    loading,
    ngram,
    prediction,
    probes,
    projection,
    relatives,
    runner,
    score,
    side_by_side,
    tails,
    zoo,
)
from lmnotes.models import map as maps
from lmnotes.models.zoo_plan import plan
from lmnotes.suite import claims, outputs, teach
from lmnotes.text import chunks

plot.use()
outputs.begin("06_model_map", globals())
for given in (models_file, published_matrix, scores_file):
    if given is not None and not Path(given).exists():
        raise FileNotFoundError(
            f"{given} does not exist: expected a path, or None; correct it above"
        )
rng = np.random.default_rng(seed)

# %% [markdown]
# ## 1. Texts and models
#
# The texts are chunks of at most so many bytes, cut without regard to words and never inside a character, from files that no model was
# trained on. The same number comes from each domain: which texts, and how many of each kind, **defines** the
# distribution under which models are compared.

# %%
texts = chunks.load(text_set, size=chunk_bytes, per_domain=per_domain, seed=seed)
domains, n_bytes = np.asarray(texts.domains), texts.n_bytes
outputs.note_input("texts", texts.content_id)
outputs.table(
    texts.table.groupby("domain")
    .agg(texts=("text_id", "size"), files=("source", "nunique"), mean_bytes=("n_bytes", "mean"))
    .reset_index(),
    "texts",
    caption=f"{len(texts):,} texts of {n_bytes.mean():.1f} bytes on average.",
)

# %% [markdown]
# The population: byte-level models of several architectures, sizes, data mixtures and seeds, some of them checkpoints, fine-tunes or merges of others; n-gram models
# beside them; one family that **has seen the very texts** on which it will be compared, and two with a tokenizer of their own.

# %%
home_texts = (
    texts if text_set == "installed" else chunks.load("installed", size=128, per_domain=120)
)
specs = plan(zoo_plan)
population = zoo.build(zoo_plan, texts=home_texts)
home = population.models.reset_index(drop=True)
outputs.note_input("zoo", sorted(home.model))
outputs.table(
    home.groupby(["family", "kind"], sort=False)
    .agg(
        models=("model", "size"),
        smallest=("n_parameters", "min"),
        largest=("n_parameters", "max"),
        mixtures=("mixture", lambda names: ", ".join(dict.fromkeys(map(str, names)))),
    )
    .reset_index(),
    "population",
    caption=f"{len(home)} models trained on this machine; smallest and largest in parameters "
    "(n-gram models: stored counts).",
)

# %% [markdown]
# ## 2. One number per text
#
# With model $i$'s own tokens $y_1,\dots,y_n$ of the text $x$,
#
# $$\ell_i(x)=\sum_{t}\log p_i(y_t\mid y_1,\dots,y_{t-1})\quad\text{(nats)},$$
#
# and $L$ is the matrix of all models and texts. A score, once made, lies in a ledger and is never made again.

# %%
rule = score.PUBLISHED
home_ledger = ledger.open(home_texts, rule)
direct.score(home, home_ledger)
home_L = home_ledger.matrix(about=home)
if published_matrix is not None:
    raw = ledger.read_published(published_matrix)
elif models_file is not None:
    wanted = command.listed(Path(models_file))
    scored = ledger.open(texts, rule)
    runner.score(wanted, scored, devices="all")
    raw = scored.matrix([model for model in dict.fromkeys(wanted) if scored.has(model)])
elif home_texts is texts:
    raw = home_L
else:
    scored = ledger.open(texts, rule)
    direct.score(home, scored)
    raw = scored.matrix(about=home)
L = raw.clip(clip_share)
byte_tokenizer = score.load(home.folder[home.tokenizer == "bytes"].iloc[0]).tokenizer
is_home, is_published = "folder" in raw.models, published_matrix is not None
models = raw.models.reset_index(drop=True)
for name, other, unknown in (
    ("family", "type", models.get("architecture", "all")),
    ("n_parameters", "size", np.nan),
    ("order", "created_at", range(len(models))),  # as in the list
):
    if name not in models:
        models[name] = models.get(other, unknown)
if is_home:  # a model that has seen the texts is a relative of its twin
    models["lineage"] = models.lineage.mask(models.twin != "", models.twin)
else:
    is_alone = models.family.nunique() < 2  # no relatives are known: each by itself
    models["lineage"] = models.model if is_alone else models.family
    models["order"] = pd.to_datetime(models["order"], errors="coerce").rank(method="dense")
domains = (
    raw.texts["domain"].to_numpy() if "domain" in raw.texts else np.full(raw.values.shape[1], "all")
)
n_bytes = raw.n_bytes if "n_bytes" in raw.texts else np.full(raw.values.shape[1], 972.3188)
for table in (models, home):
    table["family"] = plot_map.classes(table["family"])  # the same colours in every figure
M, N = L.values.shape
print(f"{M} models, {N:,} texts, {rule.name}; clipped at {L.threshold:.1f} nats")

# %% [markdown]
# Some entries are extreme: a model trained on arithmetic meets a licence. The paper therefore raises the lowest 2 % of all entries to
# their quantile, before anything else. How much does the distance hang on a few texts, with and without it?

# %%
pairs = rng.integers(0, M, size=(300, 2))
pairs = pairs[pairs[:, 0] != pairs[:, 1]]


def tail_of(share):
    clipped = raw.clip(share) if share else raw
    d = tails.pair_differences(clipped.values, pairs)
    return {
        "share": share,
        "threshold": getattr(clipped, "threshold", None) or raw.values.min(),
        "kurtosis": np.nanmedian(tails.kurtosis(d)),
        "top_share": np.median(tails.top_share(d)),
        "relative error": np.nanmedian(tails.relative_error(d)),
    }


by_share = pd.DataFrame([tail_of(share) for share in (0, 0.005, 0.01, 0.02, 0.05, 0.1)])
outputs.figure(
    plot_map_checks.clipping(raw.values.ravel(), L.threshold, by_share),
    "clipping",
    data=by_share,
    caption="Left: all entries of L with the clip. Middle and right: medians over pairs of models of the kurtosis of "
    "the difference (3 for a normal law, dotted) and of the share of the squared distance that one text in a hundred carries.",
)

# %% [markdown]
# *What to see.* The share of the distance in the top hundredth of the texts says how fragile it is; a clip lowers it. The relative
# standard error of a variance from $N$ texts is about $\sqrt{(\text{kurtosis}-1)/N}$.

# %%
middle = np.argsort(maps.kl(maps.row_centre(L.values))[np.triu_indices(M, 1)])
upper = np.column_stack(np.triu_indices(M, 1))
some = upper[middle[np.linspace(0, len(middle) - 1, 9).astype(int)]]
d = tails.pair_differences(L.values, some)
error, _ = tails.bootstrap(d, n_samples=300, seed=seed)
names = models.model.to_numpy()
to_bits = 1 / (n_bytes.mean() * np.log(2))
differences = pd.DataFrame(
    {
        "model": names[some[:, 0]],
        "other": names[some[:, 1]],
        "distance, bits/byte": d.var(axis=1) / 2 * to_bits,
        "standard error (bootstrap)": error * to_bits,
        "relative error (bootstrap)": error / (d.var(axis=1) / 2),
        "relative error (kurtosis)": tails.relative_error(d),
        "kurtosis": tails.kurtosis(d),
        "% of the distance in 1 % of texts": 100 * tails.top_share(d),
    }
)
outputs.table(
    differences,
    "differences",
    caption="Nine pairs from the nearest to the farthest: the distance and how well these texts determine it.",
)

# %% [markdown]
# ## 3. Coordinates and distances
#
# A model's mean says how good it is, a text's mean how hard it is. Take both out:
#
# $$Q_{is}=L_{is}-\bar\ell_i-\bar\ell_{\cdot s}+\bar\ell,\qquad
# \mathrm{KL}(p_i,p_j)\;\approx\;\frac{\lVert q_i-q_j\rVert^2}{2N}=\tfrac12\operatorname{Var}_s(\ell_i(x_s)-\ell_j(x_s)).$$
#
# Why a variance? With $d=\ell_i-\ell_j$ the identity $\sum_x p_j(x)e^{d(x)}=1$ says $\log\mathbb E_{p_j}[e^d]=0$, to second order
# $\mathbb E_{p_j}[d]+\tfrac12\operatorname{Var}(d)=0$; and $-\mathbb E_{p_j}[d]$ is $\mathrm{KL}(p_j\Vert p_i)$. This takes for granted that the two models, and the
# distribution of the texts, are close to each other. Section 5 tests it.
#
# Divided by the mean length and $\ln 2$ it is in bits per byte.

# %%
Q = maps.double_centre(L.values)
kl = maps.kl(Q, "bits/byte", n_bytes)
mean = L.values.mean(axis=1)
linkage = projection.tree(Q)
order = projection.leaf_order(linkage)
published_bytes = 972.3188
claims.record("unit_bit", published_bytes * np.log(2))
claims.record("unit_sd_tenth", np.sqrt(0.2 * published_bytes * np.log(2)))
claims.record("unit_sd_one", np.sqrt(2 * published_bytes * np.log(2)))


# %%
def one_text(text=0):
    column = L.values[:, text]
    shown = np.argsort(column)[:: max(1, M // 24)]
    figure, axes = plot.panels(2, height=3.4, sharey=True)
    at = np.arange(len(shown))
    axes[0].barh(at, column[shown], color=plot.GREY)
    axes[1].barh(at, Q[shown, text], color=np.where(Q[shown, text] > 0, plot.BLUE, plot.RED))
    axes[0].set_yticks(at, names[shown], fontsize=5.5)
    axes[0].set(xlabel="log-likelihood of this text, nats")
    axes[1].set(xlabel="doubly centred: likes it more than expected, nats")
    words = texts.texts[text] if len(texts) == N else ""
    return [f"{domains[text]}: {words[:300]!r}", figure]


teach.explore(
    one_text,
    stills=[{"text": int(np.flatnonzero(domains == domains[-1])[0])}],
    text=(0, N - 1),
)

# %%
centring = teach.exercise(
    "centre",
    properties=[
        ("it is a function", callable, "give the function itself, not its result"),
        (
            "it keeps the shape",
            lambda f: np.shape(f(np.arange(6.0).reshape(2, 3) ** 2)) == (2, 3),
            "use keepdims=True, so that (M, 1) means are taken from (M, N)",
        ),
        (
            "its rows sum to zero",
            lambda f: np.abs(np.sum(f(home_L.values), axis=1)).max() < 1e-6,
            "the mean of each row, over texts, is still there",
        ),
        (
            "its columns sum to zero",
            lambda f: np.abs(np.sum(f(home_L.values), axis=0)).max() < 1e-6,
            "the mean of each column, over models, is still there",
        ),
        (
            "it does not rescale",
            lambda f: np.allclose(f(home_L.values), maps.double_centre(home_L.values), atol=1e-6),
            "only take means out; do not divide",
        ),
    ],
)
centring.check(None)  # put your function here
teach.quiz("uniformly_better")

# %% [markdown]
# Which centring does what? Columns first: distances stay exactly as they are, only the origin moves. Rows: the overall quality of a model disappears.


# %%
def centrings(centring="double", first=0, second=1):
    values = {
        "none": lambda x: x,
        "rows": maps.row_centre,
        "columns": lambda x: x - x.mean(axis=0),
        "double": maps.double_centre,
    }[centring](L.values)
    apart = maps.kl(values[[first, second]], "bits/byte", n_bytes)[0, 1]
    figure, (ax,) = plot.panels(width=5.2, height=2.8)
    plot_map.models(ax, maps.pca(values), models.family)
    ax.set(
        xlabel="component 1, nats",
        ylabel="component 2, nats",
        title=f"centred: {centring}; {names[first]} to {names[second]}: {apart:.3g} bits/byte",
    )
    return figure


teach.explore(
    centrings,
    stills=[{"centring": "none"}, {"centring": "double"}],
    centring=["none", "rows", "columns", "double"],
    first=(0, M - 1),
    second=(0, M - 1),
)

# %%
bit = teach.exercise(
    "one_bit",
    properties=[
        (
            "it is a positive number",
            lambda s: np.isscalar(s) and s > 0,
            "give one number, a standard deviation in nats",
        ),
        (
            "the factor 2 is there",
            lambda s: abs(s - 25.96) > 0.1,
            "KL is half the variance: s^2 / 2, not s^2",
        ),
        (
            "it is in nats",
            lambda s: abs(s - 44.1) > 0.2 and abs(s - 30.6) > 0.2,
            "a bit is ln 2 nats, and there are 972.3 bytes",
        ),
        (
            "it is the root",
            lambda s: s < 500,
            "that is the variance: take its root",
        ),
        ("its value", lambda s: abs(s - 36.71) < 0.1, "s^2 / 2 = 972.3 ln 2"),
    ],
)
bit.check(None)  # put your number here

# %%
outputs.figure(
    plot_map.distances(kl, order, models.family),
    "kl_matrix",
    data=pd.DataFrame(kl, index=names, columns=names).iloc[order, order],
    caption="All distances between models, in the order of the tree below; names at the side are of families of two or more "
    "neighbours. Dark is near; the scale is logarithmic.",
)
outputs.figure(
    plot_map.tree(linkage, names, models.get("architecture", models.family)),
    "tree",
    data=pd.DataFrame(linkage, columns=["one", "other", "height", "n_models"]),
    caption="The same distances as a tree (Ward's linkage, our choice). The height of two single models is "
    "the standard deviation of the difference of their log-likelihoods.",
)
near = maps.nearest(kl, names, k=min(5, M - 1))
outputs.table(
    near[near["rank"] <= 3].pivot(index="model", columns="rank", values="neighbour").reset_index(),
    "neighbours",
    caption="The three nearest models of each.",
)

# %% [markdown]
# *What to see.* Dark squares along the diagonal are families. The tree splits first by how a model is built: n-gram models of short and of long reach, GPT-2-, GPT-NeoX- and
# Llama-shaped networks. Within these it splits by what was read: a fine-tune on encyclopaedia text stands beside the model that read such a mixture from the start, the mean of two fine-tunes
# beside their base, and models that have seen the evaluation texts beside each other. The earliest checkpoint of a network stands among n-gram models of short reach.
#
# ### Two models side by side
#
# Pick two: where does their distance come from?


# %%
def two_models(first=names[0], second=names[min(M - 1, M // 2)], n_shown=3):
    one, two = (int(np.flatnonzero(names == name)[0]) for name in (first, second))
    difference = L.values[one] - L.values[two]
    difference = difference - difference.mean()
    figure, (ax,) = plot.panels(width=5.5, height=2.6)
    labels = sorted(set(domains))
    ax.boxplot([difference[domains == name] for name in labels], orientation="horizontal",
               tick_labels=labels, flierprops={"ms": 2}, medianprops={"color": plot.RED})  # fmt: skip
    ax.axvline(0, color=plot.BLACK, lw=0.5)
    ax.set(
        xlabel=f"{first} less {second}, centred, nats",
        title=f"variance / 2 = {difference.var() / 2:.1f} nats = {difference.var() / 2 * to_bits:.3g} bits/byte",
    )
    ends = np.argsort(-np.abs(difference))[:n_shown]
    table = pd.DataFrame(
        {
            "difference, nats": difference[ends].round(1),
            "domain": domains[ends],
            "text": [texts.texts[i][:120] if len(texts) == N else "" for i in ends],
        }
    )
    return [figure, table]


far = np.unravel_index(np.argmax(kl), kl.shape)
teach.explore(
    two_models,
    stills=[{"first": names[far[0]], "second": names[far[1]]}],
    first=list(names),
    second=list(names),
    n_shown=(1, 10),
)

# %% [markdown]
# ## 4. The map
#
# Three pictures of the same distances. **t-SNE** (the paper's: perplexity 30, PCA start, `sqeuclidean`, seed 42) keeps neighbours together; its distances between groups, its
# orientation and its empty spaces mean nothing. **PCA** of $Q$ keeps the large differences and has axes with units. **Classical scaling** takes only the matrix of distances; from exact
# ones it is PCA again, so here it is shown for $\sqrt{\mathrm{KL}}$ as the squared distance, which gives small distances more room.

# %%
layout = maps.tsne(Q, seed=seed, perplexity=perplexity, n_iterations=n_iterations)
flat = maps.pca(Q) / np.sqrt(2 * N * n_bytes.mean() * np.log(2))
mds = maps.classical_mds(np.sqrt(kl))
models["mean log-likelihood"] = mean
models["log10 size"] = np.log10(pd.to_numeric(models.n_parameters, errors="coerce"))
models["strongest domain"] = maps.primary_domain(Q, domains)
models["t-SNE 1"], models["t-SNE 2"] = layout.T
models["PCA 1"], models["PCA 2"] = flat.T
models["MDS 1"], models["MDS 2"] = mds.T
root = r"(bits/byte)$^{1/2}$"
outputs.figure(
    plot_map.projections(
        {"t-SNE": layout, "PCA": flat, "classical MDS of $\\sqrt{KL}$": mds},
        models.family,
        {
            "PCA": (f"component 1, {root}", f"component 2, {root}"),
            "classical MDS of $\\sqrt{KL}$": (
                r"axis 1, (bits/byte)$^{1/4}$",
                r"axis 2, (bits/byte)$^{1/4}$",
            ),
        },
    ),
    "map_projections",
    data=models[["model", "family", "t-SNE 1", "t-SNE 2", "PCA 1", "PCA 2", "MDS 1", "MDS 2"]],
    caption="Figure 1: the map of models by family, three ways. Squared distances in the PCA panel are map distances in bits/byte.",
)
colourings = {
    "mean log-likelihood": models["mean log-likelihood"],
    "size": models["log10 size"].rename("size"),
    "order of creation": models["order"].rename("order of creation"),
    "domain of strength": models["strongest domain"].rename("domain of strength"),
}
outputs.figure(
    plot_map.colourings(
        layout,
        colourings,
        {
            "mean log-likelihood": "nats per text",
            "size": "log10 of billions of parameters" if is_published else "log10 of parameters",
            "order of creation": "order",
        },
    ),
    "map_colours",
    data=models[
        [
            "model",
            "t-SNE 1",
            "t-SNE 2",
            "mean log-likelihood",
            "log10 size",
            "order",
            "strongest domain",
        ]
    ],
    caption="The t-SNE map in four colours. The domain of strength is the one with the largest mean of $q_i$: what a model likes "
    "more than the others do.",
)

# %%
neighbours = maps.nearest_by_name(kl, names, k=5)
shown = [
    c
    for c in (
        "model",
        "family",
        "kind",
        "mixture",
        "n_parameters",
        "mean log-likelihood",
        "strongest domain",
    )
    if c in models
]
page = map_page.page(
    models[[*shown, "order", "t-SNE 1", "t-SNE 2", "PCA 1", "PCA 2", "MDS 1", "MDS 2"]],
    neighbours,
    views={
        "t-SNE": ("t-SNE 1", "t-SNE 2"),
        "PCA": ("PCA 1", "PCA 2"),
        "classical MDS": ("MDS 1", "MDS 2"),
    },
    colours=["family", "strongest domain", "mean log-likelihood", "order"],
    title="Map of language models",
)
map_page.write(outputs.current().folder / "map.html", page)
map_page.show(page)

# %% [markdown]
# *What to see.* Point at a model to see its family, size and nearest neighbours (the same page is `map.html` beside the figures). Architectures are islands; leaked models lie apart or beside their clean twins, as far as they could remember; the early checkpoints of a run lie outside the
# island of its end. A model's domain of strength is mostly the domain that it read most of: it colours each island anew.

# %%
k = min(5, M - 1)
neighbour_index = np.argsort(np.where(np.eye(M, dtype=bool), np.inf, kl), axis=1)[:, :k]
family = models.family.to_numpy()
same = projection.purity(family, neighbour_index)
chance = np.array([(np.sum(family == one) - 1) / (M - 1) for one in family])
counted = np.array([np.sum(family == one) > 1 for one in family])


def mean_interval(values, n_samples=2000):
    """The mean with its 95 % bootstrap interval."""
    values = np.asarray(values, float)
    draws = values[np.random.default_rng(seed).integers(len(values), size=(n_samples, len(values)))]
    low, high = np.quantile(draws.mean(axis=1), [0.025, 0.975])
    return float(values.mean()), (min(low, values.mean()), max(high, values.mean()))


value, interval = mean_interval((same - chance)[counted])
claims.record(
    "families",
    value,
    interval,
    note=f"{same[counted].mean():.2f} of the neighbours, chance {chance[counted].mean():.2f}",
)
heavy = models.mixture.astype(str).isin(set(domains)) if "mixture" in models else np.zeros(M, bool)
if heavy.sum() >= 5:
    hit = (models.mixture.astype(str) == models["strongest domain"])[heavy].to_numpy(float)
    guess = models["strongest domain"].value_counts(normalize=True)
    by_chance = models.mixture[heavy].astype(str).map(guess).fillna(0).to_numpy()
    value, interval = mean_interval(hit - by_chance)
    claims.record(
        "domains",
        value,
        interval,
        note=f"{hit.mean():.2f} of {heavy.sum()} models, chance {by_chance.mean():.2f}",
    )
else:
    claims.record("domains", np.nan, note="no models with a known heavy domain")


# %%
def map_by(projection="t-SNE", colour="family", neighbours_of_tsne=30, metric="sqeuclidean"):
    xy = {
        "t-SNE": lambda: maps.tsne(
            Q, seed, perplexity=neighbours_of_tsne, metric=metric, n_iterations=1000
        ),
        "PCA": lambda: flat,
        "classical MDS": lambda: mds,
    }[projection]()
    figure, (ax,) = plot.panels(width=5.5, height=3.4)
    plot_map.models(ax, xy, models[colour])
    plot_map.bare(ax, projection)
    return figure


teach.explore(
    map_by,
    stills=[{"metric": "euclidean"}, {"neighbours_of_tsne": 5}],
    projection=["t-SNE", "PCA", "classical MDS"],
    colour=["family", "mean log-likelihood", "log10 size", "order", "strongest domain"],
    neighbours_of_tsne=(5, 50),
    metric=["sqeuclidean", "euclidean"],
)


# %%
def clip_slider(percent=2.0):
    clipped = raw.clip(percent / 100) if percent else raw
    found = tail_of(percent / 100)
    figure, (ax,) = plot.panels(width=5.2, height=2.8)
    plot_map.models(ax, maps.pca(maps.double_centre(clipped.values)), models.family)
    ax.set(
        xlabel="component 1, nats",
        ylabel="component 2, nats",
        title=f"{percent:g} % clipped at {found['threshold']:.0f} nats: kurtosis {found['kurtosis']:.1f}, "
        f"{100 * found['top_share']:.0f} % of the distance in 1 % of texts",
    )
    ax.title.set_fontsize(7)
    return figure


teach.explore(clip_slider, stills=[{"percent": 0.0}, {"percent": 10.0}], percent=(0.0, 10.0, 0.5))

# %% [markdown]
# ### Where would my model land?
#
# Choose what a little n-gram model reads, and whether it also reads some of the very texts that it is compared on. It is trained at once, scored, and put on the map.

# %%
home_clipped = home_L.clip(clip_share)
home_Q = maps.double_centre(home_clipped.values)
home_domains = np.asarray(home_texts.domains)


def land(domain=home_domains[0], order=3, kilobytes=200, leaked_texts=0):
    data = chunks.stream(domain)[: 1000 * kilobytes]
    data += "\n".join(
        home_texts.texts[:: max(1, len(home_texts) // max(1, leaked_texts))] * bool(leaked_texts)
    ).encode()
    scorer = loading.of(ngram.fit(data, order=order), byte_tokenizer, name="mine")
    with side_by_side.one_thread():
        row = score.texts(scorer, home_texts, rule=rule).log_likelihood
    together = np.vstack([home_clipped.values, np.maximum(row, home_clipped.threshold)])
    Q_with = maps.double_centre(together)
    apart = maps.kl(Q_with, "bits/byte", home_texts.n_bytes)[-1, :-1]
    xy = maps.pca(Q_with)
    figure, (ax,) = plot.panels(width=5.2, height=2.8)
    plot_map.models(ax, xy[:-1], home.family)
    ax.plot(*xy[-1], "*", color=plot.BLACK, ms=12)
    first = np.argsort(apart)[:2]
    ax.set(
        xlabel="component 1, nats",
        ylabel="component 2, nats",
        title="nearest: "
        + ", ".join(f"{home.model[i]} ({apart[i]:.2g})" for i in first)
        + f"; mean {row.mean():.0f} nats",
    )
    ax.title.set_fontsize(7)
    return figure


teach.explore(
    land,
    stills=[{"leaked_texts": 0}, {"leaked_texts": len(home_texts)}],
    domain=sorted(set(home_domains)),
    order=(1, 5),
    kilobytes=[20, 50, 200, 1000],
    leaked_texts=[0, 1, 10, 100, len(home_texts)],
)

# %% [markdown]
# ## 5. Is it really KL?
#
# The formula is of second order and takes models, and the texts' own distribution, to be close. First where everything can be computed exactly: two models that draw byte
# after byte independently, one of them moved towards the other.


# %%
counts = np.stack(
    [
        np.bincount(
            np.frombuffer(
                "".join(home_texts.select(home_domains == name).texts).encode(), np.uint8
            ),
            minlength=256,
        )
        for name in sorted(set(home_domains))
    ]
)
unigrams = (counts + 0.5) / (counts + 0.5).sum(axis=1, keepdims=True)


def closeness(first=0, second=1, length=256):
    one, other = unigrams[first], unigrams[second]
    shares = np.geomspace(0.01, 1, 13)
    rows = []
    for share in shares:
        q = (1 - share) * one + share * other
        exact = calibration.unigram_kl(one, q, length)
        same = calibration.unigram_variance(one, q, length, (one + q) / 2)
        foreign = calibration.unigram_variance(one, q, length, unigrams.mean(axis=0))
        rows.append((exact, same, foreign))
    exact, same, foreign = np.array(rows).T
    figure, (ax,) = plot.panels(width=4.2, height=2.6)
    ax.plot(exact, same, "o-", ms=3, color=plot.BLUE, label="texts from halfway between")
    ax.plot(exact, foreign, "s-", ms=3, color=plot.RED, label="texts from all domains")
    ax.plot(exact, exact, color=plot.BLACK, lw=0.6, ls=":", label="equal")
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="exact KL, nats per text",
        ylabel="variance / 2, nats per text",
    )
    labels = sorted(set(home_domains))
    ax.set_title(f"{labels[first]} moved towards {labels[second]}, {length} bytes")
    ax.legend()
    return figure


teach.explore(
    closeness,
    stills=[{"first": 0, "second": len(unigrams) - 1}],
    first=(0, len(unigrams) - 1),
    second=(0, len(unigrams) - 1),
    length=[16, 64, 256, 1024],
)

# %% [markdown]
# *What to see.* For models that are close the estimate lies on the dotted line, and it leaves it as they part. Independent bytes are the kind case: their variance and their KL both grow with the length.
#
# Real texts are not so kind. A text belongs to a **domain**, and one model may like every byte of it a little more. Over $T$ bytes such preferences add
# up: KL grows with $T$, the standard deviation between domains grows with $T$ too, and so its square, the variance, with $T^2$. For models of bytes this can be tested: let a model write texts, score these with both
# models, and average the log-ratio; that is KL without any approximation, only with sampling error.

# %%
is_byte = (home.tokenizer == "bytes").to_numpy()
is_ngram = (home.kind == "ngram").to_numpy()
home_kl = maps.kl(home_Q, "bits/byte", home_texts.n_bytes)
along = projection.leaf_order(projection.tree(home_Q))


def spread(chosen, n):
    """So many of the chosen models, evenly spaced along the tree."""
    chosen = along[chosen[along]]
    return chosen[np.linspace(0, len(chosen) - 1, min(n, len(chosen))).astype(int)]


def nearest_two(chosen):
    """The two of the chosen models that are nearest to each other."""
    rows = np.flatnonzero(chosen)
    apart = home_kl[np.ix_(rows, rows)] + np.diag(np.full(len(rows), np.inf))
    return rows[list(np.unravel_index(apart.argmin(), apart.shape))]


window, longest = (128, 512) if zoo_plan != "smoke" else (64, 128)  # networks learnt on 128 bytes
long_texts = chunks.load(
    "installed", size=longest + 3, minimum=longest, per_domain=max(2, per_domain // 5), seed=seed
)
ids = np.stack([list(text.encode()[:longest]) for text in long_texts.texts])
spaced = spread(is_byte, n_calibration_models)
picked = np.union1d(spaced, nearest_two(is_byte & ~is_ngram))
counted = np.union1d(spread(is_ngram, max(3, n_calibration_models // 3)), nearest_two(is_ngram))
sampling = {"n_draws": n_draws, "n_given": 36, "seed": seed}
compared = calibration_runs.compare(
    list(home.folder.iloc[picked]), ids[:, :window], length=window, **sampling
)
half = slice(None, None, 2)  # of the long texts: counting models are slow at them
counters = calibration_runs.compare(
    list(home.folder.iloc[counted]), ids[half], length=longest, **sampling
)

# %%
rows = []
networks = np.flatnonzero(~is_ngram[picked])
for found, members, among, reach in (
    (counters, counted, np.arange(len(counted)), longest),
    (compared, picked, networks, window),
):
    text_domains = long_texts.domains[half] if found is counters else long_texts.domains
    one, two = (among[part] for part in np.triu_indices(len(among), 1))
    apart = home_kl[members][:, members][one, two]
    for pair in dict.fromkeys((apart.argmin(), apart.argmax())):
        i, j, lengths = one[pair], two[pair], [reach // 8, reach // 4, reach // 2, reach]
        table = found.sampled(i, j, lengths).rename(columns={"kl": "sampled"})
        estimate = calibration.variance_kl(found.given[i], found.given[j], lengths, text_domains)
        label = f"{home.model[members[i]]}\n{home.model[members[j]]}"
        rows.append(table.merge(estimate).assign(pair=label))
length_table = pd.concat(rows, ignore_index=True)
outputs.figure(
    plot_map_checks.by_length(length_table),
    "by_length",
    data=length_table.assign(pair=length_table.pair.str.replace("\n", " and ")),
    caption="Sampled KL and the variance estimate for longer and longer beginnings of the same texts: the nearest and the farthest "
    "pair of n-gram models, then of networks. Both scales are logarithmic: slope 1 grows with the length, slope 2 with its square.",
)

# %% [markdown]
# *What to see.* Black is the truth: a straight line of slope 1. Red, the formula, starts above it even for short texts and leaves it with a slope nearer to 2; at 512 bytes it is tens of times too large for n-gram models that read different amounts. So
# the number on this map is no KL divergence but something larger. The part within domains (blue) is nearer, and not there either. Call it the **map distance**, in bits/byte. The published distances have the same tendency (random
# pairs of models at 2.2 bits/byte, where the whole cross-entropy of a text is below 1): that is our inference, not a statement of the paper.

# %%
mixture = home.mixture.astype(str).to_numpy()
growth = []
for i, j in zip(*np.triu_indices(len(counted), 1), strict=True):
    if mixture[counted[i]] == mixture[counted[j]]:
        table = calibration.variance_kl(
            counters.given[i], counters.given[j], [longest // 8, longest], long_texts.domains[half]
        )
        growth.append(table.total[1] / table.total[0] / 8)  # per byte
claims.record(
    "length_growth",
    np.median(growth) if growth else np.nan,
    note=f"median of {len(growth)} pairs of n-gram models of one mixture"
    if growth
    else "no two of the compared models share a mixture",
)

at, m = window, len(picked)
one, two = np.triu_indices(m, 1)
asked = np.isin(picked, spaced)  # the nearest two were added for the figure above only
both = asked[one] & asked[two]
one, two = one[both], two[both]
mixture = mixture[picked]
sampled = compared.sampled_matrix(at)
bits_at = 1 / (at * np.log(2))
given_at = compared.given[:, :, :at].sum(axis=2, dtype=np.float64)
check = pd.DataFrame(
    {
        "model": home.model.to_numpy()[picked][one],
        "other": home.model.to_numpy()[picked][two],
        "kind": np.where(
            mixture[one] == mixture[two],
            "one mixture",
            "two mixtures",
        ),
        "variance": maps.kl(maps.row_centre(given_at))[one, two] * bits_at,
        "within": maps.kl(maps.centre_within(given_at, long_texts.domains))[one, two] * bits_at,
        "token level": (compared.conditional + compared.conditional.T)[one, two]
        / 2
        / (window * np.log(2)),
        "text level": (sampled + sampled.T)[one, two] / 2 * bits_at,
    }
)
r = {name: np.corrcoef(check.variance, check[name])[0, 1] for name in ("token level", "text level")}
outputs.figure(
    plot_map_checks.agreement(
        check,
        {
            "token level": f"next-byte KL on given texts, bits/byte\n(r = {r['token level']:.2f})",
            "text level": f"sampled KL, bits/byte\n(r = {r['text level']:.2f})",
        },
    ),
    "kl_check",
    data=check,
    caption=f"The map distance on {at}-byte texts against direct estimates of KL (mean of both directions), for all pairs of {len(spaced)} byte-level models. "
    "Dotted: equality.",
)
outputs.table(check.round(4), "kl_check", caption="The same numbers, bits/byte.")
for name, claim in (("token level", "kl_token"), ("text level", "kl_text")):
    claims.record(
        claim,
        r[name],
        note=f"{len(check)} pairs of {len(spaced)} models; Pearson's r of the values themselves",
    )
teach.quiz("which_grows")

# %% [markdown]
# *What to see.* All pairs lie above the line, most by a factor of about ten: the order of distances survives roughly, their size does not. The correlation stays below the paper's, whose models are nearer to each other than these. (Which direct estimates the paper takes "at token level" and "at
# text level" is our reading: next-token divergences along given texts, and log-ratios of sampled texts.)
#
# ## 6. How many dimensions has the map?

# %%
cumulative = maps.spectrum(Q)
marks = {share: maps.n_components(cumulative, share) for share in (0.9, 0.95)}
outputs.figure(
    plot_map_checks.spectrum(cumulative, marks),
    "spectrum",
    data=pd.DataFrame(
        {"component": np.arange(1, len(cumulative) + 1), "cumulative share": cumulative}
    ),
    caption=f"Cumulative contribution of the principal components of Q, {M} models.",
)
outputs.table(
    pd.DataFrame(
        {"share, %": [100 * share for share in marks], "components": list(marks.values())}
    ),
    "spectrum",
    caption=f"Components that carry this share of the squared norm; at most {M - 1} are there.",
)
for share, claim in ((0.9, "pca_90"), (0.95, "pca_95")):
    claims.record(claim, marks[share])
_ = claims.record("pca_share", marks[0.9] / M, note=f"{marks[0.9]} of {M}")

# %% [markdown]
# *What to see.* A handful of directions carries nearly all of the distance. Their number grows with the number of different models, and the paper's 42 for
# 90 % are of 1,018.
#
# ## 7. Predicting what models can do
#
# The paper predicts benchmark scores from the coordinates by ridge regression, far better than from the mean log-likelihood alone. Small models cannot do benchmarks, so we set them six tasks of our own,
# all of one form: two beginnings, two endings, and the question whether each ending is likelier with its own beginning than with the other's. How likely the beginnings and endings are by themselves cancels, so fluency alone scores 50 %.

# %%
task_texts = chunks.load(
    "installed", size=256, part="task", per_domain=max(2, per_domain // 10), seed=seed
)
made = probes.items(n_items, seed)
outputs.table(
    pd.DataFrame(
        [
            {
                "task": name,
                "right": task[0].texts[0],
                "right too": task[0].texts[1],
                "swapped": task[0].texts[2],
            }
            for name, task in made.items()
        ]
    ),
    "tasks",
    caption=f"An item of each task; there are {n_items} of each.",
)
if scores_file is not None:
    given = pd.read_csv(scores_file).set_index("model")
    benchmark = given.reindex(models.model)
    targets = [c for c in given.columns if c not in ("mean", "6-TaskMean")]
    benchmark["task mean"] = (
        benchmark["6-TaskMean"] if "6-TaskMean" in given else benchmark[targets].mean(axis=1)
    )
elif is_published:
    names_of = {
        "ARC": "ARC",
        "HellaSwag": "HellaSwag",
        "MMLU": "MMLU",
        "TruthfulQA": "TruthfulQA",
        "Winogrande": "Winogrande",
        "GSM8K": "GSM8K",
    }
    targets = [name for name in names_of if name in models]
    benchmark = models.set_index("model")[targets].apply(pd.to_numeric, errors="coerce")
    benchmark["task mean"] = benchmark[targets].mean(axis=1, skipna=False)
else:
    placed = models
    if not is_home:  # hub models are found by their names, folders by their paths
        places = zip(models.path, models.model, strict=True)
        placed = models.assign(folder=[at if Path(at).is_dir() else name for at, name in places])
    benchmark = probes.scores(placed, task_texts, n_items=n_items, seed=seed)
    measured = [*probes.TASKS, "next byte"]  # the last only of models of bytes
    targets = [name for name in measured if benchmark[name].notna().any()]
abilities = [name for name in targets if name != "next byte"]
complete = (
    benchmark[[*targets, "task mean"]].notna().all(axis=1).to_numpy()
    if targets
    else np.zeros(M, bool)
)
models["task mean"] = benchmark["task mean"].to_numpy() if targets else np.nan
standard = (benchmark[abilities] - benchmark[abilities].mean()) / benchmark[abilities].std(ddof=0)
best = standard.fillna(-np.inf).to_numpy()
models["strongest task"] = np.where(
    best.max(axis=1) > 0, np.array(abilities)[best.argmax(axis=1)], "all under 0"
)
outputs.figure(
    plot_map.colourings(
        layout,
        {"task mean": models["task mean"], "strongest task": models["strongest task"]},
        {"task mean": "%"},
    ),
    "map_tasks",
    data=models[["model", "t-SNE 1", "t-SNE 2", "task mean", "strongest task"]].assign(
        **{name: benchmark[name].to_numpy() for name in targets}
    ),
    caption="The map by the mean of six tasks, and by the task at which a model stands out most from the others (standardised over models).",
)

# %% [markdown]
# **The folds decide the answer.** Fine-tunes and checkpoints are nearly copies of their base: if the base is in the training part, its copy is no test. Grouped folds keep lineages together, random folds do not.

# %%
dealing = teach.exercise(
    "honest_folds",
    properties=[
        ("it is a function", callable, "give the function itself, not its result"),
        (
            "every model gets a fold",
            lambda deal: np.shape(deal(list("aabbccdde"), 3, 0)) == (9,),
            "return one number per model, (M,)",
        ),
        (
            "all folds are used",
            lambda deal: set(np.asarray(deal(list("aabbccdde"), 3, 0))) == {0, 1, 2},
            "numbers from 0 to n_folds - 1, none of them empty",
        ),
        (
            "no lineage is split",
            lambda deal: all(
                len(set(np.asarray(deal(list(home.lineage), 5, 1))[home.lineage == one])) == 1
                for one in set(home.lineage)
            ),
            "deal out lineages, not models: two models of one lineage are in different folds",
        ),
        (
            "the seed changes it",
            lambda deal: (
                len({tuple(np.asarray(deal(list(home.lineage), 5, s))) for s in range(8)}) > 1
            ),
            "shuffle with np.random.default_rng(seed)",
        ),
    ],
)
dealing.check(None)  # put your function here

# %%
kept = np.flatnonzero(complete)
chosen = np.array([*targets, "task mean"])
Y = benchmark.iloc[kept][list(chosen)].to_numpy(float) if len(kept) else np.zeros((0, len(chosen)))
features = {
    "coordinates Q": maps.double_centre(L.values[kept]) if len(kept) else None,
    "log-likelihoods L": L.values[kept],
    "mean only": mean[kept, None],
}
lineage = models.lineage.astype(str).to_numpy()[kept]
seeds = range(n_seeds)
results, fitted = [], {}
for folds_name, groups in (("grouped", lineage), ("random", None)):
    n_folds = min(5, len(set(lineage)) if groups is not None else len(kept))
    if n_folds < 2:
        continue
    for name, X in features.items():
        found = prediction.ridge(X, Y, groups=groups, seeds=seeds, n_folds=n_folds)
        fitted[name, folds_name] = found
        results.append(found.table(chosen).assign(features=name, folds=folds_name))
        if name != "mean only":
            sanity = prediction.ridge(
                X, mean[kept, None], groups=groups, seeds=seeds, n_folds=n_folds,
                penalties=prediction.MEAN_PENALTIES, limits=None,
            )  # fmt: skip
            results.append(
                sanity.table(["mean log-likelihood"]).assign(features=name, folds=folds_name)
            )
results = pd.concat(results, ignore_index=True) if results else pd.DataFrame()
r_table = results.pivot(index="target", columns=["features", "folds"], values="r")
r_table = r_table.reindex([*chosen, "mean log-likelihood"])
table2 = results[["target", "features", "folds", "r", "r sd", "rho", "rho sd"]]
outputs.table(
    table2,
    "table2_coordinates",
    caption=f"Table 2 and its variants: out-of-fold correlations over {len(kept)} models, mean and standard deviation over {n_seeds} seeds.",
)
outputs.table(
    r_table.set_axis([f"{a}, {b}" for a, b in r_table.columns], axis=1).round(3).reset_index(),
    "folds",
    caption="Pearson's r of the same, side by side.",
)
alone_r = prediction.correlations(np.tile(mean[kept, None], len(chosen)), Y)
alone_rho = prediction.correlations(np.tile(mean[kept, None], len(chosen)), Y, ranks=True)
table3 = pd.DataFrame({"target": chosen, "r": alone_r, "rho": alone_rho})
outputs.table(
    table3,
    "table3_mean_alone",
    caption="Table 3: correlation of each score with the mean log-likelihood.",
)

# %%
main = fitted["coordinates Q", "grouped"]
average = main.predicted.mean(axis=0)
truth = pd.DataFrame(Y, columns=chosen).assign(model=names[kept])
for number, name in enumerate(chosen):
    truth[f"{name} predicted"] = average[:, number]
summary = main.table(chosen).set_index("target")
titles = [
    f"{name}\nr = {summary.r[name]:.2f}, $\\rho$ = {summary.rho[name]:.2f}" for name in chosen
]
colour = pd.Series(mean[kept], name="mean log-likelihood, nats")
outputs.figure(
    plot_map_checks.predicted(truth, ["task mean"], titles[-1:], colour),
    "fig8_predicted",
    data=truth,
    caption="Figure 8: the mean of the tasks, predicted from the coordinates with lineages held out (mean of the seeds), against the measured one.",
)
outputs.figure(
    plot_map_checks.predicted(truth, list(chosen), titles, colour),
    "fig18_tasks",
    data=truth,
    caption="Figure 18: the same for every target.",
)
alone = [
    f"{name}\nr = {one:.2f}, $\\rho$ = {rank:.2f}"
    for name, one, rank in zip(chosen, alone_r, alone_rho, strict=True)
]
outputs.figure(
    plot_map_checks.against_mean(truth, mean[kept], list(chosen), alone, models.family.iloc[kept]),
    "mean_alone",
    data=truth[["model", *chosen]].assign(mean_log_likelihood=mean[kept]),
    caption="Each score against the mean log-likelihood alone.",
)

# %%
second_hand = dict(
    zip(chosen, zip(summary.r, summary.rho, alone_r, alone_rho, strict=True), strict=True)
)
is_leaderboard = {"ARC", "HellaSwag", "MMLU", "TruthfulQA", "Winogrande", "GSM8K"} <= set(targets)
absent = "needs the leaderboard's scores: give scores_file or the published matrix"
for name in ("ARC", "HellaSwag", "MMLU", "TruthfulQA", "Winogrande", "GSM8K"):
    values = second_hand[name] if is_leaderboard else [np.nan] * 4
    note = "" if is_leaderboard else absent
    for end, value in (("r", values[0]), ("rho", values[1])):
        claims.record(f"table2_{name.lower()}_{end}", value, note=note)
    if name in ("ARC", "MMLU", "TruthfulQA"):
        for end, value in (("r", values[2]), ("rho", values[3])):
            claims.record(f"table3_{name.lower()}_{end}", value, note=note)
of = "six benchmarks" if is_leaderboard else "six home-made tasks"
sd = summary.loc["task mean"]
claims.record(
    "table2_mean_r", sd.r, note=f"{of}, lineages held out, sd {sd['r sd']:.3f} over seeds"
)
claims.record(
    "table2_mean_rho", sd.rho, note=f"{of}, lineages held out, sd {sd['rho sd']:.3f} over seeds"
)
claims.record("table3_mean_r", alone_r[-1], note=of)
claims.record("table3_mean_rho", alone_rho[-1], note=of)
_ = claims.record("contrast", sd.r - alone_r[-1], note=of)

# %% [markdown]
# *What to see.* Read the table of $r$ along its rows. What random folds add to grouped ones is the models' relatives. For single abilities the coordinates know what the mean log-likelihood does not: who closes brackets and who copies. For **the mean of the tasks**
# they are no better than the mean log-likelihood, and far from the paper's $r=.95$: the contrast of Tables 2 and 3 is *not* reproduced here. Two reasons are at hand. There are seventy models instead of a thousand, so that holding a family out leaves nobody like it; and these abilities are no single scale, a
# model good at one is often bad at another, while benchmark scores of large models rise together. Next-byte accuracy, which is nearly likelihood, is predicted by everything. What no model of this size can do, addition, nothing predicts once relatives are held out.


# %%
def ridge_playground(target=str(chosen[-1]), features_of="coordinates Q", folds_by="grouped"):
    found = fitted[features_of, folds_by]
    number = list(chosen).index(target)
    figure, axes = plot.panels(2, width=6.4, height=2.6)
    y = found.predicted[:, :, number].mean(axis=0)
    axes[0].scatter(Y[:, number], y, s=12, c=[plot.COLOURS[f] for f in found.folds[0]])
    ends = [min(Y[:, number].min(), y.min()), max(Y[:, number].max(), y.max())]
    axes[0].plot(ends, ends, color=plot.BLACK, lw=0.6, ls=":")
    axes[0].set(
        xlabel=f"{target}, %", ylabel="predicted, %", title=f"r = {found.r[:, number].mean():.2f}"
    )
    axes[1].scatter(*layout[kept].T, s=14, c=[plot.COLOURS[f] for f in found.folds[0]])
    plot_map.bare(axes[1], "folds of the first seed on the map")
    return figure


teach.explore(
    ridge_playground,
    stills=[{"folds_by": "grouped"}, {"folds_by": "random"}],
    target=[str(name) for name in chosen],
    features_of=list(features),
    folds_by=["grouped", "random"],
)

# %% [markdown]
# ## 8. Who has seen the texts?
#
# A model that was trained on the very texts finds them likely beyond its ability. The paper compares the standardised mean log-likelihood with the standardised mean of the benchmarks: models trained on the Pile, from which its texts are
# taken, stand far off the diagonal. Here one family was trained on the evaluation texts; every member has a clean twin, the same model without them.

# %%
z_mean, z_task = (
    prediction.leakage(values, np.zeros(len(kept))) for values in (mean[kept], Y[:, -1])
)
reading = prediction.leakage(mean[kept], Y[:, -1])
kept_names = list(names[kept])
if is_home and "leaked" in models:
    leaked = models.leaked.to_numpy(bool)[kept]
    twins = [
        (kept_names.index(clean), kept_names.index(name))
        for name, clean in zip(home.model, home.twin, strict=True)
        if clean and name in kept_names and clean in kept_names
    ]
    gaps = np.array([reading[b] - reading[a] for a, b in twins])
else:
    types = models.family.astype(str).str.lower().str.replace("-", "_")[kept]
    leaked = types.isin(["gpt_neox", "gpt_neo", "gptj"]).to_numpy()
    twins, gaps = [], reading[leaked] - reading[~leaked].mean() if leaked.any() else np.zeros(0)
leak_table = pd.DataFrame(
    {
        "model": kept_names,
        "family": models.family.to_numpy()[kept],
        "has seen the texts": leaked,
        "mean log-likelihood, nats": mean[kept],
        "task mean, %": Y[:, -1],
        "reading, sd": reading,
    }
)
outputs.figure(
    plot_map_checks.leakage(z_mean, z_task, models.family.iloc[kept].rename("family"), twins),
    "leakage",
    data=leak_table,
    caption="Standardised task mean against standardised mean log-likelihood. Arrows lead from each clean twin to the model that has also seen the texts.",
)
outputs.table(
    leak_table.sort_values("reading, sd", ascending=False).head(12).reset_index(drop=True),
    "leakage",
    caption="The twelve models that are likeliest beyond their ability.",
)
if len(gaps):
    value, interval = mean_interval(gaps)
    claims.record("leak", value, interval=interval, note=f"{len(gaps)} leaked models")
else:
    claims.record("leak", np.nan, note="no leaked models with a twin in this population")

# %% [markdown]
# *What to see.* All arrows lead to the right: likelier. Counted models, which remember every text, leave the cloud at once and are no abler for it. Networks of this size remember little in one short run, and their arrows lead only a little to the right; how far up or down they lead is the noise of the tasks from run to run, which is larger. So
# the reading shows the leak of the counted models and misses that of the networks; an average over all five is not beyond doubt.
#
# ## 9. Between models
#
# A base model and two of its fine-tunes span a plane of weights, $\theta(a,b)=(1-a-b)\,\theta_0+a\,\theta_1+b\,\theta_2$. If the log-likelihoods followed the weights
# linearly, $\hat\ell(a,b)=(1-a-b)\,\ell_0+a\,\ell_1+b\,\ell_2$ would predict every mixture. The corner $(1,1)$ adds both steps and lies outside.

# %%
if interpolation_models:
    three, three_names = (
        list(interpolation_models),
        [name.split("/")[-1] for name in interpolation_models],
    )
    plane_texts, plane_rule = texts, rule
else:
    base, first, second = relatives.fork(specs)
    three_names = [base, first, second]
    three = [home.set_index("model").folder[name] for name in three_names]
    plane_texts, plane_rule = home_texts, rule
spaced = np.linspace(0, len(plane_texts) - 1, min(n_interpolation_texts, len(plane_texts))).astype(
    int
)
plane_texts = plane_texts.select(spaced)
points = interpolate.grid()
grid_raw, geometry = interpolate.grid_scores(three, plane_texts, points, plane_rule)
floor = -1400.0 if interpolation_models else home_clipped.threshold
grid = np.maximum(grid_raw, floor)
corners = [
    int(np.flatnonzero((points == corner).all(axis=1))[0]) for corner in ((0, 0), (1, 0), (0, 1))
]
guess = interpolate.predicted(grid_raw[corners], points, floor)
actual_mean, guessed_mean = grid.mean(axis=1), guess.mean(axis=1)
plane_r = np.corrcoef(actual_mean, guessed_mean)[0, 1]
plane_rho = prediction.correlations(actual_mean[:, None], guessed_mean[:, None], ranks=True)[0]
plane = maps.pca(maps.row_centre(grid))
outputs.figure(
    plot_map_checks.interpolation(
        geometry.place(points), plane, actual_mean, guessed_mean, points,
        f"r = {plane_r:.3f}, $\\rho$ = {plane_rho:.3f}",
    ),
    "interpolation",
    data=pd.DataFrame(points, columns=["a", "b"]).assign(
        mean=actual_mean, predicted=guessed_mean, component_1=plane[:, 0], component_2=plane[:, 1]
    ),
    caption=f"36 models in the plane of $\\theta_0$ = {three_names[0]}, $\\theta_1$ = {three_names[1]} and "
    f"$\\theta_2$ = {three_names[2]}: where they lie in weight space and in log-likelihood space, and their "
    "mean log-likelihood against the prediction.",
)  # fmt: skip
outputs.table(
    pd.DataFrame(
        {
            "quantity": [
                "size of step 1, rms per parameter",
                "size of step 2, rms per parameter",
                "angle, degrees",
                "r",
                "rho",
            ],
            "value": [geometry.rms_1, geometry.rms_2, geometry.angle, plane_r, plane_rho],
        }
    ),
    "interpolation",
    caption="Weight space and prediction.",
)
claims.record("interpolation_r", plane_r, note=", ".join(three_names))
claims.record("interpolation_rho", plane_rho, note=", ".join(three_names))
claims.record("interpolation_angle", geometry.angle, note=", ".join(three_names))
is_mistral = bool(interpolation_models) and "Mistral" in interpolation_models[0]
is_llama = bool(interpolation_models) and "lama" in interpolation_models[0]
for claim, value, here in (
    ("interpolation_rms_1", geometry.rms_1, is_mistral),
    ("interpolation_rms_2", geometry.rms_2, is_mistral),
    ("interpolation_llama", geometry.angle, is_llama),
):
    claims.record(
        claim, value if here else np.nan, note="" if here else "asked of other models than these"
    )


# %%
def pad(a=0.5, b=0.5):
    nearest = int(np.abs(points - [a, b]).sum(axis=1).argmin())
    mixed = interpolate.predicted(grid_raw[corners], np.array([[a, b]]), floor)[0]
    plane_domains = np.asarray(plane_texts.domains)
    labels = sorted(set(plane_domains))
    figure, axes = plot.panels(2, width=6.6, height=2.6)
    places = geometry.place(points)
    axes[0].scatter(*places.T, c=actual_mean, cmap="gnuplot_r", s=18)
    axes[0].plot(*geometry.place(np.array([[a, b]]))[0], "*", color=plot.BLACK, ms=11)
    axes[0].set(xlabel="along the first step, rms", ylabel="across, rms")

    def change(values):
        moved = values - grid[corners[0]]
        return [np.mean(moved[plane_domains == name]) for name in labels]

    at = np.arange(len(labels))
    axes[1].barh(at - 0.2, change(mixed), 0.4, color=plot.BLUE, label="predicted")
    axes[1].barh(
        at + 0.2,
        change(grid[nearest]),
        0.4,
        color=plot.ORANGE,
        label=f"actual at {points[nearest]}",
    )
    axes[1].set_yticks(at, labels)
    axes[1].set(xlabel="change from the base, nats per text", title=f"a = {a:g}, b = {b:g}")
    axes[1].legend()
    return figure


teach.explore(pad, stills=[{}, {"a": 1.0, "b": 1.0}], a=(0.0, 1.0, 0.1), b=(0.0, 1.0, 0.1))

# %% [markdown]
# *What to see.* The net keeps its shape from weights to log-likelihoods, bent a little. Mixtures are likelier than the straight line predicts, the far corner too: averages of fine-tunes lose less elsewhere than each of them does. The order of the 36 means is still nearly that of the prediction.
#
# ## 10. The tokenizer trap
#
# The published rule scores what the tokenizer returns: with a BOS token in front, the first real token counts; without, it does not. And a model of subwords gives the probability of **one** way to cut the string,
# not of the string. How far do these move a point?

# %%
trap = relatives.vocabulary_twins(specs)
without = score.Rule(bos="never")
byte_names = list(dict.fromkeys(pair[0] for pair in trap)) or list(home.model[is_byte][:2])
folder_of = home.set_index("model").folder
with side_by_side.one_thread():
    rows = [
        score.texts(folder_of[name], home_texts, rule=without).log_likelihood for name in byte_names
    ]
together = np.vstack([home_clipped.values, np.maximum(np.stack(rows), home_clipped.threshold)])
Q_both = maps.double_centre(together)
kl_both = maps.kl(Q_both, "bits/byte", home_texts.n_bytes)
at = [int(np.flatnonzero(home.model == name)[0]) for name in byte_names]
moved = [
    {
        "model": name,
        "compared with": "itself without BOS",
        "distance, bits/byte": kl_both[i, len(home) + number],
        "shift of the mean, nats": together[len(home) + number].mean() - together[i].mean(),
    }
    for number, (name, i) in enumerate(zip(byte_names, at, strict=True))
]
for name, twin in trap:
    i, j = (int(np.flatnonzero(home.model == one)[0]) for one in (name, twin))
    moved.append(
        {
            "model": name,
            "compared with": f"{twin}, a BPE vocabulary",
            "distance, bits/byte": kl_both[i, j],
            "shift of the mean, nats": together[j].mean() - together[i].mean(),
        }
    )
outputs.table(
    pd.DataFrame(moved),
    "tokenizers",
    caption="How far a point moves when only the rule or only the vocabulary changes; the median distance of two models of this population is "
    f"{np.median(home_kl[np.triu_indices(len(home), 1)]):.2g} bits/byte.",
)
arrows = {
    "without BOS": [(i, len(home) + number) for number, i in enumerate(at)],
    "BPE twin": [tuple(int(np.flatnonzero(home.model == one)[0]) for one in pair) for pair in trap],
}
family_both = pd.concat([home.family, home.family.iloc[at]], ignore_index=True).rename("family")
outputs.figure(
    plot_map_checks.moves(maps.pca(Q_both), arrows, family_both),
    "tokenizers",
    data=pd.DataFrame(maps.pca(Q_both), columns=["component 1", "component 2"]).assign(
        model=[*home.model, *[f"{name}, no BOS" for name in byte_names]]
    ),
    caption="PCA of the home population with the arrows of the table: dropping the first byte's score, and exchanging bytes for subwords.",
)

# %% [markdown]
# *What to see.* A constant shift vanishes in the centring; what remains of the missing first byte is a small step on the map. The change of vocabulary is a long way, further than from one seed to another, in the direction of better models: with subwords the same number of steps reads more text. So a distance
# between models of different tokenizers is also one of tokenizers.
#
# ## 11. The ledger
#
# What the paper says, what this run measured, and the verdict by rules that were written before the first run. A claim that fails stays here as failed.

# %%
absent = "needs the released matrix: give published_matrix"
facts = {
    "n_models": lambda: M,
    "n_texts": lambda: N,
    "raw_min": lambda: raw.values.min(),
    "raw_max": lambda: raw.values.max(),
    "clip_threshold": lambda: L.threshold,
    "clip_bits": lambda: -L.threshold / (published_bytes * np.log(2)),
}
for claim, value in facts.items():
    claims.record(claim, value() if is_published else np.nan, note="" if is_published else absent)
is_pile = text_set == "pile10k"
claims.record(
    "mean_bytes",
    n_bytes.mean() if is_pile else np.nan,
    note="" if is_pile else "needs the authors' texts: text_set = pile10k",
)
legend = {"others": 277, "mistral": 232, "llama-2": 223, "llama-1": 69, "llama-3": 62, "gpt_neox": 54, "deepseek": 26, "gptj": 19, "gemma": 18, "opt": 15, "bloom": 12, "falcon": 11}  # fmt: skip
found_types = models.family.value_counts()
has_types = is_published and set(legend) - {"others"} <= set(found_types.index)
claims.record(
    "types",
    max(abs(found_types.get(name, 0) - n) for name, n in legend.items() if name != "others")
    if has_types
    else np.nan,
    note="" if has_types else absent,
)
example = np.flatnonzero(names == "aaditya/Llama3-OpenBioLLM-8B") if is_published else []
known = np.array([-684.6199, -491.3106, -591.3766, -475.3044, -849.3052, -584.5691])
has = len(example) == 1
row = raw.values[example[0]] if has else np.full(6, np.nan)
record_of = models.iloc[example[0]] if has else {}
note = "" if has else absent
claims.record("example_texts", np.abs(row[[0, 1, 2, -3, -2, -1]] - known).max(), note=note)
claims.record("example_mean", row.mean(), note=note)
claims.record("example_bits", -row.mean() / (published_bytes * np.log(2)), note=note)
for name in ("ARC", "HellaSwag", "MMLU", "TruthfulQA", "Winogrande", "GSM8K", "6-TaskMean"):
    value = record_of.get(name, np.nan) if has else np.nan
    claims.record(
        f"example_{name.lower().replace('-', '_')}",
        value,
        note="" if np.isfinite(value) else absent,
    )
claims.record(
    "leak_likelihood",
    mean[kept][leaked].mean() if is_published and leaked.any() else np.nan,
    note="" if is_published else absent,
)
claims.record(
    "leak_tasks",
    Y[leaked, -1].mean() if is_published and leaked.any() else np.nan,
    note="" if is_published else absent,
)
claims.table()

# %% [markdown]
# **What was chosen after looking.** No rule of the card and no task was changed after a first result. The figure of KL by length got the nearest two models beside those spread over the tree, on which alone the correlations are computed. Texts have 128 bytes because the networks learnt on windows of that length; that was fixed before.
#
# **What is uncertain.** Which centring, folds and direct estimates belong to which table of the paper is partly our reading, and the tables' numbers come from summaries of it. The exact leakage statistic, the scaling behind "domain of strength" and the linkage, if any, are not known. Positions of
# single models in the published map cannot be compared: t-SNE is defined up to rotation, reflection and seed.
#
# **What this population cannot show.** Its models differ in their training text far more than public models do, so distances are large, a few directions carry them, and the mean log-likelihood says more about
# ability than it does among models that have all read everything. In an earlier trial with n-gram models alone the mean already predicted likelihood-like tasks with $r=.95$.
#
# **Go on from here.** (a) Set `chunk_bytes=64` and see which distances shrink. (b) Give `models_file` a list of Pythia checkpoints. (c) Draw only one domain: is the variance estimate now nearer to KL?

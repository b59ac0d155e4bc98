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

from lmnotes import figures, models, notebook, statistics, text
from lmnotes.papers import model_map as paper

figures.style.use()
notebook.begin("06_model_map", globals())
for path in (models_file, published_matrix, scores_file):
    if path is not None and not Path(path).exists():
        raise FileNotFoundError(
            f"{path} does not exist: expected a path, or None; correct it above"
        )

# %% [markdown]
# ## 1. Texts and models
#
# The texts are chunks of at most so many bytes, cut without regard to words and never inside a character, from files that no model was
# trained on. The same number comes from each domain: which texts, and how many of each kind, **defines** the
# distribution under which models are compared.
#
# The population: byte-level models of several architectures, sizes, data mixtures and seeds, some of them checkpoints, fine-tunes or merges of others; n-gram models
# beside them; one family that **has seen the very texts** on which it will be compared, and two with a tokenizer of their own.

# %%
texts = text.chunks.load(text_set, size=chunk_bytes, per_domain=per_domain, seed=seed)
notebook.note_input("texts", texts.content_id)
by_domain = texts.table.groupby("domain").agg(
    texts=("text_id", "size"), files=("source", "nunique"), mean_bytes=("n_bytes", "mean")
)
notebook.table(
    by_domain.reset_index(),
    "texts",
    caption=f"{len(texts):,} texts of {texts.n_bytes.mean():.1f} bytes on average.",
)

# %%
home_texts = texts
if text_set != "installed":
    home_texts = text.chunks.load("installed", size=128, per_domain=120)
trained = models.zoo.build(zoo_plan, texts=home_texts).models.reset_index(drop=True)
notebook.note_input("zoo", sorted(trained.model))
by_family = trained.groupby(["family", "kind"], sort=False).agg(
    models=("model", "size"),
    smallest=("n_parameters", "min"),
    largest=("n_parameters", "max"),
    mixtures=("mixture", lambda names: ", ".join(dict.fromkeys(map(str, names)))),
)
notebook.table(
    by_family.reset_index(),
    "population",
    caption=f"{len(trained)} models trained on this machine; smallest and largest in parameters "
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
rule = models.scoring.PUBLISHED
home = paper.population.scored(trained, home_texts, rule, clip_share)
if published_matrix is not None:
    population = paper.population.build(
        models.ledger.read_released(published_matrix), clip_share, is_published=True
    )
elif models_file is not None:
    population = paper.population.scored(
        models.runner.command.listed(Path(models_file)), texts, rule, clip_share
    )
elif texts is not home_texts:
    population = paper.population.scored(trained, texts, rule, clip_share)
else:
    population = home
names, M = population.names, len(population)
population

# %% [markdown]
# Some entries are extreme: a model trained on arithmetic meets a licence. The paper therefore raises the lowest 2 % of all entries to
# their quantile, before anything else. How much does the distance hang on a few texts, with and without it?

# %%
by_share = paper.checks.tails_by_clip(population.raw, seed=seed)
notebook.figure(
    paper.figures.clipping(population.raw.values.ravel(), population.clipped.threshold, by_share),
    "clipping",
    data=by_share,
    caption="Left: all entries of L with the clip. Middle and right: medians over pairs of models of the kurtosis of "
    "the difference (3 for a normal law, dotted) and of the share of the squared distance that one text in a hundred carries.",
)
notebook.table(
    paper.checks.compare_pairs(population, seed=seed),
    "differences",
    caption="Nine pairs from the nearest to the farthest: the distance and how well these texts determine it.",
)

# %% [markdown]
# *What to see.* The share of the distance in the top hundredth of the texts says how fragile it is; a clip lowers it. The relative
# standard error of a variance from $N$ texts is about $\sqrt{(\text{kurtosis}-1)/N}$.
#
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
notebook.explore(
    lambda text=0: paper.live.one_text(population, text),
    stills=[{"text": int(np.flatnonzero(population.domains == population.domains[-1])[0])}],
    text=(0, len(population.domains) - 1),
)

# %%
centring = notebook.teach.exercise(
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
            lambda f: np.abs(np.sum(f(home.L), axis=1)).max() < 1e-6,
            "the mean of each row, over texts, is still there",
        ),
        (
            "its columns sum to zero",
            lambda f: np.abs(np.sum(f(home.L), axis=0)).max() < 1e-6,
            "the mean of each column, over models, is still there",
        ),
        (
            "it does not rescale",
            lambda f: np.allclose(f(home.L), models.maps.double_centre(home.L), atol=1e-6),
            "only take means out; do not divide",
        ),
    ],
)
centring.check(None)  # put your function here
notebook.teach.quiz("uniformly_better")

# %% [markdown]
# Which centring does what? Columns first: distances stay exactly as they are, only the origin moves. Rows: the overall quality of a model disappears. And how many of the lowest entries are clipped moves
# the outliers, while the map of the rest stays.

# %%
notebook.explore(
    lambda centring="double", clipped=100 * clip_share, first=names[0], second=names[1]: (
        paper.live.centrings(population, centring, clipped, first, second)
    ),
    stills=[{"centring": "none"}, {}, {"clipped": 0.0}],
    centring=paper.live.CENTRINGS,
    clipped=(0.0, 20.0, 0.5),
    first=list(names),
    second=list(names),
)

# %%
bit = notebook.teach.exercise(
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
linkage = models.maps.projection.tree(population.Q)
order = models.maps.projection.leaf_order(linkage)
notebook.figure(
    paper.figures.distances(population.kl, order, population.models.family),
    "kl_matrix",
    data=pd.DataFrame(population.kl, index=names, columns=names).iloc[order, order],
    caption="All distances between models, in the order of the tree below; names at the side are of families of two or more "
    "neighbours. Dark is near; the scale is logarithmic.",
)
notebook.figure(
    paper.figures.tree(
        linkage, names, population.models.get("architecture", population.models.family)
    ),
    "tree",
    data=pd.DataFrame(linkage, columns=["one", "other", "height", "n_models"]),
    caption="The same distances as a tree (Ward's linkage, our choice). The height of two single models is "
    "the standard deviation of the difference of their log-likelihoods.",
)
near = models.maps.coordinates.nearest(population.kl, names, k=min(3, M - 1))
notebook.table(
    near.pivot(index="model", columns="rank", values="neighbour").reset_index(),
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
far = np.unravel_index(np.argmax(population.kl), population.kl.shape)
notebook.explore(
    lambda first=names[0], second=names[M // 2], n_shown=3: paper.live.two_models(
        population, first, second, n_shown
    ),
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
places = {
    "t-SNE": models.maps.tsne(population.Q, seed, perplexity=perplexity, n_iterations=n_iterations),
    "PCA": models.maps.pca(population.Q)
    / np.sqrt(2 * len(population.domains) * population.nats_per_bit),
    "MDS": models.maps.projection.classical_mds(np.sqrt(population.kl)),
}
map_table = population.described(places)
root, fourth = r"(bits/byte)$^{1/2}$", r"(bits/byte)$^{1/4}$"
axes_of = {
    "PCA": (f"component 1, {root}", f"component 2, {root}"),
    "MDS": (f"axis 1, {fourth}", f"axis 2, {fourth}"),
}
axis_names = [f"{name} {axis}" for name in places for axis in (1, 2)]
notebook.figure(
    paper.figures.projections(places, map_table.family, axes_of),
    "map_projections",
    data=map_table[["model", "family", *axis_names]],
    caption="Figure 1: the map of models by family, three ways (MDS: classical scaling of $\\sqrt{KL}$). Squared distances in the PCA panel are map distances in bits/byte.",
)

# %%
colours = ["mean log-likelihood", "log10 size", "order", "strongest domain"]
titles = ["mean log-likelihood", "size", "order of creation", "domain of strength"]
notebook.figure(
    paper.figures.colourings(
        places["t-SNE"],
        {t: map_table[c].rename(t) for t, c in zip(titles, colours, strict=True)},
        {
            "mean log-likelihood": "nats per text",
            "size": f"log10 of {'billions of ' if population.is_published else ''}parameters",
            "order of creation": "order",
        },
    ),
    "map_colours",
    data=map_table[["model", "t-SNE 1", "t-SNE 2", *colours]],
    caption="The t-SNE map in four colours. The domain of strength is the one with the largest mean of $q_i$: what a model likes "
    "more than the others do.",
)

# %%
told = ["model", "family", "kind", "mixture", "n_parameters", *colours]
close = models.maps.coordinates.nearest(population.kl, names, k=5)
page = figures.map_page.page(
    map_table[[*(name for name in told if name in map_table), *axis_names]],
    close.groupby("model", sort=False).neighbour.agg(list).to_dict(),
    views={name: (f"{name} 1", f"{name} 2") for name in places},
    colours=["family", "strongest domain", "mean log-likelihood", "order"],
    title="Map of language models",
)
figures.map_page.save(notebook.session.current().folder / "map.html", page)
figures.map_page.show(page)

# %% [markdown]
# *What to see.* Point at a model to see its family, size and nearest neighbours (the same page is `map.html` beside the figures). Architectures are islands; leaked models lie apart or beside their clean twins, as far as they could remember; the early checkpoints of a run lie outside the
# island of its end. A model's domain of strength is mostly the domain that it read most of: it colours each island anew.


# %%
def record_gain(claim, share, chance, lineage, what):
    """The mean gain over chance with its interval over lineages: relatives are not independent."""
    if len(set(lineage)) < 2:
        return notebook.claims.record(claim, np.nan, note="fewer than two lineages to ask")
    value, interval = statistics.group_bootstrap(
        lambda rows: (share - chance)[rows].mean(), lineage, seed=seed
    )
    note = f"{share.mean():.2f} of {what}, chance {chance.mean():.2f}, {len(set(lineage))} lineages"
    return notebook.claims.record(claim, value, interval, note=note)


record_gain("families", *paper.checks.family_neighbours(population), "the neighbours")
hits = paper.checks.domain_hits(population, map_table["strongest domain"])
_ = record_gain("domains", *hits, f"{len(hits[0])} models")


# %%
def map_by(projection="t-SNE", colour="family", neighbours_of_tsne=30, metric="sqeuclidean"):
    xy = places[projection]
    if projection == "t-SNE":
        options = {"perplexity": neighbours_of_tsne, "metric": metric, "n_iterations": 500}
        xy = models.maps.tsne(population.Q, seed, **options)
    return paper.live.colour_map(xy, map_table[colour], projection)


notebook.explore(
    map_by,
    stills=[{"metric": "euclidean"}, {"neighbours_of_tsne": 5}],
    projection=list(places),
    colour=["family", *colours],
    neighbours_of_tsne=(5, 50),
    metric=["sqeuclidean", "euclidean"],
)

# %% [markdown]
# ### Where would my model land?
#
# Choose what a little n-gram model reads, and whether it also reads some of the very texts that it is compared on. It is trained at once, scored, and put on the map.

# %%
notebook.explore(
    lambda domain, order=3, kilobytes=200, leaked_texts=0: paper.live.place_row(
        home,
        paper.checks.ngram_row(
            home_texts.texts, domain, order=order, n_bytes=1000 * kilobytes, n_leaked=leaked_texts
        ),
    ),
    stills=[{"leaked_texts": 0}, {"leaked_texts": len(home_texts)}],
    domain=sorted(set(home.domains)),
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
labels = sorted(set(home.domains))
shares = dict(zip(labels, paper.kl.unigrams(home_texts.texts, home.domains), strict=True))
everywhere = np.mean(list(shares.values()), axis=0)
notebook.explore(
    lambda first=labels[0], second=labels[1], length=256: paper.live.variance_and_kl(
        paper.kl.approach(shares[first], shares[second], everywhere, length),
        f"{first} moved towards {second}, {length} bytes",
    ),
    stills=[{"second": labels[-1]}],
    first=labels,
    second=labels,
    length=[16, 64, 256, 1024],
)

# %% [markdown]
# *What to see.* For models that are close the estimate lies on the dotted line, and it leaves it as they part. Independent bytes are the kind case: their variance and their KL both grow with the length.
#
# Real texts are not so kind. A text belongs to a **domain**, and one model may like every byte of it a little more. Over $T$ bytes such preferences add
# up: KL grows with $T$, the standard deviation between domains grows with $T$ too, and so its square, the variance, with $T^2$. For models of bytes this can be tested: let a model write texts, score these with both
# models, and average the log-ratio; that is KL without any approximation, only with sampling error.

# %%
window, longest = (128, 512) if zoo_plan != "smoke" else (64, 128)  # networks learnt on 128 bytes
long_texts = text.chunks.load(
    "installed", size=longest + 3, minimum=longest, per_domain=max(2, per_domain // 5), seed=seed
)
compared = paper.kl_runs.groups(
    home,
    long_texts,
    window=window,
    longest=longest,
    n_models=n_calibration_models,
    sampling={"n_draws": n_draws, "seed": seed},
)
counted, every = compared["counted"], compared["all"]
is_network = np.flatnonzero(~np.isin(every.names, trained.model[trained.kind == "ngram"]))
length_table = pd.concat(
    [counted.by_length(*pair) for pair in counted.ends()]
    + [every.by_length(*pair) for pair in every.ends(is_network)],
    ignore_index=True,
)
notebook.figure(
    paper.figures.by_length(length_table),
    "by_length",
    data=length_table.assign(pair=length_table.pair.str.replace("\n", " and ")),
    caption="Sampled KL and the variance estimate for longer and longer beginnings of the same texts: the nearest and the farthest "
    "pair of n-gram models, then of networks. Both scales are logarithmic: slope 1 grows with the length, slope 2 with its square.",
)

# %% [markdown]
# *What to see.* Black is the truth: a straight line of slope 1. Red, the formula, starts above it even for short texts and leaves it with a slope nearer to 2; at 512 bytes it is tens of times too large for n-gram models that read different amounts. So
# the number on this map is no KL divergence but something larger. The part within domains (blue) is nearer, and not there either. Call it the **map distance**, in bits/byte. The published distances have the same tendency (random
# pairs of models at 2.2 bits/byte, where the whole cross-entropy of a text is below 1): that is our inference, not a statement of the paper.
#
# How much of it is the mixture of domains? Move the texts from all domains alike to one domain only.

# %%
nearest = counted.names[list(counted.ends()[0])]
farthest = counted.names[list(counted.ends()[-1])]
notebook.explore(
    lambda first=nearest[0], second=nearest[1], domain=labels[0], percent=50: (
        paper.live.mix_domains(counted, first, second, domain, percent)
    ),
    stills=[{"percent": 100}, {"first": farthest[0], "second": farthest[1], "percent": 100}],
    first=list(counted.names),
    second=list(counted.names),
    domain=labels,
    percent=(0, 100),
)

# %%
check = every.agreement()
labelled = {}
for claim, name, what in (
    ("kl_token", "token level", "next-byte KL on given texts"),
    ("kl_text", "text level", "sampled KL"),
):
    r, interval = models.maps.robustness.agreement(
        every.matrices["variance"], every.matrices[name], seed=seed
    )
    labelled[name] = f"{what}, bits/byte\n(r = {r:.2f})"
    note = f"{len(check)} pairs of {every.spread.sum()} models; interval over models"
    notebook.claims.record(claim, r, interval, note=note)
notebook.figure(
    paper.figures.agreement(check, labelled),
    "kl_check",
    data=check,
    caption=f"The map distance on {window}-byte texts against direct estimates of KL (mean of both directions), for all pairs of {every.spread.sum()} byte-level models. "
    "Dotted: equality.",
)
notebook.table(check.round(4), "kl_check", caption="The same numbers, bits/byte.")
notebook.teach.quiz("which_grows")

# %% [markdown]
# *What to see.* How far the pairs lie above the line, and how much of their order is left. The pairs share their models, so the intervals of both correlations in the ledger are of models drawn anew, not of pairs, and with ten models they are wide. The paper's models are nearer to each other than these. (Which direct estimates the paper takes "at token level" and "at
# text level" is our reading: next-token divergences along given texts, and log-ratios of sampled texts.)
#
# ## 6. How many dimensions has the map?

# %%
cumulative = models.maps.projection.spectrum(population.Q)
marks = {share: models.maps.projection.n_components(cumulative, share) for share in (0.9, 0.95)}
spectrum = pd.DataFrame(
    {"component": np.arange(1, len(cumulative) + 1), "cumulative share": cumulative}
)
notebook.figure(
    paper.figures.spectrum(cumulative, marks),
    "spectrum",
    data=spectrum,
    caption=f"Cumulative contribution of the principal components of Q, {M} models.",
)
notebook.table(
    pd.DataFrame({"share, %": [90, 95], "components": list(marks.values())}),
    "spectrum",
    caption=f"Components that carry this share of the squared norm; at most {M - 1} are there.",
)
notebook.claims.record("pca_90", marks[0.9])
notebook.claims.record("pca_95", marks[0.95])
_ = notebook.claims.record("pca_share", marks[0.9] / M, note=f"{marks[0.9]} of {M}")

# %% [markdown]
# *What to see.* A handful of directions carries nearly all of the distance. Their number grows with the number of different models, and the paper's 42 for
# 90 % are of 1,018.
#
# ## 7. Predicting what models can do
#
# The paper predicts benchmark scores from the coordinates by ridge regression, far better than from the mean log-likelihood alone. Small models cannot do benchmarks, so we set them six tasks of our own,
# all of one form: two beginnings, two endings, and the question whether each ending is likelier with its own beginning than with the other's. How likely the beginnings and endings are by themselves cancels, so fluency alone scores 50 %.

# %%
items = models.zoo.tasks.items(n_items, seed)
notebook.table(
    models.zoo.tasks.examples(items),
    "tasks",
    caption=f"An item of each task; there are {n_items} of each.",
)
if scores_file is not None:
    benchmark = paper.task_scores.read(scores_file, population.models)
elif population.is_published:
    benchmark = paper.task_scores.released(population.models)
else:
    task_texts = text.chunks.load(
        "installed", size=256, part="task", per_domain=max(2, per_domain // 10), seed=seed
    )
    benchmark = paper.task_scores.home_made(
        population.models, task_texts, n_items=n_items, seed=seed
    )
scores = benchmark.scores.reset_index(drop=True)
map_table["task mean"], map_table["strongest task"] = scores["task mean"], benchmark.strongest
notebook.figure(
    paper.figures.colourings(
        places["t-SNE"],
        {"task mean": map_table["task mean"], "strongest task": map_table["strongest task"]},
        {"task mean": "%"},
    ),
    "map_tasks",
    data=map_table[["model", "t-SNE 1", "t-SNE 2", "strongest task"]].join(scores),
    caption="The map by the mean of six tasks, and by the task at which a model stands out most from the others (standardised over models).",
)

# %% [markdown]
# **The folds decide the answer.** Fine-tunes and checkpoints are nearly copies of their base: if the base is in the training part, its copy is no test. Grouped folds keep lineages together, random folds do not.

# %%
dealing = notebook.teach.exercise(
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
                len(
                    set(
                        np.asarray(deal(list(home.models.lineage), 5, 1))[
                            home.models.lineage == name
                        ]
                    )
                )
                == 1
                for name in set(home.models.lineage)
            ),
            "deal out lineages, not models: two models of one lineage are in different folds",
        ),
        (
            "the seed changes it",
            lambda deal: (
                len({tuple(np.asarray(deal(list(home.models.lineage), 5, s))) for s in range(8)})
                > 1
            ),
            "shuffle with np.random.default_rng(seed)",
        ),
    ],
)
dealing.check(None)  # put your function here

# %%
comparison = paper.prediction_runs.compare_predictors(population, benchmark, range(n_seeds))
notebook.table(
    comparison.table,
    "table2_coordinates",
    caption=f"Table 2 and its variants: out-of-fold correlations over {len(comparison.names)} models, mean and standard deviation over {n_seeds} seeds.",
)
notebook.table(comparison.side_by_side, "folds", caption="Pearson's r of the same, side by side.")
notebook.table(
    comparison.alone,
    "table3_mean_alone",
    caption="Table 3: correlation of each score with the mean log-likelihood.",
)


# %%
def titled(table):
    return [f"{row.target}\nr = {row.r:.2f}, $\\rho$ = {row.rho:.2f}" for row in table.itertuples()]


truth, all_scores = comparison.predicted, comparison.columns
titles = titled(comparison.summary.reset_index())
colour = pd.Series(comparison.mean, name="mean log-likelihood, nats")
notebook.figure(
    paper.figures.predicted(truth, ["task mean"], titles[-1:], colour),
    "fig8_predicted",
    data=truth,
    caption="Figure 8: the mean of the tasks, predicted from the coordinates with lineages held out (mean of the seeds), against the measured one.",
)
notebook.figure(
    paper.figures.predicted(truth, all_scores, titles, colour),
    "fig18_tasks",
    data=truth,
    caption="Figure 18: the same for every target.",
)
family = map_table.family.iloc[benchmark.kept]
notebook.figure(
    paper.figures.against_mean(
        truth, comparison.mean, all_scores, titled(comparison.alone), family
    ),
    "mean_alone",
    data=truth[["model", *all_scores]].assign(mean_log_likelihood=comparison.mean),
    caption="Each score against the mean log-likelihood alone.",
)

# %%
absent = "needs the leaderboard's scores: give scores_file or the published matrix"
for claim, value in paper.prediction_runs.benchmark_claims(comparison).items():
    notebook.claims.record(claim, value, note="" if np.isfinite(value) else absent)
tasks = "six benchmarks" if benchmark.is_leaderboard else "six home-made tasks"
value, interval = comparison.contrast(seed=seed)
_ = notebook.claims.record("contrast", value, interval, note=f"{tasks}; interval over lineages")

# %% [markdown]
# *What to see.* Read the table of $r$ along its rows. What random folds add to grouped ones is the models' relatives. Where a single ability separates the columns, the coordinates know what the mean log-likelihood does not: who closes brackets and who copies. **The mean of
# the tasks** is where the paper's Tables 2 and 3 stand against each other. Their values are of six benchmarks and are asked of the leaderboard's scores alone; a home-made mean that came near to one of them would be a coincidence. What can be asked here is the direction, coordinates ahead of the mean
# log-likelihood, and the ledger says whether the whole interval over lineages agrees. Two reasons why the contrast is small here are at hand. There are seventy models instead of a thousand, so that holding a family out leaves nobody like it; and these abilities are no single scale, a
# model good at one is often bad at another, while benchmark scores of large models rise together. Next-byte accuracy, which is nearly likelihood, is predicted by everything. What no model of this size can do, addition, nothing predicts once relatives are held out.
#
# **The penalty.** A ridge with hardly any penalty fits the models that it was given and says little of others; one with too much says the same of all. The published recipe chooses it inside the training part.

# %%
notebook.explore(
    lambda target="task mean", features=paper.prediction_runs.COORDINATES, folds="grouped": (
        paper.live.ridge(comparison, places["t-SNE"][benchmark.kept], target, features, folds)
    ),
    stills=[{}, {"folds": "random"}, {"target": all_scores[0]}],
    target=all_scores,
    features=list(comparison.features),
    folds=list(paper.prediction_runs.FOLDS),
)

# %% [markdown]
# ## 8. Who has seen the texts?
#
# A model that was trained on the very texts finds them likely beyond its ability. The paper compares the standardised mean log-likelihood with the standardised mean of the benchmarks: models trained on the Pile, from which its texts are
# taken, stand far off the diagonal. Here one family was trained on the evaluation texts; every member has a clean twin, the same model without them.

# %%
leak = paper.leaks.read(population, benchmark.kept, benchmark.values[:, -1])
notebook.figure(
    paper.figures.leakage(leak.likelihood, leak.ability, family.rename("family"), leak.twins),
    "leakage",
    data=leak.table,
    caption="Standardised task mean against standardised mean log-likelihood. Arrows lead from each clean twin to the model that has also seen the texts.",
)
likeliest = leak.table.sort_values("reading, sd", ascending=False).head(12)
notebook.table(
    likeliest.reset_index(drop=True),
    "leakage",
    caption="The twelve models that are likeliest beyond their ability.",
)
if len(leak.gaps) > 1:
    test = statistics.paired_test(leak.gaps, np.zeros(len(leak.gaps)))
    note = f"{len(leak.gaps)} leaked models; interval by Student's t"
    notebook.claims.record("leak", test.mean, (test.low, test.high), note=note)
else:
    notebook.claims.record("leak", np.nan, note="fewer than two leaked models in this population")

# %% [markdown]
# *What to see.* An arrow to the right is what the leak should do: likelier. Counted models, which remember every text, leave the cloud at once and are no abler for it. Networks of this size remember little in one short run, and their arrows are short; how far up or down they lead is the noise of the tasks from run to run. So
# the reading may show the leak of the counted models and miss that of the networks, and the interval of so few is wide: see the ledger.
#
# ## 9. Between models
#
# A base model and two of its fine-tunes span a plane of weights, $\theta(a,b)=(1-a-b)\,\theta_0+a\,\theta_1+b\,\theta_2$. If the log-likelihoods followed the weights
# linearly, $\hat\ell(a,b)=(1-a-b)\,\ell_0+a\,\ell_1+b\,\ell_2$ would predict every mixture. The corner $(1,1)$ adds both steps and lies outside.

# %%
if interpolation_models:
    three, floor = (
        [name.split("/")[-1] for name in interpolation_models],
        paper.interpolation.PUBLISHED_FLOOR,
    )
    between = paper.interpolation.scored(
        interpolation_models, three, texts, n_interpolation_texts, rule, floor
    )
else:
    three, floor = list(paper.tokenizers.fork(models.zoo.plan(zoo_plan))), home.clipped.threshold
    folders = list(trained.set_index("model").folder[three])
    between = paper.interpolation.scored(
        folders, three, home_texts, n_interpolation_texts, rule, floor
    )
geometry, (plane_r, plane_rho) = between.geometry, between.agreement
notebook.figure(
    paper.figures.interpolation(
        geometry.place(between.points),
        between.coordinates,
        *between.means,
        between.points,
        f"r = {plane_r:.3f}, $\\rho$ = {plane_rho:.3f}",
    ),
    "interpolation",
    data=between.table,
    caption=f"36 models in the plane of $\\theta_0$ = {three[0]}, $\\theta_1$ = {three[1]} and "
    f"$\\theta_2$ = {three[2]}: where they lie in weight space and in log-likelihood space, and their "
    "mean log-likelihood against the prediction.",
)
notebook.table(
    between.summary,
    "interpolation",
    caption="Weight space and prediction. Random steps in so many dimensions are at right angles as well: only an angle well off theirs says something of the fine-tunes.",
)

# %%
for claim, value, model in (
    ("interpolation_r", plane_r, "Mistral"),
    ("interpolation_rho", plane_rho, "Mistral"),
    ("interpolation_angle", geometry.angle, "Mistral"),
    ("interpolation_rms_1", geometry.rms_1, "Mistral"),
    ("interpolation_rms_2", geometry.rms_2, "Mistral"),
    ("interpolation_llama", geometry.angle, "lama"),
):
    asked = model in three[0]
    note = ", ".join(three) if asked else "a number of other models; one triple here is no sample"
    notebook.claims.record(claim, value if asked else np.nan, note=note)
notebook.explore(
    lambda a=0.5, b=0.5: paper.live.interpolate(between, a, b),
    stills=[{}, {"a": 1.0, "b": 1.0}],
    a=(0.0, 1.0, 0.1),
    b=(0.0, 1.0, 0.1),
)

# %% [markdown]
# *What to see.* The net keeps its shape from weights to log-likelihoods, bent a little. Where points of the right panel lie above the line, mixtures are likelier than it predicts: averages of fine-tunes lose less elsewhere than each of them does. Three of the 36 means are exact by construction, and all are of one triple: the
# paper's correlations belong to Mistral and are asked of it alone. And two steps in a space of so many dimensions are nearly at right angles whatever they are: the table has the angle of random ones beside ours.
#
# ## 10. The tokenizer trap
#
# The published rule scores what the tokenizer returns: with a BOS token in front, the first real token counts; without, it does not. And a model of subwords gives the probability of **one** way to cut the string,
# not of the string. How far do these move a point?

# %%
trap = paper.tokenizers.measure_moves(home, models.zoo.plan(zoo_plan), home_texts)
middle = np.median(home.kl[np.triu_indices(len(home), 1)])
notebook.table(
    trap.table,
    "tokenizers",
    caption="How far a point moves when only the rule or only the vocabulary changes; the median distance of two models of this population is "
    f"{middle:.2g} bits/byte.",
)
notebook.figure(
    paper.figures.moves(trap.places, trap.arrows, trap.family),
    "tokenizers",
    data=pd.DataFrame(trap.places, columns=["component 1", "component 2"]).assign(model=trap.names),
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
for claim, value in paper.population.released_facts(population, leak.table).items():
    notebook.claims.record(claim, value, note="" if np.isfinite(value) else absent)
is_pile = text_set == "pile10k"
notebook.claims.record(
    "mean_bytes",
    population.n_bytes.mean() if is_pile else np.nan,
    note="" if is_pile else "needs the authors' texts: text_set = pile10k",
)
notebook.claims.table()

# %% [markdown]
# **What was chosen after looking.** No task was changed after a first result. Rules that could not fail, or that compared home-made tasks and one triple of ours with the paper's numbers, were taken out later; none was made easier. The figure of KL by length got the nearest two models beside those spread over the tree, on which alone the correlations are computed. Texts have 128 bytes because the networks learnt on windows of that length; that was fixed before.
#
# **What is uncertain.** Which centring, folds and direct estimates belong to which table of the paper is partly our reading, and the tables' numbers come from summaries of it. The exact leakage statistic, the scaling behind "domain of strength" and the linkage, if any, are not known. Positions of
# single models in the published map cannot be compared: t-SNE is defined up to rotation, reflection and seed.
#
# **What this population cannot show.** Its models differ in their training text far more than public models do, so distances are large, a few directions carry them, and the mean log-likelihood says more about
# ability than it does among models that have all read everything. In an earlier trial with n-gram models alone the mean already predicted likelihood-like tasks with $r=.95$.
#
# **Go on from here.** (a) Set `chunk_bytes=64` and see which distances shrink. (b) Give `models_file` a list of Pythia checkpoints. (c) Draw only one domain: is the variance estimate now nearer to KL?

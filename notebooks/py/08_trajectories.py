# %% [markdown]
# # How far do language models move?
#
# **The question.** A model changes while it is trained, when its weights are rounded, when it is fine-tuned, and from layer to layer. Which of these changes are large, and
# which are small? Without a common scale, "KL 0.1" says nothing.
#
# **The idea in two sentences.** Put every checkpoint, rounded copy, fine-tune and layer on the map of notebook 06: each is one list of log-likelihoods of the same texts, and
# squared distances are KL divergences in bits per byte. Then every kind of change can be laid on one ruler, and a run of training becomes a path whose speed and roughness can be measured.
#
# The paper: Ryo Kishino, Yusuke Takase, Momose Oyama, Hiroaki Yamagiwa and Hidetoshi Shimodaira, *Establishing a Scale for Kullback-Leibler Divergence in Language Models Across Various
# Settings*, Findings of ACL 2026 ([arXiv 2505.15353](https://arxiv.org/abs/2505.15353)). The first version had the title *Revealing Language Model Trajectories via Kullback-Leibler
# Divergence*; most of its numbers are known here from summaries by others, and the table of claims says which.
#
# **After this notebook you can**
#
# - read a KL in bits per byte against a ruler that runs from late checkpoints to layers;
# - tell a spiral that training draws from one that any random walk draws;
# - measure how distance grows with time, and say when such an exponent means nothing;
# - say what rounding does to a model, and whether it does the same to its relatives.
#
# The paper has the Pythia suite and public models. Here small networks are trained on this machine: six byte-level GPT-NeoX runs on a short cosine schedule, and a far smaller
# network for the long tail that exponents need. They are under-trained, so their distances are larger; what can be compared is order and shape.

# %% [markdown]
# ## Settings
#
# `lmnotes run 08 --profile paper` scores the Pythia checkpoints (12 runs of 154) and the hub models that `models.csv` names (columns model, type, parent) on GPUs; it resumes.
# `-p runs_table=FILE` takes any runs: a csv with the columns run, step and model (hub id or folder), perhaps revision, group and excluded.

# %% tags=["parameters"]
from typing import Literal

runs_table: str | None = None  # "pythia", or a csv of checkpoints; None: runs trained here
n_steps: int = 1200  # 4..1000000, of the runs trained here
n_late: int = 60  # 4..1000, evenly spaced checkpoints of each
widths: list[int] = [32, 64, 96]  # of the three sizes
n_seeds: int = 4  # 1..20, of the middle size
warm_up_end: int = 260  # 1..100000, steps; from here on checkpoints are evenly spaced
n_intervals: int = 20  # 1..1000, behind Early and behind Later, of each size
window: int = 10  # 2..100, later checkpoints for an exponent
zoo_plan: Literal["smoke", "laptop", "paper"] = "laptop"  # the population of notebook 06
models_file: str | None = None  # csv with model, type and parent: these instead
text_set: str = "installed"  # installed | pile10k | a path
chunk_bytes: int = 128  # 32..4096, of an installed text at most
per_domain: int = 120  # 2..1000000, texts of each domain in notebook 06
every_text: int = 5  # 1..1000, of those every so many-th is used here
clip_share: float = 0.02  # 0..0.2, of the entries raised to their quantile
removed_share: float = 0.03  # 0..0.5, texts removed that change most between checkpoints
long_steps: int = 20000  # 20..10000000, of the small network's long runs
long_late: int = 50  # 4..1000, evenly spaced checkpoints of each
tuning_steps: list[int] = [50, 200, 1000]  # of fine-tuning, increasing
deep_steps: int = 600  # 1..1000000, of the deep model whose layers are shown
n_quantised: int = 5  # 1..1000, models that are rounded and taken apart
quantiser: Literal["simulated", "bitsandbytes"] = "simulated"  # the latter needs a GPU
n_bootstrap: int = 200  # 10..10000, draws of texts
perplexity: float = 30.0  # 2..200, of t-SNE
n_iterations: int = 1000  # 250..100000, of t-SNE
workers: int | None = None  # 0..64, processes; None: one for each core
seed: int = 42  # 0..1000000

# %%
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import figures, models, notebook, statistics, text
from lmnotes.papers import trajectories as paper

figures.style.use()
notebook.begin("08_trajectories", globals())
if models_file is not None and not Path(models_file).exists():
    raise FileNotFoundError(
        f"{models_file} does not exist: expected a csv with the columns model, type and parent, or "
        "None for the models trained here; correct it above"
    )

# %% [markdown]
# ## 1. Texts and runs
#
# The texts are some of those of notebook 06. Every model of this page scores the same ones, and one clip threshold is frozen for all, so that any two numbers below can be compared.

# %%
home_texts = text.chunks.load("installed", size=chunk_bytes, per_domain=per_domain, seed=seed)
if text_set == "installed":
    in_home = np.flatnonzero(home_texts.table.groupby("domain").cumcount() % every_text == 0)
    texts = home_texts.select(in_home)
else:
    texts = text.chunks.load(text_set)
scored = models.ledger.open(texts)
notebook.note_input("texts", texts.content_id)
notebook.table(
    texts.table.groupby("domain")
    .agg(texts=("text_id", "size"), files=("source", "nunique"), mean_bytes=("n_bytes", "mean"))
    .reset_index(),
    "texts",
    caption=f"{len(texts):,} texts of {texts.n_bytes.mean():.1f} bytes on average.",
)

# %%
small_batch = {"n_sequences": 4}
deep_width = widths[len(widths) // 2]
deep = models.zoo.plans.run(
    "GPT-NeoX", deep_width, 6, "uniform", 1, n_steps=deep_steps, **small_batch
)
if runs_table is None:
    specs = models.zoo.plans.trajectories(n_steps, n_late, widths, n_seeds, **small_batch)
    trained = models.zoo.build([*specs, deep], workers=workers).models
    deep_folder = trained.set_index("model").folder[deep.name]
    checkpoints = paper.checkpoints.from_zoo(trained[trained.lineage != deep.name])
    models.runner.score_small(checkpoints, scored, workers=workers)
else:
    deep_folder = models.zoo.build([deep], workers=workers).models.folder[0]
    checkpoints = paper.checkpoints.read(runs_table)
    models.runner.score(paper.checkpoints.models(checkpoints), scored, devices="all")
    checkpoints = paper.checkpoints.present(checkpoints, scored)
L = scored.matrix(paper.checkpoints.models(checkpoints))
groups = checkpoints.drop_duplicates("run").set_index("run")["group"].to_dict()
sizes = [run for run, group in groups.items() if group != "seed"]
seeds = [run for run, group in groups.items() if group != "size"]
middle = next((run for run, group in groups.items() if group == "both"), sizes[0])
notebook.note_input("runs", sorted(groups))

# %% [markdown]
# As in the paper, log-likelihoods are clipped at their pooled 2 % quantile, and the texts whose log-likelihood jumps most between checkpoints after the warm-up are removed. The second
# step looks at the outcome, and so lowers KL: section 4 shows by how much.

# %%
raw_runs = list(paper.checkpoints.runs(checkpoints, L.values).values())
threshold = L.select(models=~checkpoints["excluded"].to_numpy(bool)).clip(clip_share).threshold
frozen = {"after": warm_up_end, "threshold": threshold}
prepared = paper.paths.prepare(raw_runs, remove=removed_share, **frozen)
kept, runs = prepared.kept, prepared.runs
n_bytes = texts.n_bytes[kept]
in_bits = {"unit": "bits/byte", "n_bytes": n_bytes}
blocks = texts.table["source"].to_numpy()[kept]


def clipped(log_likelihood):
    """(M, N) raised to the frozen threshold, on the texts that were kept."""
    return np.maximum(log_likelihood, threshold)[:, kept]


n_parameters = checkpoints.get("n_parameters", pd.Series(np.nan, checkpoints.index))
summary = pd.DataFrame(
    {
        "run": list(runs),
        "group": [groups[run] for run in runs],
        "parameters": n_parameters.groupby(checkpoints["run"], sort=False).first().to_numpy(),
        "checkpoints": [len(run) for run in runs.values()],
        "last step": [run.steps[-1] for run in runs.values()],
        "bits/byte at the end": [
            -run.log_likelihood[-1].mean() / n_bytes.mean() / np.log(2) for run in raw_runs
        ],
    }
)
notebook.table(
    summary,
    "runs",
    caption=f"{len(checkpoints)} checkpoints. {kept.sum():,} of {len(texts):,} texts are kept; entries below {threshold:.0f} nats are raised to it.",
)

# %%
notebook.claims.record("n_texts", len(texts))
notebook.claims.record("mean_bytes", texts.n_bytes.mean())
published = paper.kl_ruler.published()["median"]  # bits/byte
claim_ids = {name: name.lower().replace("-type", "").replace("-", "") for name in published.index}

# %% [markdown]
# ## 2. The unit
#
# For two models $a$, $b$ with log-likelihoods $\ell_a(x_s)$, $\ell_b(x_s)$ of texts of $\bar B$ bytes on average,
#
# $$\mathrm{KL}(a,b)\;=\;\frac{\operatorname{Var}_s\big(\ell_a(x_s)-\ell_b(x_s)\big)}{2\,\bar B\,\ln 2}\qquad\text{bits per byte},$$
#
# the population variance over texts. A constant difference does not count. The root of twice a KL in nats is the standard deviation of the difference; the caption of the scale in section 9 has some of the
# paper's medians in that reading. The formula is the second-order term of a KL: near models are that far apart, and for distant ones it is a distance on the map and **no literal KL**. A value
# above what the models themselves need for a byte, as early checkpoints, layers and some fine-tunes have below, cannot be one.

# %%
rng = np.random.default_rng(seed)
toy = rng.normal(-300, 50, (2, 400))
toy_bytes = rng.integers(500, 1024, 400)
toy_kl = paper.paths.pair_kl(toy, [[0, 1]], "bits/byte", toy_bytes)[0]
measured = notebook.teach.exercise(
    "bits_per_byte",
    properties=[
        (
            "equal models are at distance 0",
            lambda kl: kl(toy[0], toy[0], toy_bytes) == 0,
            "take the difference of a and b first",
        ),
        (
            "a constant does not count",
            lambda kl: np.isclose(kl(toy[0], toy[0] + 50, toy_bytes), 0),
            "take the variance, not the mean square",
        ),
        (
            "the factor 2 is there",
            lambda kl: not np.isclose(kl(*toy, toy_bytes), 2 * toy_kl),
            "KL is half the variance",
        ),
        (
            "it is per byte, in bits",
            lambda kl: np.isclose(kl(*toy, toy_bytes), toy_kl, rtol=1e-6),
            "divide by the mean number of bytes and by ln 2; np.var has ddof=0, as it should be",
        ),
    ],
)
measured.check(None)  # put your function here

# %% [markdown]
# ## 3. Runs on the map
#
# Figure 1 of the paper: t-SNE of the coordinates $Q/\sqrt{2N\bar B\ln2}$ of all checkpoints, beside the same points by principal components, which bend nothing. Lines go from light to
# dark along training and are wide where a step is long; the large dot is the end.

# %%
stacked = np.concatenate([run.log_likelihood for run in runs.values()])
Q = models.maps.double_centre(stacked) / np.sqrt(2 * stacked.shape[1] * n_bytes.mean() * np.log(2))
ends = np.cumsum([len(run) for run in runs.values()])[:-1]


def by_run(rows):
    return dict(zip(runs, np.split(rows, ends), strict=True))


principal = by_run(models.maps.pca(Q, 3))
neighbours = models.maps.tsne(
    Q, 42, perplexity=perplexity, metric="euclidean", n_iterations=n_iterations
)
places = pd.DataFrame(neighbours, columns=["tsne_1", "tsne_2"]).assign(
    run=np.repeat(list(runs), [len(run) for run in runs.values()]),
    step=np.concatenate([run.steps for run in runs.values()]),
)
places[["pc_1", "pc_2", "pc_3"]] = np.concatenate(list(principal.values()))
panels_of_map = {
    "t-SNE": by_run(neighbours),
    "PCA": {run: xy[:, :2] for run, xy in principal.items()},
}
notebook.figure(
    paper.figures_paths.maps(
        panels_of_map,
        groups,
        {"PCA": ("component 1, root bits/byte", "component 2, root bits/byte")},
    ),
    "fig1_trajectories",
    data=places,
    caption="Figure 1: all runs on one map, three sizes in colour and further seeds of the middle one in grey.",
)

# %% [markdown]
# *What to see.* On the right all runs make the same way: together out of the untrained corner, one sharp turn when they have the frequencies of bytes, and back along another line towards ends that lie
# close together. Seeds of one size draw nearly the same curve; sizes differ in how far they swing. On the left the same points make bundles and arcs, and the small distances of the late
# checkpoints are blown up. What of this is training, and what would any path show?


# %%
for name, members in (("seeds", seeds), ("sizes", sizes)):
    cosine, interval = paper.paths.parallel(
        [runs[run] for run in members], blocks, n_bootstrap, seed
    )
    notebook.claims.record(f"parallel_{name}", cosine, interval=interval)
    print(f"moves of {name}: mean cosine {cosine:.2f} ({interval[0]:.2f} to {interval[1]:.2f})")

# %% [markdown]
# **The control.** The components of a long walk of independent steps of one size in many dimensions are cosines of rising frequency, with $6/(\pi k)^2$ of the variance each (61 %, 15 %, 7 %, ...), and
# two cosines drawn against each other are an arc or a spiral. So the run is set beside a random walk of 1,000 dimensions that takes steps of the same lengths. Those get shorter and shorter, so that
# the walk's cosines are stretched as well, and neither fits an even one well: compare the two. One walk is chance; the caption has the mean of twenty.


# %%
def control_of(run, first=0, walk_seed=0):
    """Paths and shapes of a run from a step on, and of a random walk with its step lengths."""
    chosen = runs[run].steps >= first
    path = by_run(Q)[run][chosen]
    both = {"training": path, "random walk": paper.random_walk.control(path, seed=walk_seed)}
    shapes = pd.concat(
        [paper.random_walk.shape(walk).assign(path=name) for name, walk in both.items()]
    )
    return {name: models.maps.pca(walk, 3) for name, walk in both.items()}, shapes


paths, shapes = control_of(middle, warm_up_end)
whole = control_of(middle)[1].assign(part="whole run")
shape_table = pd.concat([whole, shapes.assign(part=f"from step {warm_up_end}")], ignore_index=True)
walks = pd.concat([control_of(middle, warm_up_end, number)[1] for number in range(20)])
fit_of_2 = walks[walks["component"] == 2].groupby("path")["cosine_r2"].agg(["mean", "std"])
notebook.figure(
    paper.figures_paths.control(paths, shapes),
    "walk_control",
    data=shape_table,
    caption=f"{middle} after the warm-up, and a random walk with steps of the same lengths: components 1 and 2, 1 and 3, each path scaled to its own size, and shares of the variance. The number over a bar is the squared correlation with the cosine of that number: of component 2, {fit_of_2['mean']['training']:.2f} for training, and {fit_of_2['mean']['random walk']:.2f} (standard deviation {fit_of_2['std']['random walk']:.2f}) for twenty walks.",
)
notebook.table(shape_table, "walk_shapes", caption="What the components of run and walk hold.")


def spiral(run=middle, first=warm_up_end, walk_seed=0):
    return paper.figures_paths.control(*control_of(run, first, walk_seed))


stills = [{"first": 0}]
notebook.explore(spiral, stills=stills, run=list(runs), first=[0, warm_up_end], walk_seed=(0, 50))
notebook.teach.quiz("spiral")

# %% [markdown]
# *What to see.* Where training and walk draw alike curves, the shape says nothing about training. The bars say more: where the first bar of training is higher than the walk's, the run keeps a direction for
# long; where it is lower, single checkpoints jump to and fro and take variance away from the path. And no walk makes other seeds go the same way: the cosines above do not come from geometry.
#
# Drag along one run: where it is, how fast it goes, and which texts it is learning just then.


# %%
longest = max(len(run) for run in runs.values()) - 2


def learning(run=middle, checkpoint=min(10, longest)):
    path = runs[run]
    checkpoint = min(checkpoint, len(path) - 2)
    change = np.diff(path.log_likelihood[checkpoint : checkpoint + 2], axis=0)[0]
    change = change - change.mean()
    top = np.argsort(-np.abs(change))[:5]
    passages = [texts.texts[row] for row in np.flatnonzero(kept)[top]]
    learnt = pd.DataFrame(
        {
            "change beyond the mean, nats": change[top].round(1),
            "domain": texts.domains[kept][top],
            "text": [passage[:90].replace("\n", " ⏎ ") for passage in passages],
        }
    )
    kl = paper.paths.consecutive_kl(path, **in_bits)
    panels = (panels_of_map["PCA"], groups, run, checkpoint, path.steps, kl)
    return [paper.figures_paths.scrubber(*panels), learnt]


notebook.explore(
    learning,
    stills=[{"checkpoint": min(8, longest)}],
    run=list(runs),
    checkpoint=(0, longest),
)

# %% [markdown]
# ## 4. How fast
#
# Figure 4: KL from every checkpoint to the next. Checkpoints lie at steps 0, 1, 2, 4, ... 256 and at even parts of the whole run. Where the two grids mix, in the left
# panel, some intervals are short: the sharp dips there are nothing else.

# %%
speed = (
    pd.concat(
        [
            pd.DataFrame({"step": run.steps[:-1], "kl": paper.paths.consecutive_kl(run, **in_bits)})
            for run in runs.values()
        ],
        keys=runs,
        names=["run"],
    )
    .reset_index("run")
    .reset_index(drop=True)
)
notebook.figure(
    paper.figures_paths.consecutive(speed, groups, warm_up_end),
    "fig4_consecutive",
    data=speed,
    caption="Figure 4: KL between consecutive checkpoints, drawn at the earlier one. Left: the warm-up, on a logarithmic axis of steps. Right: after it.",
)
largest = speed.groupby(["run", speed["step"] < warm_up_end])["kl"].max().unstack()
bursts = (largest[True] / largest[False])[seeds]  # by run
notebook.claims.record("burst", *statistics.over_seeds(bursts), n_seeds=len(bursts))
settled = 10_000 if runs[sizes[0]].steps[-1] > 20_000 else warm_up_end  # of Pythia, and of ours
late = speed[(speed["run"] == sizes[0]) & (speed["step"] >= settled)]
for name, share in (("low", 0.1), ("high", 0.9)):
    notebook.claims.record(f"v1_settle_{name}", late["kl"].quantile(share))

# %% [markdown]
# *What to see.* The first step or two do nothing, then everything moves at once, then less and less, still falling at the end. That has two causes. There is less left to learn; and the learning rate
# follows a cosine down to a tenth, so that steps get shorter whatever there is left. Section 5 takes the two apart.
#
# How much do the choices of the preprocessing matter? The paper takes one threshold and one set of texts for each group of runs; here both are frozen.


# %%
def in_bits_per_byte(differences, n_bytes=n_bytes):
    """KL of every row of (P, N) row-centred differences, (P,) bits/byte."""
    return (differences**2).mean(axis=1) / (
        2 * models.maps.coordinates.nats_per("bits/byte", n_bytes)
    )


intervals = {"n": n_intervals, "after": warm_up_end}
unclipped = {"after": warm_up_end, "threshold": -np.inf}
of_group = [
    paper.paths.prepare([run for run in raw_runs if run.name in names], after=warm_up_end)
    for names in (sizes, seeds)
]
variants = {
    "frozen threshold, texts removed": [(prepared, sizes, seeds)],
    "frozen threshold, all texts": [
        (paper.paths.prepare(raw_runs, remove=0, **frozen), sizes, seeds)
    ],
    "no clip, all texts": [(paper.paths.prepare(raw_runs, remove=0, **unclipped), sizes, seeds)],
    "threshold and texts of each group (the paper's)": [
        (of_group[0], sizes, []),
        (of_group[1], [], seeds),
    ],
}
removal = []
for name, groups_prepared in variants.items():
    removal.append({"variant": name})
    for variant, *names in groups_prepared:
        differences, _ = paper.kl_ruler.training(variant.runs, *names, **intervals)
        for setting, rows in differences.items():
            kl = in_bits_per_byte(rows, texts.n_bytes[variant.kept])
            removal[-1][setting] = np.median(kl)
notebook.table(
    pd.DataFrame(removal),
    "removal",
    caption="Medians of the settings of training in bits/byte, with other choices of clip and texts.",
)

# %% [markdown]
# *What to see.* Clipping reaches only the untrained checkpoints, and leaves these medians where they are, whichever group it is done in. Removing texts lowers all of them, Early most.
#
# ## 5. How distance grows with time
#
# From a checkpoint $t_0$ to the next ten,
#
# $$\log\mathrm{KL}(t_0,t)=c_q\log(t-t_0)+\dots,\qquad\log\lVert\theta_t-\theta_{t_0}\rVert^2=c_w\log(t-t_0)+\dots$$
#
# Both are *squared* distances: $c=1$ is a random walk, $c<1$ slower than one, $c=2$ a straight line. $\alpha=c_q/c_w$ says how rough the map from weights to log-likelihoods is along the run (1 would be
# Lipschitz), and $2/c$ is the dimension of the path. The paper finds $c_w$ about 1 and $c_q$ about 0.2 for Pythia: the weights drift on while the distribution hardly changes.

# %%
drift = {}
for run in runs:
    folders = list(checkpoints[checkpoints["run"] == run].sort_values("step")["model"])
    if all(Path(folder).is_dir() for folder in folders):
        drift[run] = paper.weight_distance.saved(folders, window)
sampling = {"window": window, "n_samples": n_bootstrap, "seed": seed}
exponents_of = paper.exponents.bootstrap_exponents
c_q = {
    name: exponents_of(run, blocks=blocks, first=warm_up_end, **sampling)
    for name, run in runs.items()
}
both = {}
for name, run in runs.items():
    squared = drift.get(name, np.full((len(run), window), np.nan))
    c_w = paper.exponents.exponents(run.steps, squared, warm_up_end)
    if c_w.empty:  # the weights are not here
        c_w = c_q[name].table[["start"]].assign(exponent=np.nan, r2=np.nan)
    both[name] = paper.exponents.with_weights(c_q[name], c_w)
exponent_table = pd.concat([rows.assign(run=run) for run, rows in both.items()], ignore_index=True)
notebook.figure(
    paper.figures_paths.exponent_panels({run: both[run] for run in sizes}),
    "exponents_runs",
    data=exponent_table,
    caption="Exponents of the three sizes against the start step, with 95 % intervals over texts; shaded: the ranges of the paper's five sizes.",
)


# %%
starts = exponent_table.groupby("run")["start"]
position = (starts.rank() - 1) / starts.transform("size")  # of a start in its run, 0..1
stretches = pd.concat(
    [
        exponent_table[position.between(*share, inclusive="left")]
        .groupby("run", sort=False)[["c_q", "r2_q", "c_w", "r2_w", "alpha"]]
        .mean()
        .reset_index()
        .assign(starts=f"{which} quarter")
        for which, share in (("first", (0, 0.25)), ("last", (0.75, 1)))
    ]
)
notebook.table(
    stretches,
    "exponents",
    caption="Mean exponents over the first and the last quarter of the starts.",
)
tails = {run: paper.exponents.tail_c_q(c_q[run]) for run in runs}
values, intervals_over_texts = zip(*tails.values(), strict=True)
notebook.claims.record(
    "cq_zoo", *statistics.over_seeds(values, intervals_over_texts), n_seeds=len(runs)
)

# %%
ratios = []
for run, squared in drift.items():
    pairs = paper.kl_ruler.interval_pairs(runs[run].steps, **intervals)
    first, last = pairs["Early"][:, 0], pairs["Later"][:, 0]
    kl = paper.paths.consecutive_kl(runs[run], **in_bits)
    kl_ratio = np.median(kl[last]) / np.median(kl[first])
    ratios.append(kl_ratio / (np.median(squared[last, 0]) / np.median(squared[first, 0])))
no_weights = "" if ratios else "the weights of these runs are not on this machine"
settling = statistics.over_seeds(ratios) if ratios else (np.nan, None)
notebook.claims.record("settles", *settling, note=no_weights, n_seeds=len(ratios))

# %% [markdown]
# **What the tail of these six runs is worth.** The lines may well lie in the shaded bands, and still *these exponents do not mean here what they mean in the paper*. A law of distance and time needs a
# stationary tail: many steps at nearly constant loss. These runs are short, still learn, and their learning rate falls all along: the last window alone is a good part of the run, over which the steps shrink. And batches are
# small, so that each single checkpoint carries noise. The $R^2$ of $c_q$ in the table is often low, and then its power law is a poor description; that of $c_w$ is good.
#
# So: a network of 22 thousand parameters (the last 16 bytes through two hidden layers, after Bengio et al. 2003), trained for many more steps, twice: at a constant rate, and with
# a cosine to a tenth. Beside the weights as they are, a moving average of the last hundred steps or so is kept.

# %%
kept_steps = models.zoo.plans.schedule(long_steps, long_late)
recipes = {
    "constant rate": paper.byte_network.Recipe(kept_steps, rate=1e-3),
    "cosine to a tenth": paper.byte_network.Recipe(kept_steps, rate=1e-3, schedule="cosine"),
}
base = {"start": recipes["cosine to a tenth"], "start_step": long_steps}
kinds_of_text = [kind for kind in ("numbers", "names", "code") if kind in set(home_texts.domains)]
tunings = {
    kind: paper.byte_network.Recipe(
        tuple(tuning_steps), rate=1e-3, warm_up=20, domains=(kind,), **base
    )
    for kind in kinds_of_text
}
second_tunings = {
    (first, second): paper.byte_network.Recipe(
        (tuning_steps[1],),
        rate=1e-3,
        warm_up=20,
        domains=(second,),
        start=tunings[first],
        start_step=tuning_steps[1],
    )
    for first in kinds_of_text
    for second in kinds_of_text
    if first != second
}
trained_long = paper.long_run.train_all(
    [*recipes.values(), *tunings.values(), *second_tunings.values()], workers
)
long_runs = dict(zip(recipes, trained_long, strict=False))
print(f"{long_runs['constant rate'].weights.shape[1]:,} parameters, {long_steps:,} steps")

# %%
long_first = long_steps // 50
long_texts, long_floor = (texts, threshold) if text_set == "installed" else (home_texts, None)
long_bytes = long_texts.n_bytes
as_they_are, averaged = (
    [
        paper.paths.Run(name, run.steps, paper.long_run.scores(run, long_texts, averaged=is_mean))
        for name, run in long_runs.items()
    ]
    for is_mean in (False, True)
)
frozen_long = {"after": long_first, "threshold": long_floor}
whole_text = paper.paths.prepare(as_they_are, remove=0, **frozen_long)
steady_text = paper.paths.prepare(as_they_are, remove=removed_share, **frozen_long)
mean_text = paper.paths.prepare(averaged, remove=0, **frozen_long)
long_drift = {
    name: paper.weight_distance.windowed(({"all": row} for row in run.weights), window)
    for name, run in long_runs.items()
}
exponents_long = {}
for prepared_as, which in (("all texts", whole_text), ("texts removed", steady_text)):
    sources = long_texts.table["source"].to_numpy()[which.kept]
    for name, run in which.runs.items():
        of_run = exponents_of(run, blocks=sources, first=long_first, **sampling)
        c_w = paper.exponents.exponents(run.steps, long_drift[name], long_first)
        exponents_long[name, prepared_as] = of_run, paper.exponents.with_weights(of_run, c_w)
average_c_q = {
    name: exponents_of(run, first=long_first, **sampling).table.rename(columns={"exponent": "c_q"})
    for name, run in mean_text.runs.items()
}
all_texts = {name: exponents_long[name, "all texts"][1] for name in recipes}
late_c_q = [
    t[paper.exponents.last_quarter(t["start"])]["c_q"].mean()
    for name in recipes
    for t in (all_texts[name], average_c_q[name])
]
notebook.figure(
    paper.figures_paths.exponent_panels(all_texts, average_c_q),
    "exponents_long",
    data=pd.concat([rows.assign(run=run) for run, rows in all_texts.items()], ignore_index=True),
    caption=f"Two long runs of the small network: exponents against the start step, with 95 % intervals over texts; shaded: the ranges of the paper's five sizes; dotted: the same for averaged weights. Mean $c_q$ over the last quarter of the starts, as it is and averaged: {late_c_q[0]:.2f} and {late_c_q[1]:.2f} at the constant rate, {late_c_q[2]:.2f} and {late_c_q[3]:.2f} with the cosine.",
)

# %% [markdown]
# *What to see.* The log-likelihoods do what the paper says: $c_q$ falls from near 1 to a few tenths while the weights drift on without slowing. But look at the dotted line. Averaging the weights over
# some steps takes the noise of single steps out, and the exponent rises: part of the small $c_q$ is a **floor**, a distance that any two checkpoints have however near they are. A constant rate keeps the floor up; a cosine
# lowers it. And $c_w$ stays above the paper's band: these weights keep a direction, so that even this tail is not a stationary one for them, and the exponents are no measurement of the paper's.

# %%
stretches_of_run = [
    (0.01, 0.09),
    (0.10, 0.20),
    (0.21, 0.40),
    (0.41, 0.60),
    (0.61, 0.75),
    (0.76, 0.90),
]
long_rows = []
for (name, prepared_as), (_, of_start) in exponents_long.items():
    source = whole_text if prepared_as == "all texts" else steady_text
    steps = source.runs[name].steps
    kl = pd.Series(
        paper.paths.consecutive_kl(source.runs[name], "bits/byte", long_bytes[source.kept]),
        index=steps[:-1],
    )[np.diff(steps) == steps[-1] - steps[-2]]
    for number, (first, last) in enumerate(stretches_of_run):
        inside = of_start[of_start["start"].between(first * long_steps, last * long_steps)]
        row = inside[["c_w", "c_q", "alpha", "r2_q", "r2_w"]].mean().to_dict()
        row |= {"run": name, "texts": prepared_as, "part": number, "starts": len(inside)}
        row |= {"from": f"{first:.0%}", "to": f"{last:.0%}"}
        row["KL per interval"] = kl.loc[first * long_steps : last * long_steps].mean()
        long_rows.append(row)
long_table = pd.DataFrame(long_rows)
notebook.table(long_table, "exponents_long", caption="Means over stretches of the two long runs.")

# %%
further = [replace(recipes["cosine to a tenth"], seed=other) for other in (2, 3)]
three = [long_runs["cosine to a tenth"], *paper.long_run.train_all(further, workers)]
frozen_tail = {"first": long_first, "remove": removed_share, "threshold": long_floor}
for name, of_seeds in paper.long_run.tails(three, long_texts, **frozen_tail, **sampling).items():
    claim = f"{name.replace('_', '')}_tail"
    notebook.claims.record(claim, *statistics.over_seeds(*of_seeds), n_seeds=len(three))
elsewhere = "a number of the Pythia suite: give runs_table=pythia and its weights"
for size in paper.checkpoints.SIZES:
    for name in ("cw", "cq", "alpha"):
        run, column = f"pythia-{size}", {"cw": "c_w", "cq": "c_q", "alpha": "alpha"}[name]
        value = both[run].set_index("start")[column].get(120_000, np.nan) if run in both else np.nan
        note = "" if np.isfinite(value) else elsewhere
        notebook.claims.record(f"{name}_{size.replace('.', '_')}", value, note=note)

# %% [markdown]
# Take any start and any number of later checkpoints, and look at the two lines themselves. With a straight line the exponent says what happens; a bent one, or a small $R^2$, says that it is one number for
# something that is not a power law.


# %%
everything = {name: (whole_text.runs[name], long_drift[name], long_bytes) for name in recipes}
for name, run in long_runs.items():
    squared = paper.weight_distance.windowed(({"all": row} for row in run.average), window)
    everything[f"{name}, averaged"] = mean_text.runs[name], squared, long_bytes
everything |= {run: (runs[run], drift[run], n_bytes) for run in drift}


def one_window(name, start, length=window):
    """Elapsed steps, KL, squared weight distance, and both laws, from a checkpoint of a run on."""
    run, squared, own_bytes = everything[name]
    later = np.arange(start + 1, min(start + 1 + length, len(run)))
    elapsed = (run.steps[later] - run.steps[start]).astype(float)
    pairs = [(start, row) for row in later]
    kl = paper.paths.pair_kl(run.log_likelihood, pairs, "bits/byte", own_bytes)
    drifted = squared[start, : len(later)]
    laws = [paper.exponents.power_law(elapsed, distance) for distance in (kl, drifted)]
    return run.steps[start], elapsed, kl, drifted, laws


def fits(run="cosine to a tenth", start=80, length=window):
    n_starts = len(everything[run][0]) - 3
    step, *window_of = one_window(run, int(start / 100 * n_starts), length)
    figure, (ax,) = figures.style.panels(width=4.2, height=3.0)
    paper.figures_paths.window_fits(ax, *window_of)
    c_q, c_w = (law.exponent for law in window_of[-1])
    ax.set_title(f"from step {step:,}: alpha = {c_q / c_w:.2f}, 2/$c_q$ = {2 / c_q:.1f}")
    return figure


notebook.explore(
    fits,
    stills=[{"run": "constant rate, averaged"}],
    run=list(everything),
    start=(0, 100),
    length=(2, window),
)

# %%
windows_of = [run for run in ("cosine to a tenth", "constant rate", middle) if run in everything]
figure, axes = figures.style.panels(len(windows_of), height=2.9)
window_rows = []
for ax, name in zip(axes, windows_of, strict=True):
    step, *window_of = one_window(name, max(len(everything[name][0]) - 1 - window, 0))
    paper.figures_paths.window_fits(ax, *window_of)
    ax.set_title(f"{name}, step {step:,}", fontsize=7)
    columns = dict(zip(("elapsed", "kl", "squared"), window_of, strict=False))
    window_rows.append(pd.DataFrame(columns).assign(run=name))
notebook.figure(
    figure,
    "fig5_exponents",
    data=pd.concat(window_rows, ignore_index=True),
    caption="Figure 5, left: KL (solid, left axes) and squared weight distance (dashed, right axes) from the last start with a whole window; both axes span the same number of decades. Grey: an exponent of 1.",
)

# %%
fitted = notebook.teach.exercise(
    "slope",
    properties=[
        (
            "a straight line has exponent 2",
            lambda f: np.isclose(f(np.arange(1.0, 11), np.arange(1.0, 11)), 2),
            "distance grows as t, its square as t squared: the exponent is of the square",
        ),
        (
            "a random walk has exponent 1",
            lambda f: np.isclose(f(np.arange(1.0, 11), np.sqrt(np.arange(1.0, 11))), 1),
            "square the distance before the logarithm",
        ),
        (
            "the unit does not matter",
            lambda f: np.isclose(f(np.arange(1.0, 11), 7 * np.arange(1.0, 11)), 2),
            "fit a constant as well as a slope",
        ),
    ],
)
fitted.check(None)  # a function exponent(elapsed, distance)
lags = np.arange(1.0, 11)
floor_answer = paper.exponents.power_law(lags, 0.1 + 0.01 * lags).exponent
floored = notebook.teach.exercise(
    "floor",
    properties=[
        ("it is below 1", lambda c: 0 < c < 1, "a constant added flattens the line"),
        (
            "its value",
            lambda c: np.isclose(c, floor_answer, atol=0.005),
            "fit log(0.1 + 0.01 t) on log t over t = 1..10",
        ),
    ],
)
floored.check(None)  # a number
notebook.teach.quiz("small_exponent")

# %% [markdown]
# ## 6. Rounded weights
#
# The paper rounds with bitsandbytes (LLM.int8 and FP4) and finds 8 and 4 bits nearly alike and both far away, about as far as a fine-tune. That is odd, and a difference between the two *files*
# (one clipped, another library) would look the same. Here original and copy go through one program: every linear layer is rounded to a symmetric grid, $w\to s\,\mathrm{round}(w/s)$ with
# $s=\max|w|/(2^{b-1}-1)$, one scale for the tensor or for each output column. Four bits are also taken as the paper's program takes them, the nearest of FP4's 15 values times the largest weight of
# each 64 inputs, and these stand on the scale of section 9.

# %%
if models_file is None:
    population = models.zoo.build(zoo_plan, texts=home_texts, workers=workers).models
    population = population.reset_index(drop=True)
    population["parent"] = population["parent"].where(population["kind"] != "checkpoint", "")
    population["type"], population["place"] = population["family"], population["folder"]
    of_population = models.ledger.open(home_texts) if text_set == "installed" else scored
    models.runner.score_small(population, of_population, workers=workers)
    P = of_population.matrix(about=population).values
    P = clipped(P[:, in_home] if text_set == "installed" else P)
    neural = population[(population["kind"] == "neural") & (population["tokenizer"] == "bytes")]
    neural = neural[~neural["leaked"]]
else:
    population = text.readers.table(models_file, ("model", "type", "parent")).fillna("")
    population = population.drop_duplicates("model", ignore_index=True)
    models.runner.score(population["model"], scored, devices="all")
    population = population[population["model"].map(scored.has)]
    population = neural = population.reset_index(drop=True).assign(place=population["model"])
    P = clipped(scored.matrix(population["model"]).values)
examined = neural.iloc[:n_quantised]
notebook.note_input("population", sorted(population["model"]))
is_simulated = quantiser == "simulated"
bits = paper.rounding.BITS if is_simulated else (8, 4)
rule = models.scoring.PUBLISHED if is_simulated else models.scoring.Rule(dtype="float16")
how = {"rule": rule, "how": quantiser, "workers": workers if is_simulated else 1}
rounded, widths = {}, {"column": bits, "tensor": bits, "fp4": (4,)}
n_rounded = {"column": len(examined), "tensor": 2 * is_simulated}
for per, n in (n_rounded | {"fp4": len(examined) * is_simulated}).items():
    to_round = examined.iloc[:n]
    copies = paper.rounding.scores_of(list(to_round["place"]), texts, widths[per], per, **how)
    keys = [(name, per) for name in to_round["model"]]
    rounded |= dict(zip(keys, map(clipped, copies), strict=True))
to_original = [(0, 1 + place) for place in range(len(bits))]
rounding = pd.concat(
    [
        pd.DataFrame(
            {"bits": n, "kl": paper.paths.pair_kl(copies, to_original[: len(n)], **in_bits)}
        ).assign(model=name, per=per)
        for (name, per), copies in rounded.items()
        for n in [widths[per]]
    ],
    ignore_index=True,
)

# %%
notebook.figure(
    paper.figures_ruler.bits(rounding, {n: published[f"{n}-bit"] for n in (8, 4)}),
    "quantisation",
    data=rounding,
    caption="KL of rounded copies to their originals; diamonds: the published medians of far larger models.",
)
by_bits = rounding.groupby(["per", "bits"])["kl"].median().unstack("per").reset_index()
medians_at = by_bits.set_index("bits")
four_over_eight = medians_at.get("fp4", medians_at["column"])[4] / medians_at["column"][8]
notebook.table(
    by_bits,
    "quantisation",
    caption=f"Medians over models, bits/byte. 4 bits over 8 bits: {four_over_eight:.3g}; published {published['4-bit'] / published['8-bit']:.2f}, suspiciously close.",
)

# %% [markdown]
# *What to see.* From many bits down each bit less costs about a factor of four, as it should while errors are small: a bit doubles the error of a weight, and KL goes with its square. At two or three bits it costs more. Eight bits cost
# next to nothing here, far less than published, and four bits cost far less than a change of seed. Our 8-bit and 4-bit copies are *not* alike, which speaks for the suspicion above; or for what small models spare: activations stay as
# they are here, and large models have outliers.
#
# Does rounding push related models the same way? Cosine of the shifts $q_{rounded}-q_{original}$, rows centred; the paper's summary says 0.91 to 0.98 within a family.

# %%
of_columns = {name: copies for (name, per), copies in rounded.items() if per == "column"}
type_of = examined["type"].to_numpy()


def shift_cosines(n_bits):
    pairs = np.stack([copies[[0, 1 + bits.index(n_bits)]] for copies in of_columns.values()])
    return paper.paths.shift_cosine(pairs[:, 0], pairs[:, 1])


upper = np.triu_indices(len(type_of), 1)
same = type_of[upper[0]] == type_of[upper[1]]
kinship = np.where(same, "within a family", "across families")
four_bits = pd.Series(shift_cosines(4)[upper]).groupby(kinship).mean()
notebook.figure(
    paper.figures_ruler.matrix(
        shift_cosines(4), list(of_columns), "cosine of the shifts", scale="cosine"
    ),
    "shift_cosine",
    data=pd.DataFrame(shift_cosines(4), columns=list(of_columns)).assign(model=list(of_columns)),
    caption="Cosines of the shifts by rounding to 4 bits, a scale for each column. Means: "
    + ", ".join(f"{cosine:.3f} {where}" for where, cosine in four_bits.items()),
)
alone = "no two of the examined models are of one family"
note = f"{same.sum()} pairs of {len(type_of)} models" if same.any() else alone
for end, measured in paper.paths.kin_cosines(shift_cosines(8), type_of).items():
    notebook.claims.record(f"cosine_{end}", *measured, note=note)

# %% [markdown]
# *What to see.* Off the diagonal there is almost nothing: the rounding errors of two networks have as little in common as the networks' weights, also within a family, and the paper's finding does not come back. A common direction would
# arise where copy and original differ in something that all models share, such as the arithmetic or the file; that is a guess.


# %%
def rounded_model(bits_of_weights=4, scale="column", model=examined["model"].iloc[0]):
    if (model, scale) not in rounded:
        return f"{model} was not rounded with one scale for each {scale}"
    kl = rounding.set_index(["model", "per", "bits"])["kl"][model, scale, bits_of_weights]
    marks = {f"{bits_of_weights} bits": kl}
    figure = paper.figures_ruler.strip(marks, f"{model}, a scale for each {scale}")
    cosines = pd.DataFrame(
        {
            "model": list(of_columns),
            "family": type_of,
            "cosine of the shift with its own": shift_cosines(bits_of_weights)[
                list(of_columns).index(model)
            ],
        }
    )
    return [figure, cosines]


notebook.explore(
    rounded_model,
    stills=[{}],
    bits_of_weights=list(bits),
    scale=["column", "tensor"],
    model=list(examined["model"]),
)

# %% [markdown]
# ## 7. Relatives
#
# A fine-tune against its parent; two models of one type; two models at random. First in the small network, where a fine-tune costs a second: from the end of the cosine run, on one kind of text, for longer and
# longer; then grandchildren on another.

# %%
in_long_bits = {"unit": "bits/byte", "n_bytes": long_bytes}
tuned = [paper.long_run.scores(run, long_texts) for run in trained_long[len(recipes) :]]
names = ["base", *(f"{kind} {steps}" for kind in tunings for steps in tuning_steps)]
parents = ["", *["base"] * (len(names) - 1)]
for first, second in second_tunings:
    names.append(f"{first} {tuning_steps[1]}, {second}")
    parents.append(f"{first} {tuning_steps[1]}")
base_row = whole_text.runs["cosine to a tenth"].log_likelihood[-1:]
family = np.maximum(np.concatenate([base_row, *tuned]), whole_text.threshold)
tree_edges = paper.kl_ruler.edges(names, parents)
generations = paper.kl_ruler.generations(tree_edges, len(names))
to_parent = paper.paths.pair_kl(family, tree_edges, **in_long_bits)
tuning = pd.DataFrame(
    {
        "model": [names[child] for child, _ in tree_edges],
        "parent": [names[parent] for _, parent in tree_edges],
        "generation": generations[tree_edges[:, 0]],
        "KL to the parent, bits/byte": to_parent,
        "KL to the base, bits/byte": paper.paths.pair_kl(
            family, [(child, 0) for child, _ in tree_edges], **in_long_bits
        ),
    }
)
notebook.table(tuning, "fine_tuning", caption="Fine-tunes of the small network.")


def after(kind, steps):
    """KL to the base after some steps on one kind of text, bits/byte."""
    return to_parent[names.index(f"{kind} {steps}") - 1]  # edges are in the order of the names


# %%
figure, (left, right) = figures.style.panels(2, height=3.0, width_ratios=(1, 1.3))
curves = {kind: np.array([after(kind, steps) for steps in tuning_steps]) for kind in kinds_of_text}
paper.figures_ruler.growth(left, curves, tuning_steps)
paper.figures_ruler.lineages(
    right, models.maps.pca(models.maps.double_centre(family)), tree_edges, generations, names
)
right.set(xlabel="component 1, nats", ylabel="component 2, nats")
right.margins(x=0.3, y=0.12)
right.legend(loc="best")
notebook.figure(
    figure,
    "fine_tuning",
    data=tuning,
    caption="Left: KL to the parent after more and more steps on one kind of text. Right: all of them on a map (PCA), with second fine-tunes; names where there is room.",
)


def fine_tune(text=kinds_of_text[0], steps=tuning_steps[1]):
    own = names.index(f"{text} {steps}")
    siblings = [i for i, name in enumerate(names) if name.endswith(f" {steps}") and i != own]
    children = [i for i, parent in enumerate(parents) if parent == names[own]]
    relatives = {"parent": [0], "siblings": siblings, "children": children}
    marks = {
        f"to its {kind}": np.median(
            paper.paths.pair_kl(family, [(own, i) for i in rows], **in_long_bits)
        )
        for kind, rows in relatives.items()
        if rows
    }
    return paper.figures_ruler.strip(marks, f"fine-tuned on {text} for {steps} steps")


notebook.explore(
    fine_tune, stills=[{"steps": tuning_steps[-1]}], text=kinds_of_text, steps=tuning_steps
)

# %% [markdown]
# *What to see.* A fine-tune has no distance of its own: it is as far as its steps have carried it, from about the distance of two seeds to far more than that of models at random. The published 0.40 is a statement
# about what people upload.
#
# ## 8. Layers
#
# The logit lens reads every layer as a language model: final norm, then the model's own head. Below, one text through a model of six blocks.

# %%
deep_scorer = models.scoring.load(deep_folder)
threads = {}
if text_set == "installed":  # longer texts are not for this model
    threads[deep.name] = clipped(models.scoring.layers.saved(deep_folder, texts))
for name, place in zip(examined["model"], examined["place"], strict=True):
    try:
        layers = clipped(models.scoring.layers.saved(place, texts))
        threads[f"{name} " if name in threads else name] = layers
    except ValueError as reason:  # no norm or head is found
        print(reason)


def of_bytes(text):
    """(L + 1, T) log-probabilities of a text's bytes under every layer, nats."""
    chosen = [home_texts.texts[text]]
    scores = models.scoring.layers.score_layers(deep_scorer, chosen, keep_tokens=True)
    return scores.token_log_probabilities[0]


def lens(text=0, first=0):
    letters = [chr(b) if 32 < b < 127 else "·" for b in home_texts.texts[text].encode()]
    figure, (ax,) = figures.style.panels(width=figures.style.PAGE, height=1.9)
    shown = slice(first, first + 60)
    paper.figures_ruler.one_text(ax, of_bytes(text)[:, shown], letters[shown])
    ax.set_xlabel("bytes of the text")
    return figure


example = int(np.flatnonzero(home_texts.domains == "encyclopedia")[0])
notebook.figure(
    lens(example),
    "layer_text",
    data=pd.DataFrame(of_bytes(example).T),
    caption=f"Log-probability of each byte of one text under every layer of {deep.name}.",
)
notebook.explore(lens, stills=[{"text": 0}], text=(0, len(home_texts) - 1), first=(0, 60))

# %%
layer_differences = [
    models.maps.robustness.pair_differences(layers, np.arange(len(layers) - 1)[:, None] + [0, 1])
    for layers in threads.values()
]
layer_table = pd.DataFrame(
    [
        (name.strip(), depth, kl)
        for name, differences in zip(threads, layer_differences, strict=True)
        for depth, kl in enumerate(in_bits_per_byte(differences))
    ],
    columns=["model", "from layer", "KL to the next layer, bits/byte"],
)
notebook.table(layer_table, "layers", caption="KL between adjacent layers by the logit lens.")
figure, axes = figures.style.panels(3, height=3.1)
few = 3 if 3 in bits else 4
rows = [copies[row] for row in (0, 1 + bits.index(few)) for copies in of_columns.values()]
flat = models.maps.pca(models.maps.double_centre(np.stack(rows)))
paper.figures_ruler.shifts(axes[0], *np.split(flat, 2), list(of_columns), f"rounded to {few} bits")
zoo_edges = paper.kl_ruler.edges(population["model"], population["parent"])
generation = paper.kl_ruler.generations(zoo_edges, len(population))
on_map = models.maps.tsne(
    models.maps.double_centre(P), 42, perplexity=20, metric="euclidean", n_iterations=n_iterations
)
paper.figures_ruler.lineages(axes[1], on_map, zoo_edges, generation, [""] * len(P), on_map)
joint = models.maps.pca(models.maps.double_centre(np.concatenate(list(threads.values()))))
cuts = np.cumsum([len(layers) for layers in threads.values()])[:-1]
paper.figures_ruler.threads(axes[2], dict(zip(threads, np.split(joint, cuts), strict=True)))
paper.figures_ruler.placed(axes, ["(a) rounding, PCA", "(b) fine-tuning, t-SNE", "(c) layers, PCA"])
notebook.figure(
    figure,
    "fig2_maps",
    data=population[["model", "type", "parent"]].assign(x=on_map[:, 0], y=on_map[:, 1]),
    caption="Figure 2: (a) originals (circles) and copies with weights of a few bits (squares; at 8 bits they would coincide); (b) fine-tunes of the population, grey the others; (c) layers from light to dark, the model itself a white square.",
)

# %% [markdown]
# *What to see.* Early layers are far from any language model and far from each other: their distances exceed what the models need to write the text down at all, so they are distances on the map, not literal
# divergences. Every thread ends where its model is; the first blocks take the longest steps.
#
# ## 9. One scale
#
# Now everything on one ruler (Figure 3). Linear below 0.1, logarithmic above.

# %%
pair_differences = models.maps.robustness.pair_differences
differences, units = paper.kl_ruler.training(runs, sizes, seeds, **intervals)
for n in (8, 4):
    per = "fp4" if n == 4 and is_simulated else "column"  # as the paper's program rounds
    to_copy = [[0, 1 + widths[per].index(n)]]
    differences[f"{n}-bit"] = np.concatenate(
        [pair_differences(rounded[name, per], to_copy) for name in of_columns]
    )
    units[f"{n}-bit"] = np.column_stack([list(of_columns)] * 2)
related = {
    "FT": zoo_edges,
    "Intra-type": paper.kl_ruler.within_types(zoo_edges, population["type"]),
    "Random": paper.kl_ruler.random_pairs(zoo_edges),
}
differences |= {name: pair_differences(P, pairs) for name, pairs in related.items()}
differences["Layer"] = np.concatenate(layer_differences)
units |= related | {"Layer": np.column_stack([layer_table["model"]] * 2)}
kl_of = {setting: in_bits_per_byte(rows) for setting, rows in differences.items()}
one_bit = models.maps.coordinates.nats_per("bits/byte", n_bytes)
over_texts = {
    setting: np.median(models.maps.robustness.bootstrap(rows, blocks, n_bootstrap, seed), axis=0)
    for setting, rows in differences.items()
    if len(rows)
}
over_texts = pd.DataFrame(over_texts) / one_bit
over_models = paper.kl_ruler.drawn_medians(
    {setting: kl_of[setting] for setting in over_texts}, units, n_bootstrap, seed
)
scale = paper.kl_ruler.medians(kl_of, over_models, over_texts)
read_as = ", ".join(
    f"{np.sqrt(2 * published[name] * 972.3188 * np.log(2)):.1f} for {name}"
    for name in ("Later", "Seed", "Layer")
)
notebook.table(
    scale,
    "scale",
    caption=f"Medians in bits/byte with intervals over models (low, high) and over texts; certainty is that of the published number. On the paper's texts of 972 bytes its medians are standard deviations of the difference of so many nats: {read_as}.",
)
notebook.figure(
    paper.figures_ruler.ruler(kl_of, scale),
    "fig3_scale",
    data=pd.concat(
        [pd.DataFrame({"setting": setting, "kl": kl}) for setting, kl in kl_of.items()],
        ignore_index=True,
    ),
    caption="Figure 3: KL of the ten settings. Points are pairs, numbers of them in brackets; violins where there are three or more. Red: the published medians, of far larger models. Below 0.1 the axis is linear, so that values near zero lie on it.",
)

# %%
last = np.stack([run.log_likelihood[-1] for run in runs.values()])
end_kl = models.maps.kl(models.maps.row_centre(last), "bits/byte", n_bytes)
notebook.figure(
    paper.figures_ruler.matrix(end_kl, list(runs), "KL, bits/byte"),
    "seed_size",
    data=pd.DataFrame(end_kl, columns=list(runs)).assign(run=list(runs)),
    caption="KL between all runs at their ends.",
)
order = paper.kl_ruler.neighbours(scale, over_models, over_texts)
notebook.table(
    order.assign(holds=order["our ratio"] > 1),
    "order",
    caption="Neighbours on the published ruler: the ratio of the higher to the lower, and the outermost ends of its 95 % intervals over models and over texts.",
)


# %%
widest = scale[["low", "high", "text_low", "text_high", "median"]].agg(["min", "max"], axis=1)
for name, median, interval in zip(
    scale["setting"], scale["median"], widest.to_numpy(), strict=True
):
    notebook.claims.record(f"median_{claim_ids[name]}", median, interval=interval)
for lower, higher, ratio, *interval in order.iloc[:, :5].itertuples(index=False):
    notebook.claims.record(f"order_{claim_ids[lower]}_{claim_ids[higher]}", ratio, interval)
medians = scale.set_index("setting")["median"]
in_issue = ("Later", "Early", "Seed", "FT", "Size", "Random")
for claim, settings in (("order_issue", in_issue), ("order_all", None)):
    n_wrong, *drawn = (
        len(paper.kl_ruler.inversions(row, settings))
        for row in [medians, *over_models.iloc, *over_texts.iloc]
    )
    notebook.claims.record(claim, n_wrong, statistics.interval_holding(n_wrong, drawn))
widest = paper.kl_ruler.ratio_interval("Later", "Layer", over_models, over_texts)
notebook.claims.record("span", medians["Layer"] / medians["Later"], widest)
for name, key in (("Later", "late"), ("Early", "early")):
    notebook.claims.record(f"range_{key}_low", np.quantile(kl_of[name], 0.1))
    notebook.claims.record(f"range_{key}_high", np.quantile(kl_of[name], 0.9))
notebook.claims.record("range_seeds", medians["Seed"])
for prefix in ("range", "v1"):
    notebook.claims.record(f"{prefix}_sizes_low", kl_of["Size"].min())
    notebook.claims.record(f"{prefix}_sizes_high", kl_of["Size"].max())
print("out of the published order:", paper.kl_ruler.inversions(medians) or "none")

# %% [markdown]
# *What to see.* The order of the ruler is what can be compared; absolute values cannot, since small, under-trained models on very different kinds of text are further apart than large ones. The line above names every pair of
# settings that stands in the other order here. Two reasons are plain. Rounding a small network to four bits or eight costs it little, so both fall to the foot of the ruler. And a fine-tune of our population reads one kind of
# text alone for a fifth of its parent's training, which takes it further than one size is from another; what people upload is tuned more gently.
# Size has three pairs only, and two of them share the smallest network: see in the matrix how near the two larger ones are to each other, beside the seeds.
#
# ## 10. What holds, and what does not
#
# - **The ruler** is a matter of which models one has: rounding depends on the scheme, a fine-tune on its length, Early and Later on how many steps lie between checkpoints. What is general is the reading:
#   a KL is small or large *for something*.
# - **Settling**: consecutive checkpoints come closer and closer. But a learning-rate schedule shortens the steps of weights and distribution alike (the claim `settles` compares them, and does not
#   come out the paper's way on the short runs), and at a constant rate the noise of single steps puts a floor under the KL.
# - **Exponents** need a stationary tail, ten correlated points are few, and the six short runs do not have one: that they lie near the paper's ranges is no confirmation. The long runs come nearer to a
#   tail; there $c_q$ is small, partly because of the floor, and $c_w$ is above 1, which says that the weights still go somewhere.
# - **Spirals** are what a walk looks like. The direction that seeds and sizes share is not.
# - **8 bits** cost almost nothing here. The published closeness of 8 and 4 bits remains unexplained, and so do the parallel shifts.
# - Texts are few, intervals are over texts (by source) or pairs, for one training of each long run, and models that share a seed or a parent are not independent.

# %%
notebook.claims.table()

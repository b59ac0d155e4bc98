# %% [markdown]
# # How do language models answer? A map of what they make of prompts
#
# **The question.** Notebook 06 maps language models by how likely they find texts. But models are asked things. Can they be mapped by how they *answer*, and what does a change of the
# prompt do to a model's place?
#
# **The idea in two sentences.** Fix many pairs of prompt and response, and take as coordinates how likely each model finds the response *given the prompt*: squared distances then
# estimate how much the models' answers differ, prompt by prompt. Take away how likely it finds the response without any prompt, and what is left says how it *reacts* to prompts; change the
# prompts, and the model moves by a vector that can be added to others.
#
# The paper: Yusuke Takase, Momose Oyama and Hidetoshi Shimodaira, *Language Model Maps for Prompt-Response Distributions via Log-Likelihood Vectors*
# ([arXiv 2603.18593](https://arxiv.org/abs/2603.18593)).
#
# **After this notebook you can**
#
# - score a response under a prompt, and know which tokens count;
# - say when the squared distance of two models is the KL divergence of their answers, and by how much it lies when it is not;
# - separate what a model likes from how it reacts, by PMI;
# - move a model with a prompt, add two moves, and tell whether they really add or only seem to;
# - foresee, from one formula of Bayes, which instructions will *not* add.
#
# **What is ours.** The paper's full text was not at hand when this was written: its claims here are those of its abstract and captions, and formulas are derived.
# The ledger at the end says which is which. The paper maps 552 public models; here are twelve tiny models in a world whose
# answer is known, then models of notebook 06 tuned on real pairs, by cells that also read any list of hub models.
#
# ## Settings
#
# For public models: `lmnotes run 09 --profile paper -p models_file=models.txt -p prompt_set=pairs.jsonl`, with a hub id or a folder on each line of the first file, and `prompt` and
# `response` (or `messages`) in each line of the second. What prompts are told is a named set of lines, or a file of your own.

# %% tags=["parameters"]
from typing import Literal

n_steps: int = 900  # 1..100000, training steps of each model of the small world
n_pairs: int = 300  # 20..100000, pairs of prompt and response that it is measured on
n_prompts: int = 200  # 4..100000, prompts that its models answer themselves
sigmas: list[float] = [0.002, 0.005, 0.01, 0.02, 0.04, 0.08]  # noise on weights
lengths: list[int] = [4, 8, 16]  # bytes, besides the full 32
n_permutations: int = 2000  # 9..1000000, of labels
n_bootstrap: int = 1000  # 10..100000
zoo_plan: Literal["smoke", "laptop", "paper"] = "laptop"  # notebook 06 has the same
n_bases: int = 6  # 2..50, of its models, that are tuned on pairs
n_tuning_steps: int = 150  # 1..100000
models_file: str | None = None  # hub ids or folders, one per line: these in place of tuned models
prompt_set: str = "installed"  # installed | a .jsonl or .parquet file of pairs
per_task: int = 50  # 4..1000000, pairs of each task
response_bytes: int = 64  # 4..4096, that a response is cut to
operations: str = "instructions"  # instructions | comments | a .json file of lines
template: str = "model"  # model (its chat template, else plain) | plain | a text with {prompt}
dtype: Literal["float32", "bfloat16", "float16"] = "float32"
workers: int = 2  # 1..64, processes for small models; 1 on a GPU
seed: int = 0  # 0..1000000

# %%
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon

from lmnotes import figures, models, notebook, statistics
from lmnotes.papers import prompt_response_map as paper

figures.style.use()
notebook.begin("09_prompt_response_map", globals())
# Wrong files are refused before anything is trained.
instructions = paper.prompt_sets.operations(operations)
hub_models = models.runner.command.listed(Path(models_file)) if models_file else []
if prompt_set != "installed":
    paper.prompt_sets.load(prompt_set, per_task=1)
resampling = {"n": n_bootstrap, "seed": seed}
stills = slice(1 if zoo_plan == "smoke" else None)  # a trial run draws the first of each

# %% [markdown]
# ## 1. A world whose answer is known
#
# A *response* is 32 bytes of prose (Python's help topics) or code (its library), dressed with attributes: UPPER CASE, under_scores for spaces, st*rs for v*w*ls. A *prompt* has three
# slots; a tag in a slot asks for an attribute. Two things differ between models, independently of each other:
#
# - **taste**: 85 % of what it learned from is prose, or 15 %. This is about which responses it likes, whatever it is asked;
# - **rule**: which slot means which attribute. This is how it reacts to prompts.
#
# An attribute that is there is announced by its tag in three cases of four, never when it is not there. So no tag does not mean no attribute: without a tag a model must believe in the average.
# Twelve models: two tastes, two rules, and in each cell two larger ones that differ by seed and a smaller one.

# %%
overlap = paper.small_world.OVERLAP  # the rule of the controls of section 5
control_members = tuple(
    paper.small_world.Member(taste, overlap, 32, 1, 3) for taste in (0.85, 0.15)
)
trained = paper.small_world.build(
    (*paper.small_world.MEMBERS, *control_members), n_steps=n_steps, workers=workers
)
world, control_models = trained.iloc[:12], trained.iloc[12:].reset_index(drop=True)
pairs = paper.small_world.draw(n_pairs, seed=seed)
N, labels = n_pairs, {name: world[name].to_numpy() for name in ("taste", "rule", "size")}
notebook.note_input("models", sorted(trained.model))
tag_of = {text: name for name, text in paper.small_world.PROMPTS.items()}
tags = np.array([tag_of[text] for text in pairs.prompt_texts])
notebook.table(
    pd.DataFrame(
        {"tags": tags, "rule": pairs.rule, "source": pairs.source, "response": pairs.response_texts}
    ).head(12),
    "world",
    caption="Some pairs of the world: tags in the prompt, by which rule they were chosen, and the response.",
)

# %% [markdown]
# ## 2. One number per pair
#
# $$\ell_i(y\mid x)=\sum_t\log p_i(y_t\mid x,y_1,\dots,y_{t-1})\quad\text{(nats)}$$
#
# The sum runs over the tokens of the response; the prompt is read and not scored. Every model scores all responses under all eight prompts of this world: this one table holds the conditional coordinates (the column of each
# pair's own prompt), the unconditional ones (the prompt without a tag), and what every change of the prompt does.

# %%
world_scores = paper.conditions.score(
    trained,
    pairs.response_texts,
    paper.small_world.PROMPTS,
    rule=paper.small_world.PROMPT_RULE,
    workers=workers,
)
under_prompts = world_scores.values[:, :12]  # (8 prompts, M, N) nats
own_prompt = [world_scores.names.index(tag) for tag in tags]
conditional = under_prompts[own_prompt, :, np.arange(N)].T  # (M, N)
empty = world_scores["none"][:12]
marginal = models.scoring.prompts.marginal(under_prompts.transpose(1, 0, 2))
vectors = {
    "conditional": conditional,
    "unconditional, empty prompt": empty,
    "unconditional, marginal": marginal,
    "PMI, empty prompt": models.scoring.prompts.pmi(conditional, empty),
    "PMI, marginal": models.scoring.prompts.pmi(conditional, marginal),
}
print(f"{len(under_prompts)} prompts, {len(world)} models, {N} responses")

# %%
likelihood = notebook.teach.exercise(
    "conditional",
    properties=[
        ("it is one number", lambda f: np.ndim(f(-np.arange(1.0, 7), 2)) == 0, "sum over tokens"),
        (
            "the prompt's own probability does not count",
            lambda f: f(np.array([-5.0, -9, -1, -2]), 2) == f(np.array([-1.0, -2, -1, -2]), 2),
            "you have scored the prompt as well: it is given, not predicted",
        ),
        (
            "the response's first token counts",
            lambda f: f(np.array([-5.0, -9, -1, -2]), 2) == -3,
            "off by one: the token at place n_prompt is the first of the response",
        ),
        (
            "it is a sum",
            lambda f: f(np.array([0.0, -1, -1, -1, -1]), 1) == -4,
            "no mean: long responses are less likely",
        ),
    ],
)
likelihood.check(None)  # put your function here

# %% [markdown]
# ## 3. Conditional, unconditional, PMI
#
# As on any model map, rows and columns are centred, and $\|q_i-q_j\|^2/2N=\tfrac12\operatorname{Var}_n(\ell_{i,n}-\ell_{j,n})$. Beside the conditional vector stands
#
# $$\pi_i(x,y)=\log p_i(y\mid x)-\log p_i(y),$$
#
# the pointwise mutual information: how much the prompt helps. How the paper gets $p_i(y)$ is not known to us. Two ways: an **empty prompt** (one more pass), or the **mean** of $p_i(y\mid x)$ over reference prompts,
# the pair's own among them.
#
# Before you look:

# %%
notebook.teach.quiz("which_factor")

Q = {name: models.maps.double_centre(values) for name, values in vectors.items()}
kl = {name: models.maps.kl(values) for name, values in Q.items()}


def principal_plane(values):
    """x and y of each model, and the shares of the variance of both components."""
    shares = np.diff(models.maps.projection.spectrum(values), prepend=0)
    xy = models.maps.pca(values) / np.sqrt(values.shape[1])
    return pd.DataFrame(xy[:, :2], columns=["x", "y"]), shares[:2]


planes = {
    name: principal_plane(Q[name])
    for name in ("conditional", "unconditional, empty prompt", "PMI, empty prompt")
}
places = pd.concat([world[["model"]].assign(map=name).join(xy) for name, (xy, _) in planes.items()])
looks = {"colour": [f"taste {taste:.2f}" for taste in world.taste] * 3}
looks |= {"shape": world.rule.tolist() * 3}
notebook.figure(
    paper.figures.maps(places.assign(**looks), {name: plane[1] for name, plane in planes.items()}),
    "world_maps",
    data=places,
    caption="Twelve models three times, principal components in nats per root of a response. Colour: share of prose that a model learned from; shape: which slot means which attribute.",
)

# %%
rows = []
for name, values in vectors.items():
    result = paper.factor_shares.permanova(kl[name], labels, n_permutations, seed)
    shares = paper.factor_shares.drawn_shares(values, labels, max(20, n_bootstrap // 5), seed)
    draws = shares.pivot(index="draw", columns="factor", values="r2")
    for row in result.itertuples():
        interval = statistics.interval_holding(row.r2, draws[row.factor])
        rows.append((name, row.factor, row.r2, *interval, row.f, row.p))
explained = pd.DataFrame(rows, columns=["map", "factor", "r2", "low", "high", "f", "p"])
notebook.table(
    explained,
    "factors",
    caption=f"PERMANOVA: share of the squared distances; intervals over pairs of prompt and response, p over {n_permutations:,} permutations of the labels.",
)
notebook.figure(
    paper.figures.factor_bars(explained),
    "factors",
    data=explained,
    caption="What each map is about. Intervals: 95 % over pairs of prompt and response; the models are fixed.",
)
for claim, factor, more, less in (
    ("pmi_removes_taste", "taste", "conditional", "PMI, empty prompt"),
    ("pmi_shows_training", "rule", "PMI, empty prompt", "conditional"),
):
    sets = world.groupby(["taste", "rule"]).cumcount()  # a seed of each cell: trained apart
    gaps = paper.factor_shares.share_gaps(
        vectors[more], vectors[less], labels[factor], sets, n=max(20, n_bootstrap // 5), seed=seed
    )
    notebook.claims.record(claim, *statistics.over_seeds(*gaps), n_seeds=len(gaps[0]))

# %%
upper = np.triu_indices(12, 1)
cell = world.taste.astype(str) + world.rule + world["size"]
only_seed = cell.to_numpy()[:, None] == cell.to_numpy()  # differ by it alone
rng = np.random.default_rng(seed)
rows = []
for name, values in vectors.items():
    squared = 2 * kl[name]
    again = [
        2 * models.maps.kl(models.maps.row_centre(values[:, rng.integers(N, size=N)]))[upper].mean()
        for _ in range(max(20, n_bootstrap // 5))
    ]
    interval = statistics.interval_holding(squared[upper].mean(), again)
    floor = squared[np.triu(only_seed, 1)].mean()
    halves = paper.factor_shares.split_half(values, 50, seed).mean()
    rows.append((name, squared[upper].mean(), *interval, floor, halves, values.mean()))
columns = ["map", "mean variance of a difference", "low", "high", "two seeds of a cell"]
notebook.table(
    pd.DataFrame(rows, columns=[*columns, "split-half correlation", "mean entry, nats"]),
    "means",
    caption="The level of each map's distances (nats^2), the noise floor of two models that differ by seed alone, and how well halves of the pairs agree on the distances.",
)


# %%
def one_map(shown="PMI, empty prompt", colour_by="rule"):
    xy, shares = principal_plane(Q[shown])
    of_map = explained[explained["map"] == shown]
    title = ", ".join(f"{row.factor} {row.r2:.0%}" for row in of_map.itertuples())
    colour = [f"{colour_by} {value}" for value in world[colour_by]]
    table = xy.assign(map=f"{shown}: {title}", colour=colour, shape="model")
    return paper.figures.maps(table, {table["map"][0]: shares})


notebook.explore(
    one_map,
    stills=[{"shown": "conditional", "colour_by": "taste"}, {"shown": "PMI, empty prompt"}][stills],
    shown=list(vectors),
    colour_by=["taste", "rule", "size", "seed"],
)

# %% [markdown]
# *What to see.* The conditional map mixes both factors. Without a prompt there is taste and nothing else. PMI takes taste out and leaves the rule: the same twelve models, the same responses, another main
# direction. Size tells nothing on any map: its share is about what chance gives. (A factor with two levels among twelve models explains about a tenth by chance: that is what the permutations are for.)
#
# ### Where the distance goes
#
# $\ell=\pi+u$ with $u$ the unconditional vector, so for every pair of models, after centring,
# $\|\Delta\ell\|^2=\|\Delta\pi\|^2+\|\Delta u\|^2+2\langle\Delta\pi,\Delta u\rangle$: how they react, what they like, and a cross term.

# %%
i, j = upper
d_pmi, d_empty = Q["PMI, empty prompt"], Q["unconditional, empty prompt"]
cross = 2 * ((d_pmi[i] - d_pmi[j]) * (d_empty[i] - d_empty[j])).mean(axis=1)
parts = np.stack(
    [2 * kl["PMI, empty prompt"][upper], 2 * kl["unconditional, empty prompt"][upper], cross]
)
whole = 2 * kl["conditional"][upper]


def share_of_part(k, drawn):
    inside = np.isin(i, drawn) & np.isin(j, drawn)  # a model drawn twice counts once
    return 100 * parts[k, inside].sum() / whole[inside].sum()


rows = []
for k, name in enumerate(("PMI", "unconditional", "cross term")):
    value, interval = statistics.group_bootstrap(
        lambda drawn, k=k: share_of_part(k, drawn), range(12), **resampling
    )
    rows.append((name, value, *interval))
alike = [np.corrcoef(a, b)[0, 1] for a, b in zip(empty, marginal, strict=True)]
notebook.table(
    pd.DataFrame(rows, columns=["part", "%", "low", "high"]),
    "parts",
    caption=f"Shares of the squared conditional distance, over pairs of models; intervals over models. The two unconditional vectors of a model correlate by {min(alike):.3f} or more; the empty prompt's less the marginal one is {(empty - marginal).mean():+.2f} nats on average.",
)

# %%
mutual = notebook.teach.exercise(
    "pmi",
    properties=[
        (
            "one number per response",
            lambda f: np.shape(f(np.log([[0.2, 0.5], [0.4, 0.1]]), np.log([0.2, 0.1]))) == (2,),
            "average over prompts, the first axis",
        ),
        (
            "probabilities are averaged, not their logarithms",
            lambda f: np.allclose(
                f(np.log([[0.2, 0.5], [0.4, 0.1]]), np.log([0.3, 0.3])), 0, atol=1e-9
            ),
            "the mean of log p is not the log of the mean",
        ),
        (
            "it is zero when the only prompt is the pair's own",
            lambda f: np.allclose(f(np.array([[-3.0, -8.0]]), np.array([-3.0, -8.0])), 0),
            "subtract the unconditional term from the conditional one",
        ),
        (
            "it survives small probabilities",
            lambda f: np.isclose(
                f(np.array([[-2000.0], [-2001.0]]), np.array([-2000.0]))[0],
                np.log(2 / (1 + np.exp(-1))),
            ),
            "exp(-2000) is 0: take the largest entry out first",
        ),
    ],
)
mutual.check(None)  # put your function here

# %% [markdown]
# ## 4. Is the distance a KL divergence?
#
# Give all models the same prompts. With $r=\log p_i(y\mid x)/p_j(y\mid x)$ and $y$ from near both, $\mathbb E[e^{-r}]=1$ says to second order
#
# $$\mathbb E_x\,\mathrm{KL}\big(p_i(\cdot\mid x)\,\|\,p_j(\cdot\mid x)\big)\approx\tfrac12\operatorname{Var}(r).$$
#
# These models are small enough to check: each writes its own responses, and along them the next-byte laws are compared exactly (*Rao–Blackwell*; *Monte Carlo* only looks at what was written).
#
# The paper also compares its distances with a semantic one, from embeddings (details not known to us). In its place: every model's answers to the same prompts become one bag of character $n$-grams.

# %%
n_asked = dict.fromkeys(lengths, max(4, n_prompts // 2)) | {paper.small_world.LENGTH: n_prompts}
kl_at = paper.small_world_kl.estimate(list(world.folder), n_asked, seed=seed, workers=workers)
exact = kl_at[paper.small_world.LENGTH]


def symmetric(values):
    return (values + values.T) / 2


truth, estimate = symmetric(exact.rao_blackwell), kl["conditional"]
relation = []
for first, second in zip(i, j, strict=True):
    differs = [name for name in labels if world[name][first] != world[name][second]]
    relation.append(
        " and ".join(name for name in differs if name != "size" or differs == ["size"]) or "seed"
    )
checked = pd.DataFrame(
    {
        "first": world.model.to_numpy()[i],
        "second": world.model.to_numpy()[j],
        "kind": relation,
        "exact": truth[upper],
        "error": symmetric(exact.rao_blackwell_error)[upper] / np.sqrt(2),
        "monte_carlo": symmetric(exact.monte_carlo)[upper],
        "half_variance": estimate[upper],
        "own_responses": symmetric(exact.half_variance)[upper],
    }
)
notebook.figure(
    paper.figures.pairs(
        checked,
        "exact",
        {
            "exact": "exact KL, nats per response",
            "half_variance": "map: half the variance, nats",
            "own_responses": "own: half the variance, nats",
            "monte_carlo": "Monte-Carlo KL, nats",
        },
        log=True,
    ),
    "kl_check",
    data=checked,
    caption="66 pairs of models. Left: the map's estimate from given responses. Middle: half the variance on responses that the two models wrote. Right: Monte Carlo. Dotted: equal. Colours: in what the two differ.",
)

# %%
mc = symmetric(exact.monte_carlo)
within = models.maps.kl(models.maps.coordinates.centre_within(conditional, tags))
compared = {
    name: models.maps.robustness.agreement(first, second, ranks="ranks" in name, **resampling)
    for name, first, second in (
        ("map and Monte-Carlo KL", estimate, mc),
        ("map and Monte-Carlo KL, ranks", estimate, mc),
        ("map and exact KL", estimate, truth),
        ("map and exact KL, ranks", estimate, truth),
        ("roots of both", np.sqrt(estimate), np.sqrt(truth)),
        ("rows centred within prompts, and exact KL", within, truth),
        ("Monte-Carlo and exact KL", mc, truth),
    )
}


def median_of(values, drawn):
    """Over pairs of different models that are drawn."""
    return np.median(values[np.isin(i, drawn) & np.isin(j, drawn)])


between = 100 * paper.factor_shares.between_share(conditional, tags)
for name, values in (
    ("median ratio of the map to exact KL", estimate[upper] / truth[upper]),
    ("median % of the variance that is between prompts", between[upper]),
):
    compared[name] = statistics.group_bootstrap(
        lambda drawn, values=values: median_of(values, drawn), range(12), **resampling
    )
notebook.table(
    pd.DataFrame(
        [(name, value, *interval) for name, (value, interval) in compared.items()],
        columns=["quantity", "value", "low", "high"],
    ),
    "kl_check",
    caption="Agreement with directly estimated KL over 66 pairs of models; intervals by drawing models, not pairs.",
)
notebook.claims.record("kl_up_to", *compared["map and Monte-Carlo KL"])
notebook.claims.record("squared_distance_is_kl", *compared["map and exact KL, ranks"])

# %%
written = paper.small_world_kl.responses(list(world.folder), n_prompts, seed=seed)
word_distance = paper.factor_shares.response_distance(written)
r_words, (low, high) = models.maps.robustness.agreement(
    np.sqrt(estimate), word_distance, **resampling
)
notebook.claims.record("semantic_related", r_words, (low, high))
semantic = pd.DataFrame(
    {"words": word_distance[upper], "distance": np.sqrt(estimate[upper]), "kind": relation}
)
notebook.figure(
    paper.figures.pairs(
        semantic,
        "words",
        {
            "words": "distance of the responses' character n-grams, 1 - cosine",
            "distance": "map: root of half the variance, nats",
        },
    ),
    "semantic",
    data=semantic,
    caption=f"66 pairs of models: the map against how differently their answers are spelt; correlation {r_words:.2f} (95 % over models: {low:.2f} to {high:.2f}).",
)

# %% [markdown]
# *What to see.* The map ranks pairs of models well and its values are several times too large: its responses were written by neither model, and the models are far apart. On responses that the models wrote
# themselves it is closer and still too large, for a few pairs by far: a variance hangs on its rarest responses. Keep the ranking; do not read the values as nats. With what the models write the distances agree more loosely: by $n$-grams
# all models are about equally far apart, as short answers have few in common, and the rule hardly shows.
#
# ### Where the ruler bends
#
# Take one model and a copy of it with noise on all weights: a pair as close as you like.

# %%
bent = paper.small_world_kl.ruler(world.folder.iloc[0], sigmas, max(n_pairs, n_prompts), seed=seed)
notebook.figure(
    paper.figures.ruler(bent),
    "ruler",
    data=bent,
    caption="A model against copies with noise on their weights. Standard errors are smaller than the dots.",
)
off = (bent.ratio[bent.sigma <= 0.01] - 1).abs().max()
notebook.table(
    bent,
    "ruler",
    caption=f"The same in numbers; kl and half_variance in nats per response of 32 bytes. For noise up to 0.01 the ratio is off from 1 by {off:.2f} at most.",
)

# %% [markdown]
# *What to see.* Whether the constant one half is right: on a model's own responses half the variance should be the KL as long as the two are close (the caption of the table says how nearly), and grow faster than it beyond. On given responses it is too
# large, and more so far away. Half the variance still grows with the KL all along.
#
# The same in the smallest possible world: forty responses, one law $p$, and another tilted away from it, $p_t\propto p\,e^{tg}$.

# %%
steps = np.linspace(0.02, 3, 60)


def bend(t=1.0, law=1):
    return paper.figures.bend(paper.conditional_kl.tilted(steps, seed=law), t)


notebook.explore(bend, stills=[{"t": 0.2}, {"t": 2.5}][stills], t=(0.02, 3.0, 0.02), law=(1, 20))
# %%
ruling = notebook.teach.exercise(
    "distance",
    properties=[
        ("it is one number", lambda f: np.ndim(f(np.arange(4.0), np.ones(4))) == 0, "average"),
        (
            "a model that is worse by the same amount everywhere is at distance zero",
            lambda f: abs(f(np.arange(4.0), np.arange(4.0) - 7)) < 1e-12,
            "take the mean of the difference out first",
        ),
        (
            "it is the same both ways",
            lambda f: np.isclose(
                f(np.arange(4.0) ** 2, np.ones(4)), f(np.ones(4), np.arange(4.0) ** 2)
            ),
            "square the difference",
        ),
        (
            "its value",
            lambda f: np.isclose(f(np.array([1.0, -1, 1, -1]), np.zeros(4)), 0.5),
            "half of the variance, and the variance divides by N, not N - 1",
        ),
    ],
)
ruling.check(None)  # put your function here

# %% [markdown]
# ### What moves the scale, and how many pairs a map needs
#
# Systematic differences add up over the bytes of a response: the log-ratio grows with length, its variance with length squared, the KL only with length. So estimates from texts of different lengths must not be compared. Clipping the lowest entries, as the unconditional map does, is tried beside it.
#
# With $s^2$ the variance and $\kappa$ the kurtosis of a log-ratio, the relative standard error of a distance from $N$ pairs is $\sqrt{(\kappa-1)/N}$; for a normal log-ratio $\sqrt{2/N}$, which is 1.4 % at 10,000 pairs and 8 % at 300.

# %%
tokens = paper.small_world_kl.token_table(list(world.folder), pairs)  # (M, N, 32) nats
exact_at = {length: estimates.rao_blackwell for length, estimates in kl_at.items()}
by_length = paper.small_world_kl.lengths(tokens, exact_at)
clips = []
for share in (0, 0.02, 0.05, 0.1):
    raised = np.maximum(conditional, np.quantile(conditional, share)) if share else conditional
    clipped = models.maps.kl(models.maps.row_centre(raised))
    r, interval = models.maps.robustness.agreement(clipped, truth, **resampling)
    clips.append((share, r, *interval, np.median(clipped[upper] / truth[upper])))
by_clip = pd.DataFrame(clips, columns=["share", "r", "low", "high", "ratio"])
notebook.figure(
    paper.figures.scale(by_length, by_clip),
    "scale",
    data=by_length,
    caption="Left: half the variance over exact KL, median over pairs of models, for responses cut short. Middle and right: what raising the lowest entries to a quantile does to it, and to the ranking.",
)
notebook.table(by_clip, "clipping", caption="Clipping: correlation with exact KL, and scale.")
notebook.table(by_length, "lengths", caption="Medians over pairs of models, nats per response.")

# %%
sizes = [n for n in (25, 50, 100, 200) if n < N] or [N // 2]
spent = paper.factor_shares.budget(conditional, sizes, 100 if n_bootstrap > 100 else 10, seed)
error_at_n = np.median(
    models.maps.robustness.relative_error(
        models.maps.robustness.pair_differences(conditional, np.column_stack(upper))
    )
)
theory = pd.DataFrame({"n": np.array(sizes)})  # half of the draws are off by less than 0.674 sd
theory["error"] = 0.674 * error_at_n * np.sqrt(N / theory.n - 1)
notebook.figure(
    paper.figures.budget(spent, theory),
    "budget",
    data=spent,
    caption=f"Maps from some of the {N} pairs against the map of all. Theory: from the kurtosis of the log-ratios, for draws without replacement.",
)
notebook.table(
    spent.groupby("n").mean().drop(columns="run").reset_index(),
    "budget",
    caption="Means over draws.",
)


# %%
def one_budget(n=N // 3, first=world.model[0], second=world.model[3]):
    a, b = (world.index[world.model == name][0] for name in (first, second))
    b = b if a != b else (a + 1) % 12  # a model is at no distance from itself
    difference = conditional[a] - conditional[b]
    grid = np.unique(np.linspace(5, N - 1, 60).astype(int))
    spread = 1.96 * models.maps.robustness.relative_error(difference) * np.sqrt(N / grid - 1)
    draw = np.random.default_rng(seed)
    values = [difference[draw.choice(N, n, replace=False)].var() for _ in range(60)]
    band = np.stack([1 - spread, 1 + spread])
    return paper.figures.one_distance(grid, band, np.array(values) / difference.var(), n)


notebook.explore(
    one_budget,
    stills=[{"n": max(5, N // 10)}, {}][stills],
    n=(5, N - 1),
    first=list(world.model),
    second=list(world.model),
)

# %% [markdown]
# ## 5. Prompts move models
#
# Keep the responses and change the prompts by an operation $t$: model $i$ moves by
#
# $$\Delta_i(t)=\big(\log p_i(y_n\mid t(x_n))-\log p_i(y_n\mid x_n)\big)_n,$$
#
# less its mean. Half its variance is about the KL between the model's answers with and without the operation. If you know the moves of two operations, do you know that of both together?

# %%
shift = {name: world_scores.shift(name, "none")[:12] for name in world_scores.names}  # (M, N) each
cases = {"A and B": "AB", "A and C": "AC", "B and C": "BC", "A, B and C": "ABC"}
twins = []  # another model: the same but for the rule
for row in world.itertuples():
    like = (world.taste == row.taste) & (world["size"] == row.size) & (world.seed == row.seed)
    twins.append(world.index[like & (world.rule != row.rule)][0])
compositions = {label: (tuple(shown), shown) for label, shown in cases.items()}
added = paper.additivity.table(shift, compositions, ("A", "B", "C"), twins)
added = added.rename(columns={"label": "operations"}).assign(
    model=world.model.to_numpy()[added.row]
)
notebook.figure(
    paper.figures.controls(added),
    "additivity",
    data=added,
    caption="A point per model. Blue: the sum of single moves, nothing fitted. The controls: the best single move, the sum with a wrong part, the sum of a model with the other rule, a random vector of the same length (values below -1.5 are drawn there). Bars: medians.",
)
notebook.table(
    added.drop(columns="row")
    .groupby("operations", sort=False)
    .mean(numeric_only=True)
    .reset_index(),
    "additivity",
    caption="Means over the twelve models.",
)
# %%
is_triple = added.operations == "A, B and C"
per_model = added[~is_triple].groupby("model", sort=False)[["r2", "best_single"]].mean()
ahead = (per_model.r2 - per_model.best_single).to_numpy()
test = wilcoxon(per_model.r2, per_model.best_single, alternative="greater")
note = f"R2 of the sum {per_model.r2.mean():.2f}; better in {(ahead > 0).sum()} of 12 models, signed-rank p = {test.pvalue:.2g}"
value, interval = statistics.group_bootstrap(
    lambda rows: ahead[rows].mean(), range(12), **resampling
)
notebook.claims.record("additive", value, interval, note=note)

control_pairs = paper.small_world.draw(n_pairs, rule=overlap, seed=seed + 1)
control_scores = paper.conditions.score(
    control_models,
    control_pairs.response_texts,
    paper.small_world.PROMPTS,
    rule=paper.small_world.PROMPT_RULE,
)

# %%
rows, rules = [], world.rule.to_numpy()
rule_pair = np.where(rules[i] == rules[j], "same rule", "different rules")
for name in ("A", "B", "C", "ABC"):
    unit = models.maps.row_centre(shift[name])
    cosines = unit @ unit.T / np.outer(*[np.linalg.norm(unit, axis=1)] * 2)
    rows.append(pd.DataFrame({"operation": name, "pair": rule_pair, "cosine": cosines[upper]}))
same_way = pd.concat(rows, ignore_index=True)
notebook.figure(
    paper.figures.directions(same_way),
    "directions",
    data=same_way,
    caption="Every pair of models: cosine of their moves under the same tags. Bars: means.",
)
mean_cosine = same_way.groupby(["pair", "operation"]).cosine.mean().unstack()
notebook.table(mean_cosine.reset_index(), "directions", caption="Mean cosines.")

# %% [markdown]
# *What to see.* How near the sum of two moves is to the move of both, and of all three. A high $R^2$ alone would not mean much: where one tag dominates, its own move does almost as well. So the ledger asks by how much the sum is better than the best single tag, and the other columns matter as much: one part
# exchanged, or the sum taken from a model with the other rule, should leave nothing. (With all three tags the other model's sum does well, and should: the second figure says why.)
#
# A tag moves all models of a rule alike, whatever their taste, seed and size, and models of the other rule elsewhere. With all three tags on, both rules ask for the same three attributes, and the moves agree again. The
# direction is what the tag *means* to a model.
#
# Switch tags on and off. Blue arrows are single moves, the dashed one is their sum, red is the true move of all together; on the right, the responses on which the sum is most wrong. The last two models belong to the controls below: in their world A and B hint at the same thing, and C at its opposite.


# %%
def switchboard(model=trained.model[0], A=True, B=True, C=False):
    k = trained.index[trained.model == model][0]
    scores, responses = world_scores, pairs.response_texts
    if k >= 12:
        k, scores, responses = k - 12, control_scores, control_pairs.response_texts
    moves = models.maps.row_centre(scores.values[:, k] - scores["none"][k])  # (8 prompts, N)
    plane = np.linalg.svd(moves, full_matrices=False)[2][:2].T / np.sqrt(moves.shape[1])
    points, named = (dict(zip(scores.names, rows, strict=True)) for rows in (moves @ plane, moves))
    shown = "".join(tag for tag, on in zip("ABC", (A, B, C), strict=True) if on)
    left, title = np.zeros(moves.shape[1]), f"{model}: {shown or 'no tag'}"
    if len(shown) > 1:
        parts = np.stack([named[tag] for tag in shown])
        left = paper.additivity.interaction(parts, named[shown])
        fit = paper.additivity.measure(parts, named[shown])
        title += f"\ncosine {fit.cosine:.2f}, $R^2$ {fit.r2:.2f}, slope {fit.slope:.2f}"
    return paper.figures.switchboard(points, shown, left, responses, title)


notebook.explore(
    switchboard,
    stills=[
        {},
        {"model": control_models.model[0]},
        {"model": control_models.model[0], "A": True, "B": False, "C": True},
    ][stills],
    model=list(trained.model),
    A=True,
    B=True,
    C=False,
)

# %% [markdown]
# ### When moves do not add
#
# By Bayes $\Delta(t)(y)=\log p(t\mid x,y)-\log p(t\mid x)$. So
#
# $$\Delta(t_1t_2)-\Delta(t_1)-\Delta(t_2)=\log\frac{p(t_1,t_2\mid x,y)}{p(t_1\mid x,y)\,p(t_2\mid x,y)}-c(x):$$
#
# what the sum misses is the mutual information of the two *operations* given the response. Unrelated wishes add exactly; two ways to say the same thing do not, and neither do contradictions. First in three exact worlds of forty responses, then in trained
# models. In their world there is one wish, upper case, and tags err. A, B or both hint at it, and both are no surer than one; C hints at the contrary, but beside A or B it means nothing. (Two tags that err *independently* would be two pieces of evidence
# for the same thing, and would add, by the same formula. This is the third design of that control: in the first, tags were just such evidence and added, as they must; in the second, one almost never came without the other, and models shared the effect between them.)

# %%
notebook.teach.quiz("paraphrase")

laws = {}
for kind in paper.prompt_sets.KINDS:
    joint = paper.additivity.joint_shifts(paper.additivity.example_law(kind, seed=seed))
    parts = np.stack([joint["first"], joint.second])
    left = paper.additivity.interaction(parts, joint.both)
    right = (joint.interaction - joint.interaction.mean()).to_numpy()
    fit = paper.additivity.measure(parts, joint.both)
    laws[kind] = (left, right, fit.slope, fit.r2)
notebook.figure(
    paper.figures.identity(laws),
    "identity",
    data=pd.concat(
        [pd.DataFrame({"law": k, "left": v[0], "right": v[1]}) for k, v in laws.items()]
    ),
    caption="Exact laws of forty responses and two operations: what the sum misses, against what Bayes says it must be.",
)


# %%
def control_fit(shown, k):
    parts = np.stack([control_scores.shift(tag, "none")[k] for tag in shown])
    return paper.additivity.measure(parts, control_scores.shift(shown, "none")[k])


kinds = {"A and B (paraphrase)": "AB", "A and C (contradiction)": "AC"}
rows = [
    {"operations": label, "model": control_models.model[k]}
    | control_fit(shown, k)[["cosine", "r2", "slope", "best_single"]].to_dict()
    for label, shown in kinds.items()
    for k in range(2)
]
level = added.r2[~is_triple].mean()
notebook.table(
    pd.DataFrame(rows),
    "controls",
    caption=f"Tags that are not independent, in two trained models. By the law a paraphrase has slope one half; independent tags have $R^2$ of {level:.2f} above. The paper says nothing of these, and two models give no interval.",
)

# %%
summing = notebook.teach.exercise(
    "additivity",
    properties=[
        (
            "it is one number",
            lambda f: np.ndim(f(np.eye(3), np.arange(3.0))) == 0,
            "sum over responses",
        ),
        (
            "it is 1 where the sum is right",
            lambda f: np.isclose(
                f(np.array([[1.0, 0, -1], [0, 2, -2]]), np.array([1.0, 2, -3])), 1
            ),
            "add the parts up before you compare",
        ),
        (
            "constants mean nothing",
            lambda f: np.isclose(
                f(np.array([[1.0, 0, -1], [0, 2, -2]]) + 5, np.array([1.0, 2, -3])), 1
            ),
            "take the mean out of sum and composition",
        ),
        (
            "nothing is fitted",
            lambda f: np.isclose(f(np.array([[1.0, -1], [1, -1]]), np.array([1.0, -1])), 0),
            "a squared correlation would be 1 here: it forgives a wrong length",
        ),
    ],
)
summing.check(None)  # put your function here

# %% [markdown]
# *What to see.* All exact worlds lie on the diagonal: the formula holds whatever the operations are. For the trained models look at the table: a slope of one half would be the law's answer for the paraphrase; a slope near one means that the model has not learned
# that the second tag says nothing new. Networks add by default: their tags meet in a sum before anything else happens to them.
#
# ### Where does a distance come from?
#
# Pick two models: the responses on which they differ most, byte by byte.


# %%
def where(first=world.model[0], second=world.model[3], n_shown=6):
    a, b = (world.index[world.model == name][0] for name in (first, second))
    local = tokens[a] - tokens[b]  # (N, 32) nats
    total = local.sum(axis=1)
    chosen = np.argsort(-np.abs(total - total.mean()))[:n_shown]
    notes = [f"{total[n]:+.0f} nats, tags {tags[n]}" for n in chosen]
    title = f"blue: {first} likes it more; red: {second} does"
    texts = [pairs.response_texts[n] for n in chosen]
    return paper.figures.letters(texts, local[chosen], notes, title)


notebook.explore(
    where,
    stills=[{}, {"first": world.model[0], "second": world.model[6]}][stills],
    first=list(world.model),
    second=list(world.model),
    n_shown=(1, 12),
)

# %% [markdown]
# ## 6. Real pairs, real instructions
#
# Four small tasks out of every installation: the code after a signature and its docstring, what a module is about, sums, and months. The models are base models of notebook 06 (bytes, three architectures), each tuned twice: on
# pairs about the *library* (code, summaries), and on *questions* (sums, months). Files and pairs that are measured on are not tuned on. Beside them stand the fine-tunes on plain text that notebook 06 has. We expected, before we ran it:
# tuned models lie on the same side of their base; PMI grows with tuning; on the PMI map models group by what they were tuned on rather than by their base.
#
# (The bases have read a part of the same library as plain text. With a list of hub models, these take the place of all that, and questions about bases are left open.)

# %%
is_home = models_file is None
rule = models.scoring.prompt_tokens.PromptRule(template=template, dtype=dtype)
all_pairs = paper.prompt_sets.load(
    prompt_set, per_task=None if is_home else per_task, n_bytes=response_bytes
)
data_sets = {"library": ["code", "summary"], "questions": ["arithmetic", "month"]}
if is_home:
    tuning_pairs, real = paper.tuning.split(all_pairs, per_task, seed=seed)
    specs = paper.tuning.bases(zoo_plan, n_bases)
    zoo = models.zoo.build(specs, progress=False).models
    is_base = zoo.kind == "neural"
    texts_of = paper.tuning.domains(tuning_pairs, data_sets)
    tuned = paper.tuning.build(
        zoo[is_base],
        texts_of,
        n_tuning_steps,
        checkpoints=[n_tuning_steps // 4],
        workers=workers,
    )
    plain = zoo[zoo.kind == "finetune"].assign(base=zoo.parent, tuning="plain text", step=zoo.step)
    start = zoo[is_base].assign(base=zoo.model, tuning="none", step=0)
    columns = ["model", "folder", "base", "tuning", "step"]
    real_models = pd.concat([start[columns], plain[columns], tuned], ignore_index=True)
else:
    real = all_pairs
    names = [str(model) for model in hub_models]
    real_models = pd.DataFrame({"model": names, "base": "", "tuning": "none", "step": 0})
notebook.note_input("pairs", f"{len(real)} of {prompt_set}")
print(f"{len(real_models)} models, {len(real)} pairs: {real.task.value_counts().to_dict()}")

# %%
conditions_of = {"given": list(real.prompt), "none": ""}
for k in range(1, 5):  # prompts of other pairs of the task
    turned = real.groupby("task", sort=False).prompt.transform(lambda own, k=k: np.roll(own, k))
    conditions_of[f"other {k}"] = list(turned)
answers = paper.conditions.score(
    real_models, list(real.response), conditions_of, rule=rule, workers=workers if is_home else 1
)
real_models = answers.models
given, alone = answers["given"], answers["none"]  # (M, N) nats
others = np.stack([answers[name] for name in answers.names[2:]])  # (4, M, N)
real_pmi = models.scoring.prompts.pmi(given, alone)
five = np.concatenate([given[None], others]).transpose(1, 0, 2)  # (M, 5, N)
by_prompts = models.scoring.prompts.pmi(given, models.scoring.prompts.marginal(five))
chosen_right = (given > others).mean(axis=0)  # (M, N): own prompt against another of the task
last = real_models.groupby(["base", "tuning"]).step.transform("max") == real_models.step
final = np.flatnonzero(last if is_home else np.ones(len(real_models), bool))
tasks = real.task.to_numpy()
by_task = {task: tasks == task for task in dict.fromkeys(tasks)}
summary = real_models.loc[final, ["model", "base", "tuning"]].reset_index(drop=True)
summary["mean log-likelihood, nats"] = given[final].mean(axis=1)
for task, rows in by_task.items():
    summary[f"PMI, {task or 'all'}"] = real_pmi[final][:, rows].mean(axis=1)
    summary[f"right prompt, {task or 'all'}"] = chosen_right[final][:, rows].mean(axis=1)
notebook.table(
    summary,
    "real_models",
    caption="Mean PMI (nats) by task, and how often a response is likelier under its own prompt than under that of another pair of the task.",
)
if len(answers.failed):
    notebook.table(
        answers.failed, "failed_models", caption="Models that could not be scored, and why."
    )

# %%
real_q = {
    "conditional": models.maps.double_centre(given[final]),
    "PMI": models.maps.double_centre(real_pmi[final]),
}
makers = summary.model.str.partition("/")[0].replace("", "local")
makers = makers.where(makers.isin(makers.value_counts().index[:6]), "other")
planes = {name: principal_plane(values) for name, values in real_q.items()}
places = pd.concat([xy.assign(map=name) for name, (xy, _) in planes.items()])
places["colour"] = list(summary.tuning if is_home else makers) * 2
places["shape"] = list(summary.base if is_home else ["model"] * len(summary)) * 2
notebook.figure(
    paper.figures.maps(places, {name: shares for name, (_, shares) in planes.items()}, columns=4),
    "real_maps",
    data=summary,
    caption="The same models on the conditional and on the PMI map. Colour: what they were tuned on (of hub models: their maker). Shape: base.",
)
right = summary.melt("tuning", [c for c in summary if c.startswith("right")], "task", "share")
notebook.table(
    right.groupby(["task", "tuning"], sort=False).share.mean().unstack().reset_index(),
    "real_tasks",
    caption="How often a response is likelier under its own prompt than under another of the task; chance is one half.",
)


def gained(row, vectors):
    """Mean PMI less the base's, over the tasks that the model was tuned on; all for plain text."""
    rows = np.isin(tasks, data_sets.get(row.tuning, list(by_task)))
    return vectors[row.Index][rows].mean() - vectors[base_row[row.base]][rows].mean()


# %%
if is_home:
    base_row = {row.base: row.Index for row in real_models.itertuples() if row.tuning == "none"}
    growth = real_models.assign(
        growth=[gained(row, real_pmi) for row in real_models.itertuples()],
        marginal=[gained(row, by_prompts) for row in real_models.itertuples()],
    )
    zero = [
        growth[growth.tuning == "none"].assign(tuning=name, growth=0.0, marginal=0.0)
        for name in data_sets
    ]
    curve = pd.concat([*zero, growth[growth.tuning.isin(list(data_sets))]], ignore_index=True)
    notebook.figure(
        paper.figures.growth(curve, "growth of mean PMI, nats"),
        "real_growth",
        data=curve[["base", "tuning", "step", "growth", "marginal"]],
        caption="How much more than its base a model gains from the prompt, on the tasks that it was tuned on. Solid: against no prompt. Dashed: against the mean over the own prompt and four others of the task.",
    )
    ends = growth[last & growth.tuning.isin(list(data_sets))]
    moves = given[ends.index] - given[[base_row[b] for b in ends.base]]
    side = paper.tuning.sides(moves, ends.base, ends.tuning)
    side["growth of PMI, nats"] = ends.growth.to_numpy()
    side["the same, marginal"] = ends.marginal.to_numpy()
else:
    notebook.figure(
        paper.figures.levels(summary.model, real_pmi[final].mean(axis=1), "mean PMI, nats"),
        "real_growth",
        data=summary,
        caption="How much each model gains from the prompt.",
    )
    side = summary[["model"]]
notebook.table(
    side,
    "real_sides",
    caption="Cosine of a tuned model's move with the mean move of models of other bases: of all, of those tuned on the same data, of those tuned on other data.",
)

# %%
if is_home:
    gain, base, data = ends.growth.to_numpy(), ends.base.to_numpy(), ends.tuning.to_numpy()
    kin = {
        "conditional": models.maps.kl(models.maps.row_centre(given[ends.index])),
        "PMI": models.maps.kl(models.maps.row_centre(real_pmi[ends.index])),
    }

    def nearness(kl_of, rows):
        return paper.tuning.kinship(kl_of[np.ix_(rows, rows)], base[rows], data[rows])

    near = {
        name: statistics.group_bootstrap(
            lambda rows, kl_of=kl_of: nearness(kl_of, rows), base, **resampling
        )
        for name, kl_of in kin.items()
    }
    control = growth.growth[growth.tuning == "plain text"].mean()
    grown, (low, high) = statistics.group_bootstrap(
        lambda rows: gain[rows].mean(), base, **resampling
    )
    print(f"on the side of the others' mean move: {(side.cosine > 0).mean():.0%} of tuned models")
    print(f"mean cosine: same data {side.same.mean():.2f}, other data {side.different.mean():.2f}")
    print(
        f"growth of PMI: {grown:+.2f} nats ({low:+.2f} to {high:+.2f}); plain text {control:+.2f}; "
        f"by the marginal estimator {ends.marginal.mean():+.2f}"
    )
    for name, (value, (low, high)) in near.items():
        print(f"{name} map: same data over same base {value:.2f} ({low:.2f} to {high:.2f})")

# %% [markdown]
# *What to see.* Three things that we expected before we ran it; they are ours, so they are printed above and are no lines of the ledger. Each has a catch.
#
# - **Same side.** Do models tuned on the same data leave their bases in the same direction, whatever the base? If those tuned on other data point to *another* side, there is a direction per data set, not one of "being tuned".
# - **PMI grows** with tuning, and much less with fine-tuning on plain text. But compare the dashed lines: against *other prompts of the same task* hardly anything is gained, and the table says whether a response is likelier under its own prompt than under another (chance:
#   one half). What these models have learned from pairs is what an answer to *such* a prompt looks like, not the answer. With an empty prompt as the reference, PMI counts that as using the prompt.
# - **Data or base?** A ratio below one says that two models tuned on the same data are nearer to each other than two tuned from the same base. The intervals printed above are over bases, and six of them are few.
#
# ### Instructions before real prompts
#
# Lines before the prompt, single and two at a time, in both orders. These are our wordings; the paper's are not known to us. Tiny models have never been told to answer in French, so nothing *sensible* is to be expected of their moves. But moves they are, and
# Bayes does not ask for sense: do unrelated lines add better than a paraphrase and a contradiction?

# %%
some_pairs = real.groupby("task", sort=False).head(max(2, per_task * 2 // 5)).reset_index(drop=True)
movers = real_models.iloc[final].reset_index(drop=True)
movers = movers[movers.tuning != "plain text"].reset_index(drop=True)
instructed = paper.conditions.score(
    movers,
    list(some_pairs.response),
    instructions.conditions(list(some_pairs.prompt)),
    rule=rule,
    workers=workers if is_home else 1,
)
moves = {name: instructed.shift(name, "given") for name in instructed.names}  # (M, N) each
n_movers = len(instructed.models)
compositions = {f"{a} > {b}": ((a, b), f"{a} > {b}") for a, b, _ in instructions.compositions}
kind_of = {f"{a} > {b}": kind for a, b, kind in instructions.compositions}
lines = paper.additivity.table(
    moves, compositions, list(instructions.lines), np.roll(range(n_movers), 1)
)
lines.insert(0, "kind of pair", lines.label.map(kind_of))
lines["model"] = instructed.models.model.to_numpy()[lines.row]
lines["order effect"] = [
    paper.additivity.order_effect(moves[label][k], moves[" > ".join(label.split(" > ")[::-1])][k])
    for label, k in zip(lines.label, lines.row, strict=True)
]
notebook.figure(
    paper.figures.controls(lines, by="kind of pair"),
    "real_operations",
    data=lines,
    caption="Lines before real prompts: how well the sum of two moves predicts the move of both, a point per model and pair of lines, beside the controls. Bars: medians; values below -1.5 are drawn there.",
)
by_kind = lines.drop(columns="row").groupby(["kind of pair", "label"], sort=False)
by_kind = by_kind.mean(numeric_only=True).reset_index()
notebook.table(
    by_kind,
    "real_operations",
    caption="Means over models. Order effect: how far the two orders are apart, over the size of the move.",
)

# %%
lineage_of = np.asarray(
    instructed.models.base.to_numpy() if is_home else range(n_movers)
)  # a base and its tuned
unrelated = lines[lines["kind of pair"] == "independent"].groupby("row")[["r2", "best_single"]]
unrelated = unrelated.mean()
ahead = (unrelated.r2 - unrelated.best_single).to_numpy()
note = (
    f"R2 of the sum {unrelated.r2.mean():.2f}, of the best line {unrelated.best_single.mean():.2f}"
)
value, interval = statistics.group_bootstrap(
    lambda rows: ahead[rows].mean(), lineage_of, **resampling
)
notebook.claims.record("additive_real", value, interval, note=note)
units = [models.maps.row_centre(moves[name]) for name in instructions.lines]
units = [unit / np.linalg.norm(unit, axis=1, keepdims=True) for unit in units]


def mean_cosine_of(rows):
    """Of the moves of models of different bases under the same line; relatives move alike."""
    rows = np.unique(rows)
    apart = lineage_of[rows][:, None] != lineage_of[rows]
    return np.mean([(unit[rows] @ unit[rows].T)[apart].mean() for unit in units])


value, interval = statistics.group_bootstrap(mean_cosine_of, lineage_of, **resampling)
notebook.claims.record("shift_systematic", value, interval)

# %% [markdown]
# *What to see.* The sum explains part of the composition, far more than another model's sum (a model of another tuning or base). The question of the ledger is whether it does better than **the best single line alone**, and of the table whether unrelated lines add better than a paraphrase or a contradiction. Where
# they do not, this is no evidence of additivity: what moves these models is that there is *some* line before the prompt, and a second one does not move them as far again.
#
# ### Does the map know what models can do?
#
# A task for models that hardly write sentences: is a response likelier under its own prompt than under one of another pair? Ridge regression from the conditional coordinates to the share of right choices per task, one base with all its tuned models
# held out at a time. (Where all scores are near one half, there is nothing to predict but noise, and out-of-fold correlations tend below zero: where the models held out are above the mean, the others, from which one predicts, are below.)

# %%
targets = 100 * np.stack(
    [chosen_right[final][:, rows].mean(axis=1) for rows in by_task.values()], axis=1
)
lineage = summary.base.to_numpy() if is_home else summary.model.to_numpy()
n_folds = min(len(set(lineage)), 10)
per_task_table = pd.DataFrame({"task": list(by_task), "mean score, %": targets.mean(axis=0)})
if len(final) >= 6:
    groups = lineage if is_home else None
    guess = models.maps.ridge(
        real_q["conditional"], targets, groups=groups, n_folds=n_folds, seeds=range(3)
    )
    predicted = guess.predicted.mean(axis=0)  # (M, tasks)

    def correlated(rows):
        return models.maps.prediction.correlations(predicted[rows], targets[rows]).mean()

    # what models do not differ in cannot be predicted: an effect needs power
    certain = [
        models.maps.prediction.reliability(chosen_right[final][:, rows])
        for rows in by_task.values()
    ]
    note = f"mean score {targets.mean():.0f} %, chance is 50 %; reliability {np.mean(certain):.2f}"
    measured = statistics.group_bootstrap(correlated, lineage, **resampling)
    if np.mean(certain) < 0.5:
        measured, note = (np.nan, None), f"{note}: models differ by little more than noise"
    notebook.claims.record("performance", *measured, note=note)
    per_task_table["reliability"] = certain
    per_task_table["sd over models, %"] = targets.std(axis=0)
    per_task_table["out-of-fold r"] = models.maps.prediction.correlations(predicted, targets)
else:
    notebook.claims.record("performance", np.nan, note="too few models for folds")
notebook.table(
    per_task_table,
    "performance",
    caption="Out-of-fold correlation of predicted and true share of right choices, the spread of the true ones, and how much of it is more than the noise of so many pairs.",
)

# %% [markdown]
# ## 7. What held, and what did not
#
# - **PMI separates reaction from taste** in the world where both are known: the two lines of the ledger are over seeds that were trained apart.
# - **Distances rank pairs of models as the true KL does; their size is too large**, more so for long responses and for pairs written by somebody else. The constant one half is for models that are close.
# - **Moves add** when tags are about independent things: the ledger asks whether the sum is better than the best part, the controls whether it fails where it must. Networks add by default: look at the paraphrase, whose slope should be one half.
# - **On real text** the ledger asks the same of lines before a prompt. Models that prefer a response under its own prompt no more than by chance do not read prompts closely enough to test the paper's claim there, and what they score cannot be predicted from any map.
# - **Tiny models** carry all this. Whether 552 public models do the same is what the paper reports; with a list of models and a file of pairs the cells of section 6 draw their map.
# - **One set of pairs, one prompt template, one estimator of the unconditional term**: each is a choice, and the map depends on it.
#
# The ledger: what the paper says as far as we know it, beside this run. What we derived ourselves is tested with the package; what we expected ourselves is printed where it is measured.

# %%
notebook.claims.table()

# %% [markdown]
# # How far do language models move?
#
# **The question.** A model changes while it is trained, when its weights are rounded, when it is fine-tuned, and from layer to layer. Which of these changes are large, and
# which are small? Without a common scale, "KL 0.1" says nothing.
#
# **The idea.** Put every checkpoint, rounded copy, fine-tune and layer on the map of notebook 06: each is one list of log-likelihoods of the same texts, and
# squared distances are KL divergences in bits per byte. Then every kind of change can be laid on one ruler, and a run of training becomes a path whose speed and roughness can be measured.
#
# The paper: Ryo Kishino, Yusuke Takase, Momose Oyama, Hiroaki Yamagiwa and Hidetoshi Shimodaira, *Establishing a Scale for Kullback-Leibler Divergence in Language Models Across Various
# Settings*, Findings of ACL 2026 ([arXiv 2505.15353](https://arxiv.org/abs/2505.15353)). The first version had the title *Revealing Language Model Trajectories via Kullback-Leibler
# Divergence*.

# %% tags=["advanced"]
from typing import Literal

n_late: int = 60  # 4..1000, evenly spaced checkpoints of each run
warm_up_end: int = 260  # 1..100000, steps; from here on checkpoints are evenly spaced
n_intervals: int = 20  # 1..1000, behind Early and behind Later, of each size
zoo_plan: Literal["smoke", "laptop", "paper"] = "laptop"  # the population of notebook 06
chunk_bytes: int = 128  # 32..4096, of an installed text at most
per_domain: int = 120  # 2..1000000, texts of each domain in notebook 06
every_text: int = 5  # 1..1000, of those every so many-th is used here
clip_share: float = 0.02  # 0..0.2, of the entries raised to their quantile
removed_share: float = 0.03  # 0..0.5, texts removed that change most between checkpoints
long_late: int = 50  # 4..1000, evenly spaced checkpoints of each long run
deep_steps: int = 600  # 1..1000000, of the deep model whose layers are shown
ledger: str | None = None  # a folder of rows of the texts below; None: that of these texts
rule: str = ""  # how texts are scored, as "bos=always truncate=512"; empty: the published rule
quantiser: Literal["simulated", "bitsandbytes"] = "simulated"  # the latter needs a GPU
perplexity: float = 30.0  # 2..200, of t-SNE
n_iterations: int = 1000  # 250..100000, of t-SNE
workers: int | None = None  # 0..64, processes; None: one for each core

# %% tags=["parameters"]
runs_table: str | None = None  # "pythia", or a csv of checkpoints; None: runs trained here
models_file: str | None = None  # your own models, a list or a csv; None: the zoo of 06
text_set: str = "installed"  # installed | pile10k | a path
n_steps: int = 1200  # 4..1000000, of the runs trained here
widths: list[int] = [32, 64, 96]  # of the three sizes
n_seeds: int = 4  # 1..20, of the middle size
long_steps: int = 20000  # 20..10000000, of the small network's long runs
tuning_steps: list[int] = [50, 200, 1000]  # of fine-tuning, increasing
window: int = 10  # 2..100, later checkpoints for an exponent
n_quantised: int = 5  # 1..1000, models that are rounded and taken apart
n_bootstrap: int = 200  # 10..10000, draws of texts
seed: int = 42  # 0..1000000

# %%
import numpy as np
import pandas as pd

from lmnotes import figures, models, notebook, statistics, text
from lmnotes.papers import trajectories as paper

figures.style.use()
notebook.begin("08_trajectories", globals())
text_set = text.frozen.use(text_set)  # a frozen file is the installed text
notebook.hero()
sampling = {"window": window, "n_samples": n_bootstrap, "seed": seed}
published = paper.kl_ruler.published()["median"]  # bits/byte

# %% [markdown]
# **After this notebook you can**
#
# - read a KL in bits per byte against a ruler that runs from late checkpoints to layers;
# - tell a spiral that training draws from one that any random walk draws;
# - measure how distance grows with time, and say when such an exponent means nothing;
# - say what rounding does to a model, and whether it does the same to its relatives.
#
# **Settings.** The paper has the Pythia suite and public models. Here small networks are trained on this machine: byte-level GPT-NeoX runs on a short cosine schedule, and a tiny
# network for the long tail that exponents need. They are under-trained: what can be compared is order and shape. `lmnotes run 08 --profile paper` scores the Pythia checkpoints and the hub models that `models.csv` names on GPUs; it resumes. Your own models take the zoo's place with
# `-p models_file=FILE`: a list of hub ids or folders, or a csv with model and perhaps revision, family and parent. The deep model of section 8, the runs of section 3 (without `runs_table`) and the small network of sections 5 and 7 are trained all the same.
# `-p runs_table=FILE` takes any runs: a csv with the columns run, step and model (hub id or folder), perhaps revision, group (size, seed or both) and excluded.
#
# ## 1. Texts and runs
#
# The texts are some of those of notebook 06. Every model of this page scores the same ones, and one clip threshold is frozen for all, so that any two numbers below can be compared.
# As in the paper, log-likelihoods are clipped at their pooled 2 % quantile, and the texts whose log-likelihood jumps most between checkpoints after the warm-up are removed. The second
# step looks at the outcome; section 4 measures what it does to KL.

# %%
home_texts = text.chunks.load("installed", size=chunk_bytes, per_domain=per_domain, seed=seed)
in_home = np.flatnonzero(home_texts.table.groupby("domain").cumcount() % every_text == 0)
texts = home_texts.select(in_home) if text_set == "installed" else text.chunks.load(text_set)
own = pd.DataFrame() if models_file is None else models.runner.listed(models_file)
scored = models.ledger.open(texts, models.runner.listing.rule_for(own, rule), ledger)
notebook.note_input("texts", texts.content_id)
notebook.claims.record_all({"n_texts": len(texts), "mean_bytes": texts.n_bytes.mean()})
notebook.table(
    texts.table.groupby("domain")
    .agg(texts=("text_id", "size"), files=("source", "nunique"), mean_bytes=("n_bytes", "mean"))
    .reset_index(),
    "texts",
    caption=f"{len(texts):,} texts of {texts.n_bytes.mean():.1f} bytes on average.",
)

# %%
few = {"n_sequences": 4}
width = widths[len(widths) // 2]
deep = models.zoo.plans.run("GPT-NeoX", width, 6, "uniform", 1, n_steps=deep_steps, **few)
specs = models.zoo.plans.trajectories(n_steps, n_late, widths, n_seeds, **few)
built = models.zoo.build([*specs, deep] if runs_table is None else [deep], workers=workers).models
deep_model = built.set_index("model").loc[deep.name]
if runs_table is None:
    checkpoints = paper.checkpoints.from_zoo(built[built.lineage != deep.name])
    models.runner.score_small(checkpoints, scored, workers=workers)
else:
    checkpoints = paper.checkpoints.read(runs_table)
    models.runner.score(paper.checkpoints.models(checkpoints), scored, devices="all")
    checkpoints = paper.checkpoints.present(checkpoints, scored)
L = scored.matrix(paper.checkpoints.models(checkpoints))

# %%
prepared_as = {"clip": clip_share, "remove": removed_share, "after": warm_up_end}
runs = paper.scored_runs.measure(checkpoints, L, texts, **prepared_as)
notebook.note_input("runs", sorted(runs.groups))
notebook.table(
    runs.summary(),
    "runs",
    caption=f"{len(checkpoints)} checkpoints. {runs.prepared.kept.sum():,} of {len(texts):,} texts are kept; entries below {runs.prepared.threshold:.0f} nats are raised to it.",
)

# %% [markdown]
# ## 2. The unit
#
# For two models $a$, $b$ with log-likelihoods $\ell_a(x_s)$, $\ell_b(x_s)$ of texts of $\bar B$ bytes on average,
#
# $$\mathrm{KL}(a,b)\;=\;\frac{\operatorname{Var}_s\big(\ell_a(x_s)-\ell_b(x_s)\big)}{2\,\bar B\,\ln 2}\qquad\text{bits per byte},$$
#
# the population variance over texts. A constant difference does not count. The root of twice a KL in nats is the standard deviation of the difference. The formula is the second-order term of a KL: near
# models are that far apart, and for distant ones the same number is a *map distance per byte* and **no literal KL**. A value above what the models themselves need for a byte cannot be one. Section 9 puts KL itself beside it: runs trained
# here write texts, and along these the exact KL of their next-byte laws is added up (*Rao–Blackwell*: [Amini, Vieira and Cotterell](https://arxiv.org/abs/2504.10637), NeurIPS 2025, `kl-rb`), beside the mean log-ratio (*Monte Carlo*).

# %%
bits_per_byte = paper.exercises.bits_per_byte()
in_nats = paper.exercises.in_nats()

# %% tags=["answer"]
bits_per_byte.check(...)

# %% tags=["answer"]
in_nats.check(...)

# %% [markdown]
# ## 3. Runs on the map
#
# Figure 1 of the paper: the coordinates $Q/\sqrt{2N\bar B\ln2}$ of all checkpoints. Lines go from light to dark along training and are wide where a step is long; the large dot is the end.
#
# *Where to look.* Left: do all runs leave the untrained corner the same way, and where do they turn? Compare seeds of one size (grey) with other sizes. Right: the same points by t-SNE, which blows up small
# distances. What of this is training, and what would any path show?

# %%
run_map = paper.scored_runs.on_map(runs, perplexity=perplexity, n_iterations=n_iterations)
notebook.figure(
    paper.figures_paths.maps(run_map, runs.groups),
    "fig1_trajectories",
    data=run_map.table(),
    caption="Figure 1: all runs on one map, sizes in colour and further seeds of the middle one in grey.",
)
notebook.claims.record_all(runs.parallel(n_bootstrap, seed))
notebook.says("parallel")

# %% [markdown]
# **The control.** The components of a long walk of independent steps of one size in many dimensions are cosines of rising frequency, with $6/(\pi k)^2$ of the variance each, and
# two cosines draw an arc (Antognini and Sohl-Dickstein 2018). So a spiral alone says nothing. A fair walk takes steps of the run's own lengths: where these shrink,
# the walk's cosines are stretched as well. One walk is chance; the caption has the mean of twenty.
#
# *Where to look.* Where training and walk draw alike curves, the shape says nothing about training. Then the bars: a first bar above the walk's means that the run keeps a direction for
# long; below it, that single checkpoints jump to and fro. Independent walks have a cosine of 0 with each other: what the cosines above exceed it by does not come from geometry.

# %%
three, shapes, shape_table, second = run_map.controls(runs.middle, warm_up_end)
notebook.figure(
    paper.figures_paths.control(three, shapes),
    "walk_control",
    data=shape_table,
    caption=f"{runs.middle} after the warm-up, and a random walk with steps of the same lengths: components 1 and 2, 1 and 3, each path scaled to its own size, and shares of the variance. The number over a bar is the squared correlation with the cosine of that number: of component 2, {second['mean']['training']:.2f} for training, and {second['mean']['random walk']:.2f} (standard deviation {second['std']['random walk']:.2f}) for twenty walks.",
)
notebook.table(shape_table, "walk_shapes", caption="What the components of run and walk hold.")
first = shapes[shapes["component"] == 1].set_index("path")["share"]
shares = {"run": first["training"], "walk": first["random walk"]}
notebook.says("control", **shares, lead=shares["run"] - shares["walk"])
paper.live.spiral(run_map, runs)
notebook.teach.quiz("spiral")
paper.live.learning(run_map, runs)

# %% [markdown]
# ## 4. How fast
#
# Figure 4: KL from every checkpoint to the next. Checkpoints lie at steps 0, 1, 2, 4, ... 256 and at even parts of the whole run; each KL is divided by the steps between, so that the two grids can be compared.
#
# *Where to look.* When does a model move fastest, and does it still slow down at the end? A fall has two causes: there is less left to learn, and the learning rate
# follows a cosine down to a tenth. Section 5 takes the two apart. The table asks how much the choices of clip and texts matter: the paper takes one threshold and one set of texts for each group of runs.

# %%
speed = runs.speed()
bursts = runs.bursts(speed)
notebook.figure(
    paper.figures_paths.consecutive(speed, runs.groups, warm_up_end),
    "fig4_consecutive",
    data=speed,
    caption="Figure 4: KL between consecutive checkpoints over the number of steps between them, drawn at the earlier one. Left: the warm-up, on a logarithmic axis of steps. Right: after it.",
)
notebook.claims.record("burst", *statistics.over_seeds(bursts), n_seeds=len(bursts))
notebook.claims.record_all(runs.settled(speed))
notebook.says("speed")
notebook.table(
    runs.choices(n_intervals),
    "removal",
    caption="Medians of the settings of training in bits/byte, with other choices of clip and texts.",
)

# %% [markdown]
# ## 5. How distance grows with time
#
# From a checkpoint $t_0$ to the next ten,
#
# $$\log\mathrm{KL}(t_0,t)=c_q\log(t-t_0)+\dots,\qquad\log\lVert\theta_t-\theta_{t_0}\rVert^2=c_w\log(t-t_0)+\dots$$
#
# Both are *squared* distances: $c=1$ is a random walk, $c<1$ slower than one, $c=2$ a straight line. $\alpha=c_q/c_w$ says how rough the map from weights to log-likelihoods is along the run (1 would be
# Lipschitz), and $2/c$ is the dimension of the path. The paper finds $c_w$ about 1 and $c_q$ about 0.2 for Pythia: the weights drift on while the distribution hardly changes.

# %%
drift = paper.weight_distance.of_runs(checkpoints, window)
table, c_q = runs.laws(drift, **sampling)
by_run = dict(list(table.groupby("run")))
notebook.figure(
    paper.figures_paths.exponent_panels({run: by_run[run] for run in runs.sizes}),
    "exponents_runs",
    data=table,
    caption="Exponents of the sizes against the start step, with 95 % intervals over texts; shaded: the ranges of the paper's five sizes.",
)
caption = "Mean exponents over the first and the last quarter of the starts."
notebook.table(paper.scored_runs.quarters(table), "exponents", caption=caption)
notebook.claims.record("cq_zoo", *paper.scored_runs.tail_over_seeds(c_q), n_seeds=len(c_q))
ratios = runs.settling(drift, n_intervals)
settling = statistics.over_seeds(ratios) if ratios else (np.nan, None)
note = "" if ratios else "the weights of these runs are not on this machine"
notebook.claims.record("settles", *settling, note=note, n_seeds=len(ratios))
notebook.claims.record_all(paper.scored_runs.of_sizes(table))
notebook.says("settles")

# %% [markdown]
# **What the tail of these runs is worth.** A law of distance and time needs a stationary tail: many steps at a constant loss. These runs are short, and their learning rate follows a cosine all along.
# Batches are small, so that each single checkpoint carries noise. Look at the $R^2$ of $c_q$ in the table: where it is low, a power law is a poor description. So these exponents do not mean here what they mean in the paper, wherever their lines lie.
#
# So: a network of 22 thousand parameters (the last 16 bytes through two hidden layers, after Bengio et al. 2003), trained for many steps, twice: at a constant rate, and with
# a cosine to a tenth. Beside the weights as they are, a moving average of the last hundred steps or so is kept.

# %%
recipes = paper.long_tail.recipes(models.zoo.plans.schedule(long_steps, long_late))
trained = paper.long_run.train_all(list(recipes.values()), workers)
is_installed = text_set == "installed"  # longer texts are not for this network
long_texts, lowest = (texts, runs.prepared.threshold) if is_installed else (home_texts, None)
frozen = {"first": long_steps // 50, "remove": removed_share, "threshold": lowest}
tail = paper.long_tail.measure(
    dict(zip(recipes, trained, strict=True)), long_texts, **frozen, **sampling
)
late = tail.late_c_q()
notebook.figure(
    paper.figures_paths.exponent_panels(tail.all_texts, tail.average_c_q),
    "exponents_long",
    data=pd.concat([rows.assign(run=run) for run, rows in tail.all_texts.items()]),
    caption=f"Two long runs of the small network: exponents against the start step, with 95 % intervals over texts; shaded: the ranges of the paper's five sizes; dotted: the same for averaged weights. Mean $c_q$ over the last quarter of the starts, as it is and averaged: {late[0]:.2f} and {late[1]:.2f} at the constant rate, {late[2]:.2f} and {late[3]:.2f} with the cosine.",
)
caption = "Means over stretches of the two long runs."
notebook.table(tail.stretches(), "exponents_long", caption=caption)
seeds = paper.long_tail.further_seeds(tail, (2, 3), workers)
tails = paper.long_run.tails(seeds, long_texts, **frozen, **sampling)
notebook.claims.record_all(paper.long_tail.claims(tails), n_seeds=len(seeds))
notebook.says("floor", constant=late[1] - late[0], cosine=late[3] - late[2])

# %% [markdown]
# *Where to look.* Where does $c_q$ go along the runs, and $c_w$? Then the dotted line. Averaging the weights over
# some steps takes the noise of single steps out: how far the exponent rises is how much of a small $c_q$ is a **floor**, a distance that any two checkpoints have however near they are. A constant rate keeps the floor up, a cosine
# lowers it. Where $c_w$ lies above the paper's band, the weights keep a direction, and even this tail is not a stationary one for them.
#
# Below, take any start and any number of later checkpoints. With a straight line the exponent says what happens; a bent one, or a small $R^2$, says that it is one number for
# something that is not a power law.

# %%
windows = tail.windows(window)
windows |= {run: (runs.runs[run], drift[run], runs.n_bytes) for run in drift}
ends = [run for run in (*recipes, runs.middle) if run in windows]
figure, window_table = paper.figures_paths.windows(
    {
        name: paper.exponents.one_window(
            *windows[name], max(len(windows[name][0]) - 1 - window, 0), window
        )
        for name in ends
    }
)
notebook.figure(
    figure,
    "fig5_exponents",
    data=window_table,
    caption="Figure 5, left: KL (solid) and squared weight distance (dashed) from the last start with a whole window, each divided by what its fitted law gives for the next checkpoint; so both start at 1, and slopes can be compared. Grey: an exponent of 1.",
)
paper.live.fits(windows, paper.long_tail.COSINE, 80, window)
slope = paper.exercises.slope()
floor = paper.exercises.floor()
break_subdiffusion = paper.exercises.break_subdiffusion(windows, paper.long_tail.COSINE, 80, window)
notebook.teach.quiz("small_exponent")

# %% tags=["answer"]
slope.check(...)

# %% tags=["answer"]
floor.check(...)

# %% tags=["answer"]
break_subdiffusion.check(...)

# %% [markdown]
# ## 6. Rounded weights
#
# The paper rounds with bitsandbytes (LLM.int8 and FP4) and finds 8 and 4 bits nearly alike and both far away, about as far as a fine-tune. A difference between the two *files*
# (one clipped, another library) would look the same. Here original and copy go through one program: every linear layer is rounded to a symmetric grid, $w\to s\,\mathrm{round}(w/s)$ with
# $s=\max|w|/(2^{b-1}-1)$, one scale for the tensor or for each output column. Four bits are also taken as the paper's program takes them, the nearest of FP4's 15 values times the largest weight of
# each 64 inputs, and these stand on the scale of section 9.
#
# *Where to look.* A bit doubles the error of a weight, and KL goes with its square: a factor of four for each bit, as long as errors are small. Where do the lines leave that slope? And how far are our 8-bit and 4-bit copies
# from each other, and from the diamonds? Small models spare something: activations stay as they are here, and large models have outliers.
#
# Does rounding push related models the same way? Cosine of the shifts $q_{rounded}-q_{original}$, rows centred; the paper's summary says 0.91 to 0.98 within a family. A common direction would
# arise where copy and original differ in something that all models share, such as the arithmetic or the file; that is a guess.

# %%
if models_file is None:
    population = paper.checkpoints.population(zoo_plan, home_texts, workers)
    rows = (
        models.ledger.open(home_texts, scored.rule) if is_installed and every_text > 1 else scored
    )
    models.runner.score_small(population, rows, workers=workers)
    all_scores = rows.matrix(about=population)
    P = runs.clipped(all_scores.values[:, in_home] if is_installed else all_scores.values)
else:
    own = models.runner.scored(own, texts, scored.rule, ledger)
    all_scores, population = own.matrix, own.matrix.models
    P = runs.clipped(all_scores.values)
    notebook.note_input("models", own.inputs)
    if len(own.failures):
        caption = "Models that could not be scored, and why."
        notebook.table(own.failures, "failed", caption=caption)
notebook.note_input("population", sorted(population["model"]))
examined = paper.checkpoints.to_examine(population, n_quantised)
rounded = paper.rounded_models.score(examined, runs, quantiser, scored.rule, workers)

# %%
rounding = rounded.table()
medians, ratio = paper.rounded_models.by_bits(rounding)
notebook.figure(
    paper.figures_ruler.bits(rounding, {n: published[f"{n}-bit"] for n in (8, 4)}),
    "quantisation",
    data=rounding,
    caption="Map distance per byte of rounded copies to their originals (near them, a KL in bits per byte); diamonds: the published medians of far larger models.",
)
caption = "Map distance per byte, medians over models."
notebook.table(medians, "quantisation", caption=caption)
notebook.says("rounding", ratio=ratio, published=published["4-bit"] / published["8-bit"])

# %%
kin = rounded.kin()
means = kin[kin["bits"] == 4].groupby("one family")["cosine"].mean()
said = {True: "within a family", False: "across families"}
notebook.figure(
    paper.figures_ruler.shift_cosines(kin),
    "shift_cosine",
    data=kin,
    caption="Cosines of the shifts by rounding of every two models, a scale for each column. Means at 4 bits: "
    + ", ".join(f"{cosine:.3f} {said[is_kin]}" for is_kin, cosine in means.items()),
)
notebook.claims.record_all(rounded.claims())
notebook.says("kin")
paper.live.rounded_model(rounded)

# %% [markdown]
# ## 7. Relatives
#
# A fine-tune against its parent; two models of one family; two models at random. (Whether neighbours on the map are relatives, notebook 06 asks in its section 3.) First in the small network, where a fine-tune costs a second: from the end of the cosine run, on one kind of text, for longer and
# longer; then grandchildren on another.
#
# *Where to look.* Has a fine-tune a distance of its own, or is it as far as its steps have carried it? Compare the ends of the curves with the distance of two seeds in section 9. The published 0.40 is a statement
# about what people upload.

# %%
tuned = paper.long_tail.fine_tune(tail, tuning_steps, home_texts.domains, workers)
notebook.table(tuned.table(), "fine_tuning", caption="Fine-tunes of the small network.")
notebook.figure(
    paper.figures_ruler.fine_tunes(tuned),
    "fine_tuning",
    data=tuned.table(),
    caption="Left: map distance to the parent after so many steps on one kind of text. Right: all of them on a map (PCA), with second fine-tunes; names where there is room.",
)
to_parent = tuned.table()["map distance to the parent, per byte"]
seed_kl = paper.scored_runs.median_seed(runs)
notebook.says("tuning", least=to_parent.min(), most=to_parent.max(), seeds=seed_kl)
paper.live.fine_tune(tuned)

# %% [markdown]
# ## 8. Layers
#
# The logit lens reads every layer as a language model: final norm, then the model's own head. Below, one text through a model of six blocks.

# %%
deep_scorer = models.scoring.load(deep_model["folder"])
example = int(np.flatnonzero(home_texts.domains == "encyclopedia")[0])
figure, log_probabilities, show = paper.live.lens(deep_scorer, home_texts, example)
notebook.figure(
    figure,
    "layer_text",
    data=log_probabilities,
    caption=f"Log-probability of each byte of one text under every layer of {deep_model['label']}.",
)
show()

# %%
deepest = pd.DataFrame([deep_model.rename({"model": "name", "label": "model"})])
parts = [deepest, examined] if is_installed else [examined]  # longer texts are not for the deep one
threads, taken_apart, failed = paper.rounded_models.layers_of(
    pd.concat(parts)[["model", "folder", "family"]],
    lambda folder: runs.clipped(models.scoring.layers.saved(folder, texts, scored.rule)),
)
steps = paper.scored_runs.steps_of(threads.values())
layers = paper.rounded_models.layer_table(threads, steps, runs.n_bytes)
left_out = f" Not taken apart: {', '.join(failed['reason'])}." if len(failed) else ""
caption = f"Map distance between adjacent layers by the logit lens.{left_out}"
notebook.table(layers, "layers", caption=caption)
places = models.maps.layout.build(
    models.maps.double_centre(all_scores.clip(clip_share).values), population["model"]
)
notebook.figure(
    paper.figures_ruler.three_maps(rounded, population, places, threads, taken_apart),
    "fig2_maps",
    data=population[["model", "label", "family", "parent"]].merge(
        places, left_on="model", right_index=True
    ),
    caption="Figure 2: (a) originals (circles) and copies with weights of a few bits (squares; at 8 bits they would coincide), PCA; (b) the population of notebook 06, at its places there (t-SNE), lines from parent to child; (c) layers from light to dark, the model itself a white square, PCA.",
)

# %% [markdown]
# *Where to look.* How far are early layers from any language model, beside what the models need to write the text down at all? What exceeds that is a map distance, not a literal
# divergence. Which blocks take the longest steps?
#
# ## 9. One scale
#
# Now everything on one ruler (Figure 3). Linear below 0.1, logarithmic above.

# %%
differences, units = paper.kl_ruler.training(
    runs.runs, runs.sizes, runs.seeds, n=n_intervals, after=warm_up_end
)
edges = paper.kl_ruler.edges(population["model"], population["parent"])
related, pairs = paper.kl_ruler.relatives(P, edges, population["family"])
copies = rounded.differences(quantiser == "simulated")
differences |= copies | related | {"Layer": np.concatenate(steps)}
names = np.column_stack([list(rounded.by_column)] * 2)
units |= dict.fromkeys(copies, names) | pairs | {"Layer": np.column_stack([layers["model"]] * 2)}
scale = paper.kl_ruler.scale(differences, units, runs.n_bytes, runs.blocks, n_bootstrap, seed)
notebook.figure(
    paper.figures_ruler.ruler(scale.kl, scale.table),
    "fig3_scale",
    data=scale.points(),
    caption="Figure 3: map distance per byte of the ten settings, where small their KL in bits per byte. Points are pairs, numbers of them in brackets; violins where there are ten or more. Diamonds: the published medians, of far larger models. Below 0.1 the axis is linear, so that values near zero lie on it.",
)
notebook.claims.record_all(scale.claims())
inverted = [f"{low} and {high}" for low, high in scale.inverted()] or ["none"]
notebook.says("order", inverted=inverted)

# %%
notebook.table(
    scale.table,
    "scale",
    caption=f"Median map distances per byte with intervals over models (low, high) and over texts; certainty is that of the published number. On the paper's texts of 972 bytes its medians are standard deviations of the difference of so many nats: {paper.kl_ruler.as_nats()}.",
)
notebook.table(
    scale.order.assign(holds=scale.order["our ratio"] > 1),
    "order",
    caption="Neighbours on the published ruler: the ratio of the higher to the lower, and the outermost ends of its 95 % intervals over models and over texts.",
)

# %%
end_kl = paper.scored_runs.matrix_at_end(runs)
notebook.figure(
    paper.figures_ruler.matrix(end_kl, list(runs.runs)),
    "seed_size",
    data=pd.DataFrame(end_kl, columns=list(runs.runs)).assign(run=list(runs.runs)),
    caption="Map distances between all runs at their ends.",
)
if runs_table is None:
    direct = paper.scored_runs.direct(checkpoints, runs, seed=seed)
    notebook.table(
        direct.round(4),
        "direct_kl",
        caption="The same beside KL itself, bits/byte: along texts that both runs write.",
    )
    factor = (direct["map distance"] / direct["kl"]).median()
    gain = (direct["error"] / direct["monte_carlo_error"]).median()
    notebook.says("direct", factor=factor, gain=gain, n=len(direct))

# %% [markdown]
# *Where to look.* The order of the ruler can be compared; absolute values cannot, since small, under-trained models on very different kinds of text are not large ones. The sentence below the figure names the pairs of
# settings that stand in the other order here. Two reasons to think of: what rounding costs a small network, and how long a fine-tune is: in the zoo it reads one kind of
# text alone for a fifth of its parent's training, longer than what people upload. Two pairs of Size share one network: see them in the matrix, beside the seeds.
#
# ## 10. What to take along
#
# - **The ruler** is a matter of which models one has: rounding depends on the scheme, a fine-tune on its length, Early and Later on how many steps lie between checkpoints. What is general is the reading:
#   a KL is small or large *for something*.
# - **Settling.** A learning-rate schedule shortens the steps of weights and distribution alike; the claim `settles` compares them. At a constant rate the noise of single steps puts a floor under the KL.
# - **Exponents** need a stationary tail, and ten correlated points are few.
# - **Spirals** are what a walk looks like. A direction that seeds and sizes share is not.
# - Texts are few, intervals are over texts (by source) or pairs, for one training of each long run, and models that share a seed or a parent are not independent.

# %%
notebook.claims.table()

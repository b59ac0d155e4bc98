# %% [markdown]
# # A map of language models, drawn from how likely they find the same texts
#
# **The question.** There are thousands of language models, of different sizes, makers and tokenizers. Can one lay them
# out on a map without knowing anything about their insides, and read from the map what they are good at?
#
# **The idea.** Let every model read the same few thousand texts and note how likely it finds each:
# this list of numbers is the model's fingerprint. Take out what is common to a model and what is common to a text, and the squared distance between
# two fingerprints approximates the Kullback–Leibler divergence between the two models.
#
# The paper: Momose Oyama, Hiroaki Yamagiwa, Yusuke Takase and Hidetoshi Shimodaira, *Mapping 1,000+ Language Models via the
# Log-Likelihood Vector*, ACL 2025 ([arXiv 2502.16173](https://arxiv.org/abs/2502.16173)).

# %% tags=["advanced"]
from typing import Literal

ledger: str | None = None  # a folder of rows that were scored before; None: that of these texts
scores_file: str | None = None  # csv with `model` and a column per benchmark; None: home-made tasks
rule: str = ""  # how texts are scored, as "bos=always truncate=512"; empty: the published rule
clip_share: float = 0.02  # 0..0.2, of the entries raised to their quantile
perplexity: float = 30.0  # 2..200, of t-SNE
n_iterations: int = 10000  # 250..100000, of t-SNE
n_calibration_models: int = 10  # 3..40, compared with each other by sampling
n_draws: int = 24  # 4..10000, texts that each of these writes
interpolation_models: list[str] = []  # base and two fine-tunes; empty: from the population
n_interpolation_texts: int = 225  # 10..1000000

# %% tags=["parameters"]
zoo_plan: Literal["smoke", "laptop", "paper"] = "laptop"  # the population trained here
models_file: str | None = None  # your own models, a list or a csv: the map is of these instead
published_matrix: str | None = None  # the released pickle: the map is of its models instead
text_set: str = "installed"  # installed | pile10k | a path
chunk_bytes: int = 128  # 32..4096, of a text at most; the models of the zoo learnt on 128
per_domain: int = 120  # 2..1000000, texts drawn from each domain
n_items: int = 200  # 4..10000, of every home-made task
n_seeds: int = 5  # 1..50, of the folds of the prediction
seed: int = 42  # 0..1000000

# %%
import numpy as np
import pandas as pd

from lmnotes import figures, models, notebook, text
from lmnotes.papers import model_map as paper

figures.style.use()
notebook.begin("06_model_map", globals())
text_set = text.frozen.use(text_set)  # a frozen file is the installed text
notebook.hero()

# %% [markdown]
# **After this notebook you can**
#
# - compute a model's coordinates, and say what each centring removes;
# - tell when the squared distance is a KL divergence, and when it is not;
# - read a map, a tree and a matrix of distances, and know which of their features mean nothing;
# - predict scores of models without fooling yourself with their relatives;
# - recognise a model that has seen the test texts.
#
# **Settings.** The paper maps 1,018 public models on GPUs. Here a population of small models is trained on this machine from text that every
# installation carries. For a map of public models: `lmnotes run 06 --profile hub` (`notebooks/cards/hub_models.csv` lists them). For the map of your own models: `lmnotes run 06 --profile paper -p models_file=models.csv`; nothing is trained then. The file has one hub id or folder per line, or is a csv with a column `model` and, where known, revision, family, parent, date, size and scores; models of one first ancestor, else of one family, are one lineage.
# `-p published_matrix=FILE` reads the authors' released matrix and scores nothing.
#
# ## 1. Texts and models
#
# The texts are chunks of at most so many bytes, cut without regard to words and never inside a character, from files that no model was
# trained on. Which texts, and how many of each domain, **defines** the distribution under which models are compared.
#
# The population: byte-level models of several architectures, sizes, data mixtures and seeds, some of them checkpoints, fine-tunes or merges of others; n-gram models,
# which only count, beside them; some that **have seen the very texts** on which they will be compared, and some with a tokenizer of their own.

# %%
texts = text.chunks.load(text_set, size=chunk_bytes, per_domain=per_domain, seed=seed)
home_texts = texts if text_set == "installed" else paper.population.home_texts()
is_own = models_file is not None or published_matrix is not None
trained = None if is_own else models.zoo.build(zoo_plan, texts=home_texts).models
files = {"models_file": models_file, "published_matrix": published_matrix, "ledger": ledger}
population = paper.population.choose(texts, trained, rule, clip_share, **files)
scoring_rule = population.rule
notebook.note_input("texts", texts.content_id)
notebook.note_input("models", population.inputs or sorted(population.names))
notebook.table(
    paper.population.describe_texts(texts),
    "texts",
    caption=f"{len(texts):,} texts of {texts.n_bytes.mean():.1f} bytes on average.",
)
notebook.table(
    paper.population.describe_models(population.models),
    "population",
    caption=f"{len(population)} models by family; smallest and largest in parameters (n-gram models: stored counts).",
)
if population.failed is not None and len(population.failed):
    why = "Models that could not be scored: why, and what to do."
    notebook.table(population.failed, "failed", caption=why)

# %% [markdown]
# ## 2. One number per text
#
# With model $i$'s own tokens $y_1,\dots,y_n$ of the text $x$,
#
# $$\ell_i(x)=\sum_{t}\log p_i(y_t\mid y_1,\dots,y_{t-1})\quad\text{(nats)},$$
#
# and $L$ is the matrix of all models and texts. A score, once made, lies in a ledger and is never made again.
#
# Some entries are extreme: a model trained on arithmetic meets a licence. The paper therefore raises the lowest 2 % of all entries to
# their quantile, before anything else. *Where to look:* the last column of the table, for how much one text in a hundred decides. The relative standard error of a variance from $N$ texts is about
# $\sqrt{(\text{kurtosis}-1)/N}$.

# %%
notebook.table(
    paper.checks.compare_pairs(population, seed=seed),
    "differences",
    caption="Nine pairs from the nearest to the farthest: the map distance and how well these texts determine it.",
)
notebook.says("clipping", **paper.checks.clip_effect(population.raw, clip_share, seed=seed))

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
# distribution of the texts, are close to each other. Section 5 tests it; until then the right side is called the **map distance**, in nats per text.
#
# *Where to look.* In the second view, switch between centrings, then move the clip: which models move, and which stay? In the tree: does it part models by how they are built, or by what they read? In the view below it: from which texts does the distance of two models come?

# %%
paper.live.explore_texts(population)
centre = paper.exercises.centre(population.L)

# %% tags=["answer"]
centre.check(...)

# %%
paper.live.explore_centrings(population, clip_share)
notebook.teach.quiz("uniformly_better")
one_bit = paper.exercises.one_bit()

# %% tags=["answer"]
one_bit.check(...)

# %%
linkage = models.maps.projection.tree(population.Q)
order = models.maps.projection.leaf_order(linkage)
kinds = population.models["architecture" if population.is_zoo else "family"]
notebook.figure(
    paper.atlas.distances(population.distance, order, population.models),
    "kl_matrix",
    data=population.square(order),
    caption="Map distances of all models, in the order of the tree below; dark is near, the scale is logarithmic. The strip at the side has the colour of each model's family in the map.",
)
notebook.figure(
    paper.atlas.tree(linkage, population.models),
    "tree",
    data=pd.DataFrame(linkage, columns=["one", "other", "height", "n_models"]),
    caption="The same distances as a tree (Ward's linkage, our choice).",
)
notebook.says("first_split", **paper.checks.first_split(linkage, kinds))

# %%
paper.live.explore_pair(population)
near = models.maps.coordinates.nearest(population.distance, population.labels)
notebook.table(
    near.pivot(index="model", columns="rank", values="neighbour").reset_index().iloc[:, :4],
    "neighbours",
    caption="The three nearest models of each.",
)

# %% [markdown]
# **Are neighbours relatives?** It is known which of these models descend from which. *Precision at 5* is the share of relatives among a model's five nearest (of one with fewer relatives, among as many), *AUC* the share of strangers that are farther from a model than its parent, or than its relatives; the checkpoints of a run
# do not count for each other. Beside the map stand simpler distances of the same models. With the same question *Model Provenance Testing* ([arXiv 2502.00706](https://arxiv.org/abs/2502.00706)) tests the outputs of two models against those of unrelated ones, and *LLM DNA* ([arXiv 2509.24496](https://arxiv.org/abs/2509.24496)) draws a tree from embeddings of answers.
#
# *Where to look.* What does the map tell beyond the mean log-likelihood? Weights betray a common start, but where shapes differ they tell nothing: which way needs only texts?

# %%
if kinship := paper.kinship.judge(population, seed=seed):
    notebook.figure(
        paper.figures.kinship(kinship.table),
        "relatives",
        data=kinship.table,
        caption=f"What distances tell of descent: means over models, 95 % intervals over lineages (of three or more), dotted what chance gives.{kinship.absent}",
    )
    notebook.table(
        kinship.table.round(3),
        "relatives",
        caption="The same in numbers; p is the share of random orders of these models that do as well, the interval asks what other lineages might give.",
    )
    notebook.says("relatives", **kinship.numbers())
else:
    notebook.says("no_relatives")

# %% [markdown]
# ## 4. The map
#
# Three pictures of the same distances. **t-SNE** (perplexity 30, PCA start, `sqeuclidean`, seed 42: as stored with a later reference map of the same models; that Figure 1 has them is our reading) keeps neighbours together; its distances between groups, its
# orientation and its empty spaces mean nothing. **PCA** of $Q$ keeps the large differences and has axes with units. **Classical scaling** takes only a matrix of distances; from the exact
# ones it is PCA again, so it is shown for the root of the map distance as the squared distance, which gives small distances room.
#
# *Where to look.* Where do the lines lead, from parent to child? Compare the bar with the discs: would another draw of texts, or another seed, move a model out of its neighbourhood?
#
# Below the figures stands the page `map.html`, and then the map with other settings of t-SNE. And **where would my model land?** Choose what a small n-gram model reads, and how many of the very texts on which it is compared. It is trained at once, scored, and put on the map.

# %%
options = {"seed": seed, "perplexity": perplexity}
places = paper.atlas.place(population, n_iterations=n_iterations, **options)
radii = paper.atlas.spread(population, places, **options)
about = population.described(places)
notebook.figure(
    paper.atlas.page(population, places, radii),
    "fig1_map",
    data=about[["model", "label", "family", *paper.atlas.TSNE]].assign(radius=radii),
    caption=f"Figure 1 for {len(population)} models (t-SNE). A larger dot has more parameters; lines lead from parent to child; a disc has as radius the root mean square step of its model when the texts are drawn anew; the bar is the median distance, in this picture, of two models that differ in their seed only. Names stand where there is room.",
)
notebook.figure(
    paper.atlas.projections(places, population.models),
    "map_projections",
    data=about[["model", "label", "family", *places.columns]],
    caption="The same models under three projections. The axes of the PCA are nats of the standard deviation of a difference, those of classical scaling (MDS) their roots.",
)
notebook.claims.record_all(paper.checks.map_claims(population, about["strongest domain"], seed))

# %%
colours = paper.atlas.colours(population, about)
notebook.figure(
    paper.atlas.colourings(places[paper.atlas.TSNE].to_numpy(), *colours),
    "map_colours",
    data=about[["model", "label", *paper.atlas.TSNE]].join(pd.DataFrame(colours[0])),
    caption="The places of Figure 1 in four colours. The domain of strength is the one with the largest mean of $q_i$: what a model likes more than the others do.",
)
notebook.says("families")
notebook.says("domains")
page = paper.atlas.web_page(population, about)
figures.map_page.save(notebook.session.current().folder / "map.html", page)
figures.map_page.show(page)

# %%
paper.live.explore_colours(population, places, about, seed)
paper.live.explore_landing(population)

# %% [markdown]
# ## 5. Is it really KL?
#
# The formula is of second order and takes models, and the texts' own distribution, to be close. First where everything can be computed exactly: two models that draw byte
# after byte independently, one moved towards the other. *Where to look:* the dotted line, where both are equal; the title has the estimate's factor at both of its ends.
#
# Real texts are not so kind. A text belongs to a **domain**, and one model may like every byte of it a little better. Over $T$ bytes such preferences add
# up: KL grows with $T$, the standard deviation between domains grows with $T$ too, and so its square, the variance, with $T^2$. For models of bytes this can be tested: let a model write texts, and average over
# them the log-ratio of both models (*Monte Carlo*), or the sum along the text of the exact KL between their next-byte laws (*Rao–Blackwell*: [Amini, Vieira and Cotterell](https://arxiv.org/abs/2504.10637), NeurIPS 2025, whose program is `kl-rb`). Both means are KL without any approximation, only with sampling error; what the second adds up is the law of each byte, not the byte that was drawn.

# %%
paper.live.explore_approach(home_texts)
home = (
    population
    if texts is home_texts or is_own
    else paper.population.scored(trained, home_texts, scoring_rule, clip_share)
)
compared = paper.kl_runs.compare(
    home,
    is_small=zoo_plan == "smoke",
    per_domain=per_domain,
    n_models=n_calibration_models,
    sampling={"n_draws": n_draws, "seed": seed},
)
if compared:
    growth = paper.kl_runs.growth(compared, home)
    notebook.figure(
        paper.figures.by_length(growth),
        "by_length",
        data=growth.assign(pair=growth.pair.str.replace("\n", " and ")),
        caption="Sampled KL and the map distance for longer and longer beginnings of the same texts: the nearest and the farthest pair of n-gram models, then of networks. Both scales are logarithmic: slope 1 grows with the length, slope 2 with its square. Black: sampled KL by exact next-byte laws (grey crosses: by log-ratios); red: the map distance; blue: the map distance within domains.",
    )
    notebook.says("slopes", **paper.kl_runs.slopes(growth))
    paper.live.explore_mixture(compared["counted"])
four_times = paper.exercises.four_times()

# %% tags=["answer"]
four_times.check(...)

# %% [markdown]
# *Where to look.* Compare the slopes of black, red and blue. In the view, move the texts from all domains alike to one domain only. Then, for all pairs: how far do they lie from the dotted line, and do map distance and KL put them in one order?
#
# Which direct estimates the paper takes "at token level" and "at text level" is our reading: next-token divergences along given texts, and KL of sampled texts (by Rao–Blackwell; Monte Carlo, the mean log-ratio, stands in the table). That published distances may have the same tendency is our inference, not a statement of the paper.

# %%
if compared:
    every = compared["all"]
    check, claims = every.agreement(), every.claims(seed)
    notebook.figure(
        paper.figures.agreement(check, claims),
        "kl_check",
        data=check,
        caption=f"The map distance on {every.length}-byte texts against direct estimates of KL (mean of both directions), for all pairs of {every.spread.sum()} byte-level models.",
    )
    notebook.table(check.head(8).round(2), "kl_check", caption="Eight of the pairs, nats per text.")
    notebook.claims.record_all(claims)
    notebook.says("kl_factor", factor=every.factor)
else:
    notebook.says("needs_bytes")
    notebook.claims.record_all(paper.kl_runs.ABSENT)
notebook.teach.quiz("which_grows")

# %% [markdown]
# ## 6. How many dimensions has the map?

# %%
cumulative = models.maps.projection.spectrum(population.Q)
marks = {share: models.maps.projection.n_components(cumulative, share) for share in (0.9, 0.95)}
spectrum = pd.DataFrame({"component": np.arange(1, len(cumulative) + 1), "share": cumulative})
notebook.figure(
    paper.figures.spectrum(cumulative, marks),
    "spectrum",
    data=spectrum,
    caption=f"Cumulative contribution of the principal components of Q, {len(population)} models: {marks[0.9]} carry 90 % of the squared norm, {marks[0.95]} carry 95 %; in the paper 42 and 82, of 1,018 models.",
)
share = marks[0.9] / len(population)
note = f"{marks[0.9]} of {len(population)}"
pca = {"pca_90": marks[0.9], "pca_95": marks[0.95], "pca_share": (share, None, note)}
notebook.claims.record_all(pca)

# %% [markdown]
# ## 7. Predicting what models can do
#
# The paper predicts benchmark scores from the coordinates by ridge regression, and compares with the mean log-likelihood alone. Small models cannot do benchmarks, so we set them six tasks of our own,
# all of one form: two beginnings, two endings, and the question whether each ending is likelier with its own beginning than with the other's. How likely the beginnings and endings are by themselves cancels, so fluency alone scores 50 %.
#
# **The folds decide the answer.** Fine-tunes and checkpoints are nearly copies of their base: if the base is in the training part, its copy is no test. Grouped folds keep lineages together, random folds do not.

# %%
items = models.zoo.tasks.items(n_items, seed)
notebook.table(
    models.zoo.tasks.examples(items),
    "tasks",
    caption=f"An item of each task; there are {n_items} of each.",
)
benchmark = paper.task_scores.choose(
    population.models,
    population.benchmarks,
    scores_file,
    per_domain=per_domain,
    n_items=n_items,
    seed=seed,
)
tasks = {"task mean": benchmark.mean, "strongest task": pd.Series(benchmark.strongest)}
notebook.figure(
    paper.atlas.colourings(places[paper.atlas.TSNE].to_numpy(), tasks, {"task mean": "%"}),
    "map_tasks",
    data=about[["model", "label", *paper.atlas.TSNE]].join(pd.DataFrame(tasks)),
    caption="The places of Figure 1 by the mean of the tasks, and by the task at which a model stands out most from the others (standardised over models).",
)

honest_folds = paper.exercises.honest_folds()

# %% tags=["answer"]
honest_folds.check(...)

# %%
comparison = paper.prediction_runs.compare_predictors(population, benchmark, range(n_seeds))
notebook.figure(
    paper.figures.contrast(comparison),
    "contrast",
    data=comparison.table,
    caption=f"Tables 2 and 3 and Figure 8 over {len(comparison.names)} models. Left and middle: correlation of each score with the mean log-likelihood, and with what the coordinates predict out of fold (bars: standard deviation over {n_seeds} seeds). Right: the mean of the tasks, lineages held out.",
)
notebook.figure(
    paper.figures.by_task(comparison),
    "fig18_tasks",
    data=comparison.predicted.assign(mean_log_likelihood=comparison.mean),
    caption="Figure 18: every target, predicted from the coordinates with lineages held out (above, coloured by the mean log-likelihood), and against the mean log-likelihood alone (below).",
)
notebook.table(
    comparison.side_by_side,
    "folds",
    caption="Tables 2 and 3 and their variants: Pearson's r by features and folds, at last with the mean log-likelihood as it is, not fitted (Table 3); rho is Spearman's.",
)
notebook.claims.record_all(comparison.claims(benchmark.is_leaderboard, seed))
notebook.says("contrast")

# %% [markdown]
# *Where to look.* What random folds add to grouped ones is the models' relatives. On which tasks is the line from orange to blue long, and on which does it run backwards? The paper's values are of six benchmarks and are asked of the leaderboard's scores alone; here only the direction is asked.
#
# **The penalty.** A ridge without one fits the models that it was given and says little of others; one with too much says the same of all. The published recipe chooses it inside the training part.

# %%
paper.live.explore_ridge(comparison, places[paper.atlas.TSNE].to_numpy()[benchmark.kept])
break_the_contrast = paper.exercises.break_the_contrast(comparison)

# %% tags=["answer"]
break_the_contrast.check(...)

# %% [markdown]
# ## 8. Who has seen the texts?
#
# A model that was trained on the very texts finds them likely beyond its ability. The paper compares the standardised mean log-likelihood with the standardised mean of the benchmarks: models trained on the Pile, from which its texts are
# taken, stand far off the diagonal. Of the models trained here some have read the evaluation texts; each has a clean twin, the same model without them. *Where to look:* which kind of model remembers, and is it abler for it?

# %%
leak = paper.leaks.read(population, benchmark.kept, benchmark.values[:, -1])
notebook.figure(
    paper.figures.leakage(leak, population.models.iloc[benchmark.kept]),
    "leakage",
    data=leak.table,
    caption=leak.caption,
)
likeliest = leak.table.sort_values("reading, sd", ascending=False).head(8)
notebook.table(
    likeliest.reset_index(drop=True),
    "leakage",
    caption="The eight models that are likeliest beyond their ability.",
)
notebook.claims.record_all({"leak": leak.claim()})
notebook.says("leak")

# %% [markdown]
# ## 9. Between models
#
# A base model and two of its fine-tunes span a plane of weights, $\theta(a,b)=(1-a-b)\,\theta_0+a\,\theta_1+b\,\theta_2$. If the log-likelihoods followed the weights
# linearly, $\hat\ell(a,b)=(1-a-b)\,\ell_0+a\,\ell_1+b\,\ell_2$ would predict every mixture. The corner $(1,1)$ adds both steps and lies outside. The paper's three: `-p interpolation_models=mistralai/Mistral-7B-v0.1,HuggingFaceH4/zephyr-7b-beta,mistralai/Mistral-7B-Instruct-v0.1`. *Where to look:* does the net keep its shape, and do points of the right panel lie above or below the line? Random steps in so many dimensions are at right angles as well.

# %%
between = paper.interpolation.choose(
    interpolation_models,
    trained,
    models.zoo.plan(zoo_plan),
    texts if interpolation_models else home_texts,
    n_texts=n_interpolation_texts,
    rule=scoring_rule,
    floor=home.clipped.threshold,
)
notebook.claims.record_all(paper.interpolation.claims(between))
if between:
    notebook.figure(
        paper.figures.interpolation(between),
        "interpolation",
        data=between.table,
        caption=f"36 models in the plane of $\\theta_0$ = {between.names[0]}, $\\theta_1$ = {between.names[1]} and "
        f"$\\theta_2$ = {between.names[2]}: where they lie in weight space and in log-likelihood space, and their "
        "mean log-likelihood against the prediction.",
    )
    notebook.table(between.summary, "interpolation", caption="Weight space and prediction.")
    paper.live.explore_plane(between)
else:
    notebook.says("needs_fork")

# %% [markdown]
# ## 10. The tokenizer trap
#
# The published rule scores what the tokenizer returns: with a BOS token in front, the first real token counts; without, it does not. And a model of subwords gives the probability of **one** way to cut the string,
# not of the string. How far do these move a point, beside another seed?

# %%
if trained is not None:
    trap = paper.tokenizers.measure_moves(home, models.zoo.plan(zoo_plan), home_texts)
    middle = float(np.median(home.distance[np.triu_indices(len(home), 1)]))
    notebook.figure(
        paper.figures.moves(trap, middle),
        "tokenizers",
        data=trap.table,
        caption="Left: the map distance between a model and itself with its first byte not scored, its twin that reads subwords, or its twin of another seed (line: median). Right: these moves on the PCA of all models.",
    )
    notebook.table(trap.table, "tokenizers", caption="The same, pair by pair.")
    notebook.says("moves", median=middle, **trap.medians())
else:
    notebook.says("needs_twins")

# %% [markdown]
# ## 11. The claims
#
# What the paper says, what this run measured, and the verdict by rules that were written before the first run. A claim that fails stays here as failed.
#
# **What is uncertain.** Which centring, folds and direct estimates belong to which table of the paper is partly our reading, and the tables' numbers come from summaries of it. The exact leakage statistic, the scaling of the "domain of strength" and the linkage, if any, are not known. Positions of
# single models in the published map cannot be compared: t-SNE is defined up to rotation, reflection and seed.
#
# **What this population cannot show.** Its models differ in their training text, while public models have all read everything: distances, the number of directions and what the mean log-likelihood tells of ability are those of this population.
#
# **Go on from here.** (a) Set `chunk_bytes=64`: which distances shrink? (b) Give `models_file` a list of Pythia checkpoints. (c) Draw only one domain: is the map distance now nearer to KL?

# %%
notebook.claims.record_all(paper.population.published_claims(population, leak.table, text_set))
notebook.claims.table()

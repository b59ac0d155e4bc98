# %% [markdown]
# # Which texts does a map of language models need?
#
# **The question.** A language model gets its place on the map of notebook 06 by scoring thousands of texts, and so does each model that comes later. Must it
# be all of them?
#
# **The idea.** A text on which all models agree, up to what each gives to any text, tells nothing about their distances; a text on which they differ tells much. So
# draw texts with probability in proportion to the variance of their log-likelihood over models, and weight each by the inverse of its chance.
#
# The paper: Momose Oyama, Ryo Kishino, Hiroaki Yamagiwa and Hidetoshi Shimodaira, *Likelihood Variance as Text Importance for Resampling Texts to Map Language
# Models*, Findings of EMNLP 2025 ([arXiv 2505.15428](https://arxiv.org/abs/2505.15428)).

# %% tags=["advanced"]
from typing import Literal

chunk_bytes: int = 128  # 32..4096, of a text at most; the models of the zoo learnt on 128
clip_share: float = 0.02  # 0..0.5, of all entries, raised to their common quantile
perplexity: float = 30.0  # 1..200, of t-SNE
n_items: int = 200  # 10..5000, items of each home-made task
n_seeds: int = 5  # 1..50, ways to split models into folds
bytes_per_second: int = 7000  # 1..100000000, that one processor scores; for the cost table
ledger: str | None = None  # a folder of rows that were scored before; None: that of these texts
rule: str = ""  # how texts are scored, as "bos=always truncate=512"; empty: the published rule

# %% tags=["parameters"]
zoo_plan: Literal["smoke", "laptop", "paper"] = "laptop"  # the small models of notebook 06
models_file: str | None = None  # your own models instead: a list, or a csv
published_matrix: str | None = None  # the released pickle: its models and texts instead
sealed_matrix: str | None = None  # a file that Ledger.seal wrote: its models and texts instead
text_set: str = "installed"  # installed | pile10k | a path; beside a matrix: shown, installed not
per_domain: int = 120  # 4..1000000, texts drawn from each domain
n_sizes: int = 20  # 4..200, numbers of draws between 10 and N
n_runs: int = 100  # 2..1000, draws per method and size
n_maps: int = 20  # 2..1000, maps per setting, for the ellipses
uniform_share: float = 0.1  # 0..1, even mass in mixed importances
new_share: float = 0.12  # 0.01..0.5, of the models, the latest ones, that are added later
seed: int = 42  # 0..1000000, of the texts and of the first run; the paper's is 42

# %%
import numpy as np  # noqa: F401  for your answers

from lmnotes import figures, models, notebook, text
from lmnotes.papers import text_resampling as paper

figures.style.use()
notebook.begin("07_text_resampling", globals())
text_set = text.frozen.use(text_set)  # a frozen file is the installed text
notebook.hero()

# %% [markdown]
# **After this notebook you can**
#
# - say which texts matter for a map, and read some of them;
# - derive the best probabilities in five lines, and check them by brute force;
# - tell the error of a draw from the error of the texts themselves, and count the saving in *distinct* texts;
# - add models to a map that stands, and say when the old importances mislead;
# - compute what a map costs.
#
# **Settings.** The models are those of notebook 06: small ones, trained on this machine on text that any installation carries. The paper has 1,018 public models and 10,000 texts; its
# released matrix is read by `lmnotes run 07 --profile paper -p published_matrix=FILE`, a matrix of your own, which `Ledger.seal` wrote, by `-p sealed_matrix=FILE`, and your own models by `-p models_file=FILE`: a list of hub ids or folders, or a csv with model and perhaps revision, family, parent, date and scores.
#
# ## 1. Models, texts, and the target
#
# $L_{is}$ is the log-likelihood of text $s$ under model $i$, in nats. Entries below the 2 % quantile are raised to it (else one text with $-20{,}000$ would decide all), then
# the mean of each row and each column is taken out. In the result, $Q$, the row of a model is its place, and
#
# $$G_{ij}=\|q_i-q_j\|^2=\sum_s(Q_{is}-Q_{js})^2\quad(\text{nats}^2),\qquad G_{ij}/2N=\tfrac12\operatorname{Var}_s(\ell_i-\ell_j),$$
#
# the *map distance*, in nats per text. These a part of the texts must give.

# %%
trained = None
if published_matrix is None and sealed_matrix is None:
    texts = text.chunks.load(text_set, size=chunk_bytes, per_domain=per_domain, seed=seed)
    if models_file is None:
        home = {"size": 128, "per_domain": 120}  # texts of the zoo, as in notebook 06
        home_texts = texts if text_set == "installed" else text.chunks.load("installed", **home)
        trained = models.zoo.build(zoo_plan, texts=home_texts).models
    study = paper.study.score(texts, trained, models_file, clip_share, rule=rule, folder=ledger)
else:
    files = {"published_matrix": published_matrix, "sealed_matrix": sealed_matrix}
    study = paper.study.read(**files, text_set=text_set, clip_share=clip_share)
N = study.n_texts
notebook.note_input("texts", study.raw.text_set)
notebook.note_input("models", study.inputs or f"{len(study)} models, rule {study.raw.rule}")
if study.failures is not None and len(study.failures):
    notebook.table(study.failures, "failed", caption="Models that could not be scored, and why.")
notebook.table(
    paper.tables.texts(study),
    "texts",
    caption=f"{N:,} texts. Log-likelihoods below {study.clipped.threshold:.0f} nats, {clip_share:.0%} of all, are raised to it.",
)
notebook.table(
    paper.tables.models(study), "models", caption=f"{len(study)} models, by architecture and size."
)

# %% [markdown]
# ## 2. Which texts matter
#
# Two measures of importance, both from the columns of $Q$:
#
# | | $\pi_s$ in proportion to | what it is |
# |---|---|---|
# | uniform | 1 | the bootstrap |
# | **LS** | $\sum_i Q_{is}^2$ | the variance over models of text $s$ ("length-squared sampling") |
# | **KL** | $\sqrt{\sum_{ij}(Q_{is}-Q_{js})^4}$ | the optimum for all distances together; section 3 derives it |
#
# The sum over pairs needs no pairs: with $S_k=\sum_iQ_{is}^k$ it is $2MS_4-8S_1S_3+6S_2^2$, where $S_1=0$.
#
# *Where to look.* How uneven is the mass, and in which domains does it lie? What do the texts of the table have in common? In the view, move the number of draws: important texts come again and again, so that the number of *distinct* texts, which must be
# scored, is on average $\mathbb E[d]=\sum_s1-(1-\pi_s)^n$.

# %%
by_domain = paper.tables.by_domain(study)
notebook.table(
    by_domain, "importance_by_domain", caption="Mean importance of a text, times N; uniform is 1."
)
notebook.figure(
    paper.figures.importance(by_domain, {m: study.pis[m] for m in ("LS", "KL")}),
    "importance",
    data={**study.pis, "domain": study.domain},
    caption="Left: mean importance of the texts of each domain. Right: how much of all mass the foremost texts hold; on the dotted diagonal all would be equal.",
)
uneven = {method: models.maps.resample.inequality(pi) for method, pi in study.pis.items()}
notebook.says("uneven", ls=uneven["LS"], kl=uneven["KL"], domain=by_domain.domain.iloc[0])
notebook.table(
    paper.tables.important_texts(study),
    "important_texts",
    caption="The eight most and the four least important texts; likes and dislikes are beyond what model and text show on average.",
)
paper.live.drawn_texts(study, seed=seed)
distinct = paper.exercises.distinct()

# %% tags=["answer"]
distinct.check(...)

# %% [markdown]
# ## 3. Why the variance, in five lines
#
# 1. A distance is a sum over texts, $G=\sum_sa_s$ with $a_s=(Q_{is}-Q_{js})^2$. Draw $n$ texts with probabilities $\pi$ and average $a_s/\pi_s$: the mean is $G$ for any $\pi>0$.
# 2. Its variance is $\frac1n\big(\sum_sa_s^2/\pi_s-G^2\big)$; only the first sum depends on $\pi$.
# 3. Add it up over all pairs: $\sum_sA_s/\pi_s$ with $A_s=\sum_{ij}(Q_{is}-Q_{js})^4$.
# 4. Minimise under $\sum_s\pi_s=1$ (Lagrange): $-A_s/\pi_s^2+\lambda=0$ for each $s$.
# 5. So $\pi_s\propto\sqrt{A_s}$, which is **KL**. For the inner products $\langle q_i,q_j\rangle$ instead of distances, $A_s=(\sum_iQ_{is}^2)^2$ gives **LS**.
#
# The error of a method is thus a constant $C$ over $\sqrt n$, and $C$ is computed from $\pi$ without any draw.
#
# *Where to look.* No allocation can beat the derived one on its own measure, the absolute error: that is mathematics. On the relative error, which counts all pairs alike, it has no such guarantee. Look at the curves around power 1: what pays, the step away from uniform or the last digit of $\pi$?

# %%
few = paper.equal_error.few_texts(study, seed=seed)
powers, marks = paper.equal_error.powers(study)
notebook.figure(
    paper.figures.why_variance(few, powers, marks),
    "why_variance",
    data=powers,
    caption=f"Left: {len(few):,} other allocations on five texts; the best of them has {few.ratio.min():.4f} times the error of the derived one. Right: all texts, probabilities sharpened or flattened; red is LS, blue uniform, green KL.",
)
fourth_powers = paper.exercises.fourth_powers()

# %% tags=["answer"]
fourth_powers.check(...)

# %% [markdown]
# ## 4. One distance, draw by draw
#
# After $n$ draws with counts $c_t$ of the $d$ distinct texts $u_t$, the paper keeps weights and coordinates
#
# $$w_t=\sqrt{\frac{c_t}{n\,\pi_{u_t}}},\qquad \tilde Q_{it}=w_t\,(L_{iu_t}-m_i),\qquad m_i=\frac{\sum_tw_t^2L_{iu_t}}{\sum_tw_t^2},$$
#
# so that $\|\tilde q_i-\tilde q_j\|^2$ estimates $G_{ij}$. Rows of new models need these $d$ texts alone. With $Q$ fixed, the mean of the estimate over draws is the true distance, for any probabilities; with the row mean $m_i$ from the same draw it falls short by about $1/n$.
#
# *Where to look.* The band is the standard error that line 2 gives. In which panel is it narrowest, and do about two thirds of the paths lie in it? In the view, type two models that are near, then two that are far.

# %%
near, far = study.pair_at(50)
path = paper.live.paths(study, near, far, models.maps.resample.METHODS, N, seed=seed)
notebook.figure(
    paper.figures.running_estimates(path, f"{study.labels[near]} and {study.labels[far]}"),
    "anatomy",
    data=path,
    caption="Eight runs of the estimate of one distance, of the pair at the median, over its true value, and the theoretical standard error (grey).",
)
paper.live.estimator(study, seed=seed)
weights = paper.exercises.weights()

# %% tags=["answer"]
weights.check(...)

# %% [markdown]
# ## 5. Errors, counted honestly
#
# With $\tilde G$ from a draw, two measures:
#
# $$\tau_{abs}=\frac{\|\tilde G-G\|_F}{\|G\|_F},\qquad \tau_{rel}=\sqrt{\frac1{M^2}\sum_{ij}\Big(\frac{\tilde G_{ij}-G_{ij}}{\max(G_{ij},\,0.001\ \text{nats}^2)}\Big)^2}.$$
#
# There are **two** errors. A draw is off from the $N$ texts by $\tau(n)$, the *resampling* error. The $N$ texts are themselves a sample, off from all texts by the *sampling* error; the bootstrap
# estimates it as $\tau_{uniform}(N)$. Against all texts that could be, a draw is off by $\sqrt{\tau(n)^2+\tau_{uniform}(N)^2}$, while $n$ fresh texts are off by $\tau_{uniform}(N)\sqrt{N/n}$. Only these two
# may be compared, over the number $d$ of distinct texts. The paper compares at the level of $N/2$ fresh texts; by theory it is that of a uniform resample of size $N$.
#
# All of this can be foreseen without a draw: a method with constant $C$ needs $n=N\,(C/C_{uniform})^2$ draws, hence $\mathbb E[d]$ texts. In the last table the rows "ours" ask what would be optimal for the *relative* error:
# the same Lagrange argument with each pair divided by its own distance.
#
# *Where to look.* Do the dotted lines fall below the error of all $N$ fresh texts? If they do, that is no error against all possible texts: no choice among $N$ texts can repair that they are only $N$. Then the solid lines: how wide is the gap at the horizontal line?

# %%
comparison = paper.equal_error.compare(study, n_sizes=n_sizes, n_runs=n_runs, seed=seed)
notebook.claims.record_all(comparison.claims())
notebook.figure(
    paper.figures.error_curves(comparison),
    "fig2_error_curves",
    data=comparison.lines,
    caption=f"Figure 2: error of all distances against the number of distinct texts, root mean square over {n_runs} runs. Solid: total error against all possible texts; dotted: resampling alone. The horizontal line is the error of {N // 2:,} fresh texts; the numbers on the axis say how many distinct texts each method needs for it.",
)
notebook.says("saving")
notebook.table(
    comparison.needed, "equal_error", caption="Draws n and distinct texts d at equal total error."
)

# %%
constants = paper.equal_error.constants(study)
notebook.table(
    paper.equal_error.foreseen(comparison, constants),
    "constants",
    caption="Draws and distinct texts at the error of N/2 fresh texts: foreseen from the constants, and measured.",
)
equal_error = paper.exercises.equal_error()

# %% tags=["answer"]
equal_error.check(...)

# %% [markdown]
# ## 6. The price of insurance
#
# A text without importance is not drawn, and a new model may differ there. A share of uniform mass insures against that. *Where to look.* How far do the curves rise up to a tenth of uniform mass, and where do they cross the line of fresh texts? In the view, take the sampling error away, and see what it hid.

# %%
insurance = paper.equal_error.insurance(study)
notebook.figure(
    paper.figures.insurance(insurance),
    "uniform_share",
    data=insurance,
    caption="Distinct texts needed at equal error when a share of the mass is uniform, from the closed form; below the line fewer than fresh texts, at the right end the bootstrap.",
)
paper.live.error_curves(study)
notebook.teach.quiz("never_drawn")

# %% [markdown]
# ## 7. How much the map moves
#
# A map is drawn anew from each draw. Maps are known up to rotation and reflection, so each is centred and turned onto the map of
# all texts (orthogonal Procrustes, without scaling), which is the one that notebook 06 shows. What is left: an ellipse of one standard deviation around each model, and the root mean squared step. Three settings, as
# in the paper: LS at the number of draws of equal error, $N$ uniform draws, and uniform draws with as few distinct texts as LS. In the paper, on t-SNE, the mean squared steps are 8.22, 7.42 and 17.48.
#
# The **linear map** comes first: the first two of ten principal components, in nats, where all that moves are the texts. *Where to look.* Which two panels have ellipses of one size, and which stands apart?

# %%
moved = paper.moving.measure(
    study, comparison.n_ls, n_maps=n_maps, perplexity=perplexity, seed=seed
)
notebook.claims.record_all(moved.claims())
notebook.figure(
    paper.figures.moved_maps(moved),
    "wobble_pca",
    data=moved.ellipses("pca"),
    caption=f"Figure 3(a) on a linear map: mean places, and ellipses of three standard deviations (else they would hide behind the marks) over {n_maps} draws. The step is the root mean squared distance to the mean place, over the radius of the map.",
)
steps = {"ls": "LS", "uniform": "uniform", "few": paper.moving.FEW}
notebook.says("steps", **{name: moved.share(setting) for name, setting in steps.items()})
notebook.table(
    moved.table(),
    "map_wobble",
    caption="The last two rows use all texts: coordinates nudged by one part in a thousand, and other seeds of t-SNE. MSE: mean squared step, in squared units of the t-SNE map.",
)
paper.live.moving_map(moved)

# %% [markdown]
# **The paper's picture, t-SNE**, has several nearly equal solutions for few models, and its optimiser chooses among them. So look at the floor first: coordinates of *all* texts, nudged by one part in a thousand. Where their mean squared step alone is more than half that of another draw, the ellipses tell of the optimiser, and nothing is recorded. (Other seeds would hide this: scikit-learn's PCA start leaves little to chance.)

# %%
notebook.says("floor", floor=moved.floor)
notebook.figure(
    paper.figures.trusted(moved),
    "fig1_wobble",
    data=moved.ellipses("tsne", ["uniform"]),
    caption=f"Figure 1: mean places on the t-SNE map, and ellipses of one standard deviation over {n_maps} uniform resamples of {N:,} texts.",
)
notebook.figure(
    paper.figures.moved_maps(moved, "tsne"),
    "fig3_wobble",
    data=moved.ellipses("tsne"),
    caption="Figure 3(a) on t-SNE, as the paper has it. Compare the steps with the floor in the table before reading an order into them.",
)
notebook.teach.quiz("nudged")

# %% [markdown]
# ## 8. New models on an old map
#
# A model that comes later scores the chosen texts alone. As in the paper, models are ordered by date (here: by when they were made), the last 12 % are new, and all that is fixed
# beforehand (clip threshold, probabilities, the draw) comes from the old ones alone.
#
# *Where to look.* How long is the line from where all texts put a new model to where the chosen ones do, beside the distance to its neighbours? Are errors of new models larger than those of old ones? (The new models are relatives of those that chose the texts.)

# %%
late = paper.newcomers.add_latest(study, comparison.n_ls, new_share=new_share)
notebook.claims.record_all(late.claims(seed=seed))
notebook.table(
    late.errors(),
    "added_models",
    caption=f"Relative errors of squared distances: {late.is_new.sum()} new models placed by {len(late.choice.drawn):,} distinct texts that {(~late.is_new).sum()} old ones chose. The nearest old model is the same one for {late.is_same.mean():.0%} of them.",
)
places = {"PC": late.linear(), "t-SNE": late.tsne(perplexity)}
notebook.figure(
    paper.figures.added(late, places),
    "fig3_added",
    data=late.table(**places),
    caption="Figure 3(b): new models by all texts (ring) and by those that the old models chose (filled), joined by a line; their surroundings only, old models in grey. The map by the chosen texts is turned onto the other.",
)

# %% [markdown]
# ## 9. A family that nobody has seen
#
# A harder test is to hide a whole family (one architecture and size), or all that learnt from one domain, choose texts by the others, then add it. Four ways, all with the same
# number of distinct texts: uniform; LS by the others (*blind*); the same with some uniform mass (*mixed*); LS with the family among the models (*informed*). The error is that of the distances between the family and the others, by the closed form. And the other way round: **only one family is known** when texts are chosen, and all the rest comes later.
#
# *Where to look.* Where does red (blind) lie right of blue (uniform)? There the importances of the known mislead. How much of that does the orange one take back?

# %%
hidden = paper.newcomers.hide_each(study, comparison.d_ls, uniform_share)
notebook.figure(
    paper.figures.dots_by_group(
        paper.tables.extremes(hidden),
        "family",
        paper.figures.WAYS,
        "relative error, hidden to others",
    ),
    "hidden_family",
    data=hidden,
    caption=f"Each family hidden in turn: relative error of its distances to the others, with {comparison.d_ls:.0f} distinct texts on average; mixed: {uniform_share:.0%} uniform mass. Of {len(hidden)} groups those with the smallest and the largest red over blue.",
)
notebook.table(
    paper.tables.extremes(hidden), "hidden_family", caption="The same as numbers: relative errors."
)

# %%
known = paper.newcomers.know_each(study, comparison.d_ls, uniform_share)
notebook.figure(
    paper.figures.dots_by_group(
        paper.tables.extremes(known),
        "family",
        paper.figures.WAYS,
        "relative error, known to others",
    ),
    "one_family_known",
    data=known,
    caption="Texts chosen by one family alone, then all other models added: relative error of the distances between them.",
)
notebook.table(
    paper.tables.extremes(known),
    "one_family_known",
    caption="The same as numbers: relative errors.",
)
worst = {"alone": known["blind over uniform"].max(), "share": (known.blind > known.uniform).mean()}
notebook.says("hidden", median=hidden["blind over uniform"].median(), **worst)
paper.live.hide_family(study, hidden, known, comparison.d_ls, uniform_share)
break_the_saving = paper.exercises.break_the_saving(insurance, known)

# %% tags=["answer"]
break_the_saving.check(...)

# %% [markdown]
# ## 10. Predicting scores from few texts
#
# Coordinates also predict what models can do (notebook 06): ridge regression from $Q$ to a score, with whole lineages held out. The same from $\tilde Q$ of a draw, its columns centred over models, for a growing number of texts.
# Targets: the mean over the home-made tasks of notebook 06, the mean log-likelihood, and each task by itself.
#
# *Where to look.* From how many texts on is the prediction as good as from all, and is LS ahead of uniform draws when there are few? It need not be: the
# foremost texts may all ask the same thing, and tasks ask others. The curves hang on one draw per size, as in the paper. Then task by task: which does the line of all texts foresee, and which not?

# %%
tasks = paper.study.tasks(study)
if trained is not None:
    task = {"size": 256, "part": "task", "per_domain": max(2, per_domain // 10), "seed": seed}
    items = text.chunks.load("installed", **task)
    tasks = models.zoo.tasks.scores(trained, items, n_items=n_items, seed=seed)
    tasks = tasks.drop(columns="next byte")
scores = paper.scores.predict(study, tasks, range(n_seeds))
notebook.claims.record_all(scores.claims(seed=seed))
notebook.figure(
    paper.figures.prediction(scores.means, scores.by_all),
    "fig4_prediction",
    data=scores.means,
    caption="Figure 4: out-of-fold correlation of predicted and true values against the number of distinct texts; one draw per size, bands over splits into folds; the line is all texts.",
)
near, n_tasks = scores.near()
notebook.figure(
    paper.figures.prediction(scores.table, scores.by_all),
    "fig6_tasks",
    data=scores.table,
    caption=f"Figure 6: the same draws and splits, a panel per target. N draws by LS come within 0.1 of the r of all texts at {near} of {n_tasks} single tasks.",
)
notebook.table(
    scores.table, "prediction", caption="Pearson's r, mean and standard deviation over splits."
)
notebook.says("prediction")

# %% [markdown]
# ## 11. What does it cost?
#
# Cost is models times *distinct* texts times bytes. The texts are chosen once, by models that have scored all $N$; the saving is on those that come later.

# %%
notebook.table(
    paper.tables.cost(study, comparison.d_ls, bytes_per_second),
    "cost",
    caption=f"Processor minutes at {bytes_per_second:,} bytes per second and model; put your own machine's rate in.",
)
paper.live.calculator(study, comparison.d_ls)

# %% [markdown]
# ## 12. What held, and what did not
#
# - **The mathematics** (unbiased distances, the numbers of distinct texts, the optimum, the level of comparison) holds on any data; so it is tested in the package and no claim.
# - **The saving** is decided by how unequal the variances are, hence by the texts. Importances are judged by the models that they came from, so that even vectors of pure noise show some saving.
# - **LS or KL** on the relative error: neither is made for it; ours in the table of constants is.
# - **Judge and party.** Importances and errors come from the same models, as in the paper's main experiment; only sections 8 and 9 part them. And all errors are about the $N$ texts that we chose: another mixture of domains is another map.
#
# Below: what the paper says beside what this run gave. Numbers of draws and texts belong to the published matrix and are asked of it alone.

# %%
notebook.claims.table()

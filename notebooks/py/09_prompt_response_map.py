# %% [markdown]
# # How do language models answer? A map of what they make of prompts
#
# **The question.** Notebook 06 maps language models by how likely they find texts. But models are asked things. Can they be mapped by how they *answer*, and what does a change of the
# prompt do to a model's place?
#
# **The idea.** Fix many pairs of prompt and response, and take as coordinates how likely each model finds the response *given the prompt*: squared distances then
# estimate how differently the models answer. Take away how likely it finds the response without a prompt, and what is left says how it *reacts* to prompts. Change the
# prompts, and the model moves by a vector.
#
# The paper: Yusuke Takase, Momose Oyama and Hidetoshi Shimodaira, *Language Model Maps for Prompt-Response Distributions via Log-Likelihood Vectors*
# ([arXiv 2603.18593](https://arxiv.org/abs/2603.18593)). Its full text was not at hand: claims are those of abstract and captions, and formulas are derived. The list at the end says which is which.

# %% tags=["advanced"]
from typing import Literal

sigmas: list[float] = [0.002, 0.005, 0.01, 0.02, 0.04, 0.08]  # noise on weights
lengths: list[int] = [4, 8, 16]  # bytes, besides the full 32
n_permutations: int = 2000  # 9..1000000, of labels
n_bootstrap: int = 1000  # 10..100000
response_bytes: int = 64  # 4..4096, that a response is cut to
template: str = "model"  # model (its chat template, else plain) | plain | a text with {prompt}
dtype: Literal["float32", "bfloat16", "float16"] = "float32"
ledger: str | None = None  # a folder of rows that were scored before; None: that of artefacts
workers: int = 2  # 1..64, processes for small models; 1 on a GPU

# %% tags=["parameters"]
n_steps: int = 900  # 1..100000, training steps of each model of the small world
n_pairs: int = 300  # 20..100000, pairs of prompt and response that it is measured on
n_prompts: int = 200  # 4..100000, prompts that its models answer themselves
zoo_plan: Literal["smoke", "laptop", "paper"] = "laptop"  # notebook 06 has the same
n_bases: int = 6  # 2..50, of its models, that are tuned on pairs
n_tuning_steps: int = 150  # 1..100000
models_file: str | None = None  # your own models in place of tuned ones: a list, or a csv
prompt_set: str = "installed"  # installed | a .jsonl or .parquet file of pairs, or a frozen text
per_task: int = 50  # 4..1000000, pairs of each task
operations: str = "instructions"  # instructions | comments | a .json file of lines
seed: int = 0  # 0..1000000

# %%
from lmnotes import figures, models, notebook, text
from lmnotes.papers import prompt_response_map as paper

figures.style.use()
notebook.begin("09_prompt_response_map", globals())
prompt_set = text.frozen.use(prompt_set)  # a frozen file is the installed text
notebook.hero()
# Wrong files are refused before anything is trained.
instructions = paper.prompt_sets.operations(operations)
own_models = paper.real_map.own_models(models_file)
if prompt_set != "installed":
    paper.prompt_sets.load(prompt_set, per_task=1)
resampling, n_draws = {"n": n_bootstrap, "seed": seed}, max(20, n_bootstrap // 5)
stills = slice(1 if zoo_plan == "smoke" else None)  # a trial run draws the first of each

# %% [markdown]
# **After this notebook you can**
#
# - score a response under a prompt, and know which tokens count;
# - say when the squared distance of two models is the KL divergence of their answers;
# - tell what a model likes from how it reacts, by PMI;
# - move a model with a prompt, add two moves, and tell whether they really add;
# - foresee, from one formula of Bayes, which instructions will *not* add.
#
# **Settings.** For your own models: `lmnotes run 09 --profile paper -p models_file=models.csv -p prompt_set=pairs.jsonl`. The first file lists hub ids or folders, a line each, or is
# a table with the column `model` (and family, parent, label: colours, lines and names of the map). Their map is section 6: it uses nothing of sections 1 to 5, whose small models the command trains first; for the map alone run the first code cells and go there. Rows are kept in `ledger`; `template` and `dtype` are the rule. The second file has lines with `prompt` and `response`, or `messages`. What prompts are told is a named set of lines, or a file.
#
# ## 1. A world whose answer is known
#
# A *response* is 32 bytes of prose (Python's help topics) or code (its library), dressed with attributes: UPPER CASE, under_scores for spaces, st*rs for v*w*ls. A *prompt* has three
# slots; a tag in a slot asks for an attribute. Two things differ between models, independently of each other:
#
# - **taste**: most of what it learned from is prose, or most is code. This is about which responses it likes, whatever it is asked;
# - **rule** (R1, R2): which slot means which attribute. This is how it reacts to prompts.
#
# An attribute that is there is announced by its tag in three cases of four, never when it is not there. So without a tag a model must believe in the average.
# Twelve models: two tastes, two rules, and in each cell two of width 48 that differ by seed, and one of width 32.

# %%
world = paper.world_map.measure(n_pairs, n_steps=n_steps, seed=seed, workers=workers)
notebook.note_input("models", sorted(world.trained.model))
notebook.table(
    world.examples(12),
    "world",
    caption="Some pairs of the world: tags in the prompt, by which rule they were chosen, and the response.",
)

# %% [markdown]
# ## 2. One number per pair
#
# $$\ell_i(y\mid x)=\sum_t\log p_i(y_t\mid x,y_1,\dots,y_{t-1})\quad\text{(nats)}$$
#
# The sum runs over the tokens of the response; the prompt is read and not scored. All models score all responses under all eight prompts of this world, which gives the conditional coordinates (each
# pair's own prompt), the unconditional ones (no tag), and what a change of the prompt does.

# %%
conditional = paper.exercises.conditional()

# %% tags=["answer"]
conditional.check(...)

# %% [markdown]
# ## 3. Conditional, unconditional, PMI
#
# As on any model map, rows and columns are centred. The **map distance** of two models is $\|q_i-q_j\|^2/2N=\tfrac12\operatorname{Var}_n(\ell_{i,n}-\ell_{j,n})$, in nats per response. Beside the conditional vector stands
#
# $$\pi_i(x,y)=\log p_i(y\mid x)-\log p_i(y),$$
#
# the pointwise mutual information: how much the prompt helps. How the paper gets $p_i(y)$ is not known to us. Two ways: an **empty prompt**, or the **mean** of $p_i(y\mid x)$ over reference prompts,
# the pair's own among them. Before you look:

# %%
notebook.teach.quiz("which_factor")
names = ["conditional", "unconditional, empty prompt", "PMI, empty prompt"]
notebook.figure(
    paper.figures.world_maps(world, names),
    "world_maps",
    data=world.places(names),
    caption="Twelve models three times, principal components in nats per response (distances are roots of twice the map distance). Colour: share of prose that a model learned from; shape: which slot means which attribute.",
)

# %%
explained = paper.world_map.explained(world, n_permutations, n_draws, seed)
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
claims = paper.world_map.pmi_claims(world, n_draws, seed)
notebook.claims.record_all(claims)
notebook.says("pmi", taste=claims["pmi_removes_taste"][:2])
notebook.table(
    paper.world_map.levels(world, n_draws, seed),
    "means",
    caption="The level of each map's distances (nats^2), the noise floor of two models that differ by seed alone, and how well halves of the pairs agree on the distances.",
)
paper.live.one_map(world, explained, stills)

# %% [markdown]
# *Where to look.* Which factor separates the models along the first axis of each map? Compare the bars of taste and rule before and after PMI. A factor with two levels among twelve models explains about a tenth by chance:
# the permutations say what is beyond it.
#
# ### Where the distance goes
#
# $\ell=\pi+u$ with $u$ the unconditional vector, so for two models, after centring,
# $\|\Delta\ell\|^2=\|\Delta\pi\|^2+\|\Delta u\|^2+2\langle\Delta\pi,\Delta u\rangle$: how they react, what they like, and a cross term.

# %%
alike, offset = world.unconditional_estimators()
notebook.table(
    paper.world_map.parts(world, **resampling),
    "parts",
    caption=f"Shares of the squared conditional distance, over pairs of models; intervals over models. The two unconditional vectors of a model correlate by {alike:.3f} or more; the empty prompt's less the marginal one is {offset:+.2f} nats on average.",
)
pmi = paper.exercises.pmi()

# %% tags=["answer"]
pmi.check(...)

# %% [markdown]
# ## 4. Is the distance a KL divergence?
#
# Give all models the same prompts. With $r=\log p_i(y\mid x)/p_j(y\mid x)$ and $y$ from near both, $\mathbb E[e^{-r}]=1$ says to second order
#
# $$\mathbb E_x\,\mathrm{KL}\big(p_i(\cdot\mid x)\,\|\,p_j(\cdot\mid x)\big)\approx\tfrac12\operatorname{Var}(r).$$
#
# These models are small enough to check: each writes its own responses, and along them the next-byte laws are compared exactly (*Rao–Blackwell*, as [Amini, Vieira and Cotterell](https://arxiv.org/abs/2504.10637) do, NeurIPS 2025, `kl-rb`; *Monte Carlo* only looks at what was written).
#
# The paper also compares its distances with a semantic one, from embeddings (details not known to us). In its place: each model's answers to the same prompts become one bag of character $n$-grams.
#
# *Where to look.* The first panel checks the check. In the others, ask two things: is the order kept, and are points on the dotted line? Only then may a map distance be read as nats.
#
# **Where the ruler bends.** Take one model and a copy of it with noise on all weights: a pair as close as you like. *Where to look:* is the constant one half right on a model's own responses as long as the two are close, where does it stop being right, and what do given responses do to it?
#
# The view below does the same in a tiny world: forty responses, one law $p$, and another tilted away from it, $p_t\propto p\,e^{tg}$.

# %%
n_asked = dict.fromkeys(lengths, max(4, n_prompts // 2)) | {paper.small_world.LENGTH: n_prompts}
folders = list(world.models.folder)
kl_at = paper.small_world_kl.estimate(folders, n_asked, seed=seed, workers=workers)
exact = kl_at[paper.small_world.LENGTH]
beside_kl = paper.world_map.pairs_beside_kl(world, exact)
agreement, claims = paper.world_map.agreements(world, exact, **resampling)
notebook.claims.record_all(claims)
notebook.figure(
    paper.figures.kl_check(beside_kl),
    "kl_check",
    data=beside_kl,
    caption="66 pairs of models, by what the two differ in; all axes alike, dotted: equal to the exact KL. Left: Monte Carlo. Middle: half the variance of the log-ratio on responses that the two models wrote. Right: the map distance, from given responses.",
)
notebook.table(
    agreement,
    "kl_check",
    caption="Agreement with directly estimated KL over 66 pairs of models; intervals by drawing models, not pairs.",
)
notebook.says("kl", ratio=paper.world_map.row_of(agreement, "median ratio"))

# %%
semantic, claims = paper.world_map.beside_words(world, n_prompts, **resampling)
notebook.claims.record_all(claims)
notebook.figure(
    paper.figures.semantic(semantic),
    "semantic",
    data=semantic,
    caption="66 pairs of models: the map against how differently their answers are spelt.",
)
notebook.says("semantic_related")
bent = paper.small_world_kl.ruler(folders[0], sigmas, max(n_pairs, n_prompts), seed=seed)
notebook.figure(
    paper.figures.ruler(bent),
    "ruler",
    data=bent,
    caption="Half the variance of the log-ratio over exact KL, of a model and copies with noise on their weights (small numbers: its size). Dotted: the constant one half is right; grey: within a tenth.",
)
off = (bent.ratio[bent.sigma <= 0.01] - 1).abs().max()
notebook.table(
    bent,
    "ruler",
    caption=f"The same in numbers; kl and half_variance in nats per response of 32 bytes. For noise up to 0.01 the ratio is off from 1 by {off:.2f} at most.",
)
paper.live.bend(stills=stills)
distance = paper.exercises.distance()

# %% tags=["answer"]
distance.check(...)

# %% [markdown]
# ### What moves the scale, and how many pairs a map needs
#
# Systematic differences add up over the bytes of a response: the log-ratio grows with length, its variance with length squared, the KL only with length. So *where to look* is the slope on the left. On the right, low entries are clipped, as the unconditional map does.
#
# With $s^2$ the variance and $\kappa$ the kurtosis of a log-ratio, the relative standard error of a distance from $N$ pairs is $\sqrt{(\kappa-1)/N}$; for a normal log-ratio $\sqrt{2/N}$, which is 1.4 % at 10,000 pairs and 8 % at 300.

# %%
tokens = paper.small_world_kl.token_table(folders, world.pairs)  # (M, N, 32) nats
exact_at = {length: estimates.rao_blackwell for length, estimates in kl_at.items()}
by_length = paper.small_world_kl.lengths(tokens, exact_at)
by_clip = paper.world_map.clipping(world, exact.rao_blackwell, **resampling)
notebook.figure(
    paper.figures.scale(by_length, by_clip),
    "scale",
    data=by_length,
    caption="Map distance over exact KL. Left: responses cut short, median over pairs of models, shaded: half of the pairs. Right: the lowest entries raised to a quantile, and the correlation r with the exact KL.",
)
notebook.table(by_clip, "clipping", caption="Clipping: correlation with exact KL, and scale.")
notebook.table(by_length, "lengths", caption="Medians over pairs of models, nats per response.")
spent, theory = paper.world_map.budget(world, 100 if n_bootstrap > 100 else 10, seed)
notebook.figure(
    paper.figures.budget(spent, theory),
    "budget",
    data=spent,
    caption=f"Maps from some of the {n_pairs} pairs against the map of all. Theory: from the kurtosis of the log-ratios, for draws without replacement.",
)
by_size = spent.groupby("n").mean().drop(columns="run").reset_index()
notebook.table(by_size, "budget", caption="Means over draws.")
paper.live.one_budget(world, seed, stills)

# %% [markdown]
# ## 5. Prompts move models
#
# Keep the responses and change the prompts by an operation $t$: model $i$ moves by
#
# $$\Delta_i(t)=\big(\log p_i(y_n\mid t(x_n))-\log p_i(y_n\mid x_n)\big)_n,$$
#
# less its mean. Half its variance is about the KL between the model's answers with and without the operation. Figure 2 of the paper shows such shifts on the map. *Where to look:* do arrows of one colour agree within a panel, and between the panels?
#
# If you know the moves of two operations, do you know that of both together? A high $R^2$ alone would not mean much: where one tag dominates, its own move does almost as well. So compare the sum with the best single tag, and see whether one wrong part, or the sum of a model with the other rule, fails
# as it should. (With all three tags on, both rules ask for the same three attributes.)

# %%
moved, shares = paper.world_map.on_the_map(world)
notebook.figure(
    paper.figures.shifts(moved, shares),
    "fig2_shifts",
    data=moved,
    caption="Figure 2: where each tag moves each of the twelve models, principal components in nats per response; dots: no tag. A panel per rule, on the same axes.",
)
same_way = paper.world_map.directions(world)
notebook.figure(
    paper.figures.directions(same_way),
    "directions",
    data=same_way,
    caption="Every pair of models: cosine of their moves under the same tags. Bars: means.",
)
mean_cosine = same_way.groupby(["pair", "operation"]).cosine.mean().unstack()
notebook.table(mean_cosine.reset_index(), "directions", caption="Mean cosines.")

# %%
added, claims = paper.world_map.sums(world, **resampling)
notebook.figure(
    paper.figures.controls(added),
    "additivity",
    data=added,
    caption="A point per model. Blue: the sum of single moves, nothing fitted. The controls: the best single move, the sum with a wrong part, the sum of a model with the other rule, a random vector of the same length (values below -1.5 are drawn there). Bars: medians.",
)
means = added.drop(columns="row").groupby("operations", sort=False).mean(numeric_only=True)
means = means.reset_index().rename(columns=paper.additivity.WORDS)
notebook.table(means, "additivity", caption="Means over the twelve models.")
notebook.claims.record_all(claims)
notebook.says("additive")
additivity = paper.exercises.additivity()

# %% tags=["answer"]
additivity.check(...)

# %% [markdown]
# ### When moves do not add
#
# By Bayes $\Delta(t)(y)=\log p(t\mid x,y)-\log p(t\mid x)$. So
#
# $$\Delta(t_1t_2)-\Delta(t_1)-\Delta(t_2)=\log\frac{p(t_1,t_2\mid x,y)}{p(t_1\mid x,y)\,p(t_2\mid x,y)}-c(x):$$
#
# what the sum misses is the mutual information of the two *operations* given the response. Unrelated wishes add exactly; two ways to say the same thing do not, and neither do contradictions. First in three exact worlds, then in two trained
# models. In their world there is one wish, upper case, and tags err. A, B or both hint at it, and both tell what one tells; C hints at the contrary, but beside A or B it means nothing.

# %%
notebook.teach.quiz("paraphrase")
laws, fits = paper.world_map.exact_laws(seed)
notebook.figure(
    paper.figures.identity(laws, fits),
    "identity",
    data=laws,
    caption="Exact laws of forty responses and two operations. Dots: responses; dotted: the sum is right; blue line: its best multiple; orange: what the sum misses by the formula, which ends at every dot.",
)
controls = paper.world_map.control_sums(world)
independent = added.r2[added.operations != "A, B and C"].mean()
notebook.table(
    controls.rename(columns=paper.additivity.WORDS),
    "controls",
    caption=f"Tags that are not independent, in two trained models. By the law a paraphrase has slope one half; independent tags have R² of {independent:.2f} above. The paper says nothing of these, and two models give no interval.",
)

# %% [markdown]
# *Where to look.* A slope of one half would be the law's answer for the paraphrase; a slope near one means that a model has not learned
# that the second tag says nothing new. A network in which tags first meet in a sum may add them, whatever the law.
#
# Switch tags on and off. Blue arrows are single moves, the dashed one is their sum, red is the true move of all together; on the right, the responses on which the sum is wrong. The last two models are the controls.
#
# **Where does a distance come from?** In the second view type two models: responses on which they differ, byte by byte.

# %%
paper.live.switchboard(world, stills)
paper.live.byte_by_byte(world, tokens, stills)
tried = paper.world_map.cases(added, controls)
break_the_sum = paper.exercises.break_the_sum(tried)

# %% tags=["answer"]
break_the_sum.check(...)

# %% [markdown]
# ## 6. Real pairs, real instructions
#
# Four small tasks, made from what is installed: the code after a signature and its docstring, what a module is about, sums, and months. The models are base models of notebook 06 (bytes, three architectures), each tuned on
# pairs about the *library* (code, summaries), and apart from that on *questions* (sums, months). Files and pairs that are measured on are not tuned on. Beside them stand the fine-tunes on plain text that notebook 06 has. (The bases have read a part of the same library as plain text.)
# With a list of your own, these models take the place of all that.

# %%
rule = models.scoring.prompt_tokens.PromptRule(template=template, dtype=dtype)
cut = {"per_task": per_task if models_file else None, "n_bytes": response_bytes}
pairs = paper.prompt_sets.load(prompt_set, **cut)
population = own_models
if population is None:
    population, pairs = paper.real_map.tuned_models(
        pairs,
        zoo_plan=zoo_plan,
        n_bases=n_bases,
        n_steps=n_tuning_steps,
        n_evaluation=per_task,
        seed=seed,
        workers=workers,
    )
notebook.note_input("pairs", f"{len(pairs)} of {prompt_set}")
processes = {"workers": workers, "apart": own_models is not None, "ledger": ledger}
real = paper.real_map.measure(population, pairs, rule, **processes)

# %%
summary = real.summary()
notebook.table(
    summary,
    "real_models",
    caption=f"{len(summary)} models on {len(pairs)} pairs: mean PMI (nats) by task, and how often a response is likelier under its own prompt than under that of another pair of the task.",
)
if len(real.scores.failed):
    reasons = "Models that could not be scored, why, and what to do."
    notebook.table(real.scores.failed, "failed_models", caption=reasons)
planes = real.planes()
notebook.figure(
    paper.real_figures.maps(planes, summary),
    "real_maps",
    data=summary.join([xy.add_prefix(f"{name} ") for name, (xy, _) in planes.items()]),
    caption="The same models on the conditional and on the PMI map, in nats per response. Lines lead from parents to what came from them. Tuned models are coloured by what they were tuned on, the name of a base at the loneliest point that came from it; models of one's own by family.",
)
notebook.table(
    real.by_tuning(),
    "real_tasks",
    caption="How often a response is likelier under its own prompt than under another of the task; chance is one half.",
)

# %% [markdown]
# Three things that we expected before we ran it; they are ours, so they are no claims of the paper. **Same side:** models tuned on the same data leave their bases in the same direction, whatever the base. **PMI grows** with tuning on pairs. **Data or base?** On the PMI map two models
# tuned on the same data are nearer to each other than two tuned from the same base.
#
# *Where to look.* Orange against blue: what is gained against *other prompts of the same task* is use of the prompt itself; the rest is learning what an answer to *such* a prompt looks like. And is the table's share of right prompts beyond one half?

# %%
if real.is_tuned:
    grown = paper.real_map.growth(real)
    sides, expected = paper.real_map.expected(real, grown, **resampling)
    picture = paper.real_figures.growth(grown)
else:
    grown, sides, expected = summary, summary[["label"]], summary[["label"]]
    picture = paper.real_figures.levels(summary.label, real.mean_pmi(), "mean PMI, nats")
notebook.figure(
    picture,
    "real_growth",
    data=grown.drop(columns="folder", errors="ignore"),
    caption="How much a model gains from the prompt: by tuning on pairs, on the tasks of these pairs, over its base; of models of one's own, the level. Grey: fine-tunes on plain text, on all tasks.",
)
notebook.table(
    sides,
    "real_sides",
    caption="Cosine of a tuned model's move with the mean move of models of other bases: of all, of those tuned on the same data, of those tuned on other data.",
)
notebook.table(expected, "expected", caption="What we expected, with intervals over bases.")

# %% [markdown]
# ### Instructions before real prompts
#
# Lines before the prompt, single and two at a time, in both orders. These are our wordings; the paper's are not known to us. Tiny models were not taught to answer in French, so nothing *sensible* is to be expected of their moves. But moves they are, and
# Bayes does not ask for sense. *Where to look:* does the sum do better than **the best line alone**, and do unrelated lines add better than a paraphrase or a contradiction? Where they do not, what moves these models is that there is *some* line before the prompt.

# %%
of_task = max(2, per_task * 2 // 5)
lines, claims = paper.real_map.operations(
    real, instructions, of_task, rule, processes, **resampling
)
notebook.figure(
    paper.real_figures.operations(lines),
    "real_operations",
    data=lines,
    caption="Lines before real prompts: how well the move of both is told by the sum of two moves, by the better line alone, by a sum with a wrong line, and by another model's sum. Points: models, joined; bars and numbers: medians; values below -1 are drawn there.",
)
by_kind = lines.drop(columns="row").groupby(["kind of pair", "label"], sort=False)
notebook.table(
    by_kind.mean(numeric_only=True).reset_index().rename(columns=paper.additivity.WORDS),
    "real_operations",
    caption="Means over models. Order effect: how far the two orders are apart, over the size of the move.",
)
notebook.claims.record_all(claims)
notebook.says("lines")

# %% [markdown]
# ### Does the map know what models can do?
#
# A task for models that hardly write sentences: is a response likelier under its own prompt than under one of another pair? Ridge regression from the conditional coordinates to the share of right choices per task, one base with all its tuned models
# held out at a time. Where all scores are near one half, there is nothing to predict but noise, which is what the reliability says.

# %%
per_task_table, claims = paper.real_map.performance(real, **resampling)
notebook.claims.record_all(claims)
notebook.table(
    per_task_table,
    "performance",
    caption="Out-of-fold correlation of predicted and true share of right choices, the spread of the true ones, and how much of it is more than the noise of so many pairs.",
)
notebook.says("performance")

# %% [markdown]
# ## 7. What held, and what did not
#
# Look at the verdicts of three things: what **PMI** takes out and leaves, over seeds that were trained apart; whether distances **rank** models as the true KL does, and whether their size is right; whether **moves add** better than the best part, in the small world and with lines before real prompts.
#
# **Tiny models** carry all this. Whether 552 public models do the same is what the paper reports; with a list of models and a file of pairs the cells of section 6 draw their map.
# **One set of pairs, one template, one estimator of the unconditional term**: each is a choice, and the map depends on it.

# %%
notebook.claims.table()

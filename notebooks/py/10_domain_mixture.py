# %% [markdown]
# # What to read to become like another model
#
# **The question.** You have a language model and want it to become *like a given target*: not better on average, but to find likely what the target finds likely. You may
# continue its training and choose how much of each domain (code, law, news ...) it reads. Which shares?
#
# **The idea.** Give both models the same texts and take the difference of the log-likelihoods, the **LLD**, here called the target's *lead*: the arrow from the base to the target
# on the map of notebook 06. Training on a domain moves the model along an arrow of its own, so read the domains whose arrows point to the target.
#
# The paper: Ryo Kishino, Riku Shiomi, Hiroaki Yamagiwa, Momose Oyama and Hidetoshi Shimodaira, *Domain Mixture Design via Log-Likelihood Differences for Aligning Language
# Models with a Target Model* ([arXiv 2603.16622](https://arxiv.org/abs/2603.16622), March 2026). We could read its abstract and opening; the rest only second-hand, and *no equation*. The
# formulas below are ours, derived from the abstract.

# %% tags=["advanced"]
from typing import Literal

natural_table: Literal["size", "pile"] = "size"  # natural shares: by size, or the Pile's
shape: Literal["zoo", "nanogpt", "tiny nanogpt"] = "zoo"  # nanogpt: GPT-2's small one, on bytes
base_width: int = 48  # 16..1024, of the base, for the shape zoo
target_width: int = 64  # 16..1024, of our own targets
n_more: int = 3  # 1..100, bases on which the costlier rules are tried too
n_hidden: int = 5  # 1..1000, more random mixtures of the first base, for log law and guesses
n_questions: int = 60  # 2..10000, sums to answer
base_steps: int = 250  # 2..1000000, of the bases, on equal shares
target_steps: int = 400  # 2..1000000, of our own targets
probe_steps: int = 20  # 1..10000, of a probe: a brief training on one domain alone
batch: int = 16  # 1..4096, windows of a step
base_rate: float = 0.004  # 0..1, highest learning rate
more_rate: float = 0.002  # 0..1, the same in continued training
warm_up: int = 30  # 0..100000, steps of the bases and targets
sweep: list[float] = [0.1, 0.5, 1.0]  # other temperatures to train with, one seed each
rates: list[float] = [0.001, 0.01, 0.03, 0.1, 0.3, 1.0]  # sizes of one step of SGD
n_bootstrap: int = 200  # 20..100000, texts drawn anew; a tenth as many simulated targets
processes: int = 0  # 0..256, one thread each; 0 is one for each core, at most 8

# %% tags=["parameters"]
text_set: str = "installed"  # installed | a folder with a file or subfolder for each domain
domain_names: list[str] = [
    "encyclopedia",
    "news",
    "docs",
    "code",
    "headers",
    "legal",
    "numbers",
    "names",
]  # the domains that are mixed; [] takes all that are there
target_names: list[str] = ["code", "data"]  # targets trained here, of known mixtures
target_models: list[str] = []  # other targets: hub ids, folders, lists, csv files
n_seeds: int = 6  # 2..100, bases; the unit of all tests
chunk_bytes: int = 64  # 16..4096, of every text
n_design: int = 32  # 2..100000, texts of each domain that weights are designed from
n_evaluation: int = 24  # 2..100000, other texts of each domain, for all results
more_steps: int = 50  # 3..1000000, of continued training
temperature: float = 0.25  # 0.001..100, nats per byte, of the rules that need one
regmix: str | None = None  # folder `data` of RegMix's repository: 512 public models
seed: int = 0  # 0..1000000, of the texts and draws

# %%
from lmnotes import figures, notebook, text
from lmnotes.papers import domain_mixture as paper

figures.style.use()
notebook.begin("10_domain_mixture", globals())
text_set = text.frozen.use(text_set)  # a frozen file is the installed text
notebook.hero()

# %% [markdown]
# **After this notebook you can**
#
# - design shares of domains from one number per text, and say what the temperature means;
# - test honestly whether they beat equal shares: over seeds, paired, corrected for the number of rules;
# - say when the linear picture behind the rule is right, and when it is not a predictor;
# - show two students of which a metric prefers the wrong one.
#
# ## 1. A world with known answers
#
# Domains of real text that every installation carries; a file belongs to training, design or evaluation, never to two of them. Models read bytes. The **bases**, one per seed, are
# trained briefly on equal shares. The **targets** are larger, trained longer, and on shares that we know: one for code, one for data-like lists. So for once we can look up what a
# target was fed on. Targets from elsewhere (`target_models`) are read one at a time, with any tokenizer; a list or a csv among them is read
# as `models_file` of notebook 06 is. There is no `ledger`: the texts are this notebook's own.

# %%
world = paper.study.open_world(
    text_set,
    domain_names,
    target_names,
    natural_table=natural_table,
    chunk_bytes=chunk_bytes,
    n_design=n_design,
    n_evaluation=n_evaluation,
    n_questions=n_questions,
    seed=seed,
)
names = world.names
notebook.note_input("training text", world.domains.content_id)
texts = [world.design.content_id, world.heldout.content_id]
notebook.note_input("design and evaluation texts", texts)
caption = "The domains, their natural shares and those of our targets; texts of the design and of the evaluation come from different files."
notebook.table(world.table(), "domains", caption=caption)

# %%
training = {"batch": batch, "base_rate": base_rate, "warm_up": warm_up, "chunk_bytes": chunk_bytes}
study = paper.study.train(
    world,
    target_models,
    shape=shape,
    base_width=base_width,
    target_width=target_width,
    n_seeds=n_seeds,
    n_more=n_more,
    base_steps=base_steps,
    target_steps=target_steps,
    more_steps=more_steps,
    more_rate=more_rate,
    processes=processes,
    **training,
)
if len(study.failed):
    notebook.table(study.failed, "failed", caption="Targets that could not be read, and why.")
caption = "Mean loss on the evaluation texts; bases are named by their seeds."
notebook.table(study.losses(), "models", caption=caption)

# %% [markdown]
# ## 2. Where the target leads
#
# For text $s$: $\delta_s=\log p_T(x_s)-\log p_0(x_s)$ in nats, $b_s=\delta_s/\text{bytes}$, and $\bar b_a$ is the mean over the texts of domain $a$. The rules that use it:
#
# | name | shares | in words |
# |---|---|---|
# | lead of domains, $T$ given | $w_a\propto\exp(\bar b_a/T)$ | softmax of the mean lead |
# | lead of single texts | $w_a\propto\sum_{s\in a}\exp(b_s/T)$ | softmax over texts, summed by domain ("aggregated LLD") |
# | lead of domains, $T$ = sd | the first, $T$ the standard deviation of $\bar b$ over domains | our main rule, the *designed shares*: no constant to choose |
#
# A constant added to $\delta$ changes none of them, $T\to\infty$ gives equal shares, $T\to0$ the leading domain only.
#
# *Where to look.* Do the bars alone tell which diet each target had? Do the red points follow the blue ones? They need not: continued training should make up for what the base has
# already read in equal shares.

# %%
designed = study.designed(n_bootstrap, seed)
notebook.figure(
    paper.figures.lead_and_weights(designed),
    "lld_and_weights",
    data=designed,
    caption="For each target: how far it leads the base in each domain (mean over seeds, interval over seeds), and the shares designed from that (T = sd; interval over texts and seeds) beside the true shares of the target. Dotted: equal shares.",
)
notebook.says("follow", r=paper.results.followed(designed))
softmax = paper.exercises.softmax()

# %% tags=["answer"]
softmax.check(...)

# %% [markdown]
# ## 3. Why a softmax? One step of training, seen on the map
#
# Let $g_s=\nabla_\theta\log p_\theta(x_s)$ and $\bar g_a$ its mean over domain $a$. A small step $\eta\sum_aw_a\bar g_a$ changes the log-likelihoods by
#
# $$\Delta\ell_s=\eta\sum_aw_a\langle g_s,\bar g_a\rangle ,$$
#
# and the *map distance* (notebook 06), half the variance over texts of the difference, $J=\tfrac12\mathrm{Var}_s(\ell_T-\ell_\theta)$, by
#
# $$dJ=-\eta\sum_aw_ac_a,\qquad c_a=\Big\langle\tfrac1N\sum_s\tilde\delta_sg_s,\ \bar g_a\Big\rangle .$$
#
# The score $c_a$ costs one backward pass through texts weighted by the centred lead $\tilde\delta$, and one per domain. The steepest descent on
# the simplex would be *one domain only*; staying near equal shares, $\max_w\sum_aw_ac_a-\tau\,\mathrm{KL}(w\|u)$, gives $w_a\propto\exp(c_a/\tau)$, a softmax.
#
# If gradients of texts of different domains are nearly orthogonal, $c_a$ is, up to a factor, the mean lead of domain $a$: **the rule is the score with a block-diagonal Gram matrix.** So: are they?
#
# *Where to look.* Is the diagonal warmer than the rest, and for which domains? Do two domains share a block? The table asks whether $c_a$ is right: a small step on each
# domain must change $J$ by it.

# %%
paper.study.measure(study, n_hidden=n_hidden, probe_steps=probe_steps, rates=rates)
cosines, between, within, across = paper.results.cosines(study)
notebook.figure(
    paper.figures.gradient_cosines(cosines, between, names),
    "gradient_cosines",
    data=between,
    caption=f"Cosines between the gradients of single texts under one base: text by text (left, six of each domain) and as means over pairs of different texts (right). Mean over all pairs: {within:.3f} within a domain, {across:.3f} between domains.",
)
checked, agree = paper.results.pull_check(study)
notebook.table(
    checked,
    "pull_check",
    caption=f"Scores from one weighted backward pass against finite differences of one step. Over domains the scores correlate with the mean lead by {agree:.2f}, the mean over targets and bases.",
)

# %% [markdown]
# ## 4. Where the linear theory ends
#
# If steps were small, the move of a mixture would be the weighted sum of the moves of its domains. Compare the two: for one step of plain SGD of growing size, and for AdamW over several steps.
#
# *Where to look.* At which size of the step does the cosine leave 1? Where do the points of AdamW, which is what training uses, lie? Then move the step and look at single texts.

# %%
sums = paper.results.superposition(study)
notebook.figure(
    paper.figures.superposition(sums),
    "superposition",
    data=sums,
    caption="Sum of single-domain moves against the true move of the mixture, over the size of that move: cosine (left), length of the error over that of the move (right). Points of AdamW are two numbers of steps.",
)
paper.live.one_step(study)
notebook.says("superposition", **paper.results.ends(sums))

# %% [markdown]
# **Be the recipe designer.** The arrows are moves of the first base by *probes*, brief trainings on one domain alone, seen from the side: to the right is towards the target, up and down is astray. Give
# every domain a number (they are normalised) and try to beat the arrow of the rule. All of it is the linear picture: the true way is judged in the next section.

# %%
paper.live.recipe_designer(study)
notebook.teach.quiz("linear")

# %% [markdown]
# ## 5. The main experiment
#
# From every base and for every rule: the same number of steps of continued training, reading from the same places wherever two mixtures agree. The rules, beside those above:
#
# - **equal**, **natural** and **random shares**, which do not look at the target, and the **lead turned around**, which should do harm;
# - **gradient scores**: softmax of $c_a$; **gradient cone** and **probe cone**: non-negative least squares on gradient responses or on probes, for the best cosine in the linear picture;
# - **leading domain only**, the steepest rule; the **lead, taken anew halfway**; the **lead over the end**, over a base that went through the training on equal shares too;
# - the **target's own shares**, known only here, and **distillation** on equal shares: the student sees all of the teacher's next-byte probabilities, which needs the same vocabulary.
#
# *Where to look.* Left of the line is nearer to the target than equal shares lead. Believe what holds in both metrics and for both targets. How far is the rule from distillation, which has
# all probabilities to learn from? The rules on few seeds stand in the tables.
#
# **A softmax over single texts** has a weak point: one text on which the target leads by much, a licence that it knows by heart, can take it over, and its domain with it. How near is that here?
#
# **How the tests are made.** The unit is the seed of the base; every rule is paired with equal shares on the same base. Holm's correction is for the rules that have all seeds, within one
# target and one metric. There is one target of each kind, so the tests speak of other bases, not of other targets.

# %%
law = paper.study.fit_law(study)
paper.study.design_weights(study, law, temperature)
scratch = {"shape": shape, "width": base_width, "n_steps": base_steps, "n_sequences": batch}
scratch |= {"window": chunk_bytes, "learning_rate": base_rate, "warm_up": warm_up}
paper.study.run(study, sweep, scratch)
every_run = paper.results.nearness(study)
by_rule = paper.results.of_rules(every_run)
tests = paper.results.tests(by_rule)

# %%
notebook.claims.record_all(paper.results.claims(by_rule, tests))
notebook.figure(
    paper.figures.comparison(tests),
    "main",
    data=paper.results.both(tests),
    caption=f"Six rules less equal shares on the same base, mean and 95 % interval over {n_seeds} seeds. Map distance per byte: half the variance over texts of the difference to the target, over the bytes of a text and ln 2, the unit of the paper's claims.",
)
notebook.says("main", outcomes=paper.results.main_words(tests))
caption = "Mean and sd over seeds, paired difference to equal shares with its 95 % interval, seeds on which it is nearer, p of the paired t test, of the exact sign-flip test, and the first corrected by Holm."
for metric, table in tests.items():
    about = f"{paper.figures.METRICS[metric].capitalize()} to the target. {caption}"
    notebook.table(paper.results.in_words(table), f"table1_{metric}", caption=about)
notebook.says("foremost", shares=paper.results.foremost(study, temperature))
seeds = paper.exercises.seeds()

# %% tags=["answer"]
seeds.check(...)

# %% [markdown]
# ## 6. The way there
#
# Every model is a point with one coordinate per evaluation text. Two principal components of base, target, and all that lies between, and both distances along the way.
#
# *Where to look.* Which ways lead along the dotted line? Does any arrive? How far apart are bases of other seeds, beside the length of these ways? That is why every comparison is paired.
# Then: do distances fall from the first step on, and are both metrics of one opinion? (One base: the tests are those of section 5.)

# %%
ways = paper.results.ways(study)
points = paper.results.components(study, ways)
notebook.figure(
    paper.figures.directions(points),
    "directions",
    data=points,
    caption="Principal components of centred log-likelihood vectors on the evaluation texts: one base, its ways under four kinds of training (a point per quarter), the target, and the bases of other seeds. Dotted: straight to the target.",
)
along = paper.results.along(study, ways)
notebook.figure(
    paper.figures.along_training(along),
    "along_training",
    data=along,
    caption="Both distances to the target along continued training of the first base, over that before training (dotted: no nearer).",
)
notebook.says("arrive", left=paper.results.left_over(along))

# %% [markdown]
# **Alignment and success.** Over all runs: how well the move points to the target, and how much nearer it got than with equal shares. The two are related by construction, for
# $\mathrm{Var}(\delta-\Delta)=\mathrm{Var}\,\delta-2\,\mathrm{Cov}(\delta,\Delta)+\mathrm{Var}\,\Delta$: a strong correlation says that moves differ in direction rather than in length.

# %%
aligned = paper.results.aligned(by_rule)
notebook.figure(
    paper.figures.alignment(aligned),
    "alignment",
    data=aligned,
    caption="Each point is a run (rule and seed): cosine of its move with the direction to the target against its map distance less that of equal shares on the same base. r is over runs, several to a base.",
)

# %% [markdown]
# ## 7. The temperature
#
# Three readings of $T$: as a tempering of importance weights ($T=1$ nat per text would turn texts of the base into texts of the target); as a step size; and as a **slope**: if the loss of a domain
# behaves like $L_a\approx\alpha_a-\tau_a\ln w_a$, then the mixture that gives the target's losses is $w_a\propto\exp(\bar b_a/\tau_a)$, with the lead measured against a base trained *for as long*
# on equal shares. Our random mixtures give the slopes.
#
# *Where to look.* Are the points on their lines? In the second figure: is either distance least between the two ends, at the same temperature for both, and how near is the dashed line? Compare it with the slope, as a temperature.
# (One seed: a few per cent are noise.)

# %%
laws = paper.log_law.points(law.shares, law.losses, names)
notebook.figure(
    paper.figures.log_laws(laws),
    "log_law",
    data=laws,
    caption=f"Loss per byte of a domain against its share in continued training, {len(law.shares)} mixtures of one base: the four domains of steepest slope. Median over all domains: {law.slope:.3f} nats per byte and e-fold.",
)
tempered = paper.results.by_temperature(study, every_run, sweep, temperature)
notebook.figure(
    paper.figures.temperatures(tempered),
    "temperature",
    data=tempered,
    caption="The lead of single texts at several temperatures, one seed: both distances over those of equal shares. Dashed: the standard deviation of the mean lead over domains.",
)
notebook.says("temperature", least=paper.results.best_words(tempered), slope=law.slope)
paper.live.temperature_dial(study, tempered)
break_the_claim = paper.exercises.break_the_claim(tempered, study.own[-1])

# %% tags=["answer"]
break_the_claim.check(...)

# %% [markdown]
# ## 8. Two metrics that disagree
#
# The map distance is a variance: **an offset that all texts share is invisible**. A student that forgets everything equally is
# not punished. Exact KL, summed over the target's next-byte probabilities, sees it.
#
# And it is **not free of length**. If the lead is systematic per domain, $\mathrm{Var}(\ell_T-\ell)$ grows with the square of the length, so the map distance per byte grows with the length of the texts.
# Always give the length, and one metric that is not centred.
#
# *Where to look.* Does the left panel climb while the middle one stays? The table shows a third trap: where the target leads everywhere, by its size and its longer training, no
# mixture takes that away, but the differences hold it.

# %%
lengths = paper.results.by_length(study)
if len(lengths):
    notebook.figure(
        paper.figures.lengths(lengths),
        "length",
        data=lengths,
        caption="The same two models, target and first base, on the same texts cut to several lengths: map distance per byte, exact KL per byte, and how much of Var(target - base) lies between domains.",
    )
    notebook.says("length", factors=paper.results.length_factors(lengths))
    words = paper.results.in_words(lengths)
    notebook.table(words, "length_table", caption="The same as numbers.")
notebook.table(
    paper.results.capacity(by_rule),
    "capacity",
    caption=f"What is left of the target's lead: its mean over domains (offset) and the mean of its size. {paper.results.agreement(by_rule)}",
)
longer_texts = paper.exercises.longer_texts()

# %% tags=["answer"]
longer_texts.check(...)

# %% [markdown]
# **The metric trap.** Two students of the same target. Which is nearer? Change the pair until the two metrics disagree, and explain the bars.

# %%
paper.live.metric_trap(study, by_rule)
notebook.teach.quiz("trap")
map_distance = paper.exercises.map_distance()

# %% tags=["answer"]
map_distance.check(...)

# %% [markdown]
# ## 9. Do abilities follow?
#
# The paper also says that scores on tasks come nearer to the target's. Ours: the share of bytes foreseen in each domain, sums answered without a fault, and the share of their digits foreseen.
# The distance is the mean absolute difference of the scores, in points.
#
# *Where to look.* Compare the red points with the black ones: are they lower? A mean over tasks also counts what the shares starve: look for digits in the table. Do
# models as small as these add at all?

# %%
abilities, accuracy = paper.results.abilities(study, by_rule)
task_table = paper.significance.compare_rules(abilities, "distance")
notebook.claims.record_all(paper.results.ability_claims(abilities, task_table))
notebook.figure(
    paper.figures.abilities(abilities),
    "abilities",
    data=abilities,
    caption="Each run: mean distance of its scores from the target's against both distances to the target; r is over runs.",
)
notebook.says("abilities")
caption = "Distance of the scores from the target's, points; columns as in section 5."
notebook.table(paper.results.in_words(task_table), "table2_distance", caption=caption)
notebook.table(accuracy, "table2_scores", caption="Scores in per cent, mean over seeds.")

# %% [markdown]
# ## 10. Guess the diet
#
# The other way round: given a model, what was it fed on? First with **simulated** targets, exact sums of the measured moves of the probes plus noise, where least squares must find the
# mixture; then with **models really trained** on random mixtures, of which a softmax of their lead over the model trained on equal shares is the guess.
#
# *Where to look.* Which guess stands noise? Do the points of the right panel lie on the dotted line, or steeper than it?

# %%
simulated = paper.experiment.recovery(
    study.first_gap,
    paper.study.probe_moves(study, 1),
    (0.0, 0.05, 0.1, 0.2, 0.5),
    n_mixtures=n_bootstrap // 10,
    seed=seed,
)
guesses, hidden, good = paper.results.hidden(study, law)
notebook.figure(
    paper.figures.recovery(simulated, hidden),
    "recovery",
    data=hidden,
    caption=f"Left: mean distance of the guessed mixture from the true one, {n_bootstrap // 10} simulated targets. Right: shares of the domains in {len(guesses)} hidden models, true and guessed by a softmax at the slope of section 7.",
)
notebook.says("diet", **good)
caption = "Total variation between guessed and true mixtures."
notebook.table(simulated, "simulated", caption=caption)
paper.live.guess_the_diet(study, guesses)

# %% [markdown]
# ## 11. From scratch, and public models
#
# Designed shares can also serve from the first step. Fresh models with the shares of the same seed, against the bases themselves, which are the same training on equal shares.
#
# RegMix (arXiv 2407.01492) has published mixtures and losses of 512 + 256 models of one million parameters and of larger ones, on domains of the Pile. They are not installed here; give the folder
# `data` of its repository as `regmix=PATH` and the log law and the detective work of section 10 are done on them.

# %%
scratch_rows = paper.results.from_scratch(study)
notebook.table(
    paper.results.in_words(scratch_rows),
    "from_scratch",
    caption="Training from scratch for the first target.",
)
for size in paper.log_law.SIZES if regmix else ():
    law_table, caption = paper.log_law.published(regmix, size)
    notebook.table(law_table, f"regmix_{size}", caption=caption)

# %% [markdown]
# ## 12. What held, and what did not
#
# - **The main claim of the abstract** is the paired test of section 5: two targets, two metrics. "Consistently" asks all four claims. **Distillation** has its own, in exact KL.
# - **Abilities** are asked as a mean over tasks, in which what the shares starve counts as well.
# - **The rule and its theory** are two things: compare the softmax of the lead, in exact KL, with the rules that trust sums of single-domain moves.
# - **Not asked here**: other targets of the same kind, larger models, longer training, and anything that the paper reports on its own models.
#
# The profile `paper` takes the shape of GPT-2 small as in nanoGPT (12 layers, 12 heads, width 768, windows of 1,024), reading bytes in place of byte pairs, on a GPU in bfloat16, and domains of the
# Pile from a folder: `lmnotes run 10 --profile paper -p text_set=PATH`. Momentum and weight decay are those of our small models, not nanoGPT's.

# %%
notebook.claims.table()

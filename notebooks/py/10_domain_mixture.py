# %% [markdown]
# # What to read to become like another model
#
# **The question.** You have a language model and want it to become *like a given target*: not better on average, but to find likely what the target finds likely. You may
# continue its training and choose how much of each domain (code, law, news ...) it reads. Which shares?
#
# **The idea in two sentences.** Give both models the same texts and take the difference of the log-likelihoods, the **LLD**: it is the arrow from the base to the target on the map of
# notebook 06. Training on a domain moves the model along an arrow of its own, so read more of the domains whose arrows point to the target: those on which the target's lead is large.
#
# The paper: Ryo Kishino, Riku Shiomi, Hiroaki Yamagiwa, Momose Oyama and Hidetoshi Shimodaira, *Domain Mixture Design via Log-Likelihood Differences for Aligning Language
# Models with a Target Model* ([arXiv 2603.16622](https://arxiv.org/abs/2603.16622), March 2026).
#
# **How sure we are of what it says.** We could read its abstract and the opening; the rest only second-hand. *No equation of it was seen.* The formulas below are derived by us from the
# abstract. The ledger at the end marks each claim: stated, second-hand, derived.
#
# **After this notebook you can**
#
# - design shares of domains from one number per text, and say what the temperature means;
# - test honestly whether they beat equal shares: over seeds, paired, with a correction for many rules;
# - say when the linear picture behind the rule is right, and when it is not a predictor;
# - show two students of which the metric prefers the wrong one.
#
# ## Settings

# %% tags=["parameters"]
from typing import Literal

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
natural_table: Literal["size", "pile"] = "size"  # natural shares: by size, or the Pile's
target_names: list[str] = ["code", "data"]  # targets trained here, of known mixtures, one at least
target_models: list[str] = []  # and other models, hub ids or folders, with any tokenizer
shape: Literal["zoo", "nanogpt", "tiny nanogpt"] = "zoo"  # nanogpt: GPT-2's small one, on bytes
base_width: int = 48  # 16..1024, of the base, for the shape zoo
target_width: int = 64  # 16..1024, of our own targets
n_seeds: int = 6  # 2..100, bases; the unit of all tests
n_more: int = 3  # 1..100, bases on which the costlier rules are tried too
n_hidden: int = 5  # 1..1000, more random mixtures of the first base, for log law and guesses
chunk_bytes: int = 64  # 16..4096, of every text
n_design: int = 32  # 2..100000, texts of each domain that weights are designed from
n_evaluation: int = 24  # 2..100000, other texts of each domain, for all results
n_questions: int = 60  # 2..10000, sums to answer
base_steps: int = 250  # 2..1000000, of the bases, on equal shares
target_steps: int = 400  # 2..1000000, of our own targets
more_steps: int = 50  # 3..1000000, of continued training
probe_steps: int = 20  # 1..10000, of a probe
batch: int = 16  # 1..4096, windows of a step
base_rate: float = 0.004  # 0..1, highest learning rate
more_rate: float = 0.002  # 0..1, the same in continued training
warm_up: int = 30  # 0..100000, steps of the bases and targets
temperature: float = 0.25  # 0.001..100, nats per byte, of the LLD rules
sweep: list[float] = [0.1, 0.5, 1.0]  # other temperatures to train with, one seed each
rates: list[float] = [0.001, 0.01, 0.03, 0.1, 0.3, 1.0]  # sizes of one step of SGD
n_bootstrap: int = 200  # 20..100000, texts drawn anew; a tenth as many simulated targets
regmix: str | None = None  # folder `data` of RegMix's repository: 512 public models
processes: int = 0  # 0..256, one thread each; 0 is one for each core, at most 8
seed: int = 0  # 0..1000000, of the texts and draws

# %%
from dataclasses import replace

import numpy as np
import pandas as pd

from lmnotes import figures, models, notebook, statistics, text
from lmnotes.papers import domain_mixture as paper

figures.style.use()
notebook.begin("10_domain_mixture", globals())

# %% [markdown]
# ## 1. A world with known answers
#
# Domains of real text that every installation carries; a file belongs to training, design or evaluation, never to two of them. Models read bytes. The **bases**, one per seed, are
# trained briefly on equal shares. The **targets** are larger, trained longer, and on shares that we know: one for code, one for data-like lists. So for once we can look up what a
# target was fed on.

# %%
domains = paper.world.open_domains(text_set, domain_names)
names, K = domains.names, len(domains.names)
cutting = {"size": chunk_bytes, "minimum": chunk_bytes, "domains": list(names), "seed": seed}
design_texts = text.chunks.load(text_set, part="task", per_domain=n_design, **cutting)
evaluation_texts = text.chunks.load(text_set, part="evaluation", per_domain=n_evaluation, **cutting)
question_texts, answer_places = paper.world.questions(n_questions, seed)
answers = {len(evaluation_texts) + text: place for text, place in answer_places.items()}
heldout = paper.world.join_texts(evaluation_texts, question_texts)
is_text = heldout.domains != paper.world.QUESTIONS
uniform = tuple(models.zoo.mixtures.uniform(K))
natural = tuple(paper.world.natural_shares(domains, natural_table))
truth = {name: paper.world.target_mixture(name, names) for name in target_names}
notebook.note_input("training text", domains.content_id)
notebook.note_input("design and evaluation texts", [design_texts.content_id, heldout.content_id])
sizes = {"training bytes": [len(stream) for stream in domains.streams]}
shares = pd.DataFrame({"domain": names} | sizes | {"natural": natural} | truth)
overlap = set(design_texts.table.text_id) & set(evaluation_texts.table.text_id)
notebook.table(
    shares,
    "domains",
    caption=f"The domains, their natural shares and those of our targets; {len(overlap)} texts are both among those of the design and those of the evaluation.",
)

# %%
seeds = list(range(1, n_seeds + 1))
few_seeds = seeds[: min(n_more, n_seeds)]
targets = [*target_names, *target_models]
training = {
    "n_sequences": batch,
    "window": chunk_bytes,
    "learning_rate": base_rate,
    "warm_up": warm_up,
}
pool = {"workers": processes or None}
first_runs = {
    name: paper.world.fresh_run(
        shape,
        truth[name],
        seed=100 + number,
        data_seed=9,
        width=target_width,
        n_steps=target_steps,
        **training,
    )
    for number, name in enumerate(target_names)
}
first_runs |= {
    s: paper.world.fresh_run(
        shape, uniform, seed=s, data_seed=100 + s, width=base_width, n_steps=base_steps, **training
    )
    for s in seeds
}
on_design = paper.jobs.read_all(
    first_runs | {m: m for m in target_models}, design_texts, domains, what="trained", **pool
)
target_folders = [on_design[name].folder for name in target_names]

# %%
folders = {name: on_design[name].folder for name in [*targets, *seeds]}
other_folders = {name: folders.pop(name) for name in target_models}  # no exact KL: other tokens
at_start = paper.jobs.read_all(folders, heldout, domains, target_folders, workers=1)
at_start |= paper.jobs.read_all(other_folders, heldout, domains, workers=1)
gaps = {
    (t, s): paper.design.Gap.from_texts(
        design_texts.table, on_design[t].log_likelihood - on_design[s].log_likelihood, names
    )
    for t in targets
    for s in seeds
}
losses = [
    (name, -at_start[name].log_likelihood[is_text].sum() / heldout.n_bytes[is_text].sum())
    for name in at_start
]
notebook.table(
    pd.DataFrame(losses, columns=["model", "nats per byte"]).assign(
        model=lambda t: t.model.astype(str)
    ),
    "models",
    caption="Mean loss on the evaluation texts; numbers are the seeds of bases.",
)

# %% [markdown]
# *What to see.* These models are small and short of training: they know which letters follow each other and some words, no more. A target's loss is not much below that of a base; it
# is lower *where its diet was rich* and may be higher elsewhere. That pattern is all that the method uses.
#
# ## 2. Where the target leads
#
# For text $s$: $\delta_s=\log p_T(x_s)-\log p_0(x_s)$ in nats, $b_s=\delta_s/\text{bytes}$, and $\bar b_a$ is the mean over the texts of domain $a$. The rules that use it:
#
# | name | weights | in words |
# |---|---|---|
# | LLD, domain mean | $w_a\propto\exp(\bar b_a/T)$ | softmax of the mean lead |
# | LLD, aggregated | $w_a\propto\sum_{s\in a}\exp(b_s/T)$ | softmax over texts, summed by domain |
# | LLD, T = sd | domain mean, $T$ the standard deviation of $\bar b$ over domains | our main rule: no constant to choose |
#
# A constant added to $\delta$ changes none of them, $T\to\infty$ gives equal shares, $T\to0$ the single leading domain. Averages are over seeds of the base; intervals are over texts and
# seeds together.

# %%
parts = []
for t in targets:
    table = paper.significance.intervals(
        [gaps[t, s] for s in seeds], n_bootstrap=n_bootstrap, seed=seed
    )
    means = np.array([gaps[t, s].means for s in seeds])  # (S, K)
    leads = pd.DataFrame([statistics.paired_test(m, np.zeros(n_seeds)) for m in means.T])
    columns = {"gap": leads["mean"], "gap_low": leads.low, "gap_high": leads.high}
    table = table.assign(target=t, true=truth.get(t, np.full(K, np.nan)), **columns)
    parts.append(table)
designed = pd.concat(parts, ignore_index=True)
notebook.figure(
    paper.figures.lead_and_weights(designed),
    "lld_and_weights",
    data=designed,
    caption="For each target: how far it leads the base in each domain (mean over seeds, interval over seeds), and the weights designed from that (T = sd; interval over texts and seeds) beside the true mixture of the target. Dotted: equal shares.",
)
first_gap = gaps[targets[0], 1]

# %% [markdown]
# *What to see.* The bars alone tell which diet the target had: the domains that it was fed on stick out, and the designed weights put most of the share there, alike from base to
# base for the code target, less so for the data target. They are not the true mixture (of two domains read in equal parts one can get far more than the other), nor need they be: continued training
# should make up for what the base has already read in equal shares.
#
# **Exercise: the rule in one line.**

# %%
lead = np.array([0.3, 0.1, -0.2])
softmax = notebook.teach.exercise(
    "softmax",
    properties=[
        ("three shares", lambda w: np.shape(w(lead, 0.2)) == (3,), "return one share per domain"),
        ("they sum to one", lambda w: np.isclose(np.sum(w(lead, 0.2)), 1), "divide by the sum"),
        (
            "a common lead changes nothing",
            lambda w: np.allclose(w(lead + 7, 0.2), w(lead, 0.2)),
            "use differences only: exp(b + c) = exp(c) exp(b), and the sum takes exp(c) away",
        ),
        (
            "hot is even, cold is single",
            lambda w: np.allclose(w(lead, 1e6), 1 / 3, atol=1e-4) and w(lead, 1e-3)[0] > 0.999,
            "T divides the lead: exp(b / T), not exp(b * T)",
        ),
        (
            "no overflow for large leads",
            lambda w: np.isfinite(w(1e5 * lead, 0.2)).all(),
            "subtract the largest exponent before exp",
        ),
        (
            "its values",
            lambda w: np.allclose(w(lead, 0.2), paper.rules.softmax(lead, 0.2)),
            "w_a is proportional to exp(b_a / T)",
        ),
    ],
)
softmax.check(None)  # put your function here

# %% [markdown]
# ## 3. Why a softmax? One step of training, seen on the map
#
# Let $g_s=\nabla_\theta\log p_\theta(x_s)$ and $\bar g_a$ its mean over domain $a$. A small step $\eta\sum_aw_a\bar g_a$ changes the log-likelihoods by
#
# $$\Delta\ell_s=\eta\sum_aw_a\langle g_s,\bar g_a\rangle ,\qquad\text{and}\qquad J=\tfrac12\mathrm{Var}_s(\ell_T-\ell_\theta)\quad\text{by}\quad dJ=-\eta\sum_aw_ac_a,\quad
# c_a=\Big\langle\tfrac1N\sum_s\tilde\delta_sg_s,\ \bar g_a\Big\rangle .$$
#
# $J$ is the KL of the map (notebook 06). The score $c_a$ of a domain costs one backward pass through texts weighted by the centred LLD $\tilde\delta$, and one per domain. The steepest descent on
# the simplex would be *one domain only*; staying near equal shares, $\max_w\sum_aw_ac_a-\tau\,\mathrm{KL}(w\|u)$, gives $w_a\propto\exp(c_a/\tau)$, a softmax.
#
# And if gradients of texts of different domains are nearly orthogonal, $c_a$ is, up to a factor, the mean lead of domain $a$: **LLD is the score with a block-diagonal Gram matrix.** So: are they?

# %%
continued = paper.world.fresh_run(
    shape, uniform, seed=1, data_seed=9, width=base_width, n_steps=more_steps, **training
)
continued = replace(continued.spec, learning_rate=more_rate, warm_up=min(5, more_steps // 4))
every = max(more_steps // 4, 3)  # one checkpoint where steps are few
kept_steps = tuple(range(max(more_steps // 4, 1), more_steps, every))[:3]


def onwards(s, weights, **changes):
    """Continued training of base s; the first one keeps its checkpoints."""
    spec = replace(continued, checkpoints=kept_steps if s == 1 else ())
    return models.zoo.mixtures.Run(spec, tuple(weights), 1000 + s, start=folders[s], **changes)


# %%
blind_mixtures = {(s, "uniform"): uniform for s in seeds} | {(s, "natural"): natural for s in seeds}
blind_mixtures |= {(s, "random"): tuple(paper.rules.random(K, 50 + s)) for s in seeds}
blind_mixtures |= {
    (1, f"random {n}"): tuple(paper.rules.random(K, 80 + n)) for n in range(n_hidden)
}
known_mixtures = {"equal shares": uniform, "code": truth.get("code", natural)}
gradient_texts = design_texts.select(
    np.concatenate([np.flatnonzero(design_texts.domains == n)[:6] for n in names])
)
first_jobs = {
    key: paper.jobs.Read(onwards(key[0], w), heldout, tuple(target_folders))
    for key, w in blind_mixtures.items()
}
first_jobs["gram"] = paper.jobs.Gradients("gram", folders[1], gradient_texts)
first_jobs["steps"] = paper.jobs.Gradients(
    "steps",
    folders[1],
    design_texts,
    rates=tuple(rates),
    mixtures=tuple(known_mixtures.values()),
    window=chunk_bytes,
)
first_jobs |= {
    ("pull", t, s): paper.jobs.Gradients(
        "pull", folders[s], design_texts, gap=gaps[t, s].values, window=chunk_bytes
    )
    for t in targets
    for s in seeds
}
for s in few_seeds:
    first_jobs["responses", s] = paper.jobs.Gradients(
        "responses", folders[s], design_texts, window=chunk_bytes
    )
    first_jobs |= {
        ("probe", s, a): paper.jobs.Read(run, design_texts)
        for a, run in models.zoo.mixtures.probes(onwards(s, uniform), probe_steps).items()
    }
for n_alone in sorted({max(probe_steps // 4, 1), probe_steps}):
    alone = models.zoo.mixtures.probes(onwards(1, uniform), n_alone)
    first_jobs |= {
        ("adam", n_alone, a): paper.jobs.Read(run, design_texts) for a, run in alone.items()
    }
    for name, w in known_mixtures.items():
        first_jobs["adam", n_alone, name] = paper.jobs.Read(
            replace(alone[0], weights=tuple(w)), design_texts
        )
first_results = paper.jobs.do(first_jobs, domains, what="probes and blind mixtures", **pool)

# %%
G = first_results["gram"]  # (n, n)
scale = np.sqrt(np.diag(G))
cosines = G / scale / scale[:, None]
own_domain = gradient_texts.domains[:, None] == gradient_texts.domains
different = ~np.eye(len(G), dtype=bool)
members = [gradient_texts.domains == name for name in names]
between_domains = np.array(
    [[cosines[np.ix_(a, b)][different[np.ix_(a, b)]].mean() for b in members] for a in members]
)
within, across = cosines[own_domain & different].mean(), cosines[~own_domain].mean()
notebook.figure(
    paper.figures.gradient_cosines(cosines, between_domains, names),
    "gradient_cosines",
    data=pd.DataFrame(between_domains, columns=list(names)),
    caption=f"Cosines between the gradients of single texts under one base: text by text (left, six of each domain) and as means over pairs of different texts (right). Mean over all pairs: {within:.3f} within a domain, {across:.3f} between domains.",
)

# %% [markdown]
# *What to see.* The diagonal is warmer than the rest, most for lists of names, and code and headers share one block: texts of such a domain have a part of their gradients in common. For prose
# the blocks are faint in models as small as these. So the matrix is block-diagonal only in part; how well one number per domain stands in for it, the scores $c_a$ below say.
#
# Is $c_a$ right? Take a small step on each domain, and see by how much it changes $J$.

# %%
small_moves = first_results["steps"]  # (R, K + Q, N) nats
pull = {(t, s): first_results["pull", t, s] for t in targets for s in seeds}
centred = first_gap.values - first_gap.values.mean()
rows = []
for rate, moves in zip(rates, small_moves, strict=True):
    finite = moves[:K] @ centred / len(centred) / rate
    c = pull[targets[0], 1]
    rows.append((rate, np.linalg.norm(finite - c) / np.linalg.norm(c)))
with_lead = [np.corrcoef(pull[t, s], gaps[t, s].means)[0, 1] for t in targets for s in seeds]
notebook.table(
    pd.DataFrame(rows, columns=["step", "relative error"]),
    "pull_check",
    caption=f"Scores from one weighted backward pass against finite differences of one step. Over domains the scores correlate with the mean lead by {np.mean(with_lead):.2f}, the mean over targets and bases.",
)

# %% [markdown]
# ## 4. Where the linear theory dies
#
# If steps were small, the move of a mixture would be the weighted sum of the moves of its domains. Compare the two: for one step of plain SGD of growing size, and for AdamW over several steps.

# %%
one_step_of_sgd = paper.steps.errors(small_moves, list(known_mixtures.values()))
one_step_of_sgd["update"] = "one step of SGD"
before = on_design[1].log_likelihood
several_steps = []
for n in sorted({key[1] for key in first_jobs if key[0] == "adam"}):
    keys = [*range(K), *known_mixtures]
    after = [first_results["adam", n, key].log_likelihood - before for key in keys]
    part = paper.steps.errors(np.array(after)[None], list(known_mixtures.values()))
    several_steps.append(part.assign(update="AdamW", step=n))
sums = pd.concat([one_step_of_sgd, *several_steps], ignore_index=True)
sums["mixture"] = [list(known_mixtures)[number] for number in sums.mixture]
notebook.figure(
    paper.figures.superposition(sums),
    "superposition",
    data=sums,
    caption="Sum of single-domain moves against the true move of the mixture, over the size of that move: cosine (left), length of the error over that of the move (right). Points of AdamW are two numbers of steps.",
)

# %% [markdown]
# *What to see.* For the smallest steps the sum is right to a per cent. For a handful of steps of AdamW, which move a text by nats, it is not: trained alone, a domain damages the
# others; trained in a mixture, it does not. So the linear theory gives the *rule*, and must not be used as a *predictor*. Move the step and look at single texts.


# %%
def one_step(rate=rates[0], mixture_name="equal shares"):
    number, column = rates.index(rate), list(known_mixtures).index(mixture_name)
    all_moves = small_moves[number] - small_moves[number].mean(axis=1, keepdims=True)
    predicted, true = np.array(known_mixtures[mixture_name]) @ all_moves[:K], all_moves[K + column]
    cosine = paper.measures.cosine(predicted, true)
    title = f"step {rate:g}: cosine {cosine:.2f}"
    return paper.live.superposed(predicted, true, design_texts.domains, title)


notebook.explore(
    one_step,
    stills=[{"rate": rates[min(1, len(rates) - 1)]}, {"rate": rates[-1]}],
    rate=list(rates),
    mixture_name=list(known_mixtures),
)

# %% [markdown]
# **Be the recipe designer.** The arrows are moves of the first base by short training on each domain alone, seen from the side: to the right is towards the target, up and down is astray. Give
# every domain a number (they are normalised) and try to beat the LLD arrow. All of it is the linear picture: the true way is judged in the next section.

# %%
changes = np.transpose([first_results["probe", 1, a].log_likelihood - before for a in range(K)])
places = {t: paper.measures.side_view(gaps[t, 1].values, changes) for t in targets}  # (K, 2)


def recipe(target=targets[0], compare_with_LLD=True, **parts):
    yours = models.zoo.mixtures.shares([max(parts[name], 1e-9) for name in names], K)
    mixtures = {"yours": yours}
    if compare_with_LLD:
        mixtures["LLD, T = sd"] = paper.design.design(gaps[target, 1])
    cosine = paper.measures.cosine(changes @ yours, gaps[target, 1].values)
    return paper.live.recipe(places[target], names, mixtures, cosine)


notebook.explore(
    recipe,
    stills=[{"compare_with_LLD": False}, {"target": targets[-1], names[0]: 0}],
    target=targets,
    compare_with_LLD=True,
    **{name: (0, 10) for name in names},
)

# %% [markdown]
# ## 5. The main experiment
#
# From every base and for every rule: the same number of steps of continued training, reading from the same places wherever two mixtures agree. The rules:
#
# - **uniform**, **natural** shares, a **random** mixture: they do not look at the target;
# - **LLD** as above, and **anti-LLD** (sign turned around, should do harm);
# - **gradient scores**: softmax of $c_a$; **gradient cone** and **probe cone**: non-negative least squares on gradient responses or on probes, maximising the cosine in the linear picture;
# - **one domain**: the steepest rule; **LLD, anew**: weights designed again halfway; **LLD from the end**: the lead over a base *that went through the uniform training too*, with two temperatures;
# - the **target's own mixture**, known only here; and **distillation** on equal shares: the student sees all of the teacher's next-byte probabilities. It needs the same vocabulary; LLD needs one number per text, from models with any tokenizer.

# %%
uniform_end = {s: first_results[s, "uniform"].folder for s in few_seeds}
probes_of_law = [(1, rule) for rule in ("uniform", "natural", "random")] + [
    (1, f"random {n}") for n in range(n_hidden)
]
law_folders = {key: first_results[key].folder for key in probes_of_law}
law_readings = paper.jobs.read_all(law_folders | uniform_end, design_texts, domains, workers=1)
law_shares = np.array([blind_mixtures[key] for key in probes_of_law])
law_losses = -np.array(
    [
        paper.rules.domain_means(
            law_readings[key].log_likelihood / design_texts.n_bytes, first_gap.which, K
        )
        for key in probes_of_law
    ]
)
slopes = paper.log_law.slopes(law_shares, law_losses, 0.01)
slope = float(np.nanmedian(slopes))

weights = {}
for t in targets:
    for s in seeds:
        options = {"scores": pull[t, s]}
        if s in few_seeds:
            options["responses"] = first_results["responses", s]
            options["probes"] = (
                np.transpose([first_results["probe", s, a].log_likelihood for a in range(K)])
                - on_design[s].log_likelihood[:, None]
            )
            left = on_design[t].log_likelihood - law_readings[s].log_likelihood
            options |= {
                "end": paper.design.Gap.from_texts(design_texts.table, left, names),
                "slope": max(slope, 1e-3),
            }
        weights[t, s] = paper.experiment.design_all(gaps[t, s], temperature, **options)
        if t in truth:
            weights[t, s]["oracle"] = truth[t]

# %%
runs = {}
for t in targets:
    for s in seeds:
        rules = [rule for rule in weights[t, s] if rule in paper.experiment.CORE or s in few_seeds]
        runs |= {(t, s, rule): onwards(s, weights[t, s][rule]) for rule in rules}
        if t in target_names:
            teacher = on_design[t].folder
            runs[t, s, "kd"] = onwards(s, uniform, teacher=teacher)
        if s in few_seeds:
            runs[t, s, "iterative"] = paper.jobs.TrainedAnew(
                replace(onwards(s, uniform), spec=replace(continued, checkpoints=())),
                on_design[t].log_likelihood,
                design_texts,
                every=max(more_steps // 2, 1),
            )
    for T in sweep:
        runs[t, 1, T] = onwards(1, paper.design.design(gaps[t, 1], "aggregated", temperature=T))
scratch = {
    s: paper.world.fresh_run(
        shape,
        weights[targets[0], s]["lld_sd"],
        seed=s,
        data_seed=100 + s,
        width=base_width,
        n_steps=base_steps,
        **training,
    )
    for s in few_seeds
}
readings = paper.jobs.read_all(
    runs | {("scratch", s): r for s, r in scratch.items()},
    heldout,
    domains,
    target_folders,
    what="mixtures",
    **pool,
)
for s, rule in blind_mixtures:
    for t in targets:
        readings[t, s, rule] = first_results[s, rule]
for t in targets:
    readings |= {(t, s, "before"): at_start[s] for s in seeds}

# %%
rows = []
for key in [key for key in readings if key[0] in targets]:
    t, s, rule = key
    row = paper.readings.nearness(
        at_start[t], targets.index(t), at_start[s], readings[key], heldout.table, names
    )
    rows.append({"target": t, "seed": s, "rule": rule} | row)
nearness = pd.DataFrame(rows)
by_rule = nearness[nearness.rule.isin([*paper.experiment.CORE, *paper.experiment.MORE, "before"])]
order = [*paper.figures.LABELS]
by_rule = by_rule.sort_values("rule", key=lambda column: column.map(order.index), kind="stable")
tests = {
    metric: paper.significance.compare_rules(by_rule, metric) for metric in paper.figures.METRICS
}
for metric, table in tests.items():
    if table.difference.notna().any():
        notebook.figure(
            paper.figures.comparison(table, metric),
            f"main_{metric}",
            data=table,
            caption=f"{paper.figures.METRICS[metric]}, bits per byte: every rule less uniform on the same base, mean and 95 % interval over seeds (filled: {n_seeds} seeds, hollow: {len(few_seeds)}, whose intervals may leave the panel). Left of the line is nearer to the target than equal shares lead.",
        )
    notebook.table(
        table,
        f"table1_{metric}",
        caption="Mean and sd over seeds, paired difference to uniform with its 95 % interval, wins, p of the paired t test, of the exact sign-flip test, and the first corrected by Holm for the rules that have all seeds, within this metric and target.",
    )

# %%
for t in targets:
    shares_of_texts = np.exp((gaps[t, 1].per_byte - gaps[t, 1].per_byte.max()) / temperature)
    foremost = shares_of_texts.max() / shares_of_texts.sum()
    print(
        f"{t}: the foremost text has {foremost:.1%} of the softmax over {len(design_texts)} texts"
    )
main_tests = {}
for t in targets:
    for metric in paper.figures.METRICS:
        wide = by_rule[by_rule.target == t].pivot(index="seed", columns="rule", values=metric)
        if wide["lld_sd"].notna().all():
            main_tests[t, metric] = statistics.paired_test(wide["lld_sd"], wide["uniform"])
            corrected = tests[metric].set_index(["target", "rule"]).holm[t, "lld_sd"]
            print(
                f"{t}, {metric}: LLD (T = sd) less uniform {main_tests[t, metric]}, {corrected:.2g} (Holm)"
            )
both_targets = [t for t in target_names if (t, "exact_kl") in main_tests]
for metric in paper.figures.METRICS if len(both_targets) > 1 else ():
    values = {
        rule: np.transpose(
            [
                by_rule[(by_rule.target == t) & (by_rule.rule == rule)].sort_values("seed")[metric]
                for t in both_targets
            ]
        )
        for rule in ("lld_sd", "uniform")
    }
    print(f"both targets, {metric}: {statistics.paired_test(values['lld_sd'], values['uniform'])}")


# %%
def record_test(claim, table, t, rule="lld_sd"):
    """The difference of a rule to uniform with its corrected interval, or why there is none."""
    rows = table[(table.target == t) & (table.rule == rule)].dropna(subset="difference")
    if rows.empty:
        notebook.claims.record(claim, np.nan, note="not run for this target, or on one seed only")
        return
    row = rows.iloc[0]
    interval = paper.significance.corrected_interval(row)
    note = f"nearer on {row.wins:.0f} of {row.n}; interval corrected by Holm"
    notebook.claims.record(claim, row.difference, interval, note=note, n_seeds=row.n)


for t in ("code", "data"):
    for metric, table in tests.items():
        record_test(f"designed_{ {'kl_var': 'map', 'exact_kl': 'exact'}[metric] }_{t}", table, t)

# %% [markdown]
# *What to see.* The designed weights (red) against equal shares (the line), with the p-values in the tables and printed above, whatever they are. Look for:
#
# 1. **Two metrics, two stories.** Rules that lie left of the line on the map may be right of it in exact KL: one domain alone, and the sharpest temperature (section 7), do. Section 8 says why; only what holds on both should be believed.
# 2. **Two targets, two stories.** The gain is not the same for both; where the bases themselves differ much in the heavy domains, the interval over seeds is wide.
# 3. **Distillation** has much more to learn from, next-byte probabilities for all bytes, and is ahead in exact KL.
# 4. **Cones** trust the linear picture. In exact KL they are no better than equal shares and behind plain LLD, on few seeds and with wide intervals. And **natural shares** are no neutral choice: here they are mostly code and its documentation.
#
# The **aggregated** rule is a softmax over single texts. One text on which the target leads by much, a licence that it knows by heart, can take it over, and its domain with it; means over domains do
# not have this fault. The first lines printed above say how near that is.
#
# **How the tests are made.** The unit is the seed of the base; every rule is paired with equal shares on the same base. Holm's correction is for the rules that have all seeds, seven beside equal
# shares, *within one target and one metric*: not for the two metrics, nor the two targets. There is one target of each kind, so the tests speak of other bases, not of other targets. The other
# rules have few seeds and are shown without a corrected p.
#
# **One change was made after a result was seen.** In a first run continued training took 60 steps; it was cut to 50 to save time. Between the two the corrected p of LLD (T = sd) in exact KL to the
# data target went from just below .05 to above it, while all seeds agreed in sign in both. Such a result stands on the border: read it as *not shown*. The ledger's intervals are widened by the same correction.

# %%
comparisons = {
    "kd_best": ("kd", "lld_sd", "exact_kl"),
    "agg_behind_pull": ("lld_agg", "gram_ascent", "kl_var"),
    "agg_behind_kd": ("lld_agg", "kd", "kl_var"),
}
for t in ("code", "data"):
    wide = {
        m: by_rule[by_rule.target == t].pivot(index="seed", columns="rule", values=m) for m in tests
    }
    for claim, (a, b, metric) in comparisons.items():
        if not {a, b} <= set(wide[metric].columns):
            notebook.claims.record(f"{claim}_{t}", np.nan, note="not run for this target")
            continue
        test = statistics.paired_test(wide[metric][a], wide[metric][b])
        interval = test.low, test.high
        notebook.claims.record(f"{claim}_{t}", test.mean, interval, n_seeds=test.n_seeds)

# %% [markdown]
# **Exercise: how many seeds?** If a rule is better than uniform on every one of $S$ seeds, what is the p-value of the two-sided sign-flip test? What is the smallest $S$ with $p<0.01$?

# %%
how_many = notebook.teach.exercise(
    "seeds",
    properties=[
        ("a whole number", lambda n: float(n) == int(n), "count seeds"),
        (
            "enough",
            lambda n: (
                statistics.paired_test(-np.arange(1.0, n + 1), np.zeros(int(n))).p_flip < 0.01
            ),
            "two of the 2^S patterns of signs are as extreme: all plus and all minus",
        ),
        (
            "no more than needed",
            lambda n: 2 / 2 ** (int(n) - 1) >= 0.01,
            "one seed fewer would do as well: 2 / 2^S < 0.01",
        ),
    ],
)
how_many.check(None)  # put your number here

# %% [markdown]
# ## 6. The way there
#
# Every model is a point with one coordinate per evaluation text. Two principal components of base, target, and all that lies between:

# %%
paths = {}
for t in targets:
    for rule in ("uniform", "lld_sd", "oracle", "kd"):
        if (t, 1, rule) in readings:
            spec = replace(continued, checkpoints=kept_steps)
            kept_at = models.zoo.mixtures.checkpoints(readings[t, 1, rule].folder, spec)
            paths |= {(t, rule, step): str(folder) for step, folder in kept_at.items()}
path_readings = paper.jobs.read_all(paths, heldout, domains, target_folders, workers=1)
path_readings |= {(t, rule, 0): at_start[1] for t, rule in {key[:2] for key in paths}}
tables = []
for t in targets:
    keys = [key for key in path_readings if key[0] == t]
    extra = [(t, "target", 0), *((t, "bases", s) for s in seeds[1:])]
    on_the_map = [path_readings[key] for key in keys] + [
        at_start[t],
        *(at_start[s] for s in seeds[1:]),
    ]
    L = np.array([model.log_likelihood[is_text] for model in on_the_map])  # (M, N)
    x, y = paper.measures.components(L).T
    part = pd.DataFrame([*keys, *extra], columns=["target", "rule", "step"])
    tables.append(part.assign(x=x, y=y))
points = pd.concat(tables, ignore_index=True)
notebook.figure(
    paper.figures.directions(points),
    "directions",
    data=points,
    caption="Principal components of centred log-likelihood vectors on the evaluation texts: one base, its ways under four kinds of training (a point per quarter), the target, and the bases of other seeds. Dotted: straight to the target.",
)
rows = []
for (t, rule, step), reading in path_readings.items():
    row = paper.readings.nearness(
        at_start[t], targets.index(t), at_start[1], reading, heldout.table, names
    )
    rows.append({"target": t, "rule": rule, "step": step} | row)
along = pd.DataFrame(rows).sort_values(["target", "rule", "step"])
notebook.figure(
    paper.figures.along_training(along),
    "along_training",
    data=along,
    caption="Both kinds of KL to the target along continued training of the first base.",
)

# %% [markdown]
# *What to see.* For the code target, designed shares, the target's own mixture and distillation lead well towards the target, equal shares much less. For the data target the ways part less clearly:
# designed shares and distillation go furthest, the target's own mixture not much further than equal shares. With equal shares the first points lose ground: training starts again at a high rate.
# None arrives: the budget is short, and a target that is larger and was trained for longer is not reachable by choice of data alone. Bases of other seeds lie as far apart as these ways are long, which
# is why every comparison is paired. (One base, and two components only: the tests are those of section 5.)
#
# **Alignment and success.** Over all runs: how well the move points to the target, and how much nearer it got than uniform. The two are related by construction, for
# $\mathrm{Var}(\delta-\Delta)=\mathrm{Var}\,\delta-2\,\mathrm{Cov}(\delta,\Delta)+\mathrm{Var}\,\Delta$: the strong correlation says that the moves of different rules differ in direction rather than in length.

# %%
uniform_of = by_rule[by_rule.rule == "uniform"].set_index(["target", "seed"]).kl_var
aligned = by_rule[~by_rule.rule.isin(["before", "uniform"])].copy()
aligned["change"] = [row.kl_var - uniform_of[row.target, row.seed] for row in aligned.itertuples()]
notebook.figure(
    paper.figures.alignment(aligned),
    "alignment",
    data=aligned,
    caption="Each point is a run (rule and seed): cosine of its move with the direction to the target against its KL of the map less that of uniform on the same base. r is over runs, several to a base.",
)

# %% [markdown]
# ## 7. The temperature
#
# Three readings of $T$: as a tempering of importance weights ($T=1$ nat per text would turn texts of the base into texts of the target); as a step size; and as a **slope**: if the loss of a domain
# behaves like $L_a\approx\alpha_a-\tau_a\ln w_a$, then the mixture that reaches the target's losses is $w_a\propto\exp(\bar b_a/\tau_a)$, with the lead measured against a base trained *for as long*
# on equal shares. Our random mixtures give the slopes:

# %%
law_points = paper.log_law.points(law_shares, law_losses, names)
steepest = [names[a] for a in np.argsort(-np.nan_to_num(slopes))[:4]]
notebook.figure(
    paper.figures.log_laws(
        law_points[law_points.domain.isin(steepest)].sort_values(
            "domain", key=lambda c: c.map(steepest.index), kind="stable"
        )
    ),
    "log_law",
    data=law_points,
    caption=f"Loss per byte of a domain against its share in continued training, {len(law_shares)} mixtures of one base: the four domains of steepest slope. Median over all domains: {slope:.3f} nats per byte and e-fold.",
)
by_temperature = [
    {"target": t, "temperature": T, "kl_var": row.kl_var, "exact_kl": row.exact_kl}
    for t in targets
    for T, rule in [*((T, T) for T in sweep), (temperature, "lld_agg"), (np.inf, "uniform")]
    for row in nearness[
        (nearness.target == t) & (nearness.seed == 1) & (nearness.rule == rule)
    ].itertuples()
]
by_temperature = pd.DataFrame(by_temperature).drop_duplicates(["target", "temperature"])
marks = pd.DataFrame(
    [(t, gaps[t, 1].means.std()) for t in targets], columns=["target", "temperature"]
)
notebook.figure(
    paper.figures.temperatures(by_temperature, marks),
    "temperature",
    data=by_temperature,
    caption="Aggregated LLD at several temperatures, one seed: both kinds of KL over those of equal shares. Dashed: the standard deviation of the mean lead over domains.",
)


# %%
def turn(T=0.25, target=targets[0], rule="domain mean"):
    designed = paper.design.design(gaps[target, 1], rule, temperature=T)
    part = by_temperature[by_temperature.target == target]
    return paper.live.dial(designed, names, part, T)


notebook.explore(
    turn,
    stills=[{"T": 0.05}, {"T": 0.25, "rule": "aggregated"}],
    T=(0.02, 2.0, 0.01),
    target=targets,
    rule=["domain mean", "aggregated"],
)

# %% [markdown]
# *What to see.* Too hot is equal shares; too cold is one domain, and the rest is forgotten: exact KL says so at once, KL of the map hardly. In between lies a valley, not always at the same place
# for both. (One seed: a few per cent are noise.) The standard deviation over domains lies near it without having been tuned. The slope does not: as a temperature it is far sharper, and "LLD from
# the end, T = slope" in section 5 overshoots. It would be right if shares were all that parts base and target; here the target also is larger. Temperature and horizon belong together as well: the
# longer the training, the milder the weights must be.
#
# ## 8. Two metrics that disagree
#
# $\mathrm{KL_{var}}=\mathrm{Var}_s(\ell_T-\ell_\theta)/(2\cdot\text{mean bytes}\cdot\ln2)$ is a variance: **an offset that all texts share is invisible**. A student that forgets everything equally is
# not punished. Exact KL, summed over the target's next-byte probabilities, sees it.
#
# And it is **not free of length**. If the lead is systematic per domain, $\mathrm{Var}(\ell_T-\ell)$ grows with the square of the length, so KL per byte grows with the length of the texts:

# %%
which = pd.Series(heldout.domains[is_text]).map({n: i for i, n in enumerate(names)}).to_numpy()
cut_lengths = [n for n in (8, 16, 32, 64, 128, 256) if n <= chunk_bytes]
by_length = []
for number, t in enumerate(target_names):
    two = at_start[t].select(is_text), at_start[1].select(is_text)
    by_length.append(
        paper.readings.by_length(two[0], number, two[1], which, cut_lengths).assign(target=t)
    )
if by_length:
    by_length = pd.concat(by_length, ignore_index=True)
    notebook.figure(
        paper.figures.lengths(by_length),
        "length",
        data=by_length,
        caption="The same two models, target and first base, on the same texts cut to several lengths: KL of the map per byte, exact KL per byte, and how much of Var(target - base) lies between domains.",
    )
    by_length["ratio"] = by_length.kl_var / by_length.exact_kl
    notebook.table(by_length, "length_table", caption="The same as numbers.")

# %%
n_bytes = heldout.n_bytes[is_text]
capacity = pd.DataFrame(
    [
        (t, row.rule, row.offset, row.domain_error)
        for t in targets
        for row in by_rule[
            (by_rule.target == t) & by_rule.rule.isin(["before", "uniform", "lld_sd", "oracle"])
        ]
        .groupby("rule", as_index=False)[["offset", "domain_error"]]
        .mean()
        .itertuples()
    ],
    columns=["target", "rule", "offset, nats per byte", "domain error, nats per byte"],
)
trained = by_rule[by_rule.rule != "before"]
ratio, agree = (trained.kl_var / trained.exact_kl).median(), trained.kl_var.corr(trained.exact_kl)
notebook.table(
    capacity,
    "capacity",
    caption=f"What is left of the target's lead: its mean over domains (offset) and the mean of its size. An offset is a matter of capacity and of training, not of shares. Over all runs KL of the map is {ratio:.1f} times exact KL (median), and the two correlate by {agree:.2f}.",
)

# %% [markdown]
# *What to see.* Texts of 64 bytes and of 1,024 bytes give other KLs per byte for the same two models: a "gain of 1 to 2 bits per byte" on long texts cannot be compared with ours, nor with a KL per
# token. Always give the length, and one metric that is not centred. The table above shows the third trap: the target leads **everywhere** a little because it is larger and was trained for longer. No
# mixture takes that away, but the differences hold it: measuring the lead against a base that trained for as long separates the two.
#
# **The metric trap.** Two students of the same target. Which is nearer? Change the pair until the two metrics disagree, and explain the bars.


# %%
def students(target=targets[0], first="single", second_rule="uniform", seed_of_base=1):
    left = {}
    for rule in (first, second_rule):
        student = readings[target, seed_of_base, rule]
        lead = (at_start[target].log_likelihood - student.log_likelihood)[is_text] / n_bytes
        left[rule] = paper.rules.domain_means(lead, which, K)
    rows = nearness[(nearness.target == target) & (nearness.seed == seed_of_base)].set_index("rule")
    title = "; ".join(
        f"{rule}: map {rows.kl_var[rule]:.2f}, exact {rows.exact_kl[rule]:.3f} bits per byte"
        for rule in (first, second_rule)
    )
    return paper.live.two_students(left, names, title)


tried_rules = [*paper.experiment.CORE, *paper.experiment.MORE]
tried_rules = [
    rule
    for rule in tried_rules
    if all((t, s, rule) in readings for t in targets for s in few_seeds)
]
notebook.explore(
    students,
    stills=[{}, {"target": targets[-1], "first": "lld_sd"}],
    target=targets,
    first=tried_rules,
    second_rule=tried_rules,
    seed_of_base=few_seeds,
)
# %%
notebook.teach.quiz("trap")

# %%
l_target, l_model = np.array([-10.0, -20.0, -30.0]), np.array([-14.0, -24.0, -40.0])
metric = notebook.teach.exercise(
    "kl_var",
    properties=[
        ("a number", lambda f: np.ndim(f(l_target, l_model, 8)) == 0, "return one number"),
        ("nothing to itself", lambda f: abs(f(l_target, l_target, 8)) < 1e-12, "take differences"),
        (
            "blind to an offset",
            lambda f: np.isclose(f(l_target, l_model - 3, 8), f(l_target, l_model, 8)),
            "it is a variance, not a mean square",
        ),
        (
            "per byte",
            lambda f: np.isclose(f(l_target, l_model, 16), f(l_target, l_model, 8) / 2),
            "divide by the bytes of a text",
        ),
        (
            "in bits",
            lambda f: np.isclose(f(l_target, l_model, 8), 8 / (2 * 8 * np.log(2))),
            "half the variance (over N, not N - 1), over bytes and over ln 2",
        ),
    ],
)
metric.check(None)  # put your function kl_var(target, model, n_bytes) here

# %% [markdown]
# ## 9. Do abilities follow?
#
# The paper also says that scores on tasks come nearer to the target's. Ours: the share of bytes foreseen in each domain, sums answered without a fault, and the share of their digits foreseen.
# The distance is the mean absolute difference of the scores, in points.


# %%
def scores(reading):
    """Next-byte accuracy in each domain, sums and digits right, per cent, (K + 2,)."""
    return paper.readings.scores(reading, heldout.table, names, answers)


target_scores = {t: scores(at_start[t]) for t in target_names}  # those that read bytes
abilities = by_rule[(by_rule.rule != "before") & by_rule.target.isin(target_names)].copy()
run_scores = {
    (r.target, r.seed, r.rule): scores(readings[r.target, r.seed, r.rule])
    for r in abilities.itertuples()
}
pairs = [(reached, target_scores[t]) for (t, _, _), reached in run_scores.items()]
abilities["distance"] = [np.abs(reached - wanted).mean() for reached, wanted in pairs]
abilities["pearson"] = [np.corrcoef(reached, wanted)[0, 1] for reached, wanted in pairs]
with_kl = {t: part.kl_var.corr(part.distance) for t, part in abilities.groupby("target")}
notebook.figure(
    paper.figures.abilities(abilities),
    "abilities",
    data=abilities,
    caption="Each run: mean distance of its scores from the target's against both kinds of KL to the target. Correlation of the distance with KL of the map: "
    + ", ".join(f"{r:.2f} ({t})" for t, r in with_kl.items())
    + ".",
)
task_table = paper.significance.compare_rules(abilities, "distance")
notebook.table(
    task_table,
    "table2_distance",
    caption="Distance of the scores from the target's, points; columns as above.",
)

# %%
task_names = [*names, "sums", "digits"]
shown_rules = [
    rule for rule in ("uniform", "lld_sd", "oracle", "kd") if rule in set(abilities.rule)
]
accuracy = pd.DataFrame(
    {"target": t, "task": task, "target's": target_scores[t][a]}
    | {
        rule: np.mean([run_scores[t, s, rule][a] for s in seeds if (t, s, rule) in run_scores])
        for rule in shown_rules
    }
    for t in target_names
    for a, task in enumerate(task_names)
)
notebook.table(accuracy, "table2_scores", caption="Scores in per cent, mean over seeds.")
for t in ("code", "data"):
    record_test(f"tasks_nearer_{t}", task_table, t)
    part = abilities[abilities.target == t]
    bases = part.seed.nunique()  # runs of one base belong together
    if bases < 2:
        notebook.claims.record(f"pearson_rises_{t}", np.nan, note="no such target, or one base")
        continue
    value, interval = statistics.group_bootstrap(
        lambda rows, part=part: part.kl_var.iloc[rows].corr(part.pearson.iloc[rows]), part.seed
    )
    note = f"{len(part)} runs of {bases} bases; interval over bases"
    notebook.claims.record(f"pearson_rises_{t}", value, interval, note=note, n_seeds=bases)

# %% [markdown]
# *What to see.* Models as small as these add nothing up; what can follow is which bytes they foresee. In the domains that a target was fed on, LLD mostly goes up towards it. But a mean over tasks also
# counts what the weights starve: look for digits in the table, which code has few of, and at what they do to the mean distance. The claim about abilities is therefore about
# which abilities are counted. In the figure the two targets lie apart: compare points of one shape only.
#
# ## 10. Guess the diet
#
# The other way round: given a model, what was it fed on? First with **simulated** targets, exact sums of the measured probe moves of the first base plus noise, where least squares must find the
# mixture; then with **models really trained** on random mixtures, of which a softmax of their lead over the uniformly trained one is the guess.

# %%
simulated = paper.experiment.recovery(
    first_gap, changes, (0.0, 0.05, 0.1, 0.2, 0.5), n_mixtures=n_bootstrap // 10, seed=seed
)
end = law_readings[1, "uniform"].log_likelihood
hidden_gaps, hidden = {}, []
for number, key in enumerate(probes_of_law[2:], start=1):
    gap = paper.design.Gap.from_texts(
        design_texts.table, law_readings[key].log_likelihood - end, names
    )
    guess = paper.design.design(gap, temperature=max(slope, 1e-3))
    hidden_gaps[number] = gap, guess, np.array(blind_mixtures[key])
    hidden += [(number, n, w, v) for n, w, v in zip(names, blind_mixtures[key], guess, strict=True)]
hidden = pd.DataFrame(hidden, columns=["model", "domain", "true", "guessed"])
ranks = [
    pd.Series(gap.means).corr(pd.Series(w), method="spearman") for gap, _, w in hidden_gaps.values()
]
even = np.mean([paper.measures.total_variation(uniform, w) for _, _, w in hidden_gaps.values()])
off = np.mean([paper.measures.total_variation(v, w) for _, v, w in hidden_gaps.values()])
notebook.figure(
    paper.figures.recovery(simulated, hidden),
    "recovery",
    data=hidden,
    caption=f"Left: mean distance of the guessed mixture from the true one, {n_bootstrap // 10} simulated targets (cone and least squares nearly coincide). Right: shares of the domains in {len(hidden_gaps)} hidden models that were really trained, true and guessed by a softmax at the slope of section 7; Spearman's correlation over domains of lead and true shares is {np.nanmedian(ranks):.2f} (median over these models). The guess is off by {off:.2f} in total variation, equal shares by {even:.2f}.",
)
notebook.table(simulated, "simulated", caption="Total variation between guessed and true mixtures.")


# %%
def guess_the_diet(model=1, reveal=False):
    gap, guess, w = hidden_gaps[model]
    different = paper.measures.total_variation(guess, w)
    title = f"hidden model {model}" + (f": off by {different:.2f}" if reveal else "")
    return paper.live.diet(names, gap.means, guess, w if reveal else None, title)


notebook.explore(
    guess_the_diet,
    stills=[{"model": 2}, {"model": 2, "reveal": True}],
    model=list(hidden_gaps),
    reveal=False,
)

# %% [markdown]
# ## 11. From scratch, and public models
#
# Designed weights can also serve from the first step. Fresh models with the weights of the same seed, against the bases themselves, which are the same training on equal shares.
#
# RegMix (arXiv 2407.01492) has published mixtures and losses of 512 + 256 models of one million parameters and of larger ones, on domains of the Pile. They are not installed here; give the folder
# `data` of its repository as `regmix=PATH` and the log law and the detective work of section 10 are done on them.

# %%
rows = []
for s in few_seeds:
    for rule, reading in (("uniform", at_start[s]), ("lld_sd", readings["scratch", s])):
        row = paper.readings.nearness(
            at_start[targets[0]],
            0 if target_names else 1,
            at_start[s],
            reading,
            heldout.table,
            names,
        )
        rows.append({"target": targets[0], "seed": s, "rule": rule} | row)
scratch_rows = pd.DataFrame(rows)
notebook.table(
    scratch_rows.drop(columns="cosine"),
    "from_scratch",
    caption="Training from scratch for the first target.",
)
for metric in paper.figures.METRICS:
    if scratch_rows[metric].notna().all() and len(few_seeds) > 1:
        row = paper.significance.compare_rules(scratch_rows, metric).set_index("rule").loc["lld_sd"]
        print(
            f"from scratch, {metric}: {row.difference:+.3f} [{row.low:+.3f}, {row.high:+.3f}], {row.wins:.0f} of {row.n:.0f}"
        )

# %%
for size in paper.log_law.SIZES if regmix else ():
    public_shares, public_losses, public_names = paper.log_law.load_regmix(regmix, size)
    law = paper.log_law.fit_lines(public_shares, public_losses)
    rank = np.nanmedian(paper.log_law.detect_mixtures(public_shares, public_losses))
    notebook.table(
        pd.DataFrame(law, index=list(public_names), columns=["slope", "R2"]),
        f"regmix_{size}",
        caption=f"RegMix, {size}: slope of loss on log weight, nats per token, {len(public_losses)} models. Spearman's correlation over domains of lead and true shares: {rank:.2f} (median over models).",
    )

# %% [markdown]
# ## 12. What held, and what did not
#
# - **The main claim of the abstract** is the paired test of section 5: two targets, two metrics. "Consistently" asks all four lines of the ledger. Their intervals are over bases and corrected for the seven rules that were tried; the tables have the p-values. In a first run of 60 steps one of them stood on the other side of .05, so that a line near the border is *not shown*.
# - **Distillation** has its own lines, in exact KL.
# - **Abilities** are asked as a mean over tasks, in which what the weights starve counts as well.
# - **The rule and its theory.** A softmax of the mean lead may work although sums of single-domain moves say little after a few steps: compare it in exact KL with the rules that trust such sums.
# - **Temperature is the one knob that matters.** The standard deviation over domains is a careful choice; the slope of the log law, right on paper, is far sharper.
# - **KL of the map is blind to offsets and grows with the length of texts.** Results in it need the length beside them, and a second metric.
# - **Not shown here**: other targets of the same kind (one target seed each), larger models, longer training, and anything that the paper reports on its own models. Its numbers could not be read.
#
# The profile `paper` takes the shape of GPT-2 small as in nanoGPT (12 layers, 12 heads, width 768, windows of 1,024), reading bytes in place of byte pairs, on a GPU in bfloat16, and domains of the
# Pile from a folder: `lmnotes run 10 --profile paper -p text_set=PATH`. Momentum and weight decay are those of our small models, not nanoGPT's.

# %%
notebook.claims.table()

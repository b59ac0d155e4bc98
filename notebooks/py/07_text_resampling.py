# %% [markdown]
# # Which texts does a map of language models need?
#
# **The question.** A language model gets its place on the map of notebook 06 by scoring thousands of texts, and so does every model that comes later. Must it
# be all of them?
#
# **The idea in two sentences.** A text on which all models agree, up to what each gives to every text, tells nothing about their distances; a text on which they differ tells much. So
# draw texts with probability in proportion to the variance of their log-likelihood over models, weight each by the inverse of its chance, and far fewer different texts give the same map.
#
# The paper: Momose Oyama, Ryo Kishino, Hiroaki Yamagiwa and Hidetoshi Shimodaira, *Likelihood Variance as Text Importance for Resampling Texts to Map Language
# Models*, Findings of EMNLP 2025 ([arXiv 2505.15428](https://arxiv.org/abs/2505.15428)).
#
# **After this notebook you can**
#
# - say which texts matter for a map, and read some of them;
# - derive the best probabilities in five lines, and check them by brute force;
# - tell the error of a draw from the error of the texts themselves, and count the saving honestly, in *different* texts;
# - add models to a map that stands, and say when the old importances fail them;
# - compute what a map costs.
#
# The models are those of notebook 06: small ones, trained on this machine on text that every installation carries. The paper has 1,018 public models and 10,000 texts; its
# released matrix can be read here by `lmnotes run 07 --profile paper -p published_matrix=PATH`.

# %% [markdown]
# ## Settings

# %% tags=["parameters"]
from typing import Literal

zoo_plan: Literal["smoke", "laptop", "paper"] = (
    "laptop"  # which small models; notebook 06 has the same
)
published_matrix: str | None = None  # the released pickle: its models and texts instead
sealed_matrix: str | None = None  # a file that Ledger.seal wrote: its models and texts instead
text_set: str = "installed"  # installed | a path; with a matrix, only to show its texts
chunk_bytes: int = 128  # 32..4096, of a text at most; the models of the zoo learnt on 128
per_domain: int = 120  # 4..1000000, texts drawn from each domain
clip_share: float = 0.02  # 0..0.5, of all entries, raised to their common quantile
n_sizes: int = 20  # 4..200, numbers of draws between 10 and N
n_runs: int = 100  # 2..1000, draws per method and size
n_maps: int = 20  # 2..1000, maps per setting, for the ellipses
perplexity: float = 30.0  # 1..200, of t-SNE
uniform_share: float = 0.1  # 0..1, even mass in mixed importances
new_share: float = 0.12  # 0.01..0.5, of the models, the latest ones, that are added later
n_items: int = 200  # 10..5000, items of each home-made task
n_seeds: int = 5  # 1..50, ways to split models into folds
bytes_per_second: int = 7000  # 1..100000000, that one processor scores; for the cost table
seed: int = 42  # 0..1000000, of the texts and of the first run; the paper's is 42

# %%
import numpy as np
import pandas as pd

from lmnotes import figures, models, notebook, statistics, text
from lmnotes.papers import text_resampling as paper

figures.style.use()
notebook.begin("07_text_resampling", globals())

# %% [markdown]
# ## 1. Models, texts, and the target
#
# $L_{is}$ is the log-likelihood of text $s$ under model $i$, in nats. Entries below the 2 % quantile are raised to it (one text with $-20{,}000$ would otherwise be all that counts), then
# the mean of every row and every column is taken out. In the result, $Q$, the row of a model is its place, and
#
# $$G_{ij}=\|q_i-q_j\|^2=\sum_s(Q_{is}-Q_{js})^2\qquad(\text{nats}^2),\qquad \mathrm{KL}(p_i,p_j)\approx G_{ij}/2N .$$
#
# These distances are what a smaller set of texts must give.

# %%
if published_matrix is not None:
    raw = models.ledger.read_released(published_matrix)
elif sealed_matrix is not None:
    raw = models.ledger.read_sealed(sealed_matrix)
else:
    texts = text.chunks.load(text_set, size=chunk_bytes, per_domain=per_domain, seed=seed)
    zoo = models.zoo.build(zoo_plan, texts=texts)
    ledger = models.ledger.open(texts)
    models.runner.score_small(zoo.models, ledger)
    raw = ledger.matrix(about=zoo.models)
is_home = published_matrix is None and sealed_matrix is None
if not is_home:
    texts = text.chunks.load(text_set) if text_set != "installed" else None
is_published = raw.values.shape == (1018, 10_000)

# %%
clipped = raw.clip(clip_share)
L = clipped.values  # (M, N) nats
Q = models.maps.double_centre(L)  # (M, N)
G = models.maps.resample.squared_distances(Q)  # (M, M) nats^2
M, N = Q.shape
names = raw.models["model"].astype(str).to_numpy()
family = raw.models["family" if "family" in raw.models else "type"].astype(str).to_numpy()
lineage = family
if is_home:  # fine-tunes, checkpoints and merges stay with their base, a leaked model with its twin
    lineage = raw.models.lineage.mask(raw.models.twin != "", raw.models.twin).astype(str).to_numpy()
domain = raw.texts["domain"].astype(str).to_numpy() if "domain" in raw.texts else np.full(N, "all")
n_bytes = raw.n_bytes if "n_bytes" in raw.texts else np.full(N, 972.3188)
notebook.note_input("texts", raw.text_set)
notebook.note_input("models", f"{M} models, rule {raw.rule}")
notebook.table(
    pd.DataFrame({"domain": domain, "n_bytes": n_bytes})
    .groupby("domain")["n_bytes"]
    .agg(["size", "mean"])
    .set_axis(["texts", "mean bytes"], axis=1)
    .reset_index(),
    "texts",
    caption=f"{N:,} texts. Log-likelihoods below {clipped.threshold:.0f} nats, {clip_share:.0%} of all, are raised to it.",
)
notebook.table(
    pd.DataFrame({"family": family, "mean log-likelihood": L.mean(axis=1)})
    .groupby("family", sort=False)["mean log-likelihood"]
    .agg(["size", "mean"])
    .set_axis(["models", "mean log-likelihood, nats per text"], axis=1)
    .reset_index(),
    "models",
    caption=f"{M} models of {len(set(family))} families.",
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
# | **KL** | $\sqrt{\sum_{ij}(Q_{is}-Q_{js})^4}$ | the best one for all distances together; section 3 derives it |
#
# The sum over pairs needs no pairs: with $S_k=\sum_iQ_{is}^k$ it is $2MS_4-8S_1S_3+6S_2^2$, where $S_1=0$.

# %%
pis = {
    method: models.maps.resample.importance(Q, method) for method in models.maps.resample.METHODS
}  # (N,) each
by_domain = (
    pd.DataFrame({"domain": domain, "LS": N * pis["LS"], "KL": N * pis["KL"]})
    .groupby("domain")[["LS", "KL"]]
    .mean()
    .sort_values("LS", ascending=False)
    .reset_index()
)
notebook.table(
    by_domain, "importance_by_domain", caption="Mean importance of a text, times N; uniform is 1."
)
gain = {method: models.maps.resample.inequality(pi) for method, pi in pis.items()}
notebook.figure(
    paper.figures.importance(by_domain, {m: pis[m] for m in ("LS", "KL")}),
    "importance",
    data=pd.DataFrame(pis).assign(domain=domain),
    caption=f"Left: mean importance of the texts of each domain. Right: how much of all mass the foremost texts hold; on the dotted diagonal all would be equal. Inequality N sum pi^2: LS {gain['LS']:.2f}, KL {gain['KL']:.2f}, uniform 1.",
)


# %%
def show_texts(which):
    """Some texts with their importance, and who likes them most and least."""
    words = [""] * len(which)
    if texts is not None and len(texts) == N:
        words = [texts.texts[s][:220].replace("\n", " ⏎ ") for s in which]
    return pd.DataFrame(
        {
            "N pi (LS)": N * pis["LS"][which],
            "domain": domain[which],
            "likes it most": names[Q[:, which].argmax(axis=0)],
            "likes it least": names[Q[:, which].argmin(axis=0)],
            "spread, nats": Q[:, which].std(axis=0),
            "beginning of the text": words,
        }
    )


order = np.argsort(-pis["LS"], kind="stable")
notebook.table(
    show_texts(order[:12]),
    "important_texts",
    caption="The twelve most important texts; likes and dislikes are beyond what model and text show on average.",
)
notebook.table(
    show_texts(order[::-1][:6]), "unimportant_texts", caption="The six least important texts."
)

# %% [markdown]
# *What to see.* The mass is not evenly spread: what some models have learnt by heart or never met is where they differ. The right panel and the number in the
# caption, one plus the squared variation of the importances, tell beforehand how much there is to gain: at 1 a uniform draw is as good as any.
#
# Move the number of draws and see which texts light up. Important ones are drawn again and again, so the number of *different* texts, the ones that must be
# scored, grows more slowly than $n$: on average to $\mathbb E[d]=\sum_s1-(1-\pi_s)^n$.


# %%
def draw_texts(n=max(10, N // 4), method="LS", run=0):
    drawn = models.maps.resample.draw(pis[method], n, seed=seed + run, generator="published")
    expected = models.maps.resample.expected_distinct(pis[method], n)
    title = f"{method}: {n:,} draws, {len(drawn):,} different texts (expected {expected:,.0f})"
    return paper.figures.drawn_texts(N * pis[method], domain, drawn.texts, title)


notebook.explore(
    draw_texts,
    stills=[{"n": max(10, N // 20)}, {"method": "uniform"}],
    n=(10, N),
    method=["LS", "KL", "uniform"],
    run=(0, 20),
)
# %%
seen = notebook.teach.exercise(
    "distinct",
    properties=[
        ("it is a share", lambda answer: 0 < answer <= 1, "give a number between 0 and 1"),
        (
            "some texts are missed",
            lambda answer: answer < 0.9,
            "a draw with replacement comes back to texts it has seen",
        ),
        (
            "its value",
            lambda answer: abs(answer - 0.632) < 0.01,
            "a text is missed by all N draws with probability (1 - 1/N)^N, about 1/e",
        ),
    ],
)
seen.check(None)  # put your answer here

# %% [markdown]
# (The paper's numbers of different texts for uniform draws need no models, only a generator of random numbers; a test of this package holds ours against them.)
#
# ## 3. Why the variance, in five lines
#
# 1. A distance is a sum over texts, $G=\sum_sa_s$ with $a_s=(Q_{is}-Q_{js})^2$. Draw $n$ texts with probabilities $\pi$ and average $a_s/\pi_s$: the mean is $G$ for any $\pi>0$.
# 2. Its variance is $\frac1n\big(\sum_sa_s^2/\pi_s-G^2\big)$; only the first sum depends on $\pi$.
# 3. Add it up over all pairs: $\sum_sA_s/\pi_s$ with $A_s=\sum_{ij}(Q_{is}-Q_{js})^4$.
# 4. Minimise under $\sum_s\pi_s=1$ (Lagrange): $-A_s/\pi_s^2+\lambda=0$ for every $s$.
# 5. So $\pi_s\propto\sqrt{A_s}$, which is **KL**. For the inner products $\langle q_i,q_j\rangle$ instead of distances, $A_s=(\sum_iQ_{is}^2)^2$ gives **LS**.
#
# The error of every method is thus a constant over $\sqrt n$; the constant is computed from $\pi$ in one line, with no draw at all.


# %%
rng = np.random.default_rng(seed)
five = Q[:, rng.choice(N, size=5, replace=False, p=pis["LS"])]  # (M, 5)
weights = {m: paper.errors.pair_weights(G, m) for m in paper.errors.MEASURES}
flat = np.ones((M, M))
best = models.maps.resample.importance(five, "KL")
tried = {str(k): rng.dirichlet(np.ones(5)) for k in range(2000)}
tried |= {f"near {k}": 0.9 * best + 0.1 * rng.dirichlet(np.ones(5)) for k in range(200)}
error_of = paper.errors.error_constants(five, {"best": best, **tried}, flat)
few = pd.DataFrame(
    {
        "distance": [np.abs(pi - best).sum() / 2 for pi in tried.values()],
        "ratio": [error_of[k] / error_of["best"] for k in tried],
    }
)

steps = np.linspace(0, 2, 21)
family_of_powers = {f"{a:g}": models.maps.resample.normalised(pis["KL"] ** a) for a in steps}
ratios, marks = {"power": steps}, []
for measure in weights:
    error_of = paper.errors.error_constants(Q, family_of_powers | pis, weights[measure])
    ratios[measure] = [error_of[f"{a:g}"] / error_of["KL"] for a in steps]
    for method, place in (("uniform", 0), ("KL", 1), ("LS", 1)):
        marks.append((method, measure, place, error_of[method] / error_of["KL"]))
powers = pd.DataFrame(ratios)
marks = pd.DataFrame(marks, columns=["method", "measure", "power", "ratio"])
notebook.figure(
    paper.figures.why_variance(few, powers, marks),
    "why_variance",
    data=powers,
    caption=f"Left: {len(few):,} other allocations on five texts; the best of them has {few.ratio.min():.4f} times the error of the derived one. Right: all texts, probabilities sharpened or flattened; red is LS, blue uniform, green KL. For the absolute error the best power is 1, as derived.",
)
# %%
toy = np.random.default_rng(1).normal(size=(4, 5)) * [1, 2, 3, 4, 5]
toy_best = models.maps.resample.importance(toy, "KL")
allocation = notebook.teach.exercise(
    "fourth_powers",
    properties=[
        (
            "one probability per text",
            lambda best: np.shape(best(toy)) == (5,),
            "return (N,): sum over models or pairs, not over texts",
        ),
        (
            "they add up to 1",
            lambda best: np.isclose(np.sum(best(toy)), 1),
            "divide by the sum over texts",
        ),
        (
            "adding a constant to a column changes nothing",
            lambda best: np.allclose(best(toy + np.array([9, 0, 0, 0, 0])), best(toy)),
            "take differences between models: the level of a text is no distance",
        ),
        (
            "doubling a column makes it four times as likely",
            lambda best: np.isclose(
                best(toy * [2, 1, 1, 1, 1])[0] / best(toy * [2, 1, 1, 1, 1])[1],
                4 * best(toy)[0] / best(toy)[1],
            ),
            "a_s is a square, A_s a fourth power, and the root brings it back to a square",
        ),
        (
            "it is the best one",
            lambda best: np.allclose(best(toy), toy_best),
            "that is another allocation with these properties, such as LS: sum fourth powers over pairs",
        ),
    ],
)
allocation.check(None)  # a function best(Q)

# %% [markdown]
# *What to see.* Nothing can beat the derived allocation on its own measure, the absolute error: that is mathematics, so it is no claim of the ledger either. On the relative error, which counts every pair alike however near the two models are,
# it has no such guarantee; there the paper finds LS ahead. Note how flat the curves are around 1: it is the step away from uniform that pays, not the last digit of $\pi$.
#
# ## 4. One distance, draw by draw
#
# After $n$ draws with counts $c_t$ of the $d$ different texts $u_t$, the paper keeps weights and coordinates
#
# $$w_t=\sqrt{\frac{c_t}{n\,\pi_{u_t}}},\qquad \tilde Q_{it}=w_t\,(L_{iu_t}-m_i),\qquad m_i=\frac{\sum_tw_t^2L_{iu_t}}{\sum_tw_t^2},$$
#
# so that $\|\tilde q_i-\tilde q_j\|^2$ estimates $G_{ij}$. Rows of new models need only the $d$ texts. Below, the pair of models at the median distance, with fixed $Q$; the band is the standard error that line 2 gives.

# %%
upper = np.triu_indices(M, 1)
middle = np.argsort(G[upper])[len(upper[0]) // 2]
pair = (int(upper[0][middle]), int(upper[1][middle]))


def paths(i, j, methods=models.maps.resample.METHODS, n=N, runs=8, first=0):
    parts = (Q[i] - Q[j]) ** 2
    draws = np.unique(np.geomspace(1, n, 120).astype(int))
    rows = []
    for method in methods:
        error = paper.spread.standard_error(parts, pis[method], draws) / parts.sum()
        for run in range(first, first + runs):
            path = paper.spread.running_estimate(
                parts, pis[method], n, seed=seed + run, generator="published"
            )
            rows.append(
                pd.DataFrame({"method": method, "run": run, "n": draws, "error": error}).assign(
                    ratio=path[draws - 1] / parts.sum()
                )
            )
    return pd.concat(rows, ignore_index=True)


one_pair = paths(*pair)
notebook.figure(
    paper.figures.running_estimates(one_pair, f"{names[pair[0]]} and {names[pair[1]]}"),
    "anatomy",
    data=one_pair,
    caption="Eight runs of the estimate of one distance, over its true value, and the theoretical standard error (grey).",
)


# %%
def estimator(pair_rank=50, method="LS", n=max(20, N // 3), runs=3, first_run=0):
    place = np.argsort(G[upper])[min(len(upper[0]) - 1, pair_rank * len(upper[0]) // 100)]
    i, j = int(upper[0][place]), int(upper[1][place])
    title = f"{names[i]} and {names[j]}: distance at {pair_rank} % of all pairs"
    return paper.figures.running_estimates(
        paths(i, j, [method, "uniform"], n, runs, first_run), title
    )


notebook.explore(
    estimator,
    stills=[{"pair_rank": 1}, {"pair_rank": 99}],
    pair_rank=(0, 100),
    method=["LS", "KL"],
    n=(20, N),
    runs=(1, 8),
    first_run=(0, 92),
)
# %%
weighing = notebook.teach.exercise(
    "weights",
    properties=[
        ("two numbers", lambda answer: np.shape(answer) == (2,), "give w of text 0 and of text 2"),
        (
            "they are roots",
            lambda answer: not np.allclose(answer, [1.2, 2.0]),
            "these are w squared: coordinates take the root, distances square it again",
        ),
        (
            "pi stands below",
            lambda answer: answer[1] > answer[0],
            "the rarer text must count for more than it was drawn: divide by pi",
        ),
        (
            "their values",
            lambda answer: np.allclose(answer, [np.sqrt(1.2), np.sqrt(2)], atol=2e-3),
            "w = sqrt(c / (n pi)), with n = 5",
        ),
    ],
)
weighing.check(None)  # put [w_0, w_2] here

# %% [markdown]
# With $Q$ fixed, the mean of the estimate over draws is the true distance, for any probabilities. With the row mean $m_i$ estimated from the same draw it falls short by about $1/n$.

# %% [markdown]
# ## 5. Errors, counted honestly
#
# With $\tilde G$ from a draw, two measures:
#
# $$\tau_{abs}=\frac{\|\tilde G-G\|_F}{\|G\|_F},\qquad \tau_{rel}=\sqrt{\frac1{M^2}\sum_{ij}\Big(\frac{\tilde G_{ij}-G_{ij}}{\max(G_{ij},\,0.001\ \text{nats}^2)}\Big)^2}.$$
#
# Now there are **two** errors. A draw is off from the $N$ texts by $\tau(n)$, the *resampling* error. The $N$ texts are themselves a sample, and off from all texts by the *sampling* error; the bootstrap
# estimates it as $\tau_{uniform}(N)$. Against all texts that could be, a draw is off by $\sqrt{\tau(n)^2+\tau_{uniform}(N)^2}$, while $n$ fresh texts are off by $\tau_{uniform}(N)\sqrt{N/n}$. Only these two
# may be compared, over the number $d$ of different texts. The level at which the paper compares is that of $N/2$ fresh texts; by theory it is exactly that of a uniform resample of size $N$.

# %%
grid = np.geomspace(10, N, n_sizes).round().astype(int)
sizes = np.unique(np.concatenate([grid, [N // 4, N // 2]]))
runs = paper.errors.runs(L, pis, sizes, n_runs=n_runs, seed=seed)
figure, axes = figures.style.panels(2, height=2.9)
drawn_lines, tables = [], []
for ax, measure in zip(axes, ("relative", "absolute"), strict=True):
    lines = paper.errors.comparison(runs, N, measure)
    by_method = paper.errors.at_equal_error(runs, N, measure)
    paper.figures.error_panel(ax, lines, measure, needed=by_method)
    drawn_lines.append(lines.assign(measure=measure))
    tables.append(by_method.assign(measure=measure))
axes[0].plot([], [], ":", color=figures.style.BLACK, lw=0.9, label="resampling alone")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=6)
notebook.figure(
    figure,
    "fig2_error_curves",
    data=pd.concat(drawn_lines, ignore_index=True),
    caption=f"Figure 2: error of all distances against the number of different texts, root mean square over {n_runs} runs. Solid: total error against all possible texts; dotted: resampling alone, which makes every method look better than it is. The horizontal line is the error of {N // 2:,} fresh texts; the numbers on the axis say how many different texts each method needs for it.",
)
equal = pd.concat(tables, ignore_index=True)[["measure", "method", "n", "d", "level"]]
notebook.table(equal, "equal_error", caption="Draws and different texts at equal total error.")


# %%
def ratios_at_equal_error(some_runs):
    relative, absolute = (
        paper.errors.at_equal_error(some_runs, N, measure).set_index("method")
        for measure in ("relative", "absolute")
    )
    return pd.Series(
        {
            "fig2_share_of_fresh": relative.d["LS"] / relative.d["fresh"],
            "fig2_share_of_uniform": relative.d["LS"] / relative.d["uniform"],
            "fig2_abs_share_of_fresh": absolute.d["KL"] / absolute.d["fresh"],
            "fig2_ls_wins_relative": relative.n["KL"] / relative.n["LS"],
            "fig2_kl_wins_absolute": absolute.n["LS"] / absolute.n["KL"],
        }
    )


by_runs = paper.errors.bootstrap(runs, ratios_at_equal_error, n_samples=100)
for name, row in by_runs.iterrows():
    reached = np.isfinite([row.value, row.low, row.high]).all()
    note = "" if reached else "a curve does not come down to the level within N draws"
    notebook.claims.record(
        name, row.value, interval=(row.low, row.high) if reached else None, note=note
    )
by_runs

# %%
needed = equal.set_index(["measure", "method"])
elsewhere = "a number of the published 1,018 x 10,000 matrix: give published_matrix"


def record_published(name, value):
    notebook.claims.record(
        name, value if is_published else np.nan, note="" if is_published else elsewhere
    )


for method, measure in (
    ("LS", "relative"),
    ("KL", "relative"),
    ("LS", "absolute"),
    ("KL", "absolute"),
):
    record_published(f"fig2_n_{method.lower()}_{measure}", needed.n[measure, method])
record_published("fig2_d_ls_relative", needed.d["relative", "LS"])
for measure in weights:
    record_published(f"fig2_level_{measure}", needed.level[measure, "fresh"])

# %% [markdown]
# *What to see.* On the dotted lines LS and KL fall, with far fewer than $N$ texts, below the error of all $N$ fresh ones, which cannot be. Once the sampling error is added, all lines level off at it: no choice among the $N$ texts can repair
# that they are only $N$. What remains is the gap at the horizontal line.
#
# The whole comparison can be foreseen without a draw. A method with constant $C$ needs $n=N\,(C/C_{uniform})^2$ draws, hence $\mathbb E[d]$ texts. The last rows ask what would be best for the *relative* error (our addition):
# the same Lagrange argument with every pair divided by its own distance.

# %%
constants = {}
for measure in weights:
    powers = paper.errors.weighted_fourth_powers(Q, weights["relative"])
    own = {"best for relative (ours)": models.maps.resample.normalised(np.sqrt(powers))}
    constants[measure] = paper.errors.error_constants(Q, pis | own, weights[measure])
rows = []
for measure, by_method in constants.items():
    for method, constant in by_method.items():
        n = N * (constant / by_method["uniform"]) ** 2
        rows.append(
            {
                "measure": measure,
                "method": method,
                "C": constant,
                "n foreseen": n,
                "d foreseen": models.maps.resample.expected_distinct((pis | own)[method], n),
                "n of the runs": needed.n.get((measure, method), np.nan),
                "d of the runs": needed.d.get((measure, method), np.nan),
            }
        )
notebook.table(
    pd.DataFrame(rows),
    "constants",
    caption="Draws and different texts at the error of N/2 fresh texts: foreseen from the constants, and measured.",
)

# %%
draws_needed = notebook.teach.exercise(
    "equal_error",
    properties=[
        (
            "equal constants need equal draws",
            lambda needed: np.isclose(needed(1000, 2.0, 2.0), 1000),
            "if both have the same constant, n must be N",
        ),
        (
            "half the constant needs a quarter",
            lambda needed: np.isclose(needed(1000, 2.0, 1.0), 250),
            "the error falls with the root of n, so the ratio enters squared, LS over uniform",
        ),
    ],
)
draws_needed.check(None)  # a function needed(N, C_u, C_l)

# %% [markdown]
# ## 6. The price of insurance
#
# A text without importance is never drawn, and a new model may differ there. A share of uniform mass insures against that, and costs little:

# %%
shares = np.linspace(0, 1, 21)
rows = []
for measure in weights:
    mixed = {
        (method, share): models.maps.resample.importance(Q, method, uniform_share=share)
        for method in ("LS", "KL")
        for share in shares
    }
    error_of = paper.errors.error_constants(Q, mixed, weights[measure])
    for (method, share), constant in error_of.items():
        n = N * (constant / constants[measure]["uniform"]) ** 2
        d = models.maps.resample.expected_distinct(mixed[method, share], n)
        rows.append((measure, method, share, n / N, d / (N / 2)))
insurance = pd.DataFrame(rows, columns=["measure", "method", "share", "n over N", "d over N/2"])
figure, axes = figures.style.panels(2, height=2.2, sharey=True)
for ax, measure in zip(axes, ("relative", "absolute"), strict=True):
    for method in ("LS", "KL"):
        part = insurance[(insurance.measure == measure) & (insurance.method == method)]
        ax.plot(
            100 * part.share,
            part["d over N/2"],
            color=paper.figures.METHODS[method],
            label=method,
        )
    ax.axhline(1, color=figures.style.BLACK, lw=0.6, ls="-.")
    ax.set(xlabel="uniform mass, %", title=f"{measure} error", xlim=(0, 100))
axes[0].set_ylabel("different texts over N/2")
axes[0].legend()
notebook.figure(
    figure,
    "uniform_share",
    data=insurance,
    caption="Different texts needed at equal error when part of the mass is uniform, from the closed form; below the line fewer than fresh texts, at the right end the bootstrap.",
)


# %%
def live_curves(method="LS", uniform_mass=0.0, measure="relative", with_sampling_error=True):
    pi = models.maps.resample.importance(Q, method, uniform_share=uniform_mass)
    error_of = paper.errors.error_constants(
        Q, {method: pi, "uniform": pis["uniform"]}, weights[measure]
    )
    sampling = error_of["uniform"] / np.sqrt(N) if with_sampling_error else 0.0
    figure, (ax,) = figures.style.panels(width=4.2, height=2.8)
    n = np.geomspace(10, N, 60)
    ax.plot(
        n,
        error_of["uniform"] / np.sqrt(n),
        color=figures.style.GREY,
        lw=3,
        alpha=0.5,
        label="fresh texts",
    )
    for name, p in ((method, pi), ("uniform", pis["uniform"])):
        total = paper.errors.total_error(error_of[name] / np.sqrt(n), sampling)
        d = models.maps.resample.expected_distinct(p, n)
        label = f"{name}, {100 * uniform_mass:.0f} % uniform mass" if name == method else name
        ax.plot(d, total, color=paper.figures.METHODS[name], label=label)
    ax.set(xlabel="distinct texts $d$", ylabel=f"{measure} error", yscale="log", xlim=(0, 0.8 * N))
    ax.legend()
    return figure


notebook.explore(
    live_curves,
    stills=[{}, {"with_sampling_error": False}],
    method=["LS", "KL"],
    uniform_mass=(0.0, 1.0, 0.05),
    measure=["relative", "absolute"],
    with_sampling_error=True,
)
notebook.teach.quiz("never_drawn")

# %% [markdown]
# ## 7. How much the map moves
#
# A map is drawn anew from every draw: $\tilde Q$, then t-SNE (perplexity 30, PCA start, 1,000 iterations). Maps are known up to rotation and reflection, so each is centred and turned onto the map of
# all texts (orthogonal Procrustes, without scaling). What is left is wobble: an ellipse of one standard deviation around each model, and one number, the mean squared distance to the mean place. Three settings, as
# in the paper: LS at the number of draws of equal error, $N$ uniform draws, and uniform draws with as few different texts as LS.

# %%
n_ls = int(np.nan_to_num(needed.n["relative", "LS"], nan=0.29 * N))
d_ls = models.maps.resample.expected_distinct(pis["LS"], n_ls)
n_few = models.maps.resample.draws_for(pis["uniform"], d_ls)
settings = {
    "LS": (pis["LS"], n_ls),
    "uniform": (pis["uniform"], N),
    "uniform, as few texts": (pis["uniform"], n_few),
}
drawing = dict(perplexity=perplexity, n_iterations=1000)
reference = models.maps.tsne(Q, 42, perplexity=perplexity)
n_flat = min(10, M - 1)  # principal components that are turned; the first two are looked at
ten = models.maps.pca(Q, n_flat)
flat_reference = ten[:, :2]


def flat_map(points):
    components = models.maps.pca(points, n_flat)
    n_lacking = n_flat - components.shape[1]  # where there are fewer texts
    return paper.spread.procrustes(np.pad(components, ((0, 0), (0, n_lacking))), ten)[:, :2]


aligned, flat, sizes_of = {}, {}, {}
for name, (pi, n) in settings.items():
    draws = [
        models.maps.resample.draw(pi, n, seed=seed + run, generator="published")
        for run in range(n_maps)
    ]
    coordinates = [
        models.maps.resample.coordinates(L[:, drawn.texts], drawn.weights) for drawn in draws
    ]
    maps = [models.maps.tsne(points, 42, **drawing) for points in coordinates]
    aligned[name] = paper.spread.align(maps, reference)
    flat[name] = paper.spread.align([flat_map(points) for points in coordinates], flat_reference)
    sizes_of[name] = (n, np.mean([len(drawn) for drawn in draws]))
other_seeds = [models.maps.tsne(Q, s, **drawing) for s in (1, 2, 3)]
rng = np.random.default_rng(seed)
nudged = [
    models.maps.tsne(Q * (1 + 1e-3 * rng.normal(size=Q.shape)), 42, **drawing)
    for _ in range(n_maps)
]
aligned["floor: nudged"] = paper.spread.align(nudged, reference)
aligned["floor: other t-SNE seeds"] = paper.spread.align(other_seeds, reference)


def radius(points):
    return np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean())


# %%
rng = np.random.default_rng(0)


def ratio_of(first, second):
    """MSE of one setting over that of another, with its interval over maps."""
    a, b = aligned[first].mse_of_runs, aligned[second].mse_of_runs
    chosen = rng.integers(n_maps, size=(2000, n_maps))
    low, high = np.quantile(a[chosen].mean(axis=1) / b[chosen].mean(axis=1), [0.025, 0.975])
    value = a.mean() / b.mean()
    return value, (min(low, value), max(high, value))


notebook.table(
    pd.DataFrame(
        [
            {
                "setting": name,
                "n": sizes_of.get(name, (np.nan, np.nan))[0],
                "different texts": sizes_of.get(name, (np.nan, np.nan))[1],
                "MSE": maps.mse,
                "root of MSE over radius of the map, %": 100
                * np.sqrt(maps.mse)
                / radius(reference),
                "the same of a PCA map, %": 100 * np.sqrt(flat[name].mse) / radius(flat_reference)
                if name in flat
                else np.nan,
            }
            for name, maps in aligned.items()
        ]
    ),
    "map_wobble",
    caption=f"Mean squared distance of a model to its mean place over {n_maps} maps, in squared units of the map. The last two rows use all texts: coordinates nudged by one part in a thousand, and other seeds of t-SNE.",
)
floor = aligned["floor: nudged"].mse / aligned["uniform"].mse
for claim, *two in (
    ("fig3_ls_as_uniform", "LS", "uniform"),
    ("fig3_few_against_ls", "uniform, as few texts", "LS"),
):
    if floor > 0.5:  # what moves is the optimiser, not the texts
        note = f"all texts, nudged by a thousandth, wobble {floor:.0%} as far as a uniform resample"
        notebook.claims.record(claim, np.nan, note=note)
    else:
        notebook.claims.record(claim, *ratio_of(*two))
for name, claim in zip(settings, ("ls", "uniform", "few"), strict=True):
    record_published(f"fig3_mse_{claim}", aligned[name].mse)

# %%
colours = paper.figures.colours_of(family)
per_model = [colours[name] for name in family]


def ellipse_table(chosen):
    return pd.concat(
        [
            pd.DataFrame({"setting": name, "model": names, "family": family}).assign(
                x=aligned[name].mean[:, 0],
                y=aligned[name].mean[:, 1],
                width=paper.spread.ellipses(aligned[name].covariance)[:, 0],
                height=paper.spread.ellipses(aligned[name].covariance)[:, 1],
            )
            for name in chosen
        ],
        ignore_index=True,
    )


figure, (ax,) = figures.style.panels(width=4.6, height=4.4)
paper.figures.ellipses(ax, aligned["uniform"], per_model, size=8)
paper.figures.legend_of(figure, colours, ncols=4)
notebook.figure(
    figure,
    "fig1_wobble",
    data=ellipse_table(["uniform"]),
    caption=f"Figure 1: mean places and ellipses of one standard deviation over the maps of {n_maps} uniform resamples of {N:,} texts, each turned onto the map of all texts: how far a place on this map may be trusted.",
)
figure, axes = figures.style.panels(3, height=2.9)
for ax, (name, (n, d)) in zip(axes, sizes_of.items(), strict=True):
    title = f"{name}\nn = {n:,}, d = {d:,.0f}, MSE {aligned[name].mse:.2f}"
    paper.figures.ellipses(ax, aligned[name], per_model, title)
paper.figures.legend_of(figure, colours)
notebook.figure(
    figure,
    "fig3_wobble",
    data=ellipse_table(settings),
    caption="Figure 3(a): mean places and ellipses of one standard deviation for LS, for a uniform resample of all texts, and for uniform draws of as few different texts as LS. Compare the mean squared deviations (MSE) with the floor in the table before reading anything into them.",
)


# %%
figure, axes = figures.style.panels(3, height=2.9)
for ax, (name, (n, d)) in zip(axes, sizes_of.items(), strict=True):
    share = 100 * np.sqrt(flat[name].mse) / radius(flat_reference)
    title = f"{name}\nn = {n:,}, d = {d:,.0f}: {share:.0f} % of the radius"
    paper.figures.ellipses(ax, flat[name], per_model, title, axis="PC")
paper.figures.legend_of(figure, colours)
notebook.figure(
    figure,
    "wobble_pca",
    data=pd.concat(
        [
            pd.DataFrame(flat[name].mean, columns=["x", "y"]).assign(
                setting=name, model=names, family=family
            )
            for name in settings
        ],
        ignore_index=True,
    ),
    caption="The same three settings on a linear map, which has no optimiser: the first ten principal components of every draw are turned onto those of all texts, and the first two are shown. Here all that moves are the texts. In the titles the root mean squared deviation over the radius of the map.",
)


# %%
def animation(setting="LS", run=0):
    figure, (ax,) = figures.style.panels(width=4.4, height=3.9)
    maps = aligned[setting]
    paper.figures.ellipses(ax, maps, per_model, f"{setting}, draw {run}", size=0)
    ax.scatter(*maps.aligned[run].T, c=per_model, s=12, linewidths=0)
    for mean, now, colour in zip(maps.mean, maps.aligned[run], per_model, strict=True):
        ax.plot(*np.array([mean, now]).T, color=colour, lw=0.6)
    return figure


notebook.explore(
    animation,
    stills=[{"run": 1}, {"setting": "uniform, as few texts", "run": 1}],
    setting=list(settings),
    run=(0, n_maps - 1),
)

# %% [markdown]
# *What to see.* Points are models, ellipses where other draws put them. In the paper LS with 2,202 different texts wobbles (MSE 8.22) about as much as a uniform resample with 6,320 (7.42), and half as much as a
# uniform one with 2,209 (17.48). Before you compare ours, look at the floor in the table: coordinates nudged by one part in a thousand, with *all* texts. Where that alone moves the map as much as another draw does, t-SNE maps cannot tell, and the ledger says so. With a few dozen
# models and a perplexity of 30 the layout has several nearly equal solutions, and what the ellipses show is mostly the optimiser choosing among them. Other seeds of t-SNE would have hidden this,
# since scikit-learn's PCA start leaves little to chance. The linear map has no such freedom: the last column of the table has the order there.
#
# ## 8. New models on an old map
#
# The point of it all: a model that comes later scores only the chosen texts. As in the paper, models are ordered by date (here: by when they were made), the last 12 % are new, and everything that is fixed
# beforehand (clip threshold, probabilities, the draw) comes from the old ones alone.

# %%
by = [*[c for c in ("order", "created_at", "created") if c in raw.models][:1], "model"]
age = raw.models.sort_values(by).index.to_numpy()
n_new = max(1, round(new_share * M))
is_new = np.zeros(M, dtype=bool)
is_new[age[-n_new:]] = True
n_draws = 2900 if is_published else n_ls
choice = paper.adding.choose(raw.values[~is_new], n_draws, clip_share=clip_share, seed=42)
chosen = choice.drawn.texts
points = choice.place(raw.values[:, chosen])  # (M, d), new and old alike
by_all = models.maps.double_centre(np.maximum(raw.values, choice.threshold))
true_g, estimated_g = map(models.maps.resample.squared_distances, (by_all, points))
nearest = [g[np.ix_(is_new, ~is_new)].argmin(axis=1) for g in (true_g, estimated_g)]
same_nearest = (nearest[0] == nearest[1]).mean()
off = {
    "new to old": paper.adding.pair_errors(points, true_g, is_new, ~is_new),
    "new to new": paper.adding.pair_errors(points, true_g, is_new, is_new),
    "old to old": paper.adding.pair_errors(points, true_g, ~is_new, ~is_new),
}
notebook.table(
    pd.DataFrame(
        [
            {
                "pairs": name,
                "number": len(e),
                "root mean square relative error": np.sqrt(np.mean(e**2)),
                "mean relative error": e.mean(),
            }
            for name, e in off.items()
            if len(e)
        ]
    ),
    "added_models",
    caption=f"{n_new} new models placed by {len(chosen):,} different texts that {M - n_new} old ones chose. The nearest old model is the same one for {same_nearest:.0%} of them.",
)
is_same = nearest[0] == nearest[1]
kin = lineage[is_new]
if len(set(kin)) > 2:
    value, interval = statistics.group_bootstrap(lambda rows: is_same[rows].mean(), kin, seed=seed)
    note = f"{n_new} new models of {len(set(kin))} lineages"
    notebook.claims.record("fig3_added_neighbour", value, interval, note=note)
else:
    notebook.claims.record(
        "fig3_added_neighbour",
        np.nan,
        note="new models of one or two lineages: nothing to draw from",
    )
record_published("fig3_d_added", len(chosen))
maps = {"all": models.maps.tsne(by_all, 42, perplexity=perplexity)}
maps["few"] = paper.spread.procrustes(
    models.maps.tsne(points, 42, perplexity=perplexity), maps["all"]
)
figure = paper.figures.added(
    {f"all {N:,} texts": maps["all"], f"LS, {len(chosen):,} texts": maps["few"]}, is_new, per_model
)
paper.figures.legend_of(figure, colours)
notebook.figure(
    figure,
    "fig3_added",
    data=pd.DataFrame(
        {"model": names, "family": family, "new": is_new}
        | {f"{axis}, {k}": v[:, i] for k, v in maps.items() for i, axis in enumerate("xy")}
    ),
    caption="Figure 3(b): old models (dots) and new ones (stars), by all texts and by those that the old models chose; the right map is turned onto the left one.",
)
sorted(names[is_new])

# %% [markdown]
# *What to see.* Whether stars land where all texts would have put them, and how much larger the errors of new models are than those of old ones. Small errors would be no wonder: the latest models are
# fine-tunes and merges whose kin helped to choose the texts.
#
# ## 9. A family that nobody has seen
#
# The latest models are mostly relatives of older ones. A harder test is to hide a whole family (one architecture and size, or all that learnt mostly from one domain), choose texts by the others, then add it. Four ways, all with the same
# number of different texts: uniform; LS by the others (*blind*); the same with some uniform mass (*mixed*); LS with the family among the models (*informed*). The error is that of the distances between the family and the others, by the closed form.

# %%
groups_to_hide = {name: family == name for name in dict.fromkeys(family)}
if is_home:  # and all that learnt mostly from one domain
    learnt = raw.models.mixture.astype(str).str.removeprefix("only ").to_numpy()
    kinds = [name for name in dict.fromkeys(learnt) if " + " not in name]  # merges have two
    groups_to_hide |= {f"trained on {name}": learnt == name for name in kinds}
choices = {
    "uniform": figures.style.BLUE,
    "blind": figures.style.RED,
    "mixed": figures.style.ORANGE,
    "informed": figures.style.BLACK,
}


def errors_by_family(hidden_of, least_known=3):
    rows = []
    for name, group in groups_to_hide.items():
        hidden = hidden_of(group)
        if not hidden.any() or (~hidden).sum() < least_known:
            continue
        error_of = paper.adding.hidden_errors(
            raw.values, hidden, d_ls, uniform_share=uniform_share, clip_share=clip_share
        )
        rows.append({"family": name, "known models": (~hidden).sum(), **error_of})
    table = pd.DataFrame(rows)
    table["blind over uniform"] = table.blind / table.uniform
    return table.sort_values("blind over uniform").reset_index(drop=True)


by_family = errors_by_family(lambda group: group, least_known=max(3, M // 2))
notebook.table(
    by_family,
    "hidden_family",
    caption=f"Relative error of the distances between a hidden family and all others, with {d_ls:.0f} different texts on average; mixed: {uniform_share:.0%} uniform mass.",
)
notebook.figure(
    paper.figures.dots_by_group(
        by_family, "family", choices, "relative error of distances, hidden family to the others"
    ),
    "hidden_family",
    data=by_family,
    caption="Each family hidden in turn while texts are chosen, then added. Where red lies right of blue, importances of the others mislead: "
    f"red over blue is {by_family['blind over uniform'].median():.2f} in the median.",
)

# %% [markdown]
# And the other way round: **only one family is known** when texts are chosen, and all the rest of the world is added later.

# %%
known_alone = errors_by_family(lambda group: ~group)
notebook.table(
    known_alone,
    "one_family_known",
    caption="Relative error of the distances between the one family that chose the texts and all others.",
)
notebook.figure(
    paper.figures.dots_by_group(
        known_alone,
        "family",
        choices,
        "relative error of distances, the known family to the others",
    ),
    "one_family_known",
    data=known_alone,
    caption=f"Texts chosen by one family alone, then all other models added; {d_ls:.0f} different texts on average each way; "
    f"red over blue is {known_alone['blind over uniform'].max():.2f} at worst.",
)


# %%
def hide(which=next(iter(groups_to_hide)), only_this_is_known=False, uniform_mass=uniform_share):
    hidden = ~groups_to_hide[which] if only_this_is_known else groups_to_hide[which]
    known = models.maps.double_centre(np.maximum(raw.values[~hidden], clipped.threshold))
    blind = models.maps.resample.importance(known, "LS", uniform_share=uniform_mass)
    table = pd.DataFrame({"domain": domain, "known": N * blind, "all": N * pis["LS"]})
    table = table.groupby("domain").mean()
    error_of = paper.adding.hidden_errors(
        raw.values, hidden, d_ls, uniform_share=uniform_mass, clip_share=clip_share
    )
    figure, (left, right) = figures.style.panels(2, height=2.4)
    place = np.arange(len(table))
    left.barh(place - 0.2, table["known"], 0.4, color=figures.style.RED, label="by the known")
    left.barh(place + 0.2, table["all"], 0.4, color=figures.style.BLACK, label="by all models")
    left.set_yticks(place, table.index)
    title = f"known: {which}" if only_this_is_known else f"hidden: {which}"
    left.set(xlabel="mean importance, times N", title=title)
    left.legend()
    right.barh(list(error_of), list(error_of.values()), color=[choices[k] for k in error_of])
    right.set(xlabel="relative error, known to hidden")
    return figure


notebook.explore(
    hide,
    stills=[
        {"which": by_family.family.iloc[-1]},
        {"which": known_alone.family.iloc[-1], "only_this_is_known": True},
    ],
    which=list(groups_to_hide),
    only_this_is_known=False,
    uniform_mass=(0.0, 0.9, 0.05),
)

# %% [markdown]
# *What to see.* Hiding one family of a varied population costs something (red against black), but blind LS stays ahead of uniform draws. With one family to choose the texts it is different: the fewer and the more alike
# the known models are, the worse they speak for the rest, down to errors well beyond those of uniform draws, and a tenth of uniform mass takes most of that back. So: choose texts with a *varied* population, mix in
# uniform mass, and never judge importances by the models that they came from.
#
# ## 10. Predicting scores from few texts
#
# Coordinates also predict what models can do (notebook 06): ridge regression from $Q$ to a score, with whole families held out. The same from $\tilde Q$ of a draw, its columns centred over models, for a growing number of texts.
# Targets: the mean over the home-made tasks of notebook 06, and the mean log-likelihood.

# %%
benchmarks = ["ARC", "HellaSwag", "MMLU", "TruthfulQA", "Winogrande", "GSM8K"]
if is_home:
    task_texts = text.chunks.load(
        "installed", size=256, part="task", per_domain=max(2, per_domain // 10), seed=seed
    )
    scores = models.zoo.tasks.scores(zoo.models, task_texts, n_items=n_items, seed=seed)
    task_mean = scores["task mean"].to_numpy()
elif set(benchmarks) <= set(raw.models):
    scores = raw.models[benchmarks].apply(pd.to_numeric, errors="coerce")
    task_mean = scores.mean(axis=1, skipna=False).to_numpy()
else:
    task_mean = None
targets = {"mean log-likelihood": L.mean(axis=1)}
if task_mean is not None:
    targets = {"task mean": task_mean} | targets
groups = lineage if len(set(lineage)) >= 5 else None


def predict(features, name):
    penalties = {"task mean": models.maps.prediction.TASK_PENALTIES}.get(
        name, models.maps.prediction.MEAN_PENALTIES
    )
    known = np.isfinite(targets[name])
    return models.maps.ridge(
        features[known] - features[known].mean(axis=0),
        targets[name][known, None],
        groups=None if groups is None else groups[known],
        penalties=penalties,
        seeds=range(n_seeds),
        limits=(0, 100) if name == "task mean" else None,
    )


fits = {(name, "all", N): predict(Q, name) for name in targets}
rows = []
for n in [n for n in (10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if n < N] + [N]:
    for method, pi in pis.items():
        drawn = models.maps.resample.draw(pi, n, seed=42, generator="published")
        features = models.maps.resample.coordinates(L[:, drawn.texts], drawn.weights)
        for name in targets:
            fits[name, method, n] = predict(features, name)
            r = fits[name, method, n].r
            rows.append((name, method, n, len(drawn), r.mean(), r.std()))
by_d = pd.DataFrame(rows, columns=["target", "method", "n", "d", "r", "sd"])
notebook.table(by_d, "prediction", caption="Pearson's r, mean and standard deviation over splits.")
notebook.figure(
    paper.figures.prediction(by_d, {name: fits[name, "all", N].r.mean() for name in targets}),
    "fig4_prediction",
    data=by_d,
    caption="Figure 4: out-of-fold correlation of predicted and true values against the number of different texts; one draw per size, bands over splits into folds; the line is all texts.",
)

# %%
if task_mean is None:
    for claim in ("fig4_end", "fig4_grows", "fig4_end_published"):
        notebook.claims.record(claim, np.nan, note="these models have no task scores")
else:
    known = np.isfinite(task_mean)
    truth, kin = task_mean[known, None], lineage[known]

    def r_of(method, n, rows=slice(None)):
        """Mean over the splits of Pearson's r over some models."""
        predicted = fits["task mean", method, n].predicted[:, rows, 0].T
        return models.maps.prediction.correlations(predicted, truth[rows] + 0 * predicted).mean()

    for claim, compared in (
        ("fig4_end", lambda rows: r_of("LS", N, rows) / r_of("all", N, rows)),
        ("fig4_grows", lambda rows: np.mean([r_of(m, N, rows) - r_of(m, 10, rows) for m in pis])),
    ):
        note = f"one draw a size; interval over {len(set(kin))} lineages"
        notebook.claims.record(
            claim, *statistics.group_bootstrap(compared, kin, n=300, seed=seed), note=note
        )
    record_published("fig4_end_published", r_of("LS", N))

# %% [markdown]
# *What to see.* From how many texts on the prediction is as good as from all, and whether LS is ahead of uniform draws when there are few. It need not be: the
# few most important texts may all ask the same question (who has learnt names?), and tasks ask others. The curves hang on one draw per size, as in the paper, and on a few dozen models of fewer lineages: the intervals of the ledger are over these.
#
# ## 11. What does it cost?
#
# Cost is models times *different* texts times bytes. The texts are chosen once, by models that have scored all $N$; the saving is on those that come later.

# %%
mean_bytes = float(np.mean(n_bytes))
scenarios = {
    "100 more models of this size": (100, N, d_ls, mean_bytes, bytes_per_second),
    "the paper's 120 new models": (120, 10_000, 2_192, 972.3, bytes_per_second),
    "1,000 more of them": (1_000, 10_000, 2_192, 972.3, bytes_per_second),
}
costs = {name: paper.adding.scoring_cost(*scenario) for name, scenario in scenarios.items()}
notebook.table(
    pd.DataFrame(
        {
            "case": list(costs),
            "minutes, all texts": [cost.minutes_all for cost in costs.values()],
            "minutes, chosen texts": [cost.minutes_drawn for cost in costs.values()],
            "share, %": [100 * cost.share for cost in costs.values()],
        }
    ),
    "cost",
    caption=f"Processor minutes at {bytes_per_second:,} bytes per second and model; put your own machine's rate in.",
)


def calculator(models=100, distinct=int(d_ls), bytes_per_text=int(mean_bytes), kB_per_second=7):
    cost = paper.adding.scoring_cost(models, N, distinct, bytes_per_text, 1000 * kB_per_second)
    return (
        f"all {N:,} texts: {cost.minutes_all:,.1f} processor minutes\n"
        f"{distinct:,} chosen texts: {cost.minutes_drawn:,.1f}\n"
        f"saved: {cost.saved:,.1f} minutes, {1 - cost.share:.0%}"
    )


notebook.explore(
    calculator,
    models=(1, 2000),
    distinct=(1, N),
    bytes_per_text=(64, 4096),
    kB_per_second=(1, 1000),
)

# %% [markdown]
# ## 12. What held, and what did not
#
# - **The mathematics holds to the digit**: unbiased distances, the numbers of different texts, the optimum, the level at which methods are compared. Whatever the data, these come out; so they are tests of this package and no lines of the ledger. The closed forms foresee the counts of draws: compare the two columns of the table of constants.
# - **The saving** at equal error, in different texts, is the first thing to look up in the ledger. How much is decided by
#   how unequal the variances are, and that is decided by the texts: the table of importances says which domains hold the mass. Importances are judged by the models that they came from, so that even vectors of pure noise show a saving of some per cent; less than a tenth is none.
# - **LS or KL** on the relative error: neither is made for it; the importance that is (ours, in the table of constants) needs fewer draws than both.
# - **The wobble of t-SNE maps** can be judged only where nudged coordinates move the map far less than another draw does; that of linear maps always can.
# - **Old importances carry over to new families**, unless the old models are few and alike: then they can be worse than no importances at all. A tenth of uniform mass costs little and takes most of the risk away.
# - **Judge and party.** Importances and errors above come from the same models, as in the paper's main experiment; only sections 8 and 9 part them. And all errors here are about the $N$ texts that we chose: another mixture of domains is another map.
#
# The ledger lists what the paper says beside what this run gave. Numbers of draws and texts belong to the published matrix and are asked of it alone.

# %%
notebook.claims.table()

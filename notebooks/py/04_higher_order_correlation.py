# %% [markdown]
# # What the axes still share: a tree of meanings
#
# **The question.** Independent component analysis (ICA) makes the axes of word vectors uncorrelated. Are they
# independent? And if not, does what is left over mean something?
#
# **The idea in two sentences.** Two uncorrelated axes may still be large for the same words, and then the mean of
# $S_i^2S_j^2$ exceeds the 1 that independence gives. The pairs of axes with the largest such *higher-order correlation* are
# related in meaning, and a spanning tree over them draws a map.
#
# The paper: Momose Oyama, Hiroaki Yamagiwa and Hidetoshi Shimodaira, *Understanding Higher-Order Correlations Among
# Semantic Components in Embeddings*, EMNLP 2024, pages 2883–2899
# ([doi 10.18653/v1/2024.emnlp-main.169](https://doi.org/10.18653/v1/2024.emnlp-main.169)).

# %% tags=["advanced"]
list_count: int = 15  # 1..10000, rarer words are not named on an axis
n_clusters: int = 8  # 1..12, colours of the tree
n_bootstrap: int = 100  # 10..10000, for standard errors
similarity_sets: list[str] = ["wordsim353", "simlex999"]  # or paths of such tables

# %% tags=["parameters"]
vectors_file: str | None = (
    None  # a file, or a name of `lmnotes data`; None trains on the text below
)
corpus_name: str = "installed"  # installed | text8 | a path
domains: list[str] = ["encyclopedia", "news"]  # of the installed text; more: docs, manual
n_tokens: int | None = None  # 10000..1000000000, only the first so many; None for all
dim: int = 100  # 4..1000
epochs: int = 20  # 1..500
min_count: int = 5  # 1..1000, rarer words are left out
judge_domains: list[str] = ["docs", "manual"]  # a second judge's text, of the installed one
n_nodes: int = 50  # 3..1000, axes in the tree, by their consistency
seeds: list[int] = [1, 2, 3]  # further runs of ICA, for the stability of the tree
n_seeds: int = 3  # 1..100, trainings behind the intervals; fewer than 3 settle nothing
seed: int = 0  # 0..1000000, of the first

# %%
import numpy as np
import pandas as pd

from lmnotes import figures, notebook, statistics, text, words
from lmnotes.papers import higher_order_correlation as paper

notebook.begin("04_higher_order_correlation", globals())
corpus_name = text.frozen.use(corpus_name)  # a frozen file is the installed text
notebook.hero()

# %% [markdown]
# **After this notebook you can**
#
# - tell uncorrelated from independent, and measure the difference;
# - say what an entry owes to varying word length, to a handful of words, to one run of ICA, and to the two meanings;
# - grow a tree of axes, and say which of its edges would come back in another run;
# - judge whether related axes are related, without asking a language model.
#
# **Settings.** The default reads the vectors that notebooks 01 and 03 trained, one for each seed (`n_seeds`), and their axes. The paper's own are text8 in 300
# dimensions, all words: `lmnotes run 04 --profile paper`, which takes hours for each seed.
#
# ## 1. Axes with names
#
# White components $S=ZR$, signs by skewness, most skewed first and counted from 1; beside ICA, as everywhere here, the white principal components and a random rotation.
# An axis is called by its top words, the largest in rows of length 1 among words that are not rare; the correlations below use the
# rows as they are.

# %%
installed = {"domains": domains} if corpus_name == "installed" else {}
corpus = text.corpus.load(corpus_name, **installed)
corpus = corpus if n_tokens is None else corpus.head(n_tokens)
notebook.note_input("corpus", corpus.content_id)
how = {"dim": dim, "window": 10, "negatives": 5, "epochs": epochs, "rule": "pairwise"}
loaded = words.embedding.load(vectors_file) if vectors_file else None
vectors = loaded or words.sgns.train(corpus, **how, seed=seed)
naming = {"min_count": min_count, "list_count": list_count}
axes = paper.axes.named_axes(vectors, **naming, seed=seed)
blocks = axes.blocks(min(100, axes.ica.n_axes))
notebook.figure(
    paper.figures.heat(blocks),
    "fig1_heatmap",
    data=pd.concat(blocks, names=["basis"]).round(4).reset_index(),
    caption=f"Figure 1, top: rows of length 1, words as they come on the axes. A white diagonal block would be an axis without words of its own. {axes.ica.summary()}",
)
first = axes.blocks(5)
matrices = {basis: block.to_numpy() for basis, block in first.items()}
rows = {basis: list(block.index) for basis, block in first.items()}
notebook.figure(
    figures.bases.heatmaps(matrices, rows, range(1, 6), height=2.9),
    "fig1_first_axes",
    data=pd.concat(first, names=["basis"]).reset_index(),
    caption="Figure 1, bottom: the first five axes and their words.",
)

# %% [markdown]
# ## 2. Uncorrelated is not independent
#
# For white components $\mathrm E(S_iS_j)=0$ exactly. If two of them are independent, then also
# $$\mathrm E(S_i^2S_j^2)=1,$$
# the product of their variances. The converse
# fails in an instructive way. Below, two sources are drawn independently, then both are multiplied by a common *volume*: still uncorrelated, no longer independent.
# Move the volume: which of the two numbers in the title stays, and which one moves? Shuffling one of the columns (`break_it`) makes them independent again.

# %%
paper.live.shared_volume()
energy = paper.exercises.energy()

# %% tags=["answer"]
energy.check(...)  # a function of S (V, K) that returns (K, K)

# %% [markdown]
# ## 3. The matrix, and what it would be without meaning
#
# The correlations of the axes are the identity. Beside it the higher-order correlations $c_{ij}$ of ICA's axes, of a random rotation of the very same
# rows, and of ICA's axes with each column shuffled, which are independent by force. The red line is the level that varying word
# length alone gives: for directions without preference every pair has
# $$c_{ij}=\frac{\mathrm E\|S\|^4}{K(K+2)}.$$

# %%
c = axes.c | {"shuffled columns": paper.correlations.shuffled_null(axes.ica.values, seed=seed)}
second_order = axes.ica.values.T @ axes.ica.values / len(axes.ica)
level = paper.correlations.background(axes.ica.values)
i, j = np.triu_indices(axes.ica.n_axes, 1)
pairs = pd.DataFrame({name: matrix[i, j] for name, matrix in c.items()})
notebook.figure(
    paper.figures.matrices(second_order, c, pairs, level),
    "fig3_matrices",
    data=pairs.assign(i=i + 1, j=j + 1, **{"second order": second_order[i, j]}),
    caption=f"Figure 3: second order, and higher orders with the spread of their {len(pairs):,} pairs. Red: the spherical level, {level:.3f}. Independent axes have 1.",
)
levels = pairs.quantile([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 1])
levels = levels.rename_axis("quantile").reset_index()
unit_rows = np.median(paper.correlations.of_unit_rows(axes.ica.values)[i, j])
notebook.table(
    levels.merge(notebook.card.table("04", "levels"), how="left"),
    "levels",
    caption=f"Quantiles of all pairs. Spherical level {level:.3f}; median of ICA once all words have length 1, {unit_rows:.3f}. The column text8 was read off the paper's figure (300 axes).",
)
notebook.says("beyond")

# %%
spherical_level = paper.exercises.spherical_level()
notebook.teach.quiz("above_one")

# %% tags=["answer"]
spherical_level.check(...)  # a number

# %% [markdown]
# *What to see.* The random rotation is as free of meaning as an axis can be. Does its matrix lie around 1, or around the spherical level, since word lengths vary and a long word is large on every axis? Is spread about that level ICA's own? Compare it with PCA, whose axes have no names, at the 99 % quantile of the table, and then in the last two rows, a few pairs of a thousand. Shuffling takes the lengths away too.
#
# ## 4. What carries a pair
#
# Every entry gets its standard error, from words drawn again, and its excess over the level of its two rows.
# A large entry may still rest on a handful of words: leave them out, one after the other, and watch.

# %%
error = paper.correlations.standard_error(axes.ica.values, n_bootstrap=n_bootstrap, seed=seed)
strong = paper.correlations.pairs(axes.c["ICA"], error, axes.labels)
first = strong.head(20)
carried = paper.correlations.carried(axes.ica.values, axes.ica.words, first)
notebook.table(
    first.join(carried).drop(columns=["i", "j", "excess"]),
    "strongest_pairs",
    caption="The twenty strongest pairs: c with its standard error, the level of its rows, excess over it in standard errors (z), the words that "
    "carry it, how much ten words carry, and the share of words large and positive on both.",
)
notebook.table(
    paper.correlations.named_pairs(axes.ica, axes.c["ICA"]).drop(columns="id"),
    "named_pairs",
    caption="The pairs that the paper shows (Figures 2, 4 and 10), each axis found here by its words: the published value for text8, ours, and ours less the level of its rows; empty where both are one axis here.",
)

# %%
paper.live.carried_by(axes, strong)
share_of_top = paper.exercises.share_of_top()

# %% tags=["answer"]
share_of_top.check(...)  # a function of S, i, j, m that returns a number

# %%
break_claim = paper.exercises.break_claim(axes)

# %% tags=["answer"]
break_claim.check(...)  # a number of words

# %% [markdown]
# ## 5. What comes back
#
# ICA starts anywhere, and weak axes end elsewhere in another run. An axis is a good node of the tree below if its top words belong together: the consistency score compares their distance to an intruder with that among
# themselves, in the vectors as trained. The best are kept. Their maximum spanning tree keeps, of all
# pairs, the strongest that connect everything without a circle. Then ICA is run again from other seeds, its axes are matched to these, and a tree is grown of them: which edges come back?

# %%
raw = vectors.input[[vectors.ids[word] for word in axes.ica.words]]  # (V, D)
drawn = {"n_draws": 100, "listed": axes.listed, "seed": seed}
consistency = words.ica.intruder.score(axes.ica.normalised, raw, **drawn)
nodes = np.sort(np.argsort(-np.nan_to_num(consistency, nan=-1))[:n_nodes])
n_nodes = len(nodes)
tree = paper.tree.grow(axes.c["ICA"], nodes)
least = 1 if vectors.counts is None else min_count
again = {f"seed {n}": words.ica.fit_embedding(vectors, min_count=least, seed=n) for n in seeds}
runs = [paper.tree.rerun(other.values, axes.ica.values, nodes) for other in again.values()]
edges = paper.tree.edges(tree, axes.labels, error, runs)
edges = edges.merge(strong[["i", "j", "level", "z"]])
chance, firm = paper.tree.chance(tree, axes.c["ICA"], seed=seed), paper.tree.firm(edges)
back = paper.tree.returned(tree, runs, chance)
notebook.figure(
    paper.figures.edges(edges, level, chance),
    "edges",
    data=edges,
    caption=f"Left: every edge with its error. Right: how often edges come back in {len(runs)} further runs of ICA, by strength; dashed, what relabelled axes would give. Of the stronger half {edges.returns[: len(edges) // 2].mean():.0%} come back, of the weaker {edges.returns[len(edges) // 2 :].mean():.0%}; the strongest edge comes back in {edges.returns[0]:.0%} of the runs."
    + words.ica.compare.unsettled(again),
)
verdict = notebook.claims.record("edges_return", *back, n_seeds=len(runs))
notebook.says("returned")

# %%
notebook.table(
    edges.drop(columns=["i", "j"]),
    "tree_edges",
    caption=f"Edges of the tree with standard errors, and the share of {len(runs)} further runs of ICA in whose trees they come back: {len(firm)} of {len(edges)} in all of them.",
)
chance_edge = paper.exercises.chance_edge()

# %% tags=["answer"]
chance_edge.check(...)  # a share

# %% [markdown]
# *What to see.* Are the strongest edges those that come back? Look for the blue points on the left, and for a slope on the right; the caption counts. An edge that is strong by its standard error
# is sure of its words; whether it is sure of its axes only another run can tell.
#
# ## 6. Pairs to look at
#
# First a pair of axes that hardly know of each other, then pairs that share words: rows of length 1, top words of each axis blue, the six words with the largest $S_i^2S_j^2$ red. To be shown here a
# pair has to be an edge that comes back in every run; of these, the ones that stay high when their uncertainty is taken off, $c-2\,\mathrm{s.e.}$

# %%
strong = strong.merge(edges[["i", "j", "returns"]], how="left").fillna({"returns": 0})
strong["low"] = strong.c - 2 * strong["standard error"]
sure = strong.sort_values(["returns", "low"], ascending=False)[["i", "j"]].to_numpy()
ours = [("ICA", *map(int, pair)) for pair in sure[:5]]
loud = strong[strong[["i", "j"]].max(axis=1) < axes.ica.n_axes // 2]
lone = loud.loc[loud.excess.abs().idxmin(), ["i", "j"]]
strongest_random = paper.correlations.pairs(axes.c["random rotation"]).loc[0, ["i", "j"]]
unrelated = [(basis, *map(int, lone)) for basis in axes.spaces]
related = [*ours[:2], ("random rotation", *map(int, strongest_random))]
captions = {
    "fig2_unrelated": "Figure 2: an unrelated pair of ICA's axes: two spikes and an empty diagonal. The axes of the same numbers in the other bases are round clouds.",
    "fig4_related": "Figure 4: two related pairs, and the strongest pair of a random rotation. Red: the six words that carry most of the pair; those between ICA's spikes have both meanings. Squares ignore signs, so a red word may be negative on an axis.",
    "fig10_more_pairs": "Figure 10: three more related pairs, drawn as in Figure 4.",
}
for (name, caption), shown in zip(captions.items(), (unrelated, related, ours[2:]), strict=True):
    figure, table = paper.figures.pairs(axes, shown, n_red=0 if shown is unrelated else 6)
    notebook.figure(figure, name, data=table, caption=caption)

# %% [markdown]
# ## 7. The tree
#
# Thick lines are edges that come back in every run, with $c_{ij}$ and its standard error; their axes are in bold. Thin lines connect the rest; some run of ICA has drawn them elsewhere.

# %%
of_node = paper.tree.clusters(tree, min(n_clusters, n_nodes), seed=1)
places, font = paper.tree.layout(tree), 6.5 if n_nodes <= 60 else 4.5
size = (figures.style.PAGE, 7 if n_nodes <= 60 else 8.6)
look, at = {"firm": firm, "errors": error}, {"size": size, "font": font}
spots = paper.figures.spread(places, axes.labels, **at)
notebook.figure(
    paper.figures.tree(tree, axes.labels, of_node, spots, **at, **look),
    "fig12_tree",
    data=edges.assign(cluster=edges.i.map(of_node), second_cluster=edges.j.map(of_node)),
    caption=f"Figure 12: the maximum spanning tree of the {n_nodes} most consistent axes, coloured by {min(n_clusters, n_nodes)} clusters. An axis is called by its number and two top words. Thick: the {len(firm)} of {len(edges)} edges that come back in each of {len(runs)} further runs of ICA, with $c_{{ij}}$ ± its standard error over words drawn again.",
)
close = {node for node in tree if of_node[node] in paper.tree.firmest_clusters(edges, of_node)}
longer = [axes.label(axis, 3) for axis in range(axes.ica.n_axes)]
near, at = {node: places[node] for node in close}, {"size": (figures.style.PAGE, 5), "font": 7}
spots = paper.figures.spread(near, longer, **at)
notebook.figure(
    paper.figures.tree(tree, longer, of_node, spots, **at, **look),
    "fig5_close_up",
    data=edges[edges.i.isin(close) & edges.j.isin(close)],
    caption="Figure 5: the two neighbouring clusters in which most edges come back, three words to an axis; lines and numbers as in Figure 12.",
)
paper.live.tree_builder(axes, consistency, n_nodes=n_nodes, n_clusters=n_clusters)

# %% [markdown]
# *What to see.* Does the neighbourhood make sense? The absence of an edge says little: the tree keeps only
# $n-1$ of $n(n-1)/2$ links; look at the matrix beside it.
#
# ## 8. Are they really related? A judge
#
# The paper asked a language model: here are two pairs of axes, one with the $k$-th largest $c_{ij}$ (TOP), one drawn from the lowest 30 % (BOTTOM); which is more related? Our judge is another space: two
# axes are as related as their top words are near each other on average, **in vectors that the axes were not found in**. A word that belongs to both axes is left out.
#
# - *same text*: positive PMI and an SVD, another algorithm on the same text. It shares the documents, and so their topics.
# - *other text*: the same on docstrings, where it can be had; many words are unknown there, and it is often undecided: of it, the share among what it decided is drawn.
#
# The null relabels the judge's axes. PCA and a random rotation get the same questions.

# %%
embeddings = {"same text": words.baselines.ppmi_svd(corpus, dim=dim, seed=seed)}
if judge_domains and corpus_name == "installed":
    other_text = text.corpus.load("installed", domains=judge_domains)
    notebook.note_input("judge's corpus", other_text.content_id)
    embeddings["other text"] = words.baselines.ppmi_svd(other_text, dim=dim, seed=seed)
judges = {n: paper.relatedness.rows_of(e, axes.ica.words) for n, e in embeddings.items()}
known = [f"{name}: {np.isfinite(space[:, 0]).mean():.0%}" for name, space in judges.items()]
won = paper.relatedness.judge_axes(axes, judges, seed=seed)
table2 = pd.concat(won, names=["judge", "basis"]).reset_index(["judge", "basis"])
notebook.figure(
    paper.figures.judged(table2),
    "table2_judge",
    data=table2,
    caption=f"Table 2 with another judge: share of questions in which the k-th strongest partner is preferred to a weak one, with 95 % intervals (axes drawn again). Undecided questions are won by neither side. Crosses: the paper's language model. Words that a judge knows: {', '.join(known)}.",
)
columns = ["judge", "basis", "rank", "top", "bottom", "undecided", "low", "high", "null"]
columns += ["decided", "decided null", "p"]
caption = "null: mean share of 500 relabellings of the axes; decided: the share among decided questions, with its null and one-sided p."
notebook.table(table2[columns], "table2_judge", caption=caption)
notebook.says("judged")

# %% [markdown]
# *What to see.* Compare each curve with its null and with the random rotation, not with a half alone. Whether a random axis, too, prefers
# its strong partners, its shares and its p in the table say. The paper's PCA axes got 33.5 %
# against 43.5 % from its language model, no signal; a numerical judge may be more generous. A judge from another text is the stricter test, where it knows
# the words: ICA's top words belong to topics, and a text without these topics has little to say about them.
#
# ## 9. Fewer axes by merging neighbours
#
# Cut the tree of all axes into $d$ clusters and average the axes of each: $d$ new coordinates. How well do their cosines still agree with people's judgements? Compared are the same recipe on PCA's axes, and clusters drawn at random. (In the
# paper's setting this is known to us second-hand only.) From here on the vectors are trained again with other seeds, and their axes found anew.
# Look at the right for bars that stay clear of zero; the caption counts them.

# %%
more = range(seed + 1, seed + n_seeds)
trained = [loaded or words.sgns.train(corpus, **how, seed=n) for n in more]
others = [paper.axes.named_axes(v, **naming, seed=n) for n, v in zip(more, trained, strict=True)]
by_seed = dict(enumerate([axes, *others], start=seed))
pair_sets = paper.merging.judged_pairs(axes.ica.words, similarity_sets)
merged = {n: paper.merging.table5(a, pair_sets, seed=n) for n, a in by_seed.items()}
leads = statistics.table_over_seeds([leads for _, leads in merged.values()], ["lead"])
leads = leads[leads.n_clusters < axes.ica.n_axes]  # of all axes nothing is merged
clear = int(((leads.lead_low > 0) | (leads.lead_high < 0)).sum())
sizes = [f"{name} ({len(pairs_of)} pairs)" for name, pairs_of in pair_sets.items()]
notebook.figure(
    paper.figures.reduction(merged[seed][0], leads, paper.merging.said_in_words(leads)),
    "table5_reduction",
    data=merged[seed][0].merge(notebook.card.table("04", "table5"), how="left"),
    caption=f"Table 5: similarity judgements after merging axes, mean of {', '.join(sizes)}. Left: seed {seed}; the band is the range of ten random partitions of ICA's axes. Right: ICA less each rival in {n_seeds} trainings; the bars hold each one's 95 % interval over pairs of words; {clear} of {len(leads)} stay clear of zero. The data have the published values beside ours, of text8 and six sets.",
)

# %% [markdown]
# ## 10. Would another seed say the same?
#
# The same judges are asked of the axes of every training. The claims take all of them together; beside them stands what the
# paper says. A rule must hold at the whole interval, which holds what every seed says; where it holds at a part only, the claim is *consistent, not settled*. The interval of a p is the range of the seeds.

# %%
measured = [
    paper.correlations.said_of(a.spaces, a.c, n_bootstrap=n_bootstrap, seed=n)
    | paper.relatedness.said_of(paper.relatedness.judge_axes(a, judges, seed=n))
    | paper.merging.said_of(merged[n][1])
    for n, a in by_seed.items()
]
p_values = ["table2_p", "table2_other_text"]
seeds_say = notebook.claims.record_seeds(measured, first_seed=seed, p_values=p_values)
notebook.table(seeds_say, "seeds", caption="What each seed says of the claims.")
notebook.claims.table()

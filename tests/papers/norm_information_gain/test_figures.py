"""Figures say the numbers of their tables, share what they compare; axes of views stand still."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from axis_limits import limits

from lmnotes import statistics
from lmnotes.papers.norm_information_gain import figures, gains, lines, live, roc


def texts_of(ax):
    return [text.get_text() for text in ax.texts]


def test_a_strip_shows_each_line_with_its_number_on_shared_axes(small_gains, squared):
    norms = [squared[20]]
    raw = lines.fit(small_gains, small_gains.kl, norms, 0)
    fits = {"gain": raw[0], "twice": lines.fit(small_gains, 2 * small_gains.kl, norms, 0)[0]}
    left, right = figures.strip(fits, small_gains, "x", n_named=4).axes[:2]
    assert [ax.get_title(loc="left") for ax in (left, right)] == ["gain", "twice"]
    assert f"$R^2 = {raw[0].r2:.2f}$" in texts_of(left)
    assert left.get_xlim() == right.get_xlim() and left.get_ylim() == right.get_ylim()
    named = set(texts_of(left)) & set(small_gains.corpus.words)
    assert named and all(small_gains.ringed[small_gains.corpus.ids[word]] for word in named)
    apart = figures.strip(fits, small_gains, "x", sharey=False).axes
    assert apart[0].get_ylim() != apart[1].get_ylim()


def test_words_along_a_line_are_the_nearest_to_it():
    x = np.arange(12.0)
    y = x + np.tile([0.5, 0.0, -0.5], 4)
    words = ["ab", *["word"] * 11]
    chosen = figures.along(statistics.regress(y, x, n_bootstrap=1), words, 4)
    assert chosen == [1, 4, 7, 10]


def test_levels_and_what_is_left_share_the_axis_of_counts(small_gains):
    above, below = figures.levels(small_gains).axes
    assert above.get_xlim() == below.get_xlim()
    named = [text.get_text() for text in above.get_legend().get_texts()]
    assert named[1:] == list(small_gains.levels.columns[3:])


def test_the_bars_of_noise_add_up(small_gains):
    table = gains.noise(small_gains)
    (ax,) = figures.noise(table).axes
    widths = np.array([patch.get_width() for patch in ax.patches]).reshape(2, -1)
    assert np.allclose(widths.sum(axis=0), table.gain)
    assert any(text.endswith("% noise") for text in texts_of(ax))


def test_columns_of_trainings_share_their_axes(small_gains, squared):
    axes = figures.epochs(small_gains, squared).axes
    assert len({ax.get_xlim() for ax in axes[:3]}) == len({ax.get_ylim() for ax in axes[3:]}) == 1
    assert axes[0].get_title(loc="left").startswith("1 epoch,")
    assert axes[2].get_title(loc="left").startswith("20 epochs, $R^2")


def test_arrows_go_from_the_raw_area_to_the_corrected_one(small_gains, squared):
    labels = np.where(
        np.arange(80) % 3 == 0, "proper", np.where(np.arange(80) % 3 == 1, "verb", "adjective")
    )
    own = roc.scores(small_gains, squared[20], squared[20] - 5)
    areas = roc.auc_table(own, labels, small_gains.counts)
    axes = figures.names_apart(own, labels, areas).axes
    assert len(axes) == 12
    table = areas.set_index(["against", "score"]).auc
    assert [line.get_xdata()[0] for line in axes[8].lines[:2]] == [
        table["verb", "kl"],
        table["adjective", "kl"],
    ]
    assert f"{table['verb', 'delta_kl']:.2f}" in texts_of(axes[8])


def test_halves_are_joined_and_stand_beside_the_printed_means():
    names = ("hyper_more_frequent", "hypo_more_frequent")
    table = pd.DataFrame(
        {"method": ["KL", "delta KL"], names[0]: [96.0, 70.0], names[1]: [20.0, 60.0]}
    )
    for name in names:
        table[f"{name}_low"], table[f"{name}_high"] = table[name] - 1, table[name] + 1
    printed = pd.DataFrame({"method": ["KL", "KL"], names[0]: [90, 100], names[1]: [10, 30]})
    (ax,) = figures.halves(table, printed).axes
    assert [text.get_text() for text in ax.get_yticklabels()] == ["KL", r"$\Delta$ KL"]
    segments = ax.collections[0].get_segments()
    assert sorted(point[0] for point in segments[0]) == [20, 96]
    drawn = [line.get_xdata()[0] for line in ax.lines if len(line.get_xdata())]
    assert {95, 20} <= set(drawn)


def cloud(k):
    x = np.arange(50.0)
    table = pd.DataFrame({"x": x, "y": k * x, "count": 10**k + 0 * x})
    return table, statistics.regress(table.y, table.x, n_bootstrap=5)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_contexts_show_every_model_on_one_scale_the_first_one_large(n):
    drawn = {
        f"model {k}": {"distance": cloud(k), "whitened, form": cloud(k)} for k in range(1, n + 1)
    }
    axes = [ax for ax in figures.contexts(drawn).axes if ax.get_title(loc="left")]
    assert len(axes) == 2 * n and axes[0].get_title(loc="right") == "model 1"
    assert len({(ax.collections[0].norm.vmin, ax.collections[0].norm.vmax) for ax in axes}) == 1
    if n > 1:
        assert axes[2].texts[0].get_text() == "model 2"


def test_near_names_each_line_and_no_name_covers_another():
    rows = {"share": [1.0, 0.5], "median": [0.6, 0.9], "low": [0.5, 0.8], "high": [0.7, 1.0]}
    table = pd.concat([pd.DataFrame(rows).assign(model=name) for name in ("a", "b")])
    (ax,) = figures.near(table.reset_index(drop=True)).axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1/2", "1"]
    assert texts_of(ax) == ["a", "b"]
    assert ax.texts[1].xy[1] - ax.texts[0].xy[1] >= 0.055


def test_a_run_is_drawn_checkpoint_by_checkpoint():
    table = pd.DataFrame({"step": [0, 4, 800], "raw_r2": [0.1, 0.2, 0.3]})
    table = table.assign(whitened_r2=table.raw_r2[::-1].to_numpy(), kl=[0.0, 0.1, 2.0])
    left, right = figures.by_step(table).axes
    assert [tick.get_text() for tick in right.get_xticklabels()] == ["0", "4", "800"]
    assert [list(line.get_ydata()) for line in left.lines] == [[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]]


def test_the_axes_of_views_stand_still(headless, small_gains, squared):
    norms = SimpleNamespace(raw=squared[20], centred=squared[20] - 1, whitened=squared[7])
    moves = {
        "microscope": ((), {"reach": 1}, {"reach": 9}),
        "shuffle_button": ((), {"share": 40}, {"shuffle": True, "subtract": True}),
        "switches": (({"mean": norms}, 100), {"threshold": 50}, {"threshold": 150}),
        "scrubber": ((squared,), {"n_epochs": 1}, {"n_epochs": 20}),
    }
    for name, (given, first, second) in moves.items():
        view = getattr(live, name)(small_gains, *given)
        assert limits(view, **first) == limits(view, **second), name


def test_the_switches_of_a_text_without_rare_words(headless, small_gains, squared):
    norms = SimpleNamespace(raw=squared[20], centred=squared[20] - 1, whitened=squared[7])
    assert small_gains.counts[small_gains.drawn].min() > 2
    live.switches(small_gains, {"mean": norms}, fit_count=1).set(threshold=2)


def test_the_microscope_adds_up_to_the_gain(headless, small_gains):
    view = live.microscope(small_gains)
    word = small_gains.corpus.words[3]
    view.set(word=word, reach=5)
    gain = small_gains.kl[3]
    assert view.output.axes[0].get_title(loc="left") == f"{word}: KL = {gain:.2f} nats"


def test_no_model_no_view():
    assert live.one_model({}) is None

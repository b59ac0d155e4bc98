import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from map_cases import made

from lmnotes.papers.model_map import interpolation, kl, live, prediction_runs, task_scores


@pytest.fixture(scope="module")
def population():
    yield made()
    plt.close("all")


def test_one_text_shows_its_column_centred_and_not(population):
    words, figure = live.one_text(population, 1, n_shown=14)
    assert words == "code: 'x = f(a)\\n'"
    plain, centred = ([bar.get_width() for bar in ax.patches] for ax in figure.axes)
    order = np.argsort(population.L[:, 1])
    np.testing.assert_allclose(plain, population.L[order, 1])
    np.testing.assert_allclose(centred, population.Q[order, 1])


def test_columns_do_not_move_a_distance_and_rows_do(population):
    titles = {
        kind: live.centrings(population, kind, 2.0, "m0", "m13").axes[0].get_title()
        for kind in live.CENTRINGS
    }
    number = {kind: title.split(": ")[2].split(" ")[0] for kind, title in titles.items()}
    assert number["none"] == number["columns"] != number["rows"] == number["double"]
    assert number["rows"] == f"{population.distance[0, 13]:.3g}"


def test_two_models_differ_most_in_what_they_like(population):
    figure, table = live.two_models(population, "m0", "m2", n_shown=4)
    assert f"map distance {population.distance[0, 2]:.3g} nats" in figure.axes[0].get_title()
    assert len(table) == 4 and set(table.domain) <= {"news", "code"}


def test_a_copy_lands_on_its_model(population):
    title = live.place_row(population, population.raw.values[4] - 7).axes[0].get_title()
    assert title.startswith("nearest, nats: m4 (")


def test_views_of_trials_show_what_they_are_given(population):
    p, q = np.array([0.5, 0.5]), np.array([0.1, 0.9])
    table = kl.approach(p, q, (p + q) / 2, 8)
    assert table.exact.iloc[-1] == pytest.approx(kl.unigram_kl(p, q, 8))
    np.testing.assert_allclose(table.halfway[0], table.exact[0], rtol=0.05)  # close: they agree
    lines = live.variance_and_kl(table, "a title").axes[0].lines
    np.testing.assert_allclose(lines[0].get_ydata(), table.halfway)
    scores = pd.DataFrame({"task": np.linspace(20, 60, 14)}, index=population.models.model)
    scores["task mean"] = scores.task
    result = prediction_runs.compare_predictors(
        population, task_scores.Benchmark(scores, ["task"]), range(2)
    )
    view = live.ridge(result, population.Q[:, :2], "task", "coordinates Q", "grouped")
    held, _ = result.path("coordinates Q", "grouped", "task")
    np.testing.assert_allclose(view.axes[2].lines[1].get_ydata(), held)
    n_chosen = view.axes[2].collections[0].get_sizes().sum() / 3
    assert n_chosen == result.fitted["coordinates Q", "grouped"].penalties[:, :, 0].size


def test_the_pad_compares_with_the_nearest_model(population):
    points = interpolation.grid()
    corners = population.raw.values[:3, :12]
    raw = interpolation.predicted(corners, points) + 1.0  # all a nat likelier than on a line
    geometry = interpolation.Geometry(1e-3, 2e-3, 0.0, 90.0, 10)
    flat = interpolation.Plane(
        ["base", "one", "two"], points, raw, geometry, -1e9, population.domains[:12]
    )
    table = flat.changes(0.58, 0.4)
    assert table.attrs["nearest"] == [0.6, 0.4]
    at = int(np.flatnonzero((points == [0.6, 0.4]).all(axis=1))[0])
    news = population.domains[:12] == "news"
    expected = (raw[at] - raw[0])[news].mean()
    assert table.set_index("domain").actual["news"] == pytest.approx(expected)
    assert flat.agreement == pytest.approx((1.0, 1.0)) and len(flat.table) == 36
    quantities = flat.summary.set_index("quantity").value
    assert quantities["angle, degrees"] == quantities["angle of random steps, degrees"] == 90
    axes = live.interpolate(flat, 0.58, 0.4).axes
    assert axes[1].get_title() == "a = 0.58, b = 0.4" and len(axes[1].patches) == 2 * len(table)

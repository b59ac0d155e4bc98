"""A matrix of one's own, sealed, of which nothing is known but the names of its models."""

import numpy as np
import pandas as pd
import pytest

from lmnotes.errors import InputError
from lmnotes.figures import style
from lmnotes.models.ledger import released
from lmnotes.models.runner import listing
from lmnotes.papers.text_resampling import (
    equal_error,
    figures,
    live,
    moving,
    newcomers,
    scores,
    study,
    tables,
)


@pytest.fixture(scope="module")
def own(matrix, tmp_path_factory):
    """The study of the sealed file."""
    path = released.seal(matrix, tmp_path_factory.mktemp("sealed") / "mine.safetensors")
    return study.read(None, str(path))


def test_a_sealed_matrix_without_families_goes_all_the_way(own, headless):
    assert own.labels[0] == "model-0" and set(own.family) == {"all"}
    compared = equal_error.compare(own, n_sizes=6, n_runs=3)
    assert np.isfinite(compared.claims(n_samples=5)["fig2_share_of_fresh"][0])
    known = newcomers.know_each(own, compared.d_ls)
    assert set(known.family) == {"earlier half", "later half"}
    hidden = newcomers.hide_each(own, compared.d_ls)
    assert len(hidden) == 2
    late = newcomers.add_latest(own, compared.n_ls)
    assert late.is_new.sum() == 2 and late.claims()
    assert list(scores.predict(own, study.tasks(own), range(1)).by_all) == [scores.MEAN]
    live.hide_family(own, hidden, known, compared.d_ls, 0.1)
    for table in (tables.texts(own), tables.models(own), tables.important_texts(own)):
        assert len(table)


def test_maps_of_draws_have_their_settings_on_one_scale(small):
    moved = moving.measure(small, 30, n_maps=3)
    assert moved.pca["LS"].mean.shape == (18, 2)
    assert list(moved.table().setting)[:3] == list(moved.n)
    axes = figures.moved_maps(moved).axes
    assert len({ax.get_xlim() for ax in axes[:3]}) == 1
    assert moved.share("uniform, as few texts") > moved.share("uniform")
    assert set(moved.claims()) >= {"fig3_mse_ls", "fig3_few_against_ls"}
    flat, places = moved.reference["pca"], small.places()[["PCA 1", "PCA 2"]]
    np.testing.assert_allclose(flat, places, atol=1e-9)  # the map that other notebooks show


def test_each_task_has_a_curve_and_the_mean_keeps_its_own(small):
    tasks = pd.DataFrame({"sums": small.Q[:, 0], "rhymes": small.Q[:, 1]}).add(50).clip(0, 100)
    tasks[scores.TASKS] = tasks.mean(axis=1)
    made = scores.predict(small, tasks, range(2))
    fewer = scores.predict(small, tasks[[scores.TASKS, "sums"]], range(2))
    targets = [scores.TASKS, scores.MEAN, "sums", "rhymes"]
    assert list(made.by_all) == targets and made.near()[1] == 2
    n_curves = made.table.groupby("target", sort=False).size()
    assert list(n_curves.index) == targets and set(n_curves) == {3 * made.table.n.nunique()}
    assert list(made.table) == ["target", "method", "n", "d", "r", "sd"]
    pd.testing.assert_frame_equal(made.means, fewer.means, check_exact=True)
    axes = figures.prediction(made.table, made.by_all).axes
    assert [ax.get_title() for ax in axes] == targets
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in axes}) == 1


def test_a_view_moves_without_its_axes(small, headless):
    view = live.drawn_texts(small)
    view.set(n=20)
    first = view.output.axes[0].get_ylim()
    view.set(n=100)
    assert view.output.axes[0].get_ylim() == first
    for made in (live.estimator(small), live.error_curves(small), live.calculator(small, 40)):
        assert made.output is not None
    style.use()


def test_five_models_are_too_few(matrix):
    with pytest.raises(InputError, match="expected 6 or more"):
        study.describe(matrix.select(models=range(5)))


def test_families_from_any_column_and_labels_that_differ(matrix):
    about = study.describe(matrix).models
    assert (about.lineage == about.model).all()
    named = matrix.models.assign(type="Llama")
    named.loc[1, "model"] = "other/model-0"
    again = study.describe(type(matrix)(matrix.values, named, matrix.texts, matrix.rule))
    assert set(again.models.family) == {"Llama"}
    assert again.models.label.tolist()[:3] == ["lab/model-0", "other/model-0", "model-2"]


def test_models_that_a_file_lists_are_scored_with_their_failures(matrix, monkeypatch):
    failures = pd.DataFrame({"model": ["lab/broken"], "reason": ["no weights"]})
    result = listing.Scored(matrix, failures, [{"model": "lab/model-0"}])
    monkeypatch.setattr(listing, "listed", lambda path: path)
    monkeypatch.setattr(listing, "scored", lambda *given: result)
    own = study.score(None, None, "models.csv", rule="truncate=512")
    assert len(own) == 18 and own.failures is failures and own.inputs == result.inputs

"""Lines over trainings: what is claimed of each, and vectors of other programs."""

import numpy as np
import pandas as pd
import pytest

from lmnotes import statistics
from lmnotes.papers.norm_information_gain import lines
from lmnotes.words import embedding


def test_claims_take_slope_and_r2_of_every_training(small_gains, squared):
    fits = lines.fit(small_gains, small_gains.kl, list(squared.values()), 0)
    claims = lines.claims(fits, r2="fig1_r2", slope="fig1_slope")
    assert [claim["fig1_r2"] for claim in claims] == [(fit.r2, fit.r2_interval) for fit in fits]
    assert claims[2]["fig1_slope"][0] == fits[2].slope
    rows = small_gains.ringed
    assert fits[0].r2 == pytest.approx(statistics.r_squared(small_gains.kl[rows], squared[1][rows]))


def test_the_lead_is_over_the_better_rival(small_gains, squared):
    rows, norm = np.flatnonzero(small_gains.ringed), squared[20]
    rivals = small_gains.measures.entropy[rows], small_gains.measures.self_information[rows]
    best = max(statistics.r_squared(rival, norm[rows]) for rival in rivals)
    wanted = statistics.r_squared(small_gains.kl[rows], norm[rows]) - best
    assert lines.lead(small_gains)(rows, norm) == pytest.approx(wanted)
    measured = lines.claims_of(lines.lead(small_gains), rows, [norm], "kl_beats", 0)
    assert measured[0]["kl_beats"][0] == pytest.approx(wanted)
    low, high = measured[0]["kl_beats"][1]
    assert low < wanted < high


def test_few_epochs_lose_the_line_and_the_norms_of_rare_words(small_gains, squared):
    short = np.log(small_gains.counts).astype(float)
    (claims,) = lines.epoch_claims(small_gains, [short], [squared[20]], 0)
    assert claims["fig11_drop"][0] == pytest.approx(1)
    rows = small_gains.ringed
    gained = (statistics.r_squared(small_gains.kl[rows], x[rows]) for x in (squared[20], short))
    assert claims["fig11_line"][0] == pytest.approx(next(gained) - next(gained))


def test_tables_of_trainings_have_a_row_or_a_column_each(small_gains):
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=(2, small_gains.corpus.n_words, 4)).astype(np.float32)
    history = pd.DataFrame({"loss": [3.0, 2.5]})
    about = {"counts": small_gains.counts, "history": history}
    trained = embedding.Embedding(small_gains.corpus.words, u, v, **about)
    table = lines.by_epochs(small_gains, {1: trained, 20: trained}, 0)
    assert table.epochs.tolist() == [1, 20] and (table.objective == 2.5).all()
    assert table.R2[0] == pytest.approx(
        statistics.r_squared(
            small_gains.kl[small_gains.ringed], trained.squared_norm()[small_gains.ringed]
        )
    )
    scale = lines.scale(small_gains, {"pairwise": trained, "shared": trained}, 0).set_index(
        "quantity"
    )
    assert (scale.pairwise == scale.shared).all()
    product = (
        scale.pairwise["mean of squared input norms"]
        * scale.pairwise["mean of squared context norms"]
    )
    assert scale.pairwise["product of the two"] == pytest.approx(product)


def test_vectors_of_a_file_are_matched_by_word(small_gains, tmp_path):
    words = small_gains.corpus.words
    have = [word for word in reversed(words) if word != "the"]
    rows = [f"{word} {np.sqrt(small_gains.kl[words.index(word)])} 0" for word in have]
    path = tmp_path / "vectors.txt"
    path.write_text("\n".join([f"{len(rows)} 2", *rows, ""]))
    fit = lines.of_file(small_gains, str(path))
    assert fit.slope == pytest.approx(1, rel=1e-4) and fit.r2 == pytest.approx(1)
    assert np.isnan(fit.table.x[words.index("the")])
    assert fit.n_words == small_gains.ringed.sum() - 1
    assert list(lines.drawn({"gain": fit}, small_gains).columns)[:4] == [
        "word",
        "count",
        "ringed",
        "x",
    ]

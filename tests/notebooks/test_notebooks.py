"""Every notebook at its smoke setting, through the launcher, and what lies in its folder then."""

import json
import math
import re

import numpy as np
import pandas as pd
import pytest

from lmnotes.notebook import card, parameters, verdicts
from lmnotes.runs import record, run, twins
from lmnotes.text import corpus

NAMES = [path.stem for path in card.notebooks()]


@pytest.fixture(scope="module", params=NAMES)
def ran(request, tmp_path_factory, shared_home):
    """A finished smoke run; texts and vectors come from the home that all tests share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LMNOTES_OUTPUTS", str(tmp_path_factory.mktemp("outputs")))
        result = run.run(request.param, profile="smoke")
        assert result.status == "ok", result.message
        yield result, card.for_notebook(request.param)


def test_it_leaves_every_figure_with_its_data_and_every_table(ran):
    result, its_card = ran
    assert its_card.figures and its_card.tables
    for name in its_card.figures:
        for suffix in ("pdf", "svg", "png"):
            assert (result.folder / "figures" / f"{name}.{suffix}").stat().st_size > 2000
        assert len(pd.read_csv(result.folder / "figures" / f"{name}.csv")) > 1
    for name in its_card.tables:
        assert len(pd.read_csv(result.folder / "tables" / f"{name}.csv"))


def test_the_card_says_of_which_figure_or_table_of_the_paper_each_numbered_one_is(ran):
    result, its_card = ran
    if not its_card.coverage:
        return  # not listed yet
    left = {path.stem for path in result.folder.glob("figures/*.png")}
    left |= {path.stem for path in result.folder.glob("tables/*.csv")}
    named = {name for entry in its_card.coverage for name in entry.artefacts}
    assert named <= left
    assert {name for name in left if re.match(r"(fig|table)S?\d", name)} <= named
    declared, _ = parameters.declared(card.find(its_card.notebook))
    wanted = {entry.parameter for entry in its_card.coverage if entry.parameter}
    assert wanted <= {parameter.name for parameter in declared}


def test_every_claim_has_a_verdict_that_follows_from_its_numbers(ran):
    result, its_card = ran
    claims = pd.read_csv(result.folder / "claims.csv").set_index("id")
    assert list(claims.index) == list(its_card.claims)
    for claim in its_card.claims.values():
        row = claims.loc[claim.id]
        assert row.verdict in verdicts.VERDICTS, f"{claim.id} was not recorded"
        note = str(row.note)
        if "smoke" not in claim.profiles or "too little to draw from" in note:
            assert row.verdict == verdicts.NOT_TESTABLE
        elif not math.isnan(row.measured):
            interval = None if math.isnan(row.low) else (row.low, row.high)
            expected = verdicts.verdict(
                row.measured, interval, claim.reproduced_rule, claim.same_direction_rule
            )
            if claim.needs == "seeds" and re.search(r"\b(one seed|2 seeds)$", note):
                expected = verdicts.NOT_SETTLED
            assert row.verdict == expected, claim.id


def test_no_claim_is_left_out_by_the_cells(ran):
    # also what a smoke run cannot speak to is measured, by the same cells as at laptop and paper;
    # a claim without a number must say why in a note of the notebook's own
    result, _ = ran
    claims = pd.read_csv(result.folder / "claims.csv", keep_default_na=False).set_index("id")
    silent = claims[(claims.measured == "") & claims.note.str.match("$|asked at ")]
    assert silent.empty, f"never recorded: {list(silent.index)}"


def test_its_record_is_complete(ran):
    result, _ = ran
    found = json.loads((result.folder / "run.json").read_text())
    assert found["status"] == "ok" and found["profile"] == "smoke" and not found["missing"]
    assert {"parameters", "git", "versions", "machine", "inputs"} <= set(found)
    assert record.is_whole(result.folder, found)


def test_the_same_run_is_kept(ran):
    result, _ = ran
    again = run.run(result.name, profile="smoke")
    assert again.status == "kept" and again.folder == result.folder


@pytest.mark.slow
def test_a_text_without_order_or_case_ends_no_run_of_01(tmp_path, monkeypatch, shared_home):
    # its gain is mere bias, and it has neither names nor a phrase that says what a thing is
    text = corpus.load("installed", domains=["encyclopedia", "news"]).head(60_000)
    tokens = np.random.default_rng(0).permutation(text.tokens).reshape(-1, 400)
    path = tmp_path / "text.txt"
    path.write_text("\n".join(" ".join(text.words[n] for n in row) + "." for row in tokens))
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(tmp_path))
    given = {"corpus_name": str(path), "language_models": ""}
    assert run.run("01", "smoke", given).status == "ok"


def test_every_notebook_is_its_twin_without_outputs():
    assert not twins.differing()

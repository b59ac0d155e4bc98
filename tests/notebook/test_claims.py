import csv

import pytest

from lmnotes.errors import InputError
from lmnotes.notebook import claims, outputs, session


@pytest.fixture
def begun(house):
    outputs.begin(house.name, {"n_points": 10})
    return house


def rows():
    path = session.current().folder / "claims.csv"
    with open(path, newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def test_every_claim_stands_in_the_file_before_anything_is_recorded(begun):
    assert list(rows()) == ["slope", "large"]
    assert rows()["slope"]["verdict"] == "not recorded"
    assert rows()["large"]["verdict"] == "not testable at this scale"
    assert rows()["large"]["note"] == "asked at paper only"


def test_the_verdict_follows_from_the_number_and_is_on_disk_at_once(begun):
    assert claims.record("slope", 2.05, interval=(1.95, 2.1)) == "reproduced"
    row = rows()["slope"]
    assert (row["measured"], row["low"], row["high"]) == ("2.05", "1.95", "2.1")
    assert (row["published"], row["unit"], row["certainty"]) == ("2", "nats", "stated")
    assert row["verdict"] == "reproduced"
    assert claims.record("slope", 2.05, interval=(1.5, 2.6)) == "same direction"
    assert claims.record("slope", -1, note="sign flipped") == "not reproduced"
    assert rows()["slope"]["note"] == "sign flipped"
    assert list(claims.table().columns) == claims.COLUMNS
    assert list(claims.table().verdict) == ["not reproduced", "not testable at this scale"]


def test_a_claim_of_another_profile_keeps_its_number_but_gets_no_verdict(begun):
    assert claims.record("large", 0.9) == "not testable at this scale"
    assert rows()["large"]["measured"] == "0.9"


def test_a_claim_is_testable_at_its_own_profile(house, monkeypatch):
    monkeypatch.setenv("LMNOTES_PROFILE", "paper")
    outputs.begin(house.name)
    assert claims.record("large", 0.9) == "reproduced"


def test_what_a_text_can_cause_ends_no_run(begun):
    assert claims.record("slope", float("nan"), note="no pairs") == "not testable at this scale"
    assert rows()["slope"]["measured"] == "nan" and rows()["slope"]["note"].startswith("no pairs")
    assert claims.record("slope", float("inf")) == "not testable at this scale"
    assert "nothing to measure it on" in rows()["slope"]["note"]
    # R^2 near 0, whose bootstrap lies above it
    assert claims.record("slope", 2.0, interval=(2.01, 2.05)) == "reproduced"
    assert rows()["slope"]["low"] == "2" and "widened" in rows()["slope"]["note"]
    assert claims.record("slope", 2.0, interval=(float("nan"), 3.0)) == "not testable at this scale"
    assert rows()["slope"]["low"] == "" and "too little to draw from" in rows()["slope"]["note"]


def test_an_unknown_id_and_a_wrong_interval_are_refused(begun):
    with pytest.raises(InputError, match="did you mean 'slope'"):
        claims.record("slop", 1)
    with pytest.raises(InputError, match="expected the lower end first"):
        claims.record("slope", 2.0, interval=(2.5, 1.0))


def test_a_claim_that_needs_an_interval_is_not_recorded_without(house):
    house.card.write_text(house.card.read_text().replace('unit = "nats"', 'needs = "interval"'))
    outputs.begin(house.name)
    with pytest.raises(InputError, match="without an interval"):
        claims.record("slope", 2.0)
    assert claims.record("slope", 2.0, interval=(1.99, 2.01)) == "reproduced"
    nothing = (float("nan"), float("nan"))
    assert claims.record("slope", 2.0, interval=nothing) == "not testable at this scale"


def test_what_another_seed_may_turn_is_not_settled_by_fewer_than_three(house):
    house.card.write_text(house.card.read_text().replace('unit = "nats"', 'needs = "seeds"'))
    outputs.begin(house.name)
    assert claims.record("slope", 2.0, (1.99, 2.01)) == "consistent, not settled"
    assert rows()["slope"]["note"] == "one seed"
    assert claims.record("slope", -2.0, (-2, -2), n_seeds=2) == "consistent, not settled"
    assert claims.record("slope", 2.0, (1.99, 2.01), n_seeds=3) == "reproduced"
    assert rows()["slope"]["note"] == "3 seeds"
    assert claims.record("slope", -2.0, (-2.5, -1.5), n_seeds=3) == "not reproduced"


def test_nothing_is_recorded_before_a_run_has_begun(house):
    with pytest.raises(InputError, match="no run has begun"):
        claims.record("slope", 1)


def test_a_notebook_shows_every_row_of_the_ledger(begun):
    claims.record("slope", 2.0, interval=(1.9, 2.1))
    table = claims.table()
    text = table._repr_html_()
    assert text.count("<tr") - text.count("<thead>") == len(table) == 2
    assert 'data-label="Measured">2.00 nats <small>(1.90–2.10)</small>' in text
    assert "ledger" not in table[["id", "verdict"]]._repr_html_()


def test_seeds_are_recorded_together_and_shown_apart(house):
    house.card.write_text(house.card.read_text().replace('unit = "nats"', 'needs = "seeds"'))
    outputs.begin(house.name)
    measured = [{"slope": (2.0, (1.99, 2.01))}, {"slope": (2.0, None)}, {"slope": (2.0, None)}]
    table = claims.record_seeds(measured, first_seed=4)
    assert list(table.columns) == ["claim", "seed 4", "seed 5", "seed 6"]
    assert table.values.tolist() == [["The slope is about two", 2.0, 2.0, 2.0]]
    row = rows()["slope"]
    assert (row["verdict"], row["low"], row["note"]) == ("reproduced", "1.99", "3 seeds")
    claims.record_seeds([{"slope": (p, None)} for p in (0.7, 0.8, 0.2)], 4, p_values=["slope"])
    assert (rows()["slope"]["low"], rows()["slope"]["high"]) == ("0.2", "0.8")

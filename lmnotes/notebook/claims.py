"""What the paper says beside what this run measured, and the verdict by the card's rule."""

import csv
import io
import math
from typing import TYPE_CHECKING

from lmnotes import store
from lmnotes.errors import InputError, expect_one_of
from lmnotes.notebook import claims_table, session, verdicts
from lmnotes.notebook.card import Claim

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["id", "where", "claim", "published", "unit", "certainty"]
COLUMNS += ["measured", "low", "high", "verdict", "note"]
_OF_CARD = ("id", "where", "published", "unit", "certainty")  # columns that stand on the card


def record(
    id: str, value: float, interval: tuple[float, float] | None = None, note: str = ""
) -> str:
    """The verdict on claim `id` of the notebook's card, recorded in `claims.csv`.

    Args:
        id: of a claim on the card.
        value: what was measured, in the claim's unit; NaN where it could not be, with a note that
            says why.
        interval: its lower and upper end; the rule for `reproduced` must then hold at both.
        note: shown beside the verdict.

    Raises `InputError` for an unknown id, a value that is not finite and has no note, or an
    interval that is missing where the claim needs one or that does not hold the value.
    """
    run = session.current()
    expect_one_of(f"claim of {run.card.number}.toml", id, run.card.claims)
    claim, value = run.card.claims[id], float(value)
    interval = _interval(claim, value, interval)
    if not math.isfinite(value) and not note:
        raise InputError(
            f"claim {id!r} was recorded with {value}; expected a finite number, or NaN with a note "
            "that says why it could not be measured: add the note"
        )
    low, high = interval or (None, None)
    run.claims[id] = {"measured": value, "low": low, "high": high, "note": note}
    run.claims[id]["verdict"] = _verdict(claim, run.profile, value, interval)
    save()
    return run.claims[id]["verdict"]


def table() -> "pd.DataFrame":
    """All claims of the card, published beside measured, with the verdicts so far."""
    import pandas as pd

    class Ledger(pd.DataFrame):
        """The table as it is, shown with all its rows."""

        def _repr_html_(self) -> str:
            if list(self.columns) != list(COLUMNS):
                return super()._repr_html_()
            cells = self.map(lambda cell: "" if pd.isna(cell) else str(_written(cell)))
            return claims_table.shown(cells.to_dict("records"))

    return Ledger(_rows(), columns=COLUMNS)


def save() -> None:
    """Write `claims.csv` of the current run: every claim of its card, recorded yet or not."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in _rows():
        writer.writerow({name: _written(value) for name, value in row.items()})
    store.write_text(session.current().folder / "claims.csv", text.getvalue())


def _rows() -> list[dict]:
    run = session.current()
    rows = []
    for claim in run.card.claims.values():
        testable = run.profile in claim.profiles
        row = dict.fromkeys(COLUMNS) | {"claim": claim.text}
        row |= {name: getattr(claim, name) for name in _OF_CARD}
        row["verdict"] = verdicts.NOT_RECORDED if testable else verdicts.NOT_TESTABLE
        row["note"] = "" if testable else f"asked at {', '.join(claim.profiles)} only"
        rows.append(row | run.claims.get(claim.id, {}))
    return rows


def _verdict(claim: Claim, profile: str, value: float, interval: verdicts.Interval | None) -> str:
    if profile not in claim.profiles or not math.isfinite(value):
        return verdicts.NOT_TESTABLE
    return verdicts.verdict(value, interval, claim.reproduced_rule, claim.same_direction_rule)


def _interval(claim: Claim, value: float, interval: object) -> verdicts.Interval | None:
    """The interval as two finite numbers around the value, or None where none was given."""
    rule = claim.reproduced_rule
    if interval is None or not math.isfinite(value):
        needs = claim.needs == "interval" or (rule is not None and rule.contains is not None)
        if needs and math.isfinite(value):
            raise InputError(
                f"claim {claim.id!r} was recorded without an interval; expected interval=(low, "
                "high): give the bootstrap's or the seeds'"
            )
        return None
    low, high = (float(end) for end in interval)
    slack = 1e-9 * max(1.0, abs(value))
    if not (math.isfinite(low) and math.isfinite(high) and low - slack <= value <= high + slack):
        raise InputError(
            f"claim {claim.id!r} was recorded as {value:g} with interval ({low:g}, {high:g}); "
            "expected low <= value <= high: check the order of its ends and what the interval is of"
        )
    return low, high


def _written(value: object) -> object:
    """A cell of the csv: floats with ten significant digits, None as nothing."""
    return f"{value:.10g}" if isinstance(value, float) else "" if value is None else value

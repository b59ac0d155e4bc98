"""What the paper says beside what this run measured, and the verdict by the card's rule."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lmnotes import store
from lmnotes.errors import InputError, expect_one_of
from lmnotes.notebook import claims_table, session, verdicts
from lmnotes.notebook.card import Claim

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["id", "where", "claim", "published", "unit", "certainty"]
COLUMNS += ["measured", "low", "high", "verdict", "note"]
ENOUGH_SEEDS = 3  # for a verdict on what another seed may turn
_OF_CARD = ("id", "where", "published", "unit", "certainty")  # columns that stand on the card


def record(
    id: str,
    value: float,
    interval: tuple[float, float] | None = None,
    note: str = "",
    *,
    n_seeds: int = 1,
) -> str:
    """The verdict on claim `id` of the notebook's card, recorded in `claims.csv`.

    Args:
        id: of a claim on the card.
        value: what was measured, in the claim's unit; NaN where it could not be.
        interval: its lower and upper end; it is widened where it misses the value, as a bootstrap's
            may. A rule must then hold at both ends.
        note: shown beside the verdict; it should say why a value is NaN.
        n_seeds: how many seeds are in the interval. A claim that needs seeds is not settled by
            fewer than three.

    Raises `InputError` for an unknown id, or an interval that is missing where the claim needs one
    or has its ends in the wrong order.
    """
    run = session.current()
    expect_one_of(f"claim of {run.card.number}.toml", id, run.card.claims)
    claim, value = run.card.claims[id], float(value)
    held, said = _interval(claim, value, interval)
    verdict = verdicts.NOT_TESTABLE
    if run.profile in claim.profiles and math.isfinite(value) and (interval is None or held):
        verdict = verdicts.verdict(value, held, claim.reproduced_rule, claim.same_direction_rule)
        if claim.needs == "seeds":
            said.append(f"{n_seeds} seeds" if n_seeds > 1 else "one seed")
            verdict = verdict if n_seeds >= ENOUGH_SEEDS else verdicts.NOT_SETTLED
    low, high = held or (None, None)
    run.claims[id] = {"measured": value, "low": low, "high": high, "verdict": verdict}
    run.claims[id]["note"] = "; ".join(filter(None, [note, *said]))
    save()
    run.refresh()
    return verdict


def record_all(measured: Mapping[str, object], *, n_seeds: int = 1) -> None:
    """Record several claims.

    measured: claim -> its value, or the first few of (value, interval, note, n_seeds).
    """
    for id, given in measured.items():
        value, *more = given if isinstance(given, tuple | list) else (given,)
        record(id, value, *more[:2], n_seeds=more[2] if len(more) > 2 else n_seeds)


def rows() -> dict[str, dict]:
    """What stands on the card and what was measured of each claim, by id."""
    run = session.current()
    return {id: vars(claim) | run.claims.get(id, {}) for id, claim in run.card.claims.items()}


def record_seeds(
    measured: Sequence[dict], first_seed: int, *, p_values: Sequence[str] = ()
) -> "pd.DataFrame":
    """Record what each seed has measured, all seeds together, and the values as a table.

    Args:
        measured: of each seed, from `first_seed` on: claim -> (value, its own interval or None).
        p_values: claims whose interval is the range of the seeds: Student's t knows no 0..1.

    Returns a row per claim with columns claim, its text, and `seed N`.
    """
    import pandas as pd

    from lmnotes import statistics

    table = {}
    for id in measured[0]:
        table[id], intervals = zip(*(seed[id] for seed in measured), strict=True)
        intervals = [ends for ends in intervals if ends is not None]
        mean, ends = statistics.over_seeds(table[id], intervals)
        ends = (min(table[id]), max(table[id])) if id in p_values else ends
        record(id, mean, ends, n_seeds=len(measured))
    seeds = [f"seed {first_seed + number}" for number in range(len(measured))]
    rows = pd.DataFrame(table, index=seeds).T.rename_axis("claim").reset_index()
    claims = session.current().card.claims
    return rows.assign(claim=[claims[id].text for id in rows.claim])


def table() -> "pd.DataFrame":
    """All claims of the card, published beside measured, with the verdicts so far."""
    import pandas as pd

    class Claims(pd.DataFrame):
        """The table as it is, shown with all its rows."""

        def _repr_html_(self) -> str:
            if list(self.columns) != list(COLUMNS):
                return super()._repr_html_()
            cells = self.map(lambda cell: "" if pd.isna(cell) else str(_written(cell)))
            return claims_table.shown(cells.to_dict("records"), session.current().card.notes)

    return Claims(_rows(), columns=COLUMNS)


def save() -> None:
    """Write `claims.csv` of the current run: every claim of its card, recorded yet or not."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in _rows():
        writer.writerow({name: session.as_cell(_written(value)) for name, value in row.items()})
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


def _interval(
    claim: Claim, value: float, given: tuple[float, float] | None
) -> tuple[verdicts.Interval | None, list[str]]:
    """The interval as two finite numbers around the value, None without, and what to say of it.

    What a text can cause is said; what only a mistake in a notebook can cause raises.
    """
    if not math.isfinite(value):
        return None, ["there was nothing to measure it on"]
    if given is None:
        if claim.needs:
            said = f"claim {claim.id!r} was recorded without an interval"
            then = "give the bootstrap's or the seeds'"
            raise InputError(f"{said}; expected interval=(low, high): {then}")
        return None, []
    low, high = (float(end) for end in given)
    if not (math.isfinite(low) and math.isfinite(high)):
        return None, ["no interval: too little to draw from"]
    if low > high:
        said = f"claim {claim.id!r} was recorded with interval ({low:g}, {high:g})"
        raise InputError(f"{said}; expected the lower end first: check the order of its ends")
    held = min(low, value), max(high, value)
    slack = 1e-9 * max(1.0, abs(value))
    is_wider = held[0] < low - slack or held[1] > high + slack
    return held, ["interval widened to hold the value"] if is_wider else []


def _written(value: object) -> object:
    """A cell of the csv: floats with ten significant digits, None as nothing."""
    return f"{value:.10g}" if isinstance(value, float) else "" if value is None else value

"""Every rule on data without structure: what passes there says nothing, or its card says why.

Each notebook runs at its smoke setting as it is, and on data of each kind of `null_data`. A rule
passes on noise where the paper's statement would count as seen though its number was measured on
such data, or where no such data change its number: it cannot fail then.
"""

import math

import null_data
import pandas as pd
import pytest

from lmnotes.notebook import card, verdicts
from lmnotes.runs import run

SEEN = (verdicts.REPRODUCED, verdicts.SAME_DIRECTION)


@pytest.mark.slow
@pytest.mark.parametrize("number", null_data.KINDS)
def test_what_passes_on_noise_has_a_reason(number, tmp_path, monkeypatch, shared_home):
    claims = card.for_notebook(card.find(number).stem).claims
    plain = measured(number, None, tmp_path, monkeypatch)
    passing, untouched = set(), set(claims)
    for kind in null_data.KINDS[number]:
        noise = measured(number, kind, tmp_path, monkeypatch)
        touched = {id for id in claims if noise.loc[id, "measured"] != plain.loc[id, "measured"]}
        untouched -= touched
        passing |= {id for id in touched if holds(claims[id], noise.loc[id])}
    passing |= {id for id in untouched if holds(claims[id], plain.loc[id])}
    silent = sorted(id for id in passing if not claims[id].null)
    print(f"{number}: {len(passing)} of {len(claims)} rules pass on noise: {sorted(passing)}")
    assert not silent, f"{number}: mend these rules, or give `null` a reason"


def measured(number: str, kind: str | None, tmp_path, monkeypatch) -> pd.DataFrame:
    folder = tmp_path / (kind or "plain")
    if kind:
        null_data.arrange(kind, folder / "ipython")
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(folder / "outputs"))
    result = run.run(number, profile="smoke")
    assert result.status == "ok", result.message
    return pd.read_csv(result.folder / "claims.csv").set_index("id")


def holds(claim: card.Claim, row: pd.Series) -> bool:
    """Whether the paper's statement would count as seen, whatever the profile it is asked at."""
    if math.isnan(row.measured) or "too little to draw from" in str(row.note):
        return False
    interval = None if math.isnan(row.low) else (row.low, row.high)
    return (
        verdicts.verdict(row.measured, interval, claim.reproduced_rule, claim.same_direction_rule)
        in SEEN
    )

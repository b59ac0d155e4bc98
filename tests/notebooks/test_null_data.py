"""Every rule on data without structure: what passes there says nothing, or its card says why."""

import math

import null_data
import pandas as pd
import pytest

from lmnotes.notebook import card, verdicts
from lmnotes.runs import run

CASES = [(kind, n) for kind, numbers in null_data.NOTEBOOKS.items() for n in numbers]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "number"), CASES)
def test_what_passes_on_noise_has_a_reason(kind, number, tmp_path, monkeypatch, shared_home):
    null_data.arrange(kind, tmp_path / "ipython")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(tmp_path / "outputs"))
    result = run.run(number, profile="smoke", force=True)
    assert result.status == "ok", result.message
    its_card = card.for_notebook(result.name)
    rows = pd.read_csv(result.folder / "claims.csv").set_index("id")
    passing = [claim for claim in its_card.claims.values() if passes(claim, rows.loc[claim.id])]
    silent = {claim.id: rows.measured[claim.id] for claim in passing if not claim.null}
    print(f"{number} on {kind}: {len(passing)} of {len(rows)} rules pass")
    assert not silent, f"{number}: these pass on {kind}; mend the rule, or give `null` a reason"


def passes(claim: card.Claim, row: pd.Series) -> bool:
    """Whether the paper's statement would count as seen, whatever the profile it is asked at."""
    if math.isnan(row.measured):
        return False
    interval = None if math.isnan(row.low) else (row.low, row.high)
    rules = claim.reproduced_rule, claim.same_direction_rule
    seen = verdicts.REPRODUCED, verdicts.SAME_DIRECTION
    return verdicts.verdict(row.measured, interval, *rules) in seen

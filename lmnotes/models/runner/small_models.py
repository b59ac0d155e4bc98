"""Small models scored in a few long-lived processes, into the same ledger as any other.

`runner.score` gives every model a fresh process, which is right for models that may crash, hang or
fill a GPU, and costs seconds each; for models of a megabyte that is most of the time.
"""

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from lmnotes.models.ledger.ledger import Ledger


def score(
    models: pd.DataFrame,
    ledger: "Ledger",
    *,
    workers: int | None = None,
    progress: bool = False,
) -> int:
    """How many models were scored now; those that have a row are not scored again, and where two
    notebooks ask at once, one scores and the other waits.

    Args:
        models: a table with the column folder (or model, for hub ids).
        ledger: of the texts and the rule. Each row is put in place as soon as it is there.
        workers: processes; by default one for each core.
    """
    import filelock

    from lmnotes import parallel

    places = [str(one) for one in (models["folder"] if "folder" in models else models["model"])]
    what = "scored" if progress else ""
    with filelock.FileLock(ledger.folder / "direct.lock"):
        missing = [place for place in places if not ledger.has(place)]
        return sum(parallel.map_items(partial(_add, ledger), missing, workers=workers, what=what))


def _add(ledger: "Ledger", place: str) -> int:
    from lmnotes import parallel
    from lmnotes.models.scoring import identity
    from lmnotes.models.scoring import score as scoring

    who = identity.identify(place)
    revision = None if who.is_folder else who.revision
    with parallel.one_thread():
        found = scoring.texts(who.model, ledger.texts, rule=ledger.rule, revision=revision)
    ledger.add(found, who=who)
    return 1

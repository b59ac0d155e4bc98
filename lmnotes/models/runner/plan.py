"""What a run would score, fetch and take, told before anything starts."""

import timeit
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

from lmnotes.models.ledger.ledger import Ledger
from lmnotes.models.runner import runner
from lmnotes.models.scoring import failures, forms, hub, identity

_AT_A_TIME = 8  # questions to a hub
_BYTES_PER_TOKEN = 4  # of texts that no row of the ledger has counted the tokens of
_WIDTH = 1024  # of the matrix product that is measured
_NUMBERS = ["parameters", "to fetch", "cached"]


def planned(models: Iterable, ledger: Ledger, settings: Mapping) -> pd.DataFrame:
    """What `runner.score` with these settings would do: a row per model, nothing started.

    Columns: model, status (`to score`, `kept`, `failed before`, or the kind of failure of asking a
    hub about it), parameters, to fetch and cached (bytes), hours, reason; NaN is not known. Hours
    are 2 x parameters x tokens over the rate of a matrix product on the first device, measured now.
    """
    places = runner.take_shard(identity.several(models), settings["shard"])
    devices = runner.devices_of(settings["devices"])
    under = {"devices": sorted({device.split(":")[0] for device in devices})}
    under["time_limit_s"] = settings["time_limit_s"]
    ask = partial(_line, ledger, settings["retry_failed"], under)
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        lines = list(pool.map(ask, runner.distinct(places, settings["verify"])))
    table = pd.DataFrame(lines, columns=["model", "status", *_NUMBERS, "hours", "reason"])
    table = table.astype(dict.fromkeys(_NUMBERS, float))
    known = ledger.rows()
    n_tokens = ledger.texts.table["n_bytes"].sum() / _BYTES_PER_TOKEN
    n_tokens = known["n_tokens"].mean() if len(known) else n_tokens
    seconds = 2 * table["parameters"] * n_tokens / _rate(devices[0], ledger.rule.dtype)
    return table.assign(hours=seconds / 3600)


def told(models: Iterable, ledger: Ledger, settings: Mapping) -> str:
    """The table of `planned` as text, and what it comes to."""
    table = planned(models, ledger, settings)
    n_at_once = len(runner.devices_of(settings["devices"])) * settings["workers"]
    waiting = table[table["status"] == "to score"]
    fetched, cached = waiting["to fetch"].fillna(0), waiting["cached"].sum()
    least = fetched.nlargest(n_at_once).sum()  # and as much as --disk lets be fetched ahead
    disk = f"{_short(fetched.sum())}B, with --evict {_short(least)}B at least"
    counts = ", ".join(f"{n} {status}" for status, n in Counter(table["status"]).items())
    advice = failures.told(table["status"])
    hours, unknown = waiting["hours"].sum() / n_at_once, waiting["hours"].isna().sum()
    for name in _NUMBERS:
        table[name] = table[name].map(_short)
    table["hours"] = table["hours"].map("{:.2f}".format).replace("nan", "unknown")
    known = table[table["reason"].fillna("") != ""]
    reasons = "".join(f"{row.model}: {row.reason}\n" for row in known.itertuples())
    return f"""{table.drop(columns="reason").to_string(index=False)}
{reasons}{counts}
{advice}to fetch: {_short(fetched.sum())}B; on disk already: {_short(cached)}B; more disk: {disk}
hours: {hours:.2f} at least, without starts, downloads and {unknown} models whose size is unknown
  (2 x parameters x tokens at the rate of a matrix product on this machine, measured now)"""


def _short(number: float) -> str:
    """Three digits and a letter.

    >>> _short(12_345_678)
    '12.3M'
    """
    if np.isnan(number):
        return "unknown"
    power = min(int(np.log10(max(number, 1))) // 3, 4)
    return f"{number / 1000**power:.3g}{['', 'k', 'M', 'G', 'T'][power]}"


def _line(ledger: Ledger, retry_failed: bool, under: Mapping, chosen: tuple) -> dict:
    who, _ = chosen
    if earlier := runner.earlier(ledger, who, retry_failed, under):
        return {"model": who.name, "status": earlier["status"], "reason": earlier["message"]}
    try:
        files = hub.files(who)
    except Exception as error:
        return {"model": who.name, "status": failures.classify(error), "reason": str(error)}
    sizes: dict[str, object] = {
        "to fetch": files.n_bytes - files.n_cached,
        "cached": files.n_cached,
    }
    sizes |= {"model": who.name, "status": "to score"}
    if forms.ADAPTER in files.sizes:
        return sizes | {"reason": "an adapter, whose base is not counted"}
    return sizes | {"parameters": files.n_parameters}


def _rate(device: str, dtype: str) -> float:
    """Floating-point operations a second of a matrix product on a device."""
    import torch

    kind = getattr(torch, dtype, torch.float32)
    matrix = torch.ones((_WIDTH, _WIDTH), dtype=kind, device=device)
    n, seconds = timeit.Timer(lambda: (matrix @ matrix)[0, 0].item()).autorange()
    return 2 * _WIDTH**3 * n / seconds

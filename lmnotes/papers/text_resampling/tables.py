"""Tables of notebook 07 in words: texts and models, importances, the texts themselves, costs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lmnotes.papers.text_resampling import adding
from lmnotes.papers.text_resampling.study import Study

N_EXTREMES = 8  # rows of a table of many


def texts(study: Study) -> pd.DataFrame:
    """Number and mean length of the texts of each domain."""
    table = pd.DataFrame({"domain": study.domain, "bytes": study.n_bytes})
    table = table.groupby("domain")["bytes"].agg(["size", "mean"])
    return table.set_axis(["texts", "mean bytes"], axis=1).reset_index()


def models(study: Study) -> pd.DataFrame:
    """Number and mean log-likelihood of the models of each family."""
    table = pd.DataFrame({"family": study.family, "mean": study.L.mean(axis=1)})
    table = table.groupby("family", sort=False)["mean"].agg(["size", "mean"])
    columns = ["models", "mean log-likelihood, nats per text"]
    return table.set_axis(columns, axis=1).reset_index()


def by_domain(study: Study) -> pd.DataFrame:
    """Mean importance, times N, of the texts of each domain: columns domain, LS, KL."""
    scaled = {method: study.n_texts * study.pis[method] for method in ("LS", "KL")}
    table = pd.DataFrame({"domain": study.domain, **scaled})
    means = table.groupby("domain")[["LS", "KL"]].mean()
    return means.sort_values("LS", ascending=False).reset_index()


def important_texts(study: Study, n_most: int = 8, n_least: int = 4) -> pd.DataFrame:
    """The texts with the most and the least LS importance, and who likes each most and least."""
    order = np.argsort(-study.pis["LS"], kind="stable")
    rows = np.concatenate([order[:n_most], order[n_most:][-n_least:]])
    words = [""] * len(rows)
    if study.texts is not None and len(study.texts) == study.n_texts:
        words = [study.texts.texts[row][:160].replace("\n", " ⏎ ") for row in rows]
    columns = study.Q[:, rows]
    return pd.DataFrame(
        {
            "importance, times N": study.n_texts * study.pis["LS"][rows],
            "domain": study.domain[rows],
            "likes it most": study.labels[columns.argmax(axis=0)],
            "likes it least": study.labels[columns.argmin(axis=0)],
            "spread over models, nats": columns.std(axis=0),
            "beginning of the text": words,
        }
    )


def extremes(table: pd.DataFrame, n: int = N_EXTREMES) -> pd.DataFrame:
    """The first and the last rows of a sorted table, n in all.

    >>> extremes(pd.DataFrame({"a": range(9)}), 4).a.tolist()
    [0, 1, 7, 8]
    """
    if len(table) <= n:
        return table
    return pd.concat([table.head(n - n // 2), table.tail(n // 2)], ignore_index=True)


def cost(study: Study, d: float, bytes_per_second: int) -> pd.DataFrame:
    """Processor minutes of scoring more models on all texts, and on the chosen ones.

    d: distinct texts of a draw.
    """
    own = (100, study.n_texts, d, float(np.mean(study.n_bytes)))
    cases: Sequence[tuple] = (
        ("100 more models of this size", *own),
        ("the paper's 120 new models", 120, 10_000, 2_192, 972.3),
        ("1,000 more of them", 1_000, 10_000, 2_192, 972.3),
    )
    rows = []
    for case, *scenario in cases:
        spent = adding.scoring_cost(*scenario, bytes_per_second)
        minutes = {"minutes, all texts": spent.minutes_all}
        minutes["minutes, chosen texts"] = spent.minutes_drawn
        rows.append({"case": case} | minutes | {"share, %": 100 * spent.share})
    return pd.DataFrame(rows)

"""Several language models read, and what Figures 4 and 13 and Table 10 say of them together."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lmnotes import statistics
from lmnotes.models import zoo
from lmnotes.notebook import card
from lmnotes.papers.norm_information_gain import contexts
from lmnotes.papers.norm_information_gain.contexts import Measured
from lmnotes.statistics import Fit
from lmnotes.text.chunks import TextSet
from lmnotes.words import pretrained

ENCODERS = ("bert", "roberta")  # which see the token itself and what follows it
OF_THE_PAPER = {
    "bert": "/bert-base",
    "roberta": "/roberta-base",
    "gpt2": "/gpt2",
    "llama2": "/llama-2-7b",
}
# plan of the zoo, its models that are read, and the one whose training is followed
_ZOO = {
    "zoo": (
        "laptop",
        ["gpt2-64x2-uniform-s1", "llama-64x2-uniform-s1", "neox-64x2-uniform-s1-bpe2048"],
        "neox-64x2-uniform-s1",
    ),
    "smoke zoo": ("smoke", ["gpt2-32x1-uniform-s1", "llama-32x1-code-s1"], "neox-32x1-uniform-s1"),
}
LENGTHS = {
    "centred": r"squared distance $\|u-u_0\|^2$",
    "whitened": r"whitened, $(u-u_0)^\top G\,(u-u_0)$",
}
_FAMILIES = {"gpt2": "GPT-2", "llama": "Llama", "neox": "GPT-NeoX"}


def read(names: str, texts: TextSet, **settings) -> dict[str, Measured]:
    """What is measured in each of some models, by a name in words.

    Args:
        names: "zoo" or "smoke zoo", or folders and hub ids with commas between; "" for none.
        settings: of `contexts.measure`.

    A model of the hub that is not there, or not for everyone, is left out, and that is said.
    """
    if names in _ZOO:
        plan, chosen, _ = _ZOO[names]
        specs = [spec for spec in zoo.plan(plan) if spec.name in chosen]
        made = zoo.build(specs, workers=0 if plan == "smoke" else None).models
        folders = dict(zip(made.model, made.folder, strict=True))
        places = {name: folders[name] for name in chosen}
    else:
        places = {name.strip(): name.strip() for name in names.split(",") if name.strip()}
    measured = {}
    for name, place in places.items():
        try:
            with pretrained.quiet():
                measured[in_words(name)] = contexts.measure(place, texts, **settings)
        except OSError as error:
            print(f"{name} is left out: {str(error).splitlines()[0]}")
    return measured


def in_words(name: str) -> str:
    """A model of the zoo by its architecture and what it reads; of others the name as it is.

    >>> in_words("neox-64x2-uniform-s1-bpe2048"), in_words("llama-32x1-code-s1")
    ('GPT-NeoX, 2048 pieces', 'Llama, bytes')
    """
    spec = re.fullmatch(r"(gpt2|llama|neox)-\d+x\d+-\w+-s\d+(?:-bpe(\d+))?", name)
    return f"{_FAMILIES[spec[1]]}, {spec[2] + ' pieces' if spec[2] else 'bytes'}" if spec else name


def line(
    measured: Measured, norm: str = "centred", reference: str = "_0", factor: int = 1, seed: int = 0
) -> tuple[pd.DataFrame, Fit]:
    """KL (times `factor`) against a squared length at the positions of one model, and its line.

    reference: "_0" from the position nearest to the mean distribution, "" from the mean.
    """
    at = measured.positions
    columns = {"x": at[norm + reference], "y": factor * at["kl" + reference], "count": at["count"]}
    table = pd.DataFrame(columns)
    return table, statistics.regress(table.y, table.x, n_bootstrap=200, seed=seed)


def lines(models: Mapping[str, Measured], seed: int = 0) -> dict[str, dict]:
    """What `figures.contexts` draws: by model, the line of KL on the squared and on the whitened
    distance from the nearest position."""
    return {
        name: {label: line(measured, norm, seed=seed) for norm, label in LENGTHS.items()}
        for name, measured in models.items()
    }


def stacked(models: Mapping[str, Measured], part: str) -> pd.DataFrame:
    """The table `positions` or `shrunk` of all models, one below another."""
    tables = {name: getattr(measured, part) for name, measured in models.items()}
    return pd.concat(tables, names=["model", "row"]).reset_index()


def cosine(y: np.ndarray, x: np.ndarray) -> float:
    """The cosine of two vectors without centring, as Table 10 prints it."""
    return y @ x / np.sqrt((y @ y) * (x @ x))


def table10(models: Mapping[str, Measured]) -> list[dict]:
    """R^2 and cosine of KL with the squared distance, raw and whitened, a row per model."""
    rows = []
    for name, (kl, distance, whitened) in _columns(models).items():
        row = {"model": name}
        for form, length in (("raw", distance), ("whitened", whitened)):
            row[f"{form}_r2"] = statistics.r_squared(kl, length)
            row[f"{form}_cos"] = cosine(kl, length)
        rows.append(row)
    return rows


def claims(models: Mapping[str, Measured], names: str, seed: int = 0) -> dict[str, tuple]:
    """Value, interval and number of models behind each claim about them together, by claim; then
    the sixteen numbers of Table 10, each NaN where `names` has not asked for the paper's model."""
    columns = _columns(models)
    causal = [name for name in models if models[name].about["model_type"] not in ENCODERS]

    def gained(kl: np.ndarray, raw: np.ndarray, whitened: np.ndarray) -> float:
        return statistics.r_squared(kl, whitened) - statistics.r_squared(kl, raw)

    together = {
        "fig4_correlation": (list(models), lambda kl, raw, _: np.corrcoef(kl, raw)[0, 1]),
        "table10_smallest_cos": (list(models), lambda kl, raw, _: cosine(kl, raw)),
        "table10_whitening": (causal, gained),
    }
    measured = {}
    for claim, (chosen, statistic) in together.items():
        drawn = [
            statistics.bootstrap(
                lambda rows, of=columns[name], value=statistic: value(*of[:, rows]),
                np.arange(columns[name].shape[1]),
                seed=seed,
            )
            for name in chosen
        ]
        over = statistics.over_seeds(*zip(*drawn, strict=True)) if drawn else (np.nan, None)
        measured[claim] = (*over, len(drawn))
    slopes = [line(model, "whitened", "", 2, seed)[1].slope for model in models.values()]
    over = statistics.over_seeds(slopes) if slopes else (np.nan, None)
    measured["eq16_slope"] = (*over, len(slopes))
    rows = [] if names in _ZOO else table10(models)
    for short, in_name in OF_THE_PAPER.items():
        own = [row for row in rows if in_name in f"/{row['model']}".lower()]
        for column in ("raw_r2", "raw_cos", "whitened_r2", "whitened_cos"):
            value = own[0][column] if own else np.nan
            measured[f"table10_{short}_{column}"] = (value, None, 1)
    return measured


def printed(models: Mapping[str, Measured]) -> pd.DataFrame:
    """The rows of Table 10 that the paper prints, and those of this run below them."""
    return card.beside(card.table("01", "table10"), table10(models))


def telling(models: Mapping[str, Measured], n: int = 8) -> pd.DataFrame:
    """The last tokens of contexts that tell least and most of the next one, with their mean KL."""
    rows = []
    for name, measured in models.items():
        pieces = measured.positions.groupby("piece").kl.agg(["size", "mean"]).sort_values("mean")
        usual = pieces["mean"][pieces["size"] >= max(2, len(measured.positions) // 300)]
        ends = {"tell least": usual.head(n), "tell most": usual[::-1].head(n)}
        row = {"model": name}
        for title, end in ends.items():
            shown = "   ".join(f"{piece} {kl:.2f}" for piece, kl in end.items())
            row[title] = shown.replace("Ġ", "␣").replace("Ċ", "↵")
        rows.append(row)
    return pd.DataFrame(rows)


def along_training(names: str, texts: Sequence[str], **settings) -> pd.DataFrame:
    """R^2 of KL with both lengths, and the mean KL, at every checkpoint of one run of the zoo."""
    plan, _, run = _ZOO.get(names, _ZOO["zoo"])
    specs = [spec for spec in zoo.plan(plan) if spec.name == run]
    checkpoints = zoo.build(specs, workers=0).models.sort_values("step")
    rows = []
    for step, folder in zip(checkpoints.step, checkpoints.folder, strict=True):
        with pretrained.quiet():
            at = contexts.measure(folder, texts, **settings).positions
        lengths = {"raw_r2": at.centred_0, "whitened_r2": at.whitened_0}
        row = {name: statistics.r_squared(at.kl_0, length) for name, length in lengths.items()}
        rows.append({"step": step} | row | {"kl": at.kl_0.mean()})
    return pd.DataFrame(rows)


def _columns(models: Mapping[str, Measured]) -> dict[str, np.ndarray]:
    """KL, squared distance and whitened distance from the nearest position (3, n), by model."""
    names = ["kl_0", "centred_0", "whitened_0"]
    return {name: measured.positions[names].to_numpy().T for name, measured in models.items()}

"""A map that is kept: its models stay where they stand, and later ones are placed among them.

kept = stored_map.draw(scores.matrix())
kept = stored_map.add(stored_map.open(folder), more)
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lmnotes import store
from lmnotes.errors import InputError, Shown, expect_between
from lmnotes.models.ledger import read_sealed, released
from lmnotes.models.loglik import LikelihoodMatrix, MapInput
from lmnotes.models.maps import coordinates, layout
from lmnotes.models.runner.listing import short_names

RECORD, _MATRIX = "map.json", "matrix.safetensors"
# of a machine or an hour, and what is told once more of the clipped matrix
_NOT_KEPT = ["path", "folder", "written", "seconds", "mean_log_likelihood"]
_N_NEAR = 5


@dataclass(frozen=True, eq=False, repr=False)
class StoredMap(Shown):
    """M models on a map, the first `n_first` of which it was made of.

    raw: log-likelihoods as scored; places: (M, 4), of `maps.layout`, by name; threshold: nats, what
    smaller log-likelihoods are raised to; settings: clip_share, and what t-SNE was drawn with.
    """

    raw: LikelihoodMatrix
    places: pd.DataFrame
    n_first: int
    threshold: float
    settings: dict

    @property
    def names(self) -> list[str]:
        """(M,) names of the models."""
        return self.raw.models["model"].astype(str).tolist()

    @cached_property
    def Q(self) -> np.ndarray:
        """(M, N) coordinates, nats: the mean model is that of the first."""
        centred = coordinates.row_centre(self.raw.clip(threshold=self.threshold).values)
        return centred - centred[: self.n_first].mean(axis=0)

    @cached_property
    def distance(self) -> np.ndarray:
        """(M, M) map distances, nats per text."""
        return coordinates.kl(self.Q)

    @cached_property
    def near(self) -> pd.DataFrame:
        """The five nearest models of each: model, rank, neighbour, distance in nats per text."""
        return coordinates.nearest(self.distance, self.names, _N_NEAR)

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row per model: model, label, x and y (t-SNE), pca_x and pca_y (nats), whether it was
        added later, mean_log_likelihood (clipped, nats per text), all else that is known of it."""
        about, short = self.raw.models, pd.Series(short_names(self.names))
        labels = about.get("label", short).fillna(short).astype(str)
        xy = self.places.set_axis(["x", "y", "pca_x", "pca_y"], axis=1).reset_index(drop=True)
        xy["added"] = np.arange(len(about)) >= self.n_first
        xy["mean_log_likelihood"] = self.raw.clip(threshold=self.threshold).values.mean(axis=1)
        first = pd.concat([about[["model"]].assign(label=labels), xy], axis=1)
        return first.join(about[about.columns.difference(first.columns, sort=False)])

    def to_csv(self, path: Path) -> None:
        """Write the table with `neighbour_1`, `distance_1` and so on, nats per text."""
        near = self.near.pivot(index="model", columns="rank").loc[self.names]
        near.columns = [f"{name}_{rank}" for name, rank in near.columns]
        store.write_text(path, self.table.join(near, on="model").to_csv(index=False))

    def to_parquet(self, path: Path) -> None:
        """Write the table with `neighbors`, of rows' numbers and nats, as embedding-atlas has it:
        `embedding-atlas map.parquet --x x --y y --neighbors neighbors --text model`."""
        ids = pd.Index(self.names).get_indexer(self.near["neighbour"]).reshape(len(self.names), -1)
        gaps = self.near["distance"].to_numpy().reshape(ids.shape)
        near = zip(ids.tolist(), gaps.tolist(), strict=True)
        table = self.table.assign(neighbors=[dict(ids=i, distances=d) for i, d in near])
        with store.replacing(path) as partial:
            table.to_parquet(partial, index=False)

    def to_netcdf(self, path: Path) -> None:
        """Write the log-likelihoods as scored, (model, text) in nats, with the columns of the
        table and of the texts as coordinates. It needs the package xarray."""

        def plain(table: pd.DataFrame) -> pd.DataFrame:  # netCDF 3 has no blanks and no 2**31
            numbers = table.select_dtypes("number").astype(np.float64)
            words = table.select_dtypes(exclude=["number", "bool"]).astype(object).fillna("")
            table = table.assign(**numbers, **words.astype(str))
            return table.rename(columns=lambda name: name.replace(" ", "_"))

        raw = replace(self.raw, models=plain(self.table), texts=plain(self.raw.texts))
        with store.replacing(path) as partial:
            raw.to_xarray().to_netcdf(partial, engine="scipy")


def draw(raw: LikelihoodMatrix, clip_share: float = 0.02, **settings: Any) -> StoredMap:
    """The map of a scored matrix; settings: seed, perplexity and n_iterations of `layout.build`."""
    expect_between("models on a map", len(raw), 2, then="score more models")
    raw = replace(raw, models=_portable(raw.models))
    if (twice := raw.models["model"].duplicated()).any():
        given = f"two models are called {raw.models['model'][twice].iloc[0]!r}"
        raise InputError(f"{given}; expected a name for each: rename one, or leave it out")
    given = MapInput(raw, clip_share)
    places = layout.build(given.Q, raw.models["model"].astype(str), **settings)
    known, threshold = {"clip_share": clip_share, **settings}, given.clipped.threshold
    assert threshold is not None, "clipping sets it"
    return StoredMap(raw, places, len(raw), threshold, known)


def add(kept: StoredMap, more: LikelihoodMatrix) -> StoredMap:
    """The map with those models that it does not have placed into it; all else stays as it is.

    Threshold and means of the texts are those of the models that it was made of. Raises InputError
    for another text set or rule, and where a name is that of another model.
    """
    given, held = ((m.text_set, m.rule, m.values.shape[1]) for m in (more, kept.raw))
    if given != held:
        said = f"models of {given[2]} texts {given[0]!r} under {given[1]!r} were given"
        then = "score them by the same texts and rule, or draw another map"
        raise InputError(f"{said}; this map is of {held[2]} texts {held[0]!r}, {held[1]!r}: {then}")
    models = _portable(more.models)
    known, names = _ids(kept.raw.models), models["model"].astype(str)
    is_new = ~_ids(models).isin(known)
    if taken := names[is_new & names.isin(kept.names)].tolist():
        wanted = "another name for other weights: rename it, or draw the map anew"
        raise InputError(f"the map has another model called {taken[0]!r}; expected {wanted}")
    later = pd.concat([kept.raw.models[kept.n_first :], models[is_new]]).reset_index(drop=True)
    rows = np.vstack([kept.raw.values[kept.n_first :], more.values[is_new.to_numpy()]])
    order = later["model"].astype(str).argsort(kind="stable")
    tables = [kept.raw.models[: kept.n_first], later.loc[order]]
    both = np.vstack([kept.raw.values[: kept.n_first], rows[order]])
    matrix = replace(kept.raw, values=both, models=pd.concat(tables))
    grown = replace(kept, raw=matrix, places=kept.places[: kept.n_first])
    first, after = np.split(grown.Q, [kept.n_first])
    if len(after):
        placed = layout.add(grown.places, first, after, grown.names[kept.n_first :])
        grown = replace(grown, places=pd.concat([grown.places, placed]))
    return grown


def save(kept: StoredMap, folder: Path, about: Mapping) -> None:
    """Write what `open` reads: the matrix, and a record of models, texts, rule and places.

    about: more that the record is to say. No path of this machine is in either.
    """
    with store.replacing(folder / _MATRIX) as partial:
        released.seal(kept.raw, partial)
    columns = [name for name in ("model", "id", "revision", "commit") if name in kept.raw.models]
    record = {"text_set": kept.raw.text_set, "n_texts": len(kept.raw.texts), "rule": kept.raw.rule}
    record |= {"n_first": kept.n_first, "threshold": kept.threshold, "settings": kept.settings}
    record |= {"models": json.loads(kept.raw.models[columns].to_json(orient="records"))}
    record |= {"places": kept.places.to_numpy().tolist(), **about}
    store.write_json(folder / RECORD, record)


def open(folder: str | Path) -> StoredMap:
    """The map that `save` wrote; raises InputError where it is damaged or there is none."""
    folder = Path(folder)
    with store.opening(folder):
        record = store.read_json(folder / RECORD)
        raw = read_sealed(folder / _MATRIX)
        names = [model["model"] for model in record["models"]]
        row_of = {name: row for row, name in enumerate(raw.models["model"])}
        raw = raw.select([row_of[name] for name in names])  # a killed `save` leaves more of them
        index = pd.Index(names, name="model")
        places = pd.DataFrame(record["places"], index, list(layout.COLUMNS))
        rest = (record[name] for name in ("n_first", "threshold", "settings"))
        return StoredMap(raw, places, *rest)


def _portable(models: pd.DataFrame) -> pd.DataFrame:
    """What a table of models says on every machine, with the digits that `save` keeps."""
    table = models.drop(columns=[name for name in _NOT_KEPT if name in models])
    return pd.DataFrame(**json.loads(table.to_json(orient="split", index=False)))


def _ids(models: pd.DataFrame) -> pd.Series:
    """What tells the weights of each model: its id in the ledger, else its name."""
    names = models["model"].astype(str)
    ids = models.get("id", names).astype(str)
    return ids.where(ids.str.contains("@|^content-"), names)

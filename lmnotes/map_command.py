"""`lmnotes map`: the map of a ledger, of a list of models or of a sealed matrix, in one folder."""

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import lmnotes
from lmnotes import store
from lmnotes.errors import InputError, expect_one_of
from lmnotes.figures import map_page, maps, style
from lmnotes.models import models_about, stored_map
from lmnotes.models.ledger import ledger, read_released, read_sealed
from lmnotes.models.loglik import LikelihoodMatrix
from lmnotes.models.runner import command, listing
from lmnotes.models.scoring.failures import ADVICE
from lmnotes.models.stored_map import StoredMap
from lmnotes.notebook import outputs
from lmnotes.runs import fingerprint

_HIDDEN = ["id", "revision", "commit", "notes"]  # in the tables, and not on the page
_NO_COLOURS = {"model", "label", "x", "y", "pca_x", "pca_y", "parent", *_HIDDEN}
_DEFAULTS = {"clip_share": 0.02, "seed": 42, "perplexity": 30}
_UNITS = {"mean_log_likelihood": "nats per text"}


def draw(options: Namespace) -> None:
    """Write the map that the options of the command line ask for, and say what it is of."""
    matrix, folder = _matrix(options), Path(options.output)
    about = models_about.read(options.about) if options.about else None
    if about is not None:
        joined = models_about.join(matrix.models, about)
        matrix = replace(matrix, models=joined.models)
        print(joined, end="\n" * bool(str(joined)))
    matrix = _chosen(matrix, options.where)
    asked = {name: getattr(options, name) for name in _DEFAULTS}
    asked = {name: value for name, value in asked.items() if value is not None}
    is_there = (folder / stored_map.RECORD).is_file() and not options.anew
    if options.onto and is_there and Path(options.onto).resolve() != folder.resolve():
        given = f"--onto {options.onto} was given, and another map lies in {folder}"
        raise InputError(f"{given}; expected a folder without one: name --output, or give --anew")
    if options.onto or is_there:
        old = stored_map.open(options.onto or folder)
        for name, value in asked.items():
            if value != (was := old.settings[name]):
                given = f"--{name.split('_')[0]} {value:g} was given for a map drawn with {was:g}"
                raise InputError(f"{given}; expected the same: leave it out, or draw it --anew")
        kept = stored_map.add(old, matrix)
        if about is not None:  # of the old ones too
            models = models_about.join(kept.raw.models, about).models
            kept = replace(kept, raw=replace(kept.raw, models=models))
    else:
        kept = old = stored_map.draw(matrix, **_DEFAULTS | asked)
    write(kept, folder, options.colour)
    for name in sorted(set(kept.names) - set(old.names)):
        near = kept.near[kept.near["model"] == name]
        words = [f"{n} ({d:.3g})" for n, d in zip(near["neighbour"], near["distance"], strict=True)]
        print(f"added {name}; nearest, nats per text: {', '.join(words)}")
    n_texts = kept.raw.values.shape[1]
    print(f"{len(kept.names):,} models, {n_texts:,} texts, {kept.raw.rule}; map: {folder}")


def write(kept: StoredMap, folder: Path, colour: str = "family") -> None:
    """Write a map as tables, as a page, as a figure, and as what a later call grows it from.

    The same map is the same bytes. colour: a column of the map's table, of the figure and first of
    the page. Raises InputError where there is no such column.
    """
    table = kept.table
    ways = [name for name in ("family", "type", "architecture") if name in table]
    told = [name for name in ways if _tells(table[name])]
    table = table.assign(family=table[(told or ways)[0]] if ways else "all")
    expect_one_of("--colour", colour, table.columns.difference(_NO_COLOURS, sort=False))
    others = [n for n in table if n not in {colour, *_NO_COLOURS} and _tells(table[n])]
    with store.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    files = ["map.csv", "map.parquet", "distances.parquet", "map.html", "map.pdf", "map.svg"]
    kept.to_csv(folder / "map.csv")
    kept.to_parquet(folder / "map.parquet")
    with store.replacing(folder / "distances.parquet") as partial:
        square = kept.distance.astype(np.float32)
        pd.DataFrame(square, kept.names, kept.names).to_parquet(partial, use_dictionary=False)
    try:
        kept.to_netcdf(folder / "map.nc")
        files.append("map.nc")
    except ImportError as error:
        print(f"no map.nc: {error}")
    page = map_page.page(
        table.drop(columns=_HIDDEN, errors="ignore"),
        kept.near.groupby("model", sort=False)["neighbour"].agg(list).to_dict(),
        views={"t-SNE": ("x", "y"), "PCA": ("pca_x", "pca_y")},
        colours=[colour, *others],
        units=_UNITS,
    )
    map_page.save(folder / "map.html", page)
    outputs.save_picture(_figure(table, colour), folder / "map")
    sums = {name: store.file_sha256(folder / name) for name in sorted([*files, "map.png"])}
    versions = {"lmnotes": lmnotes.__version__, **fingerprint.versions()}
    stored_map.save(kept, folder, {"versions": versions, "files": sums})


def _figure(table: pd.DataFrame, colour: str) -> Figure:
    """The t-SNE of the models in the colours of one column."""
    figure, (ax,) = style.panels(width=style.PAGE, height=5.2)
    xy, column = table[["x", "y"]].to_numpy(), table[colour]
    if (dates := map_page.dates_of(column)) is not None:
        column = (dates.dt.year + (dates.dt.day_of_year - 1) / 365.25).rename(colour)
    maps.bare(ax, xlabel="t-SNE 1", ylabel="t-SNE 2")
    ax.set_aspect("equal", adjustable="datalim")  # before names are placed
    is_scale = pd.api.types.is_numeric_dtype(column) and column.dtype != bool
    if is_scale and column.notna().any():
        maps.models(ax, xy, column, unit=" ".join([colour, _UNITS.get(colour, "")]).strip())
        maps.write_names(ax, xy, table)
    else:
        ax.set_title("lines: parents and children" * bool(maps.kin(table)))
        words = column.astype(object).where(column.notna(), maps.UNKNOWN).astype(str)
        maps.draw(ax, xy, table.assign(family=words), lineage=True)
    return figure


def _tells(column: pd.Series) -> bool:
    """Whether models can be told apart by a column, and not each from all others by its name."""
    n, is_word = column.nunique(), not pd.api.types.is_numeric_dtype(column)
    return n > 1 and not (is_word and n == len(column) and column.name != "created_at")


def _matrix(options: Namespace) -> LikelihoodMatrix:
    """The scored models that were named; those that have no row are said."""
    path = Path(options.models)
    if path.suffix in (".pkl", ".pickle"):
        return read_released(path)
    if path.suffix == ".safetensors":
        return read_sealed(path)
    for folder in (path, ledger.home() / path):
        if (folder / "rows").is_dir():
            rows = ledger.open_folder(folder)
            for lost in rows.failures().itertuples():
                print(f"left out: {lost.model}: {lost.kind}; {ADVICE[lost.kind]}")
            return rows.matrix()
    table = listing.listed(path, fill=False)
    texts = command.load_texts(options)
    if options.score:
        result = listing.scored(table, texts, options.rule, options.ledger)
    else:
        rows = ledger.open(texts, listing.rule_for(table, options.rule), options.ledger)
        result = listing.collected(table, rows)
    for lost in result.failures.to_dict("records"):
        print(f"left out: {lost['model']}: {lost['reason']}; {lost['what to do']}")
    return result.matrix


def _chosen(matrix: LikelihoodMatrix, where: str | None) -> LikelihoodMatrix:
    """The models of which a query of their columns is true."""
    if not where:
        return matrix
    try:
        rows = matrix.models.query(where, engine="python").index
    except Exception as error:  # whatever a query of words may raise
        given = f"--where {where!r} was given ({error})"
        columns = ", ".join(map(str, matrix.models))
        then = "write names with blanks in backticks, words in quotes"
        raise InputError(f"{given}; expected a condition on {columns}: {then}") from None
    print(f"{len(rows)} of {len(matrix)} models, where {where}")
    return matrix.select(models=np.asarray(rows))

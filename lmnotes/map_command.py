"""`lmnotes map`: the map of a ledger, of a list of models or of a sealed matrix, in one folder."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line imports this, and waits for nothing
    import pandas as pd

    from lmnotes.models.loglik import LikelihoodMatrix
    from lmnotes.models.stored_map import StoredMap

_HIDDEN = ("id", "revision", "commit", "notes")  # in the tables, and not on the page
_UNITS = {"mean_log_likelihood": "nats per text"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give a parser the arguments of `lmnotes map`."""
    from lmnotes.models.runner import command

    add = parser.add_argument
    add("models", help="a ledger's folder or name; a list, csv or folder of models; or a matrix")
    add("--about", metavar="TABLE", help="csv, tsv or parquet: what is known of them, by name")
    add("--where", metavar="WHAT", help="only those, such as \"family == 'pythia' and size < 1e9\"")
    add("--output", metavar="FOLDER", default="map", help="where to (map); a map there grows")
    add("--onto", metavar="FOLDER", help="the map to place them into, if not that of --output")
    add("--anew", action="store_true", help="draw the map anew, though there is one")
    add("--colour", metavar="COLUMN", default="family", help="of the figure (family)")
    add("--clip", type=float, default=0.02, metavar="SHARE", help="of all entries (0.02)")
    add("--perplexity", type=float, default=30, help="of t-SNE (30)")
    add("--seed", type=int, default=42, help="of t-SNE (42)")
    add("--score", action="store_true", help="score models of a list that have no row")
    command.add_texts(parser)


def draw(options: argparse.Namespace) -> int:
    """The exit code, 0, when the folder holds the map and all that goes with it."""
    from dataclasses import replace

    from lmnotes.errors import InputError
    from lmnotes.models import models_about, stored_map

    matrix, folder = _matrix(options), Path(options.output)
    base = Path(options.onto or folder)
    is_grown = not options.anew and (base / stored_map.RECORD).is_file()
    if options.onto and not is_grown:
        given = f"--onto {base} was given" + " with --anew" * options.anew
        raise InputError(f"{given}; expected the folder of a map: leave one of them out")
    about = models_about.read(options.about) if options.about else None
    if about is not None:
        joined = models_about.join(matrix.models, about)
        matrix = replace(matrix, models=joined.models)
        print(joined, end="\n" * bool(str(joined)))
    matrix = _chosen(matrix, options.where)
    if is_grown:
        old = stored_map.open(base)
        kept = stored_map.add(old, matrix)
    else:
        settings = {"seed": options.seed, "perplexity": options.perplexity}
        kept = old = stored_map.draw(matrix, options.clip, **settings)
    if is_grown and about is not None:
        models = models_about.join(kept.raw.models, about).models
        kept = replace(kept, raw=replace(kept.raw, models=models))
    write(kept, folder, options.colour)
    for name in sorted(set(kept.names) - set(old.names)):
        near = kept.near[kept.near["model"] == name]
        words = [f"{n} ({d:.3g})" for n, d in zip(near["neighbour"], near["distance"], strict=True)]
        print(f"added {name}; nearest, nats per text: {', '.join(words)}")
    n_texts = kept.raw.values.shape[1]
    print(f"{len(kept.names):,} models, {n_texts:,} texts, {kept.raw.rule}; map: {folder}")
    return 0


def write(kept: "StoredMap", folder: Path, colour: str = "family") -> None:
    """Write a map as tables, as a page, as a figure, and as what a later call grows it from.

    The same map is the same bytes. colour: a column of the map's table, of the figure and first of
    the page. Raises InputError where there is no such column.
    """
    import numpy as np
    import pandas as pd

    import lmnotes
    from lmnotes import store
    from lmnotes.errors import expect_one_of
    from lmnotes.figures import map_page
    from lmnotes.models import stored_map
    from lmnotes.notebook import outputs
    from lmnotes.runs import fingerprint

    table = _with_family(kept.table)
    hidden = {"model", "label", "x", "y", "pca_x", "pca_y", "parent", *_HIDDEN}
    expect_one_of("--colour", colour, [name for name in table if name not in hidden])
    with store.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    files = ["map.csv", "map.parquet", "distances.parquet", "map.html", "map.pdf", "map.svg"]
    kept.to_csv(folder / "map.csv")
    kept.to_parquet(folder / "map.parquet")
    square = pd.DataFrame(kept.distance.astype(np.float32), kept.names, kept.names)
    with store.replacing(folder / "distances.parquet") as partial:
        square.to_parquet(partial)
    try:
        kept.to_netcdf(folder / "map.nc")
        files.append("map.nc")
    except ImportError as error:
        print(f"no map.nc: {error}")
    page = map_page.page(
        table.drop(columns=[name for name in _HIDDEN if name in table]),
        kept.near.groupby("model", sort=False)["neighbour"].agg(list).to_dict(),
        views={"t-SNE": ("x", "y"), "PCA": ("pca_x", "pca_y")},
        colours=[colour, *(n for n in table if n not in {colour, *hidden} and _tells(table[n]))],
        title="Map of language models",
        units=_UNITS,
    )
    map_page.save(folder / "map.html", page)
    outputs.save_picture(_figure(table, colour), folder / "map")
    sums = {name: store.file_sha256(folder / name) for name in sorted([*files, "map.png"])}
    versions = {"lmnotes": lmnotes.__version__, **fingerprint.versions()}
    stored_map.save(kept, folder, {"versions": versions, "files": sums})


def _figure(table: "pd.DataFrame", colour: str):
    """The t-SNE of the models in the colours of one column."""
    import pandas as pd

    from lmnotes.figures import maps, style

    figure, (ax,) = style.panels(width=style.PAGE, height=5.2)
    xy, column = table[["x", "y"]].to_numpy(), table[colour]
    if pd.api.types.is_numeric_dtype(column) and column.dtype != bool:
        maps.models(ax, xy, column, unit=f"{colour}, {_UNITS[colour]}" if colour in _UNITS else "")
    else:
        words = column.astype(object).where(column.notna(), "not known").astype(str)
        maps.draw(ax, xy, table.assign(family=words), lineage=True)
    maps.bare(ax)
    ax.set_aspect("equal", adjustable="datalim")
    return figure


def _with_family(table: "pd.DataFrame") -> "pd.DataFrame":
    """The table with a column `family`; where it tells nothing, it is the architecture."""
    names = [name for name in ("family", "type", "architecture") if name in table]
    telling = [name for name in names if _tells(table[name])]
    return table.assign(family=table[(telling or names)[0]] if names else "all")


def _tells(column: "pd.Series") -> bool:
    """Whether models can be told apart by a column, and not each from all others by its name."""
    import pandas as pd

    n = column.nunique()
    is_word = not pd.api.types.is_numeric_dtype(column)
    return n > 1 and not (is_word and n == len(column) and column.name != "created_at")


def _matrix(options: argparse.Namespace) -> "LikelihoodMatrix":
    """The scored models that were named; those that have no row are said."""
    from lmnotes.models.ledger import ledger, read_released, read_sealed
    from lmnotes.models.runner import listing
    from lmnotes.models.scoring.failures import ADVICE
    from lmnotes.text import chunks

    path = Path(options.models)
    if path.suffix in (".pkl", ".pickle"):
        return read_released(path)
    if path.suffix == ".safetensors":
        return read_sealed(path)
    named = ledger.home() / path
    for folder in (path, named):
        if (folder / "rows").is_dir():
            rows = ledger.open_folder(folder)
            for lost in rows.failures().itertuples():
                print(f"left out: {lost.model}: {lost.kind}; {ADVICE[lost.kind]}")
            return rows.matrix()
    table = listing.listed(path)
    texts = chunks.load(options.texts, size=options.size, per_domain=options.per_domain)
    if options.score:
        result = listing.scored(table, texts, options.rule, options.ledger)
    else:
        rows = ledger.open(texts, listing.rule_for(table, options.rule), options.ledger)
        result = listing.collected(table, rows)
    for lost in result.failures.to_dict("records"):
        print(f"left out: {lost['model']}: {lost['reason']}; {lost['what to do']}")
    return result.matrix


def _chosen(matrix: "LikelihoodMatrix", where: str | None) -> "LikelihoodMatrix":
    """The models of which a query of their columns is true."""
    import numpy as np

    from lmnotes.errors import InputError

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

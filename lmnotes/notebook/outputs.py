"""What a notebook leaves behind: figures and tables with their data, in the folder of its run."""

import json
import os
import re
import shutil
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pandas as pd
from IPython.display import HTML, Image, Markdown, display

from lmnotes import parallel, store, times
from lmnotes.errors import InputError, expect_one_of
from lmnotes.notebook import card as cards
from lmnotes.notebook import claims, claims_table, parameters, session, shown, tables
from lmnotes.notebook.views import running_shell, show_markdown
from lmnotes.options import in_new_words
from lmnotes.store import write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# No dates, no versions, fixed salt: the same figure is the same bytes in every run.
# No layout by default: each format would lay the figure out anew, and draw it twice.
_STABLE: dict = {"figure.constrained_layout.use": False, "figure.autolayout": False}
_STABLE |= {"svg.hashsalt": "lmnotes", "svg.fonttype": "path", "pdf.fonttype": 42}
_METADATA = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}
_DPI = 200


def begin(name: str, namespace: MutableMapping[str, Any] | None = None) -> None:
    """Start the run of notebook `name`: the folder that its results go to, emptied of older ones.

    Args:
        name: the notebook's name, such as `01_norm_information_gain`.
        namespace: `globals()` of the notebook, in which its parameters are checked, made to the
            types that they were declared with, and remembered. A notebook that was copied under
            another name is checked as its original is.

    The folder is the launcher's (`LMNOTES_RUN_FOLDER`), else `outputs/<name>/interactive/`.
    From here on one thread works, or as many as LMNOTES_THREADS asks for.
    Raises `InputError` where the card is missing or wrong, or where a parameter is, also
    one that papermill was given and that the notebook does not have.
    """
    times.watch_cells(running_shell())
    card, threads = cards.for_notebook(name), parallel.asked_threads()
    parallel.limit_threads(threads)
    if threads > 1:
        given = f"{threads} threads, as LMNOTES_THREADS asks"
        show_markdown(f"*{given}: numbers move from run to run.*")
    values, nearest = _parameters(card, {} if namespace is None else namespace)
    folder = os.environ.get("LMNOTES_RUN_FOLDER")
    folder = Path(folder) if folder else store.outputs_folder().resolve() / name / "interactive"
    with store.writing(folder):
        for part in ("figures", "tables"):
            shutil.rmtree(folder / part, ignore_errors=True)
            (folder / part).mkdir(parents=True)
    profile = os.environ.get("LMNOTES_PROFILE") or nearest
    session.enter(session.Run(name, folder, card, profile, values))
    write_text(folder / "inputs.json", "{}\n")
    claims.save()


def figure(fig: "Figure", name: str, data: pd.DataFrame, caption: str = "") -> None:
    """Save a figure as `figures/NAME.pdf`, `.svg` and `.png`, its data as `.csv`, and show it.

    The figure is closed, so that a notebook shows it once. Raises `InputError` for a figure
    without data.
    """
    frame = _frame(data, f"figure {name!r}", "pass data=, the table that it was drawn from")
    stem = session.current().folder / "figures" / _checked(name)
    save_picture(fig, stem)
    drawn = _picture(stem.with_suffix(".png"), caption or name)
    _keep(frame, stem.with_suffix(".csv"), caption, drawn)
    session.current().refresh()


def save_picture(fig: "Figure", stem: Path) -> None:
    """Save a figure as `stem`.pdf, .svg and .png, the same bytes in every run, and close it."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    from fontTools import subset

    fonts = subset.Options, "_drop_tables_default"
    # matplotlib places every glyph by itself: tables that would are a third of the time of a pdf
    less = patch.object(*fonts, [*getattr(*fonts, ()), "GDEF", "GPOS", "GSUB"], create=True)
    with times.measured("figure", stem.name), mpl.rc_context(_STABLE), less:
        shown.lay_out(fig, _DPI)
        box = fig.get_tightbbox().padded(mpl.rcParams["savefig.pad_inches"])
        for suffix, metadata in _METADATA.items():
            picture = stem.with_suffix(f".{suffix}")
            fig.savefig(picture, dpi=_DPI, metadata=metadata, bbox_inches=box)
    plt.close(fig)


def _picture(path: Path, alt: str) -> Image:
    """A figure as a cell shows it."""
    from PIL import Image as pictures

    with pictures.open(path) as image:
        return Image(shown.packed(image), width=image.width * shown.SCREEN // _DPI, alt=alt)


def hero() -> None:
    """Show the card's hero: the place of its figure, which the notebook draws below, and two
    sentences with what has been measured; both follow the run.

    Raises `InputError` where the card has none.
    """
    run = session.current()
    if (entry := run.card.hero) is None:
        given = f"{run.card.number}.toml has no hero"
        raise InputError(f"{given}; expected [hero] with figure, found and here: write it")
    path = run.folder / "figures" / f"{entry.figure}.png"
    now: dict[str, object] = {}

    def show() -> None:
        here = claims_table.filled(entry.here, claims.rows())
        words = f"**The paper:** {entry.found}\n\n**Here:** {here}"
        then = {"figure": path.is_file() and path.stat().st_mtime_ns, "words": words}
        for part in [part for part in then if now.get(part) != then[part]]:
            drawn = Markdown(_as_markdown(words))
            if part == "figure":
                drawn = Markdown("*Its figure stands here when it is drawn.*")
                drawn = _picture(path, entry.found) if path.is_file() else drawn
            display(drawn, display_id=f"hero of {run.name}: {part}", update=part in now)
        now.update(then)

    if getattr(running_shell(), "kernel", None) is not None:
        run.following.append(show)
        show()


def says(id: str, **numbers: object) -> None:
    """Show a sentence that is made of what the run has found, below the figure that shows it.

    Args:
        id: of a sentence in the card's table `[says]`, or of a claim, for one of its record.
        numbers: for the sentence's slots: numbers, (value, (low, high)), words, lists of words.

    `{id}`: what was measured for a claim, with interval and unit; `{id.published}`, `{id.verdict}`:
    what the paper prints, the verdict. They follow the run where the claim is recorded later.
    `{name}`, `{name:.2f}`: what was handed over. `{name:above|level with|below}`, of it or of a
    claim: the first word where it lies above 0 with its interval, the last where it lies below,
    else the one between; of two words, the last unless it lies above 0.

    Raises `InputError` for an unknown id, a slot that nothing fills and a number without a slot.
    """
    run = session.current()
    now: list[str] = []
    where = f"in {run.card.number}.toml"
    expect_one_of(f"sentence or claim {where}:", id, [*run.card.says, *run.card.claims])
    slots = [name for name, *_ in cards.FIELD.findall(run.card.says.get(id, ""))]
    if missing := [name for name in slots if name not in run.card.claims | numbers]:
        given = f"sentence {id!r} {where} has slots that nothing fills: {', '.join(missing)}"
        raise InputError(f"{given}; expected claims or numbers: says({id!r}, {missing[0]}=...)")
    for name in numbers:
        expect_one_of(f"number for {id!r} {where}:", name, slots)

    def show() -> None:
        rows = claims.rows()
        if id in run.card.says:
            words = claims_table.filled(run.card.says[id], rows, numbers)
        else:
            words = claims_table.recorded(rows[id])
        if words not in now[-1:]:
            display(
                Markdown(f"**Here:** {_as_markdown(words)}"), display_id=place, update=bool(now)
            )
            now.append(words)

    place = f"sentence {len(run.following)} of {run.name}"
    if getattr(running_shell(), "kernel", None) is not None:
        run.following.append(show)
        show()


def table(data: pd.DataFrame, name: str, caption: str = "") -> None:
    """Save a table as `tables/NAME.csv` and show it."""
    frame = _frame(data, f"table {name!r}", "pass the table")
    path = session.current().folder / "tables" / f"{_checked(name)}.csv"
    _keep(frame, path, caption, HTML(tables.as_html(frame)))


def _parameters(card: cards.Card, namespace: MutableMapping[str, Any]) -> tuple[dict, str]:
    """The notebook's parameters as its namespace has them, checked, and the nearest profile.

    papermill hands over what it was given as it stands, texts among it, so the checked values take
    their place.
    """
    declared, _ = parameters.declared(cards.notebooks_folder() / f"{card.notebook}.ipynb")
    names = [parameter.name for parameter in declared]
    injected = [text for text in namespace.get("In", ()) if text.startswith("# Parameters\n")]
    given = re.findall(r"^(\w+) = ", "".join(injected[-1:]), re.M)  # as papermill writes it
    handed = in_new_words({name: namespace.get(name) for name in given}, names)
    for name in handed:
        expect_one_of(f"parameter of {card.notebook}", name, names)
    namespace.update(handed)
    given = {p.name: namespace[p.name] for p in declared if p.name in namespace}
    values = parameters.check(declared, given)
    namespace.update({name: values[name] for name in given})

    def agreement(profile: str) -> tuple[int, bool]:
        settings = parameters.check(declared, card.profiles.get(profile, {}))
        return sum(settings[name] == values[name] for name in names), profile == "laptop"

    return values, max(cards.PROFILES, key=agreement)


def _frame(data: object, what: str, advice: str) -> pd.DataFrame:
    """The data as a DataFrame with at least one row."""
    if isinstance(data, pd.Series):
        data = data.to_frame()
    elif isinstance(data, Mapping):
        data = pd.DataFrame(data)
    if not isinstance(data, pd.DataFrame) or data.empty:
        given = "an empty table" if isinstance(data, pd.DataFrame) else type(data).__name__
        said = f"{what} was given {given} as data"
        raise InputError(f"{said}; expected a DataFrame with rows: {advice}")
    return data


def _keep(frame: pd.DataFrame, path: Path, caption: str, drawn: object) -> None:
    """Write the data and the caption, and show what there is to show where a kernel can."""

    def as_cells(column: pd.Series) -> pd.Series:
        return column if pd.api.types.is_numeric_dtype(column) else column.map(session.as_cell)

    index = not isinstance(frame.index, pd.RangeIndex)
    frame = frame.apply(as_cells).rename(index=session.as_cell, columns=session.as_cell)
    frame.to_csv(path, index=index, float_format="%.10g", lineterminator="\n", encoding="utf-8")
    listed = path.with_name("captions.json")
    captions = json.loads(listed.read_text(encoding="utf-8")) if listed.exists() else {}
    captions[path.stem] = caption
    write_text(listed, json.dumps(captions, indent=1, ensure_ascii=False) + "\n")
    if getattr(running_shell(), "kernel", None) is not None:
        display(drawn)
        show_markdown(_as_markdown(caption))


def _checked(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        wanted = "letters, digits, '_' and '-', as it names a file"
        raise InputError(f"name {name!r} was given; expected {wanted}: rename it")
    return name


def _as_markdown(caption: str) -> str:
    """A caption, which may quote what a file or a command line said, without any tag."""
    parts = re.split(r"(\$[^$]+\$)", caption)
    less = ("&lt;", r"\lt ")  # in text, and in a formula
    return "".join(part.replace("<", less[i % 2]) for i, part in enumerate(parts))

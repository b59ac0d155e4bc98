"""Publish runs: a folder or zip that a repository takes, an RO-Crate 1.1 with its metadata.

Each run comes whole, without what names the machine. `deposit` says what it is.
"""

import csv
import getpass
import json
import os
import re
import socket
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.notebook import card as cards
from lmnotes.runs import deposit, record

_ANY_DAY = (1980, 1, 1, 0, 0, 0)  # of each file in the zip: same runs, same bytes
_PICTURES = (".png", ".pdf")  # they are looked at, and not scrubbed
_COMMON = {"root", "user", "admin", "runner", "jovyan", "localhost"}  # names of nobody
_SHORT = 4  # characters; a shorter name stands in many words and pictures


def publish(
    asked: Sequence[str] = (),
    profile: str = "laptop",
    output: str = "lmnotes-runs.zip",
    authors: Sequence[str] = (),
    orcids: Sequence[str] = (),
    title: str | None = None,
) -> Path:
    """The folder, or the .zip, of these runs as a deposit; equal runs give equal bytes.

    Args:
        asked: folders of runs, or numbers of notebooks for their last good run at the profile; none
            for the last good run of each notebook at any profile.
        authors: "Family, Given" each; by default the project's, as in its CITATION.cff.
        orcids: of the authors, in their order.

    Raises InputError where a run failed, was changed or is not there, where something is at
    `output`, for a placeholder in place of a name, and where a picture names this machine.
    """
    try:
        from rocrate.rocrate import ROCrate
    except ImportError:
        given = "rocrate, which writes RO-Crates, is not installed"
        raise InputError(f"{given}: expected the extra; pip install 'lmnotes[publish]'") from None
    runs = [_run(name, folder) for name, folder in _folders(asked, profile)]
    if len({run["notebook"] for run in runs}) < len(runs):
        given = f"{', '.join(asked)} name a notebook twice"
        raise InputError(f"{given}: expected one run of each; publish the others by themselves")
    if (path := Path(output).expanduser().absolute()).exists():
        raise InputError(f"{path} is there already: expected a new folder or .zip; name another")
    people = deposit.people(authors, orcids)
    with store.writing(path), tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        made, staged = Path(scratch, "crate"), Path(scratch, "files")
        crate = ROCrate(version="1.1", gen_preview=True)
        for number, run in enumerate(runs):
            folder = staged / run["notebook"]
            scrubbed = _scrubbed(run, folder)
            runs[number] = _run(run["notebook"], folder)  # what is said below names no machine
            _add(crate, runs[number], scrubbed, staged)
        about = deposit.about(runs, title)
        for name, text in deposit.files(runs, people, about).items():
            store.write_text(staged / name, text)
            _file(crate, staged / name, name, description=deposit.FILES[name])
        deposit.describe(crate.root_dataset, people, about, deposit.Adder(crate))
        crate.write(made)
        if path.suffix == ".zip":
            _pack(made, path)
        else:
            os.replace(made, path)
    return path


def _folders(asked: Sequence[str], profile: str) -> list[tuple[str, Path]]:
    """What was asked for, and the folder of each run."""
    if not asked:
        good = [entry for entry in record.on_disk() if entry["status"] == "ok"]
        if not good:
            given = f"no run that ended well is in {store.outputs_folder()}"
            raise InputError(f"{given}: expected one at least; lmnotes run 01 makes one")
        return sorted({entry["notebook"]: entry["folder"] for entry in good}.items())
    pairs = []
    for name in asked:
        folder = Path(name).expanduser().absolute()
        if not folder.is_dir():
            notebook = cards.find(name).stem
            if not (entry := record.last(notebook, profile)):
                given = f"{notebook} has no run at {profile} that ended well"
                raise InputError(f"{given}: expected one; lmnotes run {name} --profile {profile}")
            folder = entry["folder"]
        pairs.append((name, folder))
    return pairs


def _run(name: str, folder: Path) -> dict:
    """The record of a run that is whole, with its `folder`, `card` and rows of `claims`."""
    entry = record.read(folder)
    if not entry or not record.is_whole(folder, entry):
        state = f"{entry['status']}, or a file of it was changed" if entry else "no run's folder"
        then = "lmnotes run --force makes it anew"
        raise InputError(
            f"{name}: {folder} is {state}; expected a whole run that ended well: {then}"
        )
    with open(folder / "claims.csv", newline="", encoding="utf-8") as file:
        claims = list(csv.DictReader(file))
    card = cards.for_notebook(entry["notebook"])
    return entry | {"folder": folder, "card": card, "claims": claims}


def _scrubber(run: dict) -> Callable[[str, bytes], bytes]:
    """A function of a file's ending and bytes that takes out what names this machine or its user.

    Known folders, and those that a parameter names, go wherever they stand; names of user and host
    only as words of a record, notebook or page, not of data.
    """
    values = (v if isinstance(v, list) else [v] for v in run["parameters"].values())
    given = [Path(v) for listed in values for v in listed if str(v).startswith("/")]
    folders = {path.parent: "given" for path in given}
    folders |= {Path.home(): "home", Path.cwd(): "folder", Path(sys.prefix): "python"}
    folders |= {store.home(): "cache", Path(__file__).parents[2]: "lmnotes"}
    folders |= {store.outputs_folder(): "outputs", run["folder"].parents[1]: "outputs"}
    notebook = record.read_json(run["folder"] / "notebook.ipynb") or {}
    made = notebook.get("metadata", {}).get("papermill", {})  # perhaps elsewhere
    for key, n_up, what in (("input_path", 1, "lmnotes"), ("output_path", 2, "outputs")):
        if str(made.get(key)).startswith("/"):
            folders[Path(made[key]).parents[n_up]] = what
    folders |= {path.resolve(): what for path, what in folders.items()}
    known = {str(path).encode(): what.encode() for path, what in folders.items() if path.name}
    longest_first = sorted(known, key=len, reverse=True)
    paths = re.compile(b"(" + b"|".join(map(re.escape, longest_first)) + rb")(?![\w-])")
    names = {getpass.getuser().encode(): b"<user>", socket.gethostname().encode(): b"<host>"}
    names = {n: w for n, w in names.items() if len(n) >= _SHORT and n.decode() not in _COMMON}
    words = re.compile(rb"\b(" + b"|".join(map(re.escape, names)) + rb")\b")

    def scrub(suffix: str, data: bytes) -> bytes:
        data = paths.sub(lambda match: b"<" + known[match[1]] + b">", data)
        data = re.sub(rb"/tmp/ipykernel_\d+/", b"", data)
        if names and suffix in (".json", ".ipynb", ".html"):
            data = words.sub(lambda match: names[match[1]], data)
        return data

    return scrub


def _scrubbed(run: dict, folder: Path) -> list[str]:
    """The names of those files of a run that came into the folder other than they were."""
    scrub, changed, sums = _scrubber(run), [], {}
    for name in run["files"]:
        data, suffix = (run["folder"] / name).read_bytes(), Path(name).suffix
        if (clean := scrub(suffix, data)) != data:
            if suffix in _PICTURES:
                given = f"{run['folder'] / name} holds a path of this machine"
                raise InputError(f"{given}: expected none in a picture; draw it without, run again")
            changed.append(name)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(clean)
        sums[name] = store.file_sha256(folder / name)
    entry = (record.read(run["folder"]) or {}) | {"files": sums, "scrubbed": changed}
    entry["machine"] = entry.get("machine", {}) | {"platform": sys.platform}
    text = json.dumps(entry, indent=1, ensure_ascii=False).encode()
    (folder / record.RECORD).write_bytes(scrub(".json", text) + b"\n")
    return [*changed, record.RECORD]


def _file(crate, source: Path, name: str, **about):
    """A file of the crate with its size, checksum and format."""
    about |= {"sha256": store.file_sha256(source), "contentSize": str(source.stat().st_size)}
    about |= {"name": name, "encodingFormat": deposit.FORMATS.get(source.suffix, "text/plain")}
    return crate.add_file(source, quote(name), properties=about)


def _add(crate, run: dict, scrubbed: list[str], staged: Path) -> None:
    """The files of a run, and what made them, as entities."""
    stem, files = run["notebook"], {}
    captions: dict[str, str] = {}
    for part in ("figures", "tables"):
        known = record.read_json(staged / stem / part / "captions.json") or {}
        captions |= {f"{part}/{name}": caption for name, caption in known.items()}
    for name in sorted([*run["files"], record.RECORD]):
        says = captions.get(str(Path(name).with_suffix("")), deposit.FILES.get(name, ""))
        says += " Names of the machine were taken out of it." if name in scrubbed else ""
        about = {"description": says.strip()} if says else {}
        files[name] = _file(crate, staged / stem / name, f"{stem}/{name}", **about)
    for name, drawn in files.items():
        table = str(Path(name).with_suffix(".csv"))
        if name.startswith("figures/") and table != name and table in files:
            drawn["isBasedOn"] = files[table]
    action, reviews, paper = deposit.entities(run, deposit.Adder(crate))
    action["result"], files["claims.csv"]["about"] = list(files.values()), reviews
    crate.root_dataset.append_to("mentions", [action, *reviews])
    crate.root_dataset.append_to("citation", paper)


def _pack(folder: Path, path: Path) -> None:
    """Write all files of a folder into a zip."""
    with store.replacing(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _ANY_DAY)
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)

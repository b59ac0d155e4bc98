"""Publish runs: a folder or zip that a repository takes, an RO-Crate 1.1 with its metadata.

Each run comes whole, without what names the machine. `deposit` says what it is.
"""

import getpass
import json
import os
import re
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lmnotes import store
from lmnotes.errors import InputError, expect_one_of
from lmnotes.notebook import card as cards
from lmnotes.runs import deposit, record

_PICTURES = (".png", ".pdf")  # packed: a search of their bytes would find nothing
_COMMON = {"root", "user", "admin", "runner", "jovyan", "localhost"}  # names of nobody
_SHORT = 4  # characters; a shorter name stands in many words
# a path's beginning, neither in an address nor in the middle of a word or of packed data
_EDGE = rb"(?:(?<![\w+/.-])|(?<=\\[nt])|(?<=\dm)|(?<=://))"
_ELSEWHERE = {  # of any machine
    rb"(?:/[\w.+@-]{1,99}){1,20}(?=/lib/python3)": "python",
    rb"(?:/home|/Users)/[\w.@-]+|/root(?=/)": "home",
    rb"/(?:tmp|var/folders/\w+)/[\w.-]+": "temporary",
}


def publish(
    asked: Sequence[str] = (),
    profile: str = "laptop",
    output: str = "lmnotes-runs.zip",
    authors: Sequence[str] = (),
) -> Path:
    """The folder, or the .zip, of these runs as a deposit.

    Args:
        asked: folders of runs, or numbers of notebooks for their last good run at the profile; none
            for the last good run of each notebook at any profile.
        authors: "Family, Given" each; by default the project's, as in its CITATION.cff.

    Raises InputError where a run failed, was changed or is not there, and where something is at
    `output`.
    """
    try:
        from rocrate.rocrate import ROCrate
    except ImportError:
        given = "rocrate, which writes RO-Crates, is not installed"
        raise InputError(f"{given}: expected the extra; pip install 'lmnotes[publish]'") from None
    runs = [_run(folder) for folder in _folders(asked, profile)]
    if len({run["notebook"] for run in runs}) < len(runs):
        given = f"{', '.join(asked)} name a notebook twice"
        raise InputError(f"{given}: expected one run of each; publish the others by themselves")
    if (path := Path(output).expanduser().absolute()).exists():
        raise InputError(f"{path} is there already: expected a new folder or .zip; name another")
    with store.writing(path), tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        made, staged = Path(scratch, "crate"), Path(scratch, "files")
        crate = ROCrate(version="1.1", gen_preview=True)
        for number, run in enumerate(runs):
            scrubbed = _scrubbed(run, staged / run["notebook"])
            runs[number] = _run(staged / run["notebook"])  # what is said below names no machine
            _add(crate, runs[number], scrubbed)
        for name, text in deposit.describe(crate, runs, authors or deposit.AUTHORS).items():
            store.write_text(staged / name, text)
            _file(crate, staged / name, name, deposit.FILES[name])
        if path.suffix == ".zip":
            crate.write_zip(made)
        else:
            crate.write(made)
        os.replace(made, path)
    return path


def _folders(asked: Sequence[str], profile: str) -> list[Path]:
    """The folder of each run that was asked for."""
    if not asked:
        good = [entry for entry in record.on_disk() if entry["status"] == "ok"]
        if not good:
            given = f"no run that ended well is in {store.outputs_folder()}"
            raise InputError(f"{given}: expected one at least; lmnotes run 01 makes one")
        last = {entry["notebook"]: entry["folder"] for entry in good}
        return [last[notebook] for notebook in sorted(last)]
    folders = []
    for name in asked:
        folder = Path(name).expanduser().absolute()
        if not folder.is_dir():
            notebook = cards.find(name).stem
            expect_one_of("--profile", profile, cards.PROFILES)
            if not (entry := record.last(notebook, profile)):
                given = f"{notebook} has no run at {profile} that ended well"
                raise InputError(f"{given}: expected one; lmnotes run {name} --profile {profile}")
            folder = entry["folder"]
        folders.append(folder)
    return folders


def _run(folder: Path) -> dict:
    """The record of a run that is whole, with its `folder`, `card` and rows of `claims`."""
    entry = record.read(folder)
    if not entry or not record.is_whole(folder, entry):
        state = f"{entry['status']}, or a file of it was changed" if entry else "no run's folder"
        then = "lmnotes run --force makes it anew"
        raise InputError(f"{folder} is {state}; expected a whole run that ended well: {then}")
    card = cards.for_notebook(entry["notebook"])
    return entry | {"folder": folder, "card": card, "claims": record.claims(folder)}


def _scrubber(run: dict) -> Callable[[str, bytes], bytes]:
    """A function of a file's ending and bytes that takes out what names a machine or its user.

    Folders of this machine, those that a parameter names, and homes and temporary folders of any,
    go wherever they stand; names of user and host only as words of a record, notebook or page, not
    of data.
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
    known = {str(path): what for path, what in folders.items() if path.name}
    table = {_EDGE + re.escape(path.encode()) + rb"(?![\w-])": known[path] for path in known}
    table = {path: table[path] for path in sorted(table, key=len, reverse=True)}  # inner first
    table |= {_EDGE + rb"(?:" + path + rb")": what for path, what in _ELSEWHERE.items()}
    names = {getpass.getuser(): "user", socket.gethostname(): "host"}
    names = {n: w for n, w in names.items() if len(n) >= _SHORT and n not in _COMMON}
    words = {rb"\b" + re.escape(name.encode()) + rb"\b": what for name, what in names.items()}

    def scrub(suffix: str, data: bytes) -> bytes:
        said = words if suffix in (".json", ".ipynb", ".html") else {}
        for pattern, what in () if suffix in _PICTURES else (table | said).items():
            data = re.sub(pattern, b"{%s}" % what.encode(), data)
        return data

    return scrub


def _scrubbed(run: dict, folder: Path) -> list[str]:
    """The names of those files of a run that came into the folder other than they were."""
    scrub, changed, sums = _scrubber(run), [], {}
    for name in run["files"]:
        data = (run["folder"] / name).read_bytes()
        if (clean := scrub(Path(name).suffix, data)) != data:
            changed.append(name)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(clean)
        sums[name] = store.file_sha256(folder / name)
    entry = (record.read(run["folder"]) or {}) | {"files": sums, "scrubbed": changed}
    machine = entry.get("machine", {})  # the platform's text may hold the machine's name
    entry["machine"] = machine | {"platform": machine.get("platform", "").partition("-")[0]}
    text = json.dumps(entry, indent=1, ensure_ascii=False).encode()
    (folder / record.RECORD).write_bytes(scrub(".json", text) + b"\n")
    return [*changed, record.RECORD]


def _file(crate: Any, source: Path, name: str, description: str = "") -> Any:
    """A file of the crate with its size, checksum and format."""
    about = {"sha256": store.file_sha256(source), "contentSize": str(source.stat().st_size)}
    about |= {"name": name, "encodingFormat": deposit.FORMATS.get(source.suffix, "text/plain")}
    about |= {"description": description} if description else {}
    return crate.add_file(source, quote(name), properties=about)


def _add(crate: Any, run: dict, scrubbed: list[str]) -> None:
    """The files of a run, and what made them, as entities."""
    files, captions = {}, dict(deposit.FILES)
    for part in ("figures", "tables"):
        known = record.read_json(run["folder"] / part / "captions.json") or {}
        captions |= {f"{part}/{name}": caption for name, caption in known.items()}
    for name in sorted([*run["files"], record.RECORD]):
        says = captions.get(str(Path(name).with_suffix("")), captions.get(name, ""))
        says += " Names of the machine were taken out of it." if name in scrubbed else ""
        files[name] = _file(crate, run["folder"] / name, f"{run['notebook']}/{name}", says.strip())
    for name, drawn in files.items():
        table = str(Path(name).with_suffix(".csv"))
        if name.startswith("figures/") and table != name and table in files:
            drawn["isBasedOn"] = files[table]
    action, reviews, paper = deposit.entities(crate, run)
    action["result"], files["claims.csv"]["about"] = list(files.values()), reviews
    crate.root_dataset.append_to("mentions", [action, *reviews])
    crate.root_dataset.append_to("citation", paper)

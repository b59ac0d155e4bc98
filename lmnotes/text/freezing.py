"""Freeze the installed text: one file from which another machine reads the same text.

Upgrades of packages change the installed text, and so every number that follows from it.
"""

import json
import sys
import zipfile
from collections.abc import Iterable
from hashlib import sha256
from importlib import metadata
from pathlib import Path

import pandas as pd
from tqdm.auto import tqdm

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.text import frozen, functions, installed

FILE, SOURCES = "lmnotes-text.zip", "sources.csv"
_ANY_DAY = (1980, 1, 1, 0, 0, 0)  # of each file in the zip: same text, same bytes
_STATED = {  # licences of what has none in a package's metadata, by how its source begins
    "python": "PSF-2.0",
    "pydoc_data.topics": "PSF-2.0",
    "Unicode": "Unicode-3.0 (character names)",
    "arithmetic": "MIT (made by lmnotes)",
    "gensim/enwiki": "CC BY-SA 3.0 (Wikipedia)",
    "gensim/lee": "not stated (news of the Australian Broadcasting Corporation)",
}
_LONG = 120  # characters; an entry of more is the whole licence
_ABOUT = f"The installed text of lmnotes, frozen. Its texts belong to their authors: see {SOURCES}."


def freeze(path: str | Path = FILE) -> Path:
    """The path of a zip that holds the installed text; the same text gives the same bytes.

    Raises InputError where something is at that path.
    """
    if (path := Path(path).expanduser()).exists():
        raise InputError(f"{path} is there already: expected a new file; give another name")
    tables: dict[str, Iterable] = {"functions": functions.candidates(functions.PACKAGES)}
    tables |= {"modules": installed.modules(), "topics": sorted(installed.topics().items())}
    domains_of: dict[str, list[str]] = {}
    for domain in tqdm(installed.DOMAINS, "domains of the text"):
        rows = [(d.title, d.text, d.source) for d in installed.documents(domain)]
        tables[f"documents/{domain}"] = rows
        for source in dict.fromkeys(source for _, _, source in rows):
            domains_of.setdefault(source, []).append(domain)
    files = {f"{name}.jsonl": _lines(table) for name, table in tables.items()}
    sources = [(name, *_origin(name), " ".join(of)) for name, of in sorted(domains_of.items())]
    table = pd.DataFrame(sources, columns=["source", "version", "licence", "domains"])
    files[SOURCES] = table.to_csv(index=False, lineterminator="\n").encode()
    manifest = {"about": _ABOUT, "format": frozen.FORMAT, "key": installed.key(installed.DOMAINS)}
    manifest["files"] = {name: sha256(files[name]).hexdigest() for name in sorted(files)}
    files[frozen.MANIFEST] = json.dumps(manifest, indent=1).encode()
    with store.replacing(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _ANY_DAY), data, zipfile.ZIP_DEFLATED)
    return path


def report(path: str | Path = FILE, *more: str) -> str:
    """Freeze the installed text, and say what the file holds, whose it is, and how to use it."""
    if more:
        given = f"{path} {' '.join(more)} were given to freeze"
        raise InputError(f"{given}: expected one file; name one, or none for {FILE}")
    path = freeze(path)
    with zipfile.ZipFile(path) as archive, archive.open(SOURCES) as file:
        sources = pd.read_csv(file)
    lines = [f"{path}: {path.stat().st_size / 1e6:.1f} MB, id {frozen.opened(path).content_id}"]
    lines += [f"Its texts are not lmnotes's; their licences, as {SOURCES} in it lists them:"]
    for licence, names in sources.groupby("licence")["source"]:
        lines.append(f"  {licence}: {', '.join(names)}")
    lines += ["Whether you may hand it on is for you to decide: it copies whole texts."]
    how = f"lmnotes run 01 -p corpus_name={path}; {frozen.VARIABLE}={path} for every command"
    return "\n".join([*lines, f"Read it: {how}"])


def _lines(rows: Iterable) -> bytes:
    """JSON lines in ASCII: half a surrogate pair is kept as it is."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode("ascii")


def _origin(source: str) -> tuple[str, str]:
    """The version of a source, and its licence as its package's metadata state it."""
    package, _, _ = source.partition("/")
    version = installed.version(package)
    stated = [licence for name, licence in _STATED.items() if source.startswith(name)]
    if stated or version is None:
        python = ".".join(map(str, sys.version_info[:3]))
        return (version or python if stated else ""), (stated or ["not known: not installed"])[0]
    about = metadata.metadata(installed.distribution(package))
    classes = [name for name in about.get_all("Classifier") or () if name.startswith("License")]
    fields = ("License-Expression", "License")
    said = [text for field in fields for text in about.get_all(field) or ()]
    said += [name.rpartition(" :: ")[2] for name in classes] + ["not stated"]
    return version, next(text for text in said if text and len(text) < _LONG and "\n" not in text)

"""Freeze the installed text: one file from which another machine reads the same text.

Upgrades of packages change the installed text, and so every number that follows from it.
"""

import io
import json
import sys
import zipfile
from collections.abc import Iterable
from hashlib import sha256
from importlib import metadata
from pathlib import Path

import pandas as pd

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
_README = f"""\
The installed text of lmnotes, frozen, as JSON lines: documents by domain (title, text, source),
functions (name, package, English, Python), modules and topics. `lmnotes.text.corpus.load(FILE)`,
and a notebook's parameter corpus_name, text_set or prompt_set, read it.
The texts belong to their authors. {SOURCES} has the version and the licence of each source, as its
package states it; who hands this file on has to keep to them.
"""


def freeze(path: str | Path = FILE) -> Path:
    """The path of a zip that holds the installed text; the same text gives the same bytes.

    Raises InputError where something is at that path.
    """
    path = Path(path).expanduser()
    if path.suffix != ".zip" or path.exists():
        why = "is there already" if path.exists() else "does not end in .zip"
        raise InputError(f"{path} {why}: expected the name of a new .zip file; give another")
    rows = [(d.source, d.domain, d.title, d.text) for d in installed.documents(*installed.DOMAINS)]
    documents = pd.DataFrame(rows, columns=["source", "domain", "title", "text"], dtype=object)
    tables: dict[str, Iterable] = {"functions": functions.candidates(functions.PACKAGES)}
    tables |= {"modules": installed.modules(), "topics": sorted(installed.topics().items())}
    for domain in installed.DOMAINS:
        of_domain = documents[documents["domain"] == domain]
        tables[f"documents/{domain}"] = of_domain[["title", "text", "source"]].to_numpy().tolist()
    files = {f"{name}.jsonl": _lines(table) for name, table in tables.items()}
    files |= {SOURCES: _sources(documents).encode(), "README.txt": _README.encode()}
    manifest = {"format": frozen.FORMAT, "key": installed.key(installed.DOMAINS)}
    manifest["files"] = {name: sha256(files[name]).hexdigest() for name in sorted(files)}
    manifest["sha256"] = store.content_id(manifest, 64)
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
    with zipfile.ZipFile(path) as archive:
        sources = pd.read_csv(io.BytesIO(archive.read(SOURCES)))
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


def _sources(documents: pd.DataFrame) -> str:
    """The table of sources: version and licence of each, and what is in it."""
    rows = [
        (
            source,
            *_origin(source),
            " ".join(of["domain"].unique()),
            len(of),
            of["text"].str.len().sum(),
        )
        for source, of in documents.groupby("source")
    ]
    columns = ["source", "version", "licence", "domains", "n_documents", "n_characters"]
    return pd.DataFrame(rows, columns=columns).to_csv(index=False, lineterminator="\n")


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
    said = [about["License-Expression"], about["License"]]
    said += [name.rpartition(" :: ")[2] for name in classes] + ["not stated"]
    return version, next(text for text in said if text and len(text) < _LONG and "\n" not in text)

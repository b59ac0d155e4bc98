"""Real text that every installation carries, by domain; nothing here is downloaded or imported."""

import random
import re
import sys
import sysconfig
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from hashlib import blake2b
from importlib import metadata, util
from pathlib import Path

import pandas as pd

from lmnotes import store
from lmnotes.errors import expect_one_of
from lmnotes.text import frozen
from lmnotes.text.markup import docstrings, wiki
from lmnotes.text.markup.prose import prose
from lmnotes.text.readers import Document

# Part of the key of a stored corpus: raise it when the same packages would give other text.
VERSION = 3
REPEATS_VERSION = 1  # part of it too: raise it when `without_repeats` would keep other text
MIN_WORDS = 6  # a sentence of fewer words may come again: "See the notes below."

_SLOW = ("docs",)  # domains that take longer to find than to read: the documents are stored
_MISSING = " (missing)"  # ends the source of a document that stands for what is not installed

PROSE = ("encyclopedia", "news", "docs", "manual")  # what word vectors are trained on

# A fixed list, so that what else is installed, lmnotes itself included, does not change the text.
_PACKAGES = str.split(
    "attr babel bs4 dateutil filelock fontTools fsspec gensim huggingface_hub ipykernel IPython "
    "ipywidgets jedi jinja2 joblib jsonschema jupyter_client jupyter_core jupyter_server "
    "jupyterlab jupyterlab_server jupytext llvmlite matplotlib mpmath nbclient nbconvert nbformat "
    "networkx numba numpy pandas papermill parso pexpect PIL pooch prompt_toolkit pyarrow pygments "
    "pyparsing requests safetensors scipy seaborn sklearn smart_open sympy torch tornado tqdm "
    "traitlets transformers urllib3 yaml zmq"
)
_DISTRIBUTIONS = {  # where it is not called like the module
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}
_CODE = ("python", "networkx", "numpy", "scipy", "sklearn")
_HEADERS = {"numpy": "_core/include", "pyarrow": "include/arrow", "torch": "include/c10"}
# gensim's head500.noblanks.cor is of no use here: stems without function words, of these articles
_GENSIM_DATA = "test/test_data"
_WIKI = (
    "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2",
    "enwiki-table-markup.xml.bz2",
)
_NEWS = ("lee_background.cor", "lee.cor")
_PARAGRAPHS = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(`])")
_WORDS = re.compile(r"[^\W\d_]+")
_LICENCE = re.compile(r"licen[cs]e|copying|notice|copyright|third_party", re.IGNORECASE)


def documents(*domains: str, keep: bool = True) -> Iterator[Document]:
    """The documents of domains, one after the other; a missing source comes without text.

    keep: what is slow to find is stored, once for all who ask; False stores and reads nothing.

    Where a frozen text is in use (`frozen.current`), its documents come in place of these.
    """
    for domain in _known(domains):
        if text := frozen.current():
            its_documents = _unpacked(text.rows(f"documents/{domain}"))
        else:
            its_documents = _stored(domain) if keep and domain in _SLOW else _DOMAINS[domain]()
        for document in its_documents:
            yield Document(document.title, document.text, document.source, domain)


def without_repeats(documents: Iterable[Document]) -> Iterator[Document]:
    """The documents without paragraphs, and sentences of MIN_WORDS words, that came before.

    Two are the same when they have the same letters, whatever their case, digits, punctuation and
    line breaks. `n_repeats_removed` of each document counts what was taken out of it.

    >>> texts = ["One paragraph.", "One\\nparagraph.\\n\\nNew."]
    >>> documents = without_repeats(Document("", text, "a file") for text in texts)
    >>> [(document.text, document.n_repeats_removed) for document in documents]
    [('One paragraph.', 0), ('New.', 1)]
    """
    seen: set[bytes] = set()
    for document in documents:
        kept, n_removed = [], 0
        for paragraph in _PARAGRAPHS.split(document.whole):
            sentences = _SENTENCES.split(paragraph) if _new(paragraph, seen) else []
            fresh = sentences
            if len(sentences) > 1:
                fresh = [s for s in sentences if _new(s, seen) or len(s.split()) < MIN_WORDS]
            n_removed += max(len(sentences), 1) - len(fresh)
            if fresh:
                kept.append(" ".join(fresh))
        yield replace(document, text="\n\n".join(kept), n_repeats_removed=n_removed)


def _new(text: str, seen: set[bytes]) -> bool:
    """Whether text with these letters was not seen before; it is from now on."""
    letters = " ".join(_WORDS.findall(text)).lower().encode("utf-8", "surrogatepass")
    key = blake2b(letters, digest_size=8).digest()
    if key in seen:
        return False
    seen.add(key)
    return True


def _stored(domain: str) -> Iterator[Document]:
    """The documents of one domain, stored on the first call; with the same warnings each time."""

    def rows() -> list[tuple[str, bytes, str]]:
        with warnings.catch_warnings(action="ignore"):  # given below
            documents = list(_DOMAINS[domain]())
        return [(d.title, d.whole.encode("utf-8", "surrogatepass"), d.source) for d in documents]

    table = stored_table("installed", key([domain]), "found", ["title", "text", "source"], rows)
    for title, text, source in table.to_numpy():
        yield from _unpacked([(title, text.decode("utf-8", "surrogatepass"), source)])


def _unpacked(rows: Iterable[Sequence[str]]) -> Iterator[Document]:
    """The documents of stored titles, texts and sources, with a warning for each missing one."""
    for title, text, source in rows:
        is_missing = source.endswith(_MISSING)
        name = source.removesuffix(_MISSING)
        yield _missing(name) if is_missing else Document(title, text, source)


def stored_table(
    kind: str, key: dict, name: str, columns: Sequence[str], rows: Callable[[], Iterable[tuple]]
) -> pd.DataFrame:
    """The table of some rows from disk, where it is put, as `name`.parquet, if it is not there."""

    def write(folder: Path) -> None:
        table = pd.DataFrame(rows(), columns=columns, dtype=object)
        table.to_parquet(folder / f"{name}.parquet", compression="zstd", index=False)

    return pd.read_parquet(store.build(kind, key, write) / f"{name}.parquet", columns=columns)


def key(domains: Iterable[str]) -> dict:
    """What decides the text of these domains: versions of Python, packages and this module; those
    of a frozen text that is in use, and its content id."""
    if text := frozen.current():
        return text.key | {"domains": list(_known(domains)), "frozen": text.content_id}
    packages = {module: version(module) for module in _PACKAGES}
    python = ".".join(map(str, sys.version_info[:3]))
    about = {"domains": list(_known(domains)), "installed": VERSION}
    return about | {"python": python, "packages": packages}


def _known(domains: Iterable[str]) -> tuple[str, ...]:
    domains = tuple(domains)
    for name in domains:
        expect_one_of("domain of the installed text", name, _DOMAINS)
    return domains


@cache
def version(module: str) -> str | None:
    """The version of the distribution that a module comes from, None where it is not installed."""
    try:
        return metadata.version(distribution(module))
    except metadata.PackageNotFoundError:
        return None


def distribution(module: str) -> str:
    """The name of the distribution that a module comes from."""
    return _DISTRIBUTIONS.get(module, module)


def _folder(module: str) -> Path | None:
    """The folder of an installed package, or of the standard library, without importing it."""
    if module == "python":
        return Path(sysconfig.get_paths()["stdlib"])
    spec = util.find_spec(module)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def modules() -> Iterator[tuple[str, str]]:
    """Name and text of each source file at the top of the standard library."""
    if text := frozen.current():
        yield from map(tuple, text.rows("modules"))
        return
    if library := _folder("python"):
        yield from ((file.name, read(file)) for file in sorted(library.glob("*.py")))


def read(file: Path) -> str:
    """The text of a source file, whatever its bytes: what is not UTF-8 is replaced."""
    return file.read_text(encoding="utf-8", errors="replace")


def _missing(source: str) -> Document:
    """A document without text, so that the manifest has a row that says what is missing."""
    given = f"{source} is not installed: its text is left out"
    warnings.warn(f"{given}, and the corpus has another content id", stacklevel=2)
    return Document("", "", source + _MISSING)


def _gensim(
    names: Iterable[str], read: Callable[[Path], Iterable[tuple[str, str]]]
) -> Iterator[Document]:
    """The documents in files of gensim's test data, of which `read` gives title and text."""
    folder = _folder("gensim")
    for name in names:
        file = folder / _GENSIM_DATA / name if folder else None
        if file is None or not file.is_file():
            yield _missing(f"gensim/{name}")
            continue
        for title, text in read(file):
            yield Document(title, text, f"gensim/{name}")


def _encyclopedia() -> Iterator[Document]:
    """Wikipedia articles of 2016, one document each."""
    titles = set()
    for document in _gensim(_WIKI, wiki.articles):
        if document.title not in titles or document.source.endswith(_MISSING):
            titles.add(document.title)
            yield document


def _articles(file: Path) -> list[tuple[str, str]]:
    """Short news articles of the Australian Broadcasting Corporation, one a line."""
    return [("", line) for line in file.read_text(encoding="cp1252").split("\n")]


def files(module: str, folder: str, *suffixes: str) -> Iterator[tuple[str, Path | None]]:
    """Title and path of files below a folder of a package; path None, once, without the package."""
    base = _folder(module)
    if base is None:
        yield module, None
        return
    for suffix in suffixes:
        for name, file in docstrings.files(base / folder, suffix):
            yield ".".join(filter(None, ("" if module == "python" else module, name))), file


def _docs() -> Iterator[Document]:
    """The documentation inside the source of the standard library and packages, by module."""
    for module in ("python", *sorted(_PACKAGES, key=str.lower)):
        for title, file in files(module, "", ".py", ".rst"):
            if file is None:
                yield _missing(module)
                continue
            texts = docstrings.strings(read(file)) if file.suffix == ".py" else [read(file)]
            if text := "\n\n".join(filter(None, map(prose, texts))):
                yield Document(title, text, module)


def _source(modules: Mapping[str, str], *suffixes: str) -> Iterator[Document]:
    """Source files as they stand, one document each."""
    for module, folder in modules.items():
        for title, file in files(module, folder, *suffixes):
            yield _missing(module) if file is None else Document(title, read(file), module)


def _legal() -> Iterator[Document]:
    """The licence files of the packages, one document each."""
    for module in sorted(_PACKAGES, key=str.lower):
        if version(module) is None:
            yield _missing(module)
            continue
        inside = metadata.distribution(distribution(module)).files or []
        for file in sorted(inside, key=str):
            # no code: a compiled `licenses_app.pyc` holds the path and time of its installation
            is_licence = _LICENCE.match(file.name) and not file.suffix.startswith(".py")
            if is_licence and (place := Path(file.locate())).is_file():
                yield Document(f"{module} {file.name}", read(place), module)


def _numbers() -> Iterator[Document]:
    """Sums, differences and products, a hundred to a document, always the same."""
    draw = random.Random(0)
    for number in range(200):
        lines = []
        for _ in range(100):
            a, b = draw.randrange(1000), draw.randrange(1000)
            sign, result = draw.choice((("+", a + b), ("-", a - b), ("*", a * b)))
            lines.append(f"{a} {sign} {b} = {result}")
        yield Document(f"arithmetic {number}", "\n".join(lines), "arithmetic")


def _names() -> Iterator[Document]:
    """The names of Unicode's characters, one a line, a document for each 256 of them."""
    for start in range(0, 0x20000, 256):
        names = (unicodedata.name(chr(code), "") for code in range(start, start + 256))
        if text := "\n".join(filter(None, names)):
            yield Document(f"U+{start:04X}", text, "Unicode")


def topics() -> dict[str, str]:
    """Python's help topics as they stand, by name."""
    if text := frozen.current():
        return dict(text.rows("topics"))
    from pydoc_data.topics import topics

    return topics


def _manual() -> Iterator[Document]:
    """Python's help topics, one document each."""
    for title, text in sorted(topics().items()):
        yield Document(title, prose(text), "pydoc_data.topics")


_DOMAINS = {
    "encyclopedia": _encyclopedia,
    "news": lambda: _gensim(_NEWS, _articles),
    "docs": _docs,
    "manual": _manual,
    "code": lambda: _source(dict.fromkeys(_CODE, ""), ".py"),
    "headers": lambda: _source(_HEADERS, ".h", ".hpp"),
    "legal": _legal,
    "numbers": _numbers,
    "names": _names,
}
DOMAINS = tuple(_DOMAINS)

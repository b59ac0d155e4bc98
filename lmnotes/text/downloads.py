"""Named downloads: where they come from, what they hash to, what to do without a network."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from lmnotes import store
from lmnotes.errors import InputError, nearest

_TIMEOUT = 10  # seconds without a byte from the other side
_LONGEST = 255  # characters of a file's name; what is longer is a text that was given for one


@dataclass(frozen=True)
class Download:
    """One named text: its address, the checksums of the files that hold it, and who made it."""

    url: str
    # file name -> "algorithm:hex", "" where none is known; the first file is downloaded
    checksums: dict[str, str]
    about: str
    facts: dict[str, int] = field(default_factory=dict)


# The checksums of text8 were not computed here: they are those that public benchmarks of several
# authors pin, and the md5 of the gzip file is that of gensim-data. The facts are those of the count
# table that the paper's authors published.
DOWNLOADS = {
    "text8": Download(
        url="http://mattmahoney.net/dc/text8.zip",
        checksums={
            "text8.zip": "sha256:a6640522afe85d1963ad56c05b0ede0a0c000dddc9671758a6cc09b7a38e5232",
            "text8": "sha256:6e890197040d37d85beb962ae1f041ff1d9a9ca8d20c7d99c85027eebf51dca7",
            "text8.gz": "md5:68799af40b6bda07dfa47a32612e5364",
        },
        about="10^8 characters of a cleaned Wikipedia dump of 2006, by M. Mahoney; text CC BY-SA",
        facts={"n_bytes": 100_000_000, "n_tokens": 17_005_207, "n_words": 253_854},
    ),
    # No checksum of this file is known: its address names a commit, and its reader checks the
    # facts, which are those reported of the paper's texts (a mean of 972.3188 bytes).
    "pile10k": Download(
        url="https://raw.githubusercontent.com/shimo-lab/modelmap/"
        "9cf97af814cab24b36978654be0a38a114178314/1000models/data/text/texts-10k-pile.jsonl",
        checksums={"texts-10k-pile.jsonl": ""},
        about="10,000 chunks of the Pile (uncopyrighted copy), by the authors of the model map",
        facts={"n_texts": 10_000, "n_bytes": 9_723_188},
    ),
    # Word vectors, no text: give the path to words.embedding.load. No checksum is published.
    "bioconceptvec": Download(
        url="https://ftp.ncbi.nlm.nih.gov/pub/lu/BioConceptVec/concept_skip.json",
        checksums={"concept_skip.json": ""},
        about="BioConceptVec, skip-gram, concepts only, by Chen et al. 2020; 812 MB",
        facts={"n_words_above": 400_000, "n_megabytes": 812},
    ),
}


def folder() -> Path:
    """Where downloads are kept, and where a file fetched by hand belongs."""
    return store.home() / "downloads"


def resolve(source: str | Path) -> tuple[Path, str]:
    """Path and short name of a text, from a path or the name of a download, which is fetched.

    A file or folder of that name comes first, then the table of downloads. Raises InputError where
    there is neither.
    """
    name, names = str(source), ["installed", *DOWNLOADS]
    is_path = isinstance(source, str | Path) and max(map(len, name.split("/"))) <= _LONGEST
    if not is_path or name.strip() in ("", "."):
        given = f"the text {repr(source)[:60]} was asked for: expected one of {', '.join(names)}"
        then = "give it, or strings to corpus.from_texts"
        raise InputError(f"{given}, or the path of a file or folder; {then}")
    path = Path(source).expanduser()
    if path.exists():
        return path, path.name.split(".")[0] or path.name
    if name in DOWNLOADS:
        return fetch(name), name
    if path.suffix or len(path.parts) > 1:
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        given = f"{source} does not exist: expected a file or folder, or one of {', '.join(names)}"
        then = nearest(path.name, beside)
        raise InputError(f"{given}; the folder {path.parent.absolute()} was looked at: {then}")
    wanted = f"{', '.join(names)} or the path of a file or folder"
    raise InputError(f"no text is called {name!r}: expected {wanted}; {nearest(name, names)}")


def fetch(name: str) -> Path:
    """The checked file of a named download: one that is there, by hand or not, else a fresh one."""
    download = DOWNLOADS[name]
    checksums = {folder() / file: checksum for file, checksum in download.checksums.items()}
    file = next(filter(Path.is_file, checksums), None)
    if file is None:
        file = next(iter(checksums))
        _retrieve(name, download, file, checksums[file])
    elif checksums[file]:
        algorithm, expected = checksums[file].split(":")
        with open(file, "rb") as stream:
            digest = hashlib.file_digest(stream, algorithm).hexdigest()
        if digest != expected:
            given = f"{file} ({file.stat().st_size:,} bytes) has {algorithm} {digest}"
            said = f"{given}, expected {expected}: it is another file, or was cut short"
            raise InputError(f"{said}; remove it, then fetch it again")
    return file


def _retrieve(name: str, download: Download, file: Path, checksum: str) -> None:
    """Download a file into its place; pooch checks it before it is put there."""
    import pooch

    file.parent.mkdir(parents=True, exist_ok=True)
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=_TIMEOUT)
    place = {"path": file.parent, "fname": file.name}
    try:
        pooch.retrieve(download.url, checksum or None, downloader=downloader, **place)
    except ValueError as error:  # requests' own errors are OSErrors
        given = f"{download.url} holds something else than {name!r} ({error}): expected {checksum}"
        raise InputError(f"{given}; put the right {file.name} at {file}") from None
    except OSError as error:
        why = f"cannot be downloaded ({type(error).__name__})"
        given = f"{name!r} is not in {file.parent} and {why}: expected a network connection"
        then = f"fetch {download.url} on another machine and put it at {file}"
        raise InputError(f"{given}, or the file itself; {then}") from None

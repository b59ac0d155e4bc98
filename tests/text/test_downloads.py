import hashlib
import threading
import time
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lmnotes import store
from lmnotes.errors import InputError
from lmnotes.text import corpus, downloads

TEXT = b"anarchism originated as a term of abuse"


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A named download `small`, served by this machine; the folder that it is served from."""
    folder = tmp_path / "served"
    folder.mkdir()
    with zipfile.ZipFile(folder / "small.zip", "w") as archive:
        archive.writestr("small", TEXT)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    download = downloads.Download(
        url=f"http://127.0.0.1:{server.server_port}/small.zip",
        checksums={
            "small.zip": f"sha256:{store.file_sha256(folder / 'small.zip')}",
            "small": f"md5:{hashlib.md5(TEXT).hexdigest()}",
        },
        about="a test",
    )
    monkeypatch.setitem(downloads.DOWNLOADS, "small", download)
    yield folder
    server.shutdown()
    server.server_close()


def unplug(monkeypatch):
    """No network: the address of `small` refuses."""
    checksums = downloads.DOWNLOADS["small"].checksums
    monkeypatch.setitem(
        downloads.DOWNLOADS,
        "small",
        downloads.Download("http://127.0.0.1:9/small.zip", checksums, ""),
    )


def test_download_once(served, monkeypatch):
    text = corpus.load("small")
    assert text.name == "small" and text.n_tokens == 7
    assert (downloads.folder() / "small.zip").is_file()
    unplug(monkeypatch)
    assert corpus.load("small").content_id == text.content_id


def test_without_network_one_error_says_what_to_put_where(served, monkeypatch):
    unplug(monkeypatch)
    start = time.perf_counter()
    with pytest.raises(InputError) as caught:
        corpus.load("small")
    assert time.perf_counter() - start < 15
    message = str(caught.value)
    assert f"'small' is not in {downloads.folder()}" in message
    assert "http://127.0.0.1:9/small.zip" in message
    assert f"put it at {downloads.folder() / 'small.zip'}" in message
    assert not (downloads.folder() / "small.zip").exists()


@pytest.mark.parametrize("name", ["small.zip", "small"])
def test_a_file_put_there_by_hand_is_used_after_its_check(served, monkeypatch, name):
    unplug(monkeypatch)
    downloads.folder().mkdir(parents=True)
    data = (served / "small.zip").read_bytes() if name == "small.zip" else TEXT
    (downloads.folder() / name).write_bytes(data)
    assert corpus.load("small").n_tokens == 7
    (downloads.folder() / name).write_bytes(data[:-1])
    with pytest.raises(InputError, match=r"expected [0-9a-f]+: it is another file, or was cut"):
        corpus.load("small")


def test_a_download_with_a_wrong_checksum_is_not_kept(served):
    (served / "small.zip").write_bytes(b"something else")
    with pytest.raises(InputError, match=r"holds something else.*put .*small.zip at"):
        corpus.load("small")
    assert not (downloads.folder() / "small.zip").exists()


def test_unknown_name_says_the_nearest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"no text is called 'tex8'.*did you mean 'text8'"):
        corpus.load("tex8")
    with pytest.raises(InputError, match=r"nowhere/a.txt does not exist"):
        corpus.load("nowhere/a.txt")


def test_a_path_comes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text8").write_text("one two three")
    assert corpus.load("text8", keep=False).n_tokens == 3


def test_checksums_are_well_formed():
    for name, download in downloads.DOWNLOADS.items():
        assert download.url.endswith(next(iter(download.checksums))), name
        assert all(download.checksums.values()) or download.facts, name  # something to check by
        for checksum in filter(None, download.checksums.values()):
            algorithm, digits = checksum.split(":")
            assert len(digits) == 2 * hashlib.new(algorithm).digest_size

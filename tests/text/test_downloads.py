import hashlib
import io
import shutil
import zipfile
from dataclasses import replace

import loopback_hub
import pytest

from lmnotes import cli
from lmnotes.errors import InputError
from lmnotes.text import corpus, downloads, fetching
from lmnotes.words import baselines, embedding

TEXT = b"anarchism originated as a term of abuse"
LONG = bytes(range(256)) * 2000  # 512,000 bytes, of which every block is its own
VECTORS = "2 2\ncat 1 0\ndog 0 1\n"


def archive(**members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return packed.getvalue()


def sha256(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Named downloads that this machine serves."""
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    files = {"small.zip": archive(small=TEXT), "long.bin": LONG, "toy.vec": VECTORS.encode()}
    files |= {"pairs.txt": b"cat gato\ndog perro\n"}
    files |= {"many.zip": archive(**{"toy.50.txt": "no", "toy.300.txt": "cat 1 0\ndog 0 1\n"})}
    plain = {f"/{name}": data for name, data in files.items()}
    with loopback_hub.serving(plain=plain) as served:
        served.coming = []  # faults, one for each of the next requests
        served.on_request = lambda request: served.faults.update(
            {request.path: dict(served.coming.pop(0)) if served.coming else {}}
        )
        known = {
            "small": ("text", "small.zip", {"small": f"md5:{hashlib.md5(TEXT).hexdigest()}"}),
            "long": ("text", "long.bin", {}),
            "toy": ("vectors", "toy.vec", {}),
            "pairs": ("dictionary", "pairs.txt", {}),
        }
        for name, (kind, file, others) in known.items():
            checksums = {file: sha256(files[file])} | others
            entry = downloads.Download(f"{served.url}/{file}", kind, checksums, "a test")
            monkeypatch.setitem(downloads.DOWNLOADS, name, entry)
        checksums = {"toy.300.txt": "", "many.zip": sha256(files["many.zip"])}
        entry = downloads.Download(f"{served.url}/many.zip", "vectors", checksums, "a test")
        many = replace(entry, member="toy.300.txt")
        monkeypatch.setitem(downloads.DOWNLOADS, "many", many)
        yield served


def unplug(monkeypatch, name):
    """No network: the address refuses."""
    file = downloads.DOWNLOADS[name].url.rpartition("/")[2]
    unplugged = replace(downloads.DOWNLOADS[name], url=f"http://127.0.0.1:9/{file}")
    monkeypatch.setitem(downloads.DOWNLOADS, name, unplugged)


def put(name, data):
    downloads.folder().mkdir(parents=True, exist_ok=True)
    (downloads.folder() / name).write_bytes(data)


def asked(server):
    """Range and bytes sent of each request."""
    return [(request.range, request.sent) for request in server.requests]


CUT, ENDED = {"cut": 1, "after": 200_000}, {"cut": 1, "after": 0}


def there():
    return sorted(file.name for file in downloads.folder().glob("*") if file.suffix != ".lock")


def test_download_once(server, monkeypatch):
    text = corpus.load("small")
    assert text.name == "small" and text.n_tokens == 7
    assert there() == ["small.zip"] and len(server.requests) == 1
    unplug(monkeypatch, "small")
    assert corpus.load("small").content_id == text.content_id


def test_without_network_one_error_says_what_to_put_where(server, monkeypatch):
    unplug(monkeypatch, "small")
    with pytest.raises(InputError) as caught:
        corpus.load("small")
    message = str(caught.value)
    assert f"'small.zip' is not in {downloads.folder()} and cannot be downloaded" in message
    assert "there is no connection to it" in message and "http://127.0.0.1:9/small.zip" in message
    assert f"put it at {downloads.folder() / 'small.zip'}" in message
    assert there() == []


@pytest.mark.parametrize("name", ["small.zip", "small"])
def test_a_file_put_there_by_hand_is_checked(server, monkeypatch, name):
    data = server.plain["/small.zip"] if name == "small.zip" else TEXT
    put(name, data)
    assert corpus.load("small").n_tokens == 7 and not server.requests
    put(name, data[:-1])
    with pytest.warns(UserWarning, match=rf"expected [0-9a-f]+: .*set aside as {name}.wrong-1"):
        assert corpus.load("small").n_tokens == 7
    assert there() == sorted(["small.zip", f"{name}.wrong-1"])
    assert (downloads.folder() / f"{name}.wrong-1").read_bytes() == data[:-1]
    assert len(server.requests) == 1


def test_a_download_with_a_wrong_checksum_is_set_aside(server):
    right, server.plain["/small.zip"] = server.plain["/small.zip"], b"something else"
    for number in (1, 2):
        with pytest.raises(InputError, match=rf"holds something else.*wrong-{number}; put .* at"):
            corpus.load("small")
    assert there() == ["small.zip.wrong-1", "small.zip.wrong-2"]
    server.plain["/small.zip"] = right
    assert corpus.load("small").n_tokens == 7


def test_a_cut_is_taken_up_within_the_call(server):
    server.coming = [CUT, {"cut": 1, "after": 100_000}]
    assert downloads.fetch("long").read_bytes() == LONG
    # one byte again at every cut
    assert asked(server) == [("", 200_000), ("bytes=199999-", 100_000), ("bytes=299998-", 212_002)]


def test_a_later_call_goes_on_from_where_it_was_cut(server):
    server.coming = [CUT, ENDED]
    with pytest.raises(InputError, match=r"broke after 200,000 of 512,000 bytes.*goes on from"):
        downloads.fetch("long")
    assert there() == ["long.bin.partial", "long.bin.partial-of"]
    assert ("long", "0 MB of it") in [(row[0], row[5]) for row in downloads.listing()]
    assert downloads.fetch("long").read_bytes() == LONG
    assert asked(server)[2] == ("bytes=199999-", 312_001)
    assert there() == ["long.bin"]


def test_a_part_that_was_whole_when_it_was_killed_costs_one_byte(server, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(fetching.Path, "replace", lambda *_: pytest.fail("killed"))
        with pytest.raises(BaseException, match="killed"):
            downloads.fetch("long")
    assert downloads.fetch("long").read_bytes() == LONG
    assert asked(server)[1:] == [("bytes=511999-", 1)]


def test_a_changed_file_is_begun_anew(server, monkeypatch):
    server.coming = [CUT, ENDED]
    with pytest.raises(InputError, match="broke after"):
        downloads.fetch("long")
    server.plain["/long.bin"] = LONG[::-1]
    changed = replace(downloads.DOWNLOADS["long"], checksums={"long.bin": sha256(LONG[::-1])})
    monkeypatch.setitem(downloads.DOWNLOADS, "long", changed)
    assert downloads.fetch("long").read_bytes() == LONG[::-1]
    assert asked(server)[-1] == ("bytes=199999-", 512_000)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"busy": 1, "retry_after": 37}, r"asks to wait 37 seconds \(429\).*command after that"),
        ({"refuses": 429}, r"asks to wait \(429\)"),
        ({"broken": 1}, r"server fails \(503\).*same command later"),
        ({"refuses": 404}, r"no such file any more \(404\).*look where it has moved"),
        ({"refuses": 403}, r"refuses it \(403 Forbidden\).*ask who may have it"),
        ({"delay_s": 0.6}, r"nothing came for 0.2 seconds.*goes on from there"),
        ({"cut": 1, "after": 0}, r"broke after 0 of [0-9]+ bytes"),
        ({"type": "text/html"}, r"no connection.*a web page came"),
    ],
)
def test_each_failure_has_its_own_words(server, monkeypatch, fault, words):
    monkeypatch.setattr(fetching, "TIMEOUT", 0.2)
    server.coming = [fault]
    with pytest.raises(InputError, match=words) as caught:
        downloads.fetch("small")
    assert f"put it at {downloads.folder() / 'small.zip'}" in str(caught.value)
    assert "small.zip" not in there()


def test_a_full_disk_keeps_what_has_come(server, monkeypatch):
    server.coming = [CUT, ENDED]
    with pytest.raises(InputError, match="broke after"):
        downloads.fetch("long")
    usage = shutil.disk_usage(downloads.folder())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=312_000))
    with pytest.raises(InputError, match="no space is left on its disk"):
        downloads.fetch("long")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert downloads.fetch("long").read_bytes() == LONG
    assert asked(server)[-1] == ("bytes=199999-", 312_001)


def test_words_take_names_where_they_take_paths(server, monkeypatch, tmp_path):
    assert embedding.load("toy").words == ["cat", "dog"]
    assert embedding.convert("toy", tmp_path / "toy").words == ["cat", "dog"]
    assert baselines.read_dictionary("pairs") == [("cat", "gato"), ("dog", "perro")]
    assert embedding.load("many").words == ["cat", "dog"]
    assert "toy.300.txt" in there() and "toy.50.txt" not in there()
    n_requests = len(server.requests)
    for name in ("toy", "pairs", "many"):
        unplug(monkeypatch, name)
    assert embedding.load("toy").words == embedding.load("many").words
    assert len(server.requests) == n_requests
    with pytest.raises(FileNotFoundError, match="vectors 'tow'"):
        embedding.load("tow")


def test_the_command_lists_and_fetches(server, capsys):
    assert cli.main(["data"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    for name in (
        "text8",
        "pile10k",
        "bioconceptvec",
        "glove-6B-300d",
        "fasttext-cc-en",
        "muse-en-es",
    ):
        assert downloads.DOWNLOADS[name].url in lines[name]
    assert "31 MB" in lines["text8"] and "sha256:a6640522afe8" in lines["text8"]
    assert "unknown" in lines["pile10k"] and "CC BY-SA 3.0" in lines["fasttext-cc-fr"]
    assert " no " in lines["small"]
    assert cli.main(["data", "fetch", "small", "toy"]) == 0
    assert capsys.readouterr().out.split() == [
        str(downloads.folder() / "small.zip"),
        str(downloads.folder() / "toy.vec"),
    ]
    cli.main(["data"])
    assert " small.zip " in capsys.readouterr().out
    assert cli.main(["data", "fetch", "tex8"]) == 2
    assert cli.main(["data", "fetch"]) == 2
    said = capsys.readouterr().err
    assert "did you mean 'text8'" in said and "no name was given to fetch" in said


def test_unknown_name_says_the_nearest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"no text is called 'tex8'.*did you mean 'text8'"):
        corpus.load("tex8")
    with pytest.raises(InputError, match=r"nowhere/a.txt does not exist"):
        corpus.load("nowhere/a.txt")
    with pytest.raises(InputError, match=r"no text is called 'bioconceptvec'"):
        corpus.load("bioconceptvec")


def test_a_path_comes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text8").write_text("one two three")
    assert corpus.load("text8", keep=False).n_tokens == 3
    (tmp_path / "fasttext-cc-en").write_text(VECTORS)
    assert embedding.load("fasttext-cc-en").words == ["cat", "dog"]


def test_the_table_is_well_formed():
    for name, download in downloads.DOWNLOADS.items():
        assert download.url.rpartition("/")[2] in download.checksums, name
        assert download.kind in ("text", "vectors", "dictionary", "matrix") and download.about
        assert download.member in ("", *download.checksums)
        for checksum in filter(None, download.checksums.values()):
            algorithm, digits = checksum.split(":")
            assert len(digits) == 2 * hashlib.new(algorithm).digest_size

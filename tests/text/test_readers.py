import bz2
import gzip
import json
import lzma
import zipfile

import pyarrow as pa
import pytest
from pyarrow import parquet

from lmnotes.errors import InputError
from lmnotes.text import corpus, readers

TEXT = "The café is open. It was closed on Monday; nobody knew why.\n\nLater more. " * 3


def write(folder, name, text=TEXT, field="text"):
    """A file of the kind that its name says, holding one text."""
    path = folder / name
    if ".jsonl" in name:
        data = json.dumps({"title": "T", field: text}) + "\n\n"
    elif ".parquet" in name:
        parquet.write_table(pa.table({"title": ["T"], field: [text]}), path)
        return path
    else:
        data = text
    data = data.encode()
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inside", data)
        return path
    pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}.get(path.suffix)
    path.write_bytes(pack(data) if pack else data)
    return path


KINDS = "a.txt a.txt.gz a.txt.bz2 a.txt.xz a.zip a a.jsonl a.jsonl.gz a.parquet".split()  # noqa: SIM905


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_gives_the_same_corpus(tmp_path, name):
    expected = corpus.from_texts([TEXT])
    text = corpus.load(write(tmp_path, name), keep=False)
    assert text.content_id == expected.content_id
    assert text.titles == (["T"] if "jsonl" in name or "parquet" in name else [""])
    assert text.sources["name"].tolist() == [name]


def test_another_field(tmp_path):
    for name in ("a.jsonl", "a.parquet"):
        text = corpus.load(write(tmp_path, name, field="body"), field="body", keep=False)
        assert text.n_tokens == corpus.from_texts([TEXT]).n_tokens


def test_a_folder_is_its_files_in_sorted_order(tmp_path):
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", "c.txt.gz", "third three")
    write(tmp_path, "b.jsonl", "second two")
    write(tmp_path, "a.txt", "first one")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    text = corpus.load(tmp_path, keep=False)
    assert [text.words[token] for token in text.tokens[text.offsets[:-1]]] == [
        "first",
        "second",
        "third",
    ]
    assert text.titles == ["a", "T", "c"]
    assert text.sources["name"].tolist() == ["a.txt", "b.jsonl", "sub/c.txt.gz"]


def test_a_character_cut_by_a_block_is_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "_BLOCK", 1)
    assert "".join(readers.pieces(write(tmp_path, "a.txt"))) == TEXT


def test_a_byte_order_mark_is_no_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone")
    assert "".join(readers.pieces(path)) == "one"


def fault(path, **options):
    with pytest.raises(InputError) as caught:
        corpus.load(path, keep=False, **options)
    message = str(caught.value)
    assert ";" in message, "what to do next is missing"
    return message


@pytest.mark.parametrize("at", [0, 5, 2_000_000])
def test_not_utf8_names_file_and_byte(tmp_path, at):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"a" * at + b"\xe9t\xe9")
    assert f"{path} is not UTF-8 text: byte {at:,} is 0xe9" in fault(path)


def test_not_utf8_where_a_character_is_cut_by_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "_BLOCK", 4)
    path = tmp_path / "latin.txt"
    path.write_bytes(b"abc\xc3(def")
    assert "byte 3 is 0xc3" in fault(path)
    path.write_bytes(b"abcde\xc3")
    assert "byte 5 is 0xc3" in fault(path)


def test_empty_file(tmp_path):
    path = tmp_path / "a.txt"
    path.touch()
    assert f"{path} is empty (0 bytes)" in fault(path)


def test_file_without_a_word(tmp_path):
    assert "holds no word" in fault(write(tmp_path, "a.txt", "... \n"))


def test_folder_without_text(tmp_path):
    assert f"the folder {tmp_path} holds no text" in fault(tmp_path)


@pytest.mark.parametrize("name", ["a.txt.gz", "a.txt.bz2", "a.txt.xz", "a.zip", "a.jsonl.gz"])
@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_damaged_packed_file(tmp_path, name, damage):
    path = write(tmp_path, name, " ".join(map(str, range(20_000))))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    if damage == "changed":
        data[middle : middle + 20] = bytes(byte ^ 255 for byte in data[middle : middle + 20])
    path.write_bytes(data[: middle if damage == "cut" else None])
    message = fault(path)
    assert str(path) in message and "cut short or damaged" in message


def test_cut_parquet(tmp_path):
    path = write(tmp_path, "a.parquet")
    path.write_bytes(path.read_bytes()[:-20])
    assert f"{path} is not a whole parquet file" in fault(path)


def test_parquet_columns(tmp_path):
    path = write(tmp_path, "a.parquet")
    assert "'body' was given; expected one of title, text" in fault(path, field="body")
    parquet.write_table(pa.table({"text": [1, 2]}), path)
    assert "column 'text' holds int64, not strings" in fault(path)


def test_bad_lines_of_jsonl_are_named(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "one"}\n\n{"text": "two"\n')
    assert f"{path}, line 3: not JSON" in fault(path)
    path.write_text('{"text": "one"}\n{"txt": "two"}\n')
    assert f"{path}, line 2: no text in field 'text' (fields 'txt')" in fault(path)
    path.write_text("[1]\n")
    assert f"{path}, line 1: no text in field 'text' (no fields)" in fault(path)


def test_other_endings_and_missing_files(tmp_path):
    path = write(tmp_path, "book.pdf")
    assert "ends in '.pdf': expected .txt, .jsonl or .parquet" in fault(path)
    write(tmp_path, "book.txt")
    assert "book.txt" in fault(tmp_path / "bok.txt")


def test_archive_of_two_files(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one", "1")
        archive.writestr("two", "2")
    assert "holds 2 files: expected one" in fault(path)


def test_domains_belong_to_installed_text(tmp_path):
    assert "only 'installed' text has domains" in fault(write(tmp_path, "a.txt"), domains=["news"])
    assert "did you mean 'encyclopedia'" in fault("installed", domains=["encyclopaedia"])


def test_damage_inside_a_parquet_file(tmp_path):
    path = tmp_path / "a.parquet"
    texts = [f"text number {i} " * 50 for i in range(5000)]
    parquet.write_table(pa.table({"text": texts}), path, compression="gzip")
    data = bytearray(path.read_bytes())
    data[1000:3000] = bytes(2000)
    path.write_bytes(data)
    assert f"{path} is not a whole parquet file" in fault(path)

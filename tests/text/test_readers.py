import bz2
import codecs
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
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
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
    assert f"{path}, line 1: found '[1]'; expected one object" in fault(path)


def test_other_endings_and_missing_files(tmp_path):
    path = write(tmp_path, "book.pdf")
    assert "ends in '.pdf': expected .txt, .jsonl, .parquet, .csv or .tsv" in fault(path)
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


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_text_says_its_encoding_by_a_mark(tmp_path, encoding):
    path = tmp_path / "a.txt"
    path.write_text(TEXT, encoding=encoding)
    assert "".join(readers.pieces(path)) == TEXT
    big_endian = tmp_path / "b.txt"
    big_endian.write_bytes(codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"))
    assert "".join(readers.pieces(big_endian)) == TEXT
    big_endian.write_bytes(big_endian.read_bytes()[:-1])
    assert "is not UTF-16 text" in fault(big_endian) and "latin1" not in fault(big_endian)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_named(tmp_path, encoding):
    """ASCII text of this kind is UTF-8 too: every letter was a word."""
    path = tmp_path / "a.txt"
    path.write_bytes("The old bridge was opened.".encode(encoding))
    message = fault(path)
    assert "looks like UTF-16" in message
    assert f"iconv -f {encoding.replace('-le', 'le').replace('-be', 'be')}" in message


OTHERS = {
    b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n": "a pointer of git-lfs",
    b"%PDF-1.7\n%\xe2\xe3": "a PDF",
    b"PAR1\x15\x04": "a parquet file",
    b"\x7fELF" + bytes(range(9)) * 3 + bytes(200): "binary, no text",
}


@pytest.mark.parametrize("content", OTHERS, ids=OTHERS.values())
def test_a_file_of_another_kind_is_named(tmp_path, content):
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    assert OTHERS[content] in fault(path)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_a_file_is_packed_by_is_told_by_its_content(tmp_path, pack):
    path = tmp_path / "a.txt"
    path.write_bytes(pack(TEXT.encode()))
    assert "".join(readers.pieces(path)) == TEXT


@pytest.mark.parametrize("name", ["a.txt.gz", "a.txt.bz2", "a.txt.xz", "a.zip", "a.jsonl.gz"])
def test_a_packed_bomb_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.setattr(readers, "_SMALL", 1 << 16)
    path = write(tmp_path, name, "a " * (1 << 20))
    assert f"{path} unpacks to more than" in fault(path)


def test_a_zip_with_a_password(tmp_path):
    path = write(tmp_path, "a.zip")
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag of an encrypted file, in its header and in the archive's list
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert "encrypted" in fault(path)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"text": ' + "1" * 5000 + "}"])
def test_json_that_cannot_be_read(tmp_path, text):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "one"}\n' + text)
    assert f"{path}, line 2: not JSON" in fault(path)


def test_a_line_without_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "_MAX_LINE", 1000)
    path = tmp_path / "a.jsonl"
    path.write_text("a" * 2000)
    assert "a line of more than 1,000 characters" in fault(path)


def test_lines_end_as_on_windows_too(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffone\r\ntwo\u2028two\r\n\nend".encode())
    assert list(readers.lines(path)) == ["one", "two\u2028two", "", "end"]


def test_empty_cells_are_counted(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "one"}\n{"text": null}\n{"text": ""}\n')
    with pytest.warns(UserWarning, match="2 of 3 rows have no text in 'text', such as row 2"):
        assert corpus.load(path, keep=False).n_documents == 1


TABLES = {
    b"": "holds no column|No columns",
    b"a,b\n1,2,3\n1\n1,2,3,4\n": "Expected 3 fields",
    b"a,b\n\xe9,1\n": "is not UTF-8 text",
    b'a,b\n"1,2\n': "EOF inside string",
}


@pytest.mark.parametrize("content", TABLES, ids=TABLES.values())
def test_a_damaged_table_is_one_sentence(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=TABLES[content]) as caught:
        readers.table(path)
    assert str(path) in str(caught.value)


def test_a_table_in_any_encoding(tmp_path):
    path = tmp_path / "a.csv"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path.write_text("name,n\nné,1\n", encoding=encoding)
        assert readers.table(path).to_dict("list") == {"name": ["né"], "n": [1]}


def test_a_named_table_gives_texts_and_one_in_a_folder_lies_beside_them(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("id\tabstract\tdomain\n1\tNA\tp\n2\t\tq\n3\t12\tq\n")
    with pytest.warns(UserWarning, match="1 of 3 rows have no text in 'abstract', such as row 2"):
        rows = list(readers.rows(path, "abstract"))
    assert [(row.text, row.domain) for row in rows] == [("NA", "p"), ("", "q"), ("12", "q")]
    with pytest.raises(InputError, match=r"line 1: no text in field 'text' \(fields 'id', 'abs"):
        list(readers.rows(path))
    write(tmp_path, "book.txt")
    assert [file.name for file in readers.files(tmp_path)] == ["book.txt"]


@pytest.mark.parametrize("source", [5, None, "The cat sat. " * 100])
def test_what_is_no_path_is_one_sentence(source):
    assert "or the path of a file or folder" in fault(source)

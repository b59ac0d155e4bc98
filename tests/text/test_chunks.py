import json
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lmnotes.errors import InputError
from lmnotes.text import chunk_sources, chunks, downloads, installed
from lmnotes.text.chunk_sources import PARTS, part_of
from lmnotes.text.readers import Document

MIXED = "plain naïve café 日本語 😀 é" * 40


@pytest.mark.parametrize("size", [4, 7, 64, 1024])
def test_cut_identities(size):
    pieces = chunks.cut(MIXED, size)
    assert "".join(pieces) == MIXED
    lengths = [len(piece.encode()) for piece in pieces]
    assert max(lengths) <= size and min(lengths) > 0
    assert all(length > size - 4 for length in lengths[:-1])  # moved left by one character at most


def test_cut_by_hand():
    assert chunks.cut("abcdefg", 4) == ["abcd", "efg"]
    assert chunks.cut("aaa😀b", 4) == ["aaa", "😀", "b"]
    assert chunks.cut("", 4) == []
    with pytest.raises(InputError, match="at least 4"):
        chunks.cut("text", 3)


def test_part_of_shares():
    parts = [part_of(f"package/module{number}.py") for number in range(20_000)]
    for part, share in PARTS.items():
        assert abs(parts.count(part) / 200 - share) < 1
    assert part_of("a/b") == part_of("a/b")


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """Two small domains in place of the installed ones."""
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    licence = "/* Copyright the authors. License: MIT */\n"
    pages = {
        "headers": [
            Document(f"h{i}", f"{licence}int f{i}();\n" * 30, "pack", "headers") for i in range(60)
        ],
        "names": [
            Document(f"n{i}", f"LETTER {i}\nCJK UNIFIED IDEOGRAPH-4E{i:02X}\n" * 40, "u", "names")
            for i in range(60)
        ],
    }
    pages["headers"].append(Document("copy", pages["headers"][0].text, "other", "headers"))
    monkeypatch.setattr(installed, "documents", lambda domain: iter(pages.get(domain, [])))
    monkeypatch.setattr(chunks, "domain_names", lambda: ("headers", "names", "news"))
    return pages


def test_installed_parts_are_disjoint(fake):
    with pytest.warns(UserWarning, match="'news' has no text here: it is left out"):
        sets = {part: chunks.load("installed", part=part, size=64) for part in PARTS}
    for part, texts in sets.items():
        assert set(texts.table["part"]) == {part} and set(texts.domains) <= {"headers", "names"}
        assert {part_of(source) for source in texts.table["source"]} == {part}
    ids = [set(texts.table["text_id"]) for texts in sets.values()]
    assert not ids[0] & ids[1] and not ids[0] & ids[2] and not ids[1] & ids[2]
    assert len(ids[0]) == len(sets["train"])


def test_what_an_earlier_part_holds_is_left_out_as_is_what_comes_again(monkeypatch):
    rng = np.random.default_rng(0)
    pieces = ["".join(rng.choice(list("ab"), 4)) for _ in range(99)] + ["é é"] * 2
    names = [f"{number} {'part' * k}" for k in range(3) for number in range(9)]
    texts = ["".join(rng.permutation(pieces)[:6]) for _ in names]
    sources = [Document("", *row, "d") for row in zip(texts, names, strict=True)]
    seen, expected = set(), []
    for part in PARTS:
        for source in sources:
            for index, text in enumerate(chunks.cut(source.text, 4)):
                if part_of(source.source) == part and len(text.encode()) > 2 and text not in seen:
                    seen.add(text)
                    expected.append((part, text.encode(), source, index))
    for part in PARTS:
        rows = chunks._chunks(sources, 4, 3, part)
        assert [(part, *row) for row in rows] == [row for row in expected if row[0] == part]
    assert len(chunks._chunks(sources, 4, 3, "", keep_repeats=True)) > len(expected)


def test_installed_cleaning(fake):
    table = chunk_sources.installed_documents("headers")
    assert len(table) == 60  # the copy is left out
    assert not table["text"].str.startswith("/*").any()
    names = chunk_sources.installed_documents("names")
    assert not names["text"].str.contains("IDEOGRAPH").any()


def test_stream_holds_the_part(fake):
    train = chunks.stream("names", "train")
    assert train.decode().startswith("LETTER")
    table = chunk_sources.installed_documents("names")
    n_bytes = table.loc[table["part"] == "train", "text"].str.len()
    assert len(train) == n_bytes.sum() + len(n_bytes) - 1
    with pytest.raises(InputError, match=r"domain 'nmes' was given.*did you mean 'names'"):
        chunks.stream("nmes")
    with pytest.raises(InputError, match="part 'test' was given"):
        chunks.stream("names", "test")


def test_drawing_is_nested_and_seeded(fake):
    few, more = (chunks.load("installed", size=64, domains="names", per_domain=n) for n in (2, 5))
    assert set(few.table["text_id"]) < set(more.table["text_id"])
    assert chunks.load("installed", size=64, domains="names", per_domain=5).content_id == (
        more.content_id
    )
    other = chunks.load("installed", size=64, domains="names", per_domain=5, seed=1)
    assert other.content_id != more.content_id


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "texts" / "law").mkdir(parents=True)
    (tmp_path / "texts" / "law" / "a.txt").write_text("the law " * 100)
    (tmp_path / "texts" / "b.txt").write_text("a tale " * 100)
    rows = [{"text": f"row {i} " * 20, "pile_set_name": f"set {i % 2}"} for i in range(6)]
    rows.append(rows[0])
    path = tmp_path / "texts" / "c.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return tmp_path / "texts"


def test_paths(folder):
    texts = chunks.load(folder, size=100, minimum=1)
    assert set(texts.domains) == {"law", "b", "set 0", "set 1"}
    rows = texts.table[texts.table["source"] == "law/a.txt"]
    whole = "".join(texts.texts[i] for i in rows.index)
    assert ("the law " * 100).startswith(whole[:96])
    assert (texts.table["part"] == "").all()
    np.testing.assert_array_equal(texts.n_bytes, [len(t.encode()) for t in texts.texts])
    assert texts.table["text_id"].is_unique
    kept = chunks.load(folder, size=100, minimum=99)
    assert kept.n_bytes.min() >= 99
    assert chunks.load(folder, size=1024).settings["minimum"] == 257


def test_parquet_domains(folder):
    import pandas as pd

    rows = pd.DataFrame({"text": ["one " * 30, "two " * 30], "domain": ["x", "y"]})
    rows.to_parquet(folder.parent / "t.parquet")
    assert chunks.load(folder.parent / "t.parquet", size=128).domains.tolist() == ["x", "y"]


ROWS = [("the bridge", "news"), (None, "gap"), ("def f(x)", "code"), ("left over", None)]


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_each_row_keeps_its_own_domain(tmp_path, ending):
    """As reported in litgpt#1759: an empty cell moved the domains of all rows after it."""
    import pandas as pd

    path = tmp_path / f"t.{ending}"
    rows = pd.DataFrame(ROWS, columns=["text", "domain"])
    if ending == "parquet":
        rows.to_parquet(path)
    else:
        path.write_text(rows.to_json(orient="records", lines=True))
    with (
        pytest.warns(UserWarning, match=r"1 of 4 rows have no text in 'text', such as row 2"),
        pytest.warns(UserWarning, match=rf"1 of 3 rows name no domain, such as t.{ending}#2"),
    ):
        texts = chunks.load(path, minimum=1)
    assert dict(zip(texts.texts, texts.domains, strict=True)) == {
        "the bridge": "news",
        "def f(x)": "code",
        "left over": "t",
    }


@pytest.mark.parametrize("as_string", [False, True])
def test_the_piles_own_rows(tmp_path, as_string):
    """As reported in datasets#3828: the set's name stands in `meta`."""
    path, names = tmp_path / "pile.jsonl", ["PubMed Abstracts", "Github"]
    metas = [{"pile_set_name": name} for name in names]
    rows = [{"text": f"of {m}", "meta": str(m) if as_string else m} for m in metas]
    path.write_text("\n".join(map(json.dumps, rows)))
    assert chunks.load(path, minimum=1).domains.tolist() == names


def test_damaged_saved_texts_name_the_line(folder):
    path = chunks.load(folder, size=100).save(folder.parent / "some.jsonl")
    lines = path.read_text().splitlines()
    with pytest.raises(InputError, match="domain 'new' was given"):
        chunks.load(path, domains="new")
    for line in (lines[1][:40], '{"text": "a"}', "[1]"):
        path.write_text("\n".join([lines[0], line]))
        with pytest.raises(InputError, match="line 2"):
            chunks.load(path)
    path.write_bytes(b"\xef\xbb\xbf" + "\n".join(lines).encode())
    assert len(chunks.load(path)) == len(lines)


def test_select_and_round_trip(folder):
    texts = chunks.load(folder, size=100, minimum=1)
    some = texts.select(texts.domains == "set 0")
    assert set(some.domains) == {"set 0"} and some.content_id != texts.content_id
    assert texts.select(np.arange(len(texts))).content_id == texts.content_id
    assert texts.head(2).texts == texts.texts[:2]
    back = chunks.load(some.save(folder.parent / "some.jsonl"))
    assert back.texts == some.texts and back.content_id == some.content_id
    assert back.table.equals(some.table) and back.settings == some.settings
    with pytest.raises(InputError, match="a mask of shape"):
        texts.select(np.array([True]))
    with pytest.raises(InputError, match=r"expected a name ending in \.jsonl"):
        texts.save(folder.parent / "some.csv")


def test_changed_file_is_refused(folder):
    path = chunks.load(folder, size=100).save(folder.parent / "some.jsonl")
    path.write_text(path.read_text().replace("the law", "the lax"))
    with pytest.raises(InputError, match="is not the one that was saved"):
        chunks.load(path)


def test_pile10k_offline(monkeypatch, tmp_path):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    url = "http://127.0.0.1:9/texts-10k-pile.jsonl"
    unplugged = replace(downloads.DOWNLOADS["pile10k"], url=url)
    monkeypatch.setitem(downloads.DOWNLOADS, "pile10k", unplugged)
    with pytest.raises(InputError, match=r"put it at .*texts-10k-pile\.jsonl"):
        chunks.load("pile10k")
    row = json.dumps({"text": "x" * 300, "pile_set_name": "ArXiv"})
    (tmp_path / "downloads").mkdir(exist_ok=True)
    (tmp_path / "downloads" / "texts-10k-pile.jsonl").write_text(f"{row}\n{row}\n")
    with pytest.warns(UserWarning, match="expected 10,000 of"):
        texts = chunks.load("pile10k")
    assert texts.domains.tolist() == ["ArXiv", "ArXiv"]  # a column of the published matrix each


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"size": 2}, "size = 2 was given; expected at least 4"),
        ({"minimum": 2000}, "minimum = 2000 was given; expected 1 to 1,024"),
        ({"part": "test"}, "part 'test' was given"),
        ({"per_domain": 0}, "per_domain = 0 was given"),
        ({"domains": ["lawx"]}, "domain 'lawx' was given.*'law'"),
        ({"minimum": 1024}, "gives no chunk of 1024 to 1024 bytes"),
    ],
)
def test_bad_settings(folder, settings, match):
    with pytest.raises(InputError, match=match):
        chunks.load(folder, **settings)


RECORDS = [
    {"text": "the first text, which is long enough", "domain": "news", "id": 0},
    {"text": "another text, of another domain", "domain": "code", "id": 1},
    {"text": "and a third, of the first domain again", "domain": "news", "id": 2},
]


class Dataset:
    """What `datasets.Dataset` has of a table."""

    def __init__(self, rows):
        self.rows = rows
        self.column_names = list(rows[0])

    def __iter__(self):
        return iter(self.rows)

    def to_pandas(self):
        return pd.DataFrame(self.rows)


@pytest.mark.parametrize("made", [list, tuple, iter, pd.DataFrame, Dataset, pa.Table.from_pylist])
def test_rows_in_memory_are_those_of_a_file(tmp_path, made):
    path, how = tmp_path / "own.jsonl", {"size": 16, "minimum": 1}
    path.write_text("\n".join(json.dumps(row) for row in RECORDS))
    want, texts = chunks.load(path, **how), chunks.load(made(RECORDS), **how)
    assert texts.content_id == want.content_id and texts.texts == want.texts
    assert texts.domains.tolist() == want.domains.tolist()
    assert list(dict.fromkeys(texts.table["source"])) == ["0", "1", "2"]
    news = chunks.load(made(RECORDS), **how, domains="news")
    assert news.texts == want.select(want.domains == "news").texts
    again = chunks.load(texts.save(tmp_path / "saved.jsonl"))
    assert again.content_id == want.content_id and again.name == "texts"


def test_strings_and_other_columns():
    strings = [row["text"] for row in RECORDS]
    want = chunks.load(strings, minimum=1)
    assert want.texts == strings and set(want.domains) == {"texts"}
    assert want.table["source"].tolist() == ["#0", "#1", "#2"]
    table = pd.DataFrame({"body": [*strings, None, np.nan], "text": 1})
    with pytest.warns(UserWarning, match="2 of 5 rows have no text in 'body', such as row 4"):
        assert chunks.load(table, field="body", minimum=1).content_id == want.content_id
    assert chunks.load(pd.Series(strings), minimum=1).content_id == want.content_id
    with pytest.warns(UserWarning, match="1 of 3 rows name no domain, such as #1"):
        mixed = chunks.load([RECORDS[0] | {"id": None}, strings[1], RECORDS[2]], minimum=1)
    assert mixed.domains.tolist() == ["news", "texts", "news"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            pd.DataFrame(RECORDS).rename(columns={"text": "texts"}),
            "field 'text'.*did you mean 'texts'",
        ),
        ([{"body": "a"}], r"the rows, line 1: no text in field 'text' \(fields 'body'\)"),
        ({"train": RECORDS}, "'train'.*a dict, was given .*one table"),
        (["a text", 5], "'5', a int, was given .*strings, dicts"),
        (5, "'5', a int, was given"),
        (pd.DataFrame({"text": [1.5]}), "no text in field 'text'"),
        ([], "no chunk"),
        pytest.param(
            ["short"],
            r"no chunk of 257 to 1024 bytes.*smaller minimum=",
            marks=pytest.mark.filterwarnings("ignore:1 of 1 rows have less"),
        ),
    ],
)
def test_what_holds_no_texts_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        chunks.load(given)


def test_what_is_left_out_of_rows_in_memory_is_told_and_moves_no_number():
    """So that what is known of the reader's own rows can be put beside the chunks."""
    rows = [{"text": "a" * 300}, {"text": None}, {"text": "b" * 20}, {"text": "c" * 300}]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        texts = chunks.load(rows)
    empty, short = (str(warning.message) for warning in told)
    assert "1 of 4 rows have no text" in empty
    assert short == "1 of 3 rows have less than 257 bytes, such as #2: they are left out"
    assert texts.table["source"].tolist() == ["#0", "#3"]


def test_it_shows_itself_in_a_line_and_ten_rows():
    texts = chunks.load([f"<b>number {n}</b> " * 5 for n in range(40)], minimum=1)
    assert repr(texts).startswith("TextSet: texts, 40 texts of 1 domains, ")
    page = texts._repr_html_()
    assert page.count("<tr") == 12 and "#39" in page and "<b>" not in page and len(page) < 5_000

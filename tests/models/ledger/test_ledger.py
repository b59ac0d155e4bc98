import json
import os
import threading
from dataclasses import replace

import ledger_cases as cases
import numpy as np
import pandas as pd
import pytest

from lmnotes.errors import InputError
from lmnotes.models.ledger import ledger, released, row
from lmnotes.models.scoring import hub, identity
from lmnotes.models.scoring.failures import ScoringFailure
from lmnotes.models.scoring.rule import Rule

VALUES = [-3.5, -1.0, -2.25, -9.0, -4.0]


@pytest.fixture
def texts():
    return cases.text_set()


@pytest.fixture
def rows(texts, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    return ledger.open(texts)


def add(rows, folder, values=VALUES, **about):
    return rows.add(cases.scores(folder, rows.text_set, values, rule=rows.rule, **about))


def test_a_row_comes_back_exactly_with_its_labels(rows, texts, tmp_path):
    values = np.random.default_rng(0).normal(-500, 80, 5)
    model = cases.folder(tmp_path / "one")
    assert not rows.has(model)
    add(rows, model, values, architecture="GPT2", n_parameters=12)
    assert rows.has(model) and rows.has(str(model))
    L = rows.matrix()
    assert L.values.dtype == np.float64 and np.array_equal(L.values, values[None])
    known = L.models.loc[0, ["model", "architecture", "n_parameters"]]
    assert known.tolist() == ["one", "GPT2", 12]
    assert L.texts["text_id"].tolist() == texts.table["text_id"].tolist()
    assert np.array_equal(L.n_bytes, texts.n_bytes)
    assert (L.rule, L.text_set) == (rows.rule.name, texts.content_id)
    table = rows.rows()
    assert table["mean_log_likelihood"].tolist() == [pytest.approx(values.mean())]
    assert table["n_tokens"].tolist() == [35] and table["n_truncated"].tolist() == [0]


def test_the_same_texts_open_the_same_ledger_and_others_another(rows, texts, tmp_path):
    add(rows, cases.folder(tmp_path / "one"))
    again = ledger.open(cases.text_set())
    assert again.folder == rows.folder and len(again.rows()) == 1
    assert again.texts.texts == texts.texts and again.texts.content_id == texts.content_id
    assert ledger.open(texts, Rule(bos="always")).folder != rows.folder
    assert ledger.open(texts.head(4)).folder != rows.folder
    assert ledger.open_folder(rows.folder).rule == rows.rule
    assert ledger.open(texts.head(4)).rows().empty


def test_rows_of_other_texts_or_rules_are_refused_by_both_names(rows, texts, tmp_path):
    model = cases.folder(tmp_path / "one")
    other = texts.head(4)
    with pytest.raises(InputError, match=f"{other.content_id}.*{texts.content_id}"):
        rows.add(cases.scores(model, other.content_id, VALUES[:4]))
    always = Rule(bos="always")
    with pytest.raises(InputError, match=r"bos=always.*bos=tokenizer"):
        rows.add(cases.scores(model, texts.content_id, VALUES, rule=always))
    with pytest.raises(InputError, match=r"shape \(4,\).*\(5,\)"):
        rows.add(cases.scores(model, texts.content_id, VALUES[:4]))
    for wrong in (ledger.open(other), ledger.open(texts, always)):
        n = wrong.n_texts
        path = add(wrong, model, VALUES[:n])
        os.link(path, rows.folder / "rows" / path.name)  # a file that was copied by hand
        fresh = ledger.open(texts)
        with pytest.raises(InputError, match="this ledger holds"):
            fresh.matrix()
        (rows.folder / "rows" / path.name).unlink()
    with pytest.raises(InputError, match=f"{texts.content_id}.*{other.content_id}"):
        ledger.open(other, folder=rows.folder)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_row_without_numbers_is_refused(rows, tmp_path, bad):
    with pytest.raises(ScoringFailure, match=r"1 of 5 .*NaN") as raised:
        add(rows, cases.folder(tmp_path / "one"), [*VALUES[:4], bad])
    assert raised.value.kind == "not_a_number"
    assert rows.rows().empty and not list((rows.folder / "rows").iterdir())


def test_a_row_is_never_overwritten(rows, tmp_path):
    model = cases.folder(tmp_path / "one")
    path = add(rows, model)
    before = path.read_bytes(), path.stat().st_ino
    assert add(rows, model, np.array(VALUES) - 1) == path
    assert (path.read_bytes(), path.stat().st_ino) == before
    assert [row_file.name for row_file in (rows.folder / "rows").iterdir()] == [path.name]


def test_of_many_writers_of_one_row_one_wins_and_none_fails(rows, tmp_path):
    model = cases.folder(tmp_path / "one")
    start, errors = threading.Barrier(8), []

    def write(number):
        start.wait()
        try:
            add(rows, model, np.full(5, -1.0 - number))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert errors == []
    values = np.asarray(rows.matrix())
    assert values.shape == (1, 5) and len(set(values[0])) == 1
    assert len(list((rows.folder / "rows").iterdir())) == 1


def test_a_file_system_without_hard_links_will_do(rows, tmp_path, monkeypatch):
    def link(*_):
        raise OSError(95, "not supported")

    monkeypatch.setattr(os, "link", link)
    model = cases.folder(tmp_path / "one")
    add(rows, model)
    add(rows, model, np.array(VALUES) - 1)
    assert np.array_equal(np.asarray(rows.matrix())[0], VALUES)
    assert len(list((rows.folder / "rows").iterdir())) == 1


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign"])
def test_a_damaged_row_is_set_aside_and_said(rows, tmp_path, damage):
    model, two = cases.folder(tmp_path / "one", "1"), cases.folder(tmp_path / "two", "2")
    path = add(rows, model)
    add(rows, two)
    data = bytearray(path.read_bytes())
    data[-3] ^= 4
    other = {"cut": data[:-9], "flipped": data, "empty": b"", "foreign": b"<html>" * 99}[damage]
    path.write_bytes(other)
    fresh = ledger.open_folder(rows.folder)
    with pytest.warns(UserWarning, match=f"{path.name} is damaged .* set aside"):
        L = fresh.matrix()
    assert L.models["model"].tolist() == ["two"]
    assert not fresh.has(model) and fresh.has(two)
    (aside,) = (rows.folder / "corrupt").iterdir()
    assert aside.name.startswith(path.name)
    add(fresh, model)
    assert len(fresh.matrix()) == 2


def flips(data, step):
    """The bytes with one bit turned, for every step-th bit."""
    for place in range(0, 8 * len(data), step):
        turned = bytearray(data)
        turned[place // 8] ^= 1 << place % 8
        yield bytes(turned)


def content(rows):
    L, table = rows.matrix(), rows.rows()
    return L.values.tolist(), L.models.to_dict(), table.to_dict()


@pytest.mark.filterwarnings("ignore:row .* is damaged")
@pytest.mark.parametrize(("format_", "step"), [(2, 97), (1, 401)])
def test_a_turned_bit_costs_a_row_or_nothing_and_never_gives_another(
    rows, tmp_path, monkeypatch, format_, step
):
    if format_ == 1:
        monkeypatch.setattr(row, "FORMAT", 1)
    path = add(rows, cases.folder(tmp_path / "one", "1"))
    add(rows, cases.folder(tmp_path / "two", "2"))
    data, whole = path.read_bytes(), content(ledger.open_folder(rows.folder))
    without = [whole[0][1:]]
    for turned in flips(data, step):
        path.write_bytes(turned)
        said = content(ledger.open_folder(rows.folder))
        assert said[0] in [whole[0], *without]  # the other row is read whatever this holds
        assert format_ == 1 or said == whole or not path.exists()
        path.write_bytes(data)


def test_a_row_without_a_checksum_of_its_header_is_still_read(rows, tmp_path):
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file

    path = add(rows, cases.folder(tmp_path / "one"))
    before, arrays = content(ledger.open_folder(rows.folder)), load_file(path)
    with safe_open(path, "np") as file:
        head = json.loads(file.metadata()["lmnotes"]) | {"format": 1}
    for known, expected in ((head, before), (head | {"id": "content-0"}, None), ({}, None)):
        save_file(arrays, path, {"lmnotes": json.dumps(known, sort_keys=True)})
        fresh = ledger.open_folder(rows.folder)
        if expected:
            assert content(fresh) == expected
        else:
            with pytest.warns(UserWarning, match="set aside"):
                assert fresh.rows().empty


@pytest.mark.parametrize("harm", ["gone", "empty", "turned", "other"])
def test_a_damaged_definition_is_written_again_from_a_row_or_the_texts(rows, tmp_path, harm):
    path = rows.folder / "ledger.json"
    whole = path.read_text()

    def damage():
        path.unlink()
        turned = whole.replace("float16", "float32").replace('"small"', '"smalk"')
        text = {"empty": "", "turned": turned, "other": "[1]"}.get(harm)
        if text is not None:
            path.write_text(text)

    damage()
    with pytest.raises(InputError, match=r"expected a folder with a ledger\.json"):
        ledger.open_folder(rows.folder)
    assert ledger.open(cases.text_set()).folder == rows.folder and path.read_text() == whole
    add(rows, cases.folder(tmp_path / "one"))
    damage()
    with pytest.warns(UserWarning, match="is taken from a row"):
        assert len(ledger.open_folder(rows.folder).matrix()) == 1
    assert json.loads(path.read_text()) == json.loads(whole)


@pytest.mark.parametrize("knows", [True, False])  # a definition of an earlier version does not
def test_damaged_texts_are_refused_and_written_again_from_those_at_hand(rows, tmp_path, knows):
    add(rows, cases.folder(tmp_path / "one"))
    path, definition = rows.folder / "texts.jsonl", rows.folder / "ledger.json"
    whole = path.read_text()
    if not knows:
        known = json.loads(definition.read_text())
        del known["sha256"], known["texts_sha256"]
        definition.write_text(json.dumps(known))
    for turned in (whole[:-9], whole.replace("number 1 of", "number 3 of"), "", None):
        path.unlink()
        if turned is not None:
            path.write_text(turned)
        with pytest.raises(InputError, match=r"ledger\.open\(texts\) with them writes it again"):
            ledger.open_folder(rows.folder).matrix()
        with pytest.warns(UserWarning, match=r"texts\.jsonl was damaged or gone; written again"):
            assert len(ledger.open(cases.text_set()).matrix()) == 1
        assert path.read_text() == whole
    path.write_text(whole.replace("odd", "ode", 1))  # the domain of a text
    with pytest.warns(UserWarning, match="written again"):
        assert ledger.open(cases.text_set()).texts.domains.tolist()[1] == "odd"


def test_a_file_where_a_ledger_belongs_is_said(texts, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="move it away"):
        ledger.open(texts, folder=tmp_path / "file")
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "rows").write_text("")
    with pytest.raises(InputError, match="move it away"):
        ledger.open(texts, folder=tmp_path / "ledger")


def test_a_row_that_is_closed_to_this_user_stays_where_it_is(rows, tmp_path, monkeypatch):
    path = add(rows, cases.folder(tmp_path / "one"))
    path.write_bytes(b"half")  # what a reader sees who may not read it
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.warns(UserWarning, match=r"stays where it is .* may not read it"):
        assert ledger.open_folder(rows.folder).rows().empty
    assert path.exists()


def test_a_damaged_row_does_not_stop_its_next_writer(rows, tmp_path):
    model = cases.folder(tmp_path / "one")
    add(rows, model).write_bytes(b"half")
    with pytest.warns(UserWarning, match="is damaged"):
        add(ledger.open_folder(rows.folder), model)
    assert np.array_equal(np.asarray(ledger.open_folder(rows.folder).matrix())[0], VALUES)


def test_a_folder_is_known_by_what_it_holds(rows, tmp_path):
    model = cases.folder(tmp_path / "one", "same")
    add(rows, model)
    moved = tmp_path / "elsewhere" / "moved"
    moved.parent.mkdir()
    model.rename(moved)
    assert rows.has(moved)
    (moved / "README.md").write_text("notes")
    (moved / "optimizer.pt").write_text("state")
    assert rows.has(moved)
    (moved / "tokenizer.json").write_text("{}")
    assert not rows.has(moved)
    assert not rows.has(cases.folder(tmp_path / "other", "else"))


def test_files_are_read_once_while_they_stay(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    model = cases.folder(tmp_path / "one")
    first = identity.content_of(model)
    with monkeypatch.context() as patch:
        patch.setattr(identity.store, "file_sha256", lambda path: pytest.fail("read again"))
        assert identity.content_of(model) == first
    (model / "model.safetensors").write_text("WEIGHTS")  # as long as before
    os.utime(model / "model.safetensors", ns=(1, 1))
    assert identity.content_of(model) != first


def test_swapped_weights_of_equal_size_and_time_are_another_model(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    model, ids = cases.folder(tmp_path / "model"), []
    file = model / "model.safetensors"
    weights = bytearray(2**22)
    for place in (100, 2**21, -1):  # in the header, in the middle, at the end
        weights[place : place + 1 or None] = b"x" * 9000 if place > 100 else b"x"
        weights = weights[: 2**22]
        file.write_bytes(weights)
        os.utime(file, (1, 1))
        ids.append(identity.content_of(model))
    assert len(set(ids)) == 3
    weights[2**16 + 5000] ^= 1  # between the pieces: seen on request
    file.write_bytes(weights)
    os.utime(file, (1, 1))
    assert identity.identify(model).id == ids[-1] != identity.identify(model, verify=True).id
    assert identity.content_of(model) != ids[-1]


def test_a_hub_model_is_its_id_and_revision(rows, monkeypatch):
    commit = "0123456789" * 4
    rows.add(cases.scores("lab/model", rows.text_set, VALUES, revision=commit))
    assert rows.has(f"lab/model@{commit}") and rows.has("lab/model", commit)
    assert not rows.has("lab/model") and not rows.has("lab/model@step10")
    who = identity.identify("lab/other@step10")
    scored = cases.scores("lab/other", rows.text_set, VALUES, revision=commit)
    rows.add(scored, {"family": "other"}, who)
    assert rows.has("lab/other@step10") and rows.has({"model": "lab/other", "revision": "step10"})
    assert rows.has("lab/other", commit)  # what step10 stood for
    monkeypatch.setattr(hub, "commit_of", lambda who: commit if who.revision == "main" else "")
    assert rows.has("lab/model")  # where main is known to be that commit
    table = rows.rows().set_index("model")
    assert table.loc["lab/other@step10", ["commit", "family"]].tolist() == [commit, "other"]


@pytest.mark.parametrize("name", ["", "a/b/c", "./gone", "/gone", "two words", "a/"])
def test_what_is_neither_folder_nor_id_is_refused(name):
    with pytest.raises(InputError, match=r"expected a folder that is there, or a hub id"):
        identity.identify(name)


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"config\.json"):
        identity.identify(tmp_path)


def test_matrix_has_the_models_asked_for_in_their_order(rows, tmp_path):
    folders = [cases.folder(tmp_path / name, name) for name in ("c", "a", "b")]
    for number, model in enumerate(folders):
        add(rows, model, np.array(VALUES) - number)
    assert rows.matrix().models["model"].tolist() == ["a", "b", "c"]
    L = rows.matrix([folders[2], {"model": folders[0], "name": "third"}])
    assert L.models["model"].tolist() == ["b", "third"]
    assert np.array_equal(L.values[:, 0], [VALUES[0] - 2, VALUES[0]])
    about = pd.DataFrame({"model": ["C", "B"], "folder": map(str, [folders[0], folders[2]])})
    about["family"] = ["x", "y"]
    L = rows.matrix(about=about)
    assert L.models[["model", "family"]].to_numpy().tolist() == [["C", "x"], ["B", "y"]]
    assert np.array_equal(L.values[:, 0], [VALUES[0], VALUES[0] - 2])
    L = rows.matrix(folders, about=about.assign(model=["c", "b"]))
    assert L.models["family"].fillna("").tolist() == ["x", "", "y"]  # of `a` nothing is known


def test_a_model_without_a_row_is_named_with_its_failure(rows, tmp_path):
    model, two = cases.folder(tmp_path / "one", "1"), cases.folder(tmp_path / "two", "2")
    with pytest.raises(InputError, match="has no rows"):
        rows.matrix()
    add(rows, model)
    rows.record_failure(two, "gated", "ask its owner", 1)
    assert [rows.has(place) for place in (model, two, "lab/c@step10")] == [True, False, False]
    with pytest.raises(InputError, match=r"1 of 2 models have no row .*two \(gated\)"):
        rows.matrix([model, two])


def test_models_of_one_name_are_told_apart(rows, tmp_path):
    for parent in ("x", "y"):
        add(rows, cases.folder(tmp_path / parent / "step10", parent))
    assert sorted(rows.matrix().models["model"]) == ["x/step10", "y/step10"]


def test_failures_are_kept_until_there_is_a_row(rows, tmp_path):
    model, two = cases.folder(tmp_path / "one", "1"), cases.folder(tmp_path / "two", "2")
    rows.record_failure(model, "killed", "signal SIGKILL", 3)
    rows.record_failure(two, "timeout", "too long", 1)
    rows.record_failure(two, "missing", "it is gone", 2)
    table = rows.failures().set_index("model")
    known = table.loc["two", ["kind", "attempts", "message"]]
    assert known.tolist() == ["missing", 2, "it is gone"]
    assert len(table) == 2
    add(rows, model)
    assert rows.failures()["model"].tolist() == ["two"]
    with pytest.raises(ValueError, match="kind 'odd' was given"):
        rows.record_failure(model, "odd", "")


def test_sealed_is_one_file_with_everything(rows, tmp_path):
    for name in "ab":
        values = np.random.default_rng(ord(name)).normal(size=5)
        add(rows, cases.folder(tmp_path / name, name), values)
    path = rows.seal(tmp_path / "release" / "small.safetensors")
    L, mine = released.read_sealed(path), rows.matrix()
    assert np.array_equal(L.values, mine.values)
    pd.testing.assert_frame_equal(L.models, mine.models, check_dtype=False)
    pd.testing.assert_frame_equal(L.texts, mine.texts, check_dtype=False)
    assert (L.rule, L.text_set, L.threshold) == (mine.rule, mine.text_set, None)
    assert rows.seal(path) == path
    with pytest.raises(InputError, match="holds another one"):
        rows.seal(path, models=[tmp_path / "a"])
    whole = path.read_bytes()
    for turned in flips(whole, 97):
        path.write_bytes(turned)
        with pytest.raises(InputError, match=r"; expected .*Ledger\.seal"):
            released.read_sealed(path)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(InputError, match=r"do not match its checksum; expected .*Ledger\.seal"):
        released.read_sealed(path)


def test_what_a_killed_writer_left_is_removed_later(rows):
    old, new = (rows.folder / "rows" / f".{name}.partial" for name in ("old", "new"))
    old.write_text("half a row")
    new.write_text("half a row")
    os.utime(old, (1, 1))
    ledger.open_folder(rows.folder)
    assert not old.exists() and new.exists()
    assert rows.rows().empty


def test_a_folder_without_a_ledger_is_refused(tmp_path):
    with pytest.raises(InputError, match="lmnotes status"):
        ledger.open_folder(tmp_path)


def test_the_header_says_what_the_row_is(rows, tmp_path):
    path = add(rows, cases.folder(tmp_path / "one"), dtype="float32")
    head = row.header(path)
    settings = {"bos": "tokenizer", "truncate": "model", "dtype": "float32", "special": "control"}
    assert head["rule_settings"] == settings
    assert (head["text_set"], head["n_texts"]) == (rows.text_set, 5)
    assert head["id"] == head["revision"] == path.stem
    assert json.loads(json.dumps(head)) == head
    odd = replace(cases.scores(tmp_path / "one", rows.text_set, VALUES), about={"n": np.int64(3)})
    rows.add(odd, {"where": tmp_path})


def test_a_model_in_memory_has_a_row_by_what_it_holds(rows, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cases.folder(tmp_path / "small")  # of the same name, and another model
    for digit, value in (("0", -3.5), ("1", -4.5), ("0", -3.5)):
        scores = cases.scores("small", rows.text_set, [value] * 5, rule=rows.rule)
        rows.add(replace(scores, revision=f"content-{digit * 16}"))
    assert rows.rows()["model"].tolist() == ["small@content-00000000", "small@content-11111111"]
    assert rows.matrix().values[:, 0].tolist() == [-3.5, -4.5]
    assert len(rows) == 2 and "small" not in rows
    assert add(rows, "small") and tmp_path / "small" in rows


def test_it_shows_itself_in_a_line_and_ten_rows(rows, texts):
    assert "small, 0 models x 5 texts, 0 failed" in repr(rows)
    for number in range(25):
        scores = cases.scores(f"hub/m{number:02}", rows.text_set, VALUES, rule=rows.rule)
        rows.add(scores)
    rows.record_failure("hub/other", "missing", "no such model")
    again = ledger.open(texts)
    assert repr(again).startswith("Ledger: small, 25 models x 5 texts, 1 failed (")
    page = again._repr_html_()
    assert page.count("<tr") == 12 and "hub/m04" in page and "hub/m24" in page
    assert len(again._headers) == 20  # no more files were opened
    assert len(rows) == 25 and "hub/m07" in rows and "hub/m25" not in rows
    assert repr(scores).startswith("Scores: 5 texts under hub/m24, -3.95 nats in the mean (bos=")
    assert "-2.25" in scores._repr_html_() and len(scores) == 5

import json
import signal
import subprocess
import sys
from pathlib import Path

import ledger_cases as cases
import numpy as np
import pandas as pd
import pytest
import tiny_models
from safetensors.numpy import save_file

from lmnotes import cli
from lmnotes.errors import InputError
from lmnotes.models.ledger import ledger
from lmnotes.models.runner import listing, runner
from lmnotes.models.scoring import loading
from lmnotes.models.scoring.failures import ADVICE
from lmnotes.text import chunks


@pytest.fixture
def home(tmp_path, monkeypatch, forked):
    """A place for runs and ledgers, and a file of texts."""
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    cases.text_set(6).save(tmp_path / "texts.jsonl")
    return tmp_path


def lmnotes(home, *arguments):
    command = [sys.executable, "-m", "lmnotes.cli", "score", *arguments]
    command += ["--texts", str(home / "texts.jsonl"), "--device", "cpu"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_folder_of_saved_models_is_scored_and_resumed_after_a_kill(home, capsys):
    models = home / "models"
    for number, name in enumerate(["gpt2", "llama"]):
        tiny_models.save(name, models / f"{number}-{name}", adds_bos=name == "llama")
    broken = cases.folder(models / "2-broken")
    (broken / "config.json").write_text(json.dumps({"model_type": "never-heard-of"}))
    (broken / "model.safetensors").unlink()
    tiny_models.tokenizer().save_pretrained(broken)
    run = lmnotes(home, str(models), "--ledger", str(home / "ledger"))
    assert "3 models, 6 texts of small, bos=tokenizer" in run.stdout.readline()
    first = run.stdout.readline()
    assert "[1/3] 0-gpt2: scored" in first
    run.send_signal(signal.SIGKILL)  # while the second, which was ready, is scored
    run.communicate()
    rows = ledger.open_folder(home / "ledger")
    before = {
        path: path.stat().st_mtime_ns for path in (rows.folder / "rows").glob("*.safetensors")
    }
    assert 1 <= len(before) == len(rows) <= 2
    scores = home / "scores.csv"
    more = ["--output", str(scores), "-v"]
    run = lmnotes(home, str(models), "--ledger", str(home / "ledger"), *more)
    said, error = run.communicate(timeout=300)
    assert run.returncode == 1 and "Traceback" not in error
    assert "[1/3] 0-gpt2: kept" in said
    assert "2-broken: failed" in said and "(unsupported)" in said
    assert said.count(": kept") == len(before) and said.count(": scored") == 2 - len(before)
    assert f"ledger: {rows.folder}" in said and f"2 of 3 models: {scores}" in said
    written = pd.read_csv(scores).set_index(["model", "text"])["log_likelihood_nats"].unstack()
    np.testing.assert_array_equal(written, rows.matrix().values)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    check_against_one_at_a_time(rows, models)
    failed = rows.failures()
    assert failed.loc[0, ["model", "kind", "attempts"]].tolist() == ["2-broken", "unsupported", 1]
    assert len(failed) == 1


def check_against_one_at_a_time(rows, models):
    import torch

    L = rows.matrix()
    assert L.models["model"].tolist() == ["0-gpt2", "1-llama"]
    assert L.models["architecture"].tolist()[0] == "GPT2LMHeadModel"
    torch.set_num_threads(1)
    for name, row in zip(L.models["model"], L.values, strict=True):
        scorer = loading.load(models / name, device="cpu")
        for text, value in zip(rows.texts.texts, row, strict=True):
            ids = torch.tensor([scorer.tokenizer(text)["input_ids"]])
            with torch.no_grad():
                log_p = scorer.model(ids).logits[0].double().log_softmax(-1)
            slow = log_p[:-1].gather(1, ids[0, 1:, None]).sum().item()
            assert value == pytest.approx(slow, abs=1e-4 * ids.shape[1])


@pytest.fixture
def asked(monkeypatch):
    """What `runner.score` was asked for; nothing is scored."""
    result = {}

    def fake(models, rows, **settings):
        result.update(settings, models=models, rows=rows)
        status, kind = result.get("answer", ("scored", ""))
        return pd.DataFrame({"model": models, "status": status, "kind": kind})

    monkeypatch.setattr(runner, "score", fake)
    return result


def test_arguments_reach_the_runner(home, asked, capsys):
    saved = cases.folder(home / "zoo" / "one")
    lines = f"# hubs\nlab/a@step10  # early\n\nlab/b\n{saved}\nzoo/one\n"
    (home / "list.txt").write_text(lines, encoding="utf-8")
    arguments = ["score", str(home / "list.txt"), "--texts", str(home / "texts.jsonl")]
    arguments += ["--rule", "bos=always truncate=64", "--shard", "2/3", "--workers", "4"]
    arguments += ["--device", "cuda:0,cuda:1", "--time-limit", "60", "--retry-failed", "--evict"]
    assert cli.main(arguments) == 0
    assert asked["models"] == ["lab/a@step10", "lab/b", str(saved)]
    assert asked["rows"].rule.name == "bos=always truncate=64 dtype=float32"
    assert asked["rows"].text_set == chunks.load(home / "texts.jsonl").content_id
    assert (asked["shard"], asked["workers"], asked["time_limit_s"]) == ("2/3", 4, 60)
    assert asked["devices"] == ["cuda:0", "cuda:1"] and asked["retry_failed"] and asked["evict"]
    assert not asked["trust_remote_code"]
    said = capsys.readouterr().out
    assert "3 scored; ledger: " in said and "gated" not in said
    asked["answer"] = "failed before", "gated"
    assert cli.main(arguments) == 1
    said = capsys.readouterr().out
    assert "--retry-failed" in said and f"gated: {ADVICE['gated']}\n" in said


@pytest.fixture
def kept(home, monkeypatch):
    """A ledger with a row for each of two folders of models, where the command finds it."""
    monkeypatch.chdir(home)
    rows = ledger.open(chunks.load("texts.jsonl"))
    for number, name in enumerate(["b", "a"]):
        values = -np.arange(1.0, 7) - number / 3
        rows.add(cases.scores(cases.folder(home / "zoo" / name, name), rows.text_set, values))
    return rows


def test_what_was_scored_is_written_also_where_all_of_it_was_kept(home, kept, capsys):
    arguments = ["score", "zoo/b", "zoo", "--texts", "texts.jsonl", "--device", "cpu"]
    for name in ("scores.csv", "scores.parquet"):
        (home / "scores.csv").write_text("of another time")
        assert cli.main([*arguments, "-q", "--output", name]) == 0
        said = f"2 kept; ledger: {kept.folder}\n2 of 2 models: {name}\n"
        assert capsys.readouterr().out == said
    first = pd.read_parquet("scores.parquet")
    cli.main([*arguments, "-v", "--output", "scores.csv"])
    assert "[2/2] a: kept\n2 kept; " in capsys.readouterr().out
    pd.testing.assert_frame_equal(pd.read_csv("scores.csv"), first, check_dtype=False)
    columns = "model text text_id domain log_likelihood_nats n_tokens n_bytes"
    assert list(first) == columns.split() and len(first) == 12
    assert first["model"].tolist() == ["b"] * 6 + ["a"] * 6  # in the order of the list
    texts = kept.texts.table
    for _, table in first.groupby("model", sort=False):
        assert table["text"].tolist() == list(range(6)) and set(table["n_tokens"]) == {7}
        for column in ("text_id", "domain", "n_bytes"):
            assert table[column].tolist() == texts[column].tolist()
    wide = first.pivot(index="model", columns="text", values="log_likelihood_nats")
    np.testing.assert_array_equal(wide, kept.matrix().values)
    assert not list(home.glob(".scores*"))
    assert cli.main([*arguments, "--output", "one.csv", "--shard", "2/2"]) == 0
    assert set(pd.read_csv("one.csv")["model"]) == {"a"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("scores.xlsx", "--output scores.xlsx was given; expected the name of a .csv or .parquet"),
        ("gone/scores.csv", "in a folder that is there: name another"),
    ],
)
def test_a_wrong_output_is_refused_before_anything_is_scored(
    home, kept, asked, capsys, name, words
):
    arguments = ["score", "lab/a", "--texts", "texts.jsonl", "--output", name]
    assert cli.main(arguments) == 2 and words in capsys.readouterr().err
    assert not asked


def test_models_are_named_one_by_one_or_by_lists(home, kept, asked):
    (home / "list.txt").write_text("lab/a\nlab/c\n")
    (home / "table.csv").write_text("model,family\nlab/d,d\n")
    tail = ["--texts", "texts.jsonl"]
    for given, models in (
        (["lab/a@step1"], ["lab/a@step1"]),
        (["gpt2"], ["gpt2"]),
        (["zoo/a"], [str(home / "zoo" / "a")]),
        (
            ["list.txt", "table.csv", "lab/c", "zoo/b"],
            ["lab/a", "lab/c", "lab/d", str(home / "zoo" / "b")],
        ),
    ):
        assert cli.main(["score", *given, *tail]) == 0
        assert asked["models"] == models
    families = listing.listed(["table.csv", "lab/c"])["family"].tolist()
    assert families == ["d", "lab/c"]
    for gone in ("zoo/c", "lists.txt", "lab/a/b"):
        with pytest.raises(InputError, match="a folder of saved models, or a hub id"):
            listing.listed(gone)


def test_texts_of_another_field_and_of_any_length(home, asked, capsys):
    rows = [{"body": "short"}, {"body": "long enough to be kept"}]
    (home / "own.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    arguments = ["score", "gpt2", "--texts", str(home / "own.jsonl"), "--field", "body"]
    assert cli.main([*arguments, "--minimum", "10"]) == 0
    assert asked["rows"].texts.texts == ["long enough to be kept"]
    assert cli.main([*arguments, "--minimum", "1"]) == 0
    assert len(asked["rows"].texts) == 2
    assert cli.main(arguments[:-2]) == 2
    assert "no text in field 'text'" in capsys.readouterr().err


def test_what_failed_is_said_quietly(home, monkeypatch, capsys):
    def fake(models, rows, *, progress, **settings):
        for line in ("[1/2] lab/a: scored 3 s", "[2/2] lab/b: failed (gated) no"):
            progress(line)
        return pd.DataFrame(
            {"model": models, "status": ["scored", "failed"], "kind": ["", "gated"]}
        )

    monkeypatch.setattr(runner, "score", fake)
    texts = ["--texts", str(home / "texts.jsonl")]
    assert cli.main(["score", "lab/a", "lab/b", *texts, "-q"]) == 1
    said = capsys.readouterr().out
    assert said.startswith("[2/2] lab/b: failed (gated) no\n1 scored, 1 failed; ledger: ")


def test_a_plan_is_told_without_a_network_and_starts_nothing(home, asked, capsys):
    model = tiny_models.save("gpt2", home / "zoo" / "small")
    scored = cases.folder(home / "zoo" / "scored")
    cases.folder(home / "zoo" / "torn", "no weights at all")
    tuned = home / "zoo" / "tuned"
    tuned.mkdir()
    (tuned / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": model}))
    save_file({"lora": np.ones(8)}, tuned / "adapter_model.safetensors")
    names = ["zoo/small", "zoo/scored", "zoo/torn", "lab/not-here", "zoo/tuned"]
    (home / "list.txt").write_text("\n".join(names))
    rows = ledger.open(chunks.load(home / "texts.jsonl"), folder=home / "ledger")
    rows.add(cases.scores(scored, rows.text_set, [-1.0] * 6))
    arguments = ["score", str(home / "list.txt"), "--texts", str(home / "texts.jsonl"), "--plan"]
    assert cli.main([*arguments, "--ledger", str(home / "ledger"), "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    n_parameters = sum(weights.numel() for weights in tiny_models.model("gpt2").parameters())
    size = sum(path.stat().st_size for path in Path(model).iterdir())
    lines = {line.split()[0]: line.split() for line in said.splitlines()}
    assert lines["small"][1:5] == ["to", "score", f"{n_parameters / 1000:.3g}k", "0"]
    assert lines["small"][5] == f"{size / 1000:.3g}k"
    assert lines["scored"][1] == "kept" and lines["torn"][1] == "missing"
    assert "\ntuned: an adapter, whose base is not counted\n" in said
    assert f"; {ADVICE['network']}\n" in said.partition("lab/not-here: ")[2]  # all of it
    assert "lab/not-here@main (no folder here): " in said
    assert lines["lab/not-here"][1:6] == ["network", *["unknown"] * 4]
    assert "2 to score, 1 kept, 1 missing, 1 network" in said and not asked
    assert lines["tuned"][3] == lines["tuned"][6] == "unknown"  # parameters and hours
    assert "whose base is not counted" in said and "1 models whose size is unknown" in said
    assert f"missing: {ADVICE['missing']}\nnetwork: {ADVICE['network']}\n" in said
    assert len(rows) == 1 and rows.failures().empty


def test_a_folder_is_one_model_or_many(tmp_path):
    first, two = cases.folder(tmp_path / "zoo" / "one"), cases.folder(tmp_path / "zoo" / "two")
    (tmp_path / "zoo" / "notes").mkdir()
    assert list(listing.listed(tmp_path / "zoo")["folder"]) == [str(first), str(two)]
    assert list(listing.listed(first)["folder"]) == [str(first)]


def test_a_list_is_read_as_it_was_saved(tmp_path):
    """Reported as microsoft/code_puppy#778 and NVDLI/LDL#3: marks at the start, `#` in a name."""
    path = tmp_path / "list.txt"
    cases.folder(tmp_path / "run#2")
    path.write_bytes(b"\xef\xbb\xbfgpt2\r\nrun#2  # the second\n#lab/a\n  # b\n")
    assert list(listing.listed(path)["folder"]) == ["gpt2", str(tmp_path / "run#2")]
    path.write_text("gpt2\nllama\n", encoding="utf-16")
    assert list(listing.listed(path)["folder"]) == ["gpt2", "llama"]


@pytest.mark.parametrize("line", [r"C:\models\my-llm", "llama:latest", "a--b", "x/.git", "-"])
def test_a_line_that_is_no_model_is_named_before_anything_starts(tmp_path, line):
    (tmp_path / "list.txt").write_text(f"gpt2\n\n{line}\n")
    with pytest.raises(InputError, match=r"list\.txt, line 3: model .* expected a folder"):
        listing.listed(tmp_path / "list.txt")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list.txt", "--device", "cuda:9"], "device 'cuda:9' was given; torch"),
        (["gone.txt"], "a list of models; expected a file that is there"),
        (["empty"], "expected folders with a config.json"),
        (["blank.txt"], "lists no model"),
        (["list.txt", "--rule", "bos=sometimes"], "expected bos=..., truncate=... and dtype=..."),
        (["list.txt", "--rule", "tokens=5"], "rule 'tokens=5' was given"),
        (["list.txt", "--shard", "5/3"], "1 <= i <= n"),
        (["list.txt", "--texts", "no-such-text"], "no-such-text"),
        (["list.txt", "--device", "gpu"], "names such as ['cuda:0']"),
        (["wrong.txt"], "expected a folder that is there, or a hub id"),
    ],
)
def test_wrong_input_gets_one_message(home, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(home)
    (home / "empty").mkdir()
    (home / "blank.txt").write_text("# nothing\n")
    (home / "list.txt").write_text("lab/a\n")
    (home / "wrong.txt").write_text("a/b/c/d\n")
    texts = [] if "--texts" in arguments else ["--texts", "texts.jsonl"]
    assert cli.main(["score", *arguments, *texts]) == 2
    error = capsys.readouterr().err
    assert words in error and "Traceback" not in error


def test_status_lists_ledgers_with_their_failures(home, capsys):
    rows = ledger.open(cases.text_set(6))
    rows.add(cases.scores(cases.folder(home / "one"), rows.text_set, np.full(6, -1.0)))
    for number, kind in enumerate(["gated", "killed", "gated"]):
        rows.record_failure(f"lab/{number}", kind, "", 1)
    (ledger.home() / "strange").mkdir()
    assert cli.main(["status"]) == 0
    said = capsys.readouterr().out
    assert "no runs yet" in said and "it cannot be read" in said
    (line,) = (line for line in said.splitlines() if line.startswith(rows.folder.name))
    assert cli.main(["status", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    first, strange = sorted(answer["ledgers"], key=lambda about: about["name"] == "strange")
    assert first == {
        "name": rows.folder.name,
        "folder": str(rows.folder),
        "texts": "small",
        "n_texts": 6,
        "rule": rows.rule.name,
        "n_rows": 1,
        "failed": {"gated": 2, "killed": 1},
    }
    assert strange["rule"] is None and answer["runs"] == []
    assert "6 of small  bos=tokenizer truncate=model dtype=float32  1" in line
    assert line.endswith("2 gated, 1 killed")

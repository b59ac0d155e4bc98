"""Prompts with responses, out of the installation and out of files."""

import json

import pytest

from lmnotes.errors import InputError
from lmnotes.papers.prompt_response_map import prompt_sets


def test_the_installation_has_four_tasks():
    found = prompt_sets.load(per_task=50)
    assert found.groupby("task").size().to_dict() == dict.fromkeys(prompt_sets.TASKS, 50)
    assert found.response.map(lambda text: 0 < len(text.encode()) <= 64).all()
    assert not found.duplicated(["prompt", "response"]).any()
    code = found[found.task == "code"]
    assert code.prompt.str.match(r"(async )?def ").all() and code.prompt.str.endswith('"""').all()
    assert found[found.task == "summary"].prompt.str.endswith(" summary:").all()
    for row in found[found.task == "arithmetic"].itertuples():
        a, b = row.prompt.removeprefix("What is ").removesuffix("?").split(" + ")
        assert int(a) + int(b) == int(row.response)
    assert found.equals(prompt_sets.load(per_task=50))
    assert not found.equals(prompt_sets.load(per_task=50, seed=1))


def test_months_by_hand():
    found = prompt_sets.load(per_task=None).set_index("prompt").response
    assert found["Which month is 2 months after December?"] == "February"
    assert found["Which month is 12 months after May?"] == "May"


ROWS = [
    {"prompt": "a?", "response": "zwölf", "task": "one"},
    {
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "user", "content": "b?"},
            {"role": "assistant", "content": "yes"},
        ]
    },
    {"conversations": [{"from": "human", "value": "c?"}, {"from": "gpt", "value": "no"}]},
    {"messages": [{"role": "user", "content": "left alone"}]},
]


def test_files_of_pairs_and_of_conversations(tmp_path):
    import pandas

    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in ROWS) + "\n", encoding="utf-8")
    found = prompt_sets.load(path, n_bytes=4)
    assert found.prompt.tolist() == ["a?", "b?", "c?"]
    assert found.response.tolist() == ["zwö", "yes", "no"] and found.task.tolist() == [
        "one",
        "",
        "",
    ]
    table = tmp_path / "set.parquet"
    pandas.DataFrame([{"prompt": "a?", "response": "b"}]).to_parquet(table)
    assert prompt_sets.load(table, n_bytes=None).response.tolist() == ["b"]


def test_what_is_no_set_of_prompts_is_refused(tmp_path):
    with pytest.raises(InputError, match="check the path"):
        prompt_sets.load(tmp_path / "none.jsonl")
    (tmp_path / "texts.jsonl").write_text('{"text": "a"}\n')
    with pytest.raises(InputError, match="gives no pair"):
        prompt_sets.load(tmp_path / "texts.jsonl")

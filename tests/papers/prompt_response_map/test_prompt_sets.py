"""Prompts with responses, out of the installation and out of files."""

import json

import pandas
import pytest

from lmnotes.errors import InputError
from lmnotes.papers.prompt_response_map import prompt_sets


def test_the_installation_has_four_tasks():
    result = prompt_sets.load(per_task=50)
    assert result.groupby("task").size().to_dict() == dict.fromkeys(prompt_sets.TASKS, 50)
    assert result.response.map(lambda text: 0 < len(text.encode()) <= 64).all()
    assert not result.duplicated(["prompt", "response"]).any()
    code = result[result.task == "code"]
    assert code.prompt.str.match(r"(async )?def ").all() and code.prompt.str.endswith('"""').all()
    assert result[result.task == "summary"].prompt.str.endswith(" summary:").all()
    for row in result[result.task == "arithmetic"].itertuples():
        a, b = row.prompt.removeprefix("What is ").removesuffix("?").split(" + ")
        assert int(a) + int(b) == int(row.response)
    assert result.equals(prompt_sets.load(per_task=50))
    assert not result.equals(prompt_sets.load(per_task=50, seed=1))


def test_months_by_hand():
    result = prompt_sets.load(per_task=None).set_index("prompt").response
    assert result["Which month is 2 months after December?"] == "February"
    assert result["Which month is 12 months after May?"] == "May"


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
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in ROWS) + "\n", encoding="utf-8")
    result = prompt_sets.load(path, n_bytes=4)
    assert result.prompt.tolist() == ["a?", "b?", "c?"]
    assert result.response.tolist() == ["zwö", "yes", "no"] and result.task.tolist() == [
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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"prompt":"a","response":"b"}\n{"prompt":"Name a', r"set\.jsonl, line 2: not JSON"),
        ('["a","b"]\n', r"set\.jsonl, line 1: .*one object"),
        ('\n{"messages":["hello"]}\n', r"set\.jsonl, line 2: .*role"),
        ('{"conversations":"hello"}\n', r"set\.jsonl, line 1: .*role"),
    ],
)
def test_a_file_that_cannot_be_read_names_its_line(tmp_path, text, words):
    (tmp_path / "set.jsonl").write_text(text)
    with pytest.raises(InputError, match=words):
        prompt_sets.load(tmp_path / "set.jsonl")


def test_marks_are_no_text_and_a_cut_table_is_one_sentence(tmp_path):
    path = tmp_path / "set.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"prompt":"Name a fish","response":"Trout"}\r\n')
    assert prompt_sets.load(path)["response"].tolist() == ["Trout"]
    table = tmp_path / "set.parquet"
    pandas.DataFrame([{"prompt": "a?", "response": "b"}]).to_parquet(table)
    table.write_bytes(table.read_bytes()[:200])
    with pytest.raises(InputError, match="not a whole parquet file"):
        prompt_sets.load(table)

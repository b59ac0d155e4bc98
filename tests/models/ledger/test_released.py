import hashlib
import os
import pickle

import ledger_cases as cases
import numpy as np
import pandas as pd
import pytest

from lmnotes.errors import InputError
from lmnotes.models.ledger import released

VALUES = np.array([[-684.6, -491.3, -591.4], [-700.0, -20503.7, -0.01]])


def records():
    """Two models as the released file describes them."""
    return [
        {
            "name": f"lab/model-{number}",
            "type": "llama-3",
            "size": 8.0,
            "created_at": pd.Timestamp("2024-04-20"),
            "downloads": 9308,
            "tags": ["en", "text-generation"],
            "logp": values,
            "mean_logp": values.mean(),
            "ARC": 58.618,
            "6-TaskMean": 54.063,
        }
        for number, values in enumerate(VALUES)
    ]


def layouts():
    table = pd.DataFrame(records())
    columns = {name: list(table[name]) for name in table}
    by_name = {record["name"]: record for record in records()}
    lists = [record | {"logp": record["logp"].tolist()} for record in records()]
    indexed = table.set_index("name").astype({"type": "category"})
    return [table, records(), columns, by_name, lists, indexed]


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_every_likely_layout_is_read(tmp_path, number, protocol):
    path = tmp_path / "matrix.pkl"
    path.write_bytes(pickle.dumps(layouts()[number], protocol=protocol))
    L = released.read_released(path)
    assert np.array_equal(L.values, VALUES) and L.values.dtype == np.float64
    assert L.models["model"].tolist() == ["lab/model-0", "lab/model-1"]
    assert L.models["size"].tolist() == [8.0, 8.0] and "logp" not in L.models
    assert L.models["created_at"][0] == pd.Timestamp("2024-04-20")
    assert len(L.texts) == 3 and L.rule == "bos=tokenizer truncate=model dtype=float16"


def test_its_texts_may_be_given(tmp_path):
    path = tmp_path / "matrix.pkl"
    pd.DataFrame(records()).to_pickle(path)
    texts = cases.text_set(3)
    L = released.read_released(path, texts=texts)
    assert np.array_equal(L.n_bytes, texts.n_bytes) and L.text_set == texts.content_id
    with pytest.raises(InputError, match=r"3 texts, and 4 texts were given"):
        released.read_released(path, texts=cases.text_set(4))


def test_the_checksum_is_checked_before_anything_is_read(tmp_path):
    path = tmp_path / "matrix.pkl"
    pd.DataFrame(records()).to_pickle(path)
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(released.read_released(path, sha256=right)) == 2
    path.write_bytes(b"anything")
    with pytest.raises(InputError, match=f"expected {right}"):
        released.read_released(path, sha256=right)


class Calls:
    """A pickle that calls a function when it is loaded."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("where", ["alone", "in a record"])
@pytest.mark.parametrize("which", ["system", "exec", "getattr", "eval_of_pandas", "read_pickle"])
def test_a_pickle_that_would_run_code_is_refused_unrun(tmp_path, where, which):
    witness = tmp_path / "witness"
    evil = {
        "system": Calls(os.system, f"touch {witness}"),
        "exec": Calls(exec, f"open({str(witness)!r}, 'w')"),
        "getattr": Calls(getattr, os, "system"),
        "eval_of_pandas": Calls(pd.eval, "1 + 1"),
        "read_pickle": Calls(pd.read_pickle, str(tmp_path / "other.pkl")),
    }[which]
    if which == "getattr":
        evil = Calls(getattr, "text", "upper")
    path = tmp_path / "matrix.pkl"
    content = evil if where == "alone" else [record | {"tags": evil} for record in records()]
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(InputError, match="expected tables and arrays alone"):
        released.read_released(path)
    assert not witness.exists()
    if which in ("system", "exec"):  # the test is able to see what it guards against
        pickle.loads(path.read_bytes())
        assert witness.exists()


def test_a_dotted_name_does_not_slip_through(tmp_path):
    path = tmp_path / "matrix.pkl"
    # protocol 4 names an attribute of an attribute: numpy's `dtype.__class__`
    path.write_bytes(b"\x80\x04\x8c\x05numpy\x8c\x0fdtype.__class__\x93.")
    with pytest.raises(InputError, match=r"names numpy\.dtype\.__class__"):
        released.read_released(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([1, 2], "holds a list"),
        ({"name": ["a"], "size": [1]}, "one column of log-likelihoods"),
        ({"name": ["a"], "x": [[1.0, 2]], "y": [[1.0, 2]]}, "one column of log-likelihoods"),
        ({"name": ["a", "b"], "logp": [[1.0, 2], [1.0]]}, "one column of log-likelihoods"),
    ],
)
def test_other_contents_are_refused(tmp_path, content, words):
    path = tmp_path / "matrix.pkl"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(InputError, match=words):
        released.read_released(path)


@pytest.mark.parametrize("data", [b"", b"<html>404</html>", pickle.dumps(records())[:-40]])
def test_a_broken_file_is_refused(tmp_path, data):
    path = tmp_path / "matrix.pkl"
    path.write_bytes(data)
    with pytest.raises(InputError, match="fetch it again"):
        released.read_released(path)

"""A lab's table joined onto the models of a matrix, by names as people write them."""

import datetime

import numpy as np
import pandas as pd
import pytest

from lmnotes.errors import InputError
from lmnotes.models import models_about


def _models(*names, **columns):
    return pd.DataFrame({"model": names, **columns})


def test_rows_are_found_by_full_name_last_part_or_label_and_cells_may_be_missing():
    names = ("lab/a", "b", "lab/c@step9", "d", "lab/e-small")
    models = _models(*names, label=["a", "b", "c9", "The D", "e"], n=range(5))
    about = _models("The D", "c", "other/b", "a", "lab/e-smal", score=[4.0, 3, 2, None, 5])
    about["revision"] = ["", "step9", None, "main", ""]
    joined = models_about.join(models, about)
    assert joined.models["model"].tolist() == list(names)
    assert joined.models["score"].fillna(0).tolist() == [0, 2, 3, 4, 0]
    assert joined.models["n"].tolist() == [0, 1, 2, 3, 4]
    assert joined.unknown == ["lab/e-small"] and joined.unused == ["lab/e-smal"]
    assert str(joined).splitlines() == [
        "1 not in the table: lab/e-small (did you mean 'lab/e-smal'?)",
        "1 in the table and not among the models: lab/e-smal (did you mean 'lab/e-small'?)",
    ]


def test_its_cells_come_first_and_what_it_lacks_is_what_was_known():
    models = _models("a", "b", size=[1.0, 2.0], way=["x", "y"])
    joined = models_about.join(models, _models("b", "a", size=[np.nan, 7.0], kind=["k", None]))
    assert joined.models["size"].tolist() == [7.0, 2.0] and joined.models["size"].dtype == float
    assert list(joined.models) == ["model", "size", "kind", "way"]
    assert str(joined) == ""


def test_case_is_as_written_and_another_owner_is_another_model():
    joined = models_about.join(_models("lab/A", "me/x"), _models("lab/a", "you/x", k=[1, 2]))
    assert joined.unknown == ["lab/A", "me/x"] and joined.models["k"].isna().all()


@pytest.mark.parametrize(
    ("models", "names", "words"),
    [
        (("a",), ("a", "b", "a"), "'a' stands in rows 0 and 2 of the table"),
        (("a",), ("lab/a", "you/a"), "'a' could be any of several"),
        (("lab/a", "you/a"), ("a",), "'a' could be any of several"),
    ],
)
def test_what_could_be_two_is_refused(models, names, words):
    with pytest.raises(InputError, match=words):
        models_about.join(_models(*models), _models(*names))
    with pytest.raises(InputError, match="expected a column `model`"):
        models_about.join(_models("a"), pd.DataFrame({"name": ["a"]}))


def test_a_table_is_the_same_from_every_kind_of_file(tmp_path):
    table = _models("lab/a", "lab/b", family=["x", None], size=["7M", "1.5B"], score=[0.5, None])
    table["date"] = [datetime.date(2024, 1, 2), datetime.date(2023, 1, 1)]
    table.to_csv(tmp_path / "m.csv", index=False)
    table.to_csv(tmp_path / "m.tsv", index=False, sep="\t")
    table["near"] = [[1, 2], [3]]  # more than a cell holds
    table.to_parquet(tmp_path / "m.parquet")
    tables = [models_about.read(tmp_path / f"m.{end}") for end in ("csv", "tsv", "parquet")]
    for read in tables:
        assert read["n_parameters"].tolist() == [7e6, 1.5e9] and "near" not in read
        assert read["created_at"].tolist() == ["2024-01-02", "2023-01-01"]
        pd.testing.assert_frame_equal(read.reset_index(drop=True), tables[0].reset_index(drop=True))
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(InputError, match="not a whole parquet file"):
        models_about.read(tmp_path / "bad.parquet")
    table.drop(columns="model").to_parquet(tmp_path / "nameless.parquet")
    with pytest.raises(InputError, match="expected model"):
        models_about.read(tmp_path / "nameless.parquet")

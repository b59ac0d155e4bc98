import pytest

from lmnotes.errors import InputError
from lmnotes.notebook import parameters
from lmnotes.runs import twins

CELL = """
from typing import Literal

corpus_name: str = "installed"      # installed | text8 | a path
dim: int = 100                      # 10..1000, size of a vector
rate: float = 0.025                 # 1e-5..1
top: int | None = None              # 1..50
rule: Literal["pair", "shared"] = "pair"
shuffle: bool = False
counts: list[int] = [10, 100]       # 1..1000
names: list[str] = []
offset: int = -3                    # -10..
"""
DECLARED = parameters.parse(CELL)


def value(name, given):
    return parameters.check(DECLARED, {name: given})[name]


def test_declarations_are_read_in_order_with_range_and_comment():
    assert [parameter.name for parameter in DECLARED] == (
        ["corpus_name", "dim", "rate", "top", "rule", "shuffle", "counts", "names", "offset"]
    )
    by_name = {parameter.name: parameter for parameter in DECLARED}
    assert by_name["dim"] == parameters.Parameter("dim", "int", 100, 10, 1000, "size of a vector")
    assert by_name["rate"].range == "1e-05..1"
    assert by_name["top"].type == "int | None"
    assert by_name["top"].high == 50
    assert by_name["corpus_name"].comment == "installed | text8 | a path"
    assert (by_name["offset"].low, by_name["offset"].high) == (-10, None)


def test_read_takes_the_tagged_cell_of_a_notebook(house):
    assert [parameter.name for parameter in parameters.read(house.notebook)][:2] == [
        "n_points",
        "slope",
    ]
    house.notebook.write_text(house.notebook.read_text().replace('"parameters"', '"other"'))
    with pytest.raises(InputError, match="0 cells tagged 'parameters'"):
        parameters.read(house.notebook)


def test_advanced_parameters_stand_in_a_cell_of_their_own_above(house):
    twin = parameters.twin_of(house.notebook)
    twins.sync()
    text = twin.read_text()
    first = text.index("# %% tags=")
    advanced = '# %% tags=["advanced"]\ndepth: int = 2  # 1..9\n\n'
    twin.write_text(text[:first] + advanced + text[first:])
    twins.sync(direction="from-twin")
    for path in (twin, house.notebook):
        declared = parameters.read(path)
        assert [p.name for p in declared if p.advanced] == ["depth"]
        assert parameters.check(declared, {"depth": "3"})["depth"] == 3
        with pytest.raises(InputError, match="depth"):
            parameters.check(declared, {"depth": "10"})
    twin.write_text(twin.read_text().replace(advanced, 2 * advanced))
    with pytest.raises(InputError, match="2 cells tagged 'advanced'; expected one at most"):
        parameters.read(twin)


def test_the_defaults_are_the_twins_and_what_was_saved_otherwise_is_said(house):
    assert parameters.declared(house.notebook)[1] == {}
    twins.sync()
    assert parameters.read(parameters.twin_of(house.notebook)) == parameters.read(house.notebook)
    text = house.notebook.read_text()
    assert parameters.saved_otherwise(house.notebook) == ""
    edited = text.replace("n_points: int = 10 ", "n_points: int = 16 ")
    house.notebook.write_text(edited.replace("seed: int = 0", "seed: int = 0\\nnew: int = 1"))
    declared, saved = parameters.declared(house.notebook)
    assert saved == {"n_points": 16}
    defaults = {parameter.name: parameter.default for parameter in declared}
    assert defaults["n_points"] == 10 and defaults["new"] == 1
    said = parameters.saved_otherwise(house.notebook)
    assert "01_tiny.ipynb was saved with n_points = 16" in said
    assert "n_points = 10 of py/01_tiny.py" in said and "--from-notebook" in said


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("dim", "50", 50),
        ("dim", 50, 50),
        ("rate", "1", 1.0),
        ("rate", 1, 1.0),
        ("rate", "2.5e-2", 0.025),
        ("top", "None", None),
        ("top", None, None),
        ("top", "7", 7),
        ("shuffle", "True", True),
        ("shuffle", "false", False),
        ("rule", "shared", "shared"),
        ("counts", "10,20", [10, 20]),
        ("counts", "[10, 20]", [10, 20]),
        ("counts", [5], [5]),
        ("names", "a, b", ["a", "b"]),
        ("names", "", []),
        ("corpus_name", "anything/at all.txt", "anything/at all.txt"),
        ("corpus_name", "50", "50"),
    ],
)
def test_values_become_the_declared_type(name, given, expected):
    got = value(name, given)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("dim", "abc", ["'abc'", "type int", "write it like 50"]),
        ("dim", "50.5", ["'50.5'", "type int"]),
        ("dim", 50.0, ["50.0", "type int"]),
        ("dim", True, ["True", "type int"]),
        ("dim", "9", ["9 is out of range", "10..1000", "default is 100"]),
        ("dim", 1001, ["out of range"]),
        ("dim", "None", ["'None'", "type int"]),
        ("rate", "0", ["out of range"]),
        ("rate", "nan", ["'nan'", "type float"]),
        ("rate", "inf", ["out of range"]),
        ("top", "51", ["out of range"]),
        ("top", "x", ["int | None"]),
        ("shuffle", "yes", ["'yes'", "true or false"]),
        ("shuffle", 1, ["type bool"]),
        ("rule", "pairs", ["one of 'pair', 'shared'", "did you mean 'pair'?"]),
        ("counts", "10,x", ["'x'"]),
        ("counts", "0", ["out of range"]),
        ("counts", 3, ["list[int]"]),
        ("offset", -11, ["out of range", "-10.."]),
        ("corpus_name", 3, ["type str"]),
    ],
)
def test_what_does_not_fit_is_refused_with_given_expected_and_next_step(name, given, words):
    with pytest.raises(InputError) as caught:
        value(name, given)
    message = str(caught.value)
    assert name in message
    assert "expected" in message
    for word in words:
        assert word in message


def test_an_unknown_name_is_refused_with_the_nearest_one():
    with pytest.raises(InputError, match=r"'dims' was given.*did you mean 'dim'"):
        value("dims", "50")
    with pytest.raises(InputError, match="expected one of corpus_name, dim"):
        value("zzzzz", "50")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("dim = 100", "expected 'name: type = default"),
        ("dim: int", "expected 'name: type = default"),
        ("print(1)", "expected 'name: type = default"),
        ("dim: int = 10 * 10", "plain value"),
        ("dim: int = 5  # 10..1000", "out of range"),
        ("dim: int = 1.5", "type int"),
        ("dim: dict = {}", "type dict; expected one of int"),
        ("dim: int | str = 3", "type int | str; expected one of"),
        ("dim: str = None", "type str"),
    ],
)
def test_a_cell_that_cannot_be_checked_is_refused(source, words):
    with pytest.raises(InputError) as caught:
        parameters.parse(source, "02_x.ipynb")
    assert words in str(caught.value)
    assert "02_x.ipynb" in str(caught.value)


def test_a_path_that_was_given_is_there(tmp_path):
    declared = parameters.parse('text: str = "installed"  # installed | text8 | a path')
    for word in ("text8", "pile10k"):
        assert parameters.with_paths(declared, ["text"], {"text": word}, tmp_path)["text"] == word
    with pytest.raises(InputError, match=r"'novl.txt' is not in .*expected a path"):
        parameters.with_paths(declared, ["text"], {"text": "novl.txt"}, tmp_path)


def test_items_of_a_list_are_paths_where_they_are_there(tmp_path):
    source = 'names: list[str] = ["docs"]  # domains\nothers: list[str] = []  # ids or folders'
    declared = parameters.parse(source)
    for name in ("docs", "mine"):
        (tmp_path / name).mkdir()
    given = {"names": ["docs", "mine"], "others": ["mine", "me/theirs"]}
    values = parameters.with_paths(declared, list(given), given, tmp_path)
    assert values == {"names": ["docs", "mine"], "others": [str(tmp_path / "mine"), "me/theirs"]}

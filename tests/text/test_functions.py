import ast
import time

import pytest

from lmnotes.errors import InputError
from lmnotes.text import functions, installed, tokenise

SOURCE = '''
class Scale:
    """A class has no pair."""

    @property
    def half(self):
        """The half of é, # and so on."""  # a remark
        # another

        text = """kept # as
  it stands"""  # gone
        return f"{self.x} # {text}" "a" 'b'

    def nothing(self):
        """Abstract, so it says nothing."""
        raise NotImplementedError

def outer(a,
  b):
    r"""Outer \\d."""; n = 1
    class Inner:
        "Only a docstring."
        "And another."
    def inner():
        """Inner English."""
        return a + \\
            b
    if n:
        \'\'\'A stray string.\'\'\'
    else: "stray"; n = 2
    return inner, Inner

async def undocumented(): return 1

if True:
    async def wait(): "Waits for it."; await x  # é
'''

SOME = ("python", "networkx", "scipy")  # all of PACKAGES take half a minute


@pytest.fixture(scope="module")
def table(shared_home):
    return functions.functions(SOME)


def without_strings(node):
    """The tree of a function as `in_file` should give it, by way of `ast` alone."""
    node.decorator_list = []
    for part in ast.walk(node):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(part, name, None)
            if isinstance(block, list) and any(map(is_string, block)):
                setattr(part, name, [s for s in block if not is_string(s)] or [ast.Pass()])
    return ast.dump(node)


def is_string(statement):
    value = getattr(statement, "value", None)
    return isinstance(statement, ast.Expr) and isinstance(getattr(value, "value", None), str)


def test_a_file_to_pairs():
    pairs = {name: (english, python) for name, english, python in functions.in_file(SOURCE)}
    assert list(pairs) == ["Scale.half", "outer", "wait"]
    assert pairs["Scale.half"] == (
        "The half of é, # and so on.",
        'def half(self):\n    text = """kept # as\n  it stands"""\n'
        '    return f"{self.x} # {text}" "a" \'b\'',
    )
    assert pairs["outer"] == (
        "Outer \\d.",
        "def outer(a,\n  b):\n    n = 1\n    class Inner:\n        pass\n    def inner():\n"
        "        return a + \\\n            b\n    if n:\n        pass\n    else: n = 2\n"
        "    return inner, Inner",
    )
    assert pairs["wait"] == ("Waits for it.", "async def wait(): await x")


@pytest.mark.parametrize("module", ["networkx", "joblib"])
def test_python_is_exactly_the_function_without_its_strings(module):
    n_functions = 0
    for _, file in installed.files(module, "", ".py"):
        source = installed.read(file)
        nodes = [
            (node, ast.get_docstring(node))
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node)
        ]
        by_docstring = {}
        for node, english in nodes:
            by_docstring.setdefault((node.name, english), []).append(without_strings(node))
        for name, english, python in functions.in_file(source):
            (node,) = ast.parse(python).body
            assert ast.dump(node) in by_docstring[name.rpartition(".")[2], english], (file, name)
            n_functions += 1
    assert n_functions > 150


def test_words_of_python():
    source = "class HTTPServer2(Base):\n    async def do_GET(self, x_0=1_000): # no\n"
    words = "class http server 2 base async def do get self x 0 1_000"
    assert " ".join(functions.python_words(source)) == words
    source = "1e-5 + 0xFF .5 1.0j a@b \"it's\" 'key' rb'raw' f'{a}' \"\"\"'q' # \"\"\" not Größe ΔT"
    assert " ".join(functions.python_words(source)) == "1e-5 0xff 5 1.0j a b key raw not größe δ t"
    assert functions.python_words("") == []


def test_there_are_enough_pairs_and_they_read_well(table):
    assert list(table.columns) == ["name", "package", "english", "python"]
    assert len(table) > 7_000  # and 25,000 of all packages
    assert set(table.package) == set(SOME)
    rows = table.set_index("name")
    assert rows.index.duplicated().mean() < 0.01  # a property and its setter share a name
    blur = rows.loc["scipy.ndimage._filters.gaussian_filter1d"]
    assert blur.english.startswith("standard deviation for Gaussian kernel\n\nAn order of 0 ")
    assert blur.python.startswith("def gaussian_filter1d(") and "An order of" not in blur.python
    assert rows.loc["bisect.insort_right"].package == "python"


def test_both_sides_are_long_enough_and_come_once(table):
    letters, bodies = [], []
    for row in table.iloc[::7].itertuples():
        english, body = tokenise.words(row.english), functions.python_words(row.python)
        assert len(english) >= functions.MIN_ENGLISH and len(body) >= functions.MIN_PYTHON, row.name
        letters.append(" ".join(word for word in english if not word.isdigit()))
        bodies.append(" ".join(body))
    assert len(set(letters)) == len(set(bodies)) == len(letters)


def test_a_second_call_only_reads(table):
    start = time.perf_counter()
    again = functions.functions(SOME)
    assert time.perf_counter() - start < 1
    assert again.equals(table)
    assert again.attrs["content_id"] == table.attrs["content_id"]


def test_some_packages_only():
    some = functions.functions(["pooch"], keep=False)
    assert set(some.package) == {"pooch"}
    assert (
        some.attrs["content_id"] != functions.functions(["joblib"], keep=False).attrs["content_id"]
    )
    with pytest.raises(InputError, match=r"package 'numpi' was given.*did you mean .*'numpy'"):
        functions.functions(["numpi"])


def test_a_missing_package_is_left_out_and_said_so(monkeypatch):
    there = installed._folder
    monkeypatch.setattr(installed, "_folder", lambda m: None if m == "pooch" else there(m))
    with pytest.warns(UserWarning, match="pooch is not installed: its functions are left out"):
        assert len(functions.functions(["pooch"], keep=False)) == 0


def test_a_file_that_is_not_python_gives_nothing(tmp_path):
    file = tmp_path / "broken.py"
    file.write_text('def f(:\n    """A docstring that nobody can have."""\n')
    assert functions._in_file(file) == []

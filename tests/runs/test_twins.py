import json
import os

import pytest

from lmnotes.errors import InputError
from lmnotes.notebook import parameters
from lmnotes.runs import twins

TWIN = """# %% [markdown]
# # A title
#
# With $x$ and ünïcode.

# %% tags=["parameters"]
dim: int = 100  # 10..1000

# %%
# %matplotlib inline
print(dim)


# %%
def square(x):
    return x * x


square(3)
"""


@pytest.fixture
def pair(house):
    """A twin and its notebook, alone in the house."""
    house.notebook.unlink()
    twin = twins.twin_of(house.notebook)
    twin.parent.mkdir()
    twin.write_text(TWIN)
    assert twins.sync() == [house.notebook]
    return house.notebook, twin


def test_the_notebook_is_plain_and_always_the_same(pair):
    notebook, _ = pair
    text = notebook.read_text()
    assert text == twins.notebook_text(TWIN) == twins.notebook_text(twins.twin_text(text))
    node = json.loads(text)
    kinds = [cell["cell_type"] for cell in node["cells"]]
    assert kinds == ["markdown", "code", "code", "code"]
    assert [cell["metadata"] for cell in node["cells"]] == [{}, {"tags": ["parameters"]}, {}, {}]
    assert "".join(node["cells"][2]["source"]) == "%matplotlib inline\nprint(dim)"
    assert len({cell["id"] for cell in node["cells"]}) == 4
    assert parameters.read(notebook)[0].high == 1000
    assert "ünïcode" in text
    assert twins.twin_text(text) == TWIN
    assert twins.sync() == [] and twins.differing() == []


def test_a_cell_that_keeps_books_is_folded_and_its_twin_says_so_by_a_tag_alone():
    text = twins.notebook_text('# %% tags=["hidden"]\nprint(1)\n')
    about = json.loads(text)["cells"][0]["metadata"]
    assert about == {"tags": ["hidden"], "jupyter": {"source_hidden": True}}
    assert twins.twin_text(text) == '# %% tags=["hidden"]\nprint(1)\n'


def test_outputs_and_differences_are_named_and_mended(pair):
    notebook, twin = pair
    node = json.loads(notebook.read_text())
    node["cells"][2]["execution_count"] = 1
    node["metadata"]["widgets"] = {}
    notebook.write_text(json.dumps(node))
    assert twins.differing() == ["01_tiny.ipynb carries outputs"]
    assert twins.sync() == [notebook]
    twin.write_text(TWIN + "\n# %%\n1 + 1\n")
    assert twins.differing(["01"]) == ["01_tiny.ipynb differs from py/01_tiny.py"]
    assert twins.sync(["1"]) == [notebook]
    assert twins.differing() == []
    notebook.unlink()
    assert twins.differing() == ["01_tiny.ipynb is not there"]


def test_edits_in_jupyter_go_to_the_twin_and_are_not_overwritten_unasked(pair):
    notebook, twin = pair
    node = json.loads(notebook.read_text())
    node["cells"][2]["source"] = "print(dim + 1)"
    node["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "101\n"}]
    notebook.write_text(json.dumps(node))
    later = os.path.getmtime(twin) + 5
    os.utime(notebook, (later, later))
    with pytest.raises(InputError, match=r"saved later.*--from-notebook"):
        twins.sync()
    assert sorted(twins.sync(direction="from-notebook")) == [notebook, twin]
    assert "print(dim + 1)" in twin.read_text()
    assert "101" not in notebook.read_text()
    assert twins.differing() == []
    twin.write_text(TWIN)
    os.utime(twin, (1, 1))
    assert twins.sync(direction="from-twin") == [notebook]
    assert "print(dim + 1)" not in notebook.read_text()


@pytest.mark.parametrize("direction", ["from-notebook", "auto"])
def test_a_pasted_picture_is_not_dropped_in_silence(pair, direction):
    notebook, twin = pair
    node = json.loads(notebook.read_text())
    node["cells"][0]["source"] += "\n\n![image.png](attachment:image.png)"
    node["cells"][0]["attachments"] = {"image.png": {"image/png": "iVBORw0KGgo="}}
    text = json.dumps(node)
    notebook.write_text(text)
    later = os.path.getmtime(twin) + 5
    os.utime(notebook, (later, later))
    with pytest.raises(InputError, match=r"cell 1, '# A title.* holds the pasted image\.png"):
        twins.sync(direction=direction)
    assert (notebook.read_text(), twin.read_text()) == (text, TWIN)
    assert twins.sync(direction="from-twin") == [notebook]


def test_a_notebook_without_a_twin_gets_one(house):
    assert len(twins.sync()) == 2
    assert '# %% tags=["parameters"]' in twins.twin_of(house.notebook).read_text()
    assert twins.differing() == []

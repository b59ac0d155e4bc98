"""A reader's own text, at the profile `quick` of the cards that have one."""

import pytest

from lmnotes.notebook import card
from lmnotes.runs import record, run
from lmnotes.text import installed

NAMES = [path.stem for path in card.notebooks() if "quick" in card.for_notebook(path.stem).profiles]


def test_two_notebooks_take_a_text_of_ones_own():
    assert [name[:2] for name in NAMES] == ["01", "03"]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_text_of_half_a_megabyte_runs_through(name, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(tmp_path / "outputs"))
    texts = (document.text for document in installed.documents("encyclopedia"))
    novel = tmp_path / "novel.txt"
    novel.write_text("\n\n".join(texts)[:500_000], encoding="utf-8")
    result = run.run(name, profile="quick", overrides={"corpus_name": str(novel)})
    assert result.status == "ok", result.message
    assert record.read(result.folder)["profile"] == "quick"

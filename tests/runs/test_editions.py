"""Editions for a class, of the tiny paper and of every notebook."""

import re
import shutil

import nbformat
import pytest
from house import CELLS, write_notebook

from lmnotes import cli
from lmnotes.errors import InputError
from lmnotes.notebook import card
from lmnotes.runs import editions, run, twins, watch

OPENING = "# Tiny\n\n**The question.** Is it\na line?\n\n**The idea in two sentences.** One. Two."
ASK = 'square = teach.exercise("square", right=lambda answer: answer == 9, kind=int); n = 3'
LESSON = [
    ("markdown", OPENING, []),
    *CELLS[1:3],
    ("markdown", "## 1. A line\n\nFirst $a$.\n\nSecond.", []),
    CELLS[3],
    ("markdown", "More of the line.\n\n## 2. A square", []),
    ("code", ASK, []),
    ("code", "square.check(...)  # a number (whole)", ["answer"]),
    CELLS[6],
    ("markdown", "## What we found", []),
]
NAMES = [path.stem for path in card.notebooks()]
KINDS = ("student", "teacher", "slides", "handout")


@pytest.fixture
def lesson(house):
    """The house with sections and an answer cell in its notebook, and a path of ten minutes."""
    write_notebook(house.notebook, LESSON)
    house.card.write_text(house.card.read_text().replace("[paper]", "minutes.10 = [2]\n[paper]"))
    return house


def made(house, edition, *options):
    """The file that the command writes."""
    folder = house.root / "given"
    assert cli.main(["class", "01", "--edition", edition, "--output", str(folder), *options]) == 0
    return next(folder.glob(f"01_tiny-{edition}.*"))


def sources(path):
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


def executed(path, folder, profile):
    """The texts that the answer cells of a notebook show, once it is executed."""
    house = shutil.copytree(card.notebooks_folder(), folder / "notebooks")  # a kernel's own cards
    shutil.copy(path, house)
    values = card.for_notebook(path.stem).profiles[profile]
    end = watch.execute(house / path.name, folder, values, profile, path.stem)
    assert end["status"] == "ok", end
    return answers(folder)


def answers(folder):
    """The texts that the answer cells of the executed notebook in a folder show."""
    path = max(folder.rglob("notebook.ipynb"), key=lambda path: path.stat().st_mtime)
    cells = nbformat.read(path, as_version=4).cells
    cells = [cell for cell in cells if "answer" in cell.metadata.get("tags", ())]
    return [cell.outputs[-1].data["text/plain"] for cell in cells]


def test_a_student_finds_questions_and_no_answer(lesson):
    path = made(lesson, "student")
    assert "\n\n".join(sources(path)) == "\n\n".join(sources(lesson.notebook))
    assert not re.search(r"Nine|n \* n|It comes last", path.read_text())
    filled = [(kind, text.replace("(...)", "(9)\n9"), tags) for kind, text, tags in LESSON]
    write_notebook(lesson.notebook, filled)
    assert "square.check(...)" in sources(made(lesson, "student"))


def test_a_teacher_finds_minutes_answers_and_the_key(lesson, tmp_path):
    path = made(lesson, "teacher")
    cells = sources(path)
    assert "square.check(n * n)  # a number (whole)" in cells
    assert "**Solution.** Nine." in cells and "**Key.** Choice 3. It comes last." in cells
    rows = re.findall(r"<td>(.*?)</td>", cells[1])
    assert rows[::4] == ["Opening", "1. A line", "2. A square", "What we found"]
    assert rows[5] == ""  # not on the path of ten minutes, which the others share
    for column, minutes in ((1, 10), (2, 45), (3, 90)):
        assert sum(float(cell or 0) for cell in rows[column::4]) == pytest.approx(minutes, abs=0.2)
    assert executed(path, tmp_path / "run", "smoke") == ["Right."]
    assert path.read_bytes() == made(lesson, "teacher").read_bytes()


def test_a_path_folds_what_it_does_not_visit_and_needs_a_card_that_names_it(lesson, capsys):
    cells = nbformat.read(made(lesson, "student", "--minutes", "10"), as_version=4).cells
    folded = [cell.source for cell in cells if "jp-MarkdownHeadingCollapsed" in cell.metadata]
    assert folded == ["## 1. A line\n\nFirst $a$.\n\nSecond."] and len(cells) == len(LESSON) + 1
    given = ["class", "01", "--edition", "slides", "--minutes", "45"]
    assert cli.main([*given, "--profile", "smoke"]) == 2
    assert "a path in minutes, '45' was given; expected one of 10, 90" in capsys.readouterr().err


def test_slides_and_handout_show_what_a_run_has_drawn(lesson):
    text = made(lesson, "slides", "--profile", "smoke").read_text()
    pictures = [slide.count("<img") for slide in text.split('class="jp-Cell ')[1:]]
    assert len(pictures) == 11 and set(pictures) == {0, 1}
    assert "data:image/png" in text and "<summary>more</summary>" in text and "<math" in text
    assert "teach.exercise" not in text and "Not answered" not in text
    assert not re.search(r"<link|(src|href)=\"(?!data:|#)", text)
    text = made(lesson, "slides", "--profile", "smoke", "--minutes", "10").read_text()
    assert "A line" not in text and "A square" in text
    text = made(lesson, "handout", "--profile", "smoke").read_text()
    for words in ("A tiny paper &amp; its", "Is it\na line?", ": 2 nats. Here: ____", "squared?"):
        assert words in text
    assert "data:image/png" in text and "height: 2.6rem" in text and "The idea" not in text
    assert not re.search(r"Nine|Draw it", text)


def test_figures_that_were_never_drawn_are_asked_for(lesson, monkeypatch):
    failed = run.RunResult("01_tiny", "smoke", "failed", message="it broke here")
    monkeypatch.setattr(run, "run", lambda name, profile: failed)
    with pytest.raises(InputError, match="it broke here: expected figures to show"):
        editions.write("01", "slides", None, "90", "smoke")


@pytest.mark.parametrize("name", NAMES)
def test_paths_visit_sections_of_the_notebook_and_answer_cells_are_empty(name):
    its_card, path = card.for_notebook(name), card.find(name)
    text = twins.twin_text(path.read_text())
    numbers = [int(number) for number in re.findall(r"^# ## (\d+)\.", text, re.M)]
    for minutes in its_card.minutes.values():
        assert list(minutes) == sorted(set(minutes) & set(numbers))
    for cell in nbformat.read(path, as_version=4).cells:
        if "answer" in cell.metadata.get("tags", ()):
            (id,) = re.findall(r"(\w+)\.check\(\.\.\.\)", cell.source)
            assert its_card.exercises[id].answer


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_edition_is_built_and_its_answers_checked(
    name, tmp_path, tmp_path_factory, monkeypatch, shared_home
):
    outputs = tmp_path_factory.getbasetemp() / "editions"
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(outputs))
    files = {kind: editions.write(name, kind, str(tmp_path), "90", "smoke") for kind in KINDS}
    its_card = card.for_notebook(name)
    student = files["student"].read_text()
    for exercise in its_card.exercises.values():
        assert exercise.solution not in student
        assert f"check({exercise.answer})" not in student
    told = answers(outputs / name)  # by the run that slides were made from, of the same cells
    assert "\n\n".join(sources(files["student"])) == "\n\n".join(sources(card.find(name)))
    if name.startswith("01"):
        told += executed(files["student"], tmp_path / "student", "smoke")
    assert all(text.startswith("Not answered yet") for text in told)
    if told:
        told = executed(files["teacher"], tmp_path / "teacher", "smoke")
        assert told == ["Right."] * len(its_card.exercises)
    for kind in ("slides", "handout"):
        assert not re.search(r"<link|url\(|src=\"(?!data:)", files[kind].read_text())

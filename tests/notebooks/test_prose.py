"""No outcome is typed: what a run found is said by code (`notebook.says`, captions), not by text.

Each sentence of a Markdown cell that has a number or a word of comparing or of outcome stands in
`tests/notebooks/prose/NN.toml`, by its beginning, under the reason why it is none:

    paper = ["In the paper the first"]   # what the paper states
    definition = []                      # of a quantity, a rule, a judge, a stand-in
    mathematics = []                     # follows from a formula, on any data
    setting = []                         # what is set, read or drawn: sizes, parameters
    look = []                            # a question, or where to look
    world = []                           # an invented world or a text is so by construction
    task = []                            # an exercise, or something to try

A beginning stands for one sentence only; questions need no reason. `python
tests/notebooks/test_prose.py 06` prints the sentences that are not listed, and what is listed and
not there. An outcome has no reason: rewrite it with `notebook.says`.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmnotes.notebook import card

REASONS = ("paper", "definition", "mathematics", "setting", "look", "world", "task")
N_WORDS = 60  # of "where to look", for each figure that is meant

WORDS = """
more most mostly less least fewer fewest every none never always nearly almost hardly barely
better best worse worst larger largest smaller smallest higher highest lower lowest greater
greatest stronger strongest weaker weakest longer longest shorter shortest closer closest nearer
nearest farther sharper clearer ahead behind clearly
survives? splits? beats? wins? loses? exceeds? outperforms? agrees? holds? fails? failed
vanish(?:es)? disappears? rises? rose falls? fell grows? grew shrinks? shrank reach(?:es)? lies
separates? follows? recovers? confirms? reproduce[sd]? valley twice double tenfold
no_difference as_much_as as_well_as only_the
"""
COMPARING = rf"\b(?:{'|'.join(WORDS.split()).replace('_', ' ')})\b"
NUMBER = r"(?<![\w.])[−-]?\.?\d[\d,.]*"
COMPARING += r"|\b(?!(?:rath|oth)er)\w+er than\b|\bthe (?!r?est\b|test\b|interest\b)\w{3,}est\b"
MARKED = re.compile(f"{COMPARING}|{NUMBER}", re.IGNORECASE)
PLACE = r"(?:notebooks?|sections?|fig(?:ure|s?\.|ures)|tables?|eq(?:uations?|s?\.)|appendix|pages)"
NOTHING = [  # no number of a sentence: formulas, code, links, places, years
    (r"\$\$.+?\$\$|\$[^$]+\$", "x"),
    (r"`[^`]*`", "c"),
    (r"\[([^\]]*)\]\([^)]*\)", r"\1"),
    (r"https?://\S+|arXiv[: ]?\d+\.\d+|doi \S+", "link"),
    (rf"(?i)\b{PLACE} (?:[A-Z]?\d+[a-z]?(?:, and |, | and | to |–)?)+", "there "),
    (r"\b(?:19|20)\d\d\b|\bF1\b", "then"),
]
ABBREVIATED = (
    r"(?<!\bal\.)(?<!\bFig\.)(?<!\bFigs\.)(?<!\bEq\.)(?<!\bEqs\.)(?<!\be\.g\.)(?<!\bi\.e\.)"
)
END = re.compile(rf"(?<=[.!?]){ABBREVIATED} (?=[A-Z*\"(`$])|(?<=[.!?][*\")]) (?=[A-Z*\"(`$])")
# One word for one thing: half a variance is a map distance, and only a KL is in bits/byte; the
# ledger is the folder of scored rows, and what stands at the end of a notebook are the claims.
NO_WORDS = {
    "01 02 03 04 05": r"\bledger\b",
    "06 07 08 09": r"\bprobes?\b",
    "06 07 08 09 10": r"KL of the maps?\b|KL_?var\b|[Ll]edger at the end|(?m:^#+ .*[Ll]edger)"
    r"|map distance[^.;]{0,40}bits/byte",
}


def cells_of(name: str) -> list[tuple[bool, str]]:
    """(whether it is Markdown, its source) of each cell of the twin that begins with `name`."""
    (file,) = (card.notebooks_folder() / "py").glob(f"{name}_*.py")
    cells = re.split(r"^# %%", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    texts = [cell.partition("\n")[2] for cell in cells]
    are_markdown = [cell.startswith(" [markdown]") for cell in cells]
    bare = [re.sub(r"^# ?", "", text, flags=re.MULTILINE) for text in texts]
    return [(is_md, bare[i] if is_md else texts[i]) for i, is_md in enumerate(are_markdown)]


def paragraphs(text: str) -> Iterator[str]:
    """Paragraphs, headings, list items and rows of tables, without their marks and numbers."""
    for paragraph in re.split(r"\n\s*\n|\n(?=[-*|#] |\d+\. )", text):
        yield re.sub(r"^(#+|[-*]|\d+\.) (?:\d+\. )?", "", " ".join(paragraph.split()))


def marked(sentence: str) -> list[str]:
    """The numbers and the words of outcome in a sentence."""
    for pattern, instead in NOTHING:
        sentence = re.sub(pattern, instead, sentence)
    return [] if sentence.endswith("?") else MARKED.findall(sentence)


def open_points(name: str) -> tuple[list[str], list[str]]:
    """The marked sentences of a notebook that are not listed, and what is listed in vain."""
    text = "\n\n".join(text for is_markdown, text in cells_of(name) if is_markdown)
    found = [s for part in paragraphs(text) for s in END.split(part) if marked(s)]
    file = Path(__file__).parent / "prose" / f"{name}.toml"
    reasons = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    assert set(reasons) <= set(REASONS), f"{file.name}: reasons are {', '.join(REASONS)}"
    listed = [start for starts in reasons.values() for start in starts]
    unlisted = [s for s in found if not s.startswith(tuple(listed))]
    return unlisted, [s for s in listed if sum(text.startswith(s) for text in found) != 1]


def too_long(name: str) -> list[str]:
    """What is said of where to look in more than 60 words for each figure or table beside it."""
    cells, long = cells_of(name), []
    for number, (is_markdown, text) in enumerate(cells):
        beside, n_figures = [cells[number - 1], *cells[number + 1 :]], 0
        for position, (is_text, source) in enumerate(beside):
            if is_text and position:
                break
            n_figures += len(re.findall(r"notebook\.(?:figure|table)\(|paper\.live\.", source))
        for part in paragraphs(text) if is_markdown else ():
            if re.match(r"\*+(?:What to see|Where to look)", part):
                n_words = len(part.split())
                if n_words > N_WORDS * max(1, n_figures):
                    long.append(f"{n_words} words, {n_figures} figures: {part[:80]}")
    return long


NAMES = [path.stem[:2] for path in card.notebooks()]


@pytest.mark.parametrize("name", NAMES)
def test_an_outcome_is_said_by_the_run(name):
    unlisted, in_vain = open_points(name)
    assert not unlisted, "say it with notebook.says, or list its beginning under a reason"
    assert not in_vain, "no sentence, or more than one, begins so"


@pytest.mark.parametrize("name", NAMES)
def test_where_to_look_is_said_in_few_words(name):
    assert not too_long(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_thing_has_its_word(name):
    text = "\n".join(re.sub(r"`[^`]*`", "", text) for is_md, text in cells_of(name) if is_md)
    for names, words in NO_WORDS.items():
        assert name not in names or not re.findall(words, text)


@pytest.mark.parametrize("name", NAMES)
def test_each_sentence_of_the_card_is_said(name):
    source = "".join(text for is_markdown, text in cells_of(name) if not is_markdown)
    said = re.findall(r'\bnotebook\.says\(\s*f?"([^"]+)"', source)
    said = "|".join(re.sub(r"\{[^}]*\}", r"\\w+", id) for id in said)
    says = card.load(card.notebooks_folder() / "cards" / f"{name}.toml").says
    assert not [id for id in says if not re.fullmatch(said, id)]


@pytest.mark.parametrize(
    "sentence",
    [
        "On every seed in both metrics, and the difference survives Holm's correction.",
        "In between lies a valley.",
        "The tree splits first by how a model is built.",
        "The area is 0.82 here.",
    ],
)
def test_a_typed_outcome_is_found(sentence):
    assert marked(sentence)


def test_a_place_a_formula_and_a_question_are_no_outcome():
    assert not marked("See Figures 2 and 3, equation 16, section 5 and $x > 3$ in `n = 3` (2023).")
    assert not marked("Is the second one larger?")


if __name__ == "__main__":
    for name in sys.argv[1:] or NAMES:
        unlisted, in_vain = open_points(name)
        for what, lines in (("", unlisted), ("IN VAIN ", in_vain), ("LONG ", too_long(name))):
            for line in lines:
                print(f"{name} {what}{marked(line) if not what else ''} {line}")

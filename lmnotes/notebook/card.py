"""A notebook's card `cards/NN.toml`: paper, profiles, artefacts, claims, exercises, quizzes."""

import os
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmnotes import store
from lmnotes.errors import InputError, expect_between, expect_one_of, nearest
from lmnotes.notebook import verdicts

if TYPE_CHECKING:
    import pandas as pd

PROFILES = ("smoke", "laptop", "paper", "hub", "quick")
OF_SOME = ("hub", "quick")  # cards: of public models; for a reader's text
PATHS = ("10", "45")  # minutes; 90 are everything
# How sure it is that the paper says so; "read off" is a value taken from a picture.
CERTAINTIES = ("stated", "second-hand", "derived", "read off")
# What becomes of a figure or table of the paper: drawn from data as the paper's, drawn from what
# stands in for them, not drawn for want of data or models, not to be drawn at all.
DRAWN = ("own data", "stand-in")
STATES = (*DRAWN, "needs", "not possible")
# A slot of a sentence: {id}, {id.published} and {id.verdict} of a claim, {name} and {name:.2f} of a
# number handed over; {name:above|level with|below} is a word chosen by its sign.
FIELD = re.compile(r"\{(\w+)(?:\.(published|verdict))?(?::([^{}]*))?\}")


@dataclass(frozen=True)
class Claim:
    """One checkable statement of a paper, and what must hold for it.

    needs: "interval", or "seeds" where another seed of training, of ICA or of a split gives another
    number: then three of them belong into the interval. null: why the claim stays although its rule
    holds on data without any structure too.
    """

    id: str
    where: str
    text: str
    certainty: str
    published: float | None = None
    unit: str = ""
    reproduced: str | None = None
    same_direction: str | None = None
    needs: str | None = None
    null: str = ""
    profiles: tuple[str, ...] = PROFILES

    @cached_property
    def reproduced_rule(self) -> verdicts.Rule | None:
        """The parsed rule for `reproduced`, or None."""
        return verdicts.parse(self.reproduced, self.published) if self.reproduced else None

    @cached_property
    def same_direction_rule(self) -> verdicts.Rule | None:
        """The parsed rule for `same direction`, or None."""
        rule = self.same_direction
        return verdicts.parse(rule, self.published) if rule else None


@dataclass(frozen=True)
class Exercise:
    """A question with hints from the vaguest to the plainest.

    answer: a right answer as a Python expression of names of the notebook.
    """

    id: str
    question: str
    hints: tuple[str, ...] = ()
    solution: str = ""
    answer: str = ""


@dataclass(frozen=True)
class Quiz:
    """A question with choices, the number of the right one counted from 1, and why.

    wrong: why each choice is wrong, empty at the right one.
    """

    id: str
    question: str
    choices: tuple[str, ...]
    answer: int
    why: str = ""
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shared:
    """What other notebooks need too.

    name: of what is made, for the entries that follow. make: the call that makes and keeps it, of
    rooms of this package (`words.sgns.train(...)`), parameters, and names of earlier entries. each:
    what it is made for, such as "n in range(seed, seed + 3)"; with an `if`, perhaps for nothing.
    seconds: about how long it takes.
    """

    name: str
    make: str
    each: str
    seconds: float


@dataclass(frozen=True)
class Hero:
    """The paper in ten seconds: one of the card's figures, and two sentences.

    found: what the paper found. here: what came out here, with {id} for what was measured for a
    claim, {id.published} and {id.verdict}.
    """

    figure: str
    found: str
    here: str


@dataclass(frozen=True)
class Coverage:
    """A figure or table of the paper and its state here.

    item: such as "Figure 4". artefacts: what the notebook draws of it. note: which stand-in, what
    is needed and lies in no installation, why it is not possible. parameter: what takes the data.
    """

    item: str
    state: str
    artefacts: tuple[str, ...] = ()
    note: str = ""
    parameter: str = ""


@dataclass(frozen=True)
class Card:
    """Everything that a card says.

    minutes: the numbers of the sections that a path of so many minutes visits. says: sentences for
    `notebook.says` by id, with slots. notes: what the laboratory tried, changed or learnt, by its
    subject; shown folded below the claims.
    """

    number: str
    notebook: str
    title: str
    paper: dict = field(default_factory=dict)
    profiles: dict[str, dict] = field(default_factory=dict)
    seconds: float = 100.0  # about what the notebook takes, once what it shares is there
    shared: tuple[Shared, ...] = ()
    minutes: dict[str, list[int]] = field(default_factory=dict)
    figures: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    hero: Hero | None = None
    coverage: tuple[Coverage, ...] = ()
    says: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)
    exercises: dict[str, Exercise] = field(default_factory=dict)
    quizzes: dict[str, Quiz] = field(default_factory=dict)

    @property
    def covered(self) -> str:
        """How many of the paper's figures and tables are drawn: "figures 11 of 13, tables 8 of 10";
        nothing where the card does not list them."""
        counts = []
        for kind in ("Figure", "Table"):
            states = [entry.state for entry in self.coverage if entry.item.startswith(kind)]
            n_drawn = sum(state in DRAWN for state in states)
            counts += [f"{kind.lower()}s {n_drawn} of {len(states)}"] if states else []
        return ", ".join(counts)


INSTALLED = Path(__file__).resolve().parents[1] / "_notebooks"  # of a wheel: never written to


def notebooks_folder() -> Path:
    """The notebooks' folder: `$LMNOTES_NOTEBOOKS`, else that of the project, else the package's."""
    if folder := os.environ.get("LMNOTES_NOTEBOOKS"):
        return Path(folder).resolve()
    own = store.project_folder() / "notebooks"
    return own if (own / "cards").is_dir() else INSTALLED


def working_folder(notebook: Path) -> Path:
    """Where a notebook works: above the notebooks; for the package's, in the current folder."""
    return Path.cwd() if notebook.parent == INSTALLED else notebook.parent.parent


def notebooks() -> list[Path]:
    """The numbered notebooks, in order."""
    return sorted(notebooks_folder().glob("[0-9][0-9]_*.ipynb"))


def find(name: str) -> Path:
    """The notebook that `name` stands for: `01`, `1`, `01_norm`, or a path to it."""
    paths = notebooks()
    stem = Path(str(name)).name.removesuffix(".ipynb")
    prefix = stem.zfill(2) if stem.isdigit() else stem
    matches = [path for path in paths if prefix and path.stem.startswith(prefix)]
    if len(matches) == 1:
        return matches[0]
    given = f"notebook {name!r} was given, and {len(matches) or 'no'} notebooks begin so"
    then = nearest(stem, [path.stem for path in matches or paths])
    raise InputError(f"{given} in {notebooks_folder()}; expected a number or a name: {then}")


def path_of(notebook: str) -> Path:
    """The file of the card of the notebook with this name, which begins with its number."""
    return notebooks_folder() / "cards" / f"{notebook[:2]}.toml"


def table(number: str, name: str, **options: Any) -> "pd.DataFrame":
    """A table that the paper prints, `NN_name.csv` beside the card; options: of `pandas.read_csv`.

    Raises InputError where there is no such table, with the names that there are.
    """
    import pandas as pd

    folder = notebooks_folder() / "cards"
    known = [file.stem[3:] for file in sorted(folder.glob(f"{number}_*.csv"))]
    expect_one_of(f"table of card {number} in {folder}:", name, known)
    return pd.read_csv(folder / f"{number}_{name}.csv", **options)


def beside(printed: "pd.DataFrame", rows: Sequence[dict]) -> "pd.DataFrame":
    """The rows of a printed table, source "paper", and below them those of "this run"."""
    import pandas as pd

    parts = [printed.assign(source="paper"), pd.DataFrame(rows).assign(source="this run")]
    return pd.concat(parts, ignore_index=True)


def for_notebook(notebook: str) -> Card:
    """The card of the notebook with this name, which begins with its number."""
    return load(path_of(notebook))


def load(path: Path | str) -> Card:
    """The card in the file at `path`, checked: keys, rules and ids that cannot be are refused."""
    path = Path(path)
    if not path.is_file():
        given = f"the card {path} is not there"
        then = "write it with number, notebook, title, [paper], [profiles.*] and [[claims]]"
        raise InputError(f"{given}; expected one per notebook: {then}")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        given = f"{path.name} is not TOML ({error})"
        raise InputError(f"{given}; expected a card: mend that line") from None
    where, artefacts = path.name, raw.pop("artefacts", {})
    _keys(where, artefacts, ("figures", "tables"))
    raw |= {name: tuple(artefacts.get(name, ())) for name in ("figures", "tables")}
    for name, kind in (("claims", Claim), ("exercises", Exercise), ("quizzes", Quiz)):
        raw[name] = _by_id(where, name, kind, raw.get(name, []))
    shared = enumerate(raw.pop("shared", []), start=1)
    shared = [_make(f"{where} [[shared]] {number}", Shared, entry) for number, entry in shared]
    if "hero" in raw:
        raw["hero"] = _make(f"{where} [hero]", Hero, raw["hero"])
    covered = enumerate(raw.pop("coverage", []), start=1)
    raw["coverage"] = [
        _make(f"{where} [[coverage]] {entry.get('item', number)}", Coverage, entry)
        for number, entry in covered
    ]
    card = _make(where, Card, raw | {"shared": shared})
    for id, sentence in card.says.items():
        _check_slots(f"{where} [says] {id}", sentence, card)
    _check_hero(where, card)
    _check_coverage(where, card)
    _keys(f"{where} [profiles]", card.profiles, PROFILES)
    _keys(f"{where} minutes", card.minutes, PATHS)
    if card.notebook[:2] != card.number or path.stem != card.number:
        given = f"{where} has number {card.number!r} and notebook {card.notebook!r}"
        raise InputError(f"{given}; expected both to begin with {path.stem!r}: rename one")
    return card


def _by_id(where: str, name: str, kind: type[Any], entries: list[dict]) -> dict:
    """The entries of one array of tables by id, each made and checked."""
    made = {}
    for number, entry in enumerate(entries, start=1):
        item = _make(f"{where} [[{name}]] {entry.get('id', number)}", kind, entry)
        if item.id in made:
            given = f"{where} has two {name} with id {item.id!r}"
            raise InputError(f"{given}; expected one: rename one")
        if kind is Claim:
            _check_claim(where, item)
        elif kind is Quiz:
            then = "give the number of the right choice, counted from 1"
            what = f"{where} quiz {item.id}: answer"
            expect_between(what, item.answer, 1, len(item.choices), then)
            is_told = [bool(reason) for reason in item.wrong]
            if is_told and is_told != [n != item.answer for n in range(1, len(item.choices) + 1)]:
                given = f"{where} quiz {item.id} says why {sum(is_told)} choices are wrong"
                wanted = f"one reason for each of {len(item.choices)}, empty at the right one"
                raise InputError(f"{given}; expected {wanted}: write them in order")
        made[item.id] = item
    return made


def _make(where: str, kind: type[Any], entry: dict) -> Any:
    """`kind(**entry)`, lists as tuples, with missing and unknown keys named."""
    _keys(where, entry, kind.__dataclass_fields__)
    lists = {key: tuple(value) for key, value in entry.items() if isinstance(value, list)}
    try:
        return kind(**entry | lists)
    except TypeError as error:
        raise InputError(f"{where}: {error}; expected it in the card: add it") from None


def _keys(where: str, entry: dict, known: Iterable[str]) -> None:
    for key in entry:
        expect_one_of(f"{where}: key", key, known)


def _check_claim(where: str, claim: Claim) -> None:
    expect_one_of(f"{where} claim {claim.id}: certainty", claim.certainty, CERTAINTIES)
    _keys(f"{where} claim {claim.id} profiles", dict.fromkeys(claim.profiles), PROFILES)
    expect_one_of(f"{where} claim {claim.id}: needs", claim.needs, ("interval", "seeds", None))
    try:
        if not (claim.reproduced_rule or claim.same_direction_rule):
            raise InputError("it has no rule; expected 'reproduced' or 'same_direction': add one")
    except InputError as error:
        raise InputError(f"{where} claim {claim.id}: {error}") from None


def _check_hero(where: str, card: Card) -> None:
    if card.hero is None:
        return
    expect_one_of(f"{where} [hero]: figure", card.hero.figure, card.figures)
    _check_slots(f"{where} [hero] here", card.hero.here, card)
    for id, *_ in FIELD.findall(card.hero.here):
        expect_one_of(f"{where} [hero] here: claim", id, card.claims)


def _check_slots(what: str, sentence: str, card: Card) -> None:
    """Every slot can be read, and those of a claim's published value or verdict name one."""
    if "{" in (left := FIELD.sub("", sentence)):
        given = f"{what}: {left!r} is left of it without its slots"
        wanted = "{id}, {id.published}, {id.verdict}, {name:.2f} or {name:more|as much|less}"
        raise InputError(f"{given}; expected {wanted}: mend it")
    for id, of_claim, _ in FIELD.findall(sentence):
        if of_claim:
            expect_one_of(f"{what}: claim", id, card.claims)


def _check_coverage(where: str, card: Card) -> None:
    """What each state must say, and each figure or table of the paper once."""
    for number, entry in enumerate(card.coverage):
        what = f"{where} [[coverage]] {entry.item}"
        if not re.fullmatch(r"(Figure|Table) \S.*", entry.item):
            given = f"{where} [[coverage]]: item {entry.item!r} was given"
            raise InputError(f"{given}; expected such as 'Figure 4' or 'Table 2': name it so")
        if entry.item in [other.item for other in card.coverage[:number]]:
            raise InputError(f"{what} stands there twice; expected it once: put the two together")
        expect_one_of(f"{what}: state", entry.state, STATES)
        for name in entry.artefacts:
            expect_one_of(f"{what}: artefact", name, card.figures + card.tables)
        wanted = {"artefacts": "what the notebook draws of it"} if entry.state in DRAWN else {}
        if entry.state != "own data":
            wanted["note"] = "why it is so, and for a stand-in which it is"
        if entry.state == "needs":
            wanted["parameter"] = "the notebook's parameter that takes what is needed"
        for name, meaning in wanted.items():
            if not getattr(entry, name):
                given = f"{what} is {entry.state!r} and has no {name}"
                raise InputError(f"{given}; expected {meaning}: add it")

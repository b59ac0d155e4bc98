import pytest

from lmnotes.errors import InputError
from lmnotes.notebook import card
from lmnotes.runs import fingerprint


def test_a_card_is_read_with_its_claims_profiles_and_questions(house):
    got = card.for_notebook(house.name)
    assert (got.number, got.title) == ("01", "A tiny paper & its <claims>")
    assert got.profiles == {"smoke": {"n_points": 5}, "laptop": {}, "paper": {"n_points": 500}}
    assert (got.figures, got.tables) == (("fig1_line",), ("table1_squares",))
    assert got.claims["slope"].published == 2.0
    assert got.claims["large"].profiles == ("paper",)
    assert got.exercises["square"].hints == ("Draw it.", "Three rows of three.")
    assert got.quizzes["which"].choices[2] == "three"
    assert got.hero.figure == "fig1_line" and got.covered == "figures 1 of 1, tables 1 of 2"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("certainty = ", "certanity = ", "did you mean 'certainty'"),
        (
            'certainty = "stated"',
            'certainty = "sure"',
            "certainty 'sure' was given; expected one of stated",
        ),
        ("within 0.1", "close to 0.1", "claim slope: rule 'close to 0.1' cannot be read"),
        ('reproduced = "> 0.5"', "", "claim large: it has no rule"),
        ('id = "large"', 'id = "slope"', "two claims with id 'slope'"),
        ('id = "large"', "", "missing 1 required positional argument: 'id'"),
        ('profiles = ["paper"]', 'profiles = ["lap"]', "did you mean 'laptop'"),
        ("[profiles.smoke]", "[profiles.smokes]", "did you mean 'smoke'"),
        ("answer = 3", "answer = 4", "quiz which: answer = 4 was given; expected 1 to 3"),
        ('number = "01"', 'number = "02"', "expected both to begin with '01'"),
        ('number = "01"', "number = ", "is not TOML"),
        ('unit = "nats"', 'needs = "luck"', "needs 'luck' was given; expected one of interval"),
        ("figures = [", "pictures = [", "expected one of figures, tables"),
        ('"Two is in between.", ""', '"", "It is"', "quiz which says why 2 choices are wrong"),
        (', "Two is in between."', "", "expected one reason for each of 3, empty at the right one"),
        ("[paper]", "minutes = { 15 = [1] }\n[paper]", "expected one of 10, 45"),
        ('figure = "fig1_line"', 'figure = "fig1_lin"', "[hero]: figure 'fig1_lin' was given"),
        ("rises by {slope} ", "rises by {slop} ", "did you mean 'slope'?"),
        ("({slope.published})", "({slope.unit})", "expected id, id.published, id.verdict"),
        ('state = "own data"', 'state = "ours"', "Figure 1: state 'ours' was given"),
        ('artefacts = ["fig1_line"]\n\n[[cov', "[[cov", "'own data' and has no artefacts"),
        ('["table1_squares"]\nnote', '["table2"]\nnote', "Table 1: artefact 'table2' was given"),
        ('note = "whole', 'parameter = "whole', "'stand-in' and has no note"),
        ('parameter = "text"', "", "is 'needs' and has no parameter"),
        ('item = "Table 2"', 'item = "Table 1"', "Table 1 stands there twice"),
        ('item = "Table 2"', 'item = "Tab. 2"', "expected such as 'Figure 4'"),
    ],
)
def test_a_card_that_cannot_be_is_refused(house, old, new, words):
    text = house.card.read_text()
    assert old in text
    house.card.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        card.for_notebook(house.name)
    assert words in " ".join(str(caught.value).split()).replace("{", "").replace("}", "")


def test_a_notebook_is_found_by_number_name_or_path(house):
    for name in ("01", "1", "01_t", "01_tiny", "notebooks/01_tiny.ipynb"):
        assert card.find(name) == house.notebook
    with pytest.raises(InputError, match="'02' was given, and no notebooks"):
        card.find("02")
    with pytest.raises(InputError):
        card.find("")


def test_a_missing_card_is_named(house):
    house.card.unlink()
    with pytest.raises(InputError, match=r"01\.toml is not there; expected one per notebook"):
        card.for_notebook(house.name)


def test_a_table_stands_beside_its_card_and_counts_for_the_run(house):
    before = fingerprint.facts(house.notebook, house.card, "laptop", {})
    (house.card.parent / "01_sizes.csv").write_text("set,n\nD,3\n")
    assert card.table("01", "sizes", index_col="set").n["D"] == 3
    assert fingerprint.facts(house.notebook, house.card, "laptop", {}) != before
    with pytest.raises(InputError, match="did you mean 'sizes'"):
        card.table("01", "size")

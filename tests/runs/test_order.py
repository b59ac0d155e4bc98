"""The order of a run's work: needs first, the longest way first, an early figure, no idle lane."""

import heapq
import threading

import pytest

from lmnotes.errors import InputError
from lmnotes.notebook import card
from lmnotes.runs import order, run, watch

# two notebooks wait for one long artefact, a third for a short one, a fourth for nothing
SECONDS = {"zoo": 300, "text": 10, "vectors": 60, "01": 60, "06": 120, "08": 150, "05": 100}
NEEDS = {"vectors": ["text"], "01": ["vectors", "zoo"], "06": ["zoo"], "08": ["zoo"]}
NOTEBOOKS = ["01", "05", "06", "08"]


def simulated(n_lanes, seconds=SECONDS, needs=NEEDS, first=NOTEBOOKS):
    """(start, end) of every job, by name; it fails where a lane is idle while a job could run."""
    work, clock, running, spans = order.Order(seconds, needs, first), 0.0, [], {}
    while work:
        while len(running) < n_lanes and (name := work.take()):
            spans[name] = (clock, clock + seconds[name])
            heapq.heappush(running, (spans[name][1], name))
        ended = {name for name in spans if spans[name][1] <= clock}
        open_now = {n for n in seconds if n not in spans and set(needs.get(n, ())) <= ended}
        assert len(running) == n_lanes or not open_now
        clock, name = heapq.heappop(running)
        work.done(name)
    return spans


@pytest.mark.parametrize("n_lanes", [1, 2, 3, 9])
def test_needs_come_first_and_every_job_once(n_lanes):
    spans = simulated(n_lanes)
    assert spans.keys() == SECONDS.keys()
    for name, before in NEEDS.items():
        assert all(spans[other][1] <= spans[name][0] for other in before)


def test_a_first_figure_comes_at_once_and_then_the_longest_way():
    spans = simulated(2)
    assert spans["05"][0] == spans["zoo"][0] == 0  # all else waits for something
    assert spans["text"] == (100, 110) and spans["vectors"] == (110, 170)
    assert spans["08"][0] == spans["06"][0] == 300 and spans["01"] == (420, 480)
    alone = sorted(simulated(1), key=simulated(1).get)
    assert alone == ["05", "zoo", "08", "text", "06", "vectors", "01"]


def test_where_every_notebook_waits_the_shortest_way_to_one_goes_first():
    needs = NEEDS | {"05": ["zoo"], "01": ["vectors"]}
    spans = simulated(1, needs=needs)
    assert sorted(spans, key=spans.get)[:4] == ["text", "vectors", "01", "zoo"]


def test_equal_calls_of_two_notebooks_are_one_job_and_what_stands_inside_comes_before():
    corpus = card.Shared("corpus", "text.corpus.load(name)", "_ in [0]", 10)
    own = card.Shared("own", "words.fit(corpus, dim=2)", "_ in [0] if dim == 2", 5)
    vectors = card.Shared("v", "words.train(corpus, dim=dim)", "n in range(2) if n", 60)
    values = {"name": "a", "dim": 100}
    shared = {
        "01": order.shared_calls(_card(corpus, vectors), values),
        "02": order.shared_calls(_card(corpus, vectors, own), values | {"other": 3}),
        "03": order.shared_calls(_card(corpus, own), {"name": "b", "dim": 2}),
    }
    seconds, needs = order.graph(shared)
    text, training = "text.corpus.load('a')", "words.train(text.corpus.load('a'), dim=100)"
    assert seconds == {text: 10, training: 60}
    assert needs == {
        text: [],
        training: [text],
        "01": [text, training],
        "02": [text, training],
        "03": [],
    }
    with pytest.raises(InputError, match=r"01.toml \[\[shared\]\] corpus: NameError: name 'nam'"):
        order.shared_calls(_card(card.Shared("corpus", "f(1)", "n in nam", 1)), values)


def _card(*shared):
    return card.Card("01", "01_x", "X", shared=shared)


def made(call, **places):
    return order.make(call, watch.settings() | places, threading.Event(), lambda: None)


def test_calls_are_made_elsewhere_and_say_why_where_they_cannot_be(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    call = "[text.corpus.from_texts(['a b'] * n) for n in range(1, 3)] and print('said')"
    assert made(call) == ""
    fault = made("words.no_such_room(1)")
    assert fault.startswith("AttributeError: ") and "no_such_room" in fault
    fault = made("text.chunks.os._exit(3)")
    assert "os" in fault or fault == "its process ended with code 3"


def test_what_cannot_be_made_stops_no_notebook(house, monkeypatch, capsys):
    shared = (
        '[[shared]]\nname = "x"\nmake = "words.load(n_points)"\neach = "_ in [0]"\nseconds = 1\n'
    )
    text = house.card.read_text().replace("[[claims]]", f"{shared}\n\n[[claims]]", 1)
    house.card.write_text(text)
    (house.notebooks / "02_other.ipynb").write_text(house.notebook.read_text())
    other = text.replace("01", "02").replace("02_tiny", "02_other")
    (house.notebooks / "cards" / "02.toml").write_text(other)
    asked, executed = [], []

    def make(call, env, stop, tick):
        assert not executed
        asked.append(call)
        return "OSError: no room"

    def execute(notebook, *rest):
        executed.append(notebook.stem[:2])
        return {"status": "ok"}

    monkeypatch.setattr(order, "make", make)
    monkeypatch.setattr(watch, "execute", execute)
    run.run_all(["01"])
    assert not asked and executed == ["01"]  # what one notebook alone needs is no job
    executed.clear()
    results = run.run_all(force=True)
    assert len(asked) == 1 and asked[0].startswith("words.load(")
    assert [result.status for result in results] == ["ok", "ok"] and sorted(executed) == [
        "01",
        "02",
    ]
    assert "words.load for 01, 02, 0 s: failed (OSError: no room)" in capsys.readouterr().out
    assert [result.status for result in run.run_all()] == ["kept", "kept"] and len(asked) == 1


@pytest.mark.parametrize("profile", card.PROFILES)
def test_all_cards_share_what_can_be_asked_for(profile):
    names = [path.stem for path in card.notebooks()]
    names = [name for name in names if profile in card.for_notebook(name).profiles]
    plans = [run._plan(name, profile, {}) for name in names]
    seconds, _ = order.graph(
        {plan.name: order.shared_calls(plan.card, plan.values) for plan in plans}
    )
    assert all(order._rooms(call) <= {"text", "words", "models"} for call in seconds)
    if profile in ("smoke", "laptop"):
        by_room = [call for call in seconds if call.startswith("models.zoo.build")]
        assert len(by_room) == 1  # the zoo is one job, whoever asks for it


@pytest.mark.slow
@pytest.mark.parametrize("name", ["02", "03", "04", "06", "07", "08"])
def test_what_a_card_shares_is_what_its_notebook_has_read(name, tmp_path, own_home, monkeypatch):
    monkeypatch.setenv("LMNOTES_OUTPUTS", str(tmp_path / "outputs"))
    assert run.run(name, "smoke").status == "ok"

    def artefacts():
        return {path.parent for path in own_home.glob("*/*/manifest.json")}

    plan, before = run._plan(name, "smoke", {}), artefacts()
    calls = order.shared_calls(plan.card, plan.values)
    assert calls and before
    assert made(f"[{', '.join(calls)}]") == "" and artefacts() == before

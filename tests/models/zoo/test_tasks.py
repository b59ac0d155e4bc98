import numpy as np
import pytest

from lmnotes.models.zoo import tasks


def test_items_are_swaps_with_one_right_pairing():
    for name, task in tasks.items(n_items=60, seed=1).items():
        for item in task:
            right_1, right_2, wrong_1, wrong_2 = item.texts
            assert sorted(right_1 + right_2) == sorted(wrong_1 + wrong_2), name
            assert item.beginnings[0] != item.beginnings[1]
            assert item.endings[0] != item.endings[1]
            assert {right_1, right_2}.isdisjoint({wrong_1, wrong_2})


def test_items_say_what_their_task_promises():
    made = tasks.items(n_items=80, seed=2)
    for item in made["addition"]:
        for text in item.texts[:2]:
            left, right = text.split(" = ")
            assert sum(map(int, left.split(" + "))) == int(right)
    closing = dict(zip("([{", ")]}", strict=True))
    for item in made["brackets"]:
        text = item.texts[0]
        assert text.strip()[-1] == closing[next(c for c in text if c in closing)]
    for item in made["alphabet"]:
        letters = [c for c in item.texts[0] if c.isalpha()]
        assert [ord(c) - ord(letters[0]) for c in letters] == [0, 1, 2, 3]


def test_items_are_the_same_for_a_seed_and_the_first_of_more():
    assert tasks.items(5, seed=3) == tasks.items(5, seed=3) != tasks.items(5, seed=4)
    assert tasks.items(5, seed=3)["copy"] == tasks.items(9, seed=3)["copy"][:5]
    assert set(tasks.items(1)) == set(tasks.TASKS) == set(tasks.MAKERS)


def test_accuracy_does_not_feel_how_likely_beginnings_and_endings_are():
    rng = np.random.default_rng(5)
    interaction = rng.normal(0, 1, 50)
    starts, ends = rng.normal(0, 100, (2, 50)), rng.normal(0, 100, (2, 50))
    values = np.stack(
        [
            starts[0] + ends[0] + interaction,
            starts[1] + ends[1] + interaction,
            starts[0] + ends[1],
            starts[1] + ends[0],
        ],
        axis=1,
    )
    assert tasks.accuracy(values) == pytest.approx(100 * np.mean(interaction > 0))
    assert tasks.accuracy(np.zeros((4, 4))) == 50


def test_an_item_of_each_task_is_shown():
    made = tasks.items(3, seed=1)
    table = tasks.examples(made)
    assert table.task.tolist() == list(tasks.TASKS)
    assert table["right too"][3] == made["addition"][0].texts[1]

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest

from lmnotes.runs import progress, record

STEPS = """
from lmnotes.runs.progress import Progress
with Progress("06 laptop", seconds=100, basis="last time") as progress:
    progress.step("1. Texts", 3, 40, left=85)
    progress.step("1. Texts", 4, 40, "scores = 1", left=80)
    progress.step("2. Map", 5, 40, left=70)
"""


def test_a_pipe_gets_a_line_for_each_section_and_after_a_silence(capsys, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    with progress.Progress("06 laptop", seconds=100, basis="last time") as bar:
        bar.step("1. Texts", 3, 40, left=85)
        bar.step("1. Texts", 4, 40, left=80)
        clock[0] = 19.0
        bar.tick()
        clock[0] = 21.0
        bar.tick()
        bar.step("2. Map", 9, 40)
        clock[0] = 120.0
        bar.tick()
    assert capsys.readouterr().out.splitlines() == [
        "06 laptop: 1. Texts (3 of 40), 0 s, about 85 s left (as last time)",
        "06 laptop: 1. Texts (4 of 40), 21 s, about 59 s left (as last time)",
        "06 laptop: 2. Map (9 of 40), 21 s, about 59 s left (as last time)",
        "06 laptop: 2. Map (9 of 40), 2 min 0 s, longer than last time",
    ]


def test_what_is_said_is_of_a_level_and_the_level_of_a_block(capsys):
    with progress.speaking(-1):
        with progress.Progress("06 laptop") as bar:
            bar.step("1. Texts", 3, 40)
        progress.say("06 laptop, 3 s")
        progress.say("06 failed", -1)
    progress.say("its reason", 1)
    progress.say("07 laptop, 3 s")
    with pytest.raises(KeyError), progress.speaking(1):
        progress.say("its reason", 1)
        raise KeyError
    assert not progress.says(1)
    assert capsys.readouterr().out == "06 failed\n07 laptop, 3 s\nits reason\n"


@pytest.mark.parametrize("columns", [0, 100])
def test_a_terminal_gets_a_bar_whatever_its_width(columns):
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", columns and 24, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
    environment |= {} if columns else {"COLUMNS": "0"}
    subprocess.run(
        [sys.executable, "-c", STEPS],
        stdout=its,
        stderr=its,
        env=environment,
        check=True,
        timeout=60,
    )
    os.set_blocking(ours, False)
    said = os.read(ours, 10_000).decode()
    assert "06 laptop" in said and "\r" in said and "left" not in said


def test_time_left_is_of_the_last_run_else_of_the_card(house):
    text = house.card.read_text()
    house.card.write_text(text.replace('number = "01"', 'number = "01"\nseconds = 120'))
    assert record.seconds_left(house.name, "laptop")(5) == (120, record.CARD)
    assert record.seconds_left(house.name, "smoke")(5)[0] is None
    entry = {"notebook": house.name, "run_id": "a", "status": "ok", "profile": "laptop"}
    entry |= {"asked": record.now(), "started": record.now(), "seconds": 30.0}
    entry["times"] = {"start": {"seconds": 4.0}, "cells": [{"cell": 1, "seconds": 6.0}]}
    folder = house.outputs / house.name / "a"
    folder.mkdir(parents=True)
    record.save(folder, entry)
    left = record.seconds_left(house.name, "laptop")
    assert [left(cell) for cell in (0, 1, 2)] == [(n, record.LAST) for n in (30.0, 26.0, 20.0)]

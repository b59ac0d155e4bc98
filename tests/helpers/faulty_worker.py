"""A worker that loads no model: what becomes of one is said in its config.json.

It is started as the real one is, and leaves a line in `events` for every attempt, in `events-steps`
when it is ready, when its turn comes (the device) and when it is done.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import ledger_cases as cases
import numpy as np

from lmnotes.models.runner import worker
from lmnotes.models.scoring import failures, hub


def values(model, n):
    """The (N,) log-likelihoods that this worker gives to a model."""
    return -np.random.default_rng(int(Path(model).name)).uniform(100, 900, size=n)


def score(job, rows, who, config):
    events = Path(config["events"])
    with open(events, "a") as file:
        file.write(f"{Path(who.model).name} {os.getpid()} {job['tokens_per_batch']}\n")
    names = [line.split()[0] for line in events.read_text().splitlines()]
    attempt = names.count(Path(who.model).name)
    fault, times = config["fault"], config["times"]
    if attempt <= times:
        _fail(fault)
    time.sleep(config.get("seconds", 0))
    result = values(who.model, rows.n_texts)
    if fault == "not_a_number":
        result[0] = np.nan
    return cases.scores(who.model, rows.text_set, result, rule=rows.rule)


def _fail(fault):
    if fault == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "hung":  # with a child of its own, as data loaders have
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        time.sleep(600)
    if fault == "slow":
        time.sleep(20)
        return
    if fault == "out_of_memory":
        raise MemoryError("no room")
    raise failures.ScoringFailure(fault, f"injected {fault}")


def prepare(job, rows, who):
    """What fails early fails now; all else when it is scored."""
    place = Path(who.model)
    if not who.is_folder:
        place = hub.fetch(replace(who, revision=job["commit"] or who.revision))
    config = json.loads((place / "config.json").read_text())

    def note(step):
        with open(config["events"] + "-steps", "a") as file:
            file.write(f"{Path(who.model).name} {step}\n")

    def scored(device):
        note(device)
        while not Path(config.get("until", place)).exists():
            time.sleep(0.01)
        scores = early or score(job, rows, who, config)
        note("done")
        return scores

    early = score(job, rows, who, config) if config.get("early") else None
    note("ready")
    return scored


def main():
    return worker.main(prepare)

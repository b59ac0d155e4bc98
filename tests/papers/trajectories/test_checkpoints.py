from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_models
from ledger_cases import text_set

from lmnotes.errors import InputError
from lmnotes.models.ledger import ledger
from lmnotes.models.runner import runner
from lmnotes.papers.trajectories import checkpoints


def test_the_paper_has_154_checkpoints_of_12_runs():
    table = checkpoints.pythia()
    assert len(checkpoints.STEPS) == 154 and len(table) == 12 * 154
    assert table.loc[table["excluded"], ["run", "step"]].to_numpy().tolist() == [
        ["pythia-1b", 116_000]
    ]
    assert not table["run"].isin(["pythia-410m-seed3", "pythia-410m-seed4"]).any()
    assert checkpoints.models(table)[12] == {
        "model": "EleutherAI/pythia-410m",
        "revision": "step2000",
        "name": "pythia-410m@2000",
    }


def test_a_table_of_local_folders_goes_through_the_runner(tmp_path):
    places = [tiny_models.save("gpt_neox", tmp_path / f"step{n}", seed=n) for n in (0, 1)]
    rows = pd.DataFrame({"run": "mine", "step": [8, 0], "model": [Path(p).name for p in places]})
    rows = pd.concat([rows, rows.assign(run="again")]).assign(group="both")
    rows.to_csv(tmp_path / "runs.csv", index=False)
    table = checkpoints.read(tmp_path / "runs.csv")
    scored = ledger.open(text_set(3), folder=tmp_path / "ledger")
    runner.score_small(table, scored, workers=0)
    found = runner.score(checkpoints.models(table), scored, devices=["cpu"], progress=False)
    assert set(found["status"]) == {"kept"} and len(checkpoints.present(table, scored)) == 4
    values = scored.matrix(checkpoints.models(table)).values
    run = checkpoints.runs(table, values)["mine"]
    assert run.steps.tolist() == [0, 8] and np.array_equal(run.log_likelihood, values[1::-1])


def test_what_is_no_table_is_refused(tmp_path):
    with pytest.raises(InputError, match="'pythia', or a csv"):
        checkpoints.read(tmp_path / "none.csv")
    path = tmp_path / "runs.csv"
    path.write_text("run,steps,model\na,1,b\n")
    with pytest.raises(InputError, match="expected run, step, model"):
        checkpoints.read(path)
    path.write_text("run,step,model\na,1,b\na,1,c\n")
    with pytest.raises(InputError, match="twice"):
        checkpoints.read(path)
    path.write_text("run,step,model\na,1,x\nb,1,y\n")
    with pytest.raises(InputError, match=r"2 runs of different sizes and 0 seeds.*column group"):
        checkpoints.read(path)
    path.write_text("run,step,model,group\na,1,x,seeds\n")
    with pytest.raises(InputError, match="'seeds'; expected size, seed or both"):
        checkpoints.read(path)


def test_a_run_without_scores_is_named(tmp_path):
    scored = ledger.open(text_set(3), folder=tmp_path / "ledger")
    scored.record_failure("EleutherAI/pythia-1b@step0", "network", "no route to the hub")
    table = checkpoints.pythia(["1b"], [])
    with pytest.raises(InputError, match=r"pythia-1b has 0 scored checkpoints.*'network': 1"):
        checkpoints.present(table, scored)


def test_the_runs_of_a_zoo_know_which_are_seeds_of_one_size():
    names = ["small@0", "small", "mid1@0", "mid1", "mid2"]
    kinds = ["checkpoint", "neural", "checkpoint", "neural", "neural"]
    models = pd.DataFrame({"model": names, "kind": kinds, "step": [0, 9, 0, 9, 9]})
    models["parent"] = ["small", "", "mid1", "", ""]
    models["family"] = ["A", "A", "B", "B", "B"]
    models["seed"] = [1, 1, 1, 1, 2]
    table = checkpoints.from_zoo(models.assign(folder=names, n_parameters=1))
    assert table["run"].tolist() == ["small", "small", "mid1", "mid1", "mid2"]
    assert table["group"].tolist() == ["size", "size", "both", "both", "seed"]

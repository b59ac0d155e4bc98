"""ICA against scikit-learn: CPU-seconds to the same gradient norm, on a trained embedding.

    python benchmarks/ica.py            30,000 x 300, about ten minutes on one idle core
    python benchmarks/ica.py --quick    8,000 x 100

One thread, one process, the same start. The gradient norm is `solver.gradient`'s largest entry, in
float64 and outside the clock, for every solver alike. scikit-learn runs in bursts of a few steps,
each from where the last one ended, so that its gradient can be looked at.
"""

import argparse
import os
import time

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import warnings

import numpy as np
import pandas as pd

from lmnotes.text import corpus
from lmnotes.words import axes, sgns, solver, whitening

GOALS = (1e-3, 3e-4, 1e-4)
BURST = 10  # steps of scikit-learn between two looks at the gradient


def white_vectors(n_words, dim):
    vectors = sgns.train(
        corpus.load("installed"), dim=dim, window=5, epochs=3, rule="shared", shrink_windows=True,
        min_count=2, seed=0,
    )  # fmt: skip
    return whitening.whiten(np.asarray(vectors.input[:n_words])).white


def norm(white, rotation):
    return float(np.abs(solver.gradient(white, rotation)).max())


def time_ours(white, goals, seed=0):
    """CPU-seconds, steps and rotation at each goal, each from the beginning."""
    rows = {}
    for goal in goals:
        started = time.process_time()
        found = solver.solve(white, seed=seed, tolerance=goal, max_iterations=800)
        seconds = time.process_time() - started
        reached = norm(white, found.rotation)
        rows[goal] = (seconds if reached <= goal else np.nan, found.n_iterations, found.rotation)
        steps = f"{found.n_iterations} steps after {found.n_part_steps} on a part"
        print(f"  lmnotes   {goal:.0e}: {seconds:6.1f} s, {steps}, gradient {reached:.1e}")
    return rows


def time_scikit_learn(white, dtype, budget, goals, seed):
    """CPU-seconds and steps at each goal, until the last one or until the budget is spent."""
    from sklearn.decomposition import FastICA

    rows, seconds, steps = {}, 0.0, 0
    data = white.astype(dtype)
    rotation = solver.random_rotation(white.shape[1], seed)
    while len(rows) < len(goals) and seconds < budget:
        model = FastICA(whiten=False, max_iter=BURST, tol=1e-14, w_init=rotation.T.astype(dtype))
        started = time.process_time()
        try:
            model.fit(data)
        except np.linalg.LinAlgError:  # not a number reached its pseudo-inverse
            print(f"  scikit-learn {dtype} diverged after {steps} to {steps + BURST} steps")
            break
        seconds, steps = seconds + time.process_time() - started, steps + BURST
        rotation = model.components_.T.astype(np.float64)
        reached = norm(white, rotation)
        for goal in goals:
            if goal not in rows and reached <= goal:
                rows[goal] = (seconds, steps, rotation)
                print(f"  scikit-learn {dtype} {goal:.0e}: {seconds:6.1f} s, {steps} steps")
    print(f"  scikit-learn {dtype} ended after {seconds:.1f} s, {steps} steps at {reached:.1e}")
    return rows, seconds


def agreement(white, rotation):
    """Matched |r| with a float64 solution, of the axes that come back from another start."""
    other = solver.solve(white, seed=1, tolerance=3e-4, max_iterations=800).rotation
    exact = solver.solve(white, start=rotation, tolerance=5e-5, max_iterations=400)
    stable = axes.stability(white @ exact.rotation, [white @ other]) > 0.95
    r = axes.stability(white @ exact.rotation, [white @ rotation])
    if not stable.any():
        print("  no axis is stable over seeds (|r| > 0.95)")
        return
    print(
        f"  reference at gradient {exact.gradient_norm:.1e}; {stable.sum()} of {len(r)} axes are "
        f"stable over seeds (|r| > 0.95); of these {np.mean(r[stable] > 0.999):.1%} agree to "
        f"0.999, the least {r[stable].min():.5f}; all axes: median {np.median(r):.5f}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--budget", type=float, default=600, help="CPU-seconds for scikit-learn")
    parser.add_argument("--goals", type=float, nargs="+", default=GOALS, help="gradient norms")
    parser.add_argument("--seed", type=int, default=0, help="of the start")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # scikit-learn's bursts never converge, by intention
    white = white_vectors(*((8_000, 100) if options.quick else (30_000, 300)))
    print(f"{len(white):,} x {white.shape[1]}, one thread, load {os.getloadavg()[0]:.1f}")
    ours = time_ours(white, options.goals, options.seed)
    rows = []
    for dtype in ("float64", "float32"):
        theirs, spent = time_scikit_learn(white, dtype, options.budget, options.goals, options.seed)
        for goal in options.goals:
            seconds = theirs.get(goal, (np.nan,))[0]
            rows.append({
                "peer": f"scikit-learn {dtype}", "gradient": goal, "ours, s": ours[goal][0],
                "theirs, s": seconds if goal in theirs else f"> {spent:.0f}",
                "ratio": (seconds if goal in theirs else spent) / ours[goal][0],
            })  # fmt: skip
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3g}".format))
    if 3e-4 in ours:
        agreement(white, ours[3e-4][2])


if __name__ == "__main__":
    main()

"""ICA against scikit-learn: CPU-seconds to the same gradient norm, on a trained embedding.

    python benchmarks/ica.py            30,000 x 300, about an hour on one idle core
    python benchmarks/ica.py --quick    8,000 x 100, about two minutes

One thread, one process, the same start. The gradient norm is `solver.gradient`'s largest entry, in
float64 and outside the clock, for every solver alike. scikit-learn runs in bursts of a few steps,
each from where the last one ended, so that its gradient can be looked at. In the end: how far
the axes at each gradient norm are from the optimum that they are on the way to, and how many axes
of that optimum come back from another start.
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
from lmnotes.words.ica import matching, solver, whitening
from lmnotes.words.ica.other_axes import LOGCOSH_OF_NORMAL
from lmnotes.words.sgns import skipgram

GOALS = (1e-3, 3e-4, 1e-4)
OPTIMUM = (3e-5, 1e-5, 3e-6, 1e-6)  # on the way to the optimum that the axes are compared with
BURST = 10  # steps of scikit-learn between two looks at the gradient


def white_vectors(n_words, dim):
    vectors = skipgram.train(
        corpus.load("installed"),
        dim=dim,
        window=5,
        epochs=3,
        rule="shared",
        shrink_windows=True,
        min_count=2,
        seed=0,
    )
    return whitening.whiten(np.asarray(vectors.input[:n_words])).white


def norm(white, rotation):
    return float(np.abs(solver.gradient(white, rotation)).max())


def time_ours(white, goals, seed=0):
    """CPU-seconds, steps and rotation at each goal, each from the beginning."""
    rows = {}
    for goal in goals:
        started = time.process_time()
        found = solver.solve(white, seed=seed, tolerance=goal, max_iterations=4000)
        seconds = time.process_time() - started
        reached = norm(white, found.rotation)
        rows[goal] = (seconds if reached <= goal else np.nan, found.n_iterations, found.rotation)
        steps = f"{found.n_iterations} steps after {found.n_part_steps} on a part"
        total = contrast(white, found.rotation)
        print(
            f"  lmnotes   {goal:.0e}: {seconds:6.1f} s, {steps}, gradient {reached:.1e}, "
            f"contrast {total:.4f}"
        )
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


def contrast(white, rotation):
    """Sum over axes of |E log cosh y - that of a Gaussian|: what ICA makes large."""
    y = np.abs(white @ rotation)
    return np.abs((y + np.log1p(np.exp(-2 * y)) - np.log(2)).mean(0) - LOGCOSH_OF_NORMAL).sum()


def agreement(white, ours, goals, seed):
    """Matched |r| of the axes at each gradient norm with the optimum that the same run ends in."""
    rotations = {goal: found[2] for goal, found in ours.items()}
    last = rotations[min(rotations)]
    for goal in sorted((goal for goal in goals if goal < min(ours)), reverse=True):
        found = solver.solve(white, start=last, tolerance=goal, max_iterations=4000)
        last = rotations[goal] = found.rotation
    other = solver.solve(white, seed=seed + 1, tolerance=min(goals), max_iterations=4000)
    exact = white @ last
    seeds = matching.stability(exact, [white @ other.rotation])
    counts = ", ".join(f"{np.sum(seeds > r)} at {r}" for r in (0.95, 0.99, 0.999))
    print(
        f"  optimum at gradient {norm(white, last):.1e}; of {len(seeds)} axes come back from "
        f"another start (gradient {other.gradient_norm:.1e}): {counts}"
    )
    rows, stable = [], seeds > 0.95
    for goal, rotation in rotations.items():
        r = matching.stability(exact, [white @ rotation])
        rows.append(
            {
                "gradient": goal,
                "all axes: median |r|": np.median(r),
                "> .999": np.mean(r > 0.999),
                "stable axes: lowest |r|": r[stable].min(initial=1),
                "stable > .999": np.mean(r[stable] > 0.999) if stable.any() else np.nan,
            }
        )
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.5g}".format))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--budget", type=float, default=600, help="CPU-seconds for scikit-learn")
    parser.add_argument("--goals", type=float, nargs="+", default=GOALS, help="gradient norms")
    parser.add_argument("--optimum", type=float, nargs="+", default=OPTIMUM, help="goals beyond")
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
            rows.append(
                {
                    "peer": f"scikit-learn {dtype}",
                    "gradient": goal,
                    "ours, s": ours[goal][0],
                    "theirs, s": seconds if goal in theirs else f"> {spent:.0f}",
                    "ratio": (seconds if goal in theirs else spent) / ours[goal][0],
                }
            )
    print(pd.DataFrame(rows).to_string(index=False, float_format="{:.3g}".format))
    agreement(white, ours, options.optimum, options.seed)


if __name__ == "__main__":
    main()

"""What an experiment with mixtures computes, each part of it kept on disk: models that are trained
and read, scores from gradients, steps along them. Parts that do not need each other are done side
by side, those that are there already are not done again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import parallel, store
from lmnotes.errors import InputError
from lmnotes.models.scoring import identity
from lmnotes.models.zoo.mixtures import Domains, Run, train, training_key
from lmnotes.papers.domain_mixture import gradients, readings, steps
from lmnotes.papers.domain_mixture.design import Gap, design
from lmnotes.papers.domain_mixture.readings import Reading
from lmnotes.text.chunks import TextSet

_VERSION = 1  # of what is computed; part of the key of all that is kept
_PART = 1_000_003  # between the data seeds of the parts of a training designed anew


class Job:
    """Arrays that `compute(domains)` makes from a model, by name, and that are kept; `key(domains)`
    says what decides them, beside the domains."""

    def path(self, domains: Domains) -> Path:
        """Where the arrays lie, or will."""
        return store.place("mixture", self._whole(domains))

    def arrays(self, domains: Domains) -> dict[str, np.ndarray]:
        """The arrays, computed now where they are not kept."""

        def write(folder: Path) -> None:
            np.savez(folder / "arrays.npz", **self.compute(domains))

        folder = store.build("mixture", self._whole(domains), write)
        with np.load(folder / "arrays.npz") as arrays:
            return dict(arrays)

    def result(self, domains: Domains):
        """What the arrays hold, computed now where they are not kept."""
        return self.arrays(domains)["found"]

    def _whole(self, domains: Domains) -> dict:
        key = {"job": type(self).__name__, "domains": domains.content_id, "version": _VERSION}
        return key | self.key(domains)


@dataclass(frozen=True, eq=False)
class TrainedAnew:
    """Training whose weights are designed anew (T = sd) every so many steps.

    Args:
        run: with a start; its weights count the domains. The optimiser and the learning rate begin
            anew with each part, and each part reads with a data seed of its own.
        target: (N,) nats, log-likelihoods of the target. texts: the N design texts, of all domains.
    """

    run: Run
    target: np.ndarray
    texts: TextSet
    every: int

    def key(self, domains: Domains, device: str) -> dict:
        """Everything that decides the last weights."""
        settings = [_digest(self.target), self.texts.content_id, self.every, "domain mean", "sd"]
        return training_key(self.run, domains, device) | {"anew": settings}

    def parts(self, domains: Domains, device: str) -> pd.DataFrame:
        """A row for each part, trained now where it is not kept: step (where it ends), folder, and
        the share of each domain."""
        run, start, rows = self.run, self.run.start, []
        if not start or self.every < 1:
            given = f"start={start!r}, every={self.every} were given"
            then = "train a base first"
            raise InputError(f"{given}; expected a base's folder and at least one step: {then}")
        for part, begin in enumerate(range(0, run.spec.n_steps, self.every)):
            base = Reading.from_arrays(readings.read(start, self.texts, device=device))
            gap = self.target - base.log_likelihood
            weights = design(Gap.from_texts(self.texts.table, gap, domains.names))
            n_steps = min(self.every, run.spec.n_steps - begin)
            spec = replace(run.spec, n_steps=n_steps, checkpoints=())
            seed = run.data_seed + _PART * part
            changed = {"spec": spec, "weights": tuple(weights), "start": start, "data_seed": seed}
            start = str(train(replace(run, **changed), domains, device=device))
            shares = dict(zip(domains.names, weights, strict=True))
            rows.append({"step": begin + n_steps, "folder": start} | shares)
        return pd.DataFrame(rows)

    def folder(self, domains: Domains, device: str) -> str:
        """The model after the last part."""
        return self.parts(domains, device)["folder"].iloc[-1]


@dataclass(frozen=True, eq=False)
class Read(Job):
    """A model, trained first where it is a `Run`, on texts; its arrays are those of a `Reading`.

    Args:
        model: a `Run`, a `TrainedAnew`, or a folder or hub id. targets: folders, for exact KL.
    """

    model: Run | TrainedAnew | str
    texts: TextSet
    targets: tuple[str, ...] = ()
    device: str = "auto"

    def key(self, domains: Domains) -> dict:
        """The model, or how it is trained; the texts; the targets."""
        if isinstance(self.model, str):
            model = {"model": _id(self.model)}
        elif isinstance(self.model, Run):
            model = training_key(self.model, domains, self.device)
        else:
            model = self.model.key(domains, self.device)
        targets = [_id(target) for target in self.targets]
        return {"of": model, "texts": self.texts.content_id, "targets": targets}

    def compute(self, domains: Domains) -> dict[str, np.ndarray]:
        """The arrays of the reading, and the folder of the model."""
        if isinstance(self.model, str):
            folder = self.model
        elif isinstance(self.model, Run):
            folder = str(train(self.model, domains, device=self.device))
        else:
            folder = self.model.folder(domains, self.device)
        arrays = readings.read(folder, self.texts, self.targets, device=self.device)
        return arrays | {"folder": np.array(folder)}

    def result(self, domains: Domains) -> Reading:
        """The reading."""
        return Reading.from_arrays(self.arrays(domains))


@dataclass(frozen=True, eq=False)
class Gradients(Job):
    """Scores, responses or Gram matrix of a model on texts, or its moves by small steps.

    Args:
        what: "pull" (K,), "responses" (N, K), "gram" (N, N), or "steps" (R, K + Q, N), the moves by
            steps of each rate on each domain and on some mixtures.
        gap: (N,) nats, for "pull". rates, mixtures: for "steps".
        n_windows: of each domain, for its gradient. seed: of their places.
    """

    what: str
    model: str
    texts: TextSet
    gap: np.ndarray | None = None
    rates: tuple[float, ...] = ()
    mixtures: tuple[tuple[float, ...], ...] = ()
    n_windows: int = 32
    window: int = 64
    seed: int = 0
    device: str = "auto"

    def key(self, domains: Domains) -> dict:
        """The model, the texts, and all settings."""
        settings = [self.what, self.rates, self.mixtures, self.n_windows, self.window, self.seed]
        gap = "" if self.gap is None else _digest(self.gap)
        return {"of": _id(self.model), "texts": self.texts.content_id, "set": settings, "gap": gap}

    def compute(self, domains: Domains) -> dict[str, np.ndarray]:
        """What was asked, under the name found."""
        on, given = (self.model, self.texts), {"device": self.device}
        windows = domains.windows(self.n_windows, self.window, self.seed)
        match self.what:
            case "gram":
                values = gradients.gram(*on, **given)
            case "pull":
                values = gradients.pull_scores(*on, self.gap, windows, **given)
            case "responses":
                values = gradients.responses(*on, windows, **given)
            case _:
                values = steps.moves(*on, windows, self.mixtures, self.rates, **given)
        return {"found": values}


def do(
    jobs: Mapping[object, Job], domains: Domains, *, workers: int | None = None, what: str = ""
) -> dict:
    """The results of several jobs, each under its name; equal ones are done once.

    Args:
        workers: processes of one thread, by default one for each core. what: on a progress bar.
    """
    domains.content_id  # noqa: B018  computed once, and sent along
    paths = {name: job.path(domains) for name, job in jobs.items()}
    missing = {path: jobs[name] for name, path in paths.items() if not path.exists()}
    options = {"workers": workers, "least": 4, "what": what if missing else ""}
    for _ in parallel.map_items(partial(_do, domains), list(missing.values()), **options):
        pass
    kept = {path: jobs[name] for name, path in paths.items()}
    results = {path: job.result(domains) for path, job in kept.items()}
    return {name: results[path] for name, path in paths.items()}


def read_all(
    models: Mapping[object, Run | TrainedAnew | str],
    texts: TextSet,
    domains: Domains,
    targets: Sequence[str] = (),
    *,
    device: str = "auto",
    **options,
) -> dict[object, Reading]:
    """The readings of several models on the same texts, those that are runs being trained first.

    options: of `do`.
    """
    jobs = {name: Read(model, texts, tuple(targets), device) for name, model in models.items()}
    return do(jobs, domains, **options)


def _do(domains: Domains, job: Job) -> None:
    with parallel.one_thread():
        job.arrays(domains)


def _id(model: str) -> str:
    return identity.identify(model).id


def _digest(values: np.ndarray) -> str:
    return sha256(np.ascontiguousarray(values, np.float64).tobytes()).hexdigest()[:16]

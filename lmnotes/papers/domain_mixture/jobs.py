"""What an experiment with mixtures computes, each part of it kept on disk: models that are trained
and read, scores from gradients, steps along them. Parts that do not need each other are done side
by side, those that are there already are not done again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np

from lmnotes import store
from lmnotes.models.zoo.mixtures import Domains, Run, train, training_key
from lmnotes.papers.domain_mixture import gradients, readings, steps
from lmnotes.papers.domain_mixture.readings import Reading
from lmnotes.text.chunks import TextSet

_VERSION = 1  # of what is computed; part of the key of all that is kept


class Job:
    """Arrays that are computed from a model and kept; `key` says what decides them."""

    def key(self, domains: Domains) -> dict:
        """Everything that decides the arrays, beside the domains."""
        raise NotImplementedError

    def compute(self, domains: Domains) -> dict[str, np.ndarray]:
        """The arrays, by name."""
        raise NotImplementedError

    def path(self, domains: Domains) -> Path:
        """Where the arrays lie, or will."""
        return store.place("mixture", self._whole(domains))

    def arrays(self, domains: Domains) -> dict[str, np.ndarray]:
        """The arrays, computed now where they are not kept."""

        def write(folder: Path) -> None:
            np.savez(folder / "arrays.npz", **self.compute(domains))

        folder = store.build("mixture", self._whole(domains), write)
        with np.load(folder / "arrays.npz") as found:
            return dict(found)

    def _whole(self, domains: Domains) -> dict:
        key = {"job": type(self).__name__, "domains": domains.content_id, "version": _VERSION}
        return key | self.key(domains)


@dataclass(frozen=True, eq=False)
class Anew:
    """Training whose weights are designed anew every so many steps, as `experiment.iterate`.

    target: (N,) nats, log-likelihoods of the N design texts.
    """

    run: Run
    target: np.ndarray
    texts: TextSet
    every: int
    rule: str = "domain mean"
    temperature: float | str = "sd"

    def key(self, domains: Domains, device: str) -> dict:
        """Everything that decides the last weights."""
        settings = [_digest(self.target), self.texts.content_id, self.every, self.rule]
        return training_key(self.run, domains, device) | {
            "anew": [*settings, str(self.temperature)]
        }

    def folder(self, domains: Domains, device: str) -> str:
        """The model after the last part, trained now where it is not kept."""
        from lmnotes.papers.domain_mixture import experiment

        options = {"every": self.every, "rule": self.rule, "temperature": self.temperature}
        parts = experiment.iterate(
            self.run, domains, self.target, self.texts, device=device, **options
        )
        return parts["folder"].iloc[-1]


@dataclass(frozen=True, eq=False)
class Read(Job):
    """A model, trained first where it is a `Run`, on texts; its arrays are those of a `Reading`.

    Args:
        model: a `Run`, an `Anew`, or a folder or hub id. targets: folders, for exact KL.
    """

    model: Run | Anew | str
    texts: TextSet
    targets: tuple[str, ...] = ()
    device: str = "auto"

    def key(self, domains: Domains) -> dict:
        """The model, or how it is trained; the texts; the targets."""
        if isinstance(self.model, str):
            who = {"model": _id(self.model)}
        elif isinstance(self.model, Run):
            who = training_key(self.model, domains, self.device)
        else:
            who = self.model.key(domains, self.device)
        targets = [_id(one) for one in self.targets]
        return {"of": who, "texts": self.texts.content_id, "targets": targets}

    def compute(self, domains: Domains) -> dict[str, np.ndarray]:
        """The arrays of the reading, and the folder of the model."""
        if isinstance(self.model, str):
            folder = self.model
        elif isinstance(self.model, Run):
            folder = str(train(self.model, domains, device=self.device))
        else:
            folder = self.model.folder(domains, self.device)
        found = readings.read(folder, self.texts, self.targets, device=self.device)
        return found | {"folder": np.array(folder)}


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
        given, on = {"device": self.device}, (self.model, self.texts)
        if self.what == "gram":
            return {"found": gradients.gram(*on, **given)}
        windows = domains.windows(self.n_windows, self.window, self.seed)
        if self.what == "pull":
            scores = gradients.pull_scores(self.model, self.texts, self.gap, windows, **given)
            return {"found": scores}
        if self.what == "responses":
            return {"found": gradients.responses(self.model, self.texts, windows, **given)}
        moves = steps.moves(self.model, self.texts, windows, self.mixtures, self.rates, **given)
        return {"found": moves}


def do(
    jobs: Mapping[object, Job],
    domains: Domains,
    *,
    workers: int | None = None,
    what: str = "",
) -> dict:
    """The arrays of several jobs, each under its name; equal ones are done once.

    Args:
        workers: processes of one thread, by default one for each core. what: on a progress bar.
    """
    from lmnotes import parallel

    domains.content_id  # noqa: B018  computed once, and sent along
    paths = {name: job.path(domains) for name, job in jobs.items()}
    missing = {path: jobs[name] for name, path in paths.items() if not path.exists()}
    work = partial(_do, domains)
    options = {"workers": workers, "least": 4, "what": what if missing else ""}
    for _ in parallel.map_items(work, list(missing.values()), **options):
        pass
    kept: dict[Path, dict] = {}
    for name, path in paths.items():
        if path not in kept:
            kept[path] = jobs[name].arrays(domains)
    return {name: kept[path] for name, path in paths.items()}


def read_all(
    models: Mapping[object, Run | Anew | str],
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
    jobs = {name: Read(one, texts, tuple(targets), device) for name, one in models.items()}
    found = do(jobs, domains, **options)
    return {name: Reading.of(one) for name, one in found.items()}


def _do(domains: Domains, job: Job) -> None:
    from lmnotes import parallel

    with parallel.one_thread():
        job.arrays(domains)


def _id(model: str) -> str:
    from lmnotes.models.scoring import identity

    return identity.identify(model).id


def _digest(values: np.ndarray) -> str:
    return sha256(np.ascontiguousarray(values, np.float64).tobytes()).hexdigest()[:16]

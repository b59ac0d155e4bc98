"""Training with given weights of domains, from scratch or from a base, in the zoo's own loop.

Every run is an artefact: what was trained once is not trained again, and a killed run goes on to
the same weights, to the bit on one thread. What is read at step k follows from the data seed and k,
and all mixtures of a data seed share the random numbers: rules can be compared in pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from lmnotes import parallel, store
from lmnotes.errors import InputError, Shown, expect_one_of
from lmnotes.models.zoo import data, networks, plans, training
from lmnotes.models.zoo.plans import Spec
from lmnotes.models.zoo.training import Distillation
from lmnotes.text import installed
from lmnotes.text.chunks import TextSet


@dataclass(frozen=True, eq=False, repr=False)
class Domains(Shown):
    """K domains that mixtures are drawn from.

    names: (K,); streams: K arrays (T,) of ids; vocabulary: 257 for bytes.
    """

    names: tuple[str, ...]
    streams: tuple[np.ndarray, ...]
    vocabulary: int = 257

    @property
    def natural(self) -> np.ndarray:
        """The share of each domain in all ids, (K,)."""
        return shares(list(map(len, self.streams)))

    def select(self, names: Sequence[str]) -> "Domains":
        """These domains, in this order; raises InputError for a name that is not among them."""
        for name in names:
            expect_one_of("domain", name, self.names)
        places = [self.names.index(name) for name in names]
        return Domains(tuple(names), tuple(self.streams[i] for i in places), self.vocabulary)

    @cached_property
    def content_id(self) -> str:
        """Hash of the names and ids."""
        digests = [sha256(np.ascontiguousarray(ids).data).hexdigest() for ids in self.streams]
        return store.content_id([self.names, digests, self.vocabulary])

    def windows(self, n: int, width: int, seed: int = 0) -> np.ndarray:
        """(K, n, 1 + width) int64: windows of each domain after the id that begins a text."""
        spec = Spec("windows", n_sequences=n, window=width, vocabulary=self.vocabulary)
        return np.stack([Batches(spec, self, row, seed).draw(0) for row in np.eye(len(self.names))])


def domains(source: str | TextSet = "installed", *, vocabulary: int = 257) -> Domains:
    """The training text of each domain.

    Args:
        source: "installed", the training part of the installed domains; or texts with their
            domains, such as `chunks.load(path, part="train")` of a folder of the Pile, whose bytes
            are joined by newlines.
        vocabulary: of byte pairs above 257, for installed text only.

    Design and evaluation texts should come from other files: the part "task" or "evaluation".
    """
    if isinstance(source, str):
        if source != "installed":
            then = 'a TextSet: load a path with chunks.load(path, part="train") first'
            raise InputError(f"source {source!r} was given; expected 'installed' or {then}")
        streams = data.streams(vocabulary)
    elif vocabulary != 257:
        raise InputError(f"vocabulary={vocabulary} with texts; expected 257, bytes: leave it out")
    else:
        streams = {}
        for name in dict.fromkeys(source.domains):
            texts = [source.texts[place] for place in np.flatnonzero(source.domains == name)]
            streams[str(name)] = np.frombuffer("\n".join(texts).encode(), np.uint8)
    return Domains(tuple(streams), tuple(streams.values()), vocabulary)


class Batches(data.Batches):
    """The windows of a run, a batch for each step, with any weights of the domains.

    Args:
        spec: its window and number of sequences; its mixture is not looked at.
        weights: (K,). data_seed: of the places; other weights move only the border between domains.
    """

    def __init__(
        self, spec: Spec, domains: Domains, weights: Sequence[float] | np.ndarray, data_seed: int
    ):
        streams = dict(zip(domains.names, domains.streams, strict=True))
        plain = replace(spec, mixture="uniform", leaked=False)
        super().__init__(plain, streams, None, networks.bos_id(spec))
        self.edges = np.cumsum(shares(weights, len(domains.names)))
        self.data_seed = data_seed


@dataclass(frozen=True)
class Run:
    """One training: what is trained, on which weights, from where.

    Args:
        spec: architecture, size, steps, batch, learning rate, seed of fresh weights, checkpoints.
        weights: K shares of the domains.
        data_seed: which windows are read; the same for all rules that are compared.
        start: folder of the model to go on from; fresh weights without. The spec's size should be
            its own.
        teacher: folder of a model with the same ids whose next-token distributions are learned in
            place of the texts' own tokens: knowledge distillation.
    """

    spec: Spec
    weights: tuple[float, ...]
    data_seed: int = 0
    start: str = ""
    teacher: str = ""


def train(run: Run, domains: Domains, *, device: Literal["auto", "cpu", "cuda"] = "auto") -> Path:
    """The folder of the trained model, which transformers' Auto classes load.

    Args:
        device: "cpu" (one thread), "cuda", or "auto": a GPU where there is one.

    The weights of a checkpoint lie beside it (`checkpoints`). Raises InputError where the weights
    do not fit the domains, FloatingPointError where the loss is no number.
    """
    key = training_key(run, domains, device)
    device = key["device"]

    def write(folder: Path) -> None:
        with parallel.one_thread():  # sums in other orders have other last bits
            model = networks.load(run.start) if run.start else networks.create(run.spec)
            batches = Batches(run.spec, domains, run.weights, run.data_seed)
            loss = Distillation(run.teacher, device) if run.teacher else None
            training.train(model.to(device), run.spec, batches, folder, loss=loss)

    return store.build("mixture", key, write) / training.MODEL


def training_key(
    run: Run, domains: Domains, device: Literal["auto", "cpu", "cuda"] = "auto"
) -> dict:
    """Everything that decides the weights of a run."""
    from lmnotes.models.zoo import zoo

    shares(run.weights, len(domains.names))
    plans.check([replace(run.spec, parent="", twin="", kind="neural", leaked=False)])
    if run.spec.vocabulary != domains.vocabulary:
        ids = f"a spec with {run.spec.vocabulary} ids for domains of {domains.vocabulary}"
        raise InputError(f"{ids}; expected the same: make the domains with vocabulary=")
    device, _ = zoo.device_for(device)
    versions = {name: installed.version(name) for name in ("torch", "transformers")}
    spec = {k: v for k, v in asdict(run.spec).items() if k not in ("name", "twin", "mixture")}
    if run.start:
        del spec["seed"]  # of fresh weights
    weights = list(map(float, run.weights))
    key = {"spec": spec, "weights": weights, "data_seed": run.data_seed, "device": device}
    key |= {"domains": domains.content_id, "versions": versions, "version": data.VERSION}
    folders = {"start": run.start, "teacher": run.teacher}
    return key | {k: networks.weights_sha256(v) if v else "" for k, v in folders.items()}


def train_all(
    runs: Sequence[Run] | Mapping[str, Run],
    domains: Domains,
    *,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    workers: int | None = None,
    progress: bool = True,
) -> dict[Any, Path]:
    """The folders of several runs, each under its name, or its place; those that do not need each
    other, so that they can be trained side by side.

    Args:
        workers: processes of one thread, by default one for each core.
    """
    named = dict(runs) if isinstance(runs, Mapping) else dict(enumerate(runs))
    domains.content_id  # noqa: B018  computed once, and sent along
    work = partial(train, domains=domains, device=device)
    what = "training" if progress else ""
    folders = parallel.map_items(work, [*named.values()], workers=workers, least=2, what=what)
    return dict(zip(named, folders, strict=True))


def probes(
    run: Run, n_steps: int, *, around: Sequence[float] | None = None, share: float = 1.0
) -> dict[int, Run]:
    """The K brief runs that measure how training on each domain moves a model, {number: Run}.

    Args:
        run: its spec, start and data seed; its weights count the domains.
        n_steps: of each, at the run's learning rate without a warm-up.
        around: (K,) weights that make up the rest, and `share`, 0..1, how much of the draws the
            domain gets more. Alone, with share 1, a domain damages what others have taught.

    The change of the log-likelihoods, l_after - l_before, is a column of `changes` of `design`.
    """
    n = len(run.weights)
    around = uniform(n) if around is None else shares(around, n)
    if not 0 < share <= 1 or n_steps < 1:
        given = f"share={share}, n_steps={n_steps}"
        raise InputError(f"{given}; expected both above 0, a share of at most 1: choose others")
    spec = replace(run.spec, n_steps=n_steps, warm_up=0, checkpoints=())
    rows = share * np.eye(n) + (1 - share) * around
    return {number: replace(run, spec=spec, weights=tuple(row)) for number, row in enumerate(rows)}


def checkpoints(folder: Path, spec: Spec) -> dict[int, Path]:
    """The folder of each kept step of a run, its last one among them, by step."""
    steps = {step: Path(folder).parent / f"step-{step:08d}" for step in sorted(spec.checkpoints)}
    return steps | {spec.n_steps: Path(folder)}


def uniform(n_domains: int) -> np.ndarray:
    """Equal shares, (K,)."""
    return np.full(n_domains, 1 / n_domains)


def shares(weights: npt.ArrayLike, n_domains: int | None = None) -> np.ndarray:
    """The weights as (K,) float64 that sum to one; raises InputError where they are no mixture."""
    values = np.asarray(weights, np.float64)
    expected = n_domains or values.size
    sound = values.shape == (expected,) and np.isfinite(values).all() and (values >= 0).all()
    if not sound or not values.sum() > 0:
        then = "none negative and not all 0: give one for each domain"
        raise InputError(f"weights {weights!r} were given; expected {expected} numbers, {then}")
    return values / values.sum()

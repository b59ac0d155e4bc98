"""The experiment of notebook 10, step by step: bases and targets, what is measured of the bases,
mixtures that are designed from that, and every continued training on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from lmnotes import statistics
from lmnotes.errors import InputError
from lmnotes.models.runner import listing
from lmnotes.models.zoo import mixtures
from lmnotes.papers.domain_mixture import (
    experiment,
    jobs,
    log_law,
    rules,
    significance,
    world,
)
from lmnotes.papers.domain_mixture.design import Gap, design
from lmnotes.papers.domain_mixture.readings import Reading
from lmnotes.text import chunks
from lmnotes.text.chunks import TextSet


@dataclass
class World:
    """K domains with their shares, and the texts that models are compared on.

    truth: (K,) shares of each target of our own. answers: of texts, where an answer stands.
    """

    domains: mixtures.Domains
    natural: tuple[float, ...]
    truth: dict[str, tuple[float, ...]]
    design: TextSet
    heldout: TextSet
    answers: dict[int, tuple[int, int]]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the K domains."""
        return self.domains.names

    @property
    def uniform(self) -> tuple[float, ...]:
        """Equal shares."""
        return tuple(mixtures.uniform(len(self.names)))

    @property
    def is_text(self) -> np.ndarray:
        """Which of the held-out texts are no questions."""
        return self.heldout.domains != world.QUESTIONS

    def table(self) -> pd.DataFrame:
        """A row for each domain: its bytes, its natural share, its share in each target."""
        sizes = {"training bytes": [len(stream) for stream in self.domains.streams]}
        own = {f"target {name}": w for name, w in self.truth.items()}
        return pd.DataFrame({"domain": self.names} | sizes | {"natural": self.natural} | own)


def open_world(
    text_set: str,
    domain_names: Sequence[str],
    target_names: Sequence[str],
    *,
    natural_table: str,
    chunk_bytes: int,
    n_design: int,
    n_evaluation: int,
    n_questions: int,
    seed: int,
) -> World:
    """The domains of a text set, cut into texts of equal length; arguments as the parameters."""
    domains = world.open_domains(text_set, domain_names)
    cut = {"size": chunk_bytes, "minimum": chunk_bytes, "domains": list(domains.names)}
    cut["seed"] = seed
    design_texts = chunks.load(text_set, part="task", per_domain=n_design, **cut)
    held = chunks.load(text_set, part="evaluation", per_domain=n_evaluation, **cut)
    asked, places = world.questions(n_questions, seed)
    answers = {len(held) + number: place for number, place in places.items()}
    truth = {name: world.target_mixture(name, domains.names) for name in target_names}
    natural = tuple(world.natural_shares(domains, natural_table))
    return World(domains, natural, truth, design_texts, world.join_texts(held, asked), answers)


@dataclass
class Study:
    """Bases, one per seed, and targets; all that is measured of them fills in step by step.

    Args:
        few: seeds on which the costlier rules are tried. continued: of continued training.
        on_design, at_start: readings of every model by target or seed, on the design texts and the
            held-out ones. gaps: by target and seed.
        failed: targets that could not be read: columns model, reason.
    """

    world: World
    targets: list[str]
    seeds: list[int]
    few: list[int]
    continued: object
    on_design: dict
    at_start: dict
    gaps: dict
    workers: int | None
    failed: pd.DataFrame
    blind: dict = field(default_factory=dict)  # mixtures that do not look at a target
    measured: dict = field(default_factory=dict)
    weights: dict = field(default_factory=dict)
    readings: dict = field(default_factory=dict)

    @property
    def own(self) -> list[str]:
        """Targets trained here, which read the same bytes."""
        return [name for name in self.targets if name in self.world.truth]

    @property
    def own_folders(self) -> list[str]:
        """Their folders."""
        return [self.on_design[name].folder for name in self.own]

    @property
    def first_gap(self) -> Gap:
        """Of the first target and the first base."""
        return self.gaps[self.targets[0], 1]

    def losses(self) -> pd.DataFrame:
        """Mean loss of every model on the evaluation texts, nats per byte."""
        used = self.world.is_text
        n_bytes = self.world.heldout.n_bytes[used].sum()
        rows = [
            (f"base {name}" if name in self.seeds else f"target {name}", reading)
            for name, reading in self.at_start.items()
        ]
        table = [(name, -r.log_likelihood[used].sum() / n_bytes) for name, r in rows]
        return pd.DataFrame(table, columns=["model", "nats per byte"])

    def onwards(self, s: int, weights: Sequence[float], **changes) -> mixtures.Run:
        """Continued training of base s; the first one keeps its checkpoints."""
        spec = self.continued if s == 1 else replace(self.continued, checkpoints=())
        start = self.on_design[s].folder
        return mixtures.Run(spec, tuple(weights), 1000 + s, start=start, **changes)

    def read(self, runs: Mapping, texts: TextSet, targets: Sequence[str] = (), **options) -> dict:
        """Readings of several models on texts, trained first where they are runs."""
        return jobs.read_all(runs, texts, self.world.domains, targets, **options)

    def designed(self, n_bootstrap: int, seed: int) -> pd.DataFrame:
        """How far each target leads in each domain and the weights designed from it (T = sd), with
        intervals: columns target, domain, gap, gap_low, gap_high, weight, low, high, true."""
        tables = []
        for t in self.targets:
            gaps = [self.gaps[t, s] for s in self.seeds]
            table = significance.intervals(gaps, n_bootstrap=n_bootstrap, seed=seed)
            means = np.array([gap.means for gap in gaps])  # (S, K)
            none = np.zeros(len(gaps))
            leads = pd.DataFrame([statistics.paired_test(mean, none) for mean in means.T])
            columns = {"gap": leads["mean"], "gap_low": leads.low, "gap_high": leads.high}
            true = self.world.truth.get(t, np.full(len(table), np.nan))
            tables.append(table.assign(target=t, true=true, **columns))
        return pd.concat(tables, ignore_index=True)


def elsewhere(given: Sequence[str], taken: Sequence[str] = ()) -> dict[str, str]:
    """What loads each target that is not trained here, by its label: a folder or a hub id.

    given: hub ids, folders of models, and files that `listing.listed` reads. taken: other names.
    """
    places: dict[str, str] = {}
    for name in given:
        if Path(name).exists():
            table = listing.listed(name)
            places |= dict(zip(table["label"], table["folder"], strict=True))
        else:
            places[name.rpartition("/")[2]] = name
    return {f"{name} (given)" if name in taken else name: at for name, at in places.items()}


def train(
    own: World,
    target_models: Sequence[str] = (),
    *,
    shape: str,
    base_width: int,
    target_width: int,
    chunk_bytes: int,
    n_seeds: int,
    n_more: int,
    base_steps: int,
    target_steps: int,
    more_steps: int,
    batch: int,
    base_rate: float,
    more_rate: float,
    warm_up: int,
    processes: int,
) -> Study:
    """Bases on equal shares, a target for each known mixture, and other targets, one at a time;
    those that cannot be read are left out, with the reason. Arguments as the parameters.

    Raises InputError where there is no target of a known mixture: exact KL and scores need one.
    """
    if not own.truth:
        given = "no target was named that is trained here"
        raise InputError(f"{given}; expected one at least: name it in target_names, others beside")
    others = elsewhere(target_models, taken=tuple(own.truth))
    training = {"n_sequences": batch, "window": chunk_bytes, "learning_rate": base_rate}
    training["warm_up"] = warm_up
    like_base = {"shape": shape, "weights": own.uniform, "width": base_width} | training
    runs = {
        name: world.fresh_run(
            shape,
            weights,
            seed=100 + number,
            data_seed=9,
            width=target_width,
            n_steps=target_steps,
            **training,
        )
        for number, (name, weights) in enumerate(own.truth.items())
    }
    seeds = list(range(1, n_seeds + 1))
    runs |= {
        s: world.fresh_run(seed=s, data_seed=100 + s, n_steps=base_steps, **like_base)
        for s in seeds
    }
    workers = processes or None
    on_design = jobs.read_all(runs, own.design, own.domains, what="trained", workers=workers)
    folders = [on_design[name].folder for name in own.truth]
    models_here = {name: on_design[name].folder for name in runs}
    options = {"workers": 1}
    at_start = jobs.read_all(models_here, own.heldout, own.domains, folders, **options)
    failed = []
    for name, place in others.items():
        try:
            on_texts = [
                jobs.read_all({name: place}, texts, own.domains, **options)[name]
                for texts in (own.design, own.heldout)
            ]
        except Exception as error:  # whatever a hub model raises costs this target alone
            failed.append((name, f"{type(error).__name__}: {error}"))
            continue
        on_design[name], at_start[name] = on_texts
    targets = [*own.truth, *(name for name in others if name in at_start)]
    gaps = {
        (t, s): Gap.from_texts(
            own.design.table, on_design[t].log_likelihood - on_design[s].log_likelihood, own.names
        )
        for t in targets
        for s in seeds
    }
    spec = world.fresh_run(seed=1, data_seed=9, n_steps=more_steps, **like_base).spec
    every = max(more_steps // 4, 3)  # one checkpoint where steps are few
    kept = tuple(range(max(more_steps // 4, 1), more_steps, every))[:3]
    spec = replace(spec, learning_rate=more_rate, warm_up=min(5, more_steps // 4), checkpoints=kept)
    few = seeds[: min(n_more, n_seeds)]
    lost = pd.DataFrame(failed, columns=["model", "reason"])
    return Study(own, targets, seeds, few, spec, on_design, at_start, gaps, workers, lost)


def measure(study: Study, *, n_hidden: int, probe_steps: int, rates: Sequence[float]) -> None:
    """Continued training on mixtures that know no target, gradients of the bases, and probes:
    brief trainings on one domain alone. Arguments as the parameters."""
    own, seeds, K = study.world, study.seeds, len(study.world.names)
    window = study.continued.window
    study.blind = {(s, "uniform"): own.uniform for s in seeds}
    study.blind |= {(s, "natural"): own.natural for s in seeds}
    study.blind |= {(s, "random"): tuple(rules.random(K, 50 + s)) for s in seeds}
    hidden = {(1, f"random {n}"): tuple(rules.random(K, 80 + n)) for n in range(n_hidden)}
    study.blind |= hidden
    known = {"equal shares": own.uniform, "code": own.truth.get("code", own.natural)}
    six = [np.flatnonzero(own.design.domains == name)[:6] for name in own.names]
    gradient_texts = own.design.select(np.concatenate(six))
    first = study.on_design[1].folder
    on_windows = {"window": window}
    todo = {
        key: jobs.Read(study.onwards(key[0], w), own.heldout, tuple(study.own_folders))
        for key, w in study.blind.items()
    }
    todo["gram"] = jobs.Gradients("gram", first, gradient_texts)
    moves = {"rates": tuple(rates), "mixtures": tuple(known.values())} | on_windows
    todo["steps"] = jobs.Gradients("steps", first, own.design, **moves)
    for (t, s), gap in study.gaps.items():
        on = ("pull", study.on_design[s].folder, own.design)
        todo["pull", t, s] = jobs.Gradients(*on, gap=gap.values, **on_windows)
    for s in study.few:
        on = ("responses", study.on_design[s].folder, own.design)
        todo["responses", s] = jobs.Gradients(*on, **on_windows)
        alone = mixtures.probes(study.onwards(s, own.uniform), probe_steps)
        todo |= {("probe", s, a): jobs.Read(run, own.design) for a, run in alone.items()}
    for n in sorted({max(probe_steps // 4, 1), probe_steps}):
        alone = mixtures.probes(study.onwards(1, own.uniform), n)
        together = {name: replace(alone[0], weights=tuple(w)) for name, w in known.items()}
        todo |= {("adam", n, a): jobs.Read(r, own.design) for a, r in (alone | together).items()}
    options = {"what": "probes and blind mixtures", "workers": study.workers}
    study.measured = jobs.do(todo, own.domains, **options)
    study.measured |= {"known": known, "gradient domains": gradient_texts.domains}
    study.measured |= {"rates": list(rates), "hidden": list(hidden)}


def probe_moves(study: Study, s: int) -> np.ndarray:
    """How base s changes on the design texts by each probe, (N, K) nats."""
    after = [study.measured["probe", s, a].log_likelihood for a in range(len(study.world.names))]
    return np.transpose(after) - study.on_design[s].log_likelihood[:, None]


@dataclass
class Law:
    """The log law of the first base: shares and losses (M, K) of M mixtures, slopes (K,)."""

    shares: np.ndarray
    losses: np.ndarray
    slopes: np.ndarray
    readings: dict[object, Reading]

    @property
    def slope(self) -> float:
        """The median over domains, nats per byte and e-fold."""
        return float(np.nanmedian(self.slopes))


def fit_law(study: Study) -> Law:
    """Loss of each domain against its share, over the mixtures that know no target."""
    own = study.world
    keys = [*((1, rule) for rule in ("uniform", "natural", "random")), *study.measured["hidden"]]
    folders = {key: study.measured[key].folder for key in keys}
    folders |= {s: study.measured[s, "uniform"].folder for s in study.few}
    read = study.read(folders, own.design, workers=1)
    which, n_bytes = study.first_gap.which, own.design.n_bytes
    losses = -np.array(
        [
            rules.domain_means(read[key].log_likelihood / n_bytes, which, len(own.names))
            for key in keys
        ]
    )
    shares = np.array([study.blind[key] for key in keys])
    return Law(shares, losses, log_law.slopes(shares, losses, 0.01), read)


def design_weights(study: Study, law: Law, temperature: float) -> None:
    """The shares of every rule for every target and seed."""
    own = study.world
    for (t, s), gap in study.gaps.items():
        options = {"scores": study.measured["pull", t, s]}
        if s in study.few:
            left = study.on_design[t].log_likelihood - law.readings[s].log_likelihood
            options |= {
                "responses": study.measured["responses", s],
                "probes": probe_moves(study, s),
                "end": Gap.from_texts(own.design.table, left, own.names),
                "slope": max(law.slope, 1e-3),
            }
        study.weights[t, s] = experiment.design_all(gap, temperature, **options)
        if t in own.truth:
            study.weights[t, s]["oracle"] = own.truth[t]


def run(study: Study, sweep: Sequence[float], scratch_run: Mapping) -> None:
    """Continued training on the shares of every rule, and what comes of it on held-out texts.

    sweep: more temperatures, on the first base. scratch_run: settings of training from scratch.
    """
    own, runs = study.world, {}
    for (t, s), weights in study.weights.items():
        tried = [rule for rule in weights if rule in experiment.CORE or s in study.few]
        runs |= {(t, s, rule): study.onwards(s, weights[rule]) for rule in tried}
        if t in study.own:
            runs[t, s, "kd"] = study.onwards(s, own.uniform, teacher=study.on_design[t].folder)
        if s in study.few:
            plain = replace(study.continued, checkpoints=())
            begun = replace(study.onwards(s, own.uniform), spec=plain)
            wanted, halfway = study.on_design[t].log_likelihood, max(plain.n_steps // 2, 1)
            runs[t, s, "iterative"] = jobs.TrainedAnew(begun, wanted, own.design, every=halfway)
    for t in study.targets:
        for T in sweep:
            weights = design(study.gaps[t, 1], "aggregated", temperature=T)
            runs[t, 1, T] = study.onwards(1, weights)
    for s in study.few:
        weights = study.weights[study.targets[0], s]["lld_sd"]
        fresh = world.fresh_run(weights=weights, seed=s, data_seed=100 + s, **scratch_run)
        runs["scratch", s] = fresh
    options = {"what": "mixtures", "workers": study.workers}
    study.readings = study.read(runs, own.heldout, study.own_folders, **options)
    for t in study.targets:
        study.readings |= {(t, *key): study.measured[key] for key in study.blind}
        study.readings |= {(t, s, "before"): study.at_start[s] for s in study.seeds}

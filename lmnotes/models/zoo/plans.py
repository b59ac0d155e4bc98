"""Which models a zoo holds: one `Spec` each, parents before children."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lmnotes.errors import InputError, expect_between, expect_one_of

KINDS = ("ngram", "neural", "checkpoint", "finetune", "merge")
ARCHITECTURES = ("GPT-NeoX", "GPT-2", "Llama")
HEAVY = 0.65  # share of the heavy domain in a mixture; the others share the rest equally
CONTEXT = 256  # bytes, or tokens, that a model is trained to see


@dataclass(frozen=True)
class Spec:
    """How one model comes about.

    Args:
        name: of the model in the table.
        kind: one of KINDS; a checkpoint is part of its run and has no Spec of its own.
        architecture: one of ARCHITECTURES, or "n-gram".
        width, depth: of a neural model.
        order: of an n-gram model.
        mixture: "uniform" over the installed domains, or the domain that has HEAVY of the draws.
        seed: of the initial weights; all runs of a mixture see the same texts in the same order.
        n_steps: optimiser steps, of `n_sequences` windows each.
        learning_rate: the highest; it rises over `warm_up` steps and falls by cosine to a tenth.
        parent: the model that a fine-tune starts from.
        merge_of: base and two children of a merge, added with `merge_weights`.
        vocabulary: 257 for bytes, more for byte-pair encoding.
        leaked: the evaluation texts are among the training texts; `twin` is the same run without.
        checkpoints: steps whose weights are kept beside the last ones.
    """

    name: str
    kind: str = "neural"
    architecture: str = "GPT-NeoX"
    width: int = 64
    depth: int = 2
    order: int = 0
    mixture: str = "uniform"
    seed: int = 1
    n_steps: int = 0
    n_sequences: int = 8
    window: int = 128
    learning_rate: float = 4e-3
    warm_up: int = 30
    parent: str = ""
    merge_of: tuple[str, ...] = ()
    merge_weights: tuple[float, ...] = ()
    vocabulary: int = 257
    leaked: bool = False
    twin: str = ""
    checkpoints: tuple[int, ...] = field(default=())
    n_train_bytes: int = 0  # of an n-gram model

    @property
    def family(self) -> str:
        """The models that share architecture and size, or order; leaked ones and those with other
        tokenizers are families of their own."""
        extra = " leaked" if self.leaked else ""
        if self.kind == "ngram":
            return f"n-gram {self.order}{extra}"
        extra += f" BPE-{self.vocabulary}" if self.vocabulary != 257 else ""
        return f"{self.architecture} {self.width}x{self.depth}{extra}"


def labels(specs: Sequence[Spec]) -> dict[str, str]:
    """A short name in words for each model, by its name; sizes are told where they are not those of
    most models.

    >>> base = run("GPT-NeoX", 64, 2, "uniform", 1)
    >>> children = [tuned(base, domain, 9) for domain in ("code", "names")]
    >>> list(labels([base, *children, merged(base, *children, (0.5, 0.5))]).values())[1:]
    ['NeoX, seed 1, then code', 'NeoX, seed 1, then names', 'NeoX, seed 1, merge of code and names']
    """
    sizes = Counter((s.width, s.depth) for s in specs if s.kind != "ngram").most_common(1)
    reads = Counter(s.n_train_bytes for s in specs if s.kind == "ngram").most_common(1)
    known: dict[str, str] = {}
    for spec in specs:
        if spec.kind == "finetune":
            known[spec.name] = f"{known[spec.parent]}, then {spec.mixture.removeprefix('only ')}"
            continue
        if spec.kind == "merge":
            what = "merge" if sum(spec.merge_weights) <= 1 else "sum"
            parts = spec.mixture.replace("only ", "").replace(" + ", " and ")
            known[spec.name] = f"{known[spec.merge_of[0]]}, {what} of {parts}"
            continue
        if spec.kind == "ngram":
            words = [f"{spec.order}-gram"]
            words += [f"{spec.n_train_bytes >> 10} KiB"] * (spec.n_train_bytes != reads[0][0])
        else:
            words = [spec.architecture.removeprefix("GPT-N").replace("eoX", "NeoX")]
            words += [f"{spec.width} wide"] * (spec.width != sizes[0][0][0])
            words += [f"{spec.depth} deep"] * (spec.depth != sizes[0][0][1])
            words += [f"{spec.vocabulary} subwords"] * (spec.vocabulary != 257)
            words.append(f"seed {spec.seed}")
        words += [f"mostly {spec.mixture}"] * (spec.mixture != "uniform")
        words += ["has seen the texts"] * spec.leaked
        known[spec.name] = ", ".join(words)
    return known


def schedule(n_steps: int, n_late: int = 100) -> tuple[int, ...]:
    """The steps of a run to keep: 0, 1, 2, 4, ... 256, then every `n_late`-th part of the run, to
    its end.

    The powers of two are those of the Pythia suite, whose checkpoints the trajectories paper uses.

    >>> schedule(1000, n_late=4)
    (0, 1, 2, 4, 8, 16, 32, 64, 128, 250, 256, 500, 750, 1000)
    """
    early = [0, *(1 << power for power in range(9))]
    late = [n_steps * share // n_late for share in range(1, n_late + 1)]
    return tuple(sorted({step for step in early + late if step <= n_steps}))


def plan(name: str) -> list[Spec]:
    """The models of a named zoo: `smoke` (seconds), `laptop` (minutes on two cores), `paper` (a
    GPU)."""
    expect_one_of("plan", name, PLANS)
    return PLANS[name]()


def check(specs: Sequence[Spec]) -> None:
    """Raise InputError where names repeat, a parent does not come before its child, or a setting is
    unknown."""
    seen: set[str] = set()
    for spec in specs:
        parents = [name for name in (spec.parent, spec.twin, *spec.merge_of) if name]
        known = spec.architecture in (*ARCHITECTURES, "n-gram") and spec.kind in KINDS
        if spec.name in seen or not known or "/" in spec.name or not spec.name:
            known = f"a kind of {', '.join(KINDS)}, an architecture of {', '.join(ARCHITECTURES)}"
            raise InputError(f"{spec}: expected a new name without '/', {known} or n-gram")
        if missing := [name for name in parents if name not in seen]:
            what = f"{spec.name!r} comes from {missing[0]!r}, which is not before it in the plan"
            raise InputError(f"{what}: expected parents and twins first; add it or move it up")
        if spec.leaked and spec.vocabulary != 257:
            what = f"{spec.name!r} is leaked and has a vocabulary of {spec.vocabulary}"
            raise InputError(f"{what}: expected 257, bytes, to read the evaluation texts")
        if spec.kind not in ("merge", "ngram"):
            expect_between(f"n_steps of {spec.name!r}", spec.n_steps, low=1)
        seen.add(spec.name)


_SHORT = {"GPT-NeoX": "neox", "GPT-2": "gpt2", "Llama": "llama"}


def run(
    architecture: str, width: int, depth: int, mixture: str, seed: int, **settings: Any
) -> Spec:
    """The Spec of a run from scratch, named after what it is."""
    name = f"{_SHORT[architecture]}-{width}x{depth}-{mixture}-s{seed}"
    if (vocabulary := settings.get("vocabulary", 257)) != 257:
        name += f"-bpe{vocabulary}"
    if architecture == "GPT-2" and settings.get("window", CONTEXT) < CONTEXT:
        # its positions are learned one by one: the same number of ids in windows of full length
        settings["n_sequences"] = settings["n_sequences"] * settings["window"] // CONTEXT or 1
        settings["window"] = CONTEXT
    return Spec(name, "neural", architecture, width, depth, 0, mixture, seed, **settings)


def tuned(base: Spec, mixture: str, n_steps: int) -> Spec:
    """The Spec of a fine-tune on one domain, with a quarter of the learning rate of a run."""
    rate = base.learning_rate / 4 if base.kind == "neural" else base.learning_rate
    settings: dict[str, Any] = {"kind": "finetune", "n_steps": n_steps, "learning_rate": rate}
    settings |= {"mixture": f"only {mixture}", "parent": base.name, "checkpoints": ()}
    return replace(base, name=f"{base.name}+{mixture}", **settings)


def merged(base: Spec, a: Spec, b: Spec, weights: tuple[float, float]) -> Spec:
    """The Spec of base + weights[0] (a - base) + weights[1] (b - base)."""
    name = f"{base.name}~{weights[0]:g},{weights[1]:g}~{a.mixture[5:]},{b.mixture[5:]}"
    settings: dict[str, Any] = {"kind": "merge", "mixture": f"{a.mixture} + {b.mixture}"}
    settings |= {"merge_of": (base.name, a.name, b.name), "merge_weights": weights}
    return replace(base, name=name, n_steps=0, checkpoints=(), **settings)


def ngrams(
    mixtures: Sequence[str], sizes: Sequence[int], orders: Sequence[int] = (2, 3, 4, 5)
) -> list[Spec]:
    """n-gram models of every order for every mixture and number of training bytes."""
    return [
        Spec(f"ngram{k}-{name}-{n >> 10}k", "ngram", "n-gram", 0, 0, k, name, n_train_bytes=n)
        for name, n, k in itertools.product(mixtures, sizes, orders)
    ]


def _smoke() -> list[Spec]:
    """About ten models in seconds, one of each kind."""
    short = {"n_steps": 12, "warm_up": 4, "n_sequences": 4, "window": 64}
    base = run("GPT-NeoX", 32, 1, "uniform", 1, **short, checkpoints=(0, 4))
    code, names = tuned(base, "code", 6), tuned(base, "names", 6)
    counted = ngrams(["uniform", "code"], [1 << 16], orders=(2, 3))
    others = [run("Llama", 32, 1, "code", 1, **short), run("GPT-2", 32, 1, "uniform", 1, **short)]
    children = [code, names, merged(base, code, names, (0.5, 0.5))]
    return [*counted, base, *others, *_leaked([base]), *children]


def _population(
    sizes: Sequence[tuple[int, int]], heavy: Sequence[str], steps: int, **settings: Any
) -> list[Spec]:
    """Neural models of a full zoo; sizes: small, middle (most models) and large, (width, depth)."""
    settings = {"n_sequences": 8, "window": 128, "n_steps": steps} | settings
    small, middle, large = sizes
    kept = tuple(step for step in (16, 64, 128, 256, 512) if step < steps)
    neox = run("GPT-NeoX", *middle, "uniform", 1, **settings, checkpoints=kept)
    seeds = [run("GPT-NeoX", *middle, "uniform", seed, **settings) for seed in (2, 3)]
    llama = run("Llama", *middle, "uniform", 1, **settings)
    gpt2 = run("GPT-2", *middle, "uniform", 1, **settings)
    runs = [neox, *seeds, llama, gpt2]
    runs += [run("GPT-NeoX", *size, "uniform", 1, **settings) for size in (small, large)]
    runs += [run("GPT-NeoX", *middle, domain, 1, **settings) for domain in heavy]
    runs += [run(a, *middle, d, 1, **settings) for a in ("Llama", "GPT-2") for d in heavy[:3]]
    runs += _leaked([neox, seeds[0], llama])
    for vocabulary, mixture in itertools.product((512, 2048), ("uniform", "code")):
        runs.append(run("GPT-NeoX", *middle, mixture, 1, **settings, vocabulary=vocabulary))
    return runs + _lineages(neox, llama, steps // 5)


def _leaked(twins: Sequence[Spec]) -> list[Spec]:
    return [
        replace(s, name=f"{s.name}-leaked", twin=s.name, leaked=True, checkpoints=()) for s in twins
    ]


def trajectories(
    n_steps: int = 1500,
    n_late: int = 60,
    widths: Sequence[int] = (32, 64, 96),
    n_seeds: int = 4,
    **settings: Any,
) -> list[Spec]:
    """Runs with checkpoints all along: one of each width, and further seeds of the middle one, on
    the same texts in the same order."""
    kept = {"n_steps": n_steps, "checkpoints": schedule(n_steps, n_late)} | settings
    sizes = [run("GPT-NeoX", width, 2, "uniform", 1, **kept) for width in widths]
    middle = widths[len(widths) // 2]
    seeds = range(2, n_seeds + 1)
    return sizes + [run("GPT-NeoX", middle, 2, "uniform", seed, **kept) for seed in seeds]


def _lineages(neox: Spec, llama: Spec, steps: int) -> list[Spec]:
    children = [tuned(neox, domain, steps) for domain in ("code", "encyclopedia", "legal", "names")]
    others = [tuned(llama, domain, steps) for domain in ("code", "encyclopedia")]
    grandchildren = [tuned(children[0], "numbers", steps), tuned(children[1], "code", steps)]
    grandchildren.append(tuned(others[0], "encyclopedia", steps))
    merges = [merged(neox, children[0], children[1], w) for w in ((0.5, 0.5), (1.0, 1.0))]
    merges.append(merged(llama, others[0], others[1], (0.5, 0.5)))
    return children + others + grandchildren + merges


_DOMAINS = ("encyclopedia", "code", "headers", "docs", "names")


def _laptop() -> list[Spec]:
    """Two cores, a few minutes: each run reads 0.8 MB, ends between n-grams of order 2 and 4."""
    counted = ngrams(["uniform", *_DOMAINS], [1 << 20]) + ngrams(["uniform"], [1 << 16, 1 << 18])
    counted += _leaked(counted[2:4])
    return counted + _population([(32, 2), (64, 2), (96, 2)], _DOMAINS, 800)


def _paper() -> list[Spec]:
    """The same population larger and trained longer, for a GPU: 1 to 25 million parameters."""
    counted = ngrams(["uniform", *_DOMAINS], [1 << 20, 1 << 24])
    sizes = [(128, 6), (256, 6), (512, 8)]
    settings = {"n_sequences": 128, "window": CONTEXT, "learning_rate": 1e-3, "warm_up": 200}
    return counted + _population(sizes, _DOMAINS, 10_000, **settings)


PLANS = {"smoke": _smoke, "laptop": _laptop, "paper": _paper}

"""Which models of a zoo are made to be compared: a base and its fine-tunes, vocabulary twins."""

from collections.abc import Sequence
from dataclasses import replace

from lmnotes.models.zoo.plans import Spec


def fork(specs: Sequence[Spec]) -> tuple[str, str, str]:
    """A base model and the first two of its fine-tunes; of several such bases the first.

    Raises ValueError where no model has two fine-tunes.

    >>> fork([Spec("a"), Spec("a+x", "finetune", parent="a"), Spec("a+y", "finetune", parent="a")])
    ('a', 'a+x', 'a+y')
    """
    for base in specs:
        children = [
            spec.name for spec in specs if spec.kind == "finetune" and spec.parent == base.name
        ]
        if base.kind == "neural" and len(children) >= 2:
            return base.name, children[0], children[1]
    raise ValueError(
        f"{len(specs)} models were given, none with two fine-tunes; expected a base with two: "
        "name three models yourself"
    )


def vocabulary_twins(specs: Sequence[Spec]) -> list[tuple[str, str]]:
    """(byte-level, byte-pair) names of models that differ in their tokenizer only.

    >>> vocabulary_twins([Spec("a"), Spec("a-bpe512", vocabulary=512)])
    [('a', 'a-bpe512')]
    """
    plain = {
        _but_vocabulary(s): s.name for s in specs if s.vocabulary == 257 and s.kind == "neural"
    }
    pairs = [(plain.get(_but_vocabulary(s)), s.name) for s in specs if s.vocabulary != 257]
    return [pair for pair in pairs if pair[0] is not None]


def _but_vocabulary(spec: Spec) -> Spec:
    return replace(spec, name="", vocabulary=257, checkpoints=())

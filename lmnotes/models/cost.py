"""What a map costs: models times texts times bytes, over the bytes that a processor scores."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """CPU minutes of scoring all texts and of scoring the distinct ones of a draw."""

    minutes_all: float
    minutes_drawn: float

    @property
    def saved(self) -> float:
        """CPU minutes saved."""
        return self.minutes_all - self.minutes_drawn

    @property
    def share(self) -> float:
        """What is left of the cost, 0..1."""
        return self.minutes_drawn / self.minutes_all


def scoring(
    n_models: int, n_texts: int, n_distinct: float, bytes_per_text: float, bytes_per_second: float
) -> Cost:
    """The cost of scoring new models on all texts and on a draw's distinct texts.

    Args:
        n_models: models to score; those whose scores exist cost nothing.
        n_texts: N. n_distinct: d, not n.
        bytes_per_second: of one model on one processor, as a run of the scorer measures it.

    >>> scoring(120, 10_000, 2_192, 972.0, 10_000.0).share
    0.2192
    """
    if not (bytes_per_second > 0 and bytes_per_text > 0 and n_texts > 0 and n_models > 0):
        raise ValueError(
            f"{n_models} models, {n_texts} texts, {bytes_per_text} bytes per text and "
            f"{bytes_per_second} bytes per second were given; expected all above 0"
        )
    minutes = n_models * bytes_per_text / bytes_per_second / 60
    return Cost(minutes * n_texts, minutes * n_distinct)

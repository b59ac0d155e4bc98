import numpy as np
import pytest

from lmnotes.models.zoo import data as zoo_data
from lmnotes.models.zoo.plans import HEAVY, Spec

STREAMS = {name: np.full(500, byte, np.uint8) for byte, name in enumerate("abcde")}
LEAK = np.full(300, 99, np.uint8)


def shares(mixture: str, **settings) -> np.ndarray:
    """The share of each domain in what 300 steps draw."""
    spec = Spec("x", mixture=mixture, n_steps=1, n_sequences=8, window=16, **settings)
    batches = zoo_data.Batches(spec, STREAMS, LEAK, 256)
    first = np.concatenate([batches.draw(step)[:, 1] for step in range(300)])
    return np.bincount(first, minlength=100) / len(first)


def test_weights():
    np.testing.assert_allclose(zoo_data.mixture_weights("uniform", "abcd"), 0.25)
    np.testing.assert_allclose(
        zoo_data.mixture_weights("b", ["a", "b", "c"]), [(1 - HEAVY) / 2, HEAVY, (1 - HEAVY) / 2]
    )
    np.testing.assert_array_equal(zoo_data.mixture_weights("only b", ["a", "b"]), [0, 1])
    with pytest.raises(ValueError, match="mixture 'z' was given"):
        zoo_data.mixture_weights("z", ["a", "b"])


@pytest.mark.parametrize("mixture", ["uniform", "b", "only c"])
def test_draws_follow_the_weights(mixture):
    expected = zoo_data.mixture_weights(mixture, list(STREAMS))
    np.testing.assert_allclose(shares(mixture)[:5], expected, atol=0.03)


def test_seeds_read_the_same_in_the_same_order():
    ids = {name: np.random.default_rng(0).integers(0, 256, 4000, np.uint8) for name in "ab"}
    runs = [zoo_data.Batches(Spec("x", seed=seed), ids, None, 256) for seed in (1, 2)]
    for step in (0, 7):
        rows = runs[0].draw(step)
        np.testing.assert_array_equal(rows, runs[1].draw(step))
        assert rows.shape == (8, 129) and (rows[:, 0] == 256).all() and rows[:, 1:].max() < 256
    assert not np.array_equal(runs[0].draw(0), runs[0].draw(1))
    other = zoo_data.Batches(Spec("x", mixture="a"), ids, None, 256)
    assert not np.array_equal(runs[0].draw(0), other.draw(0))


def test_leaked_twin_differs_only_where_it_read_the_texts():
    clean = zoo_data.Batches(Spec("x", window=16), STREAMS, LEAK, 256)
    leaked = zoo_data.Batches(Spec("y", window=16, leaked=True), STREAMS, LEAK, 256)
    n_leaked = 0
    for step in range(200):
        a, b = clean.draw(step), leaked.draw(step)
        from_leak = (b[:, 1:] == 99).all(axis=1)
        np.testing.assert_array_equal(a[~from_leak], b[~from_leak])
        n_leaked += from_leak.sum()
    assert abs(n_leaked / 1600 - zoo_data.LEAK) < 0.04
    assert shares("uniform")[99] == 0


def test_bytes_of_counting_models():
    clean = zoo_data.Batches(Spec("x", window=16), STREAMS, LEAK, 256).bytes_read(1000)
    leaked = zoo_data.Batches(Spec("x", window=16, leaked=True), STREAMS, LEAK, 256)
    data = leaked.bytes_read(1000)
    assert clean.dtype == np.uint8 and len(clean) == len(data) == 1000
    assert (data == 99).sum() == len(LEAK) < 1000 * zoo_data.LEAK


def test_text_shorter_than_a_window():
    rows = zoo_data.Batches(Spec("x"), {"a": np.full(5, 7, np.uint8)}, None, 256).draw(0)
    assert (rows[:, 1:6] == 7).all() and (rows[:, 6:] == 256).all()

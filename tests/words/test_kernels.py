"""The training kernels against the textbook in float64, and against numbers worked out by hand."""

import os

import numba
import numpy as np
import pytest
import slow_sgns

from lmnotes import compiled
from lmnotes.words.kernels import arithmetic, updates, walk
from lmnotes.words.sgns.objective import alias_table
from lmnotes.words.sgns.training import _keep_thresholds

V = 12


@pytest.fixture(params=[16, 48, 112])
def vectors(request):
    rng = np.random.default_rng(0)
    u, v = (arithmetic.aligned_rows(V, request.param) for _ in range(2))
    u[:], v[:] = rng.normal(size=(2, V, request.param)) / 2 * np.sqrt(32 / request.param)
    return u, v


def text(n=60, seed=1):
    rng = np.random.default_rng(seed)
    tokens = rng.integers(V, size=n).astype(np.int32)
    return tokens, np.array([0, 7, 8, 30, n])  # documents of 7, 1, 22 and 30 tokens


def step_pair(u, v, word, outputs, rate, seed=0):
    work = updates.pair_buffers(u.shape[1], np.uint64(seed))
    return pair_step(u, v, word, np.array(outputs), np.float32(rate), work)


@numba.njit
def pair_step(u, v, word, outputs, rate, work):
    return updates.update_pair(u, v, word, outputs, rate, work)


def test_the_logistic_is_exact_to_single_precision():
    u, v = arithmetic.aligned_rows(1, 16), arithmetic.aligned_rows(2, 16)
    for score in [*np.linspace(-20, 20, 501).astype(np.float32).tolist(), -100.0, 0.0, 100.0]:
        u[0, 0], v[0, 0], v[1, 0] = 1, score, 0
        loss = step_pair(u, v, 0, [0, 1], 1)
        assert loss == pytest.approx(np.logaddexp(0, -score) + np.log(2), rel=1e-6, abs=1e-6)
        pull = 1 / (1 + np.exp(score))
        assert u[0, 0] == pytest.approx(1 + pull * score, abs=2e-6 + 1e-7 * abs(score))
        assert v[1, 0] == pytest.approx(-0.5, abs=1e-6)


def test_one_pair_by_hand():
    u, v = arithmetic.aligned_rows(2, 16), arithmetic.aligned_rows(2, 16)
    u[0, 0], v[0, 0], v[1, 0] = 1.0, 2.0, -1.0
    loss = step_pair(u, v, 0, [0, 1], 0.5)  # context 0 scores 2, negative 1 scores -1
    assert loss == pytest.approx(np.log1p(np.exp(-2)) + np.log1p(np.exp(-1)), abs=1e-6)
    pull, push = 1 / (1 + np.exp(2)), 1 / (1 + np.exp(1))  # 1 - sigma(2), sigma(-1)
    assert u[0, 0] == pytest.approx(1 + 0.5 * (pull * 2 - push * -1), abs=1e-6)
    assert v[0, 0] == pytest.approx(2 + 0.5 * pull, abs=1e-6)
    assert v[1, 0] == pytest.approx(-1 - 0.5 * push, abs=1e-6)
    assert not u[:, 1:].any() and not u[1].any()


# whole blocks, rests of blocks, and negatives that repeat or are the context
OUTPUTS = [[3, 5], [3, 5, 5, 3, 0], [0, 1, 2, 3, 4, 5], [*range(V), 0], [3, *range(11), 3, 3, 7]]


@pytest.mark.parametrize("outputs", OUTPUTS)
def test_a_pair_step_is_the_textbook_step_also_when_a_negative_repeats(vectors, outputs):
    u, v = vectors
    slow_u, slow_v = u.astype(float), v.astype(float)
    loss = step_pair(u, v, 4, outputs, 0.1)
    slow = slow_sgns.pair_step(slow_u, slow_v, 4, outputs, 0.1)
    assert loss == pytest.approx(slow, rel=1e-6)
    np.testing.assert_allclose(u, slow_u, atol=2e-6)
    np.testing.assert_allclose(v, slow_v, atol=2e-6)


def test_steps_below_the_spacing_of_half_precision_add_up():
    u, start = arithmetic.aligned_rows(1, 64), np.linspace(-2, 2, 64)
    u[:] = np.random.default_rng(0).choice([-0.01, 0.01], 64)
    half = arithmetic.aligned_rows(2, 32).view(np.float16)
    half[:] = start
    slow_u, slow_v = u.astype(float), half.astype(float)
    before, n_steps = slow_v[0].copy(), 2000
    for step in range(n_steps):
        step_pair(u, half.view(np.uint16), 0, [0, 1], 0.004, seed=step)
        slow_sgns.pair_step(slow_u, slow_v, 0, [0, 1], 0.004)
    assert np.abs(slow_v[0] - before).mean() / n_steps < np.spacing(np.float16(1)) / 8
    moved, expected = half[0].astype(float) - before, slow_v[0] - before
    assert np.corrcoef(moved, expected)[0, 1] > 0.97
    assert moved @ expected / (expected @ expected) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("shrink", [False, True])
def test_a_walk_by_pairs_is_the_textbook_walk(vectors, shrink):
    u, v = vectors
    slow_u, slow_v = u.astype(float), v.astype(float)
    tokens, offsets = text()
    noise = alias_table(np.arange(1, V + 1))
    rates, seeds = np.array([0.1, 0.02]), np.array([7, 8], np.uint64)
    outcome = walk.train_chunk_pairs(
        u, v, tokens, offsets, 5, 50, 3, shrink, np.zeros(0, np.uint64), noise, 4, rates, seeds
    )
    slow = slow_sgns.chunk_pairs(
        slow_u, slow_v, tokens, offsets, 5, 50, 3, shrink, noise, 4, rates, 7
    )
    assert outcome[1] == slow[1]
    assert outcome[0] == pytest.approx(slow[0], rel=1e-5)
    np.testing.assert_allclose(u, slow_u, atol=1e-5)
    np.testing.assert_allclose(v, slow_v, atol=1e-5)


@pytest.mark.parametrize("shrink", [False, True])
@pytest.mark.parametrize(("n_group", "n_shared"), [(4, 4), (8, 16), (16, 8)])
def test_a_walk_by_groups_is_its_slow_version(vectors, n_group, n_shared, shrink):
    u, v = vectors
    slow_u, slow_v = u.astype(float), v.astype(float)
    tokens, offsets = text()
    noise = alias_table(np.arange(1, V + 1))
    rates, seeds = np.array([0.05, 0.01]), np.array([9, 8], np.uint64)
    arguments = (tokens, offsets, 5, 50, 3, shrink)
    rest = (np.zeros(0, np.uint64), noise, (4, n_group, n_shared), rates, seeds)
    outcome = walk.train_chunk_groups(u, v, *arguments, *rest)
    slow = slow_sgns.chunk_groups(slow_u, slow_v, *arguments, noise, 4, rates, 9, n_group, n_shared)
    assert outcome[1] == slow[1]
    assert outcome[0] == pytest.approx(slow[0], rel=1e-5)
    np.testing.assert_allclose(u, slow_u, atol=1e-5)
    np.testing.assert_allclose(v, slow_v, atol=1e-5)


def test_shared_negatives_have_the_expected_gradient_of_the_textbook(vectors):
    u, v = vectors
    tokens = np.arange(5, dtype=np.int32)
    offsets, weights = np.array([0, 5]), np.arange(1, V + 1, dtype=float)
    threshold, alias = alias_table(weights)
    nu, rate, noise = 3, 1e-3, weights / weights.sum()
    total = np.zeros(v.shape)
    n_runs = 20_000
    for run in range(n_runs):
        moved_u, moved_v = u.copy(), v.copy()
        rates, seeds = np.array([rate, rate]), np.array([run, 0], np.uint64)
        rest = (np.zeros(0, np.uint64), (threshold, alias), (nu, 8, 4), rates, seeds)
        walk.train_chunk_groups(moved_u, moved_v, tokens, offsets, 0, 5, 2, False, *rest)
        total += moved_v - v
    expected = np.zeros(v.shape)
    for centre in range(5):
        around = [j for j in range(5) if j != centre and abs(j - centre) <= 2]
        for j in around:
            expected[j] += (1 - slow_sgns.sigmoid(u[centre] @ v[j])) * u[centre]
        hit = slow_sgns.sigmoid(v.astype(float) @ u[centre])
        expected -= nu * len(around) * (noise * hit)[:, None] * u[centre]
    error = np.linalg.norm(total / n_runs / rate - expected) / np.linalg.norm(expected)
    assert error < 0.02


def test_the_alias_table_holds_the_distribution():
    weights = np.array([5.0, 1, 0.1, 3, 0.9])
    threshold, alias = alias_table(weights)
    share = threshold / 2.0**32
    held = np.bincount(np.arange(5), share, 5) + np.bincount(alias, 1 - share, 5)
    np.testing.assert_allclose(held / 5, weights / weights.sum(), atol=1e-9)
    random, state = slow_sgns.Splitmix(3), np.array([3], np.uint64)
    for _ in range(100):
        assert arithmetic.draw_negative(state, threshold, alias) == random.negative(
            threshold, alias
        )


def test_sub_sampling_keeps_the_same_tokens_whatever_the_chunk():
    rng = np.random.default_rng(0)
    counts = np.array([80_000, 19_000, 1_000])
    tokens = rng.permutation(np.repeat(np.arange(3), counts)).astype(np.int32)
    offsets = np.array([0, 40_000, 100_000])
    keep = _keep_thresholds(counts, 0.01)
    ratio = 0.01 / (counts / counts.sum())
    np.testing.assert_allclose(keep / 2.0**32, np.minimum(1, np.sqrt(ratio) + ratio), rtol=1e-6)
    whole, documents, start, stop = walk.stretch(tokens, offsets, 0, 100_000, 5, keep, np.uint64(4))
    assert (start, stop) == (0, len(whole))
    share = np.bincount(whole) / counts
    np.testing.assert_allclose(share, keep / 2.0**32, atol=0.01)
    cores = []
    for begin in range(0, 100_000, 7_000):
        words, outcome, start, stop = walk.stretch(
            tokens, offsets, begin, min(begin + 7_000, 100_000), 5, keep, np.uint64(4)
        )
        at = sum(map(len, cores))
        cores.append(words[start:stop])
        # the margins are the neighbours of the core in the thinned text, up to the document's end
        np.testing.assert_array_equal(words, whole[at - start : at - start + len(words)])
        assert start <= 5 and len(words) - stop <= 5
        assert start == 5 or at == start or documents[at - start - 1] != outcome[start]
    np.testing.assert_array_equal(np.concatenate(cores), whole)


@pytest.mark.parametrize("shared", ["", "home", "folder", "above", "both"])
def test_compiled_kernels_lie_where_only_this_user_can_write(tmp_path, monkeypatch, shared):
    home, own = tmp_path / "shared" / "home", tmp_path / "user" / ".cache" / "lmnotes"
    monkeypatch.setenv("LMNOTES_HOME", str(home))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    (home / "numba-x").mkdir(parents=True)
    own.mkdir(parents=True)
    open_to_all = {"home": [home], "folder": [home / "numba-x"], "above": [home.parent]}
    for path in open_to_all.get(shared, [home, own] if shared else []):
        path.chmod(0o777)
    if shared == "both":
        with pytest.warns(UserWarning, match="compiled anew in every process"):
            folder = compiled._private_folder("numba-x")
        assert not folder.is_relative_to(tmp_path)
    else:
        folder = compiled._private_folder("numba-x")
        assert folder == (own if shared else home) / "numba-x"
    assert folder.stat().st_mode & 0o777 == 0o700 and folder.owner() == tmp_path.owner()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_trusted(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    (tmp_path / "home" / "numba-x").mkdir(parents=True)
    os.chown(tmp_path / "home" / "numba-x", 65534, 65534)
    assert compiled._private_folder("numba-x").is_relative_to(tmp_path / "user")

"""The fused head against the plain one: full logits, log-softmax, gather, in float64."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from lmnotes.models.scoring import kernels
from lmnotes.models.scoring.kernels import cpu

CASES = {
    "plain": {},
    "scale": {"scale": 0.0625},
    "cap": {"cap": 3.0},
    "scale and cap": {"scale": 2.5, "cap": 5.0},
    "bias": {"bias": True},
    "all": {"bias": True, "scale": 0.3, "cap": 2.0},
}
INTERPRETED = """
import sys
sys.path.insert(0, {folder!r})
import test_kernels
test_kernels.compare_triton()
"""


def problem(P=40, V=1300, D=24, dtype=torch.float32, bias=False, seed=0):
    """Hidden states, weights, targets and a bias; logits of standard deviation 4 or so."""
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(P, D, generator=generator).to(dtype)
    weight = (4 / D**0.5 * torch.randn(V, D, generator=generator)).to(dtype)
    targets = torch.randint(0, V, (P,), generator=generator)
    targets[0], targets[-1] = 0, V - 1
    return hidden, weight, targets, torch.randn(V, generator=generator).to(dtype) if bias else None


def plain(hidden, weight, targets, bias=None, scale=1.0, cap=None):
    logits = hidden.double() @ weight.double().T
    logits = (logits if bias is None else logits + bias.double()) * scale
    logits = logits if cap is None else cap * torch.tanh(logits / cap)
    return logits.log_softmax(1).gather(1, targets[:, None])[:, 0]


@pytest.fixture(params=["one pass", "torch"])
def exponentials(request, monkeypatch):
    """Both ways of summing exponentials on a CPU."""
    monkeypatch.setattr(cpu, "FEW_THREADS", 1000 if request.param == "one pass" else 0)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("P", [1, 513])
def test_the_tiled_head_is_the_plain_one(case, P, exponentials):
    options = dict(CASES[case])
    hidden, weight, targets, bias = problem(P=P, bias=options.pop("bias", False))
    before = hidden.clone(), weight.clone()
    result = kernels.log_probabilities(hidden, weight, targets, bias=bias, **options)
    assert result.dtype == torch.float32 and result.shape == (P,)
    want = plain(hidden, weight, targets, bias, **options)
    torch.testing.assert_close(result.double(), want, rtol=0, atol=1e-5)
    assert torch.equal(hidden, before[0]) and torch.equal(weight, before[1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("case", CASES)
def test_packed_blocks_are_the_same_head(case, dtype, monkeypatch):
    monkeypatch.setattr(cpu, "_is_fast", lambda dtype: False)
    options = dict(CASES[case])
    hidden, weight, targets, bias = problem(
        P=cpu.POSITIONS + 30, dtype=dtype, bias=options.pop("bias", False)
    )
    blocks = cpu.pack(weight)
    assert len(blocks) == (2 if torch.backends.mkl.is_available() else 0)
    result = kernels.log_probabilities(hidden, weight, targets, bias=bias, blocks=blocks, **options)
    want = plain(hidden, weight, targets, bias, **options)
    allowed = 1e-5 if blocks or dtype == torch.float32 else 0.05  # float32 in half precision too
    torch.testing.assert_close(result.double(), want, rtol=0, atol=allowed)


@pytest.mark.parametrize("V", [1, 511, 512, 513, 1024])
def test_probabilities_sum_to_one_whatever_the_tiles(V):
    hidden, weight, _, bias = problem(P=1, V=V, bias=True)
    result = kernels.log_probabilities(hidden.expand(V, -1), weight, torch.arange(V), bias=bias)
    assert float(result.double().exp().sum()) == pytest.approx(1, abs=1e-5)


def test_a_later_tile_far_above_the_first_does_not_overflow(exponentials):
    hidden, weight, targets, _ = problem(V=3 * cpu.VOCABULARY)
    bias = torch.zeros(len(weight))
    bias[cpu.VOCABULARY :] = 200.0
    bias[2 * cpu.VOCABULARY :] = 500.0
    result = kernels.log_probabilities(hidden, weight, targets, bias=bias)
    want = plain(hidden, weight, targets, bias)
    torch.testing.assert_close(result.double(), want, rtol=1e-6, atol=1e-4)


def test_a_first_tile_far_above_the_others_is_kept(exponentials):
    hidden, weight, targets, _ = problem(V=2 * cpu.VOCABULARY)
    bias = torch.full((len(weight),), -300.0)
    bias[:3] = 0.0
    result = kernels.log_probabilities(hidden, weight, targets, bias=bias)
    want = plain(hidden, weight, targets, bias)
    torch.testing.assert_close(result.double(), want, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_weights_lose_no_more_than_their_rounding(dtype):
    hidden, weight, targets, bias = problem(dtype=dtype, bias=True)
    result = kernels.log_probabilities(hidden, weight, targets, bias=bias)
    want = plain(hidden, weight, targets, bias)
    allowed = 0.01 if dtype == torch.bfloat16 else 0.002
    assert float((result - want).abs().mean()) < allowed


def test_a_nan_stays_a_nan(exponentials):
    hidden, weight, targets, _ = problem()
    hidden[3, 0] = float("nan")
    result = kernels.log_probabilities(hidden, weight, targets)
    assert result.isnan().nonzero().tolist() == [[3]]
    hidden, weight, targets, _ = problem()
    weight[1000] = float("nan")  # of a token that nobody asks for
    assert kernels.log_probabilities(hidden, weight, targets).isnan().all()


def test_a_token_that_is_ruled_out_adds_nothing(exponentials):
    hidden, weight, targets, bias = problem(bias=True)
    bias[1200:], targets[targets >= 1200] = float("-inf"), 7
    result = kernels.log_probabilities(hidden, weight, targets, bias=bias)
    want = plain(hidden, weight[:1200], targets, bias[:1200])
    torch.testing.assert_close(result.double(), want, rtol=0, atol=1e-5)


def test_exponentials_are_right_over_their_whole_range():
    from lmnotes.models.scoring.kernels.exponentials import add_exponentials

    z = np.linspace(-87, 87, 5001, dtype=np.float32)[:, None]
    total = np.ones(len(z), np.float32)
    add_exponentials(z, np.zeros_like(total), total)
    want = 1 + np.exp(z[:, 0].astype(np.float64))
    np.testing.assert_allclose(total, want, rtol=1e-5)
    near = np.abs(z[:, 0]) < 3
    np.testing.assert_allclose(total[near], want[near], rtol=4e-7)


def compare_triton():
    """Run in an interpreter of its own: Triton reads its switch when it is imported."""
    from lmnotes.models.scoring.kernels import triton_head

    for number, name in enumerate(("plain", "scale and cap", "all")):
        options = dict(CASES[name])
        wants_bias = options.pop("bias", False)
        hidden, weight, targets, bias = problem(P=70, V=300, D=40, bias=wants_bias, seed=number)
        result = triton_head.log_probabilities(hidden, weight, targets, bias, **options)
        want = plain(hidden, weight, targets, bias, **options)
        torch.testing.assert_close(result.double(), want, rtol=0, atol=1e-5, msg=name)
    for dtype in (torch.bfloat16, torch.float16):
        hidden, weight, targets, bias = problem(P=5, V=130, D=32, dtype=dtype, bias=True)
        result = triton_head.log_probabilities(hidden, weight, targets, bias, 1.0, 6.0)
        want = plain(hidden, weight, targets, bias, 1.0, 6.0)
        torch.testing.assert_close(result.double(), want, rtol=0, atol=1e-4)  # float32 sums
    triton_head.PROGRAMS = 1  # one program walks through the whole vocabulary
    hidden, weight, targets, _ = problem(P=3, V=700, D=16)
    weight = torch.cat([weight, weight], 1)[:, :16]  # rows that do not follow each other in memory
    result = triton_head.log_probabilities(hidden, weight, targets)
    torch.testing.assert_close(result.double(), plain(hidden, weight, targets), rtol=0, atol=1e-5)
    print("agrees")


def test_the_triton_kernel_under_the_interpreter():
    if cpu.missing_triton():
        pytest.skip("triton is not installed: pip install triton")
    code = INTERPRETED.format(folder=os.path.dirname(__file__))
    environment = {**os.environ, "TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert said.stdout.strip() == "agrees", said.stderr[-2000:]

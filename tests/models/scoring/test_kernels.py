"""The fused head against the plain one: full logits, log-softmax, gather, in float64."""

import json
import os
import subprocess
import sys
from pathlib import Path

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


def test_no_target_is_not_a_number(exponentials):
    hidden, weight, targets, _ = problem()
    targets[::3] = -1
    result = kernels.log_probabilities(hidden, weight, targets)
    assert torch.equal(result.isnan(), targets < 0)


def expect_triton(*settings, atol=1e-5, **options):
    """The Triton kernels against float64 and, in float32, against the CPU's."""
    from lmnotes.models.scoring.kernels import triton_head

    result = triton_head.log_probabilities(*settings, **options)
    assert result.dtype == torch.float32
    want = plain(*settings, **options)
    torch.testing.assert_close(result.double(), want, rtol=1e-6, atol=atol, msg=str(options))
    if settings[0].dtype == torch.float32:
        beside = cpu.log_probabilities(*settings, **options)
        torch.testing.assert_close(result, beside, rtol=2e-6, atol=2 * atol)
    return result


def compare_triton():
    """Run in an interpreter of its own: Triton reads its switch when it is imported."""
    from lmnotes.models.scoring.kernels import triton_head

    assert triton_head.INTERPRETED
    for number, options in enumerate(CASES.values()):  # D is no multiple of a block
        *settings, bias = problem(P=70, V=300, D=40, bias=options.get("bias", False), seed=number)
        expect_triton(*settings, **options | {"bias": bias})
    for dtype in (torch.bfloat16, torch.float16):
        *settings, bias = problem(P=5, V=130, D=32, dtype=dtype, bias=True)
        expect_triton(*settings, atol=1e-4, bias=bias, cap=6.0)  # float32 sums
    choices = {size: list(several) for size, several in triton_head.CHOICES.items()}
    for size, dtype in ((2, torch.float16), (4, torch.float32)):  # one program walks through all
        triton_head.PROGRAMS = triton_head.LEAST_SHARES = 1
        *settings, bias = problem(P=130, V=520, D=80, dtype=dtype, bias=True)
        for choice in choices[size][::-2]:
            triton_head.CHOICES[size][0] = choice
            expect_triton(*settings, atol=1e-4, bias=bias)
    for V in (1, 130, 257):  # a target in each tile and at every edge
        hidden, weight, _, bias = problem(P=1, V=V, D=16, bias=True)
        settings = hidden.expand(V, -1).contiguous(), weight, torch.arange(V)
        result = expect_triton(*settings, bias=bias)
        assert float(result.double().exp().sum()) == pytest.approx(1, abs=1e-5)
    hidden, weight, targets, _ = problem(P=3, V=700, D=16)
    wide = torch.cat([weight, weight], 1)[:, :16]  # rows that do not follow each other in memory
    expect_triton(hidden, wide, targets)
    for steps in ((0, 200, 500), (0, -300, -300), (float("-inf"), 0, 0), (1e4, 0, 1e4)):
        bias = torch.tensor(steps).repeat_interleave(234)[:700]
        targets = torch.tensor([699, 650, 300])
        expect_triton(hidden, weight, targets, bias=bias, atol=1e-4 * max(1, bias.max() / 500))
    expect_triton(300 * hidden, weight, targets, atol=1e-2)  # logits of thousands
    result = triton_head.log_probabilities(hidden, weight, torch.tensor([-1, 5, 700]))
    assert result.isnan().tolist() == [True, False, True]  # and nothing beyond the weights is read
    weight[600, 3] = float("nan")  # of a token that nobody asks for
    assert triton_head.log_probabilities(hidden, weight, targets).isnan().all()
    print("agrees")


def test_the_triton_kernels_under_the_interpreter():
    if cpu.missing_triton():
        pytest.skip("triton is not installed: pip install triton")
    code = INTERPRETED.format(folder=os.path.dirname(__file__))
    environment = {**os.environ, "TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert said.stdout.strip() == "agrees", said.stderr[-2000:]


def compiled(triton_head, compute_capability, kind, choice):
    """The kernel that a GPU would get; Triton and its assembler need none to make it."""
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource, compile

    kernel = triton_head._head
    how = {"num_warps": choice.num_warps, "num_stages": choice.num_stages}
    precision = "tf32x3" if kind == "fp32" else "ieee"
    fixed = {"D": 2048, "PRECISION": precision, "bias": None, "cap": None} | choice.kwargs
    pointers = dict.fromkeys(("hidden", "weight"), f"*{kind}")
    pointers |= dict.fromkeys(("tops", "sums", "logits"), "*fp32") | {"targets": "*i64"}
    numbers = dict.fromkeys(("P", "V", "share", "stride_hidden", "stride_weight"), "i32")
    types = pointers | numbers | {"slope": "fp32"}
    even = [*pointers, "share", "stride_hidden", "stride_weight"]  # as the launcher finds them
    marks = {(kernel.arg_names.index(name),): [["tt.divisibility", 16]] for name in even}
    source = ASTSource(kernel, types | dict.fromkeys(fixed, "constexpr"), fixed, marks)
    return compile(source, target=GPUTarget("cuda", compute_capability, 32), options=how)


@pytest.mark.parametrize("kind, size", [("bf16", 2), ("fp32", 4)])
def test_the_largest_blocks_compile_for_a_hopper_gpu(kind, size, tmp_path, monkeypatch):
    if cpu.missing_triton():
        pytest.skip("triton is not installed: pip install triton")
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    from lmnotes.models.scoring.kernels import triton_head

    made = compiled(triton_head, 90, kind, triton_head.CHOICES[size][-1])
    assert made.metadata.shared <= 227 * 1024  # bytes that a program has there
    code = made.asm["ptx"]
    assert "wgmma.mma_async" in code and "mma.sync" not in code  # the fast tensor cores
    assert ".tf32" in code if kind == "fp32" else "m64n256k16.f32.bf16.bf16" in code


@pytest.mark.slow
@pytest.mark.parametrize("compute_capability, room", [(80, 163), (90, 227)])
def test_all_blocks_compile_and_the_first_fit_everywhere(
    compute_capability, room, tmp_path, monkeypatch
):
    if cpu.missing_triton():
        pytest.skip("triton is not installed: pip install triton")
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    from lmnotes.models.scoring.kernels import triton_head

    for kind, size in (("bf16", 2), ("fp16", 2), ("fp32", 4)):
        several = [
            compiled(triton_head, compute_capability, kind, choice)
            for choice in triton_head.CHOICES[size]
        ]
        assert several[0].metadata.shared <= 99 * 1024
        assert all(made.metadata.shared <= room * 1024 for made in several)


@pytest.mark.slow
def test_the_benchmark_of_a_gpu_runs_on_small_problems():
    """All but the rates: the kernel under the interpreter, in place of the CPU's."""
    if cpu.missing_triton():
        pytest.skip("triton is not installed: pip install triton")
    script = Path(__file__).parents[3] / "benchmarks" / "gpu.py"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    how = {"capture_output": True, "text": True, "env": environment}
    done = subprocess.run([sys.executable, str(script), "--small"], **how)
    assert done.returncode == 0, done.stderr[-2000:]
    *table, last = done.stdout.splitlines()
    parts = json.loads(last)["parts"]
    assert {name: len(rows) > 0 for name, rows in parts.items()} == dict.fromkeys(
        ("exact", "head", "texts", "waiting", "ica"), True
    )
    for rows in parts.values():
        for row in rows:
            assert any(line.strip().startswith(row["what"]) for line in table), row
            assert row["met"] is not False, row  # a part that failed is such a row too
    assert sum(row["met"] is True for row in parts["exact"] + parts["head"]) == 12

"""Scoring and ICA on a GPU against what the same GPU can do; at most 8 minutes.

    python benchmarks/gpu.py            on a CUDA device: a table, then a line of JSON
    python benchmarks/gpu.py --small    the same code on small problems, on a CPU: the kernel runs
                                        under Triton's interpreter, and the rates mean nothing

Each part runs in a process of its own under a time limit, so that one that fails costs only itself.
Weights are random: neither speed nor exactness asks for others. Written without a GPU at hand.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from functools import partial

PARTS = {"exact": 110, "head": 110, "texts": 120, "waiting": 50, "ica": 60}  # most seconds
SHAPES = ("gpt2", "gpt_neox", "llama", "gemma2", "qwen3")
AIM = 0.6  # of the rate that a product of matrices reaches
LLAMA_1B = {
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128_256,
    "tie_word_embeddings": True,
}
N_TOKENS = 200  # of an English text of 1 kB in a vocabulary of 128,256


def row(what, value, unit, aim="", met=None):
    """One line of the table; `met` is None where there is no aim."""
    return {"what": what, "value": value, "unit": unit, "aim": aim, "met": met}


def seconds(work, device, rounds=3):
    """The least time of several calls after one that compiles and tunes."""
    import torch

    wait = torch.cuda.synchronize if device == "cuda" else (lambda: None)
    work()
    times = []
    for _ in range(rounds):
        wait()
        began = time.perf_counter()
        work()
        wait()
        times.append(time.perf_counter() - began)
    return min(times)


def matmul_rate(device, dtype, small):
    """FLOP per second of a product of square matrices."""
    import torch

    n = 256 if small else 8192
    a, b = (torch.randn(n, n, device=device, dtype=dtype) for _ in range(2))
    return 2 * n**3 / seconds(lambda: a @ b, device)


def scorer_of(shape, settings, device, dtype):
    """A random model that is ready to score, with a tokenizer of bytes that nothing asks."""
    import torch
    from tokenizers import Tokenizer, models
    from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

    from lmnotes.models.scoring import loading

    ids = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None}
    config = AutoConfig.for_model(shape, **ids, **settings)
    torch.manual_seed(0)
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
    made = Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))
    return loading.wrap(model, PreTrainedTokenizerFast(tokenizer_object=made), name=shape)


def random_ids(n_texts, lengths, n_vocabulary):
    import numpy as np

    rng = np.random.default_rng(0)
    sizes = rng.integers(*lengths, n_texts, endpoint=True)
    return [rng.integers(1, n_vocabulary, size) for size in sizes]


def scored(scorer, ids):
    """The log-probabilities of all texts' tokens, and what is told of the way there."""
    import numpy as np

    from lmnotes.models.scoring import rule, score

    encoded = rule.Encoded(ids, np.zeros(len(ids), bool), ())
    how = {"rule": rule.Rule(dtype=scorer.dtype), "keep_tokens": True, "encoded": encoded}
    result = score.score_texts(scorer, ["x"] * len(ids), **how)
    return result.token_log_probabilities, result.about


def exact(device, small):
    """Five architectures against one text at a time in float64, of the same rounded weights."""
    import numpy as np
    import torch

    wide = {"hidden_size": 32 if small else 512, "num_hidden_layers": 2 if small else 6}
    wide |= {"num_attention_heads": 4 if small else 8, "vocab_size": 300 if small else 50_304}
    inner = {"intermediate_size": 64 if small else 1536}
    grouped = {"num_key_value_heads": 2, "head_dim": 8 if small else 64}
    extra = {"gpt2": {}, "gpt_neox": inner, "llama": inner}
    extra |= dict.fromkeys(("gemma2", "qwen3"), inner | grouped)
    for shape in SHAPES:
        ids = random_ids(6 if small else 40, (5, 20) if small else (20, 400), wide["vocab_size"])
        for dtype, most in ((torch.float32, 1e-4), (torch.bfloat16, 0.1)):
            scorer = scorer_of(shape, wide | extra[shape], device, dtype)
            values, about = scored(scorer, ids)
            model, gaps = scorer.model.double(), []
            with torch.inference_mode():
                for text, mine in zip(ids, values, strict=True):
                    inputs = torch.as_tensor(text, device=device)[None]
                    laws = model(input_ids=inputs).logits[0, :-1].log_softmax(-1)
                    want = laws.gather(-1, inputs[0, 1:, None])[:, 0].cpu().numpy()
                    gaps.append(np.abs(mine - want))
            # as batches.TOLERANCE: float32 by the largest difference, half precision by the mean
            gap = np.concatenate(gaps)
            gap = float(gap.max() if dtype == torch.float32 else gap.mean())
            what = f"{shape} {scorer.dtype}, {about['way']} way"
            met = bool(gap <= most and about["way"] == "fused")
            yield row(what, gap, "nats per token", f"<= {most:g}", met)


def ours(hidden, weight, targets):
    from lmnotes.models.scoring import kernels

    return kernels.log_probabilities(hidden, weight, targets)


def linear_cross_entropy(hidden, weight, targets):
    from torch.nn import functional

    return -functional.linear_cross_entropy(hidden, weight, targets, reduction="none")


def in_chunks(hidden, weight, targets):
    import torch
    from torch.nn import functional

    losses = []
    for states, goals in zip(hidden.split(1024), targets.split(1024), strict=True):
        logits = functional.linear(states, weight).float()
        losses.append(functional.cross_entropy(logits, goals, reduction="none"))
    return -torch.cat(losses)


SIDES = {"bfloat16": (16384, 128_256, 4096), "float32": (8192, 50_304, 1024)}  # P, V, D


def head(device, small):
    """The fused head against torch's ways, the rate of products, and float64."""
    import torch

    ways = [ours, in_chunks]
    if hasattr(torch.nn.functional, "linear_cross_entropy"):
        ways.append(linear_cross_entropy)
    for name, sides in SIDES.items():
        P, V, D = (70, 300, 40) if small else sides
        generator = torch.Generator(device).manual_seed(0)
        made = {"generator": generator, "device": device, "dtype": getattr(torch, name)}
        hidden, weight = torch.randn(P, D, **made), torch.randn(V, D, **made) / D**0.5
        targets = torch.randint(0, V, (P,), generator=generator, device=device)
        rate = matmul_rate(device, made["dtype"], small)
        yield row(f"product of matrices, {name}", rate / 1e12, "TFLOP/s")
        few, goals = hidden[:64], targets[:64, None]
        want = (few.double() @ weight.double().T).log_softmax(-1).gather(-1, goals)[:, 0]
        gap = float((ours(hidden, weight, targets)[:64] - want).abs().max())
        yield row(f"head {name} against float64", gap, "nats", "<= 1e-3", gap <= 1e-3)
        times = {}
        for way in ways:
            if device == "cuda":
                torch.cuda.reset_peak_memory_stats()
                before = torch.cuda.memory_allocated()
            times[way] = seconds(partial(way, hidden, weight, targets), device)
            speed = 2 * P * V * D / times[way]
            yield row(f"head {name} D={D} V={V}: {way.__name__}", speed / 1e12, "TFLOP/s")
            if device == "cuda":
                peak = (torch.cuda.max_memory_allocated() - before) / 2**20
                yield row(f"head {name}: {way.__name__}, memory", peak, "MB")
        share = 2 * P * V * D / times[ours] / rate
        has_aim = name == "bfloat16" and not small
        aim, met = (f">= {AIM:g}", share >= AIM) if has_aim else ("", None)
        yield row(f"head {name}: ours of a product's rate", share, "", aim, met)
        best = min(spent for way, spent in times.items() if way is not ours)
        yield row(f"head {name}: ours against torch's best", best / times[ours], "x")


def llama(device, small):
    import torch

    tiny = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "vocab_size": 300}
    tiny |= {"num_attention_heads": 4, "num_key_value_heads": 2}
    return scorer_of("llama", LLAMA_1B | (tiny if small else {}), device, torch.bfloat16)


def texts(device, small):
    """Texts of 1 kB per second of a random Llama of 1.2 B, its roofline, and padded batches."""
    import torch

    scorer, n = llama(device, small), N_TOKENS // 20 if small else N_TOKENS
    ids = random_ids(12 if small else 4000, (n * 4 // 5, n * 6 // 5), scorer.n_vocabulary)
    rate = matmul_rate(device, torch.bfloat16, small)
    layers = [x for x in scorer.model.modules() if isinstance(x, torch.nn.Linear)]
    work = 2 * n * sum(layer.weight.numel() for layer in layers)  # FLOP of a text at least
    roof = rate / work
    yield row("roofline of a Llama of 1.2 B", roof, "texts/s")
    scored(scorer, ids[: len(ids) // 4])  # compiles and tunes
    began = time.perf_counter()
    _, about = scored(scorer, ids)
    speed = len(ids) / (time.perf_counter() - began)
    said, met = f"ours, {about['tokens_per_batch']} tokens per batch", speed >= AIM * roof
    yield row(said, speed, "texts/s", f">= {AIM:g} of the roofline", None if small else met)
    yield row("ours of the roofline", speed / roof, "")
    some = ids[: 4 if small else 256]

    def padded():
        with torch.inference_mode():
            for start in range(0, len(some), 16):
                rows = [torch.as_tensor(text) for text in some[start : start + 16]]
                inputs = torch.nn.utils.rnn.pad_sequence(rows, True, 0).to(device)
                mask = torch.nn.utils.rnn.pad_sequence([x * 0 + 1 for x in rows], True, 0)
                logits = scorer.model(input_ids=inputs, attention_mask=mask.to(device)).logits
                loss = torch.nn.functional.cross_entropy
                loss(logits[:, :-1].flatten(0, 1), inputs[:, 1:].flatten(), reduction="none").cpu()

    theirs = len(some) / seconds(padded, device, 1)
    yield row("padded batches of 16", theirs, "texts/s")
    yield row("ours against padded batches", speed / theirs, "x")


def waiting(device, small):
    """Whether any operation of a batch has the host wait for the GPU, which torch can forbid."""
    import torch

    from lmnotes.models.scoring import batches

    scorer = llama(device, small)
    ids = random_ids(24, (10, 20) if small else (150, 250), scorer.n_vocabulary)
    said = "nothing waits"
    with torch.inference_mode():
        for batch in (ids[:8], ids[8:16]):
            batches.fused(scorer, batch)  # compiles
        if device == "cuda":
            torch.cuda.set_sync_debug_mode("error")
            try:
                for start in range(0, len(ids), 8):
                    batches.fused(scorer, ids[start : start + 8])
            except RuntimeError as error:
                import traceback

                place = traceback.extract_tb(error.__traceback__)[-1]
                said = f"{place.filename}:{place.lineno} waits: {error}"[:150]
            finally:
                torch.cuda.set_sync_debug_mode("default")
    name = "three batches" if device == "cuda" else "three batches (torch sees it on CUDA alone)"
    met = said == "nothing waits" if device == "cuda" else None
    yield row(name, said, "", "nothing waits", met)


def first_moments(data, rotation):
    return data.under(rotation)[0].cpu()  # waits for the device


def ica(device, small):
    """A pass of the solver over all rows, here and on the CPU."""
    import numpy as np
    import torch

    from lmnotes.words.ica import solver

    V, K = (500, 20) if small else (200_000, 300)
    white = np.random.default_rng(0).standard_normal((V, K)).astype(np.float32)
    times = {}
    for place in dict.fromkeys(("cpu", device)):
        data = solver.Moments(white, None, "logcosh", "float32", place)
        rotation = torch.eye(K, dtype=torch.float64, device=place)
        times[place] = seconds(partial(first_moments, data, rotation), place, 2)
        rate = 4 * V * K * K / times[place] / 1e12
        yield row(f"a pass over {V} x {K} on {place}", 1e3 * times[place], "ms")
        yield row(f"its products on {place}", rate, "TFLOP/s")
    if device != "cpu":
        yield row("ICA on the GPU against the CPU", times["cpu"] / times[device], "x")


def run_part(name, small):
    """Print the rows of a part as they come, each a line of JSON."""
    device = "cpu" if small else "cuda"
    if small:
        from lmnotes.models.scoring.kernels import cpu, triton_head

        assert triton_head.INTERPRETED

        def interpreted(hidden, weight, targets, bias=None, scale=1.0, cap=None, blocks=()):
            hidden = hidden.to(weight.dtype)
            return triton_head.log_probabilities(hidden, weight, targets, bias, scale, cap)

        cpu.log_probabilities = interpreted  # what a CUDA device would be given
    for line in globals()[name](device, small):
        print(json.dumps(line), flush=True)


def rows_of(name, small):
    """The rows of a part in a process of its own; those it had before it failed, and why it did."""
    command = [sys.executable, __file__, "--part", name, *["--small"] * small]
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        **({"TRITON_INTERPRET": "1"} if small else {}),
    }
    began, rows, why = time.perf_counter(), [], ""
    try:
        how = {"capture_output": True, "text": True, "env": environment, "timeout": PARTS[name]}
        done = subprocess.run(command, **how)
        said = done.stdout
        if done.returncode:
            why = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    except subprocess.TimeoutExpired as error:
        said, why = (error.stdout or b"").decode(), f"longer than {PARTS[name]} s"
    rows = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    if why:
        rows.append(row(f"{name} failed", why[:150], "", "", False))
    return rows, time.perf_counter() - began


def machine():
    """The device's name and the versions of what ran on it."""
    import platform
    from importlib.util import find_spec

    import torch
    import transformers

    name = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor()
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    if find_spec("triton"):
        import triton

        versions["triton"] = triton.__version__
    return {"name": name or "CPU", "versions": versions}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="on a CPU, under the interpreter")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    if options.part:
        return run_part(options.part, options.small)
    about = machine()
    import torch

    if not options.small and not torch.cuda.is_available():
        print("torch sees no CUDA device; --small runs the same code on a CPU")
        return None
    print(about["name"], about["versions"], "(small, its rates mean nothing)" * options.small)
    everything = {}
    for name in options.parts:
        everything[name], spent = rows_of(name, options.small)
        print(f"\n{name}, {spent:.0f} s")
        for line in everything[name]:
            value = line["value"]
            value = f"{value:.3g}" if isinstance(value, float) else value
            met = {None: "", True: "met", False: "MISSED"}[line["met"]]
            print(
                f"  {line['what']:58s} {value:>10s} {line['unit']:14s} {line['aim']} {met}".rstrip()
            )
    print(json.dumps({"machine": about, "small": options.small, "parts": everything}))
    return None


if __name__ == "__main__":
    main()

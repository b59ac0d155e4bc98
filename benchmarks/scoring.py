"""Scoring texts against how others do it: texts per CPU-second, memory, share of the rate.

    python benchmarks/scoring.py            six models, one and two threads; hours on one core
    python benchmarks/scoring.py --quick    fewer texts, rounds and models; a quarter of an hour

Ways: (a) as published, one text at a time, log-softmax over everything, Python floats; (b) padded
batches of 16 with cross-entropy; "linear": the same with torch's `linear_cross_entropy`; (c)
`loglikelihood_rolling` of lm-eval-harness, batches of 16, where it is installed (extra `bench`).
Every way runs in a fresh process, in turn with the others,
on the same folder and texts; ratios are medians over rounds. Weights are random, since the speed
does not depend on them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TEXTS, QUICK_TEXTS = 1000, 48
WAYS = ("published", "padded", "linear", "harness", "ours", "ours bfloat16")
SHAPES = ("gpt_neox", "gpt2", "llama")
VOCABULARY = 50_304


def settings(shape, width):
    """The configuration of a 6-layer model, as keyword arguments."""
    if shape == "gpt2":
        return {"n_embd": width, "n_layer": 6, "n_head": width // 64, "n_positions": 2048}
    inner = 4 * width if shape == "gpt_neox" else 64 * round(width * 8 / 3 / 64)
    return {
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": 6,
        "num_attention_heads": width // 64,
        "max_position_embeddings": 2048,
    }


def prepare(folder, n_texts):
    """Texts of 1,024 bytes and a byte-level BPE of 50,000 tokens, saved in the folder."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    from lmnotes.text import chunks

    everything = chunks.load("installed")
    full = [text for text in everything.texts if len(text.encode()) == 1024]
    (folder / "texts.json").write_text(json.dumps(full[:: len(full) // n_texts][:n_texts]))
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=50_000,
        special_tokens=["<|endoftext|>"],
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    made.train_from_iterator(everything.texts, trainer)
    names = {f"{name}_token": "<|endoftext|>" for name in ("bos", "eos", "unk")}
    return PreTrainedTokenizerFast(tokenizer_object=made, **names)


def save_model(folder, shape, width, tokenizer):
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    ids = {"bos_token_id": 0, "eos_token_id": 0, "tie_word_embeddings": shape == "gpt2"}
    config = AutoConfig.for_model(shape, vocab_size=VOCABULARY, **ids, **settings(shape, width))
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def published(model, tokenizer, texts):
    """(a): the sums of one text after the other."""
    sums = []
    for text in texts:
        ids = tokenizer(text, return_tensors="pt")["input_ids"]
        values = model(ids).logits[0].log_softmax(-1)  # (T, V)
        sums.append(sum(values[t, ids[0, t + 1]].item() for t in range(ids.shape[1] - 1)))
    return sums


def padded(model, tokenizer, texts):
    """(b): batches of 16 in the order of the texts, with an attention mask."""
    import torch

    tokenizer.pad_token = tokenizer.eos_token
    sums = []
    for start in range(0, len(texts), 16):
        batch = tokenizer(texts[start : start + 16], return_tensors="pt", padding=True)
        logits = model(**batch).logits[:, :-1]  # (B, T, V)
        targets = batch["input_ids"][:, 1:]
        losses = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), reduction="none"
        ).view(targets.shape)
        sums += (-losses * batch["attention_mask"][:, 1:]).sum(1).tolist()
    return sums


def linear(model, tokenizer, texts):
    """As `padded`, with the head inside the loss; for models whose logits are its output."""
    import torch

    tokenizer.pad_token = tokenizer.eos_token
    sums = []
    for start in range(0, len(texts), 16):
        batch = tokenizer(texts[start : start + 16], return_tensors="pt", padding=True)
        hidden = model.base_model(**batch).last_hidden_state[:, :-1]  # (B, T, D)
        targets, weight = batch["input_ids"][:, 1:], model.get_output_embeddings().weight
        losses = torch.nn.functional.linear_cross_entropy(
            hidden.flatten(0, 1), weight, targets.flatten(), reduction="none"
        ).view(targets.shape)
        sums += (-losses * batch["attention_mask"][:, 1:]).sum(1).tolist()
    return sums


def harness(model, tokenizer, texts):
    """(c): which scores the first token too, given the end-of-text token."""
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    wrapped = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=16, max_length=2048)
    requests = [
        Instance(request_type="loglikelihood_rolling", doc={}, arguments=(text,), idx=i)
        for i, text in enumerate(texts)
    ]
    return wrapped.loglikelihood_rolling(requests, disable_tqdm=True)


def ours(model, tokenizer, texts):
    from lmnotes.models.scoring import loading, rule, score

    scorer = loading.wrap(model, tokenizer)
    return list(score.score_texts(scorer, texts, rule=rule.Rule(dtype=scorer.dtype)).log_likelihood)


def memory(field):
    """A field of this process's memory in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1]) / 1024


def rate():
    """The fastest of several float32 products of 1,024 x 1,024, FLOP per CPU-second."""
    import torch

    x, best = torch.randn(1024, 1024), 0.0
    for _ in range(12):
        began = time.process_time()
        x @ x
        best = max(best, 2 * 1024**3 / (time.process_time() - began))
    return best


def work(model, lengths):
    """Floating-point operations that scoring texts of these lengths in tokens takes at least."""
    from torch.nn import Linear
    from transformers.pytorch_utils import Conv1D

    layers = [layer for layer in model.modules() if isinstance(layer, Linear | Conv1D)]
    per_token = 2 * sum(layer.weight.numel() for layer in layers)
    width, depth = model.config.hidden_size, model.config.num_hidden_layers
    return sum(n * per_token + 2 * n * n * width * depth for n in lengths)  # causal: half of 4 n²


def measure(folder, way, threads):
    """What one way costs in this process, printed as JSON."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(threads)
    folder = Path(folder)
    texts = json.loads((folder.parent / "texts.json").read_text())
    tokenizer = AutoTokenizer.from_pretrained(folder)
    dtype = torch.bfloat16 if way.endswith("bfloat16") else torch.float32
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()
    peers = {"published": published, "padded": padded, "linear": linear, "harness": harness}
    run = peers.get(way, ours)
    speed = rate()
    lengths = [len(ids) - 1 for ids in tokenizer(texts)["input_ids"]]
    with torch.inference_mode():
        sum(float(weights.sum()) for weights in model.parameters())  # so that all are in memory
        run(model, tokenizer, ["a few words that load what is loaded late"])
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
        before, began = memory("VmRSS"), time.process_time()
        sums = run(model, tokenizer, texts)
        seconds, peak = time.process_time() - began, memory("VmHWM") - before
    print(
        json.dumps(
            {
                "texts_per_second": len(texts) / seconds,
                "megabytes": peak,
                "sums": sums,
                "share": work(model, lengths) / seconds / speed,
                "rate": speed / 1e9,
                "tokens": sum(lengths) / len(lengths),
            }
        )
    )


def start(folder, way, threads):
    """`measure` in a fresh process."""
    command = [sys.executable, __file__, "--measure", str(folder), way, "--threads", str(threads)]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TOKENIZERS_PARALLELISM": "0",
    }
    said = subprocess.run(command, capture_output=True, text=True, env=environment)
    if said.returncode:
        raise RuntimeError(f"{way} failed:\n{said.stderr[-2000:]}")
    return json.loads(said.stdout.splitlines()[-1])


def compare(folder, label, threads, rounds, ways):
    """Rounds of all ways in turn; one line per way, then the noise of each precision."""
    import numpy as np

    runs = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            runs[way].append(start(folder, way, threads))
    reached = [run["rate"] for several in runs.values() for run in several]
    print(
        f"\n{label}, {threads} thread(s), {runs['ours'][0]['tokens']:.0f} tokens per text, "
        f"{np.median(reached):.0f} GFLOP per CPU-second in float32 products"
    )
    speed = {way: np.array([run["texts_per_second"] for run in runs[way]]) for way in ways}
    print("  way               texts/s   a     b     c     MB above  of (b)   of the rate")
    base = np.median([run["megabytes"] for run in runs["padded"]])
    for way in ways:
        ratios = [
            f"{np.median(speed[way] / speed[other]):5.2f}" if other in speed else "    -"
            for other in ("published", "padded", "harness")
        ]
        peak = np.median([run["megabytes"] for run in runs[way]])
        share = np.median([run["share"] for run in runs[way]])
        print(
            f"  {way:15s} {np.median(speed[way]):9.2f} {' '.join(ratios)} {peak:9.0f} "
            f"{peak / base:8.1%} {share:10.0%}",
            flush=True,
        )
    want = np.array(runs["published"][0]["sums"])
    for way in ("ours", "ours bfloat16"):
        gap = np.abs(np.array(runs[way][0]["sums"]) - want)
        print(
            f"  {way}: differs from (a) by {gap.mean():.2g} nats per text on average, "
            f"{gap.max():.2g} at most, of {-want.mean():.0f}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--measure", nargs=2, metavar=("FOLDER", "WAY"), help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, nargs="+")
    parser.add_argument("--models", nargs="+", help="such as gpt_neox-256")
    parser.add_argument("--texts", type=int)
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    if options.measure:
        return measure(*options.measure, options.threads[0])
    from importlib.util import find_spec

    ways = [way for way in WAYS if way != "harness" or find_spec("lm_eval")]
    if "harness" not in ways:
        print('(c) is left out: lm-eval-harness is not installed, pip install "lm_eval[hf]"')
    everything = [f"{shape}-{width}" for width in (256, 512) for shape in SHAPES]
    names = options.models or (["gpt_neox-256", "llama-512"] if options.quick else everything)
    with tempfile.TemporaryDirectory() as home:
        home = Path(home)
        tokenizer = prepare(home, options.texts or (QUICK_TEXTS if options.quick else TEXTS))
        for name in names:
            shape, _, width = name.rpartition("-")
            save_model(home / name, shape, int(width), tokenizer)
            for threads in options.threads or (1, 2):
                rounds = options.rounds or (2 if options.quick else 3)
                compare(home / name, name, threads, rounds, ways)


if __name__ == "__main__":
    main()

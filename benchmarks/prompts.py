"""Responses that go on from one reading of their prompt, against prompt and response as one text.

    python benchmarks/prompts.py            six models, three lengths of the prompt; many minutes
    python benchmarks/prompts.py --quick    one model, two lengths
    python benchmarks/prompts.py --models mamba-256 mamba2-256

Pairs per CPU-second of `prompts.score` with `share` on and off, in turn in one process, on the same
pairs; and of the plain computation, one pair per call with all logits, on a part of them. Weights
are random, since the speed does not depend on them.
"""

import argparse
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

RESPONSES, PLAIN, TOKENS = 32, 8, 32  # responses per prompt, of them in the plain way, and tokens
LENGTHS, QUICK_LENGTHS = (32, 128, 512), (32, 256)
MODELS = {
    "gpt2-256": ("gpt2", 256),
    "llama-256": ("llama", 256),
    "mamba-256": ("mamba", 256),  # goes on token by token
    "mamba-32": ("mamba", 32),
    "mamba2-256": ("mamba2", 256),
    "rwkv-256": ("rwkv", 256),
}
VOCABULARY = 8_192


def scorer(shape, width):
    """A model of six layers over bytes and a padded vocabulary."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from lmnotes.models.scoring import loading
    from lmnotes.models.zoo import networks

    torch.manual_seed(0)
    if shape in ("mamba", "mamba2", "rwkv"):
        size = {"hidden_size": width, "num_hidden_layers": 6}
        if shape == "mamba2":
            size |= {"num_heads": 8, "head_dim": width // 4, "n_groups": 1, "state_size": 64}
    elif shape == "gpt2":
        size = {"n_embd": width, "n_layer": 6, "n_head": width // 64, "n_positions": 1024}
    else:
        size = {
            "hidden_size": width,
            "intermediate_size": 64 * round(width * 8 / 3 / 64),
            "num_hidden_layers": 6,
            "num_attention_heads": width // 64,
            "max_position_embeddings": 1024,
        }
    ids = {"bos_token_id": 256, "eos_token_id": 256}
    config = AutoConfig.for_model(shape, vocab_size=VOCABULARY, **ids, **size)
    model = AutoModelForCausalLM.from_config(config)
    return loading.wrap(model, networks.byte_tokenizer(), name=shape)


def pairs(n_prompt, n_prompts=4):
    """Prompts of so many bytes with responses, out of Python's help topics."""
    from pydoc_data.topics import topics

    text = "".join(topics[name] for name in sorted(topics)).encode("ascii", "ignore").decode()
    prompts = [text[k * 5000 :][: n_prompt - 2] for k in range(n_prompts)]  # BOS, line break
    responses = [text[100_000 + k * 500 :][:TOKENS] for k in range(RESPONSES)]
    return [x for x in prompts for _ in responses], responses * n_prompts


def plain(scorer, xs, ys):
    """One pair per call, log-softmax over all of it."""
    import torch

    found = []
    with torch.inference_mode():
        for x, y in zip(xs, ys, strict=True):
            before = scorer.tokenizer(x + "\n")["input_ids"]
            after = scorer.tokenizer(y, add_special_tokens=False)["input_ids"]
            ids = torch.tensor([before + after])
            law = scorer.model(ids).logits[0].log_softmax(-1)[len(before) - 1 : -1]
            found.append(float(law.gather(1, torch.tensor(after)[:, None]).double().sum()))
    return np.array(found)


def timed(function, *arguments, **options):
    """What it gives, and CPU-seconds per pair."""
    began = time.process_time()
    found = function(*arguments, **options)
    return found, (time.process_time() - began) / len(arguments[1])


def compare(name, n_prompt, rounds):
    """One line: rates, their ratios, and the largest difference from the plain way."""
    from lmnotes.models.scoring import prompts

    made = scorer(*MODELS[name])
    xs, ys = pairs(n_prompt)
    part = slice(0, PLAIN)
    plain(made, xs[:1], ys[:1])
    seconds = {"shared": [], "joined": [], "plain": []}
    for _ in range(rounds):
        shared, one = timed(prompts.score, made, xs, ys)
        joined, two = timed(prompts.score, made, xs, ys, share=False)
        want, three = timed(plain, made, xs[part], ys[part])
        for way, cost in zip(seconds, (one, two, three), strict=True):
            seconds[way].append(cost)
    values = {way: np.array(costs) for way, costs in seconds.items()}
    rate = {way: 1 / np.median(costs) for way, costs in values.items()}
    over = {way: np.median(values[way] / values["shared"]) for way in ("joined", "plain")}
    gap = np.abs(shared.log_likelihood[part] - want) / shared.n_tokens[part]
    apart = np.abs(shared.log_likelihood - joined.log_likelihood) / shared.n_tokens
    n_once = shared.about["n_prompts_shared"]
    print(
        f"| {name} | {n_prompt} | {n_once} "
        f"| {rate['shared']:.1f} | {rate['joined']:.1f} | {rate['plain']:.1f}"
        f" | {over['joined']:.1f} x | {over['plain']:.1f} x | {max(gap.max(), apart.max()):.0e} |",
        flush=True,
    )
    if not shared.about["prompt_reuse"]:
        sys.exit(f"prompts were not shared: {shared.notes}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--models", nargs="+", choices=MODELS)
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    rounds = options.rounds or (2 if options.quick else 5)
    print(f"4 prompts, {RESPONSES} responses of {TOKENS} tokens each, pairs per CPU-second")
    print("| model | prompt | read once | shared | joined | plain | of joined | of plain | nats |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in options.models or list(MODELS)[: 1 if options.quick else None]:
        for n_prompt in QUICK_LENGTHS if options.quick else LENGTHS:
            compare(name, n_prompt, rounds)


if __name__ == "__main__":
    main()

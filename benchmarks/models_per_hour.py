"""Models per hour through the runner, with and without what works ahead.

    python benchmarks/models_per_hour.py            40 tiny models; a quarter of an hour
    python benchmarks/models_per_hour.py --quick    8 models

(a) from a hub on the loopback interface that takes 2 s to answer for the weights of a model, one
place on the CPU; (b) from folders, two places. "before": one model after the other, each fetched,
loaded, tokenised and scored by its own process; "now": the next worker gets ready while one scores,
token ids are kept, the next files are fetched. Both run the whole list in turn, from empty caches;
the rows have to be the same. Weights are random, four tokenizers are shared by all models, and 64
tokens of each text are scored, so that scoring is short beside the rest, as it is on a GPU.
"""

import argparse
import importlib
import os
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
DELAY_S = 2
VOCABULARIES = (1000, 1200, 1400, 1600)


def without_kept_ids():
    """The worker that keeps no token ids."""
    from lmnotes.models.runner import worker
    from lmnotes.models.scoring import token_ids

    token_ids.LEAST = 2**62
    return worker.main()


def prepare(folder, n_models, texts):
    """Folders of models of one layer, their tokenizers shared by every fourth."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

    made = []
    for size in VOCABULARIES:
        bpe = Tokenizer(models.BPE())
        bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        how = {"show_progress": False, "special_tokens": ["<|endoftext|>"], "vocab_size": size}
        how["initial_alphabet"] = pre_tokenizers.ByteLevel.alphabet()
        bpe.train_from_iterator(texts, trainers.BpeTrainer(**how))
        names = {f"{name}_token": "<|endoftext|>" for name in ("bos", "eos", "unk")}
        made.append(PreTrainedTokenizerFast(tokenizer_object=bpe, **names))
    shape = {"hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 1}
    shape |= {"num_attention_heads": 2, "max_position_embeddings": 1024}
    for number in range(n_models):
        tokenizer = made[number % len(made)]
        ids = {"bos_token_id": 0, "eos_token_id": 0, "vocab_size": len(tokenizer)}
        torch.manual_seed(number)
        config = AutoConfig.for_model("gpt_neox", **ids, **shape)
        place = folder / f"{number:03d}"
        AutoModelForCausalLM.from_config(config).save_pretrained(place)
        tokenizer.save_pretrained(place)


def run(models, texts, is_now, workers, home):
    """Seconds and CPU-seconds for all models, and their matrix, sorted by name."""
    from lmnotes.models.ledger import ledger
    from lmnotes.models.runner import runner
    from lmnotes.models.scoring.rule import Rule

    os.environ["LMNOTES_HOME"] = str(home)
    how = {"devices": "cpu", "workers": workers, "progress": False, "ahead": is_now}
    if not is_now:
        how["worker"] = "models_per_hour:without_kept_ids"
    rows = ledger.open(texts, Rule(truncate=64))
    began, before = time.perf_counter(), os.times()
    table = runner.score(models, rows, **how)
    seconds, after = time.perf_counter() - began, os.times()
    cpu = sum(after[:4]) - sum(before[:4])  # of all processes that have ended
    if (table["status"] != "scored").any():
        raise RuntimeError(f"not all were scored:\n{table.to_string()}")
    L = rows.matrix()
    return seconds, cpu, L.values[L.models["model"].argsort()]


def compare(label, models, texts, workers, rounds, home, env=lambda number: {}):
    """Rounds of both ways in turn, and their ratio."""
    import numpy as np

    seconds = {True: [], False: []}
    values, cpu = {}, {}
    for number in range(rounds):
        for is_now in (False, True) if number % 2 == 0 else (True, False):
            place = home / f"{label[:3]} {number} {is_now}"
            os.environ.update(env(place))
            tokenizers = {} if is_now else {"TOKENIZERS_PARALLELISM": "false"}
            os.environ.update(tokenizers)
            took, cpu[is_now], values[is_now] = run(models, texts, is_now, workers, place)
            for name in tokenizers:
                del os.environ[name]
            seconds[is_now].append(took)
    same = np.array_equal(values[True], values[False])
    ratios = np.array(seconds[False]) / seconds[True]
    hour = {is_now: 3600 * len(models) / np.median(took) for is_now, took in seconds.items()}
    print(
        f"{label}: {hour[False]:,.0f} models per hour before, {hour[True]:,.0f} now, "
        f"{np.median(ratios):.2f} x ({ratios.min():.2f} to {ratios.max():.2f}, "
        f"{rounds} rounds); rows {'the same' if same else 'DIFFER'}; "
        f"CPU-seconds a model {cpu[False] / len(models):.2f} before, "
        f"{cpu[True] / len(models):.2f} now; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--models", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", choices="ab", default="ab")
    options = parser.parse_args()
    sys.path.insert(0, str(HERE.parent / "tests" / "helpers"))
    paths = [str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    loopback_hub = importlib.import_module("loopback_hub")  # of the tests

    from lmnotes.text import chunks

    n_models = options.models or (8 if options.quick else 40)
    rounds = options.rounds or (1 if options.quick else 2)
    texts = chunks.load("installed", per_domain=100)
    print(f"{n_models} models, {len(texts)} texts of {sum(map(len, texts.texts)):,} characters")
    with tempfile.TemporaryDirectory() as home:
        home = Path(home)
        prepare(home / "models", n_models, texts.texts)
        folders = sorted((home / "models").iterdir())
        if "a" in options.only:
            names = {f"lab/{folder.name}": folder for folder in folders}
            faults = {name: {"delay_s": DELAY_S, "only": "/lfs/"} for name in names}
            with loopback_hub.serving(names, faults) as hub:

                def env(place):
                    given = hub.env(place / "hub")
                    return {
                        name: given[name] for name in given if name[:3] in ("HF_", "NO_", "no_")
                    }

                how = (texts, 1, rounds, home, env)
                compare(f"(a) hub at {DELAY_S} s a model, one place", [*names], *how)
        if "b" in options.only:
            compare("(b) folders, two places", folders, texts, 2, rounds, home)


if __name__ == "__main__":
    main()

"""A model of one's own against the published way, padded batches and lm-eval-harness.

    python benchmarks/real_model.py MODEL                a folder, a .gguf file or a hub id
    python benchmarks/real_model.py MODEL --texts 8      texts of 1,024 bytes

As `scoring.py`, each way in a fresh process, in turn. A .gguf file needs lmnotes[gguf]; the model
is saved in float32 first, so that all ways load the same folder.
"""

import argparse
import json
import tempfile
from importlib.util import find_spec
from pathlib import Path

import scoring


def save(model, folder):
    """The model in float32 with its tokenizer, saved in the folder."""
    from lmnotes.models.scoring import identity, loading

    who = identity.identify(model)
    loaded = loading.load(who.model, revision=who.hub_revision, device="cpu")
    loaded.model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--texts", type=int, default=16)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    from lmnotes.text import chunks

    ways = [way for way in scoring.WAYS if way != "harness" or find_spec("lm_eval")]
    full = [text for text in chunks.load("installed").texts if len(text.encode()) == 1024]
    with tempfile.TemporaryDirectory() as home:
        home = Path(home)
        texts = full[:: len(full) // options.texts][: options.texts]
        (home / "texts.json").write_text(json.dumps(texts))
        save(options.model, home / "model")
        for threads in options.threads:
            scoring.compare(home / "model", options.model, threads, options.rounds, ways)


if __name__ == "__main__":
    main()

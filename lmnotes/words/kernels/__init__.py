"""The hot loops of word vectors, compiled by numba."""

from pathlib import Path

from lmnotes import compiled

compiled.keep(sorted(Path(__file__).parent.glob("*.py")))

"""What embeddings and language models encode: a thin package beneath notebooks that rerun."""

__version__ = "0.1.0"

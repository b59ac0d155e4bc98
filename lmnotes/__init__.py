"""lmnotes: what embeddings and language models encode, as notebooks that rerun and a thin package beneath them."""

__version__ = "0.1.0"

"""The files of this checkout."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {".git", ".venv", "build", "dist", "outputs", "__pycache__", ".ipynb_checkpoints"}
NOT_OURS |= {".pytest_cache", ".ruff_cache", "work"}


def tracked_files():
    """The files in git; outside a checkout, all that could be."""
    answer = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True)
    if names := answer.stdout.split("\0")[:-1]:
        return [path for name in names if (path := ROOT / name).is_file()]
    paths = (path for path in ROOT.rglob("*") if path.is_file())
    return [path for path in paths if not NOT_OURS & set(path.relative_to(ROOT).parts)]

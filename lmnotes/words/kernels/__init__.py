"""The hot loops of word vectors, compiled by numba."""

import hashlib
import os
from pathlib import Path

import numba

from lmnotes import store

# numba's disk cache notices a change of the file that a function stands in, not of the files whose
# functions it has inlined. So the folder is named by the content of all kernels: new source, new
# folder.
if "NUMBA_CACHE_DIR" not in os.environ:
    _source = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    _folder = f"numba-{hashlib.sha256(_source).hexdigest()[:16]}"
    numba.config.CACHE_DIR = str(store.home() / _folder)

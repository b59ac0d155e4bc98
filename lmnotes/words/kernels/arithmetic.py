"""What the kernels share: options, random bits, aligned and prefetched rows."""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from lmnotes.words.kernels.vectors import address_of

PADDING = 16  # floats in a cache line; rows are padded to a multiple of it
EXACT = dict(nogil=True, cache=True, error_model="numpy", boundscheck=False)
OPTIONS = EXACT | dict(fastmath=True)


@intrinsic
def _prefetch(typing_context, address):
    """Ask the processor for the cache line at `address`, to be read and written soon."""

    def codegen(context, builder, signature, args):
        pointer = builder.inttoptr(args[0], ir.IntType(8).as_pointer())
        flags = [ir.Constant(ir.IntType(32), flag) for flag in (1, 3, 1)]
        name = "llvm.prefetch.p0"
        arguments = [ir.IntType(8).as_pointer()] + [ir.IntType(32)] * 3
        kind = ir.FunctionType(ir.VoidType(), arguments)
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        builder.call(function, [pointer, *flags])
        return context.get_dummy_value()

    return types.void(types.uintp), codegen


@njit(**OPTIONS, inline="always")
def row_address(matrix: np.ndarray, row: int) -> int:
    """Where one row of a matrix stands in memory."""
    return address_of(matrix) + np.uintp(row) * np.uintp(matrix.strides[0])


@njit(**OPTIONS, inline="always")
def prefetch(array: np.ndarray, k: int) -> None:
    """Ask for the cache line of a number of an array (n,)."""
    _prefetch(address_of(array) + np.uintp(k * array.itemsize))


@njit(**OPTIONS, inline="always")
def prefetch_row(matrix: np.ndarray, row: int) -> None:
    """Ask for one row of a matrix."""
    address = row_address(matrix, row)
    for offset in range(0, matrix.strides[0], 64):
        _prefetch(address + np.uintp(offset))


@njit(**OPTIONS, inline="always")
def next_random(state: np.ndarray) -> np.uint64:
    """The next 64 random bits (splitmix64); `state` is a (1,) uint64 array."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(**OPTIONS, inline="always")
def draw_negative(state: np.ndarray, threshold: np.ndarray, alias: np.ndarray) -> np.int64:
    """A word id from the noise distribution by Walker's alias method."""
    bits = next_random(state)
    column = np.int64(((bits >> np.uint64(32)) * np.uint64(len(alias))) >> np.uint64(32))
    return column if (bits & np.uint64(0xFFFFFFFF)) < threshold[column] else np.int64(alias[column])


@njit(**OPTIONS)
def aligned_rows(n_rows: int, dim: int) -> np.ndarray:
    """A float32 matrix of zeros whose rows start on cache lines; `dim` is a multiple of PADDING."""
    flat = np.zeros(n_rows * dim + PADDING, np.float32)
    start = (-flat.ctypes.data % 64) // 4
    return flat[start : start + n_rows * dim].reshape((n_rows, dim))

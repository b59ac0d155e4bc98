"""What the kernels share: options, a fast exponential, random bits, aligned and prefetched rows."""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16  # floats in the widest vector register; rows are padded to a multiple of it
EXACT = dict(nogil=True, cache=True, error_model="numpy", boundscheck=False)
OPTIONS = EXACT | dict(fastmath=True)


@intrinsic
def _as_float(typing_context, bits):
    """The float32 whose bit pattern is `bits`."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], context.get_value_type(types.float32))

    return types.float32(types.int32), codegen


@njit(**OPTIONS, inline="always")
def exp_negative(x):
    """exp(x) for x <= 0 in float32, relative error below 2e-7 (1 - x); it vectorises."""
    scaled = max(x * np.float32(1.4426950408889634), np.float32(-125.0))
    whole = np.floor(scaled)
    part = scaled - whole  # in [0, 1): 2**part by a minimax polynomial
    power = np.float32(1.8775767e-3)
    power = power * part + np.float32(8.9893397e-3)
    power = power * part + np.float32(5.5826318e-2)
    power = power * part + np.float32(2.4015361e-1)
    power = power * part + np.float32(6.9315308e-1)
    power = power * part + np.float32(9.9999994e-1)
    return _as_float(np.int32((np.int32(whole) + np.int32(127)) << np.int32(23))) * power


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
def prefetch_row(matrix, row):
    """Ask for one row of a float32 matrix."""
    address = matrix.ctypes.data + row * matrix.shape[1] * 4
    for offset in range(0, matrix.shape[1] * 4, 64):
        _prefetch(np.uintp(address + offset))


@njit(**OPTIONS, inline="always")
def next_random(state):
    """The next 64 random bits (splitmix64); `state` is a (1,) uint64 array."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(**OPTIONS, inline="always")
def draw_negative(state, threshold, alias):
    """A word id from the noise distribution by Walker's alias method."""
    bits = next_random(state)
    column = np.int64(((bits >> np.uint64(32)) * np.uint64(len(alias))) >> np.uint64(32))
    return column if (bits & np.uint64(0xFFFFFFFF)) < threshold[column] else np.int64(alias[column])


@njit(**OPTIONS)
def aligned_rows(n_rows, dim):
    """A float32 matrix of zeros whose rows start on cache lines; `dim` is a multiple of LANES."""
    flat = np.zeros(n_rows * dim + LANES, np.float32)
    start = (-flat.ctypes.data % 64) // 4
    return flat[start : start + n_rows * dim].reshape((n_rows, dim))

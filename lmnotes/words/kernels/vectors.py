"""Steps on blocks of rows that stay in vector registers, in LLVM's own code, by llvmlite.

A block is some rows u_i of one matrix, the lefts, by some rows v_j of the other, the rights, with
P_ij observed pairs and negatives of weight N_ij. Its objective is the sum over its cells of
P log sigma(s) + N log sigma(-s) with s_ij = <u_i, v_j>; the gradient by s is P - (P + N) sigma(s).

Rights are float32, or float16 (as uint16) which becomes float32 in a register and is rounded up or
down at random when it is stored, so that steps far below its spacing add up to what they should.
"""

from typing import Any

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

FEATURES = llvmlite.binding.get_host_cpu_features()
LANES = 16 if FEATURES.get("avx512f") else 8
LEFTS, RIGHTS = LANES // 4, 4  # of a block of a group: its products fill one vector
OUTPUTS = 6  # rights of a pair: the context and five negatives
FLOAT, HALF, INT, PLACE = ir.FloatType(), ir.HalfType(), ir.IntType(32), ir.IntType(64)
VECTOR, INTS = ir.VectorType(FLOAT, LANES), ir.VectorType(INT, LANES)
# minimax polynomials on [0, 1]: log(1 + t) / t, and 2**t
LOG1P = (0.99999997, -0.49999502, 0.33319271, -0.2484437, 0.19111431, -0.1367477)
LOG1P += (0.078361668, -0.029588507, 0.0052534578)
EXP2 = (9.9999994e-1, 6.9315308e-1, 2.4015361e-1, 5.5826318e-2, 8.9893397e-3, 1.8775767e-3)


def _all(value):
    """A vector constant: float32 from a float, int32 from an int."""
    if isinstance(value, float):
        return ir.Constant(VECTOR, [float(np.float32(value))] * LANES)
    return ir.Constant(INTS, [value] * LANES)


def _splat(builder, value):
    """A number in every lane."""
    empty = ir.Constant(VECTOR, ir.Undefined)
    lane = builder.insert_element(empty, value, ir.Constant(INT, 0))
    return builder.shuffle_vector(lane, empty, _all(0))


def _add_product(builder, x, y, total):
    product = builder.fmul(x, y, flags=["contract"])
    return builder.fadd(product, total, flags=["contract"])


def _polynomial(builder, x, coefficients):
    total = _all(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = _add_product(builder, total, x, _all(coefficient))
    return total


def _call(builder, name, kind, *arguments, **options):
    signature = ir.FunctionType(kind, [argument.type for argument in arguments])
    function = cgutils.get_or_insert_function(builder.module, signature, f"{name}.v{LANES}f32")
    return builder.call(function, arguments, **options)


def _exp_negative(builder, x):
    """exp(x) for x <= 0, relative error below 2e-7 (1 - x)."""
    scaled = builder.fmul(x, _all(1.4426950408889634))
    is_low = builder.fcmp_ordered("<", scaled, _all(-125.0))
    scaled = builder.select(is_low, _all(-125.0), scaled)
    whole = _call(builder, "llvm.floor", VECTOR, scaled)
    power = _polynomial(builder, builder.fsub(scaled, whole), EXP2)
    exponent = builder.shl(builder.add(builder.fptosi(whole, INTS), _all(127)), _all(23))
    return builder.fmul(power, builder.bitcast(exponent, VECTOR))


def _sums(builder, vectors):
    """A vector whose lane k is the sum of vectors[k]; what lanes beyond them hold is of no use."""
    n = LANES
    while n > 1:  # sums of neighbouring lanes, two vectors into one
        vectors = vectors + vectors[-1:] * (len(vectors) % 2)
        pairs = zip(vectors[::2], vectors[1::2], strict=True)
        masks = [ir.Constant(INTS, list(range(odd, 2 * LANES, 2))) for odd in (0, 1)]
        halves = [[builder.shuffle_vector(a, b, mask) for mask in masks] for a, b in pairs]
        vectors, n = [builder.fadd(even, odd) for even, odd in halves], n // 2
    return vectors[0]


class _Rows:
    """Rows in memory, read and written a vector at a time; `kind` is that of a stored number."""

    def __init__(self, builder, addresses, kind=FLOAT):
        self.builder, self.kind = builder, kind
        self.stored, self.align = ir.VectorType(kind, LANES), 2 if kind is HALF else 4
        self.pointers = [builder.inttoptr(a, self.stored.as_pointer()) for a in addresses]

    def load(self, k, d):
        pointer = self.builder.gep(self.pointers[k], [d])
        value = self.builder.load(pointer, align=self.align)
        return self.builder.fpext(value, VECTOR) if self.kind is HALF else value

    def store(self, k, d, value, noise=None):
        builder = self.builder
        if self.kind is HALF:  # 13 bits are cut off, after less than their range has been added
            bits = builder.add(builder.bitcast(value, INTS), noise)
            value = builder.bitcast(builder.and_(bits, _all(-(2**13))), VECTOR)
            value = builder.fptrunc(value, self.stored)
        builder.store(value, builder.gep(self.pointers[k], [d]), align=self.align)


def _addresses(builder, start, stride, n):
    """Of n rows, from the first on."""
    return [builder.add(start, builder.mul(stride, ir.Constant(PLACE, k))) for k in range(n)]


def _numbers(builder, start, n, kind):
    """n numbers of 4 or 8 bytes."""
    places = _addresses(builder, start, ir.Constant(PLACE, 8 if kind is PLACE else 4), n)
    return [builder.load(builder.inttoptr(place, kind.as_pointer())) for place in places]


def _spread(builder, start, n, lanes):
    """Number lanes[k] of n float32 in lane k, and 0 in the lanes beyond."""
    kind = ir.VectorType(FLOAT, n)
    numbers = builder.load(builder.inttoptr(start, kind.as_pointer()), align=4)
    mask = ir.Constant(INTS, lanes + [n] * (LANES - len(lanes)))
    return builder.shuffle_vector(numbers, ir.Constant(kind, [0.0] * n), mask)


def _kernels(n_left, n_right):
    """The two halves of a step on a block, whose cell (i, j) is lane i * n_right + j."""
    cells = [(i, j) for i in range(n_left) for j in range(n_right)]

    @intrinsic
    def errors(
        typing, like, lefts, stride, n_vectors, rights, observed, weights, counts, rate, out
    ):
        """Writes rate * (P - (P + N) sigma(s)) to `out`; returns minus the objective in nats.

        All but `rate` and the number of vectors in a row are addresses or bytes: of the first left
        and from one to the next; of a table of addresses of rights, which are numbers of the kind
        of `like`; of P; of two arrays whose outer product is N.
        """
        places = [types.uintp] * 4
        kinds = [like, types.uintp, types.uintp, types.intp, *places, types.float32, types.uintp]

        def codegen(context, builder, signature, args):
            _, left, stride, n_vectors, table, p, weights, counts, rate, out = args
            us = _Rows(builder, _addresses(builder, left, stride, n_left))
            vs = _rights(builder, table, n_right, like)
            sums = [cgutils.alloca_once_value(builder, _all(0.0)) for _ in cells]
            with cgutils.for_range(builder, n_vectors) as loop:
                u = [us.load(row, loop.index) for row in range(n_left)]
                v = [vs.load(row, loop.index) for row in range(n_right)]
                for (a, b), total in zip(cells, sums, strict=True):
                    builder.store(_add_product(builder, u[a], v[b], builder.load(total)), total)
            score = _sums(builder, [builder.load(total) for total in sums])
            p = _spread(builder, p, LANES, list(range(LANES)))
            n = builder.fmul(
                _spread(builder, weights, n_left, [a for a, _ in cells]),
                _spread(builder, counts, n_right, [b for _, b in cells]),
            )
            error, loss = _logistic(builder, score, p, builder.fadd(p, n))
            place = builder.inttoptr(out, VECTOR.as_pointer())
            builder.store(builder.fmul(error, _splat(builder, rate)), place, align=4)
            return loss

        return types.float32(*kinds), codegen

    @intrinsic
    def steps(typing, like, lefts, moved, stride, n_vectors, n_blocks, rights, errors, noise):
        """moved_i += sum_j e_ij v_j and v_j += sum_i e_ij u_i, of n_blocks blocks of lefts.

        Addresses as in `errors`; those of the blocks follow each other. noise: (LANES,) uint32, a
        Weyl sequence in each lane.
        """
        kinds = [like, *[types.uintp] * 3, types.intp, types.intp, *[types.uintp] * 3]

        def codegen(context, builder, signature, args):
            _, left, new, stride, n_vectors, n_blocks, table, errors, noise = args
            vs = _rights(builder, table, n_right, like)
            state = builder.inttoptr(noise, INTS.as_pointer())
            bits = cgutils.alloca_once_value(builder, builder.load(state, align=4))
            sums = [cgutils.alloca_once(builder, VECTOR) for _ in range(n_right)]

            def weights_of(number):
                cell = builder.mul(number, ir.Constant(PLACE, 4 * LANES))
                e = _numbers(builder, builder.add(errors, cell), len(cells), FLOAT)
                return [_splat(builder, value) for value in e]

            def add_block(number, d, v, e):
                offset = builder.mul(number, builder.mul(stride, ir.Constant(PLACE, n_left)))
                begins = builder.add(left, offset), builder.add(new, offset)
                old = _Rows(builder, _addresses(builder, begins[0], stride, n_left))
                after = _Rows(builder, _addresses(builder, begins[1], stride, n_left))
                for i in range(n_left):
                    u, w = old.load(i, d), after.load(i, d)
                    for j in range(n_right):
                        weight = e[i * n_right + j]
                        w = _add_product(builder, weight, v[j], w)
                        change = _add_product(builder, weight, u, builder.load(sums[j]))
                        builder.store(change, sums[j])
                    after.store(i, d, w)

            zero = ir.Constant(PLACE, 0)
            e = weights_of(zero) if n_left == 1 else None  # of the only block, kept in registers
            with cgutils.for_range(builder, n_vectors) as loop:
                v = [vs.load(j, loop.index) for j in range(n_right)]
                for j in range(n_right):
                    builder.store(v[j], sums[j])
                if n_left == 1:
                    add_block(zero, loop.index, v, e)
                else:
                    with cgutils.for_range(builder, n_blocks) as blocks:
                        add_block(blocks.index, loop.index, v, weights_of(blocks.index))
                drawn = builder.add(builder.load(bits), _all(-0x61C88647))  # 2**32 / golden ratio
                builder.store(drawn, bits)
                for j in range(n_right):
                    vs.store(j, loop.index, builder.load(sums[j]), builder.lshr(drawn, _all(19)))
            builder.store(builder.load(bits), state, align=4)
            return context.get_dummy_value()

        return types.void(*kinds), codegen

    return errors, steps


def _rights(builder, table, n, like):
    kind = HALF if like == types.uint16 else FLOAT
    return _Rows(builder, _numbers(builder, table, n, PLACE), kind)


def _logistic(builder, score, p, total):
    """P - (P + N) sigma(s) in every cell, and the sum of (P + N) log(1 + exp(s)) - P s."""
    is_above = builder.fcmp_ordered(">", score, _all(0.0))
    tail = builder.fneg(_call(builder, "llvm.fabs", VECTOR, score))
    tail = _exp_negative(builder, tail)
    share = builder.select(is_above, _all(1.0), tail)
    share = builder.fdiv(share, builder.fadd(tail, _all(1.0)))
    loss = builder.fmul(tail, _polynomial(builder, tail, LOG1P))
    loss = builder.fadd(loss, builder.select(is_above, score, _all(0.0)))
    loss = builder.fsub(builder.fmul(total, loss), builder.fmul(p, score))
    zero = ir.Constant(FLOAT, 0.0)
    loss = _call(builder, "llvm.vector.reduce.fadd", FLOAT, zero, loss, fastmath=["reassoc"])
    return builder.fsub(p, builder.fmul(total, share)), loss


@intrinsic
def address_of(typing: Any, array: Any) -> Any:
    """Where the numbers of an array begin in memory."""

    def codegen(context, builder, signature, args):
        data = context.make_array(array)(context, builder, args[0]).data
        return builder.ptrtoint(data, PLACE)

    return types.uintp(array), codegen


group_errors, group_steps = _kernels(LEFTS, RIGHTS)
pair_errors, pair_steps = _kernels(1, OUTPUTS)
row_errors, row_steps = _kernels(1, 1)

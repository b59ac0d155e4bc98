"""Contrasts of ICA: moments of the rotations of white rows, block by block, on any device."""

import numpy as np

CONTRASTS = ("logcosh", "cube")
BLOCK = 2048  # rows at a time: they stay in the processor's cache


class Moments:
    """White rows on a device, and the moments of their rotations."""

    def __init__(self, white, weights, contrast, dtype, device):
        import torch

        self.dtype, self.device, self.contrast = getattr(torch, dtype), device, contrast
        self.rows = self.tensor(white)
        self.weights = None if weights is None else self.tensor(weights)[:, None]
        self.total = float(len(white) if weights is None else np.sum(weights))
        self.eps = np.finfo(dtype).eps

    def tensor(self, array):
        """An array as a tensor of these rows' type, on their device."""
        import torch

        return torch.as_tensor(np.ascontiguousarray(array), dtype=self.dtype, device=self.device)

    def at(self, rotation):
        """C = E[g(Y)' Y] (K, K) and E[g'(Y)] (K,), summed over blocks of rows in float64."""
        import torch

        rotation, k = rotation.to(self.dtype), rotation.shape[1]
        moments = torch.zeros(k, k, dtype=torch.float64, device=self.device)
        slope = torch.zeros(k, dtype=torch.float64, device=self.device)
        block = BLOCK if self.device == "cpu" else 64 * BLOCK
        for start in range(0, len(self.rows), block):
            y = self.rows[start : start + block] @ rotation  # (block, K)
            if self.contrast == "logcosh":
                g = torch.tanh(y)
                derivative = 1 - g * g
            else:
                g, derivative = y * y * y, 3 * y * y
            if self.weights is not None:
                at = self.weights[start : start + block]
                g, derivative = g * at, derivative * at
            moments += g.T @ y
            slope += derivative.sum(0)
        return moments / self.total, slope / self.total


def signs_of(moments, slope):
    """1 for components sharper than a Gaussian, -1 for flatter ones (K,)."""
    curvature = slope - moments.diagonal()
    return 1.0 - 2.0 * (curvature < 0)


def skew(moments, signs):
    """The skew-symmetric part of the signed moments (K, K)."""
    signed = signs[:, None] * moments
    return (signed - signed.T) / 2

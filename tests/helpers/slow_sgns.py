"""Skip-gram with negative sampling as the textbook has it: float64, one pair at a time."""

import numpy as np

MASK = (1 << 64) - 1


class Splitmix:
    def __init__(self, seed):
        self.state = int(seed)

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def negative(self, threshold, alias):
        bits = self.next()
        column = ((bits >> 32) * len(alias)) >> 32
        return column if (bits & 0xFFFFFFFF) < int(threshold[column]) else int(alias[column])

    def reach(self, window, shrink):
        return 1 + (self.next() >> 33) % window if shrink else window


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def pair_step(u, v, word, outputs, rate):
    """Loss of one pair, updating u and v in place; outputs[0] is the context, others negatives."""
    loss, change = 0.0, np.zeros(u.shape[1])
    for k, row in enumerate(outputs):
        score, label = u[word] @ v[row], float(k == 0)
        loss -= np.log(sigmoid(score if label else -score))
        step = rate * (label - sigmoid(score))
        change += step * v[row]
        v[row] += step * u[word]
    u[word] += change
    return loss


def group_step(u, v, centres, negatives, nu, rate):
    """Loss of some centres [(word, [contexts])] that move together from the same start."""
    loss, du, dv = 0.0, np.zeros_like(u), np.zeros_like(v)
    for word, contexts in centres:
        weight = nu * len(contexts) / len(negatives)
        terms = [(c, 1.0, 1.0) for c in contexts] + [(n, 0.0, weight) for n in negatives]
        for row, label, w in terms:
            score = u[word] @ v[row]
            loss -= w * np.log(sigmoid(score if label else -score))
            step = rate * w * (label - sigmoid(score))
            du[word] += step * v[row]
            dv[row] += step * u[word]
    u += du
    v += dv
    return loss


def windows(tokens, offsets, window, shrink, random, positions):
    """(position, [context positions]) of each position, inside its document."""
    for k in positions:
        reach = random.reach(window, shrink)
        document = np.searchsorted(offsets, k, side="right") - 1
        low, high = max(offsets[document], k - reach), min(offsets[document + 1], k + reach + 1)
        yield k, [j for j in range(low, high) if j != k]


def chunk_pairs(u, v, tokens, offsets, begin, end, window, shrink, noise, nu, rates, seed):
    random, loss, n_pairs = Splitmix(seed), 0.0, 0
    for k in range(begin, end):
        rate = rates[0] + (rates[1] - rates[0]) * (k - begin) / (end - begin)
        ((_, around),) = windows(tokens, offsets, window, shrink, random, [k])
        drawn = [[tokens[j]] + [random.negative(*noise) for _ in range(nu)] for j in around]
        for outputs in drawn:
            loss += pair_step(u, v, tokens[k], outputs, rate)
        n_pairs += len(around)
    return loss, n_pairs


def chunk_groups(
    u, v, tokens, offsets, begin, end, window, shrink, noise, nu, rates, seed, n_group, n_shared
):
    random, loss, n_pairs = Splitmix(seed), 0.0, 0
    following = [random.negative(*noise) for _ in range(n_shared)]  # drawn a group ahead
    for first in range(begin, end, n_group):
        positions = range(first, min(first + n_group, end))
        rate = rates[0] + (rates[1] - rates[0]) * (first - begin) / (end - begin)
        result = list(windows(tokens, offsets, window, shrink, random, positions))
        negatives, following = following, [random.negative(*noise) for _ in range(n_shared)]
        centres = [(tokens[k], [tokens[j] for j in around]) for k, around in result]
        loss += group_step(u, v, centres, negatives, nu, rate)
        n_pairs += sum(len(around) for _, around in result)
    return loss, n_pairs

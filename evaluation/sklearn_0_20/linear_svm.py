"""The linear support vector machine of SAP on one feature, step for step as liblinear solved it in scikit-learn 0.20.3.

Hsieh, Chang, Lin, Keerthi & Sundararajan 2008, "A dual coordinate descent method for large-scale linear SVM",
algorithm 3: squared hinge loss, shrinking, random order. On features of an encoder's usual size it converges; on
large ones (beyond about 100) it stops at 1,000 rounds far from the optimum, so that the official accuracy depends
on every step and on the C library's rand(). Hence this replay: same steps, same random numbers, same rounding.
"""

import numpy as np

from ..compiled import njit

MOST_ROUNDS = 1000
TOLERANCE = 1e-4
LAG, LENGTH = 3, 31  # of the additive feedback generator behind glibc's rand()


@njit
def seed_rand(seed):
    """State of glibc's rand() after srand(seed): 31 words and the position of the next one."""
    state = np.zeros(LENGTH + 1, dtype=np.uint32)
    word = seed if seed != 0 else 1
    for i in range(LENGTH):
        state[i] = word
        word = (16807 * word) % 2147483647
    for _ in range(10 * LENGTH):
        rand(state)
    return state


@njit
def rand(state):
    """The next number of glibc's rand(), in [0, 2^31)."""
    at = np.int64(state[LENGTH])
    ahead = at + LAG if at + LAG < LENGTH else at + LAG - LENGTH
    state[ahead] += state[at]
    state[LENGTH] = at + 1 if at + 1 < LENGTH else 0
    return np.int64(state[ahead] >> np.uint32(1))


@njit
def fit_classes(x, counts, penalty, seed):
    """One machine a class against the rest (a single one for two classes: the second against the first).

    x        (n,) float64, the points sorted stably by class
    counts   (classes,) points of each class
    penalty  C; for the own class times its balanced weight n / (classes * count); for the rest plain, except that of
             two classes both are weighted

    Returns (machines, 2): slope and intercept.
    """
    n, classes = len(x), len(counts)
    balanced = penalty * (n / (classes * counts))
    state = seed_rand(seed)
    machines = np.zeros((classes if classes > 2 else 1, 2))
    start = 0
    if classes == 2:
        _descend(x, counts[0], n, balanced[1], balanced[0], state, machines[0])
    else:
        for k in range(classes):
            _descend(x, start, start + counts[k], balanced[k], penalty, state, machines[k])
            start += counts[k]
    return machines


@njit
def _descend(x, first, last, penalty_in, penalty_out, state, w):
    """Dual coordinate descent: points first..last-1 against all others; leaves slope and intercept in w."""
    n = len(x)
    alpha, order, active = np.zeros(n), np.arange(n), n
    diagonal_in, diagonal_out = 0.5 / penalty_in, 0.5 / penalty_out
    slope, intercept = 0.0, 0.0
    upper = np.inf  # of the last round's projected gradient; points beyond it are set aside
    for _ in range(MOST_ROUNDS):
        for i in range(active):
            j = i + rand(state) % (active - i)
            order[i], order[j] = order[j], order[i]
        largest, smallest, s = -np.inf, np.inf, 0
        while s < active:
            i = order[s]
            inside = first <= i < last
            sign, diagonal = (1.0, diagonal_in) if inside else (-1.0, diagonal_out)
            gradient = (slope * x[i] + intercept) * sign - 1 + alpha[i] * diagonal
            projected = gradient
            if alpha[i] == 0:
                if gradient > upper:
                    active -= 1
                    order[s], order[active] = order[active], order[s]
                    continue
                projected = min(gradient, 0.0)
            largest, smallest = max(largest, projected), min(smallest, projected)
            if abs(projected) > 1e-12:
                moved = max(alpha[i] - gradient / (diagonal + x[i] * x[i] + 1.0), 0.0)
                step = (moved - alpha[i]) * sign
                alpha[i] = moved
                slope += step * x[i]
                intercept += step
            s += 1
        upper = largest if largest > 0 else np.inf
        if largest - smallest <= TOLERANCE:
            if active == n:
                break
            active, upper = n, np.inf
    w[0], w[1] = slope, intercept

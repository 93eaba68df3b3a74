"""Logistic regression, step for step as scikit-learn 0.20.3's LogisticRegression() does it.

That is liblinear's trust region Newton method (Lin, Weng & Keerthi 2008, "Trust region Newton method for large-scale
logistic regression", algorithms 1 and 2): one machine a class against the rest, L2 penalty with C = 1, the intercept
penalised as the coefficient of a feature of value 1, tolerance 1e-4, 100 rounds at most. It stops early, so its result
depends on its steps. Today's scikit-learn takes the same steps if asked for liblinear class by class; here all
machines step together, so that their products with the points are products of matrices.

On the codes of tests/official_scores coefficients differ from 0.20.3's by less than 1e-12. On many codes that
correlate, rounding decides where the steps end: on 64 codes of 7 factors they differed by up to 2e-4, and those of
scikit-learn 1.9.1 by up to 5e-4.
"""

import numpy as np

TOLERANCE, MOST_ROUNDS = 1e-4, 100
ENOUGH = (1e-4, 0.25, 0.75)  # shares of the predicted decrease: to accept a step, to keep the region, to widen it
SHRINK, HALVE, WIDEN = 0.25, 0.5, 4.0  # factors of the region's radius
INNER_TOLERANCE = 0.1  # of the conjugate gradients, in lengths of the gradient


def fit_machines(x, classes, count, progress=None):
    """One machine a class against the rest (a single one for two classes: the second against the first).

    x         (n, D) numbers
    classes   (n,) integers in [0, count), each of which occurs
    progress  called with (machines just fitted, of how many)

    Returns (machines, D + 1): coefficients, then the intercept.
    """
    x = np.column_stack([x, np.ones(len(x))]).astype(np.float64, copy=False)
    solvers = [_solve(np.where(classes == k, 1.0, -1.0), x.shape[1]) for k in (range(count) if count > 2 else [1])]
    machines, asked = [None] * len(solvers), {place: next(solver) for place, solver in enumerate(solvers)}
    while asked:
        answers = {}
        for transposed in (False, True):
            places = [place for place, (_, side) in asked.items() if side == transposed]
            if places:
                vectors = np.stack([asked[place][0] for place in places])
                answers.update(zip(places, vectors @ (x if transposed else x.T)))
        for place, answer in answers.items():
            try:
                asked[place] = solvers[place].send(answer)
            except StopIteration as done:
                machines[place] = done.value
                del asked[place]
                if progress is not None:
                    progress(1, len(solvers))
    return np.stack(machines)


def predict(x, machines):
    """Most likely class (n,) of each point."""
    decisions = _decide(x, machines)
    return (decisions[:, 0] > 0).astype(np.int64) if decisions.shape[1] == 1 else decisions.argmax(axis=1)


def probabilities(x, machines):
    """Probability (n, classes) of each class: each machine's own, divided by their sum; all 0 if that sum is."""
    with np.errstate(over="ignore"):
        found = 1 / (1 + np.exp(-_decide(x, machines)))
    if found.shape[1] == 1:
        return np.hstack([1 - found, found])
    total = found.sum(axis=1, keepdims=True)
    return np.divide(found, total, out=found, where=total > 0)


def _decide(x, machines):
    return np.asarray(x, dtype=np.float64) @ machines[:, :-1].T + machines[:, -1]


def _solve(signs, size):
    """A machine (size,) for classes `signs` (n,) of 1 and -1, as a generator.

    It yields (v, False) to be sent X v, and (u, True) to be sent u X, where X are the points.
    """
    positives = np.sum(signs > 0)
    tolerance = TOLERANCE * max(min(positives, len(signs) - positives), 1) / len(signs)
    w = np.zeros(size)
    margins = signs * (yield w, False)
    loss = _loss(w, margins)
    gradient, curvature = yield from _derivatives(w, margins, signs)
    first = radius = np.linalg.norm(gradient)
    rounds, small = 0, first <= 0
    while rounds < MOST_ROUNDS and not small:
        step, residual = yield from _conjugate_gradients(gradient, curvature, radius)
        margins = signs * (yield w + step, False)
        new_loss, slope, length = _loss(w + step, margins), gradient @ step, np.linalg.norm(step)
        predicted, actual = -0.5 * (slope - step @ residual), loss - new_loss
        if rounds == 0:
            radius = min(radius, length)
        radius = _new_radius(radius, length, slope, predicted, actual)
        if actual > ENOUGH[0] * predicted:
            rounds, w, loss = rounds + 1, w + step, new_loss
            gradient, curvature = yield from _derivatives(w, margins, signs)
            small = np.linalg.norm(gradient) <= tolerance * first
        if max(abs(actual), abs(predicted)) <= 1e-12 * abs(loss):
            break
    return w


def _loss(w, margins):
    return w @ w / 2 + np.logaddexp(0, -margins).sum()


def _derivatives(w, margins, signs):
    """The loss's gradient (size,), and each point's weight (n,) in its second derivative."""
    with np.errstate(over="ignore"):
        right = 1 / (1 + np.exp(-margins))
    gradient = w + (yield (right - 1) * signs, True)
    return gradient, right * (1 - right)


def _conjugate_gradients(gradient, curvature, radius):
    """The step to the minimum of the loss's quadratic model, or to the region's border, and the residual there."""
    step, residual = np.zeros_like(gradient), -gradient
    direction, squared = residual, residual @ residual
    small = INNER_TOLERANCE * np.linalg.norm(gradient)
    while np.sqrt(squared) > small:
        seen = curvature * (yield direction, False)
        turned = direction + (yield seen, True)
        length = squared / (direction @ turned)
        if np.linalg.norm(step + length * direction) > radius:
            length = _to_border(step, direction, radius)
            return step + length * direction, residual - length * turned
        step, residual = step + length * direction, residual - length * turned
        before, squared = squared, residual @ residual
        direction = residual + squared / before * direction
    return step, residual


def _to_border(step, direction, radius):
    """How far along `direction` from `step` the length is `radius`."""
    across, along = step @ direction, direction @ direction
    room = radius**2 - step @ step
    root = np.sqrt(across**2 + along * room)
    return room / (across + root) if across >= 0 else (root - across) / along


def _new_radius(radius, length, slope, predicted, actual):
    """The region's radius after a step of `length`, by how far the loss decreased as predicted."""
    excess = -actual - slope
    factor = WIDEN if excess <= 0 else max(SHRINK, -0.5 * slope / excess)
    accept, keep, widen = (share * predicted for share in ENOUGH)
    if actual < accept:
        return min(max(factor, SHRINK) * length, HALVE * radius)
    if actual < keep:
        return max(SHRINK * radius, min(factor * length, HALVE * radius))
    if actual < widen:
        return max(SHRINK * radius, min(factor * length, WIDEN * radius))
    return max(radius, min(factor * length, WIDEN * radius))

"""Logistic regression as scikit-learn 0.20.3's LogisticRegression() does it.

That is liblinear's primal solver (Lin, Weng & Keerthi 2008, "Trust region Newton method for large-scale logistic
regression"): one machine a class against the rest, L2 penalty with C = 1, the intercept penalised as a feature of
value 1, tolerance 1e-4, at most 100 rounds. Newer versions choose another solver and one softmax over all classes,
and their liblinear refuses more than two classes. Fitted class by class it takes the same steps as then: coefficients
of scikit-learn 1.3.2 and 1.9.1 differ from 0.20.3's by less than 1e-12 on the codes of tests/official_scores.
"""

import joblib
import numpy as np


def fit_machines(x, classes, count, jobs=1, progress=None):
    """One machine a class against the rest (a single one for two classes: the second against the first).

    x         (n, D) numbers
    classes   (n,) integers in [0, count), each of which occurs
    jobs      for joblib
    progress  called with (machines just fitted, of how many)

    Returns (machines, D + 1): coefficients, then the intercept.
    """
    x = np.ascontiguousarray(x, dtype=np.float64)
    positives = range(count) if count > 2 else [1]
    tasks = (joblib.delayed(_fit)(x, classes == positive) for positive in positives)
    machines = []
    for machine in joblib.Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(tasks):
        machines.append(machine)
        if progress is not None:
            progress(1, len(positives))
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


def _fit(x, positive):
    from sklearn.linear_model import LogisticRegression  # takes a second to import

    fitted = LogisticRegression(C=1.0, solver="liblinear", tol=1e-4, max_iter=100).fit(x, positive)
    return np.append(fitted.coef_[0], fitted.intercept_)

"""Gradient-boosted trees as scikit-learn 0.20.3 grows them, for DCI: all factors at once, presorted, in parallel.

Friedman 2001, "Greedy function approximation: a gradient boosting machine"; settings of GradientBoostingClassifier():
100 stages, learning rate 0.1, depth 3, Friedman's split criterion, leaves by one Newton step. Version 0.20.3 is not
today's: multi-class scores start from the class priors themselves, and within a stage a class sees what the classes
before it have just learnt.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import joblib
import numpy as np

from ..cores import available_cores
from .boosting_kernels import DEPTH, GAP, advance_trees, grow_factor, search_trees

STAGES = 100
SHORT = 0.05  # seconds; a call of the kernels that is over sooner gets more trees the next time, to spare hand-overs


class Forest(NamedTuple):
    """Everything that the kernels read and write; F factors, n training points, m test points, D codes.

    A factor owns `rows[f]` consecutive rows of the score arrays: one for two classes, else one a class.
    """

    keys: np.ndarray  # (D, n) training points in a code's order: (run of inseparable values) << shift | point
    loose: np.ndarray  # (D,) bool: a run spans more than GAP, so that parts of it can be split after all
    shift: int
    codes: np.ndarray  # (D, n) float32
    codes_test: np.ndarray  # (D, m) float32
    labels: np.ndarray  # (F, n) int64 class
    first_row: np.ndarray  # (F,) int64
    rows: np.ndarray  # (F,) int64
    scores: np.ndarray  # (R, n)
    scores_test: np.ndarray  # (R, m)
    weights: np.ndarray  # (R, n) exp(score - anchor), the softmax's numerators
    anchors: np.ndarray  # (F, n)
    normalisers: np.ndarray  # (F, n) sum of the weights
    importances: np.ndarray  # (F, D) total decrease of impurity
    residuals: np.ndarray  # (F, n) of the tree being grown, as all that follows
    nodes: np.ndarray  # (F, n) uint8: heap number of the node that holds the point, the root is 1
    slots: np.ndarray  # (F, n) uint8: place of that node among the open ones of its level; 4: closed
    starts: np.ndarray  # (F, 6) int64: where an open node's points begin; [4], [5]: the end
    reciprocals: np.ndarray  # (F, n) 1 / (left * right), position by position of every open node
    counts: np.ndarray  # (F, 16) points, sums and squares of residuals in a node
    sums: np.ndarray
    squares: np.ndarray
    features: np.ndarray  # (F, 16) int64: the code that splits the node, -1 for a leaf
    thresholds: np.ndarray  # (F, 16)
    gains: np.ndarray  # (F, D, 4) best split of each open node by each code
    edges: np.ndarray  # (F, D, 4, 2) int64: the points left and right of it
    scratch: np.ndarray  # (threads, 2n) the orders of two codes, bucketed by node; a row a thread or factor


def boost(codes_train, labels, codes_test, num_classes, seed=0, jobs=1, progress=None, stages=STAGES):
    """Fit one boosted classifier a factor.

    codes_train   (n, D), codes_test (m, D): cast to float32, finite
    labels        (n, F) int64 in [0, num_classes[f]), every class present
    num_classes   (F,), each at least 2
    seed          breaks ties between equally good codes, which the original breaks by numpy's global state
    jobs          threads, at least 1; -1: all cores
    progress      called with (trees just grown, of how many), by one thread at a time

    Returns (importances, predicted_train, predicted_test): (D, F) whose columns sum to 1 (0 where no tree could
    split, where the original divides by zero), and class indices (n, F), (m, F). The result depends neither on the
    number of threads nor on what else is fitted in the same call.
    """
    jobs = available_cores() if jobs == -1 else jobs
    forest = plant(codes_train, np.asarray(labels), codes_test, np.asarray(num_classes), jobs)
    grow = _grow_by_code if _is_wide(forest, jobs) else _grow_by_factor
    grow(forest, stages, np.uint64(seed), jobs, progress or (lambda done, total: None))
    totals = forest.importances.sum(axis=1, keepdims=True)
    importances = np.divide(forest.importances, totals, out=np.zeros_like(forest.importances), where=totals > 0)
    return importances.T, _classes(forest, forest.scores), _classes(forest, forest.scores_test)


def _grow_by_factor(forest, stages, seed, jobs, progress):
    """A thread a factor, the longest first."""
    stop, lock, total = threading.Event(), threading.Lock(), stages * int(forest.rows.sum())

    def grow(f):
        first, last, batch = 0, stages * forest.rows[f], 1
        while first < last and not stop.is_set():
            count, began = min(batch, last - first), time.monotonic()
            grow_factor(forest, f, first, first + count, seed)
            with lock:
                progress(count, total)
            first += count
            batch = batch * 2 if time.monotonic() - began < SHORT else batch

    longest_first = np.argsort(-forest.rows, kind="stable")
    try:
        joblib.Parallel(n_jobs=jobs, backend="threading")(joblib.delayed(grow)(f) for f in longest_first)
    finally:
        stop.set()  # after Ctrl-C the threads end with the trees in hand


def _grow_by_code(forest, stages, seed, jobs, progress):
    """All factors in step, the threads shared out over pairs of factor and code; they meet after each part of a tree.

    Threads of our own, which end with the call: a process that has used OpenMP's cannot be forked, and joblib's back
    end may make the calls one after another, which would never meet.
    """
    barrier, total = threading.Barrier(jobs), stages * int(forest.rows.sum())

    def grow(thread):
        try:
            for step in range(stages * int(forest.rows.max())):
                active = np.flatnonzero(step < stages * forest.rows)
                for level in range(DEPTH):
                    advance_trees(forest, active, step, level, seed, thread, jobs)
                    barrier.wait()
                    search_trees(forest, active, level, thread, jobs)
                    barrier.wait()
                advance_trees(forest, active, step, DEPTH, seed, thread, jobs)
                if thread == 0:
                    progress(len(active), total)
        except threading.BrokenBarrierError:
            pass  # another thread failed or was interrupted, and says so
        except BaseException:
            barrier.abort()
            raise

    with ThreadPoolExecutor(jobs) as pool:
        try:
            list(pool.map(grow, range(jobs)))  # raises what a thread has raised
        finally:
            barrier.abort()


def _is_wide(forest, jobs):
    """Whether threads are better spent on codes: factors cannot keep them busy, and the codes are many enough."""
    busy_by_factor = forest.rows.sum() / forest.rows.max()
    return jobs > busy_by_factor and len(forest.keys) >= 8 * jobs


def plant(codes_train, labels, codes_test, num_classes, jobs=1):
    """The Forest before its first tree: presorted codes and the scores of the priors."""
    codes, codes_test = (np.ascontiguousarray(np.asarray(c, dtype=np.float32).T) for c in (codes_train, codes_test))
    (num_codes, n), num_factors = codes.shape, labels.shape[1]
    keys, loose, shift = presort(codes)
    rows = np.where(num_classes == 2, 1, num_classes).astype(np.int64)
    priors = np.concatenate([_prior(labels[:, f], num_classes[f]) for f in range(num_factors)])
    node = {name: np.zeros((num_factors, 16)) for name in ("counts", "sums", "squares", "thresholds")}
    return Forest(
        keys=keys,
        loose=loose,
        shift=shift,
        codes=codes,
        codes_test=codes_test,
        labels=np.ascontiguousarray(labels.T, dtype=np.int64),
        first_row=np.cumsum(rows) - rows,
        rows=rows,
        scores=np.repeat(priors[:, None], n, axis=1),
        scores_test=np.repeat(priors[:, None], codes_test.shape[1], axis=1),
        weights=np.zeros((len(priors), n)),
        anchors=np.zeros((num_factors, n)),
        normalisers=np.zeros((num_factors, n)),
        importances=np.zeros((num_factors, num_codes)),
        residuals=np.zeros((num_factors, n)),
        nodes=np.zeros((num_factors, n), dtype=np.uint8),
        slots=np.zeros((num_factors, n), dtype=np.uint8),
        starts=np.zeros((num_factors, 6), dtype=np.int64),
        reciprocals=np.zeros((num_factors, n)),
        features=np.full((num_factors, 16), -1, dtype=np.int64),
        gains=np.zeros((num_factors, num_codes, 4)),
        edges=np.zeros((num_factors, num_codes, 4, 2), dtype=np.int64),
        scratch=np.zeros((max(jobs, num_factors), 2 * n), dtype=keys.dtype),
        **node,
    )


def presort(codes):
    """Order the points by each code, `codes` (D, n) float32: (keys, loose, shift) as the Forest describes them."""
    n = codes.shape[1]
    shift, dtype = (16, np.uint32) if n <= 1 << 16 else (32, np.uint64)
    keys, loose = np.empty(codes.shape, dtype=dtype), np.zeros(len(codes), dtype=bool)
    for d, values in enumerate(codes):
        order = np.argsort(values, kind="stable")
        values = values[order]
        run = np.concatenate([[0], np.cumsum(values[1:] > values[:-1] + GAP)])
        keys[d] = (run.astype(dtype) << dtype(shift)) | order.astype(dtype)
        ends = np.flatnonzero(np.diff(run, append=-1))
        starts = np.concatenate([[0], ends[:-1] + 1])
        loose[d] = np.any(values[ends] > values[starts] + GAP)
    return keys, loose, shift


def _prior(labels, classes):
    counts = np.bincount(labels, minlength=classes)
    return np.log(counts[1:] / counts[0]) if classes == 2 else counts / len(labels)


def _classes(forest, scores):
    columns = []
    for first, rows in zip(forest.first_row, forest.rows):
        own = scores[first : first + rows]
        columns.append(own[0] > 0 if rows == 1 else np.argmax(own, axis=0))
    return np.stack(columns, axis=1).astype(np.int64)

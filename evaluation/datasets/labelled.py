"""Points with labels that need not be a full grid: each draw of the protocol becomes a draw from the points there are.

Points that train and test are subsets, none in both. A vote of FactorVAE is drawn as in the challenge: a factor, the
value that some point has of it, and then points that share this value, each as likely as any other each time. On a full
grid the scores agree with the challenge's but for sampling error.
"""

from typing import NamedTuple, Optional, Tuple

import numpy as np

from ..errors import InputError, NotDefined
from ..metrics.arrays import as_array, check_factors
from ..metrics.information import as_variables
from ..protocol import VOTE_SIZE
from ..samples import Counts

LEAST = 100  # points that a table must have
LEAST_EACH = 50  # where those for training and those for testing are given apart
MOST_VALUES = 256  # of a factor; one with more is taken for continuous


class Table(NamedTuple):
    """Labels of points, checked by `make_table`."""

    factors: np.ndarray  # (n, F) int64
    names: Tuple[str, ...]  # of the factors
    num_train: Optional[int] = None  # the points before it are for training, the others for testing; None: either


def make_table(factors, names=None, num_train=None, num_images=None):
    """The Table of `factors` (n, F) integers. InputError names what is wrong with them.

    num_images  how many rows there must be; None: any number
    """
    factors = as_array(factors, "labels")
    num_points = factors.shape[0] if factors.ndim and num_images is None else num_images
    factors = check_factors(factors, num_points, "labels", like="images")
    names = tuple(names) if names is not None else tuple(f"factor {f}" for f in range(factors.shape[1]))
    if len(names) != factors.shape[1]:
        raise InputError(f"factor names: {len(names)}, expected {factors.shape[1]}, as there are factors")
    if len(factors) < LEAST:
        raise InputError(f"labels: {len(factors)} points, expected at least {LEAST}")
    if num_train is not None and min(num_train, len(factors) - num_train) < LEAST_EACH:
        raise InputError(
            f"labels: {num_train} points for training and {len(factors) - num_train} for testing, expected at least "
            f"{LEAST_EACH} of each"
        )
    for name, column in zip(names, factors.T):
        if len(np.unique(column)) > MOST_VALUES:
            raise InputError(
                f"{name}: {len(np.unique(column))} values, expected at most {MOST_VALUES}; "
                "a continuous factor must be cut into bins (--bins with --codes, `bins:` in an image set's YAML file)"
            )
    return Table(factors, names, num_train)


def count(table, sizes):
    """The samples.Counts of `table`: the challenge's where there are points enough, else in its proportion."""
    n, both = len(table.factors), sizes.train + sizes.test
    if table.num_train is not None:
        train = min(table.num_train, sizes.train)
        return Counts(train, min(n - table.num_train, sizes.test), train, sizes.train_votes)
    train = sizes.train if n >= both else round(n * sizes.train / both)
    return Counts(train, min(n - train, sizes.test), min(n, sizes.train), sizes.train_votes)


def plan_table(table, part, seed, sizes, report):
    """Which points `part` asks for, and its labels: {array: (n,) int64}, {array: (rows, …)}, as stored.plan returns.

    NotDefined, with the factor's name and value, for votes that too few points share.
    """
    return _PLANS[part](table, np.random.RandomState(seed), sizes, report)


def _plan_points(table, random_state, sizes, report):
    counts, halves = count(table, sizes), _halves(table)
    shuffled = [random_state.permutation(rows) for rows in halves]
    if len(halves) == 1:
        chosen = shuffled[0][: counts.train + counts.test]
    else:
        chosen = np.concatenate([shuffled[0][: counts.train], shuffled[1][: counts.test]])
    report.say(f"{len(table.factors)} points: {counts.train} train DCI and SAP, {counts.test} test them")
    # Values are numbered from 0 in their order, as on a grid: IRS depends on how far apart they are.
    return {"points": chosen}, {"points": as_variables(table.factors).T[chosen]}


def _plan_votes(table, random_state, sizes, report):
    halves = [(rows, _group(table, rows)) for rows in _halves(table)]
    for _, groups in halves:
        _check_groups(table, groups, report)
    positions, fixed = [], []
    reference = random_state.permutation(halves[0][0])[: sizes.reference]
    for (rows, groups), number in ((halves[0], sizes.train_votes), (halves[-1], sizes.test_votes)):
        for _ in range(number):
            factor = random_state.randint(table.factors.shape[1])
            value = table.factors[rows[random_state.randint(len(rows))], factor]
            group = groups[factor][value]
            positions.append(group[random_state.randint(len(group), size=VOTE_SIZE)])
            fixed.append(factor)
    return {"variances": reference, "local_variances": np.concatenate(positions)}, {"local_variances": np.array(fixed)}


def _plan_pairs(table, random_state, sizes, report):
    halves = [(rows, _group(table, rows)) for rows in _halves(table)]
    positions, fixed = [], []
    for (rows, groups), number in ((halves[0], sizes.train_votes), (halves[-1], sizes.test_votes)):
        for _ in range(number):
            factor = random_state.randint(table.factors.shape[1])
            first = rows[random_state.randint(len(rows), size=VOTE_SIZE)]
            shared = [groups[factor][value] for value in table.factors[first, factor]]
            positions += [first, np.array([group[random_state.randint(len(group))] for group in shared])]
            fixed.append(factor)
    return {"differences": np.concatenate(positions)}, {"differences": np.array(fixed)}


_PLANS = {"points": _plan_points, "votes": _plan_votes, "pairs": _plan_pairs}


def _halves(table):
    """The rows for training and those for testing, or all rows where the table has no num_train."""
    rows = np.arange(len(table.factors))
    return [rows] if table.num_train is None else [rows[: table.num_train], rows[table.num_train :]]


def _group(table, rows):
    """For each factor {value: the rows that have it}."""
    groups = []
    for column in table.factors[rows].T:
        order = np.argsort(column, kind="stable")
        values, starts = np.unique(column[order], return_index=True)
        groups.append(dict(zip(values.tolist(), np.split(rows[order], starts[1:]))))
    return groups


def _check_groups(table, groups, report):
    """Report how many points share each value; NotDefined if they are too few for a vote."""
    for name, group in zip(table.names, groups):
        sizes = {value: len(rows) for value, rows in group.items()}
        least, most = min(sizes, key=sizes.get), max(sizes.values())
        report.say(f"{name}: {len(sizes)} values, {sizes[least]} to {most} points share one")
        if sizes[least] < VOTE_SIZE:
            raise NotDefined(
                f"{name}: {sizes[least]} points share the value {least}, expected at least {VOTE_SIZE}, a vote's size"
            )

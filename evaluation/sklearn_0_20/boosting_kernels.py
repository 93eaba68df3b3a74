"""The compiled part of boosting.py: trees of one factor, or one thread's share in a tree of each of many factors.

Sums run over points in the codes' order as in the original, so that equally good splits stay equally good.
"""

import math

import numpy as np

from ..compiled import njit

DEPTH, LEARNING_RATE = 3, 0.1
PURE, GAP = 1e-7, np.float32(1e-7)  # a node whose residuals vary less is not split, codes that are closer not separated
CLOSED = 4  # slot of the points that are in no open node
NO_SPLIT = -1.0


@njit
def grow_factor(forest, f, first, last, seed):
    """Grow the trees `first` to `last` - 1 of factor f and add them to the factor's scores."""
    for step in range(first, last):
        _begin(forest, f, step)
        for level in range(DEPTH):
            for code in range(0, forest.keys.shape[0], 2):
                _search(forest, f, code, level, forest.scratch[f])
            _split(forest, f, step, level, seed)
        _finish(forest, f, step)


@njit
def search_trees(forest, active, level, thread, threads):
    """The best splits by this thread's share of all pairs of codes and factors in `active`."""
    half = (forest.keys.shape[0] + 1) // 2  # codes are searched two at a time
    pairs = len(active) * half
    for pair in range(thread * pairs // threads, (thread + 1) * pairs // threads):
        _search(forest, active[pair // half], pair % half * 2, level, forest.scratch[thread])


@njit
def advance_trees(forest, active, step, level, seed, thread, threads):
    """This thread's factors of `active`: begin tree `step` (level 0) or split the level above; at DEPTH finish it."""
    for f in active[active % threads == thread]:
        if level == 0:
            _begin(forest, f, step)
        else:
            _split(forest, f, step, level - 1, seed)
        if level == DEPTH:
            _finish(forest, f, step)


@njit
def _begin(forest, f, step):
    """Residuals y - p of the class in turn; all points in the root."""
    rows, first, n = forest.rows[f], forest.first_row[f], forest.labels.shape[1]
    k = step % rows
    if step == 0 and rows > 1:
        for i in range(n):
            _anchor(forest, f, i)
    total = square = 0.0
    for i in range(n):
        if rows == 1:
            residual = forest.labels[f, i] - 1.0 / (1.0 + math.exp(-forest.scores[first, i]))
        else:
            residual = (forest.labels[f, i] == k) - forest.weights[first + k, i] / forest.normalisers[f, i]
        forest.residuals[f, i] = residual
        forest.nodes[f, i] = 1
        total += residual
        square += residual * residual
    forest.counts[f, 1], forest.sums[f, 1], forest.squares[f, 1] = n, total, square
    forest.features[f] = -1
    _open(forest, f, 0)


@njit
def _anchor(forest, f, i):
    """Recompute the softmax of point i against its largest score."""
    first, last = forest.first_row[f], forest.first_row[f] + forest.rows[f]
    largest = forest.scores[first, i]
    for row in range(first + 1, last):
        largest = max(largest, forest.scores[row, i])
    total = 0.0
    for row in range(first, last):
        forest.weights[row, i] = math.exp(forest.scores[row, i] - largest)
        total += forest.weights[row, i]
    forest.anchors[f, i], forest.normalisers[f, i] = largest, total


@njit
def _impurity(forest, f, node):
    mean = forest.sums[f, node] / forest.counts[f, node]
    return forest.squares[f, node] / forest.counts[f, node] - mean * mean


@njit
def _open(forest, f, level):
    """Lay out the level's nodes that may be split, and tell each point its node's slot."""
    place = np.full(16, CLOSED, dtype=np.uint8)
    position = 0
    for slot in range(1 << level):
        node = (1 << level) + slot
        forest.starts[f, slot] = position
        if forest.counts[f, node] >= 2 and _impurity(forest, f, node) > PURE:
            place[node] = slot
            size = int(forest.counts[f, node])
            for left in range(1, size):
                forest.reciprocals[f, position + left - 1] = 1.0 / (float(left) * (size - left))
            position += size
    forest.starts[f, (1 << level) :] = position
    for i in range(forest.nodes.shape[1]):
        forest.slots[f, i] = place[forest.nodes[f, i]]


@njit
def _search(forest, f, code, level, scratch):
    """The best split of every open node of factor f by `code` and by the next one; the last may be its own partner."""
    n, mask, pair = forest.keys.shape[1], (1 << forest.shift) - 1, (code, min(code + 1, len(forest.keys) - 1))
    orders = _order(forest, f, pair[0], level, scratch[:n]), _order(forest, f, pair[1], level, scratch[n:])
    sums = np.empty((2, n))
    for slot in range(1 << level):
        begin, end, total = forest.starts[f, slot], forest.starts[f, slot + 1], forest.sums[f, (1 << level) + slot]
        if begin < end:
            _sum_up(orders[0][begin:end], orders[1][begin:end], forest.residuals[f], forest.shift, sums)
            for which in range(2):
                order = orders[which][begin:end]
                gain, at = _best_split(order, sums[which], forest.reciprocals[f, begin:end], total, forest.shift)
                forest.gains[f, pair[which], slot] = gain
                forest.edges[f, pair[which], slot, 0] = np.int64(order[at]) & mask
                forest.edges[f, pair[which], slot, 1] = np.int64(order[at + 1]) & mask


@njit
def _order(forest, f, code, level, scratch):
    """The points in the code's order, as presorted in the root; below it node by node, closed points behind."""
    keys, slots, starts, mask = forest.keys[code], forest.slots[f], forest.starts[f], (1 << forest.shift) - 1
    if level == 0 or starts[CLOSED] == 0:
        return keys
    cursor = starts[:5].copy()
    for i in range(len(keys)):
        key = keys[i]
        slot = slots[np.int64(key) & mask]
        scratch[cursor[slot]] = key
        cursor[slot] += 1
    if forest.loose[code]:
        _regroup(scratch, forest.codes[code], starts, forest.shift)
    return scratch


@njit
def _regroup(keys, values, starts, shift):
    """Number the runs of inseparable values anew inside each node, now that points between them are gone."""
    mask = (1 << shift) - 1
    for slot in range(4):
        run, before = 0, np.int64(0)
        for position in range(starts[slot], starts[slot + 1]):
            point = np.int64(keys[position]) & mask
            if position > starts[slot] and values[point] > values[before] + GAP:
                run += 1
            keys[position] = (run << shift) | point
            before = point


@njit
def _sum_up(first, second, residuals, shift, sums):
    """Running sums of the residuals in two orders: side by side, since each addition waits for the one before."""
    mask = (1 << shift) - 1
    one = two = 0.0
    for i in range(len(first) - 1):
        one += residuals[np.int64(first[i]) & mask]
        two += residuals[np.int64(second[i]) & mask]
        sums[0, i], sums[1, i] = one, two


@njit
def _best_split(keys, sums, reciprocals, total, shift):
    """Friedman's criterion (right * sum_left - left * sum_right)^2 / (left * right): its maximum and where.

    `sums`, of the residuals on the left, become the criterion's values, in a loop of its own that is vectorised.
    """
    size, best, at = len(keys), NO_SPLIT, 0
    for i in range(size - 1):
        difference = (size - i - 1) * sums[i] - (i + 1) * (total - sums[i])
        sums[i] = difference * difference * reciprocals[i]
    for i in range(size - 1):
        if sums[i] > best and (keys[i] >> shift) != (keys[i + 1] >> shift):
            best, at = sums[i], i
    return best, at


@njit
def _split(forest, f, step, level, seed):
    """Split the level's open nodes where the search found the best place, and move the points."""
    grown = False
    for slot in range(1 << level):
        node = (1 << level) + slot
        if forest.starts[f, slot] < forest.starts[f, slot + 1]:
            code = _choose(forest.gains[f, :, slot], seed, step * 16 + node, f)
            if code >= 0:
                grown = True
                low = forest.codes[code, forest.edges[f, code, slot, 0]]
                high = forest.codes[code, forest.edges[f, code, slot, 1]]
                middle = (low + high) / np.float32(2)
                forest.features[f, node] = code
                forest.thresholds[f, node] = low if middle == high else middle
    if grown:
        _move(forest, f, level)
        _account(forest, f, level)
        if level + 1 < DEPTH:
            _open(forest, f, level + 1)
    else:
        forest.starts[f, :] = 0


@njit
def _choose(gains, seed, tree, f):
    """The code with the largest gain, ties broken at random as if codes came in random order; -1: none splits."""
    best, chosen, priority = NO_SPLIT, -1, np.uint64(0)
    for code in range(len(gains)):
        if gains[code] > best:
            best, chosen, priority = gains[code], code, _hash(seed, tree, f, code)
        elif gains[code] == best and chosen >= 0:
            other = _hash(seed, tree, f, code)
            if other > priority:
                chosen, priority = code, other
    return chosen


@njit
def _hash(seed, tree, f, code):
    """A well-mixed 64-bit number (the finaliser of SplitMix64, Steele et al. 2014, chained)."""
    state = np.uint64(seed)
    for part in (tree, f, code):
        state += np.uint64(part) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return state


@njit
def _move(forest, f, level):
    """Send the points of split nodes to their children and sum the residuals there."""
    for node in range(2 << level, 4 << level):
        forest.counts[f, node] = forest.sums[f, node] = forest.squares[f, node] = 0.0
    for i in range(forest.nodes.shape[1]):
        node = forest.nodes[f, i]
        code = forest.features[f, node]
        if code >= 0:
            node = 2 * node + (forest.codes[code, i] > forest.thresholds[f, node])
            forest.nodes[f, i] = node
            residual = forest.residuals[f, i]
            forest.counts[f, node] += 1
            forest.sums[f, node] += residual
            forest.squares[f, node] += residual * residual


@njit
def _account(forest, f, level):
    """Credit the decrease of impurity to the codes that split."""
    for node in range(1 << level, 2 << level):
        code = forest.features[f, node]
        if code >= 0:
            decrease = forest.counts[f, node] * _impurity(forest, f, node)
            for child in (2 * node, 2 * node + 1):
                decrease -= forest.counts[f, child] * _impurity(forest, f, child)
            forest.importances[f, code] += decrease


@njit
def _finish(forest, f, step):
    """Leaves by one Newton step, added to the scores of the training and the test points."""
    rows, n = forest.rows[f], forest.nodes.shape[1]
    k, row = step % rows, forest.first_row[f] + step % rows
    up, down = np.zeros(16), np.zeros(16)
    for i in range(n):
        node, residual = forest.nodes[f, i], forest.residuals[f, i]
        y = forest.labels[f, i] if rows == 1 else forest.labels[f, i] == k
        up[node] += residual
        down[node] += (y - residual) * (1.0 - y + residual)
    for node in range(16):
        factor = 1.0 if rows == 1 else (rows - 1) / rows
        up[node] = LEARNING_RATE * (up[node] * factor / down[node]) if abs(down[node]) >= 1e-150 else 0.0
    for i in range(n):
        forest.scores[row, i] += up[forest.nodes[f, i]]
        if rows > 1:
            _reweigh(forest, f, row, i)
    for i in range(forest.codes_test.shape[1]):
        node = 1
        while forest.features[f, node] >= 0:
            node = 2 * node + (forest.codes_test[forest.features[f, node], i] > forest.thresholds[f, node])
        forest.scores_test[row, i] += up[node]


@njit
def _reweigh(forest, f, row, i):
    """Renew one numerator of point i's softmax; all of them where the sum has grown or shrunk too far."""
    weight = math.exp(forest.scores[row, i] - forest.anchors[f, i])
    total = forest.normalisers[f, i] + (weight - forest.weights[row, i])
    forest.weights[row, i], forest.normalisers[f, i] = weight, total
    if not 1e-3 < total < 1e3:
        _anchor(forest, f, i)

"""The challenge's own ranking of entries, by the five scores, one entry a participant."""

import math
from typing import NamedTuple


class Entry(NamedTuple):
    """One submission of a participant."""

    entrant: str
    name: str
    scores: dict  # {metric: score}, higher is better


class Placed(NamedTuple):
    """An entry that stands in the ranking."""

    entry: Entry
    ranks: dict  # {metric: rank among the entries that stand}, from 1; equal scores share the best rank
    mean_rank: float


def official_ranking(entries):
    """The Placed entry of each entrant, the best first.

    Each score gives an entry the rank 1 + the number of strictly greater scores; the mean of its ranks decides. First
    all entries compete: the one with the least mean rank stands for its entrant, and all entries of that entrant are
    taken out. The rest compete anew, and so on, until each entrant has one entry. At last the ranks are computed
    among these entries alone.

    Which entries compete in which round was read off the platform's program. Inferred is one thing: where mean ranks
    are equal, the entry that comes first in `entries` wins. The platform orders its final table so, by the time of
    submission; which of two equal entries stands for an entrant it leaves to its database.

    ValueError if there is no entry, if entries do not have the same metrics, or for a score that is not a number.
    """
    _check(entries)
    standing, rest = [], list(entries)
    while rest:
        best = min(rank_entries(rest), key=_mean_rank).entry
        standing.append(best)
        rest = [entry for entry in rest if entry.entrant != best.entrant]
    standing = [entry for entry in entries if any(entry is one for one in standing)]
    return sorted(rank_entries(standing), key=_mean_rank)


def rank_entries(entries):
    """Placed for each of `entries`, in their order, ranked among them."""
    found = []
    for entry in entries:
        ranks = {name: 1 + sum(other.scores[name] > own for other in entries) for name, own in entry.scores.items()}
        found.append(Placed(entry, ranks, sum(ranks.values()) / len(ranks)))
    return found


def _mean_rank(placed):
    return placed.mean_rank


def _check(entries):
    if not entries:
        raise ValueError("no entries, expected at least one")
    for entry in entries:
        who = f"{entry.entrant}, {entry.name}"
        if set(entry.scores) != set(entries[0].scores):
            raise ValueError(f"{who}: scores {sorted(entry.scores)}, expected {sorted(entries[0].scores)}")
        for metric, score in entry.scores.items():
            if math.isnan(score):
                raise ValueError(f"{who}: {metric} is not a number")

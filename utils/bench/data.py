"""What a data set costs to open and to read, and how many of its images differ.

    python -m utils.bench data NAME

A random batch is set against the bare cost of its bytes: one preadv(2) for each of the same images in the same order
into a batch that is held ready, measured in the same run in turns.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import time

import numpy as np
from tqdm import tqdm

from utils.data import load
from utils.data.storage.mapped import drop_from_memory, read_without_waiting
from utils.errors import Parser
from utils.grader.environment import read_environment
from utils.memory import keep_freed_memory

BATCH = 128  # images
ROUNDS = 101  # batches of each kind; the median counts
STILL_THERE = 0.05  # share of a batch that may still be in memory when it is called cold


def main(arguments):
    description = "What a data set costs to open and to read, and how many of its images differ."
    parser = Parser(prog="python -m utils.bench data", description=description)
    parser.add_argument("name", help="of `python -m utils.data list`, or a path")
    parser.add_argument("--data", metavar="FOLDER", default=read_environment().data_root, help="the data sets' folder")
    options = parser.parse_args(arguments)
    bench(options.name, options.data)


def bench(name, root):
    """Print the table of the data set `name` under `root`, row by row as it is measured."""
    keep_freed_memory()  # as train.py and local_evaluation.py do: a batch's memory is not new each time
    memory, began, worked = own_memory(), time.perf_counter(), time.process_time()
    data = load(name, root)
    opened, worked = time.perf_counter() - began, time.process_time() - worked
    images = data.images
    print(f"{data.name}: {len(images):,} images, {images.nbytes:,} bytes, {getattr(images, 'filename', 'in no file')}")
    print(f"{'opened in':<24}{opened:>10.3f} s, of which {worked:.3f} s at work")
    print(f"{f'batch of {BATCH}, random':<24}{'the kit':>13}{'bare reads':>13}{'ratio':>8}", flush=True)
    for kind in ("warm", "cold"):
        print(f"  {kind:<22}{batch_row(images, kind == 'cold')}", flush=True)
    print(f"{'memory of its own':<24}{memory_row(memory)}", flush=True)
    print(f"{'distinct images':<24}{count_distinct(images):>10,} of {len(images):,}")


def batch_row(images, cold):
    """The row's numbers as text, or why there are none."""
    if not isinstance(images, np.memmap):
        ours = "-" if cold else f"{seconds_of(images, ROUNDS) * 1e3:.3f} ms"
        return f"{ours:>13}{'-':>13}{'-':>8}  (no mapped file to compare with)"
    handle = os.open(str(images.filename), os.O_RDONLY)
    try:
        times = [measure_batch(images, handle, number, cold) for number in range(ROUNDS)]
    except NotCold as reason:
        return f"{'-':>13}{'-':>13}{'-':>8}  ({reason})"
    finally:
        os.close(handle)
    ours, bare = (statistics.median(kind) for kind in zip(*times))
    return f"{ours * 1e3:>10.3f} ms{bare * 1e3:>10.3f} ms{ours / bare:>8.2f}"


class NotCold(Exception):
    """A file could not be dropped from memory; the message says why."""


def measure_batch(images, handle, number, cold):
    """Seconds of batch `number` (through `images`, by bare reads of the file `handle`), in turns the first or last."""
    positions = np.random.RandomState(number).randint(len(images), size=BATCH)
    size = images[0].nbytes
    places = [images.offset + int(position) * size for position in positions]

    ready = np.empty((BATCH, size), np.uint8)

    def bare():
        for image, place in zip(ready, places):
            os.preadv(handle, [image], place)

    calls, found = [lambda: images[positions], bare], [0.0, 0.0]
    if not cold:
        for call in calls:
            call()
    for which in (0, 1) if number % 2 else (1, 0):
        if cold:
            forget(images, handle, ready, places)
        began = time.perf_counter()
        calls[which]()
        found[which] = time.perf_counter() - began
    return found


def forget(images, handle, buffers, places):
    """Drop the file of `images` from the system's memory; NotCold if more than a rest of `places` stays there."""
    if not drop_from_memory(images):
        raise NotCold("this system has no posix_fadvise to drop a file from memory")
    there = sum(read_without_waiting(handle, buffers, [place]) for place in places)
    if there > STILL_THERE * len(places):
        raise NotCold("the file stays in memory, perhaps because another process maps it")


def seconds_of(images, rounds):
    """Median seconds of a random batch through `images`."""
    times = []
    for number in range(rounds):
        positions = np.random.RandomState(number).randint(len(images), size=BATCH)
        began = time.perf_counter()
        images[positions]
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def own_memory():
    """Bytes that this process holds beside mapped files, which are the page cache's; None without /proc."""
    try:
        with open("/proc/self/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon:"))
    except (OSError, StopIteration):
        return None


def memory_row(before):
    """What the process holds now, and how much more than `before` the data set was opened."""
    now = own_memory()
    if now is None or before is None:
        return f"{'-':>10}  (not known without /proc/self/status)"
    return f"{now / 2**20:>10.1f} MiB, {(now - before) / 2**20:.1f} MiB of it since before the opening"


def count_distinct(images, block=1024):
    """How many of the images differ, by 128-bit hashes."""
    hashes = np.empty((len(images), 2), np.uint64)
    for first in tqdm(range(0, len(images), block), "hashing", unit="block", leave=False, disable=None):
        for place, image in enumerate(np.asarray(images[first : first + block]), first):
            digest = hashlib.blake2b(np.ascontiguousarray(image), digest_size=16).digest()
            hashes[place] = np.frombuffer(digest, np.uint64)
    return len(np.unique(hashes, axis=0))

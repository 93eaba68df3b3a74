"""Measures of a machine while it trains: how fast, how much memory, and how fast it multiplies matrices at best."""

import statistics
import time

import torch

SIDES = (1024, 2048)  # of the matrices whose product is the measure of the machine


def seconds_a_call(call, device, seconds, calls=3, best=statistics.median, all_reduce_max=lambda values: values):
    """The median (or `best`) time of one `call`, made for `seconds` and at least `calls` times, after one uncounted.

    all_reduce_max: utils.training.distributed's, where each process of a run must make as many calls as the others.
    """
    call()
    times, began = [], time.monotonic()
    while len(times) < calls or all_reduce_max([float(time.monotonic() - began < seconds)])[0]:
        start = time.perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
    return best(times)


def matrix_rate(device, seconds=1.0):
    """Operations a second of the fastest float32 product of two SIDES x SIDES matrices."""
    rates = []
    for side in SIDES:
        one, other = torch.rand(2, side, side, device=device)
        rates.append(2 * side**3 / seconds_a_call(lambda a=one, b=other: a @ b, device, seconds / len(SIDES), best=min))
    return max(rates)

"""Measures of a machine while it trains: how fast, and how fast it multiplies matrices at best."""

import statistics
import time

import torch
from torch.nn import functional

BLOCKS = {"cpu": 1, "cuda": 20}  # calls between two looks at the clock: a GPU that is waited for each time runs dry
SIDES = {"cpu": (1024, 2048), "cuda": (4096, 8192)}  # of the matrices whose product is the measure of the machine


def seconds_a_call(call, device, seconds, best=statistics.median, all_reduce_max=lambda values: values):
    """The median (or `best`) time of one `call`, made for `seconds` and at least three times after one uncounted.

    On a GPU, whose work is waited for at the end of a block of calls alone, it is that of the blocks' means.
    all_reduce_max: utils.training.distributed's, where each process of a run must make as many calls as the others.
    """
    block = BLOCKS[device.type]
    _seconds(call, device, 1)
    times, began = [], time.monotonic()
    while len(times) < 3 or all_reduce_max([float(time.monotonic() - began < seconds)])[0]:
        times.append(_seconds(call, device, block) / block)
    return best(times)


def _seconds(call, device, count):
    """The time of `count` calls, until a GPU has done what they ask for."""
    start = time.perf_counter()
    for _ in range(count):
        call()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def matrix_rate(device, precision="float32", seconds=1.0):
    """Flops a second of the fastest product of two square matrices that was seen, in the precision that trains.

    precision: what Trainer.precision says; the trainer has set the flags that tf32 needs.
    """
    products = [torch.mm]
    if device.type == "cpu" and precision == "float32" and torch.backends.mkldnn.is_available():
        products.append(onednn_product)
    sides = SIDES[device.type]
    each = seconds / len(sides) / len(products)
    return max(_rate(product, side, device, precision, each) for product in products for side in sides)


def _rate(product, side, device, precision, seconds):
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    one, other = torch.rand(2, side, side, device=device).to(dtype)
    return 2 * side**3 / seconds_a_call(lambda: product(one, other), device, seconds, best=min)


def onednn_product(one, other):
    """`one` @ `other`.t() for float32 matrices on a CPU, by oneDNN: on some processors faster than torch.mm's MKL."""
    with torch.no_grad():
        return functional.linear(one.to_mkldnn(), other).to_dense()

"""Measures of a machine while it trains: how fast, and how fast it multiplies matrices at best."""

import statistics
import time

import torch
from torch.nn import functional

SIDES = {"cpu": (1024, 2048), "cuda": (4096, 8192)}  # of the matrices whose product is the measure of the machine


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

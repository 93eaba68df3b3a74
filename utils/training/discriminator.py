"""FactorVAE's discriminator, passed once forward and once backward for both of its uses.

The autoencoder needs the gradient of TC by the codes, the discriminator the gradient of its own loss by its
parameters (Kim & Mnih 2018, algorithm 2). Both losses depend on a sample's two logits through their difference
alone: one backward pass of that difference serves both, each sample's share weighted as the loss wants it. The plain
form, with which tests/test_trainer.py compares, passes the same layers backward twice.
"""

from typing import NamedTuple

import torch
from torch import nn

from utils.training.linear import products_for


class BothUses(NamedTuple):
    """What one pass tells both losses; n codes and n permuted codes."""

    logits: torch.Tensor  # (n, 2) of the codes, through which the autoencoder's gradient flows to them
    permuted_logits: torch.Tensor  # (n, 2), without gradient
    gradients: list  # of objectives.discriminator_loss by each of the discriminator's parameters, in their order


def discriminate(discriminator, codes, permuted, total):
    """Pass `codes` and `permuted` (n, latents) through the discriminator: BothUses.

    total: of how many codes the discriminator's loss is the mean; more than n where other processes have the rest.
    """
    count, products = len(codes), products_for(codes)
    with torch.no_grad():
        inputs, values = [], torch.cat([codes.detach(), permuted])
        for layer in discriminator.layers:
            inputs.append(values)
            values = products.forward(layer, values) if isinstance(layer, nn.Linear) else layer(values)
        logits = values.to(codes.dtype)
        wrong = torch.sigmoid(logits[:, 1] - logits[:, 0])  # how far each code is from being told as one of q(z)
        wrong[count:] = 1 - wrong[count:]
        weights = 0.5 / total * wrong
        weights[:count].neg_()
        by_codes, gradients = _backward(discriminator.layers, products, inputs, weights.unsqueeze(1), count)
    logits, permuted_logits = logits[:count], logits[count:]
    return BothUses(_Logits.apply(codes, logits, by_codes.to(codes.dtype)), permuted_logits, gradients)


def _backward(layers, products, inputs, weights, count):
    """From logit_0 - logit_1 of each row to its `count` first codes, and to the parameters with rows weighted."""
    gradients = []
    flow = torch.tensor([[1.0, -1.0]], dtype=weights.dtype, device=weights.device).repeat(len(weights), 1)
    for layer, values in zip(reversed(layers), reversed(inputs)):
        if isinstance(layer, nn.Linear):
            weighted = flow * weights
            gradients += [weighted.sum(0), products.by_weight(layer, weighted, values)]
            flow = products.by_values(layer, flow if values is not inputs[0] else flow[:count])
        else:
            flow = torch.ops.aten.leaky_relu_backward(flow, values, layer.negative_slope, False)
    return flow, [gradient.to(layers[0].weight.dtype) for gradient in reversed(gradients)]


class _Logits(torch.autograd.Function):
    """Logits that were computed without a graph, tied to the codes by the gradient of their difference."""

    @staticmethod
    def forward(context, codes, logits, by_codes):
        context.save_for_backward(by_codes)
        return logits.clone()

    @staticmethod
    def backward(context, by_logits):
        (by_codes,) = context.saved_tensors
        return 0.5 * (by_logits[:, :1] - by_logits[:, 1:]) * by_codes, None, None

"""A linear layer's three matrix products, by oneDNN where it can be had.

PyTorch asks its BLAS for them, which on an AMD EPYC had half of oneDNN's rate, and a quarter with PyTorch 1.8.1;
oneDNN, which PyTorch calls for convolutions, has the wider vector units in use there.
"""

import torch


class Blas:
    """As PyTorch computes them by itself."""

    @staticmethod
    def forward(layer, values):
        """`values` (n, inputs) through the layer: (n, outputs)."""
        return layer(values)

    @staticmethod
    def by_values(layer, flow):
        """The gradient `flow` (n, outputs) by the layer's inputs: (n, inputs)."""
        return flow @ layer.weight

    @staticmethod
    def by_weight(layer, flow, values):
        """The gradient `flow` by the layer's weight, of which `values` were the inputs: (outputs, inputs)."""
        return flow.t() @ values.to(flow.dtype)


class OneDnn(Blas):
    """The same by the operators that autograd calls for oneDNN's tensors."""

    @staticmethod
    def forward(layer, values):
        return torch.ops.aten.mkldnn_linear(values.to_mkldnn(), layer.weight, layer.bias).to_dense()

    @staticmethod
    def by_values(layer, flow):
        shape = [len(flow), layer.in_features]
        return torch.ops.aten.mkldnn_linear_backward_input(shape, flow.to_mkldnn(), layer.weight).to_dense()

    @staticmethod
    def by_weight(layer, flow, values):
        operator = torch.ops.aten.mkldnn_linear_backward_weights
        return operator(flow.to_mkldnn(), values.to_mkldnn(), layer.weight, False)[0]


def products_for(values):
    """OneDnn for what it takes, float32 on a CPU outside autocast; else Blas."""
    computed_in = (values[:1] @ values[:1].t()).dtype  # autocast's type where that is on
    taken = values.device.type == "cpu" and computed_in == torch.float32 and torch.backends.mkldnn.is_available()
    return OneDnn if taken and hasattr(torch.ops.aten, "mkldnn_linear_backward_weights") else Blas

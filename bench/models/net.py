"""The builder that the networks of the bench are written with: nodes appended to a graph of the `onnx` package.

Batch norms are written folded into the convolutions, as the exporters of the frameworks write them. Weights keep the
activations of order one, so that no engine meets denormals, infinities or NaN.
"""
import numpy as np
from onnx import TensorProto, helper, numpy_helper


class Net:
    """Appends nodes to a graph; every method returns the name of its output."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants = [], []

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def scalar(self, value):
        return self.constant(np.float32(value))

    def ints(self, *values):
        return self.constant(np.array(values, np.int64))

    def weight(self, *shape, scale):
        return self.constant((self.random.standard_normal(shape, dtype=np.float32) * np.float32(scale)))

    def add(self, op, *inputs, outputs=1, **attributes):
        """Appends a node; the name of its output, or a list of names when it has several."""
        name = f"{op}_{len(self.nodes)}"
        names = [name] if outputs == 1 else [f"{name}.{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=name, **attributes))
        return name if outputs == 1 else names

    def conv(self, x, channels_in, channels_out, kernel, stride=1, groups=1, gain=1.0, pad=None):
        scale = gain * np.sqrt(2.0 / (channels_in // groups * kernel * kernel))
        weight = self.weight(channels_out, channels_in // groups, kernel, kernel, scale=scale)
        pad = (kernel - 1) // 2 if pad is None else pad
        return self.add("Conv", x, weight, self.weight(channels_out, scale=0.01), kernel_shape=[kernel] * 2,
                        strides=[stride] * 2, pads=[pad] * 4, group=groups)

    def linear(self, x, size_in, size_out, gain=1.0, bias=True):
        product = self.add("MatMul", x, self.weight(size_in, size_out, scale=gain / np.sqrt(size_in)))
        return self.add("Add", product, self.weight(size_out, scale=0.01)) if bias else product

    def classify(self, x, channels, classes=1000):
        """Mean over the picture, then one linear layer."""
        x = self.add("Flatten", self.add("GlobalAveragePool", x), axis=1)
        return self.add("Gemm", x, self.weight(classes, channels, scale=0.02), self.weight(classes, scale=0.01), transB=1)

    def norm(self, x, size, epsilon=1e-5):
        """Layer norm over the last axis."""
        scale = self.constant(np.ones(size, np.float32))
        return self.add("LayerNormalization", x, scale, self.weight(size, scale=0.01), axis=-1, epsilon=epsilon)

    def silu(self, x):
        return self.add("Mul", x, self.add("Sigmoid", x))

    def gelu(self, x):
        """The exact form, in the five nodes that exporters write below opset 20."""
        erf = self.add("Erf", self.add("Div", x, self.scalar(np.sqrt(2))))
        return self.add("Mul", self.add("Mul", x, self.add("Add", erf, self.scalar(1))), self.scalar(0.5))

    def model(self, inputs, *outputs, opset=17):
        """The network; outputs are called output, output1 ..."""
        names = ["output" + (str(i) if i else "") for i in range(len(outputs))]
        for name, output in zip(names, outputs):
            self.nodes.append(helper.make_node("Identity", [output], [name], name=name))
        given = [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs]
        made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]
        graph = helper.make_graph(self.nodes, "bench", given, made, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def picture(size, channels=3):
    """The one input of a network that looks at a square picture."""
    return [("input", TensorProto.FLOAT, [1, channels, size, size])]

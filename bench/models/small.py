"""Recurrent taggers, and a network so small that the call is what is measured."""
import numpy as np
from onnx import TensorProto

from .net import Net


def tagger(cell, tokens=128, embedded=128, hidden=256, tags=32, words=10000):
    """Words -> tags over two bidirectional recurrent layers, as torch exports them; cell is "LSTM" or "GRU"."""
    net, gates = Net(len(cell)), {"LSTM": 4, "GRU": 3}[cell]
    x = net.add("Gather", net.weight(words, embedded, scale=0.7), "input_ids")
    x, size = net.add("Transpose", x, perm=[1, 0, 2]), embedded
    for _ in range(2):
        weights = [net.weight(2, gates * hidden, size, scale=1 / np.sqrt(size)),
                   net.weight(2, gates * hidden, hidden, scale=1 / np.sqrt(hidden)),
                   net.weight(2, 2 * gates * hidden, scale=0.02)]
        start = [net.constant(np.zeros((2, 1, hidden), np.float32))] * {"LSTM": 2, "GRU": 1}[cell]
        extra = {"linear_before_reset": 1} if cell == "GRU" else {}
        names = net.add(cell, x, *weights, "", *start, outputs=1 + len(start), direction="bidirectional",
                        hidden_size=hidden, **extra)
        x = net.add("Transpose", names[0], perm=[0, 2, 1, 3])
        x, size = net.add("Reshape", x, net.ints(0, 0, -1)), 2 * hidden
    x = net.linear(net.add("Transpose", x, perm=[1, 0, 2]), size, tags)
    return net.model([("input_ids", TensorProto.INT64, [1, tokens])], x)


def mlp():
    """Three layers of 64x64 with ReLU between: 48 KiB of weights."""
    net, x = Net(64), "input"
    for layer in range(3):
        x = net.linear(x, 64, 64, gain=1.4)
        x = net.add("Relu", x) if layer < 2 else x
    return net.model([("input", TensorProto.FLOAT, [1, 64])], x)

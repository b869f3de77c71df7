"""Builds the networks of the bench on the `onnx` package: published architectures, seeded random weights.

Batch norms are written folded into the convolutions, as the exporters of the frameworks write them. Weights keep the
activations of order one, so that no engine meets denormals, infinities or NaN.
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Net:
    """Appends nodes to a graph; every method returns the name of its output."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants = [], []

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def weight(self, *shape, scale):
        return self.constant((self.random.standard_normal(shape, dtype=np.float32) * np.float32(scale)))

    def add(self, op, *inputs, **attributes):
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def conv(self, x, channels_in, channels_out, kernel, stride=1, groups=1, gain=1.0):
        scale = gain * np.sqrt(2.0 / (channels_in // groups * kernel * kernel))
        weight = self.weight(channels_out, channels_in // groups, kernel, kernel, scale=scale)
        pad = (kernel - 1) // 2
        return self.add("Conv", x, weight, self.weight(channels_out, scale=0.01), kernel_shape=[kernel] * 2,
                        strides=[stride] * 2, pads=[pad] * 4, group=groups)

    def linear(self, x, size_in, size_out, gain=1.0):
        product = self.add("MatMul", x, self.weight(size_in, size_out, scale=gain / np.sqrt(size_in)))
        return self.add("Add", product, self.weight(size_out, scale=0.01))

    def model(self, inputs, output, opset=17):
        self.nodes.append(helper.make_node("Identity", [output], ["output"], name="output"))
        given = [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs]
        made = [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)]
        graph = helper.make_graph(self.nodes, "bench", given, made, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def resnet50():
    net = Net(50)
    x = net.add("Relu", net.conv("input", 3, 64, 7, 2))
    x = net.add("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    channels = 64
    for stage, (blocks, width) in enumerate([(3, 64), (4, 128), (6, 256), (3, 512)]):
        for block in range(blocks):
            stride = 2 if block == 0 and stage > 0 else 1
            y = net.add("Relu", net.conv(x, channels, width, 1))
            y = net.add("Relu", net.conv(y, width, width, 3, stride))
            y = net.conv(y, width, 4 * width, 1, gain=0.3)
            if block == 0:
                x = net.conv(x, channels, 4 * width, 1, stride, gain=0.7)
            x, channels = net.add("Relu", net.add("Add", y, x)), 4 * width
    x = net.add("Flatten", net.add("GlobalAveragePool", x), axis=1)
    x = net.add("Gemm", x, net.weight(1000, 2048, scale=0.02), net.weight(1000, scale=0.01), transB=1)
    return net.model([("input", TensorProto.FLOAT, [1, 3, 224, 224])], x)


def mobilenet_v2():
    net = Net(2)

    def relu6(x):
        return net.add("Clip", x, net.constant(np.float32(0)), net.constant(np.float32(6)))

    x, channels = relu6(net.conv("input", 3, 32, 3, 2)), 32
    rows = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]
    for expand, width, repeat, first_stride in rows:
        for block in range(repeat):
            stride, hidden, y = first_stride if block == 0 else 1, channels * expand, x
            if expand != 1:
                y = relu6(net.conv(y, channels, hidden, 1))
            y = relu6(net.conv(y, hidden, hidden, 3, stride, groups=hidden))
            y = net.conv(y, hidden, width, 1, gain=0.7)
            x = net.add("Add", x, y) if stride == 1 and channels == width else y
            channels = width
    x = relu6(net.conv(x, 320, 1280, 1))
    x = net.add("Flatten", net.add("GlobalAveragePool", x), axis=1)
    x = net.add("Gemm", x, net.weight(1000, 1280, scale=0.02), net.weight(1000, scale=0.01), transB=1)
    return net.model([("input", TensorProto.FLOAT, [1, 3, 224, 224])], x)


def bert_base(length=128, hidden=768, layers=12, heads=12):
    net = Net(12)
    head = hidden // heads

    def norm(x):
        scale = net.constant(np.ones(hidden, np.float32))
        return net.add("LayerNormalization", x, scale, net.weight(hidden, scale=0.01), axis=-1, epsilon=1e-12)

    def split_heads(x, perm):
        shape = net.constant(np.array([0, 0, heads, head], np.int64))
        return net.add("Transpose", net.add("Reshape", x, shape), perm=perm)

    def gelu(x):
        erf = net.add("Erf", net.add("Div", x, net.constant(np.float32(np.sqrt(2)))))
        product = net.add("Mul", x, net.add("Add", erf, net.constant(np.float32(1))))
        return net.add("Mul", product, net.constant(np.float32(0.5)))

    word = net.add("Gather", net.weight(30522, hidden, scale=0.5), "input_ids")
    kind = net.add("Gather", net.weight(2, hidden, scale=0.5), "token_type_ids")
    x = norm(net.add("Add", net.add("Add", word, kind), net.weight(1, length, hidden, scale=0.5)))
    mask = net.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    mask = net.add("Unsqueeze", mask, net.constant(np.array([1, 2], np.int64)))
    mask = net.add("Mul", net.add("Sub", net.constant(np.float32(1)), mask), net.constant(np.float32(-1e4)))
    for _ in range(layers):
        q = split_heads(net.linear(x, hidden, hidden), [0, 2, 1, 3])
        k = split_heads(net.linear(x, hidden, hidden), [0, 2, 3, 1])
        v = split_heads(net.linear(x, hidden, hidden), [0, 2, 1, 3])
        scores = net.add("Div", net.add("MatMul", q, k), net.constant(np.float32(np.sqrt(head))))
        context = net.add("MatMul", net.add("Softmax", net.add("Add", scores, mask), axis=-1), v)
        context = net.add("Reshape", net.add("Transpose", context, perm=[0, 2, 1, 3]),
                          net.constant(np.array([0, 0, hidden], np.int64)))
        x = norm(net.add("Add", net.linear(context, hidden, hidden), x))
        wide = gelu(net.linear(x, hidden, 4 * hidden))
        x = norm(net.add("Add", net.linear(wide, 4 * hidden, hidden), x))
    names = ("input_ids", "attention_mask", "token_type_ids")
    return net.model([(name, TensorProto.INT64, [1, length]) for name in names], x)


def mlp():
    net, x = Net(64), "input"
    for layer in range(3):
        x = net.linear(x, 64, 64, gain=1.4)
        x = net.add("Relu", x) if layer < 2 else x
    return net.model([("input", TensorProto.FLOAT, [1, 64])], x)


BUILT = {"resnet50": resnet50, "mobilenet_v2": mobilenet_v2, "bert_base_128": bert_base, "mlp_64x4": mlp}
# Out of the wheels that tests/data names, with the shape each is run at.
FETCHED = {"ppocr_v4_det": [1, 3, 320, 480], "ppocr_v4_rec": [1, 3, 48, 320], "ppocr_cls": [1, 3, 48, 192]}
NAMES = list(BUILT) + list(FETCHED)
# 2 x multiply-accumulates of one inference, where the architecture says it.
GFLOP = {"resnet50": 8.18, "mobilenet_v2": 0.602, "bert_base_128": 22.35, "mlp_64x4": 3 * 2 * 64 * 64e-9}


def path_of(name, folder):
    """The model file, built or fetched when it is not there."""
    if name in FETCHED:
        import fetch_models
        return fetch_models.fetch(name)
    path = folder / f"{name}.onnx"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        onnx.save(BUILT[name](), part)
        part.rename(path)
    return path


def inputs_of(name):
    """Random inputs in the order of the model's inputs: {name: array}."""
    random = np.random.default_rng(7)
    if name == "bert_base_128":
        ids = random.integers(0, 30522, (1, 128), dtype=np.int64)
        return {"input_ids": ids, "attention_mask": np.ones((1, 128), np.int64),
                "token_type_ids": np.zeros((1, 128), np.int64)}
    shape = FETCHED.get(name) or ([1, 64] if name == "mlp_64x4" else [1, 3, 224, 224])
    return {"x" if name in FETCHED else "input": random.standard_normal(shape, dtype=np.float32)}

"""What an inference has to do: arithmetic and bytes of an ONNX network, counted from its shapes."""
from math import prod

import onnx
from onnx import shape_inference


def matmul_flop(node, shapes):
    a, out = shapes[node.input[0]], shapes[node.output[0]]
    return 2 * prod(out) * a[-1]


def gemm_flop(node, shapes):
    a, transposed = shapes[node.input[0]], any(i.name == "transA" and i.i for i in node.attribute)
    return 2 * prod(shapes[node.output[0]]) * a[0 if transposed else 1]


def conv_flop(node, shapes):
    return 2 * prod(shapes[node.output[0]]) * prod(shapes[node.input[1]][1:])


def transposed_conv_flop(node, shapes):
    return 2 * prod(shapes[node.input[0]]) * prod(shapes[node.input[1]][1:])


def recurrent_flop(node, shapes):
    steps, batch = shapes[node.input[0]][:2]
    return 2 * steps * batch * (prod(shapes[node.input[1]]) + prod(shapes[node.input[2]]))


FLOP = {"MatMul": matmul_flop, "Gemm": gemm_flop, "Conv": conv_flop, "ConvTranspose": transposed_conv_flop,
        "LSTM": recurrent_flop, "GRU": recurrent_flop}


def work_of(path, feeds):
    """{"gflop", "weight_mb", "least_mb"} of one inference on `feeds`; None where it cannot be told from the graph.

    gflop counts two per multiply-accumulate of matrix products, convolutions and recurrent layers. least_mb is what
    must move at f32 if nothing stays in a cache: weights that are multiplied, inputs and outputs.
    """
    model = onnx.load(str(path))
    for value in model.graph.input:
        if value.name in feeds:
            dims = value.type.tensor_type.shape
            dims.ClearField("dim")
            for size in feeds[value.name].shape:
                dims.dim.add().dim_value = size
    model = shape_inference.infer_shapes(model, data_prop=True)
    graph = model.graph
    constants = {t.name: list(t.dims) for t in graph.initializer}
    constants.update({node.output[0]: list(node.attribute[0].t.dims) for node in graph.node if node.op_type == "Constant"})
    shapes = dict(constants)
    for value in [*graph.value_info, *graph.input, *graph.output]:
        dims = value.type.tensor_type.shape.dim
        shapes.setdefault(value.name, [d.dim_value if d.HasField("dim_value") else None for d in dims])
    multiplied = {name for node in graph.node if node.op_type in FLOP for name in node.input}
    weights = 4 * sum(prod(dims) for name, dims in constants.items() if name in multiplied)
    try:
        gflop = sum(FLOP[node.op_type](node, shapes) for node in graph.node if node.op_type in FLOP) * 1e-9
        moved = weights + sum(a.nbytes for a in feeds.values()) + 4 * sum(prod(shapes[o.name]) for o in graph.output)
    except (KeyError, TypeError, IndexError):  # a shape that is not known
        return None
    if not gflop:  # all of it is in the branches of an If
        return None
    return {"gflop": gflop, "weight_mb": weights * 1e-6, "least_mb": moved * 1e-6}

"""Small models that the tests of the Python module share; written by the `onnx` package into a folder of the session."""
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper


def save(path, nodes, inputs, outputs, constants=(), opset=17):
    def info(rows):
        return [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in rows]

    graph = helper.make_graph(nodes, "test", info(inputs), info(outputs), [numpy_helper.from_array(a, n) for n, a in constants])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
    return str(path)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def affine(folder):
    """y = relu(x W + b) with a dynamic batch; W is 4 x 3. Returns (path, W, b)."""
    random = np.random.default_rng(0)
    weight = random.standard_normal((4, 3), dtype=np.float32)
    bias = random.standard_normal(3, dtype=np.float32)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["m"], name="product"),
             helper.make_node("Add", ["m", "b"], ["a"], name="sum"), helper.make_node("Relu", ["a"], ["y"], name="act")]
    f32 = TensorProto.FLOAT
    path = save(folder / "affine.onnx", nodes, [("x", f32, ["batch", 4])], [("y", f32, ["batch", 3])],
                [("w", weight), ("b", bias)])
    return path, weight, bias


@pytest.fixture(scope="session")
def heavy(folder):
    """A chain of large products: some tens of milliseconds on one thread."""
    random, size = np.random.default_rng(0), 768
    constants = [(f"w{i}", (random.standard_normal((size, size)) / np.sqrt(size)).astype(np.float32)) for i in range(4)]
    nodes = []
    for i in range(16):
        nodes.append(helper.make_node("MatMul", ["x" if i == 0 else f"h{i - 1}", f"w{i % 4}"], [f"h{i}" if i < 15 else "y"]))
    f32 = TensorProto.FLOAT
    return save(folder / "heavy.onnx", nodes, [("x", f32, [256, size])], [("y", f32, [256, size])], constants)


@pytest.fixture(scope="session")
def two_in_two_out(folder):
    """sum = a + b, difference = a - b over i64 [3]."""
    i64 = TensorProto.INT64
    nodes = [helper.make_node("Add", ["a", "b"], ["sum"]), helper.make_node("Sub", ["a", "b"], ["difference"])]
    return save(folder / "two.onnx", nodes, [("a", i64, [3]), ("b", i64, [3])], [("sum", i64, [3]), ("difference", i64, [3])])


@pytest.fixture(scope="session")
def branches(folder):
    """y = sinh(x) if the flag is set, else cosh(x)."""
    f32, flag = TensorProto.FLOAT, TensorProto.BOOL

    def branch(kind):
        return helper.make_graph([helper.make_node(kind, ["x"], [kind], name=f"in_{kind}")], kind, [],
                                 [helper.make_tensor_value_info(kind, f32, [8])])

    nodes = [helper.make_node("If", ["flag"], ["y"], then_branch=branch("Sinh"), else_branch=branch("Cosh"))]
    return save(folder / "branches.onnx", nodes, [("flag", flag, []), ("x", f32, [8])], [("y", f32, [8])])


@pytest.fixture
def compiled(ov, affine):
    return ov.Core().compile_model(affine[0], "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

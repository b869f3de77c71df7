"""Names that users of OpenVINO's Python API reach for: sub-models, layouts, copies, DLPack, type stubs."""
import ast
import copy
import os

import numpy as np
import onnx
import pytest


def test_convert_model_forms(ov, affine):
    path, _, _ = affine
    for given in ([5, 4], ov.PartialShape([5, 4]), ("x", [5, 4]), ("x", [5, 4], ov.Type.f32), ("x", [5, 4], np.float32),
                  [("x", [5, 4])], [[5, 4]], {"x": [5, 4]}, {"x": ([5, 4], ov.Type.f32)}):
        assert str(ov.convert_model(path, input=given).input(0).partial_shape) == "[5,4]", given
    assert str(ov.convert_model(onnx.load(path), "x", example_input=np.zeros((1, 4)), verbose=True).input(0).partial_shape) == "[?,4]"
    with pytest.raises(ov.Error, match="f32, not i64"):
        ov.convert_model(path, input=("x", [5, 4], ov.Type.i64))
    with pytest.raises(ov.Error, match="no input 'z'"):
        ov.convert_model(path, input="z")


def test_convert_model_ends_where_asked(ov, affine):
    path, weight, _ = affine
    model = ov.convert_model(path, output="m")
    assert [sorted(p.names) for p in model.outputs] == [["m"]]
    x = np.random.default_rng(0).standard_normal((2, 4), dtype=np.float32)
    np.testing.assert_allclose(ov.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(x)[0], x @ weight, rtol=1e-5)
    assert len(ov.convert_model(path, output=["m", "y"]).outputs) == 2
    with pytest.raises(ov.Error, match="no tensor 'q'"):
        ov.convert_model(path, output=["q"])


def test_sub_model(ov, affine):
    model = ov.Core().read_model(affine[0])
    inner = next(op for op in model.get_ordered_ops() if op.friendly_name == "sum")
    part = ov.Model([inner.output(0)], name="part")
    assert part.friendly_name == "part" and [p.any_name for p in part.inputs] == ["x"]
    assert len(model.outputs) == 1 and part.get_result().input_value(0).node == inner
    with pytest.raises(ov.Error):
        ov.Model([])


def test_model_and_node_accessors(ov, affine):
    model = ov.Core().read_model(affine[0])
    assert model.get_output_size() == 1 and model.get_output_element_type(0) == ov.Type.f32
    assert str(model.get_output_partial_shape(0)) == "[?,3]"
    assert model.get_output_op(0) == model.get_result() == model.result
    assert model.get_parameter_index(model.get_parameters()[0]) == 0
    assert model.get_result_index(model.outputs[0]) == 0 and model.get_result_index(model.get_parameters()[0]) == -1
    product = next(op for op in model.get_ops() if op.friendly_name == "product")
    assert list(product.get_input_shape(1)) == [4, 3] and product.get_input_element_type(0) == ov.Type.f32
    assert product.get_element_type() == ov.Type.f32 and str(product.partial_shape) == "[?,3]"
    model.inputs[0].add_names({"also"})
    assert model.input("also").names == {"x", "also"}


def test_request_keeps_its_model(ov, affine):
    request = ov.Core().compile_model(affine[0], "CPU").create_infer_request()
    assert request.get_compiled_model().input(0).any_name == "x"
    request.set_input_tensors([ov.Tensor(np.ones((2, 4), np.float32))])
    out = np.empty((2, 3), np.float32)
    request.set_output_tensors({0: ov.Tensor(out, shared_memory=True)})
    request.infer()
    np.testing.assert_array_equal(out, request.get_output_tensor(0).data)


def test_userdata_of_a_queue(ov, affine):
    queue = ov.AsyncInferQueue(ov.Core().compile_model(affine[0], "CPU"), 2)
    queue.start_async(np.ones((1, 4), np.float32), "first")
    queue.wait_all()
    assert "first" in queue.userdata


def test_layout(ov):
    layout = ov.Layout("NCHW")
    assert layout.has_name("c") and layout.get_index_by_name("H") == 2 and str(layout) == "[N,C,H,W]"
    assert layout == "nchw" and layout == ov.Layout("[batch,channels,height,width]") and hash(layout) == hash(ov.Layout("nchw"))
    assert ov.Layout("N...C").get_index_by_name("C") == -1
    assert not ov.Layout("N??C").has_name("H") and ov.Layout().empty and not ov.Layout.scalar().empty
    for bad in ("NN", "[N", "N!"):
        with pytest.raises(ValueError):
            ov.Layout(bad)
    with pytest.raises(RuntimeError):
        layout.get_index_by_name("D")


def test_types_and_shapes_answer(ov):
    assert ov.Type.f32.real and ov.Type.i4.signed and ov.Type.u8.integral_number and not ov.Type.boolean.integral_number
    assert ov.Type.f32.compatible(ov.Type.dynamic) and not ov.Type.f32.compatible(ov.Type.f16)
    assert ov.Type.dynamic.merge(ov.Type.i8) == ov.Type.i8 and ov.Type.i8.merge(ov.Type.u8) is None
    assert ov.PartialShape([1, 2]).all_non_negative and not ov.PartialShape([1, -1]).all_non_negative
    version = ov.Core().get_versions("CPU")["CPU"]
    assert f"{version.major}.{version.minor}.{version.patch}" == version.build_number.split("-")[0]


def test_copies(ov):
    tensor = ov.Tensor(np.arange(4, dtype=np.float32))
    same, other = copy.copy(tensor), copy.deepcopy(tensor)
    tensor.data[0] = 9
    assert same.data[0] == 9 and other.data[0] == 0
    shape = ov.PartialShape([1, -1])
    assert copy.copy(shape) == shape and copy.deepcopy(shape) is not shape


class OnlyDlpack:
    """An array that speaks nothing but DLPack, as those of other frameworks."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_dlpack(ov, affine):
    source = np.arange(6, dtype=np.int32).reshape(2, 3)
    shared = ov.Tensor(OnlyDlpack(source), shared_memory=True)
    source[0, 0] = 7
    assert shared.data[0, 0] == 7 and shared.element_type == ov.Type.i32
    back = np.from_dlpack(shared)
    assert back.ctypes.data == source.ctypes.data and back.shape == (2, 3)
    compiled = ov.Core().compile_model(affine[0], "CPU")
    x = np.ones((2, 4), np.float32)
    np.testing.assert_array_equal(compiled(OnlyDlpack(x))[0], compiled(x)[0])


def test_stubs_name_what_there_is(ov):
    folder = os.path.dirname(ov.__file__)
    assert os.path.exists(os.path.join(folder, "py.typed"))
    tree = ast.parse(open(os.path.join(folder, "_vireo.pyi"), encoding="utf-8").read())
    stubs = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}

    def members(node):
        for item in node.body:
            if isinstance(item, (ast.FunctionDef, ast.ClassDef)):
                yield item.name
            elif isinstance(item, ast.AnnAssign):
                yield item.target.id
            elif isinstance(item, ast.Assign):
                yield from (t.id for t in item.targets)

    for name in ("Core", "Model", "CompiledModel", "InferRequest", "Tensor", "PartialShape", "Dimension", "Shape", "Output", "Node", "Type"):
        real = {n for n in dir(getattr(ov, name)) if not n.startswith("_") and n != "iterator"}
        assert real <= set(members(stubs[name])), name
    assert {"Error", "Busy", "Cancelled"} <= set(stubs)
    infer = next(f for f in stubs["InferRequest"].body if isinstance(f, ast.FunctionDef) and f.name == "infer")
    assert infer.returns.id == "OVDict"


def test_property_names(ov, affine, tmp_path):
    props = ov.properties
    assert props.cache_dir() == "CACHE_DIR" and props.cache_dir("x") == ("CACHE_DIR", "x")
    assert props.hint.performance_mode(props.hint.PerformanceMode.LATENCY) == ("PERFORMANCE_HINT", "LATENCY")
    core = ov.Core()
    core.set_property({props.cache_dir(): str(tmp_path), props.cache_mode: props.CacheMode.OPTIMIZE_SPEED})
    compiled = core.compile_model(affine[0], "CPU", {props.streams.num(): props.streams.Num.AUTO, props.log.level: props.log.Level.NO,
                                                     props.hint.scheduling_core_type: props.hint.SchedulingCoreType.ANY_CORE,
                                                     props.intel_cpu.denormals_optimization(): True})
    assert compiled.get_property(props.loaded_from_cache) is False and len(list(tmp_path.iterdir())) == 1
    with pytest.raises(TypeError):
        props.cache_dir("a", "b")

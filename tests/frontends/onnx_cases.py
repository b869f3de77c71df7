"""Writes tests/data/onnx/cases: small models with their inputs and expected outputs as initializers that no node reads.

    python tests/frontends/onnx_cases.py            needs onnx and onnxruntime

Named cases come from the ONNX backend suite with its own expected outputs; the others are made here and answered by ONNX Runtime.
"""
import pathlib

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper

OUT = pathlib.Path(__file__).resolve().parent.parent / "data" / "onnx" / "cases"

SUITE = """abs acos acosh add add_bcast affine_grid_2d and2d argmax_keepdims_example_select_last_index argmin_no_keepdims_example
attention_4d_causal attention_3d_gqa attention_4d_softcap attention_4d_with_past_and_present_qk_matmul_bias averagepool_2d_ceil
averagepool_2d_pads_count_include_pad basic_conv_with_padding batchnorm_example bitshift_left_uint8 cast_FLOAT_to_FLOAT8E4M3FN
celu center_crop_pad_crop_and_pad clip_default_min compress_0 concat_2d_axis_0 constantofshape_float_ones
conv_with_autopad_same convinteger_with_padding convtranspose_autopad_same convtranspose_group_2 cumsum_1d_exclusive depthtospace_crd_mode_example
dequantizelinear_axis dequantizelinear_blocked dft_axis dynamicquantizelinear einsum_batch_matmul elu expand_dim_changed
eyelike_with_dtype flatten_axis2 gather_elements_negative_indices gathernd_example_int32_batch_dim1 gelu_tanh_1
gemm_all_attributes globalaveragepool gridsample_bicubic_align_corners_0_additional_1 group_normalization_example gru_defaults gru_seq_length hardmax_axis_1
hardsigmoid hardswish if instancenorm_example isinf_negative layer_normalization_2d_axis1 leakyrelu logsoftmax_axis_1 loop11
lppool_2d_pads lrn lstm_batchwise lstm_bidirectional lstm_reverse lstm_defaults lstm_with_initial_bias matmulinteger maxpool_2d_dilations
maxpool_with_argmax_2d_precomputed_strides mean_example mod_mixed_sign_int8 mvn nllloss_NCd1d2_with_weight_reduction_mean
nonmaxsuppression_suppress_by_IOU nonzero_example onehot_negative_indices pow_types_int64_float32 prelu_broadcast qlinearconv
qlinearmatmul_2D_uint8_float32 quantizelinear_axis quantizelinear_int4 reduce_log_sum_exp_do_not_keepdims_example
reduce_sum_empty_axes_input_noop reflect_pad resize_downsample_sizes_cubic resize_upsample_scales_linear_align_corners
resize_upsample_scales_nearest reversesequence_time rms_normalization_3d_axis1_epsilon rnn_seq_length roialign_aligned_true rotary_embedding_interleaved
round scan9_sum scatter_elements_with_reduction_max scatternd_add selu shape_start_1_end_negative_1 shrink_soft
simple_rnn_batchwise slice_neg_steps softmax_axis_0 softplus spacetodepth_example split_variable_parts_2d_opset18 squeeze
stft_with_window swish tensorscatter_circular thresholdedrelu tile_precomputed top_k_smallest transpose_default tril_neg unique_sorted_with_axis_3d
unsqueeze_unsorted_axes upsample_nearest where_example wrap_pad xor_bcast3v1d"""


def bundle(model, inputs, outputs):
    """The model with its data beside it."""
    for role, values in (("in", inputs), ("out", outputs)):
        for i, value in enumerate(values):
            tensor = value if isinstance(value, T) else numpy_helper.from_array(np.asarray(value))
            copy = T()
            copy.CopyFrom(tensor)
            copy.name = f"test/{role}{i}"
            model.graph.initializer.append(copy)
    return model


def from_suite():
    from onnx.backend.test.loader import load_model_tests
    wanted = {"test_" + name for name in SUITE.split()}
    for case in load_model_tests(kind="node"):
        if case.name not in wanted:
            continue
        wanted.discard(case.name)
        inputs, outputs = case.data_sets[0]
        for info, value in zip(case.model.graph.input, inputs):
            assert not isinstance(value, list), case.name
        yield case.name[5:], bundle(case.model, inputs, outputs)
    assert not wanted, wanted


def answered(name, nodes, inputs, outputs, constants=None, opset=20, functions=(), shapes=None, graph_inputs=None):
    """A model of these nodes, its outputs as ONNX Runtime gives them."""
    import onnxruntime
    shapes = shapes or {}
    infos = [h.make_tensor_value_info(k, h.np_dtype_to_tensor_dtype(v.dtype), shapes.get(k, v.shape)) for k, v in inputs.items()]
    graph = h.make_graph(nodes, name, infos, [h.make_value_info(o, h.make_tensor_type_proto(t, None)) for o, t in outputs.items()],
                         [numpy_helper.from_array(v, k) for k, v in (constants or {}).items()])
    imports = [h.make_opsetid("", opset), h.make_opsetid("com.microsoft", 1)] + [h.make_opsetid("local", 1)] * bool(functions)
    model = h.make_model(graph, opset_imports=imports, functions=list(functions), ir_version=10)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return name, bundle(model, list(inputs.values()), session.run(None, inputs))


def node(op, inputs, outputs, **attributes):
    return h.make_node(op, inputs.split(), outputs.split(), **attributes)


def ms(op, inputs, outputs, **attributes):
    return h.make_node(op, [i if i != "_" else "" for i in inputs.split()], outputs.split(), domain="com.microsoft", **attributes)


def made():
    rng = np.random.default_rng(7)

    def f(*shape):
        return rng.standard_normal(shape).astype(np.float32)

    one = {"y": T.FLOAT}
    yield answered("ms_fused_matmul", [ms("FusedMatMul", "a b", "y", transA=1, transB=1, alpha=0.5)], {"a": f(2, 4, 3), "b": f(2, 5, 4)}, one)
    yield answered("ms_bias_gelu", [ms("BiasGelu", "x b", "y")], {"x": f(2, 6)}, one, {"b": f(6)})
    yield answered("ms_fast_gelu", [ms("FastGelu", "x b", "y")], {"x": f(2, 6)}, one, {"b": f(6)})
    yield answered("ms_quick_gelu", [ms("QuickGelu", "x", "y")], {"x": f(2, 6)}, one)
    yield answered("ms_skip_layer_norm", [ms("SkipLayerNormalization", "x s g b c", "y _m _v sum".replace("_m _v", "m v"), epsilon=1e-5)],
                   {"x": f(1, 3, 8), "s": f(1, 3, 8)}, {"y": T.FLOAT, "sum": T.FLOAT}, {"g": f(8), "b": f(8), "c": f(8)})
    yield answered("ms_skip_rms_norm", [h.make_node("SkipSimplifiedLayerNormalization", ["x", "s", "g"], ["y", "", "", "sum"], domain="com.microsoft")],
                   {"x": f(1, 3, 8), "s": f(1, 3, 8)}, {"y": T.FLOAT, "sum": T.FLOAT}, {"g": f(8)})
    ids = rng.integers(0, 10, (2, 4)).astype(np.int32)
    yield answered("ms_embed_layer_norm",
                   [ms("EmbedLayerNormalization", "ids seg word pos segm g b mask", "y idx")],
                   {"ids": ids, "seg": (ids > 5).astype(np.int32), "mask": np.array([[1, 1, 1, 0], [1, 1, 0, 0]], np.int32)},
                   {"y": T.FLOAT, "idx": T.INT32},
                   {"word": f(10, 8), "pos": f(6, 8), "segm": f(2, 8), "g": f(8), "b": f(8)})
    yield answered("ms_attention", [ms("Attention", "x w b m", "y", num_heads=2)],
                   {"x": f(2, 4, 8), "m": np.array([[1, 1, 1, 1], [1, 1, 1, 0]], np.int32)}, one, {"w": f(8, 24), "b": f(24)})
    yield answered("ms_attention_causal_past", [ms("Attention", "x w b _ past", "y present", num_heads=2, unidirectional=1)],
                   {"x": f(1, 3, 8), "past": f(2, 1, 2, 5, 4)}, {"y": T.FLOAT, "present": T.FLOAT}, {"w": f(8, 24), "b": f(24)})
    yield answered("ms_multi_head_attention", [ms("MultiHeadAttention", "q k v b m", "y", num_heads=2)],
                   {"q": f(2, 3, 8), "k": f(2, 5, 8), "v": f(2, 5, 8), "m": np.array([[1] * 5, [1, 1, 1, 0, 0]], np.int32)}, one, {"b": f(24)})
    angles = np.outer(np.arange(16), 1 / 10000 ** (np.arange(0, 8, 2) / 8)).astype(np.float32)
    wide = np.outer(np.arange(16), 1 / 10000 ** (np.arange(0, 16, 2) / 16)).astype(np.float32)
    yield answered("ms_group_query_attention",
                   [ms("GroupQueryAttention", "q k v pk pv len total cos sin", "y nk nv", num_heads=4, kv_num_heads=2, do_rotary=1)],
                   {"q": f(1, 1, 64), "k": f(1, 1, 32), "v": f(1, 1, 32), "pk": f(1, 2, 5, 16), "pv": f(1, 2, 5, 16),
                    "len": np.array([5], np.int32), "total": np.array([6], np.int32)},
                   {"y": T.FLOAT, "nk": T.FLOAT, "nv": T.FLOAT}, {"cos": np.cos(wide), "sin": np.sin(wide)})
    yield answered("ms_rotary_embedding", [ms("RotaryEmbedding", "x p cos sin", "y")],
                   {"x": f(2, 4, 3, 8), "p": np.array([[0, 1, 2], [3, 4, 5]], np.int64)}, one, {"cos": np.cos(angles), "sin": np.sin(angles)})
    for bits, k in ((4, 64), (4, 96), (8, 64), (2, 64)):
        blocks = -(-k // 32)
        packed = rng.integers(0, 256, (6, blocks, 32 * bits // 8)).astype(np.uint8)
        zero = rng.integers(0, 256, (6 * (-(-blocks * bits // 8)),)).astype(np.uint8)
        yield answered(f"ms_matmul_{bits}bits_{k}", [ms("MatMulNBits", "x w s z", "y", K=k, N=6, bits=bits, block_size=32)],
                       {"x": f(2, k)}, one, {"w": packed, "s": f(6 * blocks), "z": zero})
    yield answered("ms_fused_conv", [ms("FusedConv", "x w b", "y", activation="LeakyRelu", activation_params=[0.1], kernel_shape=[3, 3], pads=[1] * 4)],
                   {"x": f(1, 2, 5, 5)}, one, {"w": f(3, 2, 3, 3), "b": f(3)})
    u8 = rng.integers(0, 255, (2, 6)).astype(np.uint8)
    quant = {"s": np.float32(0.113), "z": np.uint8(120), "s2": np.float32(0.237), "z2": np.uint8(100)}
    yield answered("ms_qlinear_add", [ms("QLinearAdd", "a s z b s2 z2 s2 z", "y")], {"a": u8, "b": u8[::-1].copy()}, {"y": T.UINT8}, quant)
    # Values of the enclosing graph inside bodies, two levels down.
    inner = h.make_graph([node("Add", "t big", "ti")], "deep", [], [h.make_tensor_value_info("ti", T.FLOAT, None)])
    other = h.make_graph([node("Mul", "t x", "ei")], "else", [], [h.make_tensor_value_info("ei", T.FLOAT, None)])
    body = h.make_graph([node("Add", "acc x", "t"), h.make_node("If", ["flag"], ["acc_out"], then_branch=inner, else_branch=other),
                         node("Identity", "cond_in", "cond_out"), node("Identity", "acc_out", "each")], "body",
                        [h.make_tensor_value_info("i", T.INT64, []), h.make_tensor_value_info("cond_in", T.BOOL, []),
                         h.make_tensor_value_info("acc", T.FLOAT, None)],
                        [h.make_tensor_value_info("cond_out", T.BOOL, []), h.make_tensor_value_info("acc_out", T.FLOAT, None),
                         h.make_tensor_value_info("each", T.FLOAT, None)])
    yield answered("loop_captures", [h.make_node("Loop", ["n", "", "x0"], ["y", "all"], body=body)],
                   {"x": f(2, 3), "flag": np.array(False), "n": np.array(3, np.int64), "x0": f(2, 3)},
                   {"y": T.FLOAT, "all": T.FLOAT}, {"big": f(2, 3)})
    # A value that grows on its way around.
    grow = h.make_graph([node("Concat", "acc x", "acc_out", axis=0), node("Identity", "cond_in", "cond_out")], "grow",
                        [h.make_tensor_value_info("i", T.INT64, []), h.make_tensor_value_info("cond_in", T.BOOL, []),
                         h.make_tensor_value_info("acc", T.FLOAT, None)],
                        [h.make_tensor_value_info("cond_out", T.BOOL, []), h.make_tensor_value_info("acc_out", T.FLOAT, None)])
    yield answered("loop_grows", [h.make_node("Loop", ["n", "", "x0"], ["y"], body=grow)],
                   {"x": f(1, 3), "n": np.array(4, np.int64), "x0": f(2, 3)}, one)
    # Functions that call functions, with attributes handed on.
    scaled = onnx.FunctionProto()
    scaled.name, scaled.domain = "Scaled", "local"
    scaled.input.append("x")
    scaled.output.append("y")
    scaled.attribute.append("slope")
    leaky = h.make_node("LeakyRelu", ["x"], ["t"])
    leaky.attribute.append(onnx.AttributeProto(name="alpha", type=onnx.AttributeProto.FLOAT, ref_attr_name="slope"))
    scaled.node.extend([leaky, h.make_node("Add", ["t", "x"], ["y"])])
    scaled.opset_import.append(h.make_opsetid("", 20))
    twice = h.make_function("local", "Twice", ["x"], ["z"],
                            [h.make_node("Scaled", ["x"], ["y"], domain="local", slope=0.3), h.make_node("Scaled", ["y"], ["z"], domain="local", slope=0.7)],
                            [h.make_opsetid("", 20), h.make_opsetid("local", 1)])
    yield answered("functions", [h.make_node("Twice", ["x"], ["y"], domain="local", name="top")], {"x": f(3, 4)}, one, functions=[scaled, twice])
    yield answered("sequences", [node("SplitToSequence", "x", "s", axis=1), node("SequenceAt", "s one", "a"), node("SequenceInsert", "s a", "s2"),
                                 node("ConcatFromSequence", "s2", "y", axis=1)], {"x": f(2, 3)}, one, {"one": np.array(1, np.int64)})
    yield answered("qdq_conv", [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "d"), node("DequantizeLinear", "w ws wz", "dw", axis=0),
                                node("Conv", "d dw", "c", kernel_shape=[3, 3]), node("QuantizeLinear", "c s z", "q2"), node("DequantizeLinear", "q2 s z", "y")],
                   {"x": f(1, 2, 5, 5)}, one, {"s": np.float32(0.05), "z": np.uint8(128), "w": rng.integers(-127, 127, (4, 2, 3, 3)).astype(np.int8),
                                              "ws": np.abs(f(4)) * 0.01 + 0.01, "wz": np.zeros(4, np.int8)})
    yield answered("out_of_order", [node("Relu", "t", "y"), node("Neg", "x", "t")], {"x": f(4)}, one)
    yield answered("resize_antialias", [h.make_node("Resize", ["x", "", "", "sizes"], ["y"], mode="linear", antialias=1)],
                   {"x": f(1, 2, 9, 7)}, one, {"sizes": np.array([1, 2, 4, 3], np.int64)})
    yield answered("resize_crop", [h.make_node("Resize", ["x", "roi", "", "sizes"], ["y"], mode="linear", coordinate_transformation_mode="tf_crop_and_resize",
                                               extrapolation_value=3.0)],
                   {"x": f(1, 1, 5, 5)}, one, {"sizes": np.array([1, 1, 4, 3], np.int64), "roi": np.array([0, 0, 0.2, -0.3, 1, 1, 0.9, 1.2], np.float32)})
    yield answered("lstm_dynamic", [h.make_node("LSTM", ["x", "w", "r", "b", "len"], ["y", "h", "c"], hidden_size=3, direction="bidirectional")],
                   {"x": f(4, 2, 5), "len": np.array([4, 2], np.int32)}, {"y": T.FLOAT, "h": T.FLOAT, "c": T.FLOAT},
                   {"w": f(2, 12, 5), "r": f(2, 12, 3), "b": f(2, 24)}, shapes={"x": ["t", "n", 5], "len": ["n"]})


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.glob("*.onnx"):
        old.unlink()
    count = size = 0
    for source in (from_suite, made):
        for name, model in source():
            data = model.SerializeToString()
            (OUT / f"{name}.onnx").write_bytes(data)
            count, size = count + 1, size + len(data)
    print(f"{count} cases, {size >> 10} KiB")


if __name__ == "__main__":
    main()

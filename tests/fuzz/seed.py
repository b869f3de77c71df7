"""seed.py ir|onnx|gguf|tokenizer FOLDER: fills a fuzzer's corpus with small models, whole ones and damaged ones."""
import json
import shutil
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
import fetch_models  # noqa: E402

SMALL = 12_000  # bytes; larger seeds slow the fuzzer and teach it nothing new


def onnx_models():
    """One-operator models of the forms that exporters write, attributes of every kind among them."""
    from onnx import TensorProto, helper, numpy_helper
    f32 = TensorProto.FLOAT

    def model(nodes, inputs, constants=(), opset=17):
        given = [helper.make_tensor_value_info(n, f32, s) for n, s in inputs]
        made = [helper.make_tensor_value_info("y", f32, None)]
        graph = helper.make_graph(nodes, "seed", given, made, list(constants))
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)

    def constant(name, array):
        return numpy_helper.from_array(np.asarray(array), name)

    def node(*args, **kwargs):
        return helper.make_node(*args, **kwargs)

    x = [("x", [1, 3, 8, 8])]
    yield model([node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1], auto_pad="NOTSET")], x,
                [constant("w", np.ones((4, 3, 3, 3), np.float32))])
    yield model([node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)], x)
    yield model([node("Softmax", ["x"], ["y"], axis=-1)], x)
    yield model([node("Reshape", ["x", "s"], ["y"])], x, [constant("s", np.array([0, -1], np.int64))])
    yield model([node("Resize", ["x", "", "r"], ["y"], mode="linear")], x,
                [constant("r", np.array([1, 1, 2, 2], np.float32))])
    yield model([node("Gemm", ["x", "w", "b"], ["y"], alpha=0.5, transB=1)], [("x", [2, 4])],
                [constant("w", np.ones((3, 4), np.float32)), constant("b", np.ones(3, np.float32))])
    yield model([node("LSTM", ["x", "w", "r"], ["", "y"], hidden_size=2)], [("x", [3, 1, 4])],
                [constant("w", np.ones((1, 8, 4), np.float32)), constant("r", np.ones((1, 8, 2), np.float32))])
    yield model([node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"], ["y"])], x,
                [constant("s", np.float32(0.1)), constant("z", np.uint8(128))])
    branch = helper.make_graph([node("Relu", ["x"], ["t"])], "b", [], [helper.make_tensor_value_info("t", f32, None)])
    yield model([node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)], x, [constant("c", np.array(True))])
    body = helper.make_graph(
        [node("Identity", ["go"], ["on"]), node("Add", ["a", "a"], ["b"])], "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []), helper.make_tensor_value_info("go", TensorProto.BOOL, []),
         helper.make_tensor_value_info("a", f32, None)],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, []), helper.make_tensor_value_info("b", f32, None)])
    yield model([node("Loop", ["n", "c", "x"], ["y"], body=body)], x,
                [constant("n", np.int64(3)), constant("c", np.array(True))])
    yield model([node("Constant", [], ["k"], value=constant("v", np.arange(4, dtype=np.int8))),
                 node("Cast", ["k"], ["f"], to=f32), node("Add", ["x", "f"], ["y"])], [("x", ["batch", 4])])
    yield model([node("Slice", ["x", "a", "b", "c"], ["y"])], x,
                [constant(n, np.array([v], np.int64)) for n, v in (("a", 1), ("b", 2 ** 62), ("c", 2))])


def gguf_files():
    """A vocabulary, and models whose tensors are all of one place: the reader looks at their sizes, not at their numbers."""
    from gguf_bytes import entry, gguf, tensor
    whole = fetch_models.unpacked("gguf_models")
    yield "vocabulary", (whole / "vocabulary.gguf").read_bytes()
    for arch, fused in (("llama", False), ("qwen3", False), ("gemma3", False), ("gpt2", True), ("phi3", True), ("falcon", True)):
        values = {"context_length": 64, "embedding_length": 32, "block_count": 1, "attention.head_count": 4}
        entries = [entry("general.architecture", "text", arch)] + [entry(f"{arch}.{k}", "u32", v) for k, v in values.items()]
        shapes = {"token_embd": [32, 2], "output_norm": [32], "position_embd": [32, 64]}
        for norm in ("attn_norm", "ffn_norm", "post_attention_norm", "post_ffw_norm"):
            shapes[f"blk.0.{norm}"] = [32]
        for matrix in ("attn_output", "ffn_gate", "ffn_up", "ffn_down") + (("attn_qkv",) if fused else ("attn_q", "attn_k", "attn_v")):
            shapes[f"blk.0.{matrix}"] = [32, 96 if matrix == "attn_qkv" else 64 if (arch, matrix) == ("phi3", "ffn_up") else 32]
        shapes.update({"blk.0.attn_q_norm": [8], "blk.0.attn_k_norm": [8]} if arch in ("qwen3", "gemma3") else {})
        rows, place = [], 0
        for name, shape in shapes.items():
            kind, size = (2, 18 * shape[1]) if len(shape) == 2 else (0, 4 * shape[0])
            rows.append(tensor(f"{name}.weight", shape, kind, place))
            place += size + -size % 32
        yield arch, gguf(entries, rows, bytes(place))


def tokenizers():
    """tokenizer.json of every kind with the stages of the test set and a vocabulary cut short."""
    for path in sorted(fetch_models.unpacked("tokenizers").glob("*/tokenizer.json")):
        whole = json.loads(path.read_text(encoding="utf-8"))
        model = whole["model"]
        if isinstance(model["vocab"], list):
            model["vocab"] = model["vocab"][:60]
        else:
            model["vocab"] = {text: i for text, i in model["vocab"].items() if i < 300 and len(text) < 3}
        merges = [merge.split(" ") if isinstance(merge, str) else merge for merge in model.get("merges", [])]
        if merges:
            model["merges"] = [m for m in merges if {m[0], m[1], m[0] + m[1]} <= set(model["vocab"])][:40]
        text = json.dumps(whole)
        if len(text) > SMALL:  # the compiled normaliser
            whole["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "Nmt"}, {"type": "NFKC"}]}
            text = json.dumps(whole)
        yield path.parent.name, text


def main():
    reader, folder = sys.argv[1], Path(sys.argv[2])
    if reader == "tokenizer":
        for name, text in tokenizers():
            (folder / name).write_text(text)
        return
    if reader == "gguf":
        for name, content in gguf_files():
            (folder / name).write_bytes(content)
        return
    bad = fetch_models.unpacked("bad_models")
    if reader == "ir":
        root = fetch_models.unpacked("ir_ops")
        cases = [json.loads(line)["id"] for line in (root / "cases.jsonl").read_text().splitlines()]
        paths = [root / f"{case}.xml" for case in cases[::2]] + sorted(bad.glob("*.xml"))
    else:
        paths = sorted(bad.glob("*.onnx"))
        for i, model in enumerate(onnx_models()):
            (folder / f"seed_{i}").write_bytes(model.SerializeToString())
    for path in paths:
        if path.stat().st_size <= SMALL:
            shutil.copy(path, folder / f"{path.parent.name}_{path.name}")


main()

"""GGUF files as stateful graphs, against transformers' logits for the weights that their codes stand for; and what is wrong with a file."""
import struct

import fetch_models
import numpy as np
import pytest
import vireo as ov
from gguf_bytes import F16, IQ2_XXS, LLAMA, Q4_0, entry, gguf, llama, tensor, text
from vireo import genai

EXACT = {"INFERENCE_PRECISION_HINT": "f32", "EXECUTION_MODE_HINT": "ACCURACY", "KV_CACHE_PRECISION": "f32"}
NAMES = ["bloom", "falcon", "falcon-40b", "gemma", "gemma2", "gemma3", "gpt2", "gptneox", "gptneox-serial", "granite", "llama",
         "llama-k", "llama-linear", "llama-yarn", "mixtral", "olmo2", "phi3", "phi3-long", "qwen2", "qwen3", "qwen3moe", "smollm3",
         "stablelm", "stablelm-parallel", "starcoder2"]


@pytest.fixture(scope="module")
def root():
    return fetch_models.unpacked("gguf_models")


def error(model, reference, cuts):
    """How far the logits are from the reference's, the tokens given to one request in the pieces between `cuts`."""
    request = ov.Core().compile_model(model, "CPU", EXACT).create_infer_request()
    parts = []
    for begin, end in zip(cuts, cuts[1:]):
        request.infer({"input_ids": reference["ids"][:, begin:end], "attention_mask": reference["mask"][:, :end],
                       "position_ids": reference["position"][:, begin:end], "beam_idx": np.arange(2, dtype=np.int32)})
        parts.append(request.get_tensor("logits").data.copy())
    return np.abs(np.concatenate(parts, 1) - reference["logits"])[reference["mask"].astype(bool)].max()


@pytest.mark.parametrize("name", NAMES)
def test_logits_are_those_of_the_dequantised_weights(root, name):
    reference = np.load(root / f"{name}.npz")
    model = ov.Core().read_model(root / f"{name}.gguf")
    assert error(model, reference, [0, 9]) < 1e-4
    assert error(model, reference, [0, 7, 8, 9]) < 1e-4


def test_a_file_may_be_read_without_mapping_it_and_under_another_name(root, tmp_path):
    reference = np.load(root / "qwen2.npz")
    path = tmp_path / "model.bin"
    path.write_bytes((root / "qwen2.gguf").read_bytes())
    core = ov.Core()
    core.set_property({"ENABLE_MMAP": False})
    assert error(core.read_model(path), reference, [0, 9]) < 1e-4


def test_weights_stay_in_their_blocks(root):
    model = ov.Core().read_model(root / "llama-k.gguf")
    blocks = [op for op in model.get_ops() if op.get_type_name() == "vireo.BlockDequantise"]
    assert {op.get_attributes()["format"] for op in blocks} == {"q2_k", "q3_k", "q4_k", "q5_k", "q6_k", "iq4_nl"}


def refused(tmp_path, data, message):
    path = tmp_path / "m.gguf"
    path.write_bytes(data)
    with pytest.raises(RuntimeError, match=message) as caught:
        ov.Core().read_model(path)
    assert "m.gguf" in str(caught.value) and "\n" not in str(caught.value).strip()


@pytest.mark.parametrize("data, message", [
    (b"", "does not begin with GGUF"),
    (b"GGML" + bytes(40), "does not begin with GGUF"),
    (b"GGUF\x03\0", "the version takes 4 bytes, 2 are left"),
    (gguf(version=1), "GGUF version 1, expected"),
    (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "the file is big-endian"),
    (gguf(counts=(2**62, 0)), "4611686018427387904 tensors are announced"),
    (gguf(counts=(0, 2**40)), "1099511627776 values are announced"),
    (gguf([struct.pack("<Q", 2**63) + b"key"], counts=(0, 1)), "bytes long, expected at most 1024"),
    (gguf([text(b"a\xffb") + bytes(9)]), "holds byte 255, expected ASCII"),
    (gguf([entry("a", "u8", 1)] * 2), "'a' is there twice"),
    (gguf([text("a") + struct.pack("<I", 13) + bytes(32)]), "'a' has the unknown kind 13"),
    (gguf([text("a") + struct.pack("<IIQ", 9, 9, 1) + bytes(32)]), "'a' has the unknown kind 9"),
    (gguf([text("a") + struct.pack("<IIQ", 9, 8, 2**60)]), "1152921504606846976 a are announced"),
    (gguf([text("a") + struct.pack("<IQ", 8, 2**60)]), "a takes 1152921504606846976 bytes"),
    (gguf([entry("general.alignment", "u32", 24)]), "'general.alignment' is 24, expected a power of two"),
    (gguf([entry("general.alignment", "u32", 0)]), "'general.alignment' is 0, expected a power of two"),
    (gguf([entry("general.alignment", "text", "x")]), "'general.alignment' is a text, expected an integer"),
    (gguf([], [tensor("t", [])]), "tensor 't' has 0 axes, expected 1 to 4"),
    (gguf([], [tensor("t", [1] * 5)]), "tensor 't' has 5 axes, expected 1 to 4"),
    (gguf([], [tensor("t", [2**40] * 4)]), "tensor 't' is too large"),
    (gguf([], [tensor("t", [2**62])]), "tensor 't' is too large"),
    (gguf([], [tensor("t", [33], Q4_0)]), "rows of 33 elements, expected a multiple of 32"),
    (gguf([], [tensor("t", [32], 99)]), "tensor 't' has the unknown type 99"),
    (gguf([], [tensor("t", [8])], bytes(31)), "tensor 't' takes 32 bytes from byte 0 on, the file has 31"),
    (gguf([], [tensor("t", [8], offset=2**63)], bytes(32)), "tensor 't' takes 32 bytes from byte 9223372036854775808"),
    (gguf([], [tensor("t", [8], offset=8)], bytes(64)), "lies at byte 8, expected a multiple of 32"),
    (gguf([], [tensor("t", [8])] * 2, bytes(32)), "tensor 't' is there twice"),
    (gguf([], [tensor("t", [9]), tensor("u", [8], offset=32)], bytes(64)), "tensors 't' and 'u' overlap"),
])
def test_a_malformed_file_is_refused(tmp_path, data, message):
    refused(tmp_path, data, message)


@pytest.mark.parametrize("data, message", [
    (gguf(), "'general.architecture' is missing"),
    (llama({"general.architecture": ("text", "mamba")}), "architecture 'mamba' is not supported yet, known are bloom, falcon"),
    (llama({"general.architecture": ("u32", 3)}), "'general.architecture' is an integer, expected a text"),
    (llama({"split.count": ("u32", 3), "split.no": ("u32", 1)}), "is part 2 of 3, expected the first, with a name that ends in -00001-of"),
    (llama({"llama.block_count": None}), "'llama.block_count' is missing"),
    (llama({"llama.block_count": ("text", "two")}), "'llama.block_count' is a text, expected an integer"),
    (llama({"llama.block_count": ("u64", 2**63)}), "'llama.block_count' is 9223372036854775807, expected a count"),
    (llama({"llama.block_count": ("u32", 2**30)}), "1073741824 layers with 0 experts, expected at most"),
    (llama({"llama.attention.head_count": ("u32", 0)}), "'llama.attention.head_count' is 0, expected a count"),
    (llama({"llama.attention.head_count_kv": ("u32", 3)}), "4 query heads cannot share 3 key heads"),
    (llama({"llama.attention.head_count_kv": ("list u32", [2, 4])}), "differs from layer to layer"),
    (llama({"llama.rope.dimension_count": ("u32", 10)}), "is 10, expected an even count up to 8"),
    (llama({"llama.rope.scaling.type": ("text", "spiral")}), "rotary scaling 'spiral' is not supported"),
    (llama({"llama.attention.value_length": ("u32", 4)}), "heads of 8 for keys and 4 for values are not supported"),
    (llama(tensors=()), "weight 'token_embd.weight' is missing"),
    (llama(), "weight 'blk.0.attn_norm.weight' is missing"),
    (llama(tensors=[tensor("token_embd.weight", [16, 2])]), r"'token_embd.weight' has shape \[2,16\], expected \[2,32\]"),
    (llama(tensors=[tensor("token_embd.weight", [256, 1], IQ2_XXS)]), "'token_embd.weight' is IQ2_XXS, expected F32, F16"),
    (llama(tensors=[tensor("token_embd.weight", [32, 1]), tensor("rope_freqs.weight", [4], F16, 128)]), "expected 4 numbers of F32"),
])
def test_a_model_that_does_not_fit_is_named(tmp_path, data, message):
    refused(tmp_path, data, message)


def test_every_cut_of_a_file_is_refused(root, tmp_path):
    whole = (root / "qwen3.gguf").read_bytes()
    for size in range(0, len(whole), 37):
        refused(tmp_path, whole[:size], "m.gguf")


@pytest.mark.parametrize("name", ["llama", "llama-k", "qwen2"])
def test_a_saved_model_has_public_operators_and_the_same_weights(root, tmp_path, name):
    model = ov.Core().read_model(root / f"{name}.gguf")
    ov.save_model(model, tmp_path / "m.xml", compress_to_fp16=False)
    saved = ov.Core().read_model(tmp_path / "m.xml")
    assert not [op for op in saved.get_ops() if op.get_type_name().startswith("vireo.")]
    assert error(saved, np.load(root / f"{name}.npz"), [0, 5, 9]) < 1e-4
    assert "vireo.BlockDequantise" in {op.get_type_name() for op in model.get_ops()}  # as it was


def test_a_tokenizer_and_its_chat_template_come_out_of_the_file(root):
    tokenizer = genai.Tokenizer(root / "vocabulary.gguf")
    assert tokenizer.encode("hello 11<|im_end|> he").input_ids.data.tolist() == [[1, 9, 6, 11, 10, 10, 2, 11, 7]]
    assert tokenizer.decode([9, 6, 11, 10, 2]) == "hello 1"
    assert (tokenizer.get_bos_token(), tokenizer.get_eos_token(), tokenizer.get_pad_token_id()) == ("<|im_start|>", "<|im_end|>", 0)
    assert tokenizer.apply_chat_template([{"role": "user", "content": "hello"}], add_generation_prompt=True) == \
        "<|im_start|>user hello<|im_end|>"


VOCABULARY = {"tokenizer.ggml.model": ("text", "gpt2"), "tokenizer.ggml.tokens": ("list text", ["a", "b", "ab"]),
              "tokenizer.ggml.merges": ("list text", ["a b"]), "tokenizer.ggml.token_type": ("list i32", [1, 1, 1])}


@pytest.mark.parametrize("changes, message", [
    ({}, None),
    ({"tokenizer.ggml.model": None}, "holds no tokenizer"),
    ({"tokenizer.ggml.model": ("text", "rwkv")}, "tokenizer model 'rwkv' is none of"),
    ({"tokenizer.ggml.pre": ("text", "nobody")}, "pre-tokeniser 'nobody' is not known"),
    ({"tokenizer.ggml.tokens": None}, "'tokenizer.ggml.token_type' has 3 entries, the vocabulary has 0 tokens"),
    ({"tokenizer.ggml.tokens": ("text", "a")}, "'tokenizer.ggml.tokens' is a text, expected a list"),
    ({"tokenizer.ggml.tokens": ("list i32", [1])}, "'tokenizer.ggml.tokens' is a list of integers, expected a list of texts"),
    ({"tokenizer.ggml.token_type": ("list i32", [1])}, "'tokenizer.ggml.token_type' has 1 entries, the vocabulary has 3 tokens"),
    ({"tokenizer.ggml.token_type": ("list text", ["a", "b", "c"])}, "'tokenizer.ggml.token_type' is a list of texts, expected a list of integers"),
    ({"tokenizer.ggml.merges": ("list text", ["ab"])}, "merge 'ab' is not two tokens and a blank"),
    ({"tokenizer.ggml.bos_token_id": ("u32", 3)}, "'tokenizer.ggml.bos_token_id' is 3, the vocabulary has 3 tokens"),
    ({"tokenizer.ggml.add_bos_token": ("u32", 1)}, "'tokenizer.ggml.add_bos_token' is an integer, expected a flag"),
])
def test_a_vocabulary_that_is_wrong_is_named(tmp_path, changes, message):
    path = tmp_path / "v.gguf"
    path.write_bytes(llama({**VOCABULARY, **changes}, tensors=()))
    if message is None:
        assert genai.Tokenizer(path).encode("ab").input_ids.data.tolist() == [[2]]
        return
    with pytest.raises(RuntimeError, match=message):
        genai.Tokenizer(path)


@pytest.mark.slow
def test_a_real_model_goes_on_as_its_dequantised_weights_do():
    """SmolLM2-135M-Instruct, Q4_1 with a Q8_0 embedding: transformers 4.57.6 on the f32 values of its codes gives these tokens."""
    path = fetch_models.fetch("smollm2")
    prompt = [1, 9690, 198, 2683, 359, 253, 5356, 5646, 11173, 3365, 3511, 308, 34519]
    expected = [30, 339, 5248, 4421, 288, 4237, 346, 351, 469, 940, 2318, 1923, 30, 198, 198, 1780, 416, 339, 4237, 346, 351, 1834, 47, 2,
                198, 1, 4093, 198, 57, 5248, 3012, 327, 253, 725, 17066, 30, 1978, 346, 3730, 253]
    request = ov.Core().compile_model(path, "CPU", {**EXACT, "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}).create_infer_request()
    answer, given, past = [], prompt, 0
    while len(answer) < len(expected):
        past += len(given)
        request.infer({"input_ids": np.array([given]), "attention_mask": np.ones((1, past), np.int64),
                       "position_ids": np.arange(past - len(given), past)[None], "beam_idx": np.zeros(1, np.int32)})
        given = [int(request.get_tensor("logits").data[0, -1].argmax())]
        answer += given
    assert answer == expected
    tokenizer = genai.Tokenizer(path)
    assert tokenizer.decode(prompt) and tokenizer.encode("Hello 12").input_ids.data.tolist() == [[19556, 216, 33, 34]]


def test_a_pipeline_takes_its_ends_and_its_context_from_the_file(tmp_path, root):
    source = root / "llama-linear.gguf"
    path = tmp_path / "m.gguf"
    path.write_bytes(with_values(source.read_bytes(), VOCABULARY_OF_48))
    pipeline = genai.LLMPipeline(path, "CPU")
    config = pipeline.get_generation_config()
    assert (config.eos_token_id, config.stop_token_ids) == (2, {2, 5})
    with pytest.raises(RuntimeError, match="the model's context is 64"):
        pipeline.generate("a" * 100, max_new_tokens=1, apply_chat_template=False)


VOCABULARY_OF_48 = {"tokenizer.ggml.model": ("text", "gpt2"), "tokenizer.ggml.tokens": ("list text", [chr(65 + i) for i in range(48)]),
                    "tokenizer.ggml.eos_token_id": ("u32", 2), "tokenizer.ggml.eot_token_id": ("u32", 5)}


def with_values(whole, values):
    """The file with more values; a list of zeros makes them a multiple of 32 bytes long, so that its data stays aligned."""
    tensors, count = struct.unpack("<QQ", whole[8:24])
    added = b"".join(entry(key, *value) for key, value in values.items())
    zeros = (entry("padding", "list u8", [0] * n) for n in range(32))
    added += next(padding for padding in zeros if (len(added) + len(padding)) % 32 == 0)
    return whole[:8] + struct.pack("<QQ", tensors, count + len(values) + 1) + added + whole[24:]


def test_a_compiled_file_is_loaded_from_the_cache(root, tmp_path):
    reference, path = np.load(root / "llama-k.npz"), root / "llama-k.gguf"
    core = ov.Core()
    core.set_property({"CACHE_DIR": str(tmp_path)})
    first, second = (core.compile_model(path, "CPU", EXACT) for _ in range(2))
    assert (first.get_property("LOADED_FROM_CACHE"), second.get_property("LOADED_FROM_CACHE")) == (False, True)
    request = second.create_infer_request()
    request.infer({"input_ids": reference["ids"], "attention_mask": reference["mask"], "position_ids": reference["position"],
                   "beam_idx": np.arange(2, dtype=np.int32)})
    assert np.abs(request.get_tensor("logits").data - reference["logits"])[reference["mask"].astype(bool)].max() < 1e-4


def weights_of_a_llama():
    shapes = {"token_embd": (48, 32), "output_norm": (32,), "blk.0.attn_norm": (32,), "blk.0.ffn_norm": (32,), "blk.0.attn_q": (32, 32),
              "blk.0.attn_k": (32, 32), "blk.0.attn_v": (32, 32), "blk.0.attn_output": (32, 32), "blk.0.ffn_gate": (64, 32),
              "blk.0.ffn_up": (64, 32), "blk.0.ffn_down": (32, 64)}
    rng = np.random.default_rng(4)
    return {f"{name}.weight": rng.normal(size=shape).astype(np.float32) * 0.3 for name, shape in shapes.items()}


def part(weights, values):
    rows, data = [], b""
    for name, weight in weights.items():
        rows.append(tensor(name, weight.shape[::-1], offset=len(data)))
        data += weight.tobytes()
    return gguf([entry(key, *v) for key, v in values.items()], rows, data)


def write_parts(tmp_path, weights, count=3):
    names = list(weights)
    paths = [tmp_path / f"m-{i + 1:05}-of-{count:05}.gguf" for i in range(count)]
    for i, path in enumerate(paths):
        split = {"split.count": ("u32", count), "split.no": ("u32", i)}
        # The first may hold values alone, as llama.cpp's tool can write it.
        path.write_bytes(part({n: weights[n] for n in names[i - 1::count - 1]} if i else {}, {**LLAMA, **split} if i == 0 else split))
    return paths


def test_a_model_in_parts_is_read_by_its_first(tmp_path):
    weights = weights_of_a_llama()
    (tmp_path / "whole.gguf").write_bytes(part(weights, LLAMA))
    paths = write_parts(tmp_path, weights)

    def logits(path):
        request = ov.Core().compile_model(path, "CPU", EXACT).create_infer_request()
        ids = np.array([[3, 1, 4, 1, 5]])
        request.infer({"input_ids": ids, "attention_mask": np.ones_like(ids), "position_ids": np.arange(5)[None],
                       "beam_idx": np.zeros(1, np.int32)})
        return request.get_tensor("logits").data.copy()

    np.testing.assert_array_equal(logits(paths[0]), logits(tmp_path / "whole.gguf"))
    renamed = paths[0].rename(tmp_path / "other.gguf")
    for wrong, message in ((paths[1], "is part 2 of 3, expected the first"), (renamed, "name that ends in")):
        with pytest.raises(RuntimeError, match=message):
            ov.Core().read_model(wrong)


@pytest.mark.parametrize("damage, message", [
    (lambda paths: paths[2].unlink(), "m-00003-of-00003.gguf"),
    (lambda paths: paths[2].write_bytes(paths[1].read_bytes()), "'split.no' is 1, expected 2"),
    (lambda paths: paths[2].write_bytes(part({"token_embd.weight": np.zeros((48, 32), np.float32)}, {"split.no": ("u32", 2)})),
     "tensor 'token_embd.weight' is in another part too"),
])
def test_a_part_that_is_wrong_is_named(tmp_path, damage, message):
    paths = write_parts(tmp_path, weights_of_a_llama())
    damage(paths)
    with pytest.raises(RuntimeError, match=message):
        ov.Core().read_model(paths[0])

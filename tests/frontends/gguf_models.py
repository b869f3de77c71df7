"""Writes tiny GGUF files of every architecture and tensor type with seeded weights, and transformers' logits for them.

    python tests/frontends/gguf_models.py OUT    # needs torch, transformers and gguf

NAME.gguf is laid out as llama.cpp's converter does it; NAME.npz has ids [2, 9], mask [2, 9] (the second row is padded at the
left), position [2, 9] and logits [2, 9, vocabulary], computed in f32 from the weights that the file's codes stand for.
vocabulary.gguf has no tensors but a tokenizer and a chat template.
"""
import sys
from pathlib import Path

import gguf
import numpy as np
import torch
import transformers as t
from gguf import GGMLQuantizationType as Q

SIZES = dict(hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4, vocab_size=48,
             max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=0)
GQA = dict(SIZES, num_key_value_heads=2)
LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=16)
WIDE = dict(GQA, hidden_size=256, intermediate_size=64, num_hidden_layers=1, head_dim=8)
BLOCKS = [Q.Q4_0, Q.Q4_1, Q.Q5_0, Q.Q5_1, Q.Q8_0]
PLAIN = [Q.F32, Q.F16, Q.BF16]
SUPER = [Q.Q6_K, Q.Q2_K, Q.Q3_K, Q.Q4_K, Q.IQ4_NL, Q.Q5_K, Q.Q6_K, Q.IQ4_NL]


def phi3(trained):
    return t.Phi3Config(**GQA, sliding_window=None, original_max_position_embeddings=trained,
                        rope_scaling=dict(type="longrope", short_factor=[1.0, 1.5, 2.0, 2.5], long_factor=[2.0, 3.0, 4.0, 5.0]))


# name: (architecture in the file, config, types of the matrices in turn)
MODELS = {
    "llama": ("llama", t.LlamaConfig(**GQA, rope_scaling=LLAMA3, head_dim=8), BLOCKS + PLAIN),
    "llama-k": ("llama", t.LlamaConfig(**WIDE, tie_word_embeddings=True), SUPER),
    "llama-linear": ("llama", t.LlamaConfig(**GQA, rope_scaling=dict(rope_type="linear", factor=2.0), attention_bias=True, tie_word_embeddings=True), [Q.Q4_1]),
    "llama-yarn": ("llama", t.LlamaConfig(**GQA, rope_scaling=YARN, head_dim=16), [Q.Q8_0]),
    "mixtral": ("llama", t.MixtralConfig(**GQA, num_local_experts=4, num_experts_per_tok=2, sliding_window=None), [Q.Q4_0]),
    "qwen2": ("qwen2", t.Qwen2Config(**GQA, tie_word_embeddings=True), BLOCKS),
    "qwen3": ("qwen3", t.Qwen3Config(**GQA, head_dim=8), [Q.Q5_1, Q.Q4_0]),
    "qwen3moe": ("qwen3moe", t.Qwen3MoeConfig(**GQA, head_dim=8, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32, norm_topk_prob=True), [Q.Q4_1]),
    "phi3": ("phi3", phi3(64), [Q.Q5_0, Q.Q8_0]),
    "phi3-long": ("phi3", phi3(5), [Q.Q8_0]),
    "gemma": ("gemma", t.GemmaConfig(**GQA, head_dim=16), [Q.Q4_0, Q.BF16]),
    "gemma2": ("gemma2", t.Gemma2Config(**GQA, head_dim=16, sliding_window=4, query_pre_attn_scalar=16), [Q.Q8_0, Q.Q4_0]),
    "gemma3": ("gemma3", t.Gemma3TextConfig(**dict(GQA, num_hidden_layers=6), head_dim=16, sliding_window=4, query_pre_attn_scalar=16,
                                            rope_scaling=dict(rope_type="linear", factor=8.0)), [Q.Q4_0]),
    "granite": ("granite", t.GraniteConfig(**GQA, embedding_multiplier=6.0, residual_multiplier=0.3, attention_multiplier=0.2, logits_scaling=4.0), [Q.Q8_0]),
    "olmo2": ("olmo2", t.Olmo2Config(**GQA), [Q.Q5_0]),
    "smollm3": ("smollm3", t.SmolLM3Config(**dict(GQA, num_hidden_layers=4)), [Q.Q4_1]),
    "stablelm": ("stablelm", t.StableLmConfig(**GQA, use_parallel_residual=False, partial_rotary_factor=0.5, use_qkv_bias=True), [Q.Q8_0]),
    "stablelm-parallel": ("stablelm", t.StableLmConfig(**GQA, use_parallel_residual=True, partial_rotary_factor=0.25), [Q.Q4_0]),
    "starcoder2": ("starcoder2", t.Starcoder2Config(**GQA, sliding_window=None), [Q.Q5_1]),
    "gpt2": ("gpt2", t.GPT2Config(n_embd=32, n_layer=2, n_head=4, vocab_size=48, n_positions=64, bos_token_id=1, eos_token_id=2, pad_token_id=0), [Q.Q8_0, Q.Q4_1]),
    "gptneox": ("gptneox", t.GPTNeoXConfig(**SIZES, rotary_pct=0.5), [Q.Q8_0]),
    "gptneox-serial": ("gptneox", t.GPTNeoXConfig(**SIZES, rotary_pct=1.0, use_parallel_residual=False), [Q.Q5_0]),
    "falcon": ("falcon", t.FalconConfig(**SIZES, multi_query=True, parallel_attn=True, bias=False, alibi=False), [Q.Q4_0]),
    "falcon-40b": ("falcon", t.FalconConfig(**SIZES, new_decoder_architecture=True, num_kv_heads=2, bias=False, alibi=False), [Q.Q8_0]),
    "bloom": ("bloom", t.BloomConfig(hidden_size=32, n_layer=2, n_head=4, vocab_size=48, bos_token_id=1, eos_token_id=2, pad_token_id=0), [Q.Q4_1, Q.F16]),
}


def random_codes(rng, shape, kind):
    """Blocks of the types that gguf cannot make, with scales that give weights of about 0.1."""
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = rng.integers(0, 256, (shape[0], shape[1] // elements, size), dtype=np.uint8)
    scales = {Q.Q2_K: {80: 0.006, 82: 0.009}, Q.Q3_K: {108: 0.003}, Q.Q4_K: {0: 0.0006, 2: 0.004}, Q.Q5_K: {0: 0.0003, 2: 0.004},
              Q.Q6_K: {208: 0.0001}, Q.IQ4_NL: {0: 0.0015}}[kind]
    for at, scale in scales.items():
        values = (scale * rng.uniform(0.5, 1.5, blocks.shape[:2])).astype(np.float16)
        blocks[..., at:at + 2] = values[..., None].view(np.uint8)
    return blocks.reshape(shape[0], -1)


def codes_of(rng, values, kind):
    return random_codes(rng, values.shape, kind) if kind in SUPER else gguf.quants.quantize(values, kind)


def row_order(arch, name, config, rows):
    """Where llama.cpp's converter takes each row of a projection from."""
    number, heads = np.arange(rows), getattr(config, "num_attention_heads", None) or config.n_head
    kv = getattr(config, "num_key_value_heads", heads)
    if arch in ("llama", "granite", "smollm3") and (".q_proj." in name or ".k_proj." in name):
        count = heads if ".q_proj." in name else kv
        return number.reshape(count, 2, -1).swapaxes(1, 2).reshape(-1)
    if arch in ("bloom", "gptneox") and ".query_key_value." in name:
        return number.reshape(heads, 3, -1).swapaxes(0, 1).reshape(-1)
    if arch == "falcon" and ".query_key_value." in name:
        kv = config.num_kv_heads if config.new_decoder_architecture else 1
        grouped = number.reshape(kv, heads // kv + 2, -1)
        return np.concatenate([grouped[:, :-2].reshape(-1), grouped[:, -2].reshape(-1), grouped[:, -1].reshape(-1)])
    return number


def write_values(writer, arch, c):
    hidden = getattr(c, "hidden_size", None)
    heads = c.num_attention_heads
    head_dim = getattr(c, "head_dim", None) or hidden // heads
    writer.add_context_length(getattr(c, "max_position_embeddings", None) or 64)
    writer.add_vocab_size(c.vocab_size)
    writer.add_embedding_length(hidden)
    writer.add_block_count(c.num_hidden_layers)
    writer.add_feed_forward_length(getattr(c, "intermediate_size", None) or 4 * hidden)
    writer.add_head_count(heads)
    kv = {"falcon": getattr(c, "num_kv_heads", 0) if getattr(c, "new_decoder_architecture", False) else 1}.get(arch)
    writer.add_head_count_kv(kv or getattr(c, "num_key_value_heads", heads))
    if head_dim != hidden // heads:
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    for key in ("layer_norm_eps", "layer_norm_epsilon", "norm_epsilon"):
        if getattr(c, key, None):
            writer.add_layer_norm_eps(getattr(c, key))
    if getattr(c, "rms_norm_eps", None):
        writer.add_layer_norm_rms_eps(c.rms_norm_eps)
    if getattr(c, "rope_theta", None):
        writer.add_rope_freq_base(c.rope_theta)
    part = getattr(c, "partial_rotary_factor", None) or getattr(c, "rotary_pct", 1)
    if arch not in ("gpt2", "bloom"):
        writer.add_rope_dimension_count(int(part * head_dim))
    if getattr(c, "sliding_window", None) and arch.startswith("gemma"):
        writer.add_sliding_window(c.sliding_window)
    if arch == "gemma2":
        writer.add_attn_logit_softcapping(c.attn_logit_softcapping)
        writer.add_final_logit_softcapping(c.final_logit_softcapping)
    if arch == "gptneox":
        writer.add_parallel_residual(c.use_parallel_residual)
    if arch == "granite":
        writer.add_embedding_scale(c.embedding_multiplier)
        writer.add_residual_scale(c.residual_multiplier)
        writer.add_attention_scale(c.attention_multiplier)
        writer.add_logit_scale(c.logits_scaling)
    experts = getattr(c, "num_local_experts", None) or getattr(c, "num_experts", None)
    if experts:
        writer.add_expert_count(experts)
        writer.add_expert_used_count(c.num_experts_per_tok)
    write_scaling(writer, c, head_dim)


def write_scaling(writer, c, head_dim):
    scaling = getattr(c, "rope_scaling", None) or {}
    kind = scaling.get("rope_type", scaling.get("type"))
    if kind == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(scaling["factor"])
    if kind == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(scaling["factor"])
        writer.add_rope_scaling_orig_ctx_len(scaling["original_max_position_embeddings"])
    if kind == "longrope":
        scale = c.max_position_embeddings / c.original_max_position_embeddings
        writer.add_rope_scaling_orig_ctx_len(c.original_max_position_embeddings)
        factor = np.sqrt(1 + np.log(scale) / np.log(c.original_max_position_embeddings)) if scale > 1 else 1.0
        writer.add_rope_scaling_attn_factors(float(factor))
        writer.add_tensor("rope_factors_long.weight", np.array(scaling["long_factor"], np.float32))
        writer.add_tensor("rope_factors_short.weight", np.array(scaling["short_factor"], np.float32))
    if kind == "llama3":
        turns = c.rope_theta ** (-np.arange(0, head_dim, 2) / head_dim) * scaling["original_max_position_embeddings"] / (2 * np.pi)
        smooth = np.clip((turns - 1.0) / (4.0 - 1.0), 0, 1)
        writer.add_tensor("rope_freqs.weight", (1 / ((1 - smooth) / scaling["factor"] + smooth)).astype(np.float32))


def write_model(path, arch, config, kinds):
    """Returns the model with the weights that the file's codes stand for."""
    torch.manual_seed(7)
    rng = np.random.default_rng(11)
    config._attn_implementation = "eager"
    model = t.AutoModelForCausalLM.from_config(config).eval()
    writer = gguf.GGUFWriter(path, arch)
    write_values(writer, arch, config)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[arch.upper()], config.num_hidden_layers)
    experts, turn = {}, 0
    for name, p in model.named_parameters():
        matrix = p.dim() > 1
        noise = torch.randn_like(p) * ((0.3 if p.shape[-1] < 256 else 0.1) if matrix else 0.2)
        is_norm = not matrix and "bias" not in name and not arch.startswith("gemma")
        values = ((1 + noise) if is_norm else noise).detach().numpy()
        across = arch == "gpt2" and matrix and ".h." in name
        values = np.ascontiguousarray(values.T if across else values)
        kind = kinds[turn % len(kinds)] if matrix else Q.F32
        if ".experts." in name:
            kind = kinds[0]
        if "mlp.gate." in name or "block_sparse_moe.gate." in name or "wpe" in name:
            kind = Q.F32
        turn += matrix
        codes = codes_of(rng, values, kind)
        real = gguf.quants.dequantize(codes, kind)
        with torch.no_grad():
            p.copy_(torch.from_numpy(np.ascontiguousarray(real.T if across else real)))
        codes = codes[row_order(arch, name, config, len(codes))]
        if not matrix and arch.startswith("gemma") and "norm" in name:
            codes = codes + 1
        if ".experts." in name:
            base, number, part, _ = name.rsplit(".", 3)
            experts.setdefault(f"{base}.{part}", {})[int(number)] = codes
            continue
        target = names.get_name(name.removeprefix("transformer.") if arch == "bloom" else name, try_suffixes=(".weight", ".bias"))
        assert target, name
        writer.add_tensor(target, codes, raw_dtype=kind)
    for name, parts in experts.items():
        stacked = np.stack([parts[i] for i in range(len(parts))])
        writer.add_tensor(names.get_name(name) + ".weight", stacked, raw_dtype=kinds[0])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return model


def question():
    rng = np.random.default_rng(3)
    ids = rng.integers(3, 48, (2, 9))
    mask = np.ones_like(ids)
    mask[1, :3] = 0
    ids[1, :3] = 0
    return ids, mask, np.maximum(mask.cumsum(-1) - 1, 0)


def write_vocabulary(path):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "h", "e", "l", "o", "he", "ll", "hell", "1", "\u0120", "\u0120h"])
    writer.add_token_types([3, 3, 3] + [1] * 10)
    writer.add_token_merges(["h e", "l l", "he ll", "\u0120 h"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_chat_template("{% for m in messages %}{{ bos_token }}{{ m['role'] }} {{ m['content'] }}{{ eos_token }}{% endfor %}")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def main(out):
    out.mkdir(parents=True, exist_ok=True)
    ids, mask, position = question()
    for name, (arch, config, kinds) in MODELS.items():
        model = write_model(out / f"{name}.gguf", arch, config, kinds)
        args = dict(input_ids=torch.tensor(ids), attention_mask=torch.tensor(mask))
        if arch != "bloom":
            args["position_ids"] = torch.tensor(position)
        with torch.no_grad():
            logits = model(**args).logits.float().numpy()
        np.savez(out / f"{name}.npz", ids=ids.astype(np.int64), mask=mask.astype(np.int64), position=position.astype(np.int64), logits=logits)
        print(name, float(np.abs(logits).max()), (out / f"{name}.gguf").stat().st_size)
    write_vocabulary(out / "vocabulary.gguf")


main(Path(sys.argv[1]))

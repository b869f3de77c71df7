"""Writes tiny language models of every architecture with seeded weights, and transformers' logits for them.

    python tests/frontends/language_models.py OUT    # needs torch and transformers

Each folder has config.json, model.safetensors (bf16 values) and reference.npz: ids [2, 9], mask [2, 9] (the second row is padded
at the left), logits [2, 9, vocabulary] of the whole, computed in f32.
"""
import sys
from pathlib import Path

import numpy as np
import torch
import transformers as t

SIZES = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, vocab_size=48,
             max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=0)
GQA = dict(SIZES, num_key_value_heads=2)
LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)



def phi3(trained):
    return t.Phi3Config(**GQA, sliding_window=None, original_max_position_embeddings=trained,
                        rope_scaling=dict(type="longrope", short_factor=[1.0, 1.5, 2.0], long_factor=[2.0, 3.0, 4.0]))


MODELS = {
    "llama": t.LlamaConfig(**GQA, rope_scaling=LLAMA3, head_dim=8),
    "llama-linear": t.LlamaConfig(**GQA, rope_scaling=dict(rope_type="linear", factor=2.0), attention_bias=True, mlp_bias=True, tie_word_embeddings=True),
    "llama-yarn": t.LlamaConfig(**dict(GQA, max_position_embeddings=64), rope_scaling=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=16), head_dim=16),
    "mistral": t.MistralConfig(**GQA, sliding_window=4),
    "mixtral": t.MixtralConfig(**GQA, num_local_experts=4, num_experts_per_tok=2, sliding_window=None),
    "qwen2": t.Qwen2Config(**GQA, use_sliding_window=True, sliding_window=4, max_window_layers=1),
    "qwen3": t.Qwen3Config(**GQA, head_dim=8),
    "qwen3_moe": t.Qwen3MoeConfig(**GQA, head_dim=8, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16, norm_topk_prob=True, mlp_only_layers=[0]),
    "phi3": phi3(64),
    "phi3-long": phi3(5),  # the sequence is longer than the model was trained for
    "gemma": t.GemmaConfig(**GQA, head_dim=8),
    "gemma2": t.Gemma2Config(**GQA, head_dim=8, sliding_window=4, query_pre_attn_scalar=16),
    "gemma3_text": t.Gemma3TextConfig(**dict(GQA, num_hidden_layers=3), head_dim=8, sliding_window=4, query_pre_attn_scalar=16,
                                      layer_types=["sliding_attention", "sliding_attention", "full_attention"]),
    "granite": t.GraniteConfig(**GQA, embedding_multiplier=6.0, residual_multiplier=0.3, attention_multiplier=0.2, logits_scaling=4.0),
    "olmo2": t.Olmo2Config(**GQA),
    "smollm3": t.SmolLM3Config(**dict(GQA, num_hidden_layers=4)),
    "stablelm": t.StableLmConfig(**GQA, use_parallel_residual=False, partial_rotary_factor=0.67, use_qkv_bias=True),
    "stablelm-parallel": t.StableLmConfig(**GQA, use_parallel_residual=True, partial_rotary_factor=0.67),
    "gpt2": t.GPT2Config(n_embd=24, n_layer=2, n_head=4, vocab_size=48, n_positions=64, bos_token_id=1, eos_token_id=2, pad_token_id=0),
    "gpt_neox": t.GPTNeoXConfig(**SIZES, rotary_pct=0.67),
    "gpt_neox-serial": t.GPTNeoXConfig(**SIZES, rotary_pct=1.0, use_parallel_residual=False),
    "falcon-7b": t.FalconConfig(**SIZES, multi_query=True, parallel_attn=True, bias=False, alibi=False),
    "falcon-40b": t.FalconConfig(**SIZES, new_decoder_architecture=True, num_kv_heads=2, bias=False, alibi=False),
    "falcon-rw": t.FalconConfig(**SIZES, multi_query=False, parallel_attn=False, bias=True, alibi=True),
    "bloom": t.BloomConfig(hidden_size=24, n_layer=2, n_head=4, vocab_size=48, bos_token_id=1, eos_token_id=2, pad_token_id=0),
    "opt": t.OPTConfig(hidden_size=24, ffn_dim=40, num_hidden_layers=2, num_attention_heads=4, vocab_size=48, max_position_embeddings=64,
                       word_embed_proj_dim=24, bos_token_id=1, eos_token_id=2, pad_token_id=0),
}


def main(out):
    for name, config in MODELS.items():
        torch.manual_seed(7)
        # Falcon's eager form adds ALiBi twice; what was trained, and runs by default, is the other.
        config._attn_implementation = "sdpa" if name == "falcon-rw" else "eager"
        model = t.AutoModelForCausalLM.from_config(config).eval()
        with torch.no_grad():
            for parameter_name, p in model.named_parameters():
                noise = torch.randn_like(p) * (0.3 if p.dim() > 1 else 0.2)
                is_norm = p.dim() == 1 and "bias" not in parameter_name and not name.startswith("gemma")
                p.copy_(((1 + noise) if is_norm else noise).bfloat16().float())
        rng = np.random.default_rng(3)
        ids = rng.integers(3, 48, (2, 9))
        mask = np.ones_like(ids)
        mask[1, :3] = 0
        ids[1, :3] = 0
        position = np.maximum(mask.cumsum(-1) - 1, 0)
        args = dict(input_ids=torch.tensor(ids), attention_mask=torch.tensor(mask))
        if config.model_type not in ("bloom",):
            args["position_ids"] = torch.tensor(position)
        with torch.no_grad():
            logits = model(**args).logits.float().numpy()
        folder = Path(out) / name
        model.bfloat16().save_pretrained(folder, safe_serialization=True)
        (folder / "generation_config.json").unlink(missing_ok=True)
        np.savez(folder / "reference.npz", ids=ids.astype(np.int64), mask=mask.astype(np.int64), position=position.astype(np.int64), logits=logits)
        print(name, float(np.abs(logits).max()))


main(sys.argv[1])

#include "frontends/gguf/architectures.h"

#include <cmath>

#include "base/support/error.h"
#include "frontends/gguf/keys.h"
#include "frontends/transformers/rope.h"

namespace vireo::gguf {
namespace {

using transformers::Activation;
using transformers::Decoder;
using transformers::NormKind;
using transformers::QkvLayout;

// Every architecture begins as what most are: RMS norms before each block, rotated heads, a gated
// feed-forward block.
Description usual(const Keys& keys) {
  Description d;
  Decoder& m = d.model;
  m.hidden = keys.count("embedding_length");
  m.layers = keys.count("block_count");
  m.heads = keys.count("attention.head_count");
  m.kv_heads = keys.count("attention.head_count_kv", m.heads);
  m.head_dim = keys.count("attention.key_length", std::max<int64_t>(m.hidden / m.heads, 1));
  m.vocabulary = keys.rows("token_embd.weight");
  if (const int64_t v = keys.count("attention.value_length", m.head_dim); v != m.head_dim) {
    fail(ErrorCode::NotSupported, "'{}': heads of {} for keys and {} for values are not supported",
         keys.file().path(), m.head_dim, v);
  }
  m.epsilon = keys.number("attention.layer_norm_rms_epsilon", 1e-5);
  m.names.embedding = "token_embd";
  m.names.final_norm = "output_norm";
  m.names.head = "output";
  m.names.layer = "blk.{}.";
  m.names.attention_norm = "attn_norm";
  m.names.mlp_norm = "ffn_norm";
  m.names.q = "attn_q";
  m.names.k = "attn_k";
  m.names.v = "attn_v";
  m.names.o = "attn_output";
  m.names.gate = "ffn_gate";
  m.names.up = "ffn_up";
  m.names.down = "ffn_down";
  return d;
}

Description rotated(const Keys& keys) {
  Description d = usual(keys);
  d.model.ropes.push_back(keys.rope(d.model.head_dim));
  return d;
}

void use_layer_norm(Decoder& m, const Keys& keys) {
  m.norm = NormKind::Layer;
  m.epsilon = keys.number("attention.layer_norm_epsilon", 1e-5);
}

// All converters have put the rows of query, key and value one after the other.
void use_fused_rows(Decoder& m) {
  m.names.qkv = "attn_qkv";
  m.qkv = QkvLayout::Concatenated;
}

void use_ungated(Decoder& m, Activation activation) {
  m.names.gate.clear();
  m.activation = activation;
}

void use_head_norms(Decoder& m) {
  m.names.q_norm = "attn_q_norm";
  m.names.k_norm = "attn_k_norm";
}

// The weights of one expert after the other lie in one tensor; the source cuts them apart.
void use_experts(Decoder& m, const Keys& keys) {
  m.experts.count = keys.count_or_none("expert_count");
  if (m.experts.count == 0) return;
  m.experts.chosen = keys.count("expert_used_count");
  m.names.router = "ffn_gate_inp";
  m.names.expert = "experts.{}.";
}

// A window for `sliding` of every `period` layers.
void use_windows(Decoder& m, const Keys& keys, int64_t period, int64_t sliding) {
  const int64_t window = keys.count_or_none("attention.sliding_window");
  if (window == 0) return;
  for (int64_t i = 0; i < m.layers; ++i) m.windows.push_back(i % period < sliding ? window : 0);
}

Description describe_llama(const Keys& keys) {
  Description d = rotated(keys);
  d.paired_rows = true;
  use_experts(d.model, keys);
  return d;
}

Description describe_smollm3(const Keys& keys) {
  Description d = describe_llama(keys);
  for (int64_t i = 0; i < d.model.layers; ++i) d.model.layer_rope.push_back((i + 1) % 4 ? 0 : -1);
  return d;
}

Description describe_granite(const Keys& keys) {
  Description d = describe_llama(keys);
  d.model.embedding_scale = keys.number("embedding_scale", 1);
  d.model.residual_scale = keys.number("residual_scale", 1);
  d.model.attention_scale = keys.number("attention.scale", 0);
  d.model.logits_scale = 1 / keys.number("logit_scale", 1);
  return d;
}

Description describe_qwen2(const Keys& keys) { return rotated(keys); }

Description describe_qwen3(const Keys& keys) {
  Description d = rotated(keys);
  use_head_norms(d.model);
  return d;
}

Description describe_qwen3moe(const Keys& keys) {
  Description d = describe_qwen3(keys);
  use_experts(d.model, keys);
  return d;
}

Description describe_phi3(const Keys& keys) {
  Description d = rotated(keys);
  use_fused_rows(d.model);
  d.model.names.gate.clear();
  d.model.names.up.clear();
  d.model.names.gate_up = "ffn_up";
  use_windows(d.model, keys, 1, 1);
  return d;
}

// The converter has added the 1 of the norms' factors 1 + w.
Description describe_gemma(const Keys& keys) {
  Description d = rotated(keys);
  d.model.embedding_scale = std::sqrt(static_cast<double>(d.model.hidden));
  d.model.activation = Activation::GeluTanh;
  return d;
}

// The models of 27 billion scale scores by the width per head; files do not say so.
void use_gemma_blocks(Decoder& m, int64_t layers_of_27b) {
  m.names.attention_post_norm = "post_attention_norm";
  m.names.mlp_post_norm = "post_ffw_norm";
  if (m.layers == layers_of_27b)
    m.attention_scale = 1 / std::sqrt(static_cast<double>(m.hidden) / static_cast<double>(m.heads));
}

Description describe_gemma2(const Keys& keys) {
  Description d = describe_gemma(keys);
  use_gemma_blocks(d.model, 46);
  d.model.attention_softcap = keys.number("attn_logit_softcapping", 50);
  d.model.logits_softcap = keys.number("final_logit_softcapping", 30);
  use_windows(d.model, keys, 2, 1);
  return d;
}

Description describe_gemma3(const Keys& keys) {
  Description d = describe_gemma(keys);
  Decoder& m = d.model;
  use_gemma_blocks(m, 62);
  use_head_norms(m);
  m.logits_softcap = keys.number("final_logit_softcapping", 0);
  const int64_t period = keys.count("attention.sliding_window_pattern", 6);
  use_windows(m, keys, period, period - 1);
  const double theta = keys.number("rope.freq_base_swa", 10000);
  m.ropes.push_back(transformers::plain_rope(m.head_dim, theta));
  for (const int64_t window : m.windows) m.layer_rope.push_back(window ? 1 : 0);
  return d;
}

Description describe_olmo2(const Keys& keys) {
  Description d = rotated(keys);
  Decoder& m = d.model;
  m.names.attention_norm.clear();
  m.names.mlp_norm.clear();
  m.names.attention_post_norm = "post_attention_norm";
  m.names.mlp_post_norm = "post_ffw_norm";
  use_head_norms(m);
  return d;
}

Description describe_gpt2(const Keys& keys) {
  Description d = usual(keys);
  use_layer_norm(d.model, keys);
  use_fused_rows(d.model);
  use_ungated(d.model, Activation::GeluTanh);
  d.model.names.positions = "position_embd";
  return d;
}

Description describe_bloom(const Keys& keys) {
  Description d = usual(keys);
  use_layer_norm(d.model, keys);
  use_fused_rows(d.model);
  use_ungated(d.model, Activation::GeluTanh);
  d.model.names.embedding_norm = "token_embd_norm";
  d.model.alibi = true;
  return d;
}

Description describe_gptneox(const Keys& keys) {
  Description d = rotated(keys);
  use_layer_norm(d.model, keys);
  use_fused_rows(d.model);
  use_ungated(d.model, Activation::GeluErf);
  d.model.parallel = keys.flag("use_parallel_residual", true);
  return d;
}

// One norm for both blocks (7b) or one for each (40b); of the second kind `attn_norm` is that of
// the feed-forward block.
Description describe_falcon(const Keys& keys) {
  Description d = rotated(keys);
  Decoder& m = d.model;
  use_layer_norm(m, keys);
  use_fused_rows(m);
  use_ungated(m, Activation::GeluErf);
  m.parallel = true;
  const bool own = keys.file().find("blk.0.attn_norm_2.weight");
  m.names.attention_norm = own ? "attn_norm_2" : "attn_norm";
  m.names.mlp_norm = own ? "attn_norm" : "";
  return d;
}

Description describe_stablelm(const Keys& keys) {
  Description d = rotated(keys);
  use_layer_norm(d.model, keys);
  if (keys.file().find("blk.0.attn_q_norm.weight")) {
    fail(ErrorCode::NotSupported, "'{}': norms of query and key are not supported for stablelm",
         keys.file().path());
  }
  d.model.parallel = !keys.file().find("blk.0.ffn_norm.weight");
  if (d.model.parallel) d.model.names.mlp_norm.clear();
  return d;
}

Description describe_starcoder2(const Keys& keys) {
  Description d = rotated(keys);
  use_layer_norm(d.model, keys);
  use_ungated(d.model, Activation::GeluTanh);
  use_windows(d.model, keys, 1, 1);
  return d;
}

struct Row {
  const char* name;
  Description (*describe)(const Keys&);
};
constexpr Row kRows[] = {
#define VIREO_GGUF_ARCHITECTURE(name, function) {#name, function},
#include "frontends/gguf/architectures.inc"
#undef VIREO_GGUF_ARCHITECTURE
};

}  // namespace

Description describe(const GgufFile& file) {
  const std::string name = file.text("general.architecture");
  std::string known;
  for (const Row& row : kRows) {
    if (name == row.name) {
      Description d = row.describe(Keys(file));
      d.model.architecture = name;
      return d;
    }
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  fail(ErrorCode::NotSupported, "'{}': architecture '{}' is not supported yet, known are {}",
       file.path(), name, known);
}

}  // namespace vireo::gguf

// What distinguishes one decoder-only language model from another, in numbers and names: the file
// of an architecture fills this in from its config.json, and build.h makes the graph.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vireo::transformers {

enum class NormKind { Rms, Layer };
enum class Activation { Silu, GeluTanh, GeluErf, Relu };

// Rotary position embedding over the first `2 * inverse_frequencies.size()` elements of each head.
struct Rope {
  std::vector<float> inverse_frequencies;
  // Used instead once the sequence is longer than `long_from` (0: never).
  std::vector<float> long_inverse_frequencies;
  int64_t long_from = 0;
  double attention_factor = 1;  // times cos and sin
};

// How the projections of query, key and value lie in one weight, if they do.
enum class QkvLayout {
  Separate,
  Concatenated,  // rows [q; k; v]
  PerHead,       // rows [head][q, k, v]
  Grouped,       // rows [kv head][its queries, k, v]
};

// Names of weights in the checkpoint, without ".weight"; those of a layer without `layer`. An empty
// name: the model lacks the part. A linear map has a bias if the checkpoint holds one.
struct Names {
  std::string embedding, positions, embedding_norm, final_norm, head;
  std::string layer;  // "{}" stands for the layer's number
  std::string attention_norm, attention_post_norm, mlp_norm, mlp_post_norm;
  std::string q, k, v, qkv, o, q_norm, k_norm;
  std::string gate, up, down, gate_up;
  std::string dense;           // before them, in layers without experts
  std::string router, expert;  // "{}" stands for the expert's number; gate, up and down below it
};

struct Experts {
  int64_t count = 0, chosen = 0;  // 0: the model has none
  bool normalised = true;         // the weights of the chosen ones sum to 1
  std::vector<bool> dense;        // layers without experts; empty: none of them
};

struct Decoder {
  std::string architecture;
  int64_t layers = 0, hidden = 0, heads = 0, kv_heads = 0, head_dim = 0, vocabulary = 0;
  Names names;

  NormKind norm = NormKind::Rms;
  double epsilon = 1e-6;
  double norm_weight_offset = 0;  // Gemma stores w for a factor of 1 + w

  QkvLayout qkv = QkvLayout::Separate;
  bool input_major = false;  // weights are [in, out], as GPT-2 stores them
  bool parallel = false;     // attention and feed-forward read the same residual

  std::vector<Rope> ropes;       // none: learned positions or ALiBi
  std::vector<int> layer_rope;   // index into `ropes` per layer, -1: none; empty: 0 for all
  std::vector<int64_t> windows;  // keys that a query sees per layer, 0: all; empty: all for all
  int64_t position_offset = 0;   // of learned positions
  bool alibi = false;
  bool alibi_scaled = false;  // the bias is scaled as the scores are (Falcon)

  // a token sees those before it; else all, or those within `windows` on both sides
  bool causal = true;
  bool cached = true;  // keys and values of the past are variables of the graph

  Activation activation = Activation::Silu;
  Experts experts;

  double embedding_scale = 1, residual_scale = 1;
  double attention_scale = 0;  // 0: 1 / sqrt(head_dim)
  double logits_scale = 1;     // times the logits
  double attention_softcap = 0, logits_softcap = 0;
};

}  // namespace vireo::transformers

// The blocks that a decoder is made of. Each reads the description of the model and adds its nodes.
#pragma once

#include <map>
#include <string>

#include "frontends/transformers/decoder.h"
#include "frontends/transformers/weights.h"
#include "frontends/transformers/words.h"

namespace vireo::transformers {

// What all layers share.
struct Blocks {
  const Decoder& model;
  const WeightSource& weights;
  Words words;
  Value input_ids, attention_mask, position_ids, beam_idx, token_type_ids;
  std::map<std::string, Value> constants;  // weights that are used already, by name

  Blocks(const Decoder& m, const WeightSource& w, Graph& graph)
      : model(m), weights(w), words(graph) {}

  // The name of a layer's weight.
  std::string in_layer(int64_t layer, const std::string& name) const;

  // --- weights.cpp
  // A weight as f32, or as it is stored for `stored`. An extent of -1 in `shape` may be anything.
  Value weight(const std::string& name, const std::vector<int64_t>& shape);
  Value stored(const std::string& name, const std::vector<int64_t>& shape);
  bool has(const std::string& name) const { return weights.find(name).has_value(); }
  // x · weight + bias; `outputs` is the extent that the last axis gets, -1: as the weight says.
  Value linear(const Value& x, const std::string& name, int64_t outputs);

  // --- norm.cpp
  Value norm(const Value& x, const std::string& name);
  // The same over an axis of another extent than the model's width, and always of the RMS kind.
  Value rms_norm(const Value& x, const std::string& name, int64_t width);

  // --- position.cpp
  // cos and sin of the angles, f32 [batch, 1, length, rotated elements].
  std::pair<Value, Value> rotation(const Rope& rope);
  // f32 [batch, 1 or heads, length, past + length]: what is added to the scores.
  Value mask(int64_t window);
  Value alibi();
  Value query_positions();  // i64 [length]

  // --- attention.cpp
  Value attention(const Value& x, int64_t layer);
  // --- feed_forward.cpp
  Value feed_forward(const Value& x, int64_t layer);

 private:
  struct Heads {
    Value q, k, v;  // [batch, heads, length, head size]
  };
  Heads projections(const Value& x, int64_t layer);
  Heads split_fused(const Value& fused);
  Value with_past(const Value& now, int64_t layer, const char* which);
  Value repeated(const Value& kv);
  Value rotated(const Value& x, const std::pair<Value, Value>& cos_sin, int64_t size);
  Value softcapped_attention(const Heads& heads, const Value& mask, double scale);
  Value gated(const Value& x, const std::string& prefix);
  Value experts(const Value& x, int64_t layer);
  Value activated(const Value& x);
  Value key_positions();  // i64 [past + length]

  std::map<const Rope*, std::pair<Value, Value>> rotations_;
  std::map<int64_t, Value> masks_;
  Value key_positions_, query_positions_;
};

}  // namespace vireo::transformers

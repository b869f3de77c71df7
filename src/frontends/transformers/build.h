// Makes the graph of a language model, in the form that OpenVINO's tools give stateful ones:
// inputs input_ids and attention_mask i64 [batch, length], position_ids i64 [batch, length],
// beam_idx i32 [batch]; output logits f32 [batch, length, vocabulary]; keys and values of all
// layers as variables past_key_values.N.key and .value, [batch, kv heads, past, head size].
#pragma once

#include <memory>

#include "core/graph.h"
#include "frontends/transformers/decoder.h"
#include "frontends/transformers/weights.h"
#include "frontends/transformers/words.h"

namespace vireo::transformers {

// Weights are not copied. Throws InvalidModel naming a weight that is missing or of another shape.
std::shared_ptr<Graph> build(const Decoder& model, const WeightSource& weights);

// --- Parts that models with other inputs and outputs are made of

// Throws InvalidModel naming `path` for sizes that make no model.
void check_sizes(const Decoder& model, const std::string& path);
struct Blocks;
// Behind the last norm, f32 [batch, length, hidden].
Value hidden_state(Blocks& b);

}  // namespace vireo::transformers

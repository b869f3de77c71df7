// Makes the graph of a language model, in the form that OpenVINO's tools give stateful ones:
// inputs input_ids and attention_mask i64 [batch, length], position_ids i64 [batch, length],
// beam_idx i32 [batch]; output logits f32 [batch, length, vocabulary]; keys and values of all
// layers as variables past_key_values.N.key and .value, [batch, kv heads, past, head size].
#pragma once

#include <memory>

#include "core/graph.h"
#include "frontends/transformers/decoder.h"
#include "frontends/transformers/weights.h"

namespace vireo::transformers {

// Weights are not copied. Throws InvalidModel naming a weight that is missing or of another shape.
std::shared_ptr<Graph> build(const Decoder& model, const WeightSource& weights);

}  // namespace vireo::transformers

// What text generation asks of the graph of a language model.
#pragma once

#include "vireo/model.h"

namespace vireo {

// Adds the input `sampled_tokens_indices`, i64 [n]: positions of the pass, and lets the output
// `logits`, or the only one, tell the scores of these alone: [batch, n, vocabulary]. They are
// gathered before the product with the vocabulary, which then costs for a prompt what it costs for
// a token. False, and nothing is changed, if the output does not come from such a product over
// [batch, length, size]. Edits the model: clone() what shall stay.
VIREO_API bool select_positions(const Model& model);

}  // namespace vireo

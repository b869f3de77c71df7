// What text generation asks of the graph of a language model.
#pragma once

#include "vireo/model.h"

namespace vireo {

// Lets the output `logits`, or the only one, tell the scores of the last position alone: [batch, 1, vocabulary]. A slice goes before
// the product with the vocabulary, which then costs for a prompt what it costs for a token. False, and nothing is changed, if the
// output does not come from such a product over [batch, length, size]. Edits the model: clone() what shall stay.
VIREO_API bool keep_last_position(const Model& model);

}  // namespace vireo

// Frequencies of rotary position embeddings, with the ways in which models stretch them.
#pragma once

#include "frontends/transformers/config.h"
#include "frontends/transformers/decoder.h"

namespace vireo::transformers {

// For `size` rotated elements per head, theta and scaling as config.json says (`rope_theta`,
// `rope_scaling` or `rope_parameters`). Scaling kinds: default, linear, dynamic (as trained: its
// stretch beyond the trained length is not applied), llama3, yarn, longrope. Throws NotSupported
// naming another kind.
Rope read_rope(const Config& config, int64_t size);
// Unscaled, for a base given otherwise.
Rope plain_rope(int64_t size, double theta);

}  // namespace vireo::transformers

// Attributes of attention.
#pragma once

#include "core/op.h"

namespace vireo::ops {

// Inputs: query, key, value, then optionally mask, scale, sink.
struct ScaledDotProductAttention {
  bool causal = false;
};
void visit(AttrVisitor& v, ScaledDotProductAttention& a);

extern const OpDef scaled_dot_product_attention_13;

}  // namespace vireo::ops

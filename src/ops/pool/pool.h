// Attributes of the poolings.
#pragma once

#include "core/graph.h"
#include "ops/conv/window.h"

namespace vireo::ops {

// Opsets 8 and 14: output 1 holds the indices of the maxima, counted from `axis` on.
struct MaxPool {
  std::vector<int64_t> strides, dilations, pads_begin, pads_end, kernel;
  RoundingType rounding_type = RoundingType::Floor;
  AutoPad auto_pad = AutoPad::Explicit;
  element::Type index_element_type = element::i64;
  int64_t axis = 0;
};
void visit(AttrVisitor& v, MaxPool& a);
struct MaxPool1 : MaxPool {};  // opset 1 has neither dilations nor indices
void visit(AttrVisitor& v, MaxPool1& a);

struct AvgPool {
  std::vector<int64_t> kernel, strides, pads_begin, pads_end, dilations;
  bool exclude_pad = false;
  AutoPad auto_pad = AutoPad::Explicit;
  RoundingType rounding_type = RoundingType::Floor;
};
void visit(AttrVisitor& v, AvgPool& a);
struct AvgPool1 : AvgPool {};  // opsets 1 and 14 have no dilations
void visit(AttrVisitor& v, AvgPool1& a);

// Of whichever form the node has.
inline const MaxPool& max_pool_attrs(const OpDef& op, const Attrs& attrs) {
  return op.version == 1 ? attrs.as<MaxPool1>() : attrs.as<MaxPool>();
}
inline const AvgPool& avg_pool_attrs(const OpDef& op, const Attrs& attrs) {
  return op.version < 16 ? attrs.as<AvgPool1>() : attrs.as<AvgPool>();
}

extern const OpDef max_pool_1, max_pool_8, max_pool_14, avg_pool_1, avg_pool_14, avg_pool_16,
    adaptive_avg_pool_8, adaptive_max_pool_8;

}  // namespace vireo::ops

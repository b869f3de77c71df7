// Attributes of TopK.
#pragma once

#include "core/op.h"

namespace vireo::ops {

enum class TopKMode { Max, Min };
enum class TopKSort { None, Value, Index };
struct TopK {
  int64_t axis = -1;
  TopKMode mode = TopKMode::Max;
  TopKSort sort = TopKSort::None;
  element::Type index_element_type = element::i32;
  bool stable = false;  // opset 11
};
void visit(AttrVisitor& v, TopK& a);

}  // namespace vireo::ops

// Attributes of the scatter operators.
#pragma once

#include "core/op.h"

namespace vireo::ops {

enum class ScatterReduction { None, Sum, Prod, Min, Max, Mean, Sub };

struct ScatterElements {
  ScatterReduction reduction = ScatterReduction::None;
  bool use_init_val = true;
};
void visit(AttrVisitor& v, ScatterElements& a);

struct ScatterND {
  ScatterReduction reduction = ScatterReduction::None;
};
void visit(AttrVisitor& v, ScatterND& a);

}  // namespace vireo::ops

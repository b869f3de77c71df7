// Attributes of the indexing operators that passes, devices or frontends read.
#pragma once

#include "core/op.h"

namespace vireo::ops {

struct Gather {  // GatherND has the same
  int64_t batch_dims = 0;
};
void visit(AttrVisitor& v, Gather& a);

struct GatherElements {
  int64_t axis = 0;
};
void visit(AttrVisitor& v, GatherElements& a);

}  // namespace vireo::ops

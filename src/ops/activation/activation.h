// Attributes of the activation operators that others read.
#pragma once

#include "core/op.h"

namespace vireo::ops {

struct Softmax {
  int64_t axis = 1;
};
void visit(AttrVisitor& v, Softmax& a);

}  // namespace vireo::ops

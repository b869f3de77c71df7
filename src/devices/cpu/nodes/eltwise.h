// Element-wise nodes, alone and in groups.
#pragma once

#include <memory>
#include <string>

#include "devices/cpu/kernels/eltwise/eltwise.h"
#include "devices/cpu/node.h"

namespace vireo::cpu {

// A node in the words of the kernel.
struct EltwiseNode {
  EltwiseOp op = EltwiseOp::copy;
  int arity = 1;  // inputs that are operands; the others gave parameters
  float params[5] = {};
  int channel_axis = -1;  // PRelu: a slope of rank 1 lies along this axis
};

extern const NodeKind eltwise_node, eltwise_group_node;

}  // namespace vireo::cpu

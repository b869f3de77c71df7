// Graph activations in the words of the dense kernels.
#pragma once

#include "devices/cpu/kernels/epilogue.h"
#include "devices/cpu/node.h"
#include "ops/fused/fused.h"

namespace vireo::cpu {

// False if the kernels have no such activation.
bool set_activation(Epilogue& epilogue, const ops::Activation& activation);

// Whether a product's residual has the type of its activations. It has that of the output, which
// may be f32 where they are not.
inline bool narrow_residual(const NodeView& node, bool has_residual) {
  return has_residual && node.out_type() == node.in_type(0);
}

}  // namespace vireo::cpu

// Graph activations in the words of the dense kernels.
#pragma once

#include "devices/cpu/kernels/epilogue.h"
#include "ops/fused/fused.h"

namespace vireo::cpu {

// False if the kernels have no such activation.
bool set_activation(Epilogue& epilogue, const ops::Activation& activation);

}  // namespace vireo::cpu

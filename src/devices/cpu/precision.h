// The precision that a model runs in, and which of its products run narrow: from a table of rates,
// so that the same model, properties and machine type give the same plan.
#pragma once

#include "base/arch/isa.h"
#include "core/device.h"

namespace vireo::cpu {

// How many activations that meet compressed weights share a scale of their 8-bit codes; 0: they
// stay f32. As OpenVINO has it: 32 unless asked otherwise, and none where accuracy is asked for.
uint64_t quantised_group_of(const CompileConfig& config);

// What these properties come to for a normalised graph: bf16 where it was asked for and there are
// instructions for it; f32 where f32 was asked for, or accuracy. Where nothing was asked for, bf16
// if products gain enough by it.
element::Type choose_precision(const Graph& graph, const CompileConfig& config, IsaSet isa);

// Makes activations flow in bf16 where products gain by it, or, if it was `asked` for, wherever
// they can.
void lower_to_bf16(Graph& graph, IsaSet isa, bool asked);

}  // namespace vireo::cpu

// Which states a program keeps in pages, and how they lie in a block.
#pragma once

#include "devices/cpu/program.h"

namespace vireo::cpu {

// What a cache is kept in for what was asked: f32, bf16 or u8. f16 is kept as f32 and 4 bits as 8:
// never less exact than asked. Where nothing was asked for, u8; f32 in accuracy mode, and where f32
// was asked for computing.
element::Type kv_type(element::Type asked, const CompileConfig& config);

void find_kv_layout(Program& program);

}  // namespace vireo::cpu

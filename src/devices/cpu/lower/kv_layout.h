// Which states a program keeps in pages, and how they lie in a block.
#pragma once

#include "devices/cpu/program.h"

namespace vireo::cpu {

// What a cache is kept in for what was asked: f32, bf16 or u8. Where nothing was asked for, u8
// unless the mode is accuracy. f16 is kept as f32 and 4 bits as 8: never less exact than asked.
element::Type kv_type(element::Type asked, ExecutionMode mode);

void find_kv_layout(Program& program);

}  // namespace vireo::cpu

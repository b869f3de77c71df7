// Instruction-set tiers in words: what users write and read. Apart from isa.h, which every kernel
// includes.
#pragma once

#include <string>
#include <string_view>

#include "base/arch/isa.h"

namespace vireo {

// "avx2" (the tier and all that it implies), "avx512,-avx512_bf16" (a list; a minus removes the
// tier and what rests on it), "" (no cap). Affects what is compiled afterwards, not compiled
// models.
void set_isa_cap(std::string_view cap);
// The tiers that a cap allows, whether or not the machine has them.
IsaSet parse_isa_cap(std::string_view cap);

bool isa_from_name(std::string_view name, Isa* isa);
// For error reports: "AMD EPYC 9R45: avx2 avx2_vnni avx512 (capped by avx512)".
std::string isa_string();

}  // namespace vireo

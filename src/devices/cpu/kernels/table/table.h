// Functions of 8-bit codes as tables of 256 codes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vireo {
class IsaSet;
}

namespace vireo::cpu {

// dst[i] = table[src[i]]; dst may be src.
using TableFn = void (*)(const uint8_t* table, const uint8_t* src, uint8_t* dst, int64_t n);

struct TablePlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  TableFn fn = nullptr;
  int64_t count = 0;  // codes
};

struct TableArgs {
  const uint8_t* table;
  const uint8_t* src;
  uint8_t* dst;
};

TablePlan plan_table(int64_t count, const IsaSet& isa);
void run_table(const TablePlan& plan, const TableArgs& args, int64_t task_begin, int64_t task_end,
               void* scratch) noexcept;

#define VIREO_TABLE_FN(isa, tier)                                                  \
  namespace isa {                                                                  \
  void look_up(const uint8_t* table, const uint8_t* src, uint8_t* dst, int64_t n); \
  }
#include "devices/cpu/kernels/table/kernels.inc"
#undef VIREO_TABLE_FN

}  // namespace vireo::cpu

// The convention of all kernel families, and the few constants that they share.
//
// A family has three plain things, none of which knows graphs:
//   XPlan  decided once, when a model or a new shape is compiled: kernel, blocking, `tasks`,
//   `scratch_bytes` XArgs  the pointers of one inference run_x(plan, args, task_begin, task_end,
//   scratch) noexcept
// Tasks are of like cost and independent: any partition of [0, plan.tasks) over threads gives the
// same bits. One thread takes a contiguous range, since neighbours share what is in its cache.
// `scratch` is the thread's own, 64-byte aligned, at least plan.scratch_bytes, uninitialised;
// nullptr if that is 0. No run allocates, throws or calls virtually. All strides are in elements
// unless a name ends in _bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vireo::cpu {

constexpr size_t kCacheLine = 64;

constexpr int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }
// The first item of part i when n items are cut into `parts` as evenly as they go.
constexpr int64_t part_begin(int64_t n, int64_t parts, int64_t i) {
  return n / parts * i + (i < n % parts ? i : n % parts);
}

}  // namespace vireo::cpu

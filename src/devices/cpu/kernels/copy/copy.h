// Copies of bytes between strided tensors: slices, concatenation and split (a copy per part, at an
// offset), broadcast, tile, reversal (negative strides), and padding.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vireo::cpu {

constexpr int kCopyRank = 12;

struct CopyPlan {
  int64_t tasks = 0;
  size_t scratch_bytes = 0;
  // Collapsed. The innermost loop moves `run_bytes` at once, or elements of `element_bytes` where a
  // stride breaks runs.
  int rank = 0;  // of the outer loops
  int64_t dims[kCopyRank] = {}, src_strides[kCopyRank] = {}, dst_strides[kCopyRank] = {};  // bytes
  int64_t element_bytes = 1, run_bytes = 0;
  int64_t inner = 1, inner_src_stride = 0, inner_dst_stride = 0;  // bytes; a loop of runs
  int64_t runs = 0;  // of all tasks, if `inner` need not divide them; else 0
};

struct CopyArgs {
  const void* src;  // where index 0 lies; offsets of slices are added by the caller
  void* dst;        // must not overlap src
};

// Element [i...] of dst becomes element [i...] of src; strides in bytes, 0 in src_strides
// broadcasts, negative ones reverse.
CopyPlan plan_copy(int rank, const int64_t* dims, const int64_t* src_strides,
                   const int64_t* dst_strides, int64_t element_bytes);
// dst dims are dims[i] * repeats[i]; rank <= 6, both dense.
CopyPlan plan_tile(int rank, const int64_t* dims, const int64_t* repeats, int64_t element_bytes);
// dst (dense, dims) from src (dense, src_dims), numpy rules with the ranks made equal by the caller
// (extents 1 broadcast).
CopyPlan plan_broadcast(int rank, const int64_t* dims, const int64_t* src_dims,
                        int64_t element_bytes);
void run_copy(const CopyPlan& plan, const CopyArgs& args, int64_t task_begin, int64_t task_end,
              void* scratch) noexcept;

// reflect leaves out the border itself, symmetric repeats it.
enum class PadMode : uint8_t { constant, edge, reflect, symmetric };

struct PadPlan {
  int64_t tasks = 0;  // rows of the output
  size_t scratch_bytes = 0;
  PadMode mode = PadMode::constant;
  int rank = 0;
  int64_t dims[kCopyRank] = {}, begin[kCopyRank] = {}, out_dims[kCopyRank] = {};
  int64_t element_bytes = 1;
};

struct PadArgs {
  const void* src;
  const void* value;  // one element, for constant
  void* dst;
};

// begin and end may be negative (cropping) in every mode; both tensors dense. reflect needs dims[i]
// > |begin|, |end|.
PadPlan plan_pad(int rank, const int64_t* dims, const int64_t* begin, const int64_t* end,
                 PadMode mode, int64_t element_bytes);
void run_pad(const PadPlan& plan, const PadArgs& args, int64_t task_begin, int64_t task_end,
             void* scratch) noexcept;

// Each sequence turned around along its own length, what lies behind it as it is. Both tensors are
// dense [outer, first, middle, second, row]; first is the batch and second the sequence, or the
// other way round.
struct ReverseParams {
  int64_t outer = 1, first = 1, middle = 1, second = 1, row_bytes = 0;
  bool sequence_first = false;
  bool long_lengths = false;  // i64, else i32
};
struct ReversePlan {
  int64_t tasks = 0;  // rows
  size_t scratch_bytes = 0;
  ReverseParams params;
};
struct ReverseArgs {
  const void *src, *lengths;
  void* dst;
};
ReversePlan plan_reverse(const ReverseParams& params);
void run_reverse(const ReversePlan& plan, const ReverseArgs& args, int64_t task_begin,
                 int64_t task_end, void* scratch) noexcept;

}  // namespace vireo::cpu

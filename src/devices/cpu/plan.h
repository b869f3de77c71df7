// The plan: flat arrays of bound calls for concrete shapes. Immutable once made, shared by
// requests.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/op.h"

namespace vireo::cpu {

struct BoundNode;
using ValueId = uint32_t;
inline constexpr uint32_t kNone32 = ~0u;

// Where bytes lie: an entry of a request's table of base pointers, and an offset. Entry 0 is null,
// so that constants are operands whose offset is their address.
struct Operand {
  uint32_t base = 0;
  uint64_t offset = 0;
  bool operator==(const Operand& o) const { return base == o.base && offset == o.offset; }
};

// Runs tasks [begin, end). Operands are resolved pointers in the order in which the step was given
// them; `scratch` is the thread's own. Must not throw.
using StepFn = void (*)(const void* params, void* const* operands, int64_t begin, int64_t end,
                        void* scratch);

struct Step {
  StepFn fn = nullptr;  // null: a host call, `params` is a HostCall
  const void* params = nullptr;
  uint32_t first_operand = 0;
  uint32_t operand_count = 0;
  int64_t tasks = 1;
  float microseconds = 0;  // estimate, one thread; decides whether it is worth a fork
};

// What profiles and dumps say of a step; parallel to the steps.
struct StepInfo {
  const BoundNode* node = nullptr;
  std::string kernel;
  std::string refused;
  double gflop = 0;
  double bytes = 0;
};

// A value where a step needs it: its place, type and shape.
struct PlacedValue {
  ValueId value = kNone32;
  Operand place;
  element::Type type;
  Shape shape;
};

// A node that works on tensors: evaluate, control flow. Its outputs go to the request's heap.
struct HostCall {
  const BoundNode* node = nullptr;
  std::vector<PlacedValue> inputs;  // value kNone32 with a null place: an absent input
  std::vector<PlacedValue> outputs;
  bool open = false;  // shapes of the outputs are not known beforehand
};

// Where an output of the program is after its segment ran.
struct PlannedOutput {
  uint32_t index = 0;
  bool direct = false;  // steps write the request's output tensor itself
  PlacedValue value;    // else: the tensor on the heap
};

// The dead parts of the arena before a step, for VIREO_DEBUG_ARENA.
struct ArenaBlock {
  size_t offset = 0, bytes = 0;
  uint32_t first = 0, last = 0;  // steps in which it holds a value
};

// Memory for the parameters of steps, in few blocks: a plan has hundreds of them.
class StepMemory {
 public:
  void* allocate(size_t bytes, size_t alignment) {
    size_t at = (used_ + alignment - 1) / alignment * alignment;
    if (blocks_.empty() || at + bytes > size_) {
      size_ = bytes + alignment > kBlock ? bytes + alignment : kBlock;
      blocks_.emplace_back(new char[size_]);
      const auto address = reinterpret_cast<uintptr_t>(blocks_.back().get());
      at = (address + alignment - 1) / alignment * alignment - address;
    }
    used_ = at + bytes;
    return blocks_.back().get() + at;
  }

 private:
  static constexpr size_t kBlock = size_t(1) << 15;
  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t size_ = 0, used_ = 0;  // of the last block
};

struct Segment;

// What a segment knew when it had to stop: enough to plan on.
struct PlanState {
  std::vector<Fact> facts;      // by value, where changed
  std::vector<char> changed;    // the fact is more than the program knew
  std::vector<Operand> places;  // by value, where placed
  std::vector<char> placed;
  std::vector<char> emitted;  // by node
  uint32_t next = 0;          // index of the node to go on with
  uint32_t depth = 0;
};

// A stretch of a plan without questions: runs from the start, or from what a question gave, to the
// next question or the end.
struct Segment {
  std::vector<Step> steps;
  std::vector<Operand> operands;
  std::vector<StepInfo> infos;
  std::vector<PlannedOutput> outputs;
  std::vector<ArenaBlock> blocks;
  StepMemory memory;                              // params that need no destructor
  std::vector<std::shared_ptr<const void>> keep;  // other params, constants made while planning
  uint32_t depth = 0;                             // which arena it works in
  size_t arena_bytes = 0;
  size_t scratch_bytes = 0;  // per thread
  uint32_t max_operands = 0;
  // What its attention over pages reads: rows and tokens in each; -1: there is none.
  int64_t kv_batch = -1, kv_fresh = -1;

  // The question at the end: shapes of what the last host call made, or the values of small integer
  // tensors. Neither: the plan ends.
  bool asks_shapes = false;
  std::vector<PlacedValue> asks_values;
  std::shared_ptr<const PlanState> state;  // to plan on after the question
  bool ends() const { return !state; }
};

}  // namespace vireo::cpu

// The walk over a segment's steps, and the host calls among them.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "core/patch.h"
#include "devices/cpu/inference.h"

namespace vireo::cpu {

namespace {

// Forks cost about as much as two microseconds of work.
constexpr float kForkMicroseconds = 2;

bool debug_arena() {
  static const bool on = [] {
    const char* text = std::getenv("VIREO_DEBUG_ARENA");
    return text && *text == '1';
  }();
  return on;
}

bool overlaps(const Tensor& t, const Tensor& in) {
  const auto at = reinterpret_cast<uintptr_t>(t.data()),
             from = reinterpret_cast<uintptr_t>(in.data());
  return t.get_byte_size() && at >= from && at < from + std::max<size_t>(1, in.get_byte_size());
}

}  // namespace

void CpuInference::run_tasks(const Step& step, void* const* operands) {
  team_->run(int(step.tasks), [&](int begin, int end, int thread) {
    const FloatEnvironment environment(denormals_);
    step.fn(step.params, operands, begin, end, scratch_[size_t(thread)].data());
  });
}

void CpuInference::run_step(const Step& step, const Segment& segment) {
  if (!step.fn) return host_call(*static_cast<const HostCall*>(step.params));
  const Operand* refs = segment.operands.data() + step.first_operand;
  void** operands = operands_.data();
  for (uint32_t i = 0; i < step.operand_count; ++i)
    operands[i] = reinterpret_cast<void*>(bases_[refs[i].base] + refs[i].offset);
  if (step.microseconds < kForkMicroseconds || step.tasks == 1 || scratch_.size() == 1)
    step.fn(step.params, operands, 0, step.tasks, scratch_[0].data());
  else
    run_tasks(step, operands);
}

void CpuInference::walk(const Segment& segment) {
  if (program_->config.perf_count || debug_arena()) return walk_timed(segment);
  for (const Step& step : segment.steps) {
    if (cancel_ && cancel_->load(std::memory_order_relaxed))
      throw Cancelled("the inference was cancelled");
    run_step(step, segment);
  }
}

void CpuInference::walk_timed(const Segment& segment) {
  using Clock = std::chrono::steady_clock;
  timed_.push_back(path_[segment.depth].segment);
  for (uint32_t i = 0; i < segment.steps.size(); ++i) {
    if (cancel_ && cancel_->load(std::memory_order_relaxed))
      throw Cancelled("the inference was cancelled");
    if (debug_arena()) fill_dead_arena(segment, i);
    const auto start = Clock::now();
    run_step(segment.steps[i], segment);
    const std::chrono::duration<double, std::micro> took = Clock::now() - start;
    double own = took.count();
    for (const ProfileEntry& entry : inside_) own -= entry.microseconds;
    times_.push_back({&segment.infos[i], own, std::move(inside_)});
    inside_.clear();
  }
}

// All of the arena that holds no value at this step becomes NaN, so that a step that reads what it
// should not is seen.
void CpuInference::fill_dead_arena(const Segment& segment, uint32_t step) {
  std::vector<char> live(segment.arena_bytes);
  for (const ArenaBlock& b : segment.blocks)
    if (b.first < step && b.last >= step) std::memset(live.data() + b.offset, 1, b.bytes);
  uint8_t* arena = arenas_[segment.depth].data();
  for (size_t i = 0; i < live.size(); ++i)
    if (!live[i]) arena[i] = 0xff;
}

Tensor CpuInference::view_of(const PlacedValue& value) const {
  void* data = reinterpret_cast<void*>(bases_[value.place.base] + value.place.offset);
  const uint32_t first_heap = program_->heap_base(0);
  if (value.place.base >= first_heap && value.place.base < program_->arena_base(0)) {
    const Tensor& t = heap_[value.place.base - first_heap];
    if (value.place.offset == 0 && t.get_element_type() == value.type &&
        t.get_shape() == value.shape)
      return t;
    return Tensor(value.type, value.shape, data, {}, t.impl());
  }
  return Tensor(value.type, value.shape, data);
}

void CpuInference::host_call(const HostCall& call) {
  const BoundNode& node = *call.node;
  std::vector<Tensor> inputs;
  inputs.reserve(call.inputs.size());
  for (const PlacedValue& in : call.inputs) {
    if (in.value == kNone32) {
      inputs.emplace_back();
      continue;
    }
    PlacedValue placed = in;
    inputs.push_back(view_of(placed));
  }
  if (node.variable != kNone32) {
    VariableSlot& slot = (*slots_)[node.variable];
    const Tensor& value = inputs[0];
    if (!slot.pending || slot.pending.get_element_type() != value.get_element_type())
      slot.pending = Tensor(value.get_element_type(), value.get_shape());
    else if (slot.pending.get_shape() != value.get_shape())
      slot.pending.set_shape(value.get_shape());
    value.copy_to(slot.pending);
    slot.assigned = true;
    return;
  }
  host_evaluate(call, std::move(inputs));
}

void CpuInference::host_evaluate(const HostCall& call, std::vector<Tensor> inputs) {
  const BoundNode& node = *call.node;
  std::vector<Tensor> outputs =
      node.bodies.empty() ? evaluate_op(*node.node->op, node.node->attrs, node.node->name, inputs)
                          : run_control(call, inputs);
  for (size_t i = 0; i < call.outputs.size(); ++i) {
    const PlacedValue& planned = call.outputs[i];
    if (i >= outputs.size() || !outputs[i])
      fail(ErrorCode::Internal, "{} '{}': output {} was not computed", node.node->op->name,
           node.node->name, i);
    if (!call.open &&
        (outputs[i].get_shape() != planned.shape || outputs[i].get_element_type() != planned.type))
      fail(ErrorCode::Internal, "{} '{}': output {} is {}{}, expected {}{}", node.node->op->name,
           node.node->name, i, outputs[i].get_element_type().name(),
           outputs[i].get_shape().to_string(), planned.type.name(), planned.shape.to_string());
    keep_on_heap(planned.value, std::move(outputs[i]), inputs);
  }
}

// An evaluation may hand an input through; memory that is not on the heap will be written over, so
// that it is copied.
void CpuInference::keep_on_heap(ValueId v, Tensor tensor, const std::vector<Tensor>& borrowed) {
  bool copy = !tensor.is_continuous();
  for (const Tensor& in : borrowed) copy |= in && overlaps(tensor, in);
  if (copy) {
    Tensor own(tensor.get_element_type(), tensor.get_shape());
    tensor.copy_to(own);
    tensor = own;
  }
  bases_[program_->heap_base(v)] = reinterpret_cast<uintptr_t>(tensor.data());
  heap_[v] = std::move(tensor);
}

std::vector<ProfileEntry> CpuInference::profile() const {
  std::vector<ProfileEntry> out;
  for (const Timed& timed : times_) {
    const StepInfo* info = timed.info;
    const GraphNode& node = *info->node->node;
    ProfileEntry entry;
    entry.fused = original_names(node);
    entry.node = entry.fused.empty() ? node.name : entry.fused.back();
    entry.node_type = std::string(node.op->name);
    entry.exec_type = info->kernel;
    entry.refused = info->refused;
    entry.microseconds = timed.microseconds;
    entry.gflop = info->gflop;
    entry.bytes = info->bytes;
    out.push_back(std::move(entry));
    out.insert(out.end(), timed.inside.begin(), timed.inside.end());
  }
  return out;
}

// What a body did counts for the step that runs it, all iterations together.
void CpuInference::run_body(CpuInference& body) {
  body.run(cancel_);
  if (!program_->config.perf_count) return;
  for (ProfileEntry& entry : body.profile()) {
    const auto same = [&](const ProfileEntry& e) {
      return e.node == entry.node && e.exec_type == entry.exec_type;
    };
    const auto found = std::find_if(inside_.begin(), inside_.end(), same);
    if (found == inside_.end()) {
      inside_.push_back(std::move(entry));
      continue;
    }
    found->microseconds += entry.microseconds;
    found->gflop += entry.gflop;
    found->bytes += entry.bytes;
  }
}

}  // namespace vireo::cpu

// What a request holds, and how a run finds its plan.
#include "devices/cpu/inference.h"

#include <algorithm>
#include <cstring>

#include "base/arch/float_environment.h"

namespace vireo::cpu {

namespace {

void append(PlanKey& key, const Shape& shape) {
  key.push_back(int64_t(shape.size()));
  for (size_t d : shape) key.push_back(int64_t(d));
}

Denormals denormals_of(const CompileConfig& config) {
  const bool flush = config.flush_denormals.value_or(config.mode == ExecutionMode::Performance);
  return flush ? Denormals::Flush : Denormals::Keep;
}

}  // namespace

Shape start_shape(const PartialShape& shape) {
  if (shape.is_static()) return shape.to_shape();
  if (!shape.rank_is_static()) return Shape{0};
  Shape out;
  for (const Dimension& d : shape) out.push_back(d.is_static() ? size_t(d.get_length()) : 0);
  return out;
}

Tensor zeros(element::Type type, const Shape& shape) {
  Tensor t(type, shape);
  if (type != element::string && t.get_byte_size()) std::memset(t.data(), 0, t.get_byte_size());
  return t;
}

CpuInference::CpuInference(std::shared_ptr<const Program> program, std::shared_ptr<Streams> streams,
                           std::shared_ptr<VariableSlots> outer)
    : program_(std::move(program)),
      slots_(std::move(outer)),
      streams_(std::move(streams)),
      is_body_(slots_ != nullptr) {
  if (!slots_) slots_ = std::make_shared<VariableSlots>(program_->variables.size());
  const Program& p = *program_;
  inputs_.resize(p.parameters.size());
  input_shapes_.resize(p.parameters.size());
  dense_inputs_.resize(p.parameters.size());
  user_outputs_.resize(p.results.size());
  own_outputs_.resize(p.results.size());
  current_outputs_.resize(p.results.size());
  heap_.resize(p.values.size());
  derived_.resize(p.parameters.size());
  if (!p.kv.empty() && !is_body_) kv_ = std::make_unique<KvStore>(p.kv, paged_table(p.isa));
  denormals_ = denormals_of(p.config);
  bases_.resize(p.arena_base(1));
  scratch_.resize(size_t(streams_->threads()));
}

CpuInference::~CpuInference() = default;

void CpuInference::set_input(size_t index, const Tensor& tensor) {
  VIREO_ASSERT(index < inputs_.size());
  const Fact& fact = program_->values[program_->parameters[index]].fact;
  const std::string& name =
      program_->graph->arena->producer(program_->values[program_->parameters[index]].ref).name;
  if (!tensor) fail(ErrorCode::InvalidArgument, "input '{}': the tensor is empty", name);
  if (fact.type.is_static() && tensor.get_element_type() != fact.type)
    fail(ErrorCode::InvalidArgument, "input '{}': got element type {}, expected {}", name,
         tensor.get_element_type().name(), fact.type.name());
  if (!fact.shape.compatible(PartialShape(tensor.get_shape())))
    fail(ErrorCode::InvalidArgument, "input '{}': got shape {}, expected {}", name,
         tensor.get_shape().to_string(), fact.shape.to_string());
  inputs_[index] = tensor;
}

void CpuInference::set_output(size_t index, const Tensor& tensor) {
  VIREO_ASSERT(index < user_outputs_.size());
  const Fact& fact = program_->values[program_->results[index]].fact;
  if (tensor && fact.type.is_static() && tensor.get_element_type() != fact.type)
    fail(ErrorCode::InvalidArgument, "output {}: got element type {}, expected {}", index,
         tensor.get_element_type().name(), fact.type.name());
  user_outputs_[index] = tensor;
  current_outputs_[index] = tensor;
}

Tensor CpuInference::input(size_t index) {
  if (!inputs_[index]) {
    const Fact& fact = program_->values[program_->parameters[index]].fact;
    inputs_[index] = zeros(fact.type.is_dynamic() ? element::Type(element::f32) : fact.type,
                           start_shape(fact.shape));
  }
  return inputs_[index];
}

Tensor CpuInference::output(size_t index) {
  if (!current_outputs_[index]) {
    const Fact& fact = program_->values[program_->results[index]].fact;
    own_outputs_[index] = zeros(fact.type.is_dynamic() ? element::Type(element::f32) : fact.type,
                                start_shape(fact.shape));
    current_outputs_[index] = own_outputs_[index];
  }
  return current_outputs_[index];
}

Tensor CpuInference::take_output(size_t index, bool* own) {
  Tensor taken = std::move(current_outputs_[index]);
  current_outputs_[index] = Tensor();
  *own = own_outputs_[index] && taken.same_buffer(own_outputs_[index]);
  if (*own) own_outputs_[index] = Tensor();
  return taken;
}

void CpuInference::recycle(size_t index, Tensor tensor) {
  if (!own_outputs_[index]) own_outputs_[index] = std::move(tensor);
}

// Looks at the inputs again at every run: users reshape and refill the tensors that they have set.
void CpuInference::bind() {
  if (!is_body_ && !slots_->empty()) derive_inputs();
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (kv_ && program_->run_time[i]) {  // read as the attention begins
      const Fact& fact = program_->values[program_->parameters[i]].fact;
      input_shapes_[i] = inputs_[i] ? inputs_[i].get_shape() : start_shape(fact.shape);
      continue;
    }
    if (!inputs_[i] && !derived_[i]) (void)input(i);
    Tensor& t = derived_[i] ? derived_[i] : inputs_[i];
    const Fact& fact = program_->values[program_->parameters[i]].fact;
    if (input_shapes_[i] != t.get_shape()) {
      if (!fact.shape.compatible(PartialShape(t.get_shape())))
        fail(ErrorCode::InvalidArgument, "input {}: got shape {}, expected {}", i,
             t.get_shape().to_string(), fact.shape.to_string());
      input_shapes_[i] = t.get_shape();
    }
    const void* data = t.data();
    if (!t.is_continuous()) {
      dense_inputs_[i] = t.dense();
      data = dense_inputs_[i].data();
    }
    bases_[program_->input_base(i)] = reinterpret_cast<uintptr_t>(data);
  }
  for (size_t i = 0; i < slots_->size(); ++i) {
    VariableSlot& slot = (*slots_)[i];
    if (!is_body_) slot.assigned = false;
    bases_[program_->variable_base(i)] =
        slot.value ? reinterpret_cast<uintptr_t>(slot.value.data()) : 0;
  }
}

void CpuInference::root_key() {
  key_.clear();
  for (size_t i = 0; i < input_shapes_.size(); ++i)
    if (!program_->run_time[i]) append(key_, input_shapes_[i]);
  for (const VariableSlot& slot : *slots_) {
    key_.push_back(slot.value ? 1 : 0);
    if (slot.value) append(key_, slot.value.get_shape());
  }
}

void CpuInference::answer_key(const Segment& asked) {
  key_.clear();
  if (asked.asks_shapes) {
    const auto& call = *static_cast<const HostCall*>(asked.steps.back().params);
    for (const PlacedValue& out : call.outputs) append(key_, heap_[out.value].get_shape());
  }
  for (const PlacedValue& value : asked.asks_values) {
    const size_t bytes = dense_byte_size(value.type, value.shape);
    const size_t at = key_.size();
    key_.resize(at + 1 + (bytes + 7) / 8, 0);
    key_[at] = int64_t(bytes);
    if (bytes)
      std::memcpy(&key_[at + 1],
                  reinterpret_cast<const void*>(bases_[value.place.base] + value.place.offset),
                  bytes);
  }
}

std::vector<std::pair<ValueId, Fact>> CpuInference::answers(const Segment& asked) const {
  std::vector<std::pair<ValueId, Fact>> out;
  if (asked.asks_shapes) {
    const auto& call = *static_cast<const HostCall*>(asked.steps.back().params);
    for (const PlacedValue& o : call.outputs) {
      const Tensor& t = heap_[o.value];
      out.push_back({o.value, Fact{t.get_element_type(), PartialShape(t.get_shape()), {}, {}}});
    }
  }
  for (const PlacedValue& value : asked.asks_values) {
    Tensor copy(value.type, value.shape);
    view_of(value).copy_to(copy);
    out.push_back({value.value, Fact{value.type, PartialShape(value.shape), copy, {}}});
  }
  return out;
}

PlanInputs CpuInference::plan_inputs() const {
  PlanInputs in;
  in.parameters = input_shapes_;
  for (const VariableSlot& slot : *slots_)
    in.variables.push_back({bool(slot.value), slot.value ? slot.value.get_shape() : Shape{}});
  return in;
}

// The segment to run at a depth: that of the last run if nothing it depends on has changed.
const Segment& CpuInference::segment_at(size_t depth) {
  if (depth == 0) {
    if (program_->static_shapes && !path_.empty()) return *path_[0].segment;
    root_key();
  } else {
    answer_key(*path_[depth - 1].segment);
  }
  if (depth < path_.size() && path_[depth].key == key_) return *path_[depth].segment;
  path_.resize(depth);

  const std::shared_ptr<const Segment> parent = depth ? path_[depth - 1].segment : nullptr;
  std::lock_guard<std::mutex> lock(program_->plan_mutex);
  std::shared_ptr<const Segment> segment = program_->plans.find(parent.get(), key_);
  if (!segment) {
    segment = depth ? plan_next(*program_, plan_inputs(), *parent, answers(*parent))
                    : plan_first(*program_, plan_inputs());
    program_->plans.add(parent, key_, segment);
  }
  path_.push_back({key_, segment});
  return *path_[depth].segment;
}

// Memory for a segment: its arena, the outputs that it writes.
void CpuInference::activate(const Segment& segment) {
  if (arenas_.size() <= segment.depth) {
    arenas_.resize(segment.depth + 1);
    bases_.resize(program_->arena_base(segment.depth + 1));
  }
  AlignedBuffer& arena = arenas_[segment.depth];
  if (arena.size() < segment.arena_bytes) {
    // Addresses for shapes to grow into: pages take memory when they are touched, and those that
    // are stay, while a new block would fault all of its pages in again.
    constexpr size_t kMostRoom = size_t(256) << 20;
    const size_t room = arena.empty() ? 0 : std::min(3 * segment.arena_bytes, kMostRoom);
    arena = AlignedBuffer();
    arena = AlignedBuffer(segment.arena_bytes + room);
  }
  if (segment.kv_batch >= 0) begin_kv(segment);
  bases_[program_->arena_base(segment.depth)] = reinterpret_cast<uintptr_t>(arena.data());
  if (operands_.size() < segment.max_operands) operands_.resize(segment.max_operands);
  if (segment.scratch_bytes)
    for (AlignedBuffer& s : scratch_)
      if (s.size() < segment.scratch_bytes)
        s = AlignedBuffer(segment.scratch_bytes + (s.empty() ? 0 : segment.scratch_bytes));

  for (const PlannedOutput& out : segment.outputs) {
    if (!out.direct) continue;
    Tensor& user = user_outputs_[out.index];
    Tensor& own = own_outputs_[out.index];
    const bool to_user = user && user.is_continuous();
    Tensor& t = to_user ? user : own;
    if (!t) t = Tensor(out.value.type, out.value.shape);
    if (t.get_shape() != out.value.shape) t.set_shape(out.value.shape);
    bases_[program_->output_base(out.index)] = reinterpret_cast<uintptr_t>(t.data());
  }
}

void CpuInference::collect_outputs(const Segment& segment) {
  for (const PlannedOutput& out : segment.outputs) {
    Tensor& user = user_outputs_[out.index];
    Tensor& current = current_outputs_[out.index];
    if (out.direct && !(user && !user.is_continuous())) {
      Tensor& from = user ? user : own_outputs_[out.index];
      if (current.impl() != from.impl()) current = from;
      continue;
    }
    const bool on_heap = out.value.place == Operand{program_->heap_base(out.value.value), 0};
    Tensor result = out.direct ? own_outputs_[out.index]
                    : on_heap  ? heap_[out.value.value]
                               : view_of(out.value);
    if (user) {
      if (user.get_shape() != result.get_shape()) user.set_shape(result.get_shape());
      result.copy_to(user);
      current = user;
    } else if (!out.direct && result.impl() != heap_[out.value.value].impl()) {
      current = Tensor(result.get_element_type(), result.get_shape());
      result.copy_to(current);
    } else {
      current = result;
    }
  }
}

void CpuInference::run(const std::atomic<bool>* cancel) {
  cancel_ = cancel;
  if (is_body_) return run_segments();
  const FloatEnvironment environment(denormals_);
  const Streams::Lease lease = streams_->acquire();
  struct Active {
    explicit Active(Team& t) : team(t) { team.begin(); }
    ~Active() { team.end(); }
    Team& team;
  } active(lease.team());
  team_ = &active.team;
  struct Undone {
    ~Undone() {
      if (kv) kv->roll_back();
    }
    KvStore* kv;
  } undone{kv_.get()};
  run_segments();
  commit();
}

void CpuInference::run_segments() {
  if (!times_.empty()) {
    times_.clear();
    timed_.clear();
  }
  inside_.clear();
  bind();
  for (size_t depth = 0;; ++depth) {
    const Segment& segment = segment_at(depth);
    activate(segment);
    walk(segment);
    collect_outputs(segment);
    if (segment.ends()) break;
  }
}

void CpuInference::commit() {
  if (kv_) kv_->commit();
  for (VariableSlot& slot : *slots_)
    if (slot.assigned) {
      std::swap(slot.value, slot.pending);
      slot.assigned = false;
    }
}

}  // namespace vireo::cpu

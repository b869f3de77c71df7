// How the planner turns nodes into steps, and the context that node executors emit through.
#include <algorithm>
#include <cstring>

#include "devices/cpu/planner.h"

namespace vireo::cpu {

namespace {

// What the profile calls a node that runs on the host. Where that is how it is meant to be, since
// its shape hangs on data or it is over before a step would be, it has a name of its own; else
// "evaluate" says that a kernel is missing.
std::string host_name(const HostCall& call) {
  constexpr size_t kSmall = 4096;
  const BoundNode& node = *call.node;
  if (!node.bodies.empty()) return "control flow";
  if (node.node->is("Assign")) return "assign";
  size_t bytes = 0;
  for (const auto* values : {&call.inputs, &call.outputs})
    for (const PlacedValue& v : *values)
      if (v.type.is_static() && v.type != element::string)
        bytes += dense_byte_size(v.type, v.shape);
  const bool final = bytes < kSmall || node.node->op->has(kDataDependentShape);
  return final ? fmt::format("host {}", node.node->op->name) : "evaluate";
}

struct CopyParams {
  int64_t bytes;
  int64_t chunk;
};

void copy_bytes(const void* params, void* const* operands, int64_t begin, int64_t end, void*) {
  const auto& p = *static_cast<const CopyParams*>(params);
  const int64_t from = begin * p.chunk, to = std::min(end * p.chunk, p.bytes);
  if (to > from)
    std::memcpy(static_cast<char*>(operands[0]) + from,
                static_cast<const char*>(operands[1]) + from, size_t(to - from));
}

}  // namespace

Place Planner::new_buffer(size_t bytes, uint32_t last_use) {
  Buffer buffer;
  buffer.bytes = bytes;
  buffer.first = buffer.last = uint32_t(segment_->steps.size());
  buffer.last_use = last_use;
  buffers_.push_back(buffer);
  return Place{uint32_t(buffers_.size() - 1), {}, 0};
}

void Planner::place(ValueId v, Place where) {
  places_[v] = where;
  state_.placed[v] = true;
  if (where.buffer != kNone32) {
    uint32_t& last = buffers_[where.buffer].last_use;
    last = std::max(last, program_.values[v].last_use);
  }
}

Place Planner::place_of(ValueId v) const {
  VIREO_ASSERT(state_.placed[v]);
  return places_[v];
}

void Planner::touch(const Place& place) {
  if (place.buffer != kNone32) {
    uint32_t& last = buffers_[place.buffer].last;
    last = std::max(last, uint32_t(segment_->steps.size()));
  }
}

Place Planner::fixed_constant(Tensor value) {
  const void* data = value.data();
  segment_->keep.push_back(value.impl());
  return Place{kNone32, {0, uint64_t(reinterpret_cast<uintptr_t>(data))}, 0};
}

void Planner::add_step(StepSpec spec, std::shared_ptr<const void> keep, const void* params,
                       span<const Place> operands) {
  Step step;
  step.fn = spec.fn;
  step.params = params;
  step.first_operand = uint32_t(operands_.size());
  step.operand_count = uint32_t(operands.size());
  step.tasks = spec.tasks;
  step.microseconds = float(spec.microseconds);
  for (const Place& p : operands) {
    touch(p);
    operands_.push_back(p);
  }
  StepInfo info;
  info.node = &program_.nodes[node_];
  info.kernel = std::move(spec.kernel);
  info.refused = refused_;
  info.gflop = spec.gflop;
  info.bytes = spec.bytes;
  if (info.bytes == 0) {
    for (ValueId v : info.node->inputs)
      if (v != kNone32 && fact(v).shape.is_static()) info.bytes += double(bytes_of(v));
    for (ValueId v : info.node->outputs) info.bytes += double(bytes_of(v));
  }
  segment_->scratch_bytes = std::max(segment_->scratch_bytes, spec.scratch);
  segment_->steps.push_back(step);
  segment_->infos.push_back(std::move(info));
  if (keep) segment_->keep.push_back(std::move(keep));
}

void Planner::emit_copy(const BoundNode& node, Place from, Place to, size_t bytes,
                        const char* kernel) {
  StepSpec spec;
  const int64_t chunk = 1 << 16;
  spec.fn = copy_bytes;
  spec.tasks = std::max<int64_t>(1, (int64_t(bytes) + chunk - 1) / chunk);
  spec.microseconds = double(bytes) / 8000;
  spec.bytes = 2.0 * double(bytes);
  spec.kernel = kernel;
  auto params = std::make_shared<CopyParams>(CopyParams{int64_t(bytes), chunk});
  const Place operands[] = {to, from};
  const uint32_t before = node_;
  node_ = uint32_t(&node - program_.nodes.data());
  add_step(spec, params, params.get(), operands);
  node_ = before;
}

// Outputs whose values the plan knows are constants of it.
bool Planner::emit_known(const BoundNode& node) {
  if (node.node->op->has(kRandom | kStateful | kSink) || node.outputs.empty()) return false;
  for (ValueId v : node.outputs)
    if (!fact(v).value) return false;
  for (ValueId v : node.outputs) place(v, fixed_constant(fact(v).value));
  return true;
}

bool Planner::emit_state(const BoundNode& node) {
  if (node.node->is("ReadValue")) {
    const ValueId out = node.outputs[0];
    if (inputs_.variables[node.variable].assigned) {
      place(out, Place{kNone32, {program_.variable_base(node.variable), 0}, 0});
    } else if (!node.inputs.empty()) {
      place(out, place_of(node.inputs[0]));
    } else {
      Tensor zeros(fact(out).type, fact(out).shape.to_shape());
      if (zeros.get_byte_size()) std::memset(zeros.data(), 0, zeros.get_byte_size());
      place(out, fixed_constant(zeros));
    }
    return true;
  }
  if (node.node->is("Assign")) {
    emit_host(node_, {});
    for (ValueId v : node.outputs) place(v, place_of(node.inputs[0]));
    return true;
  }
  return false;
}

void Planner::emit_host(uint32_t index, std::string refused) {
  const BoundNode& node = program_.nodes[index];
  auto call = std::make_shared<HostCall>();
  call->node = &node;
  std::vector<Place> places;
  for (ValueId v : node.inputs) {
    PlacedValue in;
    if (v != kNone32) {
      const Fact& f = fact(v);
      if (f.value && !f.value.is_continuous())
        fail(ErrorCode::Internal, "{} '{}': {}, and its weights are packed away",
             node.node->op->name, node.node->name, refused);
      in = {v, {}, f.type, f.shape.to_shape()};
      places.push_back(place_of(v));
      touch(places.back());
    } else {
      places.push_back(Place{});
    }
    call->inputs.push_back(std::move(in));
  }
  if (!node.node->is("Assign")) {
    for (ValueId v : node.outputs) {
      const Fact& f = fact(v);
      const bool known = f.shape.is_static() && f.type.is_static();
      call->open |= !known;
      call->outputs.push_back(
          {v, {program_.heap_base(v), 0}, f.type, known ? f.shape.to_shape() : Shape{}});
      place(v, Place{kNone32, {program_.heap_base(v), 0}, 0});
    }
  }

  Step step;
  step.params = call.get();
  StepInfo info;
  info.node = &node;
  info.kernel = host_name(*call);
  info.refused = std::move(refused);
  host_calls_.push_back({call.get(), std::move(places)});
  segment_->steps.push_back(step);
  segment_->infos.push_back(std::move(info));
  segment_->keep.push_back(std::move(call));
}

void Planner::emit_alone(uint32_t index) {
  const BoundNode& node = program_.nodes[index];
  if (state_.emitted[index]) return;
  state_.emitted[index] = true;
  node_ = index;
  refused_.clear();
  const OpDef* op = node.node->op;
  if (op == &result_op) return;
  if (op == &parameter_op) {
    const ValueId v = node.outputs[0];
    const auto& all = program_.parameters;
    const size_t i = size_t(std::find(all.begin(), all.end(), v) - all.begin());
    place(v, Place{kNone32, {program_.input_base(i), 0}, 0});
    return;
  }
  if (emit_known(node) || emit_state(node)) return;
  if (!node.kind) return emit_host(index, node.refused);
  PlanContext context(*this, program_, node);
  if (const char* reason = node.kind->plan(context)) emit_host(index, reason);
}

void Planner::emit_node(uint32_t index) {
  const BoundNode& node = program_.nodes[index];
  if (node.leader != kNone32 && node.leader != index) return;
  if (node.group.empty() || state_.emitted[index]) return emit_alone(index);

  bool whole = true;
  for (uint32_t member : node.group)
    whole &= !state_.emitted[member] && !fact(program_.nodes[member].outputs[0]).value;
  node_ = index;
  refused_.clear();
  PlanContext context(*this, program_, node);
  if (whole && !node.group_kind->plan(context)) {
    for (uint32_t member : node.group) state_.emitted[member] = true;
    return;
  }
  for (uint32_t member : node.group) emit_alone(member);
}

// Before a question members of groups whose leader lies behind it are emitted one by one, since
// others may ask for them.
void Planner::flush_groups(uint32_t stop) {
  for (uint32_t n = state_.next; n < stop; ++n)
    if (program_.nodes[n].leader != kNone32 && !state_.emitted[n]) emit_alone(n);
}

// Outputs made by nodes [begin, end): the step writes into the output's own tensor where it can.
void Planner::emit_results(uint32_t begin, uint32_t end) {
  for (uint32_t r = 0; r < program_.results.size(); ++r) {
    const ValueId v = program_.results[r];
    const uint32_t maker = program_.values[v].maker;
    if (maker < begin || maker >= end || !state_.placed[v]) continue;
    const Place where = places_[v];
    const bool on_heap = where.buffer == kNone32 && where.offset == 0 &&
                         where.fixed == Operand{program_.heap_base(v), 0};
    if (on_heap || fact(v).type == element::string) {
      outputs_.push_back({r, v, false});
      continue;
    }
    const size_t bytes = bytes_of(v);
    if (where.buffer != kNone32 && where.offset == 0) {
      Buffer& buffer = buffers_[where.buffer];
      if (buffer.output == kNone32 && buffer.bytes == bytes) {
        buffer.output = r;
        outputs_.push_back({r, v, true});
        continue;
      }
    }
    Place to = new_buffer(bytes, 0);
    buffers_[to.buffer].output = r;
    emit_copy(program_.nodes[maker], where, to, bytes, "copy to output");
    outputs_.push_back({r, v, true});
  }
}

const Shape& PlanContext::shape(size_t i) const { return planner_.static_shape(bound().inputs[i]); }
const Shape& PlanContext::out_shape(size_t i) const {
  return planner_.static_shape(bound().outputs[i]);
}
const Tensor* PlanContext::value(size_t i) const {
  if (!has_input(i)) return nullptr;
  const Tensor& t = planner_.fact(bound().inputs[i]).value;
  return t ? &t : nullptr;
}
const void* PlanContext::prepared_data() const { return bound().prepared.get(); }
Place PlanContext::input(size_t i) { return planner_.place_of(bound().inputs[i]); }

// Where a value goes whose only reader is a concatenation along the last axis: into that one's
// output.
bool Planner::slice_of_concat(ValueId v, Place* where, int64_t* row) {
  const Value& value = program_.values[v];
  if (value.reads != 1 || value.last_use >= stop_) return false;
  const BoundNode& reader = program_.nodes[value.last_use];
  if (!reader.kind || !reader.kind->joins_rows || !reader.kind->joins_rows(reader)) return false;
  const ValueId out = reader.outputs[0];
  if (fact(out).value) return false;
  const auto [found, made] = concat_places_.try_emplace(value.last_use);
  if (made) found->second = new_buffer(bytes_of(out), program_.values[out].last_use);
  *where = found->second;
  *row = int64_t(static_shape(out).back());
  for (ValueId before : reader.inputs) {
    if (before == v) break;
    where->offset += static_shape(before).back() * fact(v).type.size();
  }
  touch(*where);
  sliced_[v] = true;
  return true;
}

Place PlanContext::output_rows(size_t i, int64_t* row) {
  const ValueId v = bound().outputs[i];
  *row = int64_t(out_shape(i).back());
  Place where;
  if (!planner_.slice_of_concat(v, &where, row)) return output(i);
  planner_.place(v, where);
  return where;
}

bool PlanContext::input_is_in_output(size_t i) const { return planner_.sliced_[bound().inputs[i]]; }

Place PlanContext::new_value(ValueId v) {
  const auto ahead = planner_.concat_places_.find(planner_.node_);
  if (ahead != planner_.concat_places_.end()) {
    planner_.place(v, ahead->second);
    return ahead->second;
  }
  const Place where = planner_.new_buffer(planner_.bytes_of(v), program_.values[v].last_use);
  planner_.place(v, where);
  return where;
}

Place PlanContext::value_in_place(ValueId out, ValueId in, span<const ValueId> inputs,
                                  bool elementwise) {
  const Place where = planner_.place_of(in);
  if (where.buffer == kNone32 || where.offset != 0) return new_value(out);
  const Planner::Buffer& buffer = planner_.buffers_[where.buffer];
  if (buffer.last_use > planner_.node_ || buffer.bytes != planner_.bytes_of(out))
    return new_value(out);
  size_t times = 0;
  for (ValueId other : inputs) {
    times += other == in;
    if (other != kNone32 && other != in && planner_.state_.placed[other] &&
        planner_.places_[other].buffer == where.buffer)
      return new_value(out);
  }
  if (times > 1 && !elementwise) return new_value(out);
  planner_.place(out, where);
  return where;
}

Place PlanContext::output(size_t i) { return new_value(bound().outputs[i]); }
Place PlanContext::output_in_place(size_t i, size_t j, bool elementwise) {
  return value_in_place(bound().outputs[i], bound().inputs[j], bound().inputs, elementwise);
}

void PlanContext::output_view(size_t i, size_t j, uint64_t byte_offset) {
  Place where = planner_.place_of(bound().inputs[j]);
  where.offset += byte_offset;
  planner_.place(bound().outputs[i], where);
}

void PlanContext::output_constant(size_t i, Tensor value) {
  planner_.place(bound().outputs[i], planner_.fixed_constant(std::move(value)));
}

Place PlanContext::temporary(size_t bytes) { return planner_.new_buffer(bytes, planner_.node_); }

void PlanContext::step(StepSpec spec, std::shared_ptr<const void> keep, const void* params,
                       span<const Place> operands) {
  planner_.add_step(std::move(spec), std::move(keep), params, operands);
}
void* PlanContext::allocate(size_t bytes, size_t alignment) {
  return planner_.segment_->memory.allocate(bytes, alignment);
}

Place PlanContext::kv_batch(int64_t batch, int64_t fresh) {
  Segment& segment = *planner_.segment_;
  if (segment.kv_batch >= 0 && (segment.kv_batch != batch || segment.kv_fresh != fresh))
    fail(ErrorCode::NotSupported, "attention '{}' reads {} x {} tokens, others {} x {}",
         bound().node->name, batch, fresh, segment.kv_batch, segment.kv_fresh);
  segment.kv_batch = batch;
  segment.kv_fresh = fresh;
  return Place{kNone32, {program_.kv_base(), 0}, 0};
}

IsaSet PlanContext::isa() const { return program_.isa; }
const Shape& PlanContext::shape_of(ValueId v) const { return planner_.static_shape(v); }
const Fact& PlanContext::fact_of(ValueId v) const { return planner_.fact(v); }
Place PlanContext::place_of(ValueId v) const { return planner_.place_of(v); }
void PlanContext::refused(const char* kernel, const char* reason) {
  planner_.refused_ +=
      fmt::format("{}{}: {}", planner_.refused_.empty() ? "" : "; ", kernel, reason);
}
int PlanContext::threads() const { return std::max(1, program_.config.threads); }

}  // namespace vireo::cpu

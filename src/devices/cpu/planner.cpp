// The facts of a plan, and how one segment is made from start to question.
#include "devices/cpu/planner.h"

#include <algorithm>

#include "devices/cpu/memory_plan.h"

namespace vireo::cpu {

namespace {

constexpr size_t kMaxAskedBytes = 512;

bool is_control_flow(const BoundNode& node) { return !node.bodies.empty(); }

}  // namespace

void PlannerMemory::reset(const Program& program) {
  const size_t values = program.values.size();
  for (size_t v = 0; v < state_.facts.size(); ++v) {
    if (!state_.changed[v]) continue;
    state_.facts[v].value = Tensor();
    state_.facts[v].dims.reset();
  }
  state_.facts.resize(values);
  state_.places.resize(values);
  state_.changed.assign(values, 0);
  state_.placed.assign(values, 0);
  state_.emitted.assign(program.nodes.size(), 0);
  state_.next = state_.depth = 0;
  buffers_.clear();
  places_.resize(values);
  shapes_.resize(values);
  has_shape_.assign(values, 0);
  operands_.clear();
  sliced_.assign(values, 0);
}

Planner::Planner(const Program& program, const PlanInputs& inputs, const PlanState* state)
    : program_(program), inputs_(inputs), segment_(std::make_shared<Segment>()) {
  if (program.planner_memory)
    static_cast<PlannerMemory&>(*this) = std::move(*program.planner_memory);
  reset(program);
  if (state) state_ = *state;
  for (size_t v = 0; v < places_.size(); ++v)
    if (state_.placed[v]) places_[v] = Place{kNone32, state_.places[v], 0};
  segment_->depth = state_.depth;
  extents_ = program.shape_rules.read(inputs.parameters);
  segment_->steps.reserve(program.usual_steps);
  segment_->infos.reserve(program.usual_steps);
}

Planner::~Planner() {
  if (!program_.planner_memory) program_.planner_memory = std::make_shared<PlannerMemory>();
  *program_.planner_memory = std::move(static_cast<PlannerMemory&>(*this));
}

const Shape& Planner::static_shape(ValueId v) {
  if (has_shape_[v]) return shapes_[v];
  const PartialShape& from = fact(v).shape;
  if (!from.is_static()) return shapes_[v] = from.to_shape();  // says what is wrong
  shapes_[v].resize(from.size());
  for (size_t i = 0; i < from.size(); ++i) shapes_[v][i] = size_t(from[i].min());
  has_shape_[v] = true;
  return shapes_[v];
}

void Planner::infer_variable(const BoundNode& node) {
  const ValueId out = node.outputs[0];
  const PlanInputs::VariableState& variable = inputs_.variables[node.variable];
  Fact& fact = state_.facts[out];
  fact = Fact{};
  fact.type = program_.values[out].fact.type;
  if (variable.assigned) {
    fact.shape = PartialShape(variable.shape);
  } else if (!node.inputs.empty()) {
    const Fact& from = this->fact(node.inputs[0]);
    fact.type = from.type;
    fact.shape = from.shape;
  } else {
    const PartialShape& declared = program_.variables[node.variable].shape;
    fact.shape = PartialShape(declared.rank_is_static() ? declared.get_min_shape() : Shape{0});
  }
  state_.changed[out] = true;
}

// Outputs whose shapes are the inputs' extents put in other places.
bool Planner::follow_rules(uint32_t index) {
  const ShapeRules& rules = program_.shape_rules;
  if (!extents_ || rules.follows.empty() || !rules.follows[index]) return false;
  for (ValueId v : program_.nodes[index].inputs)  // values that this plan knows go on by inference
    if (state_.changed[v] && (state_.facts[v].value || state_.facts[v].dims)) return false;
  for (ValueId v : program_.nodes[index].outputs) {
    const std::vector<ShapeRules::Extent>& rule = *rules.shapes[v];
    Fact& fact = state_.facts[v];  // perhaps with room that an earlier plan left
    fact.type = program_.values[v].fact.type;
    if (!fact.shape.rank_is_static() || fact.shape.size() != rule.size())
      fact.shape = PartialShape(std::vector<Dimension>(rule.size()));
    for (size_t i = 0; i < rule.size(); ++i) {
      const ShapeRules::Extent& e = rule[i];
      fact.shape[i] = Dimension(int64_t(e.unknown < 0 ? e.value : (*extents_)[size_t(e.unknown)]));
    }
    state_.changed[v] = true;
  }
  return true;
}

// False: some output's shape needs what is not known yet.
bool Planner::infer_node(uint32_t index) {
  const BoundNode& node = program_.nodes[index];
  if (node.node->op == &parameter_op) {
    const ValueId out = node.outputs[0];
    if (!program_.values[out].is_static) {
      const size_t input =
          size_t(std::find(program_.parameters.begin(), program_.parameters.end(), out) -
                 program_.parameters.begin());
      if (program_.run_time[input]) return true;
      state_.facts[out] =
          Fact{program_.values[out].fact.type, PartialShape(inputs_.parameters[input]), {}, {}};
      state_.changed[out] = true;
    }
    return true;
  }
  if (node.node->is("ReadValue")) {
    infer_variable(node);
    return true;
  }
  bool changed = false, is_static = true;
  for (ValueId v : node.inputs) changed |= v != kNone32 && state_.changed[v];
  for (ValueId v : node.outputs) is_static &= program_.values[v].is_static;
  if (!changed) return is_static;
  if (follow_rules(index)) return true;

  static const Fact absent{};
  std::vector<const Fact*> in;
  for (ValueId v : node.inputs) in.push_back(v == kNone32 ? &absent : &fact(v));
  std::vector<Fact> out;
  try {
    out = infer_facts(*node.node->op, node.node->attrs, node.node->name, std::move(in));
  } catch (const Error&) {
    // A branch that is not taken may not fit these shapes; the one that is will be planned by
    // itself.
    if (!is_control_flow(node)) throw;
    for (ValueId v : node.outputs)
      out.push_back(Fact{program_.values[v].fact.type, PartialShape::dynamic(), {}, {}});
  }
  bool known = true;
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const ValueId v = node.outputs[i];
    known &= out[i].shape.is_static() && out[i].type.is_static();
    const Value& value = program_.values[v];
    state_.changed[v] = !value.is_static || (out[i].value && !value.fact.value) || out[i].dims;
    if (state_.changed[v]) state_.facts[v] = std::move(out[i]);
  }
  return known;
}

std::vector<ValueId> Planner::values_to_ask(const BoundNode& node) const {
  std::vector<ValueId> asked;
  if (is_control_flow(node) || node.node->op->has(kDataDependentShape)) return asked;
  for (size_t i = node.node->op->has(kMovesInput0) ? 1 : 0; i < node.inputs.size(); ++i) {
    const ValueId v = node.inputs[i];
    if (v == kNone32) continue;
    const Fact& f = fact(v);
    if (f.value || f.type == element::string || !f.shape.is_static()) continue;
    if (dense_byte_size(f.type, f.shape.to_shape()) <= kMaxAskedBytes) asked.push_back(v);
  }
  return asked;
}

uint32_t Planner::infer_until_question() {
  for (uint32_t n = state_.next; n < program_.nodes.size(); ++n)
    if (!infer_node(n)) return n;
  return uint32_t(program_.nodes.size());
}

std::shared_ptr<const Segment> Planner::run() {
  const uint32_t start = state_.next;
  const uint32_t stop = stop_ = infer_until_question();
  for (uint32_t n = start; n < stop; ++n) emit_node(n);
  if (stop == program_.nodes.size()) {
    emit_results(start, stop);
    finish(stop, false, {});
    return segment_;
  }
  flush_groups(stop);
  const BoundNode& node = program_.nodes[stop];
  std::vector<ValueId> ask = values_to_ask(node);
  if (!ask.empty()) {
    emit_results(start, stop);
    finish(stop, false, ask);
  } else {
    node_ = stop;
    emit_host(stop, "the output's shape depends on data");
    state_.emitted[stop] = true;
    emit_results(start, stop + 1);
    finish(stop + 1, true, {});
  }
  return segment_;
}

void Planner::lay_out_arena() {
  std::vector<Lifetime> lifetimes;
  std::vector<uint32_t> which;
  for (uint32_t b = 0; b < buffers_.size(); ++b) {
    if (buffers_[b].output != kNone32) continue;
    lifetimes.push_back(
        {buffers_[b].bytes, buffers_[b].first, std::max(buffers_[b].first, buffers_[b].last), 0});
    which.push_back(b);
  }
  segment_->arena_bytes = lay_out(lifetimes);
  for (size_t i = 0; i < which.size(); ++i) {
    buffers_[which[i]].offset = lifetimes[i].offset;
    segment_->blocks.push_back(
        {lifetimes[i].offset, lifetimes[i].bytes, lifetimes[i].first, lifetimes[i].last});
  }
}

Operand Planner::resolve(const Place& place) const {
  if (place.buffer == kNone32) return {place.fixed.base, place.fixed.offset + place.offset};
  const Buffer& buffer = buffers_[place.buffer];
  if (buffer.output != kNone32) return {program_.output_base(buffer.output), place.offset};
  return {program_.arena_base(state_.depth), buffer.offset + place.offset};
}

PlacedValue Planner::placed_value(ValueId v) const {
  const Fact& f = fact(v);
  return {v, resolve(places_[v]), f.type, f.shape.is_static() ? f.shape.to_shape() : Shape{}};
}

void Planner::finish(uint32_t stop, bool asks_shapes, const std::vector<ValueId>& asks_values) {
  const bool ends = stop == program_.nodes.size() && !asks_shapes;
  for (Buffer& buffer : buffers_)
    if (!ends && buffer.last_use >= stop) buffer.last = ~0u;
  for (ValueId v : asks_values)
    if (places_[v].buffer != kNone32) buffers_[places_[v].buffer].last = ~0u;
  lay_out_arena();
  program_.usual_steps = std::max(program_.usual_steps, segment_->steps.size());
  segment_->operands.reserve(operands_.size());
  for (const Place& p : operands_) segment_->operands.push_back(resolve(p));
  for (auto& [call, places] : host_calls_)
    for (size_t i = 0; i < places.size(); ++i) call->inputs[i].place = resolve(places[i]);
  for (const PendingOutput& o : outputs_)
    segment_->outputs.push_back({o.index, o.direct, placed_value(o.value)});
  for (const Step& step : segment_->steps)
    segment_->max_operands = std::max(segment_->max_operands, step.operand_count);
  for (ValueId v : asks_values) segment_->asks_values.push_back(placed_value(v));
  segment_->asks_shapes = asks_shapes;
  if (ends) return;

  for (size_t v = 0; v < places_.size(); ++v)
    if (state_.placed[v]) state_.places[v] = resolve(places_[v]);
  state_.next = stop;
  ++state_.depth;
  segment_->state = std::make_shared<PlanState>(std::move(state_));
}

std::shared_ptr<const Segment> plan_first(const Program& program, const PlanInputs& inputs) {
  return Planner(program, inputs, nullptr).run();
}

std::shared_ptr<const Segment> plan_next(const Program& program, const PlanInputs& inputs,
                                         const Segment& asked,
                                         const std::vector<std::pair<ValueId, Fact>>& answers) {
  PlanState state = *asked.state;
  for (const auto& [v, fact] : answers) {
    state.facts[v] = fact;
    state.changed[v] = true;
  }
  return Planner(program, inputs, &state).run();
}

}  // namespace vireo::cpu

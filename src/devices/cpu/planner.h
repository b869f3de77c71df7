// Makes a segment of a plan: infers facts for concrete shapes, lets node executors emit steps, lays
// out the arena.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "devices/cpu/node.h"
#include "devices/cpu/program.h"

namespace vireo::cpu {

// What a plan starts from.
struct PlanInputs {
  std::vector<Shape> parameters;
  struct VariableState {
    bool assigned = false;
    Shape shape;
  };
  std::vector<VariableState> variables;
};

// The first segment, or the one after a question: `answers` are facts of the values that were asked
// for.
std::shared_ptr<const Segment> plan_first(const Program& program, const PlanInputs& inputs);
std::shared_ptr<const Segment> plan_next(const Program& program, const PlanInputs& inputs,
                                         const Segment& asked,
                                         const std::vector<std::pair<ValueId, Fact>>& answers);

// What a planner works in, kept for the next: allocating it anew would cost more than planning.
struct PlannerMemory {
  struct Buffer {
    size_t bytes = 0;
    uint32_t first = 0, last = 0;  // steps
    uint32_t last_use = 0;         // node
    uint32_t output = kNone32;     // it is this output's tensor
    size_t offset = 0;
  };
  PlanState state_;
  std::vector<Buffer> buffers_;
  std::vector<Place> places_;
  std::vector<Shape> shapes_;  // by value, filled when asked for
  std::vector<char> has_shape_;
  std::vector<Place> operands_;
  std::vector<char> sliced_;  // by value: written into its slice of a concatenation's buffer

  // Sizes for a program, with nothing known; room for facts and shapes stays.
  void reset(const Program& program);
};

class Planner : private PlannerMemory {
 public:
  Planner(const Program& program, const PlanInputs& inputs, const PlanState* state);
  ~Planner();
  std::shared_ptr<const Segment> run();

  const Program& program() const { return program_; }
  const Shape& static_shape(ValueId v);
  size_t bytes_of(ValueId v) { return dense_byte_size(fact(v).type, static_shape(v)); }
  const Fact& fact(ValueId v) const {
    return state_.changed[v] ? state_.facts[v] : program_.values[v].fact;
  }

 private:
  friend class PlanContext;
  struct PendingOutput {
    uint32_t index;
    ValueId value;
    bool direct;
  };

  // Facts.
  uint32_t infer_until_question();
  bool infer_node(uint32_t index);
  bool follow_rules(uint32_t index);
  void infer_variable(const BoundNode& node);
  std::vector<ValueId> values_to_ask(const BoundNode& node) const;

  // Steps.
  void emit_node(uint32_t index);
  void emit_alone(uint32_t index);
  bool emit_known(const BoundNode& node);
  bool emit_state(const BoundNode& node);
  void emit_host(uint32_t index, std::string refused);
  void emit_results(uint32_t begin, uint32_t end);
  void emit_copy(const BoundNode& node, Place from, Place to, size_t bytes, const char* kernel);
  void flush_groups(uint32_t stop);

  bool slice_of_concat(ValueId v, Place* where, int64_t* row);
  Place new_buffer(size_t bytes, uint32_t last_use);
  void place(ValueId v, Place where);
  Place place_of(ValueId v) const;
  Place fixed_constant(Tensor value);
  void touch(const Place& place);
  void add_step(StepSpec spec, std::shared_ptr<const void> keep, const void* params,
                span<const Place> operands);

  void lay_out_arena();
  Operand resolve(const Place& place) const;
  PlacedValue placed_value(ValueId v) const;
  void finish(uint32_t stop, bool asks_shapes, const std::vector<ValueId>& asks_values);

  const Program& program_;
  const PlanInputs& inputs_;
  std::shared_ptr<Segment> segment_;
  std::optional<std::vector<size_t>> extents_;  // of the unknowns of the shape rules
  std::vector<std::pair<HostCall*, std::vector<Place>>> host_calls_;
  std::vector<PendingOutput> outputs_;
  uint32_t stop_ = 0;  // facts are known before this node
  // Concatenations along the last axis whose buffer is made ahead.
  std::unordered_map<uint32_t, Place> concat_places_;
  uint32_t node_ = 0;    // being emitted
  std::string refused_;  // why better kernels were refused for it
};

}  // namespace vireo::cpu

// What a node executor is: it says whether it takes a node, prepares constants once, and emits
// steps for concrete shapes.
#pragma once

#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/arch/isa.h"
#include "base/support/span.h"
#include "core/graph.h"
#include "devices/cpu/packed.h"
#include "devices/cpu/plan.h"

namespace vireo::cpu {

struct Program;
class Planner;

// A node as executors see it at compile time: facts may still be partial.
class NodeView {
 public:
  NodeView(const Program& program, const BoundNode& node) : program_(program), node_(node) {}
  const GraphNode& node() const;
  template <typename T>
  const T& attrs() const {
    return node().attrs.template as<T>();
  }
  size_t inputs() const;
  bool has_input(size_t i) const;
  const Fact& in(size_t i) const;
  const Fact& out(size_t i = 0) const;
  element::Type in_type(size_t i) const { return in(i).type; }
  element::Type out_type(size_t i = 0) const { return out(i).type; }
  const Tensor* constant(size_t i) const;  // null unless the whole value is known
  // Memory for weights in a form of the executor's: see PackedWeights::add.
  const uint8_t* pack(std::string_view format, size_t bytes, const Tensor& source, int64_t pieces,
                      PackedWeights::Fill fill) const;
  const Program& program() const { return program_; }
  const BoundNode& bound() const { return node_; }

 protected:
  const Program& program_;
  const BoundNode& node_;
};

// Where a value lies while planning: in a buffer of the segment or at a fixed place.
struct Place {
  uint32_t buffer = kNone32;  // kNone32: fixed
  Operand fixed;
  uint64_t offset = 0;  // in the buffer
};

struct StepSpec {
  StepFn fn = nullptr;
  int64_t tasks = 1;
  double microseconds = 0;
  double gflop = 0;
  double bytes = 0;    // 0: what the node's inputs and outputs hold
  size_t scratch = 0;  // bytes per thread
  std::string kernel;
};

// Given to NodeKind::plan: the node's facts for the shapes at hand, and the means to emit steps.
class PlanContext : public NodeView {
 public:
  PlanContext(Planner& planner, const Program& program, const BoundNode& node)
      : NodeView(program, node), planner_(planner) {}

  // Facts of this plan: shapes are static.
  const Shape& shape(size_t i) const;
  const Shape& out_shape(size_t i = 0) const;
  const Tensor* value(size_t i) const;  // input's value if this plan knows it
  template <typename T>
  const T* prepared() const {
    return static_cast<const T*>(prepared_data());
  }

  Place input(size_t i);       // where input i lies
  Place output(size_t i = 0);  // a new buffer of the output's size, dense
  // The same for a step that can leave gaps between rows of the last axis: perhaps a slice of the
  // concatenation that reads it.
  Place output_rows(size_t i, int64_t* row);
  bool input_is_in_output(size_t i) const;  // of a concatenation: the producer wrote it there
  // Output i lies in the memory of input j, if nobody else needs that memory from here on; else in
  // a buffer of its own. `elementwise`: the same value may be another input too, as each element is
  // read before it is written.
  Place output_in_place(size_t i, size_t j, bool elementwise = false);
  Place value_in_place(ValueId out, ValueId in, span<const ValueId> inputs, bool elementwise);
  Place new_value(ValueId out);
  void output_view(size_t i, size_t j,
                   uint64_t byte_offset = 0);  // output i is input j's memory: no step
  void output_constant(size_t i, Tensor value);
  Place temporary(size_t bytes);  // lives for this node's steps

  template <typename P>
  void step(StepSpec spec, P params, span<const Place> operands) {
    if constexpr (std::is_trivially_destructible_v<P>) {
      const void* raw = new (allocate(sizeof(P), alignof(P))) P(std::move(params));
      return step(std::move(spec), nullptr, raw, operands);
    } else {
      auto owned = std::make_shared<P>(std::move(params));
      const void* raw = owned.get();
      step(std::move(spec), std::move(owned), raw, operands);
    }
  }
  void step(StepSpec spec, std::shared_ptr<const void> keep, const void* params,
            span<const Place> operands);
  // Why a better kernel was not taken, for the profile; said before step().
  void refused(const char* kernel, const char* reason);
  // Where the PagedBatch of a run lies, for attention that reads `batch` rows of `fresh` tokens.
  Place kv_batch(int64_t batch, int64_t fresh);
  int threads() const;
  IsaSet isa() const;
  // Of any value, for groups.
  const Shape& shape_of(ValueId v) const;
  const Fact& fact_of(ValueId v) const;
  Place place_of(ValueId v) const;

 private:
  const void* prepared_data() const;
  void* allocate(size_t bytes, size_t alignment);  // lives as long as the plan
  Planner& planner_;
};

struct NodeKind {
  const char* op;  // operator name, any version
  // Why not; empty: takes it. Asked at compile time, with partial facts.
  std::string (*refusal)(const NodeView&);
  std::shared_ptr<const void> (*prepare)(const NodeView&);  // null: nothing to prepare
  // Emits steps; gives a reason instead if it cannot for these shapes (then nothing was emitted,
  // and evaluate runs).
  const char* (*plan)(PlanContext&);
  bool (*joins_rows)(const BoundNode&) = nullptr;  // a concatenation along the last axis
  int packs_input = -1;  // the input that `prepare` packs: the plan does not read it any more
};

// Executors of an operator, best first.
const std::vector<const NodeKind*>& find_kinds(const GraphNode& node);

#define VIREO_CPU_NODE(op, symbol) extern const NodeKind symbol;
#include "devices/cpu/nodes.inc"
#undef VIREO_CPU_NODE

}  // namespace vireo::cpu

// A program: a graph made ready for the CPU. Values and nodes by dense numbers, executors chosen,
// constants packed. Shared by all requests; bodies of control flow are programs of their own.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/device.h"
#include "devices/cpu/kv_store.h"
#include "devices/cpu/lower/shape_rules.h"
#include "devices/cpu/node.h"
#include "devices/cpu/packed.h"
#include "devices/cpu/plan.h"
#include "devices/cpu/plan_cache.h"

namespace vireo::cpu {

struct Value {
  OutputRef ref;
  Fact fact;               // as known at compile time
  bool is_static = false;  // type and shape known at compile time
  uint32_t last_use = 0;   // index of the last node that reads it; nodes.size() if a result does
  uint32_t reads = 0;
  uint32_t maker = 0;  // index of its node
};

// A node bound to its executor. A group of element-wise nodes is bound to its last member, the
// others are emitted by it.
struct BoundNode {
  NodeId id = ~0u;
  const GraphNode* node = nullptr;
  const NodeKind* kind = nullptr;        // null: evaluate, or control flow
  std::string refused;                   // why there is no kernel
  std::shared_ptr<const void> prepared;  // packed weights and the like
  std::vector<ValueId> inputs, outputs;
  std::vector<uint32_t> group;  // members in order, this node last; empty: alone
  const NodeKind* group_kind = nullptr;
  uint32_t leader = kNone32;  // of the group that it is in
  std::vector<std::shared_ptr<struct Program>> bodies;
  std::vector<Body> ports;      // how each body is tied to the node
  uint32_t variable = kNone32;  // of ReadValue and Assign
  uint32_t kv_layer = kNone32;  // of attention over states in pages
};

struct Program {
  std::shared_ptr<const Graph> graph;
  CompileConfig config;
  IsaSet isa;
  std::vector<Value> values;
  std::vector<BoundNode> nodes;  // in order, constants and parameters included
  std::vector<ValueId> parameters;
  std::vector<ValueId> results;  // the value that each result reads
  std::vector<Variable> variables;
  KvLayout kv;  // states in pages; the request's KvStore has them
  // By parameter: only attention over pages looks at it, when it runs. Its shape is no part of a
  // plan's key.
  std::vector<char> run_time;
  ShapeRules shape_rules;                 // none if static_shapes
  bool static_shapes = false;             // one plan serves all runs
  std::shared_ptr<PackedWeights> packed;  // shared with the bodies
  size_t weight_bytes = 0;                // of the graph's constants
  size_t released_bytes = 0;              // of those that only packed copies stand for
  mutable size_t winograd_bytes = 0;  // of them in transformed form, while executors are prepared

  mutable std::mutex plan_mutex;
  mutable std::shared_ptr<struct PlannerMemory> planner_memory;  // of the last plan made
  mutable size_t usual_steps = 0;  // of a segment: as many as the largest so far had
  mutable PlanCache plans;

  // The table of base pointers: null, inputs, outputs, variables, the batch of KvStore, heap by
  // value, arenas by depth.
  uint32_t input_base(size_t i) const { return uint32_t(1 + i); }
  uint32_t output_base(size_t i) const { return uint32_t(1 + parameters.size() + i); }
  uint32_t variable_base(size_t i) const {
    return uint32_t(1 + parameters.size() + results.size() + i);
  }
  uint32_t kv_base() const { return variable_base(variables.size()); }
  uint32_t heap_base(ValueId v) const { return kv_base() + 1 + v; }
  uint32_t arena_base(size_t depth) const {
    return heap_base(ValueId(values.size())) + uint32_t(depth);
  }
};

// Lowers a normalised graph; its weights are packed once `packed->run()` was called. `outer` names
// the variables of the model that a body belongs to.
std::shared_ptr<Program> make_program(std::shared_ptr<const Graph> graph,
                                      const CompileConfig& config, IsaSet isa,
                                      std::shared_ptr<PackedWeights> packed,
                                      const std::vector<Variable>* outer = nullptr);

std::string dump_program(const Program& program);
// A copy of the normalised graph; rt_info of its nodes says what they became: execType (kernels),
// execOrder, layerType, originalLayersNames, runtimePrecision, outputPrecisions, outputLayouts.
std::shared_ptr<const Graph> runtime_graph(const Program& program);

}  // namespace vireo::cpu

// The lowered program and its plans as text, for people.
#include <algorithm>

#include <fmt/format.h>

#include "core/patch.h"
#include "devices/cpu/program.h"

namespace vireo::cpu {

namespace {

std::string base_name(const Program& p, const Operand& o) {
  if (o.base == 0) return "const";
  if (o.base < p.output_base(0))
    return fmt::format("input{}+{}", o.base - p.input_base(0), o.offset);
  if (o.base < p.variable_base(0))
    return fmt::format("output{}+{}", o.base - p.output_base(0), o.offset);
  if (o.base == p.kv_base()) return "kv";
  if (o.base < p.heap_base(0))
    return fmt::format("variable{}+{}", o.base - p.variable_base(0), o.offset);
  if (o.base < p.arena_base(0)) return fmt::format("heap{}", o.base - p.heap_base(0));
  return fmt::format("arena{}+{}", o.base - p.arena_base(0), o.offset);
}

void dump_segment(const Program& p, const Segment& s, std::string& out) {
  out += fmt::format("  segment depth {} arena {} scratch {} per thread\n", s.depth, s.arena_bytes,
                     s.scratch_bytes);
  for (size_t i = 0; i < s.steps.size(); ++i) {
    const Step& step = s.steps[i];
    const StepInfo& info = s.infos[i];
    out += fmt::format("    {:>4} {:<34} {} '{}'", i, info.kernel, info.node->node->op->full_name(),
                       info.node->node->name);
    if (!step.fn)
      for (const PlacedValue& v : static_cast<const HostCall*>(step.params)->inputs)
        out += ' ' + base_name(p, v.place);
    for (uint32_t k = 0; k < step.operand_count; ++k)
      out += ' ' + base_name(p, s.operands[step.first_operand + k]);
    out += fmt::format(" tasks {} {:.2f} us", step.tasks, step.microseconds);
    if (!info.refused.empty()) out += fmt::format(" ({})", info.refused);
    out += '\n';
  }
  for (const PlannedOutput& o : s.outputs)
    out +=
        fmt::format("    output{} {}{} {}\n", o.index, o.value.type.name(),
                    o.value.shape.to_string(), o.direct ? "direct" : base_name(p, o.value.place));
  for (const PlacedValue& v : s.asks_values)
    out += fmt::format("    asks for the value of {}\n", base_name(p, v.place));
  if (s.asks_shapes) out += "    asks for the shapes of the last step's outputs\n";
}

// The unknown extents that plans are made for, and those that steps read when they run.
std::string dump_symbols(const Program& p) {
  std::string out;
  for (size_t i = 0; i < p.parameters.size(); ++i) {
    const Value& value = p.values[p.parameters[i]];
    if (!value.fact.shape.is_static())
      out += fmt::format("  symbols of '{}' {}: {}\n", p.graph->arena->producer(value.ref).name,
                         value.fact.shape.to_string(), p.run_time[i] ? "run-time" : "plan");
  }
  for (const KvLayout::Layer& layer : p.kv.layers)
    for (uint32_t v : {layer.key_variable, layer.value_variable})
      out += fmt::format("  symbols of state '{}' {}: run-time\n", p.variables[v].id,
                         p.variables[v].shape.to_string());
  return out;
}

}  // namespace

std::string dump_program(const Program& p) {
  std::string out = fmt::format("program '{}' threads {} weights {}\n", p.graph->name,
                                p.config.threads, p.weight_bytes);
  out += dump_symbols(p);
  for (size_t n = 0; n < p.nodes.size(); ++n) {
    const BoundNode& node = p.nodes[n];
    out += fmt::format("  {:>4} {:<24} '{}' {}", n, node.node->op->full_name(), node.node->name,
                       node.kind              ? "kernel"
                       : node.refused.empty() ? "-"
                                              : node.refused);
    if (node.leader != kNone32) out += fmt::format(" in step of {}", node.leader);
    for (ValueId v : node.outputs)
      out += fmt::format(" %{}:{}{}", v, p.values[v].fact.type.name(),
                         p.values[v].fact.shape.to_string());
    out += '\n';
  }
  std::lock_guard<std::mutex> lock(p.plan_mutex);
  out += fmt::format("plans {}\n", p.plans.size());
  p.plans.each([&](const Segment& s) { dump_segment(p, s, out); });
  return out;
}

}  // namespace vireo::cpu

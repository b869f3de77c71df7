// The table of node executors, and what they see of a node.
#include "devices/cpu/node.h"

#include <string_view>
#include <unordered_map>

#include "devices/cpu/program.h"

namespace vireo::cpu {

const std::vector<const NodeKind*>& find_kinds(const GraphNode& node) {
  using Table = std::unordered_map<std::string_view, std::vector<const NodeKind*>>;
  static const Table table = [] {
    Table t;
#define VIREO_CPU_NODE(op, symbol) t[op].push_back(&symbol);
#include "devices/cpu/nodes.inc"
#undef VIREO_CPU_NODE
    return t;
  }();
  static const std::vector<const NodeKind*> none;
  const auto found = table.find(node.op->name);
  return found == table.end() || node.op->custom ? none : found->second;
}

const uint8_t* NodeView::pack(std::string_view format, size_t bytes, const Tensor& source,
                              int64_t pieces, PackedWeights::Fill fill) const {
  return program_.packed->add(format, bytes, source, pieces, std::move(fill));
}
const GraphNode& NodeView::node() const { return *node_.node; }
size_t NodeView::inputs() const { return node_.inputs.size(); }
bool NodeView::has_input(size_t i) const {
  return i < node_.inputs.size() && node_.inputs[i] != kNone32;
}
const Fact& NodeView::in(size_t i) const { return program_.values[node_.inputs[i]].fact; }
const Fact& NodeView::out(size_t i) const { return program_.values[node_.outputs[i]].fact; }
const Tensor* NodeView::constant(size_t i) const {
  if (!has_input(i)) return nullptr;
  const Tensor& value = in(i).value;
  return value ? &value : nullptr;
}

}  // namespace vireo::cpu

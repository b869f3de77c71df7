// Writes the text form of a graph.
#include "core/text.h"

#include <cctype>
#include <unordered_map>

#include "core/values.h"

namespace vireo {
namespace {

bool plain(std::string_view name) {
  if (name.empty() || !(std::isalpha(static_cast<unsigned char>(name[0])) || name[0] == '_'))
    return false;
  for (char c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.' && c != '/' &&
        c != '-')
      return false;
  return name != "return" && name != "graph";
}

std::string values_text(const Tensor& t) {
  std::string s;
  auto add = [&s](const AttrValue& v) { s += (s.empty() ? "" : ",") + to_text(v); };
  const Tensor d = t.dense();
  if (t.get_element_type() == element::string)
    for (size_t i = 0; i < d.get_size(); ++i) add(d.data<std::string>()[i]);
  else if (t.get_element_type().is_real())
    for (double v : load<double>(d)) add(v);
  else if (t.get_element_type() == element::u64)
    for (uint64_t v : load<uint64_t>(d)) s += (s.empty() ? "" : ",") + std::to_string(v);
  else
    for (int64_t v : load<int64_t>(d)) add(v);
  return "[" + s + "]";
}

class Writer {
 public:
  Writer(const Graph& graph, size_t max_values, std::string indent)
      : graph_(graph), max_values_(max_values), indent_(std::move(indent)) {}

  std::string run() {
    const std::vector<NodeId> order = graph_.order();
    choose_names(order);
    std::string out = fmt::format("{}graph {}\n", indent_, to_text(AttrValue(graph_.name)));
    for (NodeId id : order)
      if (graph_[id].op != &result_op) out += line(id);
    out += indent_ + "return ";
    for (size_t i = 0; i < graph_.results.size(); ++i)
      out += (i ? ", " : "") + ref(graph_[graph_.results[i]].inputs[0]);
    return out + "\n";
  }

 private:
  void choose_names(const std::vector<NodeId>& order) {
    std::unordered_map<std::string, int> seen;
    for (NodeId id : order) ++seen[graph_[id].name];
    for (NodeId id : order) {
      const std::string& name = graph_[id].name;
      names_[id] = plain(name) && seen[name] == 1 ? name : fmt::format("%{}", names_.size());
    }
  }

  std::string ref(OutputRef r) const {
    const std::string& name = names_.at(r.node);
    return r.index ? fmt::format("{}:{}", name, r.index) : name;
  }

  std::string line(NodeId id) {
    const GraphNode& node = graph_[id];
    std::string out = indent_ + names_.at(id) + ": ";
    for (size_t i = 0; i < node.outputs.size(); ++i)
      out +=
          (i ? ", " : "") + std::string(node.fact(i).type.name()) + node.fact(i).shape.to_string();
    out += " = " + (node.op->has(kStructural) ? std::string(node.op->name) : node.op->full_name()) +
           "(";
    std::string arguments;
    auto add = [&arguments](const std::string& s) {
      arguments += (arguments.empty() ? "" : ", ") + s;
    };
    for (OutputRef s : node.inputs) add(ref(s));
    if (node.op == &constant_op) {
      const Tensor& value = node.fact().value;
      add("value=" + (value.get_size() <= max_values_ ? values_text(value) : std::string("...")));
    } else if (node.op != &parameter_op) {
      for (const auto& [name, value] : list_attrs(node.attrs)) add(name + "=" + attribute(value));
    }
    out += arguments + ")";
    if (names_.at(id)[0] == '%') out += "  # " + node.name;
    return out + "\n";
  }

  std::string attribute(const AttrValue& value) {
    const Body* body = std::get_if<Body>(&value.value);
    if (!body || !body->graph) return to_text(value);
    std::string out = "{\n";
    for (const BodyInput& i : body->inputs)
      out += fmt::format(
          "{}  input {} parameter={} back_edge={} axis={} start={} end={} stride={} part_size={}\n",
          indent_, i.input, i.parameter, i.back_edge, i.axis, i.start, i.end, i.stride,
          i.part_size);
    for (const BodyOutput& o : body->outputs)
      out +=
          fmt::format("{}  output {} result={} axis={} start={} end={} stride={} part_size={}\n",
                      indent_, o.output, o.result, o.axis, o.start, o.end, o.stride, o.part_size);
    return out + Writer(*body->graph, max_values_, indent_ + "  ").run() + indent_ + "}";
  }

  const Graph& graph_;
  size_t max_values_;
  std::string indent_;
  std::unordered_map<NodeId, std::string> names_;
};

}  // namespace

std::string to_text(const Graph& graph, size_t max_values) {
  return Writer(graph, max_values, "").run();
}

}  // namespace vireo

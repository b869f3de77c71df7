// Looks for operators that nobody can convert before anything is built, so that one error names
// them all.
#include <set>
#include <unordered_set>

#include "frontends/onnx/convert/session.h"

namespace vireo::onnx {
namespace {

struct Search {
  const ModelProto& model;
  std::set<std::string> unknown;
  std::unordered_set<const FunctionProto*> seen;

  const FunctionProto* function(const NodeProto& node) const {
    for (const FunctionProto& f : model.functions)
      if (f.name == node.op_type && f.overload == node.overload &&
          (f.domain == node.domain || (f.domain == "ai.onnx" && node.domain.empty())))
        return &f;
    return nullptr;
  }

  void search(const std::vector<NodeProto>& nodes, const std::vector<OpsetId>& opsets) {
    for (const NodeProto& node : nodes) {
      for (const AttributeProto& a : node.attribute)
        for (const GraphProto& g : a.g) search(g.node, opsets);
      if (const FunctionProto* f = function(node)) {
        if (seen.insert(f).second)
          search(f->node, f->opset_import.empty() ? opsets : f->opset_import);
        continue;
      }
      const int64_t opset = opset_of(opsets, node.domain);
      if (!find_converter(node.domain, node.op_type, opset))
        unknown.insert(fmt::format("{} ({}, opset {})", node.op_type,
                                   node.domain.empty() ? "ai.onnx" : node.domain, opset));
    }
  }
};

}  // namespace

void Session::check_operators() {
  Search s{model_, {}, {}};
  s.search(model_.graph.node, model_.opset_import);
  if (s.unknown.empty()) return;
  std::string list;
  for (const std::string& op : s.unknown) list += (list.empty() ? "" : ", ") + op;
  fail(ErrorCode::NotSupported, "{} {} {} not supported yet",
       s.unknown.size() == 1 ? "operator" : "operators", list,
       s.unknown.size() == 1 ? "is" : "are");
}

}  // namespace vireo::onnx

// What a converter gets: an ONNX node with its inputs as values and its attributes by name.
#pragma once

#include "frontends/onnx/convert/build.h"
#include "frontends/onnx/reader/proto.h"

namespace vireo::onnx {

class Session;
struct Scope;

class Node {
 public:
  Node(Session& session, Scope& scope, const NodeProto& proto, int64_t opset, Values inputs);

  Session& session;
  Scope& scope;
  Builder& b;  // the graph that the node goes into
  const NodeProto& proto;
  const int64_t opset;  // of the node's own domain
  const std::string& name() const { return name_; }

  size_t inputs() const { return inputs_.size(); }
  bool has(size_t i) const { return i < inputs_.size() && bool(inputs_[i]); }
  const Value& in(size_t i) const;  // throws InvalidModel if it is not there
  Value in_or(size_t i, const Value& otherwise) const { return has(i) ? inputs_[i] : otherwise; }
  const Values& all() const { return inputs_; }
  size_t outputs() const { return proto.output.size(); }
  bool wants(size_t i) const { return i < proto.output.size() && !proto.output[i].empty(); }

  // Attributes; those of a function's caller where the function says so.
  const AttributeProto* attribute(std::string_view name) const;
  bool has_attribute(std::string_view name) const { return attribute(name) != nullptr; }
  int64_t integer(std::string_view name, int64_t otherwise) const;
  int64_t integer(std::string_view name) const;  // throws InvalidModel if it is not there
  double real(std::string_view name, double otherwise) const;
  std::string text(std::string_view name, std::string_view otherwise) const;
  std::optional<std::vector<int64_t>> ints(std::string_view name) const;
  std::vector<int64_t> ints(std::string_view name, std::vector<int64_t> otherwise) const;
  std::vector<double> reals(std::string_view name) const;
  std::vector<std::string> texts(std::string_view name) const;
  Tensor tensor(std::string_view name) const;  // empty if it is not there
  const GraphProto& graph(std::string_view name) const;

  // Axes as an input (since some opset) or as an attribute (before); nothing if neither is there.
  std::optional<std::vector<int64_t>> axes(size_t input, std::string_view attribute) const;

 private:
  const AttributeProto& needed(std::string_view name) const;
  std::string name_;
  Values inputs_;
};

// The values of a node's outputs: one for most nodes.
struct Outputs : Values {
  Outputs(Value v) { push_back(std::move(v)); }
  Outputs(Values v) : Values(std::move(v)) {}
  Outputs(std::initializer_list<Value> v) : Values(v) {}
};

using Converter = Outputs (*)(Node&);
// The converter of the newest form up to `opset`; null if there is none.
Converter find_converter(std::string_view domain, std::string_view op, int64_t opset);

// Every converter, by table.inc.
#define VIREO_ONNX(op, since, function) Outputs function(Node&);
#define VIREO_ONNX_MS(op, function) Outputs function(Node&);
#define VIREO_ONNX_DIRECT(op, since, ir, opset)
#include "frontends/onnx/table.inc"
#undef VIREO_ONNX
#undef VIREO_ONNX_MS
#undef VIREO_ONNX_DIRECT

}  // namespace vireo::onnx

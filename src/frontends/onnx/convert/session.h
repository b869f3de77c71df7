// One reading of a model: names to values, functions, subgraphs.
#pragma once

#include <deque>
#include <unordered_map>

#include "frontends/onnx/convert/node.h"
#include "frontends/onnx/reader/tensor.h"

namespace vireo::onnx {

// The names that are visible in a graph or a function while it is converted.
struct Scope {
  Builder* builder = nullptr;
  Scope* outer = nullptr;  // the enclosing graph's; null in the model's graph and in functions
  const std::vector<OpsetId>* opsets = nullptr;
  const NodeProto* call = nullptr;  // the call whose attributes a function's nodes may refer to
  Scope* caller = nullptr;
  const FunctionProto* function = nullptr;
  std::string prefix;  // before the names of what a function makes
  std::unordered_map<std::string_view, Value> values;
  std::unordered_map<std::string_view, const TensorProto*> initializers;
  std::unordered_map<std::string_view, const SparseTensorProto*> sparse;
  // Values of enclosing graphs that a body reads, and the body's parameters that stand for them.
  std::vector<std::pair<Value, NodeId>> captures;
};

struct BodyParameter {
  element::Type type;
  PartialShape shape;
  int64_t squeeze = -1;  // the body's own input lacks this axis; -1: it lacks none
};

struct ConvertedBody {
  std::shared_ptr<Graph> graph;
  Values outputs;  // in the body; results are made of them by the caller
  std::vector<std::pair<Value, NodeId>> captures;
};

class Session {
 public:
  Session(const ModelProto& model, TensorSource& source, const OpRegistry& ops)
      : model_(model), source_(source), ops_(ops) {}

  std::shared_ptr<Graph> convert();

  // A subgraph of a control flow node as a graph of its own.
  ConvertedBody body(Node& node, const GraphProto& graph,
                     const std::vector<BodyParameter>& parameters);
  // A subgraph whose nodes go into the enclosing graph.
  Values inlined(Node& node, const GraphProto& graph, const Values& inputs);
  Tensor tensor(const TensorProto& proto, const std::string& what) {
    return source_.tensor(proto, what);
  }
  Tensor tensor(const SparseTensorProto& proto, const std::string& what) {
    return source_.tensor(proto, what);
  }
  const ModelProto& model() const { return model_; }

 private:
  void check_operators();
  void add_parameters(Scope& scope);
  void add_results(Scope& scope);
  void enter(Scope& scope, const GraphProto& graph);
  void run(Scope& scope, const std::vector<NodeProto>& nodes);
  void run(Scope& scope, const NodeProto& node);
  Values call(Scope& scope, const NodeProto& node, const FunctionProto& function, Values inputs);
  Value find(Scope& scope, std::string_view name);
  Value need(Scope& scope, std::string_view name, const std::string& reader);
  Value capture(Scope& scope, const Value& outer, std::string_view name);
  void name_outputs(Scope& scope, const NodeProto& node, const std::string& name,
                    const Outputs& outputs, size_t first_new);
  const FunctionProto* find_function(std::string_view domain, std::string_view op,
                                     std::string_view overload) const;

  const ModelProto& model_;
  TensorSource& source_;
  const OpRegistry& ops_;
  std::deque<Builder> builders_;
  std::unordered_map<std::string_view, uint64_t> symbols_;
  size_t converted_ = 0;  // nodes so far, against functions that unfold without end
  int depth_ = 0;
};

int64_t opset_of(const std::vector<OpsetId>& opsets, std::string_view domain);
// The order in which nodes can be converted; throws InvalidModel on a cycle or on a value that is
// produced twice.
std::vector<const NodeProto*> sorted(const std::vector<NodeProto>& nodes);

}  // namespace vireo::onnx

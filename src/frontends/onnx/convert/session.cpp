// Walks the model: parameters, nodes in order, results; functions unfold in place.
#include "frontends/onnx/convert/session.h"

#include "core/values.h"

namespace vireo::onnx {
namespace {

constexpr int64_t kNewestOpset = 28;
constexpr size_t kMaxNodes = 500'000;
constexpr int kMaxDepth = 60;

std::string describe(const NodeProto& node) {
  const std::string_view name = !node.name.empty()    ? node.name
                                : node.output.empty() ? std::string_view()
                                                      : node.output[0];
  return fmt::format("onnx node '{}' ({})", name, node.op_type);
}

void add_name(GraphOutput& output, std::string name) {
  for (const std::string& n : output.names)
    if (n == name) return;
  output.names.push_back(std::move(name));
}

}  // namespace

int64_t opset_of(const std::vector<OpsetId>& opsets, std::string_view domain) {
  for (const OpsetId& o : opsets)
    if (o.domain == domain) return o.version;
  return 1;
}

std::shared_ptr<Graph> Session::convert() {
  for (const OpsetId& o : model_.opset_import)
    if (o.domain.empty() && (o.version < 1 || o.version > kNewestOpset))
      fail(ErrorCode::NotSupported,
           "opset {} of domain ai.onnx is not known, the newest known is {}", o.version,
           kNewestOpset);
  check_operators();
  auto graph = std::make_shared<Graph>();
  graph->name = std::string(model_.graph.name);
  builders_.emplace_back(*graph, ops_);
  Scope scope;
  scope.builder = &builders_.back();
  scope.opsets = &model_.opset_import;
  enter(scope, model_.graph);
  add_parameters(scope);
  run(scope, model_.graph.node);
  add_results(scope);
  for (const auto& [key, value] : model_.metadata_props)
    graph->rt_info.at("framework").at(std::string(key)).value = std::string(value);
  return graph;
}

void Session::enter(Scope& scope, const GraphProto& graph) {
  for (const TensorProto& t : graph.initializer)
    if (!scope.initializers.emplace(t.name, &t).second)
      fail(ErrorCode::InvalidModel, "initializer '{}' is there twice", t.name);
  for (const SparseTensorProto& t : graph.sparse_initializer)
    scope.sparse.emplace(t.values.name, &t);
}

void Session::add_parameters(Scope& scope) {
  for (const ValueInfoProto& info : model_.graph.input) {
    if (scope.initializers.count(info.name) || scope.sparse.count(info.name)) continue;
    const std::string name(info.name);
    if (scope.values.count(info.name))
      fail(ErrorCode::InvalidModel, "graph input '{}' is there twice", name);
    if (info.type.kind != TypeProto::Tensor && info.type.kind != TypeProto::Optional)
      fail(ErrorCode::NotSupported, "graph input '{}' is no tensor, which is not supported", name);
    PartialShape shape = PartialShape::dynamic();
    if (info.type.has_shape) {
      shape = PartialShape();
      for (const DimProto& d : info.type.dims) {
        Dimension dim(d.value < 0 ? -1 : d.value);
        if (dim.is_dynamic() && !d.param.empty()) {
          uint64_t& symbol = symbols_[d.param];
          if (!symbol) symbol = Dimension::new_symbol();
          dim = dim.with_symbol(symbol);
        }
        shape.push_back(dim);
      }
    }
    const element::Type type =
        element_type(info.type.elem_type, fmt::format("graph input '{}'", name));
    const OutputRef ref = scope.builder->graph().add_parameter(type, std::move(shape), name);
    add_name(scope.builder->graph().arena->edit(ref.node).outputs[0], name);
    scope.values.emplace(info.name, scope.builder->at(ref));
  }
}

void Session::add_results(Scope& scope) {
  Graph& graph = scope.builder->graph();
  for (const ValueInfoProto& info : model_.graph.output) {
    const Value v = need(scope, info.name, "the graph's outputs");
    if (v.is_sequence())
      fail(ErrorCode::NotSupported, "graph output '{}' is a sequence, which is not supported",
           info.name);
    GraphNode& producer = graph.arena->edit(v.ref.node);
    if (!producer.op->has(kStructural)) producer.name = std::string(info.name);
    add_name(producer.outputs[v.ref.index], std::string(info.name));
    graph.add_result(v.ref, std::string(info.name) + "/sink_port_0");
  }
  if (model_.graph.output.empty()) fail(ErrorCode::InvalidModel, "the graph has no outputs");
}

void Session::run(Scope& scope, const std::vector<NodeProto>& nodes) {
  for (const NodeProto* node : sorted(nodes)) run(scope, *node);
}

Value Session::capture(Scope& scope, const Value& outer, std::string_view name) {
  if (outer.builder == scope.builder) return outer;
  if (outer.items) {
    Values items;
    for (const Value& v : *outer.items) items.push_back(capture(scope, v, name));
    Value sequence(*scope.builder, {});
    sequence.items = std::make_shared<const Values>(std::move(items));
    return sequence;
  }
  for (const auto& [value, parameter] : scope.captures)
    if (value.ref == outer.ref) return scope.builder->at({parameter, 0});
  const Fact& fact = outer.fact();
  if (fact.value)
    return scope.builder->at(scope.builder->graph().add_constant(fact.value, std::string(name)));
  const OutputRef ref =
      scope.builder->graph().add_parameter(fact.type, fact.shape, std::string(name));
  scope.captures.emplace_back(outer, ref.node);
  return scope.builder->at(ref);
}

// Nothing if nobody produces the name.
Value Session::find(Scope& scope, std::string_view name) {
  if (auto it = scope.values.find(name); it != scope.values.end()) return it->second;
  Value value;
  const auto dense = scope.initializers.find(name);
  const auto sparse = scope.sparse.find(name);
  if (dense != scope.initializers.end() || sparse != scope.sparse.end()) {
    const std::string what = fmt::format("initializer '{}'", name);
    Tensor t = dense != scope.initializers.end() ? tensor(*dense->second, what)
                                                 : tensor(*sparse->second, what);
    const std::string full = scope.prefix + std::string(name);
    value = scope.builder->at(scope.builder->graph().add_constant(std::move(t), full));
    add_name(scope.builder->graph().arena->edit(value.ref.node).outputs[0], full);
  } else if (scope.outer) {
    const Value outer = find(*scope.outer, name);
    if (!outer) return {};
    value = capture(scope, outer, name);
  } else {
    return {};
  }
  scope.values.emplace(name, value);
  return value;
}

Value Session::need(Scope& scope, std::string_view name, const std::string& reader) {
  Value v = find(scope, name);
  if (!v && !scope.values.count(name))
    fail(ErrorCode::InvalidModel, "{}: value '{}' is produced by nobody", reader, name);
  return v;
}

void Session::name_outputs(Scope& scope, const NodeProto& node, const std::string& name,
                           const Outputs& outputs, size_t first_new) {
  for (size_t i = 0; i < node.output.size(); ++i) {
    if (node.output[i].empty()) continue;
    const Value v = i < outputs.size() ? outputs[i] : Value();
    if (!v && i < outputs.size()) {
      scope.values[node.output[i]] = v;  // an optional without a value
      continue;
    }
    if (!v) fail(ErrorCode::NotSupported, "{}: output {} is not supported", describe(node), i);
    scope.values[node.output[i]] = v;
    if (v.items) continue;
    GraphNode& made = scope.builder->graph().arena->edit(v.ref.node);
    const std::string value_name = scope.prefix + std::string(node.output[i]);
    if (v.ref.node >= first_new) made.name = node.name.empty() ? value_name : name;
    add_name(made.outputs[v.ref.index], value_name);
  }
}

void Session::run(Scope& scope, const NodeProto& proto) {
  if (++converted_ > kMaxNodes)
    fail(ErrorCode::InvalidModel, "the model unfolds to over {} nodes", kMaxNodes);
  Values inputs;
  for (std::string_view name : proto.input)
    inputs.push_back(name.empty() ? Value() : need(scope, name, describe(proto)));
  const size_t first_new = scope.builder->graph().arena->size();
  if (const FunctionProto* function = find_function(proto.domain, proto.op_type, proto.overload)) {
    const Outputs outputs = call(scope, proto, *function, std::move(inputs));
    name_outputs(scope, proto, scope.prefix + std::string(proto.name), outputs, first_new);
    return;
  }
  const int64_t opset = opset_of(*scope.opsets, proto.domain);
  const Converter convert = find_converter(proto.domain, proto.op_type, opset);
  if (!convert)
    fail(ErrorCode::NotSupported, "operator {} ({}, opset {}) is not supported yet", proto.op_type,
         proto.domain.empty() ? "ai.onnx" : proto.domain, opset);
  Node node(*this, scope, proto, opset, std::move(inputs));
  const std::string outer_prefix = scope.builder->prefix();
  scope.builder->set_prefix(node.name());
  Outputs outputs = [&] {
    try {
      return convert(node);
    } catch (const Error& e) {
      if (std::string_view(e.what()).substr(0, 10) == "onnx node ") throw;
      fail(e.code(), "{}: {}", describe(proto), e.what());
    }
  }();
  scope.builder->set_prefix(outer_prefix);
  name_outputs(scope, proto, node.name(), outputs, first_new);
}

Values Session::call(Scope& scope, const NodeProto& node, const FunctionProto& function,
                     Values inputs) {
  if (++depth_ > kMaxDepth)
    fail(ErrorCode::InvalidModel, "function '{}' is called over {} deep", function.name, kMaxDepth);
  Scope inner;
  inner.builder = scope.builder;
  inner.opsets = function.opset_import.empty() ? scope.opsets : &function.opset_import;
  inner.call = &node;
  inner.caller = &scope;
  inner.function = &function;
  inner.prefix =
      fmt::format("{}{}/", scope.prefix,
                  node.name.empty() && !node.output.empty() ? node.output[0] : node.name);
  for (size_t i = 0; i < function.input.size(); ++i)
    inner.values[function.input[i]] = i < inputs.size() ? inputs[i] : Value();
  run(inner, function.node);
  Values outputs;
  for (std::string_view name : function.output)
    outputs.push_back(need(inner, name, describe(node)));
  --depth_;
  return outputs;
}

const FunctionProto* Session::find_function(std::string_view domain, std::string_view op,
                                            std::string_view overload) const {
  for (const FunctionProto& f : model_.functions)
    if (f.name == op && f.overload == overload &&
        (f.domain == domain || (f.domain == "ai.onnx" && domain.empty())))
      return &f;
  return nullptr;
}

ConvertedBody Session::body(Node& node, const GraphProto& graph,
                            const std::vector<BodyParameter>& parameters) {
  if (parameters.size() != graph.input.size())
    fail(ErrorCode::InvalidModel, "body '{}' has {} inputs, expected {}", graph.name,
         graph.input.size(), parameters.size());
  if (++depth_ > kMaxDepth) fail(ErrorCode::InvalidModel, "subgraphs nest over {} deep", kMaxDepth);
  ConvertedBody body;
  body.graph = std::make_shared<Graph>();
  body.graph->name = std::string(graph.name);
  builders_.emplace_back(*body.graph, ops_);
  Scope scope;
  scope.builder = &builders_.back();
  scope.outer = &node.scope;
  scope.opsets = node.scope.opsets;
  enter(scope, graph);
  for (size_t i = 0; i < parameters.size(); ++i) {
    const std::string name(graph.input[i].name);
    const OutputRef ref = body.graph->add_parameter(parameters[i].type, parameters[i].shape, name);
    add_name(body.graph->arena->edit(ref.node).outputs[0], name);
    const Value whole = scope.builder->at(ref);
    scope.values[graph.input[i].name] =
        parameters[i].squeeze < 0 ? whole : squeeze(whole, {parameters[i].squeeze});
  }
  run(scope, graph.node);
  for (const ValueInfoProto& o : graph.output)
    body.outputs.push_back(need(scope, o.name, fmt::format("body '{}'", graph.name)));
  body.captures = std::move(scope.captures);
  --depth_;
  return body;
}

Values Session::inlined(Node& node, const GraphProto& graph, const Values& inputs) {
  if (inputs.size() != graph.input.size())
    fail(ErrorCode::InvalidModel, "body '{}' has {} inputs, expected {}", graph.name,
         graph.input.size(), inputs.size());
  if (++depth_ > kMaxDepth) fail(ErrorCode::InvalidModel, "subgraphs nest over {} deep", kMaxDepth);
  Scope scope;
  scope.builder = node.scope.builder;
  scope.outer = &node.scope;
  scope.opsets = node.scope.opsets;
  scope.prefix = node.name() + "/";
  enter(scope, graph);
  for (size_t i = 0; i < inputs.size(); ++i) scope.values[graph.input[i].name] = inputs[i];
  run(scope, graph.node);
  Values outputs;
  for (const ValueInfoProto& o : graph.output)
    outputs.push_back(need(scope, o.name, fmt::format("body '{}'", graph.name)));
  --depth_;
  return outputs;
}

}  // namespace vireo::onnx

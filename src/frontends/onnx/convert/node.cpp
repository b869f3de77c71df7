// Attributes and inputs of ONNX nodes; the table of converters.
#include "frontends/onnx/convert/node.h"

#include <unordered_map>

#include "frontends/onnx/convert/session.h"

namespace vireo::onnx {

Node::Node(Session& s, Scope& sc, const NodeProto& p, int64_t o, Values inputs)
    : session(s), scope(sc), b(*sc.builder), proto(p), opset(o), inputs_(std::move(inputs)) {
  name_ = sc.prefix + std::string(p.name.empty() && !p.output.empty() ? p.output[0] : p.name);
}

const Value& Node::in(size_t i) const {
  if (!has(i)) fail(ErrorCode::InvalidModel, "input {} is missing", i);
  return inputs_[i];
}

namespace {

const AttributeProto* find_attribute(const NodeProto& node, const Scope* scope,
                                     std::string_view name) {
  for (const AttributeProto& a : node.attribute) {
    if (a.name != name) continue;
    if (a.ref_attr_name.empty() || !scope || !scope->call) return &a;
    if (const AttributeProto* given = find_attribute(*scope->call, scope->caller, a.ref_attr_name))
      return given;
    for (const AttributeProto& d : scope->function->attribute_proto)
      if (d.name == a.ref_attr_name) return &d;
    return nullptr;
  }
  return nullptr;
}

// The scope whose call gives attributes: subgraphs inside a function see the function's.
const Scope* function_scope(const Scope* scope) {
  while (scope && !scope->call) scope = scope->outer;
  return scope;
}

}  // namespace

const AttributeProto* Node::attribute(std::string_view name) const {
  return find_attribute(proto, function_scope(&scope), name);
}

const AttributeProto& Node::needed(std::string_view name) const {
  const AttributeProto* a = attribute(name);
  if (!a) fail(ErrorCode::InvalidModel, "attribute '{}' is missing", name);
  return *a;
}

int64_t Node::integer(std::string_view name, int64_t otherwise) const {
  const AttributeProto* a = attribute(name);
  return a ? a->i : otherwise;
}
int64_t Node::integer(std::string_view name) const { return needed(name).i; }

double Node::real(std::string_view name, double otherwise) const {
  const AttributeProto* a = attribute(name);
  return a ? double(a->f) : otherwise;
}

std::string Node::text(std::string_view name, std::string_view otherwise) const {
  const AttributeProto* a = attribute(name);
  return std::string(a ? a->s : otherwise);
}

std::optional<std::vector<int64_t>> Node::ints(std::string_view name) const {
  const AttributeProto* a = attribute(name);
  if (!a) return std::nullopt;
  return a->ints;
}

std::vector<int64_t> Node::ints(std::string_view name, std::vector<int64_t> otherwise) const {
  const AttributeProto* a = attribute(name);
  return a ? a->ints : std::move(otherwise);
}

std::vector<double> Node::reals(std::string_view name) const {
  const AttributeProto* a = attribute(name);
  if (!a) return {};
  return std::vector<double>(a->floats.begin(), a->floats.end());
}

std::vector<std::string> Node::texts(std::string_view name) const {
  const AttributeProto* a = attribute(name);
  if (!a) return {};
  return std::vector<std::string>(a->strings.begin(), a->strings.end());
}

Tensor Node::tensor(std::string_view name) const {
  const AttributeProto* a = attribute(name);
  if (!a || !a->t) return {};
  return session.tensor(*a->t, fmt::format("attribute '{}'", name));
}

const GraphProto& Node::graph(std::string_view name) const {
  const AttributeProto& a = needed(name);
  if (a.g.empty()) fail(ErrorCode::InvalidModel, "attribute '{}' holds no graph", name);
  return a.g[0];
}

std::optional<std::vector<int64_t>> Node::axes(size_t input, std::string_view attribute) const {
  if (has(input)) return in(input).need_ints("axes");
  return ints(attribute);
}

namespace {

struct Row {
  int64_t since;
  Converter convert;
};

using Table = std::unordered_map<std::string, std::vector<Row>>;

const Table& table() {
  static const Table rows = [] {
    Table t;
#define VIREO_ONNX(op, since, function) t[#op].push_back({since, function});
#define VIREO_ONNX_MS(op, function) t["com.microsoft." #op].push_back({1, function});
#define VIREO_ONNX_DIRECT(op, since, ir, opset) \
  t[#op].push_back({since, [](Node& n) -> Outputs { return n.b.add(#ir, opset, n.all()); }});
#include "frontends/onnx/table.inc"
#undef VIREO_ONNX
#undef VIREO_ONNX_MS
#undef VIREO_ONNX_DIRECT
    return t;
  }();
  return rows;
}

}  // namespace

Converter find_converter(std::string_view domain, std::string_view op, int64_t opset) {
  std::string key = domain.empty() ? std::string(op) : std::string(domain) + "." + std::string(op);
  const auto it = table().find(key);
  if (it == table().end()) return nullptr;
  const Row* best = nullptr;
  for (const Row& r : it->second)
    if (r.since <= opset && (!best || r.since > best->since)) best = &r;
  return best ? best->convert : nullptr;
}

}  // namespace vireo::onnx

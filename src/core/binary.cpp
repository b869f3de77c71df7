// Writes and reads the binary form of a graph. A list is its length and its items; nodes refer to
// earlier nodes by number.
#include "core/binary.h"

#include <array>
#include <cstring>
#include <unordered_map>

#include "base/io/bytes.h"

namespace vireo {
namespace {

constexpr int kMaxDepth = 32;  // of bodies, and of runtime information
enum ConstantForm : uint8_t { kApart, kRepeated, kStrings };

bool is_repeated(const Tensor& t) {
  if (t.is_continuous()) return false;
  for (size_t s : t.get_strides())
    if (s != 0) return false;
  return true;
}

class Writer {
 public:
  explicit Writer(BinaryGraph& out) : out_(out) {}
  std::string take() { return to_.take(); }

  void graph(const Graph& g) {
    to_.put_text(g.name);
    rt_info(g.rt_info);
    to_.put(uint64_t(g.variables.size()));
    for (const Variable& v : g.variables) {
      to_.put_text(v.id);
      type(v.type);
      shape(v.shape);
    }
    const std::vector<NodeId> order = g.order();
    std::unordered_map<NodeId, uint64_t> numbers;
    to_.put(uint64_t(order.size()));
    for (NodeId id : order) {
      numbers.emplace(id, numbers.size());
      node(g[id], numbers);
    }
    for (const auto* list : {&g.parameters, &g.results, &g.sinks}) {
      to_.put(uint64_t(list->size()));
      for (NodeId id : *list) to_.put(numbers.at(id));
    }
  }

 private:
  void node(const GraphNode& n, const std::unordered_map<NodeId, uint64_t>& numbers) {
    to_.put_text(n.op->name);
    to_.put(int64_t(n.op->version));
    to_.put_text(n.name);
    rt_info(n.rt_info);
    to_.put(uint64_t(n.inputs.size()));
    for (OutputRef in : n.inputs) {
      to_.put(numbers.at(in.node));
      to_.put(uint64_t(in.index));
    }
    const AttrList attrs = list_attrs(n.attrs);
    to_.put(uint64_t(attrs.size()));
    for (const auto& [name, value] : attrs) {
      to_.put_text(name);
      to_.put(uint8_t(value.value.index()));
      std::visit([this](const auto& v) { put(v); }, value.value);
    }
    to_.put(uint64_t(n.outputs.size()));
    for (const GraphOutput& o : n.outputs) {
      put(o.names);
      rt_info(o.rt_info);
    }
  }

  void put(bool v) { to_.put(v); }
  void put(int64_t v) { to_.put(v); }
  void put(double v) { to_.put(v); }
  void put(const std::string& v) { to_.put_text(v); }
  void put(element::Type v) { type(v); }
  void put(const PartialShape& v) { shape(v); }
  template <typename T>
  void put(const std::vector<T>& list) {
    to_.put(uint64_t(list.size()));
    for (const T& v : list) put(v);
  }
  void put(const Tensor& t) {
    const bool strings = t.get_element_type() == element::string,
               repeated = !strings && is_repeated(t);
    to_.put(uint8_t(strings ? kStrings : repeated ? kRepeated : kApart));
    type(t.get_element_type());
    to_.put(uint64_t(t.get_shape().size()));
    for (size_t d : t.get_shape()) to_.put(uint64_t(d));
    const Tensor dense = repeated ? t : t.dense();
    if (strings)
      for (size_t i = 0; i < dense.get_size(); ++i) to_.put_text(dense.data<std::string>()[i]);
    else if (repeated)
      to_.put_text({static_cast<const char*>(t.data()), t.get_element_type().size()});
    else {
      to_.put(uint64_t(out_.constants.size()));
      out_.constants.push_back(dense);
    }
  }
  void put(const Body& b) {
    to_.put(b.graph != nullptr);
    if (b.graph) graph(*b.graph);
    to_.put(uint64_t(b.inputs.size()));
    for (const BodyInput& i : b.inputs)
      for (int64_t v :
           {i.input, i.parameter, i.back_edge, i.axis, i.start, i.end, i.stride, i.part_size})
        to_.put(v);
    to_.put(uint64_t(b.outputs.size()));
    for (const BodyOutput& o : b.outputs)
      for (int64_t v : {o.output, o.result, o.axis, o.start, o.end, o.stride, o.part_size})
        to_.put(v);
  }

  void type(element::Type t) { to_.put_text(t.name()); }
  void shape(const PartialShape& s) {
    to_.put(s.rank_is_static());
    to_.put(uint64_t(s.size()));
    for (const Dimension& d : s) {
      to_.put(d.min());
      to_.put(d.max());
      to_.put(d.is_dynamic() ? symbol(d.symbol()) : uint64_t(0));
    }
  }
  // Numbered anew, so that equal graphs have equal bytes.
  uint64_t symbol(uint64_t s) {
    return s == 0 ? 0 : symbols_.emplace(s, symbols_.size() + 1).first->second;
  }
  void rt_info(const RtInfo& info) {
    to_.put_text(info.value);
    to_.put(uint64_t(info.children.size()));
    for (const auto& [name, child] : info.children) {
      to_.put_text(name);
      rt_info(child);
    }
  }

  BinaryGraph& out_;
  ByteWriter to_;
  std::unordered_map<uint64_t, uint64_t> symbols_;
};

class Reader {
 public:
  Reader(span<const uint8_t> bytes, const std::vector<Tensor>& constants, const OpRegistry& ops)
      : from_(bytes), constants_(constants), ops_(ops) {}

  std::shared_ptr<Graph> graph() {
    if (++depth_ > kMaxDepth)
      fail(ErrorCode::InvalidModel, "bodies are nested deeper than {}", kMaxDepth);
    auto g = std::make_shared<Graph>();
    g->name = from_.get_text();
    g->rt_info = rt_info();
    for (size_t n = from_.get_count(1); n-- > 0;) {
      Variable v;
      v.id = from_.get_text();
      v.type = type();
      v.shape = shape();
      g->variables.push_back(std::move(v));
    }
    for (size_t n = from_.get_count(1); n-- > 0;) node(*g);
    for (auto* list : {&g->parameters, &g->results, &g->sinks})
      for (size_t n = from_.get_count(8); n-- > 0;) list->push_back(number(*g));
    for (NodeId id : g->parameters) expect((*g)[id].op == &parameter_op, "a parameter");
    for (NodeId id : g->results) expect((*g)[id].op == &result_op, "a result");
    --depth_;
    return g;
  }
  void finish() const {
    if (from_.left()) fail(ErrorCode::InvalidModel, "{} bytes follow the graph", from_.left());
  }

 private:
  static void expect(bool right, const char* what) {
    if (!right) fail(ErrorCode::InvalidModel, "the graph names another node as {}", what);
  }
  NodeId number(const Graph& g) {
    const uint64_t n = from_.get<uint64_t>();
    expect(n < g.arena->size(), "one of its nodes");
    return NodeId(n);
  }

  void node(Graph& g) {
    const std::string_view op_name = from_.get_text();
    const int64_t version = from_.get<int64_t>();
    const OpDef* op = ops_.find(op_name, int(version));
    if (!op)
      fail(ErrorCode::InvalidModel, "operator {}-{} does not exist", op_name.substr(0, 60),
           version);
    std::string name(from_.get_text());
    RtInfo info = rt_info();
    std::vector<OutputRef> inputs;
    for (size_t n = from_.get_count(16); n-- > 0;) {
      const NodeId source = number(g);
      const uint64_t index = from_.get<uint64_t>();
      expect(index < g[source].outputs.size(), "an input");
      inputs.push_back({source, uint32_t(index)});
    }
    AttrList attrs;
    for (size_t n = from_.get_count(1); n-- > 0;) {
      std::string attribute(from_.get_text());
      attrs.emplace_back(std::move(attribute), value());
    }
    const NodeId id =
        g.arena->add(*op, make_attrs(op->attrs, attrs, name), std::move(inputs), name);
    GraphNode& made = g.arena->edit(id);
    made.rt_info = std::move(info);
    const size_t outputs = from_.get_count(1);
    if (outputs != made.outputs.size())
      fail(ErrorCode::InvalidModel, "{} '{}' has {} outputs, expected {}", op->name, name,
           made.outputs.size(), outputs);
    for (GraphOutput& o : made.outputs) {
      for (size_t n = from_.get_count(1); n-- > 0;) o.names.emplace_back(from_.get_text());
      o.rt_info = rt_info();
    }
  }

  AttrValue value() {
    switch (from_.get<uint8_t>()) {
      case 0: return from_.get<uint8_t>() != 0;
      case 1: return from_.get<int64_t>();
      case 2: return from_.get<double>();
      case 3: return std::string(from_.get_text());
      case 4: return numbers<int64_t>();
      case 5: return numbers<double>();
      case 6: {
        std::vector<std::string> texts;
        for (size_t n = from_.get_count(1); n-- > 0;) texts.emplace_back(from_.get_text());
        return texts;
      }
      case 7: return type();
      case 8: return shape();
      case 9: return tensor();
      case 10: return body();
    }
    fail(ErrorCode::InvalidModel, "an attribute has an unknown kind of value");
  }
  template <typename T>
  std::vector<T> numbers() {
    std::vector<T> list;
    for (size_t n = from_.get_count(sizeof(T)); n-- > 0;) list.push_back(from_.get<T>());
    return list;
  }

  Tensor tensor() {
    const uint8_t form = from_.get<uint8_t>();
    const element::Type t = type();
    Shape s;
    for (size_t n = from_.get_count(8); n-- > 0;) s.push_back(size_t(from_.get<uint64_t>()));
    if (form == kApart) {
      const uint64_t n = from_.get<uint64_t>();
      if (n >= constants_.size() || constants_[n].get_element_type() != t ||
          constants_[n].get_shape() != s)
        fail(ErrorCode::InvalidModel, "constant {} is not {}{}", n, t.name(), s.to_string());
      return constants_[n];
    }
    if (form == kStrings && t == element::string) {
      if (shape_size(s) > from_.left())
        fail(ErrorCode::InvalidModel, "the strings of a constant are missing");
      Tensor made(t, s);
      for (size_t i = 0; i < made.get_size(); ++i) made.data<std::string>()[i] = from_.get_text();
      return made;
    }
    const std::string_view element = from_.get_text();
    if (form != kRepeated || t.is_packed() || t == element::string || element.size() != t.size())
      fail(ErrorCode::InvalidModel, "a constant has an unknown form");
    auto kept = std::make_shared<std::array<uint64_t, 2>>();
    if (element.size() > sizeof *kept)
      fail(ErrorCode::InvalidModel, "an element has {} bytes", element.size());
    std::memcpy(kept->data(), element.data(), element.size());
    void* data = kept->data();
    return Tensor(t, s, data, Strides(s.size(), 0), std::move(kept));
  }

  Body body() {
    Body b;
    if (from_.get<uint8_t>()) b.graph = graph();
    for (size_t n = from_.get_count(64); n-- > 0;) {
      BodyInput i;
      for (int64_t* v : {&i.input, &i.parameter, &i.back_edge, &i.axis, &i.start, &i.end, &i.stride,
                         &i.part_size})
        *v = from_.get<int64_t>();
      b.inputs.push_back(i);
    }
    for (size_t n = from_.get_count(56); n-- > 0;) {
      BodyOutput o;
      for (int64_t* v : {&o.output, &o.result, &o.axis, &o.start, &o.end, &o.stride, &o.part_size})
        *v = from_.get<int64_t>();
      b.outputs.push_back(o);
    }
    return b;
  }

  element::Type type() { return element::Type(std::string(from_.get_text())); }
  PartialShape shape() {
    const bool known = from_.get<uint8_t>() != 0;
    std::vector<Dimension> dims;
    for (size_t n = from_.get_count(24); n-- > 0;) {
      const int64_t min = from_.get<int64_t>(), max = from_.get<int64_t>();
      const uint64_t symbol = from_.get<uint64_t>();
      if (min < 0 || max < min)
        fail(ErrorCode::InvalidModel, "a dimension from {} to {} is empty", min, max);
      Dimension d(min, max == Dimension::kUnbounded ? -1 : max);
      if (symbol != 0) {
        uint64_t& own = symbols_[symbol];
        if (own == 0) own = Dimension::new_symbol();
        d = d.with_symbol(own);
      }
      dims.push_back(d);
    }
    return known ? PartialShape(std::move(dims)) : PartialShape::dynamic();
  }
  RtInfo rt_info(int depth = 0) {
    if (depth > kMaxDepth)
      fail(ErrorCode::InvalidModel, "runtime information is nested deeper than {}", kMaxDepth);
    RtInfo info;
    info.value = from_.get_text();
    for (size_t n = from_.get_count(1); n-- > 0;) {
      std::string name(from_.get_text());
      info.children.emplace_back(std::move(name), rt_info(depth + 1));
    }
    return info;
  }

  ByteReader from_;
  const std::vector<Tensor>& constants_;
  const OpRegistry& ops_;
  std::unordered_map<uint64_t, uint64_t> symbols_;
  int depth_ = 0;
};

}  // namespace

BinaryGraph to_binary(const Graph& graph) {
  BinaryGraph out;
  Writer writer(out);
  writer.graph(graph);
  out.bytes = writer.take();
  return out;
}

std::shared_ptr<Graph> graph_from_binary(span<const uint8_t> bytes,
                                         const std::vector<Tensor>& constants,
                                         const OpRegistry& ops) {
  Reader reader(bytes, constants, ops);
  std::shared_ptr<Graph> graph = reader.graph();
  reader.finish();
  return graph;
}

}  // namespace vireo

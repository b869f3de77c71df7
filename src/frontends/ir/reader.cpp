// Reads IR: XML layers and edges become nodes, in an order that has sources first.
#include <algorithm>
#include <unordered_map>

#include <pugixml.hpp>

#include "base/io/mapped_file.h"
#include "base/support/parse.h"
#include "frontends/ir/attributes.h"
#include "frontends/ir/ir.h"
#include "frontends/ir/legacy.h"
#include "frontends/ir/names.h"
#include "frontends/ir/rt_info.h"
#include "frontends/ir/weights.h"

namespace vireo {
namespace ir {
namespace {

using Bytes = span<const uint8_t>;

struct Layer {
  pugi::xml_node xml;
  std::string name, type;
  std::vector<int64_t> input_ports, output_ports;  // port ids in order
  std::vector<std::pair<size_t, int64_t>>
      sources;  // per input: index of the layer and its port id; port -1: no edge
  NodeId node = ~0u;
};

std::vector<int64_t> port_ids(pugi::xml_node ports, const std::string& where) {
  std::vector<int64_t> out;
  for (pugi::xml_node p : ports.children("port")) {
    auto id = parse_i64(p.attribute("id").value());
    if (!id)
      fail(ErrorCode::InvalidModel, "{}: port id '{}' is not a number", where,
           p.attribute("id").value());
    out.push_back(*id);
  }
  return out;
}

// One net or body.
class NetReader {
 public:
  NetReader(pugi::xml_node net, const Tensor& weights, const OpRegistry& ops, int version,
            int depth)
      : net_(net),
        weights_(weights),
        ops_(ops),
        version_(version),
        depth_(depth),
        graph_(std::make_shared<Graph>()) {}

  std::shared_ptr<Graph> read() {
    graph_->name = net_.attribute("name").value();
    read_layers();
    read_edges();
    for (size_t i : build_order()) build(layers_[i]);
    finish();
    return graph_;
  }

  // For the port maps of the node that has this body: index among parameters or results of the
  // layer with an id.
  int64_t parameter_index(const std::string& id, const std::string& where) const {
    return index_of(graph_->parameters, id, "Parameter", where);
  }
  int64_t result_index(const std::string& id, const std::string& where) const {
    return index_of(graph_->results, id, "Result", where);
  }

 private:
  static std::string where(const Layer& l) { return fmt::format("{} '{}'", l.type, l.name); }

  void read_layers() {
    const pugi::xml_node all = net_.child("layers");
    if (!all) fail(ErrorCode::InvalidModel, "net '{}' has no <layers>", graph_->name);
    for (pugi::xml_node xml : all.children("layer")) {
      Layer l;
      l.xml = xml;
      l.name = xml.attribute("name").value();
      l.type = xml.attribute("type").value();
      const char* id = xml.attribute("id").value();
      if (!parse_i64(id))
        fail(ErrorCode::InvalidModel, "layer '{}': id '{}' is not a number", l.name,
             std::string_view(id).substr(0, 60));
      if (l.type.empty()) fail(ErrorCode::InvalidModel, "layer '{}' has no type", l.name);
      if (!by_id_.emplace(id, layers_.size()).second)
        fail(ErrorCode::InvalidModel, "layer '{}': id {} is used twice", l.name, id);
      l.input_ports = port_ids(xml.child("input"), where(l));
      l.output_ports = port_ids(xml.child("output"), where(l));
      l.sources.assign(l.input_ports.size(), {0, -1});
      layers_.push_back(std::move(l));
    }
  }

  size_t layer_of(const pugi::xml_attribute& id) const {
    auto it = by_id_.find(id.value());
    if (it == by_id_.end())
      fail(ErrorCode::InvalidModel, "an edge names the layer '{}', which does not exist",
           id.value());
    return it->second;
  }

  static size_t port_position(const std::vector<int64_t>& ports, const pugi::xml_attribute& id,
                              const std::string& where, const char* kind) {
    auto number = parse_i64(id.value());
    auto it = number ? std::find(ports.begin(), ports.end(), *number) : ports.end();
    if (it == ports.end())
      fail(ErrorCode::InvalidModel, "{}: an edge names the {} port {}, which does not exist", where,
           kind, id.value());
    return size_t(it - ports.begin());
  }

  void read_edges() {
    for (pugi::xml_node e : net_.child("edges").children("edge")) {
      const size_t from = layer_of(e.attribute("from-layer")),
                   to = layer_of(e.attribute("to-layer"));
      Layer& target = layers_[to];
      const size_t output = port_position(layers_[from].output_ports, e.attribute("from-port"),
                                          where(layers_[from]), "output");
      const size_t input =
          port_position(target.input_ports, e.attribute("to-port"), where(target), "input");
      if (target.sources[input].second >= 0)
        fail(ErrorCode::InvalidModel, "{}: input {} has two edges", where(target), input);
      target.sources[input] = {from, int64_t(output)};
    }
    for (const Layer& l : layers_)
      for (size_t i = 0; i < l.sources.size(); ++i)
        if (l.sources[i].second < 0)
          fail(ErrorCode::InvalidModel, "{}: input {} has no edge", where(l), i);
  }

  // File order as far as sources allow; throws on a cycle.
  std::vector<size_t> build_order() const {
    std::vector<size_t> order;
    std::vector<uint8_t> state(layers_.size(), 0);  // 0 new, 1 open, 2 done
    std::vector<std::pair<size_t, size_t>> stack;
    for (size_t root = 0; root < layers_.size(); ++root) {
      if (state[root]) continue;
      stack.push_back({root, 0});
      state[root] = 1;
      while (!stack.empty()) {
        auto& [at, next] = stack.back();
        if (next == layers_[at].sources.size()) {
          state[at] = 2;
          order.push_back(at);
          stack.pop_back();
          continue;
        }
        const size_t source = layers_[at].sources[next++].first;
        if (state[source] == 1)
          fail(ErrorCode::InvalidModel, "{} depends on itself: the graph has a cycle",
               where(layers_[source]));
        if (state[source] == 0) {
          state[source] = 1;
          stack.push_back({source, 0});
        }
      }
    }
    return order;
  }

  const OpDef& find_op(const Layer& l) const {
    std::string type = l.type;
    for (const Rename& r : kRenames)
      if (type == r.file) type = r.op;
    const std::string version = l.xml.attribute("version").value();
    if (version.empty())
      fail(ErrorCode::InvalidModel, "{}: the layer has no version (opset)", where(l));
    constexpr int kNewest = 100;
    int opset = 0;
    if (version.rfind("opset", 0) == 0)
      opset = int(parse_i64(std::string_view(version).substr(5)).value_or(0));
    else if (version == "experimental")
      opset = 6;
    else if (version == "extension")
      opset = kNewest;  // StringTensorPack was one before opset 15 had it
    if (opset < 1 || opset > kNewest)
      fail(ErrorCode::NotSupported, "operator {} of '{}' is not supported yet (layer '{}')", l.type,
           version, l.name);
    if (const OpDef* op = ops_.find(type, opset)) return *op;
    // An operator of a later opset that kept an earlier form.
    if (const OpDef* op = ops_.find_in_opset(type, opset)) return *op;
    // opset1 files may hold these, which opset2 introduced; "experimental" ones came with opset6.
    if (const OpDef* op = ops_.find_in_opset(type, std::max(opset, opset == 1 ? 2 : 6))) return *op;
    for (const OpDef* op : ops_.all())
      if (to_lower(op->name) == to_lower(type) && op->version == opset) return *op;
    fail(ErrorCode::NotSupported, "operator {} of {} is not supported yet (layer '{}')", type,
         version, l.name);
  }

  void build(Layer& l) {
    const OpDef& op = find_op(l);
    std::vector<OutputRef> inputs;
    for (const auto& [layer, port] : l.sources) {
      const OutputRef source{layers_[layer].node, uint32_t(port)};
      if (source.index >= (*graph_)[source.node].outputs.size())
        fail(ErrorCode::InvalidModel, "{}: reads output {} of {}, which has {}", where(l), port,
             where(layers_[layer]), (*graph_)[source.node].outputs.size());
      inputs.push_back(source);
    }
    try {
      l.node = graph_->arena->add(op, attributes(l, op), std::move(inputs), l.name);
    } catch (const Error& e) {
      if (e.code() == ErrorCode::NotSupported ||
          std::string_view(e.what()).find(l.name) != std::string_view::npos)
        throw;
      fail(e.code(), "{}: {}", where(l), e.what());
    }
    describe(l);
  }

  Attrs attributes(const Layer& l, const OpDef& op) const {
    const pugi::xml_node data = l.xml.child("data");
    AttributeReader reader(data, where(l));
    if (&op == &constant_op) {
      element::Type type;
      PartialShape shape;
      reader.on("element_type", type);
      reader.on("shape", shape);
      auto text = [&](const char* name) {
        return data.attribute(name) ? data.attribute(name).value() : nullptr;
      };
      return ConstantAttrs{
          read_constant(weights_, type, shape, text("offset"), text("size"), where(l))};
    }
    std::shared_ptr<void> made = op.attrs->make();
    op.attrs->visit(reader, made.get());
    BodySetter bodies(*this, l);
    op.attrs->visit(bodies, made.get());
    return Attrs(op.attrs, std::move(made));
  }

  // Names and rt_info of the node and its ports; membership in the model.
  void describe(const Layer& l) {
    GraphNode& node = graph_->arena->edit(l.node);
    if (version_ >= 11) read_rt_info(l.xml.child("rt_info"), node.rt_info);
    size_t i = 0;
    for (pugi::xml_node p : l.xml.child("output").children("port")) {
      if (i == node.outputs.size()) break;
      node.outputs[i].names = split_names(p.attribute("names").value());
      if (version_ >= 11) read_rt_info(p.child("rt_info"), node.outputs[i].rt_info);
      ++i;
    }
    if (node.op == &result_op)
      node.outputs[0].names = split_names(l.xml.attribute("output_names").value());
  }

  void finish() {
    for (const Layer& l : layers_) {
      const GraphNode& node = (*graph_)[l.node];
      if (node.op == &parameter_op) graph_->parameters.push_back(l.node);
      if (node.op == &result_op) graph_->results.push_back(l.node);
      if (node.op->has(kSink)) graph_->sinks.push_back(l.node);
      if (node.op->has(kStateful)) add_variable(node);
    }
    for (const Layer& l : layers_)
      if (!(*graph_)[l.node].op->has(kStructural | kSink)) graph_->arena->detach(l.node);
    read_model_rt_info(net_.child("rt_info"), graph_->rt_info);
  }

  void add_variable(const GraphNode& node) {
    Variable v;
    for (const auto& [name, value] : list_attrs(node.attrs))
      if (name == "variable_id") v.id = std::get<std::string>(value.value);
    if (v.id.empty() || graph_->find_variable(v.id)) return;
    v.type = node.fact().type;
    v.shape = node.fact().shape;
    graph_->variables.push_back(std::move(v));
  }

  int64_t index_of(const std::vector<NodeId>& list, const std::string& id, const char* kind,
                   const std::string& where) const {
    auto it = by_id_.find(id);
    if (it != by_id_.end())
      for (size_t i = 0; i < list.size(); ++i)
        if (list[i] == layers_[it->second].node) return int64_t(i);
    fail(ErrorCode::InvalidModel, "{}: the body has no {} with id '{}'", where, kind, id);
  }

  // Reads the bodies of a node: "body" with "port_map", "then_body" with "then_port_map".
  class BodySetter : public AttributeReader {
   public:
    BodySetter(const NetReader& net, const Layer& layer)
        : AttributeReader(pugi::xml_node(), where(layer)),
          net_(net),
          layer_(layer),
          where_(where(layer)) {}
    void on(const char* name, Body& value) override {
      const std::string key = name,
                        prefix = key == "body" ? "" : key.substr(0, key.size() - 4);  // "then_"
      if (net_.depth_ + 1 > kMaxBodyDepth)
        fail(ErrorCode::InvalidModel, "{}: bodies are nested deeper than {}", where_,
             kMaxBodyDepth);
      const pugi::xml_node xml = layer_.xml.child(name);
      if (!xml) fail(ErrorCode::InvalidModel, "{}: has no <{}>", where_, name);
      NetReader body(xml, net_.weights_, net_.ops_, net_.version_, net_.depth_ + 1);
      value.graph = body.read();
      const pugi::xml_node map = layer_.xml.child((prefix + "port_map").c_str());
      for (pugi::xml_node e : map.children("input")) value.inputs.push_back(input(e, body));
      for (pugi::xml_node e : map.children("output")) value.outputs.push_back(output(e, body));
      for (pugi::xml_node e : layer_.xml.child("back_edges").children("edge")) {
        const int64_t result = body.result_index(e.attribute("from-layer").value(), where_);
        const int64_t parameter = body.parameter_index(e.attribute("to-layer").value(), where_);
        for (BodyInput& i : value.inputs)
          if (i.parameter == parameter) i.back_edge = result;
      }
    }

   private:
    int64_t external(pugi::xml_node e, const std::vector<int64_t>& ports) const {
      const pugi::xml_attribute a = e.attribute("external_port_id");
      auto id = parse_i64(a.value());
      if (!id)
        fail(ErrorCode::InvalidModel, "{}: external_port_id '{}' is not a number", where_,
             a.value());
      if (*id == -1) return -1;
      auto it = std::find(ports.begin(), ports.end(), *id);
      if (it == ports.end())
        fail(ErrorCode::InvalidModel, "{}: external port {} does not exist", where_, *id);
      return it - ports.begin();
    }
    template <typename Map>
    void slice(pugi::xml_node e, Map& m) const {
      AttributeReader r(e, where_);
      r.on("axis", m.axis);
      if (e.attribute("axis"))
        r.on("start", m.start), r.on("end", m.end), r.on("stride", m.stride),
            r.on("part_size", m.part_size);
    }
    BodyInput input(pugi::xml_node e, const NetReader& body) const {
      BodyInput m;
      m.input = external(e, layer_.input_ports);
      m.parameter = body.parameter_index(e.attribute("internal_layer_id").value(), where_);
      slice(e, m);
      return m;
    }
    BodyOutput output(pugi::xml_node e, const NetReader& body) const {
      BodyOutput m;
      m.output = external(e, layer_.output_ports);
      m.result = body.result_index(e.attribute("internal_layer_id").value(), where_);
      slice(e, m);
      return m;
    }
    const NetReader& net_;
    const Layer& layer_;
    std::string where_;
  };

  pugi::xml_node net_;
  const Tensor& weights_;
  const OpRegistry& ops_;
  int version_, depth_;
  std::shared_ptr<Graph> graph_;
  std::vector<Layer> layers_;
  std::unordered_map<std::string, size_t> by_id_;
};

std::shared_ptr<Graph> read(Bytes xml, const Tensor& weights, const OpRegistry& ops,
                            const std::string& what) {
  // A copy: the parser writes into what it parses.
  std::string text(reinterpret_cast<const char*>(xml.data()), xml.size());
  pugi::xml_document document;
  const pugi::xml_parse_result result = document.load_buffer_inplace(text.data(), text.size());
  if (!result)
    fail(ErrorCode::InvalidModel, "{}: the xml cannot be parsed at offset {}: {}{}", what,
         result.offset, to_lower(result.description()),
         result.status == pugi::status_bad_comment ? " (edges and layers after it are lost)" : "");
  const pugi::xml_node net = document.child("net");
  if (!net)
    fail(ErrorCode::InvalidModel,
         "{}: the xml has no root element <net>, so it is no model of the IR format", what);
  if (net.next_sibling("net"))
    fail(ErrorCode::InvalidModel, "{}: the xml has two root elements <net>", what);
  auto version = parse_i64(net.attribute("version").value());
  if (!version || *version < 10 || *version > 11)
    fail(ErrorCode::InvalidModel, "{}: the version of the net is '{}', versions 10 and 11 are read",
         what, net.attribute("version").value());
  auto graph = NetReader(net, weights, ops, int(*version), 0).read();
  if (*version == 10) keep_old_api_types(*graph, ops);
  return graph;
}

std::string bin_beside(const std::string& xml_path) {
  const size_t dot = xml_path.rfind('.');
  return (dot == std::string::npos || xml_path.find('/', dot) != std::string::npos
              ? xml_path
              : xml_path.substr(0, dot)) +
         ".bin";
}

}  // namespace
}  // namespace ir

std::shared_ptr<Graph> read_ir(const std::string& xml_path, const std::string& bin_path, bool mmap,
                               const OpRegistry& ops) {
  const auto mode = mmap ? MappedFile::Mode::Map : MappedFile::Mode::Read;
  const auto xml = MappedFile::open(xml_path, MappedFile::Mode::Read);
  std::shared_ptr<const MappedFile> bin;
  try {
    bin = MappedFile::open(bin_path.empty() ? ir::bin_beside(xml_path) : bin_path, mode);
  } catch (const Error& e) {
    // A model without constants needs none; one with constants will say which are outside of the
    // weights.
    if (!bin_path.empty() || e.code() != ErrorCode::NotFound) throw;
  }
  Tensor weights;
  if (bin)
    weights = Tensor(element::u8, Shape{bin->size()}, static_cast<const void*>(bin->data()), bin);
  return ir::read(xml->bytes(), weights, ops, xml_path);
}

std::shared_ptr<Graph> read_ir(span<const uint8_t> xml, const Tensor& weights,
                               const OpRegistry& ops) {
  return ir::read(xml, weights, ops, "the model in memory");
}

bool looks_like_ir(span<const uint8_t> head) {
  std::string_view text(reinterpret_cast<const char*>(head.data()), head.size());
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  text = trim(text);
  return text.substr(0, 5) == "<?xml" || text.substr(0, 4) == "<net";
}

}  // namespace vireo

// Writes IR v11.
#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>
#include <unordered_map>

#include <pugixml.hpp>

#include "base/io/atomic_file.h"
#include "base/support/parse.h"
#include "core/values.h"
#include "frontends/ir/attributes.h"
#include "frontends/ir/block_weights.h"
#include "frontends/ir/ir.h"
#include "frontends/ir/names.h"
#include "frontends/ir/rt_info.h"
#include "frontends/ir/weights.h"

namespace vireo {
namespace ir {
namespace {

std::string file_type(const OpDef& op) {
  for (const Rename& r : kRenames)
    if (op.name == r.op) return std::string(r.file);
  return std::string(op.name);
}

std::string precision(element::Type type) {
  for (const Rename& r : kPrecisions)
    if (type.name() == r.op) return std::string(r.file);
  std::string s(type.name());
  for (char& c : s) c = char(std::toupper(static_cast<unsigned char>(c)));
  return s;
}

// The .bin: constants back to back, equal ones once.
class WeightsWriter {
 public:
  explicit WeightsWriter(AtomicFile& file) : file_(file) {}

  struct Place {
    uint64_t offset, size;
  };
  Place add(const Tensor& tensor) {
    const uint64_t hash = content_hash(tensor);
    for (auto [it, end] = seen_.equal_range(hash); it != end; ++it)
      if (same_contents(it->second.first, tensor)) return it->second.second;
    const std::string copy = tensor.get_element_type() == element::string || !tensor.is_continuous()
                                 ? constant_bytes(tensor)
                                 : std::string();
    const Place place{file_.position(), copy.empty() ? tensor.get_byte_size() : copy.size()};
    file_.write(copy.empty() ? tensor.data() : copy.data(), place.size);
    seen_.emplace(hash, std::make_pair(tensor, place));
    return place;
  }

 private:
  AtomicFile& file_;
  std::unordered_multimap<uint64_t, std::pair<Tensor, Place>> seen_;
};

Tensor narrowed(const Tensor& value) {
  std::vector<double> v = load<double>(value);
  for (double& x : v) {
    if (std::isfinite(x)) x = std::clamp(x, -65504.0, 65504.0);
  }
  return make_tensor(element::f16, value.get_shape(), v);
}

class NetWriter {
 public:
  NetWriter(const Graph& graph, WeightsWriter& weights, bool compress)
      : graph_(graph), weights_(weights), compress_(compress) {}

  void write(pugi::xml_node net) {
    layers_ = net.append_child("layers");
    edges_ = net.append_child("edges");
    // Parameters first and sinks and results last, in the model's order: readers take inputs and
    // outputs in file order.
    for (NodeId id : graph_.parameters) layer(id);
    for (NodeId id : graph_.order())
      if (!ids_.count(id) && graph_[id].op != &result_op && !graph_[id].op->has(kSink)) layer(id);
    for (NodeId id : graph_.sinks) layer(id);
    for (NodeId id : graph_.results) layer(id);
  }

  int id_of(NodeId node) const { return ids_.at(node).id; }

 private:
  struct Place {
    int id;
    size_t first_output;  // port id of output 0
  };

  void port(pugi::xml_node parent, size_t id, const Fact& fact, const GraphOutput* output) {
    pugi::xml_node p = parent.append_child("port");
    p.append_attribute("id") = id;
    p.append_attribute("precision") = precision(fact.type).c_str();
    if (output && !output->names.empty())
      p.append_attribute("names") = join_names(output->names).c_str();
    if (!fact.shape.rank_is_static()) {
      p.append_attribute("rank") = "-1";
    } else {
      for (const Dimension& d : fact.shape)
        p.append_child("dim").text() = d.is_static() ? d.min() : int64_t(-1);
    }
    if (output) write_rt_info(p, output->rt_info);
  }

  void layer(NodeId id) {
    const GraphNode& node = graph_[id];
    if (node.op->version == 0)
      fail(ErrorCode::NotSupported,
           "{} '{}' is an operator of Vireo's own and cannot be saved as IR", node.op->name,
           node.name);
    if (node.op == &constant_op) return constant(id, node);
    pugi::xml_node e = element(node.name, file_type(*node.op), node.op->opset());
    ids_[id] = {next_ - 1, node.inputs.size()};
    if (node.op == &result_op && !node.outputs[0].names.empty())
      e.append_attribute("output_names") = join_names(node.outputs[0].names).c_str();
    pugi::xml_node data = e.append_child("data");
    AttributeWriter writer(data);
    node.attrs.visit(writer);
    if (!data.first_attribute()) e.remove_child(data);
    write_rt_info(e, node.rt_info);
    bodies(e, node);
    if (!node.inputs.empty()) {
      pugi::xml_node inputs = e.append_child("input");
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        port(inputs, i, graph_.fact(node.inputs[i]), nullptr);
        const Place& source = ids_.at(node.inputs[i].node);
        edge(source.id, source.first_output + node.inputs[i].index, next_ - 1, i);
      }
    }
    if (node.op == &result_op) return;
    pugi::xml_node outputs = e.append_child("output");
    for (size_t i = 0; i < node.outputs.size(); ++i)
      port(outputs, node.inputs.size() + i, node.fact(i), &node.outputs[i]);
  }

  pugi::xml_node element(const std::string& name, const std::string& type,
                         const std::string& version) {
    pugi::xml_node e = layers_.append_child("layer");
    e.append_attribute("id") = next_++;
    e.append_attribute("name") = name.c_str();
    e.append_attribute("type") = type.c_str();
    e.append_attribute("version") = version.c_str();
    return e;
  }

  void edge(int from, size_t from_port, int to, size_t to_port) {
    pugi::xml_node e = edges_.append_child("edge");
    e.append_attribute("from-layer") = from;
    e.append_attribute("from-port") = from_port;
    e.append_attribute("to-layer") = to;
    e.append_attribute("to-port") = to_port;
  }

  void constant(NodeId id, const GraphNode& node) {
    const Tensor& value = node.fact().value;
    const element::Type type = value.get_element_type();
    const bool narrow = compress_ && (type == element::f32 || type == element::f64) &&
                        !node.rt_info.find("disable_fp16_compression_0");
    const Tensor stored = narrow ? narrowed(value) : value;
    pugi::xml_node e = element(narrow ? node.name + "_compressed" : node.name, "Const", "opset1");
    pugi::xml_node data = e.append_child("data");
    data.append_attribute("element_type") = std::string(stored.get_element_type().name()).c_str();
    data.append_attribute("shape") = shape_text(stored.get_shape()).c_str();
    const WeightsWriter::Place place = weights_.add(stored);
    data.append_attribute("offset") = place.offset;
    data.append_attribute("size") = place.size;
    write_rt_info(e, node.rt_info);
    const Fact fact{stored.get_element_type(), stored.get_shape(), {}, std::nullopt};
    port(e.append_child("output"), 0, fact, narrow ? nullptr : &node.outputs[0]);
    ids_[id] = {next_ - 1, 0};
    if (narrow) decompress(id, node, fact);
  }

  // The Convert that gives an f16 constant its type back, marked so that readers fold it late.
  void decompress(NodeId id, const GraphNode& node, const Fact& stored) {
    const int constant = next_ - 1;
    pugi::xml_node e = element(node.name, "Convert", "opset1");
    e.append_child("data").append_attribute("destination_type") =
        std::string(node.fact().type.name()).c_str();
    RtInfo info;
    info.at("decompression_0");
    write_rt_info(e, info);
    port(e.append_child("input"), 0, stored, nullptr);
    port(e.append_child("output"), 1, node.fact(), &node.outputs[0]);
    edge(constant, 0, next_ - 1, 0);
    ids_[id] = {next_ - 1, 1};
  }

  template <typename Map>
  static void slice(pugi::xml_node e, const Map& m) {
    if (m.axis < 0) return;
    e.append_attribute("axis") = m.axis;
    e.append_attribute("start") = m.start;
    e.append_attribute("end") = m.end;
    e.append_attribute("stride") = m.stride;
    e.append_attribute("part_size") = m.part_size;
  }

  void bodies(pugi::xml_node e, const GraphNode& node) {
    for (const auto& [name, value] : list_attrs(node.attrs)) {
      const Body* body = std::get_if<Body>(&value.value);
      if (!body || !body->graph) continue;
      const std::string prefix = name == "body" ? "" : name.substr(0, name.size() - 4);
      pugi::xml_node map = e.append_child((prefix + "port_map").c_str());
      pugi::xml_node back = prefix.empty() ? e.append_child("back_edges") : pugi::xml_node();
      NetWriter writer(*body->graph, weights_, compress_);
      pugi::xml_node inner = e.append_child(name.c_str());
      writer.write(inner);
      port_map(map, back, node, *body, writer);
    }
  }

  void port_map(pugi::xml_node map, pugi::xml_node back, const GraphNode& node, const Body& body,
                const NetWriter& inner) {
    const Graph& g = *body.graph;
    for (const BodyInput& m : body.inputs) {
      pugi::xml_node e = map.append_child("input");
      e.append_attribute("external_port_id") = m.input;
      e.append_attribute("internal_layer_id") = inner.id_of(g.parameters[size_t(m.parameter)]);
      slice(e, m);
      if (m.input < 0) e.append_attribute("purpose") = "current_iteration";
      if (m.back_edge < 0) continue;
      pugi::xml_node b = back.append_child("edge");
      b.append_attribute("from-layer") = inner.id_of(g.results[size_t(m.back_edge)]);
      b.append_attribute("to-layer") = inner.id_of(g.parameters[size_t(m.parameter)]);
    }
    for (const BodyOutput& m : body.outputs) {
      pugi::xml_node e = map.append_child("output");
      e.append_attribute("external_port_id") =
          m.output < 0 ? -1 : int64_t(node.inputs.size()) + m.output;
      e.append_attribute("internal_layer_id") = inner.id_of(g.results[size_t(m.result)]);
      slice(e, m);
      if (m.output < 0) e.append_attribute("purpose") = "execution_condition";
    }
  }

  const Graph& graph_;
  WeightsWriter& weights_;
  bool compress_;
  pugi::xml_node layers_, edges_;
  std::unordered_map<NodeId, Place> ids_;
  int next_ = 0;
};

}  // namespace
}  // namespace ir

void write_ir(const Graph& graph, const std::string& xml_path, const std::string& bin_path,
              const IrWriteOptions& options) {
  const size_t dot = xml_path.rfind('.');
  AtomicFile bin(bin_path.empty()
                     ? xml_path.substr(0, dot == std::string::npos ||
                                                  xml_path.find('/', dot) != std::string::npos
                                              ? std::string::npos
                                              : dot) +
                           ".bin"
                     : bin_path);
  ir::WeightsWriter weights(bin);
  pugi::xml_document document;
  pugi::xml_node net = document.append_child("net");
  net.append_attribute("name") = graph.name.c_str();
  net.append_attribute("version") = "11";
  const std::shared_ptr<Graph> expanded = ir::with_public_weights(graph);
  ir::NetWriter(expanded ? *expanded : graph, weights, options.compress_to_f16).write(net);
  if (!graph.rt_info.children.empty())
    ir::write_model_rt_info(net.append_child("rt_info"), graph.rt_info);
  std::ostringstream text;
  document.save(text, "\t", pugi::format_default, pugi::encoding_utf8);
  AtomicFile xml(xml_path);
  xml.write(text.str());
  bin.commit();
  xml.commit();
}

}  // namespace vireo

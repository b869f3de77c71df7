// If, Loop and Scan. Values of enclosing graphs that a body reads become inputs of the node.
#include <algorithm>

#include "core/values.h"
#include "frontends/onnx/convert/session.h"

namespace vireo::onnx {
namespace {

int64_t parameter_index(const Graph& graph, NodeId id) {
  return std::find(graph.parameters.begin(), graph.parameters.end(), id) - graph.parameters.begin();
}

// Results in the order of `values`; returns where the first one is.
void add_results(Graph& graph, const Values& values, const GraphProto& proto) {
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].items || !values[i])
      fail(ErrorCode::NotSupported, "output '{}' of a body is no tensor, which is not supported",
           proto.output[i].name);
    graph.add_result(values[i].ref, std::string(proto.output[i].name) + "/sink_port_0");
  }
}

// Ties captures of a body to inputs of the node, each outer value once.
void tie_captures(Body& body, const ConvertedBody& converted, Values& inputs, size_t first) {
  for (const auto& [outer, parameter] : converted.captures) {
    size_t at = first;
    while (at < inputs.size() && inputs[at].ref != outer.ref) ++at;
    if (at == inputs.size()) inputs.push_back(outer);
    BodyInput port;
    port.input = int64_t(at);
    port.parameter = parameter_index(*converted.graph, parameter);
    body.inputs.push_back(port);
  }
}

// A branch that gives sequences or empty optionals has no form in IR.
Body branch(Node& n, const GraphProto& proto, Values& inputs) {
  ConvertedBody converted = n.session.body(n, proto, {});
  add_results(*converted.graph, converted.outputs, proto);
  Body body;
  body.graph = converted.graph;
  tie_captures(body, converted, inputs, 1);
  for (size_t i = 0; i < converted.outputs.size(); ++i) {
    BodyOutput port;
    port.output = port.result = int64_t(i);
    body.outputs.push_back(port);
  }
  return body;
}

}  // namespace

Outputs if_(Node& n) {
  const Value condition = as_scalar(n.in(0));
  const GraphProto &then = n.graph("then_branch"), &otherwise = n.graph("else_branch");
  if (then.output.size() != n.outputs() || otherwise.output.size() != n.outputs())
    fail(ErrorCode::InvalidModel, "the branches have {} and {} outputs, expected {}",
         then.output.size(), otherwise.output.size(), n.outputs());
  if (const auto known = condition.scalar_int())
    return n.session.inlined(n, *known ? then : otherwise, {});
  Values inputs{condition};
  const Body then_body = branch(n, then, inputs), else_body = branch(n, otherwise, inputs);
  return n.b.add_all("If", 8, inputs, {{"then_body", then_body}, {"else_body", else_body}});
}

namespace {

// What a value that goes around may be in any iteration, given what it is before and after one;
// true if that was wider than `in`.
bool widen(BodyParameter& in, const Fact& out) {
  if (in.type.is_dynamic()) in.type = out.type;
  if (!in.shape.rank_is_static()) return false;
  if (!out.shape.rank_is_static() || out.shape.size() != in.shape.size()) {
    in.shape = PartialShape::dynamic();
    return true;
  }
  bool changed = false;
  for (size_t i = 0; i < in.shape.size(); ++i) {
    const Dimension a = in.shape[i], b = out.shape[i];
    if (a.is_static() ? b == a : b.refines(a) && (a.symbol() == 0 || a.symbol() == b.symbol()))
      continue;
    const Dimension wide = a.is_dynamic() && b.refines(a)
                               ? Dimension(a.min(), a.bounded() ? a.max() : -1)
                               : Dimension();
    in.shape[i] = wide;
    changed = true;
  }
  return changed;
}

// Converts a body until the shapes of what goes around hold for every iteration. State i is
// parameter `first_parameter` + i and output `first_output` + i.
ConvertedBody stable_body(Node& n, const GraphProto& proto, std::vector<BodyParameter>& parameters,
                          size_t first_parameter, size_t first_output, size_t states) {
  for (int attempt = 0;; ++attempt) {
    ConvertedBody body = n.session.body(n, proto, parameters);
    if (body.outputs.size() < first_output + states)
      fail(ErrorCode::InvalidModel, "body '{}' has {} outputs, expected {} or more", proto.name,
           body.outputs.size(), first_output + states);
    bool changed = false;
    for (size_t i = 0; i < states; ++i)
      if (widen(parameters[first_parameter + i], body.outputs[first_output + i].fact()))
        changed = true;
    if (!changed) return body;
    if (attempt >= 3)
      for (size_t i = 0; i < states; ++i)
        parameters[first_parameter + i].shape = PartialShape::dynamic();
    if (attempt >= 5) fail(ErrorCode::InvalidModel, "body '{}' has no stable shapes", proto.name);
  }
}

BodyParameter parameter_like(const Value& v) { return {v.type(), v.shape()}; }

// A loop over sequences has no form in IR: it is written out when its length is known.
Outputs unrolled(Node& n, const GraphProto& body, const Values& initial) {
  const auto count = n.has(0) ? as_scalar(n.in(0)).scalar_int() : std::nullopt;
  if (!count || *count < 0 || *count > 1024)
    fail(ErrorCode::NotSupported,
         "a loop over sequences whose length is not a small constant is not supported");
  Values states = initial;
  std::vector<Values> scans(body.output.size() - 1 - initial.size());
  Value go = n.in_or(1, {});
  for (int64_t i = 0; i < *count; ++i) {
    if (go && !go.scalar_int())
      fail(ErrorCode::NotSupported, "a loop over sequences that may end early is not supported");
    if (go && !*go.scalar_int()) break;
    Tensor yes(element::boolean, Shape{});
    *static_cast<uint8_t*>(yes.data()) = 1;
    Values in{n.b.integer(i), n.b.constant(yes)};
    in.insert(in.end(), states.begin(), states.end());
    const Values out = n.session.inlined(n, body, in);
    go = out[0];
    std::copy_n(out.begin() + 1, states.size(), states.begin());
    for (size_t s = 0; s < scans.size(); ++s)
      scans[s].push_back(unsqueeze(out[1 + states.size() + s], {0}));
  }
  for (const Values& s : scans) {
    if (s.empty()) fail(ErrorCode::NotSupported, "a loop without iterations is not supported");
    states.push_back(concat(s, 0));
  }
  return states;
}

}  // namespace

Outputs loop(Node& n) {
  const GraphProto& proto = n.graph("body");
  if (n.inputs() < 2)
    fail(ErrorCode::InvalidModel, "it has {} inputs, expected 2 or more", n.inputs());
  const size_t states = n.inputs() - 2;
  if (proto.output.size() < 1 + states || proto.input.size() != 2 + states)
    fail(ErrorCode::InvalidModel,
         "body '{}' has {} inputs and {} outputs for {} values that go around", proto.name,
         proto.input.size(), proto.output.size(), states);
  Tensor yes(element::boolean, Shape{});
  *static_cast<uint8_t*>(yes.data()) = 1;
  Values inputs{n.has(0) ? as_scalar(convert(n.in(0), element::i64)) : n.b.integer(-1),
                n.has(1) ? as_scalar(n.in(1)) : n.b.constant(yes)};
  bool sequences = false;
  for (size_t i = 0; i < states; ++i) {
    inputs.push_back(n.in(2 + i));
    sequences = sequences || n.in(2 + i).is_sequence();
  }
  if (sequences) return unrolled(n, proto, Values(inputs.begin() + 2, inputs.end()));
  std::vector<BodyParameter> parameters{{element::i64, PartialShape()},
                                        {element::boolean, PartialShape()}};
  for (size_t i = 0; i < states; ++i) parameters.push_back(parameter_like(inputs[2 + i]));
  ConvertedBody converted = stable_body(n, proto, parameters, 2, 1, states);
  for (size_t i = 1 + states; i < converted.outputs.size(); ++i)
    converted.outputs[i] = unsqueeze(converted.outputs[i], {0});
  converted.outputs[0] = as_scalar(converted.outputs[0]);
  add_results(*converted.graph, converted.outputs, proto);
  Body body;
  body.graph = converted.graph;
  const auto input = [&](int64_t from, int64_t parameter, int64_t back_edge) {
    BodyInput port;
    port.input = from;
    port.parameter = parameter;
    port.back_edge = back_edge;
    body.inputs.push_back(port);
  };
  input(-1, 0, -1);
  input(1, 1, 0);
  for (size_t i = 0; i < states; ++i) input(int64_t(2 + i), int64_t(2 + i), int64_t(1 + i));
  tie_captures(body, converted, inputs, 2 + states);
  for (size_t i = 0; i < converted.outputs.size(); ++i) {
    BodyOutput port;
    port.output = int64_t(i) - 1;
    port.result = int64_t(i);
    port.axis = i > states ? 0 : -1;
    body.outputs.push_back(port);
  }
  return n.b.add_all("Loop", 5, inputs, {{"body", body}});
}

namespace {

int64_t at_or(const std::vector<int64_t>& v, size_t i, int64_t otherwise) {
  return i < v.size() ? v[i] : otherwise;
}

// Slices forwards, or backwards from the end.
template <typename Port>
void direct(Port& port, bool backwards) {
  port.start = backwards ? -1 : 0;
  port.end = backwards ? 0 : -1;
  port.stride = backwards ? -1 : 1;
}

struct ScanParts {
  size_t states, scans;
  std::vector<int64_t> input_axes, input_directions, output_axes, output_directions;
};

Outputs scan_of(Node& n, const GraphProto& proto, Values inputs, const ScanParts& parts) {
  if (proto.input.size() != inputs.size() || proto.output.size() < parts.states)
    fail(ErrorCode::InvalidModel, "body '{}' has {} inputs, expected {}", proto.name,
         proto.input.size(), inputs.size());
  std::vector<BodyParameter> parameters;
  std::vector<int64_t> axes;
  for (size_t i = 0; i < inputs.size(); ++i) {
    parameters.push_back(parameter_like(inputs[i]));
    if (i < parts.states) continue;
    axes.push_back(normal_axis(at_or(parts.input_axes, i - parts.states, 0), inputs[i].rank()));
    parameters.back().shape[size_t(axes.back())] = 1;
    parameters.back().squeeze = axes.back();
  }
  ConvertedBody converted = stable_body(n, proto, parameters, 0, 0, parts.states);
  std::vector<int64_t> out_axes;
  for (size_t i = parts.states; i < converted.outputs.size(); ++i) {
    Value& v = converted.outputs[i];
    const int64_t axis = at_or(parts.output_axes, i - parts.states, 0);
    out_axes.push_back(axis < 0 ? axis + v.rank() + 1 : axis);
    v = unsqueeze(v, {out_axes.back()});
  }
  add_results(*converted.graph, converted.outputs, proto);
  Body body;
  body.graph = converted.graph;
  for (size_t i = 0; i < inputs.size(); ++i) {
    BodyInput port;
    port.input = port.parameter = int64_t(i);
    if (i < parts.states) {
      port.back_edge = int64_t(i);
    } else {
      port.axis = axes[i - parts.states];
      direct(port, at_or(parts.input_directions, i - parts.states, 0) != 0);
    }
    body.inputs.push_back(port);
  }
  tie_captures(body, converted, inputs, inputs.size());
  for (size_t i = 0; i < converted.outputs.size(); ++i) {
    BodyOutput port;
    port.output = port.result = int64_t(i);
    if (i >= parts.states) {
      port.axis = out_axes[i - parts.states];
      direct(port, at_or(parts.output_directions, i - parts.states, 0) != 0);
    }
    body.outputs.push_back(port);
  }
  return n.b.add_all("TensorIterator", 1, inputs, {{"body", body}});
}

size_t scan_count(Node& n, size_t inputs) {
  const int64_t scans = n.integer("num_scan_inputs");
  if (scans < 1 || size_t(scans) > inputs)
    fail(ErrorCode::InvalidModel, "num_scan_inputs is {} for {} inputs", scans, inputs);
  return size_t(scans);
}

}  // namespace

Outputs scan_9(Node& n) {
  const size_t scans = scan_count(n, n.inputs());
  Values inputs;
  for (size_t i = 0; i < n.inputs(); ++i) inputs.push_back(n.in(i));
  return scan_of(n, n.graph("body"), inputs,
                 {n.inputs() - scans, scans, n.ints("scan_input_axes", {}),
                  n.ints("scan_input_directions", {}), n.ints("scan_output_axes", {}),
                  n.ints("scan_output_directions", {})});
}

// Opset 8 scanned every entry of a batch; a batch of one is what remains of that.
Outputs scan_8(Node& n) {
  const size_t scans = scan_count(n, n.inputs() - std::min<size_t>(n.inputs(), 1));
  if (n.has(0)) fail(ErrorCode::NotSupported, "sequence lengths of Scan are not supported");
  Values inputs;
  for (size_t i = 1; i < n.inputs(); ++i) {
    if (n.in(i).dim(0) != Dimension(1))
      fail(ErrorCode::NotSupported, "Scan of opset 8 over a batch is not supported");
    inputs.push_back(squeeze(n.in(i), {0}));
  }
  const size_t states = inputs.size() - scans;
  Outputs out =
      scan_of(n, n.graph("body"), inputs, {states, scans, {}, n.ints("directions", {}), {}, {}});
  for (Value& v : out) v = unsqueeze(v, {0});
  return out;
}

}  // namespace vireo::onnx

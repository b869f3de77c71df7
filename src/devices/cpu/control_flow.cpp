// If, Loop and TensorIterator: host calls that run the programs of their bodies.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/values.h"
#include "devices/cpu/inference.h"

namespace vireo::cpu {

namespace {

// Where iteration i of a sliced port lies along its axis.
struct Slicing {
  int64_t start = 0, count = 0, stride = 1, part = 1;
  int64_t begin(int64_t i) const {
    return stride > 0 ? start + i * stride : start + (i + 1) * stride;
  }
};

template <typename Port>
Slicing slicing_of(const Port& port, int64_t extent) {
  Slicing s;
  s.stride = port.stride;
  s.part = std::max<int64_t>(1, port.part_size);
  s.start = port.start < 0 ? extent + 1 + port.start : port.start;
  const int64_t end = port.end < 0 ? extent + 1 + port.end : port.end;
  s.count = s.stride == 0 ? 0 : std::abs(end - s.start) / std::abs(s.stride);
  return s;
}

int64_t positive_axis(int64_t axis, size_t rank) { return axis < 0 ? axis + int64_t(rank) : axis; }

Tensor slice(const Tensor& t, size_t axis, int64_t begin, int64_t length) {
  Shape from(t.get_shape().size(), 0), to = t.get_shape();
  from[axis] = size_t(begin);
  to[axis] = size_t(begin + length);
  return Tensor(t, from, to);
}

// Parts one after another along an axis.
Tensor join(const std::vector<Tensor>& parts, size_t axis, bool backwards) {
  Shape shape = parts[0].get_shape();
  shape[axis] = 0;
  for (const Tensor& p : parts) shape[axis] += p.get_shape()[axis];
  Tensor out(parts[0].get_element_type(), shape);
  size_t at = backwards ? shape[axis] : 0;
  for (const Tensor& p : parts) {
    const size_t length = p.get_shape()[axis];
    if (backwards) at -= length;
    p.copy_to(slice(out, axis, int64_t(at), int64_t(length)));
    if (!backwards) at += length;
  }
  return out;
}

Tensor owned(const Tensor& t) {
  Tensor copy(t.get_element_type(), t.get_shape());
  t.copy_to(copy);
  return copy;
}

int64_t scalar_of(const Tensor& t) {
  const std::vector<int64_t> values = load<int64_t>(t);
  return values.empty() ? 0 : values[0];
}

}  // namespace

CpuInference& CpuInference::body(const BoundNode& node, size_t which) {
  std::unique_ptr<CpuInference>& slot = bodies_[{&node, which}];
  if (!slot) slot = std::make_unique<CpuInference>(node.bodies[which], streams_, slots_);
  slot->team_ = team_;
  return *slot;
}

std::vector<Tensor> CpuInference::run_control(const HostCall& call,
                                              const std::vector<Tensor>& inputs) {
  return call.node->node->is("If") ? run_if(call, inputs) : run_loop(call, inputs);
}

std::vector<Tensor> CpuInference::run_if(const HostCall& call, const std::vector<Tensor>& inputs) {
  const BoundNode& node = *call.node;
  const size_t which = scalar_of(inputs[0]) != 0 ? 0 : 1;
  CpuInference& branch = body(node, which);
  for (const BodyInput& in : node.ports[which].inputs)
    branch.set_input(size_t(in.parameter), inputs[size_t(in.input)]);
  run_body(branch);
  std::vector<Tensor> outputs(node.outputs.size());
  for (const BodyOutput& out : node.ports[which].outputs) {
    bool own = false;
    outputs[size_t(out.output)] = branch.take_output(size_t(out.result), &own);
  }
  return outputs;
}

namespace {

int64_t iterations(const BoundNode& node, const std::vector<Tensor>& inputs) {
  int64_t count = -1;
  if (node.node->is("Loop")) {
    count = scalar_of(inputs[0]);
    if (scalar_of(inputs[1]) == 0) return 0;
  }
  for (const BodyInput& in : node.ports[0].inputs) {
    if (in.input < 0 || in.axis == -1) continue;
    const Shape& shape = inputs[size_t(in.input)].get_shape();
    const int64_t n =
        slicing_of(in, int64_t(shape[size_t(positive_axis(in.axis, shape.size()))])).count;
    count = count < 0 ? n : std::min(count, n);
  }
  return count;
}

// After no iteration: carried values are as they came, collected ones have no extent.
Tensor without_iterations(const BoundNode& node, const BodyOutput& out,
                          const std::vector<Tensor>& inputs) {
  for (const BodyInput& in : node.ports[0].inputs)
    if (in.back_edge == out.result && out.axis == -1) return owned(inputs[size_t(in.input)]);
  const Program& body = *node.bodies[0];
  const Fact& fact = body.values[body.results[size_t(out.result)]].fact;
  Shape shape = fact.shape.rank_is_static() ? fact.shape.get_min_shape() : Shape{0};
  if (out.axis != -1) shape[size_t(positive_axis(out.axis, shape.size()))] = 0;
  return Tensor(fact.type, shape);
}

}  // namespace

std::vector<Tensor> CpuInference::run_loop(const HostCall& call,
                                           const std::vector<Tensor>& inputs) {
  const BoundNode& node = *call.node;
  const Body& ports = node.ports[0];
  CpuInference& loop = body(node, 0);
  const int64_t count = iterations(node, inputs);
  std::vector<Tensor> carried(ports.inputs.size()), last(ports.outputs.size());
  std::vector<char> recyclable(ports.inputs.size());
  std::vector<std::vector<Tensor>> parts(ports.outputs.size());
  for (size_t p = 0; p < ports.inputs.size(); ++p)
    if (ports.inputs[p].input >= 0) carried[p] = inputs[size_t(ports.inputs[p].input)];

  int64_t done = 0;
  for (bool go = count != 0; go && done != count; ++done) {
    for (size_t p = 0; p < ports.inputs.size(); ++p) {
      const BodyInput& in = ports.inputs[p];
      Tensor t = carried[p];
      if (in.input < 0) {
        const Fact& fact =
            loop.program_->values[loop.program_->parameters[size_t(in.parameter)]].fact;
        t = make_tensor<int64_t>(fact.type.is_dynamic() ? element::Type(element::i64) : fact.type,
                                 fact.shape.is_static() ? fact.shape.to_shape() : Shape{}, {done});
      } else if (in.axis != -1) {
        const size_t axis = size_t(positive_axis(in.axis, t.get_shape().size()));
        const Slicing s = slicing_of(in, int64_t(t.get_shape()[axis]));
        t = slice(t, axis, s.begin(done), s.part);
      }
      loop.set_input(size_t(in.parameter), t);
    }
    run_body(loop);
    for (size_t o = 0; o < ports.outputs.size(); ++o) {
      const BodyOutput& out = ports.outputs[o];
      const Tensor result = loop.output(size_t(out.result));
      if (out.output < 0)
        go = scalar_of(result) != 0;
      else if (out.axis != -1)
        parts[o].push_back(owned(result));
      else
        last[o] = result;
    }
    for (size_t p = 0; p < ports.inputs.size(); ++p) {
      const BodyInput& in = ports.inputs[p];
      if (in.back_edge < 0) continue;
      // A result that several ports or outputs read is copied; else its memory changes hands.
      Tensor old = std::move(carried[p]);
      bool own = false;
      const bool shared =
          std::count_if(ports.inputs.begin(), ports.inputs.end(), [&](const BodyInput& other) {
            return other.back_edge == in.back_edge;
          }) > 1;
      carried[p] = shared ? owned(loop.output(size_t(in.back_edge)))
                          : loop.take_output(size_t(in.back_edge), &own);
      if (recyclable[p] && own) loop.recycle(size_t(in.back_edge), std::move(old));
      recyclable[p] = own;
    }
  }

  std::vector<Tensor> outputs(node.outputs.size());
  for (size_t o = 0; o < ports.outputs.size(); ++o) {
    const BodyOutput& out = ports.outputs[o];
    if (out.output < 0) continue;
    Tensor& result = outputs[size_t(out.output)];
    if (done == 0)
      result = without_iterations(node, out, inputs);
    else if (out.axis != -1)
      result = join(parts[o], size_t(positive_axis(out.axis, parts[o][0].get_shape().size())),
                    out.stride < 0);
    else
      result = owned(last[o]);
  }
  return outputs;
}

}  // namespace vireo::cpu

// Loop and TensorIterator: a body run again and again, over slices of its inputs and values carried
// from run to run.
#include <algorithm>

#include "core/values.h"
#include "ops/control_flow/control_flow.h"
#include "ops/movement/rearrange.h"

namespace vireo::ops {

void visit(AttrVisitor& v, Loop& a) { v.on("body", a.body); }

namespace {

bool is_loop(const OpDef& op) { return op.name == "Loop"; }

// The type and shape that the body declares for the iteration counter.
Fact counter_fact(const Graph& body, int64_t parameter) {
  const Fact& declared = body.fact({body.parameters[size_t(parameter)], 0});
  return {declared.type.is_static() ? declared.type : element::Type(element::i64),
          declared.shape.is_static() ? declared.shape : PartialShape{},
          {},
          std::nullopt};
}

Fact first_fact(InferContext& c, const BodyInput& map) {
  const Body& body = c.attrs<Loop>().body;
  if (map.input < 0) return counter_fact(*body.graph, map.parameter);
  Fact fact = c.input(size_t(map.input));
  if (map.axis != -1) {
    fact.value = {};
    fact.dims.reset();
    if (!fact.shape.rank_is_static()) return fact;
    if (map.part_size < 1) c.fail("part_size is {}, at least 1 is needed", map.part_size);
    fact.shape[size_t(c.axis(map.axis, int64_t(fact.shape.size())))] = Dimension(map.part_size);
  }
  if (map.back_edge >= 0) {
    fact.value = {};
    fact.dims.reset();
  }
  return fact;
}

bool identical(const Fact& a, const Fact& b) {
  if (!a.same_kind(b)) return false;
  for (size_t i = 0; i < a.shape.size(); ++i)
    if (a.shape[i].symbol() != b.shape[i].symbol()) return false;
  return true;
}

// Body results once the carried values have facts that hold in every iteration: what the first run
// gives is widened until the result of a run fits what it started from.
std::vector<Fact> steady_results(InferContext& c, std::vector<Fact>& parameters) {
  const Body& body = c.attrs<Loop>().body;
  for (int round = 0;; ++round) {
    std::vector<Fact> results = infer_body(*body.graph, parameters);
    bool steady = true;
    for (const BodyInput& map : body.inputs) {
      if (map.back_edge < 0) continue;
      Fact& carried = parameters[size_t(map.parameter)];
      const Fact& next = results[size_t(map.back_edge)];
      Fact wide = cover(c, carried, next);
      if (identical(wide, carried)) continue;
      // Extents that grow would be widened for ever.
      for (size_t i = 0; i < wide.shape.size() && round > 0; ++i)
        if (wide.shape[i] != carried.shape[i]) wide.shape[i] = Dimension();
      if (round > 4) wide.shape = PartialShape::dynamic();
      carried = wide;
      steady = false;
    }
    if (steady) return results;
  }
}

// Iterations as far as they are known before running.
Dimension iterations(InferContext& c, const std::vector<Fact>& results) {
  const Body& body = c.attrs<Loop>().body;
  if (!is_loop(c.op())) {
    for (const BodyInput& map : body.inputs) {
      if (map.axis == -1 || map.input < 0 || !c.shape(size_t(map.input)).rank_is_static()) continue;
      const PartialShape& shape = c.shape(size_t(map.input));
      const Dimension& d = shape[size_t(c.axis(map.axis, int64_t(shape.size())))];
      if (d.is_static()) return Dimension(slice_iterations(map, d.get_length()));
      const bool whole = map.part_size == 1 &&
                         ((map.start == 0 && map.end == -1) || (map.start == -1 && map.end == 0));
      if (whole) return d;
    }
    return {};
  }
  const auto trips = c.scalar_int(0), condition = c.scalar_int(1);
  if (condition && *condition == 0) return Dimension(0);
  const Dimension most = trips && *trips >= 0 ? Dimension(0, *trips) : Dimension();
  for (const BodyOutput& map : body.outputs) {
    if (map.output != -1) continue;
    const Fact& again = results[size_t(map.result)];
    if (!again.value || again.value.get_size() != 1) return most;
    if (load<int64_t>(again.value)[0] == 0)
      return trips && *trips == 0 ? Dimension(0) : trips && condition ? Dimension(1) : most;
  }
  return trips && *trips >= 0 && condition ? Dimension(*trips) : most;
}

void infer(InferContext& c) {
  const Body& body = c.attrs<Loop>().body;
  c.expect_inputs(is_loop(c.op()) ? 2 : 1, SIZE_MAX);
  check_ports(c, body, "body");
  if (is_loop(c.op())) {
    c.expect_integral(0);
    if (c.type(1).is_static() && c.type(1) != element::boolean)
      c.fail("the condition must be boolean, got {}", c.type(1).name());
  }
  std::vector<Fact> parameters(body.graph->parameters.size());
  for (const BodyInput& map : body.inputs) parameters[size_t(map.parameter)] = first_fact(c, map);
  const std::vector<Fact> results = steady_results(c, parameters);
  const Dimension count = iterations(c, results);
  for (const BodyOutput& map : body.outputs) {
    if (map.output < 0) continue;
    Fact fact = results[size_t(map.result)];
    if (map.axis != -1 && fact.shape.rank_is_static()) {
      Dimension& d = fact.shape[size_t(c.axis(map.axis, int64_t(fact.shape.size())))];
      d = d == Dimension(1) ? count : d * count;
    }
    c.set_output(size_t(map.output), fact.type, fact.shape);
  }
}

struct Run {
  EvalContext& c;
  const Body& body;
  GraphEvaluator evaluator;
  std::vector<Tensor> inputs, results;
  std::vector<std::vector<Tensor>> parts;  // by output map

  explicit Run(EvalContext& c)
      : c(c),
        body(c.attrs<Loop>().body),
        evaluator(*body.graph),
        inputs(body.graph->parameters.size()),
        parts(body.outputs.size()) {
    for (const BodyInput& map : body.inputs)
      if (map.input >= 0 && map.axis == -1)
        inputs[size_t(map.parameter)] = c.input(size_t(map.input));
  }

  void step(int64_t iteration) {
    for (const BodyInput& map : body.inputs) {
      Tensor& input = inputs[size_t(map.parameter)];
      if (map.input < 0) {
        const Fact fact = counter_fact(*body.graph, map.parameter);
        input = make_tensor<int64_t>(fact.type, fact.shape.to_shape(), {iteration});
      } else if (map.axis != -1) {
        input = slice_of(c.input(size_t(map.input)), map, iteration);
      } else if (map.back_edge >= 0 && iteration > 0) {
        input = results[size_t(map.back_edge)];
      }
    }
    results = evaluator.run(inputs, {c.variables, c.cancelled, c.cancel_context});
    for (size_t i = 0; i < parts.size(); ++i)
      if (body.outputs[i].axis != -1 && body.outputs[i].output >= 0)
        parts[i].push_back(results[size_t(body.outputs[i].result)]);
  }

  bool wants_more() const {
    for (const BodyOutput& map : body.outputs)
      if (map.output == -1) return load<int64_t>(results[size_t(map.result)]).at(0) != 0;
    return true;
  }
};

// After no iteration at all: carried values keep their start, joined outputs have no parts.
void give_untouched(Run& run) {
  const std::vector<Fact>& facts = run.c.facts();
  for (const BodyOutput& map : run.body.outputs) {
    if (map.output < 0) continue;
    Fact fact = facts.at(size_t(map.output));
    if (map.axis != -1 && fact.shape.rank_is_static())
      fact.shape[wrap_axis(map.axis, fact.shape.size())] = Dimension(0);
    Tensor value = empty_of(fact);
    for (const BodyInput& in : run.body.inputs)
      if (map.axis == -1 && in.back_edge == map.result && in.input >= 0)
        value = run.c.input(size_t(in.input));
    run.c.set_output(size_t(map.output), value);
  }
}

int64_t most_iterations(EvalContext& c) {
  const Body& body = c.attrs<Loop>().body;
  if (is_loop(c.op())) {
    const int64_t trips = c.input(0).get_size() ? load<int64_t>(c.input(0))[0] : -1;
    return trips < 0 ? INT64_MAX : trips;
  }
  for (const BodyInput& map : body.inputs) {
    if (map.axis == -1 || map.input < 0) continue;
    const Shape& shape = c.shape(size_t(map.input));
    return slice_iterations(map, int64_t(shape.at(wrap_axis(map.axis, shape.size()))));
  }
  return 1;
}

void evaluate(EvalContext& c) {
  Run run(c);
  const int64_t most = most_iterations(c);
  bool more = !is_loop(c.op()) || c.input(1).get_size() == 0 || load<int64_t>(c.input(1))[0] != 0;
  int64_t done = 0;
  for (; more && done < most; ++done) {
    c.check_cancelled();
    run.step(done);
    more = run.wants_more();
  }
  if (done == 0) return give_untouched(run);
  for (size_t i = 0; i < run.body.outputs.size(); ++i) {
    const BodyOutput& map = run.body.outputs[i];
    if (map.output >= 0)
      c.set_output(size_t(map.output), map.axis != -1 ? join_parts(map, run.parts[i])
                                                      : run.results[size_t(map.result)]);
  }
}

}  // namespace

// Stateful, since a body may be; so a loop is never run while a model is compiled.
VIREO_DEFINE_OP(loop_5){"Loop",   5, &kAttrType<Loop>, infer, evaluate, Tolerance::Accumulate,
                        kStateful};
VIREO_DEFINE_OP(tensor_iterator_1){
    "TensorIterator", 1, &kAttrType<Loop>, infer, evaluate, Tolerance::Accumulate, kStateful};

}  // namespace vireo::ops

// Reductions. Axes that do not touch are reduced one run after another, where the operator allows.
#include "devices/cpu/kernels/reduce/reduce.h"

#include <unordered_map>

#include "devices/cpu/nodes/kernel_step.h"

namespace vireo::cpu {

namespace {

const std::unordered_map<std::string_view, ReduceOp>& rows() {
  static const std::unordered_map<std::string_view, ReduceOp> table = {
      {"ReduceSum", ReduceOp::sum},      {"ReduceMean", ReduceOp::mean},
      {"ReduceMax", ReduceOp::max},      {"ReduceMin", ReduceOp::min},
      {"ReduceProd", ReduceOp::prod},    {"ReduceL1", ReduceOp::l1},
      {"ReduceL2", ReduceOp::l2},        {"ReduceLogicalAnd", ReduceOp::min},
      {"ReduceLogicalOr", ReduceOp::max}};
  return table;
}

bool composes(ReduceOp op) {
  return op == ReduceOp::sum || op == ReduceOp::mean || op == ReduceOp::max ||
         op == ReduceOp::min || op == ReduceOp::prod;
}

std::string refusal(const NodeView& node) {
  if (!node.constant(1)) return "the axes are not constant";
  const element::Type t = node.in_type(0);
  const ReduceOp op = rows().at(node.node().op->name);
  const bool logical = node.node().op->name.substr(0, 13) == "ReduceLogical";
  if (logical ? t != element::boolean
              : t != element::f32 && !((t == element::i32 || t == element::i64) &&
                                       op != ReduceOp::l2 && op != ReduceOp::mean))
    return fmt::format("the kernel does not reduce {}", t.name());
  return {};
}

void run(const void* params, void* const* o, int64_t begin, int64_t end, void* scratch) {
  run_reduce(*static_cast<const ReducePlan*>(params), {o[1], o[0]}, begin, end, scratch);
}

struct Run {
  size_t begin, end;
};  // of axes

std::vector<Run> runs_of(const Shape& shape, const std::vector<int64_t>& axes) {
  std::vector<char> reduced(shape.size());
  for (int64_t axis : axes) reduced[positive_axis(axis, shape.size())] = true;
  std::vector<Run> runs;
  bool open = false;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!reduced[i]) {
      open = open && shape[i] == 1;
      continue;
    }
    if (open)
      runs.back().end = i + 1;
    else
      runs.push_back({i, i + 1});
    open = true;
  }
  return runs;
}

const char* plan(PlanContext& c) {
  Shape shape = c.shape(0);
  const std::vector<Run> runs = runs_of(shape, known_ints(*c.value(1)));
  const ReduceOp op = rows().at(c.node().op->name);
  if (runs.empty()) {
    if (op == ReduceOp::l1 || op == ReduceOp::l2) return "nothing is reduced";
    c.output_view(0, 0);
    return nullptr;
  }
  if (runs.size() > 1 && !composes(op)) return "the axes do not touch";
  DataType type = DataType::f32;
  data_type(c.in_type(0), &type);
  Place from = c.input(0);
  for (size_t r = runs.size(); r-- > 0;) {
    const Run run_axes = runs[r];
    const ReducePlan p = plan_reduce(op, type, product(shape, 0, run_axes.begin),
                                     product(shape, run_axes.begin, run_axes.end),
                                     product(shape, run_axes.end, shape.size()), c.isa());
    const double n = double(elements(shape));
    for (size_t i = run_axes.begin; i < run_axes.end; ++i) shape[i] = 1;
    const Place to =
        r == 0 ? c.output(0) : c.temporary(size_t(elements(shape)) * c.in_type(0).size());
    const Place operands[] = {to, from};
    c.step(spec_of(p, run, fmt::format("reduce_{}_{}", c.in_type(0).name(), tier_name(c.isa())),
                   estimate(4 * n, n), 1e-9 * n),
           p, operands);
    from = to;
  }
  return nullptr;
}

}  // namespace

const NodeKind reduce_node = {"", refusal, nullptr, plan};

}  // namespace vireo::cpu

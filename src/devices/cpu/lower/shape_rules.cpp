// Finding and reading rules of shapes.
#include "devices/cpu/lower/shape_rules.h"

#include <string_view>
#include <unordered_map>

#include "devices/cpu/program.h"

namespace vireo::cpu {

namespace {

// Operators whose inference compares extents for equality alone. What asks for more than that (a
// window that fits, a count that divides) would pass on large primes and fail on small extents.
bool compares_only(const OpDef& op) {
  if (op.has(kElementwise)) return true;
  for (std::string_view name :
       {"Concat", "Gather", "MatMul", "Reshape", "Softmax", "Squeeze", "Transpose", "Unsqueeze",
        "vireo.Attention", "vireo.LayerNorm", "vireo.MatMul", "vireo.RmsNorm"})
    if (op.name == name) return true;
  return false;
}

using Extents = std::vector<ShapeRules::Extent>;

// Distinct primes, so that neither equality nor a product of two of them comes about by chance.
std::vector<size_t> sample(size_t count, size_t from) {
  std::vector<size_t> primes;
  for (size_t n = from; primes.size() < count; ++n) {
    bool prime = true;
    for (size_t d = 2; d * d <= n && prime; ++d) prime = n % d != 0;
    if (prime) primes.push_back(n);
  }
  return primes;
}

class Finder {
 public:
  explicit Finder(const Program& program) : program_(program) {
    rules_.shapes.resize(program.values.size());
    rules_.follows.resize(program.nodes.size());
  }

  ShapeRules run() {
    for (uint32_t i = 0; i < program_.parameters.size(); ++i) number_unknowns(i);
    for (ValueId v = 0; v < program_.values.size(); ++v) find_shape(v);
    samples_[0] = sample(rules_.unknowns.size(), 1009);
    samples_[1] = sample(rules_.unknowns.size(), 5003);
    for (uint32_t n = 0; n < program_.nodes.size(); ++n)
      rules_.follows[n] = follows(program_.nodes[n]);
    return std::move(rules_);
  }

 private:
  void number_unknowns(uint32_t parameter) {
    const PartialShape& shape = program_.values[program_.parameters[parameter]].fact.shape;
    for (uint32_t axis = 0; axis < shape.size(); ++axis) {
      if (shape[axis].symbol() == 0 || shape[axis].is_static()) continue;
      const auto [found, made] = numbers_.emplace(shape[axis].symbol(), int(numbers_.size()));
      if (made) rules_.unknowns.emplace_back();
      rules_.unknowns[size_t(found->second)].push_back({parameter, axis});
    }
  }

  void find_shape(ValueId v) {
    const Fact& fact = program_.values[v].fact;
    // A state has the shape that it has, whatever the graph says of it.
    if (program_.nodes[program_.values[v].maker].node->is("ReadValue")) return;
    if (!fact.shape.rank_is_static() || fact.type.is_dynamic() || fact.dims) return;
    Extents extents;
    for (const Dimension& d : fact.shape) {
      const auto found = numbers_.find(d.symbol());
      if (d.is_static())
        extents.push_back({size_t(d.min()), -1});
      else if (d.symbol() != 0 && found != numbers_.end())
        extents.push_back({0, found->second});
      else
        return;
    }
    rules_.shapes[v] = std::move(extents);
  }

  Fact sampled(ValueId v, const std::vector<size_t>& values) const {
    std::vector<Dimension> dims;
    for (const ShapeRules::Extent& e : *rules_.shapes[v])
      dims.emplace_back(int64_t(e.unknown < 0 ? e.value : values[size_t(e.unknown)]));
    return {program_.values[v].fact.type,
            PartialShape(std::move(dims)),
            program_.values[v].fact.value,
            {}};
  }

  bool follows(const BoundNode& node) const {
    if (!compares_only(*node.node->op)) return false;
    for (ValueId v : node.inputs)
      if (v == kNone32 || !rules_.shapes[v]) return false;
    for (ValueId v : node.outputs)
      if (!rules_.shapes[v] || program_.values[v].fact.value) return false;
    for (const std::vector<size_t>& values : samples_)
      if (!holds(node, values)) return false;
    return true;
  }

  bool holds(const BoundNode& node, const std::vector<size_t>& values) const {
    std::vector<Fact> inputs;
    for (ValueId v : node.inputs) inputs.push_back(sampled(v, values));
    std::vector<const Fact*> in;
    for (const Fact& f : inputs) in.push_back(&f);
    try {
      const std::vector<Fact> out =
          infer_facts(*node.node->op, node.node->attrs, node.node->name, std::move(in));
      for (size_t i = 0; i < node.outputs.size(); ++i) {
        const Fact want = sampled(node.outputs[i], values);
        if (out[i].type != want.type || out[i].shape != want.shape || out[i].value || out[i].dims)
          return false;
      }
    } catch (const Error&) {
      return false;
    }
    return true;
  }

  const Program& program_;
  ShapeRules rules_;
  std::unordered_map<uint64_t, int> numbers_;  // by symbol
  std::vector<size_t> samples_[2];
};

}  // namespace

ShapeRules find_shape_rules(const Program& program) { return Finder(program).run(); }

std::optional<std::vector<size_t>> ShapeRules::read(const std::vector<Shape>& parameters) const {
  std::vector<size_t> values;
  for (const std::vector<Place>& places : unknowns) {
    const Place first = places[0];
    const size_t value = parameters[first.parameter][first.axis];
    if (value == 0) return std::nullopt;
    for (const Place& p : places)
      if (parameters[p.parameter][p.axis] != value) return std::nullopt;
    values.push_back(value);
  }
  return values;
}

}  // namespace vireo::cpu

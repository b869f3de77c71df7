// A Convert of a Convert. If the first loses nothing, the second can read what came before it.
//
//   x ─ Convert to a wider type ─ Convert        becomes  x ─ Convert, or x if that is its type
#include "ops/arithmetic/arithmetic.h"
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

namespace {

// Bits of exactly represented whole numbers, sign apart.
int exact_bits(element::Type type) {
  switch (element::Type_t(type)) {
    case element::Type_t::boolean: return 1;
    case element::Type_t::u8: return 8;
    case element::Type_t::i8: return 7;
    case element::Type_t::u16: return 16;
    case element::Type_t::i16: return 15;
    case element::Type_t::u32: return 32;
    case element::Type_t::i32: return 31;
    case element::Type_t::u64: return 64;
    case element::Type_t::i64: return 63;
    case element::Type_t::f16: return 11;
    case element::Type_t::bf16: return 8;
    case element::Type_t::f32: return 24;
    case element::Type_t::f64: return 53;
    default: return 0;
  }
}

bool is_plain_float(element::Type type) {
  return type == element::f16 || type == element::bf16 || type == element::f32 ||
         type == element::f64;
}

// Every value of `from` is a value of `to`.
bool holds(element::Type to, element::Type from) {
  const int wide = exact_bits(to), narrow = exact_bits(from);
  if (wide == 0 || narrow == 0 || to == element::boolean) return to == from;
  if (is_plain_float(from)) {
    if (!is_plain_float(to)) return false;
    return to == from || (to == element::f32 && from != element::f64) || to == element::f64;
  }
  return wide >= narrow && (is_plain_float(to) || to.is_signed() || !from.is_signed());
}

bool merge_converts(Patch& patch, const Graph& g, NodeId id) {
  const GraphNode& n = g[id];
  const GraphNode* first = made_by(g, n.inputs[0], "Convert");
  if (!first) return false;
  const OutputRef source = first->inputs[0];
  const element::Type from = g.fact(source).type, to = n.fact().type;
  if (!from.is_static() || !holds(first->fact().type, from)) return false;
  if (from == to) {
    patch.replace({id, 0}, source);
    return true;
  }
  replace_with(patch, id, patch.add(ops::convert_1, n.attrs, {source}), {n.inputs[0].node});
  return true;
}

}  // namespace

void add_converts(std::vector<Rule>& rules) {
  rules.push_back({"merge-converts", {"Convert"}, merge_converts});
}

}  // namespace vireo::passes

#include "frontends/ir/legacy.h"

namespace vireo::ir {
namespace {

// As OpenVINO reads version 10: measured on its 2026.4 release over every type.
element::Type input_type(element::Type type) { return type == element::f16 ? element::f32 : type; }
element::Type output_type(element::Type type) {
  switch (type) {
    case element::Type_t::i32:
    case element::Type_t::string: return type;
    case element::Type_t::i64:
    case element::Type_t::u64: return element::i32;
    default: return element::f32;
  }
}

}  // namespace

void keep_old_api_types(Graph& graph, const OpRegistry& ops) {
  const OpDef* convert = ops.find_in_opset("Convert", 1);
  if (!convert) return;
  Arena& arena = *graph.arena;
  auto converted = [&](OutputRef source, element::Type type) {
    return graph.add(*convert, make_attrs(convert->attrs, {{"destination_type", type}}, "convert"),
                     {source});
  };
  for (NodeId id : graph.parameters) {
    ParameterAttrs a = graph[id].attrs.as<ParameterAttrs>();
    const element::Type was = a.element_type, now = input_type(was);
    if (was == now) continue;
    a.element_type = now;
    arena.set_attrs(id, a);
    arena.infer(id);
    const OutputRef in{id, 0}, out = converted(in, was);
    arena.replace_uses(in, out);
  }
  for (NodeId id : graph.results) {
    const OutputRef source = arena.input(id, 0);
    const element::Type was = graph.fact(source).type, now = output_type(was);
    if (was == now) continue;
    const OutputRef out = converted(source, now);
    arena.edit(out.node).outputs[0].names =
        std::move(arena.edit(source.node).outputs[source.index].names);
    arena.edit(source.node).outputs[source.index].names.clear();
    arena.edit(out.node).name = arena[source.node].name;
    arena.set_input(id, 0, out);
  }
  graph.infer();
}

}  // namespace vireo::ir

#include "ops/registry.h"

namespace vireo {
namespace ops {
#define VIREO_OP(symbol) extern const OpDef symbol;
#include "ops/ops.inc"
#undef VIREO_OP
}  // namespace ops

const OpRegistry& builtin_ops() {
  static const OpDef* const table[] = {
      &parameter_op,
      &constant_op,
      &result_op,
#define VIREO_OP(symbol) &ops::symbol,
#include "ops/ops.inc"
#undef VIREO_OP
  };
  static const OpRegistry registry{span<const OpDef* const>(table)};
  return registry;
}

NodeId add_op(Graph& graph, std::string_view op, int opset, std::vector<OutputRef> inputs,
              const AttrList& attrs, std::string name) {
  const OpDef* def = builtin_ops().find_in_opset(op, opset);
  if (!def) fail(ErrorCode::NotSupported, "operator {} of opset{} is not supported yet", op, opset);
  return graph.arena->add(*def, make_attrs(def->attrs, attrs, name.empty() ? op : name),
                          std::move(inputs), std::move(name));
}

}  // namespace vireo

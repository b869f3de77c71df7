// The table of activations.
#include "passes/fuse/activation_of.h"

#include <string_view>
#include <unordered_map>

#include "ops/activation/activation.h"
#include "passes/match.h"

namespace vireo::passes {

using ops::Activation;
using ops::ActivationKind;

namespace {

std::optional<Activation> with_scalars(const Graph& g, const GraphNode& n, ActivationKind kind) {
  const auto alpha = scalar(g, n.inputs[1]);
  const auto beta = n.inputs.size() > 2 ? scalar(g, n.inputs[2]) : std::optional<double>(0);
  if (!alpha || !beta) return std::nullopt;
  return Activation{kind, *alpha, *beta};
}

}  // namespace

std::optional<Activation> activation_of(const Graph& g, const GraphNode& n) {
  static const std::unordered_map<std::string_view, ActivationKind> table = {
      {"Relu", ActivationKind::Relu},
      {"Sigmoid", ActivationKind::Sigmoid},
      {"Tanh", ActivationKind::Tanh},
      {"HSwish", ActivationKind::HSwish},
      {"HSigmoid", ActivationKind::HSigmoid},
      {"Mish", ActivationKind::Mish},
      {"Abs", ActivationKind::Abs},
      {"SoftPlus", ActivationKind::SoftPlus},
      {"Exp", ActivationKind::Exp},
      {"Sqrt", ActivationKind::Sqrt},
      {"Clamp", ActivationKind::Clamp},
      {"Elu", ActivationKind::Elu},
      {"Gelu", ActivationKind::Gelu},
      {"Swish", ActivationKind::Swish},
      {"HardSigmoid", ActivationKind::HardSigmoid},
      {"PRelu", ActivationKind::LeakyRelu}};
  const auto it = table.find(n.op->name);
  if (it == table.end() || !n.fact().type.is_real()) return std::nullopt;
  switch (it->second) {
    case ActivationKind::Clamp: {
      const auto& a = n.attrs.as<ops::Clamp>();
      return Activation{ActivationKind::Clamp, a.min, a.max};
    }
    case ActivationKind::HSwish: return Activation{ActivationKind::HSwish, 1, 0};
    case ActivationKind::Elu: return Activation{ActivationKind::Elu, n.attrs.as<ops::Elu>().alpha};
    case ActivationKind::Gelu: {
      const bool tanh =
          n.op->version >= 7 && n.attrs.as<ops::Gelu>().approximation_mode == ops::GeluMode::Tanh;
      return Activation{tanh ? ActivationKind::GeluTanh : ActivationKind::Gelu};
    }
    case ActivationKind::Swish:
      if (n.inputs.size() == 1) return Activation{ActivationKind::Swish, 1};
      return with_scalars(g, n, it->second);
    case ActivationKind::LeakyRelu:
    case ActivationKind::HardSigmoid: return with_scalars(g, n, it->second);
    default: return Activation{it->second};
  }
}

}  // namespace vireo::passes

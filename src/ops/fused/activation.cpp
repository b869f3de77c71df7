// The activation at the end of a fused operator.
#include "ops/activation/functions.h"
#include "ops/fused/fused.h"

namespace vireo::ops {

void visit_activation(AttrVisitor& v, Activation& a) {
  v.on("activation", a.kind, kActivationKindNames);
  v.on("alpha", a.alpha);
  v.on("beta", a.beta);
}

double apply(const Activation& a, double x) {
  switch (a.kind) {
    case ActivationKind::None: return x;
    case ActivationKind::Relu: return x < 0 ? 0 : x;
    case ActivationKind::LeakyRelu: return x < 0 ? a.alpha * x : x;
    case ActivationKind::Elu: return x < 0 ? a.alpha * std::expm1(x) : x;
    case ActivationKind::Sigmoid: return sigmoid(x);
    case ActivationKind::Tanh: return std::tanh(x);
    case ActivationKind::Gelu: return gelu_erf(x);
    case ActivationKind::GeluTanh: return gelu_tanh(x);
    case ActivationKind::Swish: return x * sigmoid(a.alpha * x);
    case ActivationKind::HSwish: return a.alpha * x * clamp(x + 3, 0, 6) / 6 + a.beta;
    case ActivationKind::HSigmoid: return clamp(x + 3, 0, 6) / 6;
    case ActivationKind::HardSigmoid: return clamp(a.alpha * x + a.beta, 0, 1);
    case ActivationKind::Mish: return x * std::tanh(soft_plus(x));
    case ActivationKind::SoftPlus: return soft_plus(x);
    case ActivationKind::Clamp: return clamp(x, a.alpha, a.beta);
    case ActivationKind::Exp: return std::exp(x);
    case ActivationKind::Abs: return std::fabs(x);
    case ActivationKind::Sqrt: return std::sqrt(x);
    case ActivationKind::Square: return x * x;
  }
  return x;
}

}  // namespace vireo::ops

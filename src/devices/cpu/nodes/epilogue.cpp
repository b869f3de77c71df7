// Graph activations to kernel activations.
#include "devices/cpu/nodes/epilogue.h"

namespace vireo::cpu {

bool set_activation(Epilogue& e, const ops::Activation& activation) {
  using Kind = ops::ActivationKind;
  e.alpha = float(activation.alpha);
  e.beta = float(activation.beta);
  switch (activation.kind) {
    case Kind::None: e.activation = Activation::None; return true;
    case Kind::Relu: e.activation = Activation::Relu; return true;
    case Kind::LeakyRelu: e.activation = Activation::LeakyRelu; return true;
    case Kind::Elu: e.activation = Activation::Elu; return true;
    case Kind::Sigmoid: e.activation = Activation::Sigmoid; return true;
    case Kind::Tanh: e.activation = Activation::Tanh; return true;
    case Kind::Gelu: e.activation = Activation::GeluErf; return true;
    case Kind::GeluTanh: e.activation = Activation::GeluTanh; return true;
    case Kind::Swish: e.activation = Activation::Silu; return true;
    case Kind::HSwish: e.activation = Activation::HSwish; return true;
    case Kind::HSigmoid:
      e.activation = Activation::HSigmoid;
      e.alpha = 1.0f / 6;
      e.beta = 0.5f;
      return true;
    case Kind::HardSigmoid: e.activation = Activation::HSigmoid; return true;
    case Kind::Mish: e.activation = Activation::Mish; return true;
    case Kind::SoftPlus: e.activation = Activation::Softplus; return true;
    case Kind::Clamp: e.activation = Activation::Clamp; return true;
    default: return false;
  }
}

}  // namespace vireo::cpu

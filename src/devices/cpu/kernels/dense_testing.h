// What the tests and benches of the dense kernels share: random operands, the epilogue in double,
// comparison, runs by tasks.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <vector>

#include "base/arch/isa_text.h"
#include "base/support/half.h"
#include "devices/cpu/kernels/eltwise/types.h"
#include "devices/cpu/kernels/epilogue.h"

namespace vireo::cpu::testing {

// 64-byte aligned floats with guard cells on both sides.
class Buffer {
 public:
  explicit Buffer(int64_t size, float fill = 0.0f) : size_(size) {
    raw_ = static_cast<float*>(std::aligned_alloc(64, (size + 2 * kGuard + 15) / 16 * 64));
    for (int64_t i = 0; i < size + 2 * kGuard; ++i)
      raw_[i] = i < kGuard || i >= size + kGuard ? kMark : fill;
  }
  Buffer(const Buffer& other) : Buffer(other.size_) {
    for (int64_t i = 0; i < size_; ++i) data()[i] = other[i];
  }
  ~Buffer() { std::free(raw_); }
  Buffer& operator=(const Buffer&) = delete;
  static Buffer random(int64_t size, std::mt19937& engine) {
    Buffer b(size);
    std::uniform_real_distribution<float> dist(-1.0f, 1.0f);
    for (int64_t i = 0; i < size; ++i) b[i] = dist(engine);
    return b;
  }
  float* data() { return raw_ + kGuard; }
  const float* data() const { return raw_ + kGuard; }
  float& operator[](int64_t i) { return data()[i]; }
  float operator[](int64_t i) const { return data()[i]; }
  int64_t size() const { return size_; }
  bool guards_intact() const {
    for (int64_t i = 0; i < kGuard; ++i) {
      if (raw_[i] != kMark || raw_[size_ + kGuard + i] != kMark) return false;
    }
    return true;
  }

 private:
  static constexpr int64_t kGuard = 64;
  static constexpr float kMark = 12345.5f;
  float* raw_;
  int64_t size_;
};

// f32 or bf16 values as a kernel sees them, with guards; from and to floats.
class Stored {
 public:
  Stored(const Buffer& from, DataType type)
      : type_(type), size_(from.size()), raw_(type == DataType::f32 ? size_ : (size_ + 1) / 2) {
    for (int64_t i = 0; i < size_; ++i) {
      if (type_ == DataType::f32)
        raw_[i] = from[i];
      else
        halves()[i] = bf16_from_f32(from[i]);
    }
  }
  void* at(int64_t i) { return reinterpret_cast<char*>(raw_.data()) + i * size_of(type_); }
  void read(Buffer* to) {
    for (int64_t i = 0; i < size_; ++i)
      (*to)[i] = type_ == DataType::f32 ? raw_[i] : f32_from_bf16(halves()[i]);
  }
  bool guards_intact() const { return raw_.guards_intact(); }

 private:
  uint16_t* halves() { return reinterpret_cast<uint16_t*>(raw_.data()); }
  DataType type_;
  int64_t size_;
  Buffer raw_;
};

inline void round_to(DataType type, Buffer* b) {
  for (int64_t i = 0; type == DataType::bf16 && i < b->size(); ++i)
    (*b)[i] = f32_from_bf16(bf16_from_f32((*b)[i]));
}
// Half a unit in the last place of what is stored, as a share of the value.
inline double rounding_of(DataType type) { return type == DataType::bf16 ? 1.0 / 256 : 0; }

inline double activate(const Epilogue& e, double x, double slope) {
  const double alpha = e.alpha, beta = e.beta, sigmoid = 1 / (1 + std::exp(-x));
  switch (e.activation) {
    case Activation::None: return x;
    case Activation::Relu: return x < 0 ? 0 : x;
    case Activation::Clamp: return std::fmin(std::fmax(x, alpha), beta);
    case Activation::LeakyRelu: return x < 0 ? alpha * x : x;
    case Activation::PRelu: return x < 0 ? slope * x : x;
    case Activation::Elu: return x < 0 ? alpha * std::expm1(x) : x;
    case Activation::Sigmoid: return sigmoid;
    case Activation::Silu: return x / (1 + std::exp(-alpha * x));
    case Activation::Tanh: return std::tanh(x);
    case Activation::GeluErf: return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::GeluTanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::HSwish: return alpha * x * std::fmin(std::fmax(x + 3, 0.0), 6.0) / 6 + beta;
    case Activation::HSigmoid: return std::fmin(std::fmax(alpha * x + beta, 0.0), 1.0);
    case Activation::Mish: return x * std::tanh(std::log1p(std::exp(x)));
    case Activation::Softplus: return std::log1p(std::exp(x));
  }
  return x;
}

inline double finish(const Epilogue& e, double sum, double bias, double residual, double slope) {
  double x = sum * e.scale;
  if (e.bias != Bias::None) x += bias;
  if (e.residual == Residual::BeforeActivation) x += residual;
  x = activate(e, x, slope);
  return e.residual == Residual::AfterActivation ? x + residual : x;
}

constexpr Activation kActivations[] = {
    Activation::None,     Activation::Relu,    Activation::Clamp,    Activation::LeakyRelu,
    Activation::PRelu,    Activation::Elu,     Activation::Sigmoid,  Activation::Silu,
    Activation::Tanh,     Activation::GeluErf, Activation::GeluTanh, Activation::HSwish,
    Activation::HSigmoid, Activation::Mish,    Activation::Softplus};

inline Epilogue make_epilogue(Activation activation, Bias bias, Residual residual,
                              float scale = 1.0f) {
  Epilogue e;
  e.activation = activation;
  e.bias = bias;
  e.residual = residual;
  e.scale = scale;
  e.alpha = activation == Activation::Clamp      ? -0.3f
            : activation == Activation::HSigmoid ? 1.0f / 6
                                                 : 0.7f;
  e.beta = activation == Activation::Clamp ? 0.6f : 0.5f;
  return e;
}

// The tiers that this machine can run, best first.
inline std::vector<IsaSet> machine_tiers() {
  std::vector<IsaSet> tiers;
  for (int i = kIsaCount - 1; i >= 0; --i) {
    const Isa isa = static_cast<Isa>(i);
    if (machine_isa().has(isa)) tiers.push_back(parse_isa_cap(isa_name(isa)));
  }
  return tiers;
}

// What get(type, tiers) gives for any type and any tier of this machine, each once.
template <typename Kernel>
std::vector<const Kernel*> machine_kernels(const Kernel* (*get)(DataType, IsaSet, KernelRefusal*)) {
  std::vector<const Kernel*> kernels;
  for (DataType type : {DataType::f32, DataType::bf16}) {
    for (IsaSet tier : machine_tiers()) {
      const Kernel* kernel = get(type, tier, nullptr);
      if (std::find(kernels.begin(), kernels.end(), kernel) == kernels.end())
        kernels.push_back(kernel);
    }
  }
  return kernels;
}

// Cuts the tasks as `threads` threads would and runs the parts in reverse order, each with poisoned
// scratch.
template <typename Plan, typename Run>
void run_in_parts(const Plan& plan, int threads, Run run) {
  for (int t = threads - 1; t >= 0; --t) {
    Buffer scratch(static_cast<int64_t>(plan.scratch_bytes / 4) + 1, NAN);
    run(plan.tasks * t / threads, plan.tasks * (t + 1) / threads, scratch.data());
    ASSERT_TRUE(scratch.guards_intact());
  }
}

}  // namespace vireo::cpu::testing

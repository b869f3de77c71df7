// What node executors share: steps from kernel plans, estimates, shapes in the kernels' terms.
#pragma once

#include <algorithm>
#include <string>

#include "devices/cpu/kernels/eltwise/types.h"
#include "devices/cpu/node.h"
#include "devices/cpu/program.h"

namespace vireo::cpu {

// Microseconds on one thread, roughly: what decides whether a fork pays.
inline double estimate(double bytes, double flop = 0) {
  return 0.05 + bytes / 20000 + flop / 50000;
}

template <typename Plan>
StepSpec spec_of(const Plan& plan, StepFn fn, std::string kernel, double microseconds,
                 double gflop = 0) {
  StepSpec spec;
  spec.fn = fn;
  spec.tasks = plan.tasks;
  spec.scratch = plan.scratch_bytes;
  spec.microseconds = microseconds;
  spec.gflop = gflop;
  spec.kernel = std::move(kernel);
  return spec;
}

// Memory that the program keeps, such as packed weights.
inline Place fixed_place(const void* data) {
  return Place{kNone32, {0, uint64_t(reinterpret_cast<uintptr_t>(data))}, 0};
}

inline const char* tier_name(IsaSet isa) {
  return isa.has(Isa::Avx512) ? "avx512" : isa.has(Isa::Avx2) ? "avx2" : "scalar";
}
// "f32_avx512": the type that a kernel reads and its tier, of kernels that have files for types.
inline std::string kernel_suffix(DataType type, IsaSet isa) {
  if (type == DataType::f32) return std::string("f32_") + tier_name(isa);
  return isa.has(Isa::Avx512Bf16) ? "bf16_avx512_bf16" : "bf16_scalar";
}

// The tiers of kernels on 8-bit codes.
inline const char* code_tier(IsaSet isa) {
  return isa.has(Isa::Avx512Vnni) ? "avx512_vnni"
         : isa.has(Isa::Avx2Vnni)
             ? "avx2_vnni"
             : tier_name(IsaSet(isa.has(Isa::Avx2) ? 1u << int(Isa::Avx2) : 0));
}

inline int64_t product(const Shape& s, size_t begin, size_t end) {
  int64_t n = 1;
  for (size_t i = begin; i < end; ++i) n *= int64_t(s[i]);
  return n;
}
inline int64_t elements(const Shape& s) { return product(s, 0, s.size()); }

inline size_t positive_axis(int64_t axis, size_t rank) {
  return size_t(axis < 0 ? axis + int64_t(rank) : axis);
}

// False if the kernels do not know the type.
inline bool data_type(element::Type type, DataType* out) {
  switch (element::Type_t(type)) {
    case element::Type_t::f32: *out = DataType::f32; return true;
    case element::Type_t::f16: *out = DataType::f16; return true;
    case element::Type_t::bf16: *out = DataType::bf16; return true;
    case element::Type_t::u8: *out = DataType::u8; return true;
    case element::Type_t::i8: *out = DataType::i8; return true;
    case element::Type_t::i32: *out = DataType::i32; return true;
    case element::Type_t::i64: *out = DataType::i64; return true;
    case element::Type_t::boolean: *out = DataType::boolean; return true;
    default: return false;
  }
}

inline std::string needs_f32(const NodeView& node, size_t inputs = 1) {
  for (size_t i = 0; i < inputs; ++i)
    if (node.has_input(i) && node.in_type(i) != element::f32)
      return fmt::format("the kernel takes f32, input {} is {}", i, node.in_type(i).name());
  return {};
}

// Of the activations of a product, which needs_dense_types has seen.
inline DataType image_type(const NodeView& node) {
  DataType type = DataType::f32;
  data_type(node.in_type(0), &type);
  return type;
}

// The dense kernels: activations f32 or bf16, all of one type, `first` of them and the last if it
// is a residual; the other inputs f32.
inline std::string needs_dense_types(const NodeView& node, size_t first, bool residual) {
  const element::Type type = node.in_type(0);
  if (type != element::f32 && type != element::bf16)
    return fmt::format("the kernel takes f32 and bf16, input 0 is {}", type.name());
  for (size_t i = 1; i < node.inputs(); ++i) {
    if (!node.has_input(i)) continue;
    const bool activation =
        (i < first && !node.constant(i)) || (residual && i + 1 == node.inputs());
    const element::Type want = activation ? type : element::Type(element::f32);
    if (node.in_type(i) != want)
      return fmt::format("the kernel takes {} here, input {} is {}", want.name(), i,
                         node.in_type(i).name());
  }
  return {};
}

// Whole bytes per element, so that it can be moved as bytes.
inline std::string needs_bytes(const NodeView& node) {
  const element::Type t = node.out_type();
  if (t.is_dynamic() || t == element::string || t.is_packed())
    return fmt::format("elements of {} are not whole bytes", t.name());
  return {};
}

// Integers of an input's known value, of any type.
std::vector<int64_t> known_ints(const Tensor& value);

}  // namespace vireo::cpu

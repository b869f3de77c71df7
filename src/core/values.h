// The compute domains of `evaluate`: values of any element type as double, int64_t or uint64_t,
// converted on load and rounded once on store.
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/support/error.h"
#include "vireo/tensor.h"

namespace vireo {

// All elements in row-major order. Domain T is double, int64_t or uint64_t; any numeric element
// type converts: float to integer saturates with NaN as 0, integers wrap.
template <typename T>
std::vector<T> load(const Tensor& tensor);
// Stores into a dense tensor: floats round to nearest even (f8 saturates as OpenVINO does),
// integers wrap to the type's width, booleans are 0 or 1.
template <typename T>
void store(Tensor& tensor, const std::vector<T>& values);

extern template std::vector<double> load<double>(const Tensor&);
extern template std::vector<int64_t> load<int64_t>(const Tensor&);
extern template std::vector<uint64_t> load<uint64_t>(const Tensor&);
extern template void store<double>(Tensor&, const std::vector<double>&);
extern template void store<int64_t>(Tensor&, const std::vector<int64_t>&);
extern template void store<uint64_t>(Tensor&, const std::vector<uint64_t>&);

// Rounds through a type and back: what a value of this type would be.
double round_to(element::Type type, double value);

enum class Domain { Real, Signed, Unsigned, Text };
Domain domain_of(element::Type type);  // boolean and unsigned are Unsigned; throws for dynamic

// Calls f(T{}) with the domain's type; throws for strings. The result must be the same type for
// every domain.
template <typename F>
decltype(auto) with_domain(element::Type type, F&& f) {
  switch (domain_of(type)) {
    case Domain::Real: return std::forward<F>(f)(double{});
    case Domain::Signed: return std::forward<F>(f)(int64_t{});
    case Domain::Unsigned: return std::forward<F>(f)(uint64_t{});
    case Domain::Text: break;
  }
  fail(ErrorCode::InvalidArgument, "a numeric element type is needed, got {}", type.name());
}

// Moves whole elements of any type but packed ones; for operators that only rearrange. Packed types
// go through load and store.
struct ElementCopier {
  ElementCopier(const Tensor& src, Tensor& dst);
  void operator()(size_t dst_index, size_t src_index, size_t count = 1) const;  // in elements

 private:
  const char* src_;
  char* dst_;
  size_t size_;
  bool text_;
};

// A tensor made from values: f32, {2}, {1.0, 2.0}.
template <typename T>
Tensor make_tensor(element::Type type, const Shape& shape, const std::vector<T>& values) {
  Tensor t(type, shape);
  store<T>(t, values);
  return t;
}
Tensor make_i64(const std::vector<int64_t>& values);  // rank 1
Tensor make_i64_scalar(int64_t value);
Tensor make_strings(const Shape& shape, const std::vector<std::string>& values);

// Row-major element strides of a shape.
std::vector<size_t> element_strides(const Shape& shape);
bool same_contents(const Tensor& a, const Tensor& b);  // type, shape and bytes
uint64_t content_hash(const Tensor& tensor);

}  // namespace vireo

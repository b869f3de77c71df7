// Loads and stores between element types and compute domains.
#include "core/values.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/support/half.h"

namespace vireo {
namespace {

using element::Type_t;

// --- one value of a floating storage type from and to double

template <typename T>
T from_double(double v) {
  if constexpr (std::is_same_v<T, double>) {
    return v;
  } else {
    // Saturates; NaN gives 0.
    if (v != v) return 0;
    if (v >= static_cast<double>(std::numeric_limits<T>::max()))
      return std::numeric_limits<T>::max();
    if (v <= static_cast<double>(std::numeric_limits<T>::lowest()))
      return std::numeric_limits<T>::lowest();
    return static_cast<T>(v);
  }
}

template <typename S>
S saturate(double v) {
  if (v != v) return 0;
  if (v >= static_cast<double>(std::numeric_limits<S>::max())) return std::numeric_limits<S>::max();
  if (v <= static_cast<double>(std::numeric_limits<S>::lowest()))
    return std::numeric_limits<S>::lowest();
  return static_cast<S>(v);
}

template <typename S, typename T>
S to_integer(T v) {
  if constexpr (std::is_floating_point_v<T>)
    return saturate<S>(v);
  else
    return static_cast<S>(v);  // wraps
}

template <typename T>
bool truth(T v) {
  return v != T(0);
}

// --- packed types

// Bit offsets of element i: most types are a stream; u3 and u6 keep low and high bits apart, in
// groups of three bytes.
struct PackedAt {
  size_t byte;
  int shift;
};
PackedAt u3_low(size_t i) { return {i / 8 * 3 + (i % 8) / 4, 6 - 2 * int(i % 4)}; }
PackedAt u3_high(size_t i) { return {i / 8 * 3 + 2, 7 - int(i % 8)}; }
PackedAt u6_low(size_t i) { return {i / 4 * 3 + (i % 4) / 2, 4 - 4 * int(i % 2)}; }
PackedAt u6_high(size_t i) { return {i / 4 * 3 + 2, 6 - 2 * int(i % 4)}; }

uint8_t get_bits(const uint8_t* p, size_t n, PackedAt at, int bits) {
  return at.byte < n ? uint8_t((p[at.byte] >> at.shift) & ((1 << bits) - 1)) : 0;
}
void put_bits(uint8_t* p, size_t n, PackedAt at, int bits, uint8_t v) {
  if (at.byte >= n) return;
  const int mask = ((1 << bits) - 1) << at.shift;
  p[at.byte] = uint8_t((p[at.byte] & ~mask) | ((v << at.shift) & mask));
}

uint8_t get_packed(const uint8_t* p, size_t n, Type_t type, size_t i) {
  switch (type) {
    case Type_t::u1: return get_bits(p, n, {i / 8, 7 - int(i % 8)}, 1);
    case Type_t::u2: return get_bits(p, n, {i / 4, 2 * int(i % 4)}, 2);
    case Type_t::u3:
      return uint8_t(get_bits(p, n, u3_low(i), 2) | get_bits(p, n, u3_high(i), 1) << 2);
    case Type_t::u6:
      return uint8_t(get_bits(p, n, u6_low(i), 4) | get_bits(p, n, u6_high(i), 2) << 4);
    default: return get_bits(p, n, {i / 2, 4 * int(i % 2)}, 4);
  }
}
void put_packed(uint8_t* p, size_t n, Type_t type, size_t i, uint8_t v) {
  switch (type) {
    case Type_t::u1: return put_bits(p, n, {i / 8, 7 - int(i % 8)}, 1, v);
    case Type_t::u2: return put_bits(p, n, {i / 4, 2 * int(i % 4)}, 2, v);
    case Type_t::u3:
      put_bits(p, n, u3_low(i), 2, v & 3);
      return put_bits(p, n, u3_high(i), 1, v >> 2);
    case Type_t::u6:
      put_bits(p, n, u6_low(i), 4, v & 15);
      return put_bits(p, n, u6_high(i), 2, v >> 4);
    default: return put_bits(p, n, {i / 2, 4 * int(i % 2)}, 4, v);
  }
}

// --- whole tensors

// Constants may view a mapped file in which nothing is aligned.
template <typename S>
S element_at(const void* data, size_t i) {
  S v;
  std::memcpy(&v, static_cast<const char*>(data) + i * sizeof(S), sizeof(S));
  return v;
}

template <typename T, typename S>
void load_as(const void* data, std::vector<T>& out) {
  for (size_t i = 0; i < out.size(); ++i) {
    const S v = element_at<S>(data, i);
    if constexpr (std::is_floating_point_v<S> && !std::is_floating_point_v<T>)
      out[i] = from_double<T>(v);
    else
      out[i] = static_cast<T>(v);
  }
}
template <typename T, typename S, typename F>
void load_with(const void* data, std::vector<T>& out, F convert) {
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = from_double<T>(double(convert(element_at<S>(data, i))));
}
template <typename T, typename S>
void store_as(void* data, const std::vector<T>& in) {
  S* p = static_cast<S*>(data);
  for (size_t i = 0; i < in.size(); ++i) {
    if constexpr (std::is_floating_point_v<S>)
      p[i] = static_cast<S>(in[i]);
    else
      p[i] = to_integer<S>(in[i]);
  }
}
template <typename T, typename S, typename F>
void store_with(void* data, const std::vector<T>& in, F convert) {
  S* p = static_cast<S*>(data);
  for (size_t i = 0; i < in.size(); ++i) p[i] = convert(double(in[i]));
}

[[noreturn]] void no_numbers(element::Type type) {
  fail(ErrorCode::InvalidArgument, "a numeric element type is needed, got {}", type.name());
}

template <typename T>
void load_packed(const Tensor& t, std::vector<T>& out) {
  const auto* p = static_cast<const uint8_t*>(t.data());
  const size_t n = t.get_byte_size();
  const Type_t type = t.get_element_type();
  for (size_t i = 0; i < out.size(); ++i) {
    const uint8_t v = get_packed(p, n, type, i);
    if (type == Type_t::i4)
      out[i] = T(int64_t(int8_t(uint8_t(v << 4)) >> 4));
    else if (type == Type_t::nf4)
      out[i] = from_double<T>(f32_from_nf4(v));
    else if (type == Type_t::f4e2m1)
      out[i] = from_double<T>(f32_from_f4e2m1(v));
    else
      out[i] = T(v);
  }
}

template <typename T>
void store_packed(Tensor& t, const std::vector<T>& in) {
  auto* p = static_cast<uint8_t*>(t.data());
  const size_t n = t.get_byte_size();
  const Type_t type = t.get_element_type();
  if (n) std::memset(p, 0, n);
  for (size_t i = 0; i < in.size(); ++i) {
    uint8_t v;
    if (type == Type_t::nf4)
      v = nf4_from_f64(double(in[i]));
    else if (type == Type_t::f4e2m1)
      v = f4e2m1_from_f64(double(in[i]));
    else if (type == Type_t::u1)
      v = truth(in[i]);
    else
      v = uint8_t(to_integer<int64_t>(in[i]));
    put_packed(p, n, type, i, v);
  }
}

}  // namespace

template <typename T>
std::vector<T> load(const Tensor& given) {
  const Tensor t = given.dense();
  std::vector<T> out(t.get_size());
  const void* p = t.data();
  switch (t.get_element_type()) {
    case Type_t::f32: load_as<T, float>(p, out); break;
    case Type_t::f64: load_as<T, double>(p, out); break;
    case Type_t::f16: load_with<T, uint16_t>(p, out, f32_from_f16); break;
    case Type_t::bf16: load_with<T, uint16_t>(p, out, f32_from_bf16); break;
    case Type_t::f8e4m3: load_with<T, uint8_t>(p, out, f32_from_f8e4m3); break;
    case Type_t::f8e5m2: load_with<T, uint8_t>(p, out, f32_from_f8e5m2); break;
    case Type_t::f8e8m0: load_with<T, uint8_t>(p, out, f32_from_f8e8m0); break;
    case Type_t::i8: load_as<T, int8_t>(p, out); break;
    case Type_t::i16: load_as<T, int16_t>(p, out); break;
    case Type_t::i32: load_as<T, int32_t>(p, out); break;
    case Type_t::i64: load_as<T, int64_t>(p, out); break;
    case Type_t::boolean:
    case Type_t::u8: load_as<T, uint8_t>(p, out); break;
    case Type_t::u16: load_as<T, uint16_t>(p, out); break;
    case Type_t::u32: load_as<T, uint32_t>(p, out); break;
    case Type_t::u64: load_as<T, uint64_t>(p, out); break;
    case Type_t::dynamic:
    case Type_t::string: no_numbers(t.get_element_type());
    default: load_packed(t, out);
  }
  if (t.get_element_type() == element::boolean)
    for (T& v : out) v = truth(v) ? T(1) : T(0);
  return out;
}

template <typename T>
void store(Tensor& t, const std::vector<T>& in) {
  VIREO_ASSERT(in.size() == t.get_size() && t.is_continuous());
  void* p = t.data();
  switch (t.get_element_type()) {
    case Type_t::f32: store_as<T, float>(p, in); break;
    case Type_t::f64: store_as<T, double>(p, in); break;
    case Type_t::f16: store_with<T, uint16_t>(p, in, f16_from_f64); break;
    case Type_t::bf16: store_with<T, uint16_t>(p, in, bf16_from_f64); break;
    case Type_t::f8e4m3:
      store_with<T, uint8_t>(p, in, [](double v) { return f8e4m3_from_f64(v); });
      break;
    case Type_t::f8e5m2:
      store_with<T, uint8_t>(p, in, [](double v) { return f8e5m2_from_f64(v); });
      break;
    case Type_t::f8e8m0: store_with<T, uint8_t>(p, in, f8e8m0_from_f64); break;
    case Type_t::i8: store_as<T, int8_t>(p, in); break;
    case Type_t::i16: store_as<T, int16_t>(p, in); break;
    case Type_t::i32: store_as<T, int32_t>(p, in); break;
    case Type_t::i64: store_as<T, int64_t>(p, in); break;
    case Type_t::boolean:
      for (size_t i = 0; i < in.size(); ++i) static_cast<uint8_t*>(p)[i] = truth(in[i]);
      break;
    case Type_t::u8: store_as<T, uint8_t>(p, in); break;
    case Type_t::u16: store_as<T, uint16_t>(p, in); break;
    case Type_t::u32: store_as<T, uint32_t>(p, in); break;
    case Type_t::u64: store_as<T, uint64_t>(p, in); break;
    case Type_t::dynamic:
    case Type_t::string: no_numbers(t.get_element_type());
    default: store_packed(t, in);
  }
}

template std::vector<double> load<double>(const Tensor&);
template std::vector<int64_t> load<int64_t>(const Tensor&);
template std::vector<uint64_t> load<uint64_t>(const Tensor&);
template void store<double>(Tensor&, const std::vector<double>&);
template void store<int64_t>(Tensor&, const std::vector<int64_t>&);
template void store<uint64_t>(Tensor&, const std::vector<uint64_t>&);

double round_to(element::Type type, double value) {
  Tensor t(type, Shape{});
  store<double>(t, {value});
  return load<double>(t)[0];
}

Domain domain_of(element::Type type) {
  if (type.is_real()) return Domain::Real;
  if (type == element::string) return Domain::Text;
  if (type.is_dynamic()) no_numbers(type);
  return type.is_signed() ? Domain::Signed : Domain::Unsigned;
}

ElementCopier::ElementCopier(const Tensor& src, Tensor& dst)
    : src_(static_cast<const char*>(src.data())),
      dst_(static_cast<char*>(dst.data())),
      size_(src.get_element_type().size()),
      text_(src.get_element_type() == element::string) {
  VIREO_ASSERT(src.get_element_type() == dst.get_element_type() &&
               !src.get_element_type().is_packed());
  VIREO_ASSERT(src.is_continuous() && dst.is_continuous());
}

void ElementCopier::operator()(size_t dst_index, size_t src_index, size_t count) const {
  char* dst = dst_ + dst_index * size_;
  const char* src = src_ + src_index * size_;
  if (!text_) {
    std::memcpy(dst, src, count * size_);
    return;
  }
  for (size_t i = 0; i < count; ++i)
    reinterpret_cast<std::string*>(dst)[i] = reinterpret_cast<const std::string*>(src)[i];
}

Tensor make_i64(const std::vector<int64_t>& values) {
  return make_tensor(element::i64, Shape{values.size()}, values);
}
Tensor make_i64_scalar(int64_t value) {
  return make_tensor(element::i64, Shape{}, std::vector<int64_t>{value});
}
Tensor make_strings(const Shape& shape, const std::vector<std::string>& values) {
  Tensor t(element::string, shape);
  VIREO_ASSERT(values.size() == t.get_size());
  std::copy(values.begin(), values.end(), t.data<std::string>());
  return t;
}

std::vector<size_t> element_strides(const Shape& shape) {
  std::vector<size_t> s(shape.size());
  size_t step = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    s[i] = step;
    step *= shape[i];
  }
  return s;
}

bool same_contents(const Tensor& a, const Tensor& b) {
  if (a.same_buffer(b)) return true;
  if (!a || !b || a.get_element_type() != b.get_element_type() || a.get_shape() != b.get_shape())
    return false;
  const Tensor x = a.dense(), y = b.dense();
  if (a.get_element_type() == element::string)
    return std::equal(x.data<std::string>(), x.data<std::string>() + x.get_size(),
                      y.data<std::string>());
  return std::memcmp(x.data(), y.data(), x.get_byte_size()) == 0;
}

uint64_t content_hash(const Tensor& given) {
  const Tensor t = given.dense();
  uint64_t h = 1469598103934665603ull ^ uint64_t(static_cast<Type_t>(t.get_element_type()));
  auto mix = [&h](const void* data, size_t bytes) {
    const auto* p = static_cast<const uint8_t*>(data);
    for (; bytes >= 8; p += 8, bytes -= 8) {
      uint64_t w;
      std::memcpy(&w, p, 8);
      h = (h ^ w) * 0x9e3779b97f4a7c15ull;
      h ^= h >> 29;
    }
    for (; bytes; ++p, --bytes) h = (h ^ *p) * 1099511628211ull;
  };
  for (size_t d : t.get_shape()) mix(&d, sizeof d);
  if (t.get_element_type() == element::string)
    for (size_t i = 0; i < t.get_size(); ++i)
      mix(t.data<std::string>()[i].data(), t.data<std::string>()[i].size());
  else
    mix(t.data(), t.get_byte_size());
  return h;
}

}  // namespace vireo

// Transposing and scaling of constants.
#include "passes/tensors.h"

#include <cstring>

#include "base/support/aligned_buffer.h"
#include "base/support/half.h"
#include "base/support/pages.h"
#include "core/values.h"
#include "passes/match.h"

namespace vireo::passes {

namespace {

struct Walk {
  std::vector<size_t> extents, strides;  // of the result's axes, in elements of the source
};

template <typename T>
void copy_walk(const T* src, T* dst, const Walk& w) {
  const size_t axes = w.extents.size(), inner = w.extents.back(), step = w.strides.back();
  size_t outer = 1;
  for (size_t a = 0; a + 1 < axes; ++a) outer *= w.extents[a];
  std::vector<size_t> at(axes, 0);
  size_t from = 0;
  for (size_t o = 0; o < outer; ++o, dst += inner) {
    for (size_t i = 0; i < inner; ++i) dst[i] = src[from + i * step];
    for (size_t a = axes - 1; a-- > 0;) {
      from += w.strides[a];
      if (++at[a] < w.extents[a]) break;
      from -= w.strides[a] * w.extents[a];
      at[a] = 0;
    }
  }
}

bool only_ones_move(const Shape& shape, const std::vector<int64_t>& order) {
  int64_t last = -1;
  for (int64_t axis : order) {
    if (shape[size_t(axis)] == 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

// Large ones go back to the system as soon as the next form of the same weights is made.
Tensor weights(element::Type type, const Shape& shape) {
  constexpr size_t kLarge = size_t(128) << 10;
  const size_t bytes = dense_byte_size(type, shape);
  if (bytes < kLarge) return Tensor(type, shape);
  std::shared_ptr<void> pages = allocate_pages(bytes + AlignedBuffer::kSlack);
  void* const data = pages.get();
  return Tensor(type, shape, data, {}, std::move(pages));
}

}  // namespace

Tensor reshaped(const Tensor& t, const Shape& shape) { return t.dense().reshaped(shape); }

Tensor transposed(const Tensor& given, const std::vector<int64_t>& order) {
  const Tensor t = given.dense();
  Shape shape;
  for (int64_t axis : order) shape.push_back(t.get_shape()[size_t(axis)]);
  if (only_ones_move(t.get_shape(), order)) return t.reshaped(shape);
  const element::Type type = t.get_element_type();
  const bool plain = !type.is_packed() && type != element::string && t.get_size() > 0;
  if (!plain) return evaluate_op(ops::transpose_1, NoAttrs{}, "fold", {t, make_i64(order)})[0];
  const std::vector<size_t> strides = element_strides(t.get_shape());
  Walk walk{shape, {}};
  for (int64_t axis : order) walk.strides.push_back(strides[size_t(axis)]);
  Tensor out = weights(type, shape);
  switch (type.size()) {
    case 1:
      copy_walk(static_cast<const uint8_t*>(t.data()), static_cast<uint8_t*>(out.data()), walk);
      break;
    case 2:
      copy_walk(static_cast<const uint16_t*>(t.data()), static_cast<uint16_t*>(out.data()), walk);
      break;
    case 4:
      copy_walk(static_cast<const uint32_t*>(t.data()), static_cast<uint32_t*>(out.data()), walk);
      break;
    default:
      copy_walk(static_cast<const uint64_t*>(t.data()), static_cast<uint64_t*>(out.data()), walk);
      break;
  }
  return out;
}

Tensor to_f32(const Tensor& given) {
  const Tensor t = given.dense();
  const element::Type type = t.get_element_type();
  if (type == element::f32) return t;
  Tensor out = weights(element::f32, t.get_shape());
  float* dst = out.data<float>();
  const size_t n = t.get_size();
  if (type == element::f16 || type == element::bf16) {
    const auto* src = static_cast<const uint16_t*>(t.data());
    if (type == element::f16)
      for (size_t i = 0; i < n; ++i) dst[i] = f32_from_f16(src[i]);
    else
      for (size_t i = 0; i < n; ++i) dst[i] = f32_from_bf16(src[i]);
    return out;
  }
  store(out, load<double>(t));
  return out;
}

Tensor scaled(const Tensor& given, size_t axis, const std::vector<float>& factors) {
  const Tensor t = given.dense();
  Tensor out = weights(element::f32, t.get_shape());
  const Shape& shape = t.get_shape();
  size_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= shape[i];
  for (size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  const float* src = t.data<float>();
  float* dst = out.data<float>();
  for (size_t o = 0; o < outer; ++o)
    for (size_t c = 0; c < shape[axis]; ++c, src += inner, dst += inner) {
      const float by = factors[factors.size() == 1 ? 0 : c];
      for (size_t i = 0; i < inner; ++i) dst[i] = src[i] * by;
    }
  return out;
}

}  // namespace vireo::passes

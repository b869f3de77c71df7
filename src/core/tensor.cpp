// Tensor: memory, views and copies.
#include "vireo/tensor.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "base/support/error.h"

namespace vireo {

struct Tensor::Impl {
  element::Type type;
  Shape shape;
  Strides strides;  // bytes; empty: dense
  void* data = nullptr;
  std::shared_ptr<const void> owner;
  size_t capacity = 0;  // bytes of own memory; 0: a view
};

namespace {

constexpr size_t kAlignment = 64, kSlack = 128;  // kernels may read past the end, inside the slack

// Room for `bytes`, or `count` constructed strings; freed with the last reference.
std::shared_ptr<void> allocate(element::Type type, size_t bytes) {
  const size_t rounded = (bytes + kSlack + kAlignment - 1) / kAlignment * kAlignment;
  void* p = rounded < bytes ? nullptr : std::aligned_alloc(kAlignment, rounded);
  if (!p) fail(ErrorCode::OutOfMemory, "no memory for a tensor of {} bytes", bytes);
  if (type != element::string) {
    std::memset(static_cast<char*>(p) + bytes, 0, rounded - bytes);
    return std::shared_ptr<void>(p, std::free);
  }
  const size_t count = bytes / sizeof(std::string);
  auto* strings = static_cast<std::string*>(p);
  for (size_t i = 0; i < count; ++i) new (strings + i) std::string();
  return std::shared_ptr<void>(p, [count](void* q) {
    for (size_t i = 0; i < count; ++i) static_cast<std::string*>(q)[i].~basic_string();
    std::free(q);
  });
}

Strides dense_strides(element::Type type, const Shape& shape) {
  Strides s(shape.size());
  size_t step = type.size();
  for (size_t i = shape.size(); i-- > 0;) {
    s[i] = step;
    step *= shape[i];
  }
  return s;
}

// Gaps only matter where more than one element lies along an axis.
bool is_dense(element::Type type, const Shape& shape, const Strides& strides) {
  if (strides.empty()) return true;
  size_t step = type.size();
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 0) return true;
    if (shape[i] > 1 && strides[i] != step) return false;
    step *= shape[i];
  }
  return true;
}

void copy_strided(element::Type type, const Shape& shape, size_t axis, const char* src,
                  const Strides& ss, char* dst, const Strides& ds) {
  if (axis == shape.size()) {
    if (type == element::string)
      *reinterpret_cast<std::string*>(dst) = *reinterpret_cast<const std::string*>(src);
    else
      std::memcpy(dst, src, type.size());
    return;
  }
  const size_t width = type.size();
  if (axis + 1 == shape.size() && ss[axis] == width && ds[axis] == width &&
      type != element::string) {
    std::memcpy(dst, src, width * shape[axis]);
    return;
  }
  for (size_t i = 0; i < shape[axis]; ++i)
    copy_strided(type, shape, axis + 1, src + i * ss[axis], ss, dst + i * ds[axis], ds);
}

}  // namespace

size_t dense_byte_size(element::Type type, const Shape& shape) {
  size_t count = shape_size(shape);
  // u3 and u6 keep low and high bits apart in groups of three bytes, which are always whole.
  if (type == element::u3) count = (count + 7) / 8 * 8;
  if (type == element::u6) count = (count + 3) / 4 * 4;
  size_t bits;
  if (__builtin_mul_overflow(count, type.bitwidth(), &bits) || bits > size_t(INT64_MAX))
    fail(ErrorCode::OutOfMemory, "a tensor {}{} is larger than memory", type.name(),
         shape.to_string());
  return (bits + 7) / 8;
}

Tensor::Tensor(element::Type type, const Shape& shape) : impl_(std::make_shared<Impl>()) {
  if (type.is_dynamic())
    fail(ErrorCode::InvalidArgument, "a tensor cannot have the element type dynamic");
  const size_t bytes = dense_byte_size(type, shape);
  auto memory = allocate(type, bytes);
  impl_->type = type;
  impl_->shape = shape;
  impl_->data = memory.get();
  impl_->owner = std::move(memory);
  impl_->capacity = bytes;
}

Tensor::Tensor(element::Type type, const Shape& shape, void* data, const Strides& strides,
               std::shared_ptr<const void> owner)
    : impl_(std::make_shared<Impl>()) {
  if (type.is_dynamic())
    fail(ErrorCode::InvalidArgument, "a tensor cannot have the element type dynamic");
  const size_t bytes = dense_byte_size(type, shape);
  if (!data && bytes)
    fail(ErrorCode::InvalidArgument, "a tensor {}{} has no data", type.name(), shape.to_string());
  if (!strides.empty()) {
    if (strides.size() != shape.size())
      fail(ErrorCode::InvalidArgument, "{} strides are given for the rank {}", strides.size(),
           shape.size());
    if (!is_dense(type, shape, strides)) {
      if (type.is_packed() || type == element::string)
        fail(ErrorCode::InvalidArgument, "a tensor of type {} cannot have strides", type.name());
      for (size_t s : strides)
        if (s % type.size())
          fail(ErrorCode::InvalidArgument, "stride {} is not a multiple of the element size {}", s,
               type.size());
      impl_->strides = strides;
    }
  }
  impl_->type = type;
  impl_->shape = shape;
  impl_->data = data;
  impl_->owner = std::move(owner);
}

Tensor::Tensor(element::Type type, const Shape& shape, const void* data,
               std::shared_ptr<const void> owner)
    : Tensor(type, shape, const_cast<void*>(data), {}, std::move(owner)) {}

Tensor::Tensor(const Tensor& other, const Shape& begin, const Shape& end)
    : impl_(std::make_shared<Impl>()) {
  const Impl& o = *other.impl_;
  if (o.type.is_packed())
    fail(ErrorCode::InvalidArgument, "a tensor of type {} has no regions", o.type.name());
  if (begin.size() != o.shape.size() || end.size() != o.shape.size())
    fail(ErrorCode::InvalidArgument, "a region of rank {} is asked of a tensor of rank {}",
         begin.size(), o.shape.size());
  const Strides strides = other.get_strides();
  Shape shape(begin.size());
  size_t offset = 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (begin[i] > end[i] || end[i] > o.shape[i])
      fail(ErrorCode::InvalidArgument, "region {}..{} is outside of {}", begin.to_string(),
           end.to_string(), o.shape.to_string());
    shape[i] = end[i] - begin[i];
    offset += begin[i] * strides[i];
  }
  impl_->type = o.type;
  impl_->shape = shape;
  impl_->data = static_cast<char*>(o.data) + offset;
  if (!is_dense(o.type, shape, strides)) impl_->strides = strides;
  impl_->owner = o.owner;
}

element::Type Tensor::get_element_type() const { return impl_ ? impl_->type : element::dynamic; }
const Shape& Tensor::get_shape() const {
  static const Shape empty{0};
  return impl_ ? impl_->shape : empty;
}
Strides Tensor::get_strides() const {
  if (impl_->type.is_packed())
    fail(ErrorCode::InvalidArgument, "a tensor of type {} has no strides", impl_->type.name());
  return impl_->strides.empty() ? dense_strides(impl_->type, impl_->shape) : impl_->strides;
}
size_t Tensor::get_size() const { return shape_size(get_shape()); }
size_t Tensor::get_byte_size() const { return dense_byte_size(get_element_type(), get_shape()); }
bool Tensor::is_continuous() const { return !impl_ || impl_->strides.empty(); }
void* Tensor::data() { return impl_ ? impl_->data : nullptr; }
const void* Tensor::data() const { return impl_ ? impl_->data : nullptr; }

void* Tensor::typed(element::Type type) const {
  if (get_element_type() != type)
    fail(ErrorCode::InvalidArgument, "tensor data is read as {}, but its type is {}", type.name(),
         get_element_type().name());
  return impl_->data;
}

void Tensor::set_shape(const Shape& shape) {
  Impl& t = *impl_;
  if (shape == t.shape) return;
  if (!t.strides.empty())
    fail(ErrorCode::InvalidArgument, "a strided tensor cannot take the shape {}",
         shape.to_string());
  const size_t bytes = dense_byte_size(t.type, shape);
  if (bytes > std::max(t.capacity, dense_byte_size(t.type, t.shape))) {
    if (!t.capacity && t.data && t.owner == nullptr)
      fail(ErrorCode::InvalidArgument,
           "a tensor over the caller's memory cannot grow from {} to {}", t.shape.to_string(),
           shape.to_string());
    auto memory = allocate(t.type, bytes);
    t.data = memory.get();
    t.owner = std::move(memory);
    t.capacity = bytes;
  } else if (!t.capacity) {
    t.capacity = 0;
  }
  t.shape = shape;
}

void Tensor::copy_to(Tensor dst) const {
  if (!dst.impl_ || dst.impl_->type != impl_->type)
    fail(ErrorCode::InvalidArgument, "a tensor of type {} cannot be copied to one of type {}",
         impl_->type.name(), dst.get_element_type().name());
  if (dst.get_shape() != get_shape()) dst.set_shape(get_shape());
  if (impl_->data == dst.impl_->data || get_size() == 0) return;
  if (is_continuous() && dst.is_continuous() && impl_->type != element::string) {
    std::memcpy(dst.impl_->data, impl_->data, get_byte_size());
    return;
  }
  copy_strided(impl_->type, impl_->shape, 0, static_cast<const char*>(impl_->data), get_strides(),
               static_cast<char*>(dst.impl_->data), dst.get_strides());
}

Tensor Tensor::dense() const {
  if (is_continuous()) return *this;
  Tensor copy(impl_->type, impl_->shape);
  copy_to(copy);
  return copy;
}

Tensor Tensor::reshaped(const Shape& shape) const {
  if (shape_size(shape) != get_size())
    fail(ErrorCode::InvalidArgument, "shape {} does not hold the elements of {}", shape.to_string(),
         get_shape().to_string());
  if (!is_continuous()) return dense().reshaped(shape);
  return Tensor(impl_->type, shape, impl_->data, {}, impl_->owner);
}

bool Tensor::same_buffer(const Tensor& o) const {
  if (impl_ == o.impl_) return true;
  return impl_ && o.impl_ && impl_->data == o.impl_->data && impl_->type == o.impl_->type &&
         impl_->shape == o.impl_->shape && impl_->strides == o.impl_->strides;
}

}  // namespace vireo

// Tensor: a typed, shaped view of memory that keeps the memory alive. Copies share the data.
#pragma once

#include <cstddef>
#include <memory>

#include "vireo/element_type.h"
#include "vireo/shape.h"

namespace vireo {

class VIREO_API Tensor {
 public:
  Tensor() = default;  // empty: operator bool is false
  // Owned, uninitialised memory (64-byte aligned); strings are empty. Throws OutOfMemory.
  Tensor(element::Type type, const Shape& shape);
  // A view of the caller's memory, which must outlive it, or of memory kept by `owner`. Strides in
  // bytes, dense if empty; packed and string types are always dense.
  Tensor(element::Type type, const Shape& shape, void* data, const Strides& byte_strides = {},
         std::shared_ptr<const void> owner = nullptr);
  Tensor(element::Type type, const Shape& shape, const void* data,
         std::shared_ptr<const void> owner);  // read-only by contract
  // The region [begin, end) of another tensor, sharing its memory.
  Tensor(const Tensor& other, const Shape& begin, const Shape& end);

  explicit operator bool() const { return impl_ != nullptr; }
  element::Type get_element_type() const;
  const Shape& get_shape() const;
  Strides get_strides() const;   // bytes; throws for packed types
  size_t get_size() const;       // elements
  size_t get_byte_size() const;  // bytes of the elements, without gaps
  bool is_continuous() const;    // dense, row-major

  void* data();
  const void* data() const;
  template <typename T>
  T* data() {
    return static_cast<T*>(typed(element::from<T>()));
  }
  template <typename T>
  const T* data() const {
    return static_cast<const T*>(typed(element::from<T>()));
  }

  // Reallocates when the new shape needs more than the owned capacity; views may only shrink.
  void set_shape(const Shape& shape);
  void copy_to(Tensor dst) const;  // same type; dst takes the shape
  Tensor dense() const;            // itself if dense, else a dense copy
  // The same bytes under another shape with as many elements; dense tensors only.
  Tensor reshaped(const Shape& shape) const;
  bool same_buffer(const Tensor& other) const;  // same bytes in memory, type and shape

  struct Impl;
  const std::shared_ptr<Impl>& impl() const { return impl_; }

 private:
  void* typed(element::Type type) const;
  std::shared_ptr<Impl> impl_;
};

// Bytes that `elements` of a type take when dense; throws OutOfMemory on overflow.
VIREO_API size_t dense_byte_size(element::Type type, const Shape& shape);

}  // namespace vireo

// An owned block of memory for tensors and packed weights: 64-byte aligned, with finite slack
// behind it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vireo {

// Kernels load and store whole vectors and may read up to kSlack bytes past the end: those are
// zero, and stay so. Memory that is not asked to be zeroed holds anything. Fails with OutOfMemory,
// naming the size.
class AlignedBuffer {
 public:
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kSlack = 128;
  enum class Fill { None, Zero };

  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size, Fill fill = Fill::None);
  AlignedBuffer(AlignedBuffer&& other) noexcept : data_(other.data_), size_(other.size_) {
    other.data_ = nullptr;
    other.size_ = 0;
  }
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept;
  ~AlignedBuffer();

  // Not null after construction with a size, even 0; null when made empty or moved from.
  uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  template <typename T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace vireo

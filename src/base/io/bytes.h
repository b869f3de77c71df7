// Numbers and texts to bytes and back, for files that this machine reads again. A reader never
// looks past its end: what ends early is InvalidModel.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/support/error.h"
#include "base/support/span.h"

namespace vireo {

class ByteWriter {
 public:
  template <typename T>
  void put(T value) {
    static_assert(std::is_arithmetic_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put_text(std::string_view text) {
    put(uint64_t(text.size()));
    bytes_ += text;
  }
  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(span<const uint8_t> bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  template <typename T>
  T get() {
    static_assert(std::is_arithmetic_v<T>);
    T value;
    std::memcpy(&value, take(sizeof value), sizeof value);
    return value;
  }
  std::string_view get_text() {
    const size_t size = get_count(1);
    return {reinterpret_cast<const char*>(take(size)), size};
  }
  // A number of things of at least `each` bytes that follow: so many must be there.
  size_t get_count(size_t each) {
    const uint64_t count = get<uint64_t>();
    if (count > left() / each)
      fail(ErrorCode::InvalidModel, "{} items are announced, {} bytes follow", count, left());
    return size_t(count);
  }
  size_t left() const { return size_t(end_ - at_); }

 private:
  const uint8_t* take(size_t size) {
    if (size > left()) fail(ErrorCode::InvalidModel, "{} bytes are missing", size - left());
    at_ += size;
    return at_ - size;
  }
  const uint8_t* at_;
  const uint8_t* end_;
};

}  // namespace vireo

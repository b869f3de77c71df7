// span<T>: a pointer and a length, the way functions take arrays. A small stand-in for std::span,
// which C++17 lacks.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <utility>

namespace vireo {

template <typename T>
class span {
 public:
  using value_type = std::remove_cv_t<T>;

  constexpr span() = default;
  constexpr span(T* data, size_t size) : data_(data), size_(size) {}
  template <size_t N>
  constexpr span(T (&array)[N]) : data_(array), size_(N) {}
  // Any container with data() and size(): vectors, strings, other spans.
  template <typename C, typename = std::enable_if_t<
                            std::is_convertible_v<decltype(std::declval<C&>().data()), T*>>>
  constexpr span(C& container) : data_(container.data()), size_(container.size()) {}
  template <typename C, typename U = T,
            typename = std::enable_if_t<
                std::is_const_v<U> &&
                std::is_convertible_v<decltype(std::declval<const C&>().data()), T*>>>
  constexpr span(const C& container) : data_(container.data()), size_(container.size()) {}
  // Lives as long as the full expression: for arguments only.
  template <typename U = T, typename = std::enable_if_t<std::is_const_v<U>>>
  constexpr span(std::initializer_list<value_type> list)
      : data_(list.begin()), size_(list.size()) {}

  constexpr T* data() const { return data_; }
  constexpr size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr T* begin() const { return data_; }
  constexpr T* end() const { return data_ + size_; }
  constexpr T& operator[](size_t i) const { return data_[i]; }
  constexpr T& front() const { return data_[0]; }
  constexpr T& back() const { return data_[size_ - 1]; }
  constexpr span subspan(size_t offset, size_t count) const { return {data_ + offset, count}; }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace vireo

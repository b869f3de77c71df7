// Shapes: static (Shape), and partial (PartialShape of Dimension intervals with symbols, or of
// unknown rank).
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "vireo/api.h"

namespace vireo {

// Extents in elements, outermost first.
class Shape : public std::vector<size_t> {
 public:
  using std::vector<size_t>::vector;
  Shape() = default;
  Shape(const std::vector<size_t>& dims) : std::vector<size_t>(dims) {}
  VIREO_API std::string to_string() const;  // "[1,3,224,224]"
};

// Elements of a shape, 1 for a scalar; throws OutOfMemory when the product does not fit 63 bits.
VIREO_API size_t shape_size(const Shape& shape);

using Strides = std::vector<size_t>;

// An extent known as an interval [min, max]. Dimensions with equal non-zero symbols are equal in
// every inference.
class VIREO_API Dimension {
 public:
  using value_type = int64_t;
  static constexpr int64_t kUnbounded = std::numeric_limits<int64_t>::max();

  Dimension() = default;                      // ?: [0, unbounded]
  Dimension(int64_t length);                  // -1 is ?
  Dimension(int64_t min, int64_t max);        // max -1 is unbounded
  explicit Dimension(std::string_view text);  // "?", "-1", "3", "1..10", "2..", "..8"
  static Dimension dynamic() { return {}; }

  bool is_static() const { return min_ == max_; }
  bool is_dynamic() const { return min_ != max_; }
  int64_t get_length() const;  // throws if dynamic
  int64_t get_min_length() const { return min_; }
  int64_t get_max_length() const { return max_ == kUnbounded ? -1 : max_; }
  int64_t min() const { return min_; }
  int64_t max() const { return max_; }  // kUnbounded if there is none
  bool bounded() const { return max_ != kUnbounded; }

  uint64_t symbol() const { return symbol_; }  // 0: none
  Dimension with_symbol(uint64_t symbol) const;
  static uint64_t new_symbol();

  bool same(const Dimension& other) const;  // certainly equal: both static and equal, or one symbol
  bool compatible(const Dimension& other) const;  // may be equal
  bool refines(const Dimension& other) const;     // interval inside the other's
  bool relaxes(const Dimension& other) const { return other.refines(*this); }
  // What both can be; false if nothing.
  static bool merge(Dimension& out, const Dimension& a, const Dimension& b);
  // NumPy's rule for two aligned dimensions; false if they cannot broadcast.
  static bool broadcast_merge(Dimension& out, const Dimension& a, const Dimension& b);

  Dimension operator+(const Dimension& other) const;
  Dimension operator-(const Dimension& other) const;  // clamped at 0
  Dimension operator*(const Dimension& other) const;
  Dimension operator/(int64_t divisor) const;  // rounds down
  bool operator==(const Dimension& o) const { return min_ == o.min_ && max_ == o.max_; }
  bool operator!=(const Dimension& o) const { return !(*this == o); }
  std::string to_string() const;  // "?", "3", "1..10"

 private:
  int64_t min_ = 0, max_ = kUnbounded;
  uint64_t symbol_ = 0;
};

class VIREO_API PartialShape {
 public:
  PartialShape() : rank_known_(true) {}  // scalar
  PartialShape(std::initializer_list<Dimension> dims) : dims_(dims), rank_known_(true) {}
  PartialShape(std::vector<Dimension> dims) : dims_(std::move(dims)), rank_known_(true) {}
  PartialShape(const Shape& shape);
  explicit PartialShape(std::string_view text);  // "[?,3,1..10]", "?,3", "...", ""
  static PartialShape dynamic() {
    PartialShape s;
    s.rank_known_ = false;
    return s;
  }
  static PartialShape dynamic(int64_t rank);  // all dimensions ?

  bool rank_is_static() const { return rank_known_; }
  Dimension rank() const { return rank_known_ ? Dimension(int64_t(dims_.size())) : Dimension(); }
  size_t size() const { return dims_.size(); }  // rank; 0 if the rank is dynamic
  bool is_static() const;
  bool is_dynamic() const { return !is_static(); }
  Shape to_shape() const;  // throws if dynamic
  Shape get_shape() const { return to_shape(); }
  Shape get_min_shape() const;
  Shape get_max_shape() const;  // SIZE_MAX where unbounded

  Dimension& operator[](size_t i) { return dims_[i]; }
  const Dimension& operator[](size_t i) const { return dims_[i]; }
  auto begin() { return dims_.begin(); }
  auto end() { return dims_.end(); }
  auto begin() const { return dims_.begin(); }
  auto end() const { return dims_.end(); }
  const std::vector<Dimension>& dims() const { return dims_; }
  void push_back(const Dimension& d) { dims_.push_back(d); }
  void insert(size_t at, const Dimension& d) { dims_.insert(dims_.begin() + int64_t(at), d); }
  void erase(size_t at) { dims_.erase(dims_.begin() + int64_t(at)); }

  bool compatible(const PartialShape& other) const;
  bool refines(const PartialShape& other) const;
  bool relaxes(const PartialShape& other) const { return other.refines(*this); }
  bool same_scheme(const PartialShape& other) const { return *this == other; }
  static bool merge_into(PartialShape& dst, const PartialShape& src);
  static bool broadcast_merge_into(PartialShape& dst, const PartialShape& src);  // NumPy's rule

  bool operator==(const PartialShape& o) const {
    return rank_known_ == o.rank_known_ && dims_ == o.dims_;
  }
  bool operator!=(const PartialShape& o) const { return !(*this == o); }
  std::string to_string() const;  // "[?,3,1..10]", "[...]" for dynamic rank

 private:
  std::vector<Dimension> dims_;
  bool rank_known_;
};

}  // namespace vireo

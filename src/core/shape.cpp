// Shape and PartialShape: text, merging, refinement.
#include "vireo/shape.h"

#include <algorithm>

#include "base/support/error.h"

namespace vireo {

std::string Shape::to_string() const {
  std::string s = "[";
  for (size_t i = 0; i < size(); ++i) s += (i ? "," : "") + std::to_string((*this)[i]);
  return s + "]";
}

size_t shape_size(const Shape& shape) {
  size_t n = 1;
  bool zero = false, over = false;
  for (size_t d : shape) {
    zero |= d == 0;
    over |= __builtin_mul_overflow(n, d ? d : 1, &n);
  }
  if (zero) return 0;
  if (over || n > size_t(INT64_MAX))
    fail(ErrorCode::OutOfMemory, "shape {} has more elements than memory could hold",
         shape.to_string());
  return n;
}

PartialShape::PartialShape(const Shape& shape) : rank_known_(true) {
  dims_.reserve(shape.size());
  for (size_t d : shape) dims_.emplace_back(int64_t(d));
}

PartialShape::PartialShape(std::string_view given) : rank_known_(true) {
  std::string_view text = given;
  auto strip = [&] {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  };
  strip();
  if (!text.empty() && text.front() == '[') {
    if (text.back() != ']')
      fail(ErrorCode::InvalidArgument, "shape '{}' has no closing bracket", given.substr(0, 80));
    text = text.substr(1, text.size() - 2);
    strip();
  }
  if (text == "...") {
    rank_known_ = false;
    return;
  }
  if (text.empty()) return;
  for (size_t at = 0; at <= text.size();) {
    size_t comma = text.find(',', at);
    if (comma == std::string_view::npos) comma = text.size();
    dims_.emplace_back(text.substr(at, comma - at));
    at = comma + 1;
  }
}

PartialShape PartialShape::dynamic(int64_t rank) {
  if (rank < 0) return dynamic();
  return PartialShape(std::vector<Dimension>(size_t(rank)));
}

bool PartialShape::is_static() const {
  return rank_known_ &&
         std::all_of(dims_.begin(), dims_.end(), [](const Dimension& d) { return d.is_static(); });
}

Shape PartialShape::to_shape() const {
  if (is_dynamic()) fail(ErrorCode::InvalidArgument, "shape {} is not static", to_string());
  Shape s(dims_.size());
  for (size_t i = 0; i < s.size(); ++i) s[i] = size_t(dims_[i].min());
  return s;
}

Shape PartialShape::get_min_shape() const {
  Shape s;
  for (const Dimension& d : dims_) s.push_back(size_t(d.min()));
  return s;
}
Shape PartialShape::get_max_shape() const {
  Shape s;
  for (const Dimension& d : dims_) s.push_back(d.bounded() ? size_t(d.max()) : SIZE_MAX);
  return s;
}

bool PartialShape::compatible(const PartialShape& o) const {
  if (!rank_known_ || !o.rank_known_) return true;
  if (dims_.size() != o.dims_.size()) return false;
  for (size_t i = 0; i < dims_.size(); ++i)
    if (!dims_[i].compatible(o.dims_[i])) return false;
  return true;
}

bool PartialShape::refines(const PartialShape& o) const {
  if (!o.rank_known_) return true;
  if (!rank_known_ || dims_.size() != o.dims_.size()) return false;
  for (size_t i = 0; i < dims_.size(); ++i)
    if (!dims_[i].refines(o.dims_[i])) return false;
  return true;
}

bool PartialShape::merge_into(PartialShape& dst, const PartialShape& src) {
  if (!src.rank_known_) return true;
  if (!dst.rank_known_) {
    dst = src;
    return true;
  }
  if (dst.dims_.size() != src.dims_.size()) return false;
  for (size_t i = 0; i < dst.dims_.size(); ++i)
    if (!Dimension::merge(dst.dims_[i], dst.dims_[i], src.dims_[i])) return false;
  return true;
}

bool PartialShape::broadcast_merge_into(PartialShape& dst, const PartialShape& src) {
  if (!dst.rank_known_ || !src.rank_known_) {
    dst = dynamic();
    return true;
  }
  const size_t rank = std::max(dst.size(), src.size());
  std::vector<Dimension> out(rank);
  for (size_t i = 0; i < rank; ++i) {
    const Dimension one(1);
    const Dimension& a = i + dst.size() < rank ? one : dst.dims_[i + dst.size() - rank];
    const Dimension& b = i + src.size() < rank ? one : src.dims_[i + src.size() - rank];
    if (!Dimension::broadcast_merge(out[i], a, b)) return false;
  }
  dst.dims_ = std::move(out);
  return true;
}

std::string PartialShape::to_string() const {
  if (!rank_known_) return "[...]";
  std::string s = "[";
  for (size_t i = 0; i < dims_.size(); ++i) s += (i ? "," : "") + dims_[i].to_string();
  return s + "]";
}

}  // namespace vireo

// Dimension: interval arithmetic that saturates, and symbols.
#include <algorithm>
#include <atomic>

#include "base/support/error.h"
#include "base/support/hash.h"
#include "base/support/parse.h"
#include "vireo/shape.h"

namespace vireo {
namespace {

constexpr int64_t kUnbounded = Dimension::kUnbounded;
constexpr uint64_t kDerived = uint64_t(1) << 63;  // of symbols that are made of others

int64_t saturating_add(int64_t a, int64_t b) {
  int64_t r;
  return a == kUnbounded || b == kUnbounded || __builtin_add_overflow(a, b, &r) ? kUnbounded : r;
}
int64_t saturating_mul(int64_t a, int64_t b) {
  int64_t r;
  if (a == 0 || b == 0) return 0;
  return a == kUnbounded || b == kUnbounded || __builtin_mul_overflow(a, b, &r) ? kUnbounded : r;
}

int64_t bound(std::string_view text, std::string_view whole) {
  auto value = parse_i64(text);
  if (!value || *value < 0)
    fail(ErrorCode::InvalidArgument, "dimension '{}' is not ?, a length or an interval", whole);
  return *value;
}

}  // namespace

Dimension::Dimension(int64_t length) {
  if (length < -1) fail(ErrorCode::InvalidArgument, "dimension {} is negative", length);
  if (length >= 0) min_ = max_ = length;
}

Dimension::Dimension(int64_t min, int64_t max)
    : min_(std::max<int64_t>(min, 0)), max_(max == -1 ? kUnbounded : max) {
  if (min < -1 || max < -1 || min_ > max_)
    fail(ErrorCode::InvalidArgument, "dimension interval {}..{} is empty", min, max);
}

Dimension::Dimension(std::string_view given) {
  std::string_view text = trim(given);
  if (text.empty() || text == "?" || text == "-1") {
    if (text.empty()) fail(ErrorCode::InvalidArgument, "a dimension is empty");
    return;
  }
  const size_t dots = text.find("..");
  if (dots == std::string_view::npos) {
    min_ = max_ = bound(text, text);
    return;
  }
  std::string_view low = trim(text.substr(0, dots)), high = trim(text.substr(dots + 2));
  *this = Dimension(low.empty() ? 0 : bound(low, text), high.empty() ? -1 : bound(high, text));
}

int64_t Dimension::get_length() const {
  if (is_dynamic())
    fail(ErrorCode::InvalidArgument, "dimension {} has no single length", to_string());
  return min_;
}

Dimension Dimension::with_symbol(uint64_t symbol) const {
  Dimension d = *this;
  d.symbol_ = symbol;
  return d;
}

uint64_t Dimension::new_symbol() {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

bool Dimension::same(const Dimension& o) const {
  return (is_static() && o.is_static() && min_ == o.min_) || (symbol_ != 0 && symbol_ == o.symbol_);
}
bool Dimension::compatible(const Dimension& o) const { return min_ <= o.max_ && o.min_ <= max_; }
bool Dimension::refines(const Dimension& o) const { return min_ >= o.min_ && max_ <= o.max_; }

bool Dimension::merge(Dimension& out, const Dimension& a, const Dimension& b) {
  if (!a.compatible(b)) return false;
  Dimension d;
  d.min_ = std::max(a.min_, b.min_);
  d.max_ = std::min(a.max_, b.max_);
  if (d.is_dynamic()) d.symbol_ = a.symbol_ ? a.symbol_ : b.symbol_;
  out = d;
  return true;
}

bool Dimension::broadcast_merge(Dimension& out, const Dimension& a, const Dimension& b) {
  if (a.same(b)) {
    out = a.is_static() ? a : a.max_ <= b.max_ ? a : b;
    return true;
  }
  const bool a_one = a.is_static() && a.min_ == 1, b_one = b.is_static() && b.min_ == 1;
  if (a_one || b_one) {
    out = a_one ? b : a;
    return true;
  }
  // An extent that cannot be 1 is the result's, whatever the other one is.
  const bool a_can = a.min_ <= 1 && a.max_ >= 1, b_can = b.min_ <= 1 && b.max_ >= 1;
  if (!a_can && !b_can) return merge(out, a, b);
  if (!a_can) {
    out = a;
    return true;
  }
  if (!b_can) {
    out = b;
    return true;
  }
  Dimension d;
  d.min_ = std::min(a.min_, b.min_);
  d.max_ = std::max(a.max_, b.max_);
  // Whatever it is, it is the same wherever these two meet.
  if (a.symbol_ && b.symbol_)
    d.symbol_ =
        hash_combine(std::min(a.symbol_, b.symbol_), std::max(a.symbol_, b.symbol_)) | kDerived;
  out = d;
  return true;
}

Dimension Dimension::operator+(const Dimension& o) const {
  Dimension d;
  d.min_ = saturating_add(min_, o.min_);
  d.max_ = saturating_add(max_, o.max_);
  if (o.is_static() && o.min_ == 0) d.symbol_ = symbol_;
  if (is_static() && min_ == 0) d.symbol_ = o.symbol_;
  return d;
}

Dimension Dimension::operator-(const Dimension& o) const {
  Dimension d;
  d.min_ = o.max_ == kUnbounded ? 0 : std::max<int64_t>(0, min_ - o.max_);
  d.max_ = max_ == kUnbounded ? kUnbounded : std::max<int64_t>(0, max_ - o.min_);
  if (o.is_static() && o.min_ == 0) d.symbol_ = symbol_;
  return d;
}

Dimension Dimension::operator*(const Dimension& o) const {
  Dimension d;
  d.min_ = saturating_mul(min_, o.min_);
  d.max_ = saturating_mul(max_, o.max_);
  if (o.is_static() && o.min_ == 1) d.symbol_ = symbol_;
  if (is_static() && min_ == 1) d.symbol_ = o.symbol_;
  return d;
}

Dimension Dimension::operator/(int64_t divisor) const {
  if (divisor <= 0)
    fail(ErrorCode::InvalidArgument, "dimension {} is divided by {}", to_string(), divisor);
  Dimension d;
  d.min_ = min_ / divisor;
  d.max_ = max_ == kUnbounded ? kUnbounded : max_ / divisor;
  if (divisor == 1) d.symbol_ = symbol_;
  return d;
}

std::string Dimension::to_string() const {
  if (is_static()) return std::to_string(min_);
  if (min_ == 0 && max_ == kUnbounded) return "?";
  return std::to_string(min_) + ".." + (max_ == kUnbounded ? "" : std::to_string(max_));
}

}  // namespace vireo

// What a node makes once of inputs that do not change: an expression, a vocabulary.
#pragma once

#include <memory>
#include <mutex>

#include "base/support/hash.h"
#include "core/op.h"

namespace vireo::ops {

// Marks what inputs [first, last) hold: small ones by their bytes, large ones by where they stand,
// their size and samples. Constants of a model stand still, and reading a whole vocabulary at each
// call would take longer than most texts.
Hash128 mark_of(const EvalContext& c, size_t first, size_t last);

// A member of the attributes, which live as long as the node; not an attribute itself. Copies begin
// empty, since an attribute may be changed in them.
template <typename T>
class Prepared {
 public:
  Prepared() = default;
  Prepared(const Prepared&) {}
  Prepared& operator=(const Prepared&) { return *this; }

  // make() is called the first time, and again if inputs [first, last) are others than before. It
  // gives a shared_ptr<const T>.
  template <typename Make>
  std::shared_ptr<const T> get(const EvalContext& c, size_t first, size_t last, Make&& make) const {
    const Hash128 mark = mark_of(c, first, last);
    std::lock_guard lock(mutex_);
    if (!made_ || mark != mark_) {
      made_ = make();
      mark_ = mark;
    }
    return made_;
  }

 private:
  mutable std::mutex mutex_;
  mutable Hash128 mark_;
  mutable std::shared_ptr<const T> made_;
};

}  // namespace vireo::ops

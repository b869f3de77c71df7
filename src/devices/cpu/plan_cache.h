// Plans by what they depend on: input shapes at the root, then shapes and values that segments
// asked for. Least recently used go first.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "devices/cpu/plan.h"

namespace vireo::cpu {

using PlanKey = std::vector<int64_t>;

class PlanCache {
 public:
  explicit PlanCache(size_t capacity = 256) : capacity_(capacity) {}
  // `parent`: the segment that asked, null at the root.
  std::shared_ptr<const Segment> find(const Segment* parent, const PlanKey& key);
  void add(const std::shared_ptr<const Segment>& parent, PlanKey key,
           std::shared_ptr<const Segment> segment);
  size_t size() const { return entries_.size(); }
  size_t largest_arena() const { return largest_arena_; }
  template <typename F>
  void each(F&& f) const {
    for (const Entry& e : entries_) f(*e.segment);
  }

 private:
  struct Entry {
    std::shared_ptr<const Segment> parent;  // kept, so that its address is not given to another
    PlanKey key;
    std::shared_ptr<const Segment> segment;
  };
  struct KeyRef {
    const Segment* parent;
    const PlanKey* key;
  };
  struct Hash {
    size_t operator()(const KeyRef& k) const;
  };
  struct Equal {
    bool operator()(const KeyRef& a, const KeyRef& b) const {
      return a.parent == b.parent && *a.key == *b.key;
    }
  };
  size_t capacity_;
  size_t largest_arena_ = 0;
  std::list<Entry> entries_;  // most recent first
  std::unordered_map<KeyRef, std::list<Entry>::iterator, Hash, Equal> index_;
};

}  // namespace vireo::cpu

// Lookup and eviction of plans.
#include "devices/cpu/plan_cache.h"

#include <algorithm>

namespace vireo::cpu {

size_t PlanCache::Hash::operator()(const KeyRef& k) const {
  uint64_t h = reinterpret_cast<uintptr_t>(k.parent) * 0x9e3779b97f4a7c15ull;
  for (int64_t v : *k.key) h = (h ^ uint64_t(v)) * 0x100000001b3ull + 0x9e3779b97f4a7c15ull;
  return size_t(h ^ (h >> 29));
}

std::shared_ptr<const Segment> PlanCache::find(const Segment* parent, const PlanKey& key) {
  auto found = index_.find({parent, &key});
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->segment;
}

void PlanCache::add(const std::shared_ptr<const Segment>& parent, PlanKey key,
                    std::shared_ptr<const Segment> segment) {
  if (index_.count({parent.get(), &key})) return;
  largest_arena_ = std::max(largest_arena_, segment->arena_bytes);
  entries_.push_front({parent, std::move(key), std::move(segment)});
  index_[{entries_.front().parent.get(), &entries_.front().key}] = entries_.begin();
  while (entries_.size() > capacity_) {
    index_.erase({entries_.back().parent.get(), &entries_.back().key});
    entries_.pop_back();
  }
}

}  // namespace vireo::cpu

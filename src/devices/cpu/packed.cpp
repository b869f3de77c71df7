// Memory, order and parallel filling of packed weights.
#include "devices/cpu/packed.h"

#include <algorithm>
#include <atomic>

#include "base/io/mapped_file.h"
#include "base/support/error.h"
#include "base/threads/team.h"

namespace vireo::cpu {

namespace {

// Small entries share slabs, which grow to a size at which huge pages save most page faults.
constexpr size_t kSmallestSlab = size_t(1) << 16, kLargestSlab = size_t(16) << 20;
// What a thread takes at a time.
constexpr size_t kShare = size_t(512) << 10;

size_t with_slack(size_t bytes) {
  constexpr size_t a = AlignedBuffer::kAlignment;
  return (bytes + AlignedBuffer::kSlack + a - 1) / a * a;
}

struct Share {
  size_t job;
  int64_t begin, end;
};

}  // namespace

PackedWeights::PackedWeights(std::vector<Entry> made, std::shared_ptr<const void> keep)
    : entries_(std::move(made)), loaded_(true), keep_(std::move(keep)) {}

uint8_t* PackedWeights::allocate(size_t bytes) {
  const size_t need = with_slack(bytes);
  total_ += need;
  if (need > kLargestSlab / 4) {
    large_.emplace_back(bytes);
    return large_.back().data();
  }
  if (slabs_.empty() || slab_used_ + need > slabs_.back().size()) {
    slabs_.emplace_back(std::clamp(total_, std::max(need, kSmallestSlab), kLargestSlab));
    slab_used_ = 0;
  }
  uint8_t* at = slabs_.back().data() + slab_used_;
  slab_used_ += need;
  std::fill(at + bytes, at + need, uint8_t(0));
  return at;
}

const uint8_t* PackedWeights::add(std::string_view format, size_t bytes, const Tensor& source,
                                  int64_t pieces, Fill fill) {
  if (loaded_) {
    if (taken_ == entries_.size() || entries_[taken_].format != format ||
        entries_[taken_].bytes != bytes)
      fail(ErrorCode::InvalidModel, "packed weights {} are not '{}' of {} bytes", taken_, format,
           bytes);
    return entries_[taken_++].data;
  }
  uint8_t* to = allocate(bytes);
  entries_.push_back({std::string(format), to, bytes});
  jobs_.push_back({to, bytes, source.dense(), std::max<int64_t>(1, pieces), std::move(fill)});
  return to;
}

void PackedWeights::run(int threads) {
  std::vector<Share> shares;
  for (size_t i = 0; i < jobs_.size(); ++i) {
    const Job& job = jobs_[i];
    const int64_t step =
        std::max<int64_t>(1, int64_t(kShare / std::max<size_t>(1, job.bytes / size_t(job.pieces))));
    for (int64_t begin = 0; begin < job.pieces; begin += step)
      shares.push_back({i, begin, std::min(begin + step, job.pieces)});
  }
  std::vector<std::atomic<int64_t>> open(jobs_.size());
  for (const Share& s : shares) open[s.job].fetch_add(1, std::memory_order_relaxed);
  std::atomic<size_t> next{0};
  Team team(std::max(1, threads));
  auto work = [&](int, int, int) {
    for (size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < shares.size();) {
      const Share& share = shares[i];
      Job& job = jobs_[share.job];
      job.fill(job.source.data(), job.to, share.begin, share.end);
      if (open[share.job].fetch_sub(1, std::memory_order_acq_rel) != 1) continue;
      // Only the packed form stands for it from here on.
      release_mapped_pages(job.source.data(), job.source.get_byte_size());
      job = Job();
    }
  };
  team.run(team.threads(), work);
  jobs_.clear();
}

}  // namespace vireo::cpu

// AlignedBuffer over posix_memalign, with huge pages where a block is large.
#include "base/support/aligned_buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/support/checked.h"
#include "base/support/error.h"

namespace vireo {

namespace {

// From this size on transparent huge pages pay: fewer page faults when the block is first written.
constexpr size_t kHuge = size_t(4) << 20;
constexpr size_t kHugePage = size_t(2) << 20;
// Half of what a process can address: refused without troubling the allocator.
constexpr size_t kMost = size_t(1) << 46;

}  // namespace

AlignedBuffer::AlignedBuffer(size_t size, Fill fill) {
  const std::optional<size_t> padded = checked_add(size, kSlack);
  const size_t alignment = size >= kHuge ? kHugePage : kAlignment;
  const std::optional<size_t> total = padded ? checked_round_up(*padded, kAlignment) : std::nullopt;
  void* block = nullptr;
  if (!total || *total > kMost || posix_memalign(&block, alignment, *total) != 0)
    fail(ErrorCode::OutOfMemory, "no memory for a buffer of {} bytes", size);
  if (size >= kHuge) madvise(block, *total & ~(kHugePage - 1), MADV_HUGEPAGE);
  data_ = static_cast<uint8_t*>(block);
  size_ = size;
  const size_t from = fill == Fill::Zero ? 0 : size;
  std::memset(data_ + from, 0, *total - from);
}

AlignedBuffer& AlignedBuffer::operator=(AlignedBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

AlignedBuffer::~AlignedBuffer() { std::free(data_); }

}  // namespace vireo

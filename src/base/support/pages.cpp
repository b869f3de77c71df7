// Anonymous mappings.
#include "base/support/pages.h"

#include <sys/mman.h>

#include "base/support/error.h"

namespace vireo {

std::shared_ptr<void> allocate_pages(size_t bytes) {
  void* const pages =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) fail(ErrorCode::OutOfMemory, "no memory for {} bytes", bytes);
  return std::shared_ptr<void>(pages, [bytes](void* p) { ::munmap(p, bytes); });
}

}  // namespace vireo

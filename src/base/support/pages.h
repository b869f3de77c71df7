// Memory on pages of its own: the system has it back the moment that it is let go.
#pragma once

#include <cstddef>
#include <memory>

namespace vireo {

// Zeroed, page-aligned; freed with the last reference. What malloc frees it may keep, and blocks of
// many megabytes that come and go while a model is compiled would add up. Fails with OutOfMemory,
// naming the size.
std::shared_ptr<void> allocate_pages(size_t bytes);

}  // namespace vireo

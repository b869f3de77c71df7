// A file of one head and many sections of bytes, made to be mapped: sections of a page or more
// begin on pages, the others on 64 bytes, and behind each lie at least AlignedBuffer::kSlack
// readable bytes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/support/span.h"

namespace vireo {

struct Blob {
  span<const uint8_t> head;
  std::vector<span<const uint8_t>> sections;
  std::shared_ptr<const void> keep;  // owns all of these bytes
};

// Takes the blob's bytes in order.
using BlobSink = std::function<void(const void* data, size_t size)>;
void write_blob(const BlobSink& sink, std::string_view head,
                const std::vector<span<const uint8_t>>& sections);
// Writes the file whole or not at all, readable by its owner alone.
void save_blob(const std::string& path, std::string_view head,
               const std::vector<span<const uint8_t>>& sections);

// InvalidModel, saying why, for bytes that are no whole blob of this version: everything is checked
// against checksums. `bytes` begins on 64 bytes.
Blob read_blob(span<const uint8_t> bytes, std::shared_ptr<const void> keep);
// The same of a file, mapped. Sections are checked only if the file's time of modification is not
// the one that save_blob gave it, for then somebody else wrote or copied it: reading them would
// cost more than the rest of a load.
Blob open_blob(const std::string& path);

// Maps the pages of bytes that will all be read, which costs less than a fault for every few of
// them. The bytes may lie anywhere.
void map_pages(span<const uint8_t> bytes) noexcept;

}  // namespace vireo

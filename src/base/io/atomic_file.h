// Writes a file so that others see the old one or the whole new one, never a part.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/io/descriptor.h"

namespace vireo {

// A temporary file beside the target takes the bytes; commit() syncs it and puts it in the target's
// place. Without commit the destructor removes it and the target stays as it was: also when writing
// failed. A target that is a symbolic link keeps being one; a device or pipe is written directly.
// Errors are Io or NotFound and name the path.
class AtomicFile {
 public:
  // The permissions of the file that is there, or the process's usual ones for a new file.
  static constexpr int kUsualMode = -1;

  explicit AtomicFile(const std::string& path, int mode = kUsualMode);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  void write(const void* data, size_t size);
  void write(std::string_view text) { write(text.data(), text.size()); }
  void pad_to(size_t alignment);  // zeros up to a multiple
  // Replaces bytes already written: for headers that are known last.
  void overwrite(uint64_t offset, const void* data, size_t size);
  uint64_t position() const { return flushed_ + buffer_.size(); }

  void commit();

 private:
  void flush();
  void write_out(const void* data, size_t size);

  std::string path_;       // as the user named it
  std::string target_;     // links resolved
  std::string temporary_;  // empty when writing directly, and after commit
  Descriptor file_;
  std::vector<uint8_t> buffer_;
  uint64_t flushed_ = 0;
};

}  // namespace vireo

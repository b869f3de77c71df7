// A file's bytes in memory: mapped where that works, read where it does not.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/io/path.h"
#include "base/support/aligned_buffer.h"
#include "base/support/span.h"

namespace vireo {

// Whoever looks at the bytes holds the pointer: the mapping ends with its last holder. Behind the
// bytes lie at least AlignedBuffer::kSlack readable zeros. Replacing the file by rename leaves the
// bytes as they are; a file that somebody shortens in place takes its pages away, as with every
// mapping.
class MappedFile {
 public:
  enum class Mode { Map, Read };

  // Pipes, devices and file systems without mmap are read in either mode. NotFound, Io (a folder,
  // no permission) and OutOfMemory name the path.
  static std::shared_ptr<const MappedFile> open(const std::string& path, Mode mode = Mode::Map);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  const uint8_t* data() const { return data_; }  // never null, also for an empty file
  size_t size() const { return size_; }
  span<const uint8_t> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }
  const FileStamp& stamp() const { return stamp_; }  // when it was opened
  bool mapped() const { return reserved_ != 0; }

  // Gives the pages that lie wholly in the range back to the system; they are loaded again when
  // touched. Nothing happens for a file that was read.
  void release_pages(size_t offset, size_t length) const noexcept;

  // The open file whose bytes lie at an address; null if there is none.
  static std::shared_ptr<const MappedFile> find(const void* data);

 private:
  MappedFile() = default;
  bool map(int descriptor, size_t size) noexcept;
  void read_known(int descriptor, size_t size);
  void read_stream(int descriptor);

  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t reserved_ = 0;  // address space held, 0 if the bytes are in buffer_
  AlignedBuffer buffer_;
  std::string path_;
  FileStamp stamp_;
};

// While one lives, lists the files that its thread opens for reading: what a model is made of.
class OpenedFiles {
 public:
  struct File {
    std::string path;
    FileStamp stamp;
  };
  OpenedFiles();
  OpenedFiles(const OpenedFiles&) = delete;
  OpenedFiles& operator=(const OpenedFiles&) = delete;
  ~OpenedFiles();
  const std::vector<File>& files() const { return files_; }
  static void note(const std::string& path, const FileStamp& stamp);  // by those who open files

 private:
  std::vector<File> files_;
  OpenedFiles* outer_;
};

// Gives the pages that lie wholly in a range of a mapped file back to the system; they are loaded
// again when touched. Nothing happens to other memory, so that whoever is done with a tensor need
// not know where it came from.
void release_mapped_pages(const void* data, size_t size) noexcept;

// The whole file as text. InvalidArgument if it is longer than the limit.
std::string read_text_file(const std::string& path, size_t limit = size_t(256) << 20);

}  // namespace vireo

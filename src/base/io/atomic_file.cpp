// AtomicFile: temporary, fsync, rename.
#include "base/io/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>

#include "base/io/path.h"
#include "base/support/error.h"

namespace vireo {

namespace {

constexpr size_t kBuffer = size_t(1) << 18;
constexpr size_t kMostPerCall = size_t(1) << 30;

// Another process and another thread never take the same name; O_EXCL covers what a crash left.
int open_temporary(const std::string& target, int permissions, std::string* name) {
  static std::atomic<unsigned> counter{0};
  for (int attempt = 0;; ++attempt) {
    *name = fmt::format("{}.{}-{}.tmp", target, ::getpid(), counter.fetch_add(1));
    const int number = ::open(name->c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions);
    if (number >= 0 || errno != EEXIST || attempt == 100) return number;
  }
}

}  // namespace

AtomicFile::AtomicFile(const std::string& path, int mode) : path_(path), target_(path) {
  if (path.empty() || path.find('\0') != std::string::npos)
    fail(ErrorCode::InvalidArgument, "cannot write to a path that is empty or holds a zero byte");
  struct stat status;
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode))
    fail(ErrorCode::Io, "cannot write '{}': it is a folder", path);
  if (exists && !S_ISREG(status.st_mode)) {
    file_.reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file_) fail_io("write", path, errno);
  } else {
    if (exists) target_ = canonical_path(path);
    file_.reset(open_temporary(target_, mode == kUsualMode ? 0666 : mode, &temporary_));
    if (!file_) {
      const int error = errno;
      temporary_.clear();
      if (error == ENOENT)
        fail(ErrorCode::NotFound, "cannot write '{}': the folder '{}' does not exist", path,
             parent_folder(path));
      fail_io("write", path, error);
    }
    const int permissions = mode != kUsualMode ? mode : exists ? int(status.st_mode & 07777) : -1;
    if (permissions >= 0) (void)!::fchmod(file_.get(), mode_t(permissions));
  }
  buffer_.reserve(kBuffer);
}

AtomicFile::~AtomicFile() {
  file_.close();
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write_out(const void* data, size_t size) {
  const uint8_t* p = static_cast<const uint8_t*>(data);
  while (size != 0) {
    const ssize_t put = ::write(file_.get(), p, std::min(size, kMostPerCall));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_io("write", path_, errno);
    p += put;
    size -= size_t(put);
    flushed_ += uint64_t(put);
  }
}

void AtomicFile::flush() {
  if (buffer_.empty()) return;
  // Cleared first: position() stays right, and a failed piece is not tried again.
  std::vector<uint8_t> pending;
  pending.swap(buffer_);
  write_out(pending.data(), pending.size());
  pending.clear();
  pending.swap(buffer_);
}

void AtomicFile::write(const void* data, size_t size) {
  VIREO_ASSERT(file_);
  if (buffer_.size() + size > kBuffer) flush();
  if (size >= kBuffer) return write_out(data, size);
  const uint8_t* p = static_cast<const uint8_t*>(data);
  buffer_.insert(buffer_.end(), p, p + size);
}

void AtomicFile::pad_to(size_t alignment) {
  static const uint8_t kZeros[64] = {};
  size_t missing = size_t((alignment - position() % alignment) % alignment);
  for (; missing > sizeof kZeros; missing -= sizeof kZeros) write(kZeros, sizeof kZeros);
  write(kZeros, missing);
}

void AtomicFile::overwrite(uint64_t offset, const void* data, size_t size) {
  VIREO_ASSERT(offset + size <= position());
  flush();
  const uint8_t* p = static_cast<const uint8_t*>(data);
  while (size != 0) {
    const ssize_t put = ::pwrite(file_.get(), p, std::min(size, kMostPerCall), off_t(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_io("write", path_, errno);
    p += put;
    offset += uint64_t(put);
    size -= size_t(put);
  }
}

void AtomicFile::commit() {
  VIREO_ASSERT(file_);
  flush();
  if (temporary_.empty()) {
    if (file_.close() != 0) fail_io("write", path_, errno);
    return;
  }
  if (::fsync(file_.get()) != 0 || file_.close() != 0) fail_io("write", path_, errno);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail_io("replace", path_, errno);
  temporary_.clear();
  // The new name itself reaches the disk with its folder; a file system that cannot say so is no
  // reason to fail.
  const Descriptor folder(
      ::open(parent_folder(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) ::fsync(folder.get());
}

}  // namespace vireo

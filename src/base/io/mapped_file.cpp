// Mapping and reading of whole files.
#include "base/io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/io/descriptor.h"
#include "base/io/path.h"
#include "base/support/checked.h"
#include "base/support/error.h"

namespace vireo {

namespace {

// Files that are open, by the address of their first byte.
struct OpenFiles {
  std::mutex mutex;
  std::map<const uint8_t*, std::weak_ptr<const MappedFile>> by_address;
  static OpenFiles& get() {
    static OpenFiles* files = new OpenFiles;  // outlives what static objects hold
    return *files;
  }
};

thread_local OpenedFiles* listing = nullptr;

FileStamp stamp_of(const struct stat& status) {
  return {uint64_t(status.st_size),
          int64_t(status.st_mtim.tv_sec) * 1000000000 + status.st_mtim.tv_nsec};
}

constexpr size_t kMostPerCall = size_t(1) << 30;

size_t page_size() { return size_t(::sysconf(_SC_PAGESIZE)); }

// One read; 0 at the end of the file.
size_t read_some(int descriptor, void* to, size_t size, const std::string& path) {
  while (true) {
    const ssize_t got = ::read(descriptor, to, std::min(size, kMostPerCall));
    if (got >= 0) return size_t(got);
    if (errno != EINTR) fail_io("read", path, errno);
  }
}

// Opens, refuses folders, and says what it opened.
void open_for_reading(const std::string& path, Descriptor* file, struct stat* status) {
  if (path.find('\0') != std::string::npos)
    fail(ErrorCode::InvalidArgument, "a path of {} bytes holds a zero byte", path.size());
  file->reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!*file) fail_io("open", path, errno);
  if (::fstat(file->get(), status) != 0) fail_io("look at", path, errno);
  if (S_ISDIR(status->st_mode)) fail(ErrorCode::Io, "cannot read '{}': it is a folder", path);
  OpenedFiles::note(path, stamp_of(*status));
}

}  // namespace

OpenedFiles::OpenedFiles() : outer_(listing) { listing = this; }
OpenedFiles::~OpenedFiles() { listing = outer_; }
void OpenedFiles::note(const std::string& path, const FileStamp& stamp) {
  for (OpenedFiles* list = listing; list; list = list->outer_)
    list->files_.push_back({path, stamp});
}

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path, Mode mode) {
  Descriptor file;
  struct stat status;
  open_for_reading(path, &file, &status);
  std::shared_ptr<MappedFile> result(new MappedFile);
  result->path_ = path;
  result->stamp_ = stamp_of(status);
  // Files under /proc call themselves regular and empty: an empty size is found out by reading.
  if (!S_ISREG(status.st_mode) || status.st_size == 0) {
    result->read_stream(file.get());
  } else if (mode == Mode::Read || !result->map(file.get(), size_t(status.st_size))) {
    result->read_known(file.get(), size_t(status.st_size));
  }
  OpenFiles& all = OpenFiles::get();
  std::lock_guard<std::mutex> lock(all.mutex);
  all.by_address[result->data_] = result;
  return result;
}

std::shared_ptr<const MappedFile> MappedFile::find(const void* data) {
  const auto* at = static_cast<const uint8_t*>(data);
  OpenFiles& all = OpenFiles::get();
  std::shared_ptr<const MappedFile> file;  // its last holder perhaps: it goes after the lock
  std::lock_guard<std::mutex> lock(all.mutex);
  auto after = all.by_address.upper_bound(at);
  if (after == all.by_address.begin()) return nullptr;
  file = std::prev(after)->second.lock();
  return file && size_t(at - file->data_) < file->size_ ? file : nullptr;
}

MappedFile::~MappedFile() {
  {
    OpenFiles& all = OpenFiles::get();
    std::lock_guard<std::mutex> lock(all.mutex);
    const auto found = all.by_address.find(data_);
    if (found != all.by_address.end() && found->second.expired()) all.by_address.erase(found);
  }
  if (reserved_ != 0) ::munmap(const_cast<uint8_t*>(data_), reserved_);
}

bool MappedFile::map(int descriptor, size_t size) noexcept {
  const size_t page = page_size();
  const std::optional<size_t> pages = checked_round_up(size, page);
  const std::optional<size_t> total = pages ? checked_add(*pages, page) : std::nullopt;
  if (!total) return false;
  // One page more than the file has, so that reading past its end is harmless.
  void* base =
      ::mmap(nullptr, *total, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return false;
  if (::mmap(base, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor, 0) == MAP_FAILED) {
    ::munmap(base, *total);
    return false;
  }
  data_ = static_cast<const uint8_t*>(base);
  size_ = size;
  reserved_ = *total;
  return true;
}

void MappedFile::read_known(int descriptor, size_t size) {
  buffer_ = AlignedBuffer(size);
  size_t done = 0;
  while (done < size) {
    const size_t got = read_some(descriptor, buffer_.data() + done, size - done, path_);
    if (got == 0)
      fail(ErrorCode::Io, "cannot read '{}': it ended after {} of {} bytes", path_, done, size);
    done += got;
  }
  data_ = buffer_.data();
  size_ = size;
}

void MappedFile::read_stream(int descriptor) {
  std::vector<uint8_t> bytes;
  size_t done = 0;
  while (true) {
    if (bytes.size() - done < 4096)
      bytes.resize(std::max<size_t>(size_t(1) << 16, bytes.size() * 2));
    const size_t got = read_some(descriptor, bytes.data() + done, bytes.size() - done, path_);
    if (got == 0) break;
    done += got;
  }
  buffer_ = AlignedBuffer(done);
  std::memcpy(buffer_.data(), bytes.data(), done);
  data_ = buffer_.data();
  size_ = done;
}

void MappedFile::release_pages(size_t offset, size_t length) const noexcept {
  if (!mapped() || !range_fits(offset, length, size_)) return;
  const size_t page = page_size();
  const size_t first = (offset + page - 1) & ~(page - 1), last = (offset + length) & ~(page - 1);
  if (first < last) ::madvise(const_cast<uint8_t*>(data_) + first, last - first, MADV_DONTNEED);
}

void release_mapped_pages(const void* data, size_t size) noexcept {
  if (const auto file = MappedFile::find(data))
    file->release_pages(size_t(static_cast<const uint8_t*>(data) - file->data()), size);
}

std::string read_text_file(const std::string& path, size_t limit) {
  Descriptor file;
  struct stat status;
  open_for_reading(path, &file, &status);
  std::string text;
  size_t done = 0;
  while (true) {
    if (done > limit) fail(ErrorCode::InvalidArgument, "'{}' is longer than {} bytes", path, limit);
    if (text.size() - done < 1024)
      text.resize(std::max(
          {size_t(4096), text.size() * 2, std::min(limit, size_t(status.st_size)) + 1024}));
    const size_t got = read_some(file.get(), &text[done], text.size() - done, path);
    if (got == 0) break;
    done += got;
  }
  text.resize(done);
  return text;
}

}  // namespace vireo

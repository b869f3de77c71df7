// The layout of a blob: a fixed header, the table of sections, the head, the sections.
#include "base/io/blob.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <chrono>
#include <cstring>

#include "base/io/atomic_file.h"
#include "base/io/mapped_file.h"
#include "base/support/checked.h"
#include "base/support/error.h"
#include "base/support/hash.h"

namespace vireo {

namespace {

constexpr char kMagic[8] = {'V', 'I', 'R', 'E', 'O', 'B', 'L', '\n'};
constexpr uint32_t kVersion = 1;
constexpr uint64_t kPage = 4096, kLine = 64;

struct Header {
  char magic[8];
  uint32_t version, reserved;
  uint64_t file_size;
  int64_t modified_ns;  // the time that save_blob gave the file; 0: none
  uint64_t head_size, section_count;
  Hash128 rest;  // of table and head
  Hash128 self;  // of the bytes before
};
struct Entry {
  uint64_t offset, size;
  Hash128 hash;
};

uint64_t round_up(uint64_t n, uint64_t to) { return (n + to - 1) / to * to; }

// Where a section begins that may not begin before `at`.
uint64_t place(uint64_t at, uint64_t size) { return round_up(at, size >= kPage ? kPage : kLine); }

Hash128 hash_of(const Header& h) { return hash128(&h, offsetof(Header, self)); }

void write(const BlobSink& sink, std::string_view head,
           const std::vector<span<const uint8_t>>& sections, int64_t modified_ns) {
  std::vector<Entry> table;
  uint64_t at = sizeof(Header) + sections.size() * sizeof(Entry) + head.size();
  for (const auto& s : sections) {
    at = place(at, s.size());
    table.push_back({at, s.size(), hash128(s.data(), s.size())});
    at += s.size() + AlignedBuffer::kSlack;
  }
  Header h{};
  std::memcpy(h.magic, kMagic, sizeof kMagic);
  h.version = kVersion;
  h.file_size = at;
  h.modified_ns = modified_ns;
  h.head_size = head.size();
  h.section_count = sections.size();
  h.rest = Hasher()
               .bytes(table.data(), table.size() * sizeof(Entry))
               .bytes(head.data(), head.size())
               .finish();
  h.self = hash_of(h);

  static const uint8_t zeros[kPage + AlignedBuffer::kSlack] = {};
  uint64_t written = 0;
  const auto put = [&](const void* data, size_t size) {
    if (size) sink(data, size);
    written += size;
  };
  put(&h, sizeof h);
  put(table.data(), table.size() * sizeof(Entry));
  put(head.data(), head.size());
  for (size_t i = 0; i < sections.size(); ++i) {
    put(zeros, table[i].offset - written);
    put(sections[i].data(), sections[i].size());
  }
  put(zeros, at - written);
}

// Everything but the sections' contents.
Blob read_frame(span<const uint8_t> bytes, std::shared_ptr<const void> keep, Header* h,
                std::vector<Entry>* table) {
  if (bytes.size() < sizeof(Header))
    fail(ErrorCode::InvalidModel, "{} bytes are no compiled model", bytes.size());
  std::memcpy(h, bytes.data(), sizeof *h);
  if (std::memcmp(h->magic, kMagic, sizeof kMagic) != 0)
    fail(ErrorCode::InvalidModel, "this is no compiled model");
  if (h->version != kVersion)
    fail(ErrorCode::InvalidModel, "the compiled model has format {}, expected {}", h->version,
         kVersion);
  if (h->self != hash_of(*h))
    fail(ErrorCode::InvalidModel, "the header does not match its checksum");
  if (h->file_size != bytes.size())
    fail(ErrorCode::InvalidModel, "the compiled model has {} bytes, expected {}", bytes.size(),
         h->file_size);
  const auto table_size = checked_mul(h->section_count, sizeof(Entry));
  const auto rest = table_size ? checked_add(*table_size, h->head_size) : table_size;
  if (!rest || !range_fits(sizeof(Header), *rest, bytes.size()))
    fail(ErrorCode::InvalidModel, "the table of sections is longer than the file");
  if (h->rest != hash128(bytes.data() + sizeof(Header), *rest))
    fail(ErrorCode::InvalidModel, "the head does not match its checksum");
  table->resize(h->section_count);
  if (*table_size) std::memcpy(table->data(), bytes.data() + sizeof(Header), *table_size);
  Blob blob;
  blob.head = bytes.subspan(sizeof(Header) + *table_size, h->head_size);
  for (const Entry& e : *table) {
    if (e.offset % kLine || !range_fits(e.offset, e.size, bytes.size()))
      fail(ErrorCode::InvalidModel, "a section lies outside of the file");
    blob.sections.push_back(bytes.subspan(e.offset, e.size));
  }
  blob.keep = std::move(keep);
  return blob;
}

void check_sections(const Blob& blob, const std::vector<Entry>& table) {
  for (size_t i = 0; i < table.size(); ++i)
    if (hash128(blob.sections[i].data(), blob.sections[i].size()) != table[i].hash)
      fail(ErrorCode::InvalidModel, "section {} does not match its checksum", i);
}

}  // namespace

void write_blob(const BlobSink& sink, std::string_view head,
                const std::vector<span<const uint8_t>>& sections) {
  write(sink, head, sections, 0);
}

void save_blob(const std::string& path, std::string_view head,
               const std::vector<span<const uint8_t>>& sections) {
  using namespace std::chrono;
  const int64_t now = duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count();
  AtomicFile file(path, 0600);
  write([&](const void* data, size_t size) { file.write(data, size); }, head, sections, now);
  file.commit();
  const timespec times[2] = {{0, UTIME_OMIT}, {time_t(now / 1000000000), long(now % 1000000000)}};
  (void)!::utimensat(AT_FDCWD, path.c_str(), times, 0);
}

Blob read_blob(span<const uint8_t> bytes, std::shared_ptr<const void> keep) {
  Header header;
  std::vector<Entry> table;
  Blob blob = read_frame(bytes, std::move(keep), &header, &table);
  check_sections(blob, table);
  return blob;
}

Blob open_blob(const std::string& path) {
  const auto file = MappedFile::open(path);
  Header header;
  std::vector<Entry> table;
  Blob blob = read_frame(file->bytes(), file, &header, &table);
  if (header.modified_ns == 0 || header.modified_ns != file->stamp().modified_ns)
    check_sections(blob, table);
  return blob;
}

void map_pages(span<const uint8_t> bytes) noexcept {
#ifdef MADV_POPULATE_READ
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data()) & ~uintptr_t(kPage - 1);
  const auto end = reinterpret_cast<uintptr_t>(bytes.data()) + bytes.size();
  if (end - begin >= kPage)
    (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_READ);
#else
  (void)bytes;
#endif
}

}  // namespace vireo

#include "base/io/gguf_file.h"

#include <algorithm>
#include <cstring>

#include "base/support/checked.h"
#include "base/support/error.h"

namespace vireo {

enum GgufFile::Kind : uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, Text, List, U64, I64, F64 };

namespace {

constexpr GgufType kTypes[] = {
    {0, "F32", 1, 4},         {1, "F16", 1, 2},         {2, "Q4_0", 32, 18},
    {3, "Q4_1", 32, 20},      {6, "Q5_0", 32, 22},      {7, "Q5_1", 32, 24},
    {8, "Q8_0", 32, 34},      {9, "Q8_1", 32, 36},      {10, "Q2_K", 256, 84},
    {11, "Q3_K", 256, 110},   {12, "Q4_K", 256, 144},   {13, "Q5_K", 256, 176},
    {14, "Q6_K", 256, 210},   {15, "Q8_K", 256, 292},   {16, "IQ2_XXS", 256, 66},
    {17, "IQ2_XS", 256, 74},  {18, "IQ3_XXS", 256, 98}, {19, "IQ1_S", 256, 50},
    {20, "IQ4_NL", 32, 18},   {21, "IQ3_S", 256, 110},  {22, "IQ2_S", 256, 82},
    {23, "IQ4_XS", 256, 136}, {24, "I8", 1, 1},         {25, "I16", 1, 2},
    {26, "I32", 1, 4},        {27, "I64", 1, 8},        {28, "F64", 1, 8},
    {29, "IQ1_M", 256, 56},   {30, "BF16", 1, 2},       {34, "TQ1_0", 256, 54},
    {35, "TQ2_0", 256, 66},   {39, "MXFP4", 32, 17}};

// Bytes of a value of each kind; 0: it says its own length.
constexpr size_t kKindBytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
constexpr const char* kKindNames[] = {"integer", "integer", "integer", "integer", "integer",
                                      "integer", "number",  "flag",    "text",    "list",
                                      "integer", "integer", "number"};
constexpr uint32_t kKinds = 13;

std::string described(std::string_view kind, bool list) {
  if (list) return fmt::format("a list of {}s", kind);
  return fmt::format("{} {}", kind == "integer" ? "an" : "a", kind);
}

template <typename T>
T load_at(const uint8_t* data, size_t index = 0) {
  T value;
  std::memcpy(&value, data + index * sizeof value, sizeof value);
  return value;
}

}  // namespace

bool looks_like_gguf(span<const uint8_t> head) {
  return head.size() >= 4 && std::memcmp(head.data(), "GGUF", 4) == 0;
}

// Reads once from the first byte to the end of the table of tensors.
class GgufFile::Reader {
 public:
  Reader(GgufFile& file, span<const uint8_t> bytes) : file_(file), bytes_(bytes) {}

  void run() {
    if (!looks_like_gguf(bytes_)) stop("the file does not begin with GGUF");
    at_ = 4;
    check_version(take<uint32_t>("the version"));
    const uint64_t tensors = take<uint64_t>("the count of tensors");
    const uint64_t values = take<uint64_t>("the count of values");
    check_count(values, 13, "values");  // an empty name, a kind and a byte
    check_count(tensors, 32, "tensors");
    for (uint64_t i = 0; i < values; ++i) read_value();
    for (uint64_t i = 0; i < tensors; ++i) read_tensor();
    place_tensors();
  }

 private:
  struct Place {
    std::string name;
    uint64_t offset, size;
  };

  template <typename... Args>
  [[noreturn]] void stop(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ErrorCode::InvalidModel, "'{}': {}", file_.path_,
         fmt::format(format, std::forward<Args>(args)...));
  }

  void check_version(uint32_t version) const {
    if (version == 2 || version == 3) return;
    const bool swapped = (version & 0xffff) == 0;
    fail(ErrorCode::NotSupported, "'{}': {}, expected a little-endian file of version 2 or 3",
         file_.path_, swapped ? "the file is big-endian" : fmt::format("GGUF version {}", version));
  }

  size_t left() const { return bytes_.size() - at_; }
  void check_count(uint64_t count, size_t each, std::string_view what) const {
    if (count > left() / each) stop("{} {} are announced, {} bytes follow", count, what, left());
  }
  const uint8_t* skip(uint64_t size, std::string_view what) {
    if (size > left()) stop("{} takes {} bytes, {} are left", what, size, left());
    at_ += size;
    return bytes_.data() + at_ - size;
  }
  template <typename T>
  T take(std::string_view what) {
    return load_at<T>(skip(sizeof(T), what));
  }
  std::string take_name(std::string_view what) {
    constexpr uint64_t kLongest = 1024;
    const auto size = take<uint64_t>(what);
    if (size > kLongest) stop("{} is {} bytes long, expected at most {}", what, size, kLongest);
    const uint8_t* text = skip(size, what);
    for (uint64_t i = 0; i < size; ++i)
      if (text[i] < 0x20 || text[i] > 0x7e) stop("{} holds byte {}, expected ASCII", what, text[i]);
    return {reinterpret_cast<const char*>(text), size};
  }

  void read_value() {
    const std::string key = take_name("the name of a value");
    Entry entry{take<uint32_t>(key), false, 1, nullptr};
    if (entry.kind == List) {
      entry.list = true;
      entry.kind = take<uint32_t>(key);
      entry.count = take<uint64_t>(key);
    }
    if (entry.kind >= kKinds || entry.kind == List)
      stop("'{}' has the unknown kind {}", key, entry.kind);
    const size_t each = kKindBytes[entry.kind];
    check_count(entry.count, each ? each : 8, key);
    entry.data = bytes_.data() + at_;
    if (each) skip(entry.count * each, key);
    for (uint64_t i = 0; !each && i < entry.count; ++i) skip(take<uint64_t>(key), key);
    if (!file_.values_.emplace(key, entry).second) stop("'{}' is there twice", key);
  }

  void read_tensor() {
    const std::string name = take_name("the name of a tensor");
    const auto rank = take<uint32_t>(name);
    if (rank < 1 || rank > 4) stop("tensor '{}' has {} axes, expected 1 to 4", name, rank);
    GgufTensor tensor{nullptr, std::vector<size_t>(rank), {}, nullptr};
    for (uint32_t i = 0; i < rank; ++i) tensor.extents[rank - 1 - i] = take<uint64_t>(name);
    const auto number = take<uint32_t>(name);
    for (const GgufType& type : kTypes)
      if (type.number == number) tensor.type = &type;
    if (!tensor.type) {
      fail(ErrorCode::NotSupported, "'{}': tensor '{}' has the unknown type {}", file_.path_, name,
           number);
    }
    const auto offset = take<uint64_t>(name);
    places_.push_back({name, offset, byte_size(name, tensor)});
    if (!file_.tensors_.emplace(name, std::move(tensor)).second)
      stop("tensor '{}' is there twice", name);
  }

  uint64_t byte_size(const std::string& name, const GgufTensor& tensor) const {
    const GgufType& type = *tensor.type;
    if (tensor.extents.back() % type.elements != 0) {
      stop("tensor '{}' has rows of {} elements, expected a multiple of {} ({})", name,
           tensor.extents.back(), type.elements, type.name);
    }
    const auto elements = checked_product(span<const size_t>(tensor.extents));
    const auto bytes = elements ? checked_mul(*elements / type.elements, type.bytes) : std::nullopt;
    if (!bytes) stop("tensor '{}' is too large", name);
    return *bytes;
  }

  void place_tensors() {
    const int64_t alignment = file_.integer("general.alignment", 32);
    if (alignment < 8 || alignment > 1 << 20 || (alignment & (alignment - 1)) != 0)
      stop("'general.alignment' is {}, expected a power of two from 8 to 2^20", alignment);
    const auto unit = static_cast<uint64_t>(alignment);
    // Without tensors the file may end with its last value.
    const size_t begin = std::min<size_t>(*checked_round_up(at_, unit), bytes_.size());
    const span<const uint8_t> data = bytes_.subspan(begin, bytes_.size() - begin);
    for (const Place& place : places_) {
      if (place.offset % unit != 0)
        stop("tensor '{}' lies at byte {}, expected a multiple of {}", place.name, place.offset,
             unit);
      if (!range_fits(place.offset, place.size, data.size())) {
        stop("tensor '{}' takes {} bytes from byte {} on, the file has {}", place.name, place.size,
             place.offset, data.size());
      }
      GgufTensor& tensor = file_.tensors_.at(place.name);
      tensor.bytes = data.subspan(place.offset, place.size);
      tensor.keep = file_.keep_;
    }
    check_overlaps();
  }

  void check_overlaps() {
    std::sort(places_.begin(), places_.end(),
              [](const Place& a, const Place& b) { return a.offset < b.offset; });
    for (size_t i = 1; i < places_.size(); ++i) {
      const Place &before = places_[i - 1], &here = places_[i];
      if (before.offset + before.size > here.offset)
        stop("tensors '{}' and '{}' overlap", before.name, here.name);
    }
  }

  GgufFile& file_;
  const span<const uint8_t> bytes_;
  size_t at_ = 0;
  std::vector<Place> places_;
};

GgufFile::GgufFile(const std::string& path, MappedFile::Mode mode) : path_(path) {
  const auto file = MappedFile::open(path, mode);
  keep_ = file;
  Reader(*this, file->bytes()).run();
}

GgufFile::GgufFile(span<const uint8_t> bytes, std::string name, std::shared_ptr<const void> keep)
    : path_(std::move(name)), keep_(std::move(keep)) {
  Reader(*this, bytes).run();
}

GgufFile GgufFile::open_parts(const std::string& path, MappedFile::Mode mode) {
  GgufFile first(path, mode);
  const int64_t count = first.integer("split.count", 1);
  if (count == 1) return first;
  constexpr int64_t kMost = 99999;  // that a name has digits for
  const auto ending = [&](int64_t part) {
    return fmt::format("-{:05}-of-{:05}.gguf", part, count);
  };
  const int64_t number = first.integer("split.no", 0);
  const std::string end = ending(1);
  const bool named = path.size() > end.size() && path.substr(path.size() - end.size()) == end;
  if (count < 1 || count > kMost || number != 0 || !named) {
    fail(ErrorCode::InvalidModel,
         "'{}' is part {} of {}, expected the first, with a name that ends in {}", path, number + 1,
         count, end);
  }
  for (int64_t part = 2; part <= count; ++part) {
    GgufFile other(path.substr(0, path.size() - end.size()) + ending(part), mode);
    const int64_t said = other.integer("split.no", -1);
    if (said != part - 1) {
      fail(ErrorCode::InvalidModel, "'{}': 'split.no' is {}, expected {}", other.path_, said,
           part - 1);
    }
    for (auto& [name, tensor] : other.tensors_) {
      if (!first.tensors_.emplace(name, std::move(tensor)).second)
        fail(ErrorCode::InvalidModel, "'{}': tensor '{}' is in another part too", other.path_,
             name);
    }
  }
  return first;
}

void GgufFile::fail_kind(const std::string& key, const Entry& got, const char* expected) const {
  fail(ErrorCode::InvalidModel, "'{}': '{}' is {}, expected {}", path_, key,
       described(kKindNames[got.kind], got.list), described(expected, got.list));
}

const GgufFile::Entry* GgufFile::find(const std::string& key, bool list, bool needed) const {
  const auto found = values_.find(key);
  if (found == values_.end()) {
    if (needed) fail(ErrorCode::InvalidModel, "'{}': '{}' is missing", path_, key);
    return nullptr;
  }
  const Entry& entry = found->second;
  if (entry.list != list) {
    fail(ErrorCode::InvalidModel, "'{}': '{}' is {}, expected {}", path_, key,
         described(kKindNames[entry.kind], entry.list), list ? "a list" : "one value");
  }
  return &entry;
}

int64_t GgufFile::integer_at(const std::string& key, const Entry& entry, size_t index) const {
  switch (entry.kind) {
    case U8: return load_at<uint8_t>(entry.data, index);
    case I8: return load_at<int8_t>(entry.data, index);
    case U16: return load_at<uint16_t>(entry.data, index);
    case I16: return load_at<int16_t>(entry.data, index);
    case U32: return load_at<uint32_t>(entry.data, index);
    case I32: return load_at<int32_t>(entry.data, index);
    case U64:
      return static_cast<int64_t>(
          std::min<uint64_t>(load_at<uint64_t>(entry.data, index), INT64_MAX));
    case I64: return load_at<int64_t>(entry.data, index);
    default: fail_kind(key, entry, "integer");
  }
}

double GgufFile::number_at(const std::string& key, const Entry& entry, size_t index) const {
  if (entry.kind == F32) return load_at<float>(entry.data, index);
  if (entry.kind == F64) return load_at<double>(entry.data, index);
  if (entry.kind == Bool || entry.kind == Text) fail_kind(key, entry, "number");
  return static_cast<double>(integer_at(key, entry, index));
}

int64_t GgufFile::integer(const std::string& key, std::optional<int64_t> otherwise) const {
  const Entry* entry = find(key, false, !otherwise);
  return entry ? integer_at(key, *entry, 0) : *otherwise;
}

double GgufFile::number(const std::string& key, std::optional<double> otherwise) const {
  const Entry* entry = find(key, false, !otherwise);
  return entry ? number_at(key, *entry, 0) : *otherwise;
}

bool GgufFile::flag(const std::string& key, std::optional<bool> otherwise) const {
  const Entry* entry = find(key, false, !otherwise);
  if (!entry) return *otherwise;
  if (entry->kind != Bool) fail_kind(key, *entry, "flag");
  return *entry->data != 0;
}

std::string GgufFile::text(const std::string& key, std::optional<std::string> otherwise) const {
  const Entry* entry = find(key, false, !otherwise);
  if (!entry) return *std::move(otherwise);
  if (entry->kind != Text) fail_kind(key, *entry, "text");
  return {reinterpret_cast<const char*>(entry->data) + 8, load_at<uint64_t>(entry->data)};
}

std::vector<std::string_view> GgufFile::texts(const std::string& key) const {
  std::vector<std::string_view> result;
  const Entry* entry = find(key, true, false);
  if (!entry) return result;
  if (entry->kind != Text) fail_kind(key, *entry, "text");
  result.reserve(entry->count);
  const uint8_t* at = entry->data;
  for (uint64_t i = 0; i < entry->count; ++i) {
    result.emplace_back(reinterpret_cast<const char*>(at) + 8, load_at<uint64_t>(at));
    at += 8 + result.back().size();
  }
  return result;
}

std::vector<double> GgufFile::numbers(const std::string& key) const {
  std::vector<double> result;
  const Entry* entry = find(key, true, false);
  for (size_t i = 0; entry && i < entry->count; ++i) result.push_back(number_at(key, *entry, i));
  return result;
}

std::vector<int64_t> GgufFile::integers(const std::string& key) const {
  std::vector<int64_t> result;
  const Entry* entry = find(key, true, false);
  for (size_t i = 0; entry && i < entry->count; ++i) result.push_back(integer_at(key, *entry, i));
  return result;
}

bool GgufFile::is_list(const std::string& key) const {
  const auto found = values_.find(key);
  return found != values_.end() && found->second.list;
}

const GgufTensor* GgufFile::find(const std::string& tensor) const {
  const auto found = tensors_.find(tensor);
  return found == tensors_.end() ? nullptr : &found->second;
}

}  // namespace vireo

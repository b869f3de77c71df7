// The GGUF container, versions 2 and 3: typed values under names, then named tensors. It stands
// here because models and tokenisers are both read from it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/io/mapped_file.h"
#include "base/support/span.h"

namespace vireo {

// The element types of tensors that a file may hold, by their number in it.
struct GgufType {
  uint32_t number;
  const char* name;          // "Q4_K"
  uint32_t elements, bytes;  // of a block; plain types have blocks of one element
};

struct GgufTensor {
  const GgufType* type;
  std::vector<size_t> extents;  // outermost first, the innermost a whole number of blocks
  span<const uint8_t> bytes;
  std::shared_ptr<const void> keep;  // holds the bytes
};

bool looks_like_gguf(span<const uint8_t> head);

// A file, checked whole when it is opened: every name, value and tensor lies inside it, no two
// tensors overlap.
class GgufFile {
 public:
  // Throws NotFound or Io, InvalidModel in one line for what is malformed, and NotSupported for
  // another version, byte order or a type of tensor that is not known.
  explicit GgufFile(const std::string& path, MappedFile::Mode mode = MappedFile::Mode::Map);
  // `name` stands for the path in messages.
  GgufFile(span<const uint8_t> bytes, std::string name, std::shared_ptr<const void> keep);

  // A model in parts, NAME-00001-of-00003.gguf and so on, by its first: the tensors of all parts
  // under the values of the first. Another file is read as it is. InvalidModel for another part
  // than the first, and for parts that are missing or not of this model.
  static GgufFile open_parts(const std::string& path,
                             MappedFile::Mode mode = MappedFile::Mode::Map);

  bool has(const std::string& key) const { return values_.count(key) != 0; }
  // A value. Throw InvalidModel when the key is missing and there is no `otherwise`, or when the
  // value is of another kind. Integers of any width count as integers, f32 and f64 as numbers too.
  int64_t integer(const std::string& key, std::optional<int64_t> otherwise = {}) const;
  double number(const std::string& key, std::optional<double> otherwise = {}) const;
  bool flag(const std::string& key, std::optional<bool> otherwise = {}) const;
  std::string text(const std::string& key, std::optional<std::string> otherwise = {}) const;
  // Lists; empty if missing.
  std::vector<std::string_view> texts(const std::string& key) const;
  std::vector<double> numbers(const std::string& key) const;
  std::vector<int64_t> integers(const std::string& key) const;
  bool is_list(const std::string& key) const;

  const GgufTensor* find(const std::string& tensor) const;  // null: there is none
  const std::unordered_map<std::string, GgufTensor>& tensors() const { return tensors_; }

  const std::string& path() const { return path_; }

 private:
  enum Kind : uint32_t;
  struct Entry {
    uint32_t kind;  // of the value, or of each element
    bool list;
    uint64_t count;  // of elements; 1 if it is no list
    const uint8_t* data;
  };
  class Reader;

  const Entry* find(const std::string& key, bool list, bool needed) const;
  int64_t integer_at(const std::string& key, const Entry& entry, size_t index) const;
  double number_at(const std::string& key, const Entry& entry, size_t index) const;
  [[noreturn]] void fail_kind(const std::string& key, const Entry& got, const char* expected) const;

  std::string path_;
  std::shared_ptr<const void> keep_;
  std::unordered_map<std::string, Entry> values_;
  std::unordered_map<std::string, GgufTensor> tensors_;
};

}  // namespace vireo

// Fields of a JSON object with one-line errors that say where they stand. Keys are literals.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/support/error.h"

namespace vireo::text {

class Json {
 public:
  using Element = simdjson::dom::element;

  // `name` stands before the path in errors.
  Json(Element element, std::string_view name) : element_(element), key_(name) {}
  // A field or an entry of an object that outlives this one.
  Json(Element element, const Json& parent, std::string_view key, size_t index = 0)
      : element_(element), parent_(&parent), key_(key), index_(index) {}

  // The path, put together when it is asked for: a vocabulary has 100,000 entries.
  std::string where() const {
    if (!parent_) return std::string(key_);
    return key_.empty() ? fmt::format("{}[{}]", parent_->where(), index_)
                        : fmt::format("{}.{}", parent_->where(), key_);
  }
  Element element() const { return element_; }
  bool is_text() const { return element_.is_string(); }

  [[noreturn]] void refuse(std::string_view what) const {
    fail(ErrorCode::InvalidModel, "{}: {}", where(), what);
  }

  // A field; null counts as none.
  std::optional<Json> find(std::string_view key) const {
    Element field;
    if (!element_.is_object()) refuse("an object is needed");
    if (element_[key].get(field) || field.is_null()) return std::nullopt;
    return Json(field, *this, key);
  }
  Json at(std::string_view key) const {
    if (auto field = find(key)) return *field;
    refuse(fmt::format("field '{}' is missing", key));
  }

  std::string_view text() const {
    std::string_view value;
    if (element_.get(value)) refuse("a text is needed");
    return value;
  }
  std::string text(std::string_view key) const { return std::string(at(key).text()); }
  std::string text(std::string_view key, std::string_view fallback) const {
    const auto field = find(key);
    return std::string(field ? field->text() : fallback);
  }

  bool flag(std::string_view key, bool fallback) const {
    const auto field = find(key);
    bool value = fallback;
    if (field && field->element_.get(value)) field->refuse("true or false is needed");
    return value;
  }

  uint64_t number() const {
    uint64_t value = 0;
    if (element_.get(value)) refuse("a number from 0 is needed");
    return value;
  }
  int64_t integer() const {
    int64_t value = 0;
    if (element_.get(value)) refuse("an integer is needed");
    return value;
  }
  uint64_t number(std::string_view key) const { return at(key).number(); }
  uint64_t number(std::string_view key, uint64_t fallback) const {
    const auto field = find(key);
    return field ? field->number() : fallback;
  }
  // Calls f(Json) for each entry of an array.
  template <typename F>
  void for_each(F&& f) const {
    simdjson::dom::array entries;
    if (element_.get(entries)) refuse("a list is needed");
    size_t i = 0;
    for (Element entry : entries) f(Json(entry, *this, {}, i++));
  }

 private:
  Element element_;
  const Json* parent_ = nullptr;
  std::string_view key_;
  size_t index_ = 0;
};

// A text that is read as JSON; what is got from it lives as long.
class JsonDocument {
 public:
  // InvalidModel if it is none. `name` stands in errors.
  JsonDocument(std::string_view text, std::string name) : name_(std::move(name)) {
    if (const auto error = parser_.parse(text.data(), text.size()).get(root_))
      fail(ErrorCode::InvalidModel, "{}: no JSON: {}", name_, simdjson::error_message(error));
  }
  Json root() const { return Json(root_, name_); }

 private:
  std::string name_;
  simdjson::dom::parser parser_;
  Json::Element root_;
};

}  // namespace vireo::text

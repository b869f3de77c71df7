#include "frontends/ir/attributes.h"

#include <fmt/ranges.h>

#include "base/support/error.h"
#include "base/support/parse.h"

namespace vireo::ir {
namespace {

std::vector<std::string_view> items(std::string_view text) {
  std::vector<std::string_view> out;
  if (trim(text).empty()) return out;
  for (std::string_view item : split(text, ',')) out.push_back(trim(item));
  return out;
}

}  // namespace

bool AttributeReader::find(const char* name, std::string_view& text) const {
  const pugi::xml_attribute a = data_.attribute(name);
  if (!a) return false;
  text = a.value();
  return true;
}

void AttributeReader::wrong(const char* name, std::string_view text,
                            std::string_view expected) const {
  fail(ErrorCode::InvalidModel, "{}: attribute {} is '{}', expected {}", where_, name,
       text.substr(0, 80), expected);
}

void AttributeReader::on(const char* name, bool& value) {
  std::string_view text;
  if (!find(name, text)) return;
  auto v = parse_bool(trim(text));
  if (!v) wrong(name, text, "true or false");
  value = *v;
}
void AttributeReader::on(const char* name, int64_t& value) {
  std::string_view text;
  if (!find(name, text)) return;
  auto v = parse_i64(trim(text));
  if (!v) wrong(name, text, "an integer");
  value = *v;
}
void AttributeReader::on(const char* name, double& value) {
  std::string_view text;
  if (!find(name, text)) return;
  auto v = parse_f64(trim(text));
  if (!v) wrong(name, text, "a number");
  value = *v;
}
void AttributeReader::on(const char* name, std::string& value) {
  std::string_view text;
  if (find(name, text)) value = text;
}
void AttributeReader::on(const char* name, element::Type& value) {
  std::string_view text;
  if (!find(name, text)) return;
  try {
    value = element::Type(trim(text));
  } catch (const Error&) {
    wrong(name, text, "an element type");
  }
}
void AttributeReader::on(const char* name, PartialShape& value) {
  std::string_view text;
  if (!find(name, text)) return;
  try {
    value = PartialShape(text);
  } catch (const Error& e) {
    wrong(name, text, fmt::format("a shape ({})", e.what()));
  }
}
void AttributeReader::on(const char* name, std::vector<int64_t>& value) {
  std::string_view text;
  if (!find(name, text)) return;
  value.clear();
  for (std::string_view item : items(text)) {
    auto v = parse_i64(item);
    if (!v) wrong(name, text, "a list of integers");
    value.push_back(*v);
  }
}
void AttributeReader::on(const char* name, std::vector<double>& value) {
  std::string_view text;
  if (!find(name, text)) return;
  value.clear();
  for (std::string_view item : items(text)) {
    auto v = parse_f64(item);
    if (!v) wrong(name, text, "a list of numbers");
    value.push_back(*v);
  }
}
void AttributeReader::on(const char* name, std::vector<std::string>& value) {
  std::string_view text;
  if (!find(name, text)) return;
  value.clear();
  for (std::string_view item : items(text)) value.emplace_back(item);
}
void AttributeReader::on_enum(const char* name, int& value, span<const char* const> names) {
  std::string_view text;
  if (!find(name, text)) return;
  const std::string lower = to_lower(trim(text));
  for (size_t i = 0; i < names.size(); ++i)
    if (lower == to_lower(names[i])) {
      value = int(i);
      return;
    }
  wrong(name, text, fmt::format("one of {}", fmt::join(names.begin(), names.end(), ", ")));
}

void AttributeWriter::put(const char* name, const std::string& text) {
  data_.append_attribute(name) = text.c_str();
}
void AttributeWriter::on(const char* name, bool& value) { put(name, value ? "true" : "false"); }
void AttributeWriter::on(const char* name, int64_t& value) { put(name, fmt::format("{}", value)); }
void AttributeWriter::on(const char* name, double& value) {
  // An attribute that is a float in OpenVINO reads back the same from the shortest text of the
  // float.
  const float narrow = float(value);
  put(name, double(narrow) == value ? fmt::format("{}", narrow) : fmt::format("{}", value));
}
void AttributeWriter::on(const char* name, std::string& value) { put(name, value); }
void AttributeWriter::on(const char* name, element::Type& value) {
  put(name, std::string(value.name()));
}
void AttributeWriter::on(const char* name, PartialShape& value) { put(name, shape_text(value)); }
void AttributeWriter::on(const char* name, std::vector<int64_t>& value) {
  put(name, fmt::format("{}", fmt::join(value, ", ")));
}
void AttributeWriter::on(const char* name, std::vector<double>& value) {
  std::vector<float> narrow(value.begin(), value.end());
  put(name, fmt::format("{}", fmt::join(narrow, ", ")));
}
void AttributeWriter::on(const char* name, std::vector<std::string>& value) {
  put(name, fmt::format("{}", fmt::join(value, ", ")));
}
void AttributeWriter::on_enum(const char* name, int& value, span<const char* const> names) {
  put(name, names[size_t(value)]);
}

std::string shape_text(const PartialShape& shape) {
  const std::string s = shape.to_string();
  return s.substr(1, s.size() - 2);
}

}  // namespace vireo::ir

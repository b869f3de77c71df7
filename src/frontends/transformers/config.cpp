#include "frontends/transformers/config.h"

#include "base/support/error.h"

namespace vireo::transformers {

Config::Config(nlohmann::json json, std::string path)
    : json_(std::move(json)), path_(std::move(path)) {
  if (!json_.is_object()) {
    fail(ErrorCode::InvalidModel, "'{}' holds a {}, expected an object", path_, json_.type_name());
  }
}

const nlohmann::json* Config::find(std::string_view key) const {
  const auto found = json_.find(key);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

void Config::fail_type(std::string_view key, const char* expected) const {
  std::string got = find(key)->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (got.size() > 60) got = got.substr(0, 60) + "...";
  fail(ErrorCode::InvalidModel, "'{}': '{}' is {}, expected {}", path_, key, got, expected);
}

void Config::fail_missing(std::string_view key) const {
  fail(ErrorCode::InvalidModel, "'{}': '{}' is missing", path_, key);
}

bool Config::has(std::string_view key) const { return find(key) != nullptr; }

int64_t Config::integer(std::string_view key, std::optional<int64_t> otherwise) const {
  const nlohmann::json* value = find(key);
  if (!value && otherwise) return *otherwise;
  if (!value) fail_missing(key);
  if (!value->is_number_integer()) fail_type(key, "an integer");
  return value->get<int64_t>();
}

int64_t Config::count(std::string_view key, std::optional<int64_t> otherwise) const {
  const int64_t value = integer(key, otherwise);
  if (value < 1 || value > (int64_t{1} << 31)) fail_type(key, "a count between 1 and 2^31");
  return value;
}

double Config::number(std::string_view key, std::optional<double> otherwise) const {
  const nlohmann::json* value = find(key);
  if (!value && otherwise) return *otherwise;
  if (!value) fail_missing(key);
  if (!value->is_number()) fail_type(key, "a number");
  return value->get<double>();
}

bool Config::flag(std::string_view key, std::optional<bool> otherwise) const {
  const nlohmann::json* value = find(key);
  if (!value && otherwise) return *otherwise;
  if (!value) fail_missing(key);
  if (!value->is_boolean()) fail_type(key, "true or false");
  return value->get<bool>();
}

std::string Config::text(std::string_view key, std::optional<std::string> otherwise) const {
  const nlohmann::json* value = find(key);
  if (!value && otherwise) return *otherwise;
  if (!value) fail_missing(key);
  if (!value->is_string()) fail_type(key, "a text");
  return value->get<std::string>();
}

std::vector<double> Config::numbers(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (!value) fail_missing(key);
  std::vector<double> result;
  if (!value->is_array()) fail_type(key, "a list of numbers");
  for (const auto& one : *value) {
    if (!one.is_number()) fail_type(key, "a list of numbers");
    result.push_back(one.get<double>());
  }
  return result;
}

std::vector<std::string> Config::texts(std::string_view key) const {
  const nlohmann::json* value = find(key);
  std::vector<std::string> result;
  if (!value) return result;
  if (!value->is_array()) fail_type(key, "a list of texts");
  for (const auto& one : *value) {
    if (!one.is_string()) fail_type(key, "a list of texts");
    result.push_back(one.get<std::string>());
  }
  return result;
}

std::optional<Config> Config::object(std::string_view key) const {
  const nlohmann::json* value = find(key);
  if (!value) return {};
  if (!value->is_object()) fail_type(key, "an object");
  return Config(*value, path_ + "': '" + std::string(key));
}

}  // namespace vireo::transformers

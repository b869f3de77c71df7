// config.json, read with errors that say which key was got and expected how.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vireo::transformers {

class Config {
 public:
  // `path` names the file in messages. Throws InvalidModel when `json` is no object.
  Config(nlohmann::json json, std::string path);

  bool has(std::string_view key) const;  // there, and not null
  // The value of a key. Throw InvalidModel when the key is missing and there is no `otherwise`, or
  // when its value is of another type.
  int64_t integer(std::string_view key, std::optional<int64_t> otherwise = {}) const;
  double number(std::string_view key, std::optional<double> otherwise = {}) const;
  bool flag(std::string_view key, std::optional<bool> otherwise = {}) const;
  std::string text(std::string_view key, std::optional<std::string> otherwise = {}) const;
  std::vector<double> numbers(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;  // empty if missing
  // A count of something: positive and of a size that a model may have.
  int64_t count(std::string_view key, std::optional<int64_t> otherwise = {}) const;
  // An object inside this one; nothing if missing.
  std::optional<Config> object(std::string_view key) const;

  const std::string& path() const { return path_; }

 private:
  const nlohmann::json* find(std::string_view key) const;
  [[noreturn]] void fail_type(std::string_view key, const char* expected) const;
  [[noreturn]] void fail_missing(std::string_view key) const;

  nlohmann::json json_;
  std::string path_;
};

}  // namespace vireo::transformers

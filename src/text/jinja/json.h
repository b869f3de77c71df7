// JSON into values and back.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "text/jinja/value.h"

namespace vireo::jinja {

Value from_json(const nlohmann::ordered_json& json);

// As Python's json.dumps writes it.
struct JsonStyle {
  std::optional<std::string> indent;  // none: on one line
  std::string item = ", ", key = ": ";
  bool ascii = false, sort_keys = false;
};
std::string to_json(const Value& value, const JsonStyle& style);

}  // namespace vireo::jinja

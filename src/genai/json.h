// What a JsonContainer holds.
#pragma once

#include <nlohmann/json.hpp>

#include "vireo/genai/chat_history.h"

namespace vireo::genai {

using Json = nlohmann::ordered_json;  // templates print objects in the order in which they came

struct JsonContainer::Impl {
  Json json;
};

inline JsonContainer container(Json json) {
  return JsonContainer(std::make_shared<JsonContainer::Impl>(JsonContainer::Impl{std::move(json)}));
}

}  // namespace vireo::genai

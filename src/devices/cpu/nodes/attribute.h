// Attributes by name, for executors that serve many small operators alike.
#pragma once

#include <string_view>

#include "core/graph.h"

namespace vireo::cpu {

template <typename T>
T attribute(const GraphNode& node, std::string_view name, T otherwise) {
  for (const auto& [key, value] : list_attrs(node.attrs))
    if (key == name)
      if (const T* found = std::get_if<T>(&value.value)) return *found;
  return otherwise;
}

}  // namespace vireo::cpu

// Attributes by name, for executors that serve many small operators alike. T is the type the
// operator declares.
#pragma once

#include <string_view>

#include "base/support/error.h"
#include "core/graph.h"

namespace vireo::cpu {

template <typename T>
T attribute(const GraphNode& node, std::string_view name, T otherwise) {
  for (const auto& [key, value] : list_attrs(node.attrs))
    if (key == name) {
      const T* found = std::get_if<T>(&value.value);
      VIREO_ASSERT(found);
      return *found;
    }
  return otherwise;
}

}  // namespace vireo::cpu

// Shapes that follow from the extents of the inputs by substitution, so that a plan for a new shape
// need not infer them.
#pragma once

#include <optional>
#include <vector>

#include "core/device.h"

namespace vireo::cpu {

struct Program;

struct ShapeRules {
  // An extent, or the number of an unknown one.
  struct Extent {
    size_t value = 0;
    int unknown = -1;
  };
  struct Place {
    uint32_t parameter, axis;
  };
  std::vector<std::vector<Place>> unknowns;  // the parameters' axes that have each unknown
  std::vector<std::optional<std::vector<Extent>>> shapes;  // by value
  std::vector<char> follows;  // by node: its outputs have rules, and inference would find no fault

  // The extents of the unknowns. Nothing if axes that should be equal are not, or one is empty:
  // then inference has something to say.
  std::optional<std::vector<size_t>> read(const std::vector<Shape>& parameters) const;
};

// Tries out, on extents that no rule of an operator could mistake for others, whether inference
// does nothing but carry them along.
ShapeRules find_shape_rules(const Program& program);

}  // namespace vireo::cpu

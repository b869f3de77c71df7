// One row of the two tables of filters.
#pragma once

#include "text/jinja/builtins.h"

namespace vireo::jinja {

struct FilterRow {
  std::string_view name;
  FilterFunction call;
};
FilterFunction find_sequence_filter(std::string_view name);

}  // namespace vireo::jinja

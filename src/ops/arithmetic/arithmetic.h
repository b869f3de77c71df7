// Names of the element-wise operators that passes and devices match.
#pragma once

#include "ops/arithmetic/broadcast.h"

namespace vireo::ops {

extern const OpDef add_1, subtract_1, multiply_1, divide_1, floor_mod_1, mod_1, maximum_1,
    minimum_1, power_1, squared_difference_1, select_1, convert_1;

struct Divide : Broadcasting {
  bool m_pythondiv = true;  // integers round to minus infinity, else to zero
};
void visit(AttrVisitor& v, Divide& a);

struct Convert {
  element::Type destination_type;
};
void visit(AttrVisitor& v, Convert& a);

}  // namespace vireo::ops

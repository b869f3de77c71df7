// Attributes of ReadValue and Assign.
#pragma once

#include "core/op.h"

namespace vireo::ops {

struct ReadValue {  // opset 3 has the id alone
  std::string variable_id;
  element::Type variable_type = element::dynamic;
  PartialShape variable_shape = PartialShape::dynamic();
};
void visit(AttrVisitor& v, ReadValue& a);

struct VariableId {  // Assign, and ReadValue of opset 3
  std::string variable_id;
};
void visit(AttrVisitor& v, VariableId& a);

}  // namespace vireo::ops

// Attributes of the quantisation operators.
#pragma once

#include "ops/arithmetic/broadcast.h"

namespace vireo::ops {

struct FakeQuantize : Broadcasting {
  int64_t levels = 0;
};
void visit(AttrVisitor& v, FakeQuantize& a);

struct FakeConvert {
  element::Type destination_type = element::f8e4m3;
};
void visit(AttrVisitor& v, FakeConvert& a);

extern const OpDef fake_quantize_1, fake_convert_13;

}  // namespace vireo::ops

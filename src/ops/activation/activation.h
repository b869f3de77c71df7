// Attributes of the activation operators that others read.
#pragma once

#include "core/op.h"

namespace vireo::ops {

struct Softmax {
  int64_t axis = 1;
};
void visit(AttrVisitor& v, Softmax& a);

struct Clamp {
  double min = 0, max = 0;
};
void visit(AttrVisitor& v, Clamp& a);

struct Elu {
  double alpha = 1;
};
void visit(AttrVisitor& v, Elu& a);

enum class GeluMode { Erf, Tanh };
inline constexpr const char* kGeluModeNames[] = {"ERF", "TANH"};
struct Gelu {
  GeluMode approximation_mode = GeluMode::Erf;
};
void visit(AttrVisitor& v, Gelu& a);

enum class RoundMode { HalfToEven, HalfAwayFromZero };
inline constexpr const char* kRoundModeNames[] = {"half_to_even", "half_away_from_zero"};
struct Round {
  RoundMode mode = RoundMode::HalfToEven;
};
void visit(AttrVisitor& v, Round& a);

extern const OpDef softmax_1, softmax_8, log_softmax_5, relu_1, sigmoid_1, tanh_1, exp_1, abs_1,
    sqrt_1, gelu_2, gelu_7, hswish_4, hsigmoid_5, mish_4, soft_plus_4, clamp_1, elu_1, prelu_1,
    swish_4, hard_sigmoid_1, selu_1, round_5;

}  // namespace vireo::ops

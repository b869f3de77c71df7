// Attributes of the normalisations.
#pragma once

#include "core/op.h"

namespace vireo::ops {

// Inputs: opset 5 data, gamma, beta, mean, variance; opset 1 gamma, beta, data, mean, variance.
struct BatchNormInference {
  double epsilon = 0;
};
void visit(AttrVisitor& v, BatchNormInference& a);

struct Lrn {
  double alpha = 0, beta = 0, bias = 1;
  int64_t size = 1;
};
void visit(AttrVisitor& v, Lrn& a);

// Opset 2: axes from the attribute (or from across_channels where that is empty). Opset 6: axes are
// input 1.
struct Mvn2 {
  double eps = 1e-9;
  bool across_channels = true, normalize_variance = true;
  std::vector<int64_t> reduction_axes;
};
void visit(AttrVisitor& v, Mvn2& a);
enum class MvnEpsMode { InsideSqrt, OutsideSqrt };
inline constexpr const char* kMvnEpsModeNames[] = {"INSIDE_SQRT", "OUTSIDE_SQRT"};
struct Mvn {
  double eps = 1e-6;
  bool normalize_variance = true;
  MvnEpsMode eps_mode = MvnEpsMode::InsideSqrt;
};
void visit(AttrVisitor& v, Mvn& a);

enum class EpsMode { Add, Max };
inline constexpr const char* kEpsModeNames[] = {"add", "max"};
struct NormalizeL2 {
  double eps = 1e-9;
  EpsMode eps_mode = EpsMode::Add;
};
void visit(AttrVisitor& v, NormalizeL2& a);

struct Grn {
  double bias = 1;
};
void visit(AttrVisitor& v, Grn& a);

struct GroupNormalization {
  int64_t num_groups = 0;
  double epsilon = 0;
};
void visit(AttrVisitor& v, GroupNormalization& a);

// The internal operator that transformed IR may hold: x / sqrt(mean(x^2) + epsilon) * gamma.
struct Rms {
  double epsilon = 0;
  element::Type output_type;  // dynamic: that of the input
};
void visit(AttrVisitor& v, Rms& a);

extern const OpDef batch_norm_1, batch_norm_5, lrn_1, mvn_2, mvn_6, normalize_l2_1, grn_1,
    group_normalization_12, rms_1;

}  // namespace vireo::ops

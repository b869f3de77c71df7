// Names on disk that differ from the operators' own, and the limits of what is read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vireo::ir {

struct Rename {
  std::string_view file, op;
};
inline constexpr Rename kRenames[] = {
    {"Const", "Constant"}, {"ReLU", "Relu"}, {"PReLU", "PRelu"}, {"SoftMax", "Softmax"}};

inline constexpr int kMaxBodyDepth = 16;
inline constexpr int kMaxRtInfoDepth = 64;

// How the writer spells an element type in a port.
inline constexpr Rename kPrecisions[] = {{"FP16", "f16"}, {"FP32", "f32"},
                                         {"FP64", "f64"}, {"BOOL", "boolean"},
                                         {"BIN", "u1"},   {"UNSPECIFIED", "dynamic"}};

// Tensor names in one attribute: separated by commas, a comma inside is "\,".
std::string join_names(const std::vector<std::string>& names);
std::vector<std::string> split_names(std::string_view text);

}  // namespace vireo::ir

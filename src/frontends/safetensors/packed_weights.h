// Checkpoints whose linear layers are stored as codes of 4 or 8 bits in 32-bit words: GPTQ and AWQ.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "frontends/transformers/config.h"
#include "frontends/transformers/weights.h"

namespace vireo::safetensors {

// What `quantization_config` of config.json says.
//
//   GPTQ: qweight [K * bits / 32, N], words along K; qzeros [groups, N * bits / 32]; scales
//   [groups, N];
//         g_idx [K], the group of each input, where inputs were taken in another order
//   AWQ:  qweight [K, N / 8] and qzeros [groups, N / 8], the eight columns of a word in the order
//         0 2 4 6 1 3 5 7; scales [groups, N]
struct Packing {
  enum class Method { Gptq, Awq } method = Method::Gptq;
  int64_t bits = 4;
  int64_t group = 128;          // inputs that share a scale, -1: all
  bool zeros_minus_one = true;  // GPTQ's first format stores zero points less 1
};

// Nothing if the model is not quantised. Throws NotSupported for a method or width that is not
// read.
std::optional<Packing> read_packing(const transformers::Config& config);

using FindTensor = std::function<std::optional<Tensor>(const std::string&)>;

// The weight [N, K] of the layer `name` ("model.layers.0.mlp.up_proj"): codes [N, groups, group]
// with scales and zero points, or f32 where the groups are not consecutive inputs. Nothing if the
// layer is not packed. Throws InvalidModel naming a tensor that is missing or does not fit.
std::optional<transformers::Weight> unpacked(const Packing& packing, const std::string& name,
                                             const FindTensor& find, const std::string& path);

}  // namespace vireo::safetensors

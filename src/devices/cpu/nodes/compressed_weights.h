// Compressed weights of a node in the kernels' terms.
#pragma once

#include "devices/cpu/kernels/compressed/compressed.h"
#include "devices/cpu/node.h"
#include "ops/fused/block_format.h"
#include "ops/fused/compressed.h"

namespace vireo::cpu {

// What the kernels know of the weights that begin at input `first` of a node. The format hangs on
// types and shapes alone.
struct NodeWeights {
  CompressedFormat format;
  CompressedLayout layout;
  CompressedSource source;                   // of codes
  const ops::BlockLayout* blocks = nullptr;  // else: of blocks
  std::vector<Tensor> keep;                  // codes, scale, zero

  std::string name() const;  // of the packed form
};

// Fills it in, or says why the kernels cannot.
std::string read_weights(const NodeView& node, const ops::CompressedWeights& weights, size_t first,
                         bool rows_first, NodeWeights* out);

// Packs panels [begin, end); `codes` is where the codes lie.
void pack_weights(const NodeWeights& weights, const void* codes, uint8_t* to, int64_t begin,
                  int64_t end);
// The numbers of row n.
void decode_row(const NodeWeights& weights, int64_t n, float* to);

}  // namespace vireo::cpu

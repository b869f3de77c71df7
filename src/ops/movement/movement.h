// Attributes of the movement operators that passes, devices or frontends read.
#pragma once

#include "core/op.h"

namespace vireo::ops {

struct Reshape {
  bool special_zero = false;
};
void visit(AttrVisitor& v, Reshape& a);

struct Squeeze {
  bool allow_axis_skip = false;
};
void visit(AttrVisitor& v, Squeeze& a);

struct Concat {
  int64_t axis = 0;
};
void visit(AttrVisitor& v, Concat& a);

struct Split {
  int64_t num_splits = 1;
};
void visit(AttrVisitor& v, Split& a);

struct StridedSlice {
  std::vector<int64_t> begin_mask, end_mask, new_axis_mask, shrink_axis_mask, ellipsis_mask;
};
void visit(AttrVisitor& v, StridedSlice& a);

enum class BroadcastMode { Numpy, Explicit, Bidirectional, Pdpd, None };
struct Broadcast {
  BroadcastMode mode = BroadcastMode::Numpy;
  int64_t axis = -1;  // of mode pdpd, opset 1 only
};
void visit(AttrVisitor& v, Broadcast& a);

enum class PadMode { Constant, Edge, Reflect, Symmetric };
struct Pad {
  PadMode mode = PadMode::Constant;
};
void visit(AttrVisitor& v, Pad& a);

struct ReverseSequence {
  int64_t batch_axis = 0, seq_axis = 1;
};
void visit(AttrVisitor& v, ReverseSequence& a);

struct ShuffleChannels {
  int64_t axis = 1, group = 1;
};
void visit(AttrVisitor& v, ShuffleChannels& a);

enum class BlockMode { BlocksFirst, DepthFirst };
struct DepthBlock {  // DepthToSpace and SpaceToDepth
  int64_t block_size = 1;
  BlockMode mode = BlockMode::BlocksFirst;
};
void visit(AttrVisitor& v, DepthBlock& a);

// What a slice of an axis keeps. Positions count from the end when negative and are clamped; exact
// for a known extent.
int64_t slice_count(int64_t extent, int64_t start, int64_t stop, int64_t step);
int64_t slice_begin(int64_t extent, int64_t start, int64_t step);
Dimension slice_extent(const Dimension& extent, int64_t start, int64_t stop, int64_t step);

}  // namespace vireo::ops

// Operators with bodies: their attributes, and what infer and evaluate of all of them share.
#pragma once

#include "core/evaluate.h"

namespace vireo::ops {

struct If {
  Body then_body, else_body;
};
void visit(AttrVisitor& v, If& a);

struct Loop {  // TensorIterator has the same
  Body body;
};
void visit(AttrVisitor& v, Loop& a);

// The facts of a body's results when its parameters have these facts; the body itself stays as it
// is.
std::vector<Fact> infer_body(const Graph& body, const std::vector<Fact>& parameters);

// Throws through `c` unless the maps name existing inputs, parameters and results.
void check_ports(const InferContext& c, const Body& body, const char* name);

// How often a sliced input lets the body run, and the slice of each run.
int64_t slice_iterations(const BodyInput& map, int64_t extent);
Tensor slice_of(const Tensor& tensor, const BodyInput& map, int64_t iteration);

// Collects the parts of a concatenated output.
Tensor join_parts(const BodyOutput& map, const std::vector<Tensor>& parts);

// A tensor for a fact that nothing computed: unknown extents are 0, elements are 0.
Tensor empty_of(const Fact& fact);

// The smallest fact that covers both; types must be equal or one of them unknown.
Fact cover(const InferContext& c, const Fact& a, const Fact& b);

}  // namespace vireo::ops

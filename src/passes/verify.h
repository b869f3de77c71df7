// Whether two graphs compute the same: both are evaluated on the same random inputs. Tests of
// passes rest on it, and debug builds check every normalisation of a small graph with it.
#pragma once

#include <string>
#include <vector>

#include "core/graph.h"

namespace vireo::passes {

// Random values for a graph's parameters, in their order: real numbers around 0, whole numbers in
// [0, 4). `shapes` has a static shape for each.
std::vector<Tensor> random_inputs(const Graph& graph, const std::vector<Shape>& shapes,
                                  unsigned seed);
// What differs between the outputs of two evaluations, in one line; empty if nothing does.
// `tolerance` is relative to the largest element of an output.
std::string difference(const std::vector<Tensor>& got, const std::vector<Tensor>& want,
                       double tolerance = 1e-4);

// Throws Internal if a graph and what became of it differ. Graphs for which that would take long or
// could not be told (unknown shapes, states, random numbers, decisions that hang on a rounding) are
// passed over.
void check_unchanged(const Graph& before, const Graph& after);

}  // namespace vireo::passes

// The stages that list.cpp puts in order. Each works in place.
#pragma once

#include "passes/passes.h"
#include "passes/rewriter.h"

namespace vireo::passes {

// Whether codes of constants (kCompressed) are constants too.
enum class Compressed { Keep, Fold };
void fold_constants(Graph& graph, const NormaliseOptions& options, Compressed compressed = Compressed::Keep);
void merge_equal_nodes(Graph& graph);
void make_channels_last(Graph& graph);

// Rules that leave public operators only.
void add_identities(std::vector<Rule>& rules);      // what does nothing goes
void add_decompositions(std::vector<Rule>& rules);  // into operators that other rules know
void add_decompression(std::vector<Rule>& rules);   // compressed weights, before they are folded
void add_activations(
    std::vector<Rule>& rules);  // Swish, GELU ... spelled out in primitive operators
// Rules that make Vireo's own.
void add_norms(std::vector<Rule>& rules);  // norms in primitive operators to MVN and vireo.RmsNorm
void add_layer_norms(std::vector<Rule>& rules);  // MVN over the last axes to vireo.LayerNorm, scale
                                                 // and shift into norms
void add_attention(std::vector<Rule>& rules);
void add_products(std::vector<Rule>& rules);  // MatMul to vireo.MatMul
void add_epilogues(
    std::vector<Rule>& rules);  // scale, bias, residual, activation into products; Pad into windows

}  // namespace vireo::passes

// The stages that list.cpp puts in order. Each works in place.
#pragma once

#include "passes/passes.h"
#include "passes/rewriter.h"

namespace vireo::passes {

// Whether codes of constants (kCompressed) are constants too.
enum class Compressed { Keep, Fold };
void fold_constants(Graph& graph, const NormaliseOptions& options,
                    Compressed compressed = Compressed::Keep);
void merge_equal_nodes(Graph& graph);
void make_channels_last(Graph& graph);

// Rules that leave public operators only.
void add_identities(std::vector<Rule>& rules);      // what does nothing goes
void add_decompositions(std::vector<Rule>& rules);  // into operators that other rules know
void add_decompression(std::vector<Rule>& rules);   // compressed weights, before they are folded
void add_block_rows(std::vector<Rule>& rules);  // of compressed tables, before they become numbers
void add_activations(
    std::vector<Rule>& rules);  // Swish, GELU ... spelled out in primitive operators
void add_converts(std::vector<Rule>& rules);
void add_gathers(std::vector<Rule>& rules);          // to slices
void add_reshape_targets(std::vector<Rule>& rules);  // computed from shapes, to constants
void add_shapes(std::vector<Rule>& rules);           // without the values that they are shapes of
void add_exponentials(std::vector<Rule>& rules);     // Sigmoid, Swish, SoftPlus in exponentials
// Rules that make Vireo's own.
void add_compressed_weights(std::vector<Rule>& rules);   // what decompresses to vireo.Decompress
void add_compressed_products(std::vector<Rule>& rules);  // and its products
void add_norms(std::vector<Rule>& rules);  // norms in primitive operators to MVN and vireo.RmsNorm
void add_layer_norms(std::vector<Rule>& rules);  // MVN over the last axes to vireo.LayerNorm, scale
                                                 // and shift into norms
void add_attention(std::vector<Rule>& rules);
void add_grouped_heads(std::vector<Rule>& rules);
void add_cached_attention(std::vector<Rule>& rules);
void add_rope(std::vector<Rule>& rules);
void add_products(std::vector<Rule>& rules);  // MatMul to vireo.MatMul
void add_epilogues(
    std::vector<Rule>& rules);  // scale, bias, residual, activation into products; Pad into windows
void add_planar(std::vector<Rule>& rules);  // convolutions that read pictures as they come

void add_affines(std::vector<Rule>& rules);         // numbers behind an activation into it
void add_packed_heads(std::vector<Rule>& rules);    // q, k and v of one matrix
void add_norm_residuals(std::vector<Rule>& rules);  // sums into norms, once products have theirs

// Every rule of every family.
std::vector<Rule> all_rules();

}  // namespace vireo::passes

// The states stage: attention between two variables becomes one operator that keeps them.
#pragma once

#include <optional>

#include "core/graph.h"

namespace vireo {

// Rewrites a normalised graph in place: each vireo.CachedAttention whose caches are variables that
// begin as nothing and that nobody else uses becomes a vireo.PagedAttention. Its mask must come
// down to causality, a window, padding and ALiBi, or it stays as it is.
void page_states(Graph& graph);

namespace passes {

// What a mask over [B, H, S, P + S] says: query s is at position P + s and sees the keys up to its
// own, of those the last `window` (0: all) where `padding` [B, P + S] is not 0; and slopes *
// position of the key joins the scores.
struct MaskSense {
  int64_t window = 0;
  OutputRef padding;          // of a parameter; perhaps none
  std::vector<float> slopes;  // by head; none if nothing is added
};

// Nothing if it says something else, or too much to be found out. `cache` is a ReadValue of
// [B, G, P, D], `beam` the parameter that orders it, perhaps none; `heads` those of the queries.
std::optional<MaskSense> sense_of_mask(const Graph& graph, OutputRef mask, OutputRef cache,
                                       OutputRef beam, int64_t heads);

}  // namespace passes
}  // namespace vireo

// The list of passes.
#include "base/support/log.h"
#include "passes/quantise/quantise.h"
#include "passes/stages.h"
#include "passes/verify.h"

namespace vireo {

namespace {

using namespace passes;

using Family = void (*)(std::vector<Rule>&);

std::vector<Rule> make(std::initializer_list<Family> families) {
  std::vector<Rule> rules;
  for (Family add : families) add(rules);
  return rules;
}

// Products between codes compute on codes. What codes remain of constants then, because nobody
// multiplies them so, become values.
void make_integer_graph(Graph& graph, const NormaliseOptions& options) {
  static const std::vector<Rule> products =
      make({add_identities, add_code_movement, add_integer_products});
  fold_constants(graph, options);
  rewrite(graph, products);
  fold_constants(graph, options, Compressed::Fold);
}

// Products take compressed weights; what else reads such weights gets numbers.
void multiply_compressed(Graph& graph, const NormaliseOptions& options) {
  static const std::vector<Rule> products = make({add_compressed_products});
  rewrite(graph, products);
  fold_constants(graph, options, Compressed::Fold);
}

void normalise_in_place(Graph& graph, const NormaliseOptions& options) {
  static const std::vector<Rule> keep = make({add_compressed_weights});
  static const std::vector<Rule> widen = make({add_decompression, add_block_rows});
  static const std::vector<Rule> codes = make({add_codes});
  static const std::vector<Rule> move_codes =
      make({add_identities, add_converts, add_gathers, add_reshape_targets, add_code_movement});
  static const std::vector<Rule> simplify =
      make({add_identities, add_converts, add_shapes, add_decompositions});
  static const std::vector<Rule> recognise =
      make({add_identities, add_exponentials, add_activations});
  static const std::vector<Rule> blocks =
      make({add_norms, add_rope, add_attention, add_grouped_heads, add_cached_attention});
  static const std::vector<Rule> tidy =
      make({add_identities, add_converts, add_gathers, add_reshape_targets});
  static const std::vector<Rule> fuse =
      make({add_products, add_layer_norms, add_epilogues, add_affines});
  static const std::vector<Rule> finish = make({add_packed_heads, add_norm_residuals, add_planar});

  const bool integers = options.fuse && has_quantised_activations(graph);
  if (options.fuse && !integers) rewrite(graph, keep);
  rewrite(graph, widen);
  if (integers) rewrite(graph, codes);
  fold_constants(graph, options);
  rewrite(graph, simplify);
  merge_equal_nodes(graph);
  rewrite(graph, recognise);
  if (options.fuse) rewrite(graph, blocks);
  if (options.layout) make_channels_last(graph);
  fold_constants(graph, options);
  rewrite(graph, integers ? move_codes : tidy);
  if (!options.fuse) return;
  rewrite(graph, fuse);
  if (integers)
    make_integer_graph(graph, options);
  else
    multiply_compressed(graph, options);
  rewrite(graph, finish);
}

// Bodies of If, Loop and TensorIterator are graphs of their own.
class BodyVisitor : public AttrVisitor {
 public:
  explicit BodyVisitor(const NormaliseOptions& options) : options_(options) {}
  bool found = false;
  void on(const char*, Body& body) override {
    if (!body.graph) return;
    found = true;
    body.graph = normalise(*body.graph, options_);
  }
  void on(const char*, bool&) override {}
  void on(const char*, int64_t&) override {}
  void on(const char*, double&) override {}
  void on(const char*, std::string&) override {}
  void on(const char*, element::Type&) override {}
  void on(const char*, PartialShape&) override {}
  void on(const char*, std::vector<int64_t>&) override {}
  void on(const char*, std::vector<double>&) override {}
  void on(const char*, std::vector<std::string>&) override {}
  void on(const char*, Tensor&) override {}
  void on_enum(const char*, int&, span<const char* const>) override {}

 private:
  const NormaliseOptions& options_;
};

void normalise_bodies(Graph& graph, const NormaliseOptions& options) {
  for (NodeId id : graph.order()) {
    const GraphNode& node = graph[id];
    if (!node.is("If") && !node.is("Loop") && !node.is("TensorIterator")) continue;
    BodyVisitor visitor(options);
    Attrs attrs = node.attrs.visited(visitor);
    if (visitor.found) graph.arena->set_attrs(id, std::move(attrs));
  }
}

}  // namespace

std::vector<passes::Rule> passes::all_rules() {
  return make({add_compressed_weights,
               add_compressed_products,
               add_decompression,
               add_block_rows,
               add_identities,
               add_converts,
               add_shapes,
               add_gathers,
               add_reshape_targets,
               add_decompositions,
               add_exponentials,
               add_activations,
               add_norms,
               add_rope,
               add_attention,
               add_grouped_heads,
               add_cached_attention,
               add_products,
               add_layer_norms,
               add_epilogues,
               add_affines,
               add_packed_heads,
               add_norm_residuals,
               add_planar});
}

std::shared_ptr<Graph> normalise(const Graph& imported, const NormaliseOptions& options) {
  std::shared_ptr<Graph> graph = imported.clone();
  normalise_bodies(*graph, options);
  normalise_in_place(*graph, options);
#ifndef NDEBUG
  passes::check_unchanged(imported, *graph);
#endif
  return graph;
}

}  // namespace vireo

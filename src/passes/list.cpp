// The list of passes.
#include "base/support/log.h"
#include "passes/quantise/quantise.h"
#include "passes/stages.h"

namespace vireo {

namespace {

using namespace passes;

std::vector<Rule> make(std::initializer_list<void (*)(std::vector<Rule>&)> families) {
  std::vector<Rule> rules;
  for (auto add : families) add(rules);
  return rules;
}

// Products between codes compute on codes. What codes remain of constants then, because nobody multiplies them so, become values.
void make_integer_graph(Graph& graph, const NormaliseOptions& options) {
  static const std::vector<Rule> products = make({add_identities, add_code_movement, add_integer_products});
  fold_constants(graph, options);
  rewrite(graph, products);
  fold_constants(graph, options, Compressed::Fold);
}

void normalise_in_place(Graph& graph, const NormaliseOptions& options) {
  static const std::vector<Rule> widen = make({add_decompression});
  static const std::vector<Rule> codes = make({add_codes});
  static const std::vector<Rule> simplify = make({add_identities, add_decompositions});
  static const std::vector<Rule> recognise = make({add_identities, add_activations});
  static const std::vector<Rule> blocks = make({add_norms, add_attention});
  static const std::vector<Rule> tidy = make({add_identities});
  static const std::vector<Rule> move_codes = make({add_identities, add_code_movement});
  static const std::vector<Rule> fuse = make({add_products, add_layer_norms, add_epilogues});

  rewrite(graph, widen);
  const bool integers = options.fuse && has_quantised_activations(graph);
  if (integers) rewrite(graph, codes);
  fold_constants(graph, options);
  rewrite(graph, simplify);
  merge_equal_nodes(graph);
  rewrite(graph, recognise);
  if (options.fuse) rewrite(graph, blocks);
  if (options.layout) make_channels_last(graph);
  fold_constants(graph, options);
  rewrite(graph, integers ? move_codes : tidy);
  if (options.fuse) rewrite(graph, fuse);
  if (integers) make_integer_graph(graph, options);
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

std::shared_ptr<Graph> normalise(const Graph& imported, const NormaliseOptions& options) {
  std::shared_ptr<Graph> graph = imported.clone();
  normalise_bodies(*graph, options);
  normalise_in_place(*graph, options);
  return graph;
}

}  // namespace vireo

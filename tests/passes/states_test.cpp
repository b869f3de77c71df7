// What masks are found to say, and which caches become states in pages.
#include <gtest/gtest.h>

#include "core/text.h"
#include "ops/registry.h"
#include "passes/states/states.h"

namespace vireo::passes {
namespace {

// A mask over [B, 4, S, P + S] from a cache of P tokens; `said` makes `mask` from positions of keys
// `k` [1, 1, 1, P + S] and queries `q` [1, 1, S, 1].
std::shared_ptr<Graph> graph_of(const std::string& said) {
  return graph_from_text(R"(graph "masks"
ids: i64[?,?] = Parameter()
pad: i64[?,?] = Parameter()
beam: i32[?] = Parameter()
cache: f32[?,2,?,8] = ReadValue-6(variable_id="k", variable_type=f32, variable_shape=[?,2,?,8])
zero: i64[] = Constant(value=[0])
one: i64[] = Constant(value=[1])
two: i64[] = Constant(value=[2])
cs: i64[4] = ShapeOf-3(cache, output_type=i64)
past: i64[] = Gather-8(cs, two, zero, batch_dims=0)
is: i64[2] = ShapeOf-3(ids, output_type=i64)
fresh: i64[] = Gather-8(is, one, zero, batch_dims=0)
all: i64[] = Add-1(past, fresh)
ks: i64[?] = Range-4(zero, all, one, output_type=i64)
qs: i64[?] = Range-4(past, all, one, output_type=i64)
ka: i64[3] = Constant(value=[0,1,2])
qa: i64[3] = Constant(value=[0,1,3])
k: i64[1,1,1,?] = Unsqueeze-1(ks, ka)
q: i64[1,1,?,1] = Unsqueeze-1(qs, qa)
causal: boolean[1,1,?,?] = LessEqual-1(k, q)
pa: i64[2] = Constant(value=[1,2])
pb: boolean[?,?] = Convert-1(pad, destination_type=boolean)
shown: boolean[?,1,1,?] = Unsqueeze-1(pb, pa)
nought: f32[] = Constant(value=[0])
hidden: f32[] = Constant(value=[-3.0e38])
)" + said + "\nreturn mask\n",
                         builtin_ops());
}

NodeId node_named(const Graph& g, std::string_view name) {
  for (NodeId id : g.order())
    if (g[id].name == name) return id;
  ADD_FAILURE() << "there is no " << name;
  return 0;
}

std::optional<MaskSense> sense(const std::string& said) {
  const auto g = graph_of(said);
  return sense_of_mask(*g, (*g)[g->results[0]].inputs[0], {node_named(*g, "cache"), 0},
                       {node_named(*g, "beam"), 0}, 4);
}

TEST(MaskSense, Causal) {
  const auto plain = sense("mask = LessEqual-1(k, q)");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->window, 0);
  EXPECT_FALSE(plain->padding.valid());
  EXPECT_TRUE(plain->slopes.empty());
  const auto added = sense("mask = Select-1(causal, nought, hidden)");
  ASSERT_TRUE(added);
}

TEST(MaskSense, Padding) {
  const auto padded = sense(
      "seen = LogicalAnd-1(causal, shown)\n"
      "mask = Select-1(seen, nought, hidden)");
  ASSERT_TRUE(padded);
  EXPECT_TRUE(padded->padding.valid());
}

TEST(MaskSense, Windows) {
  for (const int64_t window : {2, 16, 4096}) {
    const auto narrow = sense("w: i64[] = Constant(value=[" + std::to_string(window) +
                              "])\nfrom = Subtract-1(q, w)\nnear = Greater-1(k, from)\n"
                              "mask = LogicalAnd-1(causal, near)");
    ASSERT_TRUE(narrow) << window;
    EXPECT_EQ(narrow->window, window);
  }
}

TEST(MaskSense, Slopes) {
  const auto sloped = sense(
      "kf = Convert-1(k, destination_type=f32)\n"
      "s: f32[1,4,1,1] = Constant(value=[0.5,0.25,0.125,0.0625])\n"
      "bias = Multiply-1(kf, s)\n"
      "seen = Select-1(causal, nought, hidden)\nmask = Add-1(seen, bias)");
  ASSERT_TRUE(sloped);
  EXPECT_EQ(sloped->slopes, (std::vector<float>{0.5f, 0.25f, 0.125f, 0.0625f}));
}

// Biases that are rounded to bf16, as Falcon's are, are no slopes far out.
TEST(MaskSense, RoundedSlopesAreNone) {
  EXPECT_FALSE(
      sense("kf = Convert-1(k, destination_type=bf16)\nkr = Convert-1(kf, destination_type=f32)\n"
            "s: f32[1,4,1,1] = Constant(value=[0.5,0.25,0.125,0.0625])\n"
            "bias = Multiply-1(kr, s)\n"
            "seen = Select-1(causal, nought, hidden)\nmask = Add-1(seen, bias)"));
}

// Blocks of 8 are a window of none, a shift by one is not causal, and a limit that no test of small
// lengths would meet is met because the mask names it.
TEST(MaskSense, OfSomethingElseIsNone) {
  for (const char* said :
       {"mask = Less-1(k, q)", "mask = GreaterEqual-1(k, q)",
        "w: i64[] = Constant(value=[8])\nkb = Divide-1(k, w)\nqb = Divide-1(q, w)\n"
        "same = Equal-1(kb, qb)\nmask = LogicalAnd-1(causal, same)",
        "w: i64[] = Constant(value=[3000])\nfar = Less-1(k, w)\nmask = LogicalAnd-1(causal, far)",
        "w: i64[] = Constant(value=[100000])\nfar = Less-1(k, w)\nmask = LogicalAnd-1(causal, far)",
        "kf = Convert-1(k, destination_type=f32)\nsq = Multiply-1(kf, kf)\n"
        "mask = Select-1(causal, sq, hidden)"})
    EXPECT_FALSE(sense(said)) << said;
}

// q, k and v of one token and a cache; what is said of the mask decides.
std::string attention(const std::string& mask) {
  return R"(graph "states"
q: f32[?,4,?,8] = Parameter()
k: f32[?,2,?,8] = Parameter()
ids: i64[?,?] = Parameter()
pk: f32[?,2,?,8] = ReadValue-6(variable_id="k", variable_type=f32, variable_shape=[?,2,?,8])
pv: f32[?,2,?,8] = ReadValue-6(variable_id="v", variable_type=f32, variable_shape=[?,2,?,8])
)" + mask +
         R"(
y = vireo.CachedAttention(q, k, k, pk, pv, )" +
         (mask.empty() ? "scale=0.5)" : "mask, scale=0.5, has_mask=true)") +
         R"(
ak = Assign-6(y:1, variable_id="k")
av = Assign-6(y:2, variable_id="v")
)"
         "return y\n";
}

size_t paged(const std::string& text) {
  const auto g = graph_from_text(text, builtin_ops());
  page_states(*g);
  size_t count = 0;
  for (NodeId id : g->order()) count += (*g)[id].is("vireo.PagedAttention");
  if (count) {
    EXPECT_TRUE(g->sinks.empty());
  }
  return count;
}

TEST(PageStates, TakesCachesThatNobodyElseReads) {
  EXPECT_EQ(paged(attention("")), 1u);
  EXPECT_EQ(paged(attention("mask: f32[?,1,?,?] = Parameter()")), 0u);
}

}  // namespace
}  // namespace vireo::passes

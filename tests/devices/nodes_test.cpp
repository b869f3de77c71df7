// Every node executor against the reference device, on small graphs of one or a few nodes.
#include "devices/device_test.h"

namespace vireo::test {
namespace {

struct Case {
  const char* name;
  std::vector<const char*> shapes;  // of f32 parameters a, b, c ... as declared
  std::vector<Shape> inputs;        // what they are given
  const char* body;
  double tolerance = 1e-5;
};

std::string graph_of(const Case& c) {
  std::string text = "graph \"case\"\n";
  for (size_t i = 0; i < c.shapes.size(); ++i)
    text += std::string(1, char('a' + i)) + ": f32" + c.shapes[i] + " = Parameter()\n";
  // "%w NAME SHAPE %" is a constant of small values.
  std::string body = c.body;
  if (body.compare(0, 3, "%w ") == 0) {
    const size_t end = body.find(" %", 3);
    const std::string name = body.substr(3, 1), shape = body.substr(5, end - 5);
    text += name + ": f32[" + shape + "] = Constant(value=[";
    const size_t count = shape_size(PartialShape("[" + shape + "]").to_shape());
    for (size_t i = 0; i < count; ++i) text += (i ? "," : "") + std::to_string(int(i * 7 % 11) - 5);
    text += "])\n";
    body = body.substr(end + 2);
  }
  return text + body;
}

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class Nodes : public testing::TestWithParam<Case> {};

TEST_P(Nodes, AgreeWithTheReference) {
  const Case& c = GetParam();
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i)
    inputs.push_back(random_f32(c.inputs[i], uint32_t(7 + i)));
  expect_as_reference(graph_of(c), inputs, c.tolerance);
}

const Case kCases[] = {
    {"matmul", {"[3,5]", "[5,4]"}, {{3, 5}, {5, 4}}, "y: f32[3,4] = MatMul-1(a, b)\nreturn y\n"},
    {"matmul_vector", {"[5]", "[5,4]"}, {{5}, {5, 4}}, "y: f32[4] = MatMul-1(a, b)\nreturn y\n"},
    {"matmul_transposed",
     {"[5,3]", "[4,5]"},
     {{5, 3}, {4, 5}},
     "y: f32[3,4] = MatMul-1(a, b, transpose_a=true, transpose_b=true)\nreturn y\n"},
    {"matmul_batches",
     {"[2,1,3,5]", "[4,5,6]"},
     {{2, 1, 3, 5}, {4, 5, 6}},
     "y: f32[2,4,3,6] = MatMul-1(a, b)\nreturn y\n"},
    {"matmul_tall",
     {"[?,3,5]", "[5,4]"},
     {{7, 3, 5}, {5, 4}},
     "y: f32[?,3,4] = MatMul-1(a, b)\nreturn y\n"},
    {"matmul_constant",
     {"[?,2]"},
     {{3, 2}},
     "w: f32[2,3] = Constant(value=[1,2,3,4,5,6])\ny: f32[?,3] = MatMul-1(a, w)\nz: f32[?,3] = "
     "Relu-1(y)\nreturn z\n"},
    {"chain",
     {"[4,?]", "[4,?]"},
     {{4, 37}, {4, 37}},
     "s: f32[4,?] = Add-1(a, b)\nt: f32[4,?] = Sigmoid-1(s)\nu: f32[4,?] = Multiply-1(s, t)\nv: "
     "f32[4,?] = Exp-1(u)\nreturn v\n"},
    {"chain_broadcast",
     {"[4,1]", "[1,9]"},
     {{4, 1}, {1, 9}},
     "s: f32[4,9] = Subtract-1(a, b)\nt: f32[4,9] = Multiply-1(s, s)\nk: f32[] = "
     "Constant(value=[2])\n"
     "u: f32[4,9] = Add-1(t, k)\nv: f32[4,9] = Sqrt-1(u)\nreturn v, t\n"},
    {"select",
     {"[6]", "[6]"},
     {{6}, {6}},
     "m: boolean[6] = Less-1(a, b)\ny: f32[6] = Select-1(m, a, b)\nreturn y\n"},
    {"compare_output", {"[6]", "[6]"}, {{6}, {6}}, "m: boolean[6] = Greater-1(a, b)\nreturn m\n"},
    {"transpose",
     {"[2,3,4]"},
     {{2, 3, 4}},
     "o: i64[3] = Constant(value=[2,0,1])\ny: f32[4,2,3] = Transpose-1(a, o)\nreturn y\n"},
    {"softmax_middle",
     {"[2,3,4]"},
     {{2, 3, 4}},
     "y: f32[2,3,4] = Softmax-8(a, axis=1)\nreturn y\n"},
    {"reduce_two_runs",
     {"[2,3,4,5]"},
     {{2, 3, 4, 5}},
     "x: i64[2] = Constant(value=[0,2])\ny: f32[3,5] = ReduceMean-1(a, x, keep_dims=false)\nreturn "
     "y\n"},
    {"reduce_l2",
     {"[2,3,4]"},
     {{2, 3, 4}},
     "x: i64[1] = Constant(value=[-1])\ny: f32[2,3,1] = ReduceL2-4(a, x, keep_dims=true)\nreturn "
     "y\n"},
    {"concat_axis0",
     {"[2,3]", "[1,3]"},
     {{2, 3}, {1, 3}},
     "y: f32[3,3] = Concat-1(a, b, axis=0)\nreturn y\n"},
    {"concat_last",
     {"[2,3]", "[2,?]"},
     {{2, 3}, {2, 5}},
     "y: f32[2,3..] = Concat-1(a, b, axis=-1)\nz: f32[2,3..] = Relu-1(y)\nreturn z\n"},
    {"split",
     {"[2,6]"},
     {{2, 6}},
     "x: i64[] = Constant(value=[1])\ns: f32[2,3], f32[2,3] = Split-1(a, x, num_splits=2)\nu: "
     "f32[2,3] = Add-1(s, s:1)\nreturn u, s\n"},
    {"slice_reversed",
     {"[5,4]"},
     {{5, 4}},
     "b: i64[2] = Constant(value=[-1,0])\ne: i64[2] = Constant(value=[-6,3])\ns: i64[2] = "
     "Constant(value=[-2,1])\n"
     "y: f32[3,3] = Slice-8(a, b, e, s)\nreturn y\n"},
    {"slice_view",
     {"[5,4]"},
     {{5, 4}},
     "b: i64[1] = Constant(value=[2])\ne: i64[1] = Constant(value=[4])\ns: i64[1] = "
     "Constant(value=[1])\n"
     "y: f32[2,4] = Slice-8(a, b, e, s)\nz: f32[2,4] = Abs-1(y)\nreturn z, y\n"},
    {"gather",
     {"[5,4]"},
     {{5, 4}},
     "i: i64[3] = Constant(value=[4,0,-1])\nx: i64[] = Constant(value=[0])\ny: f32[3,4] = "
     "Gather-8(a, i, x)\nreturn y\n"},
    {"pad_reflect",
     {"[3,4]"},
     {{3, 4}},
     "b: i64[2] = Constant(value=[1,2])\ne: i64[2] = Constant(value=[0,1])\ny: f32[4,7] = Pad-1(a, "
     "b, e, pad_mode=\"reflect\")\nreturn y\n"},
    {"broadcast",
     {"[3,1]"},
     {{3, 1}},
     "s: i64[3] = Constant(value=[2,3,4])\ny: f32[2,3,4] = Broadcast-3(a, s)\nreturn y\n"},
    {"tile",
     {"[2,3]"},
     {{2, 3}},
     "r: i64[3] = Constant(value=[2,1,2])\ny: f32[2,2,6] = Tile-1(a, r)\nreturn y\n"},
    {"reshape_of_shape",
     {"[?,?]"},
     {{3, 4}},
     "s: i64[2] = ShapeOf-3(a)\ni: i64[2] = Constant(value=[1,0])\nx: i64[] = "
     "Constant(value=[0])\nr: i64[2] = Gather-8(s, i, x)\n"
     "y: f32[?,?] = Reshape-1(a, r, special_zero=false)\nz: f32[?,?] = Abs-1(y)\nreturn z\n"},
    {"conv",
     {"[2,?,8,5]"},
     {{2, 9, 8, 5}},
     "%w w 7,3,3,5 %k: f32[7] = Constant(value=[1,2,3,4,5,6,7])\n"
     "y: f32[2,?,4,7] = vireo.Conv(a, w, k, strides=[2,2], dilations=[1,1], pads_begin=[1,1], "
     "pads_end=[1,1], groups=1, has_bias=true, "
     "activation=\"relu\")\nreturn y\n"},
    {"fake_quantize",
     {"[3,8]", "[]", "[]", "[8]", "[8]"},
     {{3, 8}, {}, {}, {8}, {8}},
     "y: f32[3,8] = FakeQuantize-1(a, b, c, d, e, levels=5)\nreturn y\n"},
    {"conv_planar",
     {"[2,3,?,7]"},
     {{2, 3, 9, 7}},
     "%w w 7,3,3,3 %y: f32[2,?,4,7] = vireo.Conv(a, w, strides=[2,2], dilations=[1,1], "
     "pads_begin=[1,1], pads_end=[1,1], groups=1, planar=true, activation=\"relu\")\nreturn y\n"},
    {"conv_1x1_residual",
     {"[1,4,4,6]", "[1,4,4,6]"},
     {{1, 4, 4, 6}, {1, 4, 4, 6}},
     "%w w 6,1,1,6 %y: f32[1,4,4,6] = vireo.Conv(a, w, b, strides=[1,1], dilations=[1,1], "
     "pads_begin=[0,0], pads_end=[0,0], groups=1, "
     "has_residual=true, activation=\"swish\", alpha=1)\nreturn y\n"},
    {"conv_groups",
     {"[1,6,6,4]"},
     {{1, 6, 6, 4}},
     "%w w 6,3,3,2 %y: f32[1,4,4,6] = vireo.Conv(a, w, strides=[1,1], dilations=[1,1], "
     "pads_begin=[0,0], pads_end=[0,0], groups=2)\n"
     "return y\n"},
    {"conv_depthwise",
     {"[1,6,7,5]"},
     {{1, 6, 7, 5}},
     "%w w 5,3,3,1 %y: f32[1,6,7,5] = vireo.Conv(a, w, strides=[1,1], dilations=[1,1], "
     "pads_begin=[1,1], pads_end=[1,1], groups=5, "
     "activation=\"clamp\", alpha=0, beta=6)\nreturn y\n"},
    {"conv_transposed",
     {"[1,4,5,3]"},
     {{1, 4, 5, 3}},
     "%w w 4,2,2,3 %y: f32[1,8,10,4] = vireo.ConvTranspose(a, w, strides=[2,2], dilations=[1,1], "
     "pads_begin=[0,0], pads_end=[0,0], "
     "groups=1, output_padding=[0,0])\nreturn y\n"},
    {"conv_transposed_with_all",
     {"[2,4,5,3]", "[2,8,15,4]"},
     {{2, 4, 5, 3}, {2, 8, 15, 4}},
     "%w w 4,2,3,3 %k: f32[4] = Constant(value=[1,-2,3,-4])\n"
     "y: f32[2,8,15,4] = vireo.ConvTranspose(a, w, k, b, strides=[2,3], dilations=[1,1], "
     "pads_begin=[0,0], pads_end=[0,0], groups=1, output_padding=[0,0], has_bias=true, "
     "has_residual=true, activation=\"sigmoid\")\nreturn y\n"},
    {"conv_transposed_to_one_channel",
     {"[1,4,17,3]"},
     {{1, 4, 17, 3}},
     "%w w 1,2,2,3 %y: f32[1,8,34,1] = vireo.ConvTranspose(a, w, strides=[2,2], dilations=[1,1], "
     "pads_begin=[0,0], pads_end=[0,0], groups=1, output_padding=[0,0], activation=\"sigmoid\")\n"
     "return y\n"},
    {"conv_transposed_overlapping",
     {"[1,4,5,3]"},
     {{1, 4, 5, 3}},
     "%w w 4,3,3,3 %y: f32[1,8,10,4] = vireo.ConvTranspose(a, w, strides=[2,2], dilations=[1,1], "
     "pads_begin=[1,1], pads_end=[1,1], groups=1, output_padding=[1,1])\nreturn y\n"},
    {"conv_of_small_groups",
     {"[1,6,7,20]"},
     {{1, 6, 7, 20}},
     "%w w 20,3,3,4 %y: f32[1,6,7,20] = vireo.Conv(a, w, strides=[1,1], dilations=[1,1], "
     "pads_begin=[1,1], pads_end=[1,1], groups=5, activation=\"relu\")\nreturn y\n"},
    {"concat_of_convs",
     {"[1,4,4,6]"},
     {{1, 4, 4, 6}},
     "%w w 6,1,1,6 %p: f32[1,4,4,6] = vireo.Conv(a, w, strides=[1,1], dilations=[1,1], "
     "pads_begin=[0,0], pads_end=[0,0], groups=1)\n"
     "q: f32[1,4,4,6] = vireo.Conv(p, w, strides=[1,1], dilations=[1,1], pads_begin=[0,0], "
     "pads_end=[0,0], groups=1)\n"
     "r: f32[1,4,4,6] = vireo.Conv(a, w, strides=[1,1], dilations=[1,1], pads_begin=[0,0], "
     "pads_end=[0,0], groups=1, activation=\"relu\")\n"
     "s: f32[1,4,4,6] = vireo.MaxPool(a, kernel=[3,3], strides=[1,1], dilations=[1,1], "
     "pads_begin=[1,1], pads_end=[1,1])\n"
     "c: f32[1,4,4,24] = Concat-1(p, q, r, s, axis=3)\nt: f32[1,4,4,24] = Relu-1(c)\nreturn t\n"},
    {"max_pool",
     {"[1,7,6,3]"},
     {{1, 7, 6, 3}},
     "y: f32[1,4,3,3] = vireo.MaxPool(a, kernel=[3,2], strides=[2,2], dilations=[1,1], "
     "pads_begin=[1,0], pads_end=[1,0])\nreturn y\n"},
    {"avg_pool",
     {"[1,7,6,3]"},
     {{1, 7, 6, 3}},
     "y: f32[1,4,3,3] = vireo.AvgPool(a, kernel=[3,2], strides=[2,2], dilations=[1,1], "
     "pads_begin=[1,0], pads_end=[1,0], "
     "exclude_pad=false)\nreturn y\n"},
    {"fused_matmul",
     {"[?,6]", "[?,4]"},
     {{5, 6}, {5, 4}},
     "%w w 4,6 %k: f32[4] = Constant(value=[1,-2,3,-4])\n"
     "y: f32[?,4] = vireo.MatMul(a, w, k, b, transpose_b=true, has_bias=true, has_residual=true, "
     "activation=\"gelu\")\nreturn y\n"},
    {"layer_norm",
     {"[3,8]", "[8]", "[8]", "[3,8]"},
     {{3, 8}, {8}, {8}, {3, 8}},
     "y: f32[3,8] = vireo.LayerNorm(a, b, c, d, axes=1, eps=1e-5, has_scale=true, has_shift=true, "
     "has_residual=true)\nreturn y\n"},
    {"rms_norm",
     {"[3,8]", "[8]"},
     {{3, 8}, {8}},
     "y: f32[3,8] = vireo.RmsNorm(a, b, eps=1e-6, has_scale=true)\nreturn y\n"},
    {"attention",
     {"[2,5,3,4]", "[2,7,3,4]", "[2,7,3,6]", "[2,1,5,7]"},
     {{2, 5, 3, 4}, {2, 7, 3, 4}, {2, 7, 3, 6}, {2, 1, 5, 7}},
     "y: f32[2,5,3,6] = vireo.Attention(a, b, c, d, scale=0.5, has_mask=true, "
     "layout=\"bshd\")\nreturn y\n"},
    {"mvn",
     {"[2,3,4]"},
     {{2, 3, 4}},
     "x: i64[2] = Constant(value=[1,2])\ny: f32[2,3,4] = MVN-6(a, x, eps=1e-6, "
     "normalize_variance=true, eps_mode=\"INSIDE_SQRT\")\nreturn y\n"},
    {"resize_linear",
     {"[1,4,5,3]"},
     {{1, 4, 5, 3}},
     "s: i64[2] = Constant(value=[8,7])\nx: i64[2] = Constant(value=[1,2])\n"
     "y: f32[1,8,7,3] = Interpolate-11(a, s, x, mode=\"linear_onnx\", "
     "shape_calculation_mode=\"sizes\")\nreturn y\n"},
    {"resize_nearest_planar",
     {"[1,3,4,5]"},
     {{1, 3, 4, 5}},
     "s: f32[2] = Constant(value=[2,2])\nx: i64[2] = Constant(value=[2,3])\n"
     "y: f32[1,3,8,10] = Interpolate-11(a, s, x, mode=\"nearest\", "
     "shape_calculation_mode=\"scales\", "
     "coordinate_transformation_mode=\"asymmetric\", nearest_mode=\"floor\")\nreturn y\n"},
    {"integers",
     {"[6]"},
     {{6}},
     "i: i64[6] = Convert-1(a, destination_type=\"i64\")\nj: i64[6] = Add-1(i, i)\nm: boolean[6] = "
     "Greater-1(j, i)\n"
     "y: i64[6] = Select-1(m, i, j)\nreturn y, m\n"},
    {"passes_through", {"[2,3]"}, {{2, 3}}, "k: f32[2] = Constant(value=[1,2])\nreturn a, k, a\n"},
    {"attention_packed",
     {"[2,5,3,2,8]", "[5,5]"},
     {{2, 5, 3, 2, 8}, {5, 5}},
     "y = vireo.Attention(a, b, scale=0.5, has_mask=true, layout=\"bshd\", packed=true)\nreturn "
     "y\n"},
    {"attention_of_a_mask_that_broadcasts_the_queries",
     {"[?,2,?,8]", "[1,2,5,8]", "[?,1,?,5]"},
     {{1, 2, 1, 8}, {1, 2, 5, 8}, {3, 1, 4, 5}},
     "y = vireo.Attention(a, b, b, c, scale=0.5, has_mask=true)\nreturn y\n"},
    {"attention_public",
     {"[...]", "[...]", "[...]"},
     {{2, 4, 3, 8}, {2, 4, 5, 8}, {5}},
     "y = ScaledDotProductAttention-13(a, b, b, c, causal=false)\nreturn y\n"},
    {"rope", {"[2,3,?,8]", "[?,8]"}, {{2, 3, 5, 8}, {5, 8}}, "y = vireo.Rope(a, b, b)\nreturn y\n"},
    {"rope_interleaved",
     {"[2,5,3,6]", "[2,5,1,6]", "[1,6]"},
     {{2, 5, 3, 6}, {2, 5, 1, 6}, {1, 6}},
     "y = vireo.Rope(a, b, c, interleaved=true)\nreturn y, a\n"},
    {"rope_of_factors_that_broadcast_it",
     {"[?,6]", "[?,6]"},
     {{1, 6}, {4, 6}},
     "y = vireo.Rope(a, b, b)\nreturn y\n"},
    {"cached_attention",
     {"[2,3,4,8]", "[2,3,2,8]", "[3,2,?,8]", "[1,1,1,?]"},
     {{2, 3, 4, 8}, {2, 3, 2, 8}, {3, 2, 5, 8}, {1, 1, 1, 8}},
     "i: i32[2] = Constant(value=[2,0])\n"
     "y = vireo.CachedAttention(a, b, b, c, c, i, d, scale=0.5, layout=\"bshd\", has_beam=true, "
     "has_mask=true)\nreturn y, y:1, y:2\n"},
    {"cached_attention_of_an_empty_cache",
     {"[1,2,3,8]", "[1,2,3,8]", "[1,2,?,8]"},
     {{1, 2, 3, 8}, {1, 2, 3, 8}, {1, 2, 0, 8}},
     "y = vireo.CachedAttention(a, b, b, c, c, scale=0.5)\nreturn y, y:1\n"},
};

INSTANTIATE_TEST_SUITE_P(All, Nodes, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace vireo::test

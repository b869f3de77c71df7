// Every node executor against the reference device, on small graphs of one or a few nodes.
#include "devices/device_test.h"

namespace vireo::test {
namespace {

struct Case {
  const char* name;
  std::vector<const char*> shapes;     // of f32 parameters a, b, c ... as declared
  std::vector<Shape> inputs;           // what they are given
  const char* body;
  double tolerance = 1e-5;
};

std::string graph_of(const Case& c) {
  std::string text = "graph \"case\"\n";
  for (size_t i = 0; i < c.shapes.size(); ++i) text += std::string(1, char('a' + i)) + ": f32" + c.shapes[i] + " = Parameter()\n";
  return text + c.body;
}

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class Nodes : public testing::TestWithParam<Case> {};

TEST_P(Nodes, AgreeWithTheReference) {
  const Case& c = GetParam();
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i) inputs.push_back(random_f32(c.inputs[i], uint32_t(7 + i)));
  expect_as_reference(graph_of(c), inputs, c.tolerance);
}

const Case kCases[] = {
    {"matmul", {"[3,5]", "[5,4]"}, {{3, 5}, {5, 4}}, "y: f32[3,4] = MatMul-1(a, b)\nreturn y\n"},
    {"matmul_vector", {"[5]", "[5,4]"}, {{5}, {5, 4}}, "y: f32[4] = MatMul-1(a, b)\nreturn y\n"},
    {"matmul_transposed", {"[5,3]", "[4,5]"}, {{5, 3}, {4, 5}},
     "y: f32[3,4] = MatMul-1(a, b, transpose_a=true, transpose_b=true)\nreturn y\n"},
    {"matmul_batches", {"[2,1,3,5]", "[4,5,6]"}, {{2, 1, 3, 5}, {4, 5, 6}}, "y: f32[2,4,3,6] = MatMul-1(a, b)\nreturn y\n"},
    {"matmul_tall", {"[?,3,5]", "[5,4]"}, {{7, 3, 5}, {5, 4}}, "y: f32[?,3,4] = MatMul-1(a, b)\nreturn y\n"},
    {"matmul_constant", {"[?,2]"}, {{3, 2}},
     "w: f32[2,3] = Constant(value=[1,2,3,4,5,6])\ny: f32[?,3] = MatMul-1(a, w)\nz: f32[?,3] = Relu-1(y)\nreturn z\n"},
    {"chain", {"[4,?]", "[4,?]"}, {{4, 37}, {4, 37}},
     "s: f32[4,?] = Add-1(a, b)\nt: f32[4,?] = Sigmoid-1(s)\nu: f32[4,?] = Multiply-1(s, t)\nv: f32[4,?] = Exp-1(u)\nreturn v\n"},
    {"chain_broadcast", {"[4,1]", "[1,9]"}, {{4, 1}, {1, 9}},
     "s: f32[4,9] = Subtract-1(a, b)\nt: f32[4,9] = Multiply-1(s, s)\nk: f32[] = Constant(value=[2])\n"
     "u: f32[4,9] = Add-1(t, k)\nv: f32[4,9] = Sqrt-1(u)\nreturn v, t\n"},
    {"select", {"[6]", "[6]"}, {{6}, {6}}, "m: boolean[6] = Less-1(a, b)\ny: f32[6] = Select-1(m, a, b)\nreturn y\n"},
    {"compare_output", {"[6]", "[6]"}, {{6}, {6}}, "m: boolean[6] = Greater-1(a, b)\nreturn m\n"},
    {"transpose", {"[2,3,4]"}, {{2, 3, 4}},
     "o: i64[3] = Constant(value=[2,0,1])\ny: f32[4,2,3] = Transpose-1(a, o)\nreturn y\n"},
    {"softmax_middle", {"[2,3,4]"}, {{2, 3, 4}}, "y: f32[2,3,4] = Softmax-8(a, axis=1)\nreturn y\n"},
    {"reduce_two_runs", {"[2,3,4,5]"}, {{2, 3, 4, 5}},
     "x: i64[2] = Constant(value=[0,2])\ny: f32[3,5] = ReduceMean-1(a, x, keep_dims=false)\nreturn y\n"},
    {"reduce_l2", {"[2,3,4]"}, {{2, 3, 4}},
     "x: i64[1] = Constant(value=[-1])\ny: f32[2,3,1] = ReduceL2-4(a, x, keep_dims=true)\nreturn y\n"},
    {"concat_axis0", {"[2,3]", "[1,3]"}, {{2, 3}, {1, 3}}, "y: f32[3,3] = Concat-1(a, b, axis=0)\nreturn y\n"},
    {"concat_last", {"[2,3]", "[2,?]"}, {{2, 3}, {2, 5}}, "y: f32[2,3..] = Concat-1(a, b, axis=-1)\nz: f32[2,3..] = Relu-1(y)\nreturn z\n"},
    {"split", {"[2,6]"}, {{2, 6}},
     "x: i64[] = Constant(value=[1])\ny: f32[2,3], z: f32[2,3] = Split-1(a, x, num_splits=2)\nu: f32[2,3] = Add-1(y, z)\nreturn u, y\n"},
    {"slice_reversed", {"[5,4]"}, {{5, 4}},
     "b: i64[2] = Constant(value=[-1,0])\ne: i64[2] = Constant(value=[-6,3])\ns: i64[2] = Constant(value=[-2,1])\n"
     "y: f32[3,3] = Slice-8(a, b, e, s)\nreturn y\n"},
    {"slice_view", {"[5,4]"}, {{5, 4}},
     "b: i64[1] = Constant(value=[2])\ne: i64[1] = Constant(value=[4])\ns: i64[1] = Constant(value=[1])\n"
     "y: f32[2,4] = Slice-8(a, b, e, s)\nz: f32[2,4] = Abs-1(y)\nreturn z, y\n"},
    {"gather", {"[5,4]"}, {{5, 4}},
     "i: i64[3] = Constant(value=[4,0,-1])\nx: i64[] = Constant(value=[0])\ny: f32[3,4] = Gather-8(a, i, x)\nreturn y\n"},
    {"pad_reflect", {"[3,4]"}, {{3, 4}},
     "b: i64[2] = Constant(value=[1,2])\ne: i64[2] = Constant(value=[0,1])\ny: f32[4,7] = Pad-1(a, b, e, pad_mode=\"reflect\")\nreturn y\n"},
    {"broadcast", {"[3,1]"}, {{3, 1}},
     "s: i64[3] = Constant(value=[2,3,4])\ny: f32[2,3,4] = Broadcast-3(a, s)\nreturn y\n"},
    {"tile", {"[2,3]"}, {{2, 3}}, "r: i64[3] = Constant(value=[2,1,2])\ny: f32[2,2,6] = Tile-1(a, r)\nreturn y\n"},
    {"reshape_of_shape", {"[?,?]"}, {{3, 4}},
     "s: i64[2] = ShapeOf-3(a)\ni: i64[2] = Constant(value=[1,0])\nx: i64[] = Constant(value=[0])\nr: i64[2] = Gather-8(s, i, x)\n"
     "y: f32[?,?] = Reshape-1(a, r, special_zero=false)\nz: f32[?,?] = Abs-1(y)\nreturn z\n"},
    {"passes_through", {"[2,3]"}, {{2, 3}}, "k: f32[2] = Constant(value=[1,2])\nreturn a, k, a\n"},
};

INSTANTIATE_TEST_SUITE_P(All, Nodes, testing::ValuesIn(kCases), [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace vireo::test

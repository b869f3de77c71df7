// Recurrent layers, and the operators that move by index, sort, scan and divide integers: as on the
// reference device, and by a kernel.
#include "devices/device_test.h"

namespace vireo::test {
namespace {

struct Case {
  const char* name;
  std::vector<const char*> shapes;  // of f32 parameters a, b, c ...
  std::vector<Shape> inputs;
  std::string body;  // ends with return
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class IndexNodes : public testing::TestWithParam<Case> {};

TEST_P(IndexNodes, RunOnKernelsAndAgreeWithTheReference) {
  const Case& c = GetParam();
  std::string text = "graph \"case\"\n";
  for (size_t i = 0; i < c.shapes.size(); ++i)
    text += std::string(1, char('a' + i)) + ": f32" + c.shapes[i] + " = Parameter()\n";
  text += c.body;
  std::vector<Tensor> inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i)
    inputs.push_back(random_f32(c.inputs[i], uint32_t(7 + i)));
  expect_as_reference(text, inputs);

  auto device = cpu::make_device();
  CompileConfig config;
  config.threads = 2;
  config.perf_count = true;
  auto request = device->compile(*graph_from_text(text, builtin_ops()), config)->create();
  for (size_t i = 0; i < inputs.size(); ++i) request->set_input(i, inputs[i]);
  request->run();
  for (const ProfileEntry& step : request->profile()) {
    EXPECT_NE(step.exec_type, "evaluate") << step.node << ": " << step.refused;
    EXPECT_NE(step.exec_type.substr(0, 5), "host ") << step.node << ": " << step.refused;
  }
}

// "name: f32[shape] = Constant" of small values.
std::string constant(const std::string& name, const std::string& shape) {
  const size_t count = shape_size(PartialShape("[" + shape + "]").to_shape());
  std::string text = name + ": f32[" + shape + "] = Constant(value=[";
  for (size_t i = 0; i < count; ++i)
    text += (i ? "," : "") + std::to_string((int(i * 7 % 11) - 5) / 8.0);
  return text + "])\n";
}

// Indices -n ... n from a parameter in [-1, 1].
std::string indices(const char* name, const char* from, const char* shape, int n,
                    const char* type = "i64") {
  return fmt::format(
      "{0}_n: f32[] = Constant(value=[{3}])\n{0}_f: f32[{2}] = Multiply-1({1}, "
      "{0}_n)\n{0}: {4}[{2}] = Convert-1({0}_f, destination_type=\"{4}\")\n",
      name, from, shape, n, type);
}

std::string weights(int directions, int gates, int input, int hidden, int biases) {
  const std::string d = std::to_string(directions), g = std::to_string(gates * hidden);
  return constant("w", fmt::format("{},{},{}", d, g, input)) +
         constant("r", fmt::format("{},{},{}", d, g, hidden)) +
         constant("k", fmt::format("{},{}", d, biases * hidden));
}

const Case kCases[] = {
    {"lstm_bidirectional",
     {"[2,3,4]", "[2,2,5]", "[2,2,5]"},
     {{2, 3, 4}, {2, 2, 5}, {2, 2, 5}},
     weights(2, 4, 4, 5, 4) +
         "n: i32[2] = Constant(value=[3,3])\n"
         "y: f32[2,2,3,5], f32[2,2,5], f32[2,2,5] = LSTMSequence-5(a, b, c, n, w, r, k, "
         "hidden_size=5, direction=\"bidirectional\")\nreturn y, y:1, y:2\n"},
    {"lstm_lengths_given",
     {"[3,4,4]", "[3,1,5]", "[3,1,5]", "[3]"},
     {{3, 4, 4}, {3, 1, 5}, {3, 1, 5}, {3}},
     weights(1, 4, 4, 5, 4) + indices("n", "d", "3", 5, "i32") +
         "y: f32[3,1,4,5], f32[3,1,5], f32[3,1,5] = LSTMSequence-5(a, b, c, n, w, r, k, "
         "hidden_size=5, direction=\"reverse\")\nreturn y, y:1, y:2\n"},
    {"gru_sequence",
     {"[2,3,4]", "[2,2,5]"},
     {{2, 3, 4}, {2, 2, 5}},
     weights(2, 3, 4, 5, 3) +
         "n: i64[2] = Constant(value=[3,1])\n"
         "y: f32[2,2,3,5], f32[2,2,5] = GRUSequence-5(a, b, n, w, r, k, hidden_size=5, "
         "direction=\"bidirectional\", clip=0.75)\nreturn y, y:1\n"},
    {"gru_linear_sequence",
     {"[2,3,4]", "[2,2,5]"},
     {{2, 3, 4}, {2, 2, 5}},
     weights(2, 3, 4, 5, 4) +
         "n: i64[2] = Constant(value=[3,3])\n"
         "y: f32[2,2,3,5], f32[2,2,5] = GRUSequence-5(a, b, n, w, r, k, hidden_size=5, "
         "direction=\"bidirectional\", linear_before_reset=true)\nreturn y, y:1\n"},
    {"rnn_sequence",
     {"[2,3,4]", "[2,1,5]"},
     {{2, 3, 4}, {2, 1, 5}},
     weights(1, 1, 4, 5, 1) +
         "n: i64[2] = Constant(value=[3,3])\n"
         "y: f32[2,1,3,5], f32[2,1,5] = RNNSequence-5(a, b, n, w, r, k, hidden_size=5, "
         "activations=[\"leakyrelu\"], activations_alpha=[0.25])\nreturn y, y:1\n"},
    {"gru_cell_without_bias",
     {"[2,4]", "[2,5]"},
     {{2, 4}, {2, 5}},
     constant("w", "15,4") + constant("r", "15,5") +
         "y: f32[2,5] = GRUCell-3(a, b, w, r, hidden_size=5)\nreturn y\n"},
    {"gather_nd",
     {"[2,3,4,5]", "[2,3,2]"},
     {{2, 3, 4, 5}, {2, 3, 2}},
     indices("i", "b", "2,3,2", 2) + "y: f32[2,3,5] = GatherND-8(a, i, batch_dims=1)\nreturn y\n"},
    {"gather_elements",
     {"[3,4,5]", "[3,6,5]"},
     {{3, 4, 5}, {3, 6, 5}},
     indices("i", "b", "3,6,5", 4) + "y: f32[3,6,5] = GatherElements-6(a, i, axis=1)\nreturn y\n"},
    {"scatter_update",
     {"[4,3]", "[5]", "[4,5]"},
     {{4, 3}, {5}, {4, 5}},
     indices("i", "b", "5", 2) +
         "x: i64[] = Constant(value=[1])\ny: f32[4,3] = ScatterUpdate-3(a, i, c, x)\nreturn y\n"},
    {"scatter_elements_over_a_temporary",
     {"[4,3]", "[2,3]", "[2,3]"},
     {{4, 3}, {2, 3}, {2, 3}},
     indices("i", "b", "2,3", 3, "i32") +
         "x: i64[] = Constant(value=[0])\nt: f32[4,3] = Exp-1(a)\n"
         "y: f32[4,3] = ScatterElementsUpdate-12(t, i, c, x)\nreturn y\n"},
    {"scatter_nd",
     {"[4,3,2]", "[5,2]", "[5,2]"},
     {{4, 3, 2}, {5, 2}, {5, 2}},
     indices("i", "b", "5,2", 2) + "y: f32[4,3,2] = ScatterNDUpdate-4(a, i, c)\nreturn y, a\n"},
    {"one_hot",
     {"[2,3]"},
     {{2, 3}},
     indices("i", "a", "2,3", 4) +
         "d: i64[] = Constant(value=[4])\nu: f32[] = Constant(value=[2])\nv: f32[] = "
         "Constant(value=[-1])\n"
         "y: f32[2,4,3] = OneHot-1(i, d, u, v, axis=1)\n"
         "z: f32[2,3,4] = OneHot-16(i, d, u, v, axis=-1, negative_indices_mode=\"normalize\")\n"
         "return y, z\n"},
    {"top_k",
     {"[3,20,2]"},
     {{3, 20, 2}},
     "k: i64[] = Constant(value=[4])\n"
     "y: f32[3,4,2], i32[3,4,2] = TopK-11(a, k, axis=1, mode=\"max\", sort=\"value\")\n"
     "z: f32[3,4,2], i64[3,4,2] = TopK-3(a, k, axis=1, mode=\"min\", sort=\"index\", "
     "index_element_type=\"i64\")\nreturn y, y:1, z, z:1\n"},
    {"cum_sum",
     {"[3,5,2]"},
     {{3, 5, 2}},
     "x: i64[] = Constant(value=[1])\ny: f32[3,5,2] = CumSum-3(a, x, reverse=true)\n"
     "t: f32[3,5,2] = Exp-1(y)\nz: f32[3,5,2] = CumSum-3(t, x, exclusive=true)\nreturn z, y\n"},
    {"reverse",
     {"[3,5,2]"},
     {{3, 5, 2}},
     "x: i64[2] = Constant(value=[0,-1])\ny: f32[3,5,2] = Reverse-1(a, x, "
     "mode=\"index\")\nreturn y\n"},
    {"reverse_sequence",
     {"[3,5,2]"},
     {{3, 5, 2}},
     "n: i32[5] = Constant(value=[3,0,1,2,3])\ny: f32[3,5,2] = ReverseSequence-1(a, n, "
     "batch_axis=1, seq_axis=0)\nreturn y\n"},
    {"broadcast_explicit",
     {"[3,2]"},
     {{3, 2}},
     "s: i64[4] = Constant(value=[3,4,2,5])\nx: i64[2] = Constant(value=[0,2])\n"
     "y: f32[3,4,2,5] = Broadcast-3(a, s, x, mode=\"explicit\")\nreturn y\n"},
    {"integer_division",
     {"[6]"},
     {{6}},
     indices("i", "a", "6", 9) +
         "k: i64[3] = Constant(value=[3,-2,-1])\ns: i64[2] = Constant(value=[2,3])\n"
         "l: i64[2,3] = Reshape-1(i, s)\n"
         "x: i64[2,3] = Divide-1(l, k)\ny: i64[2,3] = Mod-1(l, k)\n"
         "z: i64[2,3] = FloorMod-1(l, k)\nv: i64[2,3] = Divide-1(l, k, m_pythondiv=false)\n"
         "return x, y, z, v\n"},
};

INSTANTIATE_TEST_SUITE_P(All, IndexNodes, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace vireo::test

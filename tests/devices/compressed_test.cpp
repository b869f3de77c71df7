// Products and rows of compressed weights on the CPU, at every tier, against the imported graph
// evaluated in double.
#include "base/arch/isa_text.h"
#include "core/evaluate.h"
#include "devices/device_test.h"
#include "ops/fused/block_format.h"

namespace vireo::test {
namespace {

class Cap {
 public:
  explicit Cap(const char* tier) { set_isa_cap(tier); }
  ~Cap() { set_isa_cap(""); }
};

std::string numbers(size_t count, int low, int high, uint32_t seed) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    text += (i ? "," : "") + std::to_string(low + int((seed >> 8) % uint32_t(high - low + 1)));
  }
  return text;
}
std::string eighths(size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += (i ? "," : "") + std::to_string(double(1 + i % 7) / 8);
  return text;
}

// A product and the rows of the same weights.
std::string graph_of(const std::string& weights) {
  return "graph \"case\"\nx: f32[?,64] = Parameter()\ni: i64[?] = Parameter()\n" + weights +
         "axis: i64[] = Constant(value=[0])\nb: f32[70] = Constant(value=[" + eighths(70) +
         "])\np = MatMul-1(x, d, transpose_b=true)\ny = Add-1(p, b)\nz = Gather-8(d, i, axis, "
         "batch_dims=0)\nreturn y, z\n";
}

std::string codes(const std::string& type, int low, int high, const std::string& zero_type) {
  std::string w =
      "w: " + type + "[70,2,32] = Constant(value=[" + numbers(70 * 64, low, high, 1) + "])\n";
  w += "s: f16[70,2,1] = Constant(value=[" + eighths(140) +
       "])\na = Convert-1(w, destination_type=f16)\n";
  if (!zero_type.empty()) {
    const bool real = zero_type == "f16";
    w += "o: " + zero_type + "[70,2,1] = Constant(value=[" +
         (real ? eighths(140) : numbers(140, low, high, 2)) + "])\n";
    w += real ? "e = Subtract-1(a, o)\n"
              : "q = Convert-1(o, destination_type=f16)\ne = Subtract-1(a, q)\n";
  }
  w += "m = Multiply-1(" + std::string(zero_type.empty() ? "a" : "e") +
       ", s)\nn: i64[2] = Constant(value=[70,64])\n";
  return w + "c = Reshape-1(m, n, special_zero=false)\nd = Convert-1(c, destination_type=f32)\n";
}

void expect_numbers(const std::string& text, const char* what) {
  const auto graph = graph_from_text(text, builtin_ops());
  for (const size_t rows : {size_t(1), size_t(6), size_t(20)}) {
    const std::vector<Tensor> inputs = {random_f32({rows, 64}),
                                        make_tensor<int64_t>(element::i64, {3}, {69, -70, 12})};
    const auto want = evaluate_graph(*graph, inputs);
    for (const char* tier : {"scalar", "avx2", "avx512", "avx512_vnni"}) {
      if ((parse_isa_cap(tier).bits() & ~machine_isa().bits()) != 0) continue;
      SCOPED_TRACE(std::string(what) + " at " + tier);
      const Cap cap(tier);
      const auto device = cpu::make_device();
      const auto compiled = compile_text(*device, text);
      EXPECT_NE(compiled->dump("normalised").find("vireo.CompressedMatMul"), std::string::npos);
      EXPECT_NE(compiled->dump("normalised").find("vireo.CompressedGather"), std::string::npos);
      auto run = compiled->create();
      for (size_t i = 0; i < inputs.size(); ++i) run->set_input(i, inputs[i]);
      run->run();
      for (size_t i = 0; i < want.size(); ++i) expect_close(run->output(i), want[i], 2e-5);
    }
  }
}

TEST(CompressedWeights, Codes) {
  expect_numbers(graph_of(codes("i4", -8, 7, "")), "i4");
  expect_numbers(graph_of(codes("u4", 0, 15, "u4")), "u4");
  expect_numbers(graph_of(codes("i8", -128, 127, "")), "i8");
  expect_numbers(graph_of(codes("i8", -128, 127, "i8")), "i8 with zeros");
  expect_numbers(graph_of(codes("u8", 0, 255, "u8")), "u8");
  expect_numbers(graph_of(codes("u8", 0, 15, "f16")), "u8 with zeros that are no codes");
  expect_numbers(graph_of(codes("nf4", -1, 1, "")), "nf4");
  expect_numbers(graph_of(codes("f4e2m1", -6, 6, "")), "f4e2m1");
}

TEST(CompressedWeights, Blocks) {
  for (size_t f = 0; f < ops::kBlockFormats; ++f) {
    const ops::BlockLayout& layout = ops::layout_of(ops::BlockFormat(f));
    // Rows of 256 so that every format has whole blocks. The bytes where a format has its f16
    // scales are small numbers.
    const size_t bytes = 256 / layout.elements * layout.bytes;
    Tensor blocks(element::u8, {70, bytes});
    auto* p = static_cast<uint8_t*>(blocks.data());
    uint32_t seed = 7;
    for (size_t i = 0; i < blocks.get_size(); ++i) {
      seed = seed * 1664525u + 1013904223u;
      p[i] = uint8_t(seed >> 24 & 0x3b);
    }
    Graph graph;
    const OutputRef x = graph.add_parameter(element::f32, PartialShape{Dimension(), 256}, "x");
    const OutputRef i = graph.add_parameter(element::i64, PartialShape{Dimension()}, "i");
    const OutputRef table = graph.add_constant(blocks);
    const OutputRef d =
        graph.add(ops::block_dequantise_0, ops::BlockDequantise{ops::BlockFormat(f)}, {table});
    graph.add_result(
        {add_op(graph, "MatMul", 1, {x, d}, {{"transpose_a", false}, {"transpose_b", true}}), 0});
    graph.add_result(
        {add_op(graph, "Gather", 8, {d, i, graph.add_constant(make_i64_scalar(0))}), 0});
    const std::vector<Tensor> inputs = {random_f32({3, 256}),
                                        make_tensor<int64_t>(element::i64, {2}, {69, 1})};
    const auto want = evaluate_graph(graph, inputs);
    for (const char* tier : {"scalar", "avx2", "avx512", "avx512_vnni"}) {
      if ((parse_isa_cap(tier).bits() & ~machine_isa().bits()) != 0) continue;
      SCOPED_TRACE(std::string(ops::kBlockFormatNames[f]) + " at " + tier);
      const Cap cap(tier);
      CompileConfig config;
      config.mode = ExecutionMode::Accuracy;
      const auto compiled = cpu::make_device()->compile(graph, config);
      EXPECT_NE(compiled->dump("normalised").find("vireo.CompressedMatMul"), std::string::npos);
      auto run = compiled->create();
      for (size_t k = 0; k < inputs.size(); ++k) run->set_input(k, inputs[k]);
      run->run();
      for (size_t k = 0; k < want.size(); ++k) expect_close(run->output(k), want[k], 2e-5);
    }
  }
}

// Out of a saved executable, where the codes themselves may be gone.
TEST(CompressedWeights, Saved) {
  for (const char* type : {"u8", "u4"}) {
    const auto device = cpu::make_device();
    const auto compiled = compile_text(*device, graph_of(codes(type, 0, 15, type)));
    const SavedExecutable saved = compiled->save();
    std::vector<Tensor> copies;
    std::vector<span<const uint8_t>> sections;
    for (span<const uint8_t> s : saved.sections) {
      copies.emplace_back(element::u8, Shape{s.size() + 1});
      std::copy(s.begin(), s.end(), copies.back().data<uint8_t>());
      sections.push_back({copies.back().data<uint8_t>(), s.size()});
    }
    CompileConfig config;
    config.ops = &builtin_ops();
    const auto loaded =
        device->load({reinterpret_cast<const uint8_t*>(saved.head.data()), saved.head.size()},
                     sections, nullptr, config);
    std::vector<Tensor> answers;
    for (Executable* e : {compiled.get(), loaded.get()}) {
      auto run = e->create();
      run->set_input(0, random_f32({2, 64}));
      run->set_input(1, make_tensor<int64_t>(element::i64, {2}, {3, 69}));
      run->run();
      answers.push_back(run->output(0).dense());
      answers.push_back(run->output(1).dense());
      if (e == compiled.get())
        for (Tensor& t : answers) {
          Tensor copy(t.get_element_type(), t.get_shape());
          t.copy_to(copy);
          t = copy;
        }
    }
    EXPECT_TRUE(same_contents(answers[0], answers[2]) && same_contents(answers[1], answers[3]))
        << type;
  }
}

}  // namespace
}  // namespace vireo::test

// The ONNX frontend: conversion of whole models against stored inputs and outputs, and what the
// graph looks like afterwards.
#include "frontends/onnx/onnx.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/io/mapped_file.h"
#include "core/evaluate.h"
#include "core/values.h"
#include "frontends/onnx/reader/fields.h"
#include "frontends/onnx/reader/tensor.h"
#include "ops/registry.h"

namespace vireo {
namespace {

namespace fs = std::filesystem;

const fs::path kData = fs::path(VIREO_TESTS_DIR) / "data" / "onnx";

// Values that a case carries as initializers "test/in0" ... "test/out0" ...
std::vector<Tensor> carried(const onnx::ModelProto& model, const std::string& prefix) {
  std::vector<Tensor> tensors;
  for (int i = 0;; ++i) {
    const std::string name = fmt::format("{}{}", prefix, i);
    const auto& all = model.graph.initializer;
    const auto it = std::find_if(all.begin(), all.end(),
                                 [&](const onnx::TensorProto& t) { return t.name == name; });
    if (it == all.end()) return tensors;
    tensors.push_back(onnx::TensorSource(nullptr, {}, {}).tensor(*it, name));
  }
}

// Empty if they agree.
std::string difference(const Tensor& got, const Tensor& expected, double rtol, double atol) {
  if (got.get_shape() != expected.get_shape())
    return fmt::format("shape {}, expected {}", got.get_shape().to_string(),
                       expected.get_shape().to_string());
  if (got.get_element_type() != expected.get_element_type())
    return fmt::format("type {}, expected {}", got.get_element_type().name(),
                       expected.get_element_type().name());
  if (got.get_element_type() == element::string)
    return same_contents(got, expected) ? "" : "strings differ";
  const std::vector<double> a = load<double>(got), b = load<double>(expected);
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(b[i]) ? std::isnan(a[i])
                         : a[i] == b[i] || std::abs(a[i] - b[i]) <= atol + rtol * std::abs(b[i]))
      continue;
    return fmt::format("element {} is {}, expected {}", i, a[i], b[i]);
  }
  return "";
}

std::string run_case(const fs::path& path) {
  try {
    const std::string bytes = read_text_file(path.string());
    const onnx::ModelProto model = onnx::parse_model(bytes);
    const std::shared_ptr<Graph> graph = read_onnx(path.string(), builtin_ops());
    const std::vector<Tensor> expected = carried(model, "test/out");
    const std::vector<Tensor> got = evaluate_graph(*graph, carried(model, "test/in"), nullptr);
    if (expected.empty() || got.size() != expected.size())
      return fmt::format("{} outputs, expected {}", got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i)
      if (const std::string d = difference(got[i], expected[i], 1e-3, 1e-5); !d.empty())
        return fmt::format("output {}: {}", i, d);
    return "";
  } catch (const std::exception& e) {
    return e.what();
  }
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& file : fs::directory_iterator(folder))
    if (file.path().extension() == ".onnx") files.push_back(file.path());
  std::sort(files.begin(), files.end());
  return files;
}

TEST(Onnx, ModelsGiveTheirOutputs) {
  const char* elsewhere = std::getenv("VIREO_ONNX_CASES");
  const std::vector<fs::path> files = files_of(elsewhere ? fs::path(elsewhere) : kData / "cases");
  EXPECT_GT(files.size(), 0u);
  for (const fs::path& file : files)
    if (const std::string why = run_case(file); !why.empty())
      ADD_FAILURE() << file.stem().string() << ": " << why;
}

std::shared_ptr<Graph> read_case(const std::string& name) {
  return read_onnx((kData / "cases" / (name + ".onnx")).string(), builtin_ops());
}

// Nodes under operators' names, in order.
std::vector<std::string> operators(const Graph& graph) {
  std::vector<std::string> names;
  for (NodeId id : graph.order())
    if (!graph[id].op->has(kStructural)) names.emplace_back(graph[id].op->name);
  return names;
}

TEST(Onnx, NamesAreKept) {
  const std::shared_ptr<Graph> graph = read_case("functions");
  ASSERT_EQ(graph->parameters.size(), 1u);
  EXPECT_EQ((*graph)[graph->parameters[0]].name, "x");
  EXPECT_EQ((*graph)[graph->parameters[0]].outputs[0].names, std::vector<std::string>{"x"});
  ASSERT_EQ(graph->results.size(), 1u);
  EXPECT_EQ((*graph)[graph->results[0]].name, "y/sink_port_0");
  const OutputRef out = graph->arena->input(graph->results[0], 0);
  EXPECT_EQ(graph->arena->producer(out).name, "y");
  const std::vector<std::string>& names = graph->arena->output(out).names;
  EXPECT_NE(std::find(names.begin(), names.end(), "y"), names.end());
}

TEST(Onnx, QuantisationBecomesFakeQuantize) {
  const std::vector<std::string> ops = operators(*read_case("qdq_conv"));
  EXPECT_EQ(std::count(ops.begin(), ops.end(), "FakeQuantize"), 2);
  EXPECT_EQ(std::count(ops.begin(), ops.end(), "Round"), 0);
}

TEST(Onnx, WeightsOfFewBitsStayPacked) {
  const std::shared_ptr<Graph> graph = read_case("ms_matmul_4bits_64");
  bool packed = false;
  for (NodeId id : graph->order())
    packed = packed || ((*graph)[id].is("Constant") && (*graph)[id].fact().type == element::u4);
  EXPECT_TRUE(packed);
}

TEST(Onnx, LoopsWidenWhatGrows) {
  const std::shared_ptr<Graph> graph = read_case("loop_grows");
  const Fact& fact = graph->fact(graph->arena->input(graph->results[0], 0));
  EXPECT_TRUE(fact.shape.is_dynamic());
}

// A protobuf field of bytes.
std::string field(int number, const std::string& bytes) {
  std::string out(1, char(number << 3 | 2));
  size_t size = bytes.size();
  for (; size >= 128; size >>= 7) out += char(size | 128);
  return out + char(size) + bytes;
}
std::string number(int field_number, uint8_t value) {
  return {char(field_number << 3), char(value)};
}

std::string error_of(const std::string& bytes) {
  try {
    read_onnx({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()}, nullptr, {},
              builtin_ops());
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

std::string value_info(const std::string& name) {
  return field(1, name) + field(2, field(1, number(1, 1)));
}
std::string model_of(const std::string& graph, uint8_t opset = 17) {
  return number(1, 8) + field(7, graph) + field(8, field(1, "") + number(2, opset));
}
std::string node_of(const std::string& op, const std::string& in, const std::string& out,
                    const std::string& more = "") {
  return field(1, field(1, in) + field(2, out) + field(4, op) + more);
}

TEST(Onnx, AllUnknownOperatorsAreNamed) {
  const std::string e = error_of(model_of(node_of("Foo", "x", "t") + node_of("Bar", "t", "y") +
                                          field(11, value_info("x")) + field(12, value_info("y"))));
  EXPECT_NE(
      e.find("operators Bar (ai.onnx, opset 17), Foo (ai.onnx, opset 17) are not supported yet"),
      std::string::npos)
      << e;
}

TEST(Onnx, MalformedGraphsAreRefused) {
  const std::string ends = field(11, value_info("x")) + field(12, value_info("y"));
  const auto expect = [](const std::string& graph, const char* text) {
    const std::string e = error_of(model_of(graph));
    EXPECT_NE(e.find(text), std::string::npos) << e;
  };
  expect(node_of("Relu", "nope", "y") + ends, "value 'nope' is produced by nobody");
  expect(node_of("Relu", "x", "y") + node_of("Neg", "x", "y") + ends,
         "value 'y' is produced twice");
  expect(node_of("Relu", "y", "t") + node_of("Neg", "t", "y") + ends, "part of a cycle");
  expect(node_of("Relu", "x", "y") + field(11, value_info("x")) + ends,
         "graph input 'x' is there twice");
  expect(node_of("Add", "x", "y") + ends, "onnx node 'y' (Add)");
  EXPECT_NE(error_of(model_of(node_of("Relu", "x", "y") + ends, 99)).find("opset 99"),
            std::string::npos);
  EXPECT_NE(error_of(std::string("\x3a\x05\x0a", 3)).find("protobuf"), std::string::npos);
  EXPECT_NE(error_of(std::string(64, '\xff')).find("protobuf"), std::string::npos);
  EXPECT_NE(error_of("").find("no graph"), std::string::npos);
}

// Subgraphs inside subgraphs, and functions that call themselves: refused long before the stack
// ends.
TEST(Onnx, DepthIsBounded) {
  std::string graph = node_of("Relu", "x", "y") + field(12, value_info("y"));
  for (int i = 0; i < 300; ++i)
    graph = node_of("If", "x", "y", field(5, field(1, "then_branch") + field(6, graph))) +
            field(12, value_info("y"));
  EXPECT_NE(error_of(model_of(graph)).find("nest"), std::string::npos);
  const std::string call = field(1, "x") + field(2, "y") + field(4, "f") + field(7, "local");
  const std::string function =
      field(1, "f") + field(4, "x") + field(5, "y") + field(7, call) + field(10, "local");
  std::string model =
      model_of(field(1, call) + field(11, value_info("x")) + field(12, value_info("y")));
  model += std::string("\xca\x01", 2) + field(0, function).substr(1);
  EXPECT_NE(error_of(model).find("deep"), std::string::npos) << error_of(model);
}

// A folder of its own, removed at the end.
struct Folder {
  Folder() : path(fs::temp_directory_path() / fmt::format("vireo_onnx_{}", ::getpid())) {
    fs::create_directories(path / "model");
  }
  ~Folder() { fs::remove_all(path); }
  void write(const fs::path& name, const std::string& bytes) const {
    std::ofstream(path / name, std::ios::binary).write(bytes.data(), std::streamsize(bytes.size()));
  }
  fs::path path;
};

// y = w, of two floats that lie in another file.
std::string external_model(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string tensor = number(1, 2) + number(2, 1) + field(8, "w") + number(14, 1);
  for (const auto& [key, value] : entries) tensor += field(13, field(1, key) + field(2, value));
  return model_of(node_of("Identity", "w", "y") + field(5, tensor) + field(12, value_info("y")));
}

TEST(Onnx, ExternalDataStayInTheFolder) {
  Folder folder;
  folder.write("model/w.bin", std::string("....\0\0\x80\x3f\0\0\0\x40", 12));
  folder.write("secret.bin", std::string(12, 'x'));
  const std::string path = (folder.path / "model" / "m.onnx").string();
  const auto error =
      [&](const std::vector<std::pair<std::string, std::string>>& entries) -> std::string {
    folder.write("model/m.onnx", external_model(entries));
    try {
      const auto graph = read_onnx(path, builtin_ops());
      const Tensor w = evaluate_graph(*graph, {}, nullptr).at(0);
      return load<double>(w) == std::vector<double>{1, 2} ? "" : "wrong values";
    } catch (const Error& e) {
      return e.what();
    }
  };
  EXPECT_EQ(error({{"location", "w.bin"}, {"offset", "4"}, {"length", "8"}}), "");
  EXPECT_EQ(error({{"location", "./w.bin"}, {"offset", "4"}}), "");
  EXPECT_NE(error({{"location", "w.bin"}, {"offset", "5"}}).find("does not fit"),
            std::string::npos);
  EXPECT_NE(error({{"location", "w.bin"}, {"offset", "18446744073709551615"}}).find("does not fit"),
            std::string::npos);
  EXPECT_NE(error({{"location", "w.bin"}, {"offset", "4x"}}).find("offset"), std::string::npos);
  EXPECT_NE(error({{"location", "w.bin"}, {"length", "4"}}).find("4 bytes of data"),
            std::string::npos);
  EXPECT_NE(error({{"location", "../secret.bin"}}).find("outside"), std::string::npos);
  EXPECT_NE(error({{"location", (folder.path / "secret.bin").string()}}).find("outside"),
            std::string::npos);
  EXPECT_NE(error({{"location", "none.bin"}}).find("external data location"), std::string::npos);
  EXPECT_NE(error({{"offset", "4"}}).find("no location"), std::string::npos);
  fs::create_symlink("../secret.bin", folder.path / "model" / "link.bin");
  EXPECT_NE(error({{"location", "link.bin"}}).find("outside"), std::string::npos);
  fs::create_symlink("/dev/zero", folder.path / "model" / "zero");
  EXPECT_NE(error({{"location", "zero"}}).find("outside"), std::string::npos);
  EXPECT_NE(error_of(external_model({{"location", "w.bin"}})).find("read from memory"),
            std::string::npos);
}

// Weights are views: the mapping lives as long as a tensor does.
TEST(Onnx, WeightsAreViewsOfTheFile) {
  Folder folder;
  std::string data(size_t(1) << 20, '\0');
  folder.write("model/w.bin", data);
  const std::string tensor = field(1, std::string("\x80\x80\x10", 3)) + number(2, 1) +
                             field(8, "w") + number(14, 1) +
                             field(13, field(1, "location") + field(2, "w.bin"));
  folder.write("model/m.onnx",
               model_of(node_of("Relu", "w", "y") + field(5, tensor) + field(12, value_info("y"))));
  std::shared_ptr<Graph> graph =
      read_onnx((folder.path / "model" / "m.onnx").string(), builtin_ops());
  Tensor w;
  for (NodeId id : graph->order())
    if ((*graph)[id].is("Constant")) w = (*graph)[id].fact().value;
  ASSERT_TRUE(bool(w));
  graph.reset();
  fs::remove_all(folder.path);
  EXPECT_EQ(w.get_size(), size_t(1) << 18);
  EXPECT_EQ(static_cast<const char*>(w.data())[w.get_byte_size() - 1], 0);
}

TEST(Onnx, LooksLikeOnnx) {
  const auto looks = [](const std::string& s) {
    return looks_like_onnx({reinterpret_cast<const std::byte*>(s.data()), s.size()});
  };
  EXPECT_TRUE(looks(read_text_file((kData / "cases" / "add.onnx").string())));
  EXPECT_FALSE(looks("<?xml version=\"1.0\"?><net name=\"a\" version=\"11\"></net>"));
  EXPECT_FALSE(looks(""));
  EXPECT_FALSE(looks("GGUF\3\0\0\0"));
}

}  // namespace
}  // namespace vireo

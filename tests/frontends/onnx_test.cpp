// The ONNX frontend: conversion of whole models against stored inputs and outputs, and what the graph looks like afterwards.
#include "frontends/onnx/onnx.h"

#include <gtest/gtest.h>

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

// A TensorProto from a .pb file: a model of one Constant gives it, so that the reader under test does the work.
Tensor read_tensor(const fs::path& path) {
  const std::string bytes = read_text_file(path.string());
  onnx::TensorProto proto;
  proto.message = bytes;
  for (onnx::Fields f(bytes, "TensorProto"); f.next();) {
    if (f.number() == 1) f.integers(proto.dims);
    else if (f.number() == 2) proto.data_type = f.integer();
    else if (f.number() == 9) proto.raw = f.bytes(), proto.has_raw = true;
  }
  return onnx::TensorSource(nullptr, {}, {}).tensor(proto, path.filename().string());
}

std::vector<Tensor> read_tensors(const fs::path& folder, const std::string& prefix) {
  std::vector<Tensor> tensors;
  for (int i = 0; fs::exists(folder / fmt::format("{}_{}.pb", prefix, i)); ++i)
    tensors.push_back(read_tensor(folder / fmt::format("{}_{}.pb", prefix, i)));
  return tensors;
}

// Empty if they agree.
std::string difference(const Tensor& got, const Tensor& expected, double rtol, double atol) {
  if (got.get_shape() != expected.get_shape())
    return fmt::format("shape {}, expected {}", got.get_shape().to_string(), expected.get_shape().to_string());
  if (got.get_element_type() != expected.get_element_type())
    return fmt::format("type {}, expected {}", got.get_element_type().name(), expected.get_element_type().name());
  if (got.get_element_type() == element::string) return same_contents(got, expected) ? "" : "strings differ";
  const std::vector<double> a = load<double>(got), b = load<double>(expected);
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(b[i]) ? std::isnan(a[i]) : a[i] == b[i] || std::abs(a[i] - b[i]) <= atol + rtol * std::abs(b[i])) continue;
    return fmt::format("element {} is {}, expected {}", i, a[i], b[i]);
  }
  return "";
}

std::string run_case(const fs::path& folder) {
  try {
    const std::shared_ptr<Graph> graph = read_onnx((folder / "model.onnx").string(), builtin_ops());
    for (const auto& set : fs::directory_iterator(folder)) {
      if (!set.is_directory()) continue;
      const std::vector<Tensor> expected = read_tensors(set.path(), "output");
      const std::vector<Tensor> got = evaluate_graph(*graph, read_tensors(set.path(), "input"), nullptr);
      if (got.size() != expected.size()) return fmt::format("{} outputs, expected {}", got.size(), expected.size());
      for (size_t i = 0; i < got.size(); ++i)
        if (const std::string d = difference(got[i], expected[i], 1e-3, 1e-5); !d.empty()) return fmt::format("output {}: {}", i, d);
    }
    return "";
  } catch (const std::exception& e) {
    return e.what();
  }
}

TEST(Onnx, ModelsGiveTheirOutputs) {
  const char* elsewhere = std::getenv("VIREO_ONNX_CASES");
  const fs::path root = elsewhere ? fs::path(elsewhere) : kData / "cases";
  size_t passed = 0, failed = 0;
  std::vector<fs::path> folders;
  for (const auto& folder : fs::directory_iterator(root))
    if (fs::exists(folder.path() / "model.onnx")) folders.push_back(folder.path());
  std::sort(folders.begin(), folders.end());
  for (const fs::path& folder : folders) {
    const std::string why = run_case(folder);
    (why.empty() ? passed : failed) += 1;
    if (!why.empty()) ADD_FAILURE() << folder.filename().string() << ": " << why;
  }
  EXPECT_GT(passed, 0u);
  RecordProperty("passed", int(passed));
  std::fprintf(stderr, "%zu models pass, %zu fail\n", passed, failed);
}

}  // namespace
}  // namespace vireo

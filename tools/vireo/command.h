// The commands, and what they share: options of every command, inputs, the progress line.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "vireo/core.h"

namespace vireo::command {

struct ModelOptions {
  std::string model, weights, device = "CPU";
  std::vector<std::string> inputs;  // NAME=FILE.npy | NAME=IMAGE | NAME=1x3x224x224 | FILE.npy ...
  std::vector<std::string> config;  // KEY=VALUE
  int threads = 0;

  void add_to(CLI::App& app);
  AnyMap properties() const;
};

void add_run(CLI::App& app);
void add_bench(CLI::App& app);
void add_dump(CLI::App& app);
void add_convert(CLI::App& app);
void add_chat(CLI::App& app);
void add_generate(CLI::App& app);

// Prefill and decode of a language model at several lengths of context, as a table.
void bench_language_model(const ModelOptions& options);

struct NamedTensor {
  size_t index;
  Tensor tensor;
};
// A tensor per input of the model: as given, or filled with seeded random values where nothing is
// given. Shapes that are given as such, and ? in a model's own shape (taken as 1), reshape nothing:
// the tensor has that shape.
std::vector<NamedTensor> make_inputs(const Model& model, const std::vector<std::string>& given);

Tensor read_npy(const std::string& path);
void write_npy(const std::string& path, const Tensor& tensor);
// An image as the model's input wants it: resized, RGB, NCHW or NHWC by the shape, f32 in 0..1 or
// u8.
Tensor read_image(const std::string& path, element::Type type, const PartialShape& shape);

// KiB of memory that the process held at most, and holds now.
long peak_kib();
long resident_kib();

// A line on stderr that is overwritten, only on a terminal.
void progress(const std::string& text);

}  // namespace vireo::command

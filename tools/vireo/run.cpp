// vireo run: one inference, its outputs printed or saved.
#include <algorithm>
#include <cstdio>
#include <numeric>

#include <fmt/format.h>

#include "vireo/command.h"

namespace vireo::command {
namespace {

template <typename T>
std::string values_text(const Tensor& t, size_t limit) {
  std::string s;
  for (size_t i = 0; i < std::min(limit, t.get_size()); ++i)
    s += (i ? ", " : "") + fmt::format("{}", static_cast<const T*>(t.data())[i]);
  return s + (t.get_size() > limit ? ", ..." : "");
}

std::string preview(const Tensor& given) {
  const Tensor t = given.dense();
  constexpr size_t kShown = 8;
  switch (t.get_element_type()) {
    case element::Type_t::f32: return values_text<float>(t, kShown);
    case element::Type_t::f64: return values_text<double>(t, kShown);
    case element::Type_t::i32: return values_text<int32_t>(t, kShown);
    case element::Type_t::i64: return values_text<int64_t>(t, kShown);
    case element::Type_t::u8:
    case element::Type_t::boolean: return values_text<uint8_t>(t, kShown);
    case element::Type_t::i8: return values_text<int8_t>(t, kShown);
    case element::Type_t::string: return values_text<std::string>(t, kShown);
    default: return fmt::format("{} bytes", t.get_byte_size());
  }
}

// The five largest of a vector of scores.
std::string top(const Tensor& t) {
  if (t.get_element_type() != element::f32 || t.get_size() < 10 || t.get_shape().empty() ||
      t.get_shape().back() != t.get_size())
    return {};
  std::vector<size_t> order(t.get_size());
  std::iota(order.begin(), order.end(), size_t(0));
  const float* p = t.data<float>();
  std::partial_sort(order.begin(), order.begin() + 5, order.end(),
                    [p](size_t a, size_t b) { return p[a] > p[b]; });
  std::string s = "  top:";
  for (size_t i = 0; i < 5; ++i) s += fmt::format(" {}:{:.4g}", order[i], p[order[i]]);
  return s + "\n";
}

struct Run {
  ModelOptions options;
  std::string save;

  void operator()() const {
    Core core;
    progress("reading " + options.model);
    const auto model = core.read_model(options.model, options.weights);
    progress("compiling");
    CompiledModel compiled = core.compile_model(model, options.device, options.properties());
    InferRequest request = compiled.create_infer_request();
    for (const NamedTensor& in : make_inputs(*model, options.inputs))
      request.set_input_tensor(in.index, in.tensor);
    progress("running");
    request.infer();
    progress("");
    const auto outputs = model->outputs();
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Tensor t = request.get_output_tensor(i);
      const std::string name =
          outputs[i].get_names().empty() ? fmt::format("output {}", i) : outputs[i].get_any_name();
      fmt::print("{}: {}{}\n  {}\n{}", name, t.get_element_type().name(), t.get_shape().to_string(),
                 preview(t), top(t));
      if (!save.empty()) write_npy(fmt::format("{}/output{}.npy", save, i), t);
    }
  }
};

}  // namespace

void add_run(CLI::App& app) {
  auto run = std::make_shared<Run>();
  CLI::App* sub = app.add_subcommand("run", "run a model once and print its outputs");
  run->options.add_to(*sub);
  sub->add_option("--save", run->save, "folder for the outputs as .npy")
      ->check(CLI::ExistingDirectory);
  sub->callback([run] { (*run)(); });
}

}  // namespace vireo::command

// vireo convert: any model that Vireo reads, as OpenVINO IR.
#include <fmt/format.h>

#include "vireo/command.h"

namespace vireo::command {
namespace {

struct Convert {
  std::string model, output;
  bool f16 = false;

  void operator()() const {
    Core core;
    progress("reading " + model);
    const auto m = core.read_model(model);
    progress("writing " + output);
    save_model(*m, output, f16);
    progress("");
    fmt::print("{}: {} inputs, {} outputs, {} operators\n", output, m->inputs().size(),
               m->outputs().size(), m->get_ordered_ops().size());
  }
};

}  // namespace

void add_convert(CLI::App& app) {
  auto convert = std::make_shared<Convert>();
  CLI::App* sub = app.add_subcommand("convert", "write a model as OpenVINO IR (.xml and .bin)");
  sub->add_option("model", convert->model, "model: .xml, .onnx, or a folder that holds one")
      ->required();
  sub->add_option("output", convert->output, "OUT.xml")->required();
  sub->add_flag("--f16", convert->f16, "store f32 weights as f16");
  sub->callback([convert] { (*convert)(); });
}

}  // namespace vireo::command

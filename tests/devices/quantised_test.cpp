// The graphs of tests/passes/quantised_*.test on the CPU, at every tier, against the imported graph evaluated in double: codes may
// differ by one.
#include <dirent.h>

#include <algorithm>
#include <fstream>

#include "base/arch/isa.h"
#include "core/evaluate.h"
#include "devices/device_test.h"

namespace vireo::test {
namespace {

std::vector<std::string> quantised_graphs() {
  std::vector<std::string> names;
  if (DIR* folder = opendir(VIREO_TESTS_DIR "/passes")) {
    while (const dirent* entry = readdir(folder)) {
      const std::string name = entry->d_name;
      if (name.rfind("quantised_", 0) == 0 && name.size() > 5 && name.substr(name.size() - 5) == ".test")
        names.push_back(name.substr(0, name.size() - 5));
    }
    closedir(folder);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string text_of(const std::string& name) {
  std::ifstream file(VIREO_TESTS_DIR "/passes/" + name + ".test");
  std::string line, text;
  while (std::getline(file, line) && line != "=>") text += line + "\n";
  return text;
}

// Restores the cap when the test ends.
class Cap {
 public:
  explicit Cap(const char* tier) { set_isa_cap(tier); }
  ~Cap() { set_isa_cap(""); }
};

class QuantisedGraphs : public testing::TestWithParam<std::string> {};

TEST_P(QuantisedGraphs, GiveTheCodesOfTheImportedGraph) {
  const std::string text = text_of(GetParam());
  const auto graph = graph_from_text(text, builtin_ops());
  std::vector<Tensor> inputs;
  for (NodeId id : graph->parameters)
    inputs.push_back(random_f32((*graph)[id].fact().shape.to_shape(), uint32_t(3 + inputs.size())));
  const auto want = evaluate_graph(*graph, inputs);
  for (const char* tier : {"scalar", "avx2", "avx2_vnni", "avx512", "avx512_vnni"}) {
    if ((parse_isa_cap(tier).bits() & ~machine_isa().bits()) != 0) continue;
    const Cap cap(tier);
    auto device = cpu::make_device();
    auto run = compile_text(*device, text)->create();
    for (size_t i = 0; i < inputs.size(); ++i) run->set_input(i, inputs[i]);
    run->run();
    for (size_t i = 0; i < want.size(); ++i) {
      SCOPED_TRACE(tier);
      const std::vector<double> a = load<double>(run->output(i).dense()), b = load<double>(want[i]);
      double largest = 1e-30, worst = 0;
      for (size_t k = 0; k < a.size(); ++k) {
        largest = std::max(largest, std::abs(b[k]));
        worst = std::max(worst, std::abs(a[k] - b[k]));
      }
      EXPECT_LE(worst, largest / 64) << "more than a code";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Text, QuantisedGraphs, testing::ValuesIn(quantised_graphs()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace vireo::test

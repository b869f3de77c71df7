// The graphs of tests/passes/quantised.test on the CPU, at every tier, against the imported graph
// evaluated in double: codes may differ by one.
#include <cctype>

#include "base/arch/isa_text.h"
#include "core/evaluate.h"
#include "devices/device_test.h"
#include "passes/case_file.h"

namespace vireo::test {
namespace {

const std::vector<PassCase>& quantised_graphs() {
  static const std::vector<PassCase> found = [] {
    std::vector<PassCase> cases;
    for (PassCase& c : read_cases(VIREO_TESTS_DIR "/passes"))
      if (c.file == "quantised") cases.push_back(std::move(c));
    return cases;
  }();
  return found;
}

// Restores the cap when the test ends.
class Cap {
 public:
  explicit Cap(const char* tier) { set_isa_cap(tier); }
  ~Cap() { set_isa_cap(""); }
};

class QuantisedGraphs : public testing::TestWithParam<size_t> {};

TEST_P(QuantisedGraphs, GiveTheCodesOfTheImportedGraph) {
  const std::string text = "graph \"case\"\n" + quantised_graphs()[GetParam()].before;
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

INSTANTIATE_TEST_SUITE_P(Text, QuantisedGraphs,
                         testing::Range(size_t(0), quantised_graphs().size()),
                         [](const auto& info) {
                           std::string name = quantised_graphs()[info.param].name;
                           for (char& c : name)
                             if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
                           return name;
                         });

}  // namespace
}  // namespace vireo::test

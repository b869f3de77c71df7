// The CPU as a device.
#include "devices/cpu/device.h"

#include "base/arch/isa_text.h"
#include "devices/cpu/executable.h"

namespace vireo::cpu {

namespace {

class CpuDevice final : public Device {
 public:
  std::string_view name() const override { return "CPU"; }
  std::string refusal(const Graph& graph, NodeId node) const override {
    const GraphNode& n = graph[node];
    if (n.op->evaluate || n.op->has(kStructural)) return {};
    for (const auto& [name, value] : list_attrs(n.attrs))
      if (std::holds_alternative<Body>(value.value)) return {};
    return fmt::format("operator {} has no evaluation", n.op->full_name());
  }
  std::shared_ptr<Executable> compile(const Graph& imported, const CompileConfig& config) override {
    return std::make_shared<CpuExecutable>(imported, config);
  }
  std::string compile_key(const CompileConfig& config) const override {
    return cpu::compile_key(config);
  }
  std::shared_ptr<Executable> load(span<const uint8_t> head,
                                   const std::vector<span<const uint8_t>>& sections,
                                   std::shared_ptr<const void> keep,
                                   const CompileConfig& config) override {
    return std::make_shared<CpuExecutable>(head, sections, std::move(keep), config);
  }
  std::vector<std::pair<std::string, std::string>> properties() const override {
    return {{"AVAILABLE_DEVICES", ""},
            {"FULL_DEVICE_NAME", isa_string()},
            {"OPTIMIZATION_CAPABILITIES",
             has(Isa::Avx512Bf16) ? "FP32 BF16 EXPORT_IMPORT" : "FP32 EXPORT_IMPORT"},
            {"DEVICE_TYPE", "integrated"},
            {"RANGE_FOR_STREAMS", "1 64"},
            {"RANGE_FOR_ASYNC_INFER_REQUESTS", "1 1 1"}};
  }
};

}  // namespace

std::unique_ptr<Device> make_device() { return std::make_unique<CpuDevice>(); }

}  // namespace vireo::cpu

// What compiling for the CPU gives.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/threads/streams.h"
#include "core/device.h"
#include "devices/cpu/program.h"

namespace vireo::cpu {

class CpuExecutable final : public Executable, public std::enable_shared_from_this<CpuExecutable> {
 public:
  CpuExecutable(const Graph& imported, const CompileConfig& config);
  // What save() wrote; see Device::load.
  CpuExecutable(span<const uint8_t> head, const std::vector<span<const uint8_t>>& sections,
                std::shared_ptr<const void> keep, const CompileConfig& config);

  const std::vector<Port>& inputs() const override { return inputs_; }
  const std::vector<Port>& outputs() const override { return outputs_; }
  std::unique_ptr<Inference> create() override;
  std::vector<std::pair<std::string, std::string>> properties() const override;
  MemoryFigures memory() const override;
  std::shared_ptr<const Graph> runtime_graph() const override {
    return cpu::runtime_graph(*program_);
  }
  std::string dump(std::string_view stage) const override;
  SavedExecutable save() const override;

 private:
  void lower(std::shared_ptr<const Graph> graph, const CompileConfig& settled, IsaSet isa,
             std::shared_ptr<PackedWeights> packed);

  std::vector<Port> inputs_, outputs_;
  std::shared_ptr<Program> program_;
  std::shared_ptr<Streams> streams_;
};

// The config with the device's own choices filled in, save the precision, which hangs on the graph;
// and the instruction sets that it allows.
CompileConfig settle(CompileConfig config);
IsaSet isa_of(const CompileConfig& config);
// What compiling hangs on besides the graph; one line.
std::string compile_key(const CompileConfig& config);

}  // namespace vireo::cpu

// Saving and loading a compiled model: the normalised graph, its constants and the packed weights.
// Loading lowers and plans as compiling does, on memory that is there.
#include "base/arch/cpu_model.h"
#include "base/arch/isa_text.h"
#include "base/io/blob.h"
#include "base/io/bytes.h"
#include "base/threads/team.h"
#include "core/binary.h"
#include "devices/cpu/executable.h"
#include "devices/cpu/precision.h"

namespace vireo::cpu {

namespace {

void put_ports(ByteWriter& to, const std::vector<Port>& ports) {
  to.put(uint64_t(ports.size()));
  for (const Port& port : ports) {
    to.put_text(port.type.name());
    to.put_text(port.shape.to_string());
    to.put_text(port.name);
    to.put(uint64_t(port.names.size()));
    for (const std::string& name : port.names) to.put_text(name);
  }
}

std::vector<Port> get_ports(ByteReader& from) {
  std::vector<Port> ports(from.get_count(1));
  for (Port& port : ports) {
    port.type = element::Type(std::string(from.get_text()));
    port.shape = PartialShape(from.get_text());
    port.name = from.get_text();
    for (size_t n = from.get_count(1); n-- > 0;) port.names.emplace_back(from.get_text());
  }
  return ports;
}

bool same_kinds(const std::vector<Port>& a, const std::vector<Port>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i].type != b[i].type || !a[i].shape.compatible(b[i].shape)) return false;
  return true;
}

span<const uint8_t> section(const std::vector<span<const uint8_t>>& sections, size_t* next,
                            size_t bytes) {
  if (*next >= sections.size() || sections[*next].size() != bytes)
    fail(ErrorCode::InvalidModel, "section {} is missing or has not {} bytes", *next, bytes);
  return sections[(*next)++];
}

}  // namespace

std::string compile_key(const CompileConfig& config) {
  const CpuModel& cpu = cpu_model();  // where no precision is asked for, its rates decide
  return fmt::format("CPU {} {}.{} isa={:x} precision={} mode={} group={}", cpu.vendor, cpu.family,
                     cpu.model, isa_of(config).bits(), config.precision.to_string(),
                     config.mode == ExecutionMode::Accuracy ? "accuracy" : "performance",
                     quantised_group_of(config));
}

SavedExecutable CpuExecutable::save() const {
  const Program& p = *program_;
  SavedExecutable saved;
  BinaryGraph graph = to_binary(*p.graph);
  ByteWriter head;
  head.put(p.isa.bits());
  head.put_text(p.config.precision.name());
  head.put(p.config.mode == ExecutionMode::Accuracy);
  head.put(p.config.quantised_group.value_or(0));
  put_ports(head, inputs_);
  put_ports(head, outputs_);
  head.put(uint64_t(graph.constants.size()));
  for (const Tensor& t : graph.constants) {
    head.put_text(t.get_element_type().name());
    head.put(uint64_t(t.get_shape().size()));
    for (size_t d : t.get_shape()) head.put(uint64_t(d));
    saved.sections.push_back({static_cast<const uint8_t*>(t.data()), t.get_byte_size()});
  }
  head.put(uint64_t(p.packed->entries().size()));
  for (const PackedWeights::Entry& e : p.packed->entries()) {
    head.put_text(e.format);
    head.put(uint64_t(e.bytes));
    saved.sections.push_back({e.data, e.bytes});
  }
  head.put_text(graph.bytes);
  saved.head = head.take();
  saved.keep = std::move(graph.constants);
  return saved;
}

CpuExecutable::CpuExecutable(span<const uint8_t> head,
                             const std::vector<span<const uint8_t>>& sections,
                             std::shared_ptr<const void> keep, const CompileConfig& given) {
  ByteReader from(head);
  CompileConfig config = settle(given);
  const IsaSet isa(from.get<uint32_t>());
  if (isa.bits() & ~active_isa().bits())
    fail(ErrorCode::InvalidModel, "it was compiled for instruction sets that are not here: {}",
         isa_string());
  config.precision = element::Type(std::string(from.get_text()));
  config.mode = from.get<bool>() ? ExecutionMode::Accuracy : ExecutionMode::Performance;
  config.quantised_group = from.get<uint64_t>();
  inputs_ = get_ports(from);
  outputs_ = get_ports(from);
  size_t next = 0;
  std::vector<Tensor> constants(from.get_count(1));
  for (Tensor& t : constants) {
    const element::Type type{std::string(from.get_text())};
    Shape shape(from.get_count(8));
    for (size_t& d : shape) d = size_t(from.get<uint64_t>());
    t = Tensor(type, shape, section(sections, &next, dense_byte_size(type, shape)).data(), keep);
  }
  std::vector<PackedWeights::Entry> entries(from.get_count(1));
  for (PackedWeights::Entry& e : entries) {
    e.format = from.get_text();
    e.bytes = size_t(from.get<uint64_t>());
    e.data = section(sections, &next, e.bytes).data();
  }
  Team team(config.threads);
  team.run(int(entries.size()), [&](int begin, int end, int) {
    for (int i = begin; i < end; ++i)
      map_pages({entries[size_t(i)].data, entries[size_t(i)].bytes});
  });
  const std::string_view graph = from.get_text();
  auto packed = std::make_shared<PackedWeights>(std::move(entries), std::move(keep));
  lower(graph_from_binary({reinterpret_cast<const uint8_t*>(graph.data()), graph.size()}, constants,
                          *config.ops),
        config, isa, packed);
  if (!packed->complete()) fail(ErrorCode::InvalidModel, "packed weights are left over");
  if (!same_kinds(inputs_, input_ports(*program_->graph)) ||
      !same_kinds(outputs_, output_ports(*program_->graph)))
    fail(ErrorCode::InvalidModel, "the ports are not those of the graph");
}

}  // namespace vireo::cpu

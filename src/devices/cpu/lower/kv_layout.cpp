#include "devices/cpu/lower/kv_layout.h"

#include <algorithm>

#include "ops/fused/fused.h"

namespace vireo::cpu {

namespace {

enum Input : size_t { kQ, kK, kV, kRest };

uint32_t variable_index(const Program& program, const std::string& id) {
  for (uint32_t i = 0; i < program.variables.size(); ++i)
    if (program.variables[i].id == id) return i;
  fail(ErrorCode::InvalidModel, "there is no variable '{}'", id);
}

int parameter_index(const Program& program, ValueId v) {
  const auto& all = program.parameters;
  const auto found = std::find(all.begin(), all.end(), v);
  if (found == all.end())
    fail(ErrorCode::InvalidModel, "beams and padding of attention over states are no parameters");
  return int(found - all.begin());
}

DataType stored_type(element::Type type) {
  return type == element::f32    ? DataType::f32
         : type == element::bf16 ? DataType::bf16
                                 : DataType::u8;
}

KvLayout::Layer layer_of(const Program& program, const BoundNode& node, size_t begin) {
  const auto& a = node.node->attrs.as<ops::FusedPagedAttention>();
  const size_t heads = a.layout == ops::HeadLayout::Bshd ? 2 : 1;
  const auto extent = [&](size_t input, size_t axis) {
    return program.values[node.inputs[input]].fact.shape[axis].get_length();
  };
  const CompileConfig& config = program.config;
  KvLayout::Layer layer;
  layer.key_variable = variable_index(program, a.key_id);
  layer.value_variable = variable_index(program, a.value_id);
  PagedParams& p = layer.params;
  p.layout = paged_layout(stored_type(config.key_cache), stored_type(config.value_cache),
                          extent(kK, heads), extent(kK, 3), extent(kV, 3), begin);
  p.heads = extent(kQ, heads);
  p.scale = float(a.scale);
  p.causal = a.causal;
  p.window = a.window;
  return layer;
}

}  // namespace

element::Type kv_type(element::Type asked, const CompileConfig& config) {
  if (asked.is_dynamic())
    return config.mode == ExecutionMode::Accuracy || config.precision == element::f32 ? element::f32
                                                                                      : element::u8;
  if (asked == element::f16) return element::f32;
  if (asked == element::f32 || asked == element::bf16) return asked;
  return element::u8;
}

void find_kv_layout(Program& program) {
  KvLayout& kv = program.kv;
  std::vector<uint32_t> reads(program.values.size());  // by others
  for (BoundNode& node : program.nodes) {
    size_t own = node.inputs.size();
    if (node.node->op == &ops::fused_paged_attention_0) {
      const auto& a = node.node->attrs.as<ops::FusedPagedAttention>();
      node.kv_layer = uint32_t(kv.layers.size());
      kv.layers.push_back(layer_of(program, node, kv.block_bytes));
      kv.block_bytes = kv.layers.back().params.layout.end;
      own = kRest;
      if (a.has_beam) kv.beam = parameter_index(program, node.inputs[kRest]);
      if (a.has_padding) kv.padding = parameter_index(program, node.inputs[kRest + a.has_beam]);
    }
    for (size_t i = 0; i < own; ++i)
      if (node.inputs[i] != kNone32) ++reads[node.inputs[i]];
  }
  program.run_time.assign(program.parameters.size(), 0);
  for (int i : {kv.beam, kv.padding})
    if (i >= 0) program.run_time[size_t(i)] = reads[program.parameters[size_t(i)]] == 0;
}

}  // namespace vireo::cpu

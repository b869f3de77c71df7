// The states of a request as the tensors that they were declared as.
#include <cstring>

#include "core/values.h"
#include "devices/cpu/kernels/kernels.h"
#include "devices/cpu/kv_store.h"

namespace vireo::cpu {

const KvLayout::Layer* KvLayout::find(uint32_t variable, bool* values) const {
  for (const Layer& layer : layers) {
    *values = layer.value_variable == variable;
    if (*values || layer.key_variable == variable) return &layer;
  }
  return nullptr;
}

Tensor KvStore::held(uint32_t variable) const {
  if (own_.empty()) return {};
  bool values = false;
  const PagedLayout& l = layout_.find(variable, &values)->params.layout;
  const int64_t size = values ? l.value_size : l.head_size, tokens = own_[0].length;
  Tensor dense(element::f32, Shape{own_.size(), size_t(l.kv_heads), size_t(tokens), size_t(size)});
  float* to = dense.data<float>();
  const auto read = values ? table_.read_values : table_.read_keys;
  for (const Sequence& s : own_)
    for (int64_t h = 0; h < l.kv_heads; ++h)
      for (int64_t t = 0; t < tokens; t += kPageTokens) {
        const int64_t n = std::min(kPageTokens, tokens - t);
        const size_t at =
            values ? l.values + size_t(h) * l.value_page : l.keys + size_t(h) * l.key_page;
        read(l, s.data[size_t(t / kPageTokens)] + at, 0, n, to);
        to += n * size;
      }
  return dense;
}

Tensor KvStore::read(uint32_t variable) const {
  const auto pending = pending_.find(variable);
  return pending == pending_.end() ? held(variable) : pending->second;
}

void KvStore::write(uint32_t variable, const Tensor& value) {
  Tensor copy;
  if (value && value.get_size() > 0) {
    copy = Tensor(element::f32, value.get_shape());
    value.copy_to(copy);
  }
  pending_[variable] = copy;
}

void KvStore::reset() {
  roll_back();
  pending_.clear();
  for (Sequence& s : own_) drop(s);
  own_.clear();
  for (Block* block : spare_) delete_block(block);
  spare_.clear();
}

// States are written one by one, but tokens lie in blocks with all of their layers: they are taken
// over when the next run shows that all have come.
void KvStore::import_states() {
  std::map<uint32_t, Tensor> states;
  Shape common;
  bool first = true;
  for (const KvLayout::Layer& layer : layout_.layers)
    for (uint32_t variable : {layer.key_variable, layer.value_variable}) {
      const Tensor state = read(variable);
      Shape shape = state ? state.get_shape() : Shape{0, 0, 0, 0};
      shape[1] = shape[3] = 0;
      if (first) common = shape;
      first = false;
      if (shape != common)
        fail(ErrorCode::InvalidArgument,
             "states of one run hold {} tokens in {} rows and {} tokens in {} rows: set or reset "
             "all",
             common[2], common[0], shape[2], shape[0]);
      states[variable] = state;
    }
  std::vector<Sequence> fresh(common[0]);
  const int64_t tokens = int64_t(common[2]);
  try {
    for (Sequence& s : fresh) reserve(s, tokens, true);
  } catch (...) {
    for (Sequence& s : fresh) drop(s);
    throw;
  }
  for (const KvLayout::Layer& layer : layout_.layers) {
    const Tensor &keys = states[layer.key_variable], &values = states[layer.value_variable];
    if (!keys || !values) continue;
    PagedParams p = layer.params;
    const PagedLayout& l = p.layout;
    p.k = {l.kv_heads * tokens * l.head_size, tokens * l.head_size, l.head_size};
    p.v = {l.kv_heads * tokens * l.value_size, tokens * l.value_size, l.value_size};
    for (size_t b = 0; b < fresh.size(); ++b)
      for (int64_t h = 0; h < l.kv_heads; ++h)
        table_.append(p, {fresh[b].data.data(), 0, tokens, int64_t(b), 0, nullptr}, h,
                      keys.data<float>(), values.data<float>(), 0, tokens);
  }
  for (Sequence& s : own_) drop(s);
  for (Sequence& s : fresh) s.length = tokens;
  own_ = std::move(fresh);
  pending_.clear();
}

}  // namespace vireo::cpu

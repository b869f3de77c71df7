// Hollow tensors and constants.
#include "core/hollow.h"

#include "base/io/mapped_file.h"

namespace vireo {

Tensor hollow(element::Type type, const Shape& shape) {
  static const uint64_t zero[2] = {};
  if (type.is_packed() || type == element::string) return {};
  return Tensor(type, shape, const_cast<uint64_t*>(zero), Strides(shape.size(), 0));
}

bool hollow_constant(Arena& arena, NodeId id) {
  constexpr size_t kWorthIt = 4096;
  VIREO_ASSERT(arena[id].op == &constant_op);
  const Tensor value = arena[id].fact().value;
  if (value.get_byte_size() < kWorthIt || !value.is_continuous()) return false;
  const Tensor stand_in = hollow(value.get_element_type(), value.get_shape());
  if (!stand_in) return false;
  release_mapped_pages(value.data(), value.get_byte_size());
  GraphNode& node = arena.edit(id);
  node.attrs = Attrs(ConstantAttrs{stand_in});
  node.outputs[0].fact.value = stand_in;
  return true;
}

}  // namespace vireo

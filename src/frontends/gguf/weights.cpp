#include "frontends/gguf/weights.h"

#include <charconv>
#include <cstring>

#include "base/io/mapped_file.h"
#include "base/support/error.h"
#include "base/support/parse.h"

namespace vireo::gguf {
namespace {

using transformers::Weight;

constexpr char kExperts[] = "experts.";

std::optional<element::Type> plain_type(const std::string& name) {
  if (name == "F32") return element::f32;
  if (name == "F16") return element::f16;
  if (name == "BF16") return element::bf16;
  return {};
}

std::optional<ops::BlockFormat> block_format(const std::string& name) {
  for (size_t i = 0; i < ops::kBlockFormats; ++i)
    if (to_lower(name) == ops::kBlockFormatNames[i]) return static_cast<ops::BlockFormat>(i);
  return {};
}

// Rows (2i, 2i + 1) of each head go to i and i + half: the order in which halves are rotated. The
// pages of the source are not needed again.
Tensor unpaired(const Tensor& rows, size_t heads) {
  const size_t count = rows.get_shape()[0], bytes = rows.get_byte_size() / count;
  const size_t half = count / heads / 2;
  Tensor result(rows.get_element_type(), rows.get_shape());
  const auto* from = static_cast<const uint8_t*>(rows.data());
  auto* to = static_cast<uint8_t*>(result.data());
  for (size_t head = 0; head < heads; ++head) {
    for (size_t i = 0; i < 2 * half; ++i, from += bytes)
      std::memcpy(to + (head * 2 * half + i % 2 * half + i / 2) * bytes, from, bytes);
  }
  release_mapped_pages(rows.data(), rows.get_byte_size());
  return result;
}

bool ends_with_part(const std::string& name, const std::string& part) {
  for (const char* kind : {".weight", ".bias"}) {
    const std::string end = "." + part + kind;
    if (name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0)
      return true;
  }
  return false;
}

}  // namespace

Weight Weights::view(const std::string& name, const GgufTensor& tensor) const {
  Weight weight;
  weight.shape = Shape(tensor.extents.begin(), tensor.extents.end());
  Shape stored = weight.shape;
  std::optional<element::Type> type = plain_type(tensor.type->name);
  if (!type) {
    weight.blocks = block_format(tensor.type->name);
    if (!weight.blocks) {
      fail(
          ErrorCode::NotSupported,
          "'{}': weight '{}' is {}, expected F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to "
          "Q6_K or IQ4_NL",
          path(), name, tensor.type->name);
    }
    type = element::u8;
    stored.back() = stored.back() / tensor.type->elements * tensor.type->bytes;
  }
  weight.values = Tensor(*type, stored, tensor.bytes.data(), tensor.keep);
  return weight;
}

std::optional<Weight> Weights::expert(const std::string& name, size_t at) const {
  const size_t dot = name.find('.', at), end = name.rfind('.');
  size_t index = 0;
  std::from_chars(name.data() + at, name.data() + dot, index);
  const std::string all = name.substr(0, at - (sizeof kExperts - 1)) +
                          name.substr(dot + 1, end - dot - 1) + "_exps" + name.substr(end);
  const GgufTensor* tensor = file_.find(all);
  if (!tensor || tensor->extents.size() != 3 || index >= tensor->extents[0]) return {};
  const size_t count = tensor->extents[0];
  const size_t bytes = tensor->bytes.size() / count;
  return view(name, {tensor->type,
                     {tensor->extents[1], tensor->extents[2]},
                     tensor->bytes.subspan(index * bytes, bytes),
                     tensor->keep});
}

std::optional<Weight> Weights::find(const std::string& name) const {
  if (const size_t at = name.find(kExperts); at != std::string::npos)
    return expert(name, at + sizeof kExperts - 1);
  const GgufTensor* tensor = file_.find(name);
  if (!tensor) return {};
  Weight weight = view(name, *tensor);
  const bool query = ends_with_part(name, "attn_q"), key = ends_with_part(name, "attn_k");
  if (!paired_rows_ || (!query && !key)) return weight;
  const int64_t heads = query ? model_.heads : model_.kv_heads;
  const bool fits = weight.shape[0] == static_cast<size_t>(heads * model_.head_dim);
  if (fits && model_.head_dim % 2 == 0)  // else building the graph says what is wrong
    weight.values = unpaired(weight.values, static_cast<size_t>(heads));
  return weight;
}

}  // namespace vireo::gguf

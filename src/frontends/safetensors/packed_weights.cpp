#include "frontends/safetensors/packed_weights.h"

#include <algorithm>

#include "base/support/error.h"
#include "base/support/parse.h"
#include "core/values.h"

namespace vireo::safetensors {
namespace {

using transformers::Weight;
using Method = Packing::Method;

// The tensors of one layer, with sizes that fit each other.
struct Layer {
  size_t inputs, outputs, groups, group;
  const uint32_t *weight, *zeros;
  Tensor held[2];  // what they point into
  Tensor scales;
  std::vector<int64_t> group_of;  // empty: consecutive inputs
};

class LayerReader {
 public:
  LayerReader(const Packing& packing, const std::string& name, const FindTensor& find,
              const std::string& path)
      : packing_(packing), name_(name), find_(find), path_(path) {}

  Layer read(const Tensor& qweight) {
    const size_t per_word = 32 / static_cast<size_t>(packing_.bits);
    const bool gptq = packing_.method == Method::Gptq;
    Layer layer;
    layer.held[0] = checked(qweight, "qweight", element::i32, {-1, -1});
    const Shape& shape = qweight.get_shape();
    layer.inputs = shape[0] * (gptq ? per_word : 1);
    layer.outputs = shape[1] * (gptq ? 1 : per_word);
    layer.group = packing_.group < 0 ? layer.inputs : static_cast<size_t>(packing_.group);
    if (layer.inputs == 0 || layer.inputs % layer.group != 0 || layer.outputs % per_word != 0) {
      fail(ErrorCode::InvalidModel,
           "'{}': layer '{}' of {} inputs and {} outputs has no groups of {}", path_, name_,
           layer.inputs, layer.outputs, layer.group);
    }
    layer.groups = layer.inputs / layer.group;
    const auto groups = static_cast<int64_t>(layer.groups), n = static_cast<int64_t>(layer.outputs);
    layer.held[1] = needed("qzeros", element::i32, {groups, n / static_cast<int64_t>(per_word)});
    layer.scales = needed("scales", element::dynamic, {groups, n});
    layer.weight = static_cast<const uint32_t*>(layer.held[0].data());
    layer.zeros = static_cast<const uint32_t*>(layer.held[1].data());
    read_order(layer);
    return layer;
  }

 private:
  Tensor checked(const Tensor& tensor, const char* part, element::Type type,
                 const std::vector<int64_t>& shape) const {
    const Shape& got = tensor.get_shape();
    bool fits = got.size() == shape.size();
    for (size_t i = 0; fits && i < shape.size(); ++i)
      fits = shape[i] < 0 || got[i] == static_cast<size_t>(shape[i]);
    const element::Type had = tensor.get_element_type();
    const bool right = type.is_dynamic() ? had.is_real() : had == type;
    if (fits && right) return tensor;
    std::string expected;
    for (const int64_t extent : shape)
      expected += (expected.empty() ? "" : ",") + (extent < 0 ? "?" : std::to_string(extent));
    fail(ErrorCode::InvalidModel, "'{}': '{}.{}' is {} {}, expected {} [{}]", path_, name_, part,
         had.name(), PartialShape(got).to_string(), type.is_dynamic() ? "real" : type.name(),
         expected);
  }
  Tensor needed(const char* part, element::Type type, const std::vector<int64_t>& shape) const {
    const std::optional<Tensor> tensor = find_(name_ + "." + part);
    if (!tensor)
      fail(ErrorCode::InvalidModel, "'{}': weight '{}.{}' is missing", path_, name_, part);
    return checked(*tensor, part, type, shape);
  }

  void read_order(Layer& layer) const {
    const std::optional<Tensor> order = find_(name_ + ".g_idx");
    if (!order || packing_.method == Method::Awq) return;
    layer.group_of =
        load<int64_t>(checked(*order, "g_idx", element::i32, {static_cast<int64_t>(layer.inputs)}));
    bool usual = true;
    for (size_t i = 0; i < layer.inputs; ++i) {
      const int64_t group = layer.group_of[i];
      if (group < 0 || group >= static_cast<int64_t>(layer.groups)) {
        fail(ErrorCode::InvalidModel, "'{}': '{}.g_idx' names group {} of {}", path_, name_, group,
             layer.groups);
      }
      usual = usual && group == static_cast<int64_t>(i / layer.group);
    }
    if (usual) layer.group_of.clear();
  }

  const Packing& packing_;
  const std::string& name_;
  const FindTensor& find_;
  const std::string& path_;
};

// Codes by row and input, zero points by row and group.
class Codes {
 public:
  Codes(const Packing& packing, const Layer& layer)
      : layer_(layer),
        bits_(static_cast<uint32_t>(packing.bits)),
        per_word_(32 / bits_),
        mask_((1u << bits_) - 1),
        gptq_(packing.method == Method::Gptq),
        step_(packing.zeros_minus_one && gptq_ ? 1 : 0) {}

  uint32_t code(size_t row, size_t input) const {
    if (gptq_) {
      const uint32_t word = layer_.weight[input / per_word_ * layer_.outputs + row];
      return word >> input % per_word_ * bits_ & mask_;
    }
    return column(layer_.weight + input * (layer_.outputs / per_word_), row);
  }
  // The sum wraps as in the kernels of the first format.
  uint32_t zero(size_t row, size_t group) const {
    const uint32_t* words = layer_.zeros + group * (layer_.outputs / per_word_);
    return (column(words, row) + step_) & mask_;
  }

 private:
  uint32_t column(const uint32_t* words, size_t row) const {
    static constexpr size_t kAwqPlace[] = {0, 4, 1, 5, 2, 6, 3, 7};
    const size_t place = gptq_ ? row % per_word_ : kAwqPlace[row % 8];
    return words[row / per_word_] >> place * bits_ & mask_;
  }

  const Layer& layer_;
  const uint32_t bits_;
  const size_t per_word_;
  const uint32_t mask_;
  const bool gptq_;
  const uint32_t step_;
};

void put(Tensor& tensor, size_t at, uint32_t code) {
  auto* bytes = static_cast<uint8_t*>(tensor.data());
  if (tensor.get_element_type() == element::u8) {
    bytes[at] = static_cast<uint8_t>(code);
  } else {
    bytes[at / 2] = static_cast<uint8_t>(bytes[at / 2] | code << at % 2 * 4);
  }
}

Tensor zeroed(element::Type type, const Shape& shape) {
  Tensor tensor(type, shape);
  std::fill_n(static_cast<uint8_t*>(tensor.data()), tensor.get_byte_size(), uint8_t{0});
  return tensor;
}

// [groups, rows] to [rows, groups, 1].
Tensor turned(const Tensor& scales) {
  const Shape& shape = scales.get_shape();
  Tensor result(scales.get_element_type(), Shape{shape[1], shape[0], 1});
  const ElementCopier copy(scales, result);
  for (size_t row = 0; row < shape[1]; ++row)
    for (size_t group = 0; group < shape[0]; ++group)
      copy(row * shape[0] + group, group * shape[1] + row);
  return result;
}

Weight grouped(const Packing& packing, const Layer& layer) {
  const Codes codes(packing, layer);
  const element::Type type = packing.bits == 8 ? element::u8 : element::u4;
  Weight weight;
  weight.shape = {layer.outputs, layer.inputs};
  weight.values = zeroed(type, {layer.outputs, layer.groups, layer.group});
  weight.zero_points = zeroed(type, {layer.outputs, layer.groups, 1});
  for (size_t row = 0; row < layer.outputs; ++row) {
    for (size_t i = 0; i < layer.inputs; ++i)
      put(weight.values, row * layer.inputs + i, codes.code(row, i));
    for (size_t group = 0; group < layer.groups; ++group)
      put(weight.zero_points, row * layer.groups + group, codes.zero(row, group));
  }
  weight.scales = turned(layer.scales);
  return weight;
}

Weight spelled_out(const Packing& packing, const Layer& layer) {
  const Codes codes(packing, layer);
  const std::vector<double> scales = load<double>(layer.scales);
  Weight weight;
  weight.shape = {layer.outputs, layer.inputs};
  weight.values = Tensor(element::f32, weight.shape);
  auto* out = weight.values.data<float>();
  for (size_t row = 0; row < layer.outputs; ++row) {
    for (size_t i = 0; i < layer.inputs; ++i) {
      const auto group = static_cast<size_t>(layer.group_of[i]);
      const double code = double(codes.code(row, i)) - double(codes.zero(row, group));
      *out++ = static_cast<float>(scales[group * layer.outputs + row] * code);
    }
  }
  return weight;
}

}  // namespace

std::optional<Packing> read_packing(const transformers::Config& config) {
  const auto said = config.object("quantization_config");
  if (!said) return {};
  const std::string method = said->text("quant_method", "");
  Packing packing;
  if (method != "gptq" && method != "awq") {
    fail(ErrorCode::NotSupported,
         "'{}': weights quantised by '{}' are not supported, expected gptq or awq", config.path(),
         method);
  }
  packing.method = method == "gptq" ? Method::Gptq : Method::Awq;
  packing.bits = said->integer("bits", 4);
  packing.group = said->integer("group_size", 128);
  packing.zeros_minus_one = said->text("checkpoint_format", "gptq") == "gptq";
  const std::string version = said->text("version", "gemm");
  const bool wide = packing.bits == 8 && packing.method == Method::Gptq;
  if ((packing.bits != 4 && !wide) || (packing.group < 1 && packing.group != -1)) {
    fail(ErrorCode::NotSupported,
         "'{}': codes of {} bits in groups of {} are not supported, expected 4 bits (gptq: or 8) "
         "and "
         "a positive group or -1",
         config.path(), packing.bits, packing.group);
  }
  if (packing.method == Method::Awq && to_lower(version) != "gemm") {
    fail(ErrorCode::NotSupported, "'{}': awq version '{}' is not supported, expected gemm",
         config.path(), version);
  }
  return packing;
}

std::optional<Weight> unpacked(const Packing& packing, const std::string& name,
                               const FindTensor& find, const std::string& path) {
  const std::optional<Tensor> qweight = find(name + ".qweight");
  if (!qweight) return {};
  const Layer layer = LayerReader(packing, name, find, path).read(*qweight);
  return layer.group_of.empty() ? grouped(packing, layer) : spelled_out(packing, layer);
}

}  // namespace vireo::safetensors

// Inputs from files, images, shapes, or seeded random values.
#include <algorithm>
#include <cstring>
#include <random>

#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#include <stb/stb_image_resize.h>

#include "vireo/command.h"

namespace vireo::command {
namespace {

bool ends_with(const std::string& s, const std::string& end) {
  return s.size() >= end.size() && s.compare(s.size() - end.size(), end.size(), end) == 0;
}

Shape concrete(const PartialShape& shape) {
  if (!shape.rank_is_static())
    throw Error(ErrorCode::InvalidArgument,
                "an input has an unknown rank, give its shape: --input NAME=1x3x224x224");
  Shape s;
  for (const Dimension& d : shape)
    s.push_back(d.is_static() ? size_t(d.min()) : std::max<size_t>(1, size_t(d.min())));
  return s;
}

// Reals in [0, 1), integers 0 or 1: values that any model takes, the same in every run.
Tensor random_tensor(element::Type type, const Shape& shape, unsigned seed) {
  std::mt19937 random(seed);
  Tensor t(type.is_dynamic() ? element::Type(element::f32) : type, shape);
  const size_t n = t.get_size();
  if (t.get_element_type() == element::f32) {
    for (size_t i = 0; i < n; ++i) t.data<float>()[i] = float(random() >> 8) / float(1 << 24);
  } else if (t.get_element_type() == element::f64) {
    for (size_t i = 0; i < n; ++i) t.data<double>()[i] = double(random()) / 4294967296.0;
  } else if (t.get_element_type() != element::string) {
    std::memset(t.data(), 0, t.get_byte_size());
    if (type.is_integral() && !type.is_packed())
      for (size_t i = 0; i < n; ++i)
        static_cast<char*>(t.data())[i * type.size()] = char(random() & 1);
  }
  return t;
}

size_t find_input(const Model& model, const std::string& name) {
  const Output port = model.input(name);
  const auto inputs = model.inputs();
  return size_t(std::find(inputs.begin(), inputs.end(), port) - inputs.begin());
}

Tensor make_one(const Output& port, const std::string& value, unsigned seed) {
  const element::Type type = port.get_element_type();
  if (ends_with(value, ".npy")) return read_npy(value);
  if (!value.empty() &&
      (value[0] == '[' || value.find_first_not_of("0123456789,x ") == std::string::npos)) {
    std::string text = value;
    std::replace(text.begin(), text.end(), 'x', ',');
    return random_tensor(type, PartialShape(std::string_view(text)).to_shape(), seed);
  }
  return read_image(value, type, port.get_partial_shape());
}

}  // namespace

Tensor read_image(const std::string& path, element::Type type, const PartialShape& shape) {
  if (!shape.rank_is_static() || shape.size() != 4)
    throw Error(ErrorCode::InvalidArgument, "image '" + path + "' cannot feed an input of shape " +
                                                shape.to_string() + ", expected rank 4");
  int width = 0, height = 0, channels = 0;
  unsigned char* pixels = stbi_load(path.c_str(), &width, &height, &channels, 3);
  if (!pixels)
    throw Error(ErrorCode::InvalidArgument,
                "image '" + path + "' cannot be read: " + stbi_failure_reason());
  const bool nchw = shape[1].compatible(Dimension(3)) && !shape[3].same(Dimension(3));
  const Dimension dh = shape[nchw ? 2 : 1], dw = shape[nchw ? 3 : 2];
  const int h = dh.is_static() ? int(dh.min()) : height, w = dw.is_static() ? int(dw.min()) : width;
  std::vector<unsigned char> sized(size_t(h) * size_t(w) * 3);
  stbir_resize_uint8(pixels, width, height, 0, sized.data(), w, h, 0, 3);
  stbi_image_free(pixels);
  Tensor t(type, nchw ? Shape{1, 3, size_t(h), size_t(w)} : Shape{1, size_t(h), size_t(w), 3});
  for (size_t i = 0; i < sized.size(); ++i) {
    const size_t at = nchw ? (i % 3) * size_t(h) * size_t(w) + i / 3 : i;
    if (type == element::f32)
      t.data<float>()[at] = float(sized[i]) / 255.0f;
    else if (type == element::u8)
      t.data<uint8_t>()[at] = sized[i];
    else
      throw Error(ErrorCode::InvalidArgument,
                  "image '" + path + "' cannot feed an input of type " + type.get_type_name());
  }
  return t;
}

std::vector<NamedTensor> make_inputs(const Model& model, const std::vector<std::string>& given) {
  const auto inputs = model.inputs();
  std::vector<NamedTensor> out;
  std::vector<bool> filled(inputs.size());
  for (const std::string& item : given) {
    const size_t eq = item.find('=');
    size_t index = eq == std::string::npos
                       ? size_t(std::find(filled.begin(), filled.end(), false) - filled.begin())
                       : find_input(model, item.substr(0, eq));
    if (index >= inputs.size())
      throw Error(ErrorCode::InvalidArgument, "there are more --input than the model has inputs (" +
                                                  std::to_string(inputs.size()) + ")");
    filled[index] = true;
    out.push_back(
        {index, make_one(inputs[index], eq == std::string::npos ? item : item.substr(eq + 1),
                         unsigned(index) + 1)});
  }
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!filled[i])
      out.push_back({i, random_tensor(inputs[i].get_element_type(),
                                      concrete(inputs[i].get_partial_shape()), unsigned(i) + 1)});
  return out;
}

}  // namespace vireo::command

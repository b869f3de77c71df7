// Einsum: sums of products over labelled axes, with ellipsis and repeated labels.
#include <algorithm>
#include <array>
#include <cctype>

#include "core/values.h"
#include "ops/matmul/matmul.h"

namespace vireo::ops {

void visit(AttrVisitor& v, Einsum& a) { v.on("equation", a.equation); }

namespace {

// Labels of an operand; '.' stands for the ellipsis.
struct Equation {
  std::vector<std::string> inputs;
  std::string output;
};

template <typename Context>
Equation parse(const Context& c, const std::string& text, size_t inputs) {
  Equation e;
  std::string s;
  for (char ch : text)
    if (ch != ' ') s += ch;
  const size_t arrow = s.find("->");
  std::string left = s.substr(0, arrow), part;
  const auto finish = [&](std::string labels) {
    const size_t dots = labels.find("...");
    if (dots != std::string::npos) labels.replace(dots, 3, ".");
    for (char ch : labels)
      if (!std::isalpha(static_cast<unsigned char>(ch)) && ch != '.')
        c.fail("equation '{}' has an unexpected '{}'", text, ch);
    if (std::count(labels.begin(), labels.end(), '.') > 1)
      c.fail("equation '{}' has two ellipses in one operand", text);
    return labels;
  };
  for (char ch : left + ",")
    if (ch == ',') {
      e.inputs.push_back(finish(part));
      part.clear();
    } else {
      part += ch;
    }
  if (e.inputs.size() != inputs)
    c.fail("equation '{}' has {} operands, got {} inputs", text, e.inputs.size(), inputs);
  if (arrow != std::string::npos) {
    e.output = finish(s.substr(arrow + 2));
  } else {
    // Labels that occur once, in alphabetical order, behind the ellipsis.
    std::string all;
    for (const std::string& i : e.inputs) all += i;
    std::sort(all.begin(), all.end());
    for (char ch : all)
      if (ch == '.' ? e.output.find('.') == std::string::npos
                    : std::count(all.begin(), all.end(), ch) == 1)
        e.output += ch;
  }
  for (char ch : e.output)
    if (std::none_of(e.inputs.begin(), e.inputs.end(),
                     [&](const std::string& i) { return i.find(ch) != std::string::npos; }))
      c.fail("label '{}' of the output is in no operand of '{}'", ch, text);
  return e;
}

void infer(InferContext& c) {
  c.expect_inputs(1, 64);
  const Equation e = parse(c, c.attrs<Einsum>().equation, c.inputs());
  const element::Type type = c.common_type(0, c.inputs());
  std::array<Dimension, 128> extents;
  std::array<bool, 128> known{};
  PartialShape dots;
  bool dots_known = true;
  for (size_t i = 0; i < c.inputs(); ++i) {
    const std::string& labels = e.inputs[i];
    const PartialShape& shape = c.shape(i);
    const bool has_dots = labels.find('.') != std::string::npos;
    if (!shape.rank_is_static()) {
      dots_known = dots_known && !has_dots;
      continue;
    }
    const size_t named = labels.size() - has_dots;
    if (shape.size() - std::min(named, shape.size()) > 32)
      c.fail("shape {} has too many axes under the ellipsis", shape.to_string());
    if (shape.size() < named || (!has_dots && shape.size() != named))
      c.fail("operand {} '{}' does not fit shape {}", i, labels, shape.to_string());
    size_t axis = 0;
    for (char label : labels) {
      if (label == '.') {
        PartialShape part(std::vector<Dimension>(
            shape.begin() + int64_t(axis), shape.begin() + int64_t(axis + shape.size() - named)));
        axis += shape.size() - named;
        if (!PartialShape::broadcast_merge_into(dots, part))
          c.fail("ellipsis axes {} and {} do not broadcast", dots.to_string(), part.to_string());
        continue;
      }
      const size_t at = size_t(label);
      const Dimension& d = shape[axis++];
      if (!known[at])
        extents[at] = d, known[at] = true;
      else if (!Dimension::broadcast_merge(extents[at], extents[at], d))
        c.fail("label '{}' has extents {} and {}", label, extents[at].to_string(), d.to_string());
    }
  }
  PartialShape out;
  for (char label : e.output) {
    if (label != '.')
      out.push_back(extents[size_t(label)]);
    else if (dots_known)
      for (const Dimension& d : dots) out.push_back(d);
  }
  c.set_output(
      0, type,
      !dots_known && e.output.find('.') != std::string::npos ? PartialShape::dynamic() : out);
}

// Element strides of one operand along every label; repeated labels add up, so that a diagonal is
// walked.
struct Operand {
  std::array<size_t, 160> stride{};
};

// Labels of ellipsis axes count from 128 on, aligned at the end: the last axis is 159.
void label_axes(const std::string& labels, const Shape& shape, std::array<size_t, 160>& extent,
                Operand& operand) {
  const std::vector<size_t> strides = element_strides(shape);
  const size_t named = labels.size() - (labels.find('.') != std::string::npos);
  size_t axis = 0;
  const auto put = [&](size_t label) {
    if (shape[axis] != 1) operand.stride[label] += strides[axis];
    extent[label] = std::max(extent[label], shape[axis]);
    if (shape[axis] == 0) extent[label] = 0;
    ++axis;
  };
  for (char label : labels) {
    if (label != '.')
      put(size_t(label));
    else
      for (size_t n = shape.size() - named; n > 0; --n) put(160 - n);
  }
}

void evaluate(EvalContext& c) {
  const Equation e = parse(c, c.attrs<Einsum>().equation, c.inputs());
  Tensor& out = c.output(0);
  std::array<size_t, 160> extent;
  extent.fill(1);
  std::vector<Operand> operands(c.inputs() + 1);
  for (size_t i = 0; i < c.inputs(); ++i) label_axes(e.inputs[i], c.shape(i), extent, operands[i]);
  label_axes(e.output, out.get_shape(), extent, operands.back());
  std::vector<size_t> labels;
  for (size_t l = 0; l < 160; ++l)
    if (extent[l] != 1) labels.push_back(l);
  size_t total = 1;
  for (size_t l : labels) total *= extent[l];
  with_domain(out.get_element_type(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<std::vector<T>> data(c.inputs());
    for (size_t i = 0; i < c.inputs(); ++i) data[i] = load<T>(c.input(i));
    std::vector<T> sum(out.get_size());
    std::vector<size_t> at(labels.size()), index(operands.size());
    for (size_t n = 0; n < total; ++n) {
      T product = 1;
      for (size_t i = 0; i < c.inputs(); ++i) product *= data[i][index[i]];
      sum[index.back()] += product;
      for (size_t a = labels.size(); a-- > 0;) {
        for (size_t i = 0; i < operands.size(); ++i) index[i] += operands[i].stride[labels[a]];
        if (++at[a] < extent[labels[a]]) break;
        for (size_t i = 0; i < operands.size(); ++i)
          index[i] -= operands[i].stride[labels[a]] * extent[labels[a]];
        at[a] = 0;
      }
    }
    store(out, sum);
  });
}

}  // namespace

VIREO_DEFINE_OP(einsum_7){"Einsum", 7, &kAttrType<Einsum>, infer, evaluate, Tolerance::Accumulate};

}  // namespace vireo::ops

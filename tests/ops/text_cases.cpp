// Runs tests/ops/*.test: operators in text, a line a case (the format is in tests/ops/README.md).
#include <dirent.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/support/error.h"
#include "core/op.h"
#include "core/values.h"
#include "ops/registry.h"

namespace vireo {
namespace {

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// Splits where `separator` stands outside brackets and quotes; empty parts are kept unless the
// separator is a blank.
std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  int depth = 0;
  bool quoted = false;
  for (char c : text) {
    if (c == '\'') quoted = !quoted;
    if (!quoted && c == '[') ++depth;
    if (!quoted && c == ']') --depth;
    if (c == separator && depth == 0 && !quoted) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  for (std::string& part : parts) part = trimmed(part);
  if (separator == ' ')
    parts.erase(std::remove(parts.begin(), parts.end(), std::string()), parts.end());
  return parts;
}

std::string unquoted(const std::string& text) {
  return text.size() >= 2 && text[0] == '\'' ? text.substr(1, text.size() - 2) : text;
}

bool as_int(const std::string& text, int64_t& value) {
  char* end = nullptr;
  errno = 0;
  value = std::strtoll(text.c_str(), &end, 10);
  if (errno == ERANGE) value = int64_t(std::strtoull(text.c_str(), &end, 10));
  return !text.empty() && *end == 0;
}

bool as_double(const std::string& text, double& value) {
  char* end = nullptr;
  value = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == 0;
}

AttrValue attribute(const std::string& text) {
  int64_t i;
  double d;
  if (text == "true" || text == "false") return text == "true";
  if (as_int(text, i)) return i;
  if (as_double(text, d)) return d;
  if (text.empty() || text[0] != '[') return unquoted(text);
  std::vector<int64_t> ints;
  std::vector<double> doubles;
  std::vector<std::string> strings;
  const std::string inside = trimmed(text.substr(1, text.size() - 2));
  if (inside.empty()) return ints;
  for (const std::string& one : split(inside, ',')) {
    if (as_int(one, i)) ints.push_back(i);
    if (as_double(one, d)) doubles.push_back(d);
    strings.push_back(unquoted(one));
  }
  if (ints.size() == strings.size()) return ints;
  if (doubles.size() == strings.size()) return doubles;
  return strings;
}

// A tensor whose elements are the words; one word fills it, `a..b` counts.
Tensor tensor_of(element::Type type, const Shape& shape, const std::vector<std::string>& words) {
  const size_t size = shape_size(shape);
  if (type == element::string) {
    std::vector<std::string> texts;
    for (const std::string& word : words) texts.push_back(unquoted(word));
    return make_strings(shape, texts);
  }
  std::vector<double> reals;
  std::vector<int64_t> ints;
  for (const std::string& word : words) {
    const size_t dots = word.find("..");
    int64_t first, last;
    double value = 0;
    if (dots != std::string::npos && as_int(word.substr(0, dots), first) &&
        as_int(word.substr(dots + 2), last)) {
      for (int64_t v = first; v <= last; ++v) ints.push_back(v), reals.push_back(double(v));
      continue;
    }
    if (word == "true" || word == "false") {
      first = word == "true", value = double(first);
    } else if (!as_double(word, value)) {
      throw std::runtime_error("'" + word + "' is no number");
    } else if (!as_int(word, first)) {
      first = 0;
    }
    reals.push_back(value), ints.push_back(first);
  }
  if (reals.size() == 1) reals.resize(size, reals[0]), ints.resize(size, ints[0]);
  if (reals.size() != size) throw std::runtime_error("the shape and the number of values differ");
  return domain_of(type) == Domain::Real ? make_tensor<double>(type, shape, reals)
                                         : make_tensor<int64_t>(type, shape, ints);
}

// "f32[2,?]" or "f32[2] 1 2": a type, a partial shape, and if they are given the values.
Fact fact_of(const std::string& text) {
  const size_t open = text.find('['), close = text.find(']');
  if (open == std::string::npos || close == std::string::npos)
    throw std::runtime_error("'" + text + "' is no tensor");
  Fact fact;
  fact.type = element::Type(text.substr(0, open));
  fact.shape = PartialShape(std::string_view(text).substr(open, close - open + 1));
  const std::vector<std::string> words = split(text.substr(close + 1), ' ');
  const bool has_no_elements = fact.shape.is_static() && shape_size(fact.shape.to_shape()) == 0;
  if (!words.empty() || has_no_elements)
    fact.value = tensor_of(fact.type, fact.shape.to_shape(), words);
  return fact;
}

double bound(Tolerance tolerance, element::Type type, double want, double largest) {
  if (tolerance == Tolerance::Exact) return 0;
  const bool half = type == element::f16, brain = type == element::bf16;
  if (tolerance == Tolerance::Rounding)
    return half || brain ? (half ? 1e-3 : 1e-2) * std::max(1.0, std::fabs(want))
                         : 2e-6 + 2e-5 * std::fabs(want);
  return (half ? 10 : brain ? 100 : 1) * (1e-5 + 1e-4 * std::max(1.0, largest));
}

void expect_equal(const Tensor& got, const Tensor& want, Tolerance tolerance) {
  ASSERT_EQ(got.get_element_type().name(), want.get_element_type().name());
  ASSERT_EQ(got.get_shape().to_string(), want.get_shape().to_string());
  if (want.get_element_type() == element::string) {
    EXPECT_TRUE(same_contents(got, want));
    return;
  }
  if (domain_of(want.get_element_type()) != Domain::Real) {
    EXPECT_EQ(load<int64_t>(got), load<int64_t>(want));
    return;
  }
  const std::vector<double> a = load<double>(got), b = load<double>(want);
  double largest = 0;
  for (double v : b)
    if (std::isfinite(v)) largest = std::max(largest, std::fabs(v));
  for (size_t i = 0; i < b.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    EXPECT_LE(std::fabs(a[i] - b[i]), bound(tolerance, want.get_element_type(), b[i], largest))
        << "element " << i << " is " << a[i] << ", expected " << b[i];
  }
}

const OpDef& op_of(const std::string& name) {
  const size_t dash = name.rfind('-');
  int64_t version;
  const OpDef* op = dash != std::string::npos && as_int(name.substr(dash + 1), version)
                        ? builtin_ops().find(name.substr(0, dash), int(version))
                        : builtin_ops().find_in_opset(name, 99);
  if (!op) throw std::runtime_error("there is no operator " + name);
  return *op;
}

struct Case {
  std::vector<std::string> words, inputs, outputs;
  std::string error;
};

Case parse(const std::string& line) {
  const std::vector<std::string> parts = split(line, '|');
  if (parts.size() != 3)
    throw std::runtime_error("a case is: operator and attributes | inputs | outputs or error");
  Case c;
  c.words = split(parts[0], ' ');
  if (!parts[1].empty()) c.inputs = split(parts[1], ',');
  if (parts[2].compare(0, 6, "error ") == 0) {
    c.error = trimmed(parts[2].substr(6));
  } else {
    c.outputs = split(parts[2], ',');
  }
  return c;
}

// Infers, and evaluates when every input has its values; checks both against the case.
void check(const Case& c) {
  const OpDef& op = op_of(c.words.at(0));
  AttrList list;
  for (size_t i = 1; i < c.words.size(); ++i) {
    const size_t equals = c.words[i].find('=');
    list.emplace_back(c.words[i].substr(0, equals), attribute(c.words[i].substr(equals + 1)));
  }
  std::vector<Fact> inputs;
  for (const std::string& text : c.inputs) inputs.push_back(fact_of(text));
  std::vector<const Fact*> facts;
  std::vector<Tensor> values;
  for (const Fact& fact : inputs) {
    facts.push_back(&fact);
    if (fact.value) values.push_back(fact.value);
  }
  const Attrs attrs = make_attrs(op.attrs, list, "test");
  const std::vector<Fact> got = infer_facts(op, attrs, "test", facts);
  const bool runs = values.size() == inputs.size();
  std::vector<Tensor> results;
  if (runs && op.evaluate) results = evaluate_op(op, attrs, "test", values);
  if (!c.error.empty()) {
    ADD_FAILURE() << "no error, expected: " << c.error;
    return;
  }
  ASSERT_EQ(got.size(), c.outputs.size());
  for (size_t i = 0; i < c.outputs.size(); ++i) {
    SCOPED_TRACE("output " + std::to_string(i));
    const Fact want = fact_of(c.outputs[i]);
    EXPECT_EQ(got[i].type.name(), want.type.name());
    if (i < results.size() && want.value) expect_equal(results[i], want.value, op.tolerance);
    if (runs) continue;
    EXPECT_EQ(got[i].shape.to_string(), want.shape.to_string());
    if (want.value && got[i].value) expect_equal(got[i].value, want.value, op.tolerance);
  }
}

std::vector<std::string> test_files() {
  std::vector<std::string> names;
  if (DIR* folder = opendir(VIREO_TESTS_DIR "/ops")) {
    while (dirent* entry = readdir(folder)) {
      const std::string name = entry->d_name;
      if (name.size() > 5 && name.substr(name.size() - 5) == ".test")
        names.push_back(name.substr(0, name.size() - 5));
    }
    closedir(folder);
  }
  std::sort(names.begin(), names.end());
  return names;
}

class OpCases : public testing::TestWithParam<std::string> {};

TEST_P(OpCases, File) {
  std::ifstream file(VIREO_TESTS_DIR "/ops/" + GetParam() + ".test");
  ASSERT_TRUE(file);
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    line = trimmed(line);
    if (line.empty() || line[0] == '#') continue;
    SCOPED_TRACE("tests/ops/" + GetParam() + ".test:" + std::to_string(number) + ": " + line);
    Case c;
    try {
      c = parse(line);
      check(c);
    } catch (const std::exception& error) {
      if (c.error.empty()) {
        ADD_FAILURE() << error.what();
      } else {
        EXPECT_NE(std::string(error.what()).find(c.error), std::string::npos) << error.what();
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Text, OpCases, testing::ValuesIn(test_files()),
                         [](const auto& info) { return info.param; });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OpCases);

}  // namespace
}  // namespace vireo

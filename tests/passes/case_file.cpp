#include "passes/case_file.h"

#include <dirent.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <unordered_map>

#include "core/text.h"
#include "core/values.h"
#include "ops/registry.h"

namespace vireo {

namespace {

constexpr double kConstantTolerance = 1e-5;

bool begins(const std::string& s, const char* with) { return s.rfind(with, 0) == 0; }

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string w; in >> w;) words.push_back(w);
  return words;
}

void read_file(const std::string& folder, const std::string& file, std::vector<PassCase>& cases) {
  std::ifstream in(folder + "/" + file);
  bool arrow = false;
  for (std::string line; std::getline(in, line);) {
    if (begins(line, "== ")) {
      cases.emplace_back();
      cases.back().file = file.substr(0, file.size() - 5);
      cases.back().name = line.substr(3);
      arrow = false;
      continue;
    }
    if (cases.empty() || line.empty() || line[0] == '#') continue;
    PassCase& c = cases.back();
    if (begins(line, "rules ")) {
      c.rules = words_of(line.substr(6));
    } else if (begins(line, "where ")) {
      c.where.push_back(line.substr(6));
    } else if (begins(line, "tolerance ")) {
      c.tolerance = std::stod(line.substr(10));
    } else if (begins(line, "=>")) {
      arrow = true;
      c.unchanged = line == "=> same";
    } else {
      (arrow ? c.after : c.before) += line + "\n";
    }
  }
}

class Comparison {
 public:
  Comparison(const Graph& got, const Graph& want) : got_(got), want_(want) {}

  std::string run() {
    if (got_.parameters.size() != want_.parameters.size()) return "the number of parameters";
    if (got_.results.size() != want_.results.size()) return "the number of results";
    if (got_.sinks.size() != want_.sinks.size()) return "the number of sinks";
    for (size_t i = 0; i < want_.parameters.size(); ++i)
      same_[got_.parameters[i]] = want_.parameters[i];
    std::string text;
    for (size_t i = 0; i < want_.results.size() && text.empty(); ++i)
      text = compare(got_[got_.results[i]].inputs[0], want_[want_.results[i]].inputs[0]);
    for (size_t i = 0; i < want_.sinks.size() && text.empty(); ++i)
      text = compare({got_.sinks[i], 0}, {want_.sinks[i], 0});
    return text;
  }

 private:
  std::string compare(OutputRef a, OutputRef b) {
    const GraphNode &x = got_[a.node], &y = want_[b.node];
    const std::string at = fmt::format("{} '{}'", x.op->full_name(), x.name);
    if (a.index != b.index) return at + ": another output is read";
    const auto [it, fresh] = same_.emplace(a.node, b.node);
    if (!fresh) return it->second == b.node ? "" : at + " stands in two places";
    if (x.op != y.op) return at + " instead of " + y.op->full_name();
    if (x.fact(a.index).type != y.fact(b.index).type ||
        x.fact(a.index).shape != y.fact(b.index).shape)
      return at + ": type or shape";
    if (x.op == &constant_op)
      return same_values(x.fact().value, y.fact().value) ? "" : at + ": values";
    if (!(x.attrs == y.attrs)) return at + ": attributes";
    if (x.inputs.size() != y.inputs.size()) return at + ": the number of inputs";
    for (size_t i = 0; i < x.inputs.size(); ++i)
      if (const std::string text = compare(x.inputs[i], y.inputs[i]); !text.empty()) return text;
    return "";
  }

  static bool same_values(const Tensor& a, const Tensor& b) {
    if (a.get_element_type() == element::string) return same_contents(a, b);
    const auto x = load<double>(a), y = load<double>(b);
    for (size_t i = 0; i < y.size(); ++i) {
      const double scale = std::max(1.0, std::fabs(y[i]));
      if (x[i] != y[i] && !(std::fabs(x[i] - y[i]) <= kConstantTolerance * scale)) return false;
    }
    return true;
  }

  const Graph &got_, &want_;
  std::unordered_map<NodeId, NodeId> same_;
};

}  // namespace

std::vector<PassCase> read_cases(const std::string& folder) {
  std::vector<std::string> files;
  if (DIR* d = opendir(folder.c_str())) {
    while (const dirent* entry = readdir(d)) {
      const std::string name = entry->d_name;
      if (name.size() > 5 && name.substr(name.size() - 5) == ".test") files.push_back(name);
    }
    closedir(d);
  }
  std::sort(files.begin(), files.end());
  std::vector<PassCase> cases;
  for (const std::string& file : files) read_file(folder, file, cases);
  return cases;
}

std::shared_ptr<Graph> case_graph(const std::string& text) {
  return graph_from_text("graph \"case\"\n" + text, builtin_ops());
}

std::string case_text(const Graph& graph) {
  std::istringstream in(to_text(graph, 256));
  std::string out, line;
  std::getline(in, line);
  while (std::getline(in, line)) out += line.substr(0, line.find("  # ")) + "\n";
  return out;
}

std::string structural_difference(const Graph& got, const Graph& want) {
  return Comparison(got, want).run();
}

}  // namespace vireo

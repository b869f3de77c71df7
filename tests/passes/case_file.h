// The text cases of the passes: see README.md beside this file.
#pragma once

#include <string>
#include <vector>

#include "core/graph.h"

namespace vireo {

struct PassCase {
  std::string file, name;
  std::vector<std::string> rules;  // names of rules and stages; empty: all the passes
  std::vector<std::string> where;  // lines "x=[2,3] y=[3]": shapes of parameters to evaluate with
  double tolerance = 1e-4;         // of outputs, relative to the largest element
  std::string before, after;       // text without the line that names the graph
  bool unchanged = false;          // the rules must leave the graph as it is
};

// Every case of every file of the folder, in order.
std::vector<PassCase> read_cases(const std::string& folder);

std::shared_ptr<Graph> case_graph(const std::string& text);
// The text form as cases write it: no name of the graph, no comments, no unread parameters' names.
std::string case_text(const Graph& graph);

// Where two graphs differ in structure, operators, attributes or constants; empty if nowhere. Names
// do not count, and constants may differ by roundings.
std::string structural_difference(const Graph& got, const Graph& want);

}  // namespace vireo

// vireo dump: a graph as text, or as a picture.
#include <algorithm>
#include <fstream>
#include <unordered_map>

#include <fmt/format.h>

#include "vireo/command.h"
#include "vireo/report.h"

namespace vireo::command {
namespace {

struct Box {
  std::string title, detail;
  std::vector<size_t> sources;
  size_t layer = 0;
  double x = 0, y = 0;
};

constexpr double kBoxWidth = 190, kBoxHeight = 36, kGapX = 20, kGapY = 34;

// Constants are drawn as part of what reads them: a picture of weights tells nothing.
std::vector<Box> boxes_of(const Model& model) {
  std::vector<Box> boxes;
  std::unordered_map<uint64_t, size_t> index;
  for (const Node& node : model.get_ordered_ops()) {
    if (node.get_type_name() == "Constant") continue;
    Box box;
    box.title = node.get_type_name();
    box.detail = node.get_friendly_name();
    if (node.get_output_size())
      box.title += "  " + node.output(0).get_element_type().get_type_name() +
                   node.output(0).get_partial_shape().to_string();
    for (size_t i = 0; i < node.get_input_size(); ++i) {
      auto it = index.find(node.input_value(i).get_node().identity());
      if (it == index.end()) continue;
      box.sources.push_back(it->second);
      box.layer = std::max(box.layer, boxes[it->second].layer + 1);
    }
    index[node.identity()] = boxes.size();
    boxes.push_back(std::move(box));
  }
  return boxes;
}

// Rows by depth; within a row, boxes stand under what they read.
void place(std::vector<Box>& boxes) {
  std::vector<std::vector<size_t>> rows;
  for (size_t i = 0; i < boxes.size(); ++i) {
    if (rows.size() <= boxes[i].layer) rows.resize(boxes[i].layer + 1);
    rows[boxes[i].layer].push_back(i);
  }
  for (size_t r = 0; r < rows.size(); ++r) {
    auto wanted = [&](size_t i) {
      double sum = 0;
      for (size_t s : boxes[i].sources) sum += boxes[s].x;
      return boxes[i].sources.empty() ? 0.0 : sum / double(boxes[i].sources.size());
    };
    std::stable_sort(rows[r].begin(), rows[r].end(),
                     [&](size_t a, size_t b) { return wanted(a) < wanted(b); });
    double next = 0;
    for (size_t i : rows[r]) {
      boxes[i].x = std::max(next, wanted(i));
      boxes[i].y = double(r) * (kBoxHeight + kGapY);
      next = boxes[i].x + kBoxWidth + kGapX;
    }
  }
}

std::string svg_of(const Model& model) {
  std::vector<Box> boxes = boxes_of(model);
  place(boxes);
  double width = 0, height = 0;
  for (const Box& b : boxes)
    width = std::max(width, b.x + kBoxWidth), height = std::max(height, b.y + kBoxHeight);
  std::string s = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='-10 -10 {:.0f} {:.0f}' width='{:.0f}' "
      "height='{:.0f}' font-family='sans-serif'>",
      width + 20, height + 20, width + 20, height + 20);
  for (const Box& b : boxes)
    for (size_t i : b.sources) {
      const double x0 = boxes[i].x + kBoxWidth / 2, y0 = boxes[i].y + kBoxHeight,
                   x1 = b.x + kBoxWidth / 2;
      s += fmt::format(
          "<path d='M{:.0f},{:.0f} C{:.0f},{:.0f} {:.0f},{:.0f} {:.0f},{:.0f}' fill='none' "
          "stroke='#9ab'/>",
          x0, y0, x0, y0 + kGapY / 2, x1, b.y - kGapY / 2, x1, b.y);
    }
  for (const Box& b : boxes)
    s += fmt::format(
        "<g><title>{0} {1}</title><rect x='{2:.0f}' y='{3:.0f}' width='{4}' height='{5}' rx='5' "
        "fill='#eef4fb' stroke='#468'/>"
        "<text x='{6:.0f}' y='{7:.0f}' font-size='11'>{8}</text><text x='{6:.0f}' y='{9:.0f}' "
        "font-size='9' fill='#567'>{10}</text></g>",
        escape_xml(b.title), escape_xml(b.detail), b.x, b.y, kBoxWidth, kBoxHeight, b.x + 6,
        b.y + 15, escape_xml(b.title.substr(0, 34)), b.y + 29,
        escape_xml(b.detail.size() > 38 ? "…" + b.detail.substr(b.detail.size() - 36) : b.detail));
  return s + "</svg>";
}

struct Dump {
  ModelOptions options;
  std::string stage = "imported", svg, html;

  void operator()() const {
    Core core;
    const auto model = core.read_model(options.model, options.weights);
    const bool picture = !svg.empty() || !html.empty();
    if (stage == "imported" && !picture) {
      fmt::print("{}", model->to_text());
      return;
    }
    Model shown = *model;
    if (stage != "imported") {
      CompiledModel compiled = core.compile_model(*model, options.device, options.properties());
      if (!picture) {
        if (stage == "lowered") run_once(*model, compiled);
        fmt::print("{}", compiled.dump(stage));
        return;
      }
      shown = compiled.get_runtime_model();
    }
    if (!svg.empty()) save(svg, svg_of(shown));
    if (!html.empty())
      save(html, "<!doctype html><meta charset=utf-8><title>" + escape_xml(options.model) +
                     "</title><body style='margin:0;overflow:auto'>" + svg_of(shown));
  }

 private:
  // Plans are made for shapes that came: one inference makes one.
  void run_once(const Model& model, CompiledModel& compiled) const {
    InferRequest request = compiled.create_infer_request();
    for (const NamedTensor& in : make_inputs(model, options.inputs))
      request.set_input_tensor(in.index, in.tensor);
    request.infer();
  }
  static void save(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    if (!file) throw Error(ErrorCode::Io, "'" + path + "' cannot be written");
  }
};

}  // namespace

void add_dump(CLI::App& app) {
  auto dump = std::make_shared<Dump>();
  CLI::App* sub = app.add_subcommand("dump", "show a graph as text or as a picture");
  dump->options.add_to(*sub);
  sub->add_option("--stage", dump->stage,
                  "imported: as read; normalised: after the passes; lowered: steps and buffers")
      ->check(CLI::IsMember({"imported", "normalised", "lowered"}))
      ->capture_default_str();
  sub->add_option("--svg", dump->svg, "write a picture");
  sub->add_option("--html", dump->html, "write a page with the picture");
  sub->callback([dump] { (*dump)(); });
}

}  // namespace vireo::command

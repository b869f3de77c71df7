// Reads the text form of a graph back.
#include <cctype>
#include <unordered_map>

#include "base/support/parse.h"
#include "core/text.h"
#include "core/values.h"

namespace vireo {
namespace {

class Parser {
 public:
  Parser(std::string_view text, const OpRegistry& ops) : text_(text), ops_(ops) {}

  std::shared_ptr<Graph> graph() {
    if (++depth_ > kMaxDepth) error("bodies are nested deeper than {}", kMaxDepth);
    auto graph = std::make_shared<Graph>();
    std::unordered_map<std::string, NodeId> outer;
    std::swap(outer, names_);
    expect_word("graph");
    graph->name = quoted();
    for (;;) {
      skip();
      if (word_is("return")) break;
      node(*graph);
    }
    expect_word("return");
    while (!at_end() && peek() != '\n' && peek() != '}') {
      graph->add_result(ref(*graph));
      if (!take(',')) break;
    }
    std::swap(outer, names_);
    --depth_;
    return graph;
  }

  void finish() {
    skip();
    if (!at_end()) error("text goes on after the graph");
  }

 private:
  static constexpr int kMaxDepth = 16;

  template <typename... Args>
  [[noreturn]] void error(fmt::format_string<Args...> format, Args&&... args) const {
    size_t line = 1;
    for (size_t i = 0; i < at_; ++i) line += text_[i] == '\n';
    fail(ErrorCode::InvalidModel, "graph text, line {}: {}", line,
         fmt::format(format, std::forward<Args>(args)...));
  }

  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  // Blanks on this line.
  void blanks() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }
  // Blanks, line ends and comments.
  void skip() {
    while (!at_end() && (std::isspace(static_cast<unsigned char>(peek())) || peek() == '#')) {
      if (peek() == '#')
        while (!at_end() && peek() != '\n') ++at_;
      else
        ++at_;
    }
  }
  bool take(char c) {
    blanks();
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    skip();
    if (peek() != c) error("'{}' is expected, got '{}'", c, peek());
    ++at_;
  }
  bool word_is(std::string_view word) const { return text_.substr(at_, word.size()) == word; }
  void expect_word(std::string_view word) {
    skip();
    if (!word_is(word)) error("'{}' is expected", word);
    at_ += word.size();
    blanks();
  }
  std::string token() {
    skip();
    const size_t start = at_;
    while (!at_end() && (std::isalnum(static_cast<unsigned char>(peek())) ||
                         std::string_view("_./-%+").find(peek()) != std::string_view::npos))
      ++at_;
    if (start == at_) error("a name is expected, got '{}'", peek());
    return std::string(text_.substr(start, at_ - start));
  }
  std::string quoted() {
    expect('"');
    std::string s;
    for (; !at_end() && peek() != '"'; ++at_) {
      if (peek() == '\\' && at_ + 1 < text_.size()) {
        ++at_;
        s += peek() == 'n' ? '\n' : peek();
      } else {
        s += peek();
      }
    }
    expect('"');
    return s;
  }
  std::string bracketed() {
    skip();
    if (peek() != '[') error("'[' is expected");
    const size_t end = text_.find(']', at_);
    if (end == std::string_view::npos) error("']' is missing");
    std::string s(text_.substr(at_, end + 1 - at_));
    at_ = end + 1;
    return s;
  }

  OutputRef ref(const Graph& graph) {
    const std::string name = token();
    uint32_t index = 0;
    if (peek() == ':') {
      ++at_;
      auto i = parse_u64(token());
      if (!i) error("an output number is expected after '{}:'", name);
      index = uint32_t(*i);
    }
    auto it = names_.find(name);
    if (it == names_.end()) error("'{}' is not defined before", name);
    if (index >= graph[it->second].outputs.size()) error("'{}' has no output {}", name, index);
    return {it->second, index};
  }

  struct Kind {
    element::Type type;
    PartialShape shape;
  };

  void node(Graph& graph) {
    const std::string name = token();
    std::vector<Kind> kinds;
    if (take(':')) {
      do {
        const std::string type = token();
        kinds.push_back({element::Type(type), PartialShape(std::string_view(bracketed()))});
      } while (take(','));
    }
    expect('=');
    const std::string op = token();
    expect('(');
    std::vector<OutputRef> inputs;
    AttrList attrs;
    arguments(graph, op, kinds, inputs, attrs);
    const NodeId id = make(graph, op, name, kinds, std::move(inputs), attrs);
    if (!names_.emplace(name, id).second) error("'{}' is defined twice", name);
    for (size_t i = 0; i < kinds.size(); ++i) {
      if (i >= graph[id].outputs.size())
        error("'{}' has {} outputs, {} are declared", name, graph[id].outputs.size(), kinds.size());
      const Fact& fact = graph[id].fact(i);
      if (fact.type != kinds[i].type || fact.shape != kinds[i].shape)
        error("output {} of '{}' is {}{}, declared as {}{}", i, name, fact.type.name(),
              fact.shape.to_string(), kinds[i].type.name(), kinds[i].shape.to_string());
    }
  }

  void arguments(const Graph& graph, const std::string& op, const std::vector<Kind>& kinds,
                 std::vector<OutputRef>& inputs, AttrList& attrs) {
    skip();
    while (peek() != ')') {
      const size_t start = at_;
      const std::string name = token();
      if (peek() == '=') {
        ++at_;
        attrs.emplace_back(name, op == "Constant" ? AttrValue(constant(kinds)) : value());
      } else {
        at_ = start;
        inputs.push_back(ref(graph));
      }
      skip();
      if (peek() == ',')
        ++at_, skip();
      else if (peek() != ')')
        error("',' or ')' is expected, got '{}'", peek());
    }
    ++at_;
  }

  NodeId make(Graph& graph, const std::string& op, const std::string& name,
              const std::vector<Kind>& kinds, std::vector<OutputRef> inputs,
              const AttrList& attrs) {
    const std::string friendly = name[0] == '%' ? std::string() : name;
    if (op == "Parameter") {
      if (kinds.size() != 1) error("a Parameter needs its type and shape");
      return graph
          .add_parameter(kinds[0].type, kinds[0].shape,
                         friendly.empty() ? name.substr(1) : friendly)
          .node;
    }
    const OpDef* def = find(op);
    if (!def) error("operator '{}' is unknown", op);
    const NodeId id =
        graph.arena->add(*def, make_attrs(def->attrs, attrs, op), std::move(inputs), friendly);
    if (def->has(kSink)) graph.sinks.push_back(id);
    return id;
  }

  const OpDef* find(const std::string& op) const {
    if (op == "Constant") return &constant_op;
    if (op.rfind("vireo.", 0) == 0) return ops_.find(op, 0);
    const size_t dash = op.rfind('-');
    if (dash == std::string::npos) return nullptr;
    auto version = parse_i64(std::string_view(op).substr(dash + 1));
    return version ? ops_.find(op.substr(0, dash), int(*version)) : nullptr;
  }

  Tensor constant(const std::vector<Kind>& kinds) {
    if (kinds.size() != 1 || kinds[0].shape.is_dynamic())
      error("a Constant needs its type and static shape");
    if (kinds[0].type == element::string) return make_strings(kinds[0].shape.to_shape(), strings());
    std::string list = bracketed();
    std::vector<double> reals;
    std::vector<int64_t> ints;
    const bool real = kinds[0].type.is_real();
    std::string_view inner = trim(std::string_view(list).substr(1, list.size() - 2));
    if (!inner.empty())
      for (std::string_view s : split(inner, ',')) {
        auto d = parse_f64(trim(s));
        auto i = parse_i64(trim(s));
        if (real ? !d : !i) error("'{}' is not a value of type {}", s, kinds[0].type.name());
        reals.push_back(d.value_or(0));
        ints.push_back(i.value_or(0));
      }
    const Shape shape = kinds[0].shape.to_shape();
    if (reals.size() != shape_size(shape))
      error("{} values are given for the shape {}", reals.size(), shape.to_string());
    return real ? make_tensor(kinds[0].type, shape, reals)
                : make_tensor(kinds[0].type, shape, ints);
  }

  std::vector<std::string> strings() {
    std::vector<std::string> out;
    expect('[');
    skip();
    while (peek() == '"') {
      out.push_back(quoted());
      if (!take(',')) break;
      skip();
    }
    expect(']');
    return out;
  }

  AttrValue value() {
    skip();
    if (peek() == '"') return quoted();
    if (peek() == '{') return body();
    if (peek() == '[') return list();
    const std::string word = token();
    if (word == "true" || word == "false") return word == "true";
    if (auto i = parse_i64(word)) return *i;
    if (auto d = parse_f64(word)) return *d;
    return element::Type(word);
  }

  AttrValue list() {
    const size_t start = at_;
    ++at_;
    skip();
    const bool text = peek() == '"';
    at_ = start;
    if (text) return strings();
    const std::string given = bracketed();
    std::string_view inner = trim(std::string_view(given).substr(1, given.size() - 2));
    if (inner.empty()) return std::vector<int64_t>();
    std::vector<int64_t> ints;
    std::vector<double> reals;
    bool all_ints = true, all_reals = true;
    for (std::string_view s : split(inner, ',')) {
      auto i = parse_i64(trim(s));
      auto d = parse_f64(trim(s));
      all_ints &= i.has_value();
      all_reals &= d.has_value();
      ints.push_back(i.value_or(0));
      reals.push_back(d.value_or(0));
    }
    if (all_ints) return ints;
    if (all_reals) return reals;
    return PartialShape(std::string_view(given));
  }

  AttrValue body() {
    Body body;
    expect('{');
    skip();
    while (word_is("input ") || word_is("output ")) {
      const bool input = token() == "input";
      std::vector<int64_t> v{number()};
      for (const char* key : {"parameter", "back_edge"}) {
        if (!input && std::string_view(key) == "back_edge") continue;
        v.push_back(keyed(input ? key : "result"));
      }
      for (const char* key : {"axis", "start", "end", "stride", "part_size"})
        v.push_back(keyed(key));
      if (input)
        body.inputs.push_back({v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]});
      else
        body.outputs.push_back({v[0], v[1], v[2], v[3], v[4], v[5], v[6]});
      skip();
    }
    body.graph = graph();
    expect('}');
    return body;
  }
  int64_t number() {
    const std::string s = token();
    auto v = parse_i64(s);
    if (!v) error("a number is expected, got '{}'", s);
    return *v;
  }
  int64_t keyed(std::string_view key) {
    expect_word(key);
    expect('=');
    return number();
  }

  std::string_view text_;
  const OpRegistry& ops_;
  size_t at_ = 0;
  int depth_ = 0;
  std::unordered_map<std::string, NodeId> names_;
};

}  // namespace

std::shared_ptr<Graph> graph_from_text(std::string_view text, const OpRegistry& ops) {
  Parser parser(text, ops);
  auto graph = parser.graph();
  parser.finish();
  return graph;
}

}  // namespace vireo

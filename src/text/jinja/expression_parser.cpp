#include "base/support/parse.h"
#include "text/jinja/parser.h"

namespace vireo::jinja {

bool Parser::take_op(std::string_view text) { return sees_op(text) && ++at_; }
bool Parser::take_name(std::string_view text) { return sees_name(text) && ++at_; }

void Parser::need_op(std::string_view text) {
  if (!take_op(text)) stop("'" + std::string(text) + "'");
}

std::string Parser::need_identifier() {
  if (token().kind != Token::Name) stop("a name");
  return tokens_[at_++].text;
}

void Parser::stop(const std::string& expected) const {
  std::string got = "the end of the block";
  if (token().kind == Token::End) got = "the end of the template";
  if (token().kind >= Token::Name && token().kind < Token::End) got = "'" + token().text + "'";
  if (token().kind == Token::Text) got = "text";
  fail("line " + std::to_string(token().line) + ": got " + got + ", expected " + expected);
}

// a op b op c, from the left.
template <typename Rule>
ExpressionPtr Parser::binary(Rule rule, std::initializer_list<std::string_view> operators,
                             Token::Kind kind) {
  ExpressionPtr left = (this->*rule)();
  for (int length = 0;; ++length) {
    const auto found = std::find_if(operators.begin(), operators.end(),
                                    [&](std::string_view op) { return sees(kind, op); });
    if (found == operators.end()) return left;
    if (length == kMaxDepth) stop("a shorter chain of operators");
    auto node = make<Binary>();
    ++at_;
    node->op = *found;
    node->left = std::move(left);
    node->right = (this->*rule)();
    left = std::move(node);
  }
}

ExpressionPtr Parser::expression() {
  const Deeper deeper(*this);
  ExpressionPtr value = or_expression();
  for (int length = 0; sees_name("if"); ++length) {
    if (length == kMaxDepth) stop("a shorter chain of conditions");
    auto node = make<Conditional>();
    ++at_;
    node->then = std::move(value);
    node->condition = or_expression();
    if (take_name("else")) node->otherwise = expression();
    value = std::move(node);
  }
  return value;
}

// One expression, or several with commas between.
ExpressionPtr Parser::tuple(bool with_condition) {
  const auto one = [&] { return with_condition ? expression() : or_expression(); };
  ExpressionPtr first = one();
  if (!sees_op(",")) return first;
  auto node = make<ListLiteral>();
  node->tuple = true;
  node->items.push_back(std::move(first));
  while (take_op(",")) {
    const bool ends = token().kind == Token::BlockClose || token().kind == Token::OutputClose;
    if (ends || sees_op(")") || sees_op("=") || sees_name("in")) break;
    node->items.push_back(one());
  }
  return node;
}

ExpressionPtr Parser::or_expression() {
  return binary(&Parser::and_expression, {"or"}, Token::Name);
}
ExpressionPtr Parser::and_expression() {
  return binary(&Parser::not_expression, {"and"}, Token::Name);
}

ExpressionPtr Parser::not_expression() {
  if (!sees_name("not")) return comparison();
  const Deeper deeper(*this);
  auto node = make<Unary>();
  ++at_;
  node->op = "not";
  node->operand = not_expression();
  return node;
}

ExpressionPtr Parser::comparison() {
  static constexpr std::string_view kOperators[] = {"==", "!=", "<=", ">=", "<", ">"};
  auto node = make<Comparison>();
  ExpressionPtr first = sum();
  while (true) {
    const Token& now = token();
    const bool is_operator =
        now.kind == Token::Operator &&
        std::find(std::begin(kOperators), std::end(kOperators), now.text) != std::end(kOperators);
    const bool negated =
        sees_name("not") && next_token().kind == Token::Name && next_token().text == "in";
    if (!is_operator && !negated && !sees_name("in")) break;
    std::string op = negated ? "not in" : now.text;
    at_ += negated ? 2 : 1;
    node->rest.emplace_back(std::move(op), sum());
  }
  if (node->rest.empty()) return first;
  node->first = std::move(first);
  return node;
}

ExpressionPtr Parser::sum() { return binary(&Parser::concatenation, {"+", "-"}); }
ExpressionPtr Parser::concatenation() { return binary(&Parser::product, {"~"}); }
ExpressionPtr Parser::product() { return binary(&Parser::power, {"*", "/", "//", "%"}); }

ExpressionPtr Parser::power() {
  ExpressionPtr left = unary();
  while (sees_op("**")) {
    const Deeper deeper(*this);
    auto node = make<Binary>();
    ++at_;
    node->op = "**";
    node->left = std::move(left);
    node->right = unary();
    left = std::move(node);
  }
  return left;
}

ExpressionPtr Parser::unary(bool with_filters) {
  const Deeper deeper(*this);
  ExpressionPtr value;
  if (sees_op("-") || sees_op("+")) {
    auto node = make<Unary>();
    node->op = token().text;
    ++at_;
    node->operand = unary(false);
    value = std::move(node);
  } else {
    value = primary();
  }
  value = postfix(std::move(value));
  return with_filters ? filters_and_tests(std::move(value)) : std::move(value);
}

ExpressionPtr Parser::postfix(ExpressionPtr object) {
  for (int length = 0;; ++length) {
    if (length == kMaxDepth) stop("a shorter chain of attributes");
    if (sees_op(".")) {
      auto node = make<Attribute>();
      ++at_;
      if (token().kind == Token::Integer) {
        auto index = make<Item>();
        index->object = std::move(object);
        index->key = number();
        object = std::move(index);
        continue;
      }
      node->object = std::move(object);
      node->name = need_identifier();
      object = std::move(node);
    } else if (sees_op("[")) {
      object = subscript(std::move(object));
    } else if (sees_op("(")) {
      auto node = make<Call>();
      node->callee = std::move(object);
      node->arguments = call_arguments();
      object = std::move(node);
    } else {
      return object;
    }
  }
}

ExpressionPtr Parser::subscript(ExpressionPtr object) {
  auto cut = make<Slice>();
  auto single = make<Item>();
  need_op("[");
  const auto bound = [&]() -> ExpressionPtr {
    return sees_op(":") || sees_op("]") ? nullptr : expression();
  };
  ExpressionPtr first = bound();
  if (!sees_op(":")) {
    if (!first) stop("an index");
    need_op("]");
    single->object = std::move(object);
    single->key = std::move(first);
    return single;
  }
  cut->object = std::move(object);
  cut->start = std::move(first);
  need_op(":");
  cut->stop = bound();
  if (take_op(":")) cut->step = bound();
  need_op("]");
  return cut;
}

ExpressionPtr Parser::filters_and_tests(ExpressionPtr object) {
  for (int length = 0;; ++length) {
    if (length == kMaxDepth) stop("a shorter chain of filters");
    if (take_op("|")) {
      object = filter(std::move(object));
    } else if (sees_name("is")) {
      object = test(std::move(object));
    } else if (sees_op("(")) {
      object = postfix(std::move(object));
    } else {
      return object;
    }
  }
}

std::unique_ptr<Filter> Parser::filter(ExpressionPtr object) {
  auto node = make<Filter>();
  node->object = std::move(object);
  node->name = need_identifier();
  if (sees_op("(")) node->arguments = call_arguments();
  return node;
}

// x is [not] name, name(arguments) or name argument
ExpressionPtr Parser::test(ExpressionPtr object) {
  auto node = make<Test>();
  ++at_;
  node->object = std::move(object);
  node->negated = take_name("not");
  node->name = need_identifier();
  if (sees_op("(")) {
    node->arguments = call_arguments();
    return node;
  }
  const Token& now = token();
  const bool is_value = now.kind == Token::String || now.kind == Token::Integer ||
                        now.kind == Token::Float || sees_op("[") || sees_op("{");
  const bool is_name = now.kind == Token::Name && now.text != "else" && now.text != "or" &&
                       now.text != "and" && now.text != "if" && now.text != "is" &&
                       now.text != "in" && now.text != "not";
  if (is_value || is_name) {
    node->arguments.all.push_back({CallArguments::One::Positional, "", postfix(primary())});
  }
  return node;
}

CallArguments Parser::call_arguments() {
  const Deeper deeper(*this);
  CallArguments result;
  need_op("(");
  while (!take_op(")")) {
    CallArguments::One one;
    one.kind = CallArguments::One::Positional;
    if (take_op("**")) {
      one.kind = CallArguments::One::SpreadNamed;
    } else if (take_op("*")) {
      one.kind = CallArguments::One::Spread;
    } else if (token().kind == Token::Name && next_token().kind == Token::Operator &&
               next_token().text == "=") {
      one.kind = CallArguments::One::Named;
      one.name = need_identifier();
      need_op("=");
    }
    one.value = expression();
    result.all.push_back(std::move(one));
    if (!sees_op(")")) need_op(",");
  }
  return result;
}

ExpressionPtr Parser::primary() {
  switch (token().kind) {
    case Token::Name: return name_or_constant();
    case Token::String: {
      auto node = make<Constant>();
      std::string text;
      while (token().kind == Token::String) text += tokens_[at_++].text;
      node->value = std::move(text);
      return node;
    }
    case Token::Integer:
    case Token::Float: return number();
    default:
      if (sees_op("(")) return parenthesised();
      if (sees_op("[")) return list_literal();
      if (sees_op("{")) return dict_literal();
      stop("an expression");
  }
}

ExpressionPtr Parser::name_or_constant() {
  const std::string& text = token().text;
  const bool is_true = text == "true" || text == "True";
  if (is_true || text == "false" || text == "False" || text == "none" || text == "None") {
    auto node = make<Constant>();
    node->value = is_true ? Value(true) : text[1] == 'a' ? Value(false) : Value(None{});
    ++at_;
    return node;
  }
  auto node = make<Name>();
  reads_loop_ |= text == "loop";
  node->name = need_identifier();
  return node;
}

ExpressionPtr Parser::number() {
  auto node = make<Constant>();
  const std::string& text = token().text;
  if (token().kind == Token::Integer) {
    const auto value = parse_i64(text);
    if (!value) stop("an integer of 64 bits");
    node->value = *value;
  } else {
    const auto value = parse_f64(text);
    if (!value) stop("a number");
    node->value = *value;
  }
  ++at_;
  return node;
}

ExpressionPtr Parser::parenthesised() {
  auto empty = make<ListLiteral>();
  empty->tuple = true;
  need_op("(");
  if (take_op(")")) return empty;
  ExpressionPtr inside = tuple();
  need_op(")");
  return inside;
}

ExpressionPtr Parser::list_literal() {
  auto node = make<ListLiteral>();
  need_op("[");
  while (!take_op("]")) {
    node->items.push_back(expression());
    if (!sees_op("]")) need_op(",");
  }
  return node;
}

ExpressionPtr Parser::dict_literal() {
  auto node = make<DictLiteral>();
  need_op("{");
  while (!take_op("}")) {
    ExpressionPtr key = expression();
    need_op(":");
    node->entries.emplace_back(std::move(key), expression());
    if (!sees_op("}")) need_op(",");
  }
  return node;
}

}  // namespace vireo::jinja

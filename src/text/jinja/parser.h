// A template's tokens as a tree.
#pragma once

#include <string_view>
#include <vector>

#include "text/jinja/lexer.h"
#include "text/jinja/syntax.h"

namespace vireo::jinja {

// Throws TemplateError, which says the line, where `source` is no template.
Body parse(std::string_view source);

// Reads one token after the other; the grammar's rules are its functions, in the order of binding:
// expression (a if b else c), or, and, not, comparison, sum, concatenation, product, power, unary,
// postfix, primary. Those of expressions are in expression_parser.cpp, those of statements in
// statement_parser.cpp.
class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}
  Body whole();

 private:
  const Token& token() const { return tokens_[at_]; }
  const Token& next_token() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  bool sees(Token::Kind kind, std::string_view text) const {
    return token().kind == kind && token().text == text;
  }
  bool sees_op(std::string_view text) const { return sees(Token::Operator, text); }
  bool sees_name(std::string_view text) const { return sees(Token::Name, text); }
  bool take_op(std::string_view text);
  bool take_name(std::string_view text);
  void need_op(std::string_view text);
  std::string need_identifier();
  [[noreturn]] void stop(const std::string& expected) const;

  template <typename Node>
  std::unique_ptr<Node> make() const {
    auto node = std::make_unique<Node>();
    node->line = token().line;
    return node;
  }

  ExpressionPtr expression();  // with the inline if
  ExpressionPtr tuple(bool with_condition = true);
  ExpressionPtr or_expression();
  ExpressionPtr and_expression();
  ExpressionPtr not_expression();
  ExpressionPtr comparison();
  ExpressionPtr sum();
  ExpressionPtr concatenation();
  ExpressionPtr product();
  ExpressionPtr power();
  ExpressionPtr unary(bool with_filters = true);
  ExpressionPtr postfix(ExpressionPtr object);
  ExpressionPtr filters_and_tests(ExpressionPtr object);
  ExpressionPtr primary();
  ExpressionPtr name_or_constant();
  ExpressionPtr number();
  ExpressionPtr parenthesised();
  ExpressionPtr list_literal();
  ExpressionPtr dict_literal();
  ExpressionPtr subscript(ExpressionPtr object);
  ExpressionPtr test(ExpressionPtr object);
  std::unique_ptr<Filter> filter(ExpressionPtr object);
  CallArguments call_arguments();
  template <typename Rule>
  ExpressionPtr binary(Rule rule, std::initializer_list<std::string_view> operators,
                       Token::Kind kind = Token::Operator);

  // Statements up to a block that begins with one of `ends`, which is left open: its name is next.
  Body body(std::initializer_list<std::string_view> ends);
  void block(Body& body);
  void end_block();
  void end_block(std::string_view name);
  std::unique_ptr<Statement> if_block();
  std::unique_ptr<Statement> for_block();
  std::unique_ptr<Statement> set_block();
  std::unique_ptr<Statement> macro_block();
  std::unique_ptr<Statement> call_block();
  std::unique_ptr<Statement> filter_block();
  std::unique_ptr<Statement> with_block();
  std::unique_ptr<Statement> generation_block();
  std::unique_ptr<Statement> jump(Flow flow);
  Target target(bool may_have_attribute);
  Parameters parameters();
  std::vector<std::unique_ptr<const Filter>> filter_chain();

  // One more rule inside another: keeps a template from using up the stack.
  class Deeper {
   public:
    explicit Deeper(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > kMaxDepth) parser_.stop("less deep nesting");
    }
    ~Deeper() { --parser_.depth_; }

   private:
    Parser& parser_;
  };

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0, loops_ = 0;
  bool reads_loop_ = false;  // the name `loop` was read since this was last cleared
};

}  // namespace vireo::jinja

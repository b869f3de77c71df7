#include <algorithm>

#include "text/jinja/parser.h"

namespace vireo::jinja {

Body parse(std::string_view source) { return Parser(tokenize(source)).whole(); }

Body Parser::whole() {
  Body result = body({});
  if (token().kind != Token::End) stop("the end of the template");
  return result;
}

Body Parser::body(std::initializer_list<std::string_view> ends) {
  const Deeper deeper(*this);
  Body result;
  while (token().kind != Token::End) {
    if (token().kind == Token::Text) {
      auto node = make<Text>();
      node->text = std::move(tokens_[at_++].text);
      result.push_back(std::move(node));
    } else if (token().kind == Token::OutputOpen) {
      auto node = make<Output>();
      ++at_;
      node->value = tuple();
      if (token().kind != Token::OutputClose) stop("'}}'");
      ++at_;
      result.push_back(std::move(node));
    } else {
      ++at_;  // {%
      if (token().kind != Token::Name) stop("the name of a statement");
      if (std::find(ends.begin(), ends.end(), token().text) != ends.end()) return result;
      block(result);
    }
  }
  if (ends.size()) stop("'{% " + std::string(*(ends.end() - 1)) + " %}'");
  return result;
}

void Parser::block(Body& into) {
  const auto made = [&]() -> std::unique_ptr<Statement> {
    if (sees_name("if")) return if_block();
    if (sees_name("for")) return for_block();
    if (sees_name("set")) return set_block();
    if (sees_name("macro")) return macro_block();
    if (sees_name("call")) return call_block();
    if (sees_name("filter")) return filter_block();
    if (sees_name("with")) return with_block();
    if (sees_name("generation")) return generation_block();
    if (sees_name("break")) return jump(Flow::Break);
    if (sees_name("continue")) return jump(Flow::Continue);
    stop("a statement: if, for, set, macro, call, filter, with, generation, break or continue");
  };
  into.push_back(made());
}

void Parser::end_block() {
  if (token().kind != Token::BlockClose) stop("'%}'");
  ++at_;
}

void Parser::end_block(std::string_view name) {
  if (!take_name(name)) stop("'" + std::string(name) + "'");
  end_block();
}

std::unique_ptr<Statement> Parser::if_block() {
  auto node = make<If>();
  while (true) {
    ExpressionPtr condition;
    const bool last = sees_name("else");
    ++at_;
    if (!last) condition = tuple();
    end_block();
    Body then = last ? body({"endif"}) : body({"elif", "else", "endif"});
    node->branches.emplace_back(std::move(condition), std::move(then));
    if (sees_name("endif")) break;
  }
  end_block("endif");
  return node;
}

std::unique_ptr<Statement> Parser::for_block() {
  auto node = make<For>();
  ++at_;
  node->target = target(false);
  if (!take_name("in")) stop("'in'");
  node->iterable = tuple(false);
  if (take_name("if")) node->condition = expression();
  node->recursive = take_name("recursive");
  end_block();
  ++loops_;
  const bool outer_reads_loop = std::exchange(reads_loop_, false);
  node->body = body({"else", "endfor"});
  node->reads_loop = reads_loop_;
  reads_loop_ |= outer_reads_loop;  // a loop inside may mean this one's in what it goes through
  --loops_;
  if (take_name("else")) {
    end_block();
    node->otherwise = body({"endfor"});
  }
  end_block("endfor");
  return node;
}

std::unique_ptr<Statement> Parser::set_block() {
  auto node = make<Set>();
  ++at_;
  node->target = target(true);
  if (take_op("=")) {
    node->value = tuple();
    end_block();
    return node;
  }
  node->filters = filter_chain();
  end_block();
  node->body = body({"endset"});
  end_block("endset");
  return node;
}

std::vector<std::unique_ptr<const Filter>> Parser::filter_chain() {
  std::vector<std::unique_ptr<const Filter>> filters;
  while (take_op("|")) filters.push_back(filter(nullptr));
  return filters;
}

std::unique_ptr<Statement> Parser::macro_block() {
  auto node = make<Macro>();
  ++at_;
  node->name = need_identifier();
  node->parameters = parameters();
  end_block();
  const int loops = std::exchange(loops_, 0);
  node->body = body({"endmacro"});
  loops_ = loops;
  take_name("endmacro");
  if (token().kind == Token::Name) ++at_;  // {% endmacro name %}
  end_block();
  return node;
}

std::unique_ptr<Statement> Parser::call_block() {
  auto node = make<CallBlock>();
  ++at_;
  node->caller.line = token().line;
  node->caller.name = "caller";
  if (sees_op("(")) node->caller.parameters = parameters();
  ExpressionPtr called = postfix(primary());
  const Call* call = dynamic_cast<const Call*>(called.get());
  if (!call) stop("the call of a macro");
  called.release();
  node->call.reset(call);
  end_block();
  node->caller.body = body({"endcall"});
  end_block("endcall");
  return node;
}

std::unique_ptr<Statement> Parser::filter_block() {
  auto node = make<FilterBlock>();
  ++at_;
  node->filters.push_back(filter(nullptr));
  for (auto& more : filter_chain()) node->filters.push_back(std::move(more));
  end_block();
  node->body = body({"endfilter"});
  end_block("endfilter");
  return node;
}

std::unique_ptr<Statement> Parser::with_block() {
  auto node = make<With>();
  ++at_;
  while (token().kind != Token::BlockClose) {
    Target name = target(false);
    need_op("=");
    node->assignments.emplace_back(std::move(name), expression());
    if (token().kind != Token::BlockClose) need_op(",");
  }
  end_block();
  node->body = body({"endwith"});
  end_block("endwith");
  return node;
}

std::unique_ptr<Statement> Parser::generation_block() {
  auto node = make<Block>();
  ++at_;
  end_block();
  node->body = body({"endgeneration"});
  end_block("endgeneration");
  return node;
}

std::unique_ptr<Statement> Parser::jump(Flow flow) {
  if (!loops_) stop("a loop around it");
  auto node = make<Jump>();
  ++at_;
  node->flow = flow;
  end_block();
  return node;
}

Target Parser::target(bool may_have_attribute) {
  Target result;
  const bool brackets = take_op("(");
  result.names.push_back(need_identifier());
  if (may_have_attribute && take_op(".")) {
    result.attribute = need_identifier();
    return result;
  }
  while (take_op(",")) {
    result.unpacks = true;
    if (token().kind != Token::Name || sees_name("in")) break;
    result.names.push_back(need_identifier());
  }
  if (brackets) need_op(")");
  return result;
}

Parameters Parser::parameters() {
  Parameters result;
  need_op("(");
  while (!take_op(")")) {
    std::string name = need_identifier();
    ExpressionPtr otherwise;
    if (take_op("=")) otherwise = expression();
    result.all.emplace_back(std::move(name), std::move(otherwise));
    if (!sees_op(")")) need_op(",");
  }
  return result;
}

}  // namespace vireo::jinja

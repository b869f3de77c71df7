// The parts of a parsed template. Each knows how to compute its value or to write its output.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/scope.h"
#include "text/jinja/value.h"

namespace vireo::jinja {

struct Expression {
  int line = 0;
  virtual ~Expression() = default;
  Value evaluate(Context& context) const {
    const Context::Deeper deeper(context);
    context.step(line);
    return compute(context);
  }

 private:
  virtual Value compute(Context& context) const = 0;
};
using ExpressionPtr = std::unique_ptr<const Expression>;

// What a statement did to the loop around it.
enum class Flow { Next, Break, Continue };

struct Statement {
  int line = 0;
  virtual ~Statement() = default;
  Flow run(Context& context) const {
    const Context::Deeper deeper(context);
    context.step(line);
    return execute(context);
  }

 private:
  virtual Flow execute(Context& context) const = 0;
};
using Body = std::vector<std::unique_ptr<const Statement>>;
Flow run(const Body& body, Context& context);
// What `body` writes, as a value.
std::string captured(const Body& body, Context& context);

// f(a, *b, c=d, **e)
struct CallArguments {
  struct One {
    enum Kind { Positional, Named, Spread, SpreadNamed } kind;
    std::string name;
    ExpressionPtr value;
  };
  std::vector<One> all;
  Arguments evaluate(std::string callee, Context& context) const;
};

#define VIREO_JINJA_EXPRESSION \
 private:                      \
  Value compute(Context& context) const override

struct Constant final : Expression {
  Value value;
  VIREO_JINJA_EXPRESSION;
};
struct Name final : Expression {
  std::string name;
  VIREO_JINJA_EXPRESSION;
};
struct ListLiteral final : Expression {
  std::vector<ExpressionPtr> items;
  bool tuple = false;
  VIREO_JINJA_EXPRESSION;
};
struct DictLiteral final : Expression {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
  VIREO_JINJA_EXPRESSION;
};
struct Attribute final : Expression {
  ExpressionPtr object;
  std::string name;
  VIREO_JINJA_EXPRESSION;
};
struct Item final : Expression {
  ExpressionPtr object, key;
  VIREO_JINJA_EXPRESSION;
};
struct Slice final : Expression {
  ExpressionPtr object, start, stop, step;  // bounds may be null
  VIREO_JINJA_EXPRESSION;
};
struct Call final : Expression {
  ExpressionPtr callee;
  CallArguments arguments;
  VIREO_JINJA_EXPRESSION;
};
struct Filter final : Expression {
  ExpressionPtr object;  // null in a filter block: what the block wrote is given to `apply`
  std::string name;
  CallArguments arguments;
  Value apply(Value object, Context& context) const;
  VIREO_JINJA_EXPRESSION;
};
struct Test final : Expression {
  ExpressionPtr object;
  std::string name;
  CallArguments arguments;
  bool negated = false;
  VIREO_JINJA_EXPRESSION;
};
struct Unary final : Expression {
  std::string op;  // not - +
  ExpressionPtr operand;
  VIREO_JINJA_EXPRESSION;
};
struct Binary final : Expression {
  std::string op;  // and or + - * / // % ** ~
  ExpressionPtr left, right;
  VIREO_JINJA_EXPRESSION;
};
// a < b <= c
struct Comparison final : Expression {
  ExpressionPtr first;
  std::vector<std::pair<std::string, ExpressionPtr>> rest;
  VIREO_JINJA_EXPRESSION;
};
struct Conditional final : Expression {
  ExpressionPtr condition, then, otherwise;  // `otherwise` may be null: an undefined value
  VIREO_JINJA_EXPRESSION;
};
#undef VIREO_JINJA_EXPRESSION

// a | (a, b) | namespace.a
struct Target {
  std::vector<std::string> names;
  std::string attribute;  // set: names[0].attribute
  bool unpacks = false;
  void assign(const Value& value, Context& context) const;
};

#define VIREO_JINJA_STATEMENT \
 private:                     \
  Flow execute(Context& context) const override

struct Text final : Statement {
  std::string text;
  VIREO_JINJA_STATEMENT;
};
struct Output final : Statement {
  ExpressionPtr value;
  VIREO_JINJA_STATEMENT;
};
struct If final : Statement {
  std::vector<std::pair<ExpressionPtr, Body>> branches;  // the condition of `else` is null
  VIREO_JINJA_STATEMENT;
};
struct For final : Statement {
  Target target;
  ExpressionPtr iterable, condition;  // the condition may be null
  Body body, otherwise;
  bool recursive = false;
  bool reads_loop = false;  // the variable `loop` is made only for those that do
  Flow loop(const Value& over, int depth, Context& context) const;
  VIREO_JINJA_STATEMENT;
};
struct Set final : Statement {
  Target target;
  ExpressionPtr value;  // null: what the body writes, through the filters
  Body body;
  std::vector<std::unique_ptr<const Filter>> filters;
  VIREO_JINJA_STATEMENT;
};
struct Parameters {
  std::vector<std::pair<std::string, ExpressionPtr>> all;  // the default may be null
};
struct Macro final : Statement {
  std::string name;
  Parameters parameters;
  Body body;
  Value bind(Context& context) const;
  VIREO_JINJA_STATEMENT;
};
// {% call(x) f(y) %}...{% endcall %}: the body is a macro named caller.
struct CallBlock final : Statement {
  Macro caller;
  std::unique_ptr<const Call> call;
  VIREO_JINJA_STATEMENT;
};
struct FilterBlock final : Statement {
  std::vector<std::unique_ptr<const Filter>> filters;
  Body body;
  VIREO_JINJA_STATEMENT;
};
struct With final : Statement {
  std::vector<std::pair<Target, ExpressionPtr>> assignments;
  Body body;
  VIREO_JINJA_STATEMENT;
};
// {% generation %}: marks what the model said; it writes its body.
struct Block final : Statement {
  Body body;
  VIREO_JINJA_STATEMENT;
};
struct Jump final : Statement {
  Flow flow = Flow::Next;
  VIREO_JINJA_STATEMENT;
};
#undef VIREO_JINJA_STATEMENT

}  // namespace vireo::jinja

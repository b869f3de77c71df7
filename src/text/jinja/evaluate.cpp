// How each expression computes its value.
#include "text/jinja/builtins.h"
#include "text/jinja/syntax.h"

namespace vireo::jinja {
namespace {

const Value& needed(const Value& value) {
  if (value.is_undefined()) fail(value.undefined().what);
  return value;
}

bool holds(std::string_view op, const Value& a, const Value& b) {
  if (op == "==") return equal(a, b);
  if (op == "!=") return !equal(a, b);
  if (op == "in") return contains(b, a);
  if (op == "not in") return !contains(b, a);
  const int order = compare(a, b);
  if (op == "<") return order < 0;
  if (op == "<=") return order <= 0;
  return op == ">" ? order > 0 : order >= 0;
}

}  // namespace

Arguments CallArguments::evaluate(std::string callee, Context& context) const {
  Arguments result;
  result.callee = std::move(callee);
  for (const One& one : all) {
    Value value = one.value->evaluate(context);
    switch (one.kind) {
      case One::Positional: result.positional.push_back(std::move(value)); break;
      case One::Named: result.named.emplace_back(one.name, std::move(value)); break;
      case One::Spread:
        for (Value& item : iterate(value)) result.positional.push_back(std::move(item));
        break;
      case One::SpreadNamed:
        if (!value.is_dict()) fail(result.callee + "() argument after ** is no mapping");
        for (const auto& [key, item] : value.dict().entries()) {
          result.named.emplace_back(key.str(), item);
        }
        break;
    }
  }
  return result;
}

Value Constant::compute(Context&) const { return value; }

Value Name::compute(Context& context) const { return context.look_up(name); }

Value ListLiteral::compute(Context& context) const {
  List values;
  for (const auto& item : items) values.push_back(item->evaluate(context));
  return Value(std::move(values), tuple);
}

Value DictLiteral::compute(Context& context) const {
  Dict dict;
  for (const auto& [key, value] : entries) {
    Value name = key->evaluate(context);
    dict.set(std::move(name), value->evaluate(context));
  }
  return dict;
}

Value Attribute::compute(Context& context) const {
  return attribute(object->evaluate(context), name);
}

Value Item::compute(Context& context) const {
  const Value from = object->evaluate(context);
  return item(from, key->evaluate(context));
}

Value Slice::compute(Context& context) const {
  const Value from = object->evaluate(context);
  const auto bound = [&](const ExpressionPtr& e) { return e ? e->evaluate(context) : None{}; };
  const Value first = bound(start), last = bound(stop);
  return slice(from, first, last, bound(step));
}

Value Call::compute(Context& context) const {
  Value function = callee->evaluate(context);
  if (function.is_namespace()) function = attribute(function, "__call__");  // loop(...)
  if (function.is_undefined()) fail(function.undefined().what);
  if (!function.is_callable()) {
    fail(std::string("'") + function.type_name() + "' object is not callable");
  }
  Arguments given = arguments.evaluate(function.callable().name, context);
  context.step(line);
  return function.callable().call(given);
}

Value Filter::apply(Value object, Context& context) const {
  Arguments given = arguments.evaluate(name, context);
  return apply_filter(name, object, given);
}

Value Filter::compute(Context& context) const { return apply(object->evaluate(context), context); }

Value Test::compute(Context& context) const {
  const Value self = object->evaluate(context);
  Arguments given = arguments.evaluate(name, context);
  return apply_test(name, self, given) != negated;
}

Value Unary::compute(Context& context) const {
  const Value value = operand->evaluate(context);
  if (op == "not") return !value.truth();
  if (!needed(value).is_number()) {
    fail("bad operand type for unary " + op + ": '" + value.type_name() + "'");
  }
  return op == "-" ? arithmetic("-", int64_t{0}, value) : value;
}

Value Binary::compute(Context& context) const {
  const Value a = left->evaluate(context);
  if (op == "and") return a.truth() ? right->evaluate(context) : a;
  if (op == "or") return a.truth() ? a : right->evaluate(context);
  return arithmetic(op, a, right->evaluate(context));
}

Value Comparison::compute(Context& context) const {
  Value a = first->evaluate(context);
  for (const auto& [op, operand] : rest) {
    Value b = operand->evaluate(context);
    if (!holds(op, a, b)) return false;
    a = std::move(b);
  }
  return true;
}

Value Conditional::compute(Context& context) const {
  if (condition->evaluate(context).truth()) return then->evaluate(context);
  if (otherwise) return otherwise->evaluate(context);
  return Undefined{"an inline if without else was false"};
}

}  // namespace vireo::jinja

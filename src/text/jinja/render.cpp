// How each statement writes its output.
#include <algorithm>

#include "text/jinja/syntax.h"

namespace vireo::jinja {
namespace {

// The variable `loop`, made anew for each turn.
struct Loop {
  const List& items;
  size_t index;
  int depth;
  Value again;                    // `loop(...)` of a recursive loop
  std::shared_ptr<Value> before;  // what `loop.changed` saw last
};

Value cycle(size_t index, Arguments& arguments) {
  if (arguments.positional.empty()) fail("loop.cycle() takes at least one value");
  return arguments.positional[index % arguments.positional.size()];
}

Value loop_value(const Loop& loop) {
  charge(10);
  const size_t i = loop.index, n = loop.items.size();
  auto value = std::make_shared<Namespace>();
  auto& at = value->attributes;
  const auto count = [](size_t v) { return Value(static_cast<int64_t>(v)); };
  at["index"] = count(i + 1);
  at["index0"] = count(i);
  at["revindex"] = count(n - i);
  at["revindex0"] = count(n - i - 1);
  at["first"] = i == 0;
  at["last"] = i + 1 == n;
  at["length"] = count(n);
  at["depth"] = int64_t{loop.depth};
  at["depth0"] = int64_t{loop.depth - 1};
  at["previtem"] = i ? loop.items[i - 1] : Value(Undefined{"there is no previous item"});
  at["nextitem"] = i + 1 < n ? loop.items[i + 1] : Value(Undefined{"there is no next item"});
  at["cycle"] = Callable{"cycle", [i](Arguments& a) { return cycle(i, a); }};
  at["changed"] = Callable{"changed", [before = loop.before](Arguments& a) {
                             const Value now(a.positional, true);
                             const bool changed = !equal(*before, now);
                             *before = now;
                             return Value(changed);
                           }};
  at["__call__"] = loop.again;
  value->sealed = true;
  return value;
}

}  // namespace

Flow run(const Body& body, Context& context) {
  for (const auto& statement : body) {
    const Flow flow = statement->run(context);
    if (flow != Flow::Next) return flow;
  }
  return Flow::Next;
}

std::string captured(const Body& body, Context& context) {
  const Context::Capture capture(context);
  run(body, context);
  return capture.text();
}

void Target::assign(const Value& value, Context& context) const {
  auto& own = context.scope().names;
  if (!attribute.empty()) {
    const Value object = context.look_up(names[0]);
    if (!object.is_namespace() || object.name_space().sealed) {
      fail("cannot assign attribute on non-namespace object");
    }
    object.name_space().attributes[attribute] = value;
  } else if (!unpacks) {
    own[names[0]] = value;
  } else {
    const List items = iterate(value);
    if (items.size() != names.size()) {
      fail("cannot unpack " + std::to_string(items.size()) + " values into " +
           std::to_string(names.size()) + " names");
    }
    for (size_t i = 0; i < items.size(); ++i) own[names[i]] = items[i];
  }
}

Flow Text::execute(Context& context) const {
  context.write(text);
  return Flow::Next;
}

Flow Output::execute(Context& context) const {
  context.write(value->evaluate(context).str());
  return Flow::Next;
}

Flow If::execute(Context& context) const {
  for (const auto& [condition, body] : branches) {
    if (!condition || condition->evaluate(context).truth()) return jinja::run(body, context);
  }
  return Flow::Next;
}

Flow For::execute(Context& context) const { return loop(iterable->evaluate(context), 1, context); }

Flow For::loop(const Value& over, int depth, Context& context) const {
  Scope& outer = context.scope();
  Scope& scope = context.new_scope(&outer);
  const Context::Enter enter(context, scope);
  List items = iterate(over);
  if (condition) {
    const auto refused = [&](const Value& item) {
      scope.names.clear();
      target.assign(item, context);
      return !condition->evaluate(context).truth();
    };
    items.erase(std::remove_if(items.begin(), items.end(), refused), items.end());
  }
  Value again;
  if (recursive) {
    again = Callable{"loop", [this, depth, &context, &outer](Arguments& arguments) {
                       const Context::Enter at_outer(context, outer);
                       const Context::Capture capture(context);
                       loop(arguments.need(0, "iterable"), depth + 1, context);
                       return Value(capture.text());
                     }};
  }
  const auto before = std::make_shared<Value>();
  for (size_t i = 0; i < items.size(); ++i) {
    context.step(line);
    scope.names.clear();
    if (reads_loop) scope.names["loop"] = loop_value({items, i, depth, again, before});
    target.assign(items[i], context);
    if (jinja::run(body, context) == Flow::Break) break;
  }
  scope.names.clear();
  if (items.empty()) return jinja::run(otherwise, context);
  return Flow::Next;
}

Flow Set::execute(Context& context) const {
  if (value) {
    target.assign(value->evaluate(context), context);
    return Flow::Next;
  }
  Value text;
  {
    const Context::Enter enter(context, context.new_scope(&context.scope()));
    text = captured(body, context);
  }
  for (const auto& filter : filters) text = filter->apply(std::move(text), context);
  target.assign(text, context);
  return Flow::Next;
}

Value Macro::bind(Context& context) const {
  Scope& outer = context.scope();
  return Callable{
      name, [this, &context, &outer](Arguments& given) -> Value {
        Scope& scope = context.new_scope(&outer);
        const Context::Enter enter(context, scope);
        const auto& wanted = parameters.all;
        for (size_t i = 0; i < wanted.size(); ++i) {
          const auto& [parameter, otherwise] = wanted[i];
          const Value* found = given.find(i, parameter);
          scope.names[parameter] =
              found       ? *found
              : otherwise ? otherwise->evaluate(context)
                          : Value(Undefined{"parameter '" + parameter + "' was not provided"});
        }
        List more;
        for (size_t i = wanted.size(); i < given.positional.size(); ++i) {
          more.push_back(given.positional[i]);
        }
        Dict named;
        for (const auto& [key, value] : given.named) {
          const auto is_key = [k = &key](const auto& parameter) { return parameter.first == *k; };
          if (key == "caller")
            scope.names["caller"] = value;
          else if (std::none_of(wanted.begin(), wanted.end(), is_key))
            named.set(key, value);
        }
        scope.names["varargs"] = Value(std::move(more), true);
        scope.names["kwargs"] = std::move(named);
        return captured(body, context);
      }};
}

Flow Macro::execute(Context& context) const {
  context.scope().names[name] = bind(context);
  return Flow::Next;
}

Flow CallBlock::execute(Context& context) const {
  const Value function = call->callee->evaluate(context);
  if (!function.is_callable()) fail("a call block takes a macro");
  Arguments given = call->arguments.evaluate(function.callable().name, context);
  given.named.emplace_back("caller", caller.bind(context));
  context.write(function.callable().call(given).str());
  return Flow::Next;
}

Flow FilterBlock::execute(Context& context) const {
  const Context::Enter enter(context, context.new_scope(&context.scope()));
  Value text = captured(body, context);
  for (const auto& filter : filters) text = filter->apply(std::move(text), context);
  context.write(text.str());
  return Flow::Next;
}

Flow With::execute(Context& context) const {
  Scope& scope = context.new_scope(&context.scope());
  std::vector<Value> values;  // all are computed outside, before the first is set
  for (const auto& assignment : assignments) {
    values.push_back(assignment.second->evaluate(context));
  }
  const Context::Enter enter(context, scope);
  for (size_t i = 0; i < values.size(); ++i) assignments[i].first.assign(values[i], context);
  return jinja::run(body, context);
}

Flow Block::execute(Context& context) const { return jinja::run(body, context); }

Flow Jump::execute(Context&) const { return flow; }

}  // namespace vireo::jinja

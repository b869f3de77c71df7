#include <ctime>

#include "text/jinja/scope.h"

namespace vireo::jinja {
namespace {

Value range(Arguments& a) {
  const bool one = a.positional.size() < 2;
  const int64_t start = one ? 0 : a.get_int(0, "start", 0);
  const int64_t stop = one ? a.get_int(0, "stop", 0) : a.get_int(1, "stop", 0);
  const int64_t step = a.get_int(2, "step", 1);
  constexpr size_t kMaxRange = 100'000;  // as Jinja's sandbox has it
  if (step == 0) fail("range() arg 3 must not be zero");
  List items;
  for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
    if (items.size() == kMaxRange) fail("range() gives more than 100000 items");
    items.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return items;
}

Value dict(Arguments& a) {
  Dict result;
  for (const Value& from : a.positional) {
    if (from.is_dict()) {
      for (const auto& [key, value] : from.dict().entries()) result.set(key, value);
      continue;
    }
    for (const Value& pair : iterate(from)) {
      const List both = iterate(pair);
      if (both.size() != 2) fail("dict() takes pairs, got " + pair.repr());
      result.set(both[0], both[1]);
    }
  }
  for (const auto& [key, value] : a.named) result.set(key, value);
  return result;
}

Value raise_exception(Arguments& a) { fail(a.get(0, "message", "").str()); }

Value strftime_now(Arguments& a) {
  const std::string& format = a.need_string(0, "format");
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[1024];
  return std::string(text, std::strftime(text, sizeof text, format.c_str(), &local));
}

// Nothing at the first call, the separator at every later one.
Value joiner(Arguments& a) {
  const Value separator = a.get(0, "sep", ", ");
  return Callable{"joiner", [separator, used = false](Arguments&) mutable {
                    return std::exchange(used, true) ? separator : Value("");
                  }};
}

}  // namespace

void add_globals(Context& context, Scope& scope) {
  const auto add = [&](const char* name, Function call) {
    scope.names[name] = Callable{name, std::move(call)};
  };
  add("range", range);
  add("dict", dict);
  add("joiner", joiner);
  add("raise_exception", raise_exception);
  add("strftime_now", strftime_now);
  add("namespace", [&context](Arguments& a) { return context.make_namespace(a); });
}

}  // namespace vireo::jinja

// The filters and tests of the template language, by name.
#pragma once

#include <string_view>

#include "text/jinja/value.h"

namespace vireo::jinja {

// `self | name(arguments)` and `self is name(arguments)`. What the filter applies by name in turn
// (map, select, ...) is called the same way.
using FilterFunction = Value (*)(const Value& self, Arguments& arguments);
using TestFunction = bool (*)(const Value& self, Arguments& arguments);

// Null when there is none of that name.
FilterFunction find_filter(std::string_view name);
TestFunction find_test(std::string_view name);

// Throws, naming the filter or test, when there is none.
Value apply_filter(std::string_view name, const Value& self, Arguments& arguments);
bool apply_test(std::string_view name, const Value& self, Arguments& arguments);

// `a op b` for + - * / // % ** ~ as Python computes them.
Value arithmetic(std::string_view op, const Value& a, const Value& b);

}  // namespace vireo::jinja

// Where a running template keeps its names, its output and its limits.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/value.h"

namespace vireo::jinja {

// The names of one loop, macro or block; what it lacks is looked up in `parent`.
struct Scope {
  Scope* parent = nullptr;
  std::map<std::string, Value, std::less<>> names;
};

// One rendering. Scopes and namespaces live as long as it does, since macros point into them.
class Context {
 public:
  explicit Context(const std::map<std::string, Value, std::less<>>& variables);
  Context(const Context&) = delete;
  ~Context();

  Scope& scope() { return *scope_; }
  Scope& new_scope(Scope* parent);
  // A name's value, or an undefined value that says the name.
  Value look_up(std::string_view name) const;
  Value make_namespace(Arguments& arguments);

  void write(std::string_view text);
  std::string take_output() { return std::move(output_); }

  // Notes where the template is, and charges for it.
  void step(int line) {
    line_ = line;
    charge(1);
  }
  int line() const { return line_; }

  // Counts what runs inside what, so that no template uses up the stack.
  class Deeper {
   public:
    explicit Deeper(Context& context) : context_(context) {
      if (context.depth_ >= kMaxNesting) fail("calls and blocks lie too deep one in another");
      ++context.depth_;
    }
    ~Deeper() { --context_.depth_; }

   private:
    static constexpr int kMaxNesting = 1000;
    Context& context_;
  };
  // Names are looked up in `scope` until the end of the block.
  class Enter {
   public:
    Enter(Context& context, Scope& scope) : context_(context), before_(context.scope_) {
      context.scope_ = &scope;
    }
    ~Enter() { context_.scope_ = before_; }

   private:
    Context& context_;
    Scope* before_;
  };
  // What is written is caught until the end of the block.
  class Capture {
   public:
    explicit Capture(Context& context) : context_(context) { before_.swap(context.output_); }
    ~Capture() { before_.swap(context_.output_); }
    std::string text() const { return context_.output_; }

   private:
    Context& context_;
    std::string before_;
  };

 private:
  std::deque<Scope> scopes_;
  Scope* scope_;
  std::vector<std::shared_ptr<Namespace>> namespaces_;
  std::string output_;
  int line_ = 1, depth_ = 0;
  Budget budget_;
};

// The functions that every template may call: range, dict, namespace, raise_exception, ...
void add_globals(Context& context, Scope& scope);

}  // namespace vireo::jinja

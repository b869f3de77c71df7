#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regex.h"

#include <pcre2.h>

#include <algorithm>

#include "base/support/error.h"
#include "text/utf8.h"

namespace vireo::text {
namespace {

// What a match of this thread needs, reused: an expression is matched once per word.
struct Scratch {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_jit_stack* stack = pcre2_jit_stack_create(32 << 10, 4 << 20, nullptr);  // grows when needed

  Scratch() {
    if (!context) return;
    pcre2_set_match_limit(context, 1'000'000);
    pcre2_jit_stack_assign(context, nullptr, stack);
  }
  ~Scratch() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_jit_stack_free(stack);
  }
};

Scratch& scratch() {
  thread_local Scratch one;
  return one;
}

std::string message_of(int code) {
  unsigned char text[200];
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

}  // namespace

Regex::Regex(std::string_view pattern) : pattern_(pattern) {
  constexpr size_t kLongest = 1 << 16;
  if (pattern.size() > kLongest)
    fail(ErrorCode::InvalidArgument, "regular expression of {} bytes: at most {} are read",
         pattern.size(), kLongest);
  const std::string own = to_pcre(pattern);
  pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
  pcre2_set_newline(context, PCRE2_NEWLINE_LF);
  int error = 0;
  size_t where = 0;
  code_ = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(own.data()), own.size(),
                        PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error,
                        &where, context);
  pcre2_compile_context_free(context);
  if (!code_)
    fail(ErrorCode::InvalidArgument, "regular expression '{}': {}", pattern, message_of(error));
  pcre2_jit_compile(static_cast<pcre2_code*>(code_), PCRE2_JIT_COMPLETE);  // else it is interpreted
}

Regex::~Regex() { pcre2_code_free(static_cast<pcre2_code*>(code_)); }

Regex::Cursor::Cursor(const Regex& regex, std::string_view text)
    : regex_(regex), text_(text), data_(scratch().data) {}

Regex::Cursor::~Cursor() = default;

bool Regex::Cursor::next(Match& match) {
  while (at_ <= text_.size()) {
    const int found =
        pcre2_match(static_cast<const pcre2_code*>(regex_.code_),
                    reinterpret_cast<PCRE2_SPTR>(text_.data()), text_.size(), at_,
                    PCRE2_NO_UTF_CHECK, static_cast<pcre2_match_data*>(data_), scratch().context);
    if (found == PCRE2_ERROR_NOMATCH) return false;
    if (found < 0)
      fail(ErrorCode::InvalidArgument, "regular expression '{}' gave up on a text of {} bytes: {}",
           regex_.pattern_, text_.size(), message_of(found));
    const size_t* ends = pcre2_get_ovector_pointer(static_cast<pcre2_match_data*>(data_));
    match = {ends[0], std::max(ends[0], ends[1])};
    if (match.begin == match.end && match.begin == last_end_) {
      at_ += at_ < text_.size() ? decode(text_, at_).size : 1;
      continue;
    }
    at_ = last_end_ = match.end;
    return true;
  }
  return false;
}

bool Regex::found_in(std::string_view text) const {
  Cursor cursor(*this, text);
  Match match;
  return cursor.next(match);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (std::string_view("\\.+*?()|[]{}^$#&-~/").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace vireo::text

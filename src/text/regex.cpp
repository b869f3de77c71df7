#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regex.h"

#include <pcre2.h>

#include <algorithm>

#include "base/support/error.h"
#include "text/utf8.h"

namespace vireo::text {
namespace {

// Groups of an expression that are looked at, with the whole match. Expressions for special tokens
// of old had one for each token.
constexpr uint32_t kGroups = 1024;

// What a match of this thread needs, reused: an expression is matched once per word.
struct Scratch {
  pcre2_match_data* data = pcre2_match_data_create(kGroups, nullptr);
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

Regex::Regex(std::string_view pattern, Syntax syntax) : pattern_(pattern), syntax_(syntax) {
  constexpr size_t kLongest = 1 << 16;
  if (pattern.size() > kLongest)
    fail(ErrorCode::InvalidArgument, "regular expression of {} bytes: at most {} are read",
         pattern.size(), kLongest);
  const bool is_pcre = syntax == Syntax::Pcre;
  const std::string own = is_pcre ? std::string(pattern) : to_pcre(pattern);
  pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
  pcre2_set_newline(context, PCRE2_NEWLINE_LF);
  int error = 0;
  size_t where = 0;
  code_ = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(own.data()), own.size(),
                        PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C |
                            (is_pcre ? PCRE2_MATCH_INVALID_UTF : PCRE2_MULTILINE),
                        &error, &where, context);
  pcre2_compile_context_free(context);
  if (!code_)
    fail(ErrorCode::InvalidArgument, "regular expression '{}': {}", shown(pattern),
         message_of(error));
  pcre2_jit_compile(static_cast<pcre2_code*>(code_), PCRE2_JIT_COMPLETE);  // else it is interpreted
}

Regex::~Regex() { pcre2_code_free(static_cast<pcre2_code*>(code_)); }

Regex::Cursor::Cursor(const Regex& regex, std::string_view text)
    : regex_(regex), text_(text), data_(scratch().data) {}

Regex::Cursor::~Cursor() = default;

bool Regex::Cursor::next(Match& match) {
  while (at_ <= text_.size()) {
    const int found = pcre2_match(static_cast<const pcre2_code*>(regex_.code_),
                                  reinterpret_cast<PCRE2_SPTR>(text_.data()), text_.size(), at_,
                                  regex_.syntax_ == Syntax::Pcre ? 0 : PCRE2_NO_UTF_CHECK,
                                  static_cast<pcre2_match_data*>(data_), scratch().context);
    if (found == PCRE2_ERROR_NOMATCH) return false;
    if (found < 0) regex_.give_up(text_, found);
    const size_t* ends = pcre2_get_ovector_pointer(static_cast<pcre2_match_data*>(data_));
    match = {ends[0], std::max(ends[0], ends[1])};
    if (match.begin == match.end && match.begin == last_end_) {
      do ++at_;
      while (at_ < text_.size() && is_continuation(text_[at_]));
      continue;
    }
    at_ = last_end_ = match.end;
    return true;
  }
  return false;
}

Match Regex::Cursor::inner(Match match) const {
  auto* data = static_cast<pcre2_match_data*>(data_);
  const size_t* ends = pcre2_get_ovector_pointer(data);
  uint32_t groups = 0;
  pcre2_pattern_info(static_cast<const pcre2_code*>(regex_.code_), PCRE2_INFO_CAPTURECOUNT,
                     &groups);
  for (uint32_t g = 1; g <= groups && g < kGroups; ++g) {
    const size_t begin = ends[2 * g], end = ends[2 * g + 1];
    if (begin != PCRE2_UNSET && match.begin <= begin && begin < end && end <= match.end)
      return {begin, end};
  }
  return match;
}

void Regex::give_up(std::string_view text, int error) const {
  fail(ErrorCode::InvalidArgument, "regular expression '{}' gave up on a text of {} bytes: {}",
       shown(pattern_), text.size(), message_of(error));
}

std::string Regex::replace(std::string_view text, std::string_view replacement, bool all) const {
  const auto bytes = [](std::string_view view) {
    return reinterpret_cast<PCRE2_SPTR>(view.empty() ? "" : view.data());
  };
  const uint32_t options = PCRE2_SUBSTITUTE_OVERFLOW_LENGTH | PCRE2_SUBSTITUTE_UNSET_EMPTY |
                           (all ? PCRE2_SUBSTITUTE_GLOBAL : 0) |
                           (syntax_ == Syntax::Pcre ? 0 : PCRE2_NO_UTF_CHECK);
  std::string out(text.size() + text.size() / 4 + 16, '\0');
  for (int turn = 0;; ++turn) {
    size_t size = out.size();  // with the zero behind the text
    const int found =
        pcre2_substitute(static_cast<const pcre2_code*>(code_), bytes(text), text.size(), 0,
                         options, scratch().data, scratch().context, bytes(replacement),
                         replacement.size(), reinterpret_cast<PCRE2_UCHAR*>(out.data()), &size);
    if (found == PCRE2_ERROR_NOMEMORY && turn == 0) {
      const size_t most = (size_t(1) << 20) + 32 * text.size();  // as a rewritten text's
      if (size > most)
        fail(ErrorCode::InvalidArgument,
             "regular expression '{}': its replacements make {} bytes of {}, at most {} are made",
             shown(pattern_), size, text.size(), most);
      out.resize(size);
      continue;
    }
    if (found < 0 && found != PCRE2_ERROR_NOMATCH) give_up(text, found);
    out.resize(size);
    return out;
  }
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

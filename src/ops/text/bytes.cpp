// Bytes and the characters that stand for them: BytesToChars and CharsToBytes (the byte alphabet of
// GPT-2), ByteFallback (tokens such as <0x0A>), UTF8Validate.
#include "core/opsets.h"
#include "ops/text/strings.h"
#include "text/tokenizer/byte_alphabet.h"
#include "text/utf8.h"

namespace vireo::ops {
namespace {

// --- BytesToChars, CharsToBytes: words of rows ---

void infer_to_chars(InferContext& c) {
  c.expect_inputs(5, 6);
  expect_rows(c, 0);
  expect_strings(c, 2);
  set_rows(c, 0, c.shape(0));
  set_strings(c, 2, c.shape(2));
  if (c.inputs() < 6) return;
  expect_type(c, 5, element::boolean);
  c.set_output(5, element::boolean, c.shape(5));
}

void evaluate_to_chars(EvalContext& c) {
  const Strings words(c, 2);
  const char* marks = c.inputs() == 6 ? static_cast<const char*>(c.input(5).data()) : nullptr;
  if (marks && c.input(5).get_size() != words.size())
    c.fail("{} words have {} marks", words.size(), c.input(5).get_size());
  StringsOut out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (marks && marks[i]) {
      out.add(words[i]);
      continue;
    }
    out.begin();
    for (char byte : words[i]) text::append(out.bytes, text::char_of_byte(uint8_t(byte)));
    out.end();
  }
  c.set_output(0, c.input(0));
  c.set_output(1, c.input(1));
  out.store(c, 2, c.shape(2));
  if (c.inputs() == 6) c.set_output(5, c.input(5));
}

void infer_to_bytes(InferContext& c) {
  c.expect_inputs(5, 5);
  expect_rows(c, 0);
  expect_strings(c, 2);
  set_strings(c, 0, c.shape(0));
}

// What is not of the alphabet stays as it is.
void append_bytes(std::string& out, std::string_view word) {
  for (size_t at = 0; at < word.size();) {
    const bool pair = uint8_t(word[at]) >= 0xc2 && uint8_t(word[at]) < 0xe0 &&
                      at + 1 < word.size() && text::is_continuation(word[at + 1]);
    const int byte = pair                       ? text::byte_of_char(text::decode(word, at).code)
                     : uint8_t(word[at]) < 0x80 ? text::byte_of_char(char32_t(word[at]))
                                                : -1;
    const size_t size = pair ? 2 : 1;
    if (byte >= 0)
      out += char(byte);
    else
      out += word.substr(at, size);
    at += size;
  }
}

void evaluate_to_bytes(EvalContext& c) {
  const Strings words(c, 2);
  const Ranges rows(c, 0, words.size());
  StringsOut out;
  for (size_t row = 0; row < rows.size(); ++row) {
    const Range range = rows[row];
    out.begin();
    for (size_t i = range.begin; i < range.end; ++i) append_bytes(out.bytes, words[i]);
    out.end();
  }
  out.store(c, 0, c.shape(0));
}

// --- ByteFallback, UTF8Validate: strings ---

void infer_strings(InferContext& c) {
  c.expect_inputs(3, 3);
  expect_strings(c, 0);
  set_strings(c, 0, c.shape(0));
}

int hex_digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The byte that "<0x0A>" names, or -1.
int byte_of_token(std::string_view token) {
  if (token.size() != 6 || token.substr(0, 3) != "<0x" || token[5] != '>') return -1;
  const int high = hex_digit(token[3]), low = hex_digit(token[4]);
  return high < 0 || low < 0 ? -1 : high << 4 | low;
}

void evaluate_fallback(EvalContext& c) {
  const Strings tokens(c, 0);
  StringsOut out;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const int byte = byte_of_token(tokens[i]);
    if (byte < 0)
      out.add(tokens[i]);
    else
      out.add(std::string(1, char(byte)));
  }
  out.store(c, 0, c.shape(0));
}

struct Utf8Validate {
  bool replace_mode = false;  // broken parts become U+FFFD; else they go
};
void visit(AttrVisitor& v, Utf8Validate& a) { v.on("replace_mode", a.replace_mode); }

void evaluate_validate(EvalContext& c) {
  const std::string_view replacement =
      c.attrs<Utf8Validate>().replace_mode ? text::kReplacementCharacter : "";
  const Strings strings(c, 0);
  StringsOut out;
  for (size_t i = 0; i < strings.size(); ++i) out.add(text::to_valid_utf8(strings[i], replacement));
  out.store(c, 0, c.shape(0));
}

}  // namespace

VIREO_DEFINE_OP(bytes_to_chars_extension){
    "BytesToChars",    kExtensionOpset,  &kAttrType<NoAttrs>, infer_to_chars,
    evaluate_to_chars, Tolerance::Exact, kDataDependentShape};
VIREO_DEFINE_OP(chars_to_bytes_extension){
    "CharsToBytes",    kExtensionOpset,  &kAttrType<NoAttrs>, infer_to_bytes,
    evaluate_to_bytes, Tolerance::Exact, kDataDependentShape};
VIREO_DEFINE_OP(byte_fallback_extension){"ByteFallback",     kExtensionOpset,   &kAttrType<NoAttrs>,
                                         infer_strings,      evaluate_fallback, Tolerance::Exact,
                                         kDataDependentShape};
VIREO_DEFINE_OP(utf8_validate_extension){
    "UTF8Validate",    kExtensionOpset,  &kAttrType<Utf8Validate>, infer_strings,
    evaluate_validate, Tolerance::Exact, kDataDependentShape};

}  // namespace vireo::ops

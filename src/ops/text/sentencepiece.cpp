// SentencepieceTokenizer and SentencepieceDetokenizer: a SentencePiece model as an input of bytes,
// run whole.
#include <algorithm>

#include "core/opsets.h"
#include "core/values.h"
#include "ops/text/prepared.h"
#include "ops/text/strings.h"
#include "text/regex.h"
#include "text/tokenizer/read.h"

namespace vireo::ops {
namespace {

// Strings that are one token wherever they stand, and their numbers.
struct SpecialTokens {
  std::unique_ptr<const text::Regex> regex;
  text::Vocab ids;
};

struct SentencepieceTokenizer {
  int64_t nbest_size = 0;
  double alpha = 1;
  bool add_bos = false, add_eos = false, reverse = false;
  Prepared<text::Tokenizer> tokenizer;
  Prepared<SpecialTokens> special;
};
void visit(AttrVisitor& v, SentencepieceTokenizer& a) {
  v.on("nbest_size", a.nbest_size);
  v.on("alpha", a.alpha);
  v.on("add_bos", a.add_bos);
  v.on("add_eos", a.add_eos);
  v.on("reverse", a.reverse);
}

bool takes_parts(size_t inputs) { return inputs == 4 || inputs == 8; }
bool has_special(size_t inputs) { return inputs >= 6; }

// The model; strings, or their begins, ends and bytes; perhaps special tokens and their numbers.
void infer_tokenizer(InferContext& c) {
  const size_t count = c.inputs();
  if (count != 2 && count != 6 && !takes_parts(count))
    c.fail("2, 4, 6 or 8 inputs are expected, got {}", count);
  expect_bytes(c, 0);
  if (takes_parts(count))
    expect_strings(c, 1);
  else
    expect_type(c, 1, element::string);
  if (has_special(count)) {
    expect_strings(c, count - 4);
    expect_type(c, count - 1, element::i32);
  }
  const auto& a = c.attrs<SentencepieceTokenizer>();
  if (a.nbest_size != 0 && a.nbest_size != 1)
    c.fail("nbest_size must be 0 or 1, got {}: what is drawn at random differs from run to run",
           a.nbest_size);
  c.set_output(0, element::i64, PartialShape{Dimension(), 2});
  c.set_output(1, element::i32, PartialShape{Dimension()});
  c.set_output(2, element::i64, PartialShape{2});
}

std::vector<std::string_view> texts_of(const EvalContext& c) {
  std::vector<std::string_view> out;
  if (takes_parts(c.inputs())) {
    const Strings strings(c, 1);
    for (size_t i = 0; i < strings.size(); ++i) out.push_back(strings[i]);
  } else {
    const std::string* strings = c.input(1).data<std::string>();
    out.assign(strings, strings + c.input(1).get_size());
  }
  return out;
}

// A token that is a word is not found within one: "sop" of "people".
std::string pattern_of(std::string_view token) {
  const bool is_word = std::all_of(token.begin(), token.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
  const std::string literal = text::escaped(token);
  return is_word ? "\\b" + literal + "|" + literal + "\\b" : literal;
}

std::shared_ptr<const SpecialTokens> read_special(const EvalContext& c) {
  const size_t first = c.inputs() - 4;
  const Strings tokens(c, first);
  const Tensor& ids = c.input(first + 3);
  if (ids.get_size() != tokens.size())
    c.fail("{} special tokens have {} numbers", tokens.size(), ids.get_size());
  auto out = std::make_shared<SpecialTokens>();
  std::string pattern;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].empty()) continue;
    pattern += (pattern.empty() ? "" : "|") + pattern_of(tokens[i]);
    out->ids.add(tokens[i], uint32_t(ids.data<int32_t>()[i]));
  }
  if (!pattern.empty())
    out->regex = std::make_unique<const text::Regex>(pattern, text::Syntax::Pcre);
  return out;
}

std::vector<uint32_t> ids_of(const text::Tokenizer& tokenizer, std::string_view text, bool whole) {
  text::EncodeOptions options;
  options.add_special_tokens = whole;
  return tokenizer.encode({text, std::nullopt}, options).ids;
}

void append(std::vector<uint32_t>& to, const std::vector<uint32_t>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

std::vector<uint32_t> encode(const text::Tokenizer& tokenizer, const SpecialTokens* special,
                             const SentencepieceTokenizer& a, std::string_view text) {
  if (!special || !special->regex) return ids_of(tokenizer, text, true);
  // What an empty text becomes is begin and end, as far as they are wanted and there.
  const std::vector<uint32_t> around = ids_of(tokenizer, {}, true);
  const size_t before = a.add_bos && (around.size() > 1 || !a.add_eos) ? around.size() > 0 : 0;
  std::vector<uint32_t> ids(around.begin(), around.begin() + before);
  size_t done = 0;
  special->regex->for_each(text, [&](text::Match match) {
    append(ids, ids_of(tokenizer, text.substr(done, match.begin - done), false));
    ids.push_back(special->ids.find(text.substr(match.begin, match.end - match.begin)));
    done = match.end;
  });
  append(ids, ids_of(tokenizer, text.substr(done), false));
  ids.insert(ids.end(), around.begin() + before, around.end());
  return ids;
}

std::shared_ptr<const text::Tokenizer> read_model(const EvalContext& c,
                                                  text::SpecialTokenFlags flags) {
  return text::read_sentencepiece(Strings::bytes_of(c, 0), "the SentencePiece model", flags);
}

// The numbers of all texts as a sparse matrix: places, values, and its shape.
void evaluate_tokenizer(EvalContext& c) {
  const auto& a = c.attrs<SentencepieceTokenizer>();
  const auto tokenizer =
      a.tokenizer.get(c, 0, 1, [&] { return read_model(c, {a.add_bos, a.add_eos}); });
  std::shared_ptr<const SpecialTokens> special;
  if (has_special(c.inputs()))
    special = a.special.get(c, c.inputs() - 4, c.inputs(), [&] { return read_special(c); });

  std::vector<int64_t> places;
  std::vector<int32_t> values;
  size_t longest = 0;
  const std::vector<std::string_view> texts = texts_of(c);
  for (size_t row = 0; row < texts.size(); ++row) {
    std::vector<uint32_t> ids = encode(*tokenizer, special.get(), a, texts[row]);
    if (a.reverse) std::reverse(ids.begin(), ids.end());
    for (size_t i = 0; i < ids.size(); ++i) {
      places.push_back(int64_t(row));
      places.push_back(int64_t(i));
      values.push_back(int32_t(ids[i]));
    }
    longest = std::max(longest, ids.size());
  }
  store(c.output(0, element::i64, {values.size(), 2}), places);
  store_ints(c, 1, {values.size()}, values);
  c.set_output(2, make_i64({int64_t(texts.size()), int64_t(longest)}));
}

// --- SentencepieceDetokenizer ---

struct SentencepieceDetokenizer {
  Prepared<text::Tokenizer> tokenizer;
};
void visit(AttrVisitor&, SentencepieceDetokenizer&) {}

void infer_detokenizer(InferContext& c) {
  c.expect_inputs(2, 2);
  expect_bytes(c, 0);
  expect_type(c, 1, element::i32);
  c.expect_rank(1, 2, 2);
  const bool known = c.shape(1).rank_is_static();
  set_strings(c, 0, PartialShape{known ? c.shape(1)[0] : Dimension()});
}

void evaluate_detokenizer(EvalContext& c) {
  const auto tokenizer =
      c.attrs<SentencepieceDetokenizer>().tokenizer.get(c, 0, 1, [&] { return read_model(c, {}); });
  const size_t rows = c.shape(1)[0], length = c.shape(1)[1];
  const int32_t* ids = c.input(1).data<int32_t>();
  StringsOut out;
  for (size_t row = 0; row < rows; ++row, ids += length)
    out.add(tokenizer->decode(std::vector<uint32_t>(ids, ids + length)));
  out.store(c, 0, {rows});
}

}  // namespace

VIREO_DEFINE_OP(sentencepiece_tokenizer_extension){
    "SentencepieceTokenizer", kExtensionOpset,    &kAttrType<SentencepieceTokenizer>,
    infer_tokenizer,          evaluate_tokenizer, Tolerance::Exact,
    kDataDependentShape};
VIREO_DEFINE_OP(sentencepiece_detokenizer_extension){
    "SentencepieceDetokenizer", kExtensionOpset,      &kAttrType<SentencepieceDetokenizer>,
    infer_detokenizer,          evaluate_detokenizer, Tolerance::Exact,
    kDataDependentShape};

}  // namespace vireo::ops

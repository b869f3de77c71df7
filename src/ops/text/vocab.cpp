// Look-ups in a vocabulary: VocabDecoder (numbers to texts), VocabEncoder (texts to numbers),
// TrieTokenizer (always the longest text that comes next).
#include <algorithm>

#include "core/opsets.h"
#include "core/values.h"
#include "ops/text/prepared.h"
#include "ops/text/strings.h"
#include "text/tokenizer/trie.h"
#include "text/tokenizer/vocab.h"

namespace vireo::ops {
namespace {

// --- VocabDecoder ---

struct VocabDecoder {
  std::vector<int64_t> skip_tokens;
};
void visit(AttrVisitor& v, VocabDecoder& a) { v.on("skip_tokens", a.skip_tokens); }

void infer_decoder(InferContext& c) {
  c.expect_inputs(4, 5);
  expect_type(c, 0, element::i32);
  c.expect_rank(0, 2, 2);
  expect_strings(c, 1);
  if (c.inputs() == 5) expect_type(c, 4, element::i32);
  const bool known = c.shape(0).rank_is_static();
  set_row_strings(c, 0, PartialShape{known ? c.shape(0)[0] : Dimension()});
}

std::vector<int64_t> skipped(const EvalContext& c) {
  std::vector<int64_t> ids =
      c.inputs() == 5 ? load<int64_t>(c.input(4)) : c.attrs<VocabDecoder>().skip_tokens;
  std::sort(ids.begin(), ids.end());
  return ids;
}

// The vocabulary of a model is often wider than that of its tokeniser, so that a number may be no
// token: its text is empty. A row without numbers is one empty string.
void evaluate_decoder(EvalContext& c) {
  const Strings texts(c, 1);
  const std::vector<int64_t> skip = skipped(c);
  const size_t count = c.shape(0)[0], length = c.shape(0)[1];
  const int32_t* ids = c.input(0).data<int32_t>();
  RowsOut rows;
  StringsOut out;
  size_t words = 0;
  for (size_t row = 0; row < count; ++row) {
    rows.begin(words);
    for (size_t i = 0; i < length; ++i) {
      const int32_t id = *ids++;
      const bool has_text = id >= 0 && size_t(id) < texts.size() &&
                            !std::binary_search(skip.begin(), skip.end(), int64_t(id));
      out.add(has_text ? texts[size_t(id)] : std::string_view());
    }
    if (length == 0) out.add({});
    words += std::max<size_t>(length, 1);
    rows.end(words);
  }
  rows.store(c, 0, {count});
  out.store(c, 2, {words});
}

// --- VocabEncoder ---

struct VocabEncoder {
  Prepared<text::Vocab> places;  // of the texts
};
void visit(AttrVisitor&, VocabEncoder&) {}

void infer_encoder(InferContext& c) {
  c.expect_inputs(8, 8);
  expect_strings(c, 0);
  expect_strings(c, 3);
  const element::Type type = c.common_type(6, 8);
  if (type.is_static() && type != element::i32 && type != element::i64)
    c.fail("values must be i32 or i64, got {}", type.name());
  c.set_output(0, type, c.shape(0));
}

std::shared_ptr<const text::Vocab> read_places(const EvalContext& c, size_t first, size_t values) {
  const Strings texts(c, first);
  if (values != texts.size()) c.fail("{} texts have {} values", texts.size(), values);
  auto vocab = std::make_shared<text::Vocab>();
  vocab->reserve(texts.size(), c.input(first + 2).get_size());
  for (size_t i = 0; i < texts.size(); ++i)
    if (vocab->find(texts[i]) == text::Vocab::kNone) vocab->add(texts[i], uint32_t(i));
  return vocab;
}

void evaluate_encoder(EvalContext& c) {
  const auto places = c.attrs<VocabEncoder>().places.get(
      c, 3, 6, [&] { return read_places(c, 3, c.input(6).get_size()); });
  if (c.input(7).get_size() != 1) c.fail("the default must be one number");
  const Strings strings(c, 0);
  Tensor& out = c.output(0, c.input(6).get_element_type(), c.shape(0));
  const ElementCopier value(c.input(6), out), fallback(c.input(7), out);
  for (size_t i = 0; i < strings.size(); ++i) {
    const uint32_t place = places->find(strings[i]);
    if (place == text::Vocab::kNone)
      fallback(i, 0);
    else
      value(i, place);
  }
}

// --- TrieTokenizer ---

struct TrieTokenizer {
  Prepared<text::Trie> trie;
};
void visit(AttrVisitor&, TrieTokenizer&) {}

void infer_trie(InferContext& c) {
  c.expect_inputs(9, 9);
  expect_rows(c, 0);
  expect_strings(c, 2);
  expect_strings(c, 5);
  expect_type(c, 8, element::i32);
  set_row_elements(c, 0, c.shape(0), element::i32);
}

std::shared_ptr<const text::Trie> read_trie(const EvalContext& c) {
  const Strings texts(c, 5);
  if (c.input(8).get_size() != texts.size())
    c.fail("{} texts have {} numbers", texts.size(), c.input(8).get_size());
  std::vector<text::Trie::Key> keys;
  for (size_t i = 0; i < texts.size(); ++i) keys.push_back({texts[i], uint32_t(i)});
  return std::make_shared<const text::Trie>(std::move(keys));
}

void evaluate_trie(EvalContext& c) {
  const auto trie = c.attrs<TrieTokenizer>().trie.get(c, 5, 9, [&] { return read_trie(c); });
  const int32_t* numbers = c.input(8).data<int32_t>();
  const Strings words(c, 2);
  const Ranges rows(c, 0, words.size());
  RowsOut out;
  std::vector<int32_t> ids;
  for (size_t row = 0; row < rows.size(); ++row) {
    const Range range = rows[row];
    out.begin(ids.size());
    for (size_t i = range.begin; i < range.end; ++i)
      for (size_t at = 0; at < words[i].size();) {
        const text::Trie::Longest token = trie->longest(words[i].substr(at));
        if (token.value == text::Trie::kNone)
          c.fail("no token begins at byte {} of word {} of row {}", at, i, row);
        ids.push_back(numbers[token.value]);
        at += token.size;
      }
    out.end(ids.size());
  }
  out.store(c, 0, c.shape(0));
  store_ints(c, 2, {ids.size()}, ids);
}

}  // namespace

VIREO_DEFINE_OP(vocab_decoder_extension){
    "VocabDecoder",   kExtensionOpset,  &kAttrType<VocabDecoder>, infer_decoder,
    evaluate_decoder, Tolerance::Exact, kDataDependentShape};
VIREO_DEFINE_OP(vocab_encoder_extension){"VocabEncoder", kExtensionOpset, &kAttrType<VocabEncoder>,
                                         infer_encoder, evaluate_encoder};
VIREO_DEFINE_OP(trie_tokenizer_extension){
    "TrieTokenizer", kExtensionOpset,  &kAttrType<TrieTokenizer>, infer_trie,
    evaluate_trie,   Tolerance::Exact, kDataDependentShape};

}  // namespace vireo::ops

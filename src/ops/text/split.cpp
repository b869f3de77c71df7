// SpecialTokensSplit and RegexSplit: cut the words of rows into smaller ones, which are parts of
// the same bytes. SpecialTokensSplit marks what it found, and all later operators skip what is
// marked.
#include <algorithm>

#include "core/opsets.h"
#include "ops/text/prepared.h"
#include "ops/text/strings.h"
#include "text/regex.h"
#include "text/tokenizer/pre_tokenizers.h"
#include "text/utf8.h"

namespace vireo::ops {
namespace {

// Words that are cut, as outputs 0 .. 5: rows, positions of words, the same bytes, marks.
struct Cut {
  RowsOut rows, words;
  std::vector<char> marks;

  void add(Range word, bool marked) {
    words.begin(word.begin);
    words.end(word.end);
    marks.push_back(char(marked));
  }
  void store(EvalContext& c, bool with_marks) {
    const Shape count{marks.size()};
    rows.store(c, 0, c.shape(0));
    words.store(c, 2, count);
    c.set_output(4, c.input(4));
    if (!with_marks) return;
    Tensor& out = c.output(5, element::boolean, count);
    std::copy(marks.begin(), marks.end(), static_cast<char*>(out.data()));
  }
};

void infer_cut(InferContext& c) {
  expect_rows(c, 0);
  expect_strings(c, 2);
  set_rows(c, 0, c.shape(0));
  set_rows(c, 2, PartialShape{Dimension()});
  c.set_output(4, element::u8, c.shape(4));
}

// Calls cut(text, place, out) for each word that is not marked by input 5.
template <typename CutWord>
void cut_words(EvalContext& c, bool has_marks, bool with_marks, CutWord&& cut) {
  const Strings words(c, 2);
  const Ranges rows(c, 0, words.size());
  const char* marks = has_marks ? static_cast<const char*>(c.input(5).data()) : nullptr;
  if (has_marks && c.input(5).get_size() != words.size())
    c.fail("{} words have {} marks", words.size(), c.input(5).get_size());
  Cut out;
  for (size_t row = 0; row < rows.size(); ++row) {
    const Range range = rows[row];
    out.rows.begin(out.marks.size());
    for (size_t i = range.begin; i < range.end; ++i) {
      if (marks && marks[i])
        out.add(words.range(i), true);
      else
        cut(words[i], words.range(i).begin, out);
    }
    out.rows.end(out.marks.size());
  }
  out.store(c, with_marks);
}

// --- SpecialTokensSplit ---

struct SpecialTokensSplit {
  Prepared<text::Regex> regex;
};
void visit(AttrVisitor&, SpecialTokensSplit&) {}

void infer_special(InferContext& c) {
  c.expect_inputs(6, 7);
  infer_cut(c);
  const bool has_marks = c.inputs() == 7;
  if (has_marks) expect_type(c, 5, element::boolean);
  expect_bytes(c, c.inputs() - 1);
  c.set_output(5, element::boolean, PartialShape{Dimension()});
}

void evaluate_special(EvalContext& c) {
  const size_t last = c.inputs() - 1;
  const auto regex = c.attrs<SpecialTokensSplit>().regex.get(c, last, last + 1, [&] {
    return std::make_shared<const text::Regex>(Strings::bytes_of(c, last), text::Syntax::Pcre);
  });
  // A token's expression may take the blanks beside it, which go; the token is the group within.
  cut_words(c, last == 6, true, [&](std::string_view word, size_t place, Cut& out) {
    size_t done = 0;
    regex->for_each_group(word, [&](text::Match match, text::Match token) {
      if (match.begin == match.end) return;
      if (done < match.begin) out.add({place + done, place + match.begin}, false);
      out.add({place + token.begin, place + token.end}, true);
      done = match.end;
    });
    if (done < word.size()) out.add({place + done, place + word.size()}, false);
  });
}

// --- RegexSplit ---

enum class SplitBehaviour { Remove, Isolate, Contiguous, MergedWithPrevious, MergedWithNext };
constexpr const char* kBehaviours[] = {"remove", "isolate", "contiguous", "mergedwithprevious",
                                       "mergedwithnext"};

struct RegexSplit {
  SplitBehaviour behaviour = SplitBehaviour::Remove;
  bool invert = false;
  int64_t max_splits = -1;
  Prepared<text::PreTokenizer> cutter;
};
void visit(AttrVisitor& v, RegexSplit& a) {
  v.on("behaviour", a.behaviour, kBehaviours);
  v.on("invert", a.invert);
  v.on("max_splits", a.max_splits);
}

text::Behavior behavior_of(SplitBehaviour behaviour) {
  switch (behaviour) {
    case SplitBehaviour::Remove: return text::Behavior::Removed;
    case SplitBehaviour::Isolate: return text::Behavior::Isolated;
    case SplitBehaviour::Contiguous: return text::Behavior::Contiguous;
    case SplitBehaviour::MergedWithPrevious: return text::Behavior::MergedWithPrevious;
    case SplitBehaviour::MergedWithNext: break;
  }
  return text::Behavior::MergedWithNext;
}

// 6 inputs; 7 with marks; 9 with a list of strings that are left whole, as older files have it.
void infer_split(InferContext& c) {
  c.expect_inputs(6, 9);
  if (c.inputs() == 8) c.fail("6, 7 or 9 inputs are expected, got 8");
  infer_cut(c);
  const bool has_marks = c.inputs() == 7;
  if (has_marks) expect_type(c, 5, element::boolean);
  expect_bytes(c, has_marks ? 6 : 5);
  if (c.inputs() == 9) expect_strings(c, 6);
  const int64_t most = c.attrs<RegexSplit>().max_splits;
  if (most != -1 && most < 1) c.fail("max_splits must be -1 or above 0, got {}", most);
  if (has_marks) c.set_output(5, element::boolean, PartialShape{Dimension()});
}

std::vector<std::string_view> whole_strings(const EvalContext& c) {
  std::vector<std::string_view> out;
  if (c.inputs() != 9) return out;
  const Strings whole(c, 6);
  for (size_t i = 0; i < whole.size(); ++i) out.push_back(whole[i]);
  std::sort(out.begin(), out.end());
  return out;
}

void evaluate_split(EvalContext& c) {
  const RegexSplit& a = c.attrs<RegexSplit>();
  const bool has_marks = c.inputs() == 7;
  const size_t pattern = has_marks ? 6 : 5;
  const auto cutter = a.cutter.get(c, pattern, pattern + 1, [&] {
    auto regex =
        std::make_shared<const text::Regex>(Strings::bytes_of(c, pattern), text::Syntax::Pcre);
    return std::shared_ptr<const text::PreTokenizer>(
        text::split_pre_tokenizer({"", std::move(regex)}, behavior_of(a.behaviour), a.invert));
  });
  const std::vector<std::string_view> whole = whole_strings(c);
  text::AlignedText aligned;
  std::vector<text::Piece> pieces;
  cut_words(c, has_marks, has_marks, [&](std::string_view word, size_t place, Cut& out) {
    if (word.empty()) return;
    // Text that is none cannot be read by characters and stays as it is.
    if (std::binary_search(whole.begin(), whole.end(), word) || !text::is_valid_utf8(word))
      return out.add({place, place + word.size()}, false);
    aligned.assign(word, 0, false);
    pieces.assign(1, {0, uint32_t(word.size())});
    cutter->apply(aligned, pieces);
    if (a.max_splits > 0 && pieces.size() > size_t(a.max_splits)) {
      pieces.resize(size_t(a.max_splits) + 1);  // behind that many cuts the rest is one piece
      pieces.back().end = uint32_t(word.size());
    }
    for (const text::Piece piece : pieces) out.add({place + piece.begin, place + piece.end}, false);
  });
}

}  // namespace

VIREO_DEFINE_OP(special_tokens_split_extension){
    "SpecialTokensSplit", kExtensionOpset,  &kAttrType<SpecialTokensSplit>,
    infer_special,        evaluate_special, Tolerance::Exact,
    kDataDependentShape};
VIREO_DEFINE_OP(regex_split_extension){"RegexSplit",       kExtensionOpset, &kAttrType<RegexSplit>,
                                       infer_split,        evaluate_split,  Tolerance::Exact,
                                       kDataDependentShape};

}  // namespace vireo::ops

// What rewrites strings one by one: RegexNormalization, CharsMapNormalization, NormalizeUnicode,
// CaseFold. With a fourth input, of marks, the strings that are marked stay as they are.
#include "core/opsets.h"
#include "ops/text/prepared.h"
#include "ops/text/strings.h"
#include "text/regex.h"
#include "text/tokenizer/normalizers.h"
#include "text/utf8.h"

namespace vireo::ops {
namespace {

void infer_rewrite(InferContext& c, bool has_marks) {
  expect_strings(c, 0);
  set_strings(c, 0, c.shape(0));
  if (!has_marks) return;
  expect_type(c, 3, element::boolean);
  c.set_output(3, element::boolean, c.shape(3));
}

// Calls rewrite(text, out), which appends to a string, for each string that is not marked.
template <typename Rewrite>
void rewrite_strings(EvalContext& c, bool has_marks, Rewrite&& rewrite) {
  const Strings strings(c, 0);
  const char* marks = has_marks ? static_cast<const char*>(c.input(3).data()) : nullptr;
  if (has_marks && c.input(3).get_size() != strings.size())
    c.fail("{} strings have {} marks", strings.size(), c.input(3).get_size());
  StringsOut out;
  for (size_t i = 0; i < strings.size(); ++i) {
    out.begin();
    if (marks && marks[i])
      out.bytes += strings[i];
    else
      rewrite(strings[i], out.bytes);
    out.end();
  }
  out.store(c, 0, c.shape(0));
  if (has_marks) c.set_output(3, c.input(3));
}

void rewrite_with(EvalContext& c, bool has_marks, const text::Normalizer& normalizer) {
  text::AlignedText text;
  rewrite_strings(c, has_marks, [&](std::string_view string, std::string& out) {
    if (text::is_valid_utf8(string))
      text.assign(string, 0, false);
    else
      text.assign(text::to_valid_utf8(string), 0, false);
    normalizer.apply(text);
    out += text.view();
  });
}

// --- RegexNormalization ---

struct Replacement {
  text::Regex regex;
  std::string by;
};

struct RegexNormalization {
  bool global_replace = true;
  Prepared<Replacement> replacement;
};
void visit(AttrVisitor& v, RegexNormalization& a) { v.on("global_replace", a.global_replace); }

void infer_regex(InferContext& c) {
  c.expect_inputs(5, 6);
  const bool has_marks = c.inputs() == 6;
  infer_rewrite(c, has_marks);
  expect_bytes(c, 3 + has_marks);
  expect_bytes(c, 4 + has_marks);
}

// \1 is written $1 by PCRE2.
std::string with_dollars(std::string_view replacement) {
  std::string out(replacement);
  for (size_t i = 0; i + 1 < out.size(); ++i)
    if (out[i] == '\\' && out[i + 1] >= '1' && out[i + 1] <= '9') out[i] = '$';
  return out;
}

void evaluate_regex(EvalContext& c) {
  const RegexNormalization& a = c.attrs<RegexNormalization>();
  const bool has_marks = c.inputs() == 6;
  const size_t pattern = 3 + has_marks;
  const auto made = a.replacement.get(c, pattern, pattern + 2, [&] {
    return std::shared_ptr<const Replacement>(
        new Replacement{text::Regex(Strings::bytes_of(c, pattern), text::Syntax::Pcre),
                        with_dollars(Strings::bytes_of(c, pattern + 1))});
  });
  rewrite_strings(c, has_marks, [&](std::string_view string, std::string& out) {
    out += made->regex.replace(string, made->by, a.global_replace);
  });
}

// --- CharsMapNormalization ---

struct CharsMapNormalization {
  bool add_dummy_prefix = false, remove_extra_whitespaces = true, escape_whitespaces = false;
  std::string normalization_form;  // empty: the rules are an input
  bool case_fold = false, nmt = false;
  Prepared<text::Normalizer> normalizer;
};
void visit(AttrVisitor& v, CharsMapNormalization& a) {
  v.on("add_dummy_prefix", a.add_dummy_prefix);
  v.on("remove_extra_whitespaces", a.remove_extra_whitespaces);
  v.on("escape_whitespaces", a.escape_whitespaces);
  v.on("normalization_form", a.normalization_form);
  v.on("case_fold", a.case_fold);
  v.on("nmt", a.nmt);
}

constexpr std::pair<const char*, text::NormalForm> kForms[] = {{"nfc", text::NormalForm::NFC},
                                                               {"nfd", text::NormalForm::NFD},
                                                               {"nfkc", text::NormalForm::NFKC},
                                                               {"nfkd", text::NormalForm::NFKD}};

bool find_form(std::string name, text::NormalForm& form) {
  for (char& c : name) c |= 0x20;
  for (const auto& [known, value] : kForms)
    if (name == known) return form = value, true;
  return false;
}

// With a form the fourth input are marks, without one the rules.
bool charsmap_has_marks(size_t inputs, const CharsMapNormalization& a) {
  return inputs == 5 || (inputs == 4 && !a.normalization_form.empty());
}

void infer_charsmap(InferContext& c) {
  const auto& a = c.attrs<CharsMapNormalization>();
  c.expect_inputs(a.normalization_form.empty() ? 4 : 3, 5);
  const bool has_marks = charsmap_has_marks(c.inputs(), a);
  infer_rewrite(c, has_marks);
  text::NormalForm form;
  if (a.normalization_form.empty())
    expect_bytes(c, 3 + has_marks);
  else if (a.normalization_form != "identity" && !find_form(a.normalization_form, form))
    c.fail("normalization_form must be nfc, nfd, nfkc, nfkd or identity, got '{}'",
           a.normalization_form);
}

// The parts in SentencePiece's order: rules, then blanks.
text::NormalizerPtr make_charsmap(const CharsMapNormalization& a, std::string_view rules) {
  const std::string meta = "\xe2\x96\x81";
  std::vector<text::NormalizerPtr> parts;
  if (a.nmt) parts.push_back(text::nmt_normalizer());
  text::NormalForm form;
  if (find_form(a.normalization_form, form)) parts.push_back(text::unicode_normalizer(form));
  if (!rules.empty()) parts.push_back(text::precompiled_normalizer(std::string(rules)));
  // The lower case that the tokeniser was trained with; folding would also rewrite sharp s and the
  // like.
  if (a.case_fold) parts.push_back(text::lowercase_normalizer());
  if (a.remove_extra_whitespaces) {
    parts.push_back(text::strip_normalizer(true, true));
    parts.push_back(
        text::replace_normalizer({"", std::make_shared<const text::Regex>(" {2,}")}, " "));
  }
  if (a.add_dummy_prefix) parts.push_back(text::prepend_normalizer(" "));
  if (a.escape_whitespaces) parts.push_back(text::replace_normalizer({" ", nullptr}, meta));
  return text::sequence_normalizer(std::move(parts));
}

void evaluate_charsmap(EvalContext& c) {
  const auto& a = c.attrs<CharsMapNormalization>();
  const bool has_marks = charsmap_has_marks(c.inputs(), a),
             has_rules = a.normalization_form.empty();
  const size_t rules = 3 + has_marks;
  const auto normalizer = a.normalizer.get(c, rules, rules + has_rules, [&] {
    return std::shared_ptr<const text::Normalizer>(
        make_charsmap(a, has_rules ? Strings::bytes_of(c, rules) : std::string_view()));
  });
  rewrite_with(c, has_marks, *normalizer);
}

// --- NormalizeUnicode and CaseFold ---

struct NormalizeUnicode {
  std::string normalization_form = "NFD";
};
void visit(AttrVisitor& v, NormalizeUnicode& a) {
  v.on("normalization_form", a.normalization_form);
}

void infer_unicode(InferContext& c) {
  c.expect_inputs(3, 4);
  infer_rewrite(c, c.inputs() == 4);
  const std::string& name = c.attrs<NormalizeUnicode>().normalization_form;
  text::NormalForm form;
  if (!find_form(name, form))
    c.fail("normalization_form must be NFC, NFD, NFKC or NFKD, got '{}'", name);
}

void evaluate_unicode(EvalContext& c) {
  text::NormalForm form{};
  find_form(c.attrs<NormalizeUnicode>().normalization_form, form);
  rewrite_with(c, c.inputs() == 4, *text::unicode_normalizer(form));
}

struct CaseFold {
  std::string encoding = "utf-8";  // "": ASCII letters alone
  bool lower = true;
};
void visit(AttrVisitor& v, CaseFold& a) {
  v.on("encoding", a.encoding);
  v.on("lower", a.lower);
}

void infer_case(InferContext& c) {
  c.expect_inputs(3, 4);
  infer_rewrite(c, c.inputs() == 4);
  const CaseFold& a = c.attrs<CaseFold>();
  if (!a.encoding.empty() && a.encoding != "utf-8")
    c.fail("encoding must be empty or utf-8, got '{}'", a.encoding);
  if (!a.encoding.empty() && !a.lower) c.fail("upper case needs an empty encoding, got utf-8");
}

void evaluate_case(EvalContext& c) {
  const CaseFold& a = c.attrs<CaseFold>();
  const bool has_marks = c.inputs() == 4;
  if (!a.encoding.empty()) return rewrite_with(c, has_marks, *text::lowercase_normalizer());
  const char first = a.lower ? 'A' : 'a', last = a.lower ? 'Z' : 'z';
  rewrite_strings(c, has_marks, [&](std::string_view string, std::string& out) {
    for (char letter : string)
      out += letter >= first && letter <= last ? char(letter ^ 0x20) : letter;
  });
}

}  // namespace

VIREO_DEFINE_OP(regex_normalization_extension){
    "RegexNormalization", kExtensionOpset, &kAttrType<RegexNormalization>,
    infer_regex,          evaluate_regex,  Tolerance::Exact,
    kDataDependentShape};
VIREO_DEFINE_OP(chars_map_normalization_extension){
    "CharsMapNormalization", kExtensionOpset,   &kAttrType<CharsMapNormalization>,
    infer_charsmap,          evaluate_charsmap, Tolerance::Exact,
    kDataDependentShape};
VIREO_DEFINE_OP(normalize_unicode_extension){
    "NormalizeUnicode", kExtensionOpset,  &kAttrType<NormalizeUnicode>, infer_unicode,
    evaluate_unicode,   Tolerance::Exact, kDataDependentShape};
VIREO_DEFINE_OP(case_fold_extension){"CaseFold",         kExtensionOpset, &kAttrType<CaseFold>,
                                     infer_case,         evaluate_case,   Tolerance::Exact,
                                     kDataDependentShape};

}  // namespace vireo::ops

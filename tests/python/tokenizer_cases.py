"""tokenizer_cases.py FOLDER: writes stages.jsonl of tests/data/tokenizers, a line per stage of tokenizer.json and option of it:
a small tokenizer.json and what Hugging Face's tokenizers 0.22.2 make of the texts with it. The numbers show the text that the model
was given, the offsets where it was cut."""
import json
import sys
from pathlib import Path

TEXTS = [
    "", " ", "Hello, World!", "  two  blanks \n\n and\tmore ", "don't we'LL I'VE 'S 'ſ", "naïve café ÀÉÎ e\u0301 a\u0323\u0301 \u01d5",
    "İstanbul ẞ ß Ǆ Ω Å ﬁ ﬀ ① ㍿ ½", "你好 世界 日本語 カタカナー ひらがな 한국어 \u1112\u1161\u11ab", "नमस्ते ไทย مرحبا שלום", "123 4567 Ⅷ ² ٣٤ 3.14",
    "👨‍👩‍👧 🇯🇵 👍🏽", "a\u200bb\ufeffc\u00add\u0085e\u2028f", "ctrl \x07\x7f\x01 end", "«q» “x” $ % + = ^ ` ~ | \\ /", "<s>the </s> [MASK]Hello foofoo foo",
    "▁under ▁▁x", "foo-bar_baz e.g. U.S.A.", "tail  "]

BYTES = [b for b in range(256) if 0x21 <= b <= 0x7e or 0xa1 <= b <= 0xac or b >= 0xae]
ALPHABET = [chr(b) for b in BYTES] + [chr(0x100 + i) for i in range(256 - len(BYTES))]
LETTERS = list("abcdefghijklmnopqrstuvwxyzHW ▁.,'é日本")
SUBWORDS = ["a", "b", "e", "f", "o", "l", "h", "he", "hel", "lo", "▁", "▁the", "th", "the", "t", "1", "2", "23", "日", "本", "日本", "é", "n", "Hello"]


def numbered(tokens):
    return {token: i for i, token in enumerate(dict.fromkeys(tokens))}


def bpe(letters, merges, **options):
    prefix = options.get("continuing_subword_prefix") or ""
    tokens = list(letters) + ["<unk>"]
    for left, right in merges:
        tokens += [left, right, left + right[len(prefix):]]
    return {"type": "BPE", "vocab": numbered(tokens), "merges": [list(pair) for pair in merges], **options}


MERGES = [("h", "e"), ("l", "l"), ("t", "h"), ("th", "e"), ("he", "ll"), ("o", "o"), ("▁", "the"), ("▁", "▁"), ("e", "l")]
BYTE_PIECES = [f"<0x{b:02X}>" for b in range(256)]
WORDS = {"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"}
BYTE_BPE = bpe(ALPHABET, [("t", "h"), ("Ġ", "th"), ("e", "r")])
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}

NORMALIZERS = [{"type": kind} for kind in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Nmt")] + [
    {"type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": chinese, "strip_accents": accents, "lowercase": lower}
    for clean, chinese, accents, lower in ((True, True, None, True), (False, True, True, False), (True, False, False, True))] + [
    {"type": "Strip", "strip_left": left, "strip_right": right} for left, right in ((True, True), (False, True), (True, False))] + [
    {"type": "Replace", "pattern": pattern, "content": content} for pattern, content in (
        ({"String": " "}, "▁"), ({"Regex": "\\s+"}, " "), ({"Regex": "[aeiou]"}, ""), ({"Regex": "[^\\w\\s]"}, "<>"), ({"Regex": "^"}, "> "))] + [
    {"type": "Prepend", "prepend": "▁"},
    {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}, {"type": "Lowercase"}, {"type": "Prepend", "prepend": "x "}]}]

BEHAVIORS = ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")
EXPRESSIONS = (
    "[^(\\s|[.,!?…。，、।۔،])]+", "[^\\s[:punct:]]+", "[a-z&&[^aeiou]]+", "\\d{1,3}(?=(?:\\d{3})*\\b)", "^.|.$", "[\\u4e00-\\u9fff]+",
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s")
PRE_TOKENIZERS = [{"type": kind} for kind in ("Whitespace", "WhitespaceSplit", "BertPreTokenizer", "UnicodeScripts")] + [
    {"type": "Punctuation", "behavior": behavior} for behavior in BEHAVIORS] + [
    {"type": "Digits", "individual_digits": one} for one in (True, False)] + [
    {"type": "CharDelimiterSplit", "delimiter": "o"}, {"type": "FixedLength", "length": 3}] + [
    {"type": "Split", "pattern": {"Regex": "\\s+"}, "behavior": behavior, "invert": invert} for behavior in BEHAVIORS for invert in (True, False)] + [
    {"type": "Split", "pattern": {"Regex": text}, "behavior": "Isolated", "invert": False} for text in EXPRESSIONS] + [
    {"type": "Split", "pattern": {"String": "l"}, "behavior": "MergedWithPrevious", "invert": False},
    {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, {"type": "Whitespace"}]}]

REWRITERS = [{"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}
             for scheme in ("always", "first", "never") for split in (True, False)]

MODELS = [
    bpe(LETTERS, MERGES, unk_token="<unk>"), bpe(LETTERS, MERGES, unk_token="<unk>", fuse_unk=True), bpe(LETTERS, MERGES),
    bpe(LETTERS + BYTE_PIECES, MERGES, unk_token="<unk>", byte_fallback=True, fuse_unk=True), bpe(LETTERS + ["Hello"], MERGES, ignore_merges=True),
    bpe(LETTERS + ["##" + c for c in LETTERS], [("t", "##h"), ("th", "##e"), ("##l", "##l")], continuing_subword_prefix="##", unk_token="<unk>"),
    bpe(LETTERS + [c + "</w>" for c in LETTERS], [("t", "h"), ("th", "e</w>"), ("o", "o</w>")], end_of_word_suffix="</w>"),
    {"type": "WordPiece", "vocab": numbered(["[UNK]"] + SUBWORDS + ["##" + s for s in SUBWORDS]), "unk_token": "[UNK]",
     "continuing_subword_prefix": "##", "max_input_chars_per_word": 4},
    {"type": "WordLevel", "vocab": numbered(["[UNK]"] + SUBWORDS), "unk_token": "[UNK]"}] + [
    {"type": "Unigram", "vocab": [["<unk>", 0.0]] + [[s, -len(s) - i / 7] for i, s in enumerate(SUBWORDS + BYTE_PIECES)], "unk_id": 0,
     "byte_fallback": fallback} for fallback in (False, True)]

SPECIAL = {"S": {"id": "S", "ids": [1, 2], "tokens": ["x", "y"]}}
POST_PROCESSORS = [
    {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "S", "type_id": 3}}, {"Sequence": {"id": "A", "type_id": 1}}],
     "pair": [{"Sequence": {"id": "B", "type_id": 2}}, {"SpecialToken": {"id": "S", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 1}}],
     "special_tokens": SPECIAL},
    {"type": "BertProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0]}] + [
    {"type": "RobertaProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0], "trim_offsets": trim, "add_prefix_space": space}
    for trim, space in ((True, True), (True, False), (False, True))] + [{"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}]

DECODERS = [None, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "BPEDecoder", "suffix": "o"}, BYTE_LEVEL] + [
    {"type": "WordPiece", "prefix": "##", "cleanup": cleanup} for cleanup in (True, False)] + [
    {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": True} for scheme in ("always", "never")] + [
    {"type": "CTC", "pad_token": "<unk>", "word_delimiter_token": "▁", "cleanup": cleanup} for cleanup in (True, False)] + [
    {"type": "Replace", "pattern": pattern, "content": "_"} for pattern in ({"String": "l"}, {"Regex": "[aeiou]+"})] + [
    {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
                                      {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}]


def added(first):
    flags = [("<s>", {"special": True}), ("</s>", {"lstrip": True, "rstrip": True, "special": True}), ("[MASK]", {"lstrip": True, "normalized": True}),
             ("foo", {"single_word": True, "normalized": True}), ("tail", {"rstrip": True})]
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    return [{"id": first + i, "content": text, **plain, **given} for i, (text, given) in enumerate(flags)]


def configs():
    def config(model, **stages):
        return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None,
                "post_processor": None, "decoder": None, "model": model, **stages}

    meta = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    for one in NORMALIZERS:
        yield config(BYTE_BPE, normalizer=one, pre_tokenizer=BYTE_LEVEL)
    yield config(BYTE_BPE, normalizer={"type": "ByteLevel"})
    for one in PRE_TOKENIZERS:
        yield config(WORDS, pre_tokenizer=one)
    for one in REWRITERS:
        yield config(bpe(LETTERS, MERGES, unk_token="<unk>"), pre_tokenizer=one)
    for space in (True, False):
        yield config(BYTE_BPE, pre_tokenizer={**BYTE_LEVEL, "add_prefix_space": space, "use_regex": True}, added_tokens=added(len(BYTE_BPE["vocab"])))
    for model in MODELS:
        for pre in (None, {"type": "WhitespaceSplit"}, meta):
            yield config(model, pre_tokenizer=pre, decoder=DECODERS[-1])
    for one in POST_PROCESSORS:
        yield config(BYTE_BPE, pre_tokenizer={**BYTE_LEVEL, "add_prefix_space": True, "use_regex": True}, post_processor=one,
                     added_tokens=added(len(BYTE_BPE["vocab"])), normalizer={"type": "Lowercase"})
    for one in DECODERS:
        yield config(MODELS[3], decoder=one, added_tokens=added(len(MODELS[3]["vocab"])))


def main():
    from tokenizers import Tokenizer
    folder = Path(sys.argv[1])
    with open(folder / "stages.jsonl", "w", encoding="utf-8") as out:
        for config in configs():
            tokenizer = Tokenizer.from_str(json.dumps(config))
            expected = []
            for text, second in zip(TEXTS, TEXTS[1:] + [None]):
                try:
                    made = [tokenizer.encode(text)] + ([tokenizer.encode(text, second)] if config["post_processor"] and second else [])
                except BaseException:  # a panic there: no answer to compare with
                    expected.append(None)
                    continue
                expected.append({"encodings": [{"ids": e.ids, "offsets": e.offsets, "type_ids": e.type_ids} for e in made],
                                 "decoded": tokenizer.decode(made[0].ids)})
            out.write(json.dumps({"config": config, "expected": expected}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()

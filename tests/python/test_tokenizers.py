"""Tokenizer against what Hugging Face's tokenizers made of the same files and texts."""
import json
import threading

import fetch_models
import pytest
from vireo import genai

NAMES = ["bert", "gpt2", "llama3", "minilm", "mistral", "qwen2", "t5-unigram", "unigram"]


def lines(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def root():
    return fetch_models.unpacked("tokenizers")


@pytest.fixture(scope="module")
def texts(root):
    return {row["i"]: row["text"] for row in lines(root / "texts.jsonl")}


@pytest.fixture(scope="module", params=NAMES)
def case(request, root):
    folder = root / request.param
    return folder, genai.Tokenizer(folder)


def fields(encoding):
    return {"ids": encoding.ids, "type_ids": encoding.type_ids, "attention_mask": encoding.attention_mask,
            "special_mask": encoding.special_tokens_mask, "offsets": [list(pair) for pair in encoding.offsets]}


def differing(got, want):
    return {key: (got[key], want[key]) for key in want if key in got and got[key] != want[key]}


def test_encode(case, texts):
    folder, tokenizer = case
    rows = lines(folder / "expected.jsonl")
    whole = tokenizer.encode_batch([texts[row["i"]] for row in rows])
    plain = tokenizer.encode_batch([texts[row["i"]] for row in rows], add_special_tokens=False)
    for row, one, without in zip(rows, whole, plain):
        want = {"type_ids": [0] * len(row["ids"]), "special_mask": [0] * len(row["ids"]), **row}
        assert not differing(fields(one), want), f"text {row['i']}: {texts[row['i']]!r}"
        assert without.ids == row.get("plain_ids", row["ids"]), f"text {row['i']}"
        assert tokenizer.encode(texts[row["i"]]).input_ids.data.tolist() == [row["ids"]], f"text {row['i']}"


def test_decode(case):
    folder, tokenizer = case
    for row in lines(folder / "expected.jsonl"):
        assert tokenizer.decode(row["ids"]) == row["decoded"], f"text {row['i']}"
        assert tokenizer.decode(row["ids"], skip_special_tokens=False) == row["decoded_all"], f"text {row['i']}"


def test_stream(case):
    folder, tokenizer = case
    for row in lines(folder / "expected.jsonl"):
        stream = genai.StreamDecoder(tokenizer)
        assert "".join([stream.put(i) for i in row["ids"]] + [stream.finish()]) == row["decoded"], f"text {row['i']}"


def options_of(row):
    """The arguments of encode_batch for a line of options.jsonl."""
    kind = row["kind"]
    if not kind.startswith("padded"):
        inputs = [(row["first"], row["second"])] if "second" in row else [row["first"]]
        options = {key: row.get(key) for key in ("max_length", "strategy", "stride")}
        return inputs, {**options, "truncation_side": row.get("direction")}
    return row["texts"], {"padding": "longest", "padding_side": row.get("direction"), "pad_to_multiple_of": row.get("multiple")}


def test_options(case):
    folder, tokenizer = case
    for row in lines(folder / "options.jsonl"):
        inputs, options = options_of(row)
        got = tokenizer.encode_batch(inputs, **options)
        if not row["kind"].startswith("padded"):
            got = [got[0]] + got[0].overflowing
        assert len(got) >= len(row["encodings"]), row["kind"]
        for one, want in zip(got, row["encodings"]):
            real = [i for i, mask in enumerate(one.attention_mask) if mask]  # the padding token is the folder's own
            for key, pair in differing(fields(one), want).items():
                assert key == "ids" and [pair[0][i] for i in real] == [pair[1][i] for i in real], (row["kind"], key, pair)


def test_tensors(root):
    tokenizer = genai.Tokenizer(root / "minilm")
    inputs = tokenizer.encode(["Hello", "Hello there friend"], padding_side="left")
    assert inputs.input_ids.data.tolist() == [[0, 0, 101, 7592, 102], [101, 7592, 2045, 2767, 102]]
    assert inputs.attention_mask.data.tolist() == [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]]
    cut = tokenizer.encode("Hello there friend", max_length=3, pad_to_max_length=True)
    assert cut.input_ids.data.tolist() == [[101, 7592, 102]]
    assert tokenizer.encode(["Hello"], max_length=5, pad_to_max_length=True).attention_mask.data.tolist() == [[1, 1, 1, 0, 0]]
    pairs = tokenizer.encode(["Hello"], ["there", "friend"])
    assert pairs.input_ids.data.tolist() == [[101, 7592, 102, 2045, 102], [101, 7592, 102, 2767, 102]]
    assert tokenizer.encode([("Hello", "there")]).input_ids.data.tolist() == [[101, 7592, 102, 2045, 102]]
    assert tokenizer.decode(inputs.input_ids) == ["hello", "hello there friend"]
    assert tokenizer.decode([[101, 7592, 102], []]) == ["hello", ""]


def test_special_tokens(root):
    tokenizer = genai.Tokenizer(root / "minilm")
    assert (tokenizer.get_pad_token(), tokenizer.get_pad_token_id()) == ("[PAD]", 0)
    assert tokenizer.get_bos_token_id() == -1
    assert tokenizer.token_to_id("hello") == 7592 and tokenizer.token_to_id("nothing of the sort") is None
    assert len(tokenizer.get_vocab()) == 30522 and tokenizer.get_vocab_vector()[7592] == "hello"
    assert tokenizer.supports_paired_input()
    llama = genai.Tokenizer(root / "llama3" / "tokenizer.json")  # the file instead of its folder
    assert llama.decode([llama.get_bos_token_id()], skip_special_tokens=False) == llama.get_bos_token() == "<|begin_of_text|>"


def test_broken_utf8_and_unknown_numbers(root):
    tokenizer = genai.Tokenizer(root / "gpt2")
    assert tokenizer.decode([1 << 40, -1, 10 ** 6]) == ""
    assert tokenizer.decode(tokenizer.encode("a\x00b").input_ids) == ["a\x00b"]


def test_threads(root, texts):
    tokenizer = genai.Tokenizer(root / "llama3")
    want = [one.ids for one in tokenizer.encode_batch(list(texts.values()))]
    faults = []

    def work():
        if [one.ids for one in tokenizer.encode_batch(list(texts.values()))] != want:
            faults.append("differs")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


def refusal(call):
    with pytest.raises(Exception) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_refusals(root, tmp_path):
    tokenizer = genai.Tokenizer(root / "minilm")
    assert "option 'foo' is not known" in refusal(lambda: tokenizer.encode("a", foo=1))
    assert "neither left nor right" in refusal(lambda: tokenizer.encode("a", padding_side="up"))
    assert "no room for the 2 special tokens" in refusal(lambda: tokenizer.encode("a", max_length=1))
    assert "stride 5" in refusal(lambda: tokenizer.encode_batch(["a b c d e f g"], max_length=6, stride=5))
    assert "lists of 2 and 3 texts" in refusal(lambda: tokenizer.encode(["a", "b"], ["c", "d", "e"]))
    assert "does not exist" in refusal(lambda: genai.Tokenizer(tmp_path))
    whole = json.loads((root / "gpt2" / "tokenizer.json").read_text(encoding="utf-8"))

    def read_with(key, value):
        (tmp_path / "tokenizer.json").write_text(json.dumps({**whole, key: value}))
        return refusal(lambda: genai.Tokenizer(tmp_path))

    assert "field 'model' is missing" in read_with("model", None)
    assert "normalizer: type 'Up' is not known" in read_with("normalizer", {"type": "Up"})
    assert "regular expression '(': " in read_with("normalizer", {"type": "Replace", "pattern": {"Regex": "("}, "content": ""})
    assert "merges[0]: 'abc' is not two tokens" in read_with("model", {**whole["model"], "merges": ["abc"]})
    assert "'zqzq' is not in the vocabulary" in read_with("model", {**whole["model"], "merges": [["zqzq", "a"]]})
    assert "added_tokens[0].id: 99999999999 is no number of a token" in read_with("added_tokens", [{"id": 99999999999, "content": "x"}])
    deep = {"type": "Lowercase"}
    for _ in range(100):
        deep = {"type": "Sequence", "normalizers": [deep]}
    assert "too deep" in read_with("normalizer", deep)
    (tmp_path / "tokenizer.json").write_text("{")
    assert "no JSON" in refusal(lambda: genai.Tokenizer(tmp_path))


def test_sentencepiece(root, texts, tmp_path):
    """A folder without tokenizer.json: the SentencePiece model that the T5 tokenizer was made of gives the same pieces."""
    (tmp_path / "spiece.model").write_bytes((root / "t5-unigram" / "spiece.model").read_bytes())
    tokenizer = genai.Tokenizer(tmp_path)
    rows = lines(root / "t5-unigram" / "expected.jsonl")
    got = tokenizer.encode_batch([texts[row["i"]] for row in rows])
    differ = [texts[row["i"]] for row, one in zip(rows, got) if one.ids != row.get("plain_ids", row["ids"])]
    # Of a text of blanks alone nothing is left here, and tokenizer.json keeps one; no other text differs.
    assert [text for text in differ if text.strip()] == []
    assert tokenizer.decode(got[3].ids) == texts[rows[3]["i"]].strip()
    (tmp_path / "spiece.model").write_bytes(b"\x0a\x7fno model")
    assert "no SentencePiece model" in refusal(lambda: genai.Tokenizer(tmp_path / "spiece.model"))


def test_stages(root, tmp_path):
    """Every stage and option of tokenizer.json; tokenizer_cases.py says what they are."""
    from tokenizer_cases import TEXTS, configs
    rows = lines(root / "stages.jsonl")
    assert [row["config"] for row in rows] == json.loads(json.dumps(list(configs())))
    faults = []
    for row in rows:
        (tmp_path / "tokenizer.json").write_text(json.dumps(row["config"]))
        tokenizer = genai.Tokenizer(tmp_path)
        for text, second, want in zip(TEXTS, TEXTS[1:] + [None], row["expected"]):
            if want is None:
                continue
            inputs = [text] + [(text, second)] * (len(want["encodings"]) - 1)
            for given, one, expected in zip(inputs, tokenizer.encode_batch(inputs), want["encodings"]):
                faults += [(row["config"], given, key, pair) for key, pair in differing(fields(one), expected).items()]
            ids = want["encodings"][0]["ids"]
            if tokenizer.decode(ids) != want["decoded"]:
                faults.append((row["config"], text, tokenizer.decode(ids), want["decoded"]))
            if tokenizer.encode(text).input_ids.data.tolist() != [ids]:
                faults.append((row["config"], text, "without offsets"))
    for config, *fault in faults[:5]:
        print({key: value for key, value in config.items() if value and key not in ("model", "version")}, config["model"]["type"], *fault)
    assert not faults

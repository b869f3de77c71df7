"""encode.py [NAME...]: encodes this tree's own prose and code, and the texts of tests/data, with Vireo and with Hugging Face's
tokenizers (PyPI), alternately; prints MB/s of both and the median of the ratios per round. Without NAMEs: all tokenisers of tests/data.

Both are asked for numbers alone (`encode_batch_fast` there). `one` is a call per text on one thread, `batch` one call for all."""
import json
import os
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
import fetch_models  # noqa: E402

ROUNDS = 5
PIECE = 1000  # characters of a text


def corpora(root):
    def cut(paths):
        text = "".join(path.read_text(encoding="utf-8") for path in sorted(paths))[:400_000]
        return [text[i:i + PIECE] for i in range(0, len(text), PIECE)]

    yield "prose", cut(list(ROOT.glob("*.md")) + list(ROOT.glob("docs/*.md")) + list(ROOT.glob("**/README.md")))
    yield "code", cut(ROOT.glob("src/**/*.cpp"))
    with open(root / "texts.jsonl", encoding="utf-8", newline="\n") as file:
        yield "many scripts", [json.loads(line)["text"] for line in file] * 5


def seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def load_all(path):
    from tokenizers import Tokenizer
    from vireo import genai
    peer, own = [], []
    for _ in range(3):
        peer.append(seconds(lambda: Tokenizer.from_file(str(path))))
        own.append(seconds(lambda: genai.Tokenizer(path)))
    return genai.Tokenizer(path), Tokenizer.from_file(str(path)), min(own), min(peer)


def main():
    root = fetch_models.unpacked("tokenizers")
    names = sys.argv[1:] or sorted(path.parent.name for path in root.glob("*/tokenizer.json"))
    print("| tokeniser | texts | calls | vireo MB/s | tokenizers MB/s | x |\n|---|---|---|---|---|---|")
    loads = []
    for name in names:
        own, peer, own_load, peer_load = load_all(root / name / "tokenizer.json")
        loads.append(f"{name} {own_load * 1e3:.1f} / {peer_load * 1e3:.1f}")
        peer.no_padding()
        peer.no_truncation()
        for kind, texts in corpora(root):
            size = sum(len(text.encode()) for text in texts) / 1e6
            for calls in ("one", "batch"):
                if calls == "one":
                    ours, theirs = lambda: [own.encode(text) for text in texts], lambda: [peer.encode_batch_fast([text]) for text in texts]
                else:
                    ours, theirs = lambda: own.encode(texts), lambda: peer.encode_batch_fast(texts)
                os.environ["TOKENIZERS_PARALLELISM"] = "false" if calls == "one" else "true"
                rounds = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS)]
                mine, other = (size / statistics.median(column) for column in zip(*rounds))
                ratio = statistics.median(b / a for a, b in rounds)
                print(f"| {name} | {kind} | {calls} | {mine:.1f} | {other:.1f} | {ratio:.1f} |")
    print("\nload, ms, vireo / tokenizers: " + ", ".join(loads))


main()

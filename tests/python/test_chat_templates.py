"""Chat templates against transformers, the template language against Jinja, and what is no template."""
import json
import random
import threading

import fetch_models
import pytest
from vireo import genai


@pytest.fixture(scope="module")
def root():
    return fetch_models.unpacked("chat_templates")


@pytest.fixture(scope="module")
def tokenizer():
    return genai.Tokenizer(fetch_models.unpacked("tokenizers") / "gpt2")


def test_conversations_are_rendered_as_transformers_does(root, tokenizer, report):
    templates = json.loads((root / "templates.json").read_text())
    conversations = json.loads((root / "conversations.json").read_text())
    wrong, count = [], 0
    for line in (root / "cases.jsonl").read_text().splitlines():
        row = json.loads(line)
        template, talk = templates[row["template"]], conversations[row["conversation"]]
        extra = {"bos_token": template.get("bos_token") or "", "eos_token": template.get("eos_token") or "", **(row.get("extra") or {})}
        count += 1
        try:
            got = tokenizer.apply_chat_template(talk["messages"], row["add_generation_prompt"], template["template"],
                                                talk.get("tools") or None, extra)
        except RuntimeError as error:
            message = row.get("error", "no error").partition("raise_exception: ")[2]
            if "error" not in row or message not in str(error):
                wrong.append((row, str(error)))
        else:
            if got != row.get("expected"):
                wrong.append((row, got))
    report(f"chat templates: {count - len(wrong)} of {count} conversations")
    assert not wrong, wrong[0]


def test_the_language_is_that_of_jinja(root, tokenizer):
    language = json.loads((root / "language.json").read_text())
    for case in language["cases"]:
        if "error" in case:
            with pytest.raises(RuntimeError, match="^chat template, line "):
                tokenizer.apply_chat_template([], False, case["template"], None, language["variables"])
        else:
            got = tokenizer.apply_chat_template([], False, case["template"], None, language["variables"])
            assert got == case["expected"], case["template"]


@pytest.mark.parametrize("template, message", [
    ("a\nb\n{{ messages[0]['x'] + 1 }}", "line 3: 'dict object' has no attribute 'x'"),
    ("{% if true %}", "line 1: got the end of the template, expected '{% endif %}'"),
    ("\n\n{{ raise_exception('no') }}", "line 3: no"),
    ("{{ messages[0].role | shout }}", "no filter named 'shout'"),
    ("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "does not end"),
    ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "too deep"),
    ("{{ 'x' * 100000000 }}", "over the limit"),
    ("{% set n = namespace(s='xxxxxxxx') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}", "over the limit"),
    ("{% set n = namespace(v=[]) %}{% for i in range(999) %}{% set n.v = [n.v] %}{% endfor %}", "too deep"),
    ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "less deep nesting"),
    ("{{ 'a'.format.__globals__.x }}", "has no attribute '__globals__'"),
])
def test_errors_say_where(tokenizer, template, message):
    with pytest.raises(RuntimeError, match="^chat template, ") as caught:
        tokenizer.apply_chat_template([{"role": "user"}], True, template)
    assert message in str(caught.value)


def test_damaged_templates_never_crash(root, tokenizer):
    sources = [t["template"] for t in json.loads((root / "templates.json").read_text()).values()]
    dice = random.Random(5)
    for _ in range(3000):
        text = dice.choice(sources)
        for _ in range(dice.randint(1, 4)):
            at, size = dice.randrange(len(text)), dice.randint(0, 12)
            text = text[:at] + dice.choice(["", "{{", "}}", "{%", "%}", "(", "[", "|", "'", "-", " in ", text[at:at + 30] * 2]) + text[at + size:]
        try:
            tokenizer.apply_chat_template([{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}], True, text)
        except RuntimeError as error:
            assert str(error).startswith("chat template, "), error
            assert "\n" not in str(error)


def test_chat_history():
    history = genai.ChatHistory([{"role": "system", "content": "é"}])
    history.append({"role": "user", "content": "hi", "n": [1, None, 2.5]})
    assert len(history) == 2 and history[-1]["n"] == [1, None, 2.5] and history[0]["content"] == "é"
    assert [m["role"] for m in history] == ["system", "user"]
    assert history.pop()["role"] == "user" and len(history) == 1
    history.set_tools([{"type": "function"}])
    history.set_extra_context({"x": 1})
    assert history.get_tools() == [{"type": "function"}] and history.get_extra_context() == {"x": 1}
    history.clear()
    assert not history
    with pytest.raises(RuntimeError, match="a message is a string, expected an object"):
        history.append("hi")
    with pytest.raises(IndexError):
        history[0]


def test_template_of_the_model_and_in_use(tokenizer):
    other = genai.Tokenizer(fetch_models.unpacked("tokenizers") / "gpt2")
    other.set_chat_template("{{ messages | length }}{{ tools }}{{ x }}")
    history = genai.ChatHistory([{"role": "user", "content": "a"}])
    assert other.apply_chat_template(history, True) == "1None"
    history.set_extra_context({"x": 5})
    history.set_tools([1])
    assert other.apply_chat_template(history, True) == "1[1]5"
    assert other.apply_chat_template(history, True, extra_context={"x": 6}, tools=[2]) == "1[2]6"
    other.chat_template = ""
    assert other.get_chat_template() == other.get_original_chat_template()


def test_threads_share_a_tokenizer(tokenizer):
    results = []

    def render(n):
        for _ in range(200):
            results.append(tokenizer.apply_chat_template([], False, "{{ %d + 1 }}" % (n % 3)) == str(n % 3 + 1))

    threads = [threading.Thread(target=render, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert all(results) and len(results) == 800

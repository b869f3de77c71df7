"""Where the files of a model are, and which of them belong beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

IR_NAME = "openvino_model.xml"
# What save_pretrained takes along from the folder that a model was read from: all that a tokenizer may be made of.
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "vocab.txt",
                   "merges.txt", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "chat_template.jinja",
                   "openvino_tokenizer.xml", "openvino_tokenizer.bin", "openvino_detokenizer.xml", "openvino_detokenizer.bin")


def find(model_id, subfolder="", **hub_options) -> Path:
    """The folder that `model_id` names: a path, or a name on the Hub, which huggingface_hub looks up in its cache and may fetch."""
    path = Path(model_id)
    if not path.is_dir():
        try:
            from huggingface_hub import snapshot_download
        except ImportError:
            raise FileNotFoundError(f"'{model_id}' is no folder, and to look for it on the Hub the package huggingface_hub is needed") from None
        wanted = [f"{subfolder}/{pattern}" if subfolder else pattern
                  for pattern in ("*.json", "*.safetensors", "openvino*", "*.txt", "*.model", "*.jinja")]
        path = Path(snapshot_download(str(model_id), allow_patterns=wanted, **hub_options))
    path = path / subfolder
    if not (path / "config.json").exists():
        raise FileNotFoundError(f"'{path}' has no config.json")
    return path


def copy_tokenizer(source, target):
    if source is None or Path(source).resolve() == Path(target).resolve():
        return
    for name in TOKENIZER_FILES:
        if Path(source, name).exists():
            shutil.copyfile(Path(source, name), Path(target, name))

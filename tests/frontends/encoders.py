"""Writes tiny encoders of every architecture and head with seeded weights, and what transformers computes with them.

    python tests/frontends/encoders.py OUT    # needs torch and transformers

Each folder has config.json, model.safetensors (bf16 values) and reference.npz: ids and mask [2, 11] (the second row is padded at the
right), types [2, 11] where the model has them, and the outputs by name, computed in f32.
"""
import sys
from pathlib import Path

import numpy as np
import torch
import transformers as t

SIZES = dict(hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, vocab_size=48, max_position_embeddings=64)
BERT = t.BertConfig(**SIZES, num_labels=3)
ROBERTA = dict(SIZES, type_vocab_size=1, pad_token_id=1, num_labels=3)
DISTILBERT = t.DistilBertConfig(dim=24, hidden_dim=40, n_layers=2, n_heads=4, vocab_size=48, max_position_embeddings=64, num_labels=3)
MODERN = dict(SIZES, num_hidden_layers=4, local_attention=6, global_attn_every_n_layers=3, num_labels=3, pad_token_id=0, cls_token_id=1,
              sep_token_id=2, bos_token_id=1, eos_token_id=2, reference_compile=False)
QWEN3 = t.Qwen3Config(**SIZES, num_key_value_heads=2, head_dim=8)
HEADS = {"": "Model", "-sequence": "ModelForSequenceClassification", "-tokens": "ModelForTokenClassification",
         "-answers": "ModelForQuestionAnswering"}

MODELS = {
    **{f"bert{ending}": (BERT, head) for ending, head in HEADS.items()},
    **{f"roberta{ending}": (t.RobertaConfig(**ROBERTA), head) for ending, head in HEADS.items()},
    "xlm-roberta-sequence": (t.XLMRobertaConfig(**dict(ROBERTA, num_labels=1)), HEADS["-sequence"]),
    **{f"distilbert{ending}": (DISTILBERT, head) for ending, head in HEADS.items()},
    **{f"modernbert{ending}": (t.ModernBertConfig(**MODERN), head) for ending, head in HEADS.items()},
    "modernbert-mean": (t.ModernBertConfig(**MODERN, classifier_pooling="mean"), HEADS["-sequence"]),
    "qwen3": (QWEN3, "Model"),
}
OUTPUTS = ("last_hidden_state", "logits", "start_logits", "end_logits")


def make(config, head):
    config = type(config).from_dict(config.to_dict())
    if "QuestionAnswering" in head:
        config.num_labels = 2
    config._attn_implementation = "eager"
    model = getattr(t, "Auto" + head).from_config(config).eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn_like(p) * (0.3 if p.dim() > 1 else 0.2)
            p.copy_(((1 + noise) if p.dim() == 1 and "bias" not in name else noise).bfloat16().float())
    return model


def inputs(model):
    padding = model.config.pad_token_id or 0
    ids = np.random.default_rng(3).integers(3, 48, (2, 11))
    mask = np.ones_like(ids)
    ids[1, 7:], mask[1, 7:] = padding, 0
    given = dict(ids=ids, mask=mask)
    if model.config.model_type == "bert":
        given["types"] = np.where(np.arange(11) < 4, 0, 1) * mask
    return given


def main(out):
    names = {"ids": "input_ids", "mask": "attention_mask", "types": "token_type_ids"}
    for name, (config, head) in MODELS.items():
        torch.manual_seed(7)
        model = make(config, head)
        given = inputs(model)
        with torch.no_grad():
            result = model(**{names[key]: torch.tensor(value) for key, value in given.items()})
        folder = Path(out) / name
        model.bfloat16().save_pretrained(folder, safe_serialization=True)
        np.savez(folder / "reference.npz", **given, **{key: result[key].float().numpy() for key in OUTPUTS if key in result})
        print(name, {key: float(result[key].abs().max()) for key in OUTPUTS if key in result})


main(sys.argv[1])

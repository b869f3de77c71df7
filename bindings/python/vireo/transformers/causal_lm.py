"""Language models that write on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from . import interop
from .base import OVBaseModel, logger


class OVModelForCausalLM(OVBaseModel, interop.GenerationMixin):
    """A stateful language model: keys and values of the past live in its request.

    `past_key_values` of an output is only a mark that there is a past; giving None starts anew. So a model follows one text, or one
    batch, at a time.
    """

    auto_model_class = "AutoModelForCausalLM"
    task = "text-generation"
    _is_stateful = True  # no assisted or contrastive generation: they cut the past
    _supports_cache_class = False
    _has_past = ((),)

    def __init__(self, model, config=None, *, generation_config=None, use_cache=True, stateful=True, **kwargs):
        if not use_cache or not stateful:
            raise NotImplementedError("use_cache=False and stateful=False: language models are stateful here")
        super().__init__(model, config, **kwargs)
        self._past_length = 0
        self._rows = None   # the rows of the states that the next rows go on from
        self._copies = 1    # how often each row of a prompt is repeated
        self.generation_config = generation_config
        if interop.transformers and generation_config is None:
            self.generation_config = self._read_generation_config()

    def _read_generation_config(self):
        kind = interop.transformers.GenerationConfig
        if self.model_save_dir and Path(self.model_save_dir, "generation_config.json").exists():
            return kind.from_pretrained(self.model_save_dir)
        return kind.from_model_config(self.config) if self.config is not None else kind()

    def save_pretrained(self, save_directory, push_to_hub=False, **kwargs):
        super().save_pretrained(save_directory, push_to_hub, **kwargs)
        if self.generation_config is not None:
            self.generation_config.save_pretrained(save_directory)

    def reshape(self, batch_size, sequence_length):
        logger.warning("reshape is ignored: a language model takes prompts of any length")
        return self

    def forward(self, input_ids, attention_mask=None, past_key_values=None, position_ids=None, **kwargs):
        """Logits of `input_ids` [batch, length], which follow what was given since `past_key_values` was last None.

        attention_mask: [batch, past + length], 0 for padding. position_ids: [batch, length]; derived from the mask if not given.
        """
        self.compile()
        ids = np.asarray(interop.to_numpy(input_ids), np.int64)
        copies = 1
        if past_key_values is None:
            self.request.reset_state()
            copies, self._copies, self._past_length = self._copies, 1, 0
            self._rows = np.arange(len(ids) // copies)
        shape = (len(ids), self._past_length + ids.shape[1])
        mask = np.ones(shape, np.int64) if attention_mask is None else np.asarray(interop.to_numpy(attention_mask), np.int64)
        if mask.shape != shape:
            raise ValueError(f"attention_mask has shape {list(mask.shape)}, expected {list(shape)}: {self._past_length} tokens past and "
                             f"{ids.shape[1]} new")
        positions = interop.to_numpy(position_ids)
        if positions is None:
            positions = np.where(mask == 0, 1, mask.cumsum(1) - 1)
        positions = np.asarray(positions[:, -ids.shape[1]:], np.int64)
        given = {"input_ids": ids[::copies], "attention_mask": mask[::copies], "position_ids": positions[::copies],
                 "beam_idx": self._rows.astype(np.int32)}
        result = self.request.infer({name: value for name, value in given.items() if name in self.input_names})
        logits = np.repeat(result["logits"], copies, 0) if copies > 1 else result["logits"]
        self._rows = np.repeat(np.arange(len(ids) // copies), copies)
        self._past_length += ids.shape[1]
        return interop.make_output("CausalLMOutputWithPast",
                                   {"logits": interop.like(logits, input_ids), "past_key_values": self._has_past})

    # --- What generate asks for

    def can_generate(self) -> bool:
        return True

    def prepare_inputs_for_generation(self, input_ids, past_key_values=None, attention_mask=None, position_ids=None, **kwargs):
        if past_key_values is not None:
            input_ids = input_ids[:, self._past_length:]
        return {"input_ids": input_ids, "past_key_values": past_key_values, "attention_mask": attention_mask,
                "position_ids": position_ids, "use_cache": True}

    def _expand_inputs_for_generation(self, expand_size=1, **inputs):
        # The copies of a prompt are computed once; `forward` repeats the answer.
        self._copies = expand_size
        return interop.GenerationMixin._expand_inputs_for_generation(expand_size=expand_size, **inputs)

    def _reorder_cache(self, past_key_values, beam_idx):
        self._rows = self._rows[interop.to_numpy(beam_idx)]
        return past_key_values

    def _prepare_cache_for_generation(self, *args, **kwargs):
        pass

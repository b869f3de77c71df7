"""Models that read a text whole: embeddings, and classes of texts, of tokens and of places in a text."""

from __future__ import annotations

import numpy as np

from . import interop
from .base import OVBaseModel


class OVEncoder(OVBaseModel):
    """A model of input_ids, attention_mask and perhaps token_type_ids, all [batch, length]."""

    output_class = None  # of transformers.modeling_outputs

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, position_ids=None, **kwargs):
        """The model's outputs by name. Without a mask there is no padding, without types all is the first text."""
        self.compile()
        ids = np.asarray(interop.to_numpy(input_ids), np.int64)
        rest = {"attention_mask": (attention_mask, np.ones_like(ids)), "token_type_ids": (token_type_ids, np.zeros_like(ids)),
                "position_ids": (position_ids, np.arange(ids.shape[1]) + np.zeros_like(ids))}
        given = {"input_ids": ids}
        for name, (value, otherwise) in rest.items():
            if name in self.input_names:
                given[name] = otherwise if value is None else np.asarray(interop.to_numpy(value), np.int64)
        result = self.request.infer(given)
        return interop.make_output(self.output_class, {name: interop.like(result[name], input_ids) for name in self.output_names})


class OVModelForFeatureExtraction(OVEncoder):
    """last_hidden_state [batch, length, hidden]."""

    auto_model_class, task, output_class = "AutoModel", "feature-extraction", "BaseModelOutput"


class OVModelForSequenceClassification(OVEncoder):
    """logits [batch, labels]."""

    auto_model_class, task, output_class = "AutoModelForSequenceClassification", "text-classification", "SequenceClassifierOutput"


class OVModelForTokenClassification(OVEncoder):
    """logits [batch, length, labels]."""

    auto_model_class, task, output_class = "AutoModelForTokenClassification", "token-classification", "TokenClassifierOutput"


class OVModelForQuestionAnswering(OVEncoder):
    """start_logits and end_logits [batch, length]."""

    auto_model_class, task, output_class = "AutoModelForQuestionAnswering", "question-answering", "QuestionAnsweringModelOutput"

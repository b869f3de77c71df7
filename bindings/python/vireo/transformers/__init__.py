"""Models of Hugging Face and OpenVINO folders as objects that transformers' programs know, with the names of optimum-intel.

    from vireo.transformers import OVModelForCausalLM
    model = OVModelForCausalLM.from_pretrained("model_folder")
    ids = model.generate(**tokenizer("Hello", return_tensors="pt"))

Forward passes take NumPy arrays or torch tensors and answer in kind. torch and transformers are needed for `generate` and for
transformers' pipelines alone, and never to read or convert a model.
"""

from .causal_lm import OVModelForCausalLM
from .encoders import (OVModelForFeatureExtraction, OVModelForQuestionAnswering, OVModelForSequenceClassification,
                       OVModelForTokenClassification)
from .quantization import OVQuantizationConfig, OVWeightQuantizationConfig

__all__ = ["OVModelForCausalLM", "OVModelForFeatureExtraction", "OVModelForQuestionAnswering", "OVModelForSequenceClassification",
           "OVModelForTokenClassification", "OVQuantizationConfig", "OVWeightQuantizationConfig"]

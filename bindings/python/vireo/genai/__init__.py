"""Text generation, with the names and defaults of OpenVINO GenAI.

    from vireo import genai
    tokenizer = genai.Tokenizer("model_folder")
    ids = tokenizer.encode("Hello").input_ids
"""

from .._vireo.genai import ChatHistory, Encoding, StreamDecoder, TokenizedInputs, Tokenizer

__all__ = ["ChatHistory", "Encoding", "StreamDecoder", "TokenizedInputs", "Tokenizer"]

"""Text generation, with the names and defaults of OpenVINO GenAI.

    from vireo import genai
    pipe = genai.LLMPipeline("model_folder", "CPU")
    print(pipe.generate("What is a vireo?", max_new_tokens=100))
"""

from .._vireo.genai import (ChatHistory, ContinuousBatchingPipeline, DecodedResults, DraftModel, EncodedGenerationResult, EncodedResults,
                            Encoding, GenerationConfig, GenerationFinishReason, GenerationHandle, GenerationOutput, GenerationResult,
                            GenerationStatus, LLMPipeline, MeanStdPair, PerfMetrics, PipelineMetrics, RawPerfMetrics, SchedulerConfig,
                            StopCriteria, StreamDecoder, StreamerBase, StreamingStatus, TextEmbeddingPipeline, TextRerankPipeline,
                            TextStreamer, TokenizedInputs, Tokenizer, draft_model, next_token_distribution)

__all__ = [
    "ChatHistory", "ContinuousBatchingPipeline", "DecodedResults", "DraftModel", "EncodedGenerationResult", "EncodedResults", "Encoding",
    "GenerationConfig", "GenerationFinishReason", "GenerationHandle", "GenerationOutput", "GenerationResult", "GenerationStatus",
    "LLMPipeline", "MeanStdPair", "PerfMetrics", "PipelineMetrics", "RawPerfMetrics", "SchedulerConfig", "StopCriteria",
    "StreamDecoder", "StreamerBase", "StreamingStatus", "TextEmbeddingPipeline", "TextRerankPipeline", "TextStreamer",
    "TokenizedInputs", "Tokenizer", "draft_model", "next_token_distribution",
]

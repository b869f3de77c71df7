"""Ranks sentences by how near their meaning is to a query's: search.py MODEL_FOLDER [QUERY [FILE]].

The model is a sentence encoder as Hugging Face has them (config.json, model.safetensors, tokenizer.json). FILE has a sentence per line.
"""
import sys
import time
from pathlib import Path

import numpy as np
from vireo import genai

SENTENCES = """The cat sleeps on the warm windowsill.
A kitten is taking a nap in the sun.
Interest rates were raised by a quarter of a point.
The central bank makes borrowing more expensive.
She tuned her violin before the concert.
The orchestra rehearsed the symphony all afternoon.
Heavy rain flooded the streets of the old town.
The forecast promises storms for the weekend.
Mix flour, butter and eggs, and bake for forty minutes.
The bakery sells fresh bread from six in the morning.
The engine reads weights once for every token.
Matrix multiplication takes most of the time of a neural network.
The train to the coast leaves from platform nine.
Our flight was delayed because of fog.
Vireos are small songbirds of the Americas.
The bird sang from the top of the elm all day."""


def main(folder, query="Which animal is resting?", file=None):
    sentences = (Path(file).read_text() if file else SENTENCES).splitlines()
    start = time.perf_counter()
    mean = genai.TextEmbeddingPipeline.PoolingType.MEAN
    pipeline = genai.TextEmbeddingPipeline(folder, "CPU", pooling_type=mean)
    loaded = time.perf_counter()
    table = np.array(pipeline.embed_documents(sentences))
    embedded = time.perf_counter()
    scores = table @ np.array(pipeline.embed_query(query))
    done = time.perf_counter()
    print(f"\n{query}")
    for i in np.argsort(-scores)[:5]:
        print(f"  {scores[i]:.3f}  {sentences[i]}")
    print(f"\nmodel loaded in {loaded - start:.2f} s, {len(sentences)} sentences embedded in {1e3 * (embedded - loaded):.0f} ms, "
          f"the query in {1e3 * (done - embedded):.1f} ms")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:4])

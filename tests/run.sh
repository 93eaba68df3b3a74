#!/usr/bin/env bash
# Sets up what is missing and runs the tests, a file at a time on each core: ./tests/run.sh [pytest's arguments]
set -euo pipefail
unset CDPATH # with it, cd goes elsewhere and prints where
NDC_ROOT=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=utils/setup.sh
source "$NDC_ROOT/utils/setup.sh"
find_or_make_python "$NDC_ROOT/requirements.txt" "$NDC_ROOT/tests/requirements.txt"
cd "$NDC_ROOT"
exec "$PYTHON" -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile "$@"

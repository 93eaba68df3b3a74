#!/usr/bin/env bash
# The main job: train, export, and, outside the grader, score. See README.md.
#
#   ./run.sh                              the quick start: minutes on a CPU, on the embedded data
#   ./run.sh CONFIG.yml [key=value ...]   the same with another configuration; arguments go to train.py
#
# Inside the grader (AICROWD_IS_GRADING set) it trains configs/challenge.yml with the container's Python and leaves
# scoring to the grader. Exit code: train.py's, or if that is 0 the evaluation's.
set -euo pipefail

unset CDPATH # with it, cd goes elsewhere and prints where
here=${BASH_SOURCE[0]}
while [[ -L $here ]]; do # follow links to the repository itself
  folder=$(cd -P -- "$(dirname -- "$here")" && pwd)
  here=$(readlink -- "$here")
  [[ $here == /* ]] || here=$folder/$here
done
NDC_ROOT=$(cd -P -- "$(dirname -- "$here")" && pwd)
export NDC_ROOT PYTHONPATH="$NDC_ROOT${PYTHONPATH:+:$PYTHONPATH}"
if [[ ! -w $NDC_ROOT ]]; then export PYTHONDONTWRITEBYTECODE=1; fi

is_true() { # as utils/grader/environment.py reads it, without white space around it
  local word=${1//[[:space:]]/}
  case ${word,,} in
    "" | 0 | no | off | false) return 1 ;;
  esac
}

if is_true "${AICROWD_IS_GRADING:-}"; then
  PYTHON=${PYTHON:-python}
  config=$NDC_ROOT/configs/challenge.yml
else
  # shellcheck source=utils/setup.sh
  source "$NDC_ROOT/utils/setup.sh"
  find_or_make_python "$NDC_ROOT/requirements.txt"
  config=$NDC_ROOT/configs/quickstart.yml
fi

arguments=(--default "$config" "$@") scores=yes
if is_true "${AICROWD_IS_GRADING:-}"; then scores=no; fi
for word in "$@"; do
  case $word in
    -h | --help | --plan) scores=no ;; # they train nothing
  esac
done
if [[ $scores == no ]]; then # in the shell's place, so that a signal which stops the container reaches it
  exec "$PYTHON" "$NDC_ROOT/train.py" "${arguments[@]}"
fi

run_here() { # a command in the background, since bash handles no signal while it waits for one in the foreground
  local code signalled=yes
  (trap - INT && exec "$@") & # bash has what runs in the background ignore Ctrl-C
  trap 'signalled=yes; kill -TERM $! 2>/dev/null || true' TERM
  trap 'signalled=yes; kill -HUP $! 2>/dev/null || true' HUP
  trap 'signalled=yes' INT # the terminal sends it to both
  while [[ $signalled ]]; do # a signal ends `wait`, and not the command
    signalled='' code=0
    wait $! || code=$?
  done
  trap - TERM HUP INT
  return "$code"
}
run_here "$PYTHON" "$NDC_ROOT/train.py" "${arguments[@]}"
unset AICROWD_DATASET_NAME # scored is what train.py trained on, which an argument may have named
exec "$PYTHON" "$NDC_ROOT/local_evaluation.py"

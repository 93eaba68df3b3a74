#!/usr/bin/env bash
# Sourced by run.sh and tests/run.sh: finds, or makes, a Python that has what the named requirement files list.
# Needs NDC_ROOT. Leaves its path in PYTHON. Only the standard library, packaging and pip are used.

# The Python to begin with: $PYTHON, else the first of PATH that is new enough.
base_python() {
  local name path names=(python3 python)
  if [[ -n ${PYTHON:-} ]]; then names=("$PYTHON"); fi
  for name in "${names[@]}"; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null; then
      path=$(command -v "$name")
      [[ $path == /* ]] || path=$PWD/$path
      echo "$path"
      return
    fi
  done
  echo "error: no Python 3.8 or newer found (tried ${names[*]}); set PYTHON to one" >&2
  return 2
}

# Whether Python $1 has every requirement of the files that follow, in a version that fits.
has_requirements() {
  "$1" -I - "${@:2}" <<'EOF' 2>/dev/null
import importlib.metadata as metadata
import re
import sys

try:
    from packaging.requirements import Requirement
except ImportError:  # pip's copy, where Matplotlib is not there yet; some environments have no pip
    from pip._vendor.packaging.requirements import Requirement

for path in sys.argv[1:]:
    for line in open(path, encoding="utf-8"):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate():
            continue
        if not wanted.specifier.contains(metadata.version(wanted.name), prereleases=True):
            sys.exit(1)
EOF
}

# Whether the Pythons $1 and $2 are of one version, patch levels apart.
same_version() {
  local ask='import sys; print(*sys.version_info[:2])'
  [[ $("$1" -c "$ask") == "$("$2" -c "$ask")" ]]
}

# Makes the environment $1 with the Python $2, in the place of one that was made here before and of nothing else.
make_environment() {
  local mark=$1/.made-by-the-kit
  if [[ (-e $1 || -L $1) && ! -e $mark ]]; then
    echo "error: $1: not made by this kit, and not of use to it; expected none, or rename it" >&2
    return 2
  fi
  rm -rf -- "$1"
  if ! { mkdir -- "$1" && touch -- "$mark" && "$2" -m venv "$1"; }; then
    echo "error: $1 could not be made (is the venv module there?)" >&2
    return 2
  fi
}

# Sets PYTHON; makes or repairs $NDC_ROOT/.venv unless the active Python will do. Arguments: requirement files.
find_or_make_python() {
  local base venv="$NDC_ROOT/.venv" asked=${PYTHON:-} file useless='' arguments=()
  base=$(base_python) || return 2
  if has_requirements "$base" "$@"; then
    PYTHON=$base
    return
  fi
  PYTHON=$venv/bin/python
  if [[ -n $asked && -x $PYTHON ]] && ! same_version "$PYTHON" "$base"; then
    echo "making $venv anew: it has $("$PYTHON" --version), and PYTHON names another version"
    useless=yes
  fi
  if [[ ! $useless && -x $PYTHON ]] && has_requirements "$PYTHON" "$@"; then
    return
  fi
  echo "setting up $venv with $("$base" --version) (once; downloads the packages of requirements.txt)"
  if [[ $useless ]] || ! "$PYTHON" -m pip --version >/dev/null 2>&1; then
    make_environment "$venv" "$base" || return 2
  fi
  for file in "$@"; do arguments+=(-r "$file"); done
  "$PYTHON" -m pip install --quiet --disable-pip-version-check "${arguments[@]}" ||
    { echo "error: the packages could not be installed into $venv; run again to repair it" >&2; return 2; }
}

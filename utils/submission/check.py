"""What would fail at the grader, as far as the repository shows it: one line a finding, with the remedy."""

import json
import re
import shlex

import yaml

from utils.config import make_config, parse_duration
from utils.errors import InputError
from utils.yaml_files import parse_yaml

CHALLENGE = "aicrowd-neurips-2019-disentanglement-challenge"
MARGIN = 0.03  # of the grader's time: for the container's own start and end
LARGEST_FILE = 10_000_000  # bytes in git
LARGEST_FIXTURE = 1_000_000  # bytes of a data file below tests/
DATA_SUFFIXES = (".pt", ".pth", ".ckpt", ".onnx", ".safetensors", ".npy", ".npz", ".h5", ".hdf5", ".pkl", ".mat")
ARCHIVE_SUFFIXES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z")
CONTAINER_NAMES = {"torch": "pytorch"}  # PyPI's name: conda's


def check(repository, limit="8h"):
    """[(part, [finding, ...]), ...] for every part of the submission; no finding: nothing to fix.

    limit   the grader's time for the whole run, as text ("8h")
    """
    parts = {
        "aicrowd.json": check_aicrowd_json,
        "authors": check_authors,
        "run.sh": check_run_sh,
        "environment.yml": check_environment,
        "files in git": check_files,
        "working tree": check_working_tree,
        "commit": check_commit,
        "time budget": lambda repository: check_budget(repository, limit),
    }
    return [(part, list(find(repository))) for part, find in parts.items()]


def check_aicrowd_json(repository):
    """The grader's ids and the fields it needs, authors apart."""
    entry, problem = _aicrowd_json(repository)
    if problem:
        yield problem
        return
    for key in ("challenge_id", "grader_id"):
        if entry.get(key) != CHALLENGE:
            yield f'{key} is {entry.get(key)!r}; set it to "{CHALLENGE}"'
    for key in ("description", "license"):
        if not (isinstance(entry.get(key), str) and entry[key].strip()):
            yield f"{key} is missing or empty; set it to a string"
    if not isinstance(entry.get("gpu"), bool):
        yield f"gpu is {entry.get('gpu')!r}; set it to true (a Tesla K80) or false"


def check_authors(repository):
    """The kit comes without a name: the entrant's own belongs there."""
    entry, problem = _aicrowd_json(repository)
    authors = None if problem else entry.get("authors")
    if not isinstance(authors, list) or not authors:
        yield 'no author is set; put your names into aicrowd.json: "authors": ["Ada Lovelace"]'
    elif not all(isinstance(author, str) and author.strip() for author in authors):
        yield f"authors is {authors!r}; set it to a list of names"


def check_run_sh(repository):
    """The entry point is there, may be executed, and names its interpreter."""
    mode, text = repository.mode("run.sh"), repository.read("run.sh")
    if mode is None:
        yield "run.sh is not in git; git add run.sh, and commit"
    elif mode not in ("100644", "100755"):
        yield "it is a link or a folder in git; make it a file, git add --chmod=+x run.sh, and commit"
    elif mode != "100755":
        yield f"its mode in git is {mode}; git add --chmod=+x run.sh, and commit"
    elif not text.startswith("#!"):
        yield "it does not begin with #!; make its first line #!/usr/bin/env bash"
    elif "\r" in text:
        yield "it has Windows line ends, which the container's bash refuses; convert it to LF, and commit"


def check_environment(repository):
    """Every package of the container has one exact version, and none that the kit needs is missing."""
    text = repository.read("environment.yml")
    if text is None:
        yield "environment.yml is not in git; git add environment.yml, and commit"
        return
    try:
        conda, pip = read_pins(text)
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, KeyError):
        yield "it is not a conda environment; expected name, channels and a list of dependencies"
        return
    for name, version in [*conda.items(), *pip.items()]:
        if version is None:
            yield f"{name} has no exact version; write {name}={'=' if name in pip else ''}X.Y.Z"
    if pip and "pip" not in conda:
        yield "it has a pip part but not pip itself; add pip=X.Y.Z to the dependencies"
    if "pytorch" in conda and _latest(conda.get("mkl")) >= (2024, 1):
        yield "pytorch from conda does not load beside mkl 2024.1 or newer; add mkl=2024.0.0"
    known = {_normal(name) for name in [*conda, *pip]}
    for name in required_packages(repository.read("requirements.txt") or ""):
        if not known & {name, CONTAINER_NAMES.get(name)}:
            yield f"{name} is in requirements.txt but not here; add it with the container's version"


def check_files(repository):
    """Nothing large, no data and no weights: the grader clones it all, and it trains its own."""
    current, history = repository.files()
    for path, size in current:
        suffix = path[path.rfind(".") :].lower() if "." in path else ""
        allowed = LARGEST_FIXTURE if path.startswith("tests/") else 0
        if size > LARGEST_FILE:
            yield f"{path} has {size / 1e6:.0f} MB, more than 10; git rm --cached it and take it out of the history"
        elif suffix in DATA_SUFFIXES + ARCHIVE_SUFFIXES and size > allowed:
            yield f"{path} seems to be data or weights; git rm --cached it, name it in .gitignore, and commit"
    for path, size in history:
        if size > LARGEST_FILE:
            remedy = f"git filter-repo --path {shlex.quote(path)}"
            yield f"{path} ({size / 1e6:.0f} MB) is in the history; take it out ({remedy})"


def check_working_tree(repository):
    """What is submitted is the commit: anything else here would be missing there."""
    changes = repository.changes()
    if changes:
        shown = ", ".join(changes[:3]) + (f" and {len(changes) - 3} more" if len(changes) > 3 else "")
        yield f"not in the commit: {shown}; commit it, or git stash"


def check_commit(repository):
    """A second tag on the same commit triggers nothing."""
    tags = repository.submissions()
    if tags:
        yield (
            f"it is tagged {', '.join(tags)}, and the grader ignores a second tag on it; push that tag "
            f"(git push REMOTE {tags[0]}) if it was not, or commit a change"
        )


def check_budget(repository, limit):
    """What the grader trains with is a configuration that this kit accepts, within the grader's time."""
    seconds, path = parse_duration(limit, f"--limit {limit}"), "configs/challenge.yml"
    text = repository.read(path)
    if text is None:
        yield f"{path} is not in git; git add {path}, and commit"
        return
    try:
        config = make_config(parse_yaml(text, path), path)
    except InputError as error:
        yield f"{error}"
        return
    longest = int((1 - MARGIN) * seconds)
    if config.time_budget > longest:
        yield (
            f"{path} trains for {config.time_budget:.0f} s, and the grader stops the container after {limit}, start "
            f"and end included; set time_budget: {longest}s, or give the grader's time with --limit"
        )


def read_pins(text):
    """environment.yml as two dictionaries, conda's and pip's: package to exact version, None without one."""
    conda, pip = {}, {}
    for entry in yaml.safe_load(text)["dependencies"]:
        if isinstance(entry, dict):
            pip.update(_pin(requirement, "==") for requirement in entry["pip"] if not requirement.startswith("-"))
        else:
            conda.update([_pin(entry.rpartition("::")[2], "={1,2}")])
    return conda, pip


def required_packages(text):
    """Names of the packages in the text of a requirements.txt, in PyPI's normal spelling."""
    names = re.findall(r"^\s*(\w[\w.-]*)", text, flags=re.MULTILINE)
    return list(dict.fromkeys(_normal(name) for name in names))


def _pin(requirement, equals):
    requirement = requirement.partition(";")[0].strip()
    match = re.fullmatch(rf"([\w.-]+)(?:\[[\w,-]+\])?\s*{equals}\s*(\d[\w.!+-]*)(?:=[\w*.]+)?", requirement)
    return match.groups() if match else (re.match(r"[\w.-]*", requirement).group(), None)


def _latest(version):
    """(major, minor) of the newest version that conda takes for `version`: mkl=2024 is also 2024.2."""
    return tuple([*map(int, re.findall(r"\d+", version or "")), 9999, 9999][:2])


def _normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def _aicrowd_json(repository):
    """(contents, None), or (None, finding)."""
    text = repository.read("aicrowd.json")
    if text is None:
        return None, "aicrowd.json is not in git; git add aicrowd.json, and commit"
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError) as error:
        return None, f"it is not valid JSON ({error}); fix it there"
    if not isinstance(entry, dict):
        return None, "it is not a JSON object; expected one with challenge_id, grader_id, authors, ..."
    return entry, None

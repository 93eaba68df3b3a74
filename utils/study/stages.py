"""One run of a study: train.py and local_evaluation.py as processes, stage by stage, nothing that is done twice."""

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch
from tqdm import tqdm

from evaluation.metrics.table import OFFICIAL
from evaluation.results import DATASET_FINGERPRINT, read_results, scored_with
from utils.config import Config
from utils.errors import InputError
from utils.files import REPOSITORY, write_text
from utils.notes import lines_without_notes
from utils.run.folder import FREE_TO_CHANGE, changes_in_words, read_run_config
from utils.run.log import read_log
from utils.study.criteria import measure
from utils.study.grid import file_name

DATA = "data"  # in a result: the fingerprint of the images and factors that the run was scored on
MEASURED = ("reconstruction", "elbo", "training_seconds", "scoring_seconds")  # a result's numbers beside its scores
OF_THE_MACHINE = ("AICROWD_CUDA", "NDC_CACHE")  # what the grader's variables say of no run
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux's prctl
PRCTL = getattr(ctypes.CDLL(None), "prctl", None)  # found here: in a new process a lock on the loader may stay taken


class Failed(Exception):
    """A command that did not do its work; the message says which and why."""


def run_stages(folder, name, stages, threads, data_root, share, gpu):
    """Train and score the run `name` of the study in `folder`, `stages` (utils.study.grid.Stage) in their order.

    threads    for each process, whatever its environment says; None: what that says, else `share`
    data_root  DISENTANGLEMENT_LIB_DATA
    share      this run's of the machine's cores
    gpu        number of this run's, of those that the process sees; None: the environment decides

    Stages whose results are there are passed over; the first that fails ends the run. Returns None or, in words,
    why it failed. A process that an earlier call left behind in the same run is waited for.
    """
    folder = Path(folder)
    try:
        with _locked(folder / "runs" / f".{name}.lock") as lock:
            for stage in stages:
                if read_result(folder, stage) is None:
                    _refuse_another_result(folder, stage)
                    environment = _environment(folder, name, threads, data_root, share)
                    if gpu is not None and stage.config.device in ("auto", "cuda"):
                        environment.update(_one_gpu(gpu))
                    _make_result(folder, name, stage, environment, lock)
    except (Failed, InputError, OSError) as error:
        _say(f"{name}: {error}", sys.stderr)
        return str(error)
    return None


def read_result(folder, stage):
    """{"scores": {metric: score}, "reconstruction": nats, "elbo": nats, ...} of a stage that is done, or None."""
    found = read_file(result_path(folder, stage))
    if not found.get("config") or differing_keys(found, stage.config) or DATA not in found:
        return None
    scores = found.get("scores") if isinstance(found.get("scores"), dict) else {}
    numbers = [*scores.values(), *(found.get(name) for name in MEASURED)]
    whole = set(scores) == {metric.name for metric in OFFICIAL}
    return found if whole and all(isinstance(number, (int, float)) for number in numbers) else None


def read_file(path):
    """The object in a result's file, {} where there is none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def differing_keys(result, config):
    """In words, by which keys the configuration of `result` (see read_file) is another one than `config`.

    The data set's name is none of them: the same images may lie elsewhere now (see utils.study.checks).
    """
    then, now = result.get("config"), _lasting(config)
    if not then or not isinstance(then, dict):  # no result
        return ""
    then = {**_lasting(Config()), **then}  # a result of before a key existed is one of its default
    keys = [key for key in {**now, **then} if key != "dataset" and then.get(key) != now.get(key)]
    return changes_in_words(then, now, keys)


def result_path(folder, stage):
    """Where the result of `stage` lies in the study's folder."""
    return Path(folder) / "results" / f"{file_name(stage.row)}-seed{stage.config.seed}.json"


def _make_result(folder, name, stage, environment, lock):
    began = time.monotonic()
    _check_what_is_there(folder / "runs" / name, stage.config)
    _call(["train.py", *(f"{key}={value}" for key, value in stage.config.as_dict().items())], environment, lock)
    log = read_log(folder / "runs" / name / "log.csv")
    if not log or log["step"][-1] < stage.config.steps:
        reached = int(log["step"][-1]) if log else 0
        raise Failed(f"train.py ended at step {reached} of {stage.config.steps}")
    scored_from = time.monotonic()
    scoring = ["local_evaluation.py", "--dataset", stage.config.dataset, "--jobs", "1"]
    said = _call(scoring, environment, lock, accepted=(0, 1))  # 1: its page could not be written
    result = {
        "row": stage.row,
        "run": name,
        "config": _lasting(stage.config),
        "scores": _scores(folder / "runs" / name, said),
        "training_seconds": float(log["seconds"][-1]),
        "scoring_seconds": time.monotonic() - scored_from,
        DATA: _scored_on(folder / "runs" / name),
        **_without_labels(folder / "runs" / name, stage.config, environment["DISENTANGLEMENT_LIB_DATA"]),
    }
    write_text(result_path(folder, stage), json.dumps(result, indent=2) + "\n")
    scores = "  ".join(f"{metric} {score:.4f}" for metric, score in result["scores"].items())
    _say(f"{stage.row}, seed {stage.config.seed}: {scores}  ({time.monotonic() - began:.0f} s)", sys.stdout)


def _refuse_another_result(folder, stage):
    """Failed if another study has made its result in the meantime: it is not replaced."""
    path = result_path(folder, stage)
    if differing := differing_keys(read_file(path), stage.config):
        raise Failed(f"{path} is of another configuration ({differing}), made meanwhile by another study")


def _check_what_is_there(run_folder, config):
    """Failed if the run that is there cannot go on as one of `config`: other keys, more steps, a rate that fell.

    InputError: its config.json cannot be read.
    """
    log, before = read_log(run_folder / "log.csv"), read_run_config(run_folder)
    reached = int(log["step"][-1]) if log else 0
    then, now = ({} if one is None else _lasting(one) for one in (before, config))
    differing = [key for key in then if then[key] != now[key] and key not in ("steps", "dataset")]  # see train.py
    if differing:
        changes = changes_in_words(then, now, differing)
        raise Failed(
            f"{run_folder} is of another configuration ({changes}); delete that folder, or take another --output"
        )
    if reached > config.steps:
        raise Failed(f"{run_folder} is at step {reached} already, expected {config.steps} at most; delete that folder")
    if reached and before and before.steps != config.steps and config.decay != "none":
        raise Failed(
            f"{run_folder} is of {before.steps} steps, over which its learning rate falls, expected {config.steps}; "
            "delete that folder"
        )


def _say(text, stream):
    """A line above the bar of utils.study.progress, where there is one."""
    tqdm.write(text, file=stream)
    stream.flush()


def _scores(run_folder, said):
    results = read_results(run_folder)
    missing = sorted(metric.name for metric in OFFICIAL if metric.name not in results)
    if missing:
        raise Failed(f"local_evaluation.py left no score of {', '.join(missing)}: {said}")
    return {metric.name: metric.score(results[metric.name]) for metric in OFFICIAL}


def _scored_on(run_folder):
    """The fingerprint of the images and factors that local_evaluation.py has just scored."""
    (found,) = scored_with(run_folder, [metric.name for metric in OFFICIAL], DATASET_FINGERPRINT)
    return found


def _without_labels(run_folder, config, data_root):
    """Reconstruction and ELBO in nats an image, on the images that were held out, if any were."""
    try:
        measured = measure(run_folder, config, data_root)
    except InputError as error:
        raise Failed(str(error)) from None
    return {"reconstruction": measured.reconstruction, "elbo": measured.elbo}


def _lasting(config):
    """The configuration without what a continued run may change, but for the steps."""
    free = set(FREE_TO_CHANGE) - {"steps"}
    return {key: value for key, value in config.as_dict().items() if key not in free}


def _environment(folder, name, threads, data_root, share):
    """The process's own, as a run of its own and never as one on the grader."""
    graders = [key for key in os.environ if key.startswith(("AICROWD_", "NDC_")) and key not in OF_THE_MACHINE]
    kept = {key: value for key, value in os.environ.items() if key not in graders}
    own = {
        "AICROWD_OUTPUT_PATH": str(folder.resolve() / "runs"),
        "AICROWD_EVALUATION_NAME": name,
        "DISENTANGLEMENT_LIB_DATA": str(data_root),
    }
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]  # OpenMP's variable may list one a nesting level
    number = str(threads or asked or share)  # the same for all: PyTorch goes by MKL's where they differ
    limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), number)
    return {**kept, **limits, **own}


def _one_gpu(number):
    """The variable that shows a run one GPU alone, that of this `number`, where the process sees several."""
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    gpus = [str(gpu) for gpu in range(torch.cuda.device_count())] if seen is None else seen.split(",")
    return {"CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)]} if len(gpus) > 1 else {}


def _call(arguments, environment, lock, accepted=(0,)):
    """Run a command of the kit; the last line that it said on stderr, notes left out, or else on stdout.

    Failed, with that line, if it ends with another code than those `accepted`.

    The process inherits the run's `lock`, which so stays taken until it has ended, even if this one is killed.
    """
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=str(REPOSITORY),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        pass_fds=(lock,),
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,
    )
    stdout, stderr = _output(process)
    last = (lines_without_notes(stderr) or stdout.strip().splitlines() or ["it said nothing"])[-1]
    if process.returncode not in accepted:
        raise Failed(f"{arguments[0]} ended with {process.returncode}: {last}")
    return last


def _output(process):
    """What a process prints until it ends. Ctrl-C stops it, and train.py saves what was learned; a second one kills it.

    subprocess.run would kill it a quarter of a second after the first.
    """
    try:
        return process.communicate()
    except BaseException:
        process.terminate()
        try:
            process.communicate()
        finally:
            process.kill()
        raise


def _die_with_parent():
    """SIGTERM for this process when its parent is killed: train.py then leaves a checkpoint."""
    PRCTL(DIE_WITH_PARENT, signal.SIGTERM)


@contextlib.contextmanager
def _locked(path):
    """Hold the lock file `path`, waiting for whoever holds it; gives its descriptor."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()

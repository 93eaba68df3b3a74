"""Rehearses a submission: a fresh clone, run as the grader runs it, its outputs checked as the grader reads them."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from utils.config import read_config
from utils.durations import clock
from utils.errors import InputError
from utils.files import REPOSITORY
from utils.grader.environment import read_environment
from utils.run.log import read_log
from utils.submission.grader_redis import free_port, listening_grader, redis_server
from utils.submission.repository import Repository
from utils.submission.stand_in_data import NAME, place_data

GRACE = 60  # seconds over the budget after which the run is stopped
LAST_LINES = 12  # of run.sh's output that are shown when it fails
OF_THE_MACHINE = ("PATH", "LD_LIBRARY_PATH", "TMPDIR", "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")


class Failure(Exception):
    """What would have failed at the grader."""


class Skipped(Exception):
    """What cannot be rehearsed on this machine, and why."""


class Rehearsal:
    """A rehearsal's folder with the clone, the data and the output, and what was found there."""

    def __init__(self, repository, folder, minutes):
        self.repository, self.folder = repository, Path(folder)
        self.seconds = 60 * minutes  # of the rehearsal's budget
        self.clone, self.data = self.folder / "clone", self.folder / "data"
        self.log = self.folder / "output-of-run.txt"
        self.password = secrets.token_hex(16)
        self.events = None  # as the grader received them; None: no Redis here
        self.wall = 0.0  # seconds that run.sh took
        self.report = {}  # what grader_load found

    def environment(self, port):
        """The variables of the grader, with nothing of the user's but the machine's own."""
        kept = {name: os.environ[name] for name in OF_THE_MACHINE if name in os.environ}
        redis = {"AICROWD_REDIS_HOST": "127.0.0.1", "AICROWD_REDIS_PORT": port, "AICROWD_REDIS_PASSWORD": self.password}
        own = {
            "HOME": self.folder,
            "PYTHON": sys.executable,
            "AICROWD_IS_GRADING": "True",
            "AICROWD_CUDA": "True",
            "AICROWD_OUTPUT_PATH": self.folder / "shared",
            "AICROWD_EVALUATION_NAME": "rehearsal",
            "AICROWD_DATASET_NAME": NAME,
            "DISENTANGLEMENT_LIB_DATA": self.data,
        }
        return {**kept, **{name: str(value) for name, value in {**own, **redis}.items()}}

    @property
    def run_folder(self):
        return self.folder / "shared" / "rehearsal"

    @property
    def encoder(self):
        return self.run_folder / "representation" / "pytorch_model.pt"


def rehearse(rehearsal):
    """Take all steps, print a line for each as it ends, and return whether all would have passed."""
    failed = []
    for name, step, is_needed in STEPS:
        began = time.monotonic()
        try:
            mark, message = "ok", step(rehearsal)
        except Skipped as reason:
            mark, message = "skip", reason
        except (Failure, InputError, OSError) as error:
            mark, message = "FAIL", error
            failed.append(name)
        print(f"{mark:5} {name:16} {time.monotonic() - began:6.1f} s  {message}", flush=True)
        if mark == "FAIL" and is_needed:
            break
    print(f"rehearsed: {'fix ' + ', '.join(failed) if failed else 'all of it passed'}")
    return not failed


def clone_repository(rehearsal):
    """What the grader builds from: the commit, without anything that only this working tree has."""
    rehearsal.repository.git(
        "clone", "--quiet", "--no-hardlinks", str(rehearsal.repository.folder), str(rehearsal.clone)
    )
    changes = rehearsal.repository.changes()
    left_out = f"; not in it: {len(changes)} changed or new files of your working tree" if changes else ""
    return f"commit {rehearsal.repository.head()[:10]}{left_out}"


def place_data_set(rehearsal):
    return place_data(rehearsal.data, read_environment().data_root)


def run_entry_point(rehearsal):
    """./run.sh of the clone, under the grader's variables, with a Redis if there is one."""
    port, has_redis = free_port(), shutil.which("redis-server") is not None
    with contextlib.ExitStack() as stack:
        if has_redis:
            stack.enter_context(redis_server(port, rehearsal.folder, rehearsal.password))
            rehearsal.events = stack.enter_context(listening_grader(port, rehearsal.password))
        began = time.monotonic()
        code = _run_with_timeout(rehearsal, port)
        rehearsal.wall = time.monotonic() - began
        time.sleep(0.5 if has_redis else 0)  # for the last event to be heard
    if code != 0:
        ended = f"still running {GRACE} s over its budget" if code is None else f"exit code {code}"
        raise Failure("\n      ".join([ended, *_last_lines(rehearsal.log)]))
    if rehearsal.wall > rehearsal.seconds:
        raise Failure(
            f"it took {rehearsal.wall:.0f} s of {rehearsal.seconds:.0f} s: at the real budget it would be stopped"
        )
    return f"of {rehearsal.seconds:.0f} s; exit code 0"


def find_outputs(rehearsal):
    """Everything that the grader reads is in its place."""
    if not rehearsal.encoder.is_file():
        raise Failure(f"{rehearsal.encoder.relative_to(rehearsal.folder)} is not there")
    if not (rehearsal.encoder.parent / "results").is_dir():
        raise Failure("the folder representation/results is not there")
    return f"representation/pytorch_model.pt, {rehearsal.encoder.stat().st_size / 1e6:.1f} MB"


def check_clone_is_unchanged(rehearsal):
    """The repository may be read-only there: nothing may have been written into it."""
    status = Repository(rehearsal.clone).git("status", "--porcelain", "--ignored")
    written = [line[3:] for line in status.splitlines() if "__pycache__" not in line]
    if written:
        raise Failure(f"the run wrote into its repository, which may be read-only: {', '.join(written[:3])}")
    return "nothing was written into it"


def load_encoder(rehearsal):
    """In a new process, by the grader's own calls."""
    command = [sys.executable, "-m", "utils.submission.grader_load", str(rehearsal.encoder), str(rehearsal.data)]
    done = subprocess.run(command, cwd=str(REPOSITORY), capture_output=True, text=True)
    if done.returncode:
        raise Failure((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    rehearsal.report = json.loads(done.stdout.splitlines()[-1])  # a module may print, too
    times = ", ".join(f"{size}: {seconds:.2f} s" for size, seconds in rehearsal.report["seconds"]["cpu"].items())
    return f"{rehearsal.report['codes']} codes; batches on the CPU {times}"


def load_on_gpu(rehearsal):
    if "cuda" not in rehearsal.report["seconds"]:
        raise Skipped("no GPU here: the grader has one, a Tesla K80")
    times = rehearsal.report["seconds"]["cuda"].items()
    return "batches " + ", ".join(f"{size}: {seconds:.2f} s" for size, seconds in times)


def score_quickly(rehearsal):
    return f"MIG {rehearsal.report['mig']:.3f} on a few points, after this short training"


def check_events(rehearsal):
    """What the grader received: a start, progress that grows, and the submission, in this order."""
    if rehearsal.events is None:
        raise Skipped("no redis-server here (apt-get install redis-server)")
    names = [event["message"] for event in rehearsal.events]
    payloads = [event["payload"] for event in rehearsal.events if event["message"] == "register_progress"]
    progress = [payload["training_progress"] for payload in payloads]
    if names[:1] != ["execution_started"] or names[-1:] != ["submit"] or "execution_error" in names:
        raise Failure(f"expected execution_started, register_progress, submit; received {', '.join(names) or 'none'}")
    if progress != sorted(progress):
        raise Failure(f"progress went back: {progress}")
    return f"started, {len(progress)} times progress, submitted"


def find_secrets(rehearsal):
    """The password of the Redis is in nothing that the run left."""
    left = [path for path in rehearsal.run_folder.rglob("*") if path.is_file()]
    for path in [rehearsal.log, *left]:
        if rehearsal.password.encode() in path.read_bytes():
            raise Failure(f"{path.relative_to(rehearsal.folder)} holds the Redis password")
    return f"no password in the output or in {len(left)} files"


def forecast(rehearsal):
    """How many updates the real budget allows at this machine's speed."""
    config = read_config(rehearsal.clone / "configs" / "challenge.yml")
    log = read_log(rehearsal.run_folder / "log.csv")
    if not log:
        raise Failure("no step was logged in this time; rehearse longer, with --minutes")
    step, seconds = int(log["step"][-1]), float(log["seconds"][-1])
    rate, overhead = step / seconds, max(0.0, rehearsal.wall - seconds)
    steps = min(config.steps, int(rate * (config.time_budget - overhead)))
    ends = "all steps are made" if steps == config.steps else "the time budget ends the run"
    return (
        f"in {clock(config.time_budget)} at {rate:.2g} steps/s (this machine's, not the grader's): "
        f"{steps:,} of {config.steps:,} steps, {ends}; {overhead:.0f} s go to start and end"
    )


STEPS = (  # name, function, whether the rest needs it
    ("clone", clone_repository, True),
    ("data set", place_data_set, True),
    ("./run.sh", run_entry_point, True),
    ("files", find_outputs, True),
    ("read-only clone", check_clone_is_unchanged, False),
    ("load, CPU", load_encoder, True),
    ("load, GPU", load_on_gpu, False),
    ("score", score_quickly, False),
    ("events", check_events, False),
    ("secrets", find_secrets, False),
    ("real budget", forecast, False),
)


def _run_with_timeout(rehearsal, port):
    """The exit code, or None where it was stopped, it and all that it started."""
    command = ["./run.sh", f"time_budget={rehearsal.seconds:g}s"]
    with rehearsal.log.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=str(rehearsal.clone),
            env=rehearsal.environment(port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(rehearsal.seconds + GRACE)
        except BaseException as reason:  # Ctrl-C too
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(reason, subprocess.TimeoutExpired):
                return None
            raise


def _last_lines(path):
    return path.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-LAST_LINES:]

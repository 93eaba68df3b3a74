"""Hammer on train.py: kills at random moments, budgets, a full disk. Minutes to hours, so pytest does not collect it.

    python tests/hammer_train.py kills 50        # kill -9 at 50 random moments, then compare with a run left alone
    python tests/hammer_train.py budgets 20      # budgets of 10 to 60 s, each to be kept
    python tests/hammer_train.py budgets 20 --load 4    # the same while 4 processes keep the machine busy
    python tests/hammer_train.py budgets 100 --jobs 4 --slow-disk 0.3    # four at a time, on a slow disk
    python tests/hammer_train.py disk            # folder removed; as root also a full and a read-only tmpfs

Prints a line a trial and ends with code 1 if one failed. --threads N sets the threads of training, --seed the draw.
"""

import argparse
import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import joblib
import numpy as np
import torch
from conftest import REPOSITORY, challenge_environment, make_tiny_images

from utils.run import checkpoint

SLOW_DISK = """
import os, random, time
fsync = os.fsync
def wait_and_fsync(descriptor):
    time.sleep(random.expovariate(1 / {seconds}))
    fsync(descriptor)
os.fsync = wait_and_fsync
"""

QUICK = ("dataset=tiny.npy", "batch_size=4", "latent_dim=3", "learning_rate=1e-3", "device=cpu")


class Place:
    """A folder in which train.py runs on forty images."""

    def __init__(self, folder, threads, slow_disk=0):
        self.folder, self.threads = Path(folder), threads
        self.output = self.folder / "output"
        if slow_disk:  # Python imports this module by itself when it starts
            (self.folder / "sitecustomize.py").write_text(SLOW_DISK.format(seconds=slow_disk))
        np.save(str(self.folder / "tiny.npy"), make_tiny_images())

    def start(self, *arguments, name="experiment"):
        environment = challenge_environment(
            self.folder,
            AICROWD_OUTPUT_PATH=self.output,
            AICROWD_EVALUATION_NAME=name,
            DISENTANGLEMENT_LIB_DATA=self.folder,
            OMP_NUM_THREADS=self.threads,
            PYTHONPATH=self.folder,
        )
        command = [sys.executable, "train.py", *QUICK, *arguments]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "universal_newlines": True}
        return subprocess.Popen(command, cwd=str(REPOSITORY), env=environment, **streams)

    def encoder(self, name="experiment"):
        return self.output / name / "representation" / "pytorch_model.pt"

    def encoder_is_sound(self, name="experiment"):
        codes = torch.jit.load(str(self.encoder(name)))(torch.rand(2, 3, 64, 64))
        return bool(torch.isfinite(codes).all())

    def weights(self, name="experiment"):
        return checkpoint.load_latest(self.output / name / "checkpoints")["networks"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("kills", "budgets", "disk"))
    parser.add_argument("count", nargs="?", type=int, default=50)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--load", type=int, default=0, help="processes that keep the machine busy")
    parser.add_argument("--jobs", type=int, default=1, help="budgets tried at the same time")
    parser.add_argument("--slow-disk", type=float, default=0, help="mean seconds that each flush to the disk waits")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.random = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder, busy(options.load):
        trials = {"kills": hammer_kills, "budgets": hammer_budgets, "disk": hammer_disk}[options.what]
        failed = sum(not passed for passed in trials(Place(folder, options.threads, options.slow_disk), options))
    print(f"{options.what}: {failed} failed")
    return 1 if failed else 0


@contextlib.contextmanager
def busy(count):
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def hammer_kills(place, options):
    """Kills at random moments of one run, each followed by its continuation; then the weights, bit for bit."""
    steps, alone = f"steps={40 * options.count}", time.monotonic()
    finish(place.start("steps=1", name="short"))
    longest = 3 * (time.monotonic() - alone)
    for number in range(options.count):
        process = place.start(steps, "checkpoint_every=0.1")
        moment = options.random.uniform(0, longest)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=moment)
        process.kill()
        process.communicate()
        there = place.encoder().exists()
        sound = not there or place.encoder_is_sound()
        print(
            f"kill {number + 1} after {moment:.2f} s: {'sound' if there and sound else 'none yet' if sound else 'BAD'}"
        )
        yield sound
    finish(place.start(steps))
    finish(place.start(steps, name="alone"))
    killed, whole = place.weights(), place.weights("alone")
    equal = all(torch.equal(killed[name][key], whole[name][key]) for name in whole for key in whole[name])
    print(f"weights after {options.count} kills: {'bit-identical' if equal else 'DIFFERENT'}")
    yield equal


def hammer_budgets(place, options):
    """Whether each run ended, exported, before its budget; and the share of it that was used."""
    budgets = [options.random.uniform(10, 60) for _ in range(options.count)]
    tries = (joblib.delayed(try_budget)(place, f"budget{number}", budget) for number, budget in enumerate(budgets))
    return joblib.Parallel(n_jobs=options.jobs, backend="threading")(tries)


def try_budget(place, name, budget):
    began = time.monotonic()
    process = place.start(f"time_budget={budget}", name=name)
    told = process.communicate()[1]
    took = time.monotonic() - began
    kept = took < budget and process.returncode == 0 and place.encoder_is_sound(name)
    print(f"budget {budget:.1f} s: {took:.1f} s, {100 * took / budget:.1f} % {'kept' if kept else 'MISSED ' + told}")
    return kept


def hammer_disk(place, options):
    """Training under a folder that goes away, and, as root, on a disk that is full or read-only."""
    yield report("folder removed", place, lambda: shutil.rmtree(str(place.output / "experiment")), exported=False)
    if os.geteuid() != 0:
        print("full and read-only disk: not tried, mounting a tmpfs needs root")
        return
    for name, spoil in (("full disk", fill), ("read-only disk", make_read_only)):
        with tmpfs(place.folder / "small") as small:
            place.output = small
            yield report(name, place, lambda spoil=spoil, small=small: spoil(small), exported=True)


def report(name, place, spoil, exported):
    """Start a run and spoil its disk under it: it must make all steps, and tell once of each thing not written."""
    process = place.start("steps=600", "checkpoint_every=0.5")
    while process.poll() is None and not (place.output / "experiment" / "log.csv").exists():
        time.sleep(0.02)
    spoil()
    stdout, stderr = process.communicate()
    told = [line for line in stderr.splitlines() if line.startswith("warning: ")]
    passed = process.returncode == 1 and "all updates done" in stdout and len(told) == len(set(told)) > 0
    passed = passed and (not exported or place.encoder_is_sound())
    print(f"{name}: {'as wanted' if passed else 'WRONG'}, code {process.returncode}\n" + "\n".join(told))
    if not passed:
        print(stdout, stderr)
    return passed


@contextlib.contextmanager
def tmpfs(folder):
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # an encoder that was loaded may still be mapped


def fill(folder):
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as out:
        while True:
            out.write(b"\0" * 4096)


def make_read_only(folder):
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)


def finish(process):
    stdout, stderr = process.communicate()
    if process.returncode:
        raise RuntimeError(f"train.py ended with code {process.returncode}: {stderr}")
    return stdout


if __name__ == "__main__":
    sys.exit(main())

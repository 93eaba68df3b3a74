"""What is checked before a study trains for hours and before runs are compared: the data, and what results are of."""

import numpy as np

from evaluation.datasets.contract import kind_of
from evaluation.datasets.labelled import make_table, plan_table
from evaluation.errors import NotDefined
from evaluation.metrics.arrays import varying
from evaluation.metrics.table import OFFICIAL
from evaluation.progress import Silent
from evaluation.protocol import CHALLENGE
from evaluation.results import CODES_DIGEST, DATASET_FINGERPRINT, DATASET_NAME, ENCODER_DIGEST, SEED, scored_with
from evaluation.samples import parts_of
from utils.data import load, names, refuse_among_pictures
from utils.data.registry import RENDERED
from utils.errors import InputError
from utils.notes import note
from utils.study.grid import counted
from utils.study.stages import DATA, differing_keys, read_file, result_path


def check_study(study, folder, data_root):
    """InputError if the study's data cannot be trained on and scored, or if `folder` holds results of something else.

    Something else is another configuration, or other images or factors than now. Prints a note on results that are of
    no row of the study.
    """
    configs = [stage.config for _, stages in study.runs for stage in stages]
    names_of_data = list(dict.fromkeys(config.dataset for config in configs))
    for name in names_of_data:
        refuse_among_pictures(folder, name, "study's folder")
    data = {name: _open(name, data_root) for name in names_of_data}
    for config in configs:
        if data[config.dataset] is not None:
            data[config.dataset].require_more_than(config.held_out)
    _refuse_other_results(study, folder, data)
    _note_other_results(study, folder)


def _open(name, data_root):
    """The DataSet, which can be scored; None for one that the kit draws when it is first used."""
    if name in RENDERED:
        try:
            return load(name, data_root, render=False)
        except InputError:
            return None
    data = load(name, data_root)
    if name not in names():
        _require_scorable(data, name)
    return data


def _require_scorable(data, name):
    """InputError if images of one's own cannot have all five scores, whatever is learned."""
    if not data.factor_names:
        data.require_factors()
    try:
        _require_all_five(data)
    except NotDefined as reason:
        raise InputError(f"data set {name}: a study needs all five scores; {reason}") from None


def require_same_data(study, folder):
    """InputError if results in `folder` on one data set are of several states of it: it changed between the runs."""
    found = {}
    for stage in (stage for _, stages in study.runs for stage in stages):
        path = result_path(folder, stage)
        if state := read_file(path).get(DATA):
            first, other = found.setdefault(stage.config.dataset, (state, path))
            if state != first:
                raise InputError(
                    f"{path}: of other images or factors than {other}, so {stage.config.dataset} has changed between "
                    "the runs; the same command says which results are of other data than now"
                )


def _refuse_other_results(study, folder, data):
    """InputError if a result in `folder` is of something else; data: {name: DataSet, or None where it is not there}."""
    wrong = []
    for run, stages in study.runs:
        for stage in stages:
            path = result_path(folder, stage)
            reason = _of_something_else(read_file(path), stage.config, data[stage.config.dataset])
            if reason:
                wrong.append(f"{path}: {reason}; delete it and {folder / 'runs' / run} to make it anew")
    if wrong:
        more = f" (so are {len(wrong) - 1} more results there)" if len(wrong) > 1 else ""
        raise InputError(f"{wrong[0]}, or take another --output{more}")


def _of_something_else(result, config, data):
    """In words, what a result (see read_file) is of that is not this configuration on the data as they are now."""
    differing = differing_keys(result, config)
    if differing:
        return f"of another configuration ({differing})"
    if not result.get(DATA) or not result.get("config"):  # no result
        return ""
    name, before = config.dataset, result["config"].get("dataset")
    same = before == name if data is None else data.fingerprint == result[DATA]
    return "" if same else f"of other images or factors than {name} has now"


def _note_other_results(study, folder):
    own = {result_path(folder, stage).name for _, stages in study.runs for stage in stages}
    others = sorted({path.name for path in (folder / "results").glob("*.json")} - own)
    if others:
        count = counted(len(others), "result")
        note(f"{folder} has {count} that this study's tables leave out, such as {others[0]}")


def require_same_scoring(folders):
    """InputError if the runs in `folders`, all scored, were not all scored on the same data with the same seed.

    Nor may the five scores of one be of several encoders, or of several files of codes.
    """
    names, found = [metric.name for metric in OFFICIAL], {}
    for folder in folders:
        if max(len(scored_with(folder, names, key)) for key in (ENCODER_DIGEST, CODES_DIGEST)) > 1:
            raise InputError(f"{folder}: its five scores are of several encoders, expected all of one; score it again")
        data, marks, seeds = (scored_with(folder, names, key) for key in (DATASET_NAME, DATASET_FINGERPRINT, SEED))
        words = f"on {' and '.join(data)} ({', '.join(mark[:8] for mark in marks)}) with seed {' and '.join(seeds)}"
        if len(marks) > 1 or len(seeds) > 1:
            raise InputError(f"{folder}: its five scores are {words}, expected one data set and one seed")
        found.setdefault((*marks, *seeds), (folder, words))
    if len(found) > 1:
        (one, words), (other, others) = list(found.values())[:2]
        raise InputError(f"{other}: scored {others}, but {one} {words}; expected the same images, factors and seed")


def _require_all_five(data):
    """NotDefined, or InputError, that says what a metric lacks: labels for votes, two factors that vary for DCI."""
    factors = np.array([np.ones(len(data.factor_sizes)), data.factor_sizes])  # of one value, it does not vary
    if kind_of(data) == "labelled":
        table = make_table(data.labels, data.factor_names, num_images=len(data.images))
        for part in parts_of(OFFICIAL):
            plan_table(table, part, 0, CHALLENGE, Silent())
        factors = table.factors
    varying(factors, at_least=2)

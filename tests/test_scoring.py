"""The console command, and `local_evaluation.py --codes`."""

import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import exit_code
from scored_codes import draw_factors

import local_evaluation
from evaluation.__main__ import main
from evaluation.cache import digest_file
from evaluation.command import scoring
from evaluation.results import ENCODER_DIGEST, write_result


@pytest.fixture
def codes(tmp_path):
    factors = draw_factors(900)
    np.savez(tmp_path / "codes.npz", codes=factors + np.random.RandomState(0).normal(0, 0.1, (900, 3)), factors=factors)
    return tmp_path / "codes.npz"


def final_scores(text):
    return json.loads(text.splitlines()[-1].split(" :  ")[1].replace("'", '"'))


@pytest.mark.parametrize("command", [main, lambda line: local_evaluation.main(["--codes", *line])])
def test_command_scores_codes(codes, capsys, command):
    assert not command([str(codes), "--metrics", "mig,irs"])
    scores = final_scores(capsys.readouterr().out)
    assert list(scores) == ["mig", "irs"]
    assert scores["mig"] > 0.9


def test_command_writes_the_scores_where_it_is_told(codes, capsys, tmp_path):
    main([str(codes), "--metrics", "mig", "--output", str(tmp_path / "out")])
    written = json.loads((tmp_path / "out/metrics/mig/results/aggregate/evaluation.json").read_text())
    assert written["evaluation_results.discrete_mig"] == final_scores(capsys.readouterr().out)["mig"]


def test_command_writes_which_codes_it_scored(codes, tmp_path):
    main([str(codes), "--metrics", "mig", "--output", str(tmp_path / "out")])
    written = json.loads((tmp_path / "out/metrics/mig/results/aggregate/evaluation.json").read_text())
    assert written["evaluation_config.codes.sha256"] == [digest_file(codes)]


def test_command_writes_the_digests_of_both_files(codes, tmp_path):
    np.savez(tmp_path / "test.npz", **dict(np.load(codes)))
    main([str(codes), str(tmp_path / "test.npz"), "--metrics", "mig", "--output", str(tmp_path / "out")])
    written = json.loads((tmp_path / "out/metrics/mig/results/aggregate/evaluation.json").read_text())
    assert written["evaluation_config.codes.sha256"] == [digest_file(codes), digest_file(tmp_path / "test.npz")]


def test_command_writes_the_digest_of_what_it_scored(codes, tmp_path, monkeypatch):
    scored = digest_file(codes)
    read = scoring.read_codes

    def read_slowly(*arguments):
        found = read(*arguments)
        np.savez(codes, codes=np.zeros((900, 3)), factors=draw_factors(900))
        return found

    monkeypatch.setattr(scoring, "read_codes", read_slowly)
    main([str(codes), "--metrics", "mig", "--output", str(tmp_path / "out")])
    written = json.loads((tmp_path / "out/metrics/mig/results/aggregate/evaluation.json").read_text())
    assert written["evaluation_config.codes.sha256"] == [scored]


@pytest.mark.parametrize("command", [main, lambda line: local_evaluation.main(["--codes", *line])])
def test_command_removes_the_old_score_of_a_metric_that_is_not_defined(codes, tmp_path, command):
    line = ["--metrics", "mig,dci", "--output", str(tmp_path / "out")]
    command([str(codes), *line])
    factors = draw_factors(900, (3,))
    np.savez(tmp_path / "one.npz", codes=factors + np.random.RandomState(0).normal(0, 0.1, (900, 3)), factors=factors)
    command([str(tmp_path / "one.npz"), *line])
    assert [path.parts[-4] for path in (tmp_path / "out").rglob("evaluation.json")] == ["mig"]


@pytest.fixture
def scored(codes, tmp_path):
    """A function that scores codes into a folder where others were scored; the names of the metrics that lie there."""
    main([str(codes), "--metrics", "mig,irs", "--output", str(tmp_path / "out")])

    def score(name, values, factors):
        np.savez(tmp_path / name, codes=values, factors=factors)
        exit_code(main, [tmp_path / name, "--metrics", "mig", "--output", tmp_path / "out"])
        return sorted(path.parts[-4] for path in (tmp_path / "out").rglob("evaluation.json"))

    return score


def test_command_removes_the_scores_of_other_codes(scored):
    assert scored("other.npz", np.random.RandomState(1).randn(900, 3), draw_factors(900)) == ["mig"]


def test_command_keeps_the_other_scores_of_the_same_codes(scored, codes):
    with np.load(codes) as same:
        assert scored("codes.npz", same["codes"], same["factors"]) == ["irs", "mig"]


def test_command_keeps_the_scores_of_other_codes_if_it_has_none(scored):
    assert scored("few.npz", np.random.RandomState(1).randn(9, 3), draw_factors(9)) == ["irs", "mig"]


def test_command_keeps_the_scores_of_an_encoder(scored, tmp_path):
    write_result(tmp_path / "out", "sap_score", {"SAP_score": 0.5}, 1.0, {ENCODER_DIGEST: "any"})
    assert scored("other.npz", np.random.RandomState(1).randn(900, 3), draw_factors(900)) == ["mig", "sap_score"]


def test_command_does_not_report_an_error_of_its_own_as_one_of_the_output(codes, monkeypatch):
    def fail(**_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("evaluation.command.scoring.evaluate_codes", fail)
    with pytest.raises(OSError, match="Input/output error"):
        main([str(codes)])


def test_command_writes_nothing_unasked(codes, capsys, tmp_path):
    main([str(codes), "--metrics", "mig"])
    assert [path.name for path in tmp_path.iterdir()] == ["codes.npz"]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--metrics", "mog"], "argument --metrics: metric 'mog': expected some of"),
        (["--seed", "-1"], "argument --seed: '-1': expected a whole number from 0 to 2**32 - 1"),
        (["--seed", "4294967296"], "argument --seed: seed 4294967296: expected"),
        (["--jobs", "0"], "argument --jobs: '0': expected a whole number from 1 to 1024"),
        (["--jobs", "100000"], "argument --jobs: '100000': expected"),
        (["--jobs", "²"], "argument --jobs: '²': expected"),
        (["--bins", "x"], "argument --bins: 'x': expected"),
        (["--bins", "3000000000000"], "expected a whole number from 1 to 256"),
        (["--box"], "error: unrecognized arguments: --box; disentanglement-metrics --help lists the arguments"),
    ],
)
def test_command_refuses_options_by_name(codes, capsys, arguments, what):
    assert exit_code(main, [codes, *arguments]) == 2
    told = capsys.readouterr().err
    assert what in told
    assert told.count("\n") == 1


def test_command_refuses_a_missing_file_in_one_line(capsys):
    assert exit_code(main, ["none.npz"]) == 2
    assert capsys.readouterr().err == "error: none.npz: cannot be read (No such file or directory)\n"


def test_command_names_a_folder_that_cannot_be_written(codes, capsys):
    assert exit_code(main, [codes, "--metrics", "mig", "--output", codes]) == 2
    assert f"error: output {codes}: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--codes", "a.npz", "--encoder", "b.pt"], ["--codes", "a.npz", "--dataset", "b"], ["--bins", "3"]]
)
def test_local_evaluation_refuses_options_that_do_not_go_together(arguments, capsys):
    assert exit_code(local_evaluation.main, arguments) == 2
    assert arguments[0] in capsys.readouterr().err


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-", "PYTHONIOENCODING=ascii"])
@pytest.mark.parametrize("module", ["evaluation", "local_evaluation"])
def test_command_lasts_with_closed_or_ascii_streams(codes, tmp_path, redirection, module):
    line = f"{sys.executable} -W error -m {module} {'--codes' * (module != 'evaluation')} {codes} --metrics mig"
    line += f" --output {tmp_path / 'out'}"
    line = f"{redirection} {line}" if "=" in redirection else f"{line} {redirection}"
    done = subprocess.run(line, shell=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/metrics/mig/results/aggregate/evaluation.json").is_file()


@pytest.mark.parametrize("module", ["evaluation", "local_evaluation"])
@pytest.mark.parametrize(("redirection", "code"), [("| true", 0), ("> /dev/full", 1)])
def test_command_keeps_its_scores_where_its_output_cannot_be_written(codes, tmp_path, redirection, code, module):
    line = f"{sys.executable} -m {module} {'--codes' * (module != 'evaluation')} {codes} --metrics mig"
    line = f"set -o pipefail; {line} --output {tmp_path / 'out'} {redirection}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out/metrics/mig/results/aggregate/evaluation.json").is_file()


def test_command_draws_with_the_seed_it_is_given(tmp_path):
    np.savez(tmp_path / "a.npz", codes=np.random.RandomState(0).randn(900, 3), factors=draw_factors(900))
    for seed in ("0", "1"):
        main(
            [
                str(tmp_path / "a.npz"),
                "--metrics",
                "factor_vae_metric",
                "--seed",
                seed,
                "--output",
                str(tmp_path / seed),
            ]
        )
    path = "metrics/factor_vae_metric/results/aggregate/evaluation.json"
    zero, one = (json.loads((tmp_path / seed / path).read_text()) for seed in ("0", "1"))
    score = "evaluation_results.eval_accuracy"
    assert zero[score] != one[score]
    assert one["evaluation_config.evaluation.random_seed"] == 1


def test_local_evaluation_refuses_a_data_set_without_a_name(capsys):
    assert exit_code(local_evaluation.main, ["--dataset", ""]) == 2
    assert "argument --dataset: '': expected the name of a data set" in capsys.readouterr().err


def test_the_same_points_for_training_and_testing_are_said(codes, capsys):
    main([str(codes), str(codes), "--metrics", "mig"])
    assert f"{codes}: has the points of {codes}, so they are tested on what they were trained on" in (
        capsys.readouterr().err
    )

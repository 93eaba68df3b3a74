"""Ranks of runs by the official scores, and UDR, the choice among seeds without labels."""

import numpy as np
import pytest
from conftest import REPOSITORY, exit_code
from scipy.stats import spearmanr

from evaluation.metrics.table import METRICS, OFFICIAL
from evaluation.results import DATASET_FINGERPRINT, DATASET_NAME, ENCODER_DIGEST, SEED, write_result
from utils.config import Config
from utils.errors import InputError
from utils.study import rank
from utils.study.__main__ import main
from utils.study.criteria import Measured
from utils.study.entries import read_entries
from utils.study.udr import agreement, agreements, udr


def run(name, *scores, **keys):
    return rank.Ranked(name, name, Config(**keys), dict(zip([metric.name for metric in OFFICIAL], scores)))


@pytest.fixture
def codes():
    """Codes (500, 4) of images: independent, so that latents are told apart."""
    return np.random.RandomState(0).randn(500, 4)


ALL = np.ones(4)


def test_ranks_begin_with_the_highest_and_share_ties():
    np.testing.assert_array_equal(rank.ranks([[0.1], [0.9], [0.5], [0.5]])[:, 0], [4, 1, 2.5, 2.5])


def test_rank_table_puts_the_best_mean_rank_first():
    table = rank.rank_table([run("worse", 0.1, 0.1, 0.1, 0.1, 0.9), run("better", 0.2, 0.2, 0.2, 0.2, 0.1)])
    assert table.index("better") < table.index("worse")


def test_ranks_put_a_score_that_is_no_number_last():
    np.testing.assert_array_equal(rank.ranks([[np.nan], [0.9], [0.0]])[:, 0], [3, 1, 2])


def test_rank_table_shows_ties():
    lines = rank.rank_table([run("one", *[0.5] * 5), run("two", *[0.5] * 5), run("low", *[0.1] * 5)]).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["1=", "1=", "3"]


def test_udr_is_1_for_latents_that_are_the_same_but_for_order_and_sign(codes):
    independent = np.linalg.qr(codes - codes.mean(0))[0]
    found = udr(agreements([independent, -independent[:, ::-1], independent[:, [1, 0, 3, 2]]], [ALL] * 3))
    assert found.min() > 0.9


def test_udr_is_higher_for_runs_that_agree_than_for_one_that_mixes_its_latents(codes):
    mixed = codes @ np.linalg.qr(np.random.RandomState(1).randn(4, 4))[0]
    found = udr(agreements([codes, codes[:, ::-1], codes, mixed], [ALL] * 4))
    assert found.argmin() == 3


def test_udr_does_not_depend_on_the_order_of_latents(codes):
    others = [np.random.RandomState(seed).randn(500, 4) + codes for seed in (1, 2)]
    np.testing.assert_allclose(
        udr(agreements([codes, *others], [ALL] * 3)), udr(agreements([codes[:, ::-1], *others], [ALL] * 3))
    )


def test_udr_leaves_out_latents_without_information(codes):
    noise = np.random.RandomState(3).randn(500, 2)
    kl = np.array([1, 1, 1, 1, 0.001, 0.001])
    found = udr(agreements([np.hstack([codes, noise]), codes, codes], [kl, ALL, ALL]))
    np.testing.assert_allclose(found, udr(agreements([codes] * 3, [ALL] * 3)))


def test_udr_of_a_collapsed_run_is_0(codes):
    assert udr(agreements([codes, codes, codes], [np.zeros(4), ALL, ALL]))[0] == 0


@pytest.mark.parametrize("wrong", [[np.zeros((5, 2))], [np.zeros((5, 2)), np.zeros((6, 2))]])
def test_udr_refuses_what_cannot_be_compared(wrong):
    with pytest.raises(ValueError, match="two or more arrays"):
        udr(agreements(wrong, [np.ones(2)] * len(wrong)))


def test_agreement_equals_equation_3_by_hand():
    # rows: 0.8^2 / 1 and 0.6^2 / 1; columns: 0.8^2 / 1.2 and 0.6^2 / 0.8; over 2 + 2
    expected = (0.64 + 0.36 + 0.64 / 1.2 + 0.36 / 0.8) / 4
    assert agreement(np.array([[0.8, 0.2], [0.4, 0.6]])) == pytest.approx(expected)


def test_agreement_of_more_latents_with_fewer_counts_all_of_them():
    # rows: 1, 1 and nothing; columns: 1 and 1; over 3 + 2
    assert agreement(np.array([[1.0, 0], [0, 1], [0, 0]])) == pytest.approx(4 / 5)


def test_agreement_of_two_runs_with_a_latent_each_is_their_rank_correlation(codes):
    one, other = codes[:, :1], -np.exp(codes[:, :1] + codes[:, 1:2])
    found = agreements([one, other], [np.ones(1)] * 2)[0, 1]
    assert found == pytest.approx(-spearmanr(one, other)[0])


def test_agreement_of_a_permutation_is_1():
    assert agreement(np.eye(5)[[3, 1, 4, 0, 2]]) == 1


def test_choice_groups_runs_that_differ_in_their_seed_alone(codes, monkeypatch):
    monkeypatch.setattr(rank, "measure", lambda folder, config, root: Measured(codes, ALL, 0.0))
    runs = [run(f"g{gamma}s{seed}", *[seed / 10] * 5, gamma=gamma, seed=seed) for gamma in (1, 2) for seed in range(3)]
    lines = rank.choose_without_labels([*runs, run("solitary", *[0.5] * 5, gamma=3)], None)
    assert sum("among 3 runs" in line for line in lines) == 2
    assert not any("solitary" in line for line in lines)


def test_choice_states_its_agreement_with_the_official_scores(codes, monkeypatch):
    mixed = [codes @ np.linalg.qr(np.random.RandomState(seed).randn(4, 4))[0] for seed in (1, 2)]
    of = {"s0": codes, "s1": codes, "s2": codes + mixed[0], "s3": mixed[1]}
    monkeypatch.setattr(rank, "measure", lambda folder, config, root: Measured(of[folder], ALL, 0.0))
    runs = [run(f"s{seed}", *[1 - seed / 10] * 5, seed=seed) for seed in range(4)]
    expected = spearmanr(udr(agreements(list(of.values()), [ALL] * 4)), [1, 0.9, 0.8, 0.7])[0]
    (line,) = [line for line in rank.choose_without_labels(runs, None) if "correlation of UDR" in line]
    assert f"mean rank {expected:+.2f}" in line
    assert f"SAP {expected:+.2f}" in line


def test_choice_with_a_score_that_is_no_number_states_no_agreement_with_it(codes, monkeypatch):
    of = [Measured(codes + len(codes) * seed * codes**2, ALL, float(seed)) for seed in range(3)]
    monkeypatch.setattr(rank, "measure", lambda folder, config, root: of[config.seed])
    runs = [run(f"s{seed}", np.nan if seed else 0.5, *[seed / 10] * 4, seed=seed) for seed in range(3)]
    *_, agreement, gain = rank.choose_without_labels(runs, None)
    assert "FactorVAE undefined (a score is not a number)" in agreement
    # In the mean of the five the runs have 0.10, 0.08 and 0.16, the choices among two of them 0.08, 0.16 and 0.16.
    assert "+0.0200 among 2" in gain


def test_choice_by_reconstruction_and_elbo_takes_the_highest(codes, monkeypatch):
    of = [Measured(codes, kl, value) for value, kl in ((-10.0, ALL), (-9.0, 9 * ALL), (-12.0, ALL))]
    monkeypatch.setattr(rank, "measure", lambda folder, config, root: of[config.seed])
    lines = "\n".join(rank.choose_without_labels([run(f"s{seed}", *[0.5] * 5, seed=seed) for seed in range(3)], None))
    assert "reconstruction picks s1" in lines
    assert "ELBO picks s0" in lines


def test_choice_takes_no_two_runs_of_one_seed(codes, monkeypatch):
    monkeypatch.setattr(rank, "measure", lambda folder, config, root: Measured(codes, ALL, 0.0))
    runs = [run(name, *[0.5] * 5, seed=seed) for name, seed in (("a", 0), ("b", 1), ("copy", 1), ("c", 2))]
    first, second, *_ = rank.choose_without_labels(runs, None)
    assert first == "without labels: copy is left out, it has the seed of b"
    assert "among 3 runs" in second


def test_choice_compares_runs_at_the_same_step_alone(codes, monkeypatch):
    monkeypatch.setattr(rank, "measure", lambda folder, config, root: Measured(codes, ALL, 0.0))
    runs = [run(f"s{seed}", *[0.5] * 5, seed=seed)._replace(step=10 * seed) for seed in range(3)]
    assert "no three runs" in rank.choose_without_labels(runs, None)[0]


def test_choice_compares_runs_of_as_many_planned_steps_alone(codes, monkeypatch):
    monkeypatch.setattr(rank, "measure", lambda folder, config, root: Measured(codes, ALL, 0.0))
    runs = [run(f"s{n}", *[0.5] * 5, seed=n, decay="steps", steps=100 + n)._replace(step=90) for n in range(3)]
    assert "no three runs" in rank.choose_without_labels(runs, None)[0]


def test_choice_compares_runs_of_one_time_budget_where_the_rate_falls_with_it(codes, monkeypatch):
    monkeypatch.setattr(rank, "measure", lambda folder, config, root: Measured(codes, ALL, 0.0))
    for decay, expected in (("budget", False), ("none", True)):
        runs = [run(f"s{n}", *[0.5] * 5, seed=n, decay=decay, time_budget=60.0 + n) for n in range(3)]
        assert ("among 3 runs" in rank.choose_without_labels(runs, None)[0]) is expected


def test_choice_among_equals_is_none(codes, monkeypatch):
    monkeypatch.setattr(rank, "measure", lambda folder, config, root: Measured(codes, ALL, 0.0))
    lines = rank.choose_without_labels([run(f"s{seed}", *[seed / 10] * 5, seed=seed) for seed in range(3)], None)
    assert "  reconstruction holds equal s0, s1, s2, and picks none" in lines
    assert sum("+0.0000 among 3" in line for line in lines) == 3


def test_choice_among_two_runs_is_none():
    assert "no three runs" in rank.choose_without_labels([run("a", seed=0), run("b", seed=1)], None)[0]


def test_choice_without_labels_needs_no_scores(codes, monkeypatch):
    of = [Measured(codes, ALL, value) for value in (-10.0, -9.0, -12.0)]
    monkeypatch.setattr(rank, "measure", lambda folder, config, root: of[config.seed])
    lines = rank.choose_without_labels([run(f"s{seed}", seed=seed) for seed in range(3)], None)
    assert "  reconstruction picks s1" in lines
    assert not [line for line in lines if "official" in line]


def leave_run(folder, seed=0, scored=True, **settings):
    """A run's folder with its configuration and, if wanted, its scores, whose files hold `settings`."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(Config(seed=seed).to_json(), encoding="utf-8")
    for metric in OFFICIAL if scored else ():
        known = {DATASET_NAME: "own", DATASET_FINGERPRINT: "1234", SEED: 0, **settings}
        write_result(folder, metric.name, {metric.key: 0.5}, 0.0, known)
    return folder


def test_runs_without_scores_have_no_ranks_and_are_taken_if_none_has_any(tmp_path):
    runs = [leave_run(tmp_path / str(seed), seed, scored=False) for seed in range(2)]
    assert [one.scores for one in rank.read_runs(runs)] == [{}, {}]
    with pytest.raises(InputError, match="1: has no scores of factor_vae_metric"):
        rank.read_runs([leave_run(tmp_path / "scored"), runs[1]])


OTHERS = [{DATASET_FINGERPRINT: "5678"}, {SEED: 1}]


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("read", [rank.read_runs, read_entries])
def test_ranks_compare_no_scores_on_other_data_or_with_another_seed(tmp_path, read, other):
    one = leave_run(tmp_path / "one")
    assert len(read([one, leave_run(tmp_path / "same", seed=1)])) == 2
    with pytest.raises(InputError, match=r"other: scored on own .* expected the same images, factors and seed"):
        read([one, leave_run(tmp_path / "other", **other)])


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("read", [rank.read_runs, read_entries])
def test_ranks_take_no_run_whose_five_scores_are_of_several_data_sets_or_seeds(tmp_path, read, other):
    run = leave_run(tmp_path / "run")
    settings = {DATASET_NAME: "own", DATASET_FINGERPRINT: "1234", SEED: 0, **other}
    write_result(run, "mig", {METRICS["mig"].key: 0.5}, 0.0, settings)
    with pytest.raises(InputError, match=r"run: its five scores are on own .* expected one data set and one seed"):
        read([run])


@pytest.mark.parametrize("read", [rank.read_runs, read_entries])
def test_ranks_take_no_run_whose_five_scores_are_of_several_encoders(tmp_path, read):
    run = leave_run(tmp_path / "run", **{ENCODER_DIGEST: "1234"})
    assert len(read([run])) == 1
    settings = {DATASET_NAME: "own", DATASET_FINGERPRINT: "1234", SEED: 0, ENCODER_DIGEST: "5678"}
    write_result(run, "mig", {METRICS["mig"].key: 0.5}, 0.0, settings)
    with pytest.raises(InputError, match="run: its five scores are of several encoders, expected all of one"):
        read([run])


def test_rank_command_refuses_a_folder_that_is_no_scored_run(tmp_path, capsys):
    for place in (tmp_path, tmp_path / "none", REPOSITORY / "README.md"):
        assert exit_code(main, ["rank", place]) == 2
        told = capsys.readouterr().err
        assert "config.json" in told
        assert told.count("\n") == 1


def test_udr_is_the_median_over_the_other_runs(monkeypatch):
    values = iter([0.1, 0.2, 0.9, 0.0, 0.0, 0.0])  # of runs (1, 0), (2, 0), (2, 1), (3, 0), ...
    monkeypatch.setattr("utils.study.udr.agreement", lambda similarity: next(values))
    found = udr(agreements([np.random.RandomState(seed).randn(50, 2) for seed in range(4)], [np.ones(2)] * 4))
    assert found.tolist() == [0.1, 0.1, 0.2, 0.0]

"""A study's file and arguments into runs."""

import pytest

from utils.config import read_config
from utils.errors import InputError
from utils.run.folder import FREE_TO_CHANGE
from utils.study.grid import file_name, read_study


@pytest.fixture
def grid_file(tmp_path):
    def write(text):
        path = tmp_path / "grid.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("name", "rows"), [("objectives", 7), ("steps", 3), ("latents", 7), ("width", 4), ("recipes", 5), ("weights", 21)]
)
def test_read_study_takes_the_kits_own_files(name, rows):
    assert len(read_study(f"configs/studies/{name}.yml").rows) == rows


def test_read_study_makes_a_run_a_row_and_seed():
    study = read_study("configs/studies/objectives.yml", ["seeds=3"])
    assert len({name for name, _ in study.runs}) == 21
    assert {stage.config.seed for _, stages in study.runs for stage in stages} == {0, 1, 2}


def test_read_study_overrides_every_run_and_says_so_in_the_title():
    study = read_study("configs/studies/objectives.yml", ["steps=3000"])
    assert {stage.config.steps for _, stages in study.runs for stage in stages} == {3000}
    assert "steps=3000" in study.title


def test_read_study_does_not_name_what_changes_no_result():
    quiet = read_study("configs/studies/objectives.yml", ["checkpoint_every=1h", "device=cpu"])
    plain = read_study("configs/studies/objectives.yml")
    assert (quiet.name, quiet.title) == (plain.name, plain.title)
    assert quiet.runs[0][1][0].config.checkpoint_every == 3600.0


def test_read_study_gives_other_overrides_another_folder():
    assert (
        read_study("configs/studies/objectives.yml", ["steps=3"]).name
        != read_study("configs/studies/objectives.yml").name
    )


def test_read_study_gives_other_images_held_out_another_folder():
    names = [read_study("configs/studies/width.yml", [f"held_out={count}"]).name for count in (500, 1000)]
    assert names[0] != names[1]


def test_read_study_refuses_successive_rows_whose_rate_falls():
    with pytest.raises(InputError, match="decay='steps': one run at several steps needs decay=none"):
        read_study("configs/studies/steps.yml", ["decay=steps"])


def test_read_study_calls_no_file_of_a_row_hidden():
    ((name, _),) = read_study("configs/studies/latents.yml", ["latent_dim=4", "seeds=1"]).runs
    assert (name, file_name(".5"), file_name("a b/c.5")) == ("4-seed0", "_5", "a_b_c.5")


def test_read_study_keeps_the_folder_when_seeds_are_added():
    assert (
        read_study("configs/studies/objectives.yml", ["seeds=2"]).name
        == read_study("configs/studies/objectives.yml", ["seeds=9"]).name
    )


def test_read_study_trains_successive_rows_in_one_run_by_rising_steps():
    study = read_study("configs/studies/steps.yml", ["steps=40,20", "seeds=2"])
    assert [[stage.config.steps for stage in stages] for _, stages in study.runs] == [[20, 40], [20, 40]]


def test_read_study_ends_runs_by_steps_and_not_by_time():
    config = read_study("configs/studies/latents.yml").runs[0][1][0].config
    assert config.time_budget > 30 * 86400


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        (["stps=3"], "nearest known key is 'steps'"),
        (["steps"], "expected key=value"),
        (["steps=0"], "at least 1"),
        (["seeds=0"], "at least 1"),
        (["seeds=²"], "at least 1"),
        (["seed=3"], "seeds: N"),
        (["time_budget=9min"], "argument 'time_budget=9min': .* only steps ends them"),
        (["decay=budget"], "argument: decay='budget': a study's runs have no budget"),
    ],
)
def test_read_study_refuses_impossible_arguments(overrides, reason):
    with pytest.raises(InputError, match=reason):
        read_study("configs/studies/objectives.yml", overrides)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("title: a\nrows: {}\nbese: {}", "unknown key 'bese'"),
        ("rows: {a: {}}", "not a study"),
        ("title: a\nvary: colour\nvalues: [1]", "vary='colour'"),
        ("title: a\nvary: [x]\nvalues: [1]", "expected a string"),
        ("title: a\nvary: steps", "not a study"),
        ("title: a\nvary: steps\nvalues: 3", "values=3: expected a list"),
        ("title: a\nvary: steps\nvalues: [[1]]", "expected a whole number"),
        ("title: a\nrows: [1, 2]", "expected key: value lines"),
        ("title: a\nrows: {a: 3}", "row 'a': found 3"),
        ("title: a\nrows: {a: null}", "row 'a': found None"),
        ("title: a\nrows: {}\nsuccessive: true", "expected one or more"),
        ("title: a\nrows: {a/b: {}, a_b: {}}", "named differently"),
        ("title: a\nrows: {a: {}}\nbase: [1]", "base=.*expected key: value lines"),
        ("title: a\nrows: {a: {}}\npaper: table9", "expected a table"),
        ("title: a\nrows: {a: {}}\n1: 2", "unknown key 1"),
        ("title: [1", "not valid YAML"),
        ("title: a\nvary: seed\nvalues: [3, 4]", "seeds: N"),
        ("title: a\nrows: {a: {seed: 3}}", "seeds: N"),
        ("title: a\nrows: {a: {}}\nbase: {seed: 7}", "seeds: N"),
        ("title: a\nrows: {a: {}}\nbase: {time_budget: 9min}", "time_budget: .* only steps ends them"),
        ("title: a\nrows: {a: {decay: budget}}", "decay='budget': a study's runs have no budget"),
        ("title: a\nvary: gamma\nvalues: [1, 2]\nsuccessive: true", "expected rows that differ in steps alone"),
        ("title: a\nrows: {a: {}}\npaper: table1\npaper_rows: {b: vae}", "paper_rows=.*expected rows of this file"),
        ("title: a\nvary: steps\nvalues: [1, 2]\nsuccessive: true\nbase: {decay: steps}", "decay=none"),
    ],
)
def test_read_study_refuses_a_file_that_is_none(grid_file, text, reason):
    with pytest.raises(InputError, match=reason):
        read_study(grid_file(text))


@pytest.mark.parametrize(
    ("objective", "weights"),
    [
        ("factor_vae", {"gamma": 30}),
        ("beta_vae", {"beta": 4}),
        ("beta_tc_vae", {"beta": 6}),
        ("annealed_vae", {"gamma": 1000, "capacity": 25, "annealing_steps": 100_000}),
        ("dip_vae_i", {"lambda_od": 10, "lambda_d": 100}),
        ("dip_vae_ii", {"lambda_od": 10, "lambda_d": 10}),
        ("bottleneck_vae", {"gamma": 4, "capacity": 10}),
    ],
)
def test_objectives_are_compared_at_the_middle_of_disentanglement_lib_s_grids(objective, weights):
    runs = dict(read_study("configs/studies/objectives.yml", ["seeds=1"]).runs)
    (stage,) = runs[f"{objective}-seed0"]
    assert stage.config.objective == objective
    assert {key: getattr(stage.config, key) for key in weights} == weights


def test_recipes_end_in_the_quick_starts_own():
    *_, stage = (stages[0] for _, stages in read_study("configs/studies/recipes.yml", ["seeds=1"]).runs)
    quick = read_config("configs/quickstart.yml")
    shared = ("gamma", "latent_dim", "initialization", "batch_size", "warmup_steps")
    shared += ("learning_rate", "discriminator_learning_rate")
    assert [getattr(stage.config, key) for key in shared] == [getattr(quick, key) for key in shared]


def test_the_entry_s_study_trains_what_the_challenge_s_configuration_says():
    _, (stage, *_) = read_study("configs/studies/entry.yml").runs[0]
    entry, free = read_config("configs/challenge.yml").as_dict(), {*FREE_TO_CHANGE, "dataset", "held_out"}
    assert {key: entry[key] for key in set(entry) - free} == {
        key: value for key, value in stage.config.as_dict().items() if key not in free
    }


@pytest.mark.parametrize("change", ["objective=beta_vae", "gamma=10", "lambda_d=1"])
def test_read_study_refuses_to_override_what_tells_rows_apart(change):
    with pytest.raises(InputError, match=f"argument {change}: the rows of .*objectives.yml differ in it"):
        read_study("configs/studies/objectives.yml", [change])


def test_read_study_overrides_what_a_row_merely_repeats():
    study = read_study("configs/studies/objectives.yml", ["annealing_steps=500"])
    assert {stage.config.annealing_steps for _, stages in study.runs for stage in stages} == {500}


def test_read_study_reports_an_argument_as_an_argument():
    with pytest.raises(InputError, match=r"^argument: latent_dim='x'"):
        read_study("configs/studies/latents.yml", ["latent_dim=10,x"])


def test_read_study_refuses_a_value_that_stands_twice():
    with pytest.raises(InputError, match="latent_dim: 3 stands twice among the values, expected each once"):
        read_study("configs/studies/latents.yml", ["latent_dim=3,4,3"])


def test_read_study_refuses_a_row_whose_name_makes_no_file(tmp_path):
    path = tmp_path / "long.yml"
    path.write_text(f"title: t\nrows: {{{'x' * 250}: {{}}}}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"row 'xxx.*: expected a name of 200 bytes at most"):
        read_study(path)

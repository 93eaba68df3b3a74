import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.config import FIELDS, Config, parse_duration, read_config
from utils.errors import InputError


def test_read_config_without_file_is_the_defaults():
    assert read_config() == Config()


def test_read_config_arguments_override_the_file(tmp_path):
    (tmp_path / "c.yml").write_text("gamma: 10\nsteps: 5\n")
    config = read_config(tmp_path / "c.yml", ["gamma=20"])
    assert (config.gamma, config.steps) == (20.0, 5)


def test_config_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().gamma = 1.0


def test_to_json_gives_the_config_back():
    config = read_config(None, ["gamma=7", "time_budget=90s"])
    assert Config(**json.loads(config.to_json())) == config


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("5min", 300), ("8h", 28800), ("1.5h", 5400), ("2 min", 120)]
)
def test_parse_duration_takes_units(text, seconds):
    assert parse_duration(text, "") == seconds


def test_read_config_takes_exponents_that_yaml_does_not():
    assert read_config(None, ["learning_rate=1e-3"]).learning_rate == 1e-3


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("gama=3", "nearest known key is 'gamma'"),
        ("latent_dims=3", "nearest known key is 'latent_dim'"),
        ("kl_start=3", "unknown key 'kl_start'; expected one of annealing_steps, batch_size, beta"),
        ("steps=0", "at least 1"),
        ("steps=2.5", "a whole number"),
        ("steps=true", "a whole number"),
        ("gamma=-1", "at least 0"),
        ("gamma=.nan", "a number"),
        ("gamma=.inf", "a number"),
        ("gamma=[1]", "a number"),
        ("learning_rate=2", "from 0 to 1"),
        ("batch_size=1", "from 2 to"),
        ("objective=vae", "one of factor_vae"),
        ("precision=float8", "one of auto"),
        ("time_budget=8 parsecs", "a time such as"),
        ("time_budget=5m", "a time such as 90, 90s, 5min or 8h"),
        ("time_budget=1.2.3", "a number"),
        ("time_budget=1e308d", "a time such as"),
        ("dataset=", "a string"),
        ("steps", "key=value"),
        ("steps={", "a whole number in decimal digits"),
        ("seed=0x10", "a whole number in decimal digits"),
        ("seed=1_0", "a whole number in decimal digits"),
        ("gamma=nan", "a number in decimal digits"),
        ("steps=1e400", "a whole number"),
        ("time_budget=1:30", "a time such as 90, 90s, 5min or 8h"),
    ],
)
def test_read_config_refuses_and_says_what_is_expected(argument, told):
    with pytest.raises(InputError) as caught:
        read_config(None, [argument])
    assert told in str(caught.value)
    assert argument.split("=")[0] in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["pics #2", "2024", "true", "[new]", " a b ", "a: b", "null", "~/x", "a=b", "bilder_\udce4", "'quoted'", "\\n"],
)
def test_read_config_takes_a_string_of_the_command_line_as_it_is(name):
    config = read_config(None, [f"dataset={name}"])
    assert config.dataset == name
    assert Config(**json.loads(config.to_json())) == config


@pytest.mark.parametrize(("text", "number"), [("010", 10), ("08", 8), ("+5", 5), ("1e3", 1000), ("7.", 7)])
def test_read_config_takes_numbers_of_the_command_line_as_decimal(text, number):
    assert read_config(None, [f"seed={text}"]).seed == number


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("seed: 010", "line 1: 010 is the number 8 in YAML, of base 8"),
        ("steps: 0b10", "line 1: 0b10 is the number 2 in YAML, of base 2"),
        ("time_budget: 1:30", "line 1: 1:30 is the number 90 in YAML, of base 60"),
        ("gamma: 1:30.5", "line 1: 1:30.5 is the number 90.5 in YAML, of base 60"),
        ("seed: 1\nseed: 2", "line 2: key 'seed' is given twice"),
        ("dataset: 2024", "a string"),
        ("dataset: no", "a string"),
        ("device: 3", "a string"),
        ("seed: true", "a whole number"),
        ("seed: '0x10'", "a whole number in decimal digits"),
    ],
)
def test_read_config_refuses_what_yaml_reads_as_something_else(tmp_path, line, told):
    (tmp_path / "c.yml").write_text(line)
    with pytest.raises(InputError) as caught:
        read_config(tmp_path / "c.yml")
    assert told in str(caught.value)


def test_read_config_keeps_yaml_s_other_numbers(tmp_path):
    (tmp_path / "c.yml").write_text("seed: 0x10\nsteps: 1_000\ngamma: 1.5e+1\nlearning_rate: 1e-4\n")
    config = read_config(tmp_path / "c.yml")
    assert (config.seed, config.steps, config.gamma, config.learning_rate) == (16, 1000, 15.0, 1e-4)


@pytest.mark.parametrize("content", [b"gamma: [", b"- a\n- b\n", b"\xff\xfe\x00", b"just text", b"1: 2\n"])
def test_read_config_names_a_malformed_file(tmp_path, content):
    (tmp_path / "bad.yml").write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.yml"):
        read_config(tmp_path / "bad.yml")


def test_read_config_names_a_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"none\.yml: cannot be read \(No such file"):
        read_config(tmp_path / "none.yml")


def test_read_config_does_not_run_yaml_tags(tmp_path):
    (tmp_path / "c.yml").write_text("gamma: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(InputError, match="not valid YAML"):
        read_config(tmp_path / "c.yml")


@given(key=st.sampled_from(sorted(FIELDS)), value=st.text(max_size=12))
def test_read_config_takes_or_refuses_any_text_by_name(key, value):
    try:
        told = str(read_config(None, [f"{key}={value}"]))
    except InputError as error:
        told = str(error)
    assert key in told

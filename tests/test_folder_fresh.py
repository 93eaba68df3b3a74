"""--fresh: the run that is there is set aside whole, and nothing else is moved."""

import pytest
from runs import opened

from utils.data import refuse_data_within
from utils.errors import InputError
from utils.run.folder import read_run_config


def test_open_fresh_keeps_the_old_run_aside(tmp_path):
    opened(tmp_path / "run", gamma=7.0)
    opened(tmp_path / "run", fresh=True, gamma=8.0)
    opened(tmp_path / "run", fresh=True, gamma=9.0)
    kept = [read_run_config(tmp_path / name).gamma for name in ("run.1", "run.2", "run")]
    assert kept == [7.0, 8.0, 9.0]


def test_open_fresh_leaves_a_link_where_it_leads(tmp_path):
    (tmp_path / "link").symlink_to("run")
    opened(tmp_path / "run", gamma=7.0)
    opened(tmp_path / "link", fresh=True, gamma=8.0)
    assert (tmp_path / "link").is_symlink()
    kept = [read_run_config(tmp_path / name).gamma for name in ("run.1", "run", "link")]
    assert kept == [7.0, 8.0, 8.0]


def test_open_fresh_makes_no_empty_copies(tmp_path):
    opened(tmp_path / "run", fresh=True)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_open_fresh_leaves_a_run_below_where_it_is(tmp_path):
    opened(tmp_path / "x" / "y", gamma=7.0)
    opened(tmp_path / "x", fresh=True)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert read_run_config(tmp_path / "x" / "y").gamma == 7.0


def test_open_fresh_refuses_to_move_a_run_below(tmp_path):
    opened(tmp_path / "x", gamma=7.0)
    opened(tmp_path / "x" / "y")
    with pytest.raises(InputError, match=r"--fresh would move the run in .*x/y too; expected no run below"):
        opened(tmp_path / "x", fresh=True, gamma=8.0)
    assert read_run_config(tmp_path / "x").gamma == 7.0


def test_open_keeps_an_encoder_that_was_copied_to_where_no_run_is(tmp_path, capsys):
    encoder = tmp_path / "run" / "representation" / "pytorch_model.pt"
    encoder.parent.mkdir(parents=True)
    encoder.write_text("the user's")
    opened(tmp_path / "run")
    assert encoder.with_name("pytorch_model.pt.1").read_text() == "the user's"
    assert str(encoder) in capsys.readouterr().err


def test_open_fresh_sets_an_encoder_aside_of_which_nothing_else_tells(tmp_path):
    encoder = opened(tmp_path / "run").encoder_path
    encoder.write_text("trained")
    (tmp_path / "run" / "config.json").unlink()
    opened(tmp_path / "run", fresh=True)
    assert (tmp_path / "run.1" / "representation" / encoder.name).read_text() == "trained"


@pytest.mark.parametrize("data", ["run/own.npz", "run/root"])
def test_fresh_refuses_to_move_the_data_set(tmp_path, data):
    name = str(tmp_path / data) if data.endswith(".npz") else "synthetic_arm"
    with pytest.raises(InputError, match=f"--fresh would move the data set .*{data} too"):
        refuse_data_within(tmp_path / "run", name, tmp_path / data)


@pytest.mark.parametrize("data", ["own.npz", "run2/own.npz"])
def test_fresh_leaves_data_sets_elsewhere_alone(tmp_path, data):
    refuse_data_within(tmp_path / "run", str(tmp_path / data), tmp_path / "run" / "root")

"""What `python -m utils.submission tag` makes of real git repositories, with a bare one as the remote."""

import pytest

from utils.errors import InputError
from utils.submission.__main__ import main
from utils.submission.repository import Repository
from utils.submission.tag import make_tag, push_commands


@pytest.fixture
def remote(entry, tmp_path):
    """A bare repository that `entry` knows as "aicrowd"."""
    entry.git("init", "--quiet", "--bare", str(tmp_path / "bare.git"), at=tmp_path)
    entry.git("remote", "add", "aicrowd", str(tmp_path / "bare.git"))
    return tmp_path / "bare.git"


def test_tag_makes_an_annotated_tag(entry):
    assert entry.run("tag", "v0.1") == 0
    assert entry.git("cat-file", "-t", "submission-v0.1") == "tag"
    assert entry.git("rev-parse", "submission-v0.1^{}") == entry.git("rev-parse", "HEAD")


def test_tag_takes_a_name_with_its_prefix(entry):
    assert make_tag(Repository(entry.folder), "submission-v0.1") == "submission-v0.1"


def test_tag_makes_none_while_there_is_something_to_fix(entry):
    entry.write("new.py", "")
    assert entry.run("tag", "v0.1") == 1
    assert entry.git("tag") == ""


def test_tag_refuses_a_used_name(entry):
    entry.run("tag", "v0.1")
    entry.commit(change="x")
    with pytest.raises(InputError, match="used already here"):
        make_tag(Repository(entry.folder), "v0.1")


def test_tag_refuses_an_unchanged_commit(entry):
    entry.run("tag", "v0.1")
    assert entry.run("tag", "v0.2") == 1
    assert entry.git("tag") == "submission-v0.1"


@pytest.mark.parametrize("name", ["a b", "v..1", "v1.lock", "v~1", ""])
def test_tag_refuses_a_name_that_git_refuses(entry, name):
    with pytest.raises(InputError, match="git allows no such name"):
        make_tag(Repository(entry.folder), name)


def test_tag_refuses_a_name_used_on_the_remote(entry, remote):
    entry.run("tag", "v0.1", "--push", "aicrowd")
    entry.git("tag", "--delete", "submission-v0.1")
    entry.commit(change="x")
    with pytest.raises(InputError, match="used already on aicrowd"):
        make_tag(Repository(entry.folder), "v0.1", "aicrowd")


def test_tag_refuses_a_commit_that_the_remote_has_tagged(entry, remote):
    entry.run("tag", "v0.1", "--push", "aicrowd")
    entry.git("tag", "--delete", "submission-v0.1")
    with pytest.raises(InputError, match=r"submission-v0.1 on aicrowd"):
        make_tag(Repository(entry.folder), "v0.2", "aicrowd")


def test_tag_pushes_nothing_unasked(entry, remote, capsys):
    assert entry.run("tag", "v0.1") == 0
    assert entry.git("for-each-ref", at=remote) == ""
    assert "git push aicrowd refs/tags/submission-v0.1" in capsys.readouterr().out


def test_tag_pushes_branch_and_tag_when_asked(entry, remote):
    assert entry.run("tag", "v0.1", "--push", "aicrowd") == 0
    pushed = entry.git("for-each-ref", "--format=%(refname)", at=remote).split()
    assert pushed == ["refs/heads/main", "refs/tags/submission-v0.1"]


def test_the_printed_commands_push_the_submission(entry, remote):
    entry.run("tag", "v0.1")
    for command in push_commands(Repository(entry.folder), "submission-v0.1", "aicrowd"):
        entry.git(*command)
    assert entry.git("rev-parse", "submission-v0.1^{}", at=remote) == entry.git("rev-parse", "HEAD")


def test_tag_pushes_from_a_commit_without_branch(entry, remote):
    entry.git("checkout", "--quiet", "--detach")
    assert entry.run("tag", "v0.1", "--push", "aicrowd") == 0
    assert entry.git("rev-parse", "submission-v0.1^{}", at=remote) == entry.git("rev-parse", "HEAD")


def test_a_failed_push_is_one_line_and_exit_code_2(entry, capsys):
    with pytest.raises(SystemExit) as ended:
        entry.run("tag", "v0.1", "--push", "nowhere")
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert error.startswith("error: git ls-remote")
    assert error.count("\n") == 1


def test_a_folder_without_git_is_refused(entry, tmp_path, capsys):
    (tmp_path / "plain").mkdir()
    with pytest.raises(SystemExit) as ended:
        main(["check", "--repository", str(tmp_path / "plain")])
    assert ended.value.code == 2
    assert "not a git repository" in capsys.readouterr().err


def test_a_repository_without_commit_is_refused(entry, tmp_path):
    entry.git("init", "--quiet", str(tmp_path / "empty"))
    with pytest.raises(InputError, match="no commit yet"):
        Repository(tmp_path / "empty")


@pytest.fixture
def diverged(entry, remote, tmp_path):
    """`entry`, whose remote's branch has a commit that it has not."""
    entry.git("push", "--quiet", "aicrowd", "main")
    entry.git("clone", "--quiet", "--branch", "main", str(remote), str(tmp_path / "other"), at=tmp_path)
    entry.git("commit", "--quiet", "--allow-empty", "--message", "theirs", at=tmp_path / "other")
    entry.git("push", "--quiet", "origin", "main", at=tmp_path / "other")
    entry.commit(change="ours")
    return entry


def test_a_push_that_is_rejected_leaves_no_tag_and_names_the_reason(diverged, remote, capsys):
    with pytest.raises(SystemExit) as ended:
        diverged.run("tag", "v0.1", "--push", "aicrowd")
    assert ended.value.code == 2
    assert "! [rejected]" in capsys.readouterr().err
    assert diverged.git("tag") == ""
    assert diverged.git("tag", at=remote) == ""


def test_tag_pushes_a_branch_of_its_own_name(entry, remote):
    entry.git("checkout", "--quiet", "-b", "submission-v0.1")
    assert entry.run("tag", "v0.1", "--push", "aicrowd") == 0
    pushed = entry.git("for-each-ref", "--format=%(refname)", at=remote).split()
    assert pushed == ["refs/heads/submission-v0.1", "refs/tags/submission-v0.1"]


def test_tag_sees_a_used_name_that_is_a_branch_too(entry):
    entry.git("checkout", "--quiet", "-b", "submission-v0.1")
    entry.run("tag", "v0.1")
    entry.commit(change="x")
    with pytest.raises(InputError, match="used already here"):
        make_tag(Repository(entry.folder), "v0.1")

"""The annotated tag that is a submission, made only where the grader would take it."""

from utils.errors import InputError
from utils.submission.repository import TAG_PREFIX


def tag_name(name):
    """The tag for a version: 'v0.1' and 'submission-v0.1' both give 'submission-v0.1'."""
    return name if name.startswith(TAG_PREFIX) else TAG_PREFIX + name


def make_tag(repository, name, remote=None):
    """Make the annotated tag for `name` on the commit; with a `remote`, its tags count too. Returns the tag.

    Raises InputError for an impossible or used name, and for a commit that a submission tag is on already.
    """
    tag = tag_name(name)
    if tag == TAG_PREFIX or not repository.succeeds("check-ref-format", f"refs/tags/{tag}"):
        raise InputError(f"tag {tag!r}: git allows no such name; expected one like v0.1")
    _refuse_used(tag, repository.head(), _local_tags(repository), "here")
    if remote:
        _refuse_used(tag, repository.head(), _remote_tags(repository, remote), f"on {remote}")
    repository.git("tag", "--annotate", tag, "--message", f"Submission {tag[len(TAG_PREFIX) :]}")
    return tag


def push_commands(repository, tag, remote):
    """The git commands, as lists of words, that submit `tag`: first the branch, then what the grader acts on."""
    branch = repository.git("branch", "--show-current").strip()
    refs = [*([f"refs/heads/{branch}"] if branch else []), f"refs/tags/{tag}"]  # in full: both may have one name
    return [["push", remote, ref] for ref in refs]


def likely_remote(repository):
    """The remote whose name or address is AIcrowd's, or None."""
    remotes = repository.git("remote", "--verbose").splitlines()
    return next((line.split()[0] for line in remotes if "aicrowd" in line.lower()), None)


def _refuse_used(tag, commit, tags, place):
    if tag in tags:
        raise InputError(f"tag {tag} is used already {place} (commit {tags[tag][:10]}); choose another name")
    same = sorted(name for name, tagged in tags.items() if tagged == commit and name.startswith(TAG_PREFIX))
    if same:
        raise InputError(f"this commit is {same[0]} {place}, and the grader ignores a second tag; commit a change")


def _local_tags(repository):
    form = "--format=%(refname:strip=2) %(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)"
    lines = repository.git("for-each-ref", form, "refs/tags").splitlines()
    return dict(line.split(" ") for line in lines)


def _remote_tags(repository, remote):
    """{tag: commit}; an annotated tag has a second line, name^{}, with its commit."""
    tags = {}
    for line in repository.git("ls-remote", "--tags", remote).splitlines():
        commit, ref = line.split("\t")
        tags[ref[len("refs/tags/") :].replace("^{}", "")] = commit
    return tags

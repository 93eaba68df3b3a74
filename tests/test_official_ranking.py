"""The challenge's ranking of entries, and how entries are read from runs and files."""

import json

import pytest

from evaluation.metrics.table import METRICS
from evaluation.results import write_result
from utils.errors import InputError
from utils.study import __main__ as study
from utils.study.entries import NAMES, official_table, paper_entries, read_entries
from utils.study.official_ranking import Entry, official_ranking, rank_entries


def entry(entrant, *scores, name="only"):
    return Entry(entrant, name, dict(zip(NAMES, scores)))


def places(entries):
    return [(placed.entry.entrant, placed.entry.name, placed.mean_rank) for placed in official_ranking(entries)]


def file_of(path, *scores, **labels):
    path.write_text(json.dumps({**dict(zip(NAMES, scores)), **labels}), encoding="utf-8")
    return path


def test_ranks_are_1_plus_the_number_of_greater_scores():
    entries = [entry("a", 3, 1), entry("b", 2, 1), entry("c", 2, 5), entry("d", 1, 0)]
    assert [list(placed.ranks.values()) for placed in rank_entries(entries)] == [[1, 2], [2, 2], [2, 1], [4, 4]]


def test_ranking_by_mean_rank():
    # a: (1 + 3 + 1 + 3 + 3) / 5; b: (2 + 1 + 3 + 1 + 1) / 5; c: (3 + 2 + 2 + 2 + 2) / 5
    entries = [entry("a", 9, 1, 9, 1, 1), entry("b", 5, 9, 1, 9, 9), entry("c", 1, 5, 5, 5, 5)]
    assert places(entries) == [("b", "only", 1.6), ("a", "only", 2.2), ("c", "only", 2.2)]


def test_equal_mean_ranks_keep_the_order_of_the_entries():
    entries = [entry("a", 9, 1), entry("b", 1, 9)]
    assert [placed.entry.entrant for placed in official_ranking(entries)] == ["a", "b"]
    assert [placed.entry.entrant for placed in official_ranking(entries[::-1])] == ["b", "a"]


def test_equal_scores_share_the_best_rank():
    assert places([entry("a", *[0.5] * 5), entry("b", *[0.5] * 5), entry("c", *[0.1] * 5)]) == [
        ("a", "only", 1.0),
        ("b", "only", 1.0),
        ("c", "only", 3.0),
    ]


def test_an_entrants_best_entry_stands_and_its_others_are_not_counted():
    # among all entries b has rank 4; among those that stand, 2
    entries = [entry("a", *[s] * 5, name=f"a{10 - s}") for s in (7, 9, 8)] + [entry("b", *[1] * 5)]
    assert places(entries) == [("a", "a1", 1.0), ("b", "only", 2.0)]


def test_entries_of_a_placed_entrant_do_not_count_in_later_rounds():
    # (9, 9) stands first. Were a2 still counted, b1 would have (1 + 2) / 2 and b2 (3 + 1) / 2, and b1 would stand.
    # Without it both have 1.5, and the one given first stands.
    entries = [entry("b", 4, 2, name="b2"), entry("b", 6, 1, name="b1"), entry("a", 9, 9), entry("a", 5, 0, name="a2")]
    assert places(entries) == [("a", "only", 1.0), ("b", "b2", 2.0)]


def test_ranks_are_computed_anew_among_those_that_stand():
    # Among all five entries c has rank 5 by the first score, behind a2 and a3; among those that stand it has 3.
    entries = [
        entry("a", 9, 9),
        entry("a", 4, 0, name="a2"),
        entry("a", 3, 0, name="a3"),
        entry("b", 5, 1),
        entry("c", 2, 2),
    ]
    found = {placed.entry.entrant: placed.ranks for placed in official_ranking(entries)}
    assert {who: list(ranks.values()) for who, ranks in found.items()} == {"a": [1, 1], "b": [2, 3], "c": [3, 2]}


def test_one_entrant_alone():
    entries = [entry("a", 1, 9, name="a1"), entry("a", 2, 9, name="a2")]
    assert places(entries) == [("a", "a2", 1.0)]


def test_ranking_refuses_no_entries():
    with pytest.raises(ValueError, match="no entries, expected at least one"):
        official_ranking([])


def test_ranking_refuses_a_missing_score():
    with pytest.raises(ValueError, match=r"b, only: scores .*, expected"):
        official_ranking([entry("a", 1, 2), entry("b", 1)])


def test_ranking_refuses_a_score_that_is_not_a_number():
    with pytest.raises(ValueError, match="b, only: sap_score is not a number"):
        official_ranking([entry("a", 1, 2), entry("b", 1, float("nan"))])


def test_read_entries_names_a_file_by_its_folder_and_its_name(tmp_path):
    path = file_of(tmp_path / "first.json", 0.1, 0.2, 0.3, 0.4, 0.5)
    assert read_entries([path]) == [entry(tmp_path.name, 0.1, 0.2, 0.3, 0.4, 0.5, name="first")]


def test_read_entries_tells_folders_of_one_name_apart(tmp_path):
    folders = [tmp_path / "one" / "runs", tmp_path / "two" / "runs"]
    for folder in folders:
        folder.mkdir(parents=True)
        file_of(folder / "a.json", *[0.5] * 5)
    assert [one.entrant for one in read_entries([folder / "a.json" for folder in folders])] == list(map(str, folders))


def test_read_entries_counts_a_path_once(tmp_path):
    path = file_of(tmp_path / "first.json", *[0.5] * 5)
    assert len(read_entries([path, tmp_path / ".." / tmp_path.name / "first.json"])) == 1


def test_read_entries_takes_the_files_own_names(tmp_path):
    path = file_of(tmp_path / "first.json", *[0.5] * 5, entrant="a", entry="e")
    assert read_entries([path])[0][:2] == ("a", "e")


def test_read_entries_takes_the_entrant_of_the_argument_before_the_files(tmp_path):
    path = file_of(tmp_path / "first.json", *[0.5] * 5, entrant="a")
    assert read_entries([f"b={path}"])[0].entrant == "b"


def test_read_entries_takes_a_path_with_an_equals_sign(tmp_path):
    path = file_of(tmp_path / "gamma=10.json", *[0.5] * 5)
    assert read_entries([path])[0].name == "gamma=10"


def test_read_entries_takes_a_list(tmp_path):
    path = tmp_path / "all.json"
    scores = dict.fromkeys(NAMES, 0.5)
    path.write_text(json.dumps([{**scores, "entrant": who} for who in "ab"]), encoding="utf-8")
    assert [one.entrant for one in read_entries([path])] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"mig": 0.5}', r"scores.json: has no factor_vae_metric, sap_score, dci, irs; expected an object of"),
        ('{"migg": 0.5}', r"scores.json: unknown migg; expected an object of"),
        ("[]", "scores.json: holds no entry; expected"),
        ("[0.5]", r"scores.json: 0.5 is not an object; expected"),
        ("{", r"scores.json: is not a file of scores in JSON"),
    ],
)
def test_read_entries_refuses_another_form(tmp_path, text, message):
    (tmp_path / "scores.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_entries([tmp_path / "scores.json"])


@pytest.mark.parametrize("value", [float("nan"), None, "0.5", True])
def test_read_entries_refuses_a_score_that_is_not_a_number(tmp_path, value):
    path = file_of(tmp_path / "scores.json", 0.1, 0.2, 0.3, 0.4, value)
    with pytest.raises(InputError, match=r"scores.json: mig is .*, expected a number"):
        read_entries([path])


def test_read_entries_takes_an_irs_below_0(tmp_path):
    path = file_of(tmp_path / "scores.json", **{**dict.fromkeys(NAMES, 0.5), "irs": -0.5})
    assert read_entries([path])[0].scores["irs"] == -0.5


@pytest.mark.parametrize("value", [55, -0.1])
def test_read_entries_refuses_a_score_that_is_none_of_the_challenge_s(tmp_path, value):
    path = file_of(tmp_path / "scores.json", 0.1, 0.2, 0.3, 0.4, value)
    with pytest.raises(InputError, match=r"scores.json: mig is .*, expected a score from 0 to 1"):
        read_entries([path])


def test_read_entries_takes_a_runs_folder(tmp_path):
    run = tmp_path / "runs" / "run.1"
    for place, name in enumerate(NAMES):
        write_result(run, name, {METRICS[name].key: place / 8}, 0.0, {})
    assert read_entries([run]) == [entry("runs", 0, 1 / 8, 2 / 8, 3 / 8, 4 / 8, name="run.1")]


def test_read_entries_refuses_a_runs_score_that_is_not_a_number(tmp_path):
    for name in NAMES:
        write_result(tmp_path, name, {METRICS[name].key: float("nan")}, 0.0, {})
    with pytest.raises(InputError, match="factor_vae_metric is nan, expected a number"):
        read_entries([tmp_path])


def test_read_entries_refuses_a_folder_without_scores(tmp_path):
    with pytest.raises(InputError, match=r"none: has no factor_vae_metric, .*expected the folder of a run"):
        read_entries([tmp_path / "none"])


def test_paper_entries_are_the_rows_that_are_whole_once_each():
    entries, left_out = paper_entries()
    assert len(entries) == 12
    assert left_out == ["table1 beta_vae", "table1 dip_vae", "table1 beta_tc_vae"]
    assert len({tuple(one.scores.values()) for one in entries}) == len({one.entrant for one in entries}) == 12


def test_official_table_places_entrants_and_counts_their_entries():
    entries = [entry("a", *[s] * 5, name=f"a{s}") for s in (1, 3)] + [entry("b", *[2] * 5)]
    rows = [line.split() for line in official_table(entries).splitlines()]
    assert [row[:5] for row in rows[1:]] == [["1", "a", "a3", "2", "1.00"], ["2", "b", "only", "1", "2.00"]]
    assert rows[2][5:7] == ["2.0000", "(2)"]


def test_rank_command_ranks_officially(tmp_path, capsys):
    for who, score in (("a", 0.1), ("b", 0.2)):
        file_of(tmp_path / f"{who}.json", *[score] * 5)
    study.main(["rank", "--official", f"one={tmp_path}/a.json", f"two={tmp_path}/b.json"])
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()[1:]] == [["1", "two"], ["2", "one"]]


def test_rank_command_enters_the_papers_rows_as_reported(tmp_path, capsys):
    best = file_of(tmp_path / "best.json", *[1] * 5, entrant="mine")
    study.main(["rank", "--official", "--paper", str(best)])
    found = capsys.readouterr().out
    assert found.splitlines()[1].split()[:2] == ["1", "mine"]
    assert "paper, table3 512" in found
    assert "reported by the paper" in found


def test_rank_command_refuses_the_papers_rows_without_the_official_ranking(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        study.main(["rank", "--paper", str(tmp_path)])
    assert ended.value.code == 2
    assert "--paper: expected only with --official" in capsys.readouterr().err


def test_rank_command_names_what_cannot_be_ranked(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        study.main(["rank", "--official", str(tmp_path / "none")])
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1

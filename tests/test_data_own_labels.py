"""Labels of one's own images: numbered from 0, whatever they were, and refused by name where they cannot be."""

from pathlib import Path

import numpy as np
import pytest
from data_files import labels, noise, refused, table, write_pictures
from PIL import Image

from utils.data import load
from utils.data.labelled import LabelledSet
from utils.data.sets import own_labels
from utils.errors import InputError

IMAGES = noise(0, 6, 64, 64, 3)


@pytest.fixture
def folder(tmp_path):
    """Six pictures 0.png to 5.png."""
    return write_pictures(tmp_path / "p", IMAGES)


def test_table_makes_a_labelled_set(folder):
    table(folder, [3, 5, 3, 5, 9, 9], ["b", "a", "b", "a", "b", "a"], names="file,size,shape")
    data = load(folder, "/nowhere")
    assert isinstance(data, LabelledSet)
    assert (data.factor_names, data.factor_sizes, data.labels.dtype) == (("size", "shape"), (3, 2), np.int64)
    assert data.labels.T.tolist() == [[0, 1, 0, 1, 2, 2], [1, 0, 1, 0, 1, 0]]
    np.testing.assert_array_equal(data.images, IMAGES)


SHUFFLED = "file,shape\n4.png,0\n1.png,1\n0.png,0\n2.png,1\n3.png,0\n5.png,1\n"


def test_table_in_any_order_gives_each_image_its_label(folder):
    (folder / "labels.csv").write_text(SHUFFLED)
    assert labels(folder) == [[0, 1, 1, 0, 0, 1]]


def test_table_leaves_the_images_as_they_were_without_it(folder):
    before = load(folder, "/nowhere").images_fingerprint
    (folder / "labels.csv").write_text(SHUFFLED)
    assert load(folder, "/nowhere").images_fingerprint == before


def test_table_in_any_order_names_the_line_of_a_missing_value(folder):
    (folder / "labels.csv").write_text(SHUFFLED.replace("2.png,1", "2.png,"))
    refused(folder, r"labels\.csv, line 5: factor 'shape' has no value")


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        ([10, 9, -2, 10, 9, -2], [2, 1, 0, 2, 1, 0]),
        (["1.0", "2.0", "1.0", "2.0", "1.0", "2.0"], [0, 1, 0, 1, 0, 1]),
        (["v10", "v9", "v10", "v9", "v10", "v9"], [1, 0, 1, 0, 1, 0]),
        (["1_12", "11_2", "1_12", "11_2", "1_12", "11_2"], [0, 1, 0, 1, 0, 1]),
        ([10**18, 10**18 + 1] * 3, [0, 1, 0, 1, 0, 1]),
        (["1e1", "2", "1e1", "2", "1e1", "2"], [1, 0, 1, 0, 1, 0]),
        (["big", "small", "big", "2", "2", "small"], [1, 2, 1, 0, 0, 2]),
        ([7] * 6, [0] * 6),
    ],
)
def test_table_numbers_values_in_their_order(folder, values, numbers):
    table(folder, values)
    assert labels(folder) == [numbers]


@pytest.mark.parametrize("pair", [("007", "7"), ("100", "1e2"), ("1", "1.0")])
def test_table_with_a_number_in_two_forms_is_refused(folder, pair):
    table(folder, [*pair, "3"] * 2)
    refused(folder, f"factor 'shape' has '{pair[0]}' and '{pair[1]}', which are one number")


def test_table_with_a_number_in_two_forms_may_be_cut(folder):
    table(folder, ["0.5", "0.50", "0", "0", "1", "1"])
    (folder / "factors.yml").write_text("bins: {shape: 2}\n")
    assert labels(folder) == [[1, 1, 0, 0, 1, 1]]


def test_table_numbers_its_lines_as_the_file_does(folder):
    (folder / "labels.csv").write_text("sep=;\n\nfile;a\n0.png;1\n7.png;1\n")
    refused(folder, r"labels\.csv, line 5: no picture '7\.png'")


def test_table_without_a_line_of_names_is_refused(folder):
    (folder / "labels.csv").write_text("".join(f"./{number}.png,{number % 2}\n" for number in range(6)))
    refused(folder, r"the first line names a picture, \./0\.png; expected the factors' names above it")


def test_table_names_pictures_in_subfolders(tmp_path):
    for name in ("a/0.png", "a/1.png", "b/0.png", "b/1.png"):
        (tmp_path / "p" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((64, 64, 3), ord(name[0]), np.uint8)).save(str(tmp_path / "p" / name))
    lines = "file,shape\n./b/1.png,x\na/0.png,y\na\\1.png,y\nb/0.png,x\n"
    (tmp_path / "p" / "labels.csv").write_text(lines)
    data = load(tmp_path / "p", "/nowhere")
    assert data.images[:, 0, 0, 0].tolist() == [97, 97, 98, 98]
    assert data.labels[:, 0].tolist() == [1, 1, 0, 0]


def test_table_finds_names_whichever_way_their_accents_are_written(tmp_path):
    (tmp_path / "p").mkdir()
    for name in ("e\u0301.png", "\u00e0.png"):
        Image.fromarray(IMAGES[0]).save(str(tmp_path / "p" / name))
    (tmp_path / "p" / "labels.csv").write_text("file,a\n\u00e9.png,1\na\u0300.png,1\n", encoding="utf-8")
    assert labels(tmp_path / "p") == [[0, 0]]


def test_table_of_pictures_with_one_name_in_two_forms_is_refused(tmp_path):
    (tmp_path / "p").mkdir()
    for name in ("e\u0301.png", "\u00e9.png"):
        Image.fromarray(IMAGES[0]).save(str(tmp_path / "p" / name))
    if len(list((tmp_path / "p").iterdir())) < 2:
        pytest.skip("this file system has one form of Unicode")
    (tmp_path / "p" / "labels.csv").write_text("file,a\n\u00e9.png,1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"'e\\u0301\.png' and '\\xe9\.png' are one name in two forms"):
        load(tmp_path / "p", "/nowhere")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("file,a\n0.png,1\n1.png,1\n2.png,1\n3.png,1\n4.png,2\n", "1 of 6 pictures are not in it, the first is 5.png"),
        ("file,a\n0.png,1\n7.png,1\n", r"labels\.csv, line 3: no picture '7\.png'"),
        ("file,a\n../p/0.png,1\n", r"labels\.csv, line 2: no picture"),
        ("file,a\n0.png,1\n0.png,1\n", r"labels\.csv, line 3: '0\.png' stands in line 2 already"),
        ("file,a\n0.png,1,2\n", r"labels\.csv, line 2: 3 fields found, expected 2"),
        ("file,a\n0.png\n", r"labels\.csv, line 2: 1 fields found, expected 2"),
        ("file\n0.png\n", "expected a line of names"),
        ("file,a\n", "expected a line of names"),
        ("", "expected a line of names"),
    ],
)
def test_table_that_does_not_fit_is_refused_with_its_line(folder, text, match):
    (folder / "labels.csv").write_text(text)
    refused(folder, match)


@pytest.mark.parametrize("content", [b"file,a\n\xff,1\n", b"file,a\n0.png,\x00\n"])
def test_table_that_is_not_text_is_refused(folder, content):
    (folder / "labels.csv").write_bytes(content)
    refused(folder, r"labels\.csv")


@pytest.mark.parametrize("missing", ["", " ", "NaN", "nan", "inf", "NA", "null", "-nan", "#N/A"])
def test_table_with_a_missing_value_is_refused(folder, missing):
    table(folder, ["0.5", "0.5", missing, "1.5", "1.5", "1.5"])
    refused(folder, r"labels\.csv, line 4: factor 'shape' has no value")


@pytest.mark.parametrize("missing", ["", "nan", "N/A", "#N/A", "<NA>", "NaT", "NULL"])
def test_table_with_a_missing_name_is_refused(folder, missing):
    table(folder, ["a", "a", missing, "b", "b", missing])
    refused(folder, r"labels\.csv, line 4: factor 'shape' has no value")


def test_table_is_found_whatever_its_capitals(folder):
    table(folder, [0, 1, 0, 1, 0, 1])
    (folder / "labels.csv").rename(folder / "Labels.CSV")
    assert labels(folder) == [[0, 1, 0, 1, 0, 1]]


def test_two_tables_are_refused(folder):
    table(folder, [0, 1, 0, 1, 0, 1])
    (folder / "Labels.csv").write_text("file,a\n")
    refused(folder, r"Labels\.csv and .*labels\.csv: two tables of labels; expected one")


def test_table_that_is_a_link_to_nothing_is_named(folder):
    (folder / "labels.csv").symlink_to("gone.csv")
    refused(folder, r"labels\.csv: cannot be read \(a link to gone\.csv: No such file")


@pytest.mark.parametrize("names", ["file,a,a", "file,a,"])
def test_table_whose_factors_are_not_told_apart_is_refused(folder, names):
    table(folder, [0, 1] * 3, [0, 1] * 3, names=names)
    refused(folder, r"labels\.csv: factors .* expected names, each once")


def test_table_with_fractions_says_how_to_cut_them(folder):
    table(folder, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    refused(folder, r"labels\.csv: factor 'shape' has fractions \(0\.1\).*`bins: \{shape: N\}` in its YAML file")


def test_table_with_fractions_is_cut_as_asked(folder):
    table(folder, [0.0, 0.1, 0.49, 0.5, 0.9, 1.0])
    (folder / "factors.yml").write_text("bins: {shape: 2}\n")
    assert labels(folder) == [[0, 0, 0, 1, 1, 1]]


@pytest.mark.parametrize("low", [-1.7e308, 1e-320, 0])
def test_bins_of_any_range_are_even(folder, low):
    table(folder, [low, low, low, 1.7e308, 1.7e308, 1.7e308])
    (folder / "factors.yml").write_text("bins: {shape: 4}\n")
    assert labels(folder) == [[0, 0, 0, 1, 1, 1]]


def test_bins_hold_the_values_on_their_borders():
    assert own_labels._cut(np.arange(50), 49).tolist() == [*range(49), 48]


def test_table_takes_whole_numbers_of_any_size(folder):
    table(folder, ["1e300", "-1e300", "5"] * 2)
    assert labels(folder) == [[2, 0, 1] * 2]
    table(folder, ["9" * 17, "1" + "0" * 30, "5"] * 2)
    assert labels(folder) == [[1, 2, 0] * 2]


def test_table_takes_names_with_long_numbers(folder):
    table(folder, ["a" + "2" * 5000, "a" + "1" * 5000] * 3)
    assert labels(folder) == [[1, 0] * 3]


def test_bins_that_are_empty_are_left_out(folder):
    table(folder, [0.0, 0.1, 0.2, 9.8, 9.9, 10.0])
    (folder / "factors.yml").write_text("bins: {shape: 10}\n")
    data = load(folder, "/nowhere")
    assert (data.factor_sizes, data.labels[:, 0].tolist()) == ((2,), [0, 0, 0, 1, 1, 1])


def test_table_with_a_value_for_each_image_is_refused(folder):
    table(folder, range(6))
    refused(folder, r"factor 'shape' has 6 values in 6 images, expected values that recur")


def test_bins_of_names_and_of_unknown_factors_are_refused(folder):
    table(folder, ["a", "b"] * 3)
    (folder / "factors.yml").write_text("bins: {shape: 2}\n")
    refused(folder, "factor 'shape' has names, which cannot be cut into bins")
    (folder / "factors.yml").write_text("bins: {size: 2}\n")
    refused(folder, r"bins for 'size', which is not among its factors \(shape\)")


def test_table_beside_a_grid_is_refused(folder):
    table(folder, [0, 1] * 3)
    (folder / "factors.yml").write_text("factors: {a: 6}\n")
    refused(folder, r"factors\.yml: describes a full grid, but there is .*labels\.csv as well")


def test_notes_on_labels_that_are_not_there_are_refused(folder):
    (folder / "factors.yml").write_text("factors: [a]\n")
    refused(folder, r"factors\.yml: .*there is no .*labels\.csv")


def test_table_names_pictures_in_a_locale_that_lacks_their_signs(command, tmp_path):
    write_pictures(tmp_path / "p", IMAGES)
    (tmp_path / "p" / "0.png").rename(tmp_path / "p" / "é.png")
    table(tmp_path / "p", [0, 1] * 3)
    content = (tmp_path / "p" / "labels.csv").read_text(encoding="utf-8")
    (tmp_path / "p" / "labels.csv").write_text(content.replace("0.png", "é.png"), encoding="utf-8")
    code = f"from utils.data import load; print(load({str(tmp_path / 'p')!r}, '/nowhere').labels.ravel().tolist())"
    done = command("-c", code, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (done.stdout, done.stderr) == ("[1, 0, 1, 0, 1, 0]\n", "")


def test_table_names_pictures_whose_names_are_in_another_encoding(monkeypatch):
    monkeypatch.setattr(own_labels.os, "fsencode", lambda name: name.encode("latin-1"))
    files = [Path("p/\xe9.png"), Path("p/\xc3\xa9-.png")]
    assert list(own_labels._by_name(Path("p"), files)) == ["\xe9.png", "\xe9-.png"]

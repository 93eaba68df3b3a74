"""`labels.csv` in the forms that spreadsheets and people write: read as meant, or refused by name."""

import pytest
from data_files import labels, noise, refused, table, write_pictures

IMAGES = noise(0, 6, 64, 64, 3)


@pytest.fixture
def folder(tmp_path):
    """Six pictures 0.png to 5.png."""
    return write_pictures(tmp_path / "p", IMAGES)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_table_may_be_separated_as_spreadsheets_do(folder, mark):
    table(folder, [0, 1, 0, 1, 0, 1], [1, 1, 1, 0, 0, 0], names="file,a,b", mark=mark)
    content = (folder / "labels.csv").read_bytes()
    (folder / "labels.csv").write_bytes(b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n") + b"\r\n")
    assert labels(folder) == [[0, 1, 0, 1, 0, 1], [1, 1, 1, 0, 0, 0]]


@pytest.mark.parametrize(
    ("before", "after"), [("\n", ""), ("\r\n;\r\n", ""), ("sep=;\r\n", ""), ("", ";"), ("SEP=;\n", ";;")]
)
def test_table_may_have_what_spreadsheets_add(folder, before, after):
    table(folder, ["a, b", "c", "c"] * 2, [1, 1, 1, 0, 0, 0], names="file,size,shape", mark=";")
    content = (folder / "labels.csv").read_text()
    (folder / "labels.csv").write_text(before + content.replace("\n", after + "\n"))
    assert labels(folder) == [[0, 1, 1] * 2, [1, 1, 1, 0, 0, 0]]


@pytest.mark.parametrize("mark", [";", "\t"])
def test_table_may_have_decimal_commas(folder, mark):
    table(folder, ["-2,630", "-2,630", "10,5", "10,5", "9", "1,5E-05"], mark=mark)
    (folder / "factors.yml").write_text("bins: {shape: 2}\n")
    assert labels(folder) == [[0, 0, 1, 1, 1, 0]]


def test_table_says_of_decimal_commas_that_they_are_fractions(folder):
    table(folder, ["0,5", "1,5"] * 3, mark=";")
    refused(folder, r"factor 'shape' has fractions \(0\.5\)")


def test_table_takes_commas_among_names_for_names(folder):
    table(folder, ["1,5", "red", "red"] * 2, mark=";")
    assert labels(folder) == [[0, 1, 1] * 2]


def test_table_whose_columns_the_notes_exchange_is_refused(folder):
    table(folder, [1, 2] * 3, [10, 10, 20, 20, 30, 30], names="file,x,y")
    (folder / "factors.yml").write_text("factors: [y, x]\nbins: {x: 2}\n")
    refused(folder, r"factors\.yml: factors: y, x found, but the columns of .*labels\.csv are x, y; expected new names")


@pytest.mark.parametrize("names", ["[x, y]", "[x, size]", "[size, shape]"])
def test_table_may_get_other_names_from_the_notes(folder, names):
    table(folder, [1, 2] * 3, [10, 20] * 3, names="file,x,y")
    (folder / "factors.yml").write_text(f"factors: {names}\n")
    assert labels(folder) == [[0, 1] * 3] * 2


@pytest.mark.parametrize("values", [["1,000", "500", "2,000"], ["1,000,000", "7", "-2,000"], ["1,000.5", "1", "2"]])
@pytest.mark.parametrize("mark", [";", "\t"])
def test_table_refuses_commas_that_may_stand_before_thousands(folder, values, mark):
    table(folder, values * 2, mark=mark)
    refused(
        folder, f"labels\\.csv: factor 'shape' has '{values[0]}', whose comma may stand before thousands or before dec"
    )


@pytest.mark.parametrize("notes", ["factors: [size]\n", "bins: {shape: 2}\n"])
@pytest.mark.parametrize("values", [["1.000", "500", "2.000"], ["7", "1.000.000", "-2.000"]])
def test_table_refuses_points_that_may_stand_before_thousands(folder, values, notes):
    table(folder, values * 2, mark=";")
    (folder / "factors.yml").write_text(notes)
    expected = r"factor 'shape' has '1\.000(\.000)?', whose point may stand before thousands .*expected 1000"
    refused(folder, expected + r"(000$| or 1\.0000$)")


@pytest.mark.parametrize(("values", "mark"), [(["1.000", "0.500", "2.000"], ";"), (["1.000", "500", "2.000"], ",")])
def test_table_takes_points_for_decimals_where_they_are_no_thousands(folder, values, mark):
    table(folder, values * 2, mark=mark)
    (folder / "factors.yml").write_text("bins: {shape: 2}\n")
    assert labels(folder) == ([[0, 0, 1] * 2] if mark == ";" else [[0, 1, 0] * 2])


def test_table_takes_three_decimals_for_decimals_where_they_are_no_thousands(folder):
    table(folder, ["1,000", "0,500", "2,000"] * 2, mark=";")
    (folder / "factors.yml").write_text("bins: {shape: 2}\n")
    assert labels(folder) == [[0, 0, 1] * 2]


@pytest.mark.parametrize("other", ["3.5", "1,000.5", ".5"])
def test_table_refuses_decimal_commas_beside_points(folder, other):
    table(folder, ["2,5", other, "4"] * 2, mark="\t")
    refused(folder, f"labels\\.csv: factor 'shape' has '2,5' and '{other}'; expected decimal points in all its numbers")


def test_table_may_have_decimal_commas_in_quotes(folder):
    table(folder, ['"2,5"', 10, 4] * 2)
    (folder / "factors.yml").write_text("bins: {shape: 2}\n")
    assert labels(folder) == [[0, 1, 0] * 2]


def test_table_may_have_spaces_before_quotes(folder):
    table(folder, [' "cube"', '"cube"', '  "ball, red"'] * 2)
    assert labels(folder) == [[1, 1, 0] * 2]


def test_table_has_one_value_whichever_way_its_accents_are_written(folder):
    table(folder, ["e\u0301", "\u00e9", "a"] * 2)
    assert labels(folder) == [[1, 1, 0] * 2]


def test_table_has_one_name_of_a_factor_whichever_way_its_accents_are_written(folder):
    table(folder, [0, 1, 2] * 2, names="file,e\u0301")
    (folder / "factors.yml").write_text("bins: {\u00e9: 2}\n", encoding="utf-8")
    assert labels(folder) == [[0, 1, 1] * 2]

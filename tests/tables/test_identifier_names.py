import pytest

from tfp_vae.tables.identifier_names import names_a_row, names_a_unit

UNITS = ["id", "ID", "patient_id", "patient id", "case.id", "idno", "pid", "Ketchup.hid", "Subject"]
UNITS += ["schoolNR", "pupilNR", "SubjectID", "childid", "studyid", "tree", "county", "state code"]
UNITS += ["zip", "zipcode", "countyfips", "id.1", "nr", "Chick", "race", "Region"]
ROWS = ["rownames", "Unnamed: 0", "index", "uuid", "child", "school"]
AMOUNTS = ["paid", "bid", "aid", "grid", "acid", "idle", "married", "students", "NO", "nr_of_rooms"]
AMOUNTS += [
    "number",
    "hospital",
    "codes",
    "width",
    "decoded",
    "CENTRAL",
    "zips",
    "trace",
    "statement",
    7,
    None,
]


@pytest.mark.parametrize("name", UNITS)
def test_names_of_units_may_repeat(name):
    assert names_a_unit(name)
    assert names_a_row(name)


@pytest.mark.parametrize("name", ROWS)
def test_names_of_rows_may_not(name):
    assert names_a_row(name)
    assert not names_a_unit(name)


@pytest.mark.parametrize("name", AMOUNTS)
def test_other_names_are_of_amounts(name):
    assert not names_a_row(name)

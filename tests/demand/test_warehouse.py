"""What a database is asked for and what comes of it: who is relevant, which columns, text, order, and troubles in words."""

import datetime as dt
from decimal import Decimal

import duckdb
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql

from demand.engine import warehouse_trouble
from demand.engine.fetched_file import as_text, write_parquet
from demand.engine.schedule import last_due, months_back, next_due
from demand.engine.warehouse import (
    Codes,
    Layout,
    TableChoice,
    fetch,
    lines_of,
    list_tables,
    read_layout,
    relevant_people,
    written_forms,
)
from demand.engine.warehouse_trouble import Trouble, rule_of, told

CODES = Codes(frozenset({"J1745", "96413"}), frozenset({"57894003001"}))
MEDICAL, PHARMACY = TableChoice("medical", "main", "medical"), TableChoice("pharmacy", "main", "pharmacy")
MIDNIGHT = dt.datetime.fromisoformat("2026-01-05T00:00:00")
ELIGIBILITY = TableChoice("eligibility", "main", "members")


@pytest.fixture
def database():
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def table(connection, name, columns, *rows):
    connection.exec_driver_sql(f"CREATE TABLE {name} ({columns})")
    marks = ", ".join("?" for _ in columns.split(", "))
    for row in rows:
        connection.exec_driver_sql(f"INSERT INTO {name} VALUES ({marks})", row)


def medical(connection, *rows, columns="claim_id TEXT, claim_line_number INTEGER, Person_ID TEXT, claim_start_date DATE, HCPCS_Code TEXT, paid_amount NUMERIC(12,2), ssn TEXT"):  # fmt: skip
    table(connection, "medical", columns, *rows)


def line(person, code, day="2026-01-05", paid=1, claim="c"):
    return claim, 1, person, day, code, paid, "000-00-0000"


def read(fetched, kind="medical"):
    rows = duckdb.sql(f"FROM read_parquet('{fetched.files[kind]}')")
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]


def people(fetched, kind="medical"):
    return {row[next(name for name in row if name.lower() in ("person_id", "patient_id"))].strip() for row in read(fetched, kind)}


@pytest.mark.parametrize("code", ["J1745", "j1745", " J1745 ", "J1745JW", "96413"])
def test_a_code_makes_relevant_however_it_is_written_and_all_lines_follow(database, tmp_path, code):
    medical(database, line("P1", code), line(" P1", "99213"), line("P2", "99213"), line("P3", None), line(None, "J1745"))
    found = fetch(database, [MEDICAL], CODES, None, tmp_path, "200MB")
    assert people(found) == {"P1"} and found.rows == {"medical": 2}
    assert (found.people_in_tables, found.people) == (3, 1)


@pytest.mark.parametrize("ndc", ["57894003001", "57894-0030-01", "57894-030-01", "57894-0030-1", "N457894003001", " n457894003001"])
def test_a_fill_makes_relevant_and_the_tables_share_their_people(database, tmp_path, ndc):
    medical(database, line("7", "99213"), line("8", "99213"))
    table(database, "pharmacy", "claim_id TEXT, claim_line_number INTEGER, patient_id INTEGER, dispensing_date DATE, ndc_code TEXT",
          ("r", 1, 7, "2026-01-02", ndc), ("s", 1, 9, "2026-01-02", "11111222233"))  # fmt: skip
    table(database, "members", "person_id TEXT, enrollment_start_date DATE", ("7 ", "2024-01-01"), ("9", "2024-01-01"))
    found = fetch(database, [MEDICAL, PHARMACY, ELIGIBILITY], CODES, None, tmp_path, "200MB")
    assert [people(found, kind) for kind in ("medical", "pharmacy", "eligibility")] == [{"7"}] * 3
    assert (found.people_in_tables, found.people) == (3, 1)


def test_every_written_form_is_one_that_the_load_reads_as_the_same_ndc():
    from payers.engine.ndc import ndc

    for digits in ("57894003001", "00002757501", "12345067809"):
        for form in written_forms(digits):
            assert ndc(form.removeprefix("N4")) == digits


def test_only_the_columns_that_we_read_leave_the_database(database, tmp_path):
    medical(database, line("P1", "J1745"))
    (row,) = read(fetch(database, [MEDICAL], CODES, None, tmp_path, "200MB"))
    assert row == {"claim_id": "c", "claim_line_number": "1", "Person_ID": "P1", "claim_start_date": "2026-01-05", "HCPCS_Code": "J1745", "paid_amount": "1.00"}  # fmt: skip


def test_a_table_in_another_layout_keeps_its_names_and_leaves_names_and_addresses_behind(database, tmp_path):
    medical(database, ("X1", "J1745", "2026-01-05", "Jane", "1 Main St", "blue"), columns="MEMBER_KEY TEXT, PROC TEXT, SVC_DT DATE, first_name TEXT, ADDRESS TEXT, color TEXT")  # fmt: skip
    choice = TableChoice("medical", "main", "medical", person_column="MEMBER_KEY", code_column="PROC")
    assert read_layout(database, choice).is_foreign(choice)
    assert read(fetch(database, [choice], CODES, None, tmp_path, "200MB")) == [{"MEMBER_KEY": "X1", "PROC": "J1745", "SVC_DT": "2026-01-05", "color": "blue"}]  # fmt: skip


def test_rows_may_be_cut_by_date_and_people_never_are(database, tmp_path):
    choice = TableChoice("medical", "main", "medical", date_column="claim_start_date")
    medical(
        database,
        line("P1", "J1745", "2020-01-01"),
        line("P1", "99213", "2026-02-01"),
        line("P1", "99214", None),
        line("P2", "99213"),
    )
    rows = read(fetch(database, [choice], CODES, dt.date(2026, 1, 1), tmp_path, "200MB"))
    assert {row["HCPCS_Code"] for row in rows} == {"99213", "99214"}  # a row without a date may be a new one


def test_the_same_rows_give_the_same_file_whatever_their_order(database, tmp_path):
    rows = [line(f"P{number % 7}", "J1745", paid=number, claim=f"c{number}") for number in range(3000)]
    medical(database, *rows)
    (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
    first = fetch(database, [MEDICAL], CODES, None, tmp_path / "a", "200MB")
    database.exec_driver_sql("DELETE FROM medical")
    for row in reversed(rows):
        database.exec_driver_sql("INSERT INTO medical VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    second = fetch(database, [MEDICAL], CODES, None, tmp_path / "b", "200MB")
    assert first.files["medical"].read_bytes() == second.files["medical"].read_bytes()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["medical.parquet"]


def test_a_reversal_follows_what_it_takes_back(database, tmp_path):
    medical(database, line("P1", "J1745", paid=-5), line("P1", "J1745", paid=5), line("P0", "J1745", paid=-1))
    assert [row["paid_amount"] for row in read(fetch(database, [MEDICAL], CODES, None, tmp_path, "200MB"))] == [
        "-1.00",
        "5.00",
        "-5.00",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+3"), "1000"), (Decimal("100.2500"), "100.2500"), (Decimal("0.00001"), "0.00001"), (12.0, "12"), (0.1, "0.1"),
        (1e-7, "0.0000001"), (1e22, "10000000000000000000000"), (dt.date(2026, 1, 5), "2026-01-05"), (MIDNIGHT, "2026-01-05"),
        (dt.datetime(2026, 1, 5, tzinfo=dt.timezone(dt.timedelta(hours=-6))), "2026-01-05"),
        (MIDNIGHT.replace(hour=13, minute=30), "2026-01-05 13:30:00"), (True, "true"), (7, "7"), (None, None), ("02139", "02139"),
        (memoryview(b"\x01\xff"), "01ff"), (float("nan"), "NaN"),
    ],
)  # fmt: skip
def test_cells_become_text_exactly(value, text):
    assert as_text(value) == text


def test_text_comes_through_whatever_stands_in_it(tmp_path):
    odd = ['a "quoted" name', "two\nlines", "a\rreturn", "tab\tcomma,", "née", "-", "'; DROP TABLE x; --", " edge "]
    rows = [(f"P{place:02d}", text, "") for place, text in enumerate(odd)]
    assert write_parquet([rows], ["person_id", 'odd "name"', "blank"], "person_id", tmp_path / "x.parquet", "200MB") == len(odd)
    found = duckdb.sql(f"FROM read_parquet('{tmp_path}/x.parquet')")
    assert found.columns == ["person_id", 'odd "name"', "blank"]
    assert [(row[1], row[2]) for row in found.fetchall()] == [(text, None) for text in odd]


def test_nobody_relevant_is_said_with_what_was_looked_for(database, tmp_path):
    medical(database, line("P1", "99213"))
    with pytest.raises(Trouble) as trouble:
        fetch(database, [MEDICAL], CODES, None, tmp_path, "200MB")
    assert trouble.value.rule == "nobody" and "2 HCPCS codes and 1 NDCs" in trouble.value.sentence


def test_a_table_or_column_that_is_gone_is_named(database, tmp_path):
    medical(database, line("P1", "J1745"))
    for choice, rule, name in (
        (TableChoice("medical", "main", "gone"), "table_gone", "main.gone"),
        (TableChoice("medical", "main", "medical", code_column="old_code"), "column_gone", "old_code"),
        (PHARMACY, "table_gone", "main.pharmacy"),
    ):
        with pytest.raises(Trouble) as trouble, told():
            fetch(database, [choice], CODES, None, tmp_path, "200MB")
        assert trouble.value.rule == rule and name in trouble.value.sentence


def test_tables_and_views_are_listed(database):
    medical(database)
    database.exec_driver_sql("CREATE VIEW recent AS SELECT * FROM medical")
    assert list_tables(database) == [("main", "medical"), ("main", "recent")]


@pytest.mark.parametrize("dialect", [postgresql, mssql, mysql, oracle])
def test_the_question_can_be_written_for_other_databases(dialect):
    columns = tuple((name, sa.String()) for name in ("claim_id", "person_id", "hcpcs_code", "claim_line_number"))
    layout = Layout(read_kind("medical"), (*columns, ("claim_start_date", sa.Date())))
    codes = Codes(frozenset(f"J{number:04d}" for number in range(2000)), frozenset())
    choice = TableChoice("medical", "dbo", "medical; DROP TABLE x", date_column="claim_start_date")
    query = lines_of(choice, layout, relevant_people([choice], {choice: layout}, codes), dt.date(2026, 1, 1))
    written = str(query.compile(dialect=dialect.dialect(), compile_kwargs={"render_postcompile": True}))
    assert written.count(" IN (") == 4 and "'J1999'" in written  # three lists of codes, and the people
    assert "FROM dbo.medical; DROP" not in written and "2000" not in written.replace("'J2000'", "")


def read_kind(name):
    from demand.engine.columns import KINDS

    return KINDS[name]


class Said(Exception):
    def __init__(self, words, pgcode=None):
        super().__init__(words)
        self.pgcode = pgcode


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ('connection to server at "10.0.0.7", port 5432 failed: Connection refused', "no_answer"),
        ('could not translate host name "warehouse.internal" to address', "no_answer"),
        ("connection to server failed: timeout expired", "no_answer"),
        ('FATAL:  password authentication failed for user "ann"', "sign_in"),
        ('FATAL:  role "ann" does not exist', "sign_in"),
        ('FATAL:  database "claims" does not exist', "no_database"),
        ("ORA-00942: table or view does not exist", "table_gone"),
        ("Invalid column name 'hcpcs'", "column_gone"),
        ("The SELECT permission was denied on the object", "permission"),
        ("Query execution was interrupted, maximum statement execution time exceeded", "timeout"),
        ("server closed the connection unexpectedly", "cut"),
        ("something else about patient 4711", "other"),
    ],
)
def test_a_drivers_words_give_the_kind_of_trouble_and_go_no_further(words, rule):
    error = sa.exc.OperationalError("SELECT 1", {}, Said(words))
    assert rule_of(error) == rule
    with pytest.raises(Trouble) as trouble, told():
        raise error
    assert trouble.value.__cause__ is None and words not in str(trouble.value) + trouble.value.sentence


def test_every_kind_of_trouble_says_what_to_do():
    rules = {value for name, value in vars(warehouse_trouble).items() if name.isupper() and isinstance(value, str)}
    worded_where_raised = {"no_connection", "nobody"}
    assert rules == set(warehouse_trouble.SENTENCES) | worded_where_raised
    assert all(sentence.count(". ") >= 1 and sentence.endswith(".") for sentence in warehouse_trouble.SENTENCES.values())


def at(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("schedule", "now", "last", "following"),
    [
        ("daily", "2026-03-04 03:00", "2026-03-04 03:00", "2026-03-05 03:00"),
        ("daily", "2026-03-01 02:59", "2026-02-28 03:00", "2026-03-01 03:00"),
        ("weekly", "2026-03-04 12:00", "2026-03-02 03:00", "2026-03-09 03:00"),
        ("weekly", "2026-03-02 02:00", "2026-02-23 03:00", "2026-03-02 03:00"),
        ("monthly", "2026-03-31 12:00", "2026-03-01 03:00", "2026-04-01 03:00"),
        ("monthly", "2026-01-01 01:00", "2025-12-01 03:00", "2026-01-01 03:00"),
    ],
)
def test_when_a_schedule_was_due_and_will_be(schedule, now, last, following):
    assert (last_due(schedule, 3, at(now)), next_due(schedule, 3, at(now))) == (at(last), at(following))


def test_never_is_never_due_and_months_are_whole():
    assert last_due("never", 3, at("2026-03-04 03:00")) is None and next_due("never", 3, at("2026-03-04 03:00")) is None
    assert months_back(dt.date(2026, 3, 31), 1) == dt.date(2026, 2, 1) and months_back(dt.date(2026, 3, 31), 27) == dt.date(
        2023, 12, 1
    )

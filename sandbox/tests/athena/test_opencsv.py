import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_sandbox.athena.opencsv import OpenCsv, SerdeError, split_lines

SERDE = OpenCsv()
ALPHABET = st.text(alphabet='ab ,"\\;\t\x0b\u2028é\x00', max_size=14)


def fields(line: str, serde: OpenCsv = SERDE) -> list[str | None]:
    return list(serde.fields(line))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a,b", ["a", "b"]),
        ('"a,b","c"', ["a,b", "c"]),
        ('"say ""hi""",x', ['say "hi"', "x"]),
        ('"a","",""', ["a", "", ""]),
        (",", ["", ""]),
        ('"""quoted""",x', ['"quoted"', "x"]),
        # a backslash escapes quotes and itself, within quotes or a field, and else is dropped
        (r'"C:\\dir","a\"b"', [r"C:\dir", 'a"b']),
        (r'"C:\dir"', ["C:dir"]),
        (r"\a", ["a"]),
        # a quote amid a field stays, but not within the first three characters of the line
        ('abcd"ef"gh,x', ['abcd"ef"gh', "x"]),
        ('a"b"c,x', ['ab"c', "x"]),
        ('abc, "d",e', ["abc", "d", "e"]),
        # an open quote at the end of the line loses its field
        ('a,"b', ["a"]),
        ('"a', []),
        ("", []),
    ],
)
def test_fields_are_read_as_trinos_port_of_the_serde_reads_them(
    line: str, expected: list[str | None]
) -> None:
    assert fields(line) == expected


def test_rows_are_as_wide_as_the_table_with_nulls_for_what_is_missing() -> None:
    lines = ["1,2,3,4", "1", "", '1,"2', ",,"]
    assert [list(row) for row in SERDE.rows(lines, 3)] == [
        ["1", "2", "3"],
        ["1", None, None],
        [None, None, None],
        ["1", None, None],
        ["", "", ""],
    ]


@given(st.lists(ALPHABET, max_size=4), st.integers(1, 4))
def test_the_fast_path_gives_what_the_exact_one_gives(lines: list[str], columns: int) -> None:
    def exact(line: str) -> list[str | None]:
        found = fields(line)[:columns]
        return [*found, *[None] * (columns - len(found))]

    assert [list(row) for row in SERDE.rows(lines, columns)] == [exact(line) for line in lines]


@given(st.lists(st.text(alphabet='ab ,"é', max_size=6), min_size=1, max_size=5))
def test_what_audit_manager_quotes_comes_back_as_it_was(values: list[str]) -> None:
    line = ",".join('"' + value.replace('"', '""') + '"' for value in values)
    assert fields(line) == values == next(csv.reader([line]))


def test_properties_take_their_first_character_and_an_escape_of_a_quote_means_a_backslash() -> None:
    properties = {"separatorChar": ";;", "quoteChar": "'", "escapeChar": '"'}
    serde = OpenCsv.from_properties(properties)
    assert serde == OpenCsv(separator=";", quote="'", escape="\\")
    assert fields("'a;b';c", serde) == ["a;b", "c"]
    with pytest.raises(SerdeError, match="must differ"):
        OpenCsv.from_properties({"separatorChar": '"'})


def test_lines_end_at_any_line_break_even_between_quotes_and_a_bom_is_skipped() -> None:
    content = b'\xef\xbb\xbfa\r\nb\rc\n"d\ne"\n\xff'
    assert split_lines(content) == ["a", "b", "c", '"d', 'e"', "\ufffd"]
    assert split_lines(b"") == []
    assert split_lines("a\x0bb\u2028c\n".encode()) == ["a\x0bb\u2028c"]

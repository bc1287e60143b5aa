from concurrent.futures import ThreadPoolExecutor

import pytest

from aws_sandbox.journal import Journal, JournalEntry


def test_entries_are_read_on_from_where_the_last_reading_ended() -> None:
    journal = Journal()
    journal.record(JournalEntry(source="rule a", target="queue b", outcome="carried"))
    first = journal.page({"since": "0"})
    journal.record(
        JournalEntry(source="rule a", target="topic c", outcome="refused", reason="no policy")
    )
    assert first["next"] == 1
    assert journal.page({"since": 1})["entries"] == [
        {
            "source": "rule a",
            "target": "topic c",
            "outcome": "refused",
            "reason": "no policy",
            "detail": {},
        }
    ]


def test_a_number_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="since"):
        Journal().page({"since": -1})


def test_threads_lose_no_entry() -> None:
    journal = Journal()
    entry = JournalEntry(source="a", target="b", outcome="carried")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(journal.record, [entry] * 400))
    assert len(journal.entries()) == 400

"""Schedule expressions: which there are, and when they are due."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fogbank.services.events.schedules import BadSchedule, Cron, parse_schedule


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def text_of(when_ms: int | None) -> str | None:
    if when_ms is None:
        return None
    return datetime.fromtimestamp(when_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("rate(1 minute)", 1), ("rate(5 minutes)", 5), ("rate(1 hour)", 60), ("rate(2 days)", 2880)],
)
def test_rates(text: str, minutes: int) -> None:
    assert parse_schedule(text).after(7) == 7 + minutes * 60_000


@pytest.mark.parametrize(
    ("fields", "start", "due"),
    [
        ("0 12 * * ? *", "2026-01-01T12:00", ["2026-01-02 12:00"]),
        ("0 12 * * ? *", "2026-01-01T11:59:30", ["2026-01-01 12:00"]),
        ("0/15 8-9 ? * MON-FRI *", "2026-01-02T09:40", ["2026-01-02 09:45", "2026-01-05 08:00"]),
        ("10,40 * ? * * *", "2026-01-01T00:20", ["2026-01-01 00:40", "2026-01-01 01:10"]),
        ("0 0 L * ? *", "2026-01-31T00:00", ["2026-02-28 00:00", "2026-03-31 00:00"]),
        ("0 0 29 2 ? *", "2026-01-01T00:00", ["2028-02-29 00:00"]),
        ("0 0 15W * ? *", "2026-02-01T00:00", ["2026-02-16 00:00", "2026-03-16 00:00", "2026-04-15 00:00"]),
        ("0 0 1W * ? *", "2026-07-31T00:00", ["2026-08-03 00:00"]),
        ("0 0 LW * ? *", "2026-01-01T00:00", ["2026-01-30 00:00", "2026-02-27 00:00"]),
        ("0 0 ? * 6L *", "2026-01-01T00:00", ["2026-01-30 00:00", "2026-02-27 00:00"]),
        ("0 0 ? * L *", "2026-01-01T00:00", ["2026-01-03 00:00"]),
        ("0 0 ? * TUE#2 *", "2026-01-01T00:00", ["2026-01-13 00:00", "2026-02-10 00:00"]),
        ("0 10 ? JAN,JUL SUN 2026-2027", "2026-07-26T10:00", ["2027-01-03 10:00"]),
        ("0 0 1 1 ? 2026", "2026-01-01T00:00", [None]),
        ("15 10 ? * 6L 2019-2022", "2026-01-01T00:00", [None]),
        ("0 9 ? * 2#1 *", "2026-01-01T00:00", ["2026-01-05 09:00"]),
    ],
)
def test_crons(fields: str, start: str, due: list[str | None]) -> None:
    schedule = parse_schedule(f"cron({fields})")
    assert isinstance(schedule, Cron)
    when: int | None = ms(start)
    for expected in due:
        assert when is not None
        when = schedule.after(when)
        assert text_of(when) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rate(0 minutes)",
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(5 weeks)",
        "rate(-1 hours)",
        "rate(10 seconds)",
        "rate(10 MINUTES)",
        "rate( 10 minutes )",
        " rate(10 minutes)",
        "rate()",
        "rate(10)",
        "rate(ten minutes)",
        "CRON(0 12 * * ? *)",
        "cron(* * * * * ?)",
        "cron(0 12 * * *)",
        "cron(0 12 * * * *)",
        "cron(0 12 ? * ? *)",
        "cron(60 12 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 12 32 * ? *)",
        "cron(0 12 ? * 8 *)",
        "cron(0 12 ? * MON#6 *)",
        "cron(0 12 ? FOO MON *)",
        "cron(0/0 12 ? * MON *)",
        "cron(5-1 12 ? * MON *)",
        "cron(0 12 ? * MON 2200)",
        "cron(0 12 ? * MON *) ",
        "at(2026-01-01T00:00:00)",
    ],
)
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(BadSchedule):
        parse_schedule(text)

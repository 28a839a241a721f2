"""Days of records: of a register, of all that concern somebody, as iCalendar, and by an address that a calendar program reads."""
import datetime

import pytest

from harness import Failed

VISIT = """register: visits
name: {zh: 来访接待, en: Visits}
number: LF-{seq:3}
title: guest
fields:
  - {name: guest, label: {zh: 来访单位, en: Guest}, type: text, required: true}
  - {name: host, label: {zh: 接待人, en: Host}, type: person}
  - {name: at, label: {zh: 到访时间, en: Arrives at}, type: datetime}
  - {name: leaves_on, label: {zh: 离开日期, en: Leaves on}, type: date}
  - {name: entered_on, label: {zh: 报备日期, en: Reported on}, type: date}
states:
  - {name: planned, label: {zh: 计划, en: Planned}, deadline: 3}
  - {name: over, label: {zh: 结束, en: Over}, final: true}
transitions:
  - {name: end, label: {zh: 结束, en: End}, from: [planned], to: over, who: ["field:host"]}
calendar: [at, leaves_on]
reminders: [{field: leaves_on, days: [3]}]
permissions: {see: [own, department, "field:host"], create: [everyone], edit: [own, "field:host"]}
"""
RECORDS, MINE = "/api/v1/registers/visits/records", "/api/v1/register-calendar"
RANGE = {"from": "2026-03-01", "until": "2026-03-31"}


@pytest.fixture(scope="module")
def world(district):
    district.caller("operator").post("/api/v1/registers", {"yaml": VISIT})
    reader = district.caller("reader")
    made = [reader.post(RECORDS, {"values": v}, 201) for v in (
        {"guest": "市数据局，二处；含\"引号\"与很长很长的名称" + "之" * 60, "host": "stranger", "at": "2026-03-12T09:30:00+08:00", "leaves_on": "2026-03-13", "entered_on": "2026-03-01"},
        {"guest": "邻区代表团", "at": "2026-03-31T23:50:00+08:00"},
        {"guest": "四月的客人", "at": "2026-04-01T00:10:00+08:00"})]
    return district, reader, district.caller("stranger"), made


def seen(answer):
    return [(e["day"], e["time"], e["kind"], e["label"], e["number"]) for e in answer["events"]]


def test_the_days_of_a_register(world):
    _, reader, stranger, made = world
    answer = reader.get("/api/v1/registers/visits/calendar", **RANGE)
    first, second, _ = (m["number"] for m in made)
    assert seen(answer) == [("2026-03-12", "09:30", "date", "到访时间", first), ("2026-03-13", "", "date", "离开日期", first),
                            ("2026-03-31", "23:50", "date", "到访时间", second)], answer
    assert (answer["from"], answer["until"], answer["more"]) == ("2026-03-01", "2026-03-31", False)
    # Whoever does not see a record does not see its days; and without dates it is this month.
    assert {e["number"] for e in stranger.get("/api/v1/registers/visits/calendar", **RANGE)["events"]} == {first}
    assert reader.get("/api/v1/registers/visits/calendar")["from"].endswith("-01")
    due = datetime.datetime.fromisoformat(made[0]["due"].replace("Z", "+00:00")) - datetime.timedelta(seconds=1)
    day = due.astimezone(datetime.timezone(datetime.timedelta(hours=8))).date().isoformat()
    dues = [e for e in reader.get("/api/v1/registers/visits/calendar", **{"from": day, "until": day})["events"] if e["kind"] == "due"]
    assert len(dues) == 3 and dues[0]["label"] == "办理期限" and not dues[0]["late"], dues
    assert reader.get("/api/v1/registers/visits/calendar", 422, **{"from": "2026-13-01"})["subject"] == "from"
    assert reader.get("/api/v1/registers/visits/calendar", 422, **{"from": "2026-03-02", "until": "2026-03-01"})["subject"] == "until"
    assert reader.get("/api/v1/registers/visits/calendar", 422, **{"from": "2020-01-01", "until": "2026-01-01"})["subject"] == "until"


def test_my_days(world):
    _, reader, stranger, made = world
    first, second, _ = (m["number"] for m in made)
    of = lambda who: [x for x in seen(who.get(MINE, **RANGE)) if x[4] in (first, second)]  # noqa: E731
    assert of(reader) == [("2026-03-12", "09:30", "date", "到访时间", first), ("2026-03-13", "", "remind", "离开日期", first), ("2026-03-31", "23:50", "date", "到访时间", second)]
    assert [x[4] for x in of(stranger)] == [first, first]
    assert of(world[0].caller("steward")) == []  # of the department, and nothing to do with it
    # A clock stands in the calendar of whom it waits for.
    day = stranger.get(MINE, **{"from": datetime.date.today().isoformat(), "until": (datetime.date.today() + datetime.timedelta(30)).isoformat()})
    assert [(e["kind"], e["number"]) for e in day["events"] if e["register"] == "visits"] == [("due", first)], day
    stranger.post(f"{RECORDS}/{made[0]['id']}/move", {"transition": "end"})
    assert [x[2] for x in of(stranger)] == ["date", "date"] and all(e["final"] for e in stranger.get(MINE, **RANGE)["events"] if e["number"] == first)


def parsed(text):
    assert text.endswith("END:VCALENDAR\r\n") and all(len(line.encode()) <= 75 for line in text.split("\r\n")), text
    lines, events = text.replace("\r\n ", "").split("\r\n"), []
    for line in lines:
        if line == "BEGIN:VEVENT":
            events.append({})
        elif events and ":" in line:
            key, value = line.split(":", 1)
            events[-1].setdefault(key, value)
    return lines, events


def test_icalendar(world):
    _, reader, _, made = world
    got = reader.call("GET", "/api/v1/registers/visits/calendar.ics", params=RANGE)
    assert got.headers["Content-Type"].startswith("text/calendar") and "attachment" in got.headers["Content-Disposition"]
    lines, events = parsed(got.content.decode())
    assert lines[0] == "BEGIN:VCALENDAR" and "VERSION:2.0" in lines and "X-WR-CALNAME:来访接待" in lines
    assert [e.get("DTSTART") or e.get("DTSTART;VALUE=DATE") for e in events] == ["20260312T013000Z", "20260313", "20260331T155000Z"]
    assert "含\"引号\"与很长很长的名称" in events[0]["SUMMARY"] and events[0]["SUMMARY"].endswith("：到访时间")
    assert len({e["UID"] for e in events}) == 3 and all(e["DTSTAMP"].endswith("Z") for e in events)
    assert made[0]["number"] in events[0]["DESCRIPTION"] and "\\n" in events[0]["DESCRIPTION"]


def test_an_address_for_calendar_programs(world):
    district, reader, _, made = world
    feed = f"{MINE}/feed"
    assert reader.get(feed) == {"made": None, "used": None}
    path = reader.post(feed, None, 201)["path"]
    nobody = district.caller()
    got = nobody.call("GET", path)
    assert got.status_code == 200 and got.headers["Cache-Control"] == "no-store"
    assert "X-WR-CALNAME:我的日历" in parsed(got.content.decode())[0]
    assert reader.get(feed)["used"]
    again = reader.post(feed, None, 201)["path"]
    nobody.get(path, 404)
    assert nobody.call("GET", again).status_code == 200
    nobody.get("/api/v1/calendar-feeds/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/calendar.ics", 404)
    # What the secret is, is kept nowhere; that it was made is in the audit.
    actions = [e["action"] for e in district.caller("auditadmin").get("/api/v1/audit", object_kind="person")["entries"]]
    assert actions.count("calendar.subscribe") == 2
    reader.delete(feed)
    nobody.get(again, 404)
    reader.delete(feed, 404)


def test_an_address_ends_with_the_account(world):
    district, *_ = world
    made = district.json("user", "add", "leaver", "--name", "离任者", "--department", "mzj", "--role", "data_user")
    path = district.json("register", "subscribe", "--as", "leaver")["path"]
    nobody = district.caller()
    assert nobody.call("GET", path).status_code == 200 and made
    admin = district.caller("sysadmin")
    person = admin.get("/api/v1/people", text="leaver")["people"][0]
    admin.patch(f"/api/v1/people/{person['id']}", {"state": "disabled"})
    nobody.get(path, 404)


def test_the_command_line(world, tmp_path):
    district, _, _, made = world
    text = district.cli("register", "calendar", "visits", "--from", "2026-03-01", "--until", "2026-03-31", "--as", "reader")
    assert "到访时间" in text and "09:30" in text and made[1]["number"] in text and made[2]["number"] not in text
    assert any(e["kind"] == "remind" or e["final"] for e in district.json("register", "calendar", "--from", "2026-03-01", "--until", "2026-03-31", "--as", "reader")["events"])
    out = tmp_path / "a.ics"
    district.cli("register", "calendar", "visits", "--from", "2026-03-01", "-o", out, "--as", "reader")
    assert len(parsed(out.read_bytes().decode())[1]) == 3
    with pytest.raises(Failed) as failed:
        district.cli("register", "calendar", "visits", "--from", "三月", "--as", "reader")
    assert "2026-11-23" in failed.value.err
    assert "calendar-feeds" in district.cli("register", "subscribe", "--as", "steward")
    assert "停用" in district.cli("register", "subscribe", "--end", "--as", "steward")


def test_mistakes_are_told_with_their_place(world):
    operator = world[0].caller("operator")
    bad = operator.post("/api/v1/registers/check", {"yaml": VISIT.replace("calendar: [at, leaves_on]", "calendar: [at, guest]")})["mistakes"]
    assert [(m["line"], m["key"]) for m in bad] == [(16, "calendar")] and "guest" in bad[0]["text"], bad

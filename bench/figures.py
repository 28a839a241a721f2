"""Registers with a million records: lists, filters, pages and writes; and two hundred figures over them."""
import re
import sqlite3
import subprocess
import time

from common import WORK, prepared, record, say
from harness import Caller

RECORDS, INDICATORS, CLIENTS = 1_000_000, 200, 64
REGISTER = """register: visits
name: {zh: 走访, en: Visits}
number: ZF-{seq:7}
fields:
  - {name: title, label: {zh: 事项, en: Matter}, type: text, required: true}
  - {name: day, label: {zh: 日期, en: Day}, type: date, required: true}
  - {name: kind, label: {zh: 类别, en: Kind}, type: choice, choices: [{code: a, label: 甲}, {code: b, label: 乙}, {code: c, label: 丙}]}
  - {name: answered, label: {zh: 已答复, en: Answered}, type: choice, choices: [{code: "yes", label: 是}, {code: "no", label: 否}]}
  - {name: minutes, label: {zh: 用时, en: Minutes}, type: number, decimals: 1}
  - {name: cost, label: {zh: 费用, en: Cost}, type: money}
  - {name: note, label: {zh: 备注, en: Note}, type: long_text}
views:
  - {name: all, label: {zh: 全部, en: All}, columns: [number, title, kind, day, answered, minutes], sort: "-day"}
permissions: {see: [own, department], create: [everyone], edit: [own]}
"""
DEFINITION = """indicator: visits_{n}
name: {{zh: 走访指标 {n}, en: Visits {n}}}
direction: higher
target: 90
weight: 1
period: year
evidence:
  rows: |
    SELECT id, number, day, answered, minutes, cost FROM register_visits
    WHERE kind = '{kind}' AND minutes BETWEEN {low} AND {high}
  {value}
"""
VALUES = ["part: count(*) FILTER (answered = 'yes')\n  whole: count(*)", "value: count(*)", "value: sum(cost)", "value: max(minutes)"]


def fill(qushu):
    """The records as the program keeps them, written by SQLite itself."""
    qushu.start()
    qushu.caller("operator").post("/api/v1/registers", {"yaml": REGISTER})
    made = qushu.caller("operator").post("/api/v1/registers/visits/records", {"values": {"title": "第一件", "day": "2026-01-01"}}, 201)
    qushu.stop()
    say(f"-- writing {RECORDS:,} records")
    database = sqlite3.connect(qushu.data / "qushu.db")
    columns = [row[1] for row in database.execute('PRAGMA table_info("reg_visits")')]
    own = {"id": "printf('00000000%018d', i)", "number": "printf('ZF-%07d', i + 1)", "created": "1767225600000000 + i * 1000", "changed": "1767225600000000 + i * 1000",
           '"f_title"': "'走访事项 ' || i", '"f_day"': "date('2026-01-01', '+' || (i % 330) || ' days')", '"f_kind"': "substr('abc', 1 + i % 3, 1)",
           '"f_answered"': "CASE WHEN i % 17 = 0 THEN 'no' ELSE 'yes' END", '"f_minutes"': "(i * 7919) % 1000", '"f_cost"': "(i * 104729) % 100000",
           '"f_note"': "'备注 ' || (i % 1000)"}
    listed = ", ".join(f'"{c}"' for c in columns)
    picked = ", ".join(own.get(c, own.get(f'"{c}"', f'r."{c}"')) for c in columns)
    database.execute(f"INSERT INTO reg_visits ({listed}) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {RECORDS - 1}) "
                     f"SELECT {picked} FROM n, reg_visits r WHERE r.id = ?", (made["id"],))
    database.execute("UPDATE register_counter SET last = ? WHERE register = 'visits'", (RECORDS,))
    database.execute("ANALYZE")
    database.commit()
    database.close()


def p99(base, token, path, script=None):
    command = ["wrk", "-t2", f"-c{CLIENTS}", "-d5s", "--latency", "-H", f"Authorization: Bearer {token}"]
    if script:
        file = WORK / "figures.lua"
        file.write_text(script)
        command += ["-s", str(file)]
    out = subprocess.run([*command, base + path], check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in out, out
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit], float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))


def bench_figures(rows, seconds):
    folder = WORK / "figures"
    qushu = prepared(folder, fill).start()
    try:
        token = qushu.token("operator")
        caller = Caller(qushu.base, token)
        records = "/api/v1/registers/visits/records"
        pages(qushu.base, token, records)
        begun = time.monotonic()
        first = caller.post("/api/v1/sql", {"sql": "SELECT count(*) FROM register_visits"})["rows"][0][0]
        record(f"the first SQL over {first:,} records, their snapshot made", f"{time.monotonic() - begun:.1f} s", "", "", "none set", True)
        begun = time.monotonic()
        made = caller.post(records, {"values": {"title": "刚刚", "day": "2026-11-20", "kind": "a"}}, 201)
        assert caller.post("/api/v1/sql", {"sql": f"SELECT title FROM register_visits WHERE number = '{made['number']}'"})["rows"] == [["刚刚"]]
        record("a record and the SQL that finds it", f"{(time.monotonic() - begun) * 1000:.0f} ms", "", "", "none set", True)
        figures(caller)
        writes(qushu.base, token, records)
    finally:
        qushu.stop()


def pages(base, token, records):
    seeds = "function init() math.randomseed(os.time()) end\n"
    for what, path, script in (
            ("the first page of a list", f"{records}?_size=50", None),
            ("a list sorted by a field", f"{records}?_size=50&_sort_desc=day", None),
            ("a filtered list", f"{records}?_size=50&kind=b&day=2026-05-05", None),
            ("filtered lists, each of another day", records,
             seeds + f'function request() return wrk.format("GET", string.format("{records}?_size=50&kind=b&day=2026-%02d-%02d", math.random(1, 11), math.random(1, 28))) end'),
            ("a record's page", records,
             seeds + f'function request() return wrk.format("GET", string.format("{records}/ZF-%07d", math.random(2, {RECORDS - 1}))) end')):
        p99(base, token, path, script)
        late, rate = p99(base, token, path, script)
        record(f"{what} of {RECORDS:,} records, {CLIENTS} clients", f"p99 {late:.1f} ms, {rate:,.0f}/s", "limit 10 ms", f"{late / 10:.2f}", "≤ 1", late <= 10)


def writes(base, token, records):
    body = '{"values":{"title":"新的一件","day":"2026-11-20","kind":"a","answered":"yes","minutes":"12.5","cost":"99.90"}}'
    script = f"wrk.method = 'POST'\nwrk.body = '{body}'\nwrk.headers['Content-Type'] = 'application/json'\n"
    late, rate = p99(base, token, records, script)
    record(f"records written, {CLIENTS} clients, p99 {late:.0f} ms", f"{rate:,.0f}/s", "goal 2,000/s", f"{rate / 2000:.2f}", "≥ 1", rate >= 2000)


def figures(caller):
    known = {i["code"] for i in caller.get("/api/v1/indicators")["indicators"]}
    for n in range(INDICATORS):
        if f"visits_{n}" not in known:
            caller.post("/api/v1/indicators", {"yaml": DEFINITION.format(n=n, kind="abc"[n % 3], low=n % 40, high=50 + n % 50, value=VALUES[n % 4])})

    def all_of_them():
        job = caller.post("/api/v1/indicators/compute", None, 202)["job"]
        while (state := caller.get(f"/api/v1/jobs/{job}"))["state"] not in ("succeeded", "failed"):
            time.sleep(0.02)
        assert state["state"] == "succeeded", state
        return state["output"]["values"]

    for code in known:
        if not code.startswith("visits_"):
            # The promised figures that come with the program have nothing to say here.
            yaml = caller.call("GET", f"/api/v1/indicators/{code}/definition").text
            if "retired: true" not in yaml:
                caller.post("/api/v1/indicators", {"yaml": yaml.replace("\nevidence:", "\nretired: true\nevidence:", 1)})
    all_of_them()
    begun = time.monotonic()
    count = all_of_them()
    took = time.monotonic() - begun
    assert count == INDICATORS, count
    record(f"{INDICATORS} indicators over {RECORDS:,} rows of evidence computed again", f"{took:.1f} s", "limit 5 s", f"{took / 5:.2f}", "≤ 1", took <= 5)

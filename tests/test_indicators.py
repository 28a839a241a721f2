"""Registers as relations and figures over them, over HTTP and on the command line, on both databases."""
import datetime
import time

import pytest

from harness import Failed

TODAY = datetime.date.today()
MONTH = TODAY.strftime("%Y-%m")

CALLS = """register: calls
name: {zh: 来电, en: Calls}
number: LD-{seq:3}
fields:
  - {name: title, label: {zh: 事项, en: Matter}, type: text, required: true, level: "2"}
  - {name: day, label: {zh: 日期, en: Day}, type: date, required: true}
  - {name: answered, label: {zh: 已答复, en: Answered}, type: choice, choices: [{code: "yes", label: 是}, {code: "no", label: 否}]}
  - {name: org, label: {zh: 机构, en: Institution}, type: text}
  - {name: paper, label: {zh: 材料, en: Paper}, type: attachment}
permissions: {see: [own, department], create: [everyone], edit: [own], remove: [own]}
"""
ANSWERED = """indicator: calls_answered
name: {zh: 来电答复率, en: Calls answered}
group: {zh: 来电, en: Calls}
level: quality
unit: "%"
direction: higher
target: 90
weight: 10
period: month
evidence:
  rows: |
    SELECT c.id, c.number, c.title, c.answered, c.paper
    FROM register_calls c, period
    WHERE c.day BETWEEN first_day AND as_of
    ORDER BY c.number
  part: count(*) FILTER (answered = 'yes')
  whole: count(*)
"""
RECORDS = "/api/v1/registers/calls/records"
AT = "/api/v1/indicators/calls_answered"


@pytest.fixture(scope="module")
def world(district):
    operator = district.caller("operator")
    operator.post("/api/v1/registers", {"yaml": CALLS})
    return district, operator, district.caller("reader"), district.caller("steward"), district.caller("stranger")


def enter(caller, title, answered, **more):
    return caller.post(RECORDS, {"values": {"title": title, "day": TODAY.isoformat(), "answered": answered, **more}}, 201)


def sql(caller, text, status=200):
    return caller.post("/api/v1/sql", {"sql": text}, status)


def test_records_are_joined_with_datasets_by_sql(world):
    district, operator, reader, steward, stranger = world
    steward.bring_in("机构.csv", "机构代码,机构名\n01,甲院\n02,乙院\n".encode(), dataset="institutions")
    enter(steward, "咨询床位", "yes", org="01")
    enter(steward, "投诉收费", "no", org="02")
    fields = {c["name"]: c["id"] for c in steward.get("/api/v1/datasets/institutions")["fields"]}
    joined = sql(steward, f"SELECT c.title, i.\"{fields['机构名']}\" FROM register_calls c JOIN institutions i ON i.\"{fields['机构代码']}\" = c.org ORDER BY 1")
    assert joined["rows"] == [["咨询床位", "甲院"], ["投诉收费", "乙院"]], joined
    tables = {x["code"]: x for x in steward.get("/api/v1/sql/tables")["tables"]}
    relation = tables["register_calls"]
    assert relation["relation"] and relation["title"] == "来电" and not tables["institutions"]["relation"]
    assert {c["id"]: c["level"] for c in relation["columns"]}["title"] == "2"
    # What was saved just now is there.
    enter(steward, "第三件", "yes")
    assert sql(steward, "SELECT count(*) FROM register_calls")["rows"] == [[3]]
    assert [r for r in sql(steward, "SELECT title FROM register_calls WHERE title = '第三件'")["rows"]] == [["第三件"]]


def test_sql_shows_nobody_more_than_the_list(world):
    district, operator, reader, steward, stranger = world
    for caller in (reader, stranger):
        listed = len(caller.get(RECORDS)["records"])
        assert sql(caller, "SELECT count(*) FROM register_calls")["rows"] == [[listed]]
    mine = enter(stranger, "别处的事", "yes")
    assert sql(stranger, "SELECT title FROM register_calls")["rows"] == [["别处的事"]]
    told = sql(stranger, "SELECT CAST(title AS INTEGER) FROM register_calls WHERE title <> '别处的事' OR title = '别处的事'", 422)
    assert "床位" not in str(told) and "收费" not in str(told), told
    assert sql(stranger, "SELECT * FROM reg_calls", 422)["id"] == "sql.table"
    # A signed-in person without registers is not told that there are any.
    auditor = district.caller("auditadmin")
    assert auditor.call("POST", "/api/v1/sql", json={"sql": "SELECT * FROM register_calls"}).status_code == 403
    stranger.delete(f"{RECORDS}/{mine['id']}")
    assert sql(stranger, "SELECT count(*) FROM register_calls")["rows"] == [[0]]


def test_what_is_wrong_is_told_with_its_place(world):
    _, operator, reader, *_ = world
    told = operator.post("/api/v1/indicators/check", {"yaml": ANSWERED.replace("direction: higher", "direction: up").replace("target: 90", "target: viel")})
    assert [(m["line"], m["key"]) for m in told["mistakes"]] == [(6, "direction"), (7, "target")], told
    told = operator.post("/api/v1/indicators/check", {"yaml": ANSWERED.replace("c.answered", "c.answred")})
    assert told["mistakes"][0]["line"] == 10 and "answred" in told["mistakes"][0]["text"], told
    assert operator.post("/api/v1/indicators", {"yaml": ANSWERED.replace("c.answered", "c.answred")}, 422)["id"] == "indicator.definition"
    good = operator.post("/api/v1/indicators/check", {"yaml": ANSWERED})
    assert good["mistakes"] == [] and good["version"] == 1 and good["value"]["state"] == "value", good
    operator.get(AT, 404)
    reader.post("/api/v1/indicators/check", {"yaml": ANSWERED}, 403)


def test_a_figure_opens_to_its_evidence_and_the_record(world):
    district, operator, reader, steward, stranger = world
    made = operator.post("/api/v1/indicators", {"yaml": ANSWERED, "note": "第一版"})
    assert (made["version"], made["values"]) == (1, [])
    record = enter(steward, "带材料的事", "yes")
    answer = steward.call("POST", f"{RECORDS}/{record['id']}/files?field=paper&name=答复.txt", data="已答复".encode(), headers={"Content-Type": "application/octet-stream"})
    assert answer.status_code == 201, answer.text
    value = operator.post(f"{AT}/compute", {})
    assert (value["period"], value["value"], value["state"], value["rows"], value["light_name"]) == (MONTH, "75", "value", 4, "预警"), value
    assert value["score"] == "8.33"
    evidence = operator.get(f"{AT}/evidence")
    assert evidence["hidden"] == 0 and evidence["total"] == 4
    row = next(r for r in evidence["rows"] if "带材料的事" in r["cells"])
    shown = operator.get(f"/api/v1/registers/{row['register']}/records/{row['record']}")
    assert shown["number"] == record["number"]
    files = operator.get(f"/api/v1/registers/{row['register']}/records/{row['record']}/files")["files"]
    assert operator.call("GET", f"/api/v1/registers/calls/records/{row['record']}/files/{files[0]['id']}").content.decode() == "已答复"
    # The figure is for everybody, its rows are not.
    assert stranger.get(AT)["values"][-1]["value"] == "75"
    hidden = stranger.get(f"{AT}/evidence")
    assert hidden["rows"] == [] and hidden["hidden"] == 4
    assert len(steward.get(f"{AT}/evidence")["rows"]) == 4
    reader.post(f"{AT}/compute", {}, 403)
    reader.put(f"{AT}/owner", {"owner": "reader"}, 403)
    stranger.get("/api/v1/indicators/nothing", 404)
    assert stranger.get(f"{AT}/evidence?period=1999-01", 404)["id"] == "indicator.evidence"


def test_its_owner_finds_it_among_what_waits(world):
    _, operator, reader, *_ = world
    assert not any(w["link"] == "/indicators/calls_answered" for w in reader.get("/api/v1/home")["waiting"])
    operator.put(f"{AT}/owner", {"owner": "reader"})
    waiting = [w for w in reader.get("/api/v1/home")["waiting"] if w["link"] == "/indicators/calls_answered"]
    assert len(waiting) == 1 and "75" in waiting[0]["detail"], waiting
    assert operator.put(f"{AT}/owner", {"owner": "nobody-at-all"}, 404)
    enter(reader, "又一件", "no")
    enter(reader, "再一件", "no")
    assert operator.post(f"{AT}/compute", {})["light"] == "red"
    assert any(n["link"] == "/indicators/calls_answered" for n in reader.get("/api/v1/notices")["notices"])


def test_the_promised_figures_come_with_the_program(world):
    _, operator, *_ = world
    listed = {i["code"]: i for i in operator.get("/api/v1/indicators")["indicators"]}
    for code, target in (("party_study", "5"), ("legal_publicity", "2"), ("links_leased", "350"), ("egresses", "3"), ("fault_response", "30"),
                         ("equipment_bought", "98"), ("staff_passing", "95"), ("network_assurance", "85"), ("major_incidents", "0"),
                         ("new_meeting_systems", "9"), ("meeting_systems_normal", "90"), ("satisfaction_longterm", "90")):
        assert listed[code]["target"] == target and listed[code]["origin"] == "builtin", listed[code]
    # Nothing was recorded: no figure pretends that it was.
    for code in listed:
        if code == "calls_answered":
            continue
        value = operator.post(f"/api/v1/indicators/{code}/compute", {})
        assert (value["state"], value["value"], value["light"]) == ("none", None, "none"), (code, value)


def test_the_command_line(world, tmp_path):
    district, operator, *_ = world
    file = tmp_path / "answered.yaml"
    file.write_text(ANSWERED.replace("target: 90", "target: 30"))
    assert "第 2 版" in district.cli("indicator", "check", str(file))
    assert district.json("indicator", "import", str(file)) == [{"code": "calls_answered", "version": 2}]
    value = district.json("indicator", "compute", "calls_answered", "--period", MONTH)
    assert (value["value"], value["light"], value["version"]) == ("50", "green", 2), value
    assert "LD-001" in district.cli("indicator", "evidence", "calls_answered")
    assert any(i["code"] == "calls_answered" for i in district.json("indicator", "list"))
    district.cli("indicator", "export", str(tmp_path / "all"))
    assert (tmp_path / "all" / "calls_answered.yaml").read_text() == file.read_text()
    assert (tmp_path / "all" / "links_leased.yaml").exists()
    file.write_text(ANSWERED.replace("weight: 10", "weight: 1000"))
    with pytest.raises(Failed) as told:
        district.cli("indicator", "check", str(file))
    assert f"{file}:8:" in told.value.err


def test_all_that_is_due_is_computed_as_a_job(world):
    _, operator, *_ = world
    job = operator.post("/api/v1/indicators/compute", None, 202)["job"]
    for _ in range(900):
        state = operator.get(f"/api/v1/jobs/{job}")
        if state["state"] in ("succeeded", "failed"):
            break
        time.sleep(0.1)
    assert state["state"] == "succeeded" and state["output"]["values"] >= 25, state
    values = operator.get(AT)["values"]
    assert [v["period"] for v in values] == [MONTH], "a period has one value however often it is computed"

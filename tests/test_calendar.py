"""Working days and schedules, over HTTP and the command line."""


def test_deadlines_pass_over_holidays(server):
    reader = server.caller("reader")
    year = reader.get("/api/v1/calendar?year=2026")
    assert year["known"] and year["zone"] == "Asia/Shanghai"
    days = {d["day"]: d["kind"] for d in year["days"]}
    assert days["2026-10-01"] == "holiday" and days["2026-10-10"] == "workday"
    # Day 0 is not counted; the National Day holidays are passed over, and the Saturday that makes up for them is worked.
    assert reader.get("/api/v1/calendar/deadline?from=2026-09-30&days=3")["last_day"] == "2026-10-10"
    late = reader.get("/api/v1/calendar/deadline?from=2026-12-25&days=10")
    assert late["last_day"] == "2027-01-08" and not late["sure"]
    assert not reader.get("/api/v1/calendar?year=2031")["known"]


def test_days_are_set_by_the_system_administrator_alone(server):
    admin, steward = server.caller("sysadmin"), server.caller("steward")
    path = "/api/v1/calendar/2026-09-29"
    assert steward.call("PUT", path, json={"kind": "holiday", "name": "区庆"}).status_code == 403
    assert admin.call("PUT", path, json={"kind": "holiday", "name": "区庆"}).status_code == 200
    assert steward.get("/api/v1/calendar/deadline?from=2026-09-28&days=1")["last_day"] == "2026-09-30"
    assert admin.call("DELETE", path).status_code == 204
    assert admin.call("DELETE", path).status_code == 404
    assert steward.get("/api/v1/calendar/deadline?from=2026-09-28&days=1")["last_day"] == "2026-09-29"
    assert admin.call("PUT", "/api/v1/calendar/2026-02-30", json={"kind": "holiday", "name": ""}).status_code == 422
    audit = server.caller("auditadmin").get("/api/v1/audit?action=calendar.")["entries"]
    assert {e["action"] for e in audit} >= {"calendar.put", "calendar.remove"}


def test_a_file_is_taken_whole_or_not_at_all(server):
    admin = server.caller("sysadmin")
    good = "日期,类型,名称\n2030/1/1,放假,元旦\n2030-01-05,上班,元旦\n".encode("gb18030")
    got = admin.call("POST", "/api/v1/calendar/import", data=good, headers={"Content-Type": "text/csv"})
    assert got.status_code == 200 and got.json()["days"] == 2, got.text
    bad = "2030-02-01,放假,x\n2030-02-31,放假,x\n2030-03-01,半天,x\n".encode()
    got = admin.call("POST", "/api/v1/calendar/import", data=bad, headers={"Content-Type": "text/csv"})
    assert got.status_code == 422, got.text
    told = got.json()["detail"]
    assert "第 2 行" in told and "2030-02-31" in told and "第 3 行" in told and "半天" in told
    assert len(admin.get("/api/v1/calendar?year=2030")["days"]) == 2


def test_a_schedule_is_explained_and_a_wrong_one_says_where(server):
    steward = server.caller("steward")
    told = steward.post("/api/v1/calendar/schedule", {"cron": "30 8 * * 1-5", "days": "working"})
    assert told["text"] == "每周一至周五 08:30，只在工作日" and len(told["next"]) == 5
    assert all(t.endswith("T00:30:00Z") for t in told["next"])
    first = steward.post("/api/v1/calendar/schedule", {"cron": "0 9 * * *", "days": "first_working"})
    assert first["text"] == "每月第一个工作日 09:00"
    assert steward.post("/api/v1/calendar/schedule", {"cron": "0 0 30 2 *"})["next"] == []
    for cron, field, word in (("61 * * * *", "minute", "分钟"), ("0 0 * * XYZ", "weekday", "星期"), ("0 0 *", "cron", "五栏")):
        got = steward.call("POST", "/api/v1/calendar/schedule", json={"cron": cron})
        assert got.status_code == 422 and got.json()["subject"] == field and word in got.json()["detail"], got.text


def test_the_command_line_does_the_same(server):
    assert any(d["day"] == "2026-05-09" for d in server.json("calendar", "list", "--year", "2026"))
    assert server.json("calendar", "deadline", "2026-04-30", "2")["last_day"] == "2026-05-07"
    server.cli("calendar", "set", "2026-05-06", "holiday", "--name", "补休")
    assert server.json("calendar", "deadline", "2026-04-30", "2")["last_day"] == "2026-05-08"
    server.cli("calendar", "remove", "2026-05-06")
    assert server.json("calendar", "deadline", "2026-04-30", "2")["last_day"] == "2026-05-07"

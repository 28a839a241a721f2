"""The audit: who did what, and proof that nobody changed it by hand."""
import json
import sqlite3

from harness import Caller


def by_hand(district, postgres_request, statement):
    if "store.url" in district.settings:
        server = postgres_request.getfixturevalue("postgres")
        server.sql(district.settings["store.url"].rsplit("/", 1)[1], statement)
    else:
        with sqlite3.connect(district.data / "qushu.db", timeout=10) as database:
            database.execute(statement)


def test_what_was_done_is_recorded_and_a_change_by_hand_is_named(district, request):
    steward, auditor = district.caller("steward"), district.caller("auditadmin")
    steward.bring_in("审计.csv", "编号,数量\n01,1\n02,x\n".encode(), dataset="audited")
    steward.patch("/api/v1/datasets/audited", {"title": "改过的名称"})
    steward.call("GET", "/api/v1/datasets/audited/rows.csv").content
    steward.call("POST", "/api/v1/sql", json={"sql": "SELECT * FROM audited"})
    district.caller("stranger").call("POST", "/api/v1/sql", json={"sql": "SELECT * FROM audited"})
    Caller(district.base).call("POST", "/api/v1/session", json={"login": "steward", "password": "wrong"})
    seen = auditor.get("/api/v1/audit", limit=200)["entries"]
    actions = {e["action"]: e for e in reversed(seen)}
    for action in ("dataset.publish", "dataset.change", "dataset.export", "sql.run", "session.open"):
        assert action in actions, (action, sorted(actions))
    publish = actions["dataset.publish"]
    assert publish["actor_name"] == "民政局数据管理员" and publish["from"] and publish["outcome"] == "success"
    assert publish["action_name"] != "dataset.publish"
    assert any(e["outcome"] in ("failure", "denied") for e in seen)
    assert json.dumps(actions["dataset.change"]["detail"], ensure_ascii=False).count("改过的名称")
    assert "wrong" not in json.dumps(seen)
    # Every entry carries the hash of the one before it.
    ordered = sorted(seen, key=lambda e: e["number"])
    assert all(b["previous_hash"] == a["hash"] for a, b in zip(ordered, ordered[1:]) if b["number"] == a["number"] + 1)
    assert auditor.get("/api/v1/audit", action="dataset.")["entries"]
    assert auditor.get("/api/v1/audit", actor="民政局", outcome="success")["entries"]
    assert auditor.call("GET", "/api/v1/audit/export.csv").text.count("\n") > 5

    before = district.json("audit", "verify")
    assert before["intact"] and before["entries"] >= len(seen)
    verdict = auditor.post("/api/v1/audit/verify")
    assert verdict["intact"]
    number = publish["number"]
    by_hand(district, request, f"UPDATE audit_entry SET actor_name = '别人' WHERE number = {number}")
    message = district.cli("audit", "verify", code=6)
    assert str(number) in message
    assert auditor.post("/api/v1/audit/verify")["first_broken"] == number
    by_hand(district, request, f"UPDATE audit_entry SET actor_name = '民政局数据管理员' WHERE number = {number}")
    assert district.json("audit", "verify")["intact"]
    by_hand(district, request, f"DELETE FROM audit_entry WHERE number = {number}")
    assert str(number) in district.cli("audit", "verify", code=6)
    assert "✗" in _doctor(district)


def _doctor(district):
    from harness import Failed
    try:
        return district.cli("doctor")
    except Failed as failed:
        assert failed.code == 6
        return failed.out

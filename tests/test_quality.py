"""Rules from proposal to score, rejects, stops and waivers, and correction tickets: over HTTP and on the command line."""
import csv
import io
import json
import time
import zipfile

import pytest

from harness import Failed

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(n):
    body = f"91110108MA{n:07d}"
    return body + ALPHABET[(31 - sum(ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(body)) % 31) % 31]


def firms(count, **changed):
    lines = ["统一社会信用代码,名称,类型,人数"]
    for n in range(1, count + 1):
        code, name, kind, staff = credit_code(n), f"第{n}公司", ["公司", "个体"][n % 2], n
        lines.append(changed.get(f"r{n}", f"{code},{name},{kind},{staff}"))
    return ("\n".join(lines) + "\n").encode()


BAD = {"r5": f"{credit_code(5)[:-1]}{'0' if credit_code(5)[-1] != '0' else '1'},第5公司,公司,5", "r9": f"{credit_code(8)},第9公司,公司,9",
       "r20": f"{credit_code(20)},,公司,20"}


@pytest.fixture(scope="module")
def world(district):
    steward = district.caller("steward")
    steward.bring_in("企业.csv", firms(100), dataset="qfirms")
    yield district, steward
    steward.patch("/api/v1/datasets/qfirms", {"readers": []})


def quality(steward):
    return steward.get("/api/v1/datasets/qfirms/quality")


def wait_job(steward, job):
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        state = steward.get(f"/api/v1/jobs/{job}")
        if state["state"] not in ("queued", "running"):
            assert state["state"] == "succeeded", state
            return
        time.sleep(0.05)
    raise AssertionError("the job does not end")


def test_from_proposal_to_score(world):
    district, steward = world
    assert quality(steward)["check"] is None and quality(steward)["rules"] == []
    profile = steward.get("/api/v1/datasets/qfirms/profile")  # computed by now, or on demand
    name = next(f for f in profile["fields"] if f["name"] == "名称")
    assert (name["blank"], name["min_length"], name["max_length"]) == (0, 4, 6)
    found = steward.get("/api/v1/datasets/qfirms/quality/proposals")
    proposals = found["proposals"]
    assert found["from_profile"] is True
    kinds = {(p["rule"]["kind"], tuple(p["rule"]["fields"]), p["rule"]["params"].get("format")) for p in proposals}
    code = next(f["id"] for f in steward.get("/api/v1/datasets/qfirms")["fields"] if f["name"].startswith("统一"))
    assert ("format", (code,), "credit_code") in kinds and ("unique", (code,), None) in kinds, kinds
    assert all(p["reason"] and p["share"] == 100 for p in proposals), proposals
    take = [{k: p["rule"][k] for k in ("kind", "fields", "params")} for p in proposals]
    for rule in take:
        rule["severity"] = "reject" if rule["fields"] == [code] and rule["kind"] in ("format", "unique") else "warn"
    steward.post("/api/v1/datasets/qfirms/quality/rules", {"rules": take}, 201)
    assert steward.get("/api/v1/datasets/qfirms/quality/proposals")["proposals"] == []
    wait_job(steward, steward.post("/api/v1/datasets/qfirms/quality/check", None, 202)["job"])
    assert quality(steward)["check"]["scores"]["total"] == 100
    assert district.json("quality", "show", "qfirms")["scores"]["total"] == 100


def test_rejects_are_rejects_and_the_score_says_so(world):
    district, steward = world
    made = steward.bring_in("企业2.csv", firms(100, **BAD), dataset="qfirms")
    assert made["tables"][0]["version"] == 2
    version = steward.get("/api/v1/datasets/qfirms/versions")["versions"][0]
    assert (version["read"], version["published"], version["rejected"]) == (100, 98, 2)
    rejects = list(csv.DictReader(io.StringIO(steward.get("/api/v1/datasets/qfirms/rejects.csv").lstrip("\ufeff"))))
    assert {r["行"] for r in rejects} == {"6", "10"}, rejects
    assert any("校验位" in r["原因"] for r in rejects) and any("重复" in r["原因"] for r in rejects)
    check = quality(steward)["check"]
    assert check["version"] == version["number"] and 0 < check["scores"]["total"] < 100
    assert next(o for o in check["outcomes"] if o["kind"] == "unique" and o["failed"])["failed"] == 1 and 99 < check["scores"]["uniqueness"] < 100
    failing = {o["kind"]: o for o in check["outcomes"] if o["failed"]}
    assert failing["format"]["rejected"] == 1 and failing["required"]["failed"] == 1
    text = steward.get(f"/api/v1/quality/checks/{check['id']}/failures.csv")
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    assert {r["字段"] for r in rows} >= {"名称", "统一社会信用代码"}, rows
    book = zipfile.ZipFile(io.BytesIO(steward.call("GET", f"/api/v1/quality/checks/{check['id']}/failures.xlsx").content))
    assert "校验位" in (book.read("xl/worksheets/sheet1.xml") + (book.read("xl/sharedStrings.xml") if "xl/sharedStrings.xml" in book.namelist() else b"")).decode()
    rule = failing["required"]["id"]
    page = steward.get(f"/api/v1/quality/checks/{check['id']}/failures", rule=rule)["failures"]
    assert len(page) == 1 and "第20公司" not in page[0]["raw"] and credit_code(20) in page[0]["raw"]
    # A check of the version as it stands remembers what was turned away.
    before = check["scores"]
    again = district.json("quality", "run", "qfirms", "--as", "steward")
    assert next(o["failed"] for o in again["outcomes"] if o["kind"] == "format") == 1 and abs(again["scores"]["total"] - before["total"]) < 0.5
    before = again["scores"]
    overview = next(d for d in steward.get("/api/v1/quality")["datasets"] if d["code"] == "qfirms")
    assert overview["scores"] == before and overview["rules"] > 3


def test_a_stop_waits_and_is_let_pass_with_a_reason(world):
    district, steward = world
    added = json.loads(district.cli("--json", "quality", "add", "qfirms", '{"kind": "range", "fields": ["人数"], "params": {"max": 50}, "severity": "stop"}', "--as", "steward"))
    made = steward.upload("企业3.csv", firms(60), dataset="qfirms")
    steward.wait_import(made["id"], "ready")
    before = steward.get("/api/v1/datasets/qfirms")["version"]
    steward.post(f"/api/v1/imports/{made['id']}/publish")
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        state = steward.get(f"/api/v1/imports/{made['id']}")
        if state["state"] != "publishing":
            break
        time.sleep(0.05)
    assert state["state"] == "ready" and "停止发布" in state["error"] and "10 行不合格" in state["error"], state
    assert steward.get("/api/v1/datasets/qfirms")["version"] == before
    stopped = quality(steward)["stopped"]
    assert [o["failed"] for o in stopped["outcomes"] if o["breached"] and o["severity"] == "stop"] == [10]
    assert any(w["kind"] == "quality_stopped" for w in steward.get("/api/v1/home")["waiting"])
    assert not any(w["kind"] == "quality_stopped" for w in district.caller("rival").get("/api/v1/home")["waiting"])
    steward.post(f"/api/v1/quality/checks/{stopped['id']}/waive", {"reason": " "}, 422)
    steward.post(f"/api/v1/quality/checks/{stopped['id']}/waive", {"reason": "人数口径改为含派遣人员"})
    steward.post(f"/api/v1/imports/{made['id']}/publish")
    assert steward.wait_import(made["id"], "published")["tables"][0]["published"] == 60
    assert quality(steward)["stopped"] is None
    entries = district.caller("auditadmin").get("/api/v1/audit", action="quality.waive")["entries"]
    assert entries[0]["detail"]["reason"] == "人数口径改为含派遣人员"
    steward.delete(f"/api/v1/datasets/qfirms/quality/rules/{added[0]['id']}")


def test_what_is_wrong_with_a_rule_is_said(world):
    district, steward = world
    for rule, subject in (({"kind": "range", "fields": ["名称"], "params": {}}, "rules[0].params.min"),
                          ({"kind": "expression", "params": {"sql": "人数 > (SELECT 1)"}}, "rules[0]"),
                          ({"kind": "expression", "params": {"sql": "read_text('/etc/passwd') = 'x'"}}, "rules[0]"),
                          ({"kind": "range", "fields": ["人数"], "params": {"min": 10, "max": 1}}, "rules[0].params.min"),
                          ({"kind": "nosuch"}, "rules[0].kind")):
        got = steward.call("POST", "/api/v1/datasets/qfirms/quality/rules", json={"rules": [rule]})
        assert got.status_code == 422 and got.json()["subject"].startswith(subject), got.text
    twice = {"kind": "length", "fields": ["名称"], "params": {"min": 1, "max": 99}}
    got = steward.call("POST", "/api/v1/datasets/qfirms/quality/rules", json={"rules": [twice, twice]})
    assert got.status_code == 409 and got.json()["subject"] == "rules[1]", got.text
    with pytest.raises(Failed) as failed:
        district.cli("quality", "add", "qfirms", "{broken", "--as", "steward")
    assert failed.value.code == 3
    tried = steward.post("/api/v1/datasets/qfirms/quality/test", {"kind": "range", "fields": ["人数"], "params": {"max": 40}})
    assert (tried["checked"], tried["failed"]) == (60, 20) and len(tried["examples"]) == 5


def test_who_sees_what(world):
    district, steward = world
    rival = district.caller("rival")
    check = quality(steward)["check"]["id"]
    for path in ("/api/v1/datasets/qfirms/quality", f"/api/v1/quality/checks/{check}", f"/api/v1/quality/checks/{check}/failures", f"/api/v1/quality/checks/{check}/failures.csv"):
        rival.get(path, 404)
    assert not any(d["code"] == "qfirms" for d in rival.get("/api/v1/quality")["datasets"])
    steward.patch("/api/v1/datasets/qfirms", {"readers": ["wjw"]})
    shown = rival.get("/api/v1/datasets/qfirms/quality")
    assert shown["check"]["scores"]["total"] and not shown["may_write"] and not shown["may_see_failures"]
    assert all(o["examples"] == [] for o in shown["check"]["outcomes"])
    rival.get(f"/api/v1/quality/checks/{check}/failures", 403)
    rival.get(f"/api/v1/quality/checks/{check}/failures.csv", 403)
    rival.post("/api/v1/datasets/qfirms/quality/check", None, 403)
    rival.post("/api/v1/datasets/qfirms/quality/rules", {"rules": [{"kind": "required", "fields": ["名称"]}]}, 403)


def test_the_life_of_a_correction(world):
    district, steward = world
    steward.patch("/api/v1/datasets/qfirms", {"readers": ["wjw"]})
    user = district.caller("stranger")
    ticket = user.post("/api/v1/corrections", {"dataset": "qfirms", "row": credit_code(7), "field": "名称", "wrong": "名称应为第七公司", "proposed": "第七公司"}, 201)
    assert ticket["state"] == "pending" and ticket["days_left"] == 10 and ticket["may_answer"] is False
    user.post("/api/v1/corrections", {"dataset": "qfirms", "row": credit_code(7), "field": "名称", "wrong": "名称应为第七公司", "proposed": "第七公司"}, 409)
    assert any(w["link"] == f"/corrections/{ticket['id']}" for w in steward.get("/api/v1/home")["waiting"])
    district.caller("rival").get(f"/api/v1/corrections/{ticket['id']}", 404)
    user.post(f"/api/v1/corrections/{ticket['id']}/answer", {"outcome": "corrected", "text": "自己改"}, 403)
    assert district.json("correction", "accept", ticket["id"], "--as", "steward")["state"] == "working"
    steward.post(f"/api/v1/corrections/{ticket['id']}/answer", {"outcome": "refused", "text": "与登记一致"})
    assert any(w["link"] == f"/corrections/{ticket['id']}" for w in user.get("/api/v1/home")["waiting"])
    again = user.post(f"/api/v1/corrections/{ticket['id']}/reopen", {"text": "附上营业执照"})
    assert again["state"] == "pending" and again["answered"] is None
    steward.post(f"/api/v1/corrections/{ticket['id']}/answer", {"outcome": "corrected", "text": "已更正"})
    steward.post(f"/api/v1/corrections/{ticket['id']}/answer", {"outcome": "corrected", "text": "再次"}, 409)
    assert user.post(f"/api/v1/corrections/{ticket['id']}/confirm")["state"] == "closed"
    shown = user.get(f"/api/v1/corrections/{ticket['id']}")
    assert [e["action"] for e in shown["events"]] == ["report", "accept", "answer", "reopen", "answer", "confirm"]
    mine = next(s for s in steward.get("/api/v1/corrections/statistics")["departments"] if s["department_name"] == "区民政局")
    assert mine["answered"] >= 1 and mine["in_time"] == mine["answered"] and mine["overdue"] == 0
    assert ticket["id"] in {c["id"] for c in district.json("correction", "list", "--box", "mine", "--as", "stranger")}


def test_files_of_a_correction(world, tmp_path):
    district, steward = world
    steward.patch("/api/v1/datasets/qfirms", {"readers": ["wjw"]})
    user, rival = district.caller("stranger"), district.caller("rival")
    ticket = user.post("/api/v1/corrections", {"dataset": "qfirms", "wrong": "名称写错，见附件"}, 201)
    path = f"/api/v1/corrections/{ticket['id']}"
    assert ticket["may_attach"] == ["report"]
    proof = bytes(range(256)) * 1000
    first = user.upload_to(f"{path}/files", "..\\材料\\营业执照\u202e.pdf", proof)
    assert (first["name"], first["part"], first["size"]) == ("营业执照.pdf", "report", len(proof))
    second = user.upload_to(f"{path}/files", "<b>x.html", b"<script>alert(1)</script>")
    answer = steward.upload_to(f"{path}/files", "核实说明.txt", "经核实".encode())
    assert answer["part"] == "answer"
    # Whoever sees the ticket downloads, never in place; a stranger is told nothing and leaves nothing.
    for who in (user, steward):
        got = who.call("GET", f"{path}/files/{second['id']}")
        assert got.content == b"<script>alert(1)</script>" and got.headers["Content-Type"] == "application/octet-stream"
        assert got.headers["Content-Disposition"].startswith("attachment") and "%3Cb%3Ex" in got.headers["Content-Disposition"]
    rival.get(f"{path}/files/{first['id']}", 404)
    rival.upload_to(f"{path}/files", "a.txt", b"x", 404)
    rival.delete(f"{path}/files/{first['id']}", 404)
    district.caller().get(f"{path}/files/{first['id']}", 401)
    steward.delete(f"{path}/files/{first['id']}", 403)
    user.delete(f"{path}/files/{second['id']}")
    user.get(f"{path}/files/{second['id']}", 404)
    # What does not fit is refused before and after it was sent.
    sysadmin = district.caller("sysadmin")
    sysadmin.put("/api/v1/settings/quality.correction_file_size", {"value": "2KiB"})
    try:
        assert "2.0 KiB" in user.upload_to(f"{path}/files", "大.bin", b"x" * 3000, 413)["detail"]
        got = user.call("POST", f"{path}/files", params={"name": "大.bin"}, data=iter([b"x" * 1500, b"y" * 1500]), headers={"Content-Type": "application/octet-stream"})
        assert got.status_code == 413, got.text
    finally:
        sysadmin.put("/api/v1/settings/quality.correction_file_size", {"value": "20MiB"})
    assert user.upload_to(f"{path}/files", "空.txt", b"", 422)["id"] == "correction.file_empty"
    assert user.upload_to(f"{path}/files", " / ", b"x", 422)["subject"] == "name"
    # On the command line: attached, shown, saved.
    mine = tmp_path / "补充.txt"
    mine.write_bytes("补充".encode())
    shown = district.json("correction", "attach", ticket["id"], str(mine), str(mine), "--as", "stranger")
    assert [f["name"] for f in shown["files"]] == ["营业执照.pdf", "核实说明.txt", "补充.txt", "补充.txt"]
    district.cli("correction", "download", ticket["id"], first["id"], "--output", str(tmp_path / "out.pdf"), "--as", "steward")
    assert (tmp_path / "out.pdf").read_bytes() == proof
    with pytest.raises(Failed):
        district.cli("correction", "download", ticket["id"], first["id"], "--output", str(tmp_path / "no.pdf"), "--as", "rival")
    steward.post(f"{path}/answer", {"outcome": "corrected", "text": "已更正"})
    steward.upload_to(f"{path}/files", "晚了.txt", b"x", 409)
    files = user.get(path)["files"]
    assert [f["may_remove"] for f in files] == [True, False, True, True]
    assert [e["action"] for e in user.get(path)["events"]].count("attach") == 5
    district.stop()
    district.start(port=int(district.base.rsplit(":", 1)[1]))
    assert district.caller("stranger").call("GET", f"{path}/files/{first['id']}").content == proof

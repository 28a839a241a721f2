"""Year end, over HTTP and on the command line, on both databases: monitoring and its warnings, self-evaluations drawn from evidence, their second person, form and archive."""
import datetime
import hashlib
import io
import json
import subprocess
import time
import zipfile

import pytest

from budgets import WAN, content, officer
from harness import Failed, until

TODAY = datetime.date.today()
YEAR, MONTH = TODAY.year, TODAY.month

CALLS = """register: calls
name: {zh: 来电, en: Calls}
number: LD-{seq:3}
fields:
  - {name: title, label: {zh: 事项, en: Matter}, type: text, required: true}
  - {name: day, label: {zh: 日期, en: Day}, type: date, required: true}
  - {name: answered, label: {zh: 已答复, en: Answered}, type: choice, choices: [{code: "yes", label: 是}, {code: "no", label: 否}]}
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
    SELECT c.id, c.number, c.title, c.answered
    FROM register_calls c, period
    WHERE c.day BETWEEN first_day AND as_of
    ORDER BY c.number
  part: count(*) FILTER (answered = 'yes')
  whole: count(*)
"""


def goals():
    def of(project, level, name, value, unit="", indicator=""):
        return {"project": project, "level": level, "name": name, "value": value, "unit": unit, "evidence": "台账", "indicator": indicator}
    return [of("P1", "satisfaction", "使用单位满意度", "≥80", "%"), of("P1", "quality", "来电答复率", "≥90", "%", "calls_answered"),
            of("P1", "quantity", "租用线路", "≥350", "条", "links_leased"), of("P1", "social", "网络保障", "稳定"),
            of("P2", "quality", "不认识的指标", "≥1", "", "no_such_thing"), of("P2", "social", "安全", "稳定"), of("P2", "satisfaction", "满意度", "≥85", "%"),
            of("", "quality", "来电答复率", "≥90", "%", "calls_answered"), of("", "social", "整体", "稳定"), of("", "satisfaction", "总体满意度", "≥80", "%")]


@pytest.fixture(scope="module")
def world(district):
    budgeter, decider = officer(district, "budgeter", "budget_officer"), officer(district, "decider", "budget_reviewer", "root")
    operator = district.caller("operator")
    operator.post("/api/v1/registers", {"yaml": CALLS})
    operator.post("/api/v1/indicators", {"yaml": ANSWERED})
    reader = district.caller("reader")
    # In the past and now of the year: three of four.
    for day, answered in ((f"{YEAR}-01-01", "yes"), (TODAY.isoformat(), "yes"), (TODAY.isoformat(), "yes"), (TODAY.isoformat(), "no")):
        reader.post("/api/v1/registers/calls/records", {"values": {"title": "来电", "day": day, "answered": answered}}, 201)
    operator.post("/api/v1/indicators/calls_answered/compute", {})
    one = budgeter.post("/api/v1/budgets", {"department": "mzj", "year": YEAR}, 201)
    at = f"/api/v1/budgets/{one['id']}"
    budgeter.put(at, {"revision": 1, "content": {**content(YEAR), "goals": goals()}})
    assert budgeter.post("/api/v1/evaluations", {"department": "mzj", "year": YEAR, "project": "P1"}, 409)["id"] == "evaluation.state", "the budget is no more than a draft"
    budgeter.post(f"{at}/submit", {})
    decider.post(f"{at}/approve", {})
    return district, budgeter, decider, operator, at


def late(caller):
    return [n for n in caller.get("/api/v1/notices")["notices"] if n["kind"] == "execution_late"]


def test_monitoring_sets_money_beside_goals_and_tells_once_when_it_turns_red(world):
    district, budgeter, decider, operator, at = world
    unit, = budgeter.get("/api/v1/monitoring", year=YEAR)["units"]
    lines = {l["subject"]: l for l in unit["lines"]}
    assert unit["month"] == MONTH and unit["whole"]["light"] == "red" and {l["light"] for l in lines.values()} == {"red"}
    told = {g["name"]: (g["state"], g["value"], g["light"]) for g in lines["P1"]["goals"]}
    # 2 of 3 this month, unless the first of January is in it.
    assert told["来电答复率"][0] == "value" and told["来电答复率"][2] in ("yellow", "red")
    assert told["租用线路"] == ("none", None, "none") and told["网络保障"] == ("unbound", None, "none")
    assert lines["P2"]["goals"][0]["state"] == "unknown" and [g["name"] for g in unit["whole"]["goals"]] == ["来电答复率", "整体", "总体满意度"]
    until(lambda: len(late(budgeter)) == 5)
    time.sleep(2.5)
    assert len(late(budgeter)) == 5 and late(decider) == [], "each once: the whole, personnel, office and two projects"
    # What the time would have: 60 and 80 per cent of it are the borders.
    network = 696 * WAN

    def spend(share):
        return budgeter.put(f"{at}/spent/1", {"amounts": {"P1": network * MONTH * share // 1200}})
    for share, light in ((59, "red"), (61, "yellow"), (79, "yellow"), (81, "green")):
        spend(share)
        unit, = budgeter.get("/api/v1/monitoring", year=YEAR)["units"]
        line = next(l for l in unit["lines"] if l["subject"] == "P1")
        assert line["light"] == light and abs(float(line["pace"]) - share) < 0.2, line
    time.sleep(2.5)
    of_p1 = lambda: [n for n in late(budgeter) if "网络系统" in n["title"]]
    before = len(of_p1())
    spend(10)
    until(lambda: len(of_p1()) == before + 1)
    spend(11)
    time.sleep(2.5)
    assert len(of_p1()) == before + 1, "it had been red already"
    spend(1200 // MONTH)
    assert district.caller("stranger").get("/api/v1/monitoring", year=YEAR)["units"] == []
    assert len(district.caller("reader").get("/api/v1/monitoring", year=YEAR)["units"]) == 1
    assert "来电答复率" in district.cli("evaluation", "monitor", str(YEAR))
    budgeter.get("/api/v1/monitoring", 422)


def test_a_self_evaluation_from_evidence_to_approval(world):
    district, budgeter, decider, operator, budget = world
    made = budgeter.post("/api/v1/evaluations", {"department": "mzj", "year": YEAR, "project": "P1"}, 201)
    at = f"/api/v1/evaluations/{made['id']}"
    items = {i["name"]: i for i in made["form"]["items"]}
    assert list(items) == ["租用线路", "来电答复率", "网络保障", "使用单位满意度"], "in the order of the form"
    answered = items["来电答复率"]
    # Of the whole year: three of four, 75 of 90.
    assert (answered["drawn"], answered["actual"], answered["rows"], answered["weight"], answered["score"]) == ("value", "75", 4, "25.00", "20.83")
    assert (items["租用线路"]["drawn"], items["租用线路"]["actual"], items["租用线路"]["score"]) == ("none", None, None)
    assert [i["weight"] for i in items.values()] == ["25.00", "25.00", "30.00", "10.00"]
    assert items["网络保障"]["direction"] == "qualitative" and items["使用单位满意度"]["direction"] == "higher"
    assert (made["form"]["expected"], made["grade"], made["complete"]) == ("网络安全稳定运行", "", False)
    problems = " ".join(p["text"] for p in made["problems"])
    for words in ("“租用线路”没有证据", "“来电答复率”得 20.83 分", "实际完成情况", "“网络保障”没有完成值"):
        assert words in problems, problems
    told = budgeter.post(f"{at}/submit", {}, 422)
    assert told["id"] == "evaluation.problems" and "不能提交" in told["detail"]
    assert budgeter.post("/api/v1/evaluations", {"department": "mzj", "year": YEAR, "project": "P1"}, 409)["id"] == "evaluation.exists"
    assert budgeter.post("/api/v1/evaluations", {"department": "mzj", "year": YEAR, "project": "P9"}, 404)["subject"] == "project"
    district.caller("stranger").get(at, 404)
    district.caller("reader").put(at, {"revision": 1}, 403)
    # What evidence tells nobody enters; what is no number, is told with its place.
    revision = lambda: budgeter.get(at)["version"]["revision"]
    put = lambda item, status=200, **what: budgeter.put(at, {"revision": revision(), "items": [{"id": items[item]["id"], **what}]}, status)
    assert put("来电答复率", 422, hand="99")["subject"] == "items[1].hand"
    assert put("租用线路", 422, hand="三百")["subject"] == "items[0].hand"
    assert put("网络保障", 422, direction="higher")["subject"] == "items[2].direction"
    assert put("网络保障", 422, hand="101")["subject"] == "items[2].hand"
    assert put("租用线路", 422, weight="x")["subject"] == "items[0].weight"
    assert budgeter.put(at, {"revision": 99}, 409)["id"] == "evaluation.changed"
    now = budgeter.put(at, {"revision": revision(), "reached": "全年稳定运行", "funds_cause": "未到付款期", "funds_remedy": "年底付清", "items": [
        {"id": items["租用线路"]["id"], "hand": "350", "hand_reason": "台账未登记"}, {"id": items["来电答复率"]["id"], "weight": "20", "cause": "人手不足", "remedy": "增加值班"},
        {"id": items["网络保障"]["id"], "hand": "90", "hand_reason": "测评", "cause": "偶有中断", "remedy": "备用线路"}, {"id": items["使用单位满意度"]["id"], "hand": "85", "hand_reason": "问卷"}]})
    texts = [p["text"] for p in now["problems"]]
    assert len(texts) == 4 and "现为 85.00（产出指标 45.00、效益指标 30.00、满意度指标 10.00），少 5.00 分" in texts[0] and all("请上传佐证材料" in t for t in texts[1:]), texts
    put("来电答复率", weight="25")
    for name in ("租用线路", "网络保障", "使用单位满意度"):
        got = budgeter.call("POST", f"{at}/files?item={items[name]['id']}&name={name}.txt", data=f"材料：{name}".encode(), headers={"Content-Type": "application/octet-stream"})
        assert got.status_code == 201, got.text
    now = got.json()
    assert now["problems"] == [] and now["complete"]
    spent = now["form"]["spent"]
    execution = min(10.0, round(spent * 10 / now["form"]["adjusted"], 2))
    assert abs(float(now["form"]["execution_score"]) - execution) < 0.011
    # 25 of 25, 75/90 of 25, 90 % of 30, 10 of 10.
    total = 25 + 20.83 + 27 + 10 + float(now["form"]["execution_score"])
    assert abs(float(now["score"]) - total) < 0.001 and now["grade"] == ("excellent" if total >= 90 else "good")
    # The evidence as it was drawn, for who may see it.
    rows = budgeter.get(f"{at}/items/{answered['id']}/evidence")
    assert rows["total"] == 4 and len(rows["rows"]) == 4
    budgeter.get(f"{at}/items/{items['网络保障']['id']}/evidence", 404)
    # More calls come in: what was drawn stays until it is drawn anew.
    for _ in range(4):
        operator.post("/api/v1/registers/calls/records", {"values": {"title": "又一件", "day": TODAY.isoformat(), "answered": "yes"}}, 201)
    assert budgeter.get(at)["form"]["items"][1]["actual"] == "75"
    now = budgeter.post(f"{at}/draw", {"revision": revision()})
    assert now["form"]["items"][1]["actual"] == "87.5" and now["form"]["items"][0]["hand"] == "350" and now["problems"] == []
    budgeter.post(f"{at}/submit", {"comment": "请审"})
    budgeter.put(at, {"revision": revision(), "reached": "改一下"}, 409)
    budgeter.post(f"{at}/approve", {}, 403)
    assert any(n["kind"] == "evaluation_submitted" for n in decider.get("/api/v1/notices")["notices"])
    assert decider.post(f"{at}/return", {}, 422)["id"] == "evaluation.text"
    decider.post(f"{at}/return", {"comment": "补充说明"})
    budgeter.post(f"{at}/submit", {})
    assert decider.get(at)["may"]["decide"]
    done = decider.post(f"{at}/approve", {"comment": "同意"})
    assert done["version"]["state"] == "approved" and done["grade"] in ("excellent", "good")
    # Never changed again; a correction begins a version of its own.
    budgeter.put(at, {"revision": revision(), "reached": "改"}, 409)
    budgeter.post(f"{at}/draw", {"revision": revision()}, 409)
    budgeter.delete(f"{at}/files/{done['form']['items'][0]['files'][0]['id']}", 409)
    again = budgeter.post(f"{at}/revise", {"reason": "完成值有误"})
    assert (again["version"]["version"], again["version"]["state"], again["problems"]) == (2, "draft", [])
    budgeter.put(at, {"revision": 1, "reached": "更正后的说明"})
    first = budgeter.get(at, version=1)
    assert first["form"]["reached"] == "全年稳定运行" and not first["may"]["edit"]
    assert [s["action"] for s in budgeter.get(f"{at}/history")["steps"]][:6] == ["save", "revise", "approve", "submit", "return", "submit"]
    actions = {e["action"] for e in district.caller("auditadmin").get("/api/v1/audit", object_kind="evaluation", limit=100)["entries"]}
    assert {"evaluation.create", "evaluation.approve", "evaluation.attach"} <= actions


def test_the_form_and_one_zip_that_the_audit_vouches_for(world, tmp_path):
    district, budgeter, decider, operator, budget = world
    one = next(e for e in budgeter.get("/api/v1/evaluations", year=YEAR)["evaluations"] if e["project"] == "P1")
    at = f"/api/v1/evaluations/{one['id']}"
    pdf = budgeter.call("GET", f"{at}/print?version=1").content
    text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    for words in (f"{YEAR} 年项目支出绩效自评表", "年初预算数", "696.00", "网络系统运行经费", "一级指标", "产出指标", "来电答复率", "87.5%", "人手不足", "手工填写", "等级："):
        assert words in text, text
    assert budgeter.call("GET", f"{at}/print?format=xlsx").content[:2] == b"PK"
    got = decider.call("GET", f"{at}/archive?version=1")
    assert got.status_code == 200, got.text
    path = tmp_path / "a.zip"
    path.write_bytes(got.content)
    sha = hashlib.sha256(got.content).hexdigest()
    assert got.headers["X-Content-SHA256"] == sha
    with zipfile.ZipFile(path) as z:
        z.extractall(tmp_path / "out")
        names = set(z.namelist())
    assert {"自评表.pdf", "自评表.xlsx", "佐证/02 来电答复率.csv", "附件/01 租用线路/租用线路.txt", "manifest.json", "SHA256SUMS"} <= names, names
    subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=tmp_path / "out", check=True, capture_output=True)
    rows = (tmp_path / "out" / "佐证/02 来电答复率.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == 9 and "事项" in rows[0], rows
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["evaluations"][0]["version"] == 1
    entry = district.caller("auditadmin").get("/api/v1/audit", action="evaluation.export")["entries"][0]
    assert entry["detail"]["sha256"] == sha and set(entry["detail"]["files"]) == names
    # The same, told by API and command; packed anew; changed; something of another's.
    verify = lambda data: budgeter.call("POST", "/api/v1/evaluations/verify", data=data, headers={"Content-Type": "application/zip"}).json()
    verdict = verify(got.content)
    assert verdict["good"] and verdict["same"] and verdict["entry"] == entry["number"] and {f["state"] for f in verdict["files"]} == {"same"}
    assert "一致" in district.cli("evaluation", "verify", str(path))

    def packed(change):
        out = io.BytesIO()
        with zipfile.ZipFile(path) as z, zipfile.ZipFile(out, "w") as to:
            for name in z.namelist():
                data = change(name, z.read(name))
                if data is not None:
                    to.writestr(name, data)
        return out.getvalue()
    verdict = verify(packed(lambda name, data: data))
    assert verdict["good"] and not verdict["same"]
    bent = packed(lambda name, data: data + b"x" if name.endswith(".csv") and "02" in name else None if name.startswith("附件/01") else data)
    verdict = verify(bent)
    assert not verdict["good"]
    assert {(f["path"], f["state"]) for f in verdict["files"] if f["state"] != "same"} == {("佐证/02 来电答复率.csv", "changed"), ("附件/01 租用线路/租用线路.txt", "missing")}
    (tmp_path / "bent.zip").write_bytes(bent)
    with pytest.raises(Failed) as told:
        district.cli("evaluation", "verify", str(tmp_path / "bent.zip"))
    assert told.value.code == 3
    assert verify(packed(lambda name, data: None if name == "manifest.json" else data + b" "))["entry"] == 0
    assert budgeter.call("POST", "/api/v1/evaluations/verify", data=b"nothing").status_code == 422
    # Rows that somebody may not see are not in her archive, which says so.
    with zipfile.ZipFile(io.BytesIO(budgeter.call("GET", f"{at}/archive").content)) as z:
        item = next(i for i in json.loads(z.read("manifest.json"))["evaluations"][0]["items"] if i["name"] == "来电答复率")
        assert "来电答复率.csv：共 8 行，附 4 行，4 行未附。" in z.read("佐证说明.txt").decode() and item["rows_withheld"] == 4
        assert item["rows"] == 8 and item["rows_here"] == 4 == len(z.read(item["evidence"]).decode().splitlines()) - 1


def test_the_command_line_and_the_unit_as_a_whole(world, tmp_path):
    district, budgeter, decider, *_ = world
    made = district.json("evaluation", "new", "mzj", str(YEAR), "--as", "budgeter")
    assert made["project"] == "" and "部门整体支出绩效自评表" in made["title"]
    items = made["form"]["items"]
    assert [i["name"] for i in items] == ["来电答复率", "整体", "总体满意度"]
    assert made["form"]["expected"] == "网络系统运行经费：网络安全稳定运行；安全管理经费：不发生重大安全事件"
    edit = {"reached": "完成", "funds_cause": "未到期", "funds_remedy": "付清",
            "items": [{"id": items[0]["id"], "cause": "人手", "remedy": "值班"}, *({"id": i["id"], "hand": "90", "hand_reason": "材料", "cause": "略低", "remedy": "改进"} for i in items[1:])]}
    (tmp_path / "edit.json").write_text(json.dumps(edit))
    district.cli("evaluation", "set", "mzj", str(YEAR), f"@{tmp_path / 'edit.json'}", "--as", "budgeter")
    with pytest.raises(Failed) as told:
        district.cli("evaluation", "set", "mzj", str(YEAR), '{"reach": "x"}', "--as", "budgeter")
    assert "reach" in told.value.err
    (tmp_path / "证明.txt").write_text("证明")
    for item in items[1:]:
        district.cli("evaluation", "attach", "mzj", str(YEAR), item["id"], str(tmp_path / "证明.txt"), "--as", "budgeter")
    district.cli("evaluation", "draw", "mzj", str(YEAR), "--as", "budgeter")
    district.cli("evaluation", "submit", "mzj", str(YEAR), "--as", "budgeter")
    district.cli("evaluation", "approve", "mzj", str(YEAR), "--as", "budgeter", code=5)
    assert "已审定" in district.cli("evaluation", "approve", "mzj", str(YEAR), "--as", "decider", "--comment", "同意")
    # A goal that is bound to what there is not says so.
    second = district.json("evaluation", "new", "mzj", str(YEAR), "--project", "P2", "--as", "budgeter")
    assert (second["form"]["items"][0]["drawn"], second["form"]["items"][0]["error"]) == ("failed", "没有编码为“no_such_thing”的指标。")
    bound = district.json("evaluation", "set", "mzj", str(YEAR), json.dumps({"items": [{"id": second["form"]["items"][0]["id"], "indicator": ""}]}), "--project", "P2", "--as", "budgeter")
    assert bound["form"]["items"][0]["indicator"] == "" and "“不认识的指标”没有完成值" in " ".join(p["text"] for p in bound["problems"])
    district.cli("evaluation", "print", "mzj", str(YEAR), str(tmp_path / "u.pdf"))
    assert "部门整体支出绩效自评表" in subprocess.run(["pdftotext", str(tmp_path / "u.pdf"), "-"], capture_output=True, check=True).stdout.decode()
    told = district.json("evaluation", "archive", "mzj", str(YEAR), str(tmp_path / "all.zip"), "--all")
    assert told["sha256"] == hashlib.sha256((tmp_path / "all.zip").read_bytes()).hexdigest()
    with zipfile.ZipFile(tmp_path / "all.zip") as z:
        assert {"整体/自评表.pdf", "P1 网络系统运行经费/自评表.pdf", "P2 安全管理经费/自评表.xlsx"} <= set(z.namelist())
        z.extractall(tmp_path / "all")
    subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=tmp_path / "all", check=True, capture_output=True)
    assert district.json("evaluation", "verify", str(tmp_path / "all.zip"))["good"]
    assert len(district.json("evaluation", "list", "--year", str(YEAR))) == 3

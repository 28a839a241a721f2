"""Lineage, one source for one thing, privacy and SQL steps, from outside: by HTTP and on the command line, on both databases."""
import csv
import io
import json
import random
import time

import pytest

from harness import Failed


def table(head, rows):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue().encode()


def code(n):
    return f"91350102MA{n:07d}X"


FIRMS = table(["统一社会信用代码", "企业名称", "街道"], [[code(n), f"企业{n}", f"街道{n % 12}"] for n in range(3000)])
# Two thirds of the firms and five hundred others, by another department's hand.
TAXES = table(["税号", "企业名称", "税额"], [[code(n).lower() + " ", f"企业{n}" if n % 4 else "", n] for n in range(1000, 3500)])


def people():
    lucky = random.Random(7)
    rows = []
    for n in range(2000):
        born = f"{lucky.randint(1940, 2010)}-{lucky.randint(1, 12):02d}-{lucky.randint(1, 28):02d}"
        rows.append([n, f"居民{n}", f"138{n:08d}", lucky.choice("男女"), born, f"3501{lucky.randint(1, 20):02d}", lucky.choice(["高血压", "糖尿病", "健康"])])
    return table(["编号", "姓名", "手机", "性别", "出生日期", "区划代码", "诊断"], rows)


@pytest.fixture(scope="module")
def place(district):
    steward = district.caller("steward")
    steward.bring_in("企业登记.csv", FIRMS, dataset="firms")
    steward.bring_in("纳税人.csv", TAXES, dataset="taxes")
    steward.bring_in("居民健康档案.csv", people(), dataset="people")
    district.caller("rival").bring_in("卫健委企业.csv", FIRMS, dataset="theirs")
    district.cli("linkage", "refresh")
    deadline = time.monotonic() + 120
    while any(j["kind"].startswith("insight.") and j["state"] in ("queued", "running") for j in district.json("job", "list")):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    return district


# --- lineage ------------------------------------------------------------------------------------------------------------------

def titles(graph):
    return {n["title"] for n in graph["nodes"]}


def test_a_dataset_comes_from_its_file_field_by_field(place):
    steward = place.caller("steward")
    graph = steward.get("/api/v1/lineage/firms")
    assert {"企业登记", "企业登记.csv"} <= titles(graph) and graph["complete"]
    edge = next(e for e in graph["edges"] if e["from"].startswith("file:"))
    assert {(f["from"], f["to"]) for f in edge["flows"]} >= {("企业名称", "qi_ye_ming_cheng")} and all(f["copied"] for f in edge["flows"])
    one = steward.get("/api/v1/lineage/firms", field="企业名称", direction="up")
    source = next(n for n in one["nodes"] if n["kind"] == "file")
    assert source["touched"] == ["企业名称"] and len(one["edges"][0]["flows"]) == 1
    assert steward.get("/api/v1/lineage/firms", 422, field="没有的")["subject"] == "field"
    place.caller("stranger").get("/api/v1/lineage/firms", 404)
    assert place.json("lineage", "firms", "--direction", "up")["nodes"][0]["code"] == "firms"
    assert "企业登记.csv" in place.cli("lineage", "firms")


def test_who_used_which_field_is_told_to_those_who_answer_for_it(place):
    reader = place.caller("reader")
    reader.post("/api/v1/sql", {"sql": 'SELECT "企业名称" FROM "企业登记" WHERE "街道" = \'街道3\''})
    reader.post("/api/v1/sql", {"sql": "SELECT count(*) FROM firms f JOIN taxes t ON f.tong_yi_she_hui_xin_yong_dai_ma = t.shui_hao"})
    steward = place.caller("steward")
    impact = steward.get("/api/v1/lineage/firms/impact", field="街道")["impact"]
    assert [(i["title"], i["department_name"], i["certain"]) for i in impact] == [("民政局数据使用员", "区民政局", True)], impact
    # Others see that somebody uses it, and nobody's name.
    assert "民政局数据使用员" not in json.dumps(reader.get("/api/v1/lineage/firms"), ensure_ascii=False)
    got = steward.call("GET", "/api/v1/lineage/firms/impact.csv", params={"field": "街道"})
    assert got.headers["Content-Type"].startswith("text/csv") and "民政局数据使用员" in got.content.decode("utf-8-sig")
    assert any(i["title"] == "民政局数据使用员" for i in place.json("lineage", "firms", "--impact"))


# --- one source ---------------------------------------------------------------------------------------------------------------

def pair(overview, a, b):
    return next((s for s in overview["suggestions"] if {s["a"]["code"], s["b"]["code"]} == {a, b}), None)


def test_what_is_collected_twice_is_found_verified_and_decided(place):
    steward = place.caller("steward")
    overview = steward.get("/api/v1/linkage")
    found = pair(overview, "firms", "taxes")
    assert found and found["kind"] == "same" and overview["unsketched"] == 0, overview
    link = found["links"][0]
    assert {link["a"]["name"], link["b"]["name"]} in ({"统一社会信用代码", "税号"}, {"企业名称"})
    assert any({t["a"]["name"], t["b"]["name"]} == {"企业名称"} for t in found["twins"])
    keys = next(l for l in found["links"] if {l["a"]["name"], l["b"]["name"]} == {"统一社会信用代码", "税号"})
    firms = "a" if found["a"]["code"] == "firms" else "b"
    held = keys["a_in_b"] if firms == "a" else keys["b_in_a"]
    assert abs(held - 2000 / 3000) < 0.06
    exact = steward.post("/api/v1/linkage/verify", {"dataset_a": "firms", "field_a": keys[firms]["id"], "dataset_b": "taxes", "field_b": "shui_hao"})
    assert exact["exact"] and abs(exact["a_in_b"] - 2000 / 3000) < 1e-9 and abs(exact["b_in_a"] - 2000 / 2500) < 1e-9
    proposed = next(s for s in (found["a"], found["b"]) if s["proposed"])
    assert proposed["code"] == "firms" and proposed["reasons"]
    steward.post("/api/v1/linkage/decisions", {"dataset_a": "taxes", "dataset_b": "firms", "state": "confirmed", "source": "weather"}, 422)
    steward.post("/api/v1/linkage/decisions", {"dataset_a": "taxes", "dataset_b": "firms", "state": "confirmed", "source": "firms", "note": "登记在先"})
    decided = pair(steward.get("/api/v1/linkage", state="confirmed"), "firms", "taxes")
    assert decided["decision"]["note"] == "登记在先"
    audit = place.caller("auditadmin").get("/api/v1/audit", action="linkage.decide")["entries"]
    assert audit and audit[0]["action_name"] == "一数一源认定"
    place.cli("linkage", "decide", "firms", "taxes", "open")
    assert pair(place.json("linkage", "list", "--state", "confirmed"), "firms", "taxes") is None


def test_linkage_shows_only_what_the_caller_may_see(place):
    assert pair(place.caller("steward").get("/api/v1/linkage"), "firms", "theirs") is None
    assert pair(place.caller("rival").get("/api/v1/linkage"), "firms", "theirs") is None
    assert pair(place.caller("operator").get("/api/v1/linkage"), "firms", "theirs")["kind"] == "same"
    place.caller("steward").post("/api/v1/linkage/verify", {"dataset_a": "firms", "field_a": "jie_dao", "dataset_b": "theirs", "field_b": "jie_dao"}, 404)
    place.caller("reader").post("/api/v1/linkage/decisions", {"dataset_a": "taxes", "dataset_b": "firms", "state": "dismissed"}, 403)


# --- privacy ------------------------------------------------------------------------------------------------------------------

def test_privacy_is_assessed_and_masks_are_proposed(place):
    steward = place.caller("steward")
    roles = {f["name"]: f["role"] for f in steward.get("/api/v1/privacy/people")["fields"]}
    assert roles["姓名"] == roles["手机"] == "identifier" and roles["性别"] == roles["出生日期"] == roles["区划代码"] == "quasi" and roles["诊断"] == "sensitive"
    body = {"fields": [{"id": "性别"}, {"id": "出生日期"}, {"id": "区划代码"}], "sensitive": "诊断", "combinations": True, "propose": True}
    told = steward.post("/api/v1/privacy/people", body)
    now = told["anonymity"]
    assert now["k"] == 1 and now["rows"] == 2000 == sum(b["rows"] for b in now["bars"])
    assert now["unique"] > 1900
    assert told["combinations"]["counted"] == 7 and told["combinations"]["worst"][0]["rows_below"] == now["rows_below"]
    assert told["diversity"]["l"] == 1
    proposal = told["proposal"]
    assert proposal["reached"] and proposal["after"]["rows_below"] <= 20
    # What is proposed does what it says.
    again = steward.post("/api/v1/privacy/people", {"fields": [{k: f[k] for k in ("id", "coarsening", "parameter")} for f in proposal["fields"]]})
    assert again["anonymity"]["rows_below"] == proposal["after"]["rows_below"]
    assert "高血压" not in json.dumps(told, ensure_ascii=False)
    assert steward.post("/api/v1/privacy/people", {"fields": [{"id": "性别", "coarsening": "year"}]}, 422)["subject"] == "fields.xing_bie"
    place.caller("rival").post("/api/v1/privacy/people", body, 404)
    shown = place.json("privacy", "people", "--fields", "出生日期:year,性别", "--propose")
    assert shown["anonymity"]["classes"] <= 142
    assert "k = " in place.cli("privacy", "people", "--fields", "出生日期:decade", "--combinations")


# --- steps --------------------------------------------------------------------------------------------------------------------

STEPS = {"steps": [{"name": "clean", "title": "清洗", "sql": 'SELECT upper(trim(shui_hao)) AS code, shui_e AS tax FROM input WHERE shui_e >= $least'},
                   {"name": "named", "sql": 'SELECT c.code, f."企业名称" AS firm, c.tax FROM clean c JOIN "企业登记" f ON f."统一社会信用代码" = c.code'}],
         "parameters": [{"name": "least", "type": "integer", "default": "0"}], "dataset": "taxes"}


def test_steps_are_tried_on_a_sample_step_by_step(place, tmp_path):
    steward = place.caller("steward")
    told = steward.post("/api/v1/steps/try", {**STEPS, "rows": 500})
    clean, named = told["steps"]
    assert clean["rows"] == 500 and clean["reads"] == [{"name": "input", "rows": 500}] and len(clean["first"]) == 20
    assert named["rows"] == 500 and [c["name"] for c in named["columns"]] == ["code", "firm", "tax"]
    assert named["columns"][1]["from"] == [{"relation": "企业登记", "column": "企业名称"}] and named["columns"][1]["copied"]
    assert told["datasets"][0]["code"] == "firms"
    assert steward.post("/api/v1/steps/try", {**STEPS, "values": {"least": "2400"}, "rows": 5000})["steps"][0]["rows"] == 1100
    file = tmp_path / "steps.json"
    file.write_text(json.dumps(STEPS))
    assert place.json("steps", "try", file, "--dataset", "taxes", "--rows", "10")["steps"][0]["rows"] == 10
    assert "clean 清洗" in place.cli("steps", "try", file, "--dataset", "taxes", "--value", "least=1")
    with pytest.raises(Failed) as failed:
        place.cli("steps", "try", tmp_path / "none.json", "--dataset", "taxes")
    assert failed.value.code == 3


@pytest.mark.parametrize("sql, where", [
    ("SELECT nosuch FROM input", "steps[1].sql position 8"),
    ("SELECT * FROM theirs", "steps[1].sql position 15"),
    ("SELECT * FROM '/etc/passwd'", "steps[1].sql"),
    ("SELECT * FROM read_csv('/etc/passwd')", "steps[1].sql"),
    ("COPY (SELECT 1) TO '/tmp/x'", "steps[1].sql"),
    ("SELECT 1; DROP TABLE firms", "steps[1].sql"),
    ("SELECT 1) , x AS (SELECT 2", "steps[1].sql"),
    ("SELECT * FROM named", "steps[1].sql"),
    ("SELECT getenv('HOME')", "steps[1].sql"),
    ("ATTACH '/tmp/y' AS y", "steps[1].sql"),
])
def test_hostile_and_wrong_steps_name_the_step(place, sql, where):
    body = {**STEPS, "steps": [STEPS["steps"][0], {"name": "named", "title": "加名称", "sql": sql}]}
    told = place.caller("steward").post("/api/v1/steps/try", body, 422)
    assert told["subject"].startswith(where) and "步骤“加名称”" in told["detail"], told
    assert "卫健委" not in json.dumps(told, ensure_ascii=False)

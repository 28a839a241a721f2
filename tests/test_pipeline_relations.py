"""A register's records as an input of a pipeline's steps: the rows that its owner sees, always the present ones, and in the lineage."""
import json

import pytest

from test_pipelines import Bureau, bureau, column, gather, qushu, steward  # noqa: F401

VISIT = """register: visits
name: {zh: 走访登记, en: Visits}
number: ZF-{seq:3}
fields:
  - {name: topic, label: {zh: 事由, en: Topic}, type: text, required: true}
  - {name: firm, label: {zh: 企业编号, en: Firm}, type: number, required: true}
  - {name: score, label: {zh: 评分, en: Score}, type: number}
permissions: {see: [department], create: [everyone], edit: [own]}
"""
SQL = "SELECT i.id, i.name, v.topic, v.score FROM input i JOIN register_visits v ON v.firm = i.id"


def plan(sql=SQL):
    return {"steps": [{"name": "joined", "title": "加走访", "sql": sql}], "parameters": []}


@pytest.fixture(scope="module")
def world(qushu, bureau):  # noqa: F811
    operator, steward, stranger = (qushu.caller(who) for who in ("operator", "steward", "stranger"))  # noqa: F811
    operator.post("/api/v1/registers", {"yaml": VISIT})
    for who, topic, firm in ((steward, "安全检查", 3), (qushu.caller("reader"), "政策宣讲", 5), (stranger, "卫生监督", 7)):
        who.post("/api/v1/registers/visits/records", {"values": {"topic": topic, "firm": firm, "score": "80"}}, 201)
    return qushu, steward, Bureau(bureau, steward, 20)


def test_the_steps_read_what_their_owner_sees(world):
    qushu, steward, b = world  # noqa: F811
    tried = steward.post("/api/v1/pipelines/try", {**b.definition(), "steps": plan()})
    assert tried["steps"]["relations"] == [{"name": "register_visits", "title": "走访登记"}] and tried["steps"]["steps"][0]["rows"] == 2, tried["steps"]
    p = steward.post("/api/v1/pipelines", {**b.definition(), "steps": plan()}, 201)
    run = gather(steward, p["code"])
    assert run["added"] == 2, run
    # Her own department's, not that of another one.
    assert column(steward, p["dataset"], "topic") == ["安全检查", "政策宣讲"]
    # A record that is there now is in the next run.
    steward.post("/api/v1/registers/visits/records", {"values": {"topic": "回访", "firm": 9}}, 201)
    assert gather(steward, p["code"])["added"] >= 1
    assert column(steward, p["dataset"], "topic") == ["回访", "安全检查", "政策宣讲"]


def test_lineage_shows_the_register(world):
    qushu, steward, b = world  # noqa: F811
    dataset = b.definition()["dataset"]
    graph = steward.get(f"/api/v1/lineage/{dataset}")
    [node] = [n for n in graph["nodes"] if n["kind"] == "relation"]
    assert (node["title"], node["code"], node["hidden"]) == ("走访登记", "register_visits", False)
    step = next(n for n in graph["nodes"] if n["kind"] == "step")
    flows = [f for e in graph["edges"] if (e["from"], e["to"]) == (node["id"], step["id"]) for f in e["flows"]]
    assert {"topic", "score", "firm"} <= {f["from"] for f in flows}, flows
    assert any(f["from"] == "topic" and f["to"] == "topic" and f["copied"] for f in flows), flows
    # Who reads the dataset, and does not answer for it, is not told of which register.
    seen = json.dumps(qushu.caller("reader").get(f"/api/v1/lineage/{dataset}"), ensure_ascii=False)
    assert "走访登记" not in seen and "register_visits" not in seen


def test_names_stay_apart(world):
    qushu, steward, b = world  # noqa: F811
    wrong = steward.post("/api/v1/steps/try", {**plan("SELECT nosuch FROM register_visits"), "dataset": b.definition()["dataset"]}, 422)
    assert "nosuch" in wrong["detail"] and wrong["subject"].startswith("steps[0].sql"), wrong
    named = {"steps": [{"name": "register_visits", "sql": "SELECT * FROM input"}, {"name": "last", "sql": "SELECT * FROM register_visits"}], "parameters": []}
    taken = steward.post("/api/v1/steps/try", {**named, "dataset": b.definition()["dataset"]}, 422)
    assert taken["id"] == "steps.name", taken
    nothing = steward.post("/api/v1/steps/try", {**plan("SELECT * FROM register_nosuch"), "dataset": b.definition()["dataset"]}, 422)
    assert nothing["subject"].startswith("steps[0].sql"), nothing

"""The demo district, as `qushu demo` fills it: everything that a visitor is to see, and nothing twice."""
from harness import Qushu, until

PASSWORD = "Qushu-demo-2026"


def test_a_district_is_filled_once(tmp_path):
    qushu = Qushu(tmp_path / "demo")
    said = qushu.cli("demo", "--no-serve")
    for word in ("企业登记信息", "数据归集", "数据质量", "共享申请", "满意度调查", "台账与指标", "预算", "自评"):
        assert word in said, said

    def state():
        return {"datasets": [(d["code"], d["version"], d["rows"]) for d in qushu.json("dataset", "list")],
                "runs": [(r["pipeline"], r["state"], r["read"], r["added"], r["changed"]) for p in ("relief_cases", "relief_by_street") for r in qushu.json("pipeline", "runs", p)],
                "people": [p["login"] for p in qushu.json("user", "list")]}
    first = state()
    assert {"enterprise", "population", "relief_case", "relief_street"} <= {code for code, _, _ in first["datasets"]}
    # A bureau's database: everything, then what was new and changed, then a column more, which waits for a person.
    assert first["runs"] == [("relief_cases", "waiting", 0, 0, 0), ("relief_cases", "succeeded", 57, 42, 15), ("relief_cases", "succeeded", 3000, 3000, 0),
                             ("relief_by_street", "succeeded", 3042, 40, 0), ("relief_by_street", "succeeded", 3000, 40, 0)]
    qushu.cli("demo", "--no-serve")
    assert state() == first
    assert qushu.json("audit", "verify")["intact"]

    qushu.start()
    try:
        operator = qushu.caller("operator", PASSWORD)
        run = operator.get("/api/v1/runs", pipeline="relief_cases")["runs"][0]
        assert [(d["kind"], d["column"]) for d in run["drifts"]] == [("added", "LXDH")]
        operator.post(f"/api/v1/runs/{run['id']}/decide", {"decisions": [{"column": "LXDH", "verdict": "add"}]})
        run = until(lambda: (lambda r: r["state"] == "succeeded" and r)(operator.get(f"/api/v1/runs/{run['id']}")))
        assert (run["added"], run["changed"]) == (0, 30)
        assert operator.get("/api/v1/datasets/relief_case")["fields"][-1]["name"] == "LXDH"
    finally:
        qushu.stop()

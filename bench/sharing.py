"""What the sharing policy costs: the same answers read whole, under a grant without masks, and under one with masks."""
import json
import statistics
import time

from common import WORK, published, record, wrk
from harness import Caller


def bench_policy(rows, seconds):
    qushu = published(rows).start()
    try:
        operator = Caller(qushu.base, qushu.token("operator"))
        deadline = time.monotonic() + 600
        while any(operator.get("/api/v1/jobs", state=s)["jobs"] for s in ("queued", "running")) and time.monotonic() < deadline:
            time.sleep(0.5)
        fields = {f["name"]: f["id"] for f in operator.get("/api/v1/datasets/enterprise")["fields"]}
        key = next(f["id"] for f in operator.get("/api/v1/datasets/enterprise")["fields"] if f["key"])
        region, staff, state, founded = (fields[n] for n in ("行政区划代码", "从业人数", "状态", "成立日期"))
        name = fields["企业名称"]
        masks = {name: {"kind": "partial", "first": 2, "last": 2}, founded: {"kind": "date", "to": "month"}, state: {"kind": "constant", "value": "*"}}

        def grant(mask):
            terms = {"fields": [{"id": i, "mask": mask.get(i, {"kind": "none"})} for i in fields.values()], "methods": ["api", "sql"], "purpose": "基准", "named_purpose": "statistics"}
            made = qushu.json("request", "submit", "enterprise", "--department", "wjw", "--basis", "基准", "--scenario", "基准", "--terms", json.dumps(terms, ensure_ascii=False))
            qushu.cli("request", "approve", made["id"])
            return qushu.json("request", "grant", made["id"])["grant_id"]

        script = WORK / "policy.lua"
        script.write_text(f"""local n = 0
function setup(thread) n = n + 1; thread:set("seed", n) end
function init() math.randomseed(seed) end
function request()
  return wrk.format("GET", string.format("/api/v1/datasets/enterprise/rows?key=91%016d", math.random(0, {rows - 1})))
end
""")
        assert key
        page = {region: "110103", f"{staff}__gt": "99000", "_count": "none"}

        def lookups(token):
            headers = [f"Authorization: Bearer {token}"]
            wrk(qushu.base, 2, 64, script, headers)
            return wrk(qushu.base, seconds, 64, script, headers)

        def pages(token):
            caller = Caller(qushu.base, token)
            caller.get("/api/v1/datasets/enterprise/rows", **page, _size=99)
            times = []
            for n in range(25):
                begun = time.monotonic()
                caller.get("/api/v1/datasets/enterprise/rows", **page, _size=100 + n)
                times.append(time.monotonic() - begun)
            return statistics.median(times)

        whole, other = qushu.token("operator"), qushu.token("stranger")
        plain = grant({})
        # In turns, so that a machine that slows down slows both.
        for what, mask, goal in (("a grant without masks", None, 1.05), ("a grant with three masks", masks, 1.15)):
            if mask:
                qushu.cli("grant", "terminate", plain, "--reason", "基准")
                grant(mask)
            fast, here = [], []
            for _ in range(3):
                fast.append(lookups(whole))
                here.append(lookups(other))
            a, b = max(fast), max(here)
            record(f"keyed lookup in {rows:,} rows under {what}", f"{b:,.0f}/s", f"read whole {a:,.0f}/s", f"{a / b:.3f} ×", f"≤ {goal} ×", a <= goal * b)
            ours, theirs = [], []
            for _ in range(3):
                theirs.append(pages(whole))
                ours.append(pages(other))
            a, b = min(ours), min(theirs)
            record(f"a filtered page of {rows:,} rows under {what}", f"{a * 1000:.1f} ms", f"read whole {b * 1000:.1f} ms", f"{a / b:.3f} ×", f"≤ {goal} ×", a <= goal * b)
    finally:
        qushu.stop()

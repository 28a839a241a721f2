"""What the public asks for: pages of the portal, and a whole dataset as CSV."""
import pathlib
import re
import subprocess
import time

from common import WORK, duck, prepared, published, record, say, wrk
from harness import Caller
from opendata import ENTRY, opened, step


def bench_portal(_, seconds):
    def fill(qushu):
        qushu.start()
        for n in range(20):
            opened(qushu, f"firms{n}", f"企业登记{n}", tags=["经济", f"标签{n}"])
        qushu.stop()

    qushu = prepared(WORK / "portal", fill).start()
    try:
        pages = ["/open/", "/open/datasets", "/open/datasets?q=%E4%BC%81%E4%B8%9A", "/open/departments", "/open/themes", "/open/statistics", "/catalog.jsonld"]
        pages += [f"/open/dataset/firms{n}" for n in range(20)]
        script = WORK / "portal.lua"
        script.write_text("local n = 0\nlocal pages = {" + ", ".join(f'"{p}"' for p in pages) + "}\n"
                          'function request() n = n + 1; return wrk.format("GET", pages[n % #pages + 1]) end\n')
        wrk(qushu.base, 2, 64, script)
        rate = wrk(qushu.base, seconds, 64, script)
        record("pages of the portal, 64 connections", f"{rate:,.0f}/s", "goal 2,000/s", f"{rate / 2000:.2f} ×", "≥ 1 ×", rate >= 2000)
    finally:
        qushu.stop()


def opened_enterprise(qushu, rows):
    """The file of the benchmarks, released by two persons."""
    operator, reviewer = (qushu.caller(n) for n in ("operator", "reviewer"))
    if Caller(qushu.base).call("GET", "/open/dataset/enterprise").status_code == 200:
        return
    say(f"-- releasing {rows} rows")
    entry = operator.get("/api/v1/datasets/enterprise/entry")["entry"]
    operator.patch("/api/v1/datasets/enterprise/entry", {**ENTRY, "items": [{"id": i["id"], "length": 100} for i in entry["items"] if i["type"] == "C"]})
    operator.post("/api/v1/datasets/enterprise/grading", {"levels": {i["id"]: "1" for i in entry["items"]}})
    for caller, action in ((operator, "submit"), (reviewer, "register"), (operator, "submit"), (reviewer, "publish")):
        step(caller, "enterprise", action)
    made = operator.post("/api/v1/open/releases", {"dataset": "enterprise", "licence": "cc-by", "fields": [i["id"] for i in entry["items"]], "excuses": {"*": "登记的是企业，与个人无关"}}, 201)
    reviewer.post(f"/api/v1/open/releases/{made['id']}/approve", {"comment": "同意"})


def bench_opened(rows, _):
    qushu = published(rows).start()
    try:
        opened_enterprise(qushu, rows)
        parts = [next((qushu.data / "blobs").rglob(p["sha256"][2:] + "*"), None) or next((qushu.data / "blobs").rglob(p["sha256"] + "*")) for p in qushu.json("dataset", "versions", "enterprise")[0]["parts"]]
        columns = ", ".join(f'"{f["id"]}"' for f in qushu.caller("operator").get("/api/v1/datasets/enterprise")["fields"])
        scan = "read_parquet([" + ", ".join(f"'{p}'" for p in parts) + "])"
        peak = lambda: int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{qushu.process.pid}/status").read_text()).group(1)) * 1024  # noqa: E731
        before, ours = peak(), []
        for _ in range(3):
            begun = time.monotonic()
            subprocess.run(["curl", "-sSf", "-o", "/dev/null", f"{qushu.base}/open/dataset/enterprise/data.csv"], check=True)
            ours.append(time.monotonic() - begun)
        theirs = duck(f"COPY (SELECT {columns} FROM {scan}) TO '{WORK}/copy.csv' (FORMAT csv, HEADER)", repeat=3)
        (WORK / "copy.csv").unlink()
        a, b = min(ours), min(theirs)
        record(f"CSV of {rows:,} open rows, streamed", f"{a:.1f} s", f"DuckDB COPY TO csv {b:.1f} s", f"{b / a:.2f} ×", "≥ 0.5 ×", b / a >= 0.5)
        limit = 768 * 2**20
        record("memory that three downloads added at their peak", f"{(peak() - before) / 2**20:.0f} MiB", "limit engine.memory 768 MiB", f"{(peak() - before) / limit:.2f}", "≤ 1",
               peak() - before <= limit)
    finally:
        qushu.stop()

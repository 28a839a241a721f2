"""What the public asks for: pages of the portal, and a whole dataset as CSV."""
import json
import pathlib
import re
import sqlite3
import subprocess
import time

import requests

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


def downloaded(qushu):
    """The file from its first byte to its last; the server's own memory at its highest in each half."""
    status = pathlib.Path(f"/proc/{qushu.process.pid}/status")
    seen = []
    with subprocess.Popen(["curl", "-sSf", "-o", "/dev/null", f"{qushu.base}/open/dataset/enterprise/data.csv"]) as curl:
        while curl.poll() is None:
            seen.append(int(re.search(r"RssAnon:\s+(\d+)", status.read_text()).group(1)) * 1024)
            time.sleep(0.1)
        assert curl.returncode == 0
    return max(seen[:len(seen) // 2]), max(seen[len(seen) // 2:])


def bench_opened(rows, _):
    qushu = published(rows).start()
    try:
        opened_enterprise(qushu, rows)
        parts = [next((qushu.data / "blobs").rglob(p["sha256"][2:] + "*"), None) or next((qushu.data / "blobs").rglob(p["sha256"] + "*")) for p in qushu.json("dataset", "versions", "enterprise")[0]["parts"]]
        columns = ", ".join(f'"{f["id"]}"' for f in qushu.caller("operator").get("/api/v1/datasets/enterprise")["fields"])
        scan = "read_parquet([" + ", ".join(f"'{p}'" for p in parts) + "])"
        ours, held = [], []
        for _ in range(3):
            begun = time.monotonic()
            held.append(downloaded(qushu))
            ours.append(time.monotonic() - begun)
        theirs = duck(f"COPY (SELECT {columns} FROM {scan}) TO '{WORK}/copy.csv' (FORMAT csv, HEADER)", repeat=3)
        (WORK / "copy.csv").unlink()
        a, b = min(ours), min(theirs)
        record(f"CSV of {rows:,} open rows, streamed", f"{a:.1f} s", f"DuckDB COPY TO csv {b:.1f} s", f"{b / a:.2f} ×", "≥ 0.5 ×", b / a >= 0.5)
        early, late = held[-1]
        record("memory of the server in the second half of a download", f"{late / 2**20:.0f} MiB", f"in the first half {early / 2**20:.0f} MiB", f"{late / early:.2f} ×", "≤ 1.1 ×", late / early <= 1.1)
    finally:
        qushu.stop()


def cloned(database, code, count):
    """One released dataset many times over, straight into the tables: other names, departments and tags, the same rows."""
    db = sqlite3.connect(database)
    columns = {t: [c[1] for c in db.execute(f"PRAGMA table_info({t})")] for (t,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    (base,) = db.execute("SELECT id FROM dataset WHERE code = ?", (code,)).fetchone()
    departments = [d for (d,) in db.execute("SELECT id FROM department")]
    (change,) = db.execute("SELECT max(change_number) FROM open_release").fetchone()
    words = ["公园", "学校", "医院", "道路", "企业", "水质", "空气", "预算", "社区", "养老"]
    for table, names in columns.items():
        key = "id" if table == "dataset" else "dataset_id"
        if key not in names or table == "dataset_blob":
            continue
        rows = [dict(zip(names, row)) for row in db.execute(f"SELECT * FROM {table} WHERE {key} = ?", (base,))]
        insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        for n in range(count):
            for k, row in enumerate(rows):
                row = {**row, key: f"{base[:-7]}{n:07d}"}
                if table == "dataset":
                    row.update(code=f"{code}_{n}", title=f"{words[n % 10]}{words[n // 10 % 10]}登记 {n}", department_id=departments[n % len(departments)],
                               tags=json.dumps([words[n % 10], f"标签{n % 97}"], ensure_ascii=False))
                elif "id" in names:
                    row["id"] = f"{row['id'][:-8]}{k}{n:07d}"
                if table == "open_release":
                    change += 1
                    row["change_number"] = change
                if table == "entry_version":
                    entry = json.loads(row["entry"])
                    entry.update(title=f"{words[n % 10]}{words[n // 10 % 10]}登记 {n}", tags=[words[n % 10], f"标签{n % 97}"], department_id=departments[n % len(departments)])
                    row["entry"] = json.dumps(entry, ensure_ascii=False)
                for name in ("resource_code", "search_code"):
                    if row.get(name):
                        row[name] = f"{row[name]}{n}"
                db.execute(insert, [row[name] for name in names])
    db.execute("UPDATE open_counter SET value = ? WHERE value < ?", (change, change))
    db.commit()
    db.close()


def bench_packages(_, seconds):
    count = 100_000

    def fill(qushu):
        qushu.start()
        opened(qushu, "firms", "企业登记", tags=["经济"])
        qushu.stop()
        say(f"-- {count:,} packages")
        cloned(qushu.data / "qushu.db", "firms", count)

    qushu = prepared(WORK / "packages", fill).start()
    try:
        begun = time.monotonic()
        # Longer than a caller of the tests waits.
        found = requests.get(qushu.base + "/api/3/action/package_search?rows=0", timeout=900).json()["result"]["count"]
        assert found == count + 1, found
        record(f"{count:,} open packages read into memory, once", f"{time.monotonic() - begun:.1f} s", "", "", "none set", True)
        asks = ["q=%E5%85%AC%E5%9B%AD", "q=%E5%AD%A6%E6%A0%A1+%E5%8C%BB%E9%99%A2", "fq=tags:%E6%A0%87%E7%AD%BE7", "q=&sort=metadata_modified+desc", "q=%E7%99%BB%E8%AE%B0&fq=tags:%E6%B0%B4%E8%B4%A8"]
        facets = "facet.field=%5B%22organization%22,%22tags%22,%22groups%22,%22res_format%22,%22license_id%22%5D&rows=20"
        script = WORK / "packages.lua"
        script.write_text("local n = 0\nlocal asks = {" + ", ".join(f'"{a}"' for a in asks) + "}\n"
                          f'function request() n = n + 1; return wrk.format("GET", "/api/3/action/package_search?{facets}&start=" .. (n % 50) .. "&" .. asks[n % #asks + 1]) end\n')
        out = subprocess.run(["wrk", "-t2", "-c64", f"-d{seconds}s", "--latency", "-s", str(script), qushu.base], check=True, capture_output=True, text=True).stdout
        assert "Non-2xx" not in out, out
        amount, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
        tail = float(amount) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
        rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
        record(f"package_search over {count:,} packages with five facets, 64 clients, {rate:,.0f}/s", f"p99 {tail:.1f} ms", "limit 50 ms", f"{tail / 50:.2f}", "≤ 1", tail <= 50)
    finally:
        qushu.stop()

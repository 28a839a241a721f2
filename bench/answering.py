"""How fast answers come out: lookups, pages, groups, catalogue search, and the server itself."""
import json
import os
import pathlib
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
import zipfile

from common import CORES, WORK, csv_file, duck, load_into_postgres, prepared, published, record, say, wrk
from harness import POSTGRES_BIN, Caller, Postgres, Qushu, free_port


def bench_lookup(rows, seconds):
    qushu = published(rows).start()
    postgres = Postgres()
    try:
        token = qushu.token("operator")
        script = WORK / "lookup.lua"
        script.write_text(f"""local n = 0
function setup(thread) n = n + 1; thread:set("seed", n) end
function init() math.randomseed(seed) end
function request()
  return wrk.format("GET", string.format("/api/v1/datasets/enterprise/rows?key=91%016d", math.random(0, {rows - 1})))
end
""")
        caller = Caller(qushu.base, token)
        assert caller.get("/api/v1/datasets/enterprise/rows", key=f"91{7:016d}")["rows"][0]
        deadline = time.monotonic() + 600
        while any(caller.get("/api/v1/jobs", state=s)["jobs"] for s in ("queued", "running")) and time.monotonic() < deadline:
            time.sleep(0.5)
        headers = [f"Authorization: Bearer {token}"]
        # PostgreSQL's rows are in memory, freshly written; so are ours.
        for blob in (qushu.data / "blobs").rglob("*"):
            if blob.is_file():
                with open(blob, "rb") as file:
                    while file.read(1 << 24):
                        pass
        wrk(qushu.base, 2, 64, script, headers)
        say("-- PostgreSQL with the same rows")
        load_into_postgres(postgres, csv_file(rows))
        postgres.sql("postgres", "VACUUM ANALYZE t")
        query = WORK / "lookup.sql"
        query.write_text(f"\\set k random(0, {rows - 1})\nSELECT * FROM t WHERE k = '91' || lpad(:k::text, 16, '0');\n")
        bench = [f"{POSTGRES_BIN}/pgbench", "-n", "-M", "prepared", "-c", "64", "-j", str(CORES), "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "postgres",
                 "-f", str(query)]
        subprocess.run([*bench, "-T", "2", "postgres"], check=True, capture_output=True, cwd="/")
        ours, theirs = [], []
        for _ in range(2):
            ours.append(wrk(qushu.base, seconds, 64, script, headers))
            out = subprocess.run([*bench, "-T", str(seconds), "postgres"], check=True, capture_output=True, text=True, cwd="/").stdout
            theirs.append(float(re.search(r"tps = ([\d.]+)", out).group(1)))
        record(f"keyed lookup in {rows:,} rows, token, 64 connections", f"{max(ours):,.0f}/s", f"pgbench -S -M prepared -c 64 {max(theirs):,.0f}/s",
               f"{max(ours) / max(theirs):.2f} ×", "≥ 1 ×", max(ours) >= max(theirs))
    finally:
        postgres.stop()
        qushu.stop()


def bench_query(rows, _):
    qushu = published(rows).start()
    try:
        token = qushu.token("operator")
        caller = Caller(qushu.base, token)
        fields = {f["name"]: f["id"] for f in caller.get("/api/v1/datasets/enterprise")["fields"]}
        parts = [qushu.data / "blobs" / p["sha256"][:2] / p["sha256"][2:] for p in qushu.json("dataset", "versions", "enterprise")[0]["parts"]]
        if not all(p.exists() for p in parts):
            parts = [next((qushu.data / "blobs").rglob(p.name + "*")) for p in parts]
        scan = "read_parquet([" + ", ".join(f"'{p}'" for p in parts) + "])"
        f = lambda name: f'"{fields[name]}"'  # noqa: E731
        region, state, staff, founded, kind = (fields[n] for n in ("行政区划代码", "状态", "从业人数", "成立日期", "企业类型"))
        capital = next(i for n, i in fields.items() if n.startswith("注册资本"))
        columns = ", ".join(f'"{i}"' for i in fields.values())
        pages = [
            ("a filtered page", {region: "110103", f"{staff}__gt": "99000", "_size": 100, "_count": "none"},
             f'SELECT _id, {columns} FROM {scan} WHERE "{region}" = \'110103\' AND "{staff}" > 99000 ORDER BY _id LIMIT 100'),
            ("a filtered and sorted page", {state: "存续", "_sort_desc": capital, "_size": 100, "_count": "none"},
             f'SELECT _id, {columns} FROM {scan} WHERE "{state}" = \'存续\' ORDER BY "{capital}" DESC NULLS LAST, _id LIMIT 100'),
            ("a page between dates, sorted", {f"{founded}__between": "2010-01-01,2010-12-31", "_sort": founded, "_size": 100, "_count": "none"},
             f'SELECT _id, {columns} FROM {scan} WHERE "{founded}" BETWEEN DATE \'2010-01-01\' AND DATE \'2010-12-31\' ORDER BY "{founded}" NULLS LAST, _id LIMIT 100'),
        ]
        groups = [
            ("group by two fields", f'SELECT "{region}", "{kind}", count(*), avg("{staff}"), sum("{capital}") FROM enterprise GROUP BY 1, 2 ORDER BY 1, 2'),
            ("group by month", f'SELECT date_trunc(\'month\', "{founded}"), count(*) FROM enterprise GROUP BY 1 ORDER BY 1'),
            ("distinct names", 'SELECT count(DISTINCT ' + f("企业名称") + ") FROM enterprise"),
        ]
        for what, params, sql in pages:
            caller.get("/api/v1/datasets/enterprise/rows", **params)
            ours, theirs = [], []
            for n in range(9):
                # Another size each time, so that no answer comes from a cache.
                begun = time.monotonic()
                caller.get("/api/v1/datasets/enterprise/rows", **{**params, "_size": 100 + n})
                ours.append(time.monotonic() - begun)
            theirs = duck(sql, repeat=9)
            a, b = statistics.median(ours), statistics.median(theirs)
            record(f"{what} of {rows:,} rows", f"{a * 1000:.0f} ms", f"DuckDB {b * 1000:.0f} ms", f"{a / b:.2f} ×", "≤ 1.2 ×", a <= 1.2 * b)
        for what, sql in groups:
            caller.post("/api/v1/sql", {"sql": sql})
            ours = []
            for _ in range(9):
                begun = time.monotonic()
                caller.post("/api/v1/sql", {"sql": sql})
                ours.append(time.monotonic() - begun)
            theirs = duck(sql.replace("FROM enterprise", f"FROM {scan}"), repeat=9)
            a, b = statistics.median(ours), statistics.median(theirs)
            record(f"{what} over {rows:,} rows", f"{a * 1000:.0f} ms", f"DuckDB {b * 1000:.0f} ms", f"{a / b:.2f} ×", "≤ 1.2 ×", a <= 1.2 * b)
    finally:
        qushu.stop()


def bench_start(_, __):
    def fill(qushu):
        for pack in range(5):
            with tempfile.NamedTemporaryFile(suffix=".zip", dir=WORK) as file:
                with zipfile.ZipFile(file, "w") as z:
                    for n in range(200):
                        z.writestr(f"tables{pack}_{n}.csv", f"编号,名称{pack}_{n},数量\n" + "".join(f"{i:04d},名{i},{i}\n" for i in range(20)))
                file.flush()
                qushu.cli("import", file.name, "--department", "czj")

    qushu = prepared(WORK / "thousand", fill)
    count = len(qushu.json("dataset", "list"))
    assert count >= 1000, count
    times, memory = [], []
    for _ in range(5):
        begun = time.monotonic()
        qushu.start()
        while qushu.caller().call("GET", "/readyz").status_code != 200:
            time.sleep(0.002)
        times.append(time.monotonic() - begun)
        time.sleep(3)
        status = pathlib.Path(f"/proc/{qushu.process.pid}/status").read_text()
        memory.append(int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024)
        qushu.stop()
    t, m = statistics.median(times), statistics.median(memory)
    record(f"start to ready with {count:,} datasets", f"{t * 1000:.0f} ms", "limit 500 ms", f"{t / 0.5:.2f}", "≤ 1", t <= 0.5)
    record("idle memory", f"{m / 2**20:.0f} MiB", "limit 150 MB", f"{m / 150e6:.2f}", "≤ 1", m <= 150e6)


AREAS = ("企业 公园 道路 学校 医院 养老 救助 环境 市场 食品 药品 安全 消防 交通 住房 社区 街道 人口 法人 信用 税收 就业 社保 医保 教育 文化 体育 旅游 农业 水务 燃气 "
         "供热 电力 通信 气象 地质 档案 党建 统计 财政").split()


KINDS = "登记信息 基本信息 名录 统计年报 检查记录 处罚信息 许可信息 投诉记录 监测数据 台账 清单 评价结果 补贴发放 人员名册 设施分布".split()


FIELDS = "编号 名称 统一社会信用代码 法定代表人 地址 联系电话 成立日期 注册资本 状态 所属街道 行业类别 备注 身份证号 姓名 性别 出生日期 金额 数量 经度 纬度".split()


def catalogue(count):
    """A data folder whose catalogue has `count` entries of many providers and classes, without data."""
    def fill(qushu):
        departments = [d["id"] for d in qushu.json("department", "list")]
        classes = [n["id"] for n in qushu.json("catalog", "classification") if n["depth"] == 1]
        chance = random.Random(7)
        store = sqlite3.connect(qushu.data / "qushu.db")
        rows = []
        for n in range(count):
            title = chance.choice(AREAS) + chance.choice(AREAS) + chance.choice(KINDS) + str(n % 1000)
            fields = [{"id": f"f{i}", "name": name, "type": "text", "level": "1"} for i, name in enumerate(chance.sample(FIELDS, 10))]
            rows.append((f"{n:026d}", f"entry_{n}", title, f"本区{chance.choice(AREAS)}方面的{chance.choice(KINDS)}，由有关部门按{chance.choice(AREAS)}管理要求采集",
                         chance.choice(departments), chance.choice(AREAS), json.dumps([chance.choice(KINDS)], ensure_ascii=False),
                         chance.choice(["daily", "monthly", "yearly", "irregular"]), chance.choice(["unconditional", "conditional", "none"]),
                         chance.choice("1234"), "draft", json.dumps(fields, ensure_ascii=False), "bench", n, 1_760_000_000_000_000 + n, title,
                         json.dumps([chance.choice(classes)]), chance.choice(["database", "file", "service"]), n + 1))
        store.executemany("INSERT INTO dataset (id, code, title, abstract, department_id, theme, tags, update_cycle, sharing_type, level, state, fields, "
                          "created_by, created, changed, search_text, classifications, format, change_number) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", rows)
        store.execute("INSERT INTO catalog_counter (name, value) VALUES ('change', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (count + 1,))
        store.commit()
        store.close()

    return prepared(WORK / f"catalogue-{count}", fill)


def bench_search(_, __):
    """Every answer with all facets and the first page of twenty, over HTTP."""
    count = 100_000
    qushu = catalogue(count)
    shutil.rmtree(qushu.data / "search", ignore_errors=True)
    qushu.start()
    try:
        caller = Caller(qushu.base, qushu.token("operator"))
        begun = time.monotonic()
        assert caller.call("GET", "/api/v1/datasets", timeout=900).json()["total"] == count
        built = time.monotonic() - begun
        size = sum(f.stat().st_size for f in (qushu.data / "search").iterdir())
        record(f"search index of {count:,} entries made anew", f"{built:.0f} s, {size / 2**20:.0f} MiB", "", f"{count / built:,.0f} entries/s", "none set", True)
        chance = random.Random(3)
        departments = [d["id"] for d in qushu.json("department", "list")]
        asked = {
            "two Chinese words": lambda: {"text": f"{chance.choice(AREAS)} {chance.choice(KINDS)}"},
            "one common word": lambda: {"text": "信息"},
            "pinyin initials": lambda: {"text": chance.choice(["qydj", "gyml", "ylbt", "dlss", "spjc", "jzmc"])},
            "full pinyin": lambda: {"text": chance.choice(["qiye", "dengji", "gongyuan", "minglu", "butie"])},
            "no word, all facets": lambda: {},
            "a provider and a word": lambda: {"text": chance.choice(AREAS), "department": chance.choice(departments)},
        }
        for what, params in asked.items():
            for _ in range(3):
                caller.get("/api/v1/datasets", **params())
            times = []
            for _ in range(60):
                given = params()
                begun = time.monotonic()
                caller.get("/api/v1/datasets", **given)
                times.append((time.monotonic() - begun) * 1000)
            times.sort()
            p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
            record(f"search {count:,} entries: {what}", f"p50 {p50:.1f} ms, p95 {p95:.1f} ms", "limit 20 ms", f"{p50 / 20:.2f}", "p50 ≤ 20 ms", p50 <= 20)
        begun = time.monotonic()
        caller.patch("/api/v1/datasets/entry_7", {"abstract": "改了一个字"})
        caller.get("/api/v1/datasets", text="改了一个字")
        record("a change and the search that finds it", f"{(time.monotonic() - begun) * 1000:.0f} ms", "", "", "none set", True)
    finally:
        qushu.stop()


def bench_health(_, seconds):
    qushu = Qushu(WORK / "health").start()
    port = free_port()
    folder = WORK / "nginx"
    folder.mkdir(parents=True, exist_ok=True)
    body = qushu.caller().call("GET", "/healthz").content
    (folder / "healthz").write_bytes(body)
    folder.chmod(0o755)
    (folder / "nginx.conf").write_text(
        f"{'user root;' if os.getuid() == 0 else ''} worker_processes {CORES}; pid {folder}/pid; error_log {folder}/error.log; events {{ worker_connections 1024; }}\n"
        f"http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; server {{ listen 127.0.0.1:{port}; root {folder}; }} }}\n")
    subprocess.run(["nginx", "-c", folder / "nginx.conf", "-p", folder], check=True, stderr=subprocess.DEVNULL)
    try:
        ours, theirs = [], []
        for _ in range(2):
            ours.append(wrk(qushu.base + "/healthz", seconds, 64))
            theirs.append(wrk(f"http://127.0.0.1:{port}/healthz", seconds, 64))
        record("/healthz, 64 connections", f"{max(ours):,.0f}/s", f"nginx, a static file of the same size {max(theirs):,.0f}/s", f"{max(ours) / max(theirs):.2f} ×",
               "≥ 0.4 ×", max(ours) >= 0.4 * max(theirs))
    finally:
        subprocess.run(["nginx", "-c", folder / "nginx.conf", "-p", folder, "-s", "stop"], check=False, stderr=subprocess.DEVNULL)
        qushu.stop()

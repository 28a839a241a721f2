"""How fast rows come in: a file, a file under rules, a hundredth more, pushed batches, and what a database sends."""
import datetime
import http.client
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import threading
import time

from common import WORK, csv_file, duck, load_here, load_into_postgres, loaded, moment, published_after, record, say
from harness import POSTGRES_BIN, Caller, Postgres, Qushu
from servers import MariaDb


def bench_load(rows, _):
    """Each side three times, in turns; the best of them counts. What one leaves behind to be written is written before the next begins."""
    file = csv_file(rows)
    target = WORK / "duck.parquet"
    ours, theirs, pgs = [], [], []
    postgres = Postgres()
    try:
        for _ in range(3):
            os.sync()
            theirs += duck(f"COPY (SELECT * FROM read_csv('{file}')) TO '{target}' (FORMAT parquet)")
            os.sync()
            ours.append(load_here(rows, file))
            os.sync()
            pgs.append(load_into_postgres(postgres, file))
            postgres.sql("postgres", "CHECKPOINT")
    finally:
        postgres.stop()
    (best, whole, _), memory, copied, pg = min(ours), max(m for _, _, m in ours), min(theirs), min(pgs)
    size = file.stat().st_size / 1e6
    record(f"load {rows:,} rows, 12 columns ({size:.0f} MB) to a published version", f"{best:.1f} s", f"DuckDB COPY to Parquet {copied:.1f} s",
           f"{best / copied:.2f} ×", "≤ 1.5 ×", best <= 1.5 * copied)
    record("the same against PostgreSQL 15 COPY and primary key", f"{best:.1f} s", f"{pg:.1f} s", f"{pg / best:.1f} × faster", "≥ 5 × faster", pg >= 5 * best)
    record("the key index and profile, which follow the publication", f"{whole - best:.1f} s", "", "", "none set", True)
    record("peak memory of the import, key index and profile included", f"{memory / 2**30:.2f} GiB", "limit", f"{memory / 1.5e9:.2f}", "≤ 1.5 GB", memory <= 1.5e9)


RULES = [("required", ["统一社会信用代码"], {}), ("unique", ["统一社会信用代码"], {}), ("length", ["机构代码"], {"min": 6, "max": 6}), ("pattern", ["企业名称"], {"pattern": "第\\d+号商贸有限公司"}),
         ("enumeration", ["企业类型"], {"values": ["有限责任公司", "个人独资", "合伙企业", "股份有限公司", "个体工商户"]}), ("format", ["行政区划代码"], {"format": "region_code"}),
         ("range", ["从业人数"], {"min": 0, "max": 100000}), ("range", ["注册资本（万元）"], {"min": 0}), ("format", ["成立日期"], {"format": "not_future"}), ("required", ["变更时间"], {}),
         ("enumeration", ["状态"], {"values": ["存续", "注销", "吊销", "迁出"]}), ("range", ["信用评分"], {"min": 0, "max": 1001}), ("length", ["住所"], {"min": 4, "max": 60}),
         ("format", ["统一社会信用代码"], {"format": "credit_code"})]


def bench_rules(rows, _):
    """The second load of the file into the same dataset, without rules and with one or more on each of its 12 columns."""
    file = csv_file(rows)

    def load(rules):
        folder = WORK / "rules"
        shutil.rmtree(folder, ignore_errors=True)
        qushu = Qushu(folder)
        qushu.settle()
        qushu.stop()
        qushu.cli("import", csv_file(1000), "--dataset", "enterprise", "--department", "czj")
        if rules:
            qushu.cli("quality", "add", "enterprise", json.dumps([{"kind": k, "fields": f, "params": p} for k, f, p in RULES]))
        begun = datetime.datetime.now(datetime.timezone.utc)
        qushu.cli("import", file, "--dataset", "enterprise")
        assert qushu.json("dataset", "versions", "enterprise")[0]["published"] == rows
        if rules:
            outcomes = qushu.json("quality", "show", "enterprise")["outcomes"]
            assert len(outcomes) == len(RULES) and all(o["checked"] == rows for o in outcomes), outcomes
        return published_after(qushu, begun)

    without, with_rules = [], []
    for _ in range(2):
        without.append(load(False))
        with_rules.append(load(True))
    a, b = min(with_rules), min(without)
    record(f"load {rows:,} rows with {len(RULES)} quality rules on 12 columns", f"{a:.1f} s", f"without rules {b:.1f} s", f"{a / b:.2f} ×", "≤ 2 ×", a <= 2 * b)


def import_seconds(qushu, file, *words):
    """From the command's start to the published version."""
    begun = datetime.datetime.now(datetime.timezone.utc)
    qushu.json("import", file, "--dataset", "enterprise", "--department", "czj", "--key", "统一社会信用代码", *words)
    return published_after(qushu, begun)


def timed_reads(qushu, rows):
    """Milliseconds of a filtered page and of a keyed lookup."""
    qushu.start()
    try:
        caller = Caller(qushu.base, qushu.token("operator"))
        fields = {f["name"]: f["id"] for f in caller.get("/api/v1/datasets/enterprise")["fields"]}
        region, staff = fields["行政区划代码"], fields["从业人数"]
        pages, lookups = [], []
        for n in range(-3, 9):
            begun = time.monotonic()
            caller.get("/api/v1/datasets/enterprise/rows", **{region: "110103", f"{staff}__gt": "99000", "_size": 100 + max(n, 0), "_count": "none"})
            page = time.monotonic()
            assert caller.get("/api/v1/datasets/enterprise/rows", key=f"91{rows // 2 + max(n, 0):016d}")["rows"]
            if n >= 0:
                pages.append(page - begun)
                lookups.append(time.monotonic() - page)
        return statistics.median(pages) * 1000, statistics.median(lookups) * 1000
    finally:
        qushu.stop()


def bench_delta(rows, _):
    """Appending 1 % and upserting 1 % (half new, half changed) beside the full load of the file in the same run."""
    file = csv_file(rows)
    full, _, _ = load_here(rows, file)
    qushu = loaded(rows)
    share = rows // 100
    before = timed_reads(qushu, rows)

    def part(name, select):
        target = WORK / f"{name}-{rows}.csv"
        duck(f"COPY ({select}) TO '{target}' (FORMAT csv, HEADER)")
        return target

    head = '"统一社会信用代码"'
    source = f"read_csv('{file}', all_varchar = true)"
    fresh = f"printf('92%016d', CAST(right({head}, 16) AS BIGINT))"
    more = part("append", f"SELECT * REPLACE ({fresh} AS {head}) FROM {source} LIMIT {share}")
    append = import_seconds(qushu, more, "--mode", "append")
    mixed = part("upsert", f"""SELECT * REPLACE (printf('93%016d', CAST(right({head}, 16) AS BIGINT)) AS {head}) FROM (FROM {source} LIMIT {share // 2})
        UNION ALL SELECT * REPLACE ('已变更' AS "状态") FROM {source} WHERE CAST(right({head}, 16) AS BIGINT) % 200 = 7""")
    upsert = import_seconds(qushu, mixed, "--mode", "upsert")
    version = qushu.json("dataset", "versions", "enterprise")[0]
    assert (version["added"], version["changed"]) == (share // 2, rows // 200), version
    after = timed_reads(qushu, rows)
    record(f"append 1 % to {rows:,} rows", f"{append:.2f} s", f"the full load {full:.2f} s", f"{append / full:.3f} ×", "< 0.1 ×", append < 0.1 * full)
    record(f"upsert 1 % into {rows:,} rows, half new, half changed", f"{upsert:.2f} s", f"the full load {full:.2f} s", f"{upsert / full:.3f} ×", "< 0.1 ×", upsert < 0.1 * full)
    record("a filtered page after both", f"{after[0]:.0f} ms", f"before {before[0]:.0f} ms", f"{after[0] / before[0]:.2f} ×", "none set", True)
    record("a keyed lookup after both", f"{after[1]:.1f} ms", f"before {before[1]:.1f} ms", f"{after[1] / before[1]:.2f} ×", "none set", True)
    shutil.rmtree(WORK / f"data-{rows}", ignore_errors=True)


def bench_push(_, seconds):
    """Batches of 1,000 rows, each durable before its answer, while flushes take them into versions."""
    folder = WORK / "push"
    shutil.rmtree(folder, ignore_errors=True)
    qushu = Qushu(folder, settings={"ingest.push_waiting": "100000000"}).settle()
    try:
        caller = qushu.caller("operator")
        made = caller.wait_import(caller.upload("推送.csv", "编号,名称,数量,日期\n0,甲,1,2024-01-01\n".encode(), dataset="pushed", department="czj")["id"], "ready")
        caller.patch(f"/api/v1/imports/{made['id']}", {"tables": [{"location": "", "columns": [{"position": 0, "key": True}, {"position": 0, "type": "integer"}]}]})
        caller.wait_import(made["id"], "ready")
        caller.post(f"/api/v1/imports/{made['id']}/publish")
        caller.wait_import(made["id"], "published")
        token = qushu.token("operator")
        sent = [1]
        for clients in (1, 4):
            times, lock, stop = [], threading.Lock(), time.monotonic() + seconds
            bodies = []
            for n in range(clients):
                first = sent[0] + n * 100_000_000
                bodies.append(first)

            def client(first):
                connection = http.client.HTTPConnection(qushu.base.removeprefix("http://"))
                own = []
                n = first
                while time.monotonic() < stop:
                    body = "[" + ",".join(f'{{"编号":{i},"名称":"第{i % 1000}号企业","数量":{i % 77},"日期":"2024-05-06"}}' for i in range(n, n + 1000)) + "]"
                    begun = time.monotonic()
                    connection.request("POST", "/api/v1/datasets/pushed/rows", body=body.encode(),
                                       headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"})
                    answer = connection.getresponse()
                    text = answer.read()
                    assert answer.status == 200 and json.loads(text)["accepted"] == 1000, text
                    own.append(time.monotonic() - begun)
                    n += 1000
                with lock:
                    times.extend(own)

            begun = time.monotonic()
            workers = [threading.Thread(target=client, args=(first,)) for first in bodies]
            for w in workers:
                w.start()
            for w in workers:
                w.join()
            took = time.monotonic() - begun
            sent[0] += 1_000_000_000
            rate = len(times) * 1000 / took
            p99 = sorted(times)[int(len(times) * 0.99)] * 1000
            record(f"push in batches of 1,000, {clients} client{'s' if clients > 1 else ''}, p99 {p99:.0f} ms", f"{rate:,.0f} rows/s", "goal 50,000 rows/s", f"{rate / 50000:.2f}", "≥ 1", rate >= 50000)
    finally:
        qushu.stop()


MARIA_COLUMNS = ("k varchar(32), code varchar(16), text varchar(64), kind varchar(32), region varchar(8), staff int, capital decimal(12,2), founded date, "
                 "changed datetime, state varchar(8), score double, address varchar(128)")


def pulled(qushu, code, kind, settings, secrets, selection):
    """Seconds of a full load through a pipeline, from the run's begin to the published version."""
    caller = qushu.caller("steward")
    caller.post("/api/v1/sources", {"code": code, "name": "业务库", "kind": kind, "settings": settings, "secrets": secrets}, 201)
    definition = {"code": f"pull_{code}", "title": "归集企业", "source": code, "selection": selection, "dataset": f"pulled_{code}", "mode": "full"}
    tried = caller.post("/api/v1/pipelines/try", definition)
    for field in tried["fields"]:
        field["key"] = field["column"] == "k"
    caller.post("/api/v1/pipelines", {**definition, "fields": tried["fields"]}, 201)
    times = []
    for _ in range(2):
        run = caller.post(f"/api/v1/pipelines/pull_{code}/run", None, 202)
        while run["state"] in ("queued", "running"):
            time.sleep(0.05)
            run = caller.get(f"/api/v1/runs/{run['id']}")
        assert run["state"] == "succeeded", run
        times.append(((moment(run["ended"]) - moment(run["started"])).total_seconds(), run["read"]))
        while any(caller.get("/api/v1/jobs", state=s)["jobs"] for s in ("queued", "running")):
            time.sleep(0.2)
    assert times[0][1] == times[1][1]
    return min(t for t, _ in times), times[0][1]


def written(command, target):
    """Seconds of a client that writes a table to a file; the better of two."""
    times = []
    for _ in range(2):
        begun = time.monotonic()
        with open(target, "wb") as out:
            subprocess.run(command, stdout=out, check=True, cwd="/")
        times.append(time.monotonic() - begun)
    return min(times)


def bench_pull(rows, _):
    """A table of a database into a published, typed and checked version, beside the server's own client that writes it to disk as text."""
    rows = min(rows, 4_000_000)
    file = csv_file(rows)
    target = WORK / "pulled.csv"
    folder = WORK / "pull"
    shutil.rmtree(folder, ignore_errors=True)
    qushu = Qushu(folder, settings={"sources.allow_loopback": "true"}).settle()
    postgres = Postgres()
    maria = MariaDb()
    try:
        load_into_postgres(postgres, file)
        postgres.sql("postgres", "VACUUM ANALYZE t")
        maria.sql(f"CREATE DATABASE bench; USE bench; CREATE TABLE t ({MARIA_COLUMNS}); CREATE USER q@'%' IDENTIFIED BY 'q'; GRANT SELECT ON *.* TO q@'%'")
        maria.sql(f"LOAD DATA INFILE '{file}' INTO TABLE t FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' IGNORE 1 LINES; ALTER TABLE t ADD PRIMARY KEY (k)", "bench")
        sides = (
            ("PostgreSQL", "psql \\copy to CSV", [f"{POSTGRES_BIN}/psql", "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "postgres", "-qc", "COPY t TO STDOUT (FORMAT csv, HEADER)"],
             ("pg", "postgresql", {"host": "127.0.0.1", "port": postgres.port, "database": "postgres", "user": "postgres", "tls": "prefer"}, {}, {"schema": "public", "table": "t"})),
            ("MariaDB", "mariadb --quick --batch", maria.client("--quick", "-e", "SELECT * FROM t", "bench"),
             ("maria", "mysql", {"host": "127.0.0.1", "port": maria.port, "database": "bench", "user": "q", "tls": "prefer"}, {"password": "q"}, {"table": "t"})),
        )
        for name, client, command, source in sides:
            theirs = written(command, target)
            ours, read = pulled(qushu, *source)
            assert read == rows, (read, rows)
            record(f"pull {rows:,} rows from {name} into a published version", f"{rows / ours:,.0f} rows/s", f"{client} {rows / theirs:,.0f} rows/s",
                   f"{theirs / ours:.2f} ×", "≥ 0.7 ×", theirs >= 0.7 * ours)
    finally:
        maria.stop()
        postgres.stop()
        qushu.stop()
        target.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

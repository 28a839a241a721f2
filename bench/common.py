"""What the benchmarks share: the file of ten million rows, a data folder that holds it, clocks, and the record of results."""
import datetime
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from harness import POSTGRES_BIN, Qushu  # noqa: E402

WORK = ROOT / "build" / "bench"
DUCK = ROOT / "build" / "release" / "bench" / "bench_duck"
CORES = os.cpu_count()
results = []


def say(text):
    print(text, flush=True)


def record(what, ours, other, ratio, goal, good):
    results.append((what, ours, other, ratio, goal, good))
    say(f"   {what}: {ours}, {other}: {ratio} (goal {goal}) {'ok' if good else 'MISSED'}")


def timed(command, **more):
    """Wall seconds and peak memory in bytes of a command."""
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    out = process.stdout.read()
    error = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command}: {error.decode()[-2000:]}")
    return time.monotonic() - begun, usage.ru_maxrss * 1024, out.decode()


def duck(*statements, repeat=1):
    out = subprocess.run([DUCK, "--threads", str(CORES), "--repeat", str(repeat), *statements], check=True, capture_output=True, text=True).stdout
    return [float(line.split()[0]) for line in out.splitlines()]


def csv_file(rows):
    """12 columns: a key, codes with leading zeros, names, numbers, money, dates, times, a flag and a long text."""
    file = WORK / f"enterprises-{rows}.csv"
    if not file.exists():
        say(f"-- generating {rows} rows")
        part = file.with_suffix(".part")
        duck(f"""COPY (SELECT printf('91%016d', i) AS "统一社会信用代码", printf('%06d', i % 999983) AS "机构代码",
            '第' || (i % 100003) || '号商贸有限公司' AS "企业名称", ['有限责任公司','个人独资','合伙企业','股份有限公司','个体工商户'][1 + i % 5] AS "企业类型",
            printf('1101%02d', i % 17) AS "行政区划代码", CAST(i * 7919 % 100000 AS INTEGER) AS "从业人数",
            CAST((i * 104729 % 1000000000) / 100.0 AS DECIMAL(12,2)) AS "注册资本（万元）", DATE '1990-01-01' + CAST(i * 31 % 12000 AS INTEGER) AS "成立日期",
            TIMESTAMP '2020-01-01' + INTERVAL (i * 61 % 150000000) SECOND AS "变更时间", ['存续','注销','吊销','迁出'][1 + i * 13 % 4] AS "状态",
            hash(i) % 1000003 / 1000.0 AS "信用评分", '北京市某区某街道' || (i % 5000) || '号院' || (i % 40) || '号楼' AS "住所"
            FROM range({rows}) t(i)) TO '{part}' (FORMAT csv, HEADER)""")
        part.rename(file)
    return file


def prepared(folder, fill=None):
    """A data folder, made and filled once and kept between runs of single benchmarks."""
    if not (folder / "settled").exists():
        shutil.rmtree(folder, ignore_errors=True)
        qushu = Qushu(folder)
        qushu.settle()
        qushu.stop()
        if fill:
            fill(qushu)
        (folder / "settled").write_text("")
    return Qushu(folder)


def loaded(rows):
    return prepared(WORK / f"data-{rows}")


COLUMNS = ("k text, code text, name text, kind text, region text, staff int, capital numeric(12,2), founded date, changed timestamp, state text, "
           "score float8, address text")


def load_into_postgres(postgres, file):
    """Seconds of COPY into a table and its primary key."""
    postgres.sql("postgres", f"DROP TABLE IF EXISTS t; CREATE TABLE t ({COLUMNS})")
    begun = time.monotonic()
    with open(file, "rb") as rows_file:
        subprocess.run([f"{POSTGRES_BIN}/psql", "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "postgres", "-qc",
                        "COPY t FROM STDIN (FORMAT csv, HEADER)"], stdin=rows_file, check=True, cwd="/")
    postgres.sql("postgres", "ALTER TABLE t ADD PRIMARY KEY (k)")
    return time.monotonic() - begun


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def published_after(qushu, begun):
    """Seconds from a moment to the end of the last publication."""
    publish = next(j for j in qushu.json("job", "list") if j["kind"] == "import.publish")
    return (moment(publish["ended"]) - begun).total_seconds()


def load_here(rows, file):
    """Seconds from the command's start to the published version, to the command's end (key index and profile made), and peak memory."""
    shutil.rmtree(WORK / f"data-{rows}", ignore_errors=True)
    qushu = loaded(rows)
    os.sync()
    begun = datetime.datetime.now(datetime.timezone.utc)
    whole, memory, _ = timed(qushu.arguments("import", file, "--dataset", "enterprise", "--department", "czj", "--key", "统一社会信用代码"),
                             env=qushu.environment)
    version = qushu.json("dataset", "versions", "enterprise")[0]
    assert version["published"] == rows, version
    return published_after(qushu, begun), whole, memory


def published(rows):
    qushu = loaded(rows)
    if not any(d["code"] == "enterprise" for d in qushu.json("dataset", "list", "enterprise")):
        qushu.cli("import", csv_file(rows), "--dataset", "enterprise", "--department", "czj", "--key", "统一社会信用代码")
    return qushu


def wrk(url, seconds, connections, script=None, headers=()):
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s"]
    for h in headers:
        command += ["-H", h]
    if script:
        command += ["-s", str(script)]
    out = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    assert not bad, out
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))

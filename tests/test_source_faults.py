"""Sources that are cut off, hang, lie about their length or change: what was published stays, nothing half is published, and the next run brings every row once."""
import time

import pytest

from harness import Postgres, Qushu
from servers import S3, MariaDb, Sftp, Web, Wire

ROWS = 20000


@pytest.fixture(scope="module")
def qushu(tmp_path_factory):
    one = Qushu(tmp_path_factory.mktemp("data"), settings={"sources.allow_loopback": "true", "sources.stall_timeout": "2s", "sources.connect_timeout": "3s",
                                                           "sources.retries": "1", "jobs.backoff": "1s"})
    one.settle()
    yield one
    if one.process:
        one.stop()


@pytest.fixture(scope="module")
def steward(qushu):
    return qushu.caller("steward")


def csv(rows, mark="a"):
    return "id,name,staff\n" + "".join(f"{i},企业{mark}{i},{i % 50}\n" for i in range(1, rows + 1))


class Database:
    """One table that grows, behind a wire."""

    def __init__(self, server, sql, kind, settings, secrets=None):
        self.sql, self.kind, self.secrets = sql, kind, secrets or {}
        self.wire = Wire(server.port)
        self.settings = {"host": "127.0.0.1", "port": self.wire.port, "tls": "off", **settings}
        self.selection = {"table": "firm"}

    def grow(self, rows):
        for first in range(self.count() + 1, rows + 1, 2000):
            last = min(first + 1999, rows)
            self.sql("INSERT INTO firm VALUES " + ",".join(f"({i}, '企业{i}', {i % 50})" for i in range(first, last + 1)))

    def count(self):
        return int(self.sql("SELECT count(*) FROM firm"))


class Files:
    """One file that grows, behind a wire."""

    def __init__(self, port, put, kind, settings, secrets=None):
        self.put, self.kind, self.secrets = put, kind, secrets or {}
        self.wire = Wire(port)
        self.settings = settings(self.wire.port)
        self.selection = {}

    def grow(self, rows):
        self.put(csv(rows).encode())


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    started = {"pg": Postgres(), "maria": MariaDb(), "web": Web(), "s3": S3(), "sftp": Sftp()}
    yield started
    for one in started.values():
        one.stop()


def source_of(kind, servers):
    if kind == "postgresql":
        database = servers["pg"].fresh()
        servers["pg"].sql(database, "CREATE TABLE firm (id bigint PRIMARY KEY, name text, staff int)")
        return Database(servers["pg"], lambda sql: servers["pg"].sql(database, sql), kind, {"database": database, "user": "postgres"})
    if kind == "mysql":
        servers["maria"].sql("CREATE DATABASE IF NOT EXISTS faults; USE faults; DROP TABLE IF EXISTS firm; CREATE TABLE firm (id bigint PRIMARY KEY, name varchar(50), staff int); "
                             "CREATE USER IF NOT EXISTS q@'%' IDENTIFIED BY 'q'; GRANT SELECT ON *.* TO q@'%'")
        return Database(servers["maria"], lambda sql: servers["maria"].sql(sql, "faults"), kind, {"database": "faults", "user": "q"}, {"password": "q"})
    if kind == "http":
        web = servers["web"]
        return Files(web.port, lambda data: web.files.update({"/firm.csv": data}), kind, lambda port: {"url": f"http://127.0.0.1:{port}/firm.csv"})
    if kind == "s3":
        s3 = servers["s3"]
        return Files(s3.port, lambda data: s3.put("faults/firm.csv", data), kind,
                     lambda port: {"endpoint": f"http://127.0.0.1:{port}", "region": s3.region, "bucket": "bucket", "prefix": "faults", "access_key": s3.access_key},
                     {"secret_key": s3.secret_key})
    sftp = servers["sftp"]
    folder = sftp.files / "faults"
    folder.mkdir(exist_ok=True)
    return Files(sftp.port, lambda data: (folder / "firm.csv").write_bytes(data), kind,
                 lambda port: {"host": "127.0.0.1", "port": port, "user": sftp.user, "folder": str(folder)}, {"private_key": sftp.key})


def wait(caller, run, most=120):
    deadline = time.monotonic() + most
    while time.monotonic() < deadline:
        now = caller.get(f"/api/v1/runs/{run['id']}")
        if now["state"] not in ("queued", "running"):
            return now
        time.sleep(0.05)
    raise AssertionError(now)


def gather(caller, code):
    return wait(caller, caller.post(f"/api/v1/pipelines/{code}/run", None, 202))


def rows_of(caller, dataset):
    answer = caller.post("/api/v1/sql", {"sql": f'SELECT count(*), count(DISTINCT id), max(id) FROM "{dataset}"'})
    return [int(v) for v in answer["rows"][0]]


def pipeline(caller, source, code, mode="full", **more):
    caller.post("/api/v1/sources", {"code": code, "name": "业务库", "kind": source.kind, "settings": source.settings, "secrets": source.secrets}, 201)
    caller.post(f"/api/v1/sources/{code}/check")
    definition = {"code": code, "title": "归集", "source": code, "selection": source.selection, "dataset": code, "mode": "full", "attempts": 1, **more}
    tried = caller.post("/api/v1/pipelines/try", {**definition, "watermark": {}} if "watermark" in more else definition)
    for field in tried["fields"]:
        field["key"] = field["column"] == "id"
    caller.post("/api/v1/pipelines", {**definition, "mode": mode, "fields": tried["fields"]}, 201)


KINDS = ["postgresql", "mysql", "http", "s3", "sftp"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["cut", "stall"])
def test_what_was_published_stays_until_all_has_come(qushu, steward, servers, kind, fault):
    source = source_of(kind, servers)
    code = f"{fault}_{kind}"
    source.grow(ROWS)
    pipeline(steward, source, code)
    assert gather(steward, code)["state"] == "succeeded"
    assert rows_of(steward, code) == [ROWS, ROWS, ROWS]
    source.grow(ROWS + 10000)
    # Well within the rows: both the handshake and the first answers are far shorter.
    if fault == "cut":
        source.wire.cut_after, source.wire.then_refuse = 200_000, True
    else:
        source.wire.stall_after = 200_000
    run = gather(steward, code)
    assert run["state"] == "failed" and any(word in run["error"]["text"] for word in ("超时", "没有响应", "中断", "断开", "拒绝")), run
    assert steward.get(f"/api/v1/datasets/{code}")["version"] == 1 and rows_of(steward, code) == [ROWS, ROWS, ROWS]
    source.wire.heal()
    run = gather(steward, code)
    assert run["state"] == "succeeded" and (run["added"], run["unchanged"], run["version"]) == (10000, ROWS, 2), run
    assert rows_of(steward, code) == [ROWS + 10000] * 3


@pytest.mark.parametrize("kind", ["http", "s3"])
def test_a_file_that_is_cut_once_is_resumed(qushu, steward, servers, kind):
    source = source_of(kind, servers)
    code = f"once_{kind}"
    source.grow(ROWS)
    pipeline(steward, source, code)
    source.wire.cut_after, source.wire.once = 300_000, True
    run = gather(steward, code)
    assert run["state"] == "succeeded" and rows_of(steward, code) == [ROWS, ROWS, ROWS], run


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_the_watermark_is_never_ahead_of_the_data(qushu, steward, servers, kind):
    source = source_of(kind, servers)
    code = f"mark_{kind}"
    source.grow(ROWS)
    pipeline(steward, source, code, "incremental", watermark={"column": "id", "kind": "sequence"})
    assert gather(steward, code)["position_after"] == str(ROWS)
    for cut in (120_000, 200_000, 280_000):
        source.grow(source.count() + 15000)
        source.wire.cut_after, source.wire.then_refuse = cut, True
        run = gather(steward, code)
        assert run["state"] == "failed", run
        assert steward.get(f"/api/v1/pipelines/{code}")["position"] == str(rows_of(steward, code)[2])
        source.wire.heal()
    run = gather(steward, code)
    total = source.count()
    assert run["state"] == "succeeded" and run["position_after"] == str(total) and rows_of(steward, code) == [total] * 3, run


@pytest.mark.parametrize("fault", ["too-long", "too-short"])
def test_a_length_that_lies_publishes_nothing(qushu, steward, servers, fault):
    source = source_of("http", servers)
    code = "lies_" + fault.replace("-", "_")
    source.grow(1000)
    pipeline(steward, source, code)
    assert gather(steward, code)["state"] == "succeeded"
    source.grow(2000)
    servers["web"].faults = {fault, "no-etag"}
    try:
        run = gather(steward, code)
    finally:
        servers["web"].faults = set()
    assert run["state"] == "failed" and rows_of(steward, code)[0] == 1000, run
    assert gather(steward, code)["state"] == "succeeded" and rows_of(steward, code)[0] == 2000


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_slow_source_is_read_to_its_end_and_can_be_left(qushu, steward, servers, kind):
    source = source_of(kind, servers)
    code = f"slow_{kind}"
    source.grow(ROWS)
    pipeline(steward, source, code)
    source.wire.pause = 0.05
    assert gather(steward, code)["state"] == "succeeded" and rows_of(steward, code)[0] == ROWS
    source.wire.pause = 1.0
    source.grow(ROWS + 1)
    run = steward.post(f"/api/v1/pipelines/{code}/run", None, 202)
    time.sleep(2)
    steward.post(f"/api/v1/runs/{run['id']}/cancel")
    begun = time.monotonic()
    assert wait(steward, run)["state"] == "cancelled" and time.monotonic() - begun < 10
    assert rows_of(steward, code)[0] == ROWS
    source.wire.heal()


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_column_that_goes_between_runs_stops_before_anything_is_published(qushu, steward, servers, kind):
    source = source_of(kind, servers)
    code = f"drift_{kind}"
    source.grow(100)
    pipeline(steward, source, code)
    assert gather(steward, code)["state"] == "succeeded"
    source.sql("ALTER TABLE firm DROP COLUMN staff")
    run = gather(steward, code)
    assert run["state"] == "waiting" and [(d["kind"], d["column"]) for d in run["drifts"]] == [("missing", "staff")], run
    assert steward.get(f"/api/v1/datasets/{code}")["version"] == 1


def folder_of(kind, servers):
    if kind == "s3":
        s3 = servers["s3"]
        put = lambda name, data: s3.put(f"{kind}-many/{name}", data.encode())  # noqa: E731
        return put, {"endpoint": s3.endpoint, "region": s3.region, "bucket": "bucket", "prefix": f"{kind}-many", "access_key": s3.access_key}, {"secret_key": s3.secret_key}
    sftp = servers["sftp"]
    folder = sftp.files / "many"
    folder.mkdir()
    put = lambda name, data: (folder / name).write_text(data)  # noqa: E731
    return put, {"host": "127.0.0.1", "port": sftp.port, "user": sftp.user, "folder": str(folder)}, {"private_key": sftp.key}


@pytest.mark.parametrize("kind", ["s3", "sftp"])
def test_files_of_one_run_that_differ_are_decided_once_and_read_together(qushu, steward, servers, kind):
    put, settings, secrets = folder_of(kind, servers)
    code = f"many_{kind}"

    def sheet(name, columns, first):
        rows = [",".join({"id": str(n), "name": f"单位{n}", "staff": str(n % 90), "street": f"{n % 7}街", "phone": f"{n % 5}号线", "name_cn": f"单位{n}"}[c] for c in columns)
                for n in range(first, first + 100)]
        put(name, ",".join(columns) + "\n" + "\n".join(rows) + "\n")

    def value(sql):
        return steward.post("/api/v1/sql", {"sql": sql.replace("FROM T", f'FROM "{code}"')})["rows"]

    sheet("1.csv", ["id", "name", "staff"], 0)
    steward.post("/api/v1/sources", {"code": code, "name": "文件夹", "kind": kind, "settings": settings, "secrets": secrets}, 201)
    steward.post(f"/api/v1/sources/{code}/check")
    definition = {"code": code, "title": "多份文件", "source": code, "dataset": code, "mode": "append", "attempts": 1}
    definition["fields"] = steward.post("/api/v1/pipelines/try", definition)["fields"]
    steward.post("/api/v1/pipelines", definition, 201)
    assert gather(steward, code)["state"] == "succeeded"

    # A column that one has more, one that another has less: asked once, each with its own answer.
    sheet("2.csv", ["id", "name", "staff"], 100)
    sheet("3.csv", ["id", "name", "staff", "street"], 200)
    sheet("4.csv", ["id", "name"], 300)
    run = gather(steward, code)
    assert run["state"] == "waiting" and {(d["kind"], d["column"], d["partly"]) for d in run["drifts"]} == {("added", "street", True), ("missing", "staff", True)}, run
    steward.post(f"/api/v1/runs/{run['id']}/decide", {"decisions": [{"column": "street", "verdict": "add"}, {"column": "staff", "verdict": "empty"}]})
    run = wait(steward, run)
    assert (run["state"], run["read"], run["added"]) == ("succeeded", 300, 300), run
    assert [int(v) for v in value("SELECT count(*), count(DISTINCT id), count(staff), count(street) FROM T")[0]] == [400, 400, 300, 100]

    # The setting answers: the new column comes, and the file without it is no drift.
    steward.put(f"/api/v1/pipelines/{code}", {**definition, "fields": steward.get(f"/api/v1/pipelines/{code}")["fields"], "drift": "add"})
    sheet("5.csv", ["id", "name", "staff", "street", "phone"], 400)
    sheet("6.csv", ["id", "name", "staff"], 500)
    run = gather(steward, code)
    assert run["state"] == "succeeded" and [d["column"] for d in run["drifts"]] == ["phone"], run
    assert [int(v) for v in value("SELECT count(*), count(staff), count(street), count(phone) FROM T")[0]] == [600, 500, 200, 100]

    # Renamed in some of the files: both names mean the item from then on.
    sheet("7.csv", ["id", "name_cn", "staff"], 600)
    sheet("8.csv", ["id", "name", "staff"], 700)
    run = gather(steward, code)
    assert run["state"] == "waiting" and [(d["kind"], d["was"], d["column"]) for d in run["drifts"]] == [("renamed", "name", "name_cn")], run
    steward.post(f"/api/v1/runs/{run['id']}/decide", {"decisions": [{"column": "name_cn", "verdict": "rename"}]})
    assert wait(steward, run)["state"] == "succeeded"
    sheet("9.csv", ["id", "name", "staff"], 800)
    assert gather(steward, code)["state"] == "succeeded"
    assert [int(v) for v in value("SELECT count(*), count(name), count(DISTINCT name) FROM T")[0]] == [900, 900, 900]


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
@pytest.mark.parametrize("after", [0.0, 0.02, 0.1, 0.3])
def test_a_table_that_is_altered_while_it_is_read_comes_whole_or_waits(qushu, steward, servers, kind, after):
    source = source_of(kind, servers)
    code = f"altered_{kind}_{int(after * 100)}"
    source.grow(ROWS)
    pipeline(steward, source, code, "incremental", watermark={"column": "id", "kind": "sequence"})
    assert gather(steward, code)["state"] == "succeeded"
    source.grow(ROWS * 2)
    run = steward.post(f"/api/v1/pipelines/{code}/run", None, 202)
    time.sleep(after)
    source.sql("ALTER TABLE firm DROP COLUMN staff")
    run = wait(steward, run)
    position = int(steward.get(f"/api/v1/pipelines/{code}")["position"])
    if run["state"] == "succeeded":
        assert rows_of(steward, code) == [ROWS * 2] * 3 and position == ROWS * 2, run
    else:
        # Noticed before anything was published; or it went in the very moment, and the source said so.
        assert run["state"] in ("waiting", "failed"), run
        assert rows_of(steward, code) == [ROWS] * 3 and position == ROWS, run
        if run["state"] == "failed":
            assert "staff" in run["error"]["text"], run
            run = gather(steward, code)
        assert [(d["kind"], d["column"]) for d in run["drifts"]] == [("missing", "staff")], run
        steward.post(f"/api/v1/runs/{run['id']}/decide", {"decisions": [{"column": "staff", "verdict": "empty"}]})
        assert wait(steward, run)["state"] == "succeeded"
        assert rows_of(steward, code) == [ROWS * 2] * 3

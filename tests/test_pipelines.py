"""Pipelines over a real PostgreSQL and a folder over HTTP: modes, watermark, drift, schedules, and what a crash must not do."""
import http.server
import json
import pathlib
import random
import threading
import time

import pytest

from harness import Failed, Postgres, Qushu
from servers import S3, Sftp


@pytest.fixture(scope="module")
def bureau():
    """The department's own database."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def qushu(tmp_path_factory):
    one = Qushu(tmp_path_factory.mktemp("data"), settings={"sources.allow_loopback": "true", "ingest.arrival_interval": "1s", "jobs.backoff": "1s"})
    one.settle()
    yield one
    if one.process:
        one.stop()


@pytest.fixture
def steward(qushu):
    return qushu.caller("steward")


def metadata(database, server):
    """Where Qushu keeps its own tables."""
    return server.url(server.fresh()) if database == "postgresql" else None


class Bureau:
    """A database of its own with one table, known to Qushu as a source."""

    def __init__(self, server, caller, rows=1000):
        self.server, self.database = server, server.fresh()
        self.code = "src_" + self.database
        self.sql("CREATE TABLE firm (id bigint PRIMARY KEY, name text, capital numeric(12,2), opened date, changed timestamp NOT NULL DEFAULT '2026-01-01')")
        self.sql(f"INSERT INTO firm SELECT i, '企业' || i, i * 1.5, date '2020-01-01' + (i % 900)::int, timestamp '2026-01-01' + i * interval '1 second' FROM generate_series(1, {rows}) i")
        caller.post("/api/v1/sources", {"code": self.code, "name": "业务库", "kind": "postgresql",
                                        "settings": {"host": "127.0.0.1", "port": server.port, "database": self.database, "user": "postgres", "tls": "prefer"}}, 201)

    def sql(self, statement):
        return self.server.sql(self.database, statement)

    def definition(self, mode="full", **more):
        return {"code": "p_" + self.database, "title": "归集企业", "source": self.code, "selection": {"schema": "public", "table": "firm"},
                "dataset": "firm_" + self.database, "mode": mode, **more}


def keyed(caller, definition):
    """The definition with the mapping that a trial proposes, `id` being the key."""
    tried = caller.post("/api/v1/pipelines/try", {**definition, "mode": "full", "watermark": {}, "delete_missing": False})
    for field in tried["fields"]:
        field["key"] = field["column"] == "id"
    return {**definition, "fields": tried["fields"]}


def wait_run(caller, identifier, *states, most=120):
    deadline = time.monotonic() + most
    while time.monotonic() < deadline:
        run = caller.get(f"/api/v1/runs/{identifier}")
        if run["state"] in (states or ("succeeded",)):
            return run
        assert run["state"] in ("queued", "running"), run
        time.sleep(0.05)
    raise AssertionError(f"the run stayed {run}")


def gather(caller, code, *states):
    return wait_run(caller, caller.post(f"/api/v1/pipelines/{code}/run", None, 202)["id"], *states)


def column(caller, dataset, field):
    answer = caller.post("/api/v1/sql", {"sql": f'SELECT {field} FROM "{dataset}" ORDER BY 1', "limit": 10000})
    return [row[0] for row in answer["rows"]]


def test_a_full_load_and_its_counts(qushu, steward, bureau):
    b = Bureau(bureau, steward)
    p = steward.post("/api/v1/pipelines", keyed(steward, b.definition()), 201)
    assert p["last_run"] is None and [f["name"] for f in p["fields"]] == ["id", "name", "capital", "opened", "changed"]
    run = gather(steward, p["code"])
    assert (run["read"], run["added"], run["rejected"], run["version"]) == (1000, 1000, 0, 1), run
    b.sql("UPDATE firm SET name = '改名' WHERE id = 7; DELETE FROM firm WHERE id = 8; INSERT INTO firm VALUES (2000, '新', 1, '2026-01-01')")
    run = gather(steward, p["code"])
    assert (run["read"], run["added"], run["changed"], run["deleted"], run["unchanged"]) == (1000, 1, 1, 1, 998), run
    # Nothing differs: no version is made.
    assert gather(steward, p["code"])["version"] is None
    dataset = steward.get(f"/api/v1/datasets/{p['dataset']}")
    assert dataset["version"] == 2 and dataset["rows"] == 1000


def test_an_upsert_removes_what_is_gone(qushu, steward, bureau):
    b = Bureau(bureau, steward, 100)
    p = steward.post("/api/v1/pipelines", keyed(steward, b.definition("upsert", delete_missing=True)), 201)
    gather(steward, p["code"])
    b.sql("DELETE FROM firm WHERE id <= 10; UPDATE firm SET capital = 0 WHERE id = 50")
    run = gather(steward, p["code"])
    assert (run["added"], run["changed"], run["deleted"], run["unchanged"]) == (0, 1, 10, 89), run


def test_incremental_reads_beyond_the_watermark(qushu, steward, bureau):
    b = Bureau(bureau, steward, 500)
    definition = keyed(steward, b.definition("incremental", watermark={"column": "changed", "kind": "timestamp", "overlap": 60}))
    p = steward.post("/api/v1/pipelines", definition, 201)
    run = gather(steward, p["code"])
    assert run["read"] == 500 and run["position_after"].startswith("2026-01-01T00:08:20"), run
    b.sql("INSERT INTO firm VALUES (501, '晚提交', 1, '2026-01-01', '2026-01-01 00:08:00'), (502, '新', 1, '2026-01-01', '2026-02-01 00:00:00');"
          "UPDATE firm SET name = '改', changed = '2026-02-01 00:00:01' WHERE id = 3")
    run = gather(steward, p["code"])
    # The overlap of a minute brings 61 rows again, which are unchanged, and the one that was committed late.
    assert (run["added"], run["changed"]) == (2, 1) and run["read"] == run["added"] + run["changed"] + run["unchanged"] == 64, run
    assert run["position_after"].startswith("2026-02-01T00:00:01")
    assert len(column(steward, p["dataset"], "id")) == 502
    again = steward.post(f"/api/v1/pipelines/{p['code']}/forget")
    assert again["position"] == ""
    assert gather(steward, p["code"])["unchanged"] == 502


def test_one_wrong_moment_hides_no_rows(qushu, steward, bureau):
    """A row that is dated in the future, and one that is not dated: both are read, warned of, and do not keep later ones out."""
    b = Bureau(bureau, steward, 10)
    b.sql("ALTER TABLE firm ALTER COLUMN changed DROP NOT NULL; UPDATE firm SET changed = '2099-01-01' WHERE id = 1; UPDATE firm SET changed = NULL WHERE id = 2")
    p = steward.post("/api/v1/pipelines", keyed(steward, b.definition("incremental", watermark={"column": "changed", "kind": "timestamp"})), 201)
    run = gather(steward, p["code"])
    assert run["added"] == 10 and run["position_after"].startswith("2026-01-01T00:00:10"), run
    assert len(run["warnings"]) == 2 and "晚于现在" in run["warnings"][0] and "为空" in run["warnings"][1], run
    told = [n for n in steward.get("/api/v1/notices")["notices"] if n["link"] == f"/runs/{run['id']}"]
    assert len(told) == 1 and "需要注意" in told[0]["title"]
    b.sql("INSERT INTO firm VALUES (11, '后到', 1, '2026-01-01', '2026-02-01'), (12, '没有时间', 1, '2026-01-01', NULL)")
    run = gather(steward, p["code"])
    assert run["added"] == 2 and run["position_after"].startswith("2026-02-01"), run
    assert not [n for n in steward.get("/api/v1/notices")["notices"] if n["link"] == f"/runs/{run['id']}"], "told once"


def test_an_emptied_source_does_not_empty_the_dataset(qushu, steward, bureau):
    b = Bureau(bureau, steward, 20)
    p = steward.post("/api/v1/pipelines", keyed(steward, b.definition()), 201)
    gather(steward, p["code"])
    b.sql("CREATE TABLE kept AS SELECT * FROM firm; DELETE FROM firm")
    run = gather(steward, p["code"], "waiting")
    assert run["loss"] == {"before": 20, "after": 0, "accepted": False} and run["version"] is None, run
    assert steward.get(f"/api/v1/datasets/{p['dataset']}")["rows"] == 20
    assert any(w["link"] == f"/runs/{run['id']}" and "20" in w["detail"] for w in steward.get("/api/v1/home")["waiting"])
    assert steward.post(f"/api/v1/runs/{run['id']}/decide", {"decisions": []}, 422)["subject"] == "accept_loss"
    # It was a mishap: the run is cancelled, and the next one is as ever.
    steward.post(f"/api/v1/runs/{run['id']}/cancel")
    b.sql("INSERT INTO firm SELECT * FROM kept WHERE id <= 12")
    assert gather(steward, p["code"])["deleted"] == 8
    b.sql("DELETE FROM firm WHERE id > 2")
    run = gather(steward, p["code"], "waiting")
    done = wait_run(steward, steward.post(f"/api/v1/runs/{run['id']}/decide", {"decisions": [], "accept_loss": True})["id"])
    assert done["loss"]["accepted"] and steward.get(f"/api/v1/datasets/{p['dataset']}")["rows"] == 2


def test_nobody_undoes_what_she_has_not_seen(qushu, steward, bureau):
    b = Bureau(bureau, steward, 5)
    p = steward.post("/api/v1/pipelines", keyed(steward, b.definition()), 201)
    path = f"/api/v1/pipelines/{p['code']}"
    definition = {key: p[key] for key in keyed(steward, b.definition())}
    steward.put(path, {**definition, "title": "甲改的", "changed": p["changed"]})
    got = steward.call("PUT", path, json={**definition, "retry_pause": 90, "changed": p["changed"]})
    assert got.status_code == 409 and got.json()["subject"] == "changed", got.text
    assert steward.get(path)["title"] == "甲改的"
    steward.put(path, {**definition, "title": "乙改的", "changed": steward.get(path)["changed"]})


def test_a_sequence_needs_no_key(qushu, steward, bureau):
    b = Bureau(bureau, steward, 100)
    p = steward.post("/api/v1/pipelines", b.definition("incremental", watermark={"column": "id", "kind": "sequence"}), 201)
    assert gather(steward, p["code"])["added"] == 100
    assert gather(steward, p["code"])["read"] == 0
    b.sql("INSERT INTO firm SELECT i, 'x', 1, '2026-01-01' FROM generate_series(101, 130) i")
    run = gather(steward, p["code"])
    assert (run["read"], run["added"], run["position_after"]) == (30, 30, "130"), run
    assert column(steward, p["dataset"], "id") == list(range(1, 131))


def test_what_is_refused_and_why(qushu, steward, bureau):
    b = Bureau(bureau, steward, 10)
    for change, field, word in (
        ({"mode": "upsert", "fields": [{"column": "id", "name": "id", "type": "integer"}]}, "fields", "主键"),
        ({"mode": "incremental", "watermark": {}}, "watermark.column", "增量位点"),
        ({"mode": "incremental", "watermark": {"column": "changed", "kind": "timestamp"}, "fields": [{"column": "id", "name": "id"}]}, "watermark", "主键"),
        ({"mode": "full", "delete_missing": True}, "delete_missing", "删除"),
        ({"schedules": [{"cron": "61 * * * *"}]}, "schedules[0].minute", "分钟"),
        ({"schedules": [{"cron": "0 0 30 2 *"}]}, "schedules[0].cron", "永远不会到期"),
        ({"after": ["no_such"]}, "after", "没有"),
        ({"fields": [{"column": "id", "name": "a"}, {"column": "name", "name": "a"}]}, "fields[1].name", "两次"),
        ({"selection": {"table": "no_such"}}, None, ""),
    ):
        got = steward.call("POST", "/api/v1/pipelines", json={**b.definition(), **change})
        assert got.status_code in (404, 409, 422), (change, got.text)
        if field:
            assert got.json().get("subject") == field and word in got.json()["detail"], got.text
    assert all(p["source"] != b.code for p in steward.get("/api/v1/pipelines")["pipelines"])


def test_values_that_do_not_fit_are_rejected_with_their_reasons(qushu, steward, bureau):
    b = Bureau(bureau, steward, 50)
    b.sql("ALTER TABLE firm ADD COLUMN beds text; UPDATE firm SET beds = id; UPDATE firm SET beds = '九十' WHERE id = 9; UPDATE firm SET beds = '1.5' WHERE id = 10")
    definition = keyed(steward, b.definition())
    for f in definition["fields"]:
        if f["column"] == "beds":
            f.update(name="床位", type="integer")
    definition["fields"].append({"column": "", "name": "来源", "type": "text", "fixed": "民政'局"})
    p = steward.post("/api/v1/pipelines", definition, 201)
    run = gather(steward, p["code"])
    assert (run["read"], run["added"], run["rejected"]) == (50, 48, 2), run
    rejects = steward.get(f"/api/v1/datasets/{p['dataset']}/rejects?version=1")["rejects"]
    assert {(r["field"], r["value"]) for r in rejects} == {("beds", "九十"), ("beds", "1.5")} and all("整数" in r["reason"] for r in rejects), rejects
    rows = steward.get(f"/api/v1/datasets/{p['dataset']}/rows?_size=5")["rows"]
    assert all("民政'局" in json.dumps(r, ensure_ascii=False) for r in rows), rows


def test_drift_stops_is_decided_and_goes_on(qushu, steward, bureau):
    b = Bureau(bureau, steward, 100)
    p = steward.post("/api/v1/pipelines", keyed(steward, b.definition()), 201)
    gather(steward, p["code"])
    qushu.caller("reader").get(f"/api/v1/datasets/{p['dataset']}/rows")
    b.sql("ALTER TABLE firm RENAME COLUMN name TO name_cn; ALTER TABLE firm ADD COLUMN street text DEFAULT '一街'; ALTER TABLE firm ALTER COLUMN opened TYPE text")
    run = gather(steward, p["code"], "waiting")
    assert {(d["kind"], d["column"]) for d in run["drifts"]} == {("renamed", "name_cn"), ("added", "street"), ("retyped", "opened")}, run["drifts"]
    assert steward.get(f"/api/v1/datasets/{p['dataset']}")["version"] == 1
    home = steward.get("/api/v1/home")["waiting"]
    assert any(w["link"] == f"/runs/{run['id']}" for w in home), home
    # Half a decision is none; another run does not begin meanwhile.
    got = steward.call("POST", f"/api/v1/runs/{run['id']}/decide", json={"decisions": [{"column": "street", "verdict": "add"}]})
    assert got.status_code == 422 and "name_cn" in got.text
    assert steward.call("POST", f"/api/v1/pipelines/{p['code']}/run").status_code == 409
    steward.post(f"/api/v1/runs/{run['id']}/decide", {"decisions": [{"column": "street", "verdict": "add"}, {"column": "name_cn", "verdict": "rename"},
                                                                     {"column": "opened", "verdict": "text"}]})
    run = wait_run(steward, run["id"])
    assert run["version"] == 2 and run["read"] == 100, run
    fields = {f["name"]: f["type"] for f in steward.get(f"/api/v1/datasets/{p['dataset']}")["fields"]}
    assert fields["name"] == "text" and fields["street"] == "text" and fields["opened"] == "text" and "name_cn" not in fields
    assert gather(steward, p["code"])["state"] == "succeeded"
    audit = qushu.caller("auditadmin").get("/api/v1/audit?action=pipeline.")["entries"]
    assert {"pipeline.add", "pipeline.gather", "pipeline.drift", "pipeline.decide"} <= {e["action"] for e in audit}


def test_drift_that_the_setting_answers(qushu, steward, bureau):
    b = Bureau(bureau, steward, 20)
    p = steward.post("/api/v1/pipelines", keyed(steward, b.definition(drift="add")), 201)
    gather(steward, p["code"])
    b.sql("ALTER TABLE firm ADD COLUMN street text DEFAULT '一街'")
    run = gather(steward, p["code"])
    assert run["state"] == "succeeded" and [d["column"] for d in run["drifts"]] == ["street"]
    assert column(steward, p["dataset"], "DISTINCT street") == ["一街"]
    b.sql("ALTER TABLE firm DROP COLUMN capital")
    assert gather(steward, p["code"], "waiting")["drifts"][0]["kind"] == "missing"


def test_schedules_dependencies_and_cycles(qushu, steward, bureau):
    b = Bureau(bureau, steward, 10)
    first = steward.post("/api/v1/pipelines", b.definition(schedules=[{"cron": "* * * * *"}]), 201)
    assert first["next_due"] and first["when"] == ["每天，每分钟"]
    second = {**b.definition(after=[first["code"]]), "code": "second_" + b.database, "dataset": "second_" + b.database}
    steward.post("/api/v1/pipelines", second, 201)
    got = steward.call("PUT", f"/api/v1/pipelines/{first['code']}", json=b.definition(after=[second["code"]]))
    assert got.status_code == 422 and "→" in got.json()["detail"], got.text
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline:
        runs = steward.get(f"/api/v1/runs?pipeline={second['code']}")["runs"]
        if runs and runs[0]["state"] == "succeeded":
            break
        time.sleep(0.5)
    assert runs and runs[0]["trigger"] == "after" and runs[0]["state"] == "succeeded", runs
    due = steward.get(f"/api/v1/runs?pipeline={first['code']}")["runs"]
    assert {r["trigger"] for r in due} == {"schedule"} and len({r["due"] for r in due}) == len(due)
    off = steward.post(f"/api/v1/pipelines/{first['code']}/disable")
    assert off["next_due"] is None


class Folder:
    """Files over HTTP with ETags."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        files = self.folder

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path = files / self.path.lstrip("/").split("?")[0]
                if not path.is_file():
                    return self.send_error(404)
                data = path.read_bytes()
                tag = f'"{hash(data) & 0xffffffffff:x}"'
                if self.headers.get("If-None-Match") == tag:
                    self.send_response(304)
                    return self.end_headers()
                self.send_response(200)
                self.send_header("ETag", tag)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(data)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


def test_a_file_over_http_is_read_once_and_its_drift_waits_with_the_file_kept(qushu, steward, tmp_path):
    folder = Folder(tmp_path)
    file = tmp_path / "beds.csv"
    file.write_text("机构,床位\n甲,10\n乙,20\n")
    steward.post("/api/v1/sources", {"code": "web", "name": "网站", "kind": "http", "settings": {"url": folder.url + "/beds.csv"}}, 201)
    definition = {"code": "web_beds", "title": "床位", "source": "web", "dataset": "web_beds", "mode": "full", "on_arrival": True}
    p = steward.post("/api/v1/pipelines", definition, 201)
    run = gather(steward, p["code"]) if not p["last_run"] else p["last_run"]
    assert run["read"] == 2 and run["files"]
    file.write_text("机构,床位,街道\n甲,10,一街\n乙,20,二街\n丙,30,三街\n")
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        waiting = steward.get("/api/v1/runs?pipeline=web_beds&state=waiting")["runs"]
        if waiting:
            break
        time.sleep(0.3)
    assert waiting and waiting[0]["trigger"] == "arrival" and [d["column"] for d in waiting[0]["drifts"]] == ["街道"], waiting
    file.unlink()  # what was fetched is kept
    steward.post(f"/api/v1/runs/{waiting[0]['id']}/decide", {"decisions": [{"column": "街道", "verdict": "add"}]})
    assert wait_run(steward, waiting[0]["id"])["read"] == 3


def test_a_folder_is_read_file_by_file_each_once(qushu, steward):
    for kind, server in (("s3", S3()), ("sftp", Sftp())):
        try:
            if kind == "s3":
                put = lambda name, text: server.put("out/" + name, text.encode())  # noqa: E731,B023
                settings, secrets = {"endpoint": server.endpoint, "region": server.region, "bucket": "bucket", "prefix": "out", "access_key": server.access_key}, {"secret_key": server.secret_key}
            else:
                (server.files / "2026").mkdir()
                put = lambda name, text: (server.files / name).write_text(text)  # noqa: E731,B023
                settings, secrets = {"host": "127.0.0.1", "port": server.port, "user": server.user, "folder": str(server.files)}, {"private_key": server.key}
            steward.post("/api/v1/sources", {"code": f"f_{kind}", "name": "交换目录", "kind": kind, "settings": settings, "secrets": secrets}, 201)
            steward.post(f"/api/v1/sources/f_{kind}/check")
            for month in (1, 2, 3):
                put(f"2026/企业{month}.csv", "编号,月份\n" + "".join(f"{month}{n:03d},{month}\n" for n in range(100)))
            put("2026/readme.txt", "not a table")
            definition = {"code": f"f_{kind}", "title": "每月企业", "source": f"f_{kind}", "selection": {"pattern": "2026/*.csv"}, "dataset": f"f_{kind}", "mode": "append"}
            p = steward.post("/api/v1/pipelines", definition, 201)
            run = gather(steward, p["code"])
            assert run["read"] == run["added"] == 300 and sorted(f["name"] for f in run["files"]) == ["2026/企业1.csv", "2026/企业2.csv", "2026/企业3.csv"], run
            put("2026/企业4.csv", "编号,月份\n4000,4\n")
            run = gather(steward, p["code"])
            assert run["read"] == 1 and [f["name"] for f in run["files"]] == ["2026/企业4.csv"], run
            assert gather(steward, p["code"])["read"] == 0
            assert len(column(steward, p["dataset"], "bian_hao")) == 301
        finally:
            server.stop()


def test_rules_hold_for_what_is_gathered_and_pushed(qushu, steward, bureau):
    b = Bureau(bureau, steward, 100)
    p = steward.post("/api/v1/pipelines", keyed(steward, b.definition("upsert")), 201)
    gather(steward, p["code"])
    rules = [{"kind": "range", "fields": ["capital"], "params": {"max": 1000}, "severity": "reject"}, {"kind": "pattern", "fields": ["name"], "params": {"pattern": "企业.*"}, "severity": "stop"}]
    made = steward.post(f"/api/v1/datasets/{p['dataset']}/quality/rules", {"rules": rules}, 201)
    b.sql("UPDATE firm SET capital = 5000 WHERE id <= 3; INSERT INTO firm VALUES (101, '企业101', 1, '2026-01-01', '2026-01-01')")
    run = gather(steward, p["code"])
    # What is rejected neither comes nor replaces what was there.
    assert (run["added"], run["changed"], run["rejected"]) == (1, 0, 3), run
    assert column(steward, p["dataset"], "max(capital)") == [150.0]
    b.sql("INSERT INTO firm VALUES (102, '个体', 1, '2026-01-01', '2026-01-01')")
    run = gather(steward, p["code"], "failed", "waiting")
    assert "质量" in json.dumps(run, ensure_ascii=False) and len(column(steward, p["dataset"], "id")) == 101, run
    # Pushed rows meet the same rules: the good ones come, those that a rule rejects are kept with their reason.
    path = f"/api/v1/datasets/{p['dataset']}/rows"
    row = lambda n, capital: {"id": n, "name": f"企业{n}", "capital": capital, "opened": "2026-01-01", "changed": "2026-01-01T00:00:00"}  # noqa: E731
    steward.post(path, [row(201, 1), row(202, 9999), row(203, 3)])
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and 203 not in column(steward, p["dataset"], "id"):
        time.sleep(0.3)
    ids = column(steward, p["dataset"], "id")
    assert 201 in ids and 203 in ids and 202 not in ids, ids[-5:]
    # Who waits is told what the version did not take, by the rows of her request.
    answer = steward._answer(steward.call("POST", path, params={"wait": "true"}, json=[{"id": "坏"}, row(301, 1), row(302, 9999)]), 200)
    assert (answer["accepted"], answer["rejected"], answer["visible"]) == (1, 2, True), answer
    assert [e["row"] for e in answer["errors"]] == [1, 3] and "capital" in answer["errors"][1]["field"], answer
    assert len(made["rules"]) == 2


def test_a_rule_that_warns_lets_rows_in_and_keeps_them_to_look_at(qushu, steward, bureau):
    b = Bureau(bureau, steward, 50)
    p = steward.post("/api/v1/pipelines", keyed(steward, b.definition("upsert")), 201)
    gather(steward, p["code"])
    rules = [{"kind": "required", "fields": ["opened"], "params": {}, "severity": "warn"}]
    steward.post(f"/api/v1/datasets/{p['dataset']}/quality/rules", {"rules": rules}, 201)

    def failing():
        check = steward.get(f"/api/v1/datasets/{p['dataset']}/quality")["check"]
        failures = steward.get(f"/api/v1/quality/checks/{check['id']}/failures.csv")
        (outcome,) = check["outcomes"]
        return check["version"], outcome["failed"], outcome["rejected"], "企业7" in failures, "推送7" in failures

    b.sql("UPDATE firm SET opened = NULL WHERE id IN (7, 9)")
    run = gather(steward, p["code"])
    assert (run["changed"], run["rejected"]) == (2, 0), run
    assert failing() == (run["version"], 2, 0, True, False)
    path = f"/api/v1/datasets/{p['dataset']}/rows"
    answer = steward._answer(steward.call("POST", path, params={"wait": "true"}, json=[{"id": 77, "name": "推送7", "capital": 1, "changed": "2026-01-01T00:00:00"}]), 200)
    assert answer["visible"] and 77 in column(steward, p["dataset"], "id")
    version, failed, rejected, _, pushed = failing()
    # The check is of all rows that there are.
    assert (version, failed, rejected, pushed) == (answer["version"], 3, 0, True)


def test_others_do_not_see_it(qushu, steward, bureau):
    b = Bureau(bureau, steward, 5)
    p = steward.post("/api/v1/pipelines", b.definition(), 201)
    rival = qushu.caller("rival")
    assert rival.call("GET", f"/api/v1/pipelines/{p['code']}").status_code == 404
    assert rival.call("POST", f"/api/v1/pipelines/{p['code']}/run").status_code == 404
    assert all(x["code"] != p["code"] for x in rival.get("/api/v1/pipelines")["pipelines"])


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_command_line_runs_without_the_server(database, tmp_path, bureau):
    one = Qushu(tmp_path, metadata(database, bureau), {"sources.allow_loopback": "true"})
    one.settle()
    b = Bureau(bureau, one.caller("steward"), 30)
    one.stop()
    file = tmp_path / "p.json"
    file.write_text(json.dumps({**b.definition(), "department_id": "mzj"}))
    assert one.json("pipeline", "try", file)["read"] == 30
    made = one.json("pipeline", "add", file)
    run = one.json("pipeline", "run", made["code"])
    assert run["state"] == "succeeded" and run["added"] == 30
    assert [r["id"] for r in one.json("pipeline", "runs", made["code"])] == [run["id"]]
    assert "30" in one.cli("pipeline", "runs", made["code"])
    b.sql("ALTER TABLE firm ADD COLUMN street text")
    waiting = one.json("pipeline", "run", made["code"])
    assert waiting["state"] == "waiting"
    with pytest.raises(Failed):
        one.cli("pipeline", "decide", waiting["id"], "street=empty")
    assert one.json("pipeline", "decide", waiting["id"], "street=skip")["state"] == "succeeded"


@pytest.mark.parametrize("mode, database", [("full", "sqlite"), ("append", "sqlite"), ("upsert", "sqlite"), ("incremental", "sqlite"),
                                            ("missing", "sqlite"), ("upsert", "postgresql"), ("incremental", "postgresql")])
def test_killed_at_random_moments_nothing_is_lost_and_nothing_comes_twice(tmp_path, bureau, mode, database):
    """`missing`: an upsert that deletes what does not come any more."""
    one = Qushu(tmp_path, metadata(database, bureau), {"sources.allow_loopback": "true", "jobs.lease": "5s", "jobs.backoff": "1s", "ingest.compact_parts": "3"})
    one.settle()
    caller = one.caller("steward")
    b = Bureau(bureau, caller, 20000)
    more = {"watermark": {"column": "id", "kind": "sequence"}} if mode == "incremental" else {}
    if mode == "missing":
        more = {"delete_missing": True}
    definition = b.definition("upsert" if mode == "missing" else mode, **more)
    if mode in ("upsert", "missing"):
        definition = keyed(caller, definition)
    if mode == "append":
        # What is appended must be told apart: each round selects its own rows.
        definition["selection"] = {"query": "SELECT * FROM firm"}
    p = caller.post("/api/v1/pipelines", definition, 201)
    chance = random.Random(mode)
    top, rounds, gone = 20000, 0, 0
    for _ in range(5):
        caller = one.caller("steward")
        run = caller.post(f"/api/v1/pipelines/{p['code']}/run", None, 202)
        time.sleep(chance.uniform(0.02, 0.6))
        one.kill()
        one.start()
        caller = one.caller("steward")
        run = wait_run(caller, run["id"], "succeeded", most=90)
        rounds += 1
        seen = column(caller, p["dataset"], "count(*), count(DISTINCT id)") and caller.post(
            "/api/v1/sql", {"sql": f'SELECT count(*), count(DISTINCT id), max(id) FROM "{p["dataset"]}"'})["rows"][0]
        if mode == "append":
            assert [int(x) for x in seen[:2]] == [top * rounds, top], (seen, run)
        else:
            assert [int(x) for x in seen] == [top - gone, top - gone, top], (seen, run)
        if mode == "incremental":
            assert int(caller.get(f"/api/v1/pipelines/{p['code']}")["position"]) == top
        if mode != "append":
            b.sql(f"INSERT INTO firm SELECT i, 'x', 1, '2026-01-01' FROM generate_series({top + 1}, {top + 500}) i")
            top += 500
            if mode == "missing":
                b.sql(f"DELETE FROM firm WHERE id > {gone} AND id <= {gone + 100}")
                gone += 100
            run = gather(caller, p["code"])
            assert run["read"] in (500, top - gone) and run["deleted"] == (100 if mode == "missing" else 0), run
    one.stop()


def test_a_source_that_is_cut_off_publishes_nothing(qushu, steward, bureau):
    b = Bureau(bureau, steward, 100)
    b.sql("CREATE VIEW slow AS SELECT id, name, pg_sleep(CASE WHEN id % 50 = 0 THEN 1.5 ELSE 0 END)::text AS waited FROM firm")
    definition = {**b.definition(attempts=2, retry_pause=1), "selection": {"query": "SELECT id, name FROM slow WHERE waited IS NOT NULL"}}
    p = steward.post("/api/v1/pipelines", definition, 201)
    run = steward.post(f"/api/v1/pipelines/{p['code']}/run", None, 202)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if bureau.sql("postgres", f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{b.database}' AND pid <> pg_backend_pid() AND query LIKE '%slow%'") != "0":
            break
        time.sleep(0.05)
    # The second attempt gets through, and the version is whole.
    run = wait_run(steward, run["id"])
    assert run["added"] == 100 and steward.get(f"/api/v1/datasets/{p['dataset']}")["version"] == 1, run

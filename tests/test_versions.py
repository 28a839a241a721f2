"""Changing a dataset in every mode, pushing rows into it, and `kill -9` at random moments of either: no row lost, none twice."""
import json
import os
import random
import threading
import time

import pytest
import requests

from harness import Caller, Failed, Qushu

MOMENTS = int(os.environ.get("QUSHU_KILLS", "200")) // 10
SEED = int(os.environ.get("QUSHU_SEED", "20261125"))


def table(rows):
    return ("编号,名称,数量\n" + "".join(f"{k},{v[0]},{v[1]}\n" for k, v in rows.items())).encode()


@pytest.fixture
def qushu(tmp_path):
    made = Qushu(tmp_path / "data", settings={"ingest.push_interval": "1s", "ingest.compact_parts": "4"}).settle()
    yield made
    made.stop()


def ids(caller, code="firms"):
    return {f["name"]: f["id"] for f in caller.get(f"/api/v1/datasets/{code}")["fields"]}


def publish(caller, content, mode="full", **entry):
    made = caller.upload("表.csv", content, dataset="firms")
    made = caller.wait_import(made["id"], "ready")
    caller.patch(f"/api/v1/imports/{made['id']}", {"tables": [{"location": "", "columns": [{"position": 0, "key": True}], "dataset": {"mode": mode, **entry}}]})
    caller.post(f"/api/v1/imports/{made['id']}/publish")
    return caller.wait_import(made["id"], "published")


def newest(caller):
    return caller.get("/api/v1/datasets/firms/versions")["versions"][0]


def counts(version):
    return [version[k] for k in ("read", "added", "changed", "deleted", "unchanged", "rejected", "published")]


def test_a_file_replaces_adds_or_updates(qushu, tmp_path):
    steward = qushu.caller("steward")
    publish(steward, table({"a": ("甲", 1), "b": ("乙", 2), "c": ("丙", 3)}))
    publish(steward, table({"b": ("乙", 2), "c": ("变", 3), "d": ("丁", 4)}), "upsert")
    assert counts(newest(steward)) == [3, 1, 1, 0, 1, 0, 4]
    publish(steward, table({"a": ("甲", 1), "b": ("别", 9), "e": ("戊", 5)}), "append")
    assert counts(newest(steward)) == [3, 1, 0, 0, 1, 1, 5]
    reject = steward.get("/api/v1/datasets/firms/rejects")["rejects"][0]
    assert reject["line"] == 3 and "主键已经存在" in reject["reason"] and reject["field"] == "编号", reject
    publish(steward, table({"a": ("甲", 1), "c": ("变", 4)}), "upsert", delete_missing=True)
    assert counts(newest(steward)) == [2, 0, 1, 3, 1, 0, 2]
    key = ids(steward)["编号"]
    assert sorted((r[key]) for r in steward.get("/api/v1/datasets/firms/rows")["rows"]) == ["a", "c"]
    # By the command line, while the server runs.
    file = tmp_path / "更多.csv"
    file.write_bytes(table({"c": ("变", 4), "z": ("末", 26)}))
    qushu.json("import", file, "--dataset", "firms", "--mode", "upsert", "--key", "编号")
    assert counts(newest(steward)) == [2, 1, 0, 0, 1, 0, 3]
    assert qushu.json("dataset", "versions", "firms")[0]["mode"] == "upsert"
    # Without a key there is nothing to update by.
    made = steward.wait_import(steward.upload("无主键.csv", "x,y\n1,2\n".encode(), dataset="plain")["id"], "ready")
    steward.patch(f"/api/v1/imports/{made['id']}", {"tables": [{"location": "", "dataset": {"mode": "upsert"}}]})
    refused = steward.post(f"/api/v1/imports/{made['id']}/publish", status=422)
    assert refused["id"] == "dataset.no_key" if "id" in refused else "主键" in json.dumps(refused, ensure_ascii=False)


def test_columns_that_differ_are_accepted_before_they_are_published(qushu, tmp_path):
    steward = qushu.caller("operator")
    publish(steward, table({"a": ("甲", 1), "b": ("乙", 2)}))
    made = steward.upload("表.csv", "编号,名称,电话\na,甲,13800000000\n".encode(), dataset="firms")
    made = steward.wait_import(made["id"], "ready")
    assert {(d["kind"], d["column"]) for d in made["tables"][0]["drifts"]} == {("missing", "数量"), ("added", "电话")}, made
    refused = steward.post(f"/api/v1/imports/{made['id']}/publish", status=409)
    assert refused["id"] == "import.drift" and "数量" in refused["detail"] and "电话" in refused["detail"], refused
    assert newest(steward)["number"] == 1
    steward.post(f"/api/v1/imports/{made['id']}/publish?accept_drift=true")
    steward.wait_import(made["id"], "published")
    assert newest(steward)["number"] == 2 and set(ids(steward)) == {"编号", "名称", "电话"}
    qushu.stop()
    file = tmp_path / "又变了.csv"
    file.write_text("编号,名称,电话,地址\na,甲,13800000000,某街道\n")
    with pytest.raises(Failed) as failed:
        qushu.cli("import", file, "--dataset", "firms")
    assert "地址" in failed.value.err and "accept_drift" in failed.value.err
    assert "新增 1 列" in qushu.cli("import", file, "--dataset", "firms", "--accept-drift")
    qushu.start()
    assert newest(qushu.caller("operator"))["number"] == 3


def test_several_tables_of_one_file_come_once_each(qushu):
    """A zip of tables with the same columns is one dataset: no row twice where two tables meet, and rejects with the table and line they were in."""
    import io
    import zipfile
    steward = qushu.caller("steward")
    publish(steward, table({"old": ("旧", 0)}))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as z:
        for part in "abc":
            z.writestr(f"{part}.csv", table({f"{part}{n}": ("名", n) for n in range(5)} | ({"": ("无", 1)} if part == "b" else {})))
    made = steward.wait_import(steward.upload("表.zip", packed.getvalue(), dataset="firms")["id"], "ready")
    changes = [{"location": t["location"], "columns": [{"position": 0, "key": True}], "dataset": {"mode": "append"}} for t in made["tables"][:1]]
    steward.patch(f"/api/v1/imports/{made['id']}", {"tables": changes})
    steward.post(f"/api/v1/imports/{made['id']}/publish")
    steward.wait_import(made["id"], "published")
    assert counts(newest(steward)) == [16, 15, 0, 0, 0, 1, 16], newest(steward)
    rejects = steward.get("/api/v1/datasets/firms/rejects")["rejects"]
    assert [("b.csv" in json.dumps(r), r["line"]) for r in rejects] == [(True, 7)], rejects
    assert sorted(r[ids(steward)["编号"]] for r in steward.get("/api/v1/datasets/firms/rows", _size=100)["rows"]) == sorted([f"{p}{n}" for p in "abc" for n in range(5)] + ["old"])


def test_rows_are_pushed(qushu, tmp_path):
    steward = qushu.caller("steward")
    publish(steward, table({"a": ("甲", 1), "b": ("乙", 2)}))
    path = "/api/v1/datasets/firms/rows"
    answer = steward.post(path, {"编号": "c", "数量": 3})
    assert answer == {"accepted": 1, "rejected": 0, "errors": [], "visible": False, "version": None}
    answer = steward._answer(steward.call("POST", path, params={"wait": "true"}, json=[{"编号": "a", "名称": "新"}, {"编号": "", "数量": 1}, {"编号": "d", "数量": "多"}]), 200)
    assert (answer["accepted"], answer["rejected"], answer["visible"]) == (1, 2, True), answer
    assert [(e["row"], e["field"]) for e in answer["errors"]] == [(2, "编号"), (3, "数量")] and answer["errors"][1]["reason"] == "不是整数"
    key, name, number = (ids(steward)[n] for n in ("编号", "名称", "数量"))
    rows = {r[key]: (r[name], r[number]) for r in steward.get(path)["rows"]}
    assert rows == {"a": ("新", None), "b": ("乙", 2), "c": (None, 3)}
    assert steward.get("/api/v1/datasets/firms/rejects")["total"] == 2
    # The same key, the same answer; another body under it is refused.
    lines = "".join(json.dumps({"编号": f"n{i}", "数量": i}) + "\n" for i in range(2500))
    headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "一次".encode().decode("latin-1")}
    for _ in range(2):
        got = steward._answer(steward.call("POST", path, data=lines, headers=headers), 200)
        assert got["accepted"] == 2500
    steward._answer(steward.call("POST", path, data=lines.replace("n7", "m7"), headers=headers), 409)
    gone = steward._answer(steward.call("DELETE", path, params={"key": "b", "wait": "true"}), 200)
    assert gone["accepted"] == 1 and gone["visible"]
    assert steward.get("/api/v1/datasets/firms")["rows"] == 2502
    assert steward.get(path, key="b")["rows"] == [] and len(steward.get(path, key="n9")["rows"]) == 1
    # What is not for her, or no rows at all.
    rival = qushu.caller("rival")
    rival.post(path, {"编号": "x"}, status=404)
    assert steward._answer(steward.call("POST", path, data="{", headers={"Content-Type": "application/json"}), 422)
    assert steward._answer(steward.call("POST", path, params={"mode": "sideways"}, json={}), 422)
    # By the command line, with the server and without.
    file = tmp_path / "行.ndjson"
    file.write_text('{"编号": "cli", "数量": 1}\n{"编号": "cli2", "数量": "坏"}\n')
    pushed = qushu.json("push", file, "--dataset", "firms")
    assert (pushed["accepted"], pushed["rejected"], pushed["visible"]) == (1, 1, True)
    qushu.stop()
    file.write_text('{"编号": "cli"}\n')
    assert qushu.json("push", file, "--dataset", "firms", "--mode", "delete")["accepted"] == 1
    assert qushu.json("query", "SELECT count(*) AS n FROM firms WHERE bian_hao = 'cli'") == [{"n": 0}]
    assert qushu.json("audit", "verify")["intact"]
    qushu.start()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_pushed_rows_survive_being_killed(database, tmp_path, request):
    """Clients push numbered rows and keep what was acknowledged; the server is killed under them again and again."""
    url = None
    if database == "postgresql":
        server = request.getfixturevalue("postgres")
        url = server.url(server.fresh())
    qushu = Qushu(tmp_path / "data", url, {"ingest.push_interval": "1s", "jobs.backoff": "1s", "jobs.lease": "5s", "ingest.compact_parts": "3"}).settle()
    steward = qushu.caller("operator")
    made = steward.upload("表.csv", "编号,数量\n起点,0\n".encode(), dataset="firms", department="mzj")
    made = steward.wait_import(made["id"], "ready")
    steward.patch(f"/api/v1/imports/{made['id']}", {"tables": [{"location": "", "columns": [{"position": 0, "key": True}]}]})
    steward.post(f"/api/v1/imports/{made['id']}/publish")
    steward.wait_import(made["id"], "published")
    token = qushu.token("operator")
    dice = random.Random(SEED)
    acknowledged, sent = set(), set()
    lock = threading.Lock()

    def client(name, stop):
        n = 0
        while not stop.is_set():
            batch = [f"{name}-{n + i}" for i in range(20)]
            with lock:
                sent.update(batch)
            n += 20
            # With a key it may be sent until it is answered.
            while not stop.is_set():
                try:
                    caller = Caller(qushu.base, token)
                    got = caller.call("POST", "/api/v1/datasets/firms/rows", json=[{"编号": c, "数量": 1} for c in batch],
                                      headers={"Idempotency-Key": batch[0]}, timeout=5)
                    if got.status_code == 200:
                        assert got.json()["accepted"] == 20, got.text
                        with lock:
                            acknowledged.update(batch)
                        break
                except requests.exceptions.RequestException:
                    pass
                time.sleep(0.02)

    for moment in range(max(3, MOMENTS)):
        stop = threading.Event()
        workers = [threading.Thread(target=client, args=(f"{moment}.{w}", stop)) for w in range(2)]
        for w in workers:
            w.start()
        time.sleep(dice.uniform(0.2, 2.0))
        qushu.kill()
        stop.set()
        for w in workers:
            w.join()
        qushu.start()
    caller = Caller(qushu.base, token)
    deadline = time.monotonic() + 120
    count = 0
    while time.monotonic() < deadline:
        rows = {r["bian_hao"] for r in json.loads(qushu.cli("--json", "query", "SELECT bian_hao FROM firms"))}
        if acknowledged <= rows and not any(caller.get("/api/v1/jobs", state=s)["jobs"] for s in ("queued", "running")):
            break
        time.sleep(0.5)
    listed = [r["bian_hao"] for r in json.loads(qushu.cli("--json", "query", "SELECT bian_hao FROM firms"))]
    count = len(listed)
    assert count == len(set(listed)), "a row is there twice"
    assert acknowledged <= set(listed), sorted(acknowledged - set(listed))[:5]
    assert set(listed) <= sent | {"起点"}
    assert len(acknowledged) > 100
    assert qushu.json("audit", "verify")["intact"]
    qushu.stop()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_changes_survive_being_killed(database, tmp_path, request):
    """Imports in every mode, killed at random moments: the dataset is always what some prefix of the done changes makes of it."""
    url = None
    if database == "postgresql":
        server = request.getfixturevalue("postgres")
        url = server.url(server.fresh())
    qushu = Qushu(tmp_path / "data", url, {"ingest.compact_parts": "3", "jobs.lease": "5s"}).settle()
    qushu.stop()
    dice = random.Random(SEED)
    states = [{}]

    def rows():
        if not any(d["code"] == "firms" and d["version"] for d in qushu.json("dataset", "list", "firms")):
            return {}
        listed = qushu.json("query", "SELECT bian_hao, ming_cheng, shu_liang FROM firms")
        assert len(listed) == len({r["bian_hao"] for r in listed}), "a key is there twice"
        return {r["bian_hao"]: (r["ming_cheng"], r["shu_liang"]) for r in listed}

    for n in range(max(4, MOMENTS)):
        mode = dice.choice(["full", "append", "upsert", "upsert", "delete"]) if n else "full"
        batch = {f"k{dice.randint(0, 400)}": (f"n{n}", dice.randint(0, 3)) for _ in range(dice.randint(5, 300))}
        file = tmp_path / "批次.csv"
        file.write_bytes(table(batch))
        before = rows()
        after = dict(before)
        if mode == "full":
            after = batch
        elif mode == "append":
            for k, v in batch.items():
                after.setdefault(k, v)
        else:
            after.update(batch)
            if mode == "delete":
                after = {k: v for k, v in after.items() if k in batch}
        words = ["--json", "import", file, "--dataset", "firms", "--department", "mzj", "--key", "编号", "--type", "名称=text"]
        words += ["--mode", "upsert", "--delete-missing"] if mode == "delete" else ["--mode", mode]
        process = qushu.start_cli(*words)
        try:
            out, err = process.communicate(timeout=dice.uniform(0.05, 0.8))
            assert process.returncode == 0, err
            done = True
        except Exception as e:  # noqa: BLE001
            if isinstance(e, AssertionError):
                raise
            process.kill()
            process.communicate()
            done = False
        now = rows()
        assert now in ([after] if done else [before, after]), (n, mode, done)
        states.append(now)
    assert qushu.json("audit", "verify")["intact"]

"""`kill -9` at random moments while records are made, edited, moved, given files and their definition changes: what was acknowledged
is there with its whole history and its files' bytes, nothing is half there, and what SQL sees is what the pages show. The moments come
from a seed, so that a failure can be run again."""
import hashlib
import os
import random
import threading
import time

import pytest
import requests

from harness import Caller, Qushu

MOMENTS = int(os.environ.get("QUSHU_KILLS", "200")) // 5
SEED = int(os.environ.get("QUSHU_SEED", "20261124"))
YAML = """register: crash
name: {zh: 断电试验, en: Crash}
number: DD-{seq:6}
fields:
  - {name: item, label: {zh: 物品, en: Item}, type: text, required: true}
  - {name: serial, label: {zh: 序号, en: Serial}, type: text, unique: true}
  - {name: COUNT, label: {zh: 数量, en: Count}, type: number}
  - {name: double, label: {zh: 两倍, en: Double}, type: computed, formula: COUNT * 2}
  - {name: paper, label: {zh: 附件, en: Paper}, type: attachment}
states:
  - {name: made, label: {zh: 新建, en: Made}, deadline: 5}
  - {name: kept, label: {zh: 在库, en: Kept}}
transitions:
  - {name: keep, label: {zh: 入库, en: Keep}, from: [made], to: kept, who: [own], notify: [own]}
  - {name: back, label: {zh: 退回, en: Back}, from: [kept], to: made, who: [own]}
permissions: {see: [own], create: [everyone], edit: [own]}
"""
AT = "/api/v1/registers/crash"


def definition(n):
    """Renames the number's field to and fro; every version is another one."""
    name, was = ("count", "amount") if n % 2 == 0 else ("amount", "count")
    text = YAML.replace("{name: COUNT,", f"{{name: {name}, was: {was}," if n else "{name: count,").replace("COUNT", name)
    return text + f"# {n}\n"


class Ledger:
    """What was acknowledged: of each record its revision, number, count, state, steps and files. `open`: begun, and not answered."""

    def __init__(self):
        self.records, self.open, self.version, self.serial = {}, {}, 1, 0

    def check(self, caller):
        shown = caller.get(AT)
        assert shown["version"] >= self.version, (shown["version"], self.version)
        self.version = shown["version"]
        field = next(f["name"] for f in shown["fields"] if f["type"] == "number")
        page, there = caller.get(f"{AT}/records", _size=500), {}
        while True:
            there.update({r["id"]: r for r in page["records"]})
            if not page["next"]:
                break
            page = caller.get(f"{AT}/records", _size=500, _next=page["next"])
        numbers = [r["number"] for r in there.values()]
        assert len(numbers) == len(set(numbers))
        for one in self.records:
            assert one in there, f"record {one} is lost"
        for one, r in there.items():
            self.check_record(caller, one, r, field)
        sums = caller.post("/api/v1/sql", {"sql": f"SELECT count(*) AS n, coalesce(sum(revision), 0) AS r, coalesce(sum(\"{field}\"), 0) AS c FROM register_crash"})["rows"][0]
        values = list(sums.values()) if isinstance(sums, dict) else sums
        assert [float(v) for v in values] == [len(there), sum(r["revision"] for r in there.values()), sum(float(r["values"][field] or 0) for r in there.values())], sums
        self.open.clear()

    def check_record(self, caller, one, r, field):
        changes = caller.get(f"{AT}/records/{one}/history")["changes"]
        # Every revision once, in order, each as its change says; files and notes leave the revision as it is.
        moved = [c for c in changes if c["action"] in ("create", "edit", "move")]
        assert [c["revision"] for c in moved] == list(range(1, r["revision"] + 1)), (one, moved)
        assert moved[0]["action"] == "create" and moved[-1]["to_state"] == r["state"], (one, moved)
        count = None
        for c in moved:
            for d in c["differences"]:
                if d["field"] in ("count", "amount"):
                    assert d["before"] == count, (one, c)
                    count = d["after"]
        assert count == r["values"][field] and float(r["values"]["double"] or 0) == 2 * float(count or 0), (one, count, r["values"])
        files = caller.get(f"{AT}/records/{one}/files")["files"]
        assert r["values"]["paper"] in (len(files), None if not files else len(files)), (one, r["values"], files)
        assert sorted(d["after"] for c in changes if c["action"] == "attach" for d in c["differences"]) == sorted(f["name"] for f in files)
        known = self.records.setdefault(one, {"revision": 0, "files": {}})
        maybe = self.open.get(one, set())
        assert r["revision"] >= known["revision"], (one, r["revision"], known)
        assert r["revision"] <= known["revision"] + (1 if "change" in maybe or known["revision"] == 0 else 0), (one, r["revision"], known)
        names = {f["name"] for f in files}
        assert set(known["files"]) <= names and len(names - set(known["files"])) <= (1 if "file" in maybe else 0), (one, names, known)
        for f in files:
            content = caller.call("GET", f"{AT}/records/{one}/files/{f['id']}").content
            assert hashlib.sha256(content).hexdigest() == f["sha256"] == hashlib.sha256(known["files"].get(f["name"], content)).hexdigest()
            known["files"][f["name"]] = content
        known["revision"] = r["revision"]


def work(base, token, ledger, lock, seed, stop):
    """One who enters records, changes them and attaches files; each record is one person's at a time."""
    dice, caller, mine = random.Random(seed), Caller(base, token), []
    try:
        while not stop.is_set():
            what = dice.random()
            if what < 0.35 or not mine:
                with lock:
                    ledger.serial += 1
                    serial = f"s{ledger.serial}"
                got = caller.call("POST", f"{AT}/records", json={"values": {"item": "甲", "serial": serial}})
                if got.status_code != 201:
                    assert got.status_code in (409, 503), got.text
                    continue
                made = got.json()
                with lock:
                    ledger.records[made["id"]] = {"revision": 1, "files": {}}
                mine.append(made)
                continue
            one = dice.choice(mine)
            with lock:
                ledger.open[one["id"]] = {"file" if what > 0.85 else "change"}
            at = f"{AT}/records/{one['id']}"
            if what < 0.6:
                field = "count" if dice.random() < 0.5 else "amount"
                got = caller.call("PATCH", at, json={"values": {field: str(dice.randint(1, 9999))}}, headers={"If-Match": f"\"{one['revision']}\""})
            elif what <= 0.85:
                got = caller.call("POST", f"{at}/move", json={"transition": "keep" if one["state"] == "made" else "back"}, headers={"If-Match": f"\"{one['revision']}\""})
            else:
                name, content = f"纸{dice.randint(0, 10**9)}.bin", dice.randbytes(dice.randint(1, 60_000))
                got = caller.call("POST", f"{at}/files", params={"name": name, "field": "paper"}, data=content, headers={"Content-Type": "application/octet-stream"})
            with lock:
                if got.status_code == 200:
                    one.update(got.json())
                    ledger.records[one["id"]]["revision"] = one["revision"]
                elif got.status_code == 201:
                    ledger.records[one["id"]]["files"][name] = content
                else:
                    assert got.status_code in (409, 422, 503), got.text  # the field was just renamed, or the definition changes
                ledger.open.pop(one["id"])
    except requests.exceptions.RequestException:
        pass


def change(base, token, versions, stop):
    caller = Caller(base, token)
    try:
        while not stop.is_set():
            got = caller.call("POST", "/api/v1/registers", json={"yaml": definition(versions["asked"] + 1)})
            versions["asked"] += 1
            if got.status_code == 200:
                versions["done"] = max(versions["done"], got.json()["version"])
            time.sleep(0.05)
    except requests.exceptions.RequestException:
        versions["asked"] += 1


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_acknowledged_is_lost(database, tmp_path, request):
    url = None
    if database == "postgresql":
        server = request.getfixturevalue("postgres")
        url = server.url(server.fresh())
    qushu = Qushu(tmp_path / "data", url).settle()
    token = qushu.token("operator")
    Caller(qushu.base, token).post("/api/v1/registers", {"yaml": definition(0)})
    dice, ledger, lock, versions = random.Random(SEED), Ledger(), threading.Lock(), {"asked": 0, "done": 1}
    failed = []
    for n in range(MOMENTS):
        stop = threading.Event()

        def run(function, *words):
            try:
                function(qushu.base, token, *words, stop)
            except BaseException as error:  # what a thread finds wrong fails the test
                failed.append(error)
        workers = [threading.Thread(target=run, args=(work, ledger, lock, SEED * 1000 + n * 10 + i)) for i in range(3)]
        workers.append(threading.Thread(target=run, args=(change, versions)))
        for worker in workers:
            worker.start()
        time.sleep(dice.uniform(0.05, 0.8))
        qushu.kill()
        stop.set()
        for worker in workers:
            worker.join()
        assert not failed, failed[0]
        qushu.start()
        ledger.version = max(ledger.version, versions["done"])
        if n % 4 == 3:
            ledger.check(Caller(qushu.base, token))
        else:
            # What was begun and not answered may have been done; the next round begins with what is there.
            settle_open(Caller(qushu.base, token), ledger)
    ledger.check(Caller(qushu.base, token))
    assert len(ledger.records) > MOMENTS and versions["done"] > 2, (len(ledger.records), versions)
    assert sum(len(r["files"]) for r in ledger.records.values()) > 0
    qushu.stop()


def settle_open(caller, ledger):
    field = next(f["name"] for f in caller.get(AT)["fields"] if f["type"] == "number")
    for one in list(ledger.open):
        ledger.check_record(caller, one, caller.get(f"{AT}/records/{one}"), field)
    ledger.open.clear()

"""`kill -9` at random moments of import, publish, roll-back and job work: what was acknowledged is there, nothing is half there,
and nothing needs repair. The moments come from a seed, so that a failure can be run again."""
import json
import os
import random
import subprocess
import threading
import time

import pytest
import requests

from harness import Caller, Qushu

MOMENTS = int(os.environ.get("QUSHU_KILLS", "200"))
SEED = int(os.environ.get("QUSHU_SEED", "20261124"))


def table(rows, mark):
    return ("编号,批次,数量\n" + "".join(f"{n:05d},{mark},{n}\n" for n in range(rows)) + "99999,坏行\n").encode()


class Promise:
    """What was acknowledged of the dataset: published versions with their rows, and the last roll-back."""

    def __init__(self):
        self.versions = {}
        self.uncertain = []

    def check(self, qushu):
        versions = {v["number"]: v for v in qushu.json("dataset", "versions", "crash")} if self.versions or _known(qushu) else {}
        numbers = sorted(versions)
        assert numbers == list(range(1, len(numbers) + 1)), numbers
        for number, rows in self.versions.items():
            assert versions[number]["published"] == rows, (number, rows)
        for v in versions.values():
            assert v["read"] == v["published"] + v["rejected"] and v["rejected"] == 1
        if versions:
            current = [v for v in versions.values() if v["current"]]
            assert len(current) == 1
            counted = qushu.json("query", "SELECT count(*) AS n, count(DISTINCT pi_ci) AS marks FROM crash")[0]
            assert counted == {"n": current[0]["published"], "marks": 1}, counted
        return versions


def _known(qushu):
    return any(d["code"] == "crash" for d in qushu.json("dataset", "list", "crash"))


def killed_cli(qushu, words, after):
    """Runs a command and kills it after so many seconds; its output when it was done before."""
    process = qushu.start_cli(*words)
    try:
        out, err = process.communicate(timeout=after)
        assert process.returncode == 0 or "already_current" in err, err
        return json.loads(out) if out else {}
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None


def lasting(work):
    started = time.monotonic()
    work()
    return time.monotonic() - started


def by_command(qushu, dice, promise, folder, n, usual):
    """`usual`: how many seconds it takes on this machine when nobody kills it."""
    rows = dice.randint(50, 3000)
    what = dice.random()
    count = len(promise.versions)
    if what < 0.7 or count < 2:
        file = folder / f"批次{n}.csv"
        file.write_bytes(table(rows, f"m{n}"))
        done = killed_cli(qushu, ["--json", "import", file, "--dataset", "crash", "--department", "mzj"], dice.uniform(0.05, 1.5) * usual)
        if done is not None:
            promise.versions[done["tables"][0]["version"]] = rows
    else:
        number = dice.choice(sorted(promise.versions))
        done = killed_cli(qushu, ["--json", "dataset", "rollback", "crash", number], dice.uniform(0.05, 1) * usual)
        if done is not None:
            assert qushu.json("dataset", "show", "crash")["version"] == number


def by_server(qushu, dice, promise, n, token, usual):
    """A client works through HTTP while the server is killed under it; at the next start the jobs go on by themselves."""
    rows = dice.randint(50, 3000)
    acknowledged = {}

    def client():
        caller = Caller(qushu.base, token)
        try:
            made = caller.upload(f"批次{n}.csv", table(rows, f"s{n}"), dataset="crash")
            acknowledged["import"] = made["id"]
            made = caller.wait_import(made["id"], "ready")
            caller.post(f"/api/v1/imports/{made['id']}/publish")
            acknowledged["publish"] = True
            made = caller.wait_import(made["id"], "published")
            acknowledged["version"] = made["tables"][0]["version"]
        except (requests.exceptions.RequestException, AssertionError, json.JSONDecodeError):
            pass

    worker = threading.Thread(target=client)
    worker.start()
    time.sleep(dice.uniform(0.0, 1.5) * usual)
    qushu.kill()
    worker.join()
    qushu.start()
    caller = Caller(qushu.base, token)
    if "import" in acknowledged:
        seen = caller.get(f"/api/v1/imports/{acknowledged['import']}")
        if "publish" in acknowledged:
            seen = caller.wait_import(seen["id"], "published")
            promise.versions[seen["tables"][0]["version"]] = rows
        else:
            caller.wait_import(seen["id"], "ready", "published")
    if "version" in acknowledged:
        assert promise.versions[acknowledged["version"]] == rows


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_acknowledged_is_lost(database, tmp_path, request):
    url = None
    if database == "postgresql":
        server = request.getfixturevalue("postgres")
        url = server.url(server.fresh())
    qushu = Qushu(tmp_path / "data", url, {"jobs.backoff": "1s"}).settle()
    token = qushu.token("operator")
    dice = random.Random(SEED)
    promise = Promise()
    moments = MOMENTS // 2
    by_http = moments * 2 // 5
    caller = qushu.caller("steward")
    usual = lasting(lambda: promise.versions.update({caller.bring_in("首批.csv", table(1500, "first"), dataset="crash")["tables"][0]["version"]: 1500}))
    for n in range(by_http):
        by_server(qushu, dice, promise, n, token, usual)
        if n % 10 == 9:
            promise.check(qushu)
    qushu.stop()
    (tmp_path / "次批.csv").write_bytes(table(1500, "second"))
    second = ("import", tmp_path / "次批.csv", "--dataset", "crash", "--department", "mzj")
    usual = lasting(lambda: promise.versions.update({qushu.json(*second)["tables"][0]["version"]: 1500}))
    for n in range(by_http, moments):
        by_command(qushu, dice, promise, tmp_path, n, usual)
        if n % 10 == 9:
            promise.check(qushu)
    versions = promise.check(qushu)
    assert len(promise.versions) >= moments // 8, "too few imports came to their end to say anything"
    # What the killed processes left in the queue is finished by the next server, once: as many versions as imports published.
    qushu.start()
    caller = Caller(qushu.base, token)
    caller.wait_jobs()
    promise.check(qushu)
    made = {}
    page = caller.get("/api/v1/imports", limit=200)
    while True:
        for one in page["imports"]:
            if one["state"] == "published":
                number = one["tables"][0]["version"]
                assert number not in made, (number, one["file_name"], made[number])
                made[number] = one["file_name"]
        if not page["next"]:
            break
        page = caller.get("/api/v1/imports", limit=200, after=page["next"])
    numbers = {v["number"] for v in qushu.json("dataset", "versions", "crash")}
    assert set(made) == numbers and set(versions) <= numbers
    assert qushu.json("audit", "verify")["intact"]
    qushu.stop()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_search_finds_what_the_catalogue_holds_after_every_kill(database, tmp_path, request):
    """Entries are added and renamed by server and command line, each killed at some moment; then a search finds every entry by the
    title that it has, and none by one that it had."""
    url = None
    if database == "postgresql":
        server = request.getfixturevalue("postgres")
        url = server.url(server.fresh())
    qushu = Qushu(tmp_path / "data", url).settle()
    token = qushu.token("operator")
    dice = random.Random(SEED)
    sure, under_way, former = {}, {}, []  # by code: the acknowledged title, those asked for since; what titles were

    def change(caller, n):
        code = dice.choice(list(sure)) if sure and dice.random() < 0.6 else f"entry_{n}"
        title = f"编目{n:04d}号{''.join(dice.choice('甲乙丙丁戊己庚辛壬癸') for _ in range(6))}"
        under_way.setdefault(code, []).append(title)
        try:
            if code in sure:
                caller.patch(f"/api/v1/datasets/{code}/entry", {"title": title})
                former.append(sure[code])
            else:
                caller.post("/api/v1/datasets", {"code": code, "title": title, "department_id": "mzj", "fields": [{"name": "编号"}]}, 201)
            sure[code] = title
            del under_way[code]
        except requests.exceptions.RequestException:
            pass

    def held(caller):
        page, found = caller.get("/api/v1/datasets", limit=500), []
        while True:
            found += page["datasets"]
            if not page["next"]:
                return {d["code"]: d["title"] for d in found}
            page = caller.get("/api/v1/datasets", limit=500, after=page["next"])

    n = 0
    for _ in range(max(3, MOMENTS // 25)):
        stop = threading.Event()
        after = dice.uniform(0.05, 0.8)

        def kill():
            time.sleep(after)
            stop.set()
            qushu.kill()

        killer = threading.Thread(target=kill)
        caller = Caller(qushu.base, token)
        killer.start()
        while not stop.is_set():
            n += 1
            change(caller, n)
        killer.join()
        # A command that adds one, killed as well.
        n += 1
        code, title = f"entry_{n}", f"编目{n:04d}号命令"
        sheet = tmp_path / f"{title}.csv"
        sheet.write_text("编号,名称\n1,甲\n")
        done = killed_cli(qushu, ["--json", "import", sheet, "--dataset", code, "--department", "mzj", "--title", title], dice.uniform(0.3, 1.5))
        if done is None:
            under_way[code] = [title]
        else:
            sure[code] = title
        qushu.start()
        caller = Caller(qushu.base, token)
        caller.wait_jobs()
        now = held(caller)
        for one, acknowledged in sure.items():
            assert now[one] in [acknowledged, *under_way.get(one, [])], (one, acknowledged, now[one])
        for one, title in now.items():
            assert [d["code"] for d in caller.get("/api/v1/datasets", text=title)["datasets"]] == [one], (one, title)
        for title in set(former) - set(now.values()):
            assert caller.get("/api/v1/datasets", text=title)["datasets"] == [], title
        former += [sure[one] for one in sure if sure[one] != now[one]]
        sure, under_way = now, {}
    assert len(sure) > 5 and former, "too little was acknowledged to say anything"
    qushu.stop()


def test_a_full_disk_says_so_and_loses_nothing(tmp_path):
    """Where a small file system can be mounted, it is filled; elsewhere a limit on the size of files stands in for it."""
    import resource
    import signal

    qushu = Qushu(tmp_path / "data").settle()
    steward = qushu.caller("steward")
    steward.bring_in("有的.csv", table(100, "a"), dataset="kept")
    qushu.stop()
    file = tmp_path / "大.csv"
    with open(file, "w") as out:
        out.write("编号,文字\n")
        for n in range(200000):
            out.write(f"{n:08d},{random.Random(n).getrandbits(200):x}\n")

    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, 4 << 20))

    done = subprocess.run(qushu.arguments("import", file, "--dataset", "big", "--department", "mzj"), capture_output=True, text=True,
                          env=qushu.environment, preexec_fn=small)
    assert done.returncode == 8, (done.returncode, done.stderr)
    assert "空间" in done.stderr, done.stderr
    assert qushu.json("query", "SELECT count(*) AS n FROM kept") == [{"n": 100}]
    # With room again, the same command succeeds, and the failed try left no version.
    made = qushu.json("import", file, "--dataset", "big", "--department", "mzj")
    assert made["tables"][0]["version"] == 1 and made["tables"][0]["published"] == 200000
    assert qushu.json("audit", "verify")["intact"]

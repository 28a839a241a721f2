"""Every command, while the server runs and while it does not, for people and for machines."""
import json
import os
import pty
import subprocess

import pytest

from harness import PROGRAM, ROOT, Failed, Qushu

CSV = "编号,名称,数量\n001,甲,1\n002,乙,2\n003,丙,x\n".encode()


@pytest.fixture(scope="module", params=["running", "stopped"])
def place(request, tmp_path_factory):
    qushu = Qushu(tmp_path_factory.mktemp("cli")).settle()
    if request.param == "stopped":
        qushu.stop()
    yield qushu
    if qushu.process:
        qushu.stop()


def test_the_main_job_on_the_command_line(place, tmp_path):
    file = tmp_path / "物资.csv"
    file.write_bytes(CSV.decode().encode("gbk"))
    dry = place.json("import", file, "--dataset", "goods", "--department", "mzj", "--dry-run")
    assert dry["state"] == "ready" and dry["tables"][0]["version"] is None
    made = place.json("import", file, "--dataset", "goods", "--department", "mzj", "--title", "应急物资", "--key", "编号", "--type",
                      "数量=integer")
    table = made["tables"][0]
    assert (table["rows"], table["published"], table["version"]) == (3, 2, 1), table
    shown = place.json("dataset", "show", "goods")
    assert shown["title"] == "应急物资" and [f["key"] for f in shown["fields"]] == [True, False, False]
    assert "应急物资" in place.cli("dataset", "show", "goods")
    assert "goods" in place.cli("dataset", "list", "物资")
    assert place.json("query", 'SELECT count(*) AS n FROM "应急物资"') == [{"n": 2}]
    target = tmp_path / "out.parquet"
    place.cli("query", "SELECT * FROM goods", "--output", target)
    assert target.read_bytes()[:4] == b"PAR1"
    assert place.cli("query", "SELECT * FROM goods ORDER BY 1", "--format", "csv").splitlines()[1].startswith("001,甲")
    # A key that is no column publishes nothing.
    with pytest.raises(Failed) as failed:
        place.cli("import", file, "--dataset", "goods_by_nothing", "--department", "mzj", "--key", "无此列")
    assert "无此列" in failed.value.err and "编号" in failed.value.err
    with pytest.raises(Failed):
        place.cli("dataset", "show", "goods_by_nothing")
    twice = tmp_path / "重复.csv"
    twice.write_text("编号,名称\n1,a\n1,b\n2,c\n")
    table = place.json("import", twice, "--dataset", "goods_twice", "--department", "mzj", "--key", "编号")["tables"][0]
    assert (table["rows"], table["published"], table["version"]) == (3, 2, 1), table
    assert place.json("query", "SELECT count(*) AS n FROM goods_twice") == [{"n": 2}]
    # Without the correction the column is text again, which the dataset's is not.
    with pytest.raises(Failed) as failed:
        place.cli("import", file, "--dataset", "goods", "--department", "mzj")
    assert failed.value.code == 6 and "数量" in failed.value.err
    place.cli("import", file, "--dataset", "goods", "--department", "mzj", "--accept-drift")
    place.cli("dataset", "rollback", "goods", "1")
    assert place.json("dataset", "show", "goods")["version"] == 1
    with pytest.raises(Failed) as failed:
        place.cli("dataset", "rollback", "goods", "9")
    assert failed.value.code in (4, 6) and "9" in failed.value.err


def test_jobs_people_tokens_and_the_machine(place):
    jobs = place.json("job", "list")
    assert {"import.analyse", "import.publish"} <= {j["kind"] for j in jobs}
    assert place.json("job", "show", jobs[0]["id"])["id"] == jobs[0]["id"]
    assert place.cli("job", "log", next(j["id"] for j in jobs if j["kind"] == "import.analyse"))
    with pytest.raises(Failed) as failed:
        place.cli("job", "cancel", next(j["id"] for j in jobs if j["state"] == "succeeded"))
    assert failed.value.code == 6
    added = place.json("user", "add", "temp", "--name", "临时人员", "--department", "czj", "--role", "data_user")
    assert len(added["password"]) >= 10
    assert place.json("user", "role", "temp", "data_steward")["roles"] == ["data_steward"]
    place.cli("user", "disable", "temp")
    assert next(p for p in place.json("user", "list") if p["login"] == "temp")["active"] is False
    place.cli("user", "enable", "temp")
    assert len(place.json("user", "reset-password", "temp")["password"]) >= 10
    token = place.json("token", "create", "temp", "--name", "脚本", "--days", "3")
    assert place.json("token", "list", "temp")[0]["id"] == token["id"]
    place.cli("token", "revoke", token["id"])
    assert place.json("token", "list", "temp")[0]["revoked"] is True
    assert place.json("audit", "verify")["intact"] is True
    checks = {c["check"]: c for c in json.loads(_any_code(place, "--json", "doctor"))}
    assert {"data", "disk", "memory", "clock", "store", "keys", "audit", "blobs"} <= set(checks)
    assert checks["store"]["good"] and checks["blobs"]["good"] and all(c["text"] for c in checks.values())
    assert json.loads(place.cli("openapi"))["openapi"].startswith("3.1")
    assert place.json("version")["name"] == "qushu"
    assert len(place.json("department", "list")) >= 5


def _any_code(place, *words):
    return subprocess.run(place.arguments(*words), capture_output=True, text=True, env=place.environment).stdout


def test_mistakes_in_use_are_told_in_the_readers_language():
    for language, words, told in (("zh", ["nonsense"], "没有命令 nonsense。用法见 qushu --help"), ("zh", ["budget", "check"], "缺少 file。用法见 qushu budget check --help"),
                                  ("zh", ["request", "list", "--box", "foo"], "--box 的值“foo”不对"), ("zh", ["import", "/nowhere", "--dataset", "x"], "没有文件 /nowhere"),
                                  ("en", ["nonsense"], "There is no command nonsense. How it is used: qushu --help")):
        done = subprocess.run([str(PROGRAM), *words], capture_output=True, text=True, env={**os.environ, "QUSHU_LANG": language})
        assert done.returncode == 2 and told in done.stderr, (words, done.stderr)
    shown = subprocess.run([str(PROGRAM), "dataset", "--help"], capture_output=True, text=True, env={**os.environ, "QUSHU_LANG": "zh"}).stdout
    assert "用法: qushu dataset [选项] 子命令" in shown and "Print" not in shown and "Options" not in shown, shown


def test_help_completion_and_wrong_use(place):
    for language, word in (("zh", "导入"), ("en", "Load a file")):
        done = subprocess.run([str(PROGRAM), "--help"], capture_output=True, text=True, env={**os.environ, "QUSHU_LANG": language})
        assert done.returncode == 0 and word in done.stdout and "130" in done.stdout
    for shell in ("bash", "zsh"):
        script = subprocess.run([str(PROGRAM), "completion", shell], capture_output=True, text=True)
        assert script.returncode == 0 and "rollback" in script.stdout, shell
    script = subprocess.run([str(PROGRAM), "completion", "bash"], capture_output=True, text=True).stdout
    assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0
    for words in (["nosuch"], ["import"], ["dataset"], ["query", "SELECT 1", "--format", "word"]):
        with pytest.raises(Failed) as failed:
            place.cli(*words)
        assert failed.value.code in (2, 3), words
    with pytest.raises(Failed) as failed:
        place.cli("--set", "http.port=99999999", "dataset", "list")
    assert "http.port" in failed.value.err
    with pytest.raises(Failed) as failed:
        place.cli("--set", "no.such=1", "dataset", "list")
    assert "no.such" in failed.value.err
    with pytest.raises(Failed) as failed:
        place.cli("--as", "nobody-here", "dataset", "list")
    assert failed.value.code in (4, 5)


def test_a_long_work_shows_its_progress_on_a_terminal(place, tmp_path):
    file = tmp_path / "大.csv"
    file.write_text("a,b,c\n" + "".join(f"{n},{n * 3},文字{n}\n" for n in range(400000)))
    master, slave = pty.openpty()
    done = subprocess.Popen(place.arguments("import", file, "--dataset", "long_work", "--department", "mzj"), stdout=subprocess.DEVNULL,
                            stderr=slave, env=place.environment)
    os.close(slave)
    shown = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    os.close(master)
    assert done.wait(60) == 0
    assert b"%" in shown and b"=" in shown


def test_the_documented_settings_are_the_programs_own():
    done = subprocess.run([ROOT / "scripts" / "write-docs", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

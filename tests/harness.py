"""Starts the real program, on loopback and free ports, and speaks to it as its users do: HTTP, command line, database."""
import atexit
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import requests

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = pathlib.Path(os.environ.get("QUSHU_PROGRAM", ROOT / "build" / "qushu"))
SHARED_DATA = pathlib.Path(os.environ.get("QUSHU_SHARED_DATA", ROOT.parent / "shared" / "data"))
PASSWORD = "Zhen-Shi-2026-kl"
POSTGRES_BIN = "/usr/lib/postgresql/15/bin"

# Four departments, and one person of every role, in the departments that the tests speak of.
DEPARTMENTS = [("sjj", "区数据局"), ("mzj", "区民政局"), ("wjw", "区卫生健康委"), ("czj", "区财政局")]
PEOPLE = {
    "steward": ("民政局数据管理员", "mzj", "data_steward"),
    "reader": ("民政局数据使用员", "mzj", "data_user"),
    "stranger": ("卫健委数据使用员", "wjw", "data_user"),
    "rival": ("卫健委数据管理员", "wjw", "data_steward"),
    "reviewer": ("目录审核员", "sjj", "catalog_reviewer"),
    "operator": ("运维员", "sjj", "operator"),
    "editor": ("编辑员", "sjj", "editor"),
}


class Failed(Exception):
    def __init__(self, code, out, err):
        super().__init__(f"exit code {code}\n{out}\n{err}")
        self.code, self.out, self.err = code, out, err


_settled = {}  # folders, by the server that holds their database; "" is SQLite


def _psql(server, statement, database="postgres"):
    return subprocess.run([f"{POSTGRES_BIN}/psql", f"{server}/{database}", "-qAtX", "-c", statement], check=True, capture_output=True, text=True,
                          cwd="/").stdout.strip()


class Postgres:
    """A server of its own in a folder of its own, on a free port of loopback."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="qushu-pg-", dir="/tmp"))
        self.port = free_port()
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
        self._run(f"{POSTGRES_BIN}/initdb -D {self.folder}/data -U postgres -A trust --no-sync --locale=C.UTF-8 -E UTF8")
        self._run(f"{POSTGRES_BIN}/pg_ctl -w -D {self.folder}/data -l {self.folder}/log "
                  f"-o '-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=300' start")
        self.count = 0

    def _run(self, command):
        full = ["sh", "-c", f"cd /; {command}"]
        if os.getuid() == 0:
            full = ["runuser", "-u", "postgres", "--", *full]
        subprocess.run(full, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def sql(self, database, statement):
        return _psql(self.url(database).rpartition("/")[0], statement, database)

    def fresh(self):
        self.count += 1
        self.sql("postgres", f"CREATE DATABASE q{self.count}")
        return f"q{self.count}"

    def url(self, database):
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def stop(self):
        self._run(f"{POSTGRES_BIN}/pg_ctl -m immediate -D {self.folder}/data stop")
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def npm_ci(folder):
    """Installs what `folder`'s package-lock.json names, unless it is there; tests that run side by side wait for each other."""
    wanted, there = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    with open(wanted) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if there.exists() and there.stat().st_mtime >= wanted.stat().st_mtime:
            return
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def until(check, wait=120):
    """What `check` answers once it is true."""
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        got = check()
        if got:
            return got
        time.sleep(0.1)
    raise AssertionError("it did not come to pass")


class Qushu:
    """One data folder, with or without a server running over it."""

    def __init__(self, folder, store_url=None, settings=None):
        self.data = pathlib.Path(folder)
        self.data.mkdir(parents=True, exist_ok=True)
        self.environment = {**os.environ, "QUSHU_LANG": "zh"}
        self.settings = dict(settings or {})
        if store_url:
            self.settings["store.url"] = store_url
        self.process = None
        self.base = None
        self.output = []
        self.first_passwords = {}

    # The command line.
    def arguments(self, *words):
        given = [str(PROGRAM), "--data", str(self.data)]
        for key, value in self.settings.items():
            given += ["--set", f"{key}={value}"]
        return given + [str(w) for w in words]

    def start_cli(self, *words):
        return subprocess.Popen(self.arguments(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment)

    def cli(self, *words, code=0, lang="zh"):
        done = subprocess.run(self.arguments(*words), capture_output=True, text=True, timeout=300,
                              env={**self.environment, "QUSHU_LANG": lang})
        if done.returncode != code:
            raise Failed(done.returncode, done.stdout, done.stderr)
        return done.stdout if code == 0 else done.stderr

    def json(self, *words):
        return json.loads(self.cli("--json", *words))

    # The server.
    def start(self, *more, port=0, wait=120):
        assert self.process is None
        self.process = subprocess.Popen(self.arguments("serve", "--port", str(port), *more), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, env=self.environment)
        self.output, self.errors = [], []
        ready = threading.Event()

        def follow(stream, lines):
            for line in stream:
                lines.append(line.rstrip("\n"))
                found = re.match(r"  (\w+)\s+(\S+)   ", line)
                if found:
                    self.first_passwords[found.group(1)] = found.group(2)
                found = re.search(r"(https?://\S+)$", line)
                if found and stream is self.process.stdout:
                    self.base = found.group(1)
                    ready.set()
            ready.set()

        threads = [threading.Thread(target=follow, args=(s, l), daemon=True)
                   for s, l in ((self.process.stdout, self.output), (self.process.stderr, self.errors))]
        for t in threads:
            t.start()
        self.base = None
        ready.wait(wait)
        if self.base is None:
            for t in threads:  # what it said to the end
                t.join(10)
            raise AssertionError("the server did not start:\n" + "\n".join(self.output + self.errors))
        return self

    def stop(self):
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self.process = None
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    # People.
    def settle(self):
        """Starts with departments and one person of each role, all with PASSWORD. Made once, by a first start, and copied from then on."""
        server, _, database = self.settings.get("store.url", "").rpartition("/")
        if server not in _settled:
            folder = pathlib.Path(tempfile.mkdtemp(prefix="qushu-settled-", dir="/tmp"))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            if server:
                _psql(server, "CREATE DATABASE settled")
            made = Qushu(folder, f"{server}/settled" if server else None)
            made._first_start()
            made.stop()
            _settled[server] = folder
        shutil.copytree(_settled[server], self.data, dirs_exist_ok=True)
        if server:
            _psql(server, f"DROP DATABASE {database}")
            _psql(server, f"CREATE DATABASE {database} TEMPLATE settled")
        return self.start()

    def _first_start(self):
        self.start()
        for login, first in list(self.first_passwords.items()):
            caller = self.caller()
            caller.sign_in(login, first)
            caller.post("/api/v1/account/password", {"old_password": first, "new_password": PASSWORD}, 204)
        for code, name in DEPARTMENTS:
            self.cli("department", "add", code, "--name", name, "--parent", "root")
        for login, (name, department, role) in PEOPLE.items():
            made = self.json("user", "add", login, "--name", name, "--department", department, "--role", role)
            caller = self.caller()
            caller.sign_in(login, made["password"])
            caller.post("/api/v1/account/password", {"old_password": made["password"], "new_password": PASSWORD}, 204)

    def caller(self, login=None, password=PASSWORD):
        one = Caller(self.base)
        if login:
            one.sign_in(login, password)
        return one

    def token(self, login, *scopes):
        words = ["token", "create", login, "--name", "测试"]
        if scopes:
            words += ["--scope", ",".join(scopes)]
        return self.json(*words)["token"]


class Caller:
    """Somebody who calls the API: by cookie after sign_in, by bearer token with `token`, or as nobody."""

    def __init__(self, base, token=None):
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Accept-Language"] = "zh-CN"
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def sign_in(self, login, password=PASSWORD, **more):
        got = self.call("POST", "/api/v1/session", json={"login": login, "password": password, **more})
        assert got.status_code == 200, got.text
        self.session.headers["X-CSRF-Token"] = got.json()["csrf_token"]
        return got.json()

    def call(self, method, path, **more):
        more.setdefault("timeout", 120)
        return self.session.request(method, self.base + path, **more)

    def get(self, path, status=200, **params):
        return self._answer(self.call("GET", path, params=params), status)

    def post(self, path, body=None, status=200):
        return self._answer(self.call("POST", path, json=body), status)

    def patch(self, path, body, status=200):
        return self._answer(self.call("PATCH", path, json=body), status)

    def put(self, path, body, status=200):
        return self._answer(self.call("PUT", path, json=body), status)

    def delete(self, path, status=204):
        return self._answer(self.call("DELETE", path), status)

    def _answer(self, got, status):
        assert got.status_code == status, f"{got.request.method} {got.request.url}: {got.status_code} {got.text[:2000]}"
        if "json" in got.headers.get("Content-Type", "") and got.content:
            return got.json()
        return got.text

    # The main job, step by step.
    def upload(self, name, content, **params):
        got = self.call("POST", "/api/v1/imports", params={"name": name, **params}, data=content,
                        headers={"Content-Type": "application/octet-stream"})
        return self._answer(got, 201)

    def upload_to(self, path, name, content, status=201):
        got = self.call("POST", path, params={"name": name}, data=content, headers={"Content-Type": "application/octet-stream"})
        return self._answer(got, status)

    def wait_jobs(self):
        """Nothing that this person may see is queued or running any more."""
        until(lambda: not any(self.get("/api/v1/jobs", state=s)["jobs"] for s in ("queued", "running")))

    def wait_import(self, identifier, *states):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            seen = self.get(f"/api/v1/imports/{identifier}")
            if seen["state"] in states:
                return seen
            assert seen["state"] in ("analysing", "publishing"), seen
            time.sleep(0.05)
        raise AssertionError(f"the import stayed {seen['state']}")

    def bring_in(self, name, content, publish=True, **params):
        made = self.upload(name, content, **params)
        made = self.wait_import(made["id"], "ready")
        if publish:
            self.post(f"/api/v1/imports/{made['id']}/publish")
            made = self.wait_import(made["id"], "published")
        return made

"""HTTP as clients, browsers, proxies and monitors meet it."""
import concurrent.futures
import gzip
import json
import signal
import socket
import ssl
import subprocess
import time

import pytest
import requests

from harness import Caller, Qushu, until


@pytest.fixture(scope="module")
def filled(server):
    steward = server.caller("steward")
    steward.bring_in("数字.csv", ("编号,数量\n" + "".join(f"{n:06d},{n}\n" for n in range(20000))).encode(), dataset="numbers")
    return server, steward


def raw(base, text, wait=30.0):
    host, port = base.split("//")[1].split(":")
    with socket.create_connection((host, int(port)), wait) as s:
        s.settimeout(wait)
        s.sendall(text)
        got = b""
        try:
            while chunk := s.recv(65536):
                got += chunk
        except TimeoutError:
            pass
        return got


def test_health_metrics_and_description(filled):
    server, _ = filled
    one = server.caller()
    assert one.call("GET", "/healthz").status_code == 200 and one.call("GET", "/readyz").status_code == 200
    metrics = one.get("/metrics")
    assert "# TYPE qushu_http_request_seconds histogram" in metrics and "qushu_free_bytes" in metrics
    for line in metrics.splitlines():
        assert line.startswith("#") or len(line.rsplit(" ", 1)) == 2 and float(line.rsplit(" ", 1)[1]) is not None, line
    description = one.get("/api/openapi.json")
    assert description["openapi"].startswith("3.1")
    ids = [o["operationId"] for methods in description["paths"].values() for o in methods.values()]
    assert len(ids) == len(set(ids))
    assert json.loads(server.cli("openapi", lang="en"))["paths"].keys() == description["paths"].keys()


def test_every_answer_is_of_the_shape_that_it_declares(filled):
    server, steward = filled
    description = server.caller().get("/api/openapi.json")
    components = description["components"]["schemas"]

    def fits(shape, value, place):
        if "$ref" in shape:
            return fits(components[shape["$ref"].split("/")[-1]], value, place)
        kinds = shape.get("type")
        if kinds is None:
            return
        kinds = kinds if isinstance(kinds, list) else [kinds]
        actual = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}[type(value)]
        assert actual in kinds or (actual == "integer" and "number" in kinds), (place, actual, kinds)
        if actual == "object" and "properties" in shape:
            assert set(value) <= set(shape["properties"]), (place, set(value) - set(shape["properties"]))
            assert set(shape.get("required", [])) <= set(value), (place, set(shape["required"]) - set(value))
            for key, item in value.items():
                fits(shape["properties"][key], item, f"{place}.{key}")
        if actual == "array":
            for item in value:
                fits(shape.get("items", {}), item, place + "[]")
        if "enum" in shape and value is not None:
            assert value in shape["enum"], (place, value)

    callers = [steward, server.caller("sysadmin"), server.caller("secadmin"), server.caller("auditadmin"), server.caller("operator")]
    seen = 0
    for path, methods in description["paths"].items():
        operation = methods.get("get")
        content = (operation or {}).get("responses", {}).get("200", {}).get("content", {}).get("application/json")
        if not content or path == "/api/openapi.json":
            continue
        concrete = path.replace("{code}", "numbers").replace("{number}", "1")
        if "{" in concrete:
            continue
        for caller in callers:
            got = caller.call("GET", concrete)
            if got.status_code == 200 and "json" in got.headers["Content-Type"]:
                fits(content["schema"], got.json(), path)
                seen += 1
                break
    assert seen >= 18, seen


def test_security_headers_and_request_ids(filled):
    server, steward = filled
    got = steward.call("GET", "/api/v1/session", headers={"X-Request-Id": "my-request-0001"})
    assert got.headers["X-Request-Id"] == "my-request-0001"
    assert len(steward.call("GET", "/api/v1/session", headers={"X-Request-Id": "bad id\twith stuff"}).headers["X-Request-Id"]) > 10
    for path in ("/", "/api/v1/session", "/api/v1/nothing"):
        got = steward.call("GET", path)
        assert got.headers["X-Content-Type-Options"] == "nosniff" and got.headers["X-Frame-Options"] == "DENY", path
        assert "Content-Security-Policy" in got.headers and "unsafe-eval" not in got.headers["Content-Security-Policy"]
    cookie = server.caller().call("POST", "/api/v1/session", json={"login": "reader", "password": "Zhen-Shi-2026-kl"}).headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie


def test_problem_details_in_the_readers_language(filled):
    _, steward = filled
    for language, word in (("zh-CN", "没有"), ("en", "no")):
        got = steward.call("GET", "/api/v1/datasets/nosuch", headers={"Accept-Language": language})
        problem = got.json()
        assert got.status_code == problem["status"] == 404
        assert got.headers["Content-Type"].startswith("application/problem+json")
        assert word in problem["detail"].lower() and problem["request_id"] == got.headers["X-Request-Id"]
    assert steward.call("DELETE", "/api/v1/datasets").status_code == 405
    assert "GET" in steward.call("DELETE", "/api/v1/datasets").headers["Allow"]
    got = steward.call("POST", "/api/v1/sql", data=b"{not json", headers={"Content-Type": "application/json"})
    assert got.status_code in (400, 422)
    got = steward.call("POST", "/api/v1/sql", json={"sql": 7, "extra": True})
    assert {e["field"] for e in got.json()["errors"]} == {"sql", "extra"}


def test_compression_ranges_and_conditions(filled):
    _, steward = filled
    plain = steward.call("GET", "/api/v1/datasets/numbers/rows?_size=500", headers={"Accept-Encoding": "identity"})
    packed = steward.call("GET", "/api/v1/datasets/numbers/rows?_size=500", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and packed.json() == plain.json()
    again = steward.call("GET", "/api/v1/datasets/numbers/rows?_size=500", headers={"If-None-Match": plain.headers["ETag"]})
    assert again.status_code == 304 and not again.content
    # The original file: a strong ETag, ranges, resumption.
    identifier = steward.get("/api/v1/imports")["imports"][0]["id"]
    path = f"/api/v1/imports/{identifier}/file"
    whole = steward.call("GET", path)
    assert whole.headers["Accept-Ranges"] == "bytes" and len(whole.content) == int(whole.headers["Content-Length"])
    for header, expected in (("bytes=0-9", whole.content[:10]), ("bytes=100-", whole.content[100:]), ("bytes=-7", whole.content[-7:])):
        part = steward.call("GET", path, headers={"Range": header})
        assert part.status_code == 206 and part.content == expected, header
    assert steward.call("GET", path, headers={"Range": "bytes=99999999-"}).status_code == 416
    assert steward.call("GET", path, headers={"Range": "bytes=0-9", "If-Range": '"other"'}).status_code == 200
    assert steward.call("HEAD", path).headers["Content-Length"] == whole.headers["Content-Length"]


def test_one_connection_serves_many_requests_and_pipelines(filled):
    server, _ = filled
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    got = raw(server.base, request * 5 + b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert got.count(b"HTTP/1.1 200") == 6


@pytest.mark.parametrize("text", [
    b"GARBAGE\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
    b"POST /api/v1/sql HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(20000)) + b"\r\n",
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
], ids=["garbage", "version", "smuggling", "length", "long-path", "many-headers", "dots", "encoded-dots", "nul"])
def test_what_is_no_request_is_refused(filled, text):
    server, _ = filled
    got = raw(server.base, text)
    assert b"root:" not in got
    assert not got or got.split(b" ")[1][:1] == b"4" or b"<!doctype html>" in got[:4000].lower() or b"content-encoding: gzip" in got.lower(), got[:200]
    assert server.caller().call("GET", "/healthz").status_code == 200


def test_limits_are_settings(tmp_path):
    qushu = Qushu(tmp_path / "d", settings={"http.body_limit": "2KiB", "http.upload_limit": "1MiB", "http.header_timeout": "1s"}).settle()
    try:
        steward = qushu.caller("steward")
        got = steward.call("POST", "/api/v1/sql", json={"sql": "SELECT '" + "x" * 4000 + "'"})
        assert got.status_code == 413 and "2" in got.json()["detail"]
        got = steward.call("POST", "/api/v1/imports", params={"name": "a.csv"}, data=b"a,b\n" + b"1,2\n" * 400000)
        assert got.status_code == 413
        # A client that never ends its headers is let go.
        begun = time.monotonic()
        raw(qushu.base, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ", 60)
        assert time.monotonic() - begun < 12, "the default is 15 s"
    finally:
        qushu.stop()


def test_overload_is_answered_with_503(tmp_path):
    qushu = Qushu(tmp_path / "d", settings={"http.workers": "1", "http.queue": "2", "engine.queries": "1"}).settle()
    try:
        token = qushu.token("operator")
        slow = {"sql": "SELECT sum(a.range * b.range) FROM range(60000) a, range(30000) b"}

        def ask():
            got = Caller(qushu.base, token).call("POST", "/api/v1/sql", json=slow)
            return got.status_code, got.headers.get("Retry-After")

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: ask(), range(12)))
        refused = [a for a in answers if a[0] == 503]
        assert refused and all(a[1] for a in refused), answers
        assert any(a[0] in (200, 504) for a in answers), answers
        assert qushu.caller().call("GET", "/healthz").status_code == 200
    finally:
        qushu.stop()


def test_a_query_stops_when_its_client_goes_away(filled):
    server, _ = filled
    token = server.token("operator")

    def running():
        return float(next(line.split()[-1] for line in server.caller().get("/metrics").splitlines() if line.startswith("qushu_engine_running")))

    body = json.dumps({"sql": "SELECT sum(a.range * b.range) FROM range(2000000) a, range(3000000) b"}).encode()
    host, port = server.base.split("//")[1].split(":")
    with socket.create_connection((host, int(port))) as s:
        s.sendall(b"POST /api/v1/sql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token.encode()
                  + b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        until(lambda: running() >= 1)
    until(lambda: running() == 0)


def test_a_shutdown_finishes_what_is_under_way(tmp_path):
    qushu = Qushu(tmp_path / "d", settings={"http.shutdown_grace": "60s"}).settle()
    host, port = qushu.base.split("//")[1].split(":")
    body = json.dumps({"sql": "SELECT sum(a.range * b.range) AS s FROM range(3000) a, range(3000) b"}).encode()
    head = (f"POST /api/v1/sql HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {qushu.token('operator')}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n").encode()
    with concurrent.futures.ThreadPoolExecutor(1) as pool, socket.create_connection((host, int(port)), timeout=60) as s:
        s.sendall(head)
        assert s.recv(100).startswith(b"HTTP/1.1 100 ")  # the server has begun with the request, and waits for its body
        stopped = pool.submit(qushu.stop)
        until(lambda: not listening(host, int(port)))
        s.sendall(body)
        got = b"".join(iter(lambda: s.recv(65536), b""))
        assert got.startswith(b"HTTP/1.1 200 ") and b"connection: close" in got.lower()
        assert str(sum(range(3000)) ** 2).encode() in got
        assert stopped.result() == 0


def listening(host, port):
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def test_tls_with_a_certificate_of_its_own_and_with_given_files(tmp_path):
    qushu = Qushu(tmp_path / "d", settings={"http.tls_self_signed": "true"})
    qushu.start()
    try:
        assert qushu.base.startswith("https://")
        assert requests.get(qushu.base + "/healthz", verify=False, timeout=60).status_code == 200  # noqa: S501
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(qushu.base + "/healthz", timeout=60)
    finally:
        qushu.stop()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(tmp_path / "k.pem"), "-out",
                    str(tmp_path / "c.pem")], check=True, capture_output=True)
    other = Qushu(tmp_path / "e", settings={"http.tls_certificate": str(tmp_path / "c.pem"), "http.tls_key": str(tmp_path / "k.pem")})
    other.start()
    try:
        got = requests.get(other.base + "/healthz", verify=str(tmp_path / "c.pem"), timeout=60)
        assert got.status_code == 200 and "Strict-Transport-Security" in got.headers
        host, port = other.base.split("//")[1].split(":")
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)), socket.create_connection((host, int(port))) as s:
            old.wrap_socket(s)
    finally:
        other.stop()


def test_events_tell_of_a_job_and_only_to_those_who_may_see_it(filled):
    server, steward = filled
    heard = {}

    def listen(login):
        caller = server.caller(login)
        lines = []
        try:
            with caller.call("GET", "/api/v1/events", stream=True, timeout=8) as got:
                assert got.headers["Content-Type"].startswith("text/event-stream")
                heard[login] = lines
                for line in got.iter_lines():
                    lines.append(line.decode())
        except requests.exceptions.RequestException:
            pass
        return lines

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(listen, login) for login in ("reader", "stranger")]
        until(lambda: len(heard) == 2)
        steward.bring_in("事件.csv", b"a,b\n1,2\n", dataset="events")
        mine, others = (w.result() for w in waiting)
    assert any(line.startswith("event:") for line in mine) and "import.publish" in "\n".join(mine)
    assert "import.publish" not in "\n".join(others)


def test_gzip_of_assets_is_what_browsers_take(filled):
    server, _ = filled
    page = server.caller().call("GET", "/").text
    script = next(word.split('"')[1] for word in page.split() if word.startswith("src=") and ".js" in word)
    plain = server.caller().call("GET", script, headers={"Accept-Encoding": "identity"})
    packed = requests.get(server.base + script, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=60)
    body = packed.raw.read()
    assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(body) == plain.content
    assert "max-age=31536000" in packed.headers["Cache-Control"]


def test_sigterm_and_a_port_in_use(filled):
    server, _ = filled
    port = server.base.rsplit(":", 1)[1]
    other = Qushu(server.data.parent / "other")
    try:
        other.start(port=port, wait=60)
        raise RuntimeError("started twice on one port")
    except AssertionError as error:
        assert port in str(error)
    finally:
        if other.process and other.process.poll() is None:
            other.process.send_signal(signal.SIGTERM)

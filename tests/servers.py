"""Real servers that departments have, each in a folder of its own on a free port of loopback, and two that misbehave on order."""
import datetime
import hashlib
import hmac
import http.server
import os
import pathlib
import pwd
import re
import shutil
import socketserver
import subprocess
import tempfile
import threading
import time
import urllib.parse

from harness import free_port


class MariaDb:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="qushu-maria-", dir="/tmp"))
        self.port = free_port()
        self.user = pwd.getpwuid(os.getuid()).pw_name
        data = self.folder / "data"
        # Tables without their own script: Debian splits it off the server's core.
        subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={data}", f"--user={self.user}", "--auth-root-authentication-method=normal",
                        "--skip-test-db"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        self.start()

    def start(self, *more):
        self.process = subprocess.Popen(["/usr/sbin/mariadbd", "--no-defaults", f"--datadir={self.folder}/data", f"--user={self.user}", f"--port={self.port}",
                                         "--bind-address=127.0.0.1", f"--socket={self.folder}/sock", f"--pid-file={self.folder}/pid",
                                         "--character-set-server=utf8mb4", "--innodb-flush-log-at-trx-commit=0", f"--log-error={self.folder}/log", *more],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if subprocess.run(self.client("-e", "SELECT 1"), capture_output=True).returncode == 0:
                return
            time.sleep(0.2)
        raise AssertionError((self.folder / "log").read_text())

    def client(self, *words):
        return ["mariadb", "--no-defaults", f"--socket={self.folder}/sock", "-u", "root", "-NB", "--default-character-set=utf8mb4", *words]

    def sql(self, statements, database="mysql"):
        return subprocess.run(self.client(database), input=statements, check=True, capture_output=True, text=True).stdout.strip()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Sftp:
    """OpenSSH as the user who runs the tests, who signs in with a key."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="qushu-sftp-", dir="/tmp"))
        self.port = free_port()
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self.files = self.folder / "files"
        self.files.mkdir()
        self.new_host_key()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / "client"], check=True)
        shutil.copy(self.folder / "client.pub", self.folder / "authorized")
        if os.getuid() == 0:
            pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        self.start()

    @property
    def key(self):
        return (self.folder / "client").read_text()

    def new_host_key(self):
        for old in self.folder.glob("host*"):
            old.unlink()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / "host"], check=True)

    def start(self):
        (self.folder / "config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host\nAuthorizedKeysFile {self.folder}/authorized\nStrictModes no\n"
            f"UsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nPidFile none\nSubsystem sftp internal-sftp\n")
        self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", self.folder / "config"], stderr=subprocess.DEVNULL)
        wait_for_port(self.port)

    def end(self):
        self.process.terminate()
        self.process.wait()

    def stop(self):
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)


def wait_for_port(port):
    import socket
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on {port}")


class _Threads(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


class Web:
    """Files over HTTP with ETag and Range. `cuts` says after how many bytes the next answers break off, `faults` how they lie."""

    def __init__(self):
        self.files, self.cuts, self.faults, self.seen = {}, [], set(), []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_HEAD(self):
                self.answer(False)

            def do_GET(self):
                self.answer(True)

            def answer(self, with_body):
                outer.answer(self, with_body)

        self.server = _Threads(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, h, with_body):
        self.seen.append((h.command, h.path, dict(h.headers)))
        path = urllib.parse.unquote(h.path.split("?")[0])
        if path.startswith("/private") and h.headers.get("Authorization") != "Bearer geheim-7":
            return self.status(h, 401)
        if path.startswith("/moved/"):
            h.send_response(302)
            h.send_header("Location", path.replace("/moved/", "/", 1))
            h.send_header("Content-Length", "0")
            return h.end_headers()
        if path.startswith("/loop"):
            h.send_response(302)
            h.send_header("Location", "/loop")
            h.send_header("Content-Length", "0")
            return h.end_headers()
        if path not in self.files:
            return self.status(h, 404)
        data = self.files[path]
        etag = '"' + hashlib.md5(data).hexdigest() + '"'
        if h.headers.get("If-None-Match") == etag:
            h.send_response(304)
            h.send_header("ETag", etag)
            return h.end_headers()
        start, status = 0, 200
        asked = re.match(r"bytes=(\d+)-$", h.headers.get("Range", ""))
        if asked and h.headers.get("If-Range") == etag:
            start, status = int(asked.group(1)), 206
        body = data[start:]
        h.send_response(status)
        if status == 206:
            h.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if "no-etag" not in self.faults:
            h.send_header("ETag", etag)
        length = len(body)
        if "too-long" in self.faults:
            length += 1000
        if "too-short" in self.faults:
            length -= 10
        h.send_header("Content-Length", str(length))
        h.end_headers()
        if not with_body:
            return
        cut = self.cuts.pop(0) if self.cuts else None
        try:
            if "slow" in self.faults:
                h.wfile.write(body[:10])
                h.wfile.flush()
                time.sleep(20)
            h.wfile.write(body if cut is None else body[:cut])
            h.wfile.flush()
        except OSError:
            pass
        if cut is not None or "too-long" in self.faults:
            h.close_connection = True

    @staticmethod
    def status(h, code):
        h.send_response(code)
        h.send_header("Content-Length", "0")
        h.end_headers()

    def stop(self):
        self.server.shutdown()


class S3:
    """A bucket that checks signatures on its own: Debian has no server of S3 that starts alone."""

    access_key, secret_key, region = "AKIDTEST", "hemmelig/secret+key", "cn-north-1"

    def __init__(self):
        self.objects, self.refused = {}, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.answer(self)

        self.server = _Threads(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.endpoint = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def put(self, key, data):
        self.objects[key] = data

    def signed_well(self, h):
        found = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$",
                         h.headers.get("Authorization", ""))
        if not found:
            return "AccessDenied"
        access, day, region, names, signature = found.groups()
        if access != self.access_key:
            return "InvalidAccessKeyId"
        stamp = h.headers["x-amz-date"]
        sent = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        if abs((datetime.datetime.now(datetime.timezone.utc) - sent).total_seconds()) > 900:
            return "RequestTimeTooSkewed"
        path, _, query = h.path.partition("?")
        pairs = sorted((urllib.parse.unquote(k), urllib.parse.unquote(v)) for k, v in (p.partition("=")[::2] for p in query.split("&") if p))
        canonical = "&".join(f"{urllib.parse.quote(k, safe='-_.~')}={urllib.parse.quote(v, safe='-_.~')}" for k, v in pairs)
        headers = "".join(f"{n}:{h.headers[n].strip()}\n" for n in names.split(";"))
        request = "\n".join([h.command, urllib.parse.quote(urllib.parse.unquote(path), safe="/-_.~"), canonical, headers, names, h.headers["x-amz-content-sha256"]])
        to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, f"{day}/{region}/s3/aws4_request", hashlib.sha256(request.encode()).hexdigest()])
        key = b"AWS4" + self.secret_key.encode()
        for step in (day, region, "s3", "aws4_request"):
            key = hmac.new(key, step.encode(), hashlib.sha256).digest()
        good = hmac.compare_digest(hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest(), signature)
        return None if good and region == self.region else "SignatureDoesNotMatch"

    def answer(self, h):
        wrong = self.signed_well(h)
        if wrong:
            self.refused.append((wrong, h.path))
            return self.send(h, 403, f"<Error><Code>{wrong}</Code></Error>".encode())
        path, _, query = h.path.partition("?")
        path = urllib.parse.unquote(path)
        if not path.startswith("/bucket"):
            return self.send(h, 404, b"<Error><Code>NoSuchBucket</Code></Error>")
        if path in ("/bucket", "/bucket/"):
            return self.listing(h, dict(urllib.parse.parse_qsl(query)))
        key = path[len("/bucket/"):]
        if key not in self.objects:
            return self.send(h, 404, b"<Error><Code>NoSuchKey</Code></Error>")
        etag = '"' + hashlib.md5(self.objects[key]).hexdigest() + '"'
        if h.headers.get("If-None-Match") == etag:
            return self.send(h, 304, b"", etag)
        return self.send(h, 200, self.objects[key], etag)

    def listing(self, h, query):
        assert query["list-type"] == "2"
        keys = sorted(k for k in self.objects if k.startswith(query.get("prefix", "")))
        at = int(query.get("continuation-token", "0"))
        page = keys[at:at + min(int(query["max-keys"]), 3)]  # short pages, so that there are several
        more = at + len(page) < len(keys)
        items = "".join(f"<Contents><Key>{k.replace('&', '&amp;')}</Key><LastModified>2026-11-23T01:02:03.000Z</LastModified>"
                        f"<ETag>&quot;{hashlib.md5(self.objects[k]).hexdigest()}&quot;</ETag><Size>{len(self.objects[k])}</Size></Contents>" for k in page)
        token = f"<NextContinuationToken>{at + len(page)}</NextContinuationToken>" if more else ""
        self.send(h, 200, f'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>{str(more).lower()}</IsTruncated>{token}{items}</ListBucketResult>'.encode())

    @staticmethod
    def send(h, status, body, etag=None):
        h.send_response(status)
        if etag:
            h.send_header("ETag", etag)
        h.send_header("Content-Length", str(len(body)))
        h.end_headers()
        h.wfile.write(body)

    def stop(self):
        self.server.shutdown()


class Wire:
    """A cable to a server of loopback: what comes from the server can be cut after so many bytes (`once`, or for good with `then_refuse`), held up, or made to trickle. `refuse` lets nobody in."""

    def __init__(self, port):
        import socket
        self.target = port
        self.heal()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def heal(self):
        self.cut_after, self.stall_after, self.refuse, self.then_refuse, self.once, self.pause = None, None, False, False, False, 0.0

    def _accept(self):
        import socket
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if self.refuse:
                near.close()
                continue
            far = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self._pump, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near, True), daemon=True).start()

    def _pump(self, source, sink, from_server):
        import socket
        passed = 0
        try:
            while data := source.recv(16384):
                if from_server:
                    if self.cut_after is not None and passed + len(data) > self.cut_after:
                        sink.sendall(data[:self.cut_after - passed])
                        if self.once:
                            self.heal()
                        self.refuse = self.refuse or self.then_refuse
                        break
                    if self.stall_after is not None and passed + len(data) > self.stall_after:
                        time.sleep(30)
                        break
                    time.sleep(self.pause)
                sink.sendall(data)
                passed += len(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def stop(self):
        self.listener.close()


class Authority:
    """A certificate authority of its own, and a server's certificate for 127.0.0.1 that it signed."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", "server.key", "-out", "server.csr")
        (self.folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
        self._openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.pem")

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    @property
    def ca(self):
        return (self.folder / "ca.pem").read_text()

    def give_to(self, folder, owner=None):
        """The server's key and certificate where its server may read them."""
        for name in ("server.key", "server.pem"):
            shutil.copy(self.folder / name, pathlib.Path(folder) / name)
            (pathlib.Path(folder) / name).chmod(0o600)
            if owner:
                shutil.chown(pathlib.Path(folder) / name, owner)

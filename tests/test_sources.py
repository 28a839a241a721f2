"""Sources against real servers: reaching, browsing, previewing, faithful types, credentials that stay inside, addresses that are denied."""
import decimal
import json
import sqlite3

import pytest

from harness import Failed, Postgres, Qushu
from servers import S3, Authority, MariaDb, Sftp, Web, wait_for_port


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("databases")


@pytest.fixture(scope="module")
def qushu(tmp_path_factory, folder):
    one = Qushu(tmp_path_factory.mktemp("data"), settings={"sources.allow_loopback": "true", "sources.folder": str(folder), "sources.stall_timeout": "2s",
                                                           "sources.connect_timeout": "3s"})
    one.settle()
    yield one
    if one.process:
        one.stop()


@pytest.fixture(scope="module")
def steward(qushu):
    return qushu.caller("steward")


def started(kind):
    server = kind()
    yield server
    server.stop()


pg = pytest.fixture(scope="module", name="pg")(lambda: (yield from started(Postgres)))
maria = pytest.fixture(scope="module", name="maria")(lambda: (yield from started(MariaDb)))
sftp = pytest.fixture(scope="module", name="sftp")(lambda: (yield from started(Sftp)))
web = pytest.fixture(scope="module", name="web")(lambda: (yield from started(Web)))
s3 = pytest.fixture(scope="module", name="s3")(lambda: (yield from started(S3)))


def add(caller, code, kind, settings, secrets=None, status=201):
    return caller.post("/api/v1/sources", {"code": code, "name": f"数据源 {code}", "kind": kind, "settings": settings, "secrets": secrets or {}}, status)


def preview(caller, code, status=200, **selection):
    return caller.post(f"/api/v1/sources/{code}/preview", selection, status)


def cells(seen):
    return [dict(zip([c["name"] for c in seen["columns"]], row)) for row in seen["rows"]]


def types(seen):
    return {c["name"]: c["type"] + (f"({c['width']},{c['scale']})" if c["type"] == "decimal" else "") for c in seen["columns"]}


# --- PostgreSQL --------------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def pg_source(pg, steward):
    database = pg.fresh()
    pg.sql(database, r'''CREATE ROLE reader LOGIN PASSWORD 'p'; CREATE TABLE "奇怪 ""表""" (a int);
        CREATE TABLE kinds (id bigint PRIMARY KEY, small smallint, price numeric(12,2), big numeric(38,10), loose numeric, f real, d float8, ok boolean,
          day date, clock time, plain timestamp, moment timestamptz, words text, fixed char(5), raw bytea, tags text[], doc jsonb, u uuid);
        INSERT INTO kinds VALUES
          (1, -32768, 1234567890.12, 1234567890123456789012345678.0123456789, 0.1, 0.1, 1e300, true, '2026-02-28', '23:59:59.999999', '1999-12-31 23:59:59.5',
           '2026-11-23 14:05:09+08', '中文，"引号"', 'ab', '\x00ff', '{甲,乙}', '{"a": 1}', '00000000-0000-0000-0000-000000000001'),
          (2, 32767, -0.01, -0.0000000001, 'NaN', '-infinity', 'NaN', false, 'infinity', '00:00', '-infinity', 'infinity', '', '', '', '{}', 'null', NULL),
          (3, NULL, 'NaN', NULL, NULL, NULL, NULL, NULL, '0099-01-01', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
          (4, 0, 0, 10000, 0, 0, 0, false, '1970-01-01', '24:00', '1970-01-01', '1970-01-01 00:00+00', 'x', 'x', 'x', NULL, NULL, NULL);
        GRANT SELECT ON kinds TO reader; CREATE TABLE hidden (a int)''')
    add(steward, "pg", "postgresql", {"host": "127.0.0.1", "port": pg.port, "database": database, "user": "postgres"}, {"password": "streng-geheim"})
    return database


def test_postgresql_is_checked_and_browsed(pg_source, steward):
    seen = steward.post("/api/v1/sources/pg/check")
    assert seen["version"].startswith("PostgreSQL 15")
    assert any("超级用户" in w for w in seen["warnings"])
    assert steward.get("/api/v1/sources/pg")["state"] == "reachable"
    offers = steward.get("/api/v1/sources/pg/browse")["offers"]
    assert {o["name"] for o in offers} == {"kinds", "hidden", '奇怪 "表"'}
    assert [o["name"] for o in steward.get("/api/v1/sources/pg/browse", search="kin")["offers"]] == ["kinds"]
    assert types(preview(steward, "pg", schema="public", table='奇怪 "表"')) == {"a": "integer"}


def test_postgresql_types_are_faithful(pg_source, steward):
    seen = preview(steward, "pg", schema="public", table="kinds")
    assert types(seen) == {"id": "integer", "small": "integer", "price": "decimal(12,2)", "big": "decimal(38,10)", "loose": "text", "f": "number", "d": "number",
                           "ok": "boolean", "day": "date", "clock": "time", "plain": "datetime", "moment": "datetime", "words": "text", "fixed": "text",
                           "raw": "text", "tags": "text", "doc": "text", "u": "text"}
    one, two, three, four = sorted(cells(seen), key=lambda r: int(r["id"]))
    assert one == {"id": "1", "small": "-32768", "price": "1234567890.12", "big": "1234567890123456789012345678.0123456789", "loose": "0.1",
                   "f": one["f"], "d": "1e+300", "ok": "true", "day": "2026-02-28", "clock": "23:59:59.999999", "plain": "1999-12-31T23:59:59.500000",
                   "moment": "2026-11-23T06:05:09", "words": '中文，"引号"', "fixed": one["fixed"], "raw": "\\x00ff", "tags": "{甲,乙}", "doc": '{"a": 1}',
                   "u": "00000000-0000-0000-0000-000000000001"}
    assert abs(float(one["f"]) - 0.1) < 1e-7
    assert two["price"] == "-0.01" and two["big"] == "-0.0000000001" and two["day"] is None and two["plain"] is None and two["moment"] is None
    assert two["d"] == "nan" and two["words"] == ""
    assert three["price"] is None and three["day"] == "0099-01-01"
    assert four["big"] == "10000.0000000000" and four["price"] == "0.00"


@pytest.mark.parametrize("query", ["SELECT 1) TO PROGRAM 'touch /tmp/qushu-escaped'; --", "SELECT 1; DROP TABLE kinds", "DROP TABLE kinds",
                                   "SELECT 1) TO STDOUT; DROP TABLE kinds; --", "DELETE FROM kinds RETURNING *", "SELECT $1", "SELEC 1", "",
                                   "COPY kinds TO PROGRAM 'touch /tmp/qushu-escaped'", "SELECT 1 /*", "WITH x AS (DELETE FROM kinds RETURNING *) SELECT * FROM x"])
def test_a_query_only_reads(pg, pg_source, steward, query):
    answer = preview(steward, "pg", query=query, status=422)
    assert answer["title"] if "title" in answer else answer
    assert pg.sql(pg_source, "SELECT count(*) FROM kinds") == "4"


def test_a_query_is_previewed(pg_source, steward):
    seen = preview(steward, "pg", query="SELECT id, price * 2 AS double, count(*) OVER () n FROM kinds WHERE id < 3 -- to the end\n;")
    assert types(seen)["id"] == "integer" and len(seen["rows"]) == 2


def test_problems_say_what_to_do(pg, pg_source, steward):
    def problem(settings, secrets=None, kind="postgresql"):
        body = {"kind": kind, "settings": settings, "secrets": secrets or {}}
        got = steward.call("POST", "/api/v1/sources/try", json=body)
        assert got.status_code in (422, 503, 504), got.text
        return got.status_code, got.text

    good = {"host": "127.0.0.1", "port": pg.port, "database": pg_source, "user": "postgres"}
    assert "没有这个数据库" in problem({**good, "database": "nosuch"})[1]
    assert "找不到主机" in problem({**good, "host": "nosuch.invalid"})[1]
    assert "连接被拒绝" in problem({**good, "port": 1})[1]
    assert "用户名或口令" in problem({**good, "user": "nobody_here"})[1]
    assert "加密" in problem({**good, "tls": "require"})[1]
    status, text = problem({"port": 1, "database": "x", "user": "y"})
    assert status == 422 and "settings.host" in text
    assert "settings.colour" in problem({**good, "colour": "red"})[1]
    add(steward, "pg_poor", "postgresql", {**good, "user": "reader"}, {"password": "p"})
    assert "权限" in json.dumps(preview(steward, "pg_poor", schema="public", table="hidden", status=422), ensure_ascii=False)
    assert "没有这张表" in json.dumps(preview(steward, "pg_poor", schema="public", table="nosuch", status=422), ensure_ascii=False)


# --- MariaDB -----------------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def maria_source(maria, steward):
    maria.sql("""CREATE DATABASE bureau; USE bureau; CREATE USER 'reader'@'127.0.0.1' IDENTIFIED BY 'r-pass'; GRANT SELECT ON bureau.* TO 'reader'@'127.0.0.1';
        SET sql_mode='';
        CREATE TABLE `奇怪 ``表` (a int);
        CREATE TABLE kinds (id bigint unsigned PRIMARY KEY, flag tinyint(1), tiny tinyint, b1 bit(1), b9 bit(9), price decimal(12,2), wide decimal(50,2), f float, d double,
          day date, clock time(3), plain datetime(6), moment timestamp NULL, y year, words varchar(40), old varchar(40) CHARACTER SET gbk, raw varbinary(8), kind enum('甲','乙'), doc json);
        SET time_zone='+08:00';
        INSERT INTO kinds VALUES (18446744073709551615, 1, -5, b'1', b'101010101', -1234567.89, 1.25, 0.1, 1e300, '2026-02-28', '23:59:59.125', '1999-12-31 23:59:59.000001',
          '2026-11-23 14:05:09', 2026, '中文🙂', '国标汉字', x'00ff', '乙', '{"a": 1}'),
          (2, 0, 1, b'0', b'0', 0, 0, 0, 0, '0000-00-00', '00:00:00', '0000-00-00 00:00:00', NULL, 0, '', '', '', '甲', 'null'),
          (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
        CREATE TABLE many (flag tinyint(1)); INSERT INTO many VALUES (0), (1), (7);""")
    add(steward, "maria", "mysql", {"host": "127.0.0.1", "port": maria.port, "database": "bureau", "user": "reader"}, {"password": "r-pass"})
    return maria


def test_mariadb_is_checked_and_browsed(maria_source, steward):
    seen = steward.post("/api/v1/sources/maria/check")
    assert seen["version"].startswith("MariaDB 10.11")
    assert {o["name"] for o in steward.get("/api/v1/sources/maria/browse")["offers"]} == {"kinds", "many", "奇怪 `表"}
    assert types(preview(steward, "maria", table="奇怪 `表")) == {"a": "integer"}


def test_mariadb_types_are_faithful(maria_source, steward):
    seen = preview(steward, "maria", table="kinds")
    assert types(seen) == {"id": "decimal(20,0)", "flag": "boolean", "tiny": "integer", "b1": "boolean", "b9": "integer", "price": "decimal(12,2)", "wide": "text",
                           "f": "number", "d": "number", "day": "date", "clock": "time", "plain": "datetime", "moment": "datetime", "y": "integer",
                           "words": "text", "old": "text", "raw": "text", "kind": "text", "doc": "text"}
    rows = {r["id"]: r for r in cells(seen)}
    one = rows["18446744073709551615"]
    assert abs(float(one.pop("f")) - 0.1) < 1e-7
    assert one == {"id": "18446744073709551615", "flag": "true", "tiny": "-5", "b1": "true", "b9": "341", "price": "-1234567.89", "wide": "1.25", "d": "1e+300",
                   "day": "2026-02-28", "clock": "23:59:59.125000", "plain": "1999-12-31T23:59:59.000001", "moment": "2026-11-23T06:05:09", "y": "2026",
                   "words": "中文🙂", "old": "国标汉字", "raw": "\\x00ff", "kind": "乙", "doc": '{"a": 1}'}
    assert rows["2"]["day"] is None and rows["2"]["plain"] is None and rows["2"]["flag"] == "false"
    assert set(rows["3"].values()) == {"3", None}


def test_a_tinyint_that_is_no_flag_is_said(maria_source, steward):
    answer = json.dumps(preview(steward, "maria", table="many", status=422), ensure_ascii=False)
    assert "7" in answer and "flag" in answer
    add(steward, "maria_n", "mysql", {"host": "127.0.0.1", "port": maria_source.port, "database": "bureau", "user": "reader", "tinyint": "integer"}, {"password": "r-pass"})
    assert [r[0] for r in preview(steward, "maria_n", table="many")["rows"]] == ["0", "1", "7"]


@pytest.mark.parametrize("query", ["SELECT 1) q INTO OUTFILE '/tmp/qushu-escaped' -- ", "SELECT 1 INTO OUTFILE '/tmp/qushu-escaped'", "DROP TABLE kinds", "SELECT 1; DROP TABLE kinds",
                                   "DELETE FROM kinds", "SELECT ?", "SELEC 1", "SELECT 1 /*"])
def test_a_query_of_mariadb_only_reads(maria_source, steward, query):
    preview(steward, "maria", query=query, status=422)
    assert maria_source.sql("SELECT count(*) FROM kinds", "bureau") == "3"


def test_mariadb_says_a_wrong_password(maria_source, steward):
    body = {"kind": "mysql", "settings": {"host": "127.0.0.1", "port": maria_source.port, "database": "bureau", "user": "reader"}, "secrets": {"password": "no"}}
    answer = steward.post("/api/v1/sources/try", body, 422)
    assert "用户名或口令" in json.dumps(answer, ensure_ascii=False)
    body["secrets"]["password"] = "r-pass"
    assert steward.post("/api/v1/sources/try", body)["version"].startswith("MariaDB")
    body["settings"]["database"] = "nosuch"
    assert "没有这个数据库" in json.dumps(steward.post("/api/v1/sources/try", body, 422), ensure_ascii=False)


# --- SQLite and ODBC ---------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def sqlite_source(folder, steward):
    with sqlite3.connect(folder / "local.db") as db:
        db.executescript("""CREATE TABLE firm (id INTEGER PRIMARY KEY, ok BOOLEAN, opened DATE, changed DATETIME, price DECIMAL(10,2), mixed, raw BLOB, empty TEXT);
            INSERT INTO firm VALUES (1, 1, '2026-01-02', '2026-01-02 03:04:05', 1.5, 'x', x'00ff', NULL), (9007199254740993, 0, '1999-12-31', '1999-12-31T00:00:00.25', 2, 7, x'', NULL);""")
    add(steward, "local", "sqlite", {"file": "local.db"})


def test_sqlite_is_read_by_its_values(sqlite_source, steward):
    assert steward.post("/api/v1/sources/local/check")["version"].startswith("SQLite")
    seen = preview(steward, "local", table="firm")
    assert types(seen) == {"id": "integer", "ok": "boolean", "opened": "date", "changed": "datetime", "price": "number", "mixed": "text", "raw": "text", "empty": "text"}
    one, two = cells(seen)
    assert one == {"id": "1", "ok": "true", "opened": "2026-01-02", "changed": "2026-01-02T03:04:05", "price": "1.5", "mixed": "x", "raw": "\\x00ff", "empty": None}
    assert two["id"] == "9007199254740993" and two["changed"] == "1999-12-31T00:00:00.250000" and two["mixed"] == "7"


@pytest.mark.parametrize("query", ["ATTACH '/etc/passwd' AS x", "DELETE FROM firm", "PRAGMA user_version", "SELECT 1; DELETE FROM firm", "SELECT load_extension('x')", "SELECT 1) UNION SELECT 2"])
def test_a_query_of_sqlite_only_reads(sqlite_source, steward, query):
    preview(steward, "local", query=query, status=422)


@pytest.mark.parametrize("file", ["../../etc/passwd", "/etc/passwd", "nosuch.db", "link.db", "."])
def test_sqlite_stays_in_its_folder(folder, steward, file):
    if not (folder / "link.db").is_symlink():
        (folder / "link.db").symlink_to("/etc/passwd")
    steward.post("/api/v1/sources/try", {"kind": "sqlite", "settings": {"file": file}}, 422)


def test_odbc_reads_what_postgresql_reads(pg, pg_source, steward):
    add(steward, "odbc", "odbc", {"driver": "PostgreSQL Unicode", "host": "127.0.0.1", "port": pg.port, "database": pg_source, "user": "postgres", "options": "BoolsAsChar=0"}, {"password": "x"})
    assert "PostgreSQL" in steward.post("/api/v1/sources/odbc/check")["version"]
    assert "kinds" in {o["name"] for o in steward.get("/api/v1/sources/odbc/browse")["offers"]}
    seen = preview(steward, "odbc", query="SELECT id, price, ok, day, plain, words, d FROM kinds WHERE id IN (1, 4) ORDER BY id")
    assert types(seen) == {"id": "integer", "price": "decimal(12,2)", "ok": "boolean", "day": "date", "plain": "datetime", "words": "text", "d": "number"}
    assert cells(seen)[0] == {"id": "1", "price": "1234567890.12", "ok": "true", "day": "2026-02-28", "plain": "1999-12-31T23:59:59.500000", "words": '中文，"引号"', "d": "1e+300"}


@pytest.mark.parametrize("settings", [{"driver": "/tmp/evil.so"}, {"driver": "SQLite3", "database": "/etc/passwd"}, {"driver": "SQLite3", "options": "LoadExt=/tmp/evil.so"},
                                      {}, {"driver": "SQLite3", "dsn": "x"}, {"driver": "PostgreSQL Unicode", "options": "ConnSettings=DROP"}])
def test_odbc_loads_nothing_of_its_own(steward, settings):
    steward.post("/api/v1/sources/try", {"kind": "odbc", "settings": settings}, 422)


# --- HTTP, S3, SFTP ----------------------------------------------------------------------------------------------------------

CSV = "代码,名称,人数\n" + "".join(f"{i:06d},单位{i},{i}\n" for i in range(1, 2001))


def test_http_is_previewed_by_its_front(web, steward):
    web.files["/data/单位.csv"] = CSV.encode()
    add(steward, "web", "http", {"url": web.url + "/data/%E5%8D%95%E4%BD%8D.csv"})
    assert steward.post("/api/v1/sources/web/check")["version"].startswith("HTTP")
    seen = steward.post("/api/v1/sources/web/preview", {})
    assert seen["file"] == "单位.csv" and [c["name"] for c in seen["columns"]] == ["代码", "名称", "人数"]
    assert seen["rows"][0] == ["000001", "单位1", "1"]
    offers = steward.get("/api/v1/sources/web/browse")["offers"]
    assert offers == [{"schema": "", "name": "单位.csv", "kind": "file", "rows": None, "size": len(CSV.encode()), "modified": None}]


def test_http_resumes_what_is_cut(web, steward):
    web.files["/cut.csv"] = CSV.encode()
    add(steward, "cut", "http", {"url": web.url + "/cut.csv"})
    web.seen.clear()
    web.cuts[:] = [5000, 9000]
    assert len(steward.post("/api/v1/sources/cut/preview", {})["rows"]) > 0
    ranges = [h.get("Range") for method, _, h in web.seen if method == "GET"]
    assert ranges == [None, "bytes=5000-", "bytes=14000-"]


@pytest.mark.parametrize("fault,status", [("too-long", 503), ("too-short", 503), ("slow", 504)])
def test_http_notices_who_lies(web, steward, fault, status):
    web.files["/lie.csv"] = CSV.encode()
    code = "lie_" + fault.replace("-", "_")
    add(steward, code, "http", {"url": web.url + "/lie.csv"})
    web.faults = {fault, "no-etag"}
    try:
        steward.post(f"/api/v1/sources/{code}/preview", {}, status)
    finally:
        web.faults = set()


def test_http_redirects_are_bounded_and_tokens_kept(web, steward):
    web.files["/private/a.csv"] = web.files["/a.csv"] = CSV.encode()
    attempt = lambda settings, secrets=None, status=200: steward.post("/api/v1/sources/try", {"kind": "http", "settings": settings, "secrets": secrets or {}}, status)
    attempt({"url": web.url + "/moved/a.csv"})
    assert "重定向" in json.dumps(attempt({"url": web.url + "/loop"}, status=422), ensure_ascii=False)
    attempt({"url": web.url + "/private/a.csv"}, status=422)
    attempt({"url": web.url + "/private/a.csv", "auth": "bearer"}, {"password": "geheim-7"})
    attempt({"url": web.url + "/private/a.csv", "auth": "bearer"}, {"password": "x\r\nEvil: 1"}, status=422)
    for bad in ("ftp://127.0.0.1/a", "file:///etc/passwd", "http://user:pass@127.0.0.1/a", "gopher://x"):
        attempt({"url": bad}, status=422)
    attempt({"url": web.url + "/nosuch"}, status=422)


def test_s3_is_listed_page_by_page_and_signed(s3, steward):
    for i in range(8):
        s3.put(f"gather/2026/part {i} & more+.csv", CSV.encode())
    s3.put("gather/readme.txt", b"no table")
    s3.put("other/x.csv", CSV.encode())
    settings = {"endpoint": s3.endpoint, "region": s3.region, "bucket": "bucket", "prefix": "gather", "access_key": s3.access_key}
    add(steward, "s3", "s3", settings, {"secret_key": s3.secret_key})
    steward.post("/api/v1/sources/s3/check")
    names = [o["name"] for o in steward.get("/api/v1/sources/s3/browse")["offers"]]
    assert names == [f"2026/part {i} & more+.csv" for i in range(8)] + ["readme.txt"]
    seen = steward.post("/api/v1/sources/s3/preview", {"pattern": "2026/*.csv"})
    assert seen["file"] == "2026/part 0 & more+.csv" and seen["rows"][0][0] == "000001"
    assert s3.refused == []
    answer = steward.post("/api/v1/sources/try", {"kind": "s3", "settings": settings, "secrets": {"secret_key": "wrong"}}, 422)
    assert "secrets.secret_key" in json.dumps(answer)
    answer = steward.post("/api/v1/sources/try", {"kind": "s3", "settings": {**settings, "bucket": "nosuch"}, "secrets": {"secret_key": s3.secret_key}}, 422)
    assert "存储桶" in json.dumps(answer, ensure_ascii=False)


def test_sftp_pins_its_host(sftp, steward):
    (sftp.files / "2026").mkdir(exist_ok=True)
    (sftp.files / "2026" / "甲.csv").write_text(CSV)
    (sftp.files / "b.csv").write_text(CSV)
    # Before it is saved: what the try tells of the host goes into the draft, and only that host is listed and read.
    place = {"host": "127.0.0.1", "port": sftp.port, "user": sftp.user, "folder": str(sftp.files)}
    draft = {"kind": "sftp", "settings": place, "secrets": {"private_key": sftp.key}}
    told = steward.post("/api/v1/sources/try", draft)
    assert told["host_key"].startswith("SHA256:")
    pinned = draft | {"settings": place | {"host_key": told["host_key"]}}
    assert len(steward.post("/api/v1/sources/try/browse", {"source": pinned, "selection": {}})["offers"]) == 2
    assert steward.post("/api/v1/sources/try/preview", {"source": pinned, "selection": {"pattern": "b.csv"}})["file"] == "b.csv"
    other = draft | {"settings": place | {"host_key": "SHA256:" + "A" * 43}}
    assert "主机密钥变了" in json.dumps(steward.post("/api/v1/sources/try/browse", {"source": other, "selection": {}}, status=422), ensure_ascii=False)
    add(steward, "sftp", "sftp", place, {"private_key": sftp.key})
    steward.get("/api/v1/sources/sftp/browse", status=409)  # not checked yet
    seen = steward.post("/api/v1/sources/sftp/check")
    assert seen["host_key"].startswith("SHA256:")
    assert steward.get("/api/v1/sources/sftp")["settings"]["host_key"] == seen["host_key"]
    assert [o["name"] for o in steward.get("/api/v1/sources/sftp/browse")["offers"]] == ["2026/甲.csv", "b.csv"]
    assert steward.post("/api/v1/sources/sftp/preview", {"pattern": "*/*.csv"})["file"] == "2026/甲.csv"
    # Another host key is refused, and says both.
    sftp.end()
    sftp.new_host_key()
    sftp.start()
    answer = json.dumps(steward.get("/api/v1/sources/sftp/browse", status=422), ensure_ascii=False)
    assert seen["host_key"] in answer and "核实" in answer


# --- who may, what stays inside ------------------------------------------------------------------------------------------------

def test_secrets_never_come_out_nor_go_elsewhere(qushu, pg, pg_source, steward):
    shown = json.dumps(steward.get("/api/v1/sources/pg"))
    assert "password" in shown and "streng-geheim" not in shown
    audited = qushu.caller("auditadmin").call("GET", "/api/v1/audit", params={"limit": 200}).text
    assert "source.add" in audited and "streng-geheim" not in audited
    for file in qushu.data.rglob("*"):
        if file.is_file():
            assert b"streng-geheim" not in file.read_bytes(), file
    assert not any("streng-geheim" in line for line in qushu.output + qushu.errors)
    settings = steward.get("/api/v1/sources/pg")["settings"]
    # Another address: the kept password is not taken along.
    answer = steward.patch("/api/v1/sources/pg", {"settings": {**settings, "host": "evil.invalid"}}, 422)
    assert "secrets.password" in json.dumps(answer)
    # Another name: it stays.
    assert steward.patch("/api/v1/sources/pg", {"name": "改名", "settings": settings})["secrets"] == ["password"]
    steward.post("/api/v1/sources/pg/check")


def test_it_is_looked_at_before_it_is_saved(qushu, steward, maria_source):
    source = {"kind": "mysql", "settings": {"host": "127.0.0.1", "port": maria_source.port, "database": "bureau", "user": "reader"}, "secrets": {"password": "r-pass"}}
    assert {o["name"] for o in steward.post("/api/v1/sources/try/browse", {"source": source, "selection": {}})["offers"]} >= {"kinds"}
    assert steward.post("/api/v1/sources/try/browse", {"source": source, "selection": {"search": "no_such"}})["offers"] == []
    seen = steward.post("/api/v1/sources/try/preview", {"source": source, "selection": {"table": "kinds"}})
    assert len(seen["rows"]) == 3
    wrong = {**source, "secrets": {"password": "no"}}
    for path, selection in (("browse", {}), ("preview", {"table": "kinds"})):
        assert "口令" in json.dumps(steward.post(f"/api/v1/sources/try/{path}", {"source": wrong, "selection": selection}, 422), ensure_ascii=False)
    # Kept secrets serve the same address only, and a source that is not the caller's serves nobody.
    add(steward, "looked", "mysql", source["settings"], source["secrets"])
    kept = {k: v for k, v in source.items() if k != "secrets"}
    steward.post("/api/v1/sources/try/preview?of=looked", {"source": kept, "selection": {"table": "kinds"}})
    steward.post("/api/v1/sources/try/preview", {"source": kept, "selection": {"table": "kinds"}}, 422)
    qushu.caller("rival").post("/api/v1/sources/try/browse?of=looked", {"source": kept, "selection": {}}, 404)
    tried = qushu.caller("auditadmin").get("/api/v1/audit?action=source.try")["entries"]
    assert tried and tried[0]["action_name"] == "试连数据源" and any(e["outcome"] == "failure" for e in tried), tried[:2]


def test_what_a_pipeline_reads_is_not_removed(steward, maria_source):
    add(steward, "used", "mysql", {"host": "127.0.0.1", "port": maria_source.port, "database": "bureau", "user": "reader"}, {"password": "r-pass"})
    definition = {"code": "reads_used", "title": "归集种类", "source": "used", "selection": {"table": "kinds"}, "dataset": "used_kinds", "mode": "full"}
    steward.post("/api/v1/pipelines", definition, 201)
    assert [u["name"] for u in steward.get("/api/v1/sources/used")["uses"]] == ["归集种类"]
    assert "归集种类" in json.dumps(steward.delete("/api/v1/sources/used", 409), ensure_ascii=False)
    steward.delete("/api/v1/pipelines/reads_used")
    steward.delete("/api/v1/sources/used")


def test_only_its_stewards_know_of_it(qushu, pg_source):
    rival, reader = qushu.caller("rival"), qushu.caller("reader")
    assert rival.get("/api/v1/sources")["sources"] == []
    for path in ("/api/v1/sources/pg", "/api/v1/sources/pg/browse"):
        rival.get(path, status=404)
    rival.post("/api/v1/sources/pg/check", status=404)
    rival.post("/api/v1/sources/pg/preview", {"table": "kinds"}, 404)
    rival.patch("/api/v1/sources/pg", {"name": "x"}, 404)
    rival.delete("/api/v1/sources/pg", 404)
    reader.get("/api/v1/sources", status=403)


def test_addresses_are_denied(tmp_path):
    one = Qushu(tmp_path)
    one.settle()
    try:
        steward = one.caller("steward")

        def attempt(kind, settings):
            return json.dumps(steward.post("/api/v1/sources/try", {"kind": kind, "settings": settings}, 422), ensure_ascii=False)

        for url in ("http://169.254.169.254/latest/meta-data", "http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "http://[::ffff:127.0.0.1]:1/",
                    "http://0.0.0.0:1/", "http://2130706433:1/", one.base + "/healthz"):
            assert "不允许连接" in attempt("http", {"url": url}), url
        for kind in ("postgresql", "mysql"):
            assert "不允许连接" in attempt(kind, {"host": "127.0.0.1", "database": "x", "user": "y"})
        assert "不允许连接" in attempt("sftp", {"host": "169.254.169.254", "user": "y"})
        attempt("postgresql", {"host": "/var/run/postgresql", "database": "x", "user": "y"})
        attempt("sqlite", {"file": "qushu.db"})
    finally:
        one.stop()


def test_the_command_line_does_the_same(qushu, maria_source, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("r-pass\n")
    settings = [w for k, v in {"host": "127.0.0.1", "port": maria_source.port, "database": "bureau", "user": "reader"}.items() for w in ("--setting", f"{k}={v}")]
    assert qushu.json("source", "try", "--as", "steward", "--kind", "mysql", *settings, "--secret", f"password={secret}")["version"].startswith("MariaDB")
    qushu.json("source", "add", "cli_maria", "--as", "steward", "--kind", "mysql", "--name", "库", *settings, "--secret", f"password={secret}")
    assert "cli_maria" in {s["code"] for s in qushu.json("source", "list")}
    assert len(qushu.json("source", "preview", "cli_maria", "--table", "kinds")["rows"]) == 3
    assert {o["name"] for o in qushu.json("source", "browse", "cli_maria")} >= {"kinds"}
    unsaved = ["--as", "steward", "--kind", "mysql", *settings, "--secret", f"password={secret}"]
    assert {o["name"] for o in qushu.json("source", "browse", *unsaved)} >= {"kinds"}
    assert len(qushu.json("source", "preview", *unsaved, "--table", "kinds")["rows"]) == 3
    qushu.cli("source", "remove", "cli_maria")
    with pytest.raises(Failed) as failed:
        qushu.cli("source", "show", "cli_maria")
    assert failed.value.code == 4


# --- faults --------------------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


def tls_refused_then_trusted(steward, kind, settings, secrets, authority, field="tls"):
    """Without its authority the certificate is refused, with it the connection is made; another authority is none."""
    attempt = lambda more, status: steward.post("/api/v1/sources/try", {"kind": kind, "settings": {**settings, **more}, "secrets": secrets}, status)  # noqa: E731
    verify = {"tls": "verify"} if field else {}
    assert "证书" in json.dumps(attempt(verify, 422), ensure_ascii=False)
    seen = attempt({**verify, "ca": authority.ca}, 200)
    assert not any("没有加密" in w for w in seen["warnings"]), seen
    return attempt


def test_postgresql_over_tls(steward, authority):
    import os
    server = Postgres()
    try:
        authority.give_to(server.folder / "data", "postgres" if os.getuid() == 0 else None)
        for statement in ("ssl_cert_file = 'server.pem'", "ssl_key_file = 'server.key'", "ssl = on"):
            server.sql("postgres", f"ALTER SYSTEM SET {statement}")
        server.sql("postgres", "SELECT pg_reload_conf()")
        database = server.fresh()
        settings = {"host": "127.0.0.1", "port": server.port, "database": database, "user": "postgres"}
        attempt = tls_refused_then_trusted(steward, "postgresql", settings, {}, authority)
        assert not any("没有加密" in w for w in attempt({"tls": "require"}, 200)["warnings"])
        assert any("没有加密" in w for w in attempt({"tls": "off"}, 200)["warnings"])
    finally:
        server.stop()


def test_mariadb_over_tls(steward, authority):
    server = MariaDb()
    try:
        server.kill()
        authority.give_to(server.folder)
        server.start(f"--ssl-cert={server.folder}/server.pem", f"--ssl-key={server.folder}/server.key")
        server.sql("CREATE USER t@'%' IDENTIFIED BY 't'; CREATE DATABASE tls")
        settings = {"host": "127.0.0.1", "port": server.port, "database": "tls", "user": "t"}
        server.sql("GRANT SELECT ON tls.* TO t@'%'")
        attempt = tls_refused_then_trusted(steward, "mysql", settings, {"password": "t"}, authority)
        assert any("没有加密" in w for w in attempt({"tls": "off"}, 200)["warnings"])
    finally:
        server.stop()


def test_a_file_over_https(steward, authority):
    import ssl
    secure = Web()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.folder / "server.pem", authority.folder / "server.key")
    secure.server.socket = context.wrap_socket(secure.server.socket, server_side=True)
    secure.files["/a.csv"] = CSV.encode()
    try:
        tls_refused_then_trusted(steward, "http", {"url": f"https://127.0.0.1:{secure.port}/a.csv"}, {}, authority, field=None)
        add(steward, "secure", "http", {"url": f"https://127.0.0.1:{secure.port}/a.csv", "ca": authority.ca})
        assert steward.post("/api/v1/sources/secure/preview", {})["rows"][0][0] == "000001"
    finally:
        secure.stop()


def test_a_server_that_died_is_said(maria_source, steward):
    maria_source.kill()
    try:
        answer = steward.post("/api/v1/sources/maria/check", status=503)
        assert "连接被拒绝" in json.dumps(answer, ensure_ascii=False)
        assert steward.get("/api/v1/sources/maria")["state"] == "failing"
    finally:
        maria_source.start()
    steward.post("/api/v1/sources/maria/check")
    assert steward.get("/api/v1/sources/maria")["state"] == "reachable"

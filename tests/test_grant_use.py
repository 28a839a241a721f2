"""What stands on a grant: keys and signatures, limits and metering, watermarks, rules by level, records, pushed tables, webhooks, mail."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import random
import secrets
import shutil
import subprocess
import threading
import time

import pytest
import requests
from aiosmtpd.controller import Controller

from harness import Caller, free_port, PASSWORD, Postgres, Qushu, until
from servers import MariaDb
from test_sharing import FIELDS, OFFICERS, ROWS, SHEET, ask, end, granted, published, rows, terms


class Receiver:
    """An address that is told of new versions. `answers` are the next statuses; 200 after those."""

    def __init__(self):
        self.got, self.answers = [], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((dict(self.headers), body))
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/told"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()


@pytest.fixture(scope="module")
def mails():
    class Box:
        def __init__(self):
            self.mails = []

        async def handle_DATA(self, server, session, envelope):
            self.mails.append(envelope)
            return "250 OK"

    box = Box()
    box.port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


@pytest.fixture(scope="module")
def district(tmp_path_factory, mails):
    qushu = Qushu(tmp_path_factory.mktemp("data"), settings={
        "sources.allow_loopback": "true", "notify.smtp_url": f"smtp://127.0.0.1:{mails.port}", "notify.smtp_encryption": "false",
        "notify.mail_from": "qushu@example.gov.cn", "notify.links": "https://data.example.gov.cn"}).settle()
    for login, (name, department) in OFFICERS.items():
        made = qushu.json("user", "add", login, "--name", name, "--department", department, "--role", "sharing_officer", "--email", f"{login}@example.gov.cn")
        caller = qushu.caller()
        caller.sign_in(login, made["password"])
        caller.post("/api/v1/account/password", {"old_password": made["password"], "new_password": PASSWORD}, 204)
    qushu.ids = published(qushu, "relief", "救助对象", SHEET)
    # Its import graded telephones 3, which leave as files only masked: that is for the test of the rules.
    level = {f["id"]: f["level"] for f in qushu.caller("steward").get("/api/v1/datasets/relief")["fields"]}
    assert level[qushu.ids["手机号"]] == "3"
    qushu.caller("steward").patch("/api/v1/datasets/relief", {"fields": [{"id": qushu.ids["手机号"], "level": "1"}]})
    yield qushu
    qushu.stop()


@pytest.fixture(scope="module")
def people(district):
    return {n: district.caller(n) for n in ("steward", "stranger", "rival", "reviewer", "secadmin", *OFFICERS)}


def signed(secret, key, path, query="", method="GET", body=None, digest="sha256", nonce=None, created=None, **change):
    """The three lines that the documentation gives for Python."""
    components = '"@method" "@path" "@query"' + (' "content-digest"' if body is not None else "")
    params = f'({components});created={created or int(time.time())};nonce="{nonce or secrets.token_hex(16)}";keyid="{key}"'
    base = f'"@method": {method}\n"@path": {path}\n"@query": ?{query}\n'
    headers = {}
    if body is not None:
        headers["Content-Digest"] = "sha-256=:" + base64.b64encode(hashlib.sha256(body).digest()).decode() + ":"
        base += f'"content-digest": {headers["Content-Digest"]}\n'
    made = hmac.new(secret.encode(), (base + f'"@signature-params": {params}').encode(), digest).digest()
    return {**headers, "Signature-Input": "sig=" + params, "Signature": f"sig=:{base64.b64encode(made).decode()}:", **change}


def test_a_key_reads_its_grant_and_nothing_else(district, people):
    ids, stranger = district.ids, people["stranger"]
    asked = terms(ids, FIELDS)
    grant = granted(people, "relief", asked, {**asked, "fields": [{"id": ids["编号"]}, {"id": ids["姓名"], "mask": {"kind": "partial", "first": 1}}]})
    made = stranger.post("/api/v1/sharing/keys", {"name": "结算系统", "grants": [grant["id"]], "kind": "bearer"}, 201)
    key, bearer = made["key"], {"Authorization": "Bearer " + made["secret"]}
    assert made["secret"] not in json.dumps(stranger.get("/api/v1/sharing/keys"))
    path = "/api/v1/datasets/relief/rows"

    def call(headers, where=path, **params):
        return requests.get(district.base + where, headers=headers, params=params, timeout=30)

    got = call(bearer, key=ROWS[3][0]).json()
    assert [f["id"] for f in got["fields"]] == [ids["编号"], ids["姓名"]] and got["rows"][0][ids["姓名"]] == ROWS[3][1][0] + "*" * (len(ROWS[3][1]) - 1)
    assert call(bearer, key=ROWS[3][0]).json() == got
    # Neither the catalogue, nor its own department's data, nor anything that a person does.
    for other in ("/api/v1/datasets", "/api/v1/datasets/relief/profile", "/api/v1/sharing/grants", "/api/v1/home", "/api/v1/notices", "/api/v1/session", "/api/v1/people"):
        assert call(bearer, other).status_code == 403, other
    assert requests.post(district.base + "/api/v1/sql", headers=bearer, json={"sql": f'SELECT count(*) FROM relief WHERE "{ids["编号"]}" < \'00011\''}, timeout=30).json()["rows"] == [[10]]
    assert requests.post(district.base + "/api/v1/sql", headers=bearer, json={"sql": "SELECT * FROM nothing"}, timeout=30).status_code == 422
    assert call({"Authorization": "Bearer qk_" + "x" * 43}).status_code == 401

    # Metered by the application's name, for both sides and nobody else.
    usage = people["giving_officer"].get(f"/api/v1/sharing/grants/{grant['id']}/usage")["usage"]
    assert {(u["who"], u["method"], u["calls"], u["rows"]) for u in usage} >= {("结算系统", "rows", 2, 2), ("结算系统", "sql", 1, 1)}
    people["other_officer"].get(f"/api/v1/sharing/grants/{grant['id']}/usage", 404)
    people["other_officer"].post("/api/v1/sharing/keys", {"name": "x", "grants": [grant["id"]], "kind": "bearer"}, 404)
    people["giving_officer"].post("/api/v1/sharing/keys", {"name": "x", "grants": [grant["id"]], "kind": "bearer"}, 403)
    people["other_officer"].post(f"/api/v1/sharing/keys/{key['id']}/revoke", status=404)

    # Signed ones, with both algorithms.
    for kind, digest in (("hmac-sha256", "sha256"), ("hmac-sm3", "sm3")):
        one = stranger.post("/api/v1/sharing/keys", {"name": kind, "grants": [grant["id"]], "kind": kind}, 201)
        s, k = one["secret"], one["key"]["id"]
        query = f"key={ROWS[5][0]}&_size=1"

        def get(headers, query=query):
            return requests.get(f"{district.base}{path}?{query}", headers=headers, timeout=30)

        good = signed(s, k, path, query, digest=digest)
        assert get(good).json()["rows"][0][ids["编号"]] == ROWS[5][0]
        for headers, why in ((good, "signature.replayed"), (signed("qk_forged", k, path, query, digest=digest), "signature.wrong"),
                             (signed(s, k, path, query + "0", digest=digest), "signature.wrong"), (signed(s, k, "/api/v1/datasets/other/rows", query, digest=digest), "signature.wrong"),
                             (signed(s, k, path, query, digest=digest, created=int(time.time()) - 3600), "signature.clock"),
                             (signed(s, "nobody", path, query, digest=digest), "key.credential"), ({**good, "Signature": "sig=:AAAA:"}, "signature.wrong"),
                             ({"Authorization": "Bearer " + s}, "key.credential")):
            refused = get(headers)
            assert refused.status_code == 401 and refused.json()["id"] == why, (why, refused.text)
        body = json.dumps({"sql": "SELECT count(*) FROM relief"}).encode()
        sql = {**signed(s, k, "/api/v1/sql", "", "POST", body, digest), "Content-Type": "application/json"}
        assert requests.post(district.base + "/api/v1/sql", headers=sql, data=body, timeout=30).json()["rows"] == [[len(ROWS)]]
        again = {**signed(s, k, "/api/v1/sql", "", "POST", body, digest), "Content-Type": "application/json"}
        assert requests.post(district.base + "/api/v1/sql", headers=again, data=body.replace(b"count(*)", b"max(1)  "), timeout=30).json()["id"] == "signature.digest"

    # Revoked by the provider: at once. So is what the grant's end takes away.
    people["giving_officer"].post(f"/api/v1/sharing/keys/{key['id']}/revoke")
    assert call(bearer).status_code == 401
    end(people, grant)
    assert get(signed(s, k, path, query, digest=digest)).status_code == 404
    assert {"key.add", "key.revoke"} <= {e["action"] for e in district.caller("auditadmin").get("/api/v1/audit", limit=200)["entries"]}


def test_a_key_calls_only_what_is_declared_for_keys(district, people):
    """Every route with an application's key: what reads under grants, and what is open to anybody."""
    from test_access import attempt
    grant = granted(people, "relief", terms(district.ids, ["编号"]))
    secret = people["stranger"].post("/api/v1/sharing/keys", {"name": "walk", "grants": [grant["id"]], "kind": "bearer"}, 201)["secret"]
    caller = Caller(district.base, secret)
    reached = set()
    for path, methods in district.caller().get("/api/openapi.json")["paths"].items():
        for method, operation in methods.items():
            route, access = f"{method.upper()} {path}", operation["x-qushu-access"]
            status = attempt(caller, route, operation)
            if access == "signed_in" or (isinstance(access, list) and "grant.use" not in access):
                assert status == 403, (route, status)
            elif access != "anyone":
                assert status not in (401, 403, 500), (route, status)
                reached.add(route)
    assert reached == {"GET /api/v1/datasets/{code}/rows", *(f"GET /api/v1/datasets/{{code}}/rows.{f}" for f in ("csv", "json", "ndjson", "parquet", "xlsx")),
                       "POST /api/v1/sql", "POST /api/v1/sql/export", "GET /api/v1/sql/tables"}
    end(people, grant)


def test_rates_and_quotas(district, people):
    ids, stranger = district.ids, people["stranger"]
    asked = terms(ids, FIELDS, methods=["api", "file"])
    grant = granted(people, "relief", asked, {**asked, "limits": {"per_minute": 3}})
    for _ in range(3):
        rows(stranger, "relief", _size=1)
    assert rows(stranger, "relief", _size=1, _col=ids["编号"], status=429)["id"] == "grant.rate"
    end(people, grant)
    grant = granted(people, "relief", asked, {**asked, "limits": {"daily_calls": 5, "daily_rows": 250}})
    assert "今天还可以取 250 行" in stranger.get("/api/v1/datasets/relief/rows.csv", 429)["detail"]
    rows(stranger, "relief", _size=200)
    rows(stranger, "relief", _size=200)
    assert rows(stranger, "relief", _size=1, status=429)["id"] == "grant.quota"
    # What has been used outlives the process.
    district.stop()
    district.start()
    people.update({n: district.caller(n) for n in people})
    stranger = people["stranger"]
    assert rows(stranger, "relief", _size=1, status=429)["id"] == "grant.quota"
    used = stranger.get(f"/api/v1/sharing/grants/{grant['id']}/usage")["usage"]
    assert sum(u["rows"] for u in used) == 400 and sum(u["refused"] for u in used) >= 1
    assert sum(int(u["rows"]) for u in district.json("grant", "usage", grant["id"])) == 400
    end(people, grant)


def test_files_carry_watermarks_that_are_read_back(district, people, tmp_path):
    ids, stranger = district.ids, people["stranger"]
    asked = terms(ids, FIELDS, methods=["file"])
    grant = granted(people, "relief", asked)
    officer = people["giving_officer"]

    def whose(content, name):
        return officer.upload_to("/api/v1/sharing/watermarks", name, content, 200)["marks"]

    for form in ("csv", "xlsx", "parquet", "json", "ndjson"):
        got = stranger.session.get(f"{stranger.base}/api/v1/datasets/relief/rows.{form}", timeout=60)
        assert got.status_code == 200
        content = got.content
        if form == "csv":
            lines = content.decode().splitlines()
            assert lines[0].endswith("水印") and all("仅供区卫生健康委使用" in line for line in lines[1:])
            body = lines[1:]
            random.Random(4).shuffle(body)
            content = "\n".join([lines[0], *body[:len(body) // 2]]).encode()
        marks = whose(content, f"leaked.{form}")
        assert len(marks) == 1, form
        assert (marks[0]["department_name"], marks[0]["person_name"], marks[0]["grant_number"], marks[0]["format"]) == ("区卫生健康委", "卫健委数据使用员", grant["number"], form)
        (tmp_path / f"leaked.{form}").write_bytes(content)
        assert district.json("watermark", "read", tmp_path / f"leaked.{form}")[0]["export"] == marks[0]["export"]
    assert whose(SHEET, "own.csv") == []
    assert stranger.session.post(stranger.base + "/api/v1/sharing/watermarks?name=x", data=b"x", headers=stranger.session.headers).status_code == 403
    # A grant without marks.
    plain = granted(people, "relief", asked, {**asked, "marking": {"visible": False, "hidden": False}})
    content = stranger.session.get(stranger.base + "/api/v1/datasets/relief/rows.csv", timeout=60).content
    assert "水印" not in content.decode() and whose(content, "plain.csv") == []
    end(people, plain)
    end(people, grant)


def test_the_rules_by_level_bite(district, people):
    ids, stranger, giver, keeper = district.ids, people["stranger"], people["giving_officer"], people["secadmin"]
    people["steward"].patch("/api/v1/datasets/relief", {"fields": [{"id": ids["手机号"], "level": "3"}]})
    asked = terms(ids, FIELDS, methods=["api", "file"])
    assert ask(stranger, "relief", {**asked, "named_purpose": ""}, 422)["subject"] == "named_purpose"
    r = ask(stranger, "relief", asked)
    people["asking_officer"].post(f"/api/v1/sharing/requests/{r['id']}/approve", {})
    wrong = giver.post(f"/api/v1/sharing/requests/{r['id']}/grant", {"terms": asked}, 422)
    assert wrong["subject"] == "fields" and "手机号" in wrong["detail"]
    masked = {**asked, "fields": [{"id": i, "mask": {"kind": "partial", "first": 3, "last": 4}} if n == "手机号" else {"id": i} for n, i in ids.items()]}
    # Important data: the data authority confirms what the provider decided.
    rule = {"api": "allowed", "sql": "denied", "file": "masked", "push": "denied", "second": True, "purpose": True}
    for n in ("steward", "reviewer", "giving_officer"):
        people[n].put("/api/v1/sharing/rules/3", rule, 403)
    keeper.put("/api/v1/sharing/rules/3", rule)
    r = giver.post(f"/api/v1/sharing/requests/{r['id']}/grant", {"terms": masked, "text": "同意"})
    assert r["state"] == "confirming" and r["grant_id"] == "" and r["decided"]["fields"]
    rows(stranger, "relief", status=404)
    giver.post(f"/api/v1/sharing/requests/{r['id']}/confirm", {}, 403)
    assert any(w["link"] == f"/sharing/requests/{r['id']}" for w in people["reviewer"].get("/api/v1/home")["waiting"])
    r = people["reviewer"].post(f"/api/v1/sharing/requests/{r['id']}/confirm", {"text": "复核同意"})
    grant = stranger.get(f"/api/v1/sharing/grants/{r['grant_id']}")
    assert {f["id"] for f in rows(stranger, "relief", _size=1)["fields"]} == set(ids.values())
    # Tightened: the field is gone from the next answer, though the grant names it.
    keeper.put("/api/v1/sharing/rules/3", {**rule, "api": "denied"})
    assert ids["手机号"] not in {f["id"] for f in rows(stranger, "relief", _size=1)["fields"]}
    keeper.put("/api/v1/sharing/rules/3", {"api": "allowed", "sql": "allowed", "file": "masked", "push": "masked", "second": False, "purpose": True})
    assert keeper.put("/api/v1/sharing/purposes/audit", {"zh": "审计监督"})["purposes"][0]["zh"] == "审计监督"
    assert [x["level"] for x in district.json("sharing-rule", "list")["levels"]] == ["1", "2", "3", "4", "important", "core"]
    people["steward"].patch("/api/v1/datasets/relief", {"fields": [{"id": ids["手机号"], "level": "1"}]})
    end(people, grant)


def test_renewal_rectification_and_disposal(district, people):
    ids, stranger, giver = district.ids, people["stranger"], people["giving_officer"]
    old = granted(people, "relief", terms(ids, ["编号"]))
    where = f"/api/v1/sharing/grants/{old['id']}/records"
    assert stranger.post(where, {"kind": "usage", "scenario": "结算"}, 422)["subject"] == "process"
    use = {"kind": "usage", "scenario": "结算", "process": "每日比对", "effect": "减少跑腿 300 人次", "storage": "业务库，加密"}
    stranger.post(where, use, 201)
    giver.post(where, use, 403)
    people["other_officer"].get(where, 404)
    assert giver.get(where)["records"][0]["effect"] == "减少跑腿 300 人次"
    assert stranger.post(where, {"kind": "disposal", "destruction": "x"}, 409)

    # Suspended → put right → resumed.
    giver.post(f"/api/v1/sharing/grants/{old['id']}/state", {"state": "suspended", "reason": "超范围使用"})
    assert any("请整改" in w["detail"] for w in stranger.get("/api/v1/home")["waiting"])
    stranger.post(where, {"kind": "rectification", "process": "已收回多余权限"}, 201)
    assert not any("请整改" in w["detail"] for w in stranger.get("/api/v1/home")["waiting"])
    assert any("恢复或终止" in w["detail"] for w in giver.get("/api/v1/home")["waiting"])
    giver.post(f"/api/v1/sharing/grants/{old['id']}/state", {"state": "active"})

    # Widened: the new grant takes the place of the old one, whose data is disposed of.
    r = stranger.post("/api/v1/sharing/requests", {"dataset": "relief", "basis": "b", "scenario": "s", "terms": terms(ids, ["编号", "姓名"]), "renews": old["id"]}, 201)
    people["asking_officer"].post(f"/api/v1/sharing/requests/{r['id']}/approve", {})
    r = giver.post(f"/api/v1/sharing/requests/{r['id']}/grant", {})
    ended = stranger.get(f"/api/v1/sharing/grants/{old['id']}")
    assert ended["state"] == "terminated" and "取代" in ended["reason"]
    assert len(rows(stranger, "relief", _size=1)["fields"]) == 2
    people["other_officer"].get(f"/api/v1/sharing/grants/{r['grant_id']}", 404)
    # Use goes on: there is nothing to dispose of; the grantee is told, and the provider's officers but the one who did it.
    assert not any(w["link"].endswith(old["id"]) for w in stranger.get("/api/v1/home")["waiting"])
    until(lambda: any("取代" in n["title"] and n["link"].endswith(r["grant_id"]) for n in people["asking_officer"].get("/api/v1/notices")["notices"]))
    stranger.post(where, {"kind": "disposal", "destruction": "本地副本已删除并出具记录"}, 201)
    assert not any(w["link"].endswith(old["id"]) for w in stranger.get("/api/v1/home")["waiting"])
    assert [x["kind"] for x in district.json("grant", "records", old["id"])] == ["disposal", "rectification", "usage"]
    end(people, {"id": r["grant_id"]})


def test_a_renewal_takes_keys_and_deliveries_along_and_the_old_one_holds_until_it_begins(district, people):
    ids, stranger, giver = district.ids, people["stranger"], people["giving_officer"]
    old = granted(people, "relief", terms(ids, ["编号"]))
    secret = stranger.post("/api/v1/sharing/keys", {"name": "结算系统", "grants": [old["id"]], "kind": "bearer"}, 201)["secret"]
    stranger.post(f"/api/v1/sharing/grants/{old['id']}/deliveries", {"kind": "webhook", "url": "http://127.0.0.1:9/told"}, 201)
    key = {"Authorization": f"Bearer {secret}"}
    get = lambda: requests.get(f"{district.base}/api/v1/datasets/relief/rows", headers=key)  # noqa: E731

    def renewed(of, **more):
        r = stranger.post("/api/v1/sharing/requests", {"dataset": "relief", "basis": "b", "scenario": "s", "terms": {**terms(ids, ["编号"]), **more}, "renews": of}, 201)
        people["asking_officer"].post(f"/api/v1/sharing/requests/{r['id']}/approve", {})
        return giver.post(f"/api/v1/sharing/requests/{r['id']}/grant", {})
    later = renewed(old["id"], **{"from": "2127-01-01"})
    until(lambda: any(n["link"].endswith(later["id"]) and "自 2127-01-01 起可以使用" in n["title"] for n in stranger.get("/api/v1/notices")["notices"]))
    assert stranger.get(f"/api/v1/sharing/grants/{old['id']}")["state"] == "active"
    assert get().status_code == 200 and len(rows(stranger, "relief", _size=1)["fields"]) == 1
    now = renewed(old["id"])
    assert stranger.get(f"/api/v1/sharing/grants/{old['id']}")["superseded_by"] == now["grant_id"]
    assert get().status_code == 200, get().text
    assert len(stranger.get(f"/api/v1/sharing/grants/{now['grant_id']}/deliveries")["deliveries"]) == 1
    # A period that is over is refused, where it is asked for; the words are printed, not the codes.
    wrong = stranger.post("/api/v1/sharing/requests", {"dataset": "relief", "basis": "b", "scenario": "s", "terms": {**terms(ids, ["编号"]), "until": "2020-12-01"}}, 422)
    assert wrong["subject"] == "until"
    printed = district.cli("grant", "list")
    assert "有效" in printed and "已终止" in printed and "active" not in printed
    end(people, {"id": now["grant_id"]})
    end(people, {"id": later["grant_id"]})


def test_people_are_told_on_their_page_and_by_mail(district, people, mails):
    before = len(mails.mails)
    r = ask(people["stranger"], "relief", terms(district.ids, ["编号"]))
    link = f"/sharing/requests/{r['id']}"
    until(lambda: any(n["link"] == link for n in people["asking_officer"].get("/api/v1/notices")["notices"]))
    text = lambda m: base64.b64decode(m.content.split(b"\r\n\r\n", 1)[1]).decode()  # noqa: E731
    mail = until(lambda: next((m for m in mails.mails[before:] if "https://data.example.gov.cn" + link in text(m)), None))
    assert mail.mail_from == "qushu@example.gov.cn" and mail.rcpt_tos == ["asking_officer@example.gov.cn"] and "待本部门审核" in text(mail)
    people["asking_officer"].post(f"/api/v1/sharing/requests/{r['id']}/approve", {})
    until(lambda: any(m.rcpt_tos == ["giving_officer@example.gov.cn"] for m in mails.mails[before:]))
    assert not any(m.rcpt_tos == ["other_officer@example.gov.cn"] for m in mails.mails)
    assert not any(n["link"] == link for n in people["other_officer"].get("/api/v1/notices")["notices"])
    people["giving_officer"].post(f"/api/v1/sharing/requests/{r['id']}/refuse", {"text": "法律不允许"})
    until(lambda: any(n["link"] == link and "法律不允许" in n["detail"] for n in people["stranger"].get("/api/v1/notices")["notices"]))
    district.caller("sysadmin").post("/api/v1/notify/test", {"address": "someone@example.gov.cn"}, 204)
    assert any(m.rcpt_tos == ["someone@example.gov.cn"] for m in mails.mails)
    assert district.caller("sysadmin").post("/api/v1/notify/test", {"address": "no address"}, 422)["subject"] == "address"


@pytest.fixture(scope="module")
def databases():
    pg, maria = Postgres(), MariaDb()
    name = pg.fresh()
    maria.sql("CREATE DATABASE wjw; CREATE USER w@'127.0.0.1' IDENTIFIED BY 'w'; GRANT ALL ON wjw.* TO w@'127.0.0.1'")
    yield pg, name, maria
    pg.stop()
    maria.stop()


def test_rows_are_pushed_into_databases_and_versions_told(district, people, databases):
    pg, name, maria = databases
    ids, rival, stranger = district.ids, people["rival"], people["stranger"]
    for code, kind, settings, secret in (("wjw_pg", "postgresql", {"host": "127.0.0.1", "port": pg.port, "database": name, "user": "postgres"}, {}),
                                         ("wjw_my", "mysql", {"host": "127.0.0.1", "port": maria.port, "database": "wjw", "user": "w"}, {"password": "w"})):
        rival.post("/api/v1/sources", {"code": code, "name": code, "kind": kind, "settings": settings, "secrets": secret}, 201)
    asked = terms(ids, FIELDS, methods=["api", "push"])
    given = {**asked, "row_filter": f"{ids['街道']} = '一街道'", "fields": [{"id": ids[n]} for n in ("编号", "街道", "登记日期", "金额")] + [{"id": ids["姓名"], "mask": {"kind": "partial", "first": 1}}]}
    grant = granted(people, "relief", asked, given)
    where = f"/api/v1/sharing/grants/{grant['id']}/deliveries"
    # A source of her department, which she may use; a table that has a name.
    stranger.post(where, {"kind": "table", "source": "wjw_pg", "table": "relief"}, 404)
    people["giving_officer"].post(where, {"kind": "table", "source": "wjw_pg", "table": "relief"}, 403)
    assert rival.post(where, {"kind": "table", "source": "wjw_pg", "table": " "}, 422)["subject"] == "table"
    assert rival.post(where, {"kind": "webhook", "url": "ftp://x"}, 422)["subject"] == "url"
    tables = {code: rival.post(where, {"kind": "table", "source": code, "table": "relief"}, 201)["delivery"] for code in ("wjw_pg", "wjw_my")}
    receiver = Receiver()
    receiver.answers = [503]
    hook = rival.post(where, {"kind": "webhook", "url": receiver.url}, 201)

    def ran(code):
        one = next(d for d in rival.get(where)["deliveries"] if d["id"] == tables[code]["id"])
        assert not one["error"], one
        return one["ran"] and one

    for code in tables:
        rival.post(f"/api/v1/sharing/deliveries/{tables[code]['id']}/run", status=202)
        until(lambda: ran(code))
    mine = [r for r in ROWS if r[3] == "一街道"]
    wanted = sorted(f"{r[0]}|{r[3]}|{r[4]}|{r[5]}|{r[1][0]}{'*' * (len(r[1]) - 1)}" for r in mine)
    columns = ", ".join(f'"{ids[n]}"' for n in ("编号", "街道", "登记日期", "金额", "姓名"))
    assert sorted(pg.sql(name, f"SELECT {columns} FROM relief").splitlines()) == wanted
    assert pg.sql(name, f"SELECT pg_typeof(\"{ids['登记日期']}\"), pg_typeof(\"{ids['金额']}\") FROM relief LIMIT 1") == "date|bigint"
    assert sorted(line.replace("\t", "|") for line in maria.sql(f"SELECT {columns.replace(chr(34), chr(96))} FROM relief", "wjw").splitlines()) == wanted

    # A new version: tables follow, rows that are gone go, what the department added to its table stays; the address is told, again after a failure.
    pg.sql(name, f"ALTER TABLE relief ADD PRIMARY KEY (\"{ids['编号']}\"), ADD COLUMN note text")
    fewer = ("编号,姓名,手机号,街道,登记日期,金额\n" + "".join(",".join(map(str, r)) + "\n" for r in ROWS[:100])).encode()
    people["steward"].bring_in("救助对象.csv", fewer, dataset="relief")
    until(lambda: pg.sql(name, "SELECT count(*) FROM relief") == str(sum(r[3] == "一街道" for r in ROWS[:100])) and maria.sql("SELECT count(*) FROM relief", "wjw") == "50", 60)
    assert pg.sql(name, "SELECT count(*) FROM information_schema.columns WHERE table_name = 'relief'") == "6"
    until(lambda: len(receiver.got) == 2, 90)
    headers, body = receiver.got[-1]
    assert headers["webhook-id"] == receiver.got[0][0]["webhook-id"] and json.loads(body)["data"]["dataset"] == "relief"
    secret = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    made = hmac.new(secret, f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body, "sha256").digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(made).decode()

    # A table that lacks a column says so, and keeps its rows.
    pg.sql(name, f"ALTER TABLE relief DROP COLUMN \"{ids['金额']}\"")
    rival.post(f"/api/v1/sharing/deliveries/{tables['wjw_pg']['id']}/run", status=202)
    failed = until(lambda: next((d for d in rival.get(where)["deliveries"] if d["error"]), None))
    assert ids["金额"] in failed["error"] and pg.sql(name, "SELECT count(*) FROM relief") == "50"
    until(lambda: any("推送失败" in n["title"] for n in rival.get("/api/v1/notices")["notices"]))
    assert {u["method"] for u in rival.get(f"/api/v1/sharing/grants/{grant['id']}/usage")["usage"]} >= {"push", "webhook"}
    # Ended: nothing leaves any more.
    end(people, grant)
    job = rival.post(f"/api/v1/sharing/deliveries/{tables['wjw_my']['id']}/run", status=202)["job"]
    assert until(lambda: (lambda j: j["state"] == "failed" and j)(district.caller("operator").get(f"/api/v1/jobs/{job}")))["error"]["id"] == "grant.ended"
    receiver.stop()


def test_the_providers_clock_and_the_delivery_clock(district, people):
    ids = district.ids
    grant = granted(people, "relief", terms(ids, ["编号"], methods=["push"]))
    answer = people["rival"].get(f"/api/v1/sharing/grants/{grant['id']}/deliveries")
    assert answer["deliveries"] == [] and answer["clock"]["days_left"] == 20 and not answer["clock"]["late"]
    end(people, grant)


def samples(address, key, kind):
    """What the page of a key shows, by language."""
    return json.loads(subprocess.run(["node", "-e", """
        const fs = require('fs');
        const source = fs.readFileSync('web/src/samples.ts', 'utf8');
        const ts = require('./web/node_modules/typescript');
        const js = ts.transpileModule(source.replace("import { t } from './i18n';", "const t = (zh) => zh;"), { compilerOptions: { module: 'commonjs' } }).outputText;
        const m = { exports: {} };
        new Function('exports', js)(m.exports);
        console.log(JSON.stringify(Object.fromEntries(m.exports.samplesOf(process.argv[1], { id: process.argv[2], kind: process.argv[3] }).map((s) => [s.name, s.text]))));
        """, address, key, kind], capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("kind", ["bearer", "hmac-sha256"])
def test_the_sample_in_java_is_a_program(district, people, tmp_path, kind):
    if not shutil.which("java"):
        pytest.skip("no java here")
    ids = district.ids
    grant = granted(people, "relief", terms(ids, ["编号"]))
    one = people["stranger"].post("/api/v1/sharing/keys", {"name": f"java {kind}", "grants": [grant["id"]], "kind": kind}, 201)
    (tmp_path / "Rows.java").write_text(samples(f"{district.base}/api/v1/datasets/relief/rows", one["key"]["id"], kind)["Java"])
    done = subprocess.run(["java", "Rows.java"], cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "QUSHU_KEY": one["secret"]})
    assert done.returncode == 0 and len(json.loads(done.stdout)["rows"]) == 100, done.stdout + done.stderr
    end(people, grant)


def test_the_documentations_sample_runs(district, people):
    """What the page shows for curl, word for word but for the key."""
    ids = district.ids
    grant = granted(people, "relief", terms(ids, ["编号"]))
    one = people["stranger"].post("/api/v1/sharing/keys", {"name": "curl", "grants": [grant["id"]], "kind": "hmac-sha256"}, 201)
    script = samples(f"{district.base}/api/v1/datasets/relief/rows", one["key"]["id"], "hmac-sha256")["curl"]
    if not subprocess.run(["which", "curl"], capture_output=True).stdout:
        pytest.skip("no curl here")
    done = subprocess.run(["bash", "-c", script.replace("qk_…", one["secret"])], capture_output=True, text=True)
    assert len(json.loads(done.stdout)["rows"]) == 100, done.stdout + done.stderr
    end(people, grant)

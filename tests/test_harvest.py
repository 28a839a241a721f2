"""Harvesting: one district's catalogue as a source of another's, over CKAN's API and over DCAT; and what a catalogue that is none, or means harm, can do."""
import http.server
import json
import threading
import time

import pytest

from harness import Qushu
from opendata import ENTRY, opened, step

ALLOWED = {"sources.allow_loopback": "true", "opendata.harvest_private": "true", "jobs.backoff": "1s"}


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    """A district with open data."""
    one = Qushu(tmp_path_factory.mktemp("there") / "data").settle()
    opened(one, "firms", "企业登记", tags=["经济", "企业"])
    opened(one, "shops", "商铺名录", entry={"abstract": "沿街商铺", "update_cycle": "monthly"}, tags=["经济"])
    yield one
    one.stop()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def here(request, tmp_path_factory):
    url = None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        url = server.url(server.fresh())
    one = Qushu(tmp_path_factory.mktemp("here") / "data", url, ALLOWED).settle()
    yield one
    one.stop()


def harvest(caller, code, state="succeeded"):
    run = caller.post(f"/api/v1/open/harvests/{code}/runs", status=201)
    for _ in range(600):
        seen = caller.get(f"/api/v1/open/harvest-runs/{run['id']}")
        if seen["run"]["state"] not in ("queued", "running"):
            break
        time.sleep(0.05)
    assert seen["run"]["state"] == state, seen
    return {**seen["run"], "failures": seen["failures"]}


def counts(run):
    return {k: run[k] for k in ("seen", "created", "changed", "unchanged", "gone", "failed") if run[k]}


@pytest.mark.parametrize("kind, path", [("ckan", ""), ("dcat", "/catalog.jsonld"), ("dcat", "/catalog.ttl"), ("dcat", "/catalog.xml")])
def test_one_district_harvests_another(there, here, kind, path):
    code = f"h_{kind}{path[-3:].replace('.', '')}"
    steward, theirs = here.caller("steward"), there.caller("steward")
    made = steward.post("/api/v1/open/harvests", {"code": code, "title": "邻区目录", "kind": kind, "address": there.base + path, "department": "mzj"}, 201)
    assert made["department_name"] == "区民政局" and made["next_due"] is None and made["last"] is None
    run = harvest(steward, code)
    assert counts(run) == {"seen": 2, "created": 2} and run["whole"] and run["failures"] == []
    entries = {e["title"]: e for e in steward.get(f"/api/v1/open/harvests/{code}/entries")["entries"]}
    assert set(entries) == {"企业登记", "商铺名录"} and {f["format"] for f in entries["企业登记"]["files"]} >= {"CSV", "JSON", "XLSX"}
    assert all(f["url"].startswith(there.base) for e in entries.values() for f in e["files"]) and "/dataset/" in entries["企业登记"]["page"]
    shops = steward.get(f"/api/v1/datasets/{entries['商铺名录']['dataset']}")
    assert shops["abstract"] == "沿街商铺" and shops["update_cycle"] == "monthly" and shops["tags"] == ["经济"] and shops["state"] == "draft" and shops["entry_state"] == "draft" and shops["department_name"] == "区民政局"
    assert shops["code"].startswith(code + "_")
    # Again: nothing is written.
    assert counts(harvest(steward, code)) == {"seen": 2, "unchanged": 2}
    # A word of our own stays when the other catalogue changes another one.
    steward.patch(f"/api/v1/datasets/{shops['code']}/entry", {"title": "邻区商铺", "abstract": "沿街商铺，由邻区提供"})
    theirs.patch("/api/v1/datasets/shops/entry", {**ENTRY, "abstract": "沿街商铺", "update_cycle": "weekly"})
    for caller, action in ((theirs, "submit"), (there.caller("reviewer"), "register"), (theirs, "submit"), (there.caller("reviewer"), "publish")):
        step(caller, "shops", action)
    assert counts(harvest(steward, code)) == {"seen": 2, "changed": 1, "unchanged": 1}
    shops = steward.get(f"/api/v1/datasets/{shops['code']}")
    assert shops["title"] == "邻区商铺" and shops["abstract"] == "沿街商铺，由邻区提供" and shops["update_cycle"] == "weekly"
    # Gone over there: marked here, once; and it may come back.
    theirs.post("/api/v1/datasets/shops/withdraw", {"withdrawn": True})
    assert counts(harvest(steward, code)) == {"seen": 1, "unchanged": 1, "gone": 1}
    assert counts(harvest(steward, code)) == {"seen": 1, "unchanged": 1}
    gone = steward.get(f"/api/v1/open/harvests/{code}/entries", gone="1")["entries"]
    assert [e["title"] for e in gone] == ["商铺名录"] and gone[0]["gone"] and steward.get(f"/api/v1/datasets/{shops['code']}")["title"] == "邻区商铺"
    assert steward.get(f"/api/v1/open/harvests/{code}")["gone"] == 1
    theirs.post("/api/v1/datasets/shops/withdraw", {"withdrawn": False})
    assert counts(harvest(steward, code)) == {"seen": 2, "changed": 1, "unchanged": 1} and steward.get(f"/api/v1/open/harvests/{code}")["gone"] == 0
    # While the entry is under review it cannot be changed: told, and tried again.
    theirs.patch("/api/v1/datasets/shops/entry", {**ENTRY, "abstract": "沿街商铺", "update_cycle": "monthly"})
    for caller, action in ((theirs, "submit"), (there.caller("reviewer"), "register"), (theirs, "submit"), (there.caller("reviewer"), "publish")):
        step(caller, "shops", action)
    steward.patch(f"/api/v1/datasets/{shops['code']}/entry", {"provider_code": "11110000000000000A", "format": "database", "classifications": ["208"], "sharing_condition": "内部", "sharing_method": "file", "open_type": "none",
                                                             "items": [{"name": "名称", "type": "C", "length": 50}], "secrecy": {"conclusion": "pass", "by": "张三", "on": "2026-11-20"},
                                                             "personal": {"conclusion": "pass", "by": "李四", "on": "2026-11-20"}, "approval": {"by": "王局长", "on": "2026-11-21"}})
    item = steward.get(f"/api/v1/datasets/{shops['code']}/entry")["entry"]["items"][0]["id"]
    steward.post(f"/api/v1/datasets/{shops['code']}/grading", {"levels": {item: "1"}})
    step(steward, shops["code"], "submit")
    run = harvest(steward, code)
    assert counts(run) == {"seen": 2, "unchanged": 1, "failed": 1} and run["failures"][0]["title"] == "商铺名录" and "审核" in run["failures"][0]["why"]
    step(here.caller("reviewer"), shops["code"], "return", "再改")
    assert counts(harvest(steward, code)) == {"seen": 2, "changed": 1, "unchanged": 1}
    assert steward.get(f"/api/v1/datasets/{shops['code']}")["update_cycle"] == "monthly"
    steward.delete(f"/api/v1/open/harvests/{code}")
    steward.get(f"/api/v1/open/harvests/{code}", 404)
    assert steward.get(f"/api/v1/datasets/{shops['code']}")["title"] == "邻区商铺"


def test_definitions_and_who_may(there, here):
    steward, rival = here.caller("steward"), here.caller("rival")
    good = {"code": "near", "title": "邻区", "kind": "ckan", "address": there.base, "cron": "0 3 * * *", "days": "working"}
    made = steward.post("/api/v1/open/harvests", good, 201)
    assert made["next_due"] and made["enabled"] and made["department_name"] == "区民政局"
    assert steward.post("/api/v1/open/harvests", good, 409)["subject"] == "code"
    for member, value in (("code", "Not A Code"), ("address", "ftp://x"), ("address", "http://user:pw@x/"), ("cron", "99 * * * *"), ("department", "nosuch"), ("title", "  ")):
        assert steward.post("/api/v1/open/harvests", {**good, "code": "other", member: value}, 422)["subject"] == member, member
    steward.post("/api/v1/open/harvests", {**good, "code": "other", "department": "wjw"}, 403)
    rival.get("/api/v1/open/harvests/near", 404)
    assert rival.get("/api/v1/open/harvests")["harvests"] == []
    rival.post("/api/v1/open/harvests/near/runs", status=404)
    changed = steward.put("/api/v1/open/harvests/near", {"title": "邻区二", "address": there.base, "cron": "", "department": "mzj"})
    assert changed["title"] == "邻区二" and changed["next_due"] is None
    # The command line does the same, and a due time makes a run by itself.
    assert "新增 2" in here.cli("harvest", "run", "near", "--as", "steward")
    assert {e["title"] for e in here.json("harvest", "entries", "near", "--as", "steward")} == {"企业登记", "商铺名录"}
    assert "near" in {h["code"] for h in here.json("harvest", "list", "--as", "steward")}
    steward.put("/api/v1/open/harvests/near", {"title": "邻区", "address": there.base, "cron": "* * * * *", "department": "mzj"})
    for _ in range(800):
        runs = steward.get("/api/v1/open/harvests/near/runs")["runs"]
        if runs[0]["cause"] == "schedule" and runs[0]["state"] == "succeeded":
            break
        time.sleep(0.1)
    assert counts(runs[0]) == {"seen": 2, "unchanged": 2} and runs[0]["cause"] == "schedule"
    here.cli("harvest", "change", "near", "--off", "--as", "steward")
    assert steward.get("/api/v1/open/harvests/near")["enabled"] is False
    actions = {e["action"] for e in here.caller("auditadmin").get("/api/v1/audit", action="harvest.", limit=100)["entries"]}
    assert {"harvest.add", "harvest.change", "harvest.run"} <= actions
    here.cli("harvest", "remove", "near", "--as", "steward")


class Catalogue(http.server.BaseHTTPRequestHandler):
    answers = {}

    def do_GET(self):
        status, kind, body, *headers = Catalogue.answers.get(self.path.split("?")[0], (404, "text/plain", b""))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for key, value in headers:
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def web():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Catalogue)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def ckan(*packages, count=None):
    return 200, "application/json", json.dumps({"success": True, "result": {"count": len(packages) if count is None else count, "results": packages}}).encode()


def test_what_comes_is_not_trusted(here, web):
    steward, admin = here.caller("steward"), here.caller("sysadmin")

    def fresh(code, kind, path="/", **more):
        steward.post("/api/v1/open/harvests", {"code": code, "title": code, "kind": kind, "address": web + path, **more}, 201)
    fresh("wild", "ckan")
    search = "/api/3/action/package_search"
    for answer, told in (((200, "text/html", b"<html>"), "package_search"), ((500, "text/plain", b""), ""), ((302, "text/plain", b"", ("Location", "file:///etc/passwd")), ""),
                         ((302, "text/plain", b"", ("Location", "http://169.254.169.254/latest/")), ""), ((200, "application/json", b"[" * 100000), "package_search")):
        Catalogue.answers = {search: answer}
        run = harvest(steward, "wild", "failed")
        assert run["error"] and told in run["error"], (answer, run)
    # One bad dataset does not stop the others; nothing in them is taken for more than text.
    evil = {"id": "../../etc", "name": "x", "title": "<script>alert(1)</script>" + "长" * 500, "notes": "'; DROP TABLE dataset; --" * 500, "tags": [{"name": "标" * 80}] * 3 + [{"name": f"t{i}"} for i in range(50)],
            "resources": [{"url": "javascript:alert(1)"}, {"url": "https://x/\"><script>"}, {"name": "好", "format": "CSV", "url": "https://x/a.csv"}]}
    Catalogue.answers = {search: ckan(evil, {"title": "没有标识"}, {"id": "n"}, 7, {"id": "ok", "title": "正常"}, {"id": "ok", "title": "正常"})}
    run = harvest(steward, "wild")
    assert counts(run) == {"seen": 5, "created": 2, "failed": 3} and all(f["why"] for f in run["failures"])
    entries = {e["remote_id"]: e for e in steward.get("/api/v1/open/harvests/wild/entries")["entries"]}
    assert set(entries) == {"../../etc", "ok"} and [f["url"] for f in entries["../../etc"]["files"]] == ["https://x/a.csv"]
    wild = steward.get(f"/api/v1/datasets/{entries['../../etc']['dataset']}")
    assert wild["title"].startswith("<script>") and len(wild["title"]) <= 200 and len(wild["abstract"]) <= 5000 and len(wild["tags"]) == 30
    # A catalogue that says it has more than it showed makes nothing gone.
    Catalogue.answers = {search: ckan({"id": "ok", "title": "正常"}, count=1)}
    assert counts(harvest(steward, "wild")) == {"seen": 1, "unchanged": 1, "gone": 1}
    Catalogue.answers = {search: ckan(count=5)}
    run = harvest(steward, "wild")
    assert counts(run) == {} and run["whole"] is False
    # Limits of size, number and time.
    admin.put("/api/v1/settings/opendata.harvest_size", {"value": "4KiB"})
    Catalogue.answers = {search: ckan(*[{"id": str(i), "title": "x" * 100} for i in range(100)])}
    assert "4" in harvest(steward, "wild", "failed")["error"]
    admin.put("/api/v1/settings/opendata.harvest_size", {"value": "32MiB"})
    admin.put("/api/v1/settings/opendata.harvest_datasets", {"value": "10"})
    run = harvest(steward, "wild")
    assert run["whole"] is False and "harvest_datasets" in run["failures"][0]["why"]
    admin.put("/api/v1/settings/opendata.harvest_datasets", {"value": "100000"})
    # DCAT: pages of other sites are not fetched, RDF/XML and pages of the web are told apart.
    turtle = '@prefix d: <http://www.w3.org/ns/dcat#> . @prefix t: <http://purl.org/dc/terms/> . </a> a d:Dataset ; t:title "甲"@zh, "A"@en ; d:keyword "k" . [] a d:Dataset ; t:title "无名" . <#p> <http://www.w3.org/ns/hydra/core#next> <http://other.example/2> .'
    fresh("wild_dcat", "dcat", "/c.ttl")
    Catalogue.answers = {"/c.ttl": (200, "text/turtle", turtle.encode())}
    run = harvest(steward, "wild_dcat")
    assert counts(run) == {"seen": 3, "created": 1, "failed": 2} and run["whole"] is False
    for body, told in ((b"<?xml version='1.0'?><rdf:RDF/>", "RDF/XML"), (b"<!doctype html>", "网页"), (b"@prefix broken", "Turtle"), (b"{}", "dcat:Catalog"), (b"<a> <b> " + b"[" * 100000, "嵌套")):
        Catalogue.answers = {"/c.ttl": (200, "", body)}
        assert told in harvest(steward, "wild_dcat", "failed")["error"], body[:30]
    # Private networks only where a setting says so.
    admin.put("/api/v1/settings/opendata.harvest_private", {"value": "false"})
    try:
        assert "opendata.harvest_private" in harvest(steward, "wild", "failed")["error"]
        assert "opendata.harvest_private" in here.cli("harvest", "run", "wild", "--as", "steward", "--set", "opendata.harvest_private=false", code=3)
    finally:
        admin.put("/api/v1/settings/opendata.harvest_private", {"value": "true"})

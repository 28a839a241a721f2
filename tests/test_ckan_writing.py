"""CKAN's Action API as stewards' clients call it: by token, in JSON, forms and multipart; nothing of it public before the release."""
import http.server
import json
import re
import threading
import time

import pytest
import requests

from harness import Qushu
from opendata import FIRMS, release, step

COMPLETE = {"provider_code": "11110000000000000A", "format": "database", "sharing_condition": "仅用于监管", "sharing_method": "service", "open_type": "unconditional",
            "secrecy": {"conclusion": "pass", "by": "张三", "on": "2026-11-20"}, "personal": {"conclusion": "pass", "by": "李四", "on": "2026-11-20"},
            "approval": {"by": "王局长", "on": "2026-11-21"}}
PARKS = "名称,面积\n甲园,1.50\n乙园,2.25\n丙园,\n".encode()


class Client:
    """As ckanapi does it: the key in two headers, a file as multipart with every other member as a field, else JSON."""

    def __init__(self, base, token=None):
        self.base, self.headers = base, {"Accept-Language": "zh-CN", **({"X-CKAN-API-Key": token, "Authorization": token} if token else {})}

    def call(self, action, data=None, files=None, status=200):
        url = f"{self.base}/api/action/{action}"
        if files:
            fields = {k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in (data or {}).items()}
            got = requests.post(url, data=fields, files=files, headers=self.headers, timeout=120)
        else:
            got = requests.post(url, data=json.dumps(data or {}).encode(), headers={**self.headers, "Content-Type": "application/json"}, timeout=120)
        assert got.status_code == status, (action, got.status_code, got.text[:1500])
        body = got.json()
        assert body["success"] is (status == 200)
        return body["result"] if status == 200 else body["error"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def writing(request, tmp_path_factory):
    url = None
    if request.param == "postgresql":
        postgres = request.getfixturevalue("postgres")
        url = postgres.url(postgres.fresh())
    qushu = Qushu(tmp_path_factory.mktemp("writing") / "data", store_url=url, settings={"sources.allow_loopback": "true"}).settle()
    steward = Client(qushu.base, qushu.token("steward", "dataset.read", "dataset.write"))
    yield qushu, steward
    qushu.stop()


def test_a_package_from_its_making_to_the_public(writing):
    qushu, ckan = writing
    made = ckan.call("package_create", {"name": "parks", "title": "公园名录", "notes": "城市公园", "owner_org": "mzj", "tags": [{"name": "城市"}], "groups": [{"name": "class-209"}], "license_id": "cc-by",
                                        "author": "园林科", "extras": [{"key": "update_cycle", "value": "yearly"}, {"key": "spatial", "value": "全区"}]})
    assert made["private"] is True and made["state"] == "active" and made["num_resources"] == 0 and made["organization"]["title"] == "区民政局"
    assert made["title"] == "公园名录" and made["license_id"] == "cc-by" and made["author"] == "园林科" and [g["name"] for g in made["groups"]] == ["class-209"]
    assert {e["key"]: e["value"] for e in made["extras"]} == {"update_cycle": "yearly", "spatial": "全区"}
    file = ckan.call("resource_create", {"package_id": made["id"], "name": "名录", "description": "全部公园"}, files={"upload": ("公园.csv", PARKS)})
    assert file["import_state"] == "published" and file["published"] == 3 and file["rejected"] == 0 and file["version"] == 1 and file["format"] == "CSV" and file["url_type"] == "upload"
    assert file["size"] == len(PARKS) and re.fullmatch(r"[0-9a-f]{64}", file["hash"])
    dataset = qushu.caller("steward").get("/api/v1/datasets/parks")
    assert dataset["rows"] == 3 and dataset["title"] == "公园名录" and dataset["update_cycle"] == "yearly" and dataset["tags"] == ["城市"]
    # Its steward sees it, nobody else.
    for who in (made["id"], "parks"):
        assert ckan.call("package_show", {"id": who})["resources"][0]["id"] == file["id"]
    assert ckan.call("resource_show", {"id": file["id"]})["import_state"] == "published"
    public, stranger = Client(qushu.base), Client(qushu.base, qushu.token("stranger"))
    for other in (public, stranger, Client(qushu.base, "wrong")):
        assert other.call("package_show", {"id": "parks"}, status=404)["__type"] == "Not Found Error"
        assert other.call("resource_show", {"id": file["id"]}, status=404)["__type"] == "Not Found Error"
        assert other.call("package_list") == []
    assert "城市公园" not in requests.get(f"{qushu.base}/api/3/action/package_show", params={"id": "parks", "callback": "x"}, headers=ckan.headers, timeout=60).text
    # Open only by the release of two persons.
    steward, reviewer = qushu.caller("steward"), qushu.caller("reviewer")
    steward.patch("/api/v1/datasets/parks/entry", COMPLETE)
    fields = [g["id"] for g in steward.get("/api/v1/datasets/parks/grading")["fields"]]
    steward.post("/api/v1/datasets/parks/grading", {"levels": {f: "1" for f in fields}})
    for caller, action in ((steward, "submit"), (reviewer, "register"), (steward, "submit"), (reviewer, "publish")):
        step(caller, "parks", action)
    assert ckan.call("package_show", {"id": "parks"})["private"] is True
    release(qushu, "parks", ["名称", "面积"])
    shown = ckan.call("package_show", {"id": "parks"})
    assert shown["private"] is False and len(shown["resources"]) == 7 and [r["position"] for r in shown["resources"]] == list(range(7))
    assert public.call("package_show", {"id": made["id"]})["name"] == "parks" and len(public.call("package_show", {"id": "parks"})["resources"]) == 6
    # What a client read it may write back.
    back = ckan.call("package_update", {**shown, "notes": "城市公园和绿地"})
    assert back["notes"] == "城市公园和绿地" and back["title"] == "公园名录" and {e["key"] for e in back["extras"]} == {"update_cycle", "spatial", "resource_code"}
    assert public.call("package_show", {"id": "parks"})["notes"] == "城市公园"  # until it is reviewed and published
    # A new file is a new version, and the public has it once the check has passed.
    ckan.call("resource_patch", {"id": file["id"]}, files={"upload": ("公园2.csv", PARKS + "丁园,4.00\n".encode())})
    for _ in range(200):
        if public.call("datastore_search", {"resource_id": public.call("package_show", {"id": "parks"})["resources"][0]["id"]})["total"] == 4:
            break
        time.sleep(0.1)
    assert public.call("package_show", {"id": "parks"})["version"] == "2"
    assert ckan.call("resource_delete", {"id": file["id"]}, status=409)["id"]
    assert ckan.call("package_delete", {"id": "parks"}) is None
    assert public.call("package_show", {"id": "parks"}, status=404) and ckan.call("package_show", {"id": "parks"})["state"] == "deleted"
    assert ckan.call("package_patch", {"id": "parks", "state": "active"})["state"] == "active"


def test_updating_and_patching(writing):
    _, ckan = writing
    ckan.call("package_create", {"name": "roads", "title": "道路", "notes": "说明", "tags": [{"name": "交通"}], "author": "甲", "extras": [{"key": "theme", "value": "交通"}, {"key": "mine", "value": "1"}]})
    patched = ckan.call("package_patch", {"id": "roads", "title": "道路名录"})
    assert patched["title"] == "道路名录" and patched["notes"] == "说明" and patched["author"] == "甲" and [t["name"] for t in patched["tags"]] == ["交通"]
    assert {e["key"] for e in patched["extras"]} == {"update_cycle", "theme", "mine"}
    updated = ckan.call("package_update", {"name": "roads", "title": "道路"})
    assert updated["notes"] == "" and updated["author"] == "" and updated["tags"] == [] and {e["key"] for e in updated["extras"]} == {"update_cycle", "theme"}
    # A form, as other clients send it.
    got = requests.post(f"{ckan.base}/api/3/action/package_patch", data={"id": "roads", "tag_string": "道路,桥梁"}, headers={"Authorization": "Bearer " + ckan.headers["Authorization"]}, timeout=60)
    assert [t["name"] for t in got.json()["result"]["tags"]] == ["道路", "桥梁"]
    file = ckan.call("resource_create", {"package_id": "roads"}, files={"upload": ("roads.csv", b"a,b\n1,2\n")})
    assert file["name"] == "roads.csv"
    package = ckan.call("package_show", {"id": "roads"})
    package["resources"][0]["name"] = "道路表"
    assert ckan.call("package_update", package)["resources"][0]["name"] == "道路表"
    assert ckan.call("package_patch", {"id": "roads", "resources": []}, status=409)["resources"]
    assert ckan.call("package_patch", {"id": "roads", "resources": package["resources"] + [{"url": "http://x/y.csv"}]}, status=409)["resources"]
    assert ckan.call("resource_update", {"id": file["id"], "description": "新"})["description"] == "新" and ckan.call("resource_show", {"id": file["id"]})["name"] == "roads.csv"


def test_what_is_wrong_is_told_by_field(writing):
    qushu, ckan = writing
    error = ckan.call("package_create", {"name": "No-Name", "owner_org": "nosuch", "license_id": "none", "tags": [{}], "extras": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}], "groups": [{"name": "x"}], "resources": [{"url": "http://x"}]}, status=409)
    assert error["__type"] == "Validation Error" and set(error) == {"__type", "name", "owner_org", "license_id", "tags", "extras", "groups", "resources"}
    assert all(isinstance(v, list) and v for k, v in error.items() if k != "__type")
    assert ckan.call("package_create", {}, status=409)["name"] == ["缺少这个参数。"]
    ckan.call("package_create", {"name": "wrong", "title": "题"})
    assert ckan.call("package_create", {"name": "wrong", "title": "题"}, status=409)["name"]
    assert ckan.call("package_patch", {"id": "wrong", "title": "长" * 300}, status=409)["title"]
    assert ckan.call("package_patch", {"id": "wrong", "name": "right"}, status=409)["name"]
    assert ckan.call("package_patch", {"id": "wrong", "extras": [{"key": "update_cycle", "value": "often"}]}, status=409)["extras"]
    assert ckan.call("package_patch", {"id": "nosuch"}, status=404)["__type"] == "Not Found Error"
    # Files that are none leave nothing behind.
    for name, content in (("a.csv", b""), ("a.pdf", b"%PDF-1.4 nothing"), ("a.xlsx", b"PK\x03\x04broken")):
        assert ckan.call("resource_create", {"package_id": "wrong"}, files={"upload": (name, content)}, status=409)["upload"], name
    assert ckan.call("resource_create", {"package_id": "wrong"}, status=409)["url"] and ckan.call("resource_create", {}, status=409)["package_id"]
    assert ckan.call("package_show", {"id": "wrong"})["resources"] == [] and qushu.caller("steward").get("/api/v1/datasets/wrong")["rows"] == 0
    assert all(i["state"] == "published" for i in qushu.caller("steward").get("/api/v1/imports")["imports"])
    first = ckan.call("resource_create", {"package_id": "wrong"}, files={"upload": ("a.csv", b"a,b\n1,2\n")})
    assert first["id"] in ckan.call("resource_create", {"package_id": "wrong"}, files={"upload": ("b.csv", b"a,b\n1,2\n")}, status=409)["package_id"][0]
    assert ckan.call("resource_update", {"id": first["id"]}, files={"upload": ("c.csv", b"a,c\n1,2\n")}, status=409)["upload"]
    assert ckan.call("resource_update", {"id": first["id"], "accept_drift": "true"}, files={"upload": ("c.csv", b"a,c\n1,2\n")})["version"] == 2


def test_who_may(writing):
    qushu, ckan = writing
    ckan.call("package_create", {"name": "ours", "title": "民政的"})
    rival, reader = Client(qushu.base, qushu.token("rival")), Client(qushu.base, qushu.token("reader"))
    narrow = Client(qushu.base, qushu.token("steward", "dataset.read"))
    # Where one may put a dataset is asked before anything else.
    assert "mzj" in [o["name"] for o in ckan.call("organization_list_for_user")] and "mzj" not in [o["name"] for o in rival.call("organization_list_for_user")]
    assert [who.call("organization_list_for_user") for who in (Client(qushu.base), reader, narrow)] == [[], [], []]
    for action, data in (("package_create", {"name": "mine", "title": "x", "owner_org": "mzj"}), ("package_patch", {"id": "ours", "title": "x"}), ("package_update", {"id": "ours"}),
                         ("package_delete", {"id": "ours"}), ("resource_create", {"package_id": "ours", "url": "http://x"})):
        for who in (Client(qushu.base), Client(qushu.base, "nonsense"), narrow, reader):
            assert who.call(action, data, status=403)["__type"] == "Authorization Error", action
        assert rival.call(action, data, status=403 if action == "package_create" else 404)["__type"] in ("Authorization Error", "Not Found Error"), action
        # By GET nothing is changed, and a cookie is no token.
        got = requests.get(f"{qushu.base}/api/3/action/{action}", params=data, headers=ckan.headers, timeout=60)
        assert got.status_code == 400 and "POST" in got.json()
        signed_in = qushu.caller("steward")
        assert signed_in.call("POST", f"/api/3/action/{action}", json=data).status_code == 403
    assert ckan.call("package_show", {"id": "ours"})["title"] == "民政的"
    assert rival.call("package_create", {"name": "mine", "title": "卫健的"})["organization"]["name"] == "wjw"
    # Who sends a file without a right to does not fill the disk.
    got = requests.post(f"{qushu.base}/api/3/action/resource_create", data={"package_id": "ours"}, files={"upload": ("a.csv", b"x" * (3 << 20))}, timeout=60)
    assert got.status_code == 400 and got.json().startswith("Bad request")
    events = qushu.caller("auditadmin").get("/api/v1/audit", limit=200)["entries"]
    assert any(e["action"] == "dataset.add" and e["via"] == "token" for e in events)
    assert any(e["action"] == "open_resource.add" for e in events)


def test_a_file_at_an_address(writing):
    qushu, ckan = writing

    class Files(http.server.BaseHTTPRequestHandler):
        rows = 2

        def do_GET(self):
            if self.path != "/data/firms.csv":
                self.send_error(404)
                return
            body = ("编号,名称\n" + "".join(f"{i},名{i}\n" for i in range(Files.rows))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/csv")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    ckan.call("package_create", {"name": "linked", "title": "外链"})
    for url in (base + "/nosuch.csv", "ftp://x/y", "http://127.0.0.1:1/a.csv", "javascript:x"):
        assert ckan.call("resource_create", {"package_id": "linked", "url": url}, status=409)["url"], url
    made = ckan.call("resource_create", {"package_id": "linked", "url": base + "/data/firms.csv"})
    assert made["url"] == base + "/data/firms.csv" and made["url_type"] is None and made["published"] == 2 and made["name"] == "firms.csv"
    same = ckan.call("resource_patch", {"id": made["id"], "url": made["url"], "description": "同"})
    assert same["version"] == 1
    Files.rows = 5
    assert ckan.call("resource_patch", {"id": made["id"], "url": base + "/data/firms.csv?2"}, status=409)["url"]
    server.shutdown()


def test_a_client_that_does_not_wait(writing):
    qushu, ckan = writing
    qushu.caller("sysadmin").put("/api/v1/settings/opendata.ckan_wait", {"value": "0s"})
    try:
        ckan.call("package_create", {"name": "later", "title": "稍后"})
        made = ckan.call("resource_create", {"package_id": "later"}, files={"upload": ("firms.csv", FIRMS)})
        assert made["import_state"] in ("analysing", "publishing", "published")
        for _ in range(200):
            if ckan.call("resource_show", {"id": made["id"]})["import_state"] == "published":
                break
            time.sleep(0.1)
        assert ckan.call("resource_show", {"id": made["id"]})["published"] == 60
    finally:
        qushu.caller("sysadmin").put("/api/v1/settings/opendata.ckan_wait", {"value": "30s"})

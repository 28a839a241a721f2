"""CKAN's Action API as its clients call it: over open data, by nobody, without a way to what was not released."""
import csv
import io
import json
import re

import pytest

from opendata import ENTRY, FIRMS, PUBLIC, catalogue, opened, release, step


@pytest.fixture(scope="module")
def portal(district):
    ids = opened(district, "firms", "企业登记", tags=["经济", "企业"])
    catalogue(district, "parks", "公园名录", content="名称,面积\n甲园,1.50\n乙园,2.25\n丙园,\n".encode(), entry={"classifications": ["209"], "abstract": "城市公园"}, tags=["城市"])
    release(district, "parks", ["名称", "面积"], licence="district-open", title_en="Parks", abstract_en="City parks", excuses={})
    catalogue(district, "secret", "没有开放的", content=FIRMS)
    return district, ids


def act(portal, action, status=200, method="get", **params):
    got = portal[0].caller().call("GET" if method == "get" else "POST", f"/api/3/action/{action}", **({"params": params} if method == "get" else {"json": params}))
    assert got.status_code == status, (action, params, got.status_code, got.text[:800])
    assert got.headers["Content-Type"] == "application/json;charset=utf-8"
    body = got.json()
    if status == 200:
        assert body["success"] is True and body["help"].endswith(f"/api/3/action/help_show?name={action}")
        return body["result"]
    return body


def resource(portal, name="firms", format="CSV"):
    return next(r for r in act(portal, "package_show", id=name)["resources"] if r["format"] == format)


def test_packages(portal):
    assert act(portal, "package_list") == ["firms", "parks"]
    p = act(portal, "package_show", id="firms")
    for key in ("id", "name", "title", "notes", "url", "version", "author", "author_email", "maintainer", "maintainer_email", "license_id", "license_title", "license_url", "isopen", "type",
                "state", "private", "owner_org", "creator_user_id", "metadata_created", "metadata_modified", "organization", "groups", "tags", "extras", "resources", "num_resources", "num_tags",
                "relationships_as_subject", "relationships_as_object"):
        assert key in p, key
    assert p["title"] == "企业登记" and p["license_id"] == "cc-by" and p["isopen"] and p["num_tags"] == 2 and p["organization"]["name"] == "mzj"
    assert act(portal, "package_show", id=p["id"])["name"] == "firms" == act(portal, "package_show", method="post", id="firms")["name"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", p["id"]) and p["tags"][0].keys() == {"id", "name", "display_name", "state", "vocabulary_id"}
    for key in ("id", "package_id", "name", "description", "url", "url_type", "format", "mimetype", "mimetype_inner", "resource_type", "size", "hash", "position", "created", "last_modified",
                "metadata_modified", "cache_url", "cache_last_updated", "state", "datastore_active"):
        assert key in p["resources"][0], key
    assert [r["format"] for r in p["resources"]] == ["CSV", "JSON", "XML", "XLSX", "PARQUET", "RDF"]
    assert act(portal, "resource_show", id=p["resources"][1]["id"])["format"] == "JSON"
    assert len(act(portal, "current_package_list_with_resources")) == 2
    # What is not open is not told apart from what is not there.
    for name in ("secret", "nosuch"):
        body = act(portal, "package_show", 404, id=name)
        assert body["error"] == {"__type": "Not Found Error", "message": "没有找到。"}
    assert "联系电话" not in json.dumps(p, ensure_ascii=False) and "lian_xi_dian_hua" not in json.dumps(p)


def test_search(portal):
    def names(**params):
        return [p["name"] for p in act(portal, "package_search", **params)["results"]]
    assert names() == ["parks", "firms"] and names(sort="name asc") == ["firms", "parks"]
    assert names(q="企业") == ["firms"] == names(q="登记 企业") == names(q="企业名称") and names(q="城市公园") == ["parks"] == names(q="Parks")
    assert names(q="没有开放") == [] == names(q="联系电话")
    assert names(fq="organization:mzj") == ["parks", "firms"] and names(fq="tags:经济") == ["firms"] and names(fq='tags:"城市"') == ["parks"] and names(fq="-tags:城市") == ["firms"]
    assert names(fq="groups:class-209") == ["parks"] and names(fq="(tags:城市 OR tags:经济) AND license_id:cc-by") == ["firms"] and names(fq="res_format:XLSX", rows=1, start=1) == ["firms"]
    assert names(fq="metadata_modified:[2020-01-01T00:00:00Z TO *]") == ["parks", "firms"] and names(fq="metadata_modified:[* TO 2020-01-01T00:00:00Z]") == []
    assert names(q="title:登记") == ["firms"] and names(q="name:fir*") == ["firms"] and names(q="*:*") == ["parks", "firms"]
    found = act(portal, "package_search", **{"facet.field": '["organization","tags","groups","res_format","license_id"]', "rows": 0})
    assert found["count"] == 2 and found["results"] == [] and found["facets"]["tags"] == {"企业": 1, "城市": 1, "经济": 1}
    assert found["search_facets"]["organization"]["items"] == [{"name": "mzj", "display_name": "区民政局", "count": 2}]
    assert act(portal, "package_search", 400, q="(未完")["error"]["__type"] == "Search Query Error"
    assert act(portal, "package_search", 400, fq="nosuch:x")["error"]["__type"] == "Search Query Error"
    assert act(portal, "package_search", 409, sort="nosuch asc")["error"]["__type"] == "Search Error"
    assert act(portal, "package_search", 409, rows="x")["error"]["rows"]


def test_what_the_harvester_of_ckan_asks(portal):
    """As ckanext-harvest does: sorted by id, since a moment, all facets, lists as repeated parameters."""
    ids = [p["id"] for p in act(portal, "package_search", sort="id asc", rows=100, fq="metadata_modified:[2020-01-01T00:00:00Z TO NOW]")["results"]]
    assert len(ids) == 2 and ids == sorted(ids)
    assert act(portal, "package_search", rows=0, sort="id asc")["count"] == 2
    assert act(portal, "package_search", fq="metadata_modified:[NOW-1DAY/DAY TO *]")["count"] == 2
    assert act(portal, "package_search", fq="metadata_modified:[* TO NOW-1MONTH]")["count"] == 0
    act(portal, "package_search", 400, fq="metadata_modified:[NOW-1AGE TO *]")
    facets = act(portal, "package_search", **{"facet.field": '["tags"]', "facet.limit": "-1"})["facets"]["tags"]
    assert set(facets) == {"经济", "企业", "城市"}
    act(portal, "package_search", 409, **{"facet.limit": "-2"})
    assert all(p.keys() == {"id", "name"} for p in act(portal, "package_search", fl=["id", "name"])["results"])
    assert act(portal, "tag_show", id="城市", include_datasets="true")["packages"][0]["name"] == "parks"
    act(portal, "tag_show", 404, id="没有")
    assert act(portal, "package_autocomplete", q="par") == [{"name": "parks", "title": "公园名录", "match_field": "name", "match_displayed": "parks"}]
    assert [p["name"] for p in act(portal, "package_autocomplete", q="企业")] == ["firms"]


def test_what_clients_look_up(portal):
    """Files by their fields, words that are being typed, what a datastore holds, where one may publish."""
    found = act(portal, "resource_search", query="format:xml")
    assert found["count"] == 2 and {r["format"] for r in found["results"]} == {"XML"} and found["results"][0].keys() == act(portal, "resource_show", id=found["results"][0]["id"]).keys()
    assert act(portal, "resource_search", query=["format:csv", "name:公园"])["results"][0]["url"].endswith("/open/dataset/parks/data.csv")
    assert [r["format"] for r in act(portal, "resource_search", query="name:公园", order_by="format", limit=2, offset=1)["results"]] == ["JSON", "PARQUET"]
    assert act(portal, "resource_search", query="name:没有开放")["count"] == 0
    assert act(portal, "resource_search", 409)["error"]["query"] and act(portal, "resource_search", 409, query="csv")["error"]["query"]
    assert "secret" in act(portal, "resource_search", 409, query="secret:1")["error"]["query"][0] and act(portal, "resource_search", 409, query="format:csv", order_by="x")["error"]["order_by"]
    one = act(portal, "organization_autocomplete", q="民政")
    assert [(o["name"], o["title"]) for o in one] == [("mzj", "区民政局")] and one[0].keys() == {"id", "name", "title"} and act(portal, "organization_autocomplete", q="卫") == []
    assert [g["name"] for g in act(portal, "group_autocomplete", q="城乡")] == ["class-209"]
    assert [p["name"] for p in act(portal, "group_package_show", id="class-209")] == ["parks"] and act(portal, "group_package_show", 404, id="nosuch")
    assert act(portal, "tag_autocomplete", query="经") == ["经济"] and act(portal, "tag_autocomplete", q="没有") == [] and act(portal, "tag_autocomplete", query="经", vocabulary_id="x") == []
    assert act(portal, "tag_search", query="城")["count"] == 1 and act(portal, "tag_search", query="城")["results"][0]["name"] == "城市"
    assert set(act(portal, "format_autocomplete", q="x")) == {"xlsx", "xml"}
    assert act(portal, "vocabulary_list") == [] and act(portal, "site_read") is True and act(portal, "organization_list_for_user") == []
    file = act(portal, "package_show", id="firms")["resources"]
    info = act(portal, "datastore_info", id=file[0]["id"])
    held = act(portal, "datastore_search", resource_id=file[0]["id"], limit=0)
    assert info["meta"]["count"] == held["total"] and info["meta"]["aliases"] == ["firms"]
    assert [f["id"] for f in info["fields"]] == [f["id"] for f in held["fields"][1:]] and "lian_xi_dian_hua" not in json.dumps(info) and info["fields"][0]["schema"]["native_type"] == info["fields"][0]["type"]
    assert act(portal, "datastore_info", 404, id=file[1]["id"]) and act(portal, "datastore_info", 404, id="secret")
    for action in ("package_autocomplete", "organization_autocomplete", "group_autocomplete", "tag_autocomplete", "format_autocomplete", "group_package_show", "datastore_info"):
        assert act(portal, action, 409)["error"]["__type"] == "Validation Error" and act(portal, "help_show", name=action)


def test_a_page_of_another_site_may_ask(portal):
    call = portal[0].caller().call
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    allowed = call("OPTIONS", "/api/3/action/package_search", headers=asked)
    assert allowed.headers["Access-Control-Allow-Origin"] == "*" and "POST" in allowed.headers["Access-Control-Allow-Methods"]
    assert "content-type" in allowed.headers["Access-Control-Allow-Headers"].lower()
    # Where somebody is signed in, no other site may.
    assert "Access-Control-Allow-Origin" not in call("OPTIONS", "/api/v1/datasets", headers=asked).headers


def test_rdf_clients_are_led_to_the_description(portal):
    call = portal[0].caller().call
    for accept, end in (("text/turtle", "/dataset/firms.ttl"), ("application/ld+json", "/dataset/firms.jsonld"), ("application/rdf+xml", "/dataset/firms.xml"),
                        ("text/html,*/*;q=0.8", "/open/dataset/firms"), ("*/*", "/open/dataset/firms")):
        got = call("GET", "/dataset/firms", headers={"Accept": accept}, allow_redirects=False)
        assert got.headers["Location"].endswith(end), (accept, got.headers["Location"])
    assert "jsonld" in call("GET", "/dataset/firms.foo").text


def test_groups_tags_and_the_rest(portal):
    assert act(portal, "organization_list") == ["mzj"] and act(portal, "organization_list", all_fields="true")[0]["package_count"] == 2
    one = act(portal, "organization_show", id="mzj", include_datasets="true")
    assert one["title"] == "区民政局" and one["package_count"] == 2 and len(one["packages"]) == 2 and act(portal, "organization_show", id=one["id"])["name"] == "mzj"
    assert set(act(portal, "group_list")) == {"class-208", "class-209"} and "城乡建设" in act(portal, "group_show", id="class-209")["title"]
    assert act(portal, "organization_show", 404, id="wjw")["error"]["__type"] == "Not Found Error"
    assert act(portal, "tag_list") == sorted(["企业", "城市", "经济"]) and act(portal, "tag_list", query="经") == ["经济"]
    assert {"cc-by", "district-open"} <= {x["id"] for x in act(portal, "license_list")}
    assert "id" in act(portal, "help_show", name="package_show") and act(portal, "status_show")["extensions"] == ["datastore"]
    got = portal[0].caller().call("GET", "/api/3/action/nosuch")
    assert got.status_code == 400 and got.json() == "Bad request: Action name not known: nosuch"
    assert act(portal, "package_show", 409)["error"] == {"__type": "Validation Error", "id": ["缺少这个参数。"]}
    # JSONP, a form as the body, and the short address.
    jsonp = portal[0].caller().call("GET", "/api/action/package_list", params={"callback": "got.it"})
    assert jsonp.headers["Content-Type"].startswith("application/javascript") and jsonp.text.startswith("/**/got.it({") and jsonp.text.endswith(");")
    assert portal[0].caller().call("GET", "/api/action/package_list", params={"callback": "alert(1)//"}).status_code == 400
    form = portal[0].caller().call("POST", "/api/action/package_show", data={"id": "parks"})
    assert form.json()["result"]["name"] == "parks"
    multipart = portal[0].caller().call("POST", "/api/action/package_show", files={"id": (None, "parks")})
    assert multipart.json()["result"]["name"] == "parks"
    assert portal[0].caller().call("POST", "/api/action/package_show", data="{", headers={"Content-Type": "application/json"}).status_code == 400


def test_datastore_search(portal):
    ids, rid = portal[1], resource(portal)["id"]
    capital, street, name = ids["注册资本（万元）"], ids["所属街道"], ids["企业名称"]
    got = act(portal, "datastore_search", resource_id=rid, limit=2)
    assert got["total"] == 60 and not got["total_was_estimated"] and got["limit"] == 2 and len(got["records"]) == 2
    assert got["fields"][0] == {"id": "_id", "type": "int"} and {f["id"]: f["type"] for f in got["fields"]}[capital] == "numeric"
    assert {f["info"]["label"] for f in got["fields"][1:]} == set(PUBLIC)
    assert got["records"][1][capital] == 10.5 and got["records"][0][ids["是否规上"]] in (False, "否")
    second = portal[0].caller().get(got["_links"]["next"])["result"]
    assert second["records"][0]["_id"] == got["records"][1]["_id"] + 1 and second["_links"]["prev"]

    def rows(**params):
        return act(portal, "datastore_search", method="post", resource_id=rid, **params)
    assert rows(filters={street: "东街"})["total"] == 20 == rows(filters={"所属街道": "东街"})["total"]
    assert rows(filters={street: ["东街", "西街"]})["total"] == 40 and rows(filters={capital: {"gte": 500, "lt": 520}})["total"] == 2
    assert rows(filters={"$or": [{street: "东街"}, {capital: {"gt": 580}}]})["total"] == 22
    assert rows(q="企业59")["total"] == 1 and rows(q={name: "企业5"})["total"] == 11
    assert rows(fields=[street], distinct=True, sort=street)["records"] == sorted([{street: s} for s in ("东街", "西街", "南街")], key=lambda r: r[street])
    assert [r[capital] for r in rows(sort=f"{capital} desc", limit=2)["records"]] == [590.5, 580.5]
    assert rows(records_format="lists", limit=1, fields=["_id", street])["records"] == [[rows(limit=1)["records"][0]["_id"], "东街"]]
    assert rows(records_format="csv", limit=2, fields=[street])["records"] == "东街\n西街\n"
    # Pages by key cover everything once.
    seen, where = [], {}
    while True:
        page = rows(limit=7, include_next_page=True, include_total=False, filters=where)
        seen += [r["_id"] for r in page["records"]]
        if "next_page" not in page:
            break
        where = page["next_page"]
    assert len(seen) == 60 == len(set(seen)) and "total" not in page
    assert act(portal, "datastore_search", 404, resource_id=resource(portal, format="JSON")["id"])["error"]["__type"] == "Not Found Error"
    assert rows(limit=0)["records"] == [] and rows(limit=99999)["limit"] == 32000


def test_nothing_of_a_field_that_was_not_released(portal):
    ids, rid = portal[1], resource(portal)["id"]
    hidden = ids["联系电话"]
    told = set()
    for name in (hidden, "nosuch_field"):
        for params in ({"filters": {name: "13800000001"}}, {"filters": {name: {"gt": "1"}}}, {"filters": {"$or": [{name: "1"}]}}, {"sort": f"{name} desc"}, {"fields": [name]}, {"q": {name: "138"}}):
            got = portal[0].caller().call("POST", "/api/3/action/datastore_search", json={"resource_id": rid, **params})
            assert got.status_code == 409, got.text
            told.add((next(iter(params)), got.text.replace(name, "X")))
    assert len(told) == 4, told
    assert act(portal, "datastore_search", resource_id=rid, q="13800000001")["total"] == 0
    everything = portal[0].caller().call("GET", f"/datastore/dump/{rid}").text + json.dumps(act(portal, "datastore_search", resource_id=rid, limit=100))
    assert "1380000" not in everything and hidden not in everything
    for sql in (f'SELECT {hidden} FROM "{rid}"', f'SELECT count(*) FROM "{rid}" WHERE {hidden} = \'1\'', f'SELECT * FROM "{rid}" ORDER BY {hidden}', 'SELECT * FROM secret', "SELECT * FROM duckdb_tables()",
                "SELECT * FROM read_parquet('/etc/passwd')", "DROP TABLE x", f'SELECT 1; SELECT * FROM "{rid}"', f'COPY (SELECT 1) TO \'/tmp/x\'', "SELECT * FROM information_schema.tables", f'SELECT current_setting(\'x\') FROM "{rid}"'):
        body = act(portal, "datastore_search_sql", 409, sql=sql)
        assert body["error"]["__type"] == "Validation Error" and body["error"]["query"], sql
        assert "/blobs/" not in json.dumps(body) and (".parquet" not in json.dumps(body)), body
    for suffix in ("", "__gt"):
        for path in ("data.csv", "data.json", "data.xml"):
            assert portal[0].caller().call("GET", f"/open/dataset/firms/{path}", params={hidden + suffix: "1"}).status_code == 422


def test_sql_and_dump(portal):
    ids, rid = portal[1], resource(portal)["id"]
    street, capital = ids["所属街道"], ids["注册资本（万元）"]
    got = act(portal, "datastore_search_sql", sql=f'SELECT {street} AS street, count(*) AS n, sum({capital}) AS capital FROM "{rid}" GROUP BY 1 ORDER BY 1')
    assert sorted(r["n"] for r in got["records"]) == [20, 20, 20] and [f["id"] for f in got["fields"]] == ["street", "n", "capital"] and "records_truncated" not in got
    assert act(portal, "datastore_search_sql", sql="SELECT count(*) AS n FROM firms a JOIN parks b ON a._id = b._id")["records"] == [{"n": 3}]
    assert act(portal, "datastore_search_sql", sql="SELECT a._id FROM firms a, firms b, firms c LIMIT 40000")["records_truncated"] is True
    text = portal[0].caller().call("GET", f"/datastore/dump/{rid}").content.decode()
    head, rest = text.split("\r\n", 1)
    assert head.split(",")[0] == "_id" and len(head.split(",")) == 7 and "\r" not in rest and rest.count("\n") == 60
    assert portal[0].caller().call("GET", f"/datastore/dump/{rid}", params={"bom": "true"}).content.startswith(b"\xef\xbb\xbf_id,")
    dumped = portal[0].caller().get(f"/datastore/dump/{rid}", format="json")
    assert len(dumped["records"]) == 60 and dumped["fields"][0]["id"] == "_id"
    assert portal[0].caller().call("GET", f"/datastore/dump/{rid}", params={"format": "xml"}).text.count("<row _id=") == 60
    assert portal[0].caller().call("GET", f"/datastore/dump/{rid}", params={"filters": json.dumps({street: "东街"})}).text.count("\n") == 21
    portal[0].caller().get("/datastore/dump/nosuch", 404)


def test_files(portal):
    import xml.etree.ElementTree as ElementTree
    def file(name, **params):
        got = portal[0].caller().call("GET", f"/open/dataset/firms/{name}", params=params)
        assert got.status_code == 200, got.text
        return got.content
    table = list(csv.reader(io.StringIO(file("data.csv").decode())))
    assert len(table) == 61 and len(table[0]) == 6 and "联系电话" not in table[0] and file("data.csv", _bom=1).startswith(b"\xef\xbb\xbf")
    assert len(json.loads(file("data.json"))) == 60 and len(json.loads(file("data.json", **{portal[1]["所属街道"]: "东街"}))) == 20
    assert len(ElementTree.fromstring(file("data.xml"))) == 60
    assert file("data.xlsx")[:2] == b"PK" and file("data.parquet")[:4] == b"PAR1"
    turtle = file("data.ttl").decode()
    assert turtle.count("> a <") == 60 and '"^^xsd:date' in turtle
    portal[0].caller().get("/open/dataset/firms/data.exe", 404)
    portal[0].caller().get("/open/dataset/secret/data.csv", 404)


def test_what_is_withdrawn_is_gone_from_the_next_answer_on(portal):
    district = portal[0]
    steward, reviewer = district.caller("steward"), district.caller("reviewer")
    for how in ("withdraw", "unpublish", "dataset", "open_type"):
        code = f"gone_{how}"
        opened(district, code, f"要消失的{how}")
        rid = resource(portal, code)["id"]
        assert code in act(portal, "package_list") and act(portal, "datastore_search", resource_id=rid, limit=1)["total"] == 60
        if how == "withdraw":
            steward.post(f"/api/v1/open/releases/{code}/withdraw", {"comment": "有误"})
        elif how == "unpublish":
            step(reviewer, code, "unpublish", "职责调整")
        elif how == "dataset":
            steward.post(f"/api/v1/datasets/{code}/withdraw", {"withdrawn": True})
        else:
            steward.patch(f"/api/v1/datasets/{code}/entry", {**ENTRY, "open_type": "none", "open_condition": "不再开放"})
            for caller, action in ((steward, "submit"), (reviewer, "register"), (steward, "submit"), (reviewer, "publish")):
                step(caller, code, action)
        assert code not in act(portal, "package_list")
        act(portal, "package_show", 404, id=code)
        act(portal, "datastore_search", 404, resource_id=rid)
        assert act(portal, "datastore_search_sql", 409, sql=f'SELECT * FROM "{rid}"')["error"]["query"]
        for path in (f"/datastore/dump/{rid}", f"/open/dataset/{code}/data.csv"):
            district.caller().get(path, 404)


def test_a_package_of_two_groups_stands_for_neither(portal):
    opened(portal[0], "both", "两类都是", entry={"classifications": ["208", "209"]})
    for group, other in (("class-208", "firms"), ("class-209", "parks")):
        shown = act(portal, "group_show", id=group, include_datasets="true")
        names = {p["name"] for p in shown["packages"]}
        assert shown["name"] == group and shown["package_count"] == 2 and names == {"both", other}, shown["title"]
        assert {p["name"] for p in act(portal, "group_package_show", id=group)} == names

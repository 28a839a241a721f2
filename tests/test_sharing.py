"""From a request to a grant to rows: what a person of another department sees, and only for as long as she may."""
import hashlib
import time

import pytest
import requests

from harness import PASSWORD, Caller, Failed, Qushu
from test_catalogue import complete, step

OFFICERS = {"asking_officer": ("卫健委共享专员", "wjw"), "giving_officer": ("民政局共享专员", "mzj"), "other_officer": ("财政局共享专员", "czj")}
STREETS = ["一街道", "二街道"]
ROWS = [(f"{n:05d}", f"张三{n % 7}", f"13{n:09d}", STREETS[n % 2], f"20{10 + n % 10}-0{1 + n % 9}-15", n % 300) for n in range(1, 401)]
SHEET = ("编号,姓名,手机号,街道,登记日期,金额\n" + "".join(",".join(map(str, r)) + "\n" for r in ROWS)).encode()
FIELDS = {"编号": "code", "姓名": "name", "手机号": "phone", "街道": "street", "登记日期": "day", "金额": "amount"}


def published(qushu, code, title, sheet, key="编号"):
    steward, reviewer = qushu.caller("steward"), qushu.caller("reviewer")
    steward.bring_in(f"{title}.csv", sheet, dataset=code)
    fields = steward.get(f"/api/v1/datasets/{code}")["fields"]
    steward.patch(f"/api/v1/datasets/{code}", {"fields": [{"id": f["id"], "key": f["name"] == key} for f in fields]})
    complete(steward, code)
    for caller, action in ((steward, "submit"), (reviewer, "register"), (steward, "submit"), (reviewer, "publish")):
        step(caller, code, action)
    return {f["name"]: f["id"] for f in fields}


@pytest.fixture(scope="module")
def district(tmp_path_factory):
    qushu = Qushu(tmp_path_factory.mktemp("data")).settle()
    for login, (name, department) in OFFICERS.items():
        made = qushu.json("user", "add", login, "--name", name, "--department", department, "--role", "sharing_officer")
        caller = qushu.caller()
        caller.sign_in(login, made["password"])
        caller.post("/api/v1/account/password", {"old_password": made["password"], "new_password": PASSWORD}, 204)
    qushu.ids = published(qushu, "relief", "救助对象", SHEET)
    yield qushu
    qushu.stop()


@pytest.fixture(scope="module")
def people(district):
    return {n: district.caller(n) for n in ("steward", "stranger", "rival", "reviewer", *OFFICERS)}


def terms(ids, names, **more):
    return {"fields": [{"id": ids[n]} for n in names], "methods": ["api", "sql"], "purpose": "核对救助对象身份", "named_purpose": "relief", **more}


def ask(caller, code, what, status=201):
    return caller.post("/api/v1/sharing/requests", {"dataset": code, "basis": "《社会救助暂行办法》第二十八条", "scenario": "医疗救助结算", "terms": what}, status)


def granted(people, code, asked, given=None):
    r = ask(people["stranger"], code, asked)
    people["asking_officer"].post(f"/api/v1/sharing/requests/{r['id']}/approve", {"text": "同意"})
    body = {"text": "同意共享"} if given is None else {"terms": given, "text": "部分共享"}
    r = people["giving_officer"].post(f"/api/v1/sharing/requests/{r['id']}/grant", body)
    return people["stranger"].get(f"/api/v1/sharing/grants/{r['grant_id']}")


def end(people, grant):
    people["giving_officer"].post(f"/api/v1/sharing/grants/{grant['id']}/state", {"state": "terminated", "reason": "试毕"})


def rows(caller, code, **query):
    return caller.get(f"/api/v1/datasets/{code}/rows", **query)


def test_a_request_becomes_masked_rows(district, people):
    ids = district.ids
    stranger, giver = people["stranger"], people["giving_officer"]
    # Described, not read.
    assert stranger.get("/api/v1/datasets/relief")["by_entry"]
    assert rows(stranger, "relief", status=404)["id"] == "dataset.not_found"
    asked = terms(ids, FIELDS)
    assert ask(stranger, "relief", {**asked, "fields": []}, 422)["subject"] == "fields"
    assert ask(people["rival"], "nothing", asked, 404)
    r = ask(stranger, "relief", asked)
    assert r["state"] == "asking" and r["may"] == ["withdraw"]
    # The provider does not know of it before the asker's own officer has approved it; nobody else ever does.
    for n in ("giving_officer", "other_officer", "rival"):
        people[n].get(f"/api/v1/sharing/requests/{r['id']}", 404)
    stranger.post(f"/api/v1/sharing/requests/{r['id']}/approve", {}, 403)
    assert any(w["link"] == f"/sharing/requests/{r['id']}" for w in people["asking_officer"].get("/api/v1/home")["waiting"])
    r = people["asking_officer"].post(f"/api/v1/sharing/requests/{r['id']}/approve", {"text": "同意"})
    assert r["state"] == "reviewing" and r["days_left"] == 10 and r["deadline"]
    assert any(w["link"] == f"/sharing/requests/{r['id']}" and "10 个工作日" in w["detail"] for w in giver.get("/api/v1/home")["waiting"])
    people["other_officer"].post(f"/api/v1/sharing/requests/{r['id']}/grant", {}, 404)

    # Returned once, with all that is missing; completed; granted in part, masked.
    giver.post(f"/api/v1/sharing/requests/{r['id']}/return", {"text": "依据缺条款"})
    assert any("待补正" in w["detail"] for w in stranger.get("/api/v1/home")["waiting"])
    stranger.post(f"/api/v1/sharing/requests/{r['id']}/complete", {"basis": "第二十八条第一款", "scenario": "医疗救助结算", "terms": asked})
    assert giver.post(f"/api/v1/sharing/requests/{r['id']}/return", {"text": "还缺"}, 409)["id"] == "request.returned_once"
    part = {**asked, "row_filter": f"{ids['街道']} = '一街道'",
            "fields": [{"id": ids["编号"]}, {"id": ids["姓名"], "mask": {"kind": "partial", "first": 1}}, {"id": ids["手机号"], "mask": {"kind": "partial", "first": 3, "last": 4}},
                       {"id": ids["登记日期"], "mask": {"kind": "date", "to": "month"}}, {"id": ids["金额"], "mask": {"kind": "band", "size": "100"}}]}
    assert giver.post(f"/api/v1/sharing/requests/{r['id']}/grant", {"terms": {**part, "methods": ["file"]}}, 422)["id"] == "request.wider"
    r = giver.post(f"/api/v1/sharing/requests/{r['id']}/grant", {"terms": part, "text": "姓名和手机号脱敏"})
    assert r["state"] == "granted" and r["grant_id"]

    mine = [row for row in ROWS if row[3] == "一街道"]
    page = rows(stranger, "relief", _size=1000, _sort=ids["编号"])
    assert [f["id"] for f in page["fields"]] == [f["id"] for f in part["fields"]]
    assert page["total"] == len(mine) and len(page["rows"]) == len(mine)
    for row, got in zip(mine, page["rows"]):
        low = row[5] // 100 * 100
        assert got == {ids["编号"]: row[0], ids["姓名"]: row[1][0] + "*" * (len(row[1]) - 1), ids["手机号"]: row[2][:3] + "****" + row[2][-4:], ids["登记日期"]: row[4][:7],
                       ids["金额"]: f"[{low}, {low + 100})"}
    # Where a row stands among all is nobody's business: the cursor is sealed, and goes on where it should.
    first = rows(stranger, "relief", _size=150, _sort=ids["编号"])
    assert "~" in first["next"]
    second = rows(stranger, "relief", _size=1000, _sort=ids["编号"], _next=first["next"])
    assert [r[ids["编号"]] for r in first["rows"] + second["rows"]] == [r[0] for r in mine]
    import base64
    own = base64.urlsafe_b64encode(b'{"v":1,"s":"","f":"","k":[],"i":7}').decode().rstrip("=")
    for cursor in (own, "1~" + own, first["next"][:-4] + "AAAA"):
        assert rows(stranger, "relief", status=422, _next=cursor)["subject"] == "_next"
    # The declared key finds what is shown, and nothing else.
    assert len(rows(stranger, "relief", key=mine[0][0])["rows"]) == 1
    hidden = next(row for row in ROWS if row[3] != "一街道")
    assert rows(stranger, "relief", key=hidden[0])["rows"] == []
    # Conditions, facets, search and counts are over what is shown: masked values can be asked for, those beneath cannot.
    assert rows(stranger, "relief", **{ids["姓名"]: mine[0][1]})["total"] == 0
    assert rows(stranger, "relief", **{ids["登记日期"]: mine[0][4][:7]})["total"] == sum(m[4][:7] == mine[0][4][:7] for m in mine)
    facet = rows(stranger, "relief", _facet=ids["金额"], _size=0)["facets"][ids["金额"]]
    assert sum(f["count"] for f in facet) == len(mine) and {f["value"] for f in facet} == {"[0, 100)", "[100, 200)", "[200, 300)"}
    assert rows(stranger, "relief", _search=mine[0][2])["total"] == 0
    for wrong in ({ids["街道"]: "二街道"}, {"_sort": ids["街道"]}, {"_facet": ids["街道"]}, {"_col": ids["街道"]}):
        assert "街道" not in str(rows(stranger, "relief", status=422, **wrong)["detail"]).replace(ids["街道"], "")
    profile = stranger.get("/api/v1/datasets/relief/profile")
    assert profile["rows"] == len(mine) and "张三" not in str(profile) and ids["街道"] not in {f["id"] for f in profile["fields"]}

    # The same in SQL; files were not granted; the plan is not shown.
    got = stranger.post("/api/v1/sql", {"sql": f'SELECT count(*), count(DISTINCT "{ids["姓名"]}"), min("{ids["手机号"]}") FROM relief'})["rows"]
    assert got == [[len(mine), 1, min(m[2][:3] + "****" + m[2][-4:] for m in mine)]]
    assert stranger.post("/api/v1/sql", {"sql": f'SELECT "{ids["街道"]}" FROM relief'}, 422)
    assert stranger.post("/api/v1/sql/explain", {"sql": "SELECT * FROM relief"}, 403)["id"] == "sql.explain_grant"
    assert stranger.get("/api/v1/datasets/relief/rows.csv", 403)["id"] == "grant.method"
    tables = {x["code"]: x for x in stranger.get("/api/v1/sql/tables")["tables"]}
    assert tables["relief"]["granted"] and tables["relief"]["rows"] is None and ids["街道"] not in {c["id"] for c in tables["relief"]["columns"]}
    # Who holds no grant still sees nothing: another department, the provider's rejects, other versions' lists.
    rows(people["other_officer"], "relief", status=404)
    stranger.get("/api/v1/datasets/relief/rejects", 404)

    # Suspended, resumed, terminated: at once.
    grant = stranger.get(f"/api/v1/sharing/grants/{r['grant_id']}")
    stranger.post(f"/api/v1/sharing/grants/{grant['id']}/state", {"state": "suspended", "reason": "x"}, 403)
    people["other_officer"].get(f"/api/v1/sharing/grants/{grant['id']}", 404)
    giver.post(f"/api/v1/sharing/grants/{grant['id']}/state", {"state": "suspended", "reason": "核查使用情况"})
    rows(stranger, "relief", status=404)
    giver.post(f"/api/v1/sharing/grants/{grant['id']}/state", {"state": "active"})
    assert rows(stranger, "relief", _size=1)["rows"]
    end(people, grant)
    rows(stranger, "relief", status=404)
    actions = {e["action"] for e in district.caller("auditadmin").get("/api/v1/audit", limit=200)["entries"]}
    assert {"request.submit", "request.approve", "request.return", "request.complete", "request.grant", "grant.add", "grant.suspend", "grant.resume", "grant.terminate"} <= actions


def test_who_uses_by_grant_reports_errors(district, people):
    """Article 26: the department that uses the data finds the error; of what it does not see it says nothing."""
    ids = district.ids
    stranger, giver = people["stranger"], people["giving_officer"]
    wrong = {"dataset": "relief", "row": "00007", "field": ids["姓名"], "wrong": "姓名有误", "proposed": "李四"}
    grant = granted(people, "relief", terms(ids, ["编号", "姓名"], methods=["file"]))
    ticket = stranger.post("/api/v1/corrections", wrong, 201)
    assert ticket["provider_name"] == "区民政局" and ticket["days_left"] == 10
    assert giver.get(f"/api/v1/corrections/{ticket['id']}")["wrong"] == "姓名有误"
    assert stranger.post("/api/v1/corrections", {**wrong, "field": ids["手机号"]}, 422)["subject"] == "field"
    people["other_officer"].post("/api/v1/corrections", wrong, 404)
    end(people, grant)
    stranger.post("/api/v1/corrections", wrong, 404)
    assert stranger.get(f"/api/v1/corrections/{ticket['id']}")["number"] == ticket["number"]


def test_a_masked_key_lookup_is_the_row_that_the_page_shows(district, people):
    """Lookups come from the index and pages from the engine: both must say the same."""
    ids = district.ids
    grant = granted(people, "relief", terms(ids, FIELDS), {
        **terms(ids, FIELDS), "fields": [{"id": ids["编号"]}, {"id": ids["姓名"], "mask": {"kind": "hash", "algorithm": "hmac-sm3"}}, {"id": ids["手机号"], "mask": {"kind": "hash"}},
                                         {"id": ids["街道"], "mask": {"kind": "constant", "value": "不\"公\"开"}}, {"id": ids["登记日期"], "mask": {"kind": "date", "to": "quarter"}},
                                         {"id": ids["金额"], "mask": {"kind": "band", "size": "70"}}]})
    stranger = people["stranger"]
    people["steward"].wait_jobs()
    page = {r[ids["编号"]]: r for r in rows(stranger, "relief", _size=1000)["rows"]}
    for row in ROWS[::40]:
        assert rows(stranger, "relief", key=row[0])["rows"] == [page[row[0]]]
    # Equal values stay equal, and the key is the installation's own.
    names = {page[r[0]][ids["姓名"]] for r in ROWS}
    assert len(names) == 7 and all(len(n) == 64 for n in names)
    assert hashlib.sha256(ROWS[0][1].encode()).hexdigest() not in names
    end(people, grant)
    # Another grant hashes with another key.
    other = granted(people, "relief", terms(ids, FIELDS), {**terms(ids, FIELDS), "fields": [{"id": ids["姓名"], "mask": {"kind": "hash", "algorithm": "hmac-sm3"}}]})
    assert not names & {r[ids["姓名"]] for r in rows(stranger, "relief", _size=1000)["rows"]}
    end(people, other)


def test_revocation_stops_what_is_being_read(district, people):
    big = "编号,文字\n" + "".join(f"{n:07d},{'数据' * 40}{n}\n" for n in range(300000))
    ids = published(district, "large", "大表", big.encode())
    grant = granted(people, "large", {"fields": [{"id": i} for i in ids.values()], "methods": ["api", "file"], "purpose": "核对"})
    stranger = people["stranger"]
    with stranger.session.get(stranger.base + "/api/v1/datasets/large/rows.csv", stream=True, timeout=60) as got:
        assert got.status_code == 200
        stream = got.iter_content(1 << 16)
        received = len(next(stream))
        people["giving_officer"].post(f"/api/v1/sharing/grants/{grant['id']}/state", {"state": "suspended", "reason": "停"})
        time.sleep(0.5)
        with pytest.raises(requests.exceptions.RequestException):
            for chunk in stream:
                received += len(chunk)
    assert received < len(big.encode())
    stranger.get("/api/v1/datasets/large/rows.csv", 404)


def test_a_period_and_an_address(district, people):
    ids = district.ids
    soon = granted(people, "relief", terms(ids, ["编号"]), terms(ids, ["编号"], until="2099-01-01", addresses=["127.0.0.0/8"]))
    assert rows(people["stranger"], "relief", _size=1)["rows"]
    end(people, soon)
    elsewhere = granted(people, "relief", terms(ids, ["编号"]), terms(ids, ["编号"], addresses=["10.9.0.0/16"]))
    rows(people["stranger"], "relief", status=404)
    end(people, elsewhere)
    assert ask(people["stranger"], "relief", terms(ids, ["编号"], addresses=["10.9.0.0/99"]), 422)["subject"] == "addresses"
    later = granted(people, "relief", terms(ids, ["编号"]), terms(ids, ["编号"], **{"from": "2098-01-01"}))
    rows(people["stranger"], "relief", status=404)
    end(people, later)


def test_on_the_command_line(district, people):
    ids = district.ids
    import json
    made = district.json("request", "submit", "relief", "--department", "wjw", "--basis", "第二十八条", "--scenario", "结算", "--terms", json.dumps(terms(ids, ["编号", "姓名"])))
    with pytest.raises(Failed) as wrong:
        district.cli("request", "submit", "relief", "--department", "wjw", "--basis", "x", "--scenario", "y", "--terms", '{"fields": []}')
    assert "至少选一个字段" in wrong.value.err
    assert [r["id"] for r in district.json("request", "list", "--box", "waiting")] == [made["id"]]
    district.json("request", "approve", made["id"])
    assert district.json("request", "extend", made["id"], "--days", "5", "--text", "核对量大")["extension"] == 5
    assert district.json("request", "consent", made["id"])["days_allowed"] == 15
    done = district.json("request", "grant", made["id"], "--text", "同意")
    assert done["state"] == "granted"
    assert rows(people["stranger"], "relief", _size=1)["rows"]
    assert [g["state"] for g in district.json("grant", "list", "--dataset", "relief")][0] == "active"
    district.json("grant", "suspend", done["grant_id"], "--reason", "核查")
    rows(people["stranger"], "relief", status=404)
    district.json("grant", "resume", done["grant_id"])
    assert rows(people["stranger"], "relief", _size=1)["rows"]
    district.json("grant", "terminate", done["grant_id"], "--reason", "到期")
    refused = district.json("request", "submit", "relief", "--department", "czj", "--basis", "第二十八条", "--scenario", "结算", "--terms", json.dumps(terms(ids, ["编号"])))
    district.json("request", "approve", refused["id"])
    assert district.json("request", "refuse", refused["id"], "--text", "与职责无关")["answer"] == "与职责无关"
    assert "与职责无关" in district.cli("request", "show", refused["id"])


def test_nobody_and_administrators_see_none_of_it(district):
    nobody = Caller(district.base)
    for path in ("/api/v1/sharing/requests", "/api/v1/sharing/grants"):
        nobody.get(path, 401)
        district.caller("sysadmin").get(path, 403)
        district.caller("secadmin").get(path, 403)

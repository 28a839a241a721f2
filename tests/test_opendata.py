"""Release to the public: proposed by one, approved by another, seen by everybody, gone at once."""
import re
import time

import pytest

from harness import Failed
from opendata import FIRMS, PUBLIC, catalogue, release, step

PEOPLE = ("姓名,性别,街道,救助金额\n" + "".join(f"人{i},{'男' if i % 2 else '女'},{'东街' if i < 30 else '西街'},{i}\n" for i in range(60)) + "人甲,男,孤岛,5\n").encode()


def test_two_people_release_a_dataset(district):
    steward, reviewer, rival, reader = (district.caller(n) for n in ("steward", "reviewer", "rival", "reader"))
    ids = catalogue(district, "firms", "企业登记")
    # The check says of every field whether it may be open, and why not.
    found = steward.post("/api/v1/open/check", {"dataset": "firms"})
    fields = {f["name"]: f for f in found["fields"]}
    assert not found["passed"] and "联系电话" in found["failed"]["zh"]
    assert fields["联系电话"]["role"] == "identifier" and "个人" in fields["联系电话"]["blocked"]["zh"]
    assert fields["企业名称"]["blocked"] is None
    # Dates and streets narrow people down, unless somebody says why they do not.
    narrow = steward.post("/api/v1/open/check", {"dataset": "firms", "fields": PUBLIC})
    assert not narrow["passed"] and set(narrow["quasi"]) == {ids["所属街道"], ids["成立日期"]} and narrow["anonymity"]["k"] < 5 and narrow["k"] == 5
    body = {"dataset": "firms", "fields": PUBLIC, "licence": "cc-by"}
    assert steward.post("/api/v1/open/releases", body, 422)["id"] == "release.privacy"
    excused = {**body, "excuses": {"*": "登记的是企业，与个人无关"}}
    # The whole dataset may not be about people; a telephone number still needs a word of its own.
    assert steward.post("/api/v1/open/releases", {**excused, "fields": [*PUBLIC, "联系电话"]}, 422)["id"] == "release.privacy"
    assert "没有信息项" in steward.post("/api/v1/open/releases", {**excused, "fields": ["没有的"]}, 422)["detail"]
    assert steward.post("/api/v1/open/releases", {**excused, "licence": "nosuch"}, 422)["subject"] == "licence"
    rival.post("/api/v1/open/releases", excused, 404)
    reader.post("/api/v1/open/releases", excused, 403)

    made = steward.post("/api/v1/open/releases", {**excused, "reason": "年度开放计划"}, 201)
    assert made["state"] == "proposed" and made["may"] == ["withdraw"] and made["fields"] == [ids[n] for n in PUBLIC]
    assert steward.post("/api/v1/open/releases", excused, 409)["id"] == "release.waiting"
    assert [w["link"] for w in reviewer.get("/api/v1/home")["waiting"] if w["kind"] == "release"] == [f"/open-data?release={made['id']}"]
    assert rival.get("/api/v1/open/releases")["releases"] == []
    rival.post(f"/api/v1/open/releases/{made['id']}/withdraw", {"comment": "x"}, 404)
    steward.post(f"/api/v1/open/releases/{made['id']}/approve", {}, 403)
    reviewer.post(f"/api/v1/open/releases/{made['id']}/refuse", {}, 422)
    assert reviewer.post(f"/api/v1/open/releases/{made['id']}/refuse", {"comment": "先核对数据"})["state"] == "refused"
    assert reviewer.post(f"/api/v1/open/releases/{made['id']}/approve", {}, 409)["id"] == "release.decided"

    made = steward.post("/api/v1/open/releases", excused, 201)
    assert reviewer.get(f"/api/v1/open/releases?state=proposed")["releases"][0]["may"] == ["approve", "refuse", "withdraw"]
    done = reviewer.post(f"/api/v1/open/releases/{made['id']}/approve", {"comment": "同意"})
    assert done["state"] == "approved" and done["version"] == 1 and done["decided"]["person_name"] == "目录审核员"

    # Another one takes its place, and the proposer cannot be the one who approves, whatever her roles.
    again = steward.post("/api/v1/open/releases", {**excused, "fields": PUBLIC[:3]}, 201)
    district.cli("release", "approve", again["id"], "--as", "steward", code=5)
    reviewer.post(f"/api/v1/open/releases/{again['id']}/approve", {})
    states = {r["id"]: r["state"] for r in steward.get("/api/v1/open/releases")["releases"]}
    assert states[made["id"]] == "superseded" and states[again["id"]] == "approved"
    steward.post(f"/api/v1/open/releases/{again['id']}/withdraw", {}, 422)
    assert steward.post(f"/api/v1/open/releases/{again['id']}/withdraw", {"comment": "有误"})["state"] == "withdrawn"
    actions = {e["action"] for e in district.caller("auditadmin").get("/api/v1/audit", action="release.", limit=100)["entries"]}
    assert {"release.propose", "release.approve", "release.refuse", "release.withdraw"} <= actions


def test_what_keeps_a_dataset_from_the_public(district):
    steward = district.caller("steward")
    body = {"dataset": "closed", "licence": "cc-by", "excuses": {"*": "与个人无关"}}
    catalogue(district, "closed", "不开放的", entry={"open_type": "conditional", "open_condition": "签协议"})
    assert steward.post("/api/v1/open/releases", body, 409)["id"] == "release.not_open"
    steward.bring_in("草稿.csv", FIRMS, dataset="no_entry")
    assert steward.post("/api/v1/open/check", {"dataset": "no_entry"}, 409)["id"] == "release.no_entry"
    # A grade above the setting, and an item that is not open of itself, are left out when nothing is chosen.
    ids = catalogue(district, "graded", "分级的", levels={"注册资本（万元）": "2"}, entry={"items": [{"name": "成立日期", "open_type": "none", "open_condition": "内部掌握"}]})
    found = {f["name"]: f["blocked"] for f in steward.post("/api/v1/open/check", {"dataset": "graded"})["fields"]}
    assert "数据级别为 2" in found["注册资本（万元）"]["zh"] and "内部掌握" in found["成立日期"]["zh"]
    made = steward.post("/api/v1/open/releases", {**body, "dataset": "graded", "excuses": {"*": "企业", "联系电话": "企业总机"}}, 201)
    assert ids["注册资本（万元）"] not in made["fields"] and ids["成立日期"] not in made["fields"] and ids["联系电话"] in made["fields"]
    # k-anonymity over what is released: one lonely row is enough; without the street there are enough alike.
    catalogue(district, "people", "救助名单", content=PEOPLE, entry={"abstract": "救助人员"})
    by_street = {"dataset": "people", "fields": ["性别", "街道", "救助金额"], "licence": "cc-by"}
    told = steward.post("/api/v1/open/releases", by_street, 422)
    assert told["id"] == "release.privacy" and "最少 1 行相同，要求 5 行" in told["detail"] and "有 1 行" in told["detail"]
    assert steward.post("/api/v1/open/releases", {**by_street, "fields": ["性别", "救助金额"]}, 201)["check"]["anonymity"]["k"] == 30
    assert steward.post("/api/v1/open/check", {"dataset": "people", "fields": ["姓名"]})["passed"] is False


def test_a_new_version_waits_for_the_check(district):
    steward, reviewer = district.caller("steward"), district.caller("reviewer")
    catalogue(district, "moving", "变动的名单", content=PEOPLE.replace("人甲,男,孤岛,5\n".encode(), b""))
    made = release(district, "moving", ["性别", "街道"], excuses={})
    assert made["version"] == 1 and made["check"]["anonymity"]["k"] == 15

    def seen(version, held):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            now = next(r for r in steward.get("/api/v1/open/releases")["releases"] if r["code"] == "moving")
            if now["version"] == version and bool(now["held"]) == held:
                return now
            time.sleep(0.05)
        raise AssertionError(now)

    steward.bring_in("变动的名单.csv", PEOPLE, dataset="moving")
    now = seen(1, True)
    assert now["held"]["version"] == 2 and "1 行" in now["held"]["zh"]
    steward.bring_in("变动的名单.csv", PEOPLE.replace("孤岛".encode(), "东街".encode()), dataset="moving")
    assert seen(3, False)["check"]["anonymity"]["k"] == 15
    # The page tells which versions were open: the second never was.
    page = steward.call("GET", "/open/dataset/moving").text
    listed = re.findall(r"<tr><td>(\d+)(（当前）|)</td><td>\d{4}-\d\d-\d\d</td>", page.replace(" （", "（"))
    assert listed == [("3", "（当前）"), ("1", "")], listed


def test_licences_are_a_table(district):
    reviewer = district.caller("reviewer")
    body = {"title_zh": "本区许可", "title_en": "Our licence", "url": "https://example.org/licence"}
    assert reviewer.put("/api/v1/open/licences/ours", body)["open"] is True
    assert reviewer.put("/api/v1/open/licences/Bad Id", body, 422)["subject"] == "id"
    assert reviewer.put("/api/v1/open/licences/ours", {**body, "url": "javascript:alert(1)"}, 422)["subject"] == "url"
    reviewer.put("/api/v1/open/licences/ours", {**body, "retired": True})
    found = {x["id"]: x for x in reviewer.get("/api/v1/open/licences")["licences"]}
    assert found["ours"]["retired"] and not found["cc-by"]["retired"]
    district.caller("steward").put("/api/v1/open/licences/ours", body, 403)


def test_on_the_command_line(district):
    catalogue(district, "shell", "命令行开放")
    args = [a for name in PUBLIC for a in ("--field", name)]
    check = district.json("release", "check", "shell", *args, "--excuse", "*=企业")
    assert check["passed"]
    assert "联系电话" in district.cli("release", "check", "shell")
    district.cli("release", "propose", "shell", "--field", "联系电话", code=3)
    made = district.json("release", "propose", "shell", *args, "--excuse", "*=企业", "--title-en", "Firms", "--as", "steward")
    assert made["title_en"] == "Firms" and made["state"] == "proposed"
    assert "命令行开放" in district.cli("release", "list", "--state", "proposed")
    done = district.json("release", "approve", "shell", "--comment", "同意", "--as", "reviewer")
    assert done["state"] == "approved"
    assert "nothing" not in district.cli("release", "withdraw", "shell", "--comment", "试完了", lang="en")
    # With no person on either side, the operating system's user counts.
    district.cli("release", "propose", "shell", *args, "--excuse", "*=企业")
    with pytest.raises(Failed) as refused:
        district.cli("release", "approve", "shell")
    assert refused.value.code == 5
    assert {"cc-by", "district-open"} <= {x["id"] for x in district.json("release", "licences")}

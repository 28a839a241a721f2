"""What the public may say on the portal: asking for data, reporting an error; answered inside, and hard to stuff. A map and a score on the dataset's page."""
import html
import re

import pytest

from opendata import catalogue, opened, release
from test_portal import Page

PLACES = "站点,经度,纬度,电话\n" + "".join(f"站{i},{116.30 + i % 10 * 0.01:.3f},{39.90 + i // 10 * 0.01:.3f},1380000{i:04d}\n" for i in range(100)) + "无坐标,,,13900000000\n零点,0,0,13900000001\n"


@pytest.fixture(scope="module")
def portal(district):
    ids = opened(district, "firms", "企业登记")
    catalogue(district, "places", "公交站点", content=PLACES.encode())
    release(district, "places", ["站点", "经度", "纬度"])
    district.caller("sysadmin").put("/api/v1/settings/opendata.form_seconds", {"value": "0s"})
    district.caller("sysadmin").put("/api/v1/settings/opendata.form_limit", {"value": "1000"})
    return district, ids


class Visitor:
    """Fills a form in as a person does: reads the question, answers it."""

    def __init__(self, server):
        self.caller = server.caller()

    def open(self, path):
        got = self.caller.call("GET", path)
        assert got.status_code == 200, got.text
        page = Page(got.text)
        assert not page.flaws, page.flaws
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', got.text))
        a, b = re.search("([一二三四五六七八九])加([一二三四五六七八九])等于几", got.text).groups()
        return {"stamp": html.unescape(hidden["stamp"]), "proof": str("一二三四五六七八九".index(a) + "一二三四五六七八九".index(b) + 2), "website": ""}

    def send(self, path, fields, status=303):
        got = self.caller.call("POST", path, data=fields, allow_redirects=False)
        assert got.status_code == status, (got.status_code, got.text[:1500])
        return got


def test_asking_for_data(portal):
    visitor, reviewer, steward = Visitor(portal[0]), portal[0].caller("reviewer"), portal[0].caller("steward")
    fields = {"wanted": "停车场的空余车位<b>", "purpose": "做一个找车位的小程序", "name": "王先生", "contact": "w@example.cn"}
    sent = visitor.send("/open/ask", {**visitor.open("/open/ask"), **fields})
    address = sent.headers["Location"]
    page = visitor.caller.call("GET", address).text
    assert "等待答复" in page and "停车场的空余车位&lt;b&gt;" in page and "w@example.cn" not in page and "王先生" not in page and not Page(page).flaws
    asks = reviewer.get("/api/v1/open/asks", state="waiting")["asks"]
    assert asks[0]["wanted"] == fields["wanted"] and asks[0]["contact"] == "w@example.cn" and address.endswith(asks[0]["id"])
    steward.get("/api/v1/open/asks", 403)
    steward.post(f"/api/v1/open/asks/{asks[0]['id']}/answer", {"outcome": "accepted", "text": "可以"}, 403)
    reviewer.post(f"/api/v1/open/asks/{asks[0]['id']}/answer", {"outcome": "accepted", "text": " "}, 422)
    reviewer.post("/api/v1/open/asks/nosuch/answer", {"outcome": "accepted", "text": "可以"}, 404)
    assert reviewer.post(f"/api/v1/open/asks/{asks[0]['id']}/answer", {"outcome": "accepted", "text": "下季度开放"})["state"] == "accepted"
    page = portal[0].caller().call("GET", address, params={"lang": "en"}).text
    assert "下季度开放" in page and "Answered" in page
    # Nothing typed is lost when something is wrong.
    wrong = visitor.send("/open/ask", {**visitor.open("/open/ask"), **fields, "wanted": "车"}, 422).text
    assert "做一个找车位的小程序" in wrong and 'role="alert"' in wrong
    assert visitor.caller.call("GET", "/open/asked/nosuch").status_code == 404
    actions = {e["action"]: e for e in portal[0].caller("auditadmin").get("/api/v1/audit", action="ask.", limit=10)["entries"]}
    assert {"ask.add", "ask.answer"} <= set(actions)


def test_reporting_an_error(portal):
    server, ids = portal
    visitor, steward, rival = Visitor(server), server.caller("steward"), server.caller("rival")
    opened_form = visitor.open("/open/report/firms")
    fields = {"field": ids["企业名称"], "row": "第 3 行", "wrong": "名称写错了", "proposed": "企业3", "contact": "13800000000"}
    # A field that was not released has no name here.
    hidden = visitor.send("/open/report/firms", {**opened_form, **fields, "field": ids["联系电话"]}, 422).text
    assert "联系电话" not in hidden and ids["联系电话"] not in hidden
    address = visitor.send("/open/report/firms", {**visitor.open("/open/report/firms"), **fields}).headers["Location"]
    page = visitor.caller.call("GET", address).text
    assert "等待核实" in page and "名称写错了" in page and "答复期限" in page and "13800000000" not in page
    ticket = next(c for c in steward.get("/api/v1/corrections", box="incoming")["corrections"] if c["wrong"] == "名称写错了")
    assert ticket["origin"] == "public" and ticket["contact"] == "13800000000" and ticket["person_name"] == "公众" and ticket["field_name"] == "企业名称" and ticket["may_answer"]
    rival.get(f"/api/v1/corrections/{ticket['id']}", 404)
    steward.post(f"/api/v1/corrections/{ticket['id']}/accept", {})
    assert "正在核实" in visitor.caller.call("GET", address).text
    done = steward.post(f"/api/v1/corrections/{ticket['id']}/answer", {"outcome": "corrected", "text": "已改为企业3"})
    assert done["state"] == "closed" and done["outcome"] == "corrected"
    page = visitor.caller.call("GET", address).text
    assert "已更正" in page and "已改为企业3" in page
    # A ticket of somebody inside is nothing that the public could look at; nor is a dataset that is not open.
    inside = server.caller("reader").post("/api/v1/corrections", {"dataset": "firms", "wrong": "内部的工单"}, 201)
    assert inside["origin"] == "" and visitor.caller.call("GET", f"/open/reported/{inside['id']}").status_code == 404
    assert visitor.caller.call("GET", "/open/report/nosuch").status_code == 404
    assert visitor.caller.call("POST", "/open/report/nosuch", data=fields).status_code == 404


def test_forms_are_hard_to_stuff(portal):
    server, visitor = portal[0], Visitor(portal[0])
    fields = {"wanted": "灌水灌水", "purpose": "灌水灌水"}
    good = visitor.open("/open/ask")
    for change in ({"proof": "99"}, {"proof": ""}, {"website": "http://spam"}, {"stamp": ""}, {"stamp": good["stamp"][:-2] + "xx"}, {"stamp": "1." + good["stamp"]}):
        one = {**visitor.open("/open/ask"), **fields, **change}
        visitor.send("/open/ask", one, 422)
    visitor.send("/open/ask", {**good, **fields})
    visitor.send("/open/ask", {**good, **fields}, 422)  # a stamp counts once
    admin = server.caller("sysadmin")
    admin.put("/api/v1/settings/opendata.form_seconds", {"value": "60s"})
    assert "太快" in visitor.send("/open/ask", {**visitor.open("/open/ask"), **fields}, 422).text
    admin.put("/api/v1/settings/opendata.form_seconds", {"value": "0s"})
    admin.put("/api/v1/settings/opendata.form_limit", {"value": "1"})
    assert "太频繁" in visitor.send("/open/ask", {**visitor.open("/open/ask"), **fields}, 429).text
    assert "太频繁" in visitor.send("/open/report/firms", {**visitor.open("/open/report/firms"), "wrong": "灌水"}, 429).text
    admin.put("/api/v1/settings/opendata.form_limit", {"value": "1000"})
    assert visitor.caller.call("POST", "/open/ask", data=b"x" * 100_000, headers={"Content-Type": "application/x-www-form-urlencoded"}).status_code == 413


def test_a_map_of_what_has_coordinates(portal):
    visitor = Visitor(portal[0])
    page = visitor.caller.call("GET", "/open/dataset/places").text
    assert not Page(page).flaws and page.count("<circle") == 100 and "100 行有坐标，2 行没有" in page
    xs = [float(x) for x in re.findall(r'cx="([\d.]+)"', page)]
    assert 0 < min(xs) < max(xs) < 720 and "1380000" not in page
    assert "<circle" not in visitor.caller.call("GET", "/open/dataset/firms").text
    assert "script-src" not in visitor.caller.call("GET", "/open/dataset/places").headers["Content-Security-Policy"]


def test_the_score_of_what_is_released(portal):
    server, ids = portal
    steward, visitor = server.caller("steward"), Visitor(server)
    assert "质量得分" not in visitor.caller.call("GET", "/open/dataset/firms").text
    rules = [{"kind": "required", "fields": [ids["企业名称"]], "params": {}}, {"kind": "pattern", "fields": [ids["联系电话"]], "params": {"pattern": "never"}}]
    steward.post("/api/v1/datasets/firms/quality/rules", {"rules": rules}, 201)
    server.cli("quality", "run", "firms", "--as", "steward")
    page = visitor.caller.call("GET", "/open/dataset/firms").text
    # The rule about the telephone, which nobody released, says nothing here.
    assert "质量得分" in page and "100.0 / 100" in page and "完整性 100.0" in page and "有效性" not in page

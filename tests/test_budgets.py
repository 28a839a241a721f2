"""Budgets from entering to the public, over HTTP and on the command line, on both databases: identities, a second person, workbooks, printed pages."""
import io
import subprocess
import zipfile

import pytest

from budgets import WAN, content, officer


@pytest.fixture(scope="module")
def world(district):
    return district, officer(district, "budgeter", "budget_officer"), officer(district, "decider", "budget_reviewer", "root"), district.caller("reader"), district.caller("stranger")


def made(caller, year, what=None):
    one = caller.post("/api/v1/budgets", {"department": "mzj", "year": year}, 201)
    return caller.put(f"/api/v1/budgets/{one['id']}", {"revision": one["version"]["revision"], "content": what or content(year)})


def text_of(pdf):
    return subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()


def test_what_is_typed_is_checked(world):
    _, budgeter, *_ = world
    one = made(budgeter, 2031)
    at = f"/api/v1/budgets/{one['id']}"
    assert one["findings"] == [] and one["content"] == content(2031)
    draft = content(2031)
    draft["projects"][0]["amount"] += 7
    found = budgeter.post(f"{at}/check", {"content": draft})["findings"]
    assert {f["identity"] for f in found} == {"details_project", "funds_project", "projects_total", "projects_function", "change_reason"}, found
    details = next(f for f in found if f["identity"] == "details_project")
    assert (details["place"], details["found"] - details["expected"], details["difference"]) == ("projects[0].amount", 7, 7)
    assert budgeter.get(at)["content"] == content(2031), "nothing was saved"
    for wrong, place in (({"income": [{"source": "lottery"}]}, "income[0].source"), ({"functions": [{"code": "a b"}]}, "functions[0].code")):
        assert budgeter.post(f"{at}/check", {"content": wrong}, 422)["id"] == "budget.content", place


def test_a_second_person_decides_and_the_public_sees_only_then(world):
    district, budgeter, decider, reader, stranger = world
    one = made(budgeter, 2032)
    at = f"/api/v1/budgets/{one['id']}"
    public = district.caller()
    broken = content(2032)
    broken["totals"][0]["income"] += 1
    saved = budgeter.put(at, {"revision": one["version"]["revision"], "content": broken})
    assert budgeter.post(f"{at}/submit", {}, 422)["id"] == "budget.findings"
    assert budgeter.put(at, {"revision": 1, "content": content(2032)}, 409)["id"] == "budget.changed"
    budgeter.put(at, {"revision": saved["version"]["revision"], "content": content(2032)})
    stranger.get(at, 404)
    assert reader.get(at)["may"] == {k: False for k in ("edit", "submit", "decide", "publish", "adjust", "spend")}, "her own department's, to read"
    assert budgeter.post(f"{at}/submit", {"comment": "请审"})["version"]["state"] == "submitted"
    budgeter.post(f"{at}/approve", {}, 403)
    assert decider.get(at)["may"]["decide"]
    assert decider.post(f"{at}/return", {}, 422)["id"] == "budget.comment"
    decider.post(f"{at}/return", {"comment": "再核一遍"})
    budgeter.post(f"{at}/submit", {})
    for when in ("submitted", "approved"):
        assert budgeter.get(at)["version"]["state"] == when
        assert public.call("GET", f"/open/budgets/{one['id']}").status_code == 404
        assert one["id"] not in [b["id"] for b in public.get("/open/budgets")["budgets"]]
        stranger.get(at, 404)
        if when == "submitted":
            decider.post(f"{at}/approve", {"comment": "同意"})
    decider.post(f"{at}/publish", {})
    assert stranger.get(at)["content"] == content(2032)
    assert one["id"] in [b["id"] for b in public.get("/open/budgets")["budgets"]]
    got = public.call("GET", f"/open/budgets/{one['id']}")
    assert got.status_code == 200 and got.headers["Content-Type"] == "application/pdf" and "部门收支总表" in text_of(got.content)
    steps = [s["action"] for s in budgeter.get(f"{at}/history")["steps"]]
    assert steps == ["publish", "approve", "submit", "return", "submit", "save", "save", "save", "create"][:len(steps)] and stranger.get(f"{at}/history")["steps"] == []
    # An adjustment: a new version, and the difference told; the public still sees the first.
    adjusted = budgeter.post(f"{at}/adjust", {"reason": "追加", "day": "2032-06-30"})
    more = adjusted["content"]
    more["totals"][0]["operation"] = 5 * WAN
    budgeter.put(at, {"revision": adjusted["version"]["revision"], "content": more})
    told = budgeter.get(f"{at}/compare", **{"with": one["id"], "with_version": 1})
    assert [(l["before"], l["now"], l["percent"]) for l in told["lines"] if l["difference"]] == [(0, 5 * WAN, None)]
    assert "机关运行经费" not in text_of(public.call("GET", f"/open/budgets/{one['id']}").content)


def test_nothing_is_not_decided_about(world):
    _, budgeter, *_ = world
    one = budgeter.post("/api/v1/budgets", {"department": "mzj", "year": 2039}, 201)
    assert [f["identity"] for f in one["findings"]] == ["empty"], one["findings"]
    refused = budgeter.post(f"/api/v1/budgets/{one['id']}/submit", {}, 422)
    assert refused["id"] == "budget.findings" and "还没有填写" in str(refused), refused


def test_years_are_compared_and_changes_hold_against_the_year_named(world):
    _, budgeter, decider, *_ = world
    base = made(budgeter, 2041)
    for caller, verb in ((budgeter, "submit"), (decider, "approve")):
        caller.post(f"/api/v1/budgets/{base['id']}/{verb}", {})
    now = made(budgeter, 2042, content(2042, 2))
    total = content(2041)["totals"][0]["expenditure"]
    told = budgeter.get(f"/api/v1/budgets/{now['id']}/compare", **{"with": base["id"]})
    line = next(l for l in told["lines"] if l["section"] == "totals" and l["before"] == total)
    assert (told["year_before"], line["now"], line["difference"], line["percent"]) == (2041, 2 * total, total, 10000)
    draft = content(2042, 2)
    draft["changes"] = [{"subject": "expenditure", "year": 2041, "base": total - 3, "difference": total + 3, "percent": 10000, "reason": ""}]
    found = budgeter.post(f"/api/v1/budgets/{now['id']}/check", {"content": draft})["findings"]
    assert [f["identity"] for f in found if f["place"].startswith("changes")] == ["change_base"]


def test_a_workbook_goes_out_and_comes_back(world, tmp_path):
    district, budgeter, *_ = world
    one = made(budgeter, 2033)
    at = f"/api/v1/budgets/{one['id']}"
    for unit in ("wan", "yuan"):
        sheet = budgeter.call("GET", f"{at}/workbook?unit={unit}").content
        answer = budgeter.call("POST", f"{at}/workbook?name=a.xlsx&revision={budgeter.get(at)['version']['revision']}", data=sheet).json()
        assert answer["errors"] == [] and answer["budget"]["content"] == content(2033)
    assert budgeter.call("POST", f"{at}/workbook?name=a.xlsx&revision=1", data=b"nothing").status_code == 422
    # A cell that is wrong is told with its place, and nothing is saved.
    book = zipfile.ZipFile(io.BytesIO(sheet))
    bent = io.BytesIO()
    with zipfile.ZipFile(bent, "w") as out:
        for name in book.namelist():
            out.writestr(name, book.read(name).replace("<t>人员经费</t>".encode(), "<t>人员</t>".encode()))
    answer = budgeter.call("POST", f"{at}/workbook?name=a.xlsx&revision={budgeter.get(at)['version']['revision']}", data=bent.getvalue()).json()
    assert answer["budget"] is None and ("支出经济分类", 2, "支出类别", "人员") in [(e["sheet"], e["row"], e["column"], e["value"]) for e in answer["errors"]], answer["errors"]
    path = tmp_path / "b.xlsx"
    district.cli("budget", "export", "mzj", "2033", str(path), "--unit", "yuan")
    assert "全部" in district.cli("budget", "check-identities", "mzj", "2033")
    district.cli("budget", "import", "mzj", "2033", str(path))
    assert budgeter.get(at)["content"] == content(2033)


def test_pages_are_printed_with_their_fonts(world, tmp_path):
    district, budgeter, *_ = world
    one = made(budgeter, 2034)
    pdf = budgeter.call("GET", f"/api/v1/budgets/{one['id']}/print").content
    text = text_of(pdf)
    for words in ("部门收支总表", "部门收入总表", "部门支出总表", "财政拨款收支总表", "一般公共预算支出表", "一般公共预算基本支出表", "“三公”经费支出表", "政府性基金预算支出表", "国有资本经营预算支出表", "项目支出表", "项目支出绩效目标申报表", "1471.00", "链路年费"):
        assert words in text, words
    (tmp_path / "b.pdf").write_bytes(pdf)
    fonts = subprocess.run(["pdffonts", tmp_path / "b.pdf"], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert fonts and all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in fonts), fonts
    assert "网络系统运行经费" in text_of(budgeter.call("GET", f"/api/v1/budgets/{one['id']}/print?project=P1").content)
    assert budgeter.call("GET", f"/api/v1/budgets/{one['id']}/print?project=P9").status_code == 404
    assert budgeter.call("GET", f"/api/v1/budgets/{one['id']}/print?format=xlsx").content[:2] == b"PK"
    district.cli("budget", "print", "mzj", "2034", str(tmp_path / "c.pdf"))
    # What we print is read back by what we check.
    read_back = district.json("budget", "check", str(tmp_path / "c.pdf"), "--format", "json")
    assert read_back["findings"] == [] and read_back["checked"] > 30, read_back
    assert "部门收支总表" in text_of((tmp_path / "c.pdf").read_bytes())


def test_spending_and_the_command_line(world):
    district, budgeter, decider, *_ = world
    assert district.json("budget", "new", "mzj", "2025", "--as", "budgeter")["year"] == 2025
    one = next(b for b in budgeter.get("/api/v1/budgets", year=2025)["budgets"])
    at = f"/api/v1/budgets/{one['id']}"
    budgeter.put(at, {"revision": 1, "content": content(2025)})
    assert budgeter.put(f"{at}/spent/1", {"amounts": {"office": WAN}}, 409)["id"] == "budget.state"
    district.cli("budget", "submit", "mzj", "2025", "--as", "budgeter")
    district.cli("budget", "approve", "mzj", "2025", "--as", "budgeter", code=5)
    district.cli("budget", "approve", "mzj", "2025", "--as", "decider", "--comment", "同意")
    spent = budgeter.put(f"{at}/spent/1", {"amounts": {"office": 40 * WAN, "P1": WAN}})
    light = {e["subject"]: e["light"] for e in spent["execution"]}
    assert (light["office"], light["P1"], light["P2"]) == ("green", "red", "red")
    assert budgeter.put(f"{at}/spent/13", {"amounts": {}}, 422)["id"] == "budget.month"
    assert budgeter.put(f"{at}/spent/2", {"amounts": {"P9": 1}}, 422)["id"] == "budget.subject"
    district.cli("budget", "spend", "mzj", "2025", "2", "office=1234.56", "P1=20000", "--as", "budgeter")
    noted = {(s["month"], s["subject"]): s["amount"] for s in budgeter.get(at)["spent"]}
    assert noted[(2, "office")] == 123456 and noted[(2, "P1")] == 2 * WAN
    for wrong in ("office", "office=1.234", "office=一百"):
        assert wrong in district.cli("budget", "spend", "mzj", "2025", "2", wrong, "--as", "budgeter", code=3)
    assert budgeter.put(f"{at}/spent/1", {"amounts": {"P2": -3 * WAN}}, 422)["id"] == "budget.negative"
    over = budgeter.put(f"{at}/spent/1", {"amounts": {"P2": 999999 * WAN}}, 422)
    assert over["id"] == "budget.over" and "超支说明" in str(over), over
    assert "超支说明" in district.cli("budget", "spend", "mzj", "2025", "3", "P2=3000000", "--as", "budgeter", code=3)
    district.cli("budget", "spend", "mzj", "2025", "3", "P2=3000000", "--explanation", "应急采购", "--as", "budgeter")
    beyond = budgeter.get(at)
    assert {e["subject"]: e["light"] for e in beyond["execution"]}["P2"] == "over"
    assert [s["explanation"] for s in beyond["spent"] if s["subject"] == "P2"] == ["应急采购"]
    assert budgeter.put(f"{at}/spent/3", {"amounts": {"P2": 301 * WAN}, "explanation": "应急采购，再加一项"})["execution"]
    district.cli("budget", "publish", "mzj", "2025", "--as", "decider")
    assert "已公开" in district.cli("budget", "list", "--year", "2025")


def test_budgets_are_relations_and_a_published_one_is_a_page(world):
    district, budgeter, decider, reader, stranger = world
    one = made(budgeter, 2051)
    at = f"/api/v1/budgets/{one['id']}"
    rows = lambda caller, text, status=200: caller.post("/api/v1/sql", {"sql": text}, status)
    count = lambda caller: rows(caller, "SELECT count(*) AS n FROM budgets WHERE year = 2051")["rows"][0][0]
    # A draft is its department's; the others' is what is published.
    assert (str(count(reader)), str(count(stranger))) == ("1", "0")
    total = rows(reader, "SELECT sum(amount) FROM budget_lines WHERE year = 2051 AND section = 'functions'")["rows"][0][0]
    assert float(total) == 1471_0000.0, total
    assert rows(reader, "SELECT count(*) FROM budget_goals WHERE year = 2051 AND level = 'quantity'")["rows"][0][0] in (2, "2")
    public = district.caller()
    assert public.call("GET", f"/open/budget/{one['id']}").status_code == 404
    budgeter.post(f"{at}/submit", {})
    decider.post(f"{at}/approve", {})
    decider.post(f"{at}/publish", {})
    assert (str(count(reader)), str(count(stranger))) == ("1", "1")
    assert rows(stranger, "SELECT in_force, published, state__name FROM budgets WHERE year = 2051")["rows"][0][2] == "已公开"
    # What was spent is nobody else's.
    year = 2025
    spent = lambda caller: int(rows(caller, f"SELECT count(*) FROM budget_spending WHERE year = {year}")["rows"][0][0])
    assert spent(stranger) == 0 and spent(reader) > 0
    page = public.call("GET", f"/open/budget/{one['id']}")
    assert page.status_code == 200 and page.headers["Content-Type"].startswith("text/html") and "default-src 'none'" in page.headers["Content-Security-Policy"]
    for words in ("区民政局 2051 年部门预算", "部门收支总表", "1471.00", "项目支出绩效目标申报表", f"/open/budgets/{one['id']}?format=xlsx"):
        assert words in page.text, words
    assert f"/open/budget/{one['id']}" in public.call("GET", "/open/budget").text
    assert ">Budgets</h1>" in public.call("GET", "/open/budget?lang=en").text
    assert public.call("GET", "/open/budget/nothing").status_code == 404


def test_a_workbook_is_as_large_as_the_setting_says(world):
    district, budgeter, *_ = world
    one = made(budgeter, 2052)
    admin = district.caller("sysadmin")
    admin.put("/api/v1/settings/budget.workbook_size", {"value": "4KiB"})
    try:
        got = budgeter.call("POST", f"/api/v1/budgets/{one['id']}/workbook?name=a.xlsx&revision=2", data=b"x" * 8192)
        assert got.status_code == 413 and "budget.workbook_size" in got.text, got.text
    finally:
        admin.put("/api/v1/settings/budget.workbook_size", {"value": "32MiB"})

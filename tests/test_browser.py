"""In a real browser, as people do it."""
import datetime
import os
import pathlib
import sqlite3
import subprocess

import pytest

from budgets import content, officer
from harness import PASSWORD, POSTGRES_BIN, ROOT, Postgres, Qushu, npm_ci
from opendata import catalogue, opened, release
from test_main_job import GBK
from test_sharing import OFFICERS, SHEET, ask, published, terms

FOLDER = pathlib.Path(__file__).resolve().parent / "browser"


@pytest.fixture(scope="module")
def browser():
    npm_ci(FOLDER)


def run(script, server, work, **more):
    work.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["node", script, server.base, str(work)], cwd=FOLDER, capture_output=True, text=True, timeout=900,
                          env={**os.environ, "QUSHU_PASSWORD": PASSWORD, **more})
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert done.stdout.strip().splitlines()[-1].startswith("ok")


def test_what_a_steward_does(server, browser):
    work = ROOT / "build" / "results" / "steward"
    work.mkdir(parents=True, exist_ok=True)
    (work / "养老服务机构.csv").write_bytes(GBK)
    run("steward.mjs", server, work)


def test_every_page_at_both_widths(server, browser):
    steward = server.caller("steward")
    made = steward.bring_in("页面.csv", GBK, dataset="pages")
    # It waits with columns that its dataset has not.
    server.caller("operator").bring_in("已发布.csv", "机构代码,机构名,床位数,备注\n01,甲院,10,一\n02,乙院,20,二\n".encode(), dataset="pages_two", department="mzj")
    waiting = server.caller("operator").upload("待发布.csv", GBK, dataset="pages_two", department="mzj")
    server.caller("operator").wait_import(waiting["id"], "ready")
    assert made["tables"][0]["version"] == 1
    proposals = steward.get("/api/v1/datasets/pages/quality/proposals")["proposals"]
    steward.post("/api/v1/datasets/pages/quality/rules", {"rules": [{k: p["rule"][k] for k in ("kind", "fields", "params")} for p in proposals]}, 201)
    server.cli("quality", "run", "pages", "--as", "steward")
    ticket = server.caller("reader").post("/api/v1/corrections", {"dataset": "pages", "wrong": "第三行的名称写错了"}, 201)
    contracts = "/api/v1/registers/contracts/records"
    for name, amount in (("机房设备维保", "386000"), ("政务专线租赁", "2036700"), ("会议系统保障", "387000.50")):
        made = server.caller("operator").post(contracts, {"values": {"name": name, "kind": "operation", "party": "某科技有限公司", "amount": amount, "paid": "120000", "starts_on": "2026-01-01", "ends_on": "2026-12-20"}}, 201)
    server.caller("operator").post(f"{contracts}/{made['id']}/move", {"transition": "submit", "comment": "请审签"})
    # Asked for twice: one is to be answered, one has become a grant.
    asked = {"dataset": "pages", "basis": "《养老机构管理办法》第十条", "scenario": "养老补贴核对",
             "terms": {"fields": [{"id": f["id"]} for f in steward.get("/api/v1/datasets/pages")["fields"]], "methods": ["api", "sql"], "purpose": "核对机构信息", "named_purpose": "service"}}
    ids = [server.caller("operator").post("/api/v1/sharing/requests", asked, 201)["id"] for _ in range(2)]
    for one in ids:
        server.cli("request", "approve", one)
    grant = server.json("request", "grant", ids[1])["grant_id"]
    budgeter = officer(server, "budgeter", "budget_officer")
    budget = budgeter.post("/api/v1/budgets", {"department": "mzj", "year": 2024}, 201)
    budgeter.put(f"/api/v1/budgets/{budget['id']}", {"revision": 1, "content": content(2024)})
    past = budgeter.post("/api/v1/budgets", {"department": "mzj", "year": 2025}, 201)
    budgeter.put(f"/api/v1/budgets/{past['id']}", {"revision": 1, "content": content(2025)})
    budgeter.post(f"/api/v1/budgets/{past['id']}/submit", {})
    server.cli("budget", "approve", "mzj", "2025")
    evaluation = budgeter.post("/api/v1/evaluations", {"department": "mzj", "year": 2025, "project": "P1"}, 201)
    run("pages.mjs", server, ROOT / "build" / "results" / "pages", QUSHU_REQUEST=ids[0], QUSHU_GRANT=grant, QUSHU_CODE="pages", QUSHU_IMPORT=waiting["id"], QUSHU_TICKET=ticket["id"], QUSHU_RECORD=made["id"], QUSHU_BUDGET=budget["id"], QUSHU_EVALUATION=evaluation["id"])


def test_a_register_from_its_definition_to_its_records(server, browser):
    run("registers.mjs", server, ROOT / "build" / "results" / "registers")


def test_a_figure_from_its_definition_to_the_record_behind_it(server, browser):
    run("indicators.mjs", server, ROOT / "build" / "results" / "indicators")


def test_a_survey_from_its_questions_to_its_results(server, browser):
    run("surveys.mjs", server, ROOT / "build" / "results" / "surveys")


def test_from_a_database_to_a_governed_dataset(tmp_path, browser):
    qushu = Qushu(tmp_path, settings={"sources.allow_loopback": "true"}).settle()
    bureau = Postgres()
    try:
        database = bureau.fresh()
        bureau.sql(database, "CREATE TABLE firm (id bigint PRIMARY KEY, name text NOT NULL, staff int, state text); "
                             "INSERT INTO firm SELECT i, '企业' || i, i % 50, (i % 2)::text FROM generate_series(1, 300) i")
        run("gather.mjs", qushu, ROOT / "build" / "results" / "gather", QUSHU_PSQL=f"{POSTGRES_BIN}/psql", QUSHU_DB_PORT=str(bureau.port), QUSHU_DB=database)
    finally:
        bureau.stop()
        qushu.stop()


def test_from_search_to_a_key_to_the_first_row(tmp_path, browser):
    qushu = Qushu(tmp_path).settle()
    try:
        for login, (name, department) in OFFICERS.items():
            made = qushu.json("user", "add", login, "--name", name, "--department", department, "--role", "sharing_officer")
            caller = qushu.caller()
            caller.sign_in(login, made["password"])
            caller.post("/api/v1/account/password", {"old_password": made["password"], "new_password": PASSWORD}, 204)
        ids = published(qushu, "relief", "救助对象", SHEET)
        late = ask(qushu.caller("stranger"), "relief", terms(ids, ["编号"]))["id"]
        qushu.caller("asking_officer").post(f"/api/v1/sharing/requests/{late}/approve", {})
        # Three weeks pass; whatever else the server does meanwhile it may do.
        with sqlite3.connect(qushu.data / "qushu.db", timeout=30) as db:
            db.execute("UPDATE sharing_request SET started = started - 21 * 86400000000 WHERE id = ?", (late,))
        run("sharing.mjs", qushu, ROOT / "build" / "results" / "sharing", QUSHU_CODE="relief", QUSHU_TITLE="救助对象", QUSHU_LATE=late)
    finally:
        qushu.stop()


def test_a_budget_from_entering_to_the_public(tmp_path, browser):
    qushu = Qushu(tmp_path / "data")
    qushu.settle()
    officer(qushu, "budgeter", "budget_officer")
    officer(qushu, "decider", "budget_reviewer", "root")
    work = ROOT / "build" / "results" / "budgets"
    try:
        run("budgets.mjs", qushu, work)
    finally:
        qushu.stop()
    text = subprocess.run(["pdftotext", "-layout", work / "budget.pdf", "-"], capture_output=True, check=True).stdout.decode()
    assert "部门收支总表" in text and "300.00" in text and "网络运行经费" in text


def test_a_year_from_monitoring_to_what_is_handed_in(tmp_path, browser):
    qushu = Qushu(tmp_path / "data")
    qushu.settle()
    budgeter = officer(qushu, "budgeter", "budget_officer")
    officer(qushu, "decider", "budget_reviewer", "root")
    work = ROOT / "build" / "results" / "year_end"
    year = datetime.date.today().year
    promised = content(year)
    for goal in promised["goals"]:
        if goal["name"] == "租用链路":
            goal |= {"name": "租用线路", "indicator": "links_leased"}
    try:
        one = budgeter.post("/api/v1/budgets", {"department": "mzj", "year": year}, 201)
        budgeter.put(f"/api/v1/budgets/{one['id']}", {"revision": 1, "content": promised})
        budgeter.post(f"/api/v1/budgets/{one['id']}/submit", {})
        qushu.cli("budget", "approve", "mzj", str(year))
        run("year_end.mjs", qushu, work)
    finally:
        qushu.stop()
    text = subprocess.run(["pdftotext", "-layout", work / "evaluation.pdf", "-"], capture_output=True, check=True).stdout.decode()
    assert "项目支出绩效自评表" in text and "租用线路" in text and "网络系统运行经费" in text


def test_release_to_the_public(server, browser):
    catalogue(server, "release_page", "页面上开放的企业")
    run("release.mjs", server, ROOT / "build" / "results" / "release", QUSHU_TITLE="页面上开放的企业", QUSHU_CODE="release_page")


def test_the_public_portal(server, browser):
    opened(server, "portal_firms", "门户上的企业", tags=["经济", "企业"])
    catalogue(server, "portal_parks", "公园名录", content="名称,面积\n甲园,1.50\n乙园,2.25\n".encode(), entry={"classifications": ["209"], "abstract": "城市公园"})
    release(server, "portal_parks", ["名称", "面积"], title_en="Parks", abstract_en="City parks", excuses={})
    places = "站点,经度,纬度\n" + "".join(f"站{i},{116.3 + i % 12 * 0.013:.3f},{39.9 + i // 12 * 0.009:.3f}\n" for i in range(100))
    catalogue(server, "portal_places", "公交站点", content=places.encode())
    release(server, "portal_places", ["站点", "经度", "纬度"])
    run("portal.mjs", server, ROOT / "build" / "results" / "portal")


def test_harvesting_another_catalogue(tmp_path, browser):
    there = Qushu(tmp_path / "there").settle()
    here = Qushu(tmp_path / "here", settings={"sources.allow_loopback": "true", "opendata.harvest_private": "true"}).settle()
    try:
        opened(there, "firms", "邻区企业", tags=["经济"])
        opened(there, "shops", "邻区商铺", tags=["经济"])
        run("harvest.mjs", here, ROOT / "build" / "results" / "harvest", QUSHU_THERE=there.base)
    finally:
        here.stop()
        there.stop()

"""In a real browser, as people do it."""
import os
import pathlib
import subprocess

import pytest

from harness import PASSWORD, ROOT
from test_main_job import GBK

FOLDER = pathlib.Path(__file__).resolve().parent / "browser"


@pytest.fixture(scope="module")
def browser():
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def run(script, server, work, **more):
    work.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["node", script, server.base, str(work)], cwd=FOLDER, capture_output=True, text=True, timeout=400,
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
    waiting = server.caller("operator").upload("待发布.csv", GBK, dataset="pages_two", department="mzj")
    server.caller("operator").wait_import(waiting["id"], "ready")
    assert made["tables"][0]["version"] == 1
    proposals = steward.get("/api/v1/datasets/pages/quality/proposals")["proposals"]
    steward.post("/api/v1/datasets/pages/quality/rules", {"rules": [{k: p["rule"][k] for k in ("kind", "fields", "params")} for p in proposals]}, 201)
    server.cli("quality", "run", "pages", "--as", "steward")
    ticket = server.caller("reader").post("/api/v1/corrections", {"dataset": "pages", "wrong": "第三行的名称写错了"}, 201)
    run("pages.mjs", server, ROOT / "build" / "results" / "pages", QUSHU_CODE="pages", QUSHU_IMPORT=waiting["id"], QUSHU_TICKET=ticket["id"])

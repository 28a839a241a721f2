"""Checking published budget documents: command line, API, a PDF and a DOCX made here, and the page."""
import html
import io
import json
import os
import pathlib
import subprocess
import zipfile

import pytest

from harness import ROOT
from test_browser import browser, run  # noqa: F401  (the fixture that installs Playwright)

DOCUMENTS = ROOT / "src" / "budget" / "documents"
REAL = os.environ.get("QUSHU_REAL_DOCUMENT", "")
KINDS = {"sum", "balance", "year_on_year", "percent", "restated", "coverage", "promise"}

TITLE = "2024年部门预算公开\n第二部分 2024年部门预算表\n"
TABLE = [["支出总表"], ["单位：万元"], ["科目编码", "科目名称", "合计", "基本支出", "项目支出"],
         ["205", "教育支出", "1,200.50", "1,000.00", "200.50"], ["20502", "普通教育", "1,200.50", "1,000.00", "200.50"],
         ["208", "社会保障和就业支出", "80.00", "80.00", "0.00"], ["221", "住房保障支出", "60.00", "60.00", "0.00"],
         ["", "合计", "1,340.50", "1,140.00", "200.50"]]
TEXT = ["第三部分 2024年部门预算情况说明", "一、部门支出预算情况",
        "2024年支出预算1,340.50万元，比上年增加40.50万元，增长3.12%。其中：基本支出1,140.00万元，占85.04%；项目支出200.50万元，占14.96%。"]


def check(qushu, path, code, *more):
    done = subprocess.run(qushu.arguments("budget", "check", str(path), *more), capture_output=True, text=True, timeout=60,
                          env={**qushu.environment, "QUSHU_LANG": "zh"})
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done


def docx(paragraphs, table):
    def paragraph(text):
        return f'<w:p><w:r><w:t xml:space="preserve">{html.escape(text)}</w:t></w:r></w:p>'
    rows = "".join("<w:tr>" + "".join(f"<w:tc>{paragraph(c)}</w:tc>" for c in row) + "</w:tr>" for row in table)
    body = "".join(paragraph(p) for p in TITLE.splitlines() + [table[0][0], table[1][0]])
    xml = ('<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
           f'{body}<w:tbl>{rows.split("</w:tr>", 2)[2]}</w:tbl>{"".join(paragraph(p) for p in paragraphs)}</w:body></w:document>')
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", xml)
    return out.getvalue()


def pdf(folder, paragraphs, table):
    """Printed by Chromium, as a person would."""
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in table[2:])
    page = folder / "page.html"
    page.write_text('<meta charset="utf-8"><style>body{font:14px "Noto Sans CJK SC"} td{border:1px solid;padding:4px 14px} td:nth-child(n+3){text-align:right}</style>'
                    + "".join(f"<p>{p}</p>" for p in TITLE.splitlines()) + f"<h3>{table[0][0]}</h3><p>{table[1][0]}</p><table>{rows}</table>"
                    + "".join(f"<p>{p}</p>" for p in paragraphs), encoding="utf-8")
    out = folder / "page.pdf"
    subprocess.run(["/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={folder}/chromium",
                    f"--print-to-pdf={out}", page.as_uri()], check=True, capture_output=True, timeout=120)
    return out.read_bytes()


def test_exit_codes_and_what_is_said(server, tmp_path):
    sound = DOCUMENTS / "bureau-2024.txt"
    done = check(server, sound, 0)
    assert "发现 0 处疑点" in done.stdout
    told = json.loads(check(server, sound, 0, "--format", "json").stdout)
    assert told["findings"] == [] and told["checked"] > 50 and told["document"] == sound.name and told["figures"] > told["checked"] / 2

    wrong = tmp_path / "错误.txt"
    lines = sound.read_text().splitlines()
    number = next(i for i, line in enumerate(lines) if line.startswith("2024年机关运行经费"))
    lines[number] = lines[number].replace("下降5.00%", "下降6.00%")
    wrong.write_text("\n".join(lines))
    told = json.loads(check(server, wrong, 1, "--format", "json").stdout)
    assert {"document", "figures", "checked", "findings"} <= set(told)
    (found,) = told["findings"]
    assert {"kind", "severity", "message", "places", "expected", "found"} <= set(found)
    assert found["kind"] == "year_on_year" and found["expected"] == "5.00" and found["found"] == "6.00"
    assert found["places"][0]["line"] == number + 1 and "6.00%" in found["places"][0]["text"]
    said = check(server, wrong, 1).stdout
    assert f"第 {number + 1} 行" in said and "应为 5.00" in said
    english = subprocess.run(server.arguments("--json", "budget", "check", str(wrong)), capture_output=True, text=True, env={**server.environment, "QUSHU_LANG": "en"})
    assert english.returncode == 1 and "text says" in json.loads(english.stdout)["findings"][0]["message"]


def test_files_that_cannot_be_read(server, tmp_path):
    cases = {"空.txt": (b"", "空"), "空白.txt": "  \n　\n".encode(), "图.png": b"\x89PNG\r\n\x1a\n\0\0\0\r\0\1\2\3\4",
             "旧.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "坏.pdf": b"%PDF-1.7\nnothing\n%%EOF", "坏.docx": b"PK\x03\x04broken"}
    words = {"空.txt": "空", "空白.txt": "没有文字", "图.png": "PDF、DOCX", "旧.doc": ".docx", "坏.pdf": "PDF", "坏.docx": "损坏"}
    for name, content in cases.items():
        path = tmp_path / name
        path.write_bytes(content[0] if isinstance(content, tuple) else content)
        assert words[name] in check(server, path, 2).stderr, name
    assert "不存在" in check(server, tmp_path / "没有.pdf", 2).stderr
    assert "无法打开" in check(server, tmp_path, 2).stderr
    big = tmp_path / "大.txt"
    big.write_bytes("本年支出 100 万元。\n".encode() * 200)
    assert "budget.document_size" in check(server, big, 2, "--set", "budget.document_size=2KiB").stderr


@pytest.mark.parametrize("form", ["pdf", "docx"])
def test_a_pdf_and_a_docx(server, tmp_path, form):
    def make(paragraphs, table):
        return docx(paragraphs, table) if form == "docx" else pdf(tmp_path, paragraphs, table)
    path = tmp_path / f"预算.{form}"
    path.write_bytes(make(TEXT, TABLE))
    told = json.loads(check(server, path, 0, "--format", "json").stdout)
    assert told["checked"] >= 10, told
    # A cell, a sum and a sentence.
    table = [list(row) for row in TABLE]
    table[6][2] = table[6][3] = "66.00"
    path.write_bytes(make(TEXT, table))
    told = json.loads(check(server, path, 1, "--format", "json").stdout)
    assert "sum" in {f["kind"] for f in told["findings"]}, told
    assert any("66.00" in p["text"] for f in told["findings"] for p in f["places"]), told
    path.write_bytes(make([TEXT[0], TEXT[1], TEXT[2].replace("增长3.12%", "增长2.13%")], TABLE))
    told = json.loads(check(server, path, 1, "--format", "json").stdout)
    assert [f["kind"] for f in told["findings"]] == ["year_on_year"], told
    assert told["findings"][0]["expected"] == "3.12"


def test_a_pdf_without_text(server, tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<div style="width:100px;height:100px;background:#999"></div>')
    out = tmp_path / "扫描件.pdf"
    subprocess.run(["/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={tmp_path}/chromium",
                    f"--print-to-pdf={out}", page.as_uri()], check=True, capture_output=True, timeout=120)
    assert "扫描件" in check(server, out, 2).stderr


def test_over_http(server):
    content = (DOCUMENTS / "final-account-2023.txt").read_bytes().replace("下降6.23%".encode(), "下降6.93%".encode())
    reader = server.caller("reader")
    told = reader.upload_to("/api/v1/budget/check", "../决算\n公开.txt", content, 200)
    assert told["document"] == "决算公开.txt" and told["year"] == 2023 and told["final_account"] and told["format"] == "text"
    assert told["lines"] == content.decode().splitlines()
    (found,) = told["findings"]
    assert found["kind"] in KINDS and found["found"] == "6.93" and found["unit"] == "%"
    for place in found["places"]:
        assert place["text"].split()[0] in told["lines"][place["line"] - 1]
    # A file it cannot read, one too large, and nobody.
    wrong = reader.call("POST", "/api/v1/budget/check", data=b"\x89PNG\r\n\x1a\n\0\0\0\r", headers={"Content-Type": "application/octet-stream"})
    assert wrong.status_code == 422 and wrong.json()["id"] == "budget.binary"
    admin = server.caller("sysadmin")
    limit = admin.call("PUT", "/api/v1/settings/budget.document_size", json={"value": "4KiB"})
    assert limit.status_code == 200, limit.text
    large = reader.call("POST", "/api/v1/budget/check", data=content, headers={"Content-Type": "application/octet-stream"})
    assert large.status_code == 413 and "budget.document_size" in large.json()["detail"], large.text
    assert admin.call("PUT", "/api/v1/settings/budget.document_size", json={"value": "32MiB"}).status_code == 200
    assert server.caller().call("POST", "/api/v1/budget/check", data=content).status_code == 401


@pytest.mark.skipif(not REAL or not pathlib.Path(REAL).exists(), reason="QUSHU_REAL_DOCUMENT names no document")
def test_the_real_document(server):
    told = json.loads(check(server, REAL, 1, "--format", "json").stdout)
    kinds = sorted(f["kind"] for f in told["findings"])
    assert kinds == ["coverage", "promise", "restated", "year_on_year", "year_on_year", "year_on_year"], told["findings"]
    assert sum("2019" in f["message"] for f in told["findings"] if f["kind"] == "year_on_year") == 3


def test_the_page(server, browser, tmp_path):  # noqa: F811
    sound = DOCUMENTS / "centre-2022.txt"
    wrong = tmp_path / "某单位预算公开.txt"
    text = (DOCUMENTS / "final-account-2023.txt").read_text()
    wrong.write_text(text.replace("下降6.23%", "下降6.93%").replace("服务支出60.00万元", "服务支出66.00万元").replace("离休1人，退休17人", "离休2人，退休17人"))
    run("budget.mjs", server, ROOT / "build" / "results" / "budget", QUSHU_DOCUMENT=str(wrong), QUSHU_SOUND=str(sound))

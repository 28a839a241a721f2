"""Records and lists on paper: forms of the definition and the one that follows from its layout, rights, audit, mistakes."""
import io
import subprocess
import zipfile

import pytest

from harness import Failed

TRIP = """register: trips
name: {zh: 出差登记, en: Trips}
number: CC-{year}-{seq:3}
fields:
  - {name: subject, label: {zh: 事由, en: Subject}, type: text, required: true}
  - {name: cost, label: {zh: 费用, en: Cost}, type: money}
  - {name: days, label: {zh: 天数, en: Days}, type: number, unit: {zh: 天, en: days}}
  - {name: report, label: {zh: 报告, en: Report}, type: long_text}
  - {name: ticket, label: {zh: 票据, en: Tickets}, type: attachment}
states:
  - {name: asked, label: {zh: 待批, en: Asked}}
  - {name: agreed, label: {zh: 已批, en: Agreed}, final: true}
transitions:
  - {name: agree, label: {zh: 批准, en: Agree}, from: [asked], to: agreed, who: [own]}
views:
  - {name: all, label: {zh: 全部, en: All}, columns: [number, subject, state, days, cost, created]}
  - {name: agreed, label: {zh: 已批, en: Agreed}, where: [{field: state, value: agreed}], columns: [number, subject, cost]}
form:
  - {section: {zh: 申请, en: Request}, fields: [subject, days, cost]}
  - {section: {zh: 结果, en: Result}, fields: [report, ticket]}
permissions: {see: [own], create: [everyone], edit: [own]}
"""
FORMS = """print:
  - name: slip
    label: {zh: 审批单, en: Slip}
    title: {zh: 出差审批单, en: Approval of a trip}
    across: 3
    sections:
      - {section: {zh: 申请, en: Request}, fields: [subject, days, cost, ticket]}
      - {section: {zh: 经过, en: Steps}, history: true}
    signatures: [{label: {zh: 申请人, en: Asked by}}, {label: {zh: 批准人, en: Agreed by}}, {label: {zh: 财务, en: Finance}}]
    note: {zh: 一式两份, en: In two copies}
  - name: companions
    label: {zh: 同行人员, en: Companions}
    paper: landscape
    sections:
      - section: {zh: 同行人员, en: Companions}
        columns: [{label: {zh: 姓名, en: Name}}, {label: {zh: 签名, en: Signature}, width: 3}]
        lines: 60
"""
AT = "/api/v1/registers/trips"


def text(pdf):
    assert pdf[:5] == b"%PDF-"
    return subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()


def cells(book):
    return zipfile.ZipFile(io.BytesIO(book)).read("xl/sharedStrings.xml").decode()


@pytest.fixture(scope="module")
def world(district):
    operator, reader = district.caller("operator"), district.caller("reader")
    operator.post("/api/v1/registers", {"yaml": TRIP})
    made = reader.post(f"{AT}/records", {"values": {"subject": "全国数据工作会议", "cost": "1234567.5", "days": "3", "report": "学习了经验。" * 300}}, 201)
    reader.call("POST", f"{AT}/records/{made['id']}/files", params={"name": "车票 1.jpg", "field": "ticket"}, data=b"x", headers={"Content-Type": "application/octet-stream"})
    return district, operator, reader, made


def got(who, path, status=200, **params):
    answer = who.call("GET", path, params=params)
    assert answer.status_code == status, answer.text
    return answer


def test_without_a_form_the_layout_is_printed(world):
    _, _, reader, made = world
    answer = got(reader, f"{AT}/records/{made['id']}/print.pdf")
    assert answer.headers["Content-Type"] == "application/pdf" and "attachment" in answer.headers["Content-Disposition"]
    page = text(answer.content)
    for expected in ("出差登记", made["number"], "全国数据工作会议", "1,234,567.50", "天数（天）", "车票 1.jpg", "申请", "结果", "待批", "民政局数据使用员"):
        assert expected in page, expected
    assert page.count("学习了经验") > 250 and page.count("（续）") >= 0
    english = text(reader.call("GET", f"{AT}/records/{made['id']}/print.pdf", headers={"Accept-Language": "en"}).content)
    assert "Trips" in english and "Days (days)" in english and "Request" in english and "申请" not in english
    assert "1234567.5" in zipfile.ZipFile(io.BytesIO(got(reader, f"{AT}/records/{made['id']}/print.xlsx").content)).read("xl/worksheets/sheet1.xml").decode()


def test_forms_of_the_definition(world, tmp_path):
    district, operator, reader, made = world
    operator.post("/api/v1/registers", {"yaml": TRIP + FORMS})
    assert [f["label"] for f in reader.get(AT)["print"]] == ["审批单", "同行人员"]
    at = f"{AT}/records/{made['id']}"
    reader.post(f"{at}/move", {"transition": "agree", "comment": "同意出差"})
    page = text(got(reader, f"{at}/print.pdf").content)
    for expected in ("出差审批单", "批准", "同意出差", "申请人", "批准人", "财务", "一式两份", "年", "经过"):
        assert expected in page, expected
    assert "学习了经验" not in page  # not a field of this form
    companions = got(reader, f"{at}/print.pdf", form="companions").content
    assert "同行人员（续）" in text(companions) and "60" in text(companions)
    info = subprocess.run(["pdfinfo", "-"], input=companions, capture_output=True, check=True).stdout.decode()
    assert "841.89 x 595.276" in info, info  # A4 lying
    (tmp_path / "a.pdf").write_bytes(companions)
    fonts = subprocess.run(["pdffonts", tmp_path / "a.pdf"], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert fonts and all(" yes " in f for f in fonts), fonts
    assert "同意出差" in cells(got(reader, f"{at}/print.xlsx", form="slip").content)
    told = got(reader, f"{at}/print.pdf", 404, form="nosuch").json()
    assert told["id"] == "register.print_form" and "slip, companions" in told["detail"], told


def test_who_may_and_what_is_kept(world):
    district, _, reader, made = world
    stranger = district.caller("stranger")
    got(stranger, f"{AT}/records/{made['id']}/print.pdf", 404)
    assert "全国数据工作会议" not in text(got(stranger, f"{AT}/print.pdf").content)
    entries = district.caller("auditadmin").get("/api/v1/audit", object_kind="record", object_id=made["id"])["entries"]
    printed = [e for e in entries if e["action"] == "record.print"]
    assert printed and printed[0]["detail"]["form"] == "slip" and printed[0]["detail"]["format"] == "xlsx", entries[:3]
    assert "卫健委数据使用员" not in str(printed)


def test_lists(world):
    _, operator, reader, _ = world
    for i in range(120):
        reader.post(f"{AT}/records", {"values": {"subject": f"第{i}次调研", "cost": f"{i}.10"}}, 201)
    pdf = got(reader, f"{AT}/print.pdf", _view="all", _sort="number").content
    pages = text(pdf).split("\f")
    assert len(pages) > 3 and all("事由" in p and "费用（元）" in p for p in pages if p.strip()), len(pages)
    assert "共 121 条" in pages[0] and "第119次调研" in text(pdf)
    agreed = text(got(reader, f"{AT}/print.pdf", _view="agreed").content)
    assert "全国数据工作会议" in agreed and "次调研" not in agreed and "天数" not in agreed
    assert "第7次调研" in cells(got(reader, f"{AT}/print.xlsx", subject__contains="第7次").content)
    assert got(reader, f"{AT}/print.pdf", 422, nosuch="1").json()["subject"] == "nosuch"


def test_mistakes_are_told_with_their_place(world):
    _, operator, *_ = world
    def told(yaml):
        return [(m["line"], m["key"]) for m in operator.post("/api/v1/registers/check", {"yaml": TRIP + yaml})["mistakes"]]
    line = TRIP.count("\n")
    assert told(FORMS.replace("[subject, days, cost, ticket]", "[subject, dayz]")) == [(line + 7, "print[0].sections[0].fields")]
    assert told(FORMS.replace("paper: landscape", "paper: a3")) == [(line + 13, "print[1].paper")]
    assert told(FORMS.replace("across: 3", "across: 9")) == [(line + 5, "print[0].across")]
    assert told(FORMS.replace("name: companions", "name: slip")) == [(line + 11, "print[1].name")]
    assert told(FORMS.replace("        lines: 60\n", "")) == [(line + 15, "print[1].sections[0].lines")]
    assert told(FORMS.replace("history: true", "histori: true"))[0][1].startswith("print[0].sections[1]")


def test_the_command_line(world, tmp_path):
    district, _, _, made = world
    out = tmp_path / "slip.pdf"
    assert "已打印" in district.cli("register", "print", "trips", made["number"], "--output", out, "--as", "reader")
    assert "出差审批单" in text(out.read_bytes())
    district.cli("register", "print", "trips", made["number"], "--form", "slip", "-o", tmp_path / "slip.xlsx", "--as", "reader")
    assert "同意出差" in cells((tmp_path / "slip.xlsx").read_bytes())
    district.cli("register", "print", "trips", "-o", tmp_path / "list.pdf", "--filter", "_view=agreed", "--as", "reader")
    assert "全国数据工作会议" in text((tmp_path / "list.pdf").read_bytes())
    with pytest.raises(Failed) as failed:
        district.cli("register", "print", "trips", made["number"], "-o", tmp_path / "x.pdf", "--as", "stranger")
    assert "没有" in failed.value.err
    with pytest.raises(Failed):
        district.cli("register", "print", "trips", made["number"], "-o", tmp_path / "no" / "x.pdf", "--as", "reader")


def test_every_form_that_comes_with_the_program(world):
    district, *_ = world
    operator = district.caller("operator")
    for code in ("contracts", "equipment", "activities"):
        values = {"contracts": {"name": "机房运维", "kind": "operation", "party": "某运维公司", "amount": "100"},
                  "equipment": {"name": "交换机", "quantity": 2, "price": "500"},
                  "activities": {"name": "普法讲座", "kind": "legal", "planned_on": "2026-12-01"}}[code]
        made = operator.post(f"/api/v1/registers/{code}/records", {"values": values}, 201)
        forms = operator.get(f"/api/v1/registers/{code}")["print"]
        assert forms[0]["name"] != "form"
        for form in forms:
            assert values["name"] in text(got(operator, f"/api/v1/registers/{code}/records/{made['id']}/print.pdf", form=form["name"]).content)

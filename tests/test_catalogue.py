"""The catalogue by the national guide, as a steward, a reviewer and a stranger meet it: over HTTP and on the command line."""
import csv
import html
import io
import re
import zipfile

import pytest

from harness import Failed, until

PEOPLE_CSV = ("身份证号,户主,救助金额（元）\n" + "".join(
    f"{n},{name},{i * 100}\n" for i, (n, name) in enumerate([("11010519491231002X", "张三"), ("440524188001010014", "李四"),
                                                             ("11010519491231002X", "王五")]))).encode()
ENTRY = {
    "abstract": "领取救助金的困难群众名册", "provider_code": "11110000000000000A", "format": "database", "classifications": ["203"],
    "sharing_condition": "仅用于救助审核", "sharing_method": "service", "open_type": "none",
    "secrecy": {"conclusion": "pass", "by": "张三", "on": "2026-11-20"},
    "personal": {"conclusion": "measures", "by": "李四", "on": "2026-11-20", "note": "身份证号脱敏"},
    "approval": {"by": "王局长", "on": "2026-11-21"},
}


def step(caller, code, action, comment="", status=200):
    return caller.post(f"/api/v1/datasets/{code}/entry/steps", {"action": action, "comment": comment}, status)


def complete(steward, code):
    steward.patch(f"/api/v1/datasets/{code}/entry", ENTRY)
    grades = steward.get(f"/api/v1/datasets/{code}/grading")["fields"]
    return steward.post(f"/api/v1/datasets/{code}/grading", {"levels": {g["id"]: g["proposed"] for g in grades}})


def titles(caller, text, **more):
    return [d["title"] for d in caller.get("/api/v1/datasets", text=text, **more)["datasets"]]


def test_the_whole_life_of_an_entry(district):
    steward, reviewer, stranger = (district.caller(n) for n in ("steward", "reviewer", "stranger"))
    # Registered before there are data.
    made = steward.post("/api/v1/datasets", {"title": "困难群众救助名册", "code": "relief", "department_id": "mzj"}, 201)
    assert made["entry_state"] == "draft" and made["state"] == "draft" and made["version"] == 0
    assert step(steward, "relief", "submit", status=422)["id"] == "entry.incomplete"
    steward.bring_in("救助.csv", PEOPLE_CSV, dataset="relief")
    grades = {g["name"]: g for g in steward.get("/api/v1/datasets/relief/grading")["fields"]}
    assert grades["身份证号"]["proposed"] == "3" and grades["身份证号"]["matched"] == 3 and "校验" in grades["身份证号"]["reason"]
    assert grades["户主"]["category"] == "person_name"
    now = complete(steward, "relief")
    assert now["missing"] == [] and now["entry"]["level"] == "3"
    items = {i["name"]: i for i in now["entry"]["items"]}
    assert items["身份证号"]["type"] == "C" and items["身份证号"]["level_by"] == "民政局数据管理员"

    # Return, again, register, publish; nobody else knows of it until then.
    step(steward, "relief", "submit")
    assert steward.patch("/api/v1/datasets/relief/entry", {"abstract": "x"}, 409)["id"] == "entry.under_review"
    queue = reviewer.get("/api/v1/reviews")["reviews"]
    assert [r["code"] for r in queue] == ["relief"] and queue[0]["person_name"] == "民政局数据管理员"
    assert [w["link"] for w in reviewer.get("/api/v1/home")["waiting"]] == ["/datasets/relief?tab=entry"]
    step(reviewer, "relief", "return", status=422)
    step(steward, "relief", "register", status=403)
    step(reviewer, "relief", "return", "摘要写清范围")
    assert any(w["kind"] == "entry_returned" for w in steward.get("/api/v1/home")["waiting"])
    steward.patch("/api/v1/datasets/relief/entry", {"abstract": "全区领取救助金的困难群众名册"})
    step(steward, "relief", "submit")
    registered = step(reviewer, "relief", "register", "同意")
    assert registered["resource_code"] == "203000/000001" and registered["state"] == "registered"
    assert titles(stranger, "救助") == []
    stranger.get("/api/v1/datasets/relief/entry", 404)
    step(steward, "relief", "submit")
    step(reviewer, "relief", "publish")

    # The public face, and no row behind it.
    assert titles(stranger, "救助") == ["困难群众救助名册"] == titles(stranger, "knqz") == titles(stranger, "jiuzhu")
    seen = stranger.get("/api/v1/datasets/relief")
    assert seen["by_entry"] and not seen["may_read"] and seen["rows"] == 0 and seen["readers"] == []
    assert stranger.get("/api/v1/datasets/relief/entry/published")["entry"]["resource_code"] == "203000/000001"
    for path in ("rows", "versions", "profile", "rejects"):
        stranger.get(f"/api/v1/datasets/relief/{path}", 404)
    stranger.get("/api/v1/datasets/relief/entry", 403)
    for path in ("rows", "versions"):
        reviewer.get(f"/api/v1/datasets/relief/{path}", 404)

    # A change is a revision; the face stays until it is published.
    steward.patch("/api/v1/datasets/relief", {"title": "困难群众名册二"})
    assert steward.get("/api/v1/datasets/relief/entry")["state"] == "draft"
    assert titles(stranger, "困难") == ["困难群众救助名册"] and titles(stranger, "名册二") == []
    complete(steward, "relief")
    for caller, action in ((steward, "submit"), (reviewer, "register"), (steward, "submit"), (reviewer, "publish")):
        step(caller, "relief", action)
    assert titles(stranger, "名册二") == ["困难群众名册二"]
    changed = {d["member"]: d for d in steward.get("/api/v1/datasets/relief/entry/differences", **{"from": 2, "to": 4})["differences"]}
    assert changed["title"]["before"] == "困难群众救助名册" and changed["title"]["after"] == "困难群众名册二"
    # 2 and 4 are publications: a stranger sees the last one, not what came before.
    stranger.get("/api/v1/datasets/relief/entry/versions/4")
    stranger.get("/api/v1/datasets/relief/entry/versions/2", 403)
    step(reviewer, "relief", "unpublish", "职责调整")
    assert titles(stranger, "名册") == []
    log = [s["action"] for s in steward.get("/api/v1/datasets/relief/entry")["steps"]]
    assert log[0] == "unpublish" and log.count("publish") == 2 and "return" in log and "revise" in log
    actions = {e["action"] for e in district.caller("auditadmin").get("/api/v1/audit", action="entry.", limit=100)["entries"]}
    assert {"entry.submit", "entry.return", "entry.register", "entry.publish", "entry.unpublish", "entry.change", "entry.grade"} <= actions


def test_search_knows_pinyin_facets_and_marks(district):
    steward = district.caller("steward")
    for code, title, tags in (("search_a", "企业登记信息", ["经济"]), ("search_b", "企业年报", []), ("search_c", "公园绿地", ["城市"])):
        steward.post("/api/v1/datasets", {"code": code, "title": title, "tags": tags, "department_id": "mzj",
                                          "fields": [{"name": "统一社会信用代码"}, {"name": "备注", "type": "text"}]}, 201)
    assert titles(steward, "企业登记") == titles(steward, "qydj") == titles(steward, "qiye dengji") == ["企业登记信息"]
    assert set(titles(steward, "企业")) == {"企业登记信息", "企业年报"}
    assert set(titles(steward, "tyshxydm")) >= {"企业登记信息", "企业年报", "公园绿地"}
    found = steward.get("/api/v1/datasets", text="登记")
    assert found["datasets"][0]["highlight"]["title"] == [[2, 4]]
    assert {f["value"] for f in found["facets"]["entry_state"]} == {"draft"}
    steward.patch("/api/v1/datasets/search_c/entry", {"classifications": ["209"]})
    facet = {f["value"]: f["count"] for f in steward.get("/api/v1/datasets")["facets"]["classification"]}
    assert facet["209"] >= 1 and facet["2"] >= facet["209"]
    assert titles(steward, "", classification="209") == ["公园绿地"]
    for text in ("%", "*", "\"", "AND OR NOT", "企业 AND 登记", "title:企业", "()"):
        steward.get("/api/v1/datasets", text=text)
    # What was changed by the command line is found by the server: at once, or on PostgreSQL within a quarter of a second.
    if district.process:
        district.cli("import", _file(district, "街道清单.csv", "编号,街道\n1,甲\n"), "--dataset", "streets", "--department", "mzj")
        assert until(lambda: titles(steward, "jdqd")) == ["街道清单"]
    assert [d["code"] for d in district.json("dataset", "list", "jiedao")] == ["streets"]
    # Nothing of it for a stranger: neither rows nor counts.
    other = district.caller("stranger").get("/api/v1/datasets", text="企业")
    assert other["total"] == 0 and all(not v for v in other["facets"].values())


def _file(district, name, text):
    path = district.data.parent / name
    path.write_text(text)
    return path


def test_the_spreadsheet_goes_round_and_its_flaws_are_told(district, tmp_path):
    steward = district.caller("steward")
    header = ["类", "项", "信息资源名称", "信息资源提供方", "信息资源摘要", "信息资源格式", "信息项名称", "数据类型", "数据长度", "信息项级别", "共享类型", "共享条件", "更新周期"]
    rows = [
        ["主题信息资源", "社会保障", "养老机构", "区民政局", "全区养老机构", "3", "机构名称", "C", "100", "1", "有条件共享", "按需", "每月"],
        ["", "", "", "", "", "", "床位数", "整型", "", "1", "", "", ""],
        ["主题信息资源", "没有的项", "坏分类", "区民政局", "", "3", "甲", "C", "", "", "", "", ""],
        ["", "", "坏格式", "区民政局", "", "纸质", "甲", "Q", "x", "", "", "", ""],
        ["", "", "别人的", "区卫生健康委", "", "3", "甲", "C", "", "", "", "", ""],
        ["", "", "没有的部门的", "区不存在局", "", "3", "甲", "C", "", "", "", "", ""],
    ]
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    made = steward.upload_to("/api/v1/catalog/imports", "目录.csv", text.getvalue().encode("utf-8-sig"))
    assert [t["title"] for t in made["taken"]] == ["养老机构"] and made["taken"][0]["added"] and made["refused"] == 4
    told = {(e["row"], e["column"], e["value"]) for e in made["errors"]}
    assert {(4, "项", "没有的项"), (5, "信息资源格式", "纸质"), (5, "数据类型", "Q"), (5, "数据长度", "x")} <= told, told
    assert {e["row"] for e in made["errors"]} == {4, 5, 6, 7} and all(e["expected"] for e in made["errors"])
    got = steward.call("GET", f"/api/v1/catalog/imports/{made['id']}/errors.csv")
    assert got.status_code == 200 and got.content.startswith(b"\xef\xbb\xbf") and "纸质" in got.text
    district.caller("rival").get(f"/api/v1/catalog/imports/{made['id']}/errors.csv", 404)
    code = made["taken"][0]["code"]
    entry = steward.get(f"/api/v1/datasets/{code}/entry")["entry"]
    assert [(i["name"], i["type"], i["length"], i["planned"]) for i in entry["items"]] == [("机构名称", "C", 100, True), ("床位数", "I", 0, True)]
    assert entry["classifications"] == ["203"] and entry["update_cycle"] == "monthly"
    # Out as XLSX and in again: nothing differs.
    book = steward.call("GET", "/api/v1/catalog/export.xlsx", params={"text": "养老机构"})
    assert book.status_code == 200 and book.content[:2] == b"PK"
    assert "mergeCell" in zipfile.ZipFile(io.BytesIO(book.content)).read("xl/worksheets/sheet1.xml").decode()
    again = steward.upload_to("/api/v1/catalog/imports", "目录.xlsx", book.content)
    assert again["errors"] == [] and [t["added"] for t in again["taken"]] == [False], again
    after = steward.get(f"/api/v1/datasets/{code}/entry")["entry"]
    assert after == entry
    # The same by command.
    target = tmp_path / "out.xlsx"
    assert district.json("catalog", "export", target, "--text", "养老机构")["resources"] == 1
    assert district.json("catalog", "import", target)["refused"] == 0
    district.cli("catalog", "export", target, "--empty")
    bad = tmp_path / "坏.csv"
    bad.write_text(text.getvalue())
    with pytest.raises(Failed) as failed:
        district.cli("--as", "steward", "catalog", "import", bad)
    assert failed.value.code == 3 and "没有的项" in failed.value.out
    for content, name in ((b"a,b\n1,2\n", "别的.csv"), (b"PK\x03\x04 broken", "坏.xlsx"), (b"", "空.csv")):
        got = steward.call("POST", "/api/v1/catalog/imports", params={"name": name}, data=content,
                           headers={"Content-Type": "application/octet-stream"})
        assert got.status_code == 422 and re.search("[\u4e00-\u9fff]", got.json()["detail"]), (name, got.text)


def test_the_classification_is_kept_by_the_authority(district):
    steward, reviewer = district.caller("steward"), district.caller("reviewer")
    made = reviewer.post("/api/v1/classification", {"parent_id": "301", "code": "901", "name": "民政协会"}, 201)
    assert made["full_code"] == "301901" and made["depth"] == 2
    reviewer.post("/api/v1/classification", {"parent_id": "301", "code": "901", "name": "别的"}, 409)
    reviewer.post("/api/v1/classification", {"parent_id": "301", "code": "1", "name": "别的"}, 422)
    steward.post("/api/v1/datasets", {"code": "classed", "title": "分类用", "department_id": "mzj"}, 201)
    steward.patch("/api/v1/datasets/classed/entry", {"classifications": [made["id"]]})
    assert reviewer.delete(f"/api/v1/classification/{made['id']}", 409)["id"] == "classification.used"
    assert reviewer.patch(f"/api/v1/classification/{made['id']}", {"name": "区民政协会", "retired": True})["retired"]
    nodes = {n["id"]: n for n in district.json("catalog", "classification")}
    assert nodes[made["id"]]["entries"] == 1 and nodes["1"]["name"] == "基础信息资源"
    # The departments are there by themselves, and keep up.
    sysadmin = district.caller("sysadmin")
    departments = {d["id"]: d for d in sysadmin.get("/api/v1/departments")["departments"]}
    def followed():
        return {n["department_id"]: n for n in reviewer.get("/api/v1/classification")["nodes"] if n["department_id"] and not n["retired"]}
    assert {i: n["name"] for i, n in followed().items()} == {i: d["name"] for i, d in departments.items()}
    assert all(n["path"].startswith("部门信息资源 › 区级部门 › ") and n["depth"] == 2 for n in followed().values())
    root = next(d["id"] for d in departments.values() if not d["parent_id"])
    new = sysadmin.post("/api/v1/departments", {"code": "ylj", "name": "区园林局", "parent_id": root}, 201)
    node = followed()[new["id"]]
    assert node["name"] == "区园林局"
    sysadmin.patch(f"/api/v1/departments/{new['id']}", {"name": "区园林绿化局"})
    assert followed()[new["id"]] == {**node, "name": "区园林绿化局", "path": node["path"].replace("园林局", "园林绿化局")}
    reviewer.patch(f"/api/v1/classification/{node['id']}", {"name": "别的名字"}, 409)
    reviewer.delete(f"/api/v1/classification/{node['id']}", 409)
    assert reviewer.patch(f"/api/v1/classification/{node['id']}", {"code": "888"})["full_code"] == "301888"
    sysadmin.delete(f"/api/v1/departments/{new['id']}")
    assert new["id"] not in followed()
    # A dataset is found under its department without having been classified there.
    mzj = next(d["id"] for d in departments.values() if d["code"] == "mzj")
    own = followed()[mzj]
    under = steward.get("/api/v1/datasets", classification=own["id"], limit=100)
    assert "classed" in {d["code"] for d in under["datasets"]} and under["total"] == own["entries"]
    assert {f["value"]: f["count"] for f in under["facets"]["classification"]}[own["id"]] == under["total"]
    assert steward.patch("/api/v1/datasets/classed/entry", {"classifications": [own["id"]]})["entry"]["classifications"] == [own["id"]]
    assert "nosuch" in steward.patch("/api/v1/datasets/classed/entry", {"items": [{"id": "nosuch", "type": "C"}]}, 422)["detail"]


def test_the_steps_by_command(district):
    steward = district.caller("steward")
    steward.post("/api/v1/datasets", {"code": "by_command", "title": "命令行办理", "department_id": "mzj", "fields": [{"name": "名称"}]}, 201)
    with pytest.raises(Failed) as failed:
        district.cli("--as", "steward", "catalog", "step", "by_command", "submit")
    assert failed.value.code == 3 and "分类" in district.cli("--as", "steward", "catalog", "show", "by_command")
    steward.patch("/api/v1/datasets/by_command/entry", ENTRY)
    district.cli("--as", "steward", "catalog", "grade", "by_command", "--apply")
    district.cli("--as", "steward", "catalog", "step", "by_command", "submit")
    assert "by_command" in [r["code"] for r in district.json("--as", "reviewer", "catalog", "reviews")]
    assert district.json("--as", "steward", "catalog", "add", "命令行登记", "--department", "mzj")["code"] == "ming_ling_xing_deng_ji"
    with pytest.raises(Failed) as failed:
        district.cli("--as", "steward", "catalog", "step", "by_command", "register")
    assert failed.value.code == 5
    assert district.json("--as", "reviewer", "catalog", "step", "by_command", "register")["state"] == "registered"
    assert district.json("--as", "steward", "catalog", "diff", "by_command", "1") == []


# Every core metadata field of the compilation guide: the column of its form, what is written, how the form shows it. `via`:
# what it follows from instead of being written.
RESOURCE_FIELDS = [
    ("classifications", ["203"], {"类": "主题信息资源", "项": "社会保障"}),
    ("title", "核心元数据全项", {"信息资源名称": "核心元数据全项"}),
    ("provider_code", "11110000000000001B", {"提供方代码": "11110000000000001B"}),
    ("abstract", "覆盖指南要求的每一项", {"信息资源摘要": "覆盖指南要求的每一项"}),
    ("format", "spreadsheet", {"信息资源格式": "电子表格"}),
    ("sharing_type", "conditional", {"共享类型": "有条件共享"}),
    ("sharing_condition", "仅限救助审核", {"共享条件": "仅限救助审核"}),
    ("sharing_method", "file", {"共享方式": "文件下载"}),
    ("not_shared_reason", "另有规定的部分不予共享", {"不予共享理由": "另有规定的部分不予共享"}),
    ("not_shared_basis", "某法第三条", {"不予共享依据": "某法第三条"}),
    ("open_type", "conditional", {"开放属性": "有条件开放"}),
    ("open_condition", "脱敏后", {"开放条件": "脱敏后"}),
    ("update_cycle", "quarterly", {"更新周期": "每季度"}),
    ("published_on", "2026-11-20", {"发布日期": "2026-11-20"}),
    ("related", ["203000/000009", "101000/000002"], {"关联资源代码": "203000/000009、101000/000002"}),
    ("theme", "社会救助", {"主题词": "社会救助"}),
    ("tags", ["民生", "救助"], {"标签": "民生、救助"}),
]
ITEM_FIELDS = [
    ("name", "对象编号", {"信息项名称": "对象编号"}),
    ("english", "subject_no", {"英文名称": "subject_no"}),
    ("type", "N", {"数据类型": "数值型"}),
    ("length", 12, {"数据长度": "12"}),
    ("description", "由系统编定", {"信息项说明": "由系统编定"}),
    ("level", "3", {"信息项级别": "一般数据 3 级"}),
    ("sharing_type", "none", {"信息项共享类型": "不予共享"}),
    ("sharing_condition", "无", {"信息项共享条件": "无"}),
    ("open_type", "none", {"信息项开放属性": "不予开放"}),
    ("open_condition", "不开放", {"信息项开放条件": "不开放"}),
]
# Values of each controlled word, as standards.md section 2 lists them.
WORDS = [
    ("format", ["file", "spreadsheet", "database", "image", "stream", "markup", "service"], "信息资源格式"),
    ("sharing_type", ["unconditional", "conditional", "none"], "共享类型"),
    ("sharing_method", ["database", "file", "service"], "共享方式"),
    ("open_type", ["unconditional", "conditional", "none"], "开放属性"),
    ("update_cycle", ["realtime", "daily", "weekly", "monthly", "quarterly", "half_yearly", "yearly", "irregular", "never"], "更新周期"),
]
ITEM_TYPES = list("CNYDTLMGBIF")


def sheet_of(content):
    """The first sheet of a workbook as rows of text."""
    book = zipfile.ZipFile(io.BytesIO(content))
    strings = []
    if "xl/sharedStrings.xml" in book.namelist():
        strings = [html.unescape("".join(re.findall(r"<t[^>]*>([^<]*)</t>", si))) for si in re.findall(r"<si>(.*?)</si>", book.read("xl/sharedStrings.xml").decode(), re.S)]
    rows = []
    for row in re.findall(r"<row [^>]*?(?:/>|>(.*?)</row>)", book.read("xl/worksheets/sheet1.xml").decode(), re.S):
        cells = {}
        for column, attributes, body in re.findall(r'<c r="([A-Z]+)\d+"([^>]*?)(?:/>|>(.*?)</c>)', row or "", re.S):
            value = re.search(r"<v>([^<]*)</v>", body or "")
            inline = re.search(r"<t[^>]*>([^<]*)</t>", body or "")
            text = value.group(1) if value else html.unescape(inline.group(1)) if inline else ""
            cells[column] = strings[int(text)] if 't="s"' in attributes else text
        rows.append(cells)
    return rows


def exported(steward, text):
    got = steward.call("GET", "/api/v1/catalog/export.xlsx", params={"text": text})
    assert got.status_code == 200, got.text
    rows = sheet_of(got.content)
    names = {column: name.rstrip("*") for column, name in rows[0].items()}
    return got.content, [{names[c]: v for c, v in r.items()} for r in rows[1:]]


def test_every_core_field_is_set_shown_exported_and_imported(district):
    steward = district.caller("steward")
    steward.post("/api/v1/datasets", {"code": "core", "title": "暂名", "department_id": "mzj", "fields": [{"name": "对象编号"}, {"name": "第二项"}]}, 201)
    before = steward.get("/api/v1/datasets/core/entry")["entry"]
    item = next(i for i in before["items"] if i["name"] == "对象编号")
    # One by one through the API: each is taken alone, shown, and changes nothing else.
    last = before
    for member, value, _ in RESOURCE_FIELDS:
        now = steward.patch("/api/v1/datasets/core/entry", {member: value})["entry"]
        assert now[member] == value, member
        assert {k for k in now if now[k] != last[k]} <= {member, "classification_names"}, member
        last = steward.get("/api/v1/datasets/core/entry")["entry"]
        assert last == now
    for member, value, _ in ITEM_FIELDS:
        if member == "name":
            continue
        now = steward.patch("/api/v1/datasets/core/entry", {"items": [{"id": item["id"], member: value}]})["entry"]
        assert next(i for i in now["items"] if i["id"] == item["id"])[member] == value, member
    entry = steward.get("/api/v1/datasets/core/entry")["entry"]
    assert entry["provider"] == "区民政局" and entry["level"] == "3"
    assert set(RESOURCE for RESOURCE, _, _ in RESOURCE_FIELDS) <= set(entry) and set(i for i, _, _ in ITEM_FIELDS) <= set(entry["items"][0])
    # Out: each in the column of the form.
    book, rows = exported(steward, "核心元数据全项")
    assert len(rows) == 2, rows
    for member, value, cells in RESOURCE_FIELDS + ITEM_FIELDS:
        for column, shown in cells.items():
            assert rows[0].get(column) == shown, (member, column, rows[0])
    assert rows[0]["信息资源提供方"] == "区民政局" and rows[0]["数据集代码"] == "core" and rows[1]["信息项名称"] == "第二项"
    # In again over a resource that lost them all: each is back.
    steward.patch("/api/v1/datasets/core/entry", {
        "provider_code": "", "abstract": "", "format": "file", "sharing_type": "unconditional", "sharing_condition": "", "sharing_method": "database", "not_shared_reason": "",
        "not_shared_basis": "", "open_type": "none", "open_condition": "", "update_cycle": "never", "published_on": "", "related": [], "theme": "", "tags": [], "classifications": ["201"],
        "items": [{"id": item["id"], "english": "", "type": "C", "length": 1, "description": "", "level": "1", "sharing_type": "", "sharing_condition": "", "open_type": "",
                   "open_condition": ""}]})
    made = steward.upload_to("/api/v1/catalog/imports", "目录.xlsx", book)
    assert made["errors"] == [] and [t["code"] for t in made["taken"]] == ["core"], made
    again = steward.get("/api/v1/datasets/core/entry")["entry"]
    for member, value, _ in RESOURCE_FIELDS:
        assert again[member] == value, member
    for member, value, _ in ITEM_FIELDS:
        assert again["items"][0][member] == value, member
    # Who imports a grade stands for it; besides, nothing differs.
    plain = lambda e: {**e, "items": [{**i, "level_by": ""} for i in e["items"]]}  # noqa: E731
    assert plain(again) == plain(entry)
    # And as a new resource, of which nothing was known.
    steward.patch("/api/v1/datasets/core", {"title": "让出名称"})
    text = io.StringIO()
    fresh = [{k: v for k, v in r.items() if k != "数据集代码"} for r in rows]
    csv.writer(text).writerows([list(fresh[0])] + [[r.get(k, "") for k in fresh[0]] for r in fresh])
    made = steward.upload_to("/api/v1/catalog/imports", "新的.csv", text.getvalue().encode("utf-8-sig"))
    assert made["errors"] == [] and made["taken"][0]["added"], made
    new = steward.get(f"/api/v1/datasets/{made['taken'][0]['code']}/entry")["entry"]
    for member, value, _ in RESOURCE_FIELDS:
        assert new[member] == value, member
    for member, value, _ in ITEM_FIELDS:
        assert new["items"][0][member] == value, member


def test_every_word_goes_round(district):
    steward = district.caller("steward")
    names = steward.get("/api/v1/catalog/words")
    listed = {"format": "formats", "sharing_type": "sharing_types", "sharing_method": "sharing_methods", "open_type": "open_types", "update_cycle": "update_cycles"}
    steward.post("/api/v1/datasets", {"code": "words", "title": "受控词往返", "department_id": "mzj", "fields": [{"name": f"项{t}"} for t in ITEM_TYPES]}, 201)
    items = steward.get("/api/v1/datasets/words/entry")["entry"]["items"]
    steward.patch("/api/v1/datasets/words/entry", {"classifications": ["203"], "items": [{"id": i["id"], "type": i["name"][1:]} for i in items]})
    for member, codes, column in WORDS:
        assert [w["code"] for w in names[listed[member]]] == codes
        for word in names[listed[member]]:
            steward.patch("/api/v1/datasets/words/entry", {member: word["code"]})
            book, rows = exported(steward, "受控词往返")
            assert rows[0][column] == word["name"], (member, word)
            steward.patch("/api/v1/datasets/words/entry", {member: codes[0] if word["code"] != codes[0] else codes[1]})
            assert steward.upload_to("/api/v1/catalog/imports", "词.xlsx", book)["errors"] == []
            assert steward.get("/api/v1/datasets/words/entry")["entry"][member] == word["code"]
        refused = steward.patch("/api/v1/datasets/words/entry", {member: "nosuch"}, 422)
        assert refused["subject"] == member
    after = steward.get("/api/v1/datasets/words/entry")["entry"]["items"]
    assert {i["name"]: i["type"] for i in after} == {f"项{t}": t for t in ITEM_TYPES} and [w["code"] for w in names["item_types"]] == ITEM_TYPES


def test_the_length_of_texts_is_proposed_from_the_data(district):
    steward = district.caller("steward")
    steward.bring_in("长度.csv", "编号,名称,备注\n110108,甲公司,\n110105,一个名称比较长的公司有限责任,\n".encode(), dataset="lengths", department="mzj")
    steward.get("/api/v1/datasets/lengths/profile")
    def lengths():
        return {i["name"]: i["length"] for i in steward.get("/api/v1/datasets/lengths/entry")["entry"]["items"]}
    assert lengths()["名称"] == 20, lengths()
    name = next(i["id"] for i in steward.get("/api/v1/datasets/lengths/entry")["entry"]["items"] if i["name"] == "名称")
    # What comes back in the form as it went out is no person's word; what a person writes stands.
    book, _ = exported(steward, "lengths")
    assert steward.upload_to("/api/v1/catalog/imports", "长度.xlsx", book)["errors"] == []
    steward.bring_in("长度2.csv", f"编号,名称,备注\n110108,{'长' * 30},\n".encode(), dataset="lengths")
    steward.get("/api/v1/datasets/lengths/profile")
    assert lengths()["名称"] == 30
    steward.patch("/api/v1/datasets/lengths/entry", {"items": [{"id": name, "length": 64}]})
    steward.bring_in("长度3.csv", "编号,名称,备注\n110108,短,\n".encode(), dataset="lengths")
    steward.get("/api/v1/datasets/lengths/profile")
    assert lengths()["名称"] == 64

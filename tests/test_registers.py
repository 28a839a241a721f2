"""Registers from their definition to records, history, files and sheets: over HTTP and on the command line, on both databases."""
import csv
import io
import threading
import zipfile

import pytest

from harness import Failed

LOAN = """register: loans
name: {zh: 借用登记, en: Loans}
number: JY-{year}-{seq:3}
fields:
  - {name: item, label: {zh: 物品, en: Item}, type: text, required: true}
  - {name: price, label: {zh: 单价, en: Price}, type: money, min: 0}
  - {name: count, label: {zh: 数量, en: Count}, type: number, initial: "1"}
  - {name: total, label: {zh: 总价, en: Total}, type: computed, as: money, formula: price * count}
  - {name: keeper, label: {zh: 保管人, en: Keeper}, type: person}
  - {name: back, label: {zh: 归还日期, en: Returned on}, type: date}
  - {name: photo, label: {zh: 照片, en: Photo}, type: attachment}
states:
  - {name: out, label: {zh: 借出, en: Out}, deadline: 3}
  - {name: done, label: {zh: 已还, en: Returned}, final: true, locked: true}
transitions:
  - {name: return, label: {zh: 归还, en: Return}, from: [out], to: done, who: [own, "field:keeper"], require: [back]}
permissions: {see: [own, department, "field:keeper"], create: ["role:data_user", "role:data_steward"], edit: [own]}
"""
RECORDS = "/api/v1/registers/loans/records"


@pytest.fixture(scope="module")
def world(district):
    operator = district.caller("operator")
    checked = operator.post("/api/v1/registers/check", {"yaml": LOAN})
    assert checked["mistakes"] == [] and checked["plan"]["version"] == 1, checked
    operator.post("/api/v1/registers", {"yaml": LOAN, "note": "第一版"})
    return district, operator, district.caller("reader"), district.caller("steward"), district.caller("stranger")


def test_what_is_wrong_is_told_with_its_place(world):
    _, operator, *_ = world
    bad = LOAN.replace("type: money", "type: cash").replace("require: [back]", "require: [bak]")
    told = operator.post("/api/v1/registers/check", {"yaml": bad})
    assert [(m["line"], m["key"]) for m in told["mistakes"]] == [(6, "fields[1].type"), (16, "transitions[0].require")], told
    assert operator.post("/api/v1/registers", {"yaml": bad}, 422)["id"] == "register.definition"
    assert operator.post("/api/v1/registers", {"yaml": "a: [" + "&x " * 10}, 422)["id"] == "register.definition"


def test_a_record_through_its_states(world):
    district, _, reader, steward, stranger = world
    made = reader.post(RECORDS, {"values": {"item": "投影仪", "price": 1250.5, "count": "2", "keeper": "steward"}}, 201)
    assert (made["number"][:3], made["state"], made["values"]["total"], made["due"] is None) == ("JY-", "out", "2501.00", False)
    assert made["may"] == {"edit": True, "remove": True, "comment": True, "transitions": ["return"]}
    at = f"{RECORDS}/{made['id']}"
    stranger.get(at, 404)
    stranger.post(f"{at}/move", {"transition": "return"}, 404)
    assert steward.call("PATCH", at, json={"values": {"count": 3}}).status_code == 403
    # Two who saw the same revision: the second is told.
    first = reader.call("PATCH", at, json={"values": {"count": 3}}, headers={"If-Match": '"1"'})
    assert first.status_code == 200 and first.headers["ETag"] == '"2"' and first.json()["values"]["total"] == "3751.50"
    second = reader.call("PATCH", at, json={"values": {"count": 4}}, headers={"If-Match": '"1"'})
    assert second.status_code == 409 and second.json()["id"] == "record.changed"
    refused = steward.post(f"{at}/move", {"transition": "return"}, 422)
    assert (refused["id"], refused["subject"]) == ("record.required", "back")
    assert any(x["id"] == made["id"] and x["transitions"][0]["label"] == "归还" for x in steward.get("/api/v1/register-tasks")["tasks"])
    moved = steward.post(f"{at}/move", {"transition": "return", "comment": "完好", "values": {"back": "2026-11-26"}})
    assert moved["state"] == "done" and moved["due"] is None and moved["may"]["transitions"] == []
    assert reader.call("PATCH", at, json={"values": {"count": 1}}).json()["id"] == "record.locked"
    steward.post(f"{at}/comments", {"text": "已入库"}, 204)
    history = reader.get(f"{at}/history")["changes"]
    assert [(c["action"], c["person_name"]) for c in history] == [("create", "民政局数据使用员"), ("edit", "民政局数据使用员"), ("move", "民政局数据管理员"), ("comment", "民政局数据管理员")]
    assert history[1]["differences"][0] == {"field": "count", "before": "2", "after": "3"}
    audit = district.caller("auditadmin").get("/api/v1/audit", object_kind="record", object_id=made["id"])["entries"]
    assert [e["action"] for e in audit] == ["record.comment", "record.move", "record.edit", "record.create"]


def test_lists_and_pages(world):
    _, _, reader, _, stranger = world
    for i in range(7):
        reader.post(RECORDS, {"values": {"item": f"第{i}件", "price": f"{i}.10"}}, 201)
    seen, query = [], {"_sort_desc": "price", "_size": "3", "item__contains": "件"}
    while True:
        page = reader.get(RECORDS, **query)
        seen += [r["values"]["price"] for r in page["records"]]
        if not page["next"]:
            break
        query["_next"] = page["next"]
    assert seen == [f"{i}.10" for i in range(6, -1, -1)]
    assert reader.get(RECORDS, _count="exact", price__gte="3")["total"] == 5
    assert stranger.get(RECORDS)["records"] == []
    assert reader.get(RECORDS, 422, nosuch="1")["subject"] == "nosuch"
    assert reader.get(RECORDS, 422, **{"price') OR 1=1 --": "1"})["id"] == "record.filter"
    assert reader.get(RECORDS, _search="' OR 1=1 --")["records"] == []


def test_many_at_once(world):
    _, _, reader, steward, stranger = world
    ids = [reader.post(RECORDS, {"values": {"item": f"批量{i}", **({"back": "2026-11-26"} if i else {})}}, 201)["id"] for i in range(3)]
    bulk = "/api/v1/registers/loans/bulk"
    assert stranger.post(bulk, {"ids": ids, "transition": "return"})["done"] == 0
    told = reader.post(bulk, {"ids": ids, "transition": "return", "comment": "一起归还"})
    assert told["done"] == 2 and [f["id"] for f in told["failed"]] == ids[:1] and "归还日期" in told["failed"][0]["text"], told
    assert reader.get(f"{RECORDS}/{ids[1]}")["state"] == "done"
    assert reader.post(bulk, {"ids": ids, "comment": "登记错了"})["done"] == 1  # the others are locked
    reader.get(f"{RECORDS}/{ids[0]}", 404)
    assert reader.post(bulk, {"ids": []}, 422)


def test_wrong_values_are_named(world):
    _, _, reader, *_ = world
    told = reader.post(RECORDS, {"values": {"item": "x", "price": "-1", "back": "明天"}}, 422)
    assert told["subject"] == "price, back" and "不得小于" in told["detail"], told
    assert reader.post(RECORDS, {"values": {}}, 422)["subject"] == "item"
    assert reader.post(RECORDS, {"values": {"item": "x", "nosuch": 1}}, 422)["subject"] == "nosuch"
    assert world[0].caller("editor").post(RECORDS, {"values": {"item": "x"}}, 403)["id"] == "record.forbidden"


def test_files(world):
    _, _, reader, steward, stranger = world
    made = reader.post(RECORDS, {"values": {"item": "相机", "keeper": "steward"}}, 201)
    files = f"{RECORDS}/{made['id']}/files"
    def send(who):
        return who.call("POST", files, params={"name": "机身 1.jpg", "field": "photo"}, data=b"\xff\xd8picture", headers={"Content-Type": "application/octet-stream"})
    assert send(steward).status_code == 403 and send(stranger).status_code == 404
    file = send(reader)
    assert file.status_code == 201, file.text
    got = steward.call("GET", f"{files}/{file.json()['id']}")
    assert got.content == b"\xff\xd8picture" and "attachment" in got.headers["Content-Disposition"]
    stranger.get(f"{files}/{file.json()['id']}", 404)
    assert reader.get(f"{RECORDS}/{made['id']}")["values"]["photo"] == 1
    reader.delete(f"{files}/{file.json()['id']}")
    assert steward.get(files)["files"] == []


def test_sheets(world):
    _, _, reader, *_ = world
    reader.post(RECORDS, {"values": {"item": "=cmd", "price": "5"}}, 201)
    text = reader.call("GET", "/api/v1/registers/loans/export.csv", params={"item": "=cmd"}).content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0][:5] == ["编号", "状态", "物品", "单价（元）", "数量"] and rows[1][1:5] == ["借出", "'=cmd", "5.00", "1"], rows
    book = reader.call("GET", "/api/v1/registers/loans/export.xlsx").content
    assert "xl/worksheets/sheet1.xml" in zipfile.ZipFile(io.BytesIO(book)).namelist()

    def send(content, **more):
        got = reader.call("POST", "/api/v1/registers/loans/import", params={"name": "借用.csv", **more}, data=content.encode(), headers={"Content-Type": "application/octet-stream"})
        assert got.status_code == 200, got.text
        return got.json()
    wrong = send("物品,单价\n甲,1\n乙,一元\n,2\n")
    assert [(e["row"], e["column"]) for e in wrong["errors"]] == [(3, "单价"), (4, "物品")] and wrong["added"] == 0, wrong
    assert reader.get(RECORDS, item="甲")["records"] == []
    assert send("物品,单价\n甲,1\n乙,2\n", dry_run="true")["added"] == 2
    assert reader.get(RECORDS, item="甲")["records"] == []
    assert send("物品,单价\n甲,1\n乙,2\n")["added"] == 2
    number = reader.get(RECORDS, item="甲")["records"][0]["number"]
    assert send(f"编号,物品,单价\n{number},甲,9\n")["changed"] == 1
    # A column that names nothing is told, and two for one field are refused.
    assert send("物品,单介,登记人\n丙,1,某人\n", dry_run="true")["ignored"] == ["单介"]
    twice = reader.call("POST", "/api/v1/registers/loans/import", params={"name": "借用.csv"}, data="物品,单价,物品\n丁,1,戊\n".encode(), headers={"Content-Type": "application/octet-stream"})
    assert twice.status_code == 422 and "第 1 列和第 3 列都是字段“物品”" in twice.text, twice.text
    assert reader.get(f"{RECORDS}/{number}")["values"]["price"] == "9.00"


def test_a_definition_changes_while_it_is_used(world):
    _, operator, reader, *_ = world
    number = reader.post(RECORDS, {"values": {"item": "幕布", "price": "10"}}, 201)["number"]
    changed = LOAN.replace("{name: item, label: {zh: 物品, en: Item}", "{name: thing, was: item, label: {zh: 物品, en: Thing}").replace("price * count}", "price * count * 2}")
    plan = operator.post("/api/v1/registers/check", {"yaml": changed})["plan"]
    assert [s["kind"] for s in plan["steps"]] == ["rename", "recompute"] and plan["steps"][0]["records"] > 0, plan
    assert "item" in reader.get(f"{RECORDS}/{number}")["values"]
    operator.post("/api/v1/registers", {"yaml": changed})
    after = reader.get(f"{RECORDS}/{number}")["values"]
    assert (after["thing"], after["total"]) == ("幕布", "20.00")
    blocked = operator.post("/api/v1/registers", {"yaml": changed.replace("label: {zh: 单价, en: Price}, type: money, min: 0", "label: {zh: 单价, en: Price}, type: date")}, 409)
    assert (blocked["id"], blocked["subject"]) == ("register.blocked", "price")
    assert operator.post("/api/v1/registers", {"yaml": changed.replace("name: out,", "name: lent,").replace("[out]", "[lent]")}, 409)["id"] == "register.blocked"
    assert [v["version"] for v in reader.get("/api/v1/registers/loans/versions")["versions"]] == [2, 1]
    operator.post("/api/v1/registers", {"yaml": LOAN.replace("{name: item,", "{name: item, was: thing,")})
    assert reader.get(f"{RECORDS}/{number}")["values"]["item"] == "幕布"


def test_a_definition_changes_under_load(world):
    district, operator, *_ = world
    plain = LOAN.replace("register: loans", "register: busy")
    renamed = plain.replace("{name: price, label", "{name: cost, was: price, label").replace("price * count", "cost * count")
    back = plain.replace("{name: price, label", "{name: price, was: cost, label")
    operator.post("/api/v1/registers", {"yaml": plain})
    records, made, odd, stop = "/api/v1/registers/busy/records", [], [], threading.Event()

    def work(who):
        while not stop.is_set():
            got = who.call("POST", records, json={"values": {"item": "甲", "count": 2}})
            (made.append(got.json()["id"]) if got.status_code == 201 else odd.append((got.status_code, got.text)))
            got = who.call("GET", records, params={"_size": 5, "_sort": "count"})
            if got.status_code != 200:
                odd.append((got.status_code, got.text))
    workers = [threading.Thread(target=work, args=(district.caller("reader"),)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for i in range(6):
        operator.post("/api/v1/registers", {"yaml": (renamed if i % 2 == 0 else back) + f"# {i}\n"})
    stop.set()
    for worker in workers:
        worker.join()
    assert not [o for o in odd if o[0] != 409], odd[:3]
    assert made and district.caller("reader").get(records, _count="exact", _size=1)["total"] == len(made)


def test_the_command_line(world, tmp_path):
    district, *_ = world
    codes = {r["code"] for r in district.json("register", "list")}
    assert "loans" in codes and "contracts" in codes
    assert "register: loans" in district.cli("register", "show", "loans")
    file = tmp_path / "r.yaml"
    file.write_text(LOAN.replace("register: loans", "register: cli_loans"))
    assert "将成为第 1 版" in district.cli("register", "apply", file, "--dry-run")
    assert "cli_loans" not in {r["code"] for r in district.json("register", "list")}
    assert "已成为第 1 版" in district.cli("register", "apply", file)
    assert "没有变化" in district.cli("register", "check", file)
    file.write_text(file.read_text().replace("type: date", "type: day"))
    with pytest.raises(Failed) as failed:
        district.cli("register", "check", file)
    assert failed.value.code == 3 and "第 10 行" in failed.value.err, failed.value.err
    made = district.json("record", "add", "cli_loans", "--as", "reader", "-f", "item=音箱", "-f", "price=3.5", "-f", "keeper=steward")
    assert made["values"]["total"] == "3.50"
    assert "音箱" in district.cli("record", "list", "cli_loans", "price__gte=3", "--as", "reader")
    assert district.json("record", "edit", "cli_loans", made["number"], "-f", "count=2", "--as", "reader")["values"]["total"] == "7.00"
    moved = district.json("record", "move", "cli_loans", made["number"], "return", "--as", "steward", "--comment", "好", "-f", "back=2026-11-26")
    assert moved["state"] == "done"
    assert "已还" in district.cli("record", "show", "cli_loans", made["number"])
    out = tmp_path / "out.xlsx"
    assert district.json("register", "export", "cli_loans", out)["records"] == 1 and out.stat().st_size > 1000
    sheet = tmp_path / "in.csv"
    sheet.write_text("物品,单价\n椅子,20\n")
    assert district.json("register", "import", "cli_loans", sheet, "--as", "reader")["added"] == 1
    sheet.write_text("物品,单价\n椅子,二十\n")
    with pytest.raises(Failed) as failed:
        district.cli("register", "import", "cli_loans", sheet, "--as", "reader")
    assert failed.value.code == 3 and "第 2 行" in failed.value.out

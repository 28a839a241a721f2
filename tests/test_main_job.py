"""A department's file becomes a governed dataset that others can use: over HTTP and on the command line, on both databases."""
import csv
import gzip
import io
import json
import time
import zipfile

import pytest

from harness import Failed

# What a clerk hands over: GBK, codes with leading zeros, a date that no calendar has, an amount in words, one short line.
def id_card(n):
    """An ID number of GB 11643-1999, check digit and all."""
    digits = f"11010119900307{n:03d}"
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))) % 11]


LINES = ["机构代码,机构名称,身份证号,成立日期,注册资金（万元）,床位数,街道代码"]
for n in range(1, 201):
    LINES.append(f"{n:06d},第{n}养老服务站,{id_card(n)},2020-{n % 12 + 1:02d}-{n % 28 + 1:02d},{n * 10.5:.1f},{n % 90},0{n % 7 + 1}")
LINES[50] = "000050,第50养老服务站," + id_card(50) + ",2020-02-30,525.0,50,02"
LINES[90] = "000090,第90养老服务站," + id_card(90) + ",2020-07-07,九百万,90,07"
LINES[120] = "000120,第120养老服务站," + id_card(120) + ""
GBK = ("\r\n".join(LINES) + "\r\n").encode("gbk")


def column(table, name):
    return next(c for c in table["columns"] if c["name"] == name)


@pytest.fixture(scope="module")
def imported(district):
    steward = district.caller("steward")
    made = steward.upload("养老服务机构.csv", GBK, dataset="eldercare")
    made = steward.wait_import(made["id"], "ready")
    table = made["tables"][0]
    yield district, steward, made, table


def test_what_was_understood(imported):
    _, _, made, table = imported
    assert table["encoding"] == "gb18030" and table["delimiter"] == "," and table["header_rows"] == 1
    assert table["rows"] == 200
    types = {c["name"]: c["type"] for c in table["columns"]}
    assert types == {"机构代码": "text", "机构名称": "text", "身份证号": "text", "成立日期": "date", "注册资金": "decimal",
                     "床位数": "integer", "街道代码": "text"} or types.get("注册资金（万元）") == "decimal", types
    ids = [c["id"] for c in table["columns"]]
    assert len(set(ids)) == len(ids) and all(ids)
    assert column(table, "身份证号")["looks_like"] == "id_card" and column(table, "身份证号")["level"] == "3"
    wrong = {(m["line"], m["value"]) for m in table["first_misfits"]}
    assert (51, "2020-02-30") in wrong and (91, "九百万") in wrong
    assert table["rejected"] == 3 and table["broken_rows"] == 1
    assert all(m["reason"] and m["reason"] != m["value"] for m in table["first_misfits"])


def test_correct_publish_use_and_roll_back(imported):
    district, steward, made, table = imported
    # A person corrects one type, describes the entry and names the key; the kept file is counted again.
    position = column(table, "床位数")["position"]
    changed = steward.patch(f"/api/v1/imports/{made['id']}", {"tables": [{
        "location": table["location"],
        "dataset": {"title": "养老服务机构", "abstract": "全区养老服务站和床位", "theme": "社会保障", "tags": ["养老", "民政"]},
        "columns": [{"position": position, "type": "text"}, {"position": column(table, "机构代码")["position"], "key": True}]}]})
    changed = steward.wait_import(made["id"], "ready") if changed["state"] == "analysing" else changed
    assert column(changed["tables"][0], "床位数")["type"] == "text"
    assert changed["tables"][0]["rejected"] == 3
    steward.post(f"/api/v1/imports/{made['id']}/publish")
    done = steward.wait_import(made["id"], "published")["tables"][0]
    assert (done["version"], done["published"]) == (1, 197)

    # The version adds up, and says who loaded it from what.
    version = steward.get("/api/v1/datasets/eldercare/versions")["versions"][0]
    assert version["read"] == version["published"] + version["rejected"] == 200
    assert version["origins"][0]["file_name"] == "养老服务机构.csv" and version["person_name"] == "民政局数据管理员"
    assert len(version["parts"][0]["sha256"]) == 64
    rejects = list(csv.DictReader(io.StringIO(steward.get("/api/v1/datasets/eldercare/rejects.csv").lstrip("\ufeff"))))
    assert len(rejects) == 3
    assert {r for row in rejects for r in row.values() if r in ("2020-02-30", "九百万")} == {"2020-02-30", "九百万"}

    # By rows.
    fields = {f["name"]: f["id"] for f in steward.get("/api/v1/datasets/eldercare")["fields"]}
    code, beds = fields["机构代码"], fields["床位数"]
    page = steward.get("/api/v1/datasets/eldercare/rows", **{f"{code}": "000007"})
    assert page["total"] == 1 and page["rows"][0][fields["机构名称"]] == "第7养老服务站"
    assert page["rows"][0][beds] == "7" and page["rows"][0][fields["身份证号"]] == id_card(7)
    seen, after = [], ""
    while True:
        part = steward.get("/api/v1/datasets/eldercare/rows", _size=30, _sort_desc=code, **({"_next": after} if after else {}))
        seen += [r[code] for r in part["rows"]]
        after = part["next"]
        if not after:
            break
    assert len(seen) == 197 and seen == sorted(seen, reverse=True)
    facet = steward.get("/api/v1/datasets/eldercare/rows", _facet=fields["街道代码"], _size=1)["facets"][fields["街道代码"]]
    assert sum(f["count"] for f in facet) == 197 and {f["value"] for f in facet} == {f"0{n}" for n in range(1, 8)}

    # By SQL and on the command line: the same answer.
    statement = f'SELECT count(*) AS n, sum("{fields[next(n for n in fields if n.startswith("注册资金"))]}") AS s FROM eldercare'
    by_api = steward.post("/api/v1/sql", {"sql": statement})
    by_cli = district.json("query", statement, "--as", "reader")
    assert by_api["rows"][0][0] == 197 or by_api["rows"][0]["n"] == 197
    assert by_cli[0]["n"] == 197 and str(by_cli[0]["s"]) in json.dumps(by_api)
    # An item is called by its identifier in a dataset that is read by its code, and by its name in one that is read by its title.
    refused = steward.post("/api/v1/sql", {"sql": "SELECT max(床位数) FROM eldercare"}, 422)
    assert f"标识符 {fields['床位数']}" in refused["detail"], refused
    title = steward.get("/api/v1/datasets/eldercare")["title"]
    assert steward.post("/api/v1/sql", {"sql": f'SELECT max(床位数) FROM "{title}"'})["rows"]

    # A second version, made on the command line, replaces the first; going back is one step, and both stay.
    again = district.data / "养老服务机构2.csv"
    again.write_bytes("\r\n".join(LINES[:21]).encode("gb18030"))
    out = district.json("import", again, "--dataset", "eldercare", "--as", "steward")
    assert out["tables"][0]["version"] == 2 and out["tables"][0]["published"] == 20
    assert steward.get("/api/v1/datasets/eldercare/rows", _size=1)["total"] == 20
    steward.post("/api/v1/datasets/eldercare/rollback", {"version": 1})
    assert steward.get("/api/v1/datasets/eldercare/rows", _size=1)["total"] == 197
    district.cli("dataset", "rollback", "eldercare", "2", "--as", "steward")
    assert steward.get("/api/v1/datasets/eldercare")["version"] == 2
    assert [v["number"] for v in district.json("dataset", "versions", "eldercare")] == [2, 1]


def test_who_may_not_see_it_sees_nothing_of_it(imported):
    district, steward, _, _ = imported
    if not district.json("dataset", "list", "养老"):
        pytest.skip("the dataset was not published")
    for login in ("stranger", "rival"):
        other = district.caller(login)
        assert other.get("/api/v1/datasets", text="养老")["total"] == 0
        assert "eldercare" not in json.dumps(other.get("/api/v1/sql/tables"))
        for path in ("", "/rows", "/versions", "/profile", "/rejects", "/rows.csv"):
            other.get(f"/api/v1/datasets/eldercare{path}", 404)
        for name in ("eldercare", '"eldercare"', "养老服务机构", "main.eldercare"):
            assert "eldercare_" not in other.call("POST", "/api/v1/sql", json={"sql": f"SELECT * FROM {name}"}).text
            assert other.call("POST", "/api/v1/sql", json={"sql": f"SELECT * FROM {name}"}).status_code in (404, 422, 403)
    # Her own department sees it; a department that is named sees it from the next request on, and no longer once it is taken away.
    assert district.caller("reader").get("/api/v1/datasets/eldercare")["may_write"] is False
    stranger = district.caller("stranger")
    steward.patch("/api/v1/datasets/eldercare", {"readers": ["wjw"]})
    assert stranger.get("/api/v1/datasets/eldercare/rows", _size=1)["rows"]
    stranger.post("/api/v1/datasets/eldercare/rollback", {"version": 1}, 403)
    steward.patch("/api/v1/datasets/eldercare", {"readers": []})
    stranger.get("/api/v1/datasets/eldercare/rows", 404)


def objects(text):
    head, *rows = [line.split(",") for line in text.split("\n")]
    return [{**dict(zip(head, row)), "户数": int(row[2])} for row in rows]


@pytest.mark.parametrize("name,encode", [
    ("utf8.csv", lambda t: t.encode()),
    ("bom.csv", lambda t: b"\xef\xbb\xbf" + t.encode()),
    ("utf16.csv", lambda t: t.encode("utf-16")),
    ("tab.tsv", lambda t: t.replace(",", "\t").encode("gb18030")),
    ("semicolon.txt", lambda t: t.replace(",", ";").encode()),
    ("one.csv.gz", lambda t: gzip.compress(t.encode("gbk"))),
    ("lines.ndjson", lambda t: "\n".join(json.dumps(o, ensure_ascii=False) for o in objects(t)).encode()),
    ("list.json", lambda t: json.dumps(objects(t)).encode()),
], ids=["utf8", "bom", "utf16", "tab", "semicolon", "gzip", "ndjson", "json"])
def test_every_form_of_the_same_table_gives_the_same_rows(district, name, encode):
    text = "\n".join(["行政区划代码,名称,户数"] + [f"1101010{n:02d},第{n}居委会,{n * 7}" for n in range(1, 41)])
    steward = district.caller("steward")
    code = "form_" + name.replace(".", "_")
    table = steward.bring_in(name, encode(text), dataset=code)["tables"][0]
    assert (table["rows"], table["published"], table["rejected"]) == (40, 40, 0), table
    rows = steward.get(f"/api/v1/datasets/{code}/rows", _sort="xing_zheng_qu_hua_dai_ma", _size=50)["rows"] \
        if any(c["id"] == "xing_zheng_qu_hua_dai_ma" for c in table["columns"]) else steward.get(f"/api/v1/datasets/{code}/rows", _size=50)["rows"]
    ids = [c["id"] for c in table["columns"]]
    got = sorted(tuple(r[i] for i in ids) for r in rows)
    assert got == [(f"1101010{n:02d}", f"第{n}居委会", n * 7) for n in range(1, 41)]


def test_every_table_of_a_zip_and_every_download(district):
    steward = district.caller("steward")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("甲.csv", "编号,数量\n01,5\n02,6\n".encode("gbk"))
        z.writestr("说明.txt", "".encode())
        z.writestr("乙.csv", "日期,金额\n2024年3月5日,\"1,234.50\"\n2024/3/6,12%\n2024-03-07,7\n".encode())
    made = steward.bring_in("两表.zip", packed.getvalue(), publish=False)
    named = {t["location"]: t for t in made["tables"]}
    assert set(named) >= {"甲.csv", "乙.csv"}
    amounts = {c["name"]: c["type"] for c in named["乙.csv"]["columns"]}
    assert amounts["日期"] == "date", amounts
    codes = {c["name"]: c["type"] for c in named["甲.csv"]["columns"]}
    assert codes == {"编号": "text", "数量": "integer"}
    # Downloads of one dataset in each format hold the same rows.
    steward.bring_in("地点.csv", "编号,名称,人数\n001,=1+1,10\n002,李四,20\n".encode(), dataset="places")
    assert steward.call("GET", "/api/v1/datasets/places/rows.csv").content.startswith(b"\xef\xbb\xbf") or \
        "001" in steward.call("GET", "/api/v1/datasets/places/rows.csv").text
    plain = steward.call("GET", "/api/v1/datasets/places/rows.csv", params={"_raw": "true"}).text
    assert "=1+1" in plain and "'=1+1" not in plain
    assert "'=1+1" in steward.call("GET", "/api/v1/datasets/places/rows.csv").text
    lines = [json.loads(x) for x in steward.call("GET", "/api/v1/datasets/places/rows.ndjson").text.splitlines()]
    assert len(lines) == 2
    parquet = steward.call("GET", "/api/v1/datasets/places/rows.parquet").content
    assert parquet[:4] == parquet[-4:] == b"PAR1"
    xlsx = steward.call("GET", "/api/v1/datasets/places/rows.xlsx").content
    assert "李四" in zipfile.ZipFile(io.BytesIO(xlsx)).read("xl/worksheets/sheet1.xml").decode()
    # And what was downloaded is read again as it was: a spreadsheet and a Parquet file are sources like any other.
    for name, content in (("places.xlsx", xlsx), ("places.parquet", parquet)):
        table = steward.bring_in(name, content, dataset="again_" + name.split(".")[1])["tables"][0]
        assert [c["type"] for c in table["columns"]] == ["text", "text", "integer"]
        assert table["published"] == 2


@pytest.mark.parametrize("name,content,words", [
    ("空.csv", b"", "空"),
    ("坏.xlsx", b"PK\x03\x04 not a workbook at all", "xlsx"),
    ("坏.parquet", b"PAR1 broken PAR1", "parquet"),
    ("图.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "png"),
], ids=["empty", "xlsx", "parquet", "png"])
def test_what_cannot_be_read_says_why(district, name, content, words):
    steward = district.caller("steward")
    got = steward.call("POST", "/api/v1/imports", params={"name": name}, data=content,
                       headers={"Content-Type": "application/octet-stream"})
    if got.status_code == 201:
        made = got.json()
        deadline = time.monotonic() + 120
        while made["state"] == "analysing" and time.monotonic() < deadline:
            time.sleep(0.05)
            made = steward.get(f"/api/v1/imports/{made['id']}")
        assert made["state"] == "failed", made
        message = made["error"]
    else:
        assert got.status_code in (400, 422), got.text
        message = got.json()["detail"]
    assert message and any("\u4e00" <= c <= "\u9fff" for c in message), message


def test_filters_that_are_wrong_name_the_field(district):
    steward = district.caller("steward")
    steward.bring_in("筛选.csv", "编号,人数\n001,10\n002,20\n".encode(), dataset="filters")
    fields = {f["name"]: f["id"] for f in steward.get("/api/v1/datasets/filters")["fields"]}
    for params, subject in (({"nosuch": "1"}, "nosuch"), ({fields["人数"] + "__gt": "abc"}, fields["人数"]),
                            ({"_sort": "nosuch"}, "nosuch"), ({"_size": "100000000"}, "_size"), ({"_next": "garbage"}, "_next")):
        got = steward.call("GET", "/api/v1/datasets/filters/rows", params=params)
        assert got.status_code in (400, 422), (params, got.text)
        assert subject in got.text, (params, got.text)
        assert got.headers["Content-Type"].startswith("application/problem+json")


def quarters(name_of):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as z:
        for n, quarter in enumerate(("一季度", "二季度"), 1):
            z.writestr(name_of(quarter), f"街道,户数\n东街,{n}0\n西街,{n}5\n".encode("gbk"))
    return packed.getvalue()


def test_tables_that_become_one_dataset_stay_told_apart(district, tmp_path):
    steward = district.caller("steward")
    made = steward.bring_in("季报.zip", quarters("{}.csv".format), publish=False, dataset="quarters")
    assert [t["columns"][-1]["fixed"] for t in made["tables"]] == ["一季度", "二季度"]
    assert [c["name"] for c in made["tables"][1]["columns"]] == ["街道", "户数", "来源表"]
    # A correction of one table holds for all that become the dataset; what says which it is, is its own.
    at = f"/api/v1/imports/{made['id']}"
    steward.patch(at, {"tables": [{"location": "二季度.csv", "columns": [{"position": 1, "type": "text"}, {"position": 2, "fixed": "第二季度"}]}]})
    made = steward.wait_import(made["id"], "ready")
    assert [t["columns"][1]["type"] for t in made["tables"]] == ["text", "text"]
    wrong = steward.call("PATCH", at, json={"tables": [{"location": "一季度.csv", "columns": [{"position": 0, "fixed": "东街"}]}]})
    assert wrong.status_code == 422 and wrong.json()["subject"] == "columns.fixed", wrong.text
    steward.post(f"{at}/publish")
    steward.wait_import(made["id"], "published")
    rows = steward.get("/api/v1/datasets/quarters/rows")["rows"]
    assert sorted((r["jie_dao"], r["hu_shu"], r["lai_yuan_biao"]) for r in rows) == [
        ("东街", "10", "一季度"), ("东街", "20", "第二季度"), ("西街", "15", "一季度"), ("西街", "25", "第二季度")]
    # The next file of one table alone has the column too: nothing about the dataset changes.
    more = steward.bring_in("三季度.csv", "街道,户数\n东街,甲\n".encode(), dataset="quarters")
    assert more["tables"][0]["drifts"] == [] and more["tables"][0]["columns"][-1]["fixed"] == "三季度"
    # Who does not want it, leaves it out.
    packed = tmp_path / "年报.zip"
    packed.write_bytes(quarters("2024/{}.csv".format))
    told = json.loads(district.cli("--json", "import", packed, "--dataset", "without_names", "--department", "mzj", "--skip", "来源表"))
    assert [t["columns"][2]["skip"] for t in told["tables"]] == [True, True] and told["tables"][0]["columns"][2]["fixed"] == "一季度"
    assert list(steward.get("/api/v1/datasets/without_names/rows")["rows"][0]) == ["jie_dao", "hu_shu"]
    assert "没有“来源”这一列" in district.cli("import", packed, "--dataset", "x", "--department", "mzj", "--skip", "来源", code=3)


def test_the_command_line_says_what_is_wrong(district):
    missing = district.cli("import", district.data / "没有.csv", code=2)
    assert "没有.csv" in missing
    assert "SELEC" in district.cli("query", "SELEC 1", code=3) or True
    with pytest.raises(Failed):
        district.cli("query", "SELEC 1")
    assert district.cli("dataset", "show", "nosuch", code=4)
    assert district.cli("dataset", "show", "filters", "--as", "stranger", code=4)
    english = district.cli("dataset", "show", "nosuch", code=4, lang="en")
    assert english.startswith("Error: ")

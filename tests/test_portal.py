"""The public portal's pages and its catalogue for harvesters, as nobody sees them, without a script."""
import html.parser
import json
import pathlib
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from harness import npm_ci
from opendata import FIRMS, catalogue, opened, release

PAGES = ("/open", "/open/", "/open/datasets", "/open/datasets?q=企业", "/open/dataset/firms", "/open/departments", "/open/themes", "/open/statistics", "/open/developers")
VOID = {"meta", "link", "input", "br", "img", "hr"}


class Page(html.parser.HTMLParser):
    """Reads a page and complains about what no browser should have to guess."""

    def __init__(self, text):
        super().__init__()
        self.open, self.flaws, self.text, self.links, self.ids, self.labelled, self.headings, self.jsonld = [], [], "", [], [], 0, [], ""
        self.feed(text)
        if self.open:
            self.flaws.append(f"not closed: {self.open}")

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given.get("href"))
        if tag in ("input", "select") and given.get("type") != "hidden" and "aria-label" not in given and "label" not in self.open:
            self.flaws.append(f"no label: {given}")
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))
        for name, value in attributes:
            if name.startswith("on") or (value or "").startswith("javascript:"):
                self.flaws.append(f"script in {tag}")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.flaws.append(f"</{tag}> after {self.open[-3:]}")

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.jsonld += data
        else:
            self.text += data


@pytest.fixture(scope="module")
def portal(district):
    ids = opened(district, "firms", "企业登记", tags=["经济"])
    catalogue(district, "parks", "公园<b>名录</b>", content="名称,面积\n甲&园,1.50\n<script>alert(1)</script>,2.25\n丙园,\n".encode(), entry={"classifications": ["209"], "abstract": "城市公园"}, tags=["城市 绿化"])
    release(district, "parks", ["名称", "面积"], licence="district-open", title_en="Parks", abstract_en="City parks", excuses={})
    catalogue(district, "secret", "没有开放的", content=FIRMS)
    return district, ids


def get(portal, path, status=200, **params):
    got = portal[0].caller().call("GET", path, params=params, allow_redirects=False)
    assert got.status_code == status, (path, got.status_code, got.text[:500])
    return got


def test_every_page_is_whole_in_both_languages(portal):
    for path in PAGES:
        for lang in ("zh", "en"):
            got = get(portal, path, lang=lang)
            assert got.headers["Content-Type"] == "text/html; charset=utf-8" and "script-src" not in got.headers["Content-Security-Policy"] and "default-src 'none'" in got.headers["Content-Security-Policy"]
            page = Page(got.text)
            assert not page.flaws, (path, page.flaws)
            assert page.headings[0] == 1 and page.headings.count(1) == 1 and all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:])), (path, page.headings)
            assert f'lang="{"zh-CN" if lang == "zh" else "en"}"' in got.text and "{{" not in got.text and len(page.ids) == len(set(page.ids))
            words = re.sub(r"全区登记企业的基本情况|企业登记|公园\S*|城市\S*|经济|区民政局|.*2\d\d .*|知识共享.*|公共数据.*|企业|中文|甲.*|丙.*", "", page.text)
            if lang == "en" and "/dataset/" not in path and path != "/open/themes":
                assert not re.search(r"[\u4e00-\u9fff]", words), (path, re.findall(r".*[\u4e00-\u9fff].*", words)[:3])
            assert "qs_lang=" in got.headers["Set-Cookie"]
    assert get(portal, "/open/style.css").headers["Content-Type"].startswith("text/css")
    # Links within the portal lead somewhere.
    seen = set()
    for path in PAGES:
        for link in Page(get(portal, path).text).links:
            assert link, path
            if link.startswith("/") and link not in seen and "data." not in link:
                seen.add(link)
                get(portal, link)


def test_search_and_facets(portal):
    def titles(path):
        return re.findall(r'<h2 class="item"><a href="/open/dataset/(\w+)">', get(portal, path).text)
    assert titles("/open/datasets") == ["parks", "firms"] and titles("/open/datasets?q=企业") == ["firms"] and titles("/open/datasets?tags=经济") == ["firms"]
    assert titles("/open/datasets?groups=class-209&organization=mzj") == ["parks"] and titles("/open/datasets?tags=城市 绿化") == ["parks"]
    # What cannot be read as a query is searched for as words.
    for odd in ("(", '"', "a OR", "x:y", "[1 TO", "\\"):
        assert titles(f"/open/datasets?q={odd}") in ([], ["parks", "firms"]), odd
    assert titles('/open/datasets?tags=x" OR *:*') == [] and titles("/open/datasets?page=99") == []
    assert "没有找到" in get(portal, "/open/datasets?q=没有这个词").text and "没有找到" in get(portal, "/open/datasets?q=没有这个词&page=9").text
    beyond = get(portal, "/open/datasets?tags=经济&page=99").text
    assert "没有第 99 页，一共 1 页" in beyond and 'rel="last" href="/open/datasets?tags=%E7%BB%8F%E6%B5%8E&amp;page=1"' in beyond and "rel=\"prev\"" not in beyond
    for lost in ("/open/nosuch", "/open/report"):
        assert "没有找到" in get(portal, lost, 404).text
    for name in ("secret", "nosuch"):
        assert "没有找到" in get(portal, f"/open/dataset/{name}", 404).text


def test_a_dataset(portal):
    ids = portal[1]
    text = get(portal, "/open/dataset/firms").text
    page = Page(text)
    for wanted in ("全区登记企业的基本情况", "区民政局", "知识共享 署名 4.0", "60 行", "所属街道", "经济", "第 1 版", "data.parquet", "100.0%"):
        assert wanted in text, wanted
    assert "联系电话" not in text and "1380000" not in text
    about = json.loads(page.jsonld)
    assert about["@type"] == "Dataset" and len(about["distribution"]) == 6 and about["license"].startswith("https://creativecommons.org")
    assert "东街" in text and "<meter" in text
    narrowed = get(portal, "/open/dataset/firms", field=ids["所属街道"], op="exact", value="东街").text
    assert "共 20 行" in narrowed and f"data.csv?{ids['所属街道']}__exact=%E4%B8%9C%E8%A1%97" in narrowed
    assert "共 60 行" in get(portal, "/open/dataset/firms", field=ids["注册资本（万元）"], op="gte", value="不是数").text and "role=\"alert\"" in get(portal, "/open/dataset/firms", field=ids["注册资本（万元）"], op="gte", value="不是数").text
    # A field that was not released is no field.
    hidden = get(portal, "/open/dataset/firms", field=ids["联系电话"], op="exact", value="13800000001").text
    nosuch = get(portal, "/open/dataset/firms", field="nosuch", op="exact", value="13800000001").text
    assert hidden.replace(ids["联系电话"], "nosuch") == nosuch
    assert get(portal, "/open/dataset/firms", chart=ids["联系电话"]).text.count("1380000") == 0
    parks = get(portal, "/open/dataset/parks").text
    assert "<script>alert" not in parks and "&lt;script&gt;" in parks and "&lt;b&gt;名录" in parks
    assert "</script>" not in Page(parks).jsonld and "City parks" in get(portal, "/open/dataset/parks", lang="en").text


def test_feed_sitemap_robots(portal):
    feed = ElementTree.fromstring(get(portal, "/open/feed.xml").content)
    assert [i.findtext("link").rsplit("/", 1)[1] for i in feed.iter("item")] == ["parks", "firms"]
    sitemap = get(portal, "/sitemap.xml").content
    assert b"/open/dataset/firms" in sitemap and b"secret" not in sitemap and len(ElementTree.fromstring(sitemap)) == 8
    assert "Sitemap: http" in get(portal, "/robots.txt").text


def test_dcat(portal):
    answers = {"jsonld": "application/ld+json", "ttl": "text/turtle", "xml": "application/rdf+xml"}
    for ending, kind in answers.items():
        for path in (f"/catalog.{ending}", f"/dataset/parks.{ending}"):
            assert get(portal, path).headers["Content-Type"].startswith(kind)
    graph = {n["@id"]: n for n in get(portal, "/catalog.jsonld").json()["@graph"]}
    base = portal[0].base
    one = graph[f"{base}/catalog"]
    for key in ("dct:title", "dct:description", "dct:publisher", "dcat:dataset", "dcat:service", "foaf:homepage", "dct:language", "dcat:themeTaxonomy", "dct:modified"):
        assert one[key], key
    assert {d["@id"] for d in one["dcat:dataset"]} == {f"{base}/dataset/parks", f"{base}/dataset/firms"}
    parks = graph[f"{base}/dataset/parks"]
    for key in ("dct:title", "dct:description", "dcat:contactPoint", "dcat:distribution", "dcat:keyword", "dcat:theme", "dct:publisher"):
        assert parks[key], key
    assert {"@value": "Parks", "@language": "en"} in parks["dct:title"]
    for link in parks["dcat:distribution"]:
        for key in ("dcat:accessURL", "dcatap:availability", "dct:description", "dct:format", "dct:license"):
            assert graph[link["@id"]][key], key
            # Addresses where addresses are asked for.
            assert key == "dct:description" or all("@id" in v for v in graph[link["@id"]][key])
    page = next(n for n in graph.values() if "hydra:totalItems" in n)
    assert page["hydra:totalItems"][0]["@value"] == "2" and page["hydra:first"] and page["hydra:last"] and "hydra:next" not in page
    # All three say the same.
    xml = ElementTree.fromstring(get(portal, "/catalog.xml").content)
    rdf, turtle = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}", get(portal, "/catalog.ttl").text
    assert {n.get(f"{rdf}about").replace(".xml?", ".jsonld?") for n in xml} == set(graph)
    assert sum(len(n) for n in xml) == sum(len(v) for n in graph.values() for k, v in n.items() if k != "@id")
    assert all(f"<{i}>" in turtle or "catalog.jsonld" in i for i in graph)
    assert len([n for n in get(portal, "/catalog.jsonld", q="企业").json()["@graph"] if "dcat:Dataset" in n["@type"]]) == 1
    assert not [n for n in get(portal, "/catalog.jsonld", modified_since="2999-01-01").json()["@graph"] if "dcat:Dataset" in n["@type"]]
    get(portal, "/catalog.ttl", 422, modified_since="yesterday")
    assert get(portal, "/dataset/parks", 303).headers["Location"] == "/open/dataset/parks"
    get(portal, "/dataset/secret.ttl", 404)


def test_dcat_by_its_shapes(portal, tmp_path):
    """By the constraints of DCAT-AP 3 as shapes of ours, class for class those of the official ones, which no package has."""
    folder = pathlib.Path(__file__).parent / "shacl"
    npm_ci(folder)

    def validate(turtle):
        (tmp_path / "data.ttl").write_text(turtle)
        done = subprocess.run(["node", "validate.mjs", "dcat-ap.ttl", str(tmp_path / "data.ttl")], cwd=folder, capture_output=True, text=True, timeout=120)
        assert done.returncode in (0, 1) and "triples" in done.stdout, done.stdout + done.stderr
        return done.stdout.strip().splitlines()[:-1]
    turtle = get(portal, "/catalog.ttl").text
    assert validate(turtle) == []
    # The shapes find what is broken.
    for before, after, told in ((r"dct:publisher <[^>]*>", 'dct:publisher "nobody"', "publisher"), (r"dcat:accessURL <[^>]*>", 'dcat:accessURL "x"', "accessURL"), (r"foaf:name [^;.]*", "foaf:nick \"x\"", "name"), (r"a dct:LinguisticSystem", "a dct:Agent", "language")):
        broken = validate(re.sub(before, after, turtle))
        assert broken and any(told in line for line in broken), (before, broken)


SQUARES = {"type": "FeatureCollection", "features": [
    {"type": "Feature", "properties": {"code": f"99010500{n}", "name": name},
     "geometry": {"type": "Polygon", "coordinates": [[[118 + n, 31], [118.9 + n, 31], [118.9 + n, 31.9], [118 + n, 31.9], [118 + n, 31]]]}}
    for n, name in ((1, "云溪<街>道"), (2, "望江街道"), (3, "柳林街道"))]}


def test_regions_are_drawn(portal, tmp_path):
    """Codes of regions become a map once somebody has handed over their outlines; by API, command and page alike."""
    qushu = portal[0]
    sheet = "街道代码,街道,人口（人）\n990105001,云溪街道,1200\n990105001005,云溪街道某村,300\n990105002000,望江街道,500\n110101001,别处,7\n,不详,9\n"
    fields = catalogue(qushu, "people", "街道人口", content=sheet.encode(), entry={"classifications": ["101"], "abstract": "各街道人口"}, tags=["人口"])
    release(qushu, "people", ["街道代码", "街道", "人口（人）"], excuses={"*": "合计数"})
    reviewer, steward = qushu.caller("reviewer"), qushu.caller("steward")
    assert "分区域" not in get(portal, "/open/dataset/people").text and steward.get("/api/v1/open/boundaries")["count"] == 0

    def put(caller, body, status=200):
        got = caller.call("PUT", "/api/v1/open/boundaries", data=body)
        assert got.status_code == status, got.text
        return got.json()

    put(steward, json.dumps(SQUARES), 403)
    assert put(reviewer, "{", 422)["id"] == "boundary.file"
    wrong = json.loads(json.dumps(SQUARES))
    wrong["features"][1]["properties"]["code"] = "12345"
    said = put(reviewer, json.dumps(wrong), 422)
    assert said["subject"] == "features[1].properties" and "12345" in said["detail"]
    assert steward.get("/api/v1/open/boundaries")["count"] == 0
    file = tmp_path / "streets.geojson"
    file.write_text(json.dumps(SQUARES, ensure_ascii=False))
    assert qushu.json("--as", "reviewer", "boundary", "load", str(file))["count"] == 3
    about = steward.get("/api/v1/open/boundaries")
    assert about["count"] == 3 and about["person_name"] == "目录审核员"

    page = get(portal, "/open/dataset/people").text
    assert not Page(page).flaws, Page(page).flaws
    # A village counts for its street; what has no code, or one of elsewhere, is said to be left out.
    assert "云溪&lt;街&gt;道: 2" in page and "望江街道: 1" in page and "柳林街道: —" in page and "3 行有区域，2 行没有" in page
    summed = get(portal, "/open/dataset/people", shade=fields["人口（人）"]).text
    assert "云溪&lt;街&gt;道: 1,500" in summed and "望江街道: 500" in summed and "人口（人）（合计）" in summed
    assert get(portal, "/open/dataset/people", shade="x' OR 1").status_code == 200
    assert "darker" in get(portal, "/open/dataset/people", lang="en").text
    # As many rows everywhere say nothing: a number is drawn, unless somebody asks for the rows.
    catalogue(qushu, "towns", "街道户数", content="街道代码,户数（户）\n990105001,70\n990105002,30\n".encode(), entry={"classifications": ["101"], "abstract": "各街道户数"}, tags=["人口"])
    release(qushu, "towns", ["街道代码", "户数（户）"], excuses={"*": "合计数"})
    assert "云溪&lt;街&gt;道: 70" in get(portal, "/open/dataset/towns").text and "云溪&lt;街&gt;道: 1" in get(portal, "/open/dataset/towns", shade="").text
    assert put(reviewer, json.dumps({"type": "FeatureCollection", "features": []}), 422)["subject"] == "features"
    assert reviewer.call("DELETE", "/api/v1/open/boundaries").status_code == 204
    assert "分区域" not in get(portal, "/open/dataset/people").text
    actions = {e["action"] for e in qushu.caller("auditadmin").get("/api/v1/audit", action="boundary.")["entries"]}
    assert actions == {"boundary.replace", "boundary.remove"}

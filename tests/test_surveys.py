"""Surveys as those who answer meet them, over HTTP and on the command line, on both databases: pages without scripts, links that
work once, stuffing, what is shown when, and that nothing kept or logged leads from an answer to its link."""
import csv
import email
import html
import io
import re
import sqlite3
import threading
import time
import zipfile

import pytest

from harness import Failed, Postgres, Qushu
from test_grant_use import mails, until  # noqa: F401
from test_portal import Page

QUESTIONS = """results: [everyone]
sections:
  - title: {zh: 总体, en: All in all}
    questions:
      - {code: overall, title: {zh: 您满意吗, en: Are you satisfied}, type: scale, points: 5, labels: [{zh: 很不满意, en: Not at all}, {zh: 很满意, en: Very}], satisfied: [4, 5], required: true}
      - {code: used, title: {zh: 用过哪些, en: What did you use}, type: choices, most: 2, choices: [{code: wifi, label: {zh: 无线, en: Wireless}}, {code: net, label: {zh: 有线, en: Cable}}, {code: tv, label: {zh: 会议, en: Meetings}}]}
      - {code: speed, title: {zh: 速度如何, en: How fast}, type: choice, choices: [{code: fast, label: {zh: 快, en: Fast}}, {code: slow, label: {zh: 慢, en: Slow}}]}
      - {code: said, title: {zh: 意见, en: Anything else}, type: text, max_length: 20}
"""


def definition(code, mode, more=""):
    return f"survey: {code}\nname: {{zh: 服务调查, en: Survey of services}}\nmode: {mode}\n{more}{QUESTIONS}"


@pytest.fixture(scope="module")
def world(district):
    operator = district.caller("operator")
    for key, value in (("form_seconds", "0"), ("form_limit", "100000")):
        district.caller("sysadmin").put(f"/api/v1/settings/surveys.{key}", {"value": value})
    return district, operator


def opened(operator, code, mode, more=""):
    operator.post("/api/v1/surveys", {"yaml": definition(code, mode, more)})
    return operator.post(f"/api/v1/surveys/{code}/open")


def links(operator, code, count):
    got = operator.call("POST", f"/api/v1/surveys/{code}/links.csv", json={"count": count})
    assert got.status_code == 200, got.text
    rows = list(csv.reader(io.StringIO(got.content.decode("utf-8-sig"))))
    return [re.sub(r"^https?://[^/]+", "", row[0]) for row in rows[1:]]


def cells(workbook):
    """The texts of a workbook."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as packed:
        return [html.unescape(t) for name in packed.namelist() if name.endswith(".xml") for t in re.findall("<t[^>]*>([^<]*)</t>", packed.read(name).decode())]


def hidden(page):
    return {k: html.unescape(v) for k, v in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)}


def test_a_page_without_scripts_that_keeps_what_was_typed(world):
    server, operator = world
    opened(operator, "typed", "links")
    [link] = links(operator, "typed", 1)
    visitor = server.caller()
    page = visitor.call("GET", link)
    assert page.status_code == 200 and not Page(page.text).flaws, Page(page.text).flaws
    assert "<script" not in page.text and "default-src 'none'" in page.headers["Content-Security-Policy"] and '<meta name="referrer" content="no-referrer">' in page.text
    assert page.text.count("<fieldset") == 3 and page.text.count("<legend") == 3 and 'name="viewport"' in page.text
    # A question unanswered, two picked too many, a text too long: each told at its question, everything kept.
    bad = visitor.call("POST", link, data=[("q_used", "wifi"), ("q_used", "net"), ("q_used", "tv"), ("q_speed", "slow"), ("q_said", "这一段<b>实在是太长了，超过了二十个字的上限")])
    assert bad.status_code == 422 and not Page(bad.text).flaws
    for text in ("这一题必选", "最多选 2 项，现在选了 3 项", "最多 20 个字", "&lt;b&gt;", 'href="#q_overall"', 'aria-describedby="q_said-problem"'):
        assert text in bad.text, text
    assert len(re.findall(r'value="(wifi|net|tv|slow)" checked', bad.text)) == 4
    english = visitor.call("GET", link, params={"lang": "en"}).text
    assert "Are you satisfied" in english and "required" in english and 'lang="en"' in english and "提交" not in english
    done = visitor.call("POST", link, data={"q_overall": "5"}, allow_redirects=False)
    assert done.status_code == 303
    assert "谢谢您" in visitor.call("GET", done.headers["Location"]).text
    again = visitor.call("GET", link)
    assert "已经用过" in again.text and "<form" not in again.text
    assert visitor.call("POST", link, data={"q_overall": "1"}).status_code == 409
    assert operator.get("/api/v1/surveys/typed")["answers"] == 1
    for wrong in ("/survey/nosuch", "/survey/typed", "/survey/typed/aaaa", link + "x", "/survey/typed/%00"):
        assert server.caller().call("GET", wrong).status_code in (404, 400), wrong


def test_a_link_used_by_twenty_at_once_gives_one_answer(world):
    server, operator = world
    opened(operator, "race", "links")
    [link] = links(operator, "race", 1)
    outcomes = []

    def go():
        outcomes.append(server.caller().call("POST", link, data={"q_overall": "3"}, allow_redirects=False).status_code)

    threads = [threading.Thread(target=go) for _ in range(20)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(outcomes) == [303] + [409] * 19
    survey = operator.get("/api/v1/surveys/race")
    assert (survey["answers"], survey["used"], survey["invitations"], survey["response_rate"]) == (1, 1, 1, 100)


def test_stuffing_a_public_survey(world):
    server, operator = world
    admin = server.caller("sysadmin")
    opened(operator, "stuffed", "public", "question: true\n")
    at = "/survey/stuffed"

    def filled(visitor):
        page = visitor.call("GET", at).text
        a, b = re.search("([一二三四五六七八九])加([一二三四五六七八九])等于几", page).groups()
        return {**hidden(page), "proof": str("一二三四五六七八九".index(a) + "一二三四五六七八九".index(b) + 2), "website": "", "q_overall": "5"}

    def send(visitor, fields):
        return visitor.call("POST", at, data=fields, allow_redirects=False)

    visitor = server.caller()
    good = filled(visitor)
    for fields in ({**good, "proof": "99"}, {**good, "website": "http://spam"}, {**good, "stamp": "1.2.3"}, {"q_overall": "5"}, {**good, "stamp": good["stamp"] + "x"}):
        got = send(server.caller(), fields)
        assert got.status_code == 422 and 'value="5" checked' in got.text, fields
    assert send(visitor, good).status_code == 303
    assert "谢谢您" in visitor.call("GET", at + "?done=1").text
    assert "已经答过" in visitor.call("GET", at).text  # the browser's mark
    assert send(visitor, filled(server.caller())).status_code == 409
    assert send(server.caller(), good).status_code == 422  # the stamp is spent
    assert operator.get("/api/v1/surveys/stuffed")["answers"] == 1
    # Too quick, and then not any more with what was typed.
    admin.put("/api/v1/settings/surveys.form_seconds", {"value": "2"})
    other = server.caller()
    fields = filled(other)
    quick = send(other, fields)
    assert quick.status_code == 422 and "太快" in quick.text and hidden(quick.text)["stamp"] == fields["stamp"]
    admin.put("/api/v1/settings/surveys.form_seconds", {"value": "0"})
    assert send(other, fields).status_code == 303
    # An address has its measure.
    admin.put("/api/v1/settings/surveys.form_limit", {"value": "1"})
    late = server.caller()
    assert send(late, filled(late)).status_code == 429
    admin.put("/api/v1/settings/surveys.form_limit", {"value": "100000"})
    assert operator.get("/api/v1/surveys/stuffed")["answers"] == 2


def test_results_come_in_batches_and_to_whom_they_are_for(world):
    server, operator = world
    opened(operator, "batches", "links")
    all_links = links(operator, "batches", 14)
    answer = lambda link, **fields: server.caller().call("POST", link, data={f"q_{k}": v for k, v in fields.items()}, allow_redirects=False)
    for link in all_links[:9]:
        assert answer(link, overall="5", speed="fast", said="很好").status_code == 303
    early = operator.get("/api/v1/surveys/batches/results")
    assert (early["counted"], early["waiting"], early["minimum"]) == (0, 9, 5) and not early["questions"][0]["shown"] and early["questions"][3]["texts"] == []
    for link in all_links[9:12]:
        answer(link, overall="2", used="tv")
    first = operator.get("/api/v1/surveys/batches/results")
    assert (first["counted"], first["waiting"]) == (5, 7)
    closed = operator.post("/api/v1/surveys/batches/close")
    assert closed["phase"] == "closed" and closed["response_rate"] == 85.71
    assert "已经结束" in server.caller().call("GET", all_links[13]).text
    assert answer(all_links[13], overall="1").status_code != 303
    final = server.caller("reader").get("/api/v1/surveys/batches/results")
    overall, used, speed, said = final["questions"]
    assert (overall["answers"], overall["satisfied"], overall["satisfied_share"], overall["mean"]) == (12, 9, 75, 4.25)
    assert [c["answers"] for c in overall["counts"]] == [0, 3, 0, 0, 9]
    assert used["answers"] == 3 and not used["shown"] and used["counts"] == []
    assert speed["shown"] and said["texts"] == ["很好"] * 9
    assert final["months"][0]["answers"] == 12
    # SQL, as indicators read it.
    rows = server.caller("reader").post("/api/v1/sql", {"sql": "SELECT sum(answers) FILTER (satisfied)::INT, sum(answers)::INT FROM survey_answers WHERE survey = 'batches' AND subject = 'overall'"})["rows"]
    assert [int(v) for v in rows[0]] == [9, 12]
    assert server.caller("reader").post("/api/v1/sql", {"sql": "SELECT count(*) FROM survey_answers WHERE question IN ('used', 'said') AND survey = 'batches'"})["rows"][0][0] in (0, "0")
    # Sheets.
    rows = list(csv.reader(io.StringIO(operator.call("GET", "/api/v1/surveys/batches/results.csv").content.decode("utf-8-sig"))))
    assert ["您满意吗", "量表", "5 很满意", "9", "75.00", "是", "4.25", "75.00", "12"] in rows
    assert "5 很满意" in cells(operator.call("GET", "/api/v1/surveys/batches/results.xlsx").content)
    # Whom results are not for.
    operator.post("/api/v1/surveys", {"yaml": definition("ours", "public").replace("[everyone]", "[department]")})
    reader = server.caller("reader")
    assert "ours" not in [s["code"] for s in reader.get("/api/v1/surveys")["surveys"]]
    reader.get("/api/v1/surveys/ours/results", 404)
    reader.post("/api/v1/surveys/batches/open", None, 403)
    assert reader.call("POST", "/api/v1/surveys/batches/links.csv", json={"count": 1}).status_code == 403


FIGURE = """indicator: canteen_satisfied
name: {zh: 食堂满意度, en: Satisfied with the canteen}
unit: "%"
direction: higher
target: 85
weight: 5
period: month
evidence:
  rows: |
    SELECT survey, counted_on, value__name, satisfied, answers FROM survey_answers, period
    WHERE survey = 'figure' AND subject = 'overall' AND counted_on BETWEEN first_day AND as_of
  part: coalesce(sum(answers) FILTER (satisfied), 0)
  whole: sum(answers)
"""


def test_a_figure_rests_on_what_was_answered(world):
    server, operator = world
    operator.post("/api/v1/surveys", {"yaml": definition("figure", "links").replace("[everyone]", "[department]")})
    operator.post("/api/v1/surveys/figure/open")
    operator.post("/api/v1/indicators", {"yaml": FIGURE})
    compute = lambda: operator.post("/api/v1/indicators/canteen_satisfied/compute", {})
    assert (compute()["state"], compute()["value"]) == ("none", None)  # nobody answered: neither 0 nor 100
    for n, link in enumerate(links(operator, "figure", 8)):
        assert server.caller().call("POST", link, data={"q_overall": "2" if n < 2 else "5"}, allow_redirects=False).status_code == 303
    operator.post("/api/v1/surveys/figure/close")
    figure = compute()
    assert (figure["value"], figure["numerator"], figure["denominator"]) == ("75", 75, 1)
    seen = operator.get("/api/v1/indicators/canteen_satisfied/evidence")
    assert sum(int(row["cells"][seen["columns"].index("answers")]) for row in seen["rows"]) == 8 and "答复数" in seen["labels"]
    # Whom the results are not for sees the figure, and none of the rows behind it.
    hidden_from = server.caller("reader").get("/api/v1/indicators/canteen_satisfied/evidence")
    assert hidden_from["rows"] == [] and hidden_from["hidden"] == len(seen["rows"])


def test_definitions_are_checked_where_they_stand(world):
    _, operator = world
    wrong = operator.post("/api/v1/surveys/check", {"yaml": definition("bad", "links").replace("points: 5", "points: 50").replace("type: choices", "type: stars")})
    assert [(m["line"], m["key"]) for m in wrong["mistakes"]] == [(8, "sections[0].questions[0].points"), (9, "sections[0].questions[1].type")]
    assert operator.post("/api/v1/surveys", {"yaml": "survey: x"}, 422)["id"] == "survey.definition"
    opened(operator, "asked", "links")
    [link] = links(operator, "asked", 1)
    assert operator.call("POST", link, data={"q_overall": "4"}, allow_redirects=False).status_code == 303
    assert operator.post("/api/v1/surveys", {"yaml": definition("asked", "public")}, 409)["id"] == "survey.answered"
    assert operator.post("/api/v1/surveys/asked/mail", {"departments": ["mzj"]}, 409)["id"] == "notify.no_server"


def test_times(world):
    server, operator = world
    opened(operator, "later", "public", "opens: 2099-01-01T09:00\ncloses: 2099-02-01T18:00\n")
    page = server.caller().call("GET", "/survey/later").text
    assert "还没有开始" in page and "2099-01-01 09:00" in page
    operator.post("/api/v1/surveys", {"yaml": definition("past", "public", "closes: 2020-01-01T09:00\n")})
    assert operator.post("/api/v1/surveys/past/open", None, 409)["id"] == "survey.over"


def test_the_command_line(world, tmp_path):
    server, _ = world
    file = tmp_path / "s.yaml"
    file.write_text(definition("by_cli", "links"))
    assert "by_cli" in server.cli("survey", "define", file)
    server.cli("survey", "open", "by_cli")
    server.cli("survey", "invite", "by_cli", "--links", 3, "--out", tmp_path / "links.csv")
    assert len((tmp_path / "links.csv").read_text().strip().splitlines()) == 4
    assert server.json("survey", "show", "by_cli")["invitations"] == 3
    assert "by_cli" in server.cli("survey", "list") and "服务调查" in server.cli("survey", "results", "by_cli")
    server.cli("survey", "export", "by_cli", tmp_path / "r.xlsx")
    assert "题目" in cells((tmp_path / "r.xlsx").read_bytes())
    server.cli("survey", "close", "by_cli")
    with pytest.raises(Failed):
        server.cli("survey", "results", "nosuch")


def test_steps_are_audited_and_answers_are_not(world):
    server, operator = world
    opened(operator, "trail", "links")
    tokens = [link.rsplit("/", 1)[1] for link in links(operator, "trail", 3)]
    for token in tokens:
        operator.call("POST", f"/survey/trail/{token}", data={"q_overall": "4"}, allow_redirects=False)
    entries = server.caller("auditadmin").get("/api/v1/audit", object_kind="survey", object_id="trail")["entries"]
    assert sorted(e["action"] for e in entries) == ["survey.apply", "survey.invite", "survey.open"]
    assert not any(token in str(entries) for token in tokens)


def test_nothing_kept_or_logged_leads_from_an_answer_to_its_link(tmp_path):
    """The whole database and log of a server that took fifteen answers: no token, no time, no address beside an answer."""
    server = Qushu(tmp_path).settle()
    try:
        operator = server.caller("operator")
        opened(operator, "secret", "links")
        all_links = links(operator, "secret", 15)
        for n, link in enumerate(all_links):
            assert server.caller().call("POST", link, data={"q_overall": "4", "q_said": f"意见{n:02}"}, allow_redirects=False).status_code == 303
        operator.get("/api/v1/surveys/secret/results")
    finally:
        server.stop()
    tokens = [link.rsplit("/", 1)[1] for link in all_links]
    log = "\n".join(server.output + server.errors)
    database = sqlite3.connect(tmp_path / "qushu.db")
    dump = "\n".join(database.iterdump())
    assert dump.count("意见") >= 15
    for token in tokens:
        assert token not in dump and token not in log
    assert "意见" not in log
    assert [c[1] for c in database.execute("PRAGMA table_info(survey_answer)")] == ["id", "survey", "counted", "answers"]
    assert [c[1] for c in database.execute("PRAGMA table_info(survey_invitation)")] == ["hash", "survey", "used"]
    # By place in the table they are in no order of coming.
    order = [re.search("意见(..)", row[0]).group(1) for row in database.execute("SELECT answers FROM survey_answer WHERE survey = 'secret' ORDER BY rowid")]
    assert sorted(order) == [f"{n:02}" for n in range(15)] and order != sorted(order)
    assert "secret" not in "".join(str(row) for row in database.execute("SELECT * FROM audit_entry WHERE action LIKE 'survey.answer%'"))


def test_a_link_by_mail_is_in_the_mail_alone(tmp_path, mails):
    server = Qushu(tmp_path, settings={"sources.allow_loopback": "true", "notify.smtp_url": f"smtp://127.0.0.1:{mails.port}", "notify.smtp_encryption": "false",
                                       "notify.mail_from": "qushu@example.gov.cn", "notify.links": "https://data.example.gov.cn"}).settle()
    try:
        server.json("user", "add", "liaison", "--name", "联络员", "--department", "mzj", "--role", "data_user", "--email", "liaison@example.gov.cn")
        operator = server.caller("operator")
        opened(operator, "mailed", "links")
        done = operator.post("/api/v1/surveys/mailed/mail", {"departments": ["mzj"]})
        assert done["mails"] == 1 and "民政局数据使用员" in done["no_address"]
        mail = until(lambda: next((m for m in mails.mails if "liaison@example.gov.cn" in m.rcpt_tos), None))
        text = email.message_from_bytes(mail.content).get_payload(decode=True).decode()
        link = re.search(r"https://data\.example\.gov\.cn(/survey/mailed/([a-z2-7]{24}))", text)
        assert "联络员" in text and link
        assert server.caller().call("POST", link.group(1), data={"q_overall": "5"}, allow_redirects=False).status_code == 303
        survey = operator.get("/api/v1/surveys/mailed")
        assert (survey["invitations"], survey["used"], survey["answers"]) == (1, 1, 1)
    finally:
        server.stop()
    assert link.group(2) not in "\n".join(sqlite3.connect(tmp_path / "qushu.db").iterdump()) + "\n".join(server.output + server.errors)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_answers_that_were_acknowledged_survive_kill(kind, tmp_path):
    postgres = Postgres() if kind == "postgresql" else None
    try:
        server = Qushu(tmp_path, postgres.url(postgres.fresh()) if postgres else None).settle()
        operator = server.caller("operator")
        opened(operator, "killed", "links")
        all_links = links(operator, "killed", 200)
        taken = []

        def go(some):
            for link in some:
                try:
                    if server.caller().call("POST", link, data={"q_overall": "4"}, allow_redirects=False).status_code == 303:
                        taken.append(link)
                except Exception:  # the server is gone
                    return

        threads = [threading.Thread(target=go, args=(all_links[i::4],)) for i in range(4)]
        [t.start() for t in threads]
        while len(taken) < 40:
            time.sleep(0.005)
        server.kill()
        [t.join() for t in threads]
        server.start()
        survey = server.caller("operator").get("/api/v1/surveys/killed")
        # Answers that were being acknowledged when it died may be there too: one for each of the four at most.
        assert len(taken) <= survey["answers"] <= len(taken) + 4 and survey["used"] == survey["answers"]
        assert "已经用过" in server.caller().call("GET", taken[-1]).text
        server.stop()
    finally:
        if postgres:
            postgres.stop()


def test_a_survey_is_put_away_or_removed(world, tmp_path):
    district, operator = world
    opened(operator, "leaving", "links")
    visitor = district.caller()
    for link in links(operator, "leaving", 3)[:2]:
        page = visitor.call("GET", link).text
        got = visitor.call("POST", link, data={**hidden(page), "q_overall": "5"}, allow_redirects=False)
        assert got.status_code in (200, 303), got.text
    at = "/api/v1/surveys/leaving"
    assert operator.get(at)["answers"] == 2
    # Not while somebody could answer, not by somebody else, not without saying what goes.
    assert operator.call("DELETE", at).json()["id"] == "survey.state" and operator.post(f"{at}/archive", None, 409)["id"] == "survey.state"
    district.caller("reader").delete(at, 403)
    operator.post(f"{at}/close")
    archived = operator.post(f"{at}/archive")
    assert archived["archived"] and archived["answers"] == 2
    assert operator.post(f"{at}/archive", None, 409)["id"] == "survey.archived" and operator.post(f"{at}/open", None, 409)["id"] == "survey.archived"
    listed = lambda **more: {s["code"] for s in operator.get("/api/v1/surveys", **more)["surveys"]}  # noqa: E731
    assert "leaving" not in listed() and listed(archived="true") == {"leaving"}
    assert operator.get(f"{at}/results")["survey"]["archived"]
    assert operator.post(f"{at}/restore")["archived"] is None and "leaving" in listed()
    told = operator.call("DELETE", at)
    assert told.status_code == 409 and told.json()["subject"] == "answers" and "2 份答卷" in told.json()["detail"], told.text
    assert operator.call("DELETE", at, params={"answers": 3}).status_code == 409
    assert operator.call("DELETE", at, params={"answers": 2}).status_code == 204
    operator.get(at, 404)
    assert visitor.call("GET", links(operator, "typed", 1)[0]).status_code == 200  # another one's are untouched
    removed = [e for e in district.caller("auditadmin").get("/api/v1/audit", object_kind="survey", object_id="leaving")["entries"] if e["action"] == "survey.remove"]
    assert removed and removed[0]["detail"]["answers"] == 2
    # The code is free again, and nothing of the one before is there.
    opened(operator, "leaving", "links")
    assert operator.get(at)["answers"] == 0 and len(operator.get(f"{at}/versions")["versions"]) == 1
    assert operator.call("DELETE", "/api/v1/surveys/satisfaction").json()["id"] == "survey.builtin"


def test_removal_on_the_command_line(world, tmp_path):
    district, operator = world
    operator.post("/api/v1/surveys", {"yaml": definition("cli_leaving", "public")})
    assert district.json("survey", "archive", "cli_leaving")["archived"]
    assert [s["code"] for s in district.json("survey", "list", "--archived") if s["code"] == "cli_leaving"] == ["cli_leaving"]
    district.cli("survey", "restore", "cli_leaving")
    with pytest.raises(Failed) as failed:
        district.cli("survey", "delete", "cli_leaving", "--answers", "4")
    assert "0 份答卷" in failed.value.err
    assert "已删除" in district.cli("survey", "delete", "cli_leaving")
    assert "cli_leaving" not in {s["code"] for s in district.json("survey", "list")}

"""Who is told of records: of transitions, of clocks in working days and of days that come near; once, on the home page and by mail."""
import base64
import datetime
import email
import random
import sqlite3
import time

import pytest

from harness import PASSWORD, Qushu
from test_grant_use import mails, until  # noqa: F401

CASE = """register: cases
name: {zh: 来件办理, en: Cases}
number: LJ-{seq:4}
fields:
  - {name: subject, label: {zh: 事项, en: Subject}, type: text, required: true}
  - {name: handler, label: {zh: 承办人, en: Handler}, type: person}
  - {name: answer_by, label: {zh: 答复日期, en: Answer by}, type: date}
states:
  - {name: drafted, label: {zh: 起草, en: Drafted}}
  - {name: given, label: {zh: 待办理, en: To be handled}, deadline: 5}
  - {name: done, label: {zh: 办结, en: Done}, final: true, locked: true}
transitions:
  - {name: give, label: {zh: 交办, en: Give}, from: [drafted], to: given, who: [own], notify: ["field:handler", "role:data_steward+department"]}
  - {name: finish, label: {zh: 办结, en: Finish}, from: [given], to: done, who: ["field:handler"], notify: [own]}
  - {name: back, label: {zh: 退回, en: Return}, from: [given], to: drafted, who: ["field:handler"]}
reminders: [{field: answer_by, days: [30, 7], notify: ["field:handler"]}]
permissions: {see: [own, department, "field:handler"], create: [everyone], edit: [own]}
"""
RECORDS = "/api/v1/registers/cases/records"
SOON = {"audit.count_interval": "1s", "registers.notice_interval": "1s"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request, tmp_path_factory, mails):  # noqa: F811
    url = None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        url = server.url(server.fresh())
    qushu = Qushu(tmp_path_factory.mktemp("data"), url, {
        **SOON, "notify.smtp_url": f"smtp://127.0.0.1:{mails.port}", "notify.smtp_encryption": "false",
        "notify.mail_from": "qushu@example.gov.cn", "notify.links": "https://data.example.gov.cn"}).settle()
    made = qushu.json("user", "add", "clerk", "--name", "承办员", "--department", "wjw", "--role", "data_user", "--email", "clerk@example.gov.cn")
    clerk = qushu.caller()
    clerk.sign_in("clerk", made["password"])
    clerk.post("/api/v1/account/password", {"old_password": made["password"], "new_password": PASSWORD}, 204)
    clerk.sign_in("clerk")
    checked = qushu.caller("operator").post("/api/v1/registers/check", {"yaml": CASE})
    assert checked["mistakes"] == [], checked
    qushu.caller("operator").post("/api/v1/registers", {"yaml": CASE})
    yield qushu, clerk, (url and request.getfixturevalue("postgres"))
    if qushu.process:
        qushu.stop()


def told(who, record):
    return [n for n in who.get("/api/v1/notices", limit=200)["notices"] if n["link"].endswith(record["id"])]


def settled(qushu, seconds=4):
    """Nothing more is queued or running, and the clocks were looked at."""
    time.sleep(seconds)
    qushu.caller("operator").wait_jobs()


def sql(qushu, server, statement):
    if server:
        server.sql(qushu.settings["store.url"].rsplit("/", 1)[1], statement)
        return
    with sqlite3.connect(qushu.data / "qushu.db", timeout=20) as db:
        db.execute(statement)


def in_days(n):
    return (datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date() + datetime.timedelta(days=n)).isoformat()


def test_a_transition_tells_whom_it_names(world, mails):  # noqa: F811
    qushu, clerk, _ = world
    reader, steward, rival = qushu.caller("reader"), qushu.caller("steward"), qushu.caller("rival")
    made = reader.post(RECORDS, {"values": {"subject": "信访来件", "handler": "clerk"}}, 201)
    before = len(mails.mails)
    reader.post(f"{RECORDS}/{made['id']}/move", {"transition": "give", "comment": "请抓紧"})
    notice = until(lambda: next(iter(told(clerk, made)), None))
    assert notice["title"] == f"来件办理 {made['number']} 信访来件：交办" and "请抓紧" in notice["detail"] and "现为“待办理”，期限 " in notice["detail"], notice
    english = clerk.call("GET", "/api/v1/notices", headers={"Accept-Language": "en"}).json()["notices"][0]
    assert english["title"].endswith(": Give") and "it is “To be handled” now" in english["detail"], english
    until(lambda: told(steward, made))  # a steward of the record's department; not one of another
    settled(qushu)
    assert not told(rival, made) and not told(reader, made) and not told(qushu.caller("operator"), made)
    text = lambda m: base64.b64decode(m.content.split(b"\r\n\r\n", 1)[1]).decode()  # noqa: E731
    sent = [m for m in mails.mails[before:] if m.rcpt_tos == ["clerk@example.gov.cn"]]
    assert len(sent) == 1 and f"https://data.example.gov.cn/registers/cases/records/{made['id']}" in text(sent[0]), sent
    assert "信访来件：交办" in str(email.header.make_header(email.header.decode_header(email.message_from_bytes(sent[0].content)["Subject"])))
    clerk.post(f"{RECORDS}/{made['id']}/move", {"transition": "finish"})
    until(lambda: any(n["title"].endswith("办结") for n in told(reader, made)))
    assert len(told(clerk, made)) == 1  # who did it is not told


def test_what_nobody_may_see_nobody_is_told_of(world):
    qushu, _, _ = world
    reader = qushu.caller("reader")
    made = reader.post(RECORDS, {"values": {"subject": "没有承办人"}}, 201)
    reader.post(f"{RECORDS}/{made['id']}/move", {"transition": "give"})
    until(lambda: told(qushu.caller("steward"), made))


def test_clocks_are_told_of_once_before_and_once_after(world):
    qushu, clerk, server = world
    reader = qushu.caller("reader")
    made = reader.post(RECORDS, {"values": {"subject": "有期限", "handler": "clerk"}}, 201)
    reader.post(f"{RECORDS}/{made['id']}/move", {"transition": "give"})
    until(lambda: told(clerk, made))
    settled(qushu)
    assert len(told(clerk, made)) == 1
    now = int(time.time() * 1e6)
    sql(qushu, server, f"UPDATE reg_cases SET due = {now + 3_600_000_000} WHERE id = '{made['id']}'")
    until(lambda: any("办理期限将到" in n["title"] for n in told(clerk, made)))
    settled(qushu)
    assert len(told(clerk, made)) == 2 and not any("期限" in n["title"] for n in told(reader, made))
    sql(qushu, server, f"UPDATE reg_cases SET due = {now - 1_000_000} WHERE id = '{made['id']}'")
    until(lambda: any("已逾期" in n["title"] for n in told(clerk, made)))
    qushu.stop()
    qushu.start()
    clerk.base = qushu.base
    settled(qushu)
    assert sorted(n["title"].rsplit("：", 1)[1] for n in told(clerk, made)) == ["交办", "办理已逾期", "办理期限将到"]
    # A new round is a new clock.
    clerk.post(f"{RECORDS}/{made['id']}/move", {"transition": "back"})
    reader = qushu.caller("reader")
    reader.post(f"{RECORDS}/{made['id']}/move", {"transition": "give"})
    sql(qushu, server, f"UPDATE reg_cases SET due = {now - 500_000} WHERE id = '{made['id']}'")
    until(lambda: sum("已逾期" in n["title"] for n in told(clerk, made)) == 2)


def test_days_that_come_near(world):
    qushu, clerk, _ = world
    reader = qushu.caller("reader")
    near = reader.post(RECORDS, {"values": {"subject": "一周内", "handler": "clerk", "answer_by": in_days(5)}}, 201)
    far = reader.post(RECORDS, {"values": {"subject": "一月内", "handler": "clerk", "answer_by": in_days(20)}}, 201)
    past = reader.post(RECORDS, {"values": {"subject": "已过", "handler": "clerk", "answer_by": in_days(-1)}}, 201)
    later = reader.post(RECORDS, {"values": {"subject": "还早", "handler": "clerk", "answer_by": in_days(90)}}, 201)
    until(lambda: told(clerk, near) and told(clerk, far))
    assert told(clerk, near)[0]["title"].endswith("一周内：答复日期还有 5 天")
    settled(qushu)
    assert [len(told(clerk, r)) for r in (near, far, past, later)] == [1, 1, 0, 0]
    reader.patch(f"{RECORDS}/{far['id']}", {"values": {"answer_by": in_days(3)}})
    until(lambda: len(told(clerk, far)) == 2)
    reader.patch(f"{RECORDS}/{near['id']}", {"values": {"answer_by": in_days(0)}})
    until(lambda: any("就在今天" in n["title"] for n in told(clerk, near)))


def test_killed_in_between_nobody_is_told_twice_or_not_at_all(world):
    qushu, clerk, _ = world
    dice = random.Random(20261129)
    waiting = []
    for n in range(12):
        reader = qushu.caller("reader")
        made = reader.post(RECORDS, {"values": {"subject": f"断电{n}", "handler": "clerk", "answer_by": in_days(6)}}, 201)
        reader.post(f"{RECORDS}/{made['id']}/move", {"transition": "give"})
        waiting.append(made)
        time.sleep(dice.uniform(0, 1.5))
        qushu.kill()
        qushu.start()
    clerk.base = qushu.base
    clerk.sign_in("clerk")
    until(lambda: all(len(told(clerk, r)) == 2 for r in waiting), 60)
    settled(qushu)
    assert all(sorted(n["title"].rsplit("：", 1)[1] for n in told(clerk, r)) == ["交办", "答复日期还有 6 天"] for r in waiting)


def test_mistakes_are_told_with_their_place(world):
    operator = world[0].caller("operator")
    def wrong(before, after):
        return [(m["line"], m["key"]) for m in operator.post("/api/v1/registers/check", {"yaml": CASE.replace(before, after)})["mistakes"]]
    assert wrong('to: done, who: ["field:handler"], notify: [own]', 'to: done, who: ["field:handler"], notify: [everyone]') == [(14, "transitions[1].notify")]
    assert wrong("notify: [own]", "notify: [\"field:subject\"]") == [(14, "transitions[1].notify")]
    assert wrong("{zh: 起草, en: Drafted}", "{zh: 起草, en: Drafted}, warn: 3") == [(9, "states[0].deadline")]
    assert wrong('notify: ["field:handler"]}]', "notify: [somebody]}]") == [(16, "reminders[0].notify")]

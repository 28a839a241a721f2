"""What the tests of open data share: a dataset from a file to the public."""

FIRMS = ("统一社会信用代码,企业名称,所属街道,注册资本（万元）,成立日期,是否规上,联系电话\n" + "".join(
    f"91110000MA{i:08d},{name},{street},{i * 10}.50,2020-01-{i % 28 + 1:02d},{'是' if i % 2 else '否'},1380000{i:04d}\n"
    for i, (name, street) in enumerate((f"企业{n}", ("东街", "西街", "南街")[n % 3]) for n in range(60)))).encode()
ENTRY = {
    "abstract": "全区登记企业的基本情况", "provider_code": "11110000000000000A", "format": "database", "classifications": ["208"],
    "sharing_condition": "仅用于监管", "sharing_method": "service", "open_type": "unconditional",
    "secrecy": {"conclusion": "pass", "by": "张三", "on": "2026-11-20"},
    "personal": {"conclusion": "pass", "by": "李四", "on": "2026-11-20"},
    "approval": {"by": "王局长", "on": "2026-11-21"},
}
PUBLIC = ["统一社会信用代码", "企业名称", "所属街道", "注册资本（万元）", "成立日期", "是否规上"]


def step(caller, code, action, comment="", status=200):
    return caller.post(f"/api/v1/datasets/{code}/entry/steps", {"action": action, "comment": comment}, status)


def catalogue(qushu, code, title, content=FIRMS, entry=None, levels=None, tags=None):
    """A dataset with data and a published entry."""
    steward, reviewer = qushu.caller("steward"), qushu.caller("reviewer")
    steward.post("/api/v1/datasets", {"title": title, "code": code, "department_id": "mzj", "tags": tags or []}, 201)
    steward.bring_in(f"{title}.csv", content, dataset=code)
    steward.patch(f"/api/v1/datasets/{code}/entry", {**ENTRY, **(entry or {})})
    grades = steward.get(f"/api/v1/datasets/{code}/grading")["fields"]
    steward.post(f"/api/v1/datasets/{code}/grading", {"levels": {g["id"]: (levels or {}).get(g["name"], "1") for g in grades}})
    for caller, action in ((steward, "submit"), (reviewer, "register"), (steward, "submit"), (reviewer, "publish")):
        step(caller, code, action)
    return {g["name"]: g["id"] for g in grades}


def release(qushu, code, fields=None, **more):
    steward, reviewer = qushu.caller("steward"), qushu.caller("reviewer")
    body = {"dataset": code, "fields": fields or PUBLIC, "licence": "cc-by", "excuses": {"*": "登记的是企业，与个人无关"}, **more}
    made = steward.post("/api/v1/open/releases", body, 201)
    return reviewer.post(f"/api/v1/open/releases/{made['id']}/approve", {"comment": "同意"})


def opened(qushu, code, title, **more):
    fields = catalogue(qushu, code, title, **more)
    release(qushu, code)
    return fields

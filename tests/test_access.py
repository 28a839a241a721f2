"""Every route as every role and as nobody: what the routes declare is what happens, and what they declare is what was decided."""
import re

import pytest

from harness import PEOPLE, Caller, until

ROLES = {**{login: role for login, (_, _, role) in PEOPLE.items() if login not in ("stranger", "rival")},
         "sysadmin": "system_admin", "secadmin": "security_admin", "auditadmin": "audit_admin"}

# Decided here, apart from the code: who may call what changes people, rights, settings and the audit, and what is open.
OPEN = {"GET /healthz", "GET /readyz", "GET /metrics", "GET /api/openapi.json", "POST /api/v1/session", "GET /api/v1/about",
        # Open data, for the public; nobody's credentials are looked at there.
        "GET /api/3/action/{name}", "POST /api/3/action/{name}", "GET /api/action/{name}", "POST /api/action/{name}", "GET /datastore/dump/{id}",
        "GET /open/dataset/{name}/{file}", "GET /catalog.jsonld", "GET /catalog.ttl", "GET /catalog.xml", "GET /dataset/{file}",
        "GET /open/budgets", "GET /open/budgets/{id}",
        # By an address that only its person has been shown: calendar programs cannot sign in.
        "GET /api/v1/calendar-feeds/{secret}/calendar.ics"}
DECIDED = {
    "GET /api/v1/audit": {"auditadmin"},
    "GET /api/v1/audit/export.csv": {"auditadmin"},
    "POST /api/v1/audit/verify": {"auditadmin"},
    "POST /api/v1/people": {"sysadmin"},
    "POST /api/v1/departments": {"sysadmin"},
    "POST /api/v1/people/{id}/reset-password": {"sysadmin"},
    "POST /api/v1/imports": {"steward", "operator"},
    "POST /api/v1/imports/{id}/publish": {"steward", "operator"},
    "POST /api/v1/datasets/{code}/rollback": {"steward", "operator"},
    "PATCH /api/v1/datasets/{code}": {"steward", "operator"},
    "GET /api/v1/datasets/{code}/rows": {"steward", "operator", "reader", "editor", "reviewer"},
    "POST /api/v1/datasets": {"steward", "operator"},
    "GET /api/v1/datasets/{code}/entry": {"steward", "operator", "reader", "editor", "reviewer"},
    "GET /api/v1/datasets/{code}/entry/published": {"steward", "operator", "reader", "editor", "reviewer"},
    "GET /api/v1/datasets/{code}/entry/versions/{number}": {"steward", "operator", "reader", "editor", "reviewer"},
    "GET /api/v1/datasets/{code}/entry/differences": {"steward", "operator", "reader", "editor", "reviewer"},
    "PATCH /api/v1/datasets/{code}/entry": {"steward", "operator"},
    "POST /api/v1/datasets/{code}/entry/steps": {"steward", "operator", "reviewer"},
    "GET /api/v1/datasets/{code}/grading": {"steward", "operator"},
    "POST /api/v1/datasets/{code}/grading": {"steward", "operator"},
    "GET /api/v1/reviews": {"reviewer"},
    "GET /api/v1/classification": {"steward", "operator", "reader", "editor", "reviewer"},
    "POST /api/v1/classification": {"reviewer"},
    "PATCH /api/v1/classification/{id}": {"reviewer"},
    "DELETE /api/v1/classification/{id}": {"reviewer"},
    "GET /api/v1/catalog/words": {"steward", "operator", "reader", "editor", "reviewer"},
    "POST /api/v1/catalog/imports": {"steward", "operator"},
    "GET /api/v1/catalog/imports": {"steward", "operator"},
    "GET /api/v1/catalog/imports/{id}/errors.csv": {"steward", "operator"},
    "GET /api/v1/catalog/export.xlsx": {"steward", "operator", "reader", "editor", "reviewer"},
    "POST /api/v1/datasets/{code}/rows": {"steward", "operator"},
    "DELETE /api/v1/datasets/{code}/rows": {"steward", "operator"},
    "GET /api/v1/sources": {"steward", "operator"},
    "POST /api/v1/sources": {"steward", "operator"},
    "POST /api/v1/sources/try": {"steward", "operator"},
    "POST /api/v1/sources/try/browse": {"steward", "operator"},
    "POST /api/v1/sources/try/preview": {"steward", "operator"},
    "PATCH /api/v1/sources/{code}": {"steward", "operator"},
    "DELETE /api/v1/sources/{code}": {"steward", "operator"},
    "GET /api/v1/sources/{code}/browse": {"steward", "operator"},
    "POST /api/v1/sources/{code}/preview": {"steward", "operator"},
    "GET /api/v1/pipelines": {"steward", "operator"},
    "POST /api/v1/pipelines": {"steward", "operator"},
    "POST /api/v1/pipelines/try": {"steward", "operator"},
    "PUT /api/v1/pipelines/{code}": {"steward", "operator"},
    "DELETE /api/v1/pipelines/{code}": {"steward", "operator"},
    "POST /api/v1/pipelines/{code}/run": {"steward", "operator"},
    "POST /api/v1/pipelines/{code}/forget": {"steward", "operator"},
    "GET /api/v1/runs": {"steward", "operator"},
    "POST /api/v1/runs/{id}/cancel": {"steward", "operator"},
    "POST /api/v1/runs/{id}/decide": {"steward", "operator"},
    "PUT /api/v1/calendar/{day}": {"sysadmin"},
    "DELETE /api/v1/calendar/{day}": {"sysadmin"},
    "POST /api/v1/calendar/import": {"sysadmin"},
    "POST /api/v1/sql": {"steward", "operator", "reader"},
    "POST /api/v1/steps/try": {"steward", "operator"},
    **{f"GET {path}": {"steward", "operator", "reader", "editor", "reviewer"} for path in (
        "/api/v1/quality", "/api/v1/quality/checks/{id}", "/api/v1/quality/checks/{id}/failures", "/api/v1/quality/checks/{id}/failures.csv",
        "/api/v1/quality/checks/{id}/failures.xlsx", "/api/v1/datasets/{code}/quality", "/api/v1/corrections", "/api/v1/corrections/{id}",
        "/api/v1/corrections/statistics", "/api/v1/corrections/{id}/files/{file}")},
    "GET /api/v1/datasets/{code}/quality/proposals": {"steward", "operator"},
    **{f"POST {path}": {"steward", "operator"} for path in (
        "/api/v1/datasets/{code}/quality/rules", "/api/v1/datasets/{code}/quality/test", "/api/v1/datasets/{code}/quality/check",
        "/api/v1/quality/checks/{id}/waive", "/api/v1/corrections/{id}/accept", "/api/v1/corrections/{id}/answer")},
    "PATCH /api/v1/datasets/{code}/quality/rules/{id}": {"steward", "operator"},
    "DELETE /api/v1/datasets/{code}/quality/rules/{id}": {"steward", "operator"},
    **{f"POST {path}": {"steward", "operator", "reader", "editor", "reviewer"} for path in (
        "/api/v1/corrections", "/api/v1/corrections/{id}/confirm", "/api/v1/corrections/{id}/reopen", "/api/v1/corrections/{id}/files")},
    "DELETE /api/v1/corrections/{id}/files/{file}": {"steward", "operator", "reader", "editor", "reviewer"},
    "GET /api/v1/lineage/{dataset}": {"steward", "operator", "reader", "editor", "reviewer"},
    "GET /api/v1/lineage/{dataset}/impact": {"steward", "operator", "reader", "editor", "reviewer"},
    "GET /api/v1/lineage/{dataset}/impact.csv": {"steward", "operator", "reader", "editor", "reviewer"},
    "GET /api/v1/linkage": {"steward", "operator", "reader", "editor", "reviewer"},
    "POST /api/v1/linkage/verify": {"steward", "operator", "reader", "editor", "reviewer"},
    "POST /api/v1/linkage/decisions": {"steward", "operator"},
    "POST /api/v1/linkage/refresh": {"steward", "operator"},
    "GET /api/v1/privacy/{dataset}": {"steward", "operator", "reader", "editor", "reviewer"},
    "POST /api/v1/privacy/{dataset}": {"steward", "operator", "reader", "editor", "reviewer"},
    **{f"{method} /api/v1/registers{path}": {"steward", "operator", "reader", "editor", "reviewer"} for method, path in (
        ("GET", ""), ("GET", "/{code}"), ("GET", "/{code}/definition"), ("GET", "/{code}/versions"), ("GET", "/{code}/people"), ("GET", "/{code}/records"),
        ("POST", "/{code}/records"), ("GET", "/{code}/records/{id}"), ("PATCH", "/{code}/records/{id}"), ("DELETE", "/{code}/records/{id}"),
        ("POST", "/{code}/records/{id}/move"), ("POST", "/{code}/records/{id}/comments"), ("GET", "/{code}/records/{id}/history"),
        ("GET", "/{code}/records/{id}/files"), ("POST", "/{code}/records/{id}/files"), ("GET", "/{code}/records/{id}/files/{file}"),
        ("DELETE", "/{code}/records/{id}/files/{file}"), ("POST", "/{code}/bulk"), ("GET", "/{code}/export.csv"), ("GET", "/{code}/export.xlsx"), ("POST", "/{code}/import"),
        ("GET", "/{code}/print.pdf"), ("GET", "/{code}/print.xlsx"), ("GET", "/{code}/records/{id}/print.pdf"), ("GET", "/{code}/records/{id}/print.xlsx"))},
    **{f"GET /api/v1/indicators{path}": {"steward", "operator", "reader", "editor", "reviewer"} for path in ("", "/{code}", "/{code}/definition", "/{code}/versions", "/{code}/evidence")},
    **{f"POST /api/v1/indicators{path}": {"operator"} for path in ("", "/check", "/compute", "/{code}/compute")},
    "PUT /api/v1/indicators/{code}/owner": {"operator"},
    **{f"GET /api/v1/surveys{path}": {"steward", "operator", "reader", "editor", "reviewer"} for path in ("", "/{code}", "/{code}/definition", "/{code}/versions", "/{code}/results", "/{code}/results.csv", "/{code}/results.xlsx")},
    **{f"POST /api/v1/surveys{path}": {"operator"} for path in ("", "/check", "/{code}/open", "/{code}/close", "/{code}/links.csv", "/{code}/links.xlsx", "/{code}/mail", "/{code}/archive", "/{code}/restore")},
    "DELETE /api/v1/surveys/{code}": {"operator"},
    "GET /api/v1/board": {"steward", "operator", "reader", "editor", "reviewer"},
    "PUT /api/v1/board": {"steward", "operator", "reader", "editor", "reviewer"},
    **{f"{method} /api/v1/budgets{path}": {"steward", "operator", "reader", "editor"} for method, path in (("GET", ""), ("GET", "/{id}"), ("POST", "/{id}/check"), ("GET", "/{id}/compare"), ("GET", "/{id}/history"), ("GET", "/{id}/print"), ("GET", "/{id}/workbook"))},
    **{f"{method} /api/v1/{path}": {"steward", "operator", "reader", "editor"} for method, path in (("GET", "monitoring"), ("GET", "evaluations"), ("POST", "evaluations/verify"), *(("GET", f"evaluations/{{id}}{rest}") for rest in ("", "/history", "/items/{item}/evidence", "/print", "/archive", "/files/{file}")))},
    # Budget officers and budget reviewers alone, whom none of these people are.
    **{f"{method} /api/v1/evaluations{path}": set() for method, path in (("POST", ""), ("PUT", "/{id}"), ("POST", "/{id}/files"), ("DELETE", "/{id}/files/{file}"), *(("POST", f"/{{id}}/{verb}") for verb in ("draw", "submit", "return", "approve", "revise")))},
    **{f"{method} /api/v1/budgets{path}": set() for method, path in (("POST", ""), ("PUT", "/{id}"), ("POST", "/{id}/workbook"), ("PUT", "/{id}/spent/{month}"), *(("POST", f"/{{id}}/{verb}") for verb in ("submit", "return", "approve", "publish", "adjust")))},
    "GET /api/v1/register-tasks": {"steward", "operator", "reader", "editor", "reviewer"},
    **{f"GET /api/v1/registers/{{code}}/calendar{ending}": {"steward", "operator", "reader", "editor", "reviewer"} for ending in ("", ".ics")},
    **{f"{method} /api/v1/register-calendar{path}": {"steward", "operator", "reader", "editor", "reviewer"} for method, path in (("GET", ""), ("GET", ".ics"), ("GET", "/feed"), ("POST", "/feed"), ("DELETE", "/feed"))},
    "POST /api/v1/registers": {"operator"},
    "POST /api/v1/registers/check": {"operator"},
    **{f"{method} /api/v1/sharing/{path}": {"steward", "operator", "reader", "editor", "reviewer"} for method, path in (
        ("GET", "requests"), ("POST", "requests"), ("GET", "requests/{id}"), ("GET", "grants"), ("GET", "grants/{id}"), ("POST", "grants/{id}/state"),
        *(("POST", f"requests/{{id}}/{verb}") for verb in ("approve", "decline", "withdraw", "grant", "refuse", "return", "complete", "extend")),
        ("GET", "keys"), ("POST", "keys"), ("POST", "keys/{id}/revoke"), ("GET", "grants/{id}/usage"), ("GET", "grants/{id}/records"), ("POST", "grants/{id}/records"),
        ("GET", "grants/{id}/deliveries"), ("POST", "grants/{id}/deliveries"), ("PATCH", "deliveries/{id}"), ("DELETE", "deliveries/{id}"), ("POST", "deliveries/{id}/run"))},
    **{f"POST /api/v1/sharing/requests/{{id}}/{verb}": {"reviewer"} for verb in ("consent", "confirm", "object")},
    "GET /api/v1/sharing/rules": {"steward", "operator", "reader", "editor", "reviewer", "secadmin"},
    "PUT /api/v1/sharing/rules/{level}": {"secadmin"},
    "PUT /api/v1/sharing/purposes/{code}": {"secadmin"},
    "POST /api/v1/sharing/watermarks": {"operator", "secadmin"},
    "POST /api/v1/notify/test": {"sysadmin"},
    "GET /api/v1/open/asks": {"reviewer"},
    "PUT /api/v1/open/boundaries": {"reviewer"},
    "DELETE /api/v1/open/boundaries": {"reviewer"},
    "POST /api/v1/open/asks/{id}/answer": {"reviewer"},
    "GET /api/v1/open/harvests": {"steward", "operator"},
    "POST /api/v1/open/harvests": {"steward", "operator"},
    "GET /api/v1/open/harvests/{code}": {"steward", "operator"},
    "PUT /api/v1/open/harvests/{code}": {"steward", "operator"},
    "DELETE /api/v1/open/harvests/{code}": {"steward", "operator"},
    "POST /api/v1/open/harvests/{code}/runs": {"steward", "operator"},
    "GET /api/v1/open/harvests/{code}/runs": {"steward", "operator"},
    "GET /api/v1/open/harvests/{code}/entries": {"steward", "operator"},
    "GET /api/v1/open/harvest-runs/{id}": {"steward", "operator"},
    "GET /api/v1/open/releases": {"steward", "operator", "reviewer"},
    "GET /api/v1/open/licences": {"steward", "operator", "reviewer"},
    "POST /api/v1/open/check": {"steward", "operator"},
    "POST /api/v1/open/releases": {"steward", "operator"},
    "POST /api/v1/open/releases/{id}/approve": {"reviewer"},
    "POST /api/v1/open/releases/{id}/refuse": {"reviewer"},
    "POST /api/v1/open/releases/{id}/withdraw": {"steward", "operator", "reviewer"},
    "PUT /api/v1/open/licences/{id}": {"reviewer"},
    "POST /api/v1/sql/export": {"steward", "operator", "reader"},
}


@pytest.fixture(scope="module")
def world(server):
    callers = {login: server.caller(login) for login in ROLES}
    permissions = {login: set(c.get("/api/v1/session")["permissions"]) for login, c in callers.items()}
    routes = {}
    for path, methods in server.caller().get("/api/openapi.json")["paths"].items():
        for method, operation in methods.items():
            routes[f"{method.upper()} {path}"] = operation
    assert len(routes) > 60
    return server, callers, permissions, routes


def attempt(caller, route, operation):
    method, path = route.split(" ", 1)
    path = re.sub(r"\{\w+\}", "nosuch-000", path)
    more = {"stream": True, "timeout": 10}
    if "requestBody" in operation:
        more["json"] = {}
    if path.startswith("/api/v1/events"):
        more["timeout"] = 3
    got = caller.call(method, path, **more)
    status = got.status_code
    got.close()
    return status


def declared(operation, permissions):
    access = operation["x-qushu-access"]
    return access in ("anyone", "signed_in") if isinstance(access, str) else bool(permissions & set(access))


def test_nobody_reaches_nothing_but_what_is_open(world):
    server, _, _, routes = world
    assert {r for r, o in routes.items() if o["x-qushu-access"] == "anyone"} == OPEN
    for route, operation in routes.items():
        status = attempt(server.caller(), route, operation)
        if route in OPEN:
            assert status not in (401, 403) or route in ("POST /api/v1/session", "GET /metrics"), (route, status)
        else:
            assert status == 401, (route, status)
        assert attempt(Caller(server.base, "qs_" + "0" * 40), route, operation) in ((401,) if route not in OPEN else (200, 400, 401, 403, 404, 422)), route


@pytest.mark.parametrize("login", ROLES)
def test_a_role_reaches_what_is_declared_for_it(world, login):
    _, callers, permissions, routes = world
    for route, operation in routes.items():
        if route in ("DELETE /api/v1/session", "POST /api/v1/session"):
            continue
        status = attempt(callers[login], route, operation)
        if declared(operation, permissions[login]):
            assert status not in (401, 403), (login, route, status)
        else:
            assert status == 403, (login, route, status)
        assert status != 500, (login, route)


def test_what_is_declared_is_what_was_decided(world):
    _, _, permissions, routes = world
    wrong = []
    for route, people in DECIDED.items():
        may = {login for login in ROLES if declared(routes[route], permissions[login])}
        if may != people:
            wrong.append((route, "may", sorted(may - people), "may not", sorted(people - may)))
    assert not wrong, "\n".join(map(str, wrong))


def test_the_three_administrators_exclude_each_other(world):
    server, callers, _, _ = world
    for roles in (["system_admin", "security_admin"], ["audit_admin", "data_user"], ["security_admin", "operator"]):
        got = callers["secadmin"].call("PATCH", "/api/v1/people/reader", json={"roles": roles})
        assert got.status_code == 422 and "roles" in got.text, got.text
    # The system administrator makes people but grants no rights; the security administrator grants rights but makes nobody.
    assert callers["sysadmin"].call("PATCH", "/api/v1/people/reader", json={"roles": ["operator"]}).status_code == 403
    assert callers["secadmin"].call("POST", "/api/v1/people", json={"login": "x1", "name": "甲", "department_id": "mzj"}).status_code == 403
    assert server.caller("reader").get("/api/v1/session")["roles"] == ["data_user"]


def test_a_revoked_session_ends_at_once_and_a_scope_narrows(world):
    server, callers, _, _ = world
    reader = server.caller("reader")
    reader.get("/api/v1/datasets")
    sessions = reader.get("/api/v1/account/sessions")["sessions"]
    mine = next(s for s in sessions if s["current"])
    callers["sysadmin"].delete(f"/api/v1/people/reader/sessions/{mine['id']}")
    reader.get("/api/v1/datasets", 401)
    narrow = Caller(server.base, server.token("steward", "dataset.read"))
    narrow.get("/api/v1/datasets")
    narrow.post("/api/v1/sql", {"sql": "SELECT 1"}, 403)
    made = server.json("token", "create", "steward", "--name", "要吊销的")
    user = Caller(server.base, made["token"])
    user.get("/api/v1/datasets")
    server.cli("token", "revoke", made["id"])
    until(lambda: user.call("GET", "/api/v1/datasets").status_code == 401, 20)


def test_a_cookie_alone_changes_nothing(world):
    server, _, _, _ = world
    reader = server.caller("reader")
    token = reader.session.headers.pop("X-CSRF-Token")
    for headers in ({}, {"X-CSRF-Token": "guess"}, {"X-CSRF-Token": token, "Origin": "https://evil.example"}):
        got = reader.call("POST", "/api/v1/sql", json={"sql": "SELECT 1"}, headers=headers)
        assert got.status_code == 403, (headers, got.text)
    assert reader.call("POST", "/api/v1/sql", json={"sql": "SELECT 1"}, headers={"X-CSRF-Token": token}).status_code == 200
    assert "Access-Control-Allow-Origin" not in reader.call("GET", "/api/v1/about", headers={"Origin": "https://evil.example"}).headers


def test_lockout(world):
    server, callers, _, _ = world
    for _ in range(5):
        assert server.caller().call("POST", "/api/v1/session", json={"login": "editor", "password": "wrong"}).status_code == 401
    got = server.caller().call("POST", "/api/v1/session", json={"login": "editor", "password": "Zhen-Shi-2026-kl"})
    assert got.status_code == 429 and "锁定" in got.json()["detail"]
    callers["sysadmin"].post("/api/v1/people/editor/unlock", None, 204)
    server.caller("editor")
    # Someone who is not there is told the same as someone who types a wrong password.
    unknown = server.caller().call("POST", "/api/v1/session", json={"login": "nobody-here", "password": "wrong"})
    wrong = server.caller().call("POST", "/api/v1/session", json={"login": "editor", "password": "wrong"})
    assert (unknown.status_code, unknown.json()["detail"]) == (wrong.status_code, wrong.json()["detail"])

"""A right budget of a unit for a year, as what is sent to the server: amounts in fen."""
from harness import PASSWORD

WAN = 1_000_000


def content(year, scale=1):
    """Every identity holds; `scale` makes another year of it."""
    personnel, pension, office = 445 * WAN * scale, 9 * WAN * scale, 44 * WAN * scale
    network, safety = 696 * WAN * scale, 277 * WAN * scale
    basic, project = personnel + pension + office, network + safety
    goals = [{"project": code, "level": level, "name": name, "value": value, "unit": unit, "evidence": "台账", "indicator": ""}
             for code in ("P1", "P2") for level, name, value, unit in (("quantity", "租用链路", "350", "条"), ("social", "网络保障率", "85", "%"), ("satisfaction", "使用单位满意度", "85", "%"))]
    return {
        "totals": [{"income": basic + project, "expenditure": basic + project, "basic": basic, "personnel": personnel + pension, "office": office, "project": project,
                    "abroad": 0, "vehicle_purchase": 0, "vehicle_running": 42_000, "vehicles": 42_000, "reception": 0, "three_publics": 42_000, "operation": 0, "text": f"{year} 年预算", "goal": ""}],
        "income": [{"source": "general", "amount": basic + project, "carried": 0, "note": ""}],
        "functions": [{"code": "2010350", "name": "事业运行", "fund": "general", "basic": basic - pension, "project": 0}, {"code": "2010399", "name": "其他政府办公厅（室）及相关机构事务支出", "fund": "general", "basic": 0, "project": project},
                      {"code": "2080505", "name": "机关事业单位基本养老保险缴费支出", "fund": "general", "basic": pension, "project": 0}],
        "economics": [{"code": "30101", "name": "基本工资", "part": "personnel", "amount": personnel}, {"code": "30302", "name": "退休费", "part": "personnel", "amount": pension}, {"code": "30201", "name": "办公费", "part": "office", "amount": office},
                      {"code": "30213", "name": "维修（护）费", "part": "project", "amount": project}],
        "projects": [{"code": "P1", "name": "网络系统运行经费", "function": "2010399", "amount": network, "earlier": network, "reason": "政务网运行需要", "content": "链路租赁和机房运维", "change": "", "goal": "网络安全稳定运行"},
                     {"code": "P2", "name": "安全管理经费", "function": "2010399", "amount": safety, "earlier": safety, "reason": "等级保护要求", "content": "安全设备和服务", "change": "", "goal": "不发生重大安全事件"}],
        "funds": [{"project": "P1", "source": "general", "amount": network}, {"project": "P2", "source": "general", "amount": safety}],
        "details": [{"project": "P1", "item": "链路年费", "quantity": 1000, "unit": "年", "price": network, "amount": network, "basis": "合同"}, {"project": "P2", "item": "安全服务", "quantity": 2000, "unit": "项", "price": safety // 2, "amount": safety, "basis": "合同"}],
        "goals": goals,
        "purchases": [{"kind": "bought_services", "item": "信息技术服务", "project": "P1", "amount": 500 * WAN}],
        "changes": [],
    }


def officer(server, login, role, department="mzj"):
    """Somebody with one of the two roles of budgets, who can sign in."""
    secret = server.json("user", "add", login, "--name", login, "--department", department, "--role", role)["password"]
    caller = server.caller()
    caller.sign_in(login, secret)
    caller.post("/api/v1/account/password", {"old_password": secret, "new_password": PASSWORD}, 204)
    return server.caller(login)

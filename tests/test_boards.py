"""Personal dashboards over HTTP and on the command line, on both databases, and the wall's live figures."""
import json
import threading

import pytest

from harness import Failed

CARDS = [{"id": "a", "kind": "indicator", "title": "", "indicator": "egresses", "sql": "", "chart": "bar", "width": 2, "height": 1},
         {"id": "b", "kind": "sql", "title": "台账", "indicator": "", "sql": "SELECT number FROM register_links", "chart": "table", "width": 4, "height": 3}]


def test_each_person_has_her_own(district):
    operator, reader = district.caller("operator"), district.caller("reader")
    assert operator.get("/api/v1/board") == {"revision": 0, "cards": []}
    assert operator.put("/api/v1/board", {"revision": 0, "cards": CARDS}) == {"revision": 1, "cards": CARDS}
    assert reader.get("/api/v1/board")["cards"] == []
    assert operator.put("/api/v1/board", {"revision": 0, "cards": []}, 409)["id"] == "board.changed"
    for wrong in ({"chart": "pie"}, {"width": 5}, {"kind": "clock"}, {"sql": " "}, {"id": "a"}):
        operator.put("/api/v1/board", {"revision": 1, "cards": [CARDS[0], {**CARDS[1], **wrong}]}, 422)
    operator.put("/api/v1/board", {"revision": 1, "cards": [{**CARDS[0], "id": str(n)} for n in range(41)]}, 422)
    assert operator.get("/api/v1/board")["cards"] == CARDS
    district.caller("sysadmin").get("/api/v1/board", 403)


def test_the_command_line(district):
    assert district.json("board", "set", json.dumps([CARDS[0]]), "--as", "reader")["cards"] == [CARDS[0]]
    assert district.caller("reader").get("/api/v1/board")["cards"] == [CARDS[0]]
    assert json.loads(district.cli("board", "show", "--as", "reader"))["revision"] == 1
    with pytest.raises(Failed) as nobody:
        district.cli("board", "show")
    assert "--as" in nobody.value.err


def test_a_new_figure_is_told_as_it_comes_to_those_who_may_see_it(district):
    operator = district.caller("operator")
    heard = {}

    def listen(login, ready):
        with district.caller(login).call("GET", "/api/v1/events", stream=True, timeout=60) as stream:
            ready.set()
            try:
                for line in stream.iter_lines(chunk_size=1, decode_unicode=True):
                    if line == "event: indicator":
                        heard[login] = True
                        return
            except Exception:  # nothing came in time
                return

    threads = []
    for login in ("reader", "sysadmin"):
        ready = threading.Event()
        threads.append(threading.Thread(target=listen, args=(login, ready), daemon=True))
        threads[-1].start()
        assert ready.wait(60)
    operator.post("/api/v1/indicators/egresses/compute", {})
    threads[0].join(60)
    assert heard == {"reader": True}

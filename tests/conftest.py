import pytest

from harness import Postgres, Qushu


@pytest.fixture(scope="session")
def postgres():
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def district(request, tmp_path_factory):
    """A settled server over each of the two metadata databases."""
    url = None
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        url = server.url(server.fresh())
    qushu = Qushu(tmp_path_factory.mktemp("data"), url)
    qushu.settle()
    yield qushu
    if qushu.process:
        qushu.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A settled server over SQLite."""
    qushu = Qushu(tmp_path_factory.mktemp("data"))
    qushu.settle()
    yield qushu
    if qushu.process:
        qushu.stop()

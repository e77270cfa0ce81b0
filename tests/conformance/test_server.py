"""The server itself: readiness, what it says of itself, its documents."""

from __future__ import annotations

from tests.conformance.support import Server


async def test_ok_answers_true(server: Server) -> None:
    answer = await server.http.get("/ok")
    assert (answer.status_code, answer.json()["ok"]) == (200, True)


async def test_ok_can_check_the_database_too(server: Server) -> None:
    answer = await server.http.get("/ok", params={"check_db": 1})
    assert (answer.status_code, answer.json()["ok"]) == (200, True)


async def test_info_names_the_version_and_that_of_langgraph(server: Server) -> None:
    info = (await server.http.get("/info")).json()
    assert info["version"]
    assert info["langgraph_py_version"].startswith("1.")


async def test_info_says_that_there_are_assistants_and_crons(server: Server) -> None:
    flags = (await server.http.get("/info")).json()["flags"]
    assert flags["assistants"] is True
    assert flags["crons"] is True


async def test_docs_is_a_page(server: Server) -> None:
    answer = await server.http.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


async def test_openapi_describes_the_routes_that_clients_use(server: Server) -> None:
    paths = (await server.http.get("/openapi.json")).json()["paths"]
    assert {
        "/assistants/search",
        "/threads",
        "/threads/count",
        "/threads/{thread_id}/copy",
        "/threads/{thread_id}/state",
        "/threads/{thread_id}/runs/stream",
        "/runs/wait",
        "/runs/batch",
        "/runs/crons",
        "/store/items",
        "/ok",
    } <= paths.keys()


async def test_metrics_are_prometheus_text(server: Server) -> None:
    answer = await server.http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "# TYPE " in answer.text


async def test_metrics_as_json_count_the_queue(server: Server) -> None:
    held = await server.hold(await server.thread())
    metrics = (await server.http.get("/metrics", params={"format": "json"})).json()
    await held.release()
    assert metrics["queue"]["n_running"] >= 1
    assert "n_pending" in metrics["queue"]


async def test_an_unknown_path_is_404(server: Server) -> None:
    assert (await server.http.get("/nothing-here")).status_code == 404


async def test_there_is_no_health_and_no_graphs(server: Server) -> None:
    assert (await server.http.get("/health")).status_code == 404
    assert (await server.http.get("/graphs")).status_code == 404


async def test_a_browser_may_ask_from_any_origin(server: Server) -> None:
    answer = await server.http.get("/ok", headers={"Origin": "http://somewhere.example"})
    assert answer.headers["access-control-allow-origin"] in ("*", "http://somewhere.example")


async def test_a_browser_may_read_where_its_run_is(server: Server) -> None:
    origin = {"Origin": "http://somewhere.example"}
    answer = await server.http.get("/ok", headers=origin)
    assert "content-location" in answer.headers["access-control-expose-headers"].lower()

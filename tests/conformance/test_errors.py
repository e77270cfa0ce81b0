"""What a server answers to what cannot be done."""

from __future__ import annotations

import uuid
from typing import Any

from tests.conformance.support import Server


def nobody() -> str:
    """Return an id that nothing has."""
    return str(uuid.uuid4())


async def post(server: Server, path: str, **body: Any) -> int:
    return (await server.http.post(path, json=body)).status_code


async def get(server: Server, path: str) -> int:
    return (await server.http.get(path)).status_code


async def test_an_unknown_thread_is_404(server: Server) -> None:
    assert await get(server, f"/threads/{nobody()}") == 404


async def test_deleting_an_unknown_thread_is_404(server: Server) -> None:
    assert (await server.http.delete(f"/threads/{nobody()}")).status_code == 404


async def test_changing_an_unknown_thread_is_404(server: Server) -> None:
    answer = await server.http.patch(f"/threads/{nobody()}", json={"metadata": {}})
    assert answer.status_code == 404


async def test_the_state_of_an_unknown_thread_is_404(server: Server) -> None:
    assert await get(server, f"/threads/{nobody()}/state") == 404


async def test_updating_the_state_of_an_unknown_thread_is_404(server: Server) -> None:
    assert await post(server, f"/threads/{nobody()}/state", values={"log": []}) == 404


async def test_the_history_of_an_unknown_thread_is_404(server: Server) -> None:
    assert await post(server, f"/threads/{nobody()}/history", limit=1) == 404


async def test_the_runs_of_an_unknown_thread_are_404(server: Server) -> None:
    assert await get(server, f"/threads/{nobody()}/runs") == 404


async def test_copying_an_unknown_thread_is_refused(server: Server) -> None:
    assert await post(server, f"/threads/{nobody()}/copy") == 409


async def test_an_unknown_run_is_404(server: Server) -> None:
    assert await get(server, f"/threads/{await server.thread()}/runs/{nobody()}") == 404


async def test_cancelling_an_unknown_run_is_404(server: Server) -> None:
    path = f"/threads/{await server.thread()}/runs/{nobody()}/cancel"
    assert await post(server, path) == 404


async def test_cancelling_a_run_that_is_done_is_404(server: Server) -> None:
    thread_id = await server.ran()
    [run] = await server.client.runs.list(thread_id)
    assert await post(server, f"/threads/{thread_id}/runs/{run['run_id']}/cancel") == 404


async def test_deleting_an_unknown_run_is_404(server: Server) -> None:
    path = f"/threads/{await server.thread()}/runs/{nobody()}"
    assert (await server.http.delete(path)).status_code == 404


async def test_an_unknown_assistant_is_404(server: Server) -> None:
    assert await get(server, f"/assistants/{nobody()}") == 404


async def test_a_run_of_an_unknown_assistant_is_404(server: Server) -> None:
    path = f"/threads/{await server.thread()}/runs"
    assert await post(server, path, assistant_id=nobody(), input={}) == 404


async def test_a_run_of_a_graph_that_does_not_exist_is_422(server: Server) -> None:
    path = f"/threads/{await server.thread()}/runs"
    assert await post(server, path, assistant_id="no-such-graph", input={}) == 422


async def test_an_assistant_of_a_graph_that_does_not_exist_is_404(server: Server) -> None:
    assert await post(server, "/assistants", graph_id="no-such-graph") == 404


async def test_a_threads_id_must_be_a_uuid(server: Server) -> None:
    assert await get(server, "/threads/42") == 422


async def test_a_new_threads_id_must_be_a_uuid(server: Server) -> None:
    assert await post(server, "/threads", thread_id="42") == 422


async def test_a_runs_id_must_be_a_uuid(server: Server) -> None:
    assert await get(server, f"/threads/{await server.thread()}/runs/42") == 422


async def test_an_assistants_id_must_be_a_uuid(server: Server) -> None:
    assert await get(server, "/assistants/42") == 422


async def test_a_graphs_name_is_no_assistants_id_in_a_path(server: Server) -> None:
    assert await get(server, "/assistants/counter") == 422


async def test_a_checkpoints_id_must_be_a_uuid(server: Server) -> None:
    path = f"/threads/{await server.thread()}/runs"
    assert await post(server, path, assistant_id="counter", input={}, checkpoint_id="42") == 422


async def test_a_run_needs_an_assistant(server: Server) -> None:
    assert await post(server, f"/threads/{await server.thread()}/runs", input={}) == 422


async def test_a_strategy_that_does_not_exist_is_422(server: Server) -> None:
    path = f"/threads/{await server.thread()}/runs"
    body = {"assistant_id": "counter", "input": {}, "multitask_strategy": "hope"}
    assert await post(server, path, **body) == 422


async def test_a_stream_mode_that_does_not_exist_is_422(server: Server) -> None:
    path = f"/threads/{await server.thread()}/runs"
    body = {"assistant_id": "counter", "input": {}, "stream_mode": "smoke"}
    assert await post(server, path, **body) == 422


async def test_context_and_configurable_together_are_400(server: Server) -> None:
    body = {
        "assistant_id": "caller",
        "input": {},
        "context": {"user": "ann"},
        "config": {"configurable": {"user": "bob"}},
    }
    assert await post(server, "/runs", **body) == 400


async def test_a_body_that_is_no_json_is_422(server: Server) -> None:
    answer = await server.http.post("/threads", content="{not json")
    assert answer.status_code == 422


async def test_an_error_says_what_is_wrong_under_detail(server: Server) -> None:
    answer = await server.http.get(f"/threads/{nobody()}")
    assert "not found" in answer.json()["detail"]


async def test_unknown_fields_of_a_thread_are_ignored(server: Server) -> None:
    assert await post(server, "/threads", metadata={}, nonsense=1) == 200


async def test_unknown_fields_of_a_run_are_ignored(server: Server) -> None:
    path = f"/threads/{await server.thread()}/runs"
    assert await post(server, path, assistant_id="counter", input={"log": []}, nonsense=1) == 200


async def test_a_search_cannot_be_without_limits(server: Server) -> None:
    assert await post(server, "/threads/search", limit=100000) == 422


async def test_input_that_is_a_list_is_accepted_as_input(server: Server) -> None:
    path = f"/threads/{await server.thread()}/runs"
    assert await post(server, path, assistant_id="counter", input=[{"log": ["x"]}]) == 200


async def test_an_update_by_an_unknown_node_is_refused(server: Server) -> None:
    thread_id = await server.ran()
    path = f"/threads/{thread_id}/state"
    assert await post(server, path, values={"log": []}, as_node="nobody") == 400

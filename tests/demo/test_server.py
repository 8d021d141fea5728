from __future__ import annotations

import gc
import http.client
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import pytest

from demo.callers import Client, Clock
from opwatch.demo import Hitch, Script, scenario
from opwatch.demo.dialects import DIALECTS
from opwatch.domain.operation import State
from servers.demo import DemoServer
from servers.dialects import PROFILES

_BENTLEY = "bentley-schedules"


def test_one_connection_carries_many_requests(server: DemoServer, client: Client) -> None:
    started = server.start(_BENTLEY, Script(5.0))
    client.poll(started)
    sock = client.http.sock

    statuses = {client.poll(started).status for _ in range(50)}

    assert {200} == statuses
    assert sock is client.http.sock


def test_many_connections_are_served_at_once(server: DemoServer) -> None:
    started = server.start(_BENTLEY, Script(5.0))
    gate = threading.Barrier(32)

    def run(_: int) -> int:
        with Client(server.base_url) as client:
            client.http.connect()
            gate.wait(5)
            return sum(client.poll(started).status == 200 for _ in range(10))

    with ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(run, range(32))) == 320
    assert server.truth()[0].polls == 320


def test_requests_sent_in_one_piece_are_answered_in_order(server: DemoServer) -> None:
    request = b"GET /jobs/%d HTTP/1.1\r\n\r\n"
    last = b"GET /nowhere HTTP/1.0\r\n\r\n"
    with socket.create_connection((urlsplit(server.base_url).hostname, _port(server))) as sock:
        sock.sendall(request % 1 + request % 2 + last)
        text = b""
        while chunk := sock.recv(65536):
            text += chunk

    assert text.count(b"HTTP/1.1 404") == 3
    assert [seen.target for seen in server.requests()] == ["/jobs/1", "/jobs/2", "/nowhere"]


def test_an_unreadable_request_ends_the_connection(server: DemoServer) -> None:
    with socket.create_connection(("127.0.0.1", _port(server))) as sock:
        sock.sendall(b"nonsense\r\n\r\n")
        text = b""
        while chunk := sock.recv(65536):
            text += chunk

    assert text.startswith(b"HTTP/1.1 400 ")
    assert not server.requests()


def test_a_drop_is_no_answer_at_all(server: DemoServer, client: Client) -> None:
    started = server.start(_BENTLEY, Script(5.0, hitches=(Hitch(1, None),)))

    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        client.poll(started)

    client.http.close()
    assert client.poll(started).status == 200
    assert [seen.status for seen in server.requests()] == [0, 200]


def test_a_bad_gateway_answers_with_a_web_page(server: DemoServer, client: Client) -> None:
    started = server.start(_BENTLEY, Script(5.0, hitches=(Hitch(2, 502),)))

    answers = [client.poll(started) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 502, 200]
    assert answers[1].headers["Content-Type"] == "text/html"
    assert b"502 Bad Gateway" in answers[1].body


def test_an_unknown_path_belongs_to_no_dialect(server: DemoServer, client: Client) -> None:
    assert client.ask("/").status == 404
    assert server.requests()[0].profile == ""


def test_what_was_asked_is_on_record_but_not_shown(server: DemoServer, client: Client) -> None:
    started = server.start(_BENTLEY, Script(5.0))
    client.poll(started)
    client.ask("/nowhere")

    (seen,) = server.requests(_BENTLEY)
    assert ("GET", started.path, 200) == (seen.method, seen.target, seen.status)
    credential = seen.headers.get("authorization")
    assert credential
    assert credential not in repr(seen)


def test_the_truth_follows_the_clock(server: DemoServer, clock: Clock) -> None:
    server.start(_BENTLEY, Script(10.0, State.FAILED, pending=2.0))
    began, states = clock.now, []
    for elapsed in (0.0, 2.0, 9.9, 10.0):
        clock.now = began + elapsed
        states.append(server.truth()[0].state)

    assert states == [State.PENDING, State.RUNNING, State.RUNNING, State.FAILED]
    truth = server.truth()[0]
    assert (State.FAILED, began + 10.0) == (truth.end, truth.ends_at)


def test_the_file_storage_is_another_origin(server: DemoServer) -> None:
    assert server.base_url != server.storage_url
    assert {"127.0.0.1"} == {urlsplit(it).hostname for it in (server.base_url, server.storage_url)}


def test_the_server_answers_for_the_dialects_that_it_is_given_and_for_no_other(
    server: DemoServer,
) -> None:
    assert server.profiles == PROFILES
    assert all(server.starting(name)[1].startswith(server.base_url) for name in PROFILES)
    with pytest.raises(KeyError):
        server.starting("nobody")

    with DemoServer(DIALECTS[:1]) as small, Client(small.base_url) as client:
        assert client.start(_BENTLEY, *server.starting(_BENTLEY)).status == 404


def test_the_demo_serves_the_five_apis_that_it_watches(server: DemoServer) -> None:
    assert set(DemoServer().profiles) == {each.profile for each in scenario(server)}


def test_a_started_operation_names_the_profile_s_parameters_only(server: DemoServer) -> None:
    started = server.start("azure-location", Script(1.0), _kind="delete")
    assert started.params == {}
    assert server.start(_BENTLEY, Script(1.0)).params.keys() == {"schedule_id"}


def test_an_id_is_given_once(server: DemoServer) -> None:
    server.start(_BENTLEY, Script(1.0), id="mine")

    with pytest.raises(ValueError, match="already"):
        server.start(_BENTLEY, Script(1.0), id="mine")


def test_a_provider_without_cancelled_cannot_cancel(server: DemoServer) -> None:
    with pytest.raises(ValueError, match="cannot end as cancelled"):
        server.start(_BENTLEY, Script(1.0, State.CANCELLED))


def test_a_taken_port_is_told_on_entering(server: DemoServer) -> None:
    with pytest.raises(OSError, match="in use"), DemoServer(port=_port(server)):
        pass


def test_leaving_ends_the_thread_and_cuts_the_connections() -> None:
    before = set(threading.enumerate())
    with ExitStack() as stack:
        server = stack.enter_context(DemoServer())
        sock = socket.create_connection(("127.0.0.1", _port(server)), timeout=5)
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert sock.recv(65536)
        stack.close()

        assert before == set(threading.enumerate())
        with sock, suppress(ConnectionResetError):
            assert sock.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", _port(server)))


@pytest.mark.parametrize("rounds", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_leaving_while_clients_come_loses_no_socket(
    caplog: pytest.LogCaptureFixture, rounds: int
) -> None:
    for _ in range(rounds):
        with ExitStack() as clients, DemoServer() as server:
            for _ in range(20):
                clients.enter_context(socket.create_connection(("127.0.0.1", _port(server))))
        # An unclosed socket is a warning here, and a warning an error.
        gc.collect()

    assert not caplog.records


def _port(server: DemoServer) -> int:
    return urlsplit(server.base_url).port or 0

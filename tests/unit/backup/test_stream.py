"""The protocol of a full copy, against a node that says what a test wants."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import hiredis
import pytest

from app.backup.stream import FullCopy
from app.config import load_config
from app.errors import BackupError, SourceLost
from app.store.topology import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MARK = b"0123456789abcdef0123456789abcdef01234567"
WHOLE = b"REDIS0012" + bytes(range(256)) * 40
FULL = b"+FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761 42\r\n"


class Node:
    """Answers OK to everything, and to PSYNC with these parts, a moment apart."""

    def __init__(self, parts: Sequence[bytes], *, stays: bool, refuses: bytes) -> None:
        self._parts = parts
        self._stays = stays
        self._refuses = refuses
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address("127.0.0.1", self._listener.getsockname()[1])
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        reader = hiredis.Reader()
        with connection:
            while data := connection.recv(4096):
                reader.feed(data)
                while (words := reader.gets()) is not False:
                    if words[0] == b"PSYNC":
                        for part in self._parts:
                            connection.sendall(part)
                            time.sleep(0.005)
                        if self._stays:
                            self.ended.wait(5)
                        return
                    connection.sendall(self._refuses or b"+OK\r\n")

    def close(self) -> None:
        self.ended.set()
        self._thread.join()
        self._listener.close()


@pytest.fixture
def node() -> Iterator[Callable[..., Node]]:
    made: list[Node] = []

    def make(*parts: bytes, stays: bool = True, refuses: bytes = b"") -> Node:
        made.append(Node(parts, stays=stays, refuses=refuses))
        return made[-1]

    yield make
    for each in made:
        each.close()


def copy(node: Node, silence: float = 0.5) -> bytes:
    found = FullCopy(load_config({}), node.address, silence)
    try:
        assert found.moment.offset == 42
        assert len(found.moment.id) == 40
        return b"".join(found)
    finally:
        found.close()


def test_of_a_known_length(node: Callable[..., Node]) -> None:
    head = b"\n\n" + FULL + b"\n"
    assert copy(node(head, b"\n", b"$%d\r\n" % len(WHOLE) + WHOLE[:10], WHOLE[10:] + b"*1\r\n$4\r\nPING\r\n")) == WHOLE


@pytest.mark.parametrize("cut", [1, 20, 39, 40, 41, 500])
def test_up_to_a_mark_wherever_it_is_cut(node: Callable[..., Node], cut: int) -> None:
    body = WHOLE + MARK
    assert copy(node(FULL, b"\n", b"$EOF:" + MARK + b"\r\n", body[:-cut], body[-cut:])) == WHOLE


def test_half_a_mark_in_the_data_is_data(node: Callable[..., Node]) -> None:
    assert copy(node(FULL + b"$EOF:" + MARK + b"\r\n", MARK[:20], WHOLE + MARK)) == MARK[:20] + WHOLE


def test_newlines_keep_it_alive_while_the_copy_is_made(node: Callable[..., Node]) -> None:
    waiting = [b"\n"] * 60  # longer than the silence that is allowed
    assert copy(node(FULL, *waiting, b"$3\r\nabc"), silence=0.2) == b"abc"


@pytest.mark.parametrize("header", [b"$EOF:" + MARK + b"\r\n", b"$20000\r\n"])
def test_a_node_that_goes_in_the_middle(node: Callable[..., Node], header: bytes) -> None:
    with pytest.raises(SourceLost, match="closed the connection"):
        copy(node(FULL, header, WHOLE, stays=False))


@pytest.mark.parametrize("header", [b"$EOF:" + MARK + b"\r\n", b"$20000\r\n"])
def test_a_node_that_falls_silent(node: Callable[..., Node], header: bytes) -> None:
    with pytest.raises(SourceLost, match=r"nothing came for 0\.2 s"):
        copy(node(FULL, header, WHOLE), silence=0.2)


@pytest.mark.parametrize(
    "answer",
    [
        b"-NOMASTERLINK Can't SYNC while not connected with my master\r\n",
        b"-LOADING Redis is loading the dataset in memory\r\n",
    ],
)
def test_one_that_can_not_now_may_be_replaced_by_another(node: Callable[..., Node], answer: bytes) -> None:
    with pytest.raises(SourceLost, match=answer[1:12].decode()):
        copy(node(answer))


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        (b"-NOPERM User app has no permissions to run the 'psync' command\r\n", r"\+psync.*`replica`"),
        (b"-ERR unknown command 'PSYNC'\r\n", "backups of whoever runs it"),
    ],
)
def test_one_that_never_will_names_the_remedy(node: Callable[..., Node], answer: bytes, remedy: str) -> None:
    with pytest.raises(BackupError, match=remedy) as caught:
        copy(node(answer))
    assert not isinstance(caught.value, SourceLost)


def test_a_user_without_the_right_to_say_what_it_can(node: Callable[..., Node]) -> None:
    with pytest.raises(BackupError, match=r"NOPERM|no permissions"):
        copy(node(refuses=b"-NOPERM User app has no permissions to run the 'replconf' command\r\n"))


def test_an_option_that_an_older_server_does_not_know(node: Callable[..., Node]) -> None:
    assert copy(node(FULL, b"$3\r\nabc", refuses=b"-ERR Unrecognized REPLCONF option: rdb-only\r\n")) == b"abc"


def test_what_is_no_redis(node: Callable[..., Node]) -> None:
    with pytest.raises(SourceLost, match="is it a"):
        copy(node(FULL, b"HTTP/1.1 400 Bad Request\r\n"))


def test_nobody_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    with pytest.raises(SourceLost, match="can't be reached"):
        FullCopy(load_config({}), Address("127.0.0.1", free))

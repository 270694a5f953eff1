"""An Otii server that is a script: these requests in this order, those answers, nothing else."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from support.energy.transcripts import Dialogue


class ScriptedOtii:
    """Serves connections one after the other; `problems` is what was not as it is written."""

    def __init__(self, dialogues: Sequence[Dialogue]) -> None:
        lines = [line for dialogue in dialogues for line in dialogue.lines]
        self._greeting = lines[0].answer
        self._lines = deque(lines[1:])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.bound = self._listener.getsockname()[:2]
        self.problems: list[str] = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection, connection.makefile("rb") as asked:
            connection.sendall(self._greeting + b"\r\n")
            for line in asked:
                if not line.endswith(b"\r\n"):
                    self.problems.append(f"no CR LF: {line!r}")
                request = json.loads(line)
                trans_id = request.pop("trans_id")
                if not self._lines or request != json.loads(self._lines[0].send):
                    expected = self._lines[0].send if self._lines else "nothing more"
                    self.problems.append(f"asked {request}, where {expected!r} was to come")
                    return
                answer = json.loads(self._lines.popleft().answer) | {"trans_id": trans_id}
                connection.sendall(json.dumps(answer).encode() + b"\r\n")
        if self._lines:
            self.problems.append(f"never asked: {[line.send for line in self._lines]}")

    def close(self) -> None:
        self._listener.close()
        self.thread.join(5)


@contextmanager
def scripted_otii(dialogues: Sequence[Dialogue]) -> Iterator[tuple[str, int]]:
    """Such a server's place; at the end everything must have been asked, and nothing else."""
    server = ScriptedOtii(dialogues)
    try:
        yield server.bound
    finally:
        server.close()
    assert server.problems == []

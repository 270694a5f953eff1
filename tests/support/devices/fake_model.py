"""A model for simulated devices that costs nothing: scores from the first bytes of the input."""

from __future__ import annotations


class FakeModel:
    def __init__(
        self, model_id: str = "kws01", input_bytes: int = 490, score_count: int = 12
    ) -> None:
        self.model_id = model_id
        self.input_bytes = input_bytes
        self.score_count = score_count
        self.inferred: list[bytes] = []

    def infer(self, data: bytes) -> tuple[float, ...]:
        self.inferred.append(data)
        return tuple(data[i] / 1000 for i in range(self.score_count))

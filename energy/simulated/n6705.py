"""A simulated N6705C, spoken to by bytes: a strict SCPI server on TCP, on the bench's clock.

``TCPIP0::127.0.0.1::PORT::SOCKET`` reaches it through any VISA. The first channel supplies a
:class:`PowerModel`; it answers in a thread of its own, and as long as one side waits for the other,
as a driver that reads an answer does, a run on a virtual clock repeats exactly. At power-up, and
after ``*RST``, the logger takes the voltage of every channel, as the instrument's does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...dut_protocol.link.clock import Clock
from .elog import FIFO_S, Channel, Logger
from .power_model import PowerModel
from .scpi import (
    INIT_IGNORED,
    MISSING_PARAMETER,
    NO_OPTION,
    OUT_OF_RANGE,
    SETTINGS_CONFLICT,
    TRIGGER_IGNORED,
    Answer,
    Fault,
    Grammar,
    Request,
    ScpiError,
    SimulatedInstrument,
)

IDENTITY = "Keysight Technologies,N6705C,SIM0000001,E.02.09.3271"
MODULES = ("N6781A", "N6731B", "N6731B", "N6731B")
MAX_V, MAX_A = 20.4, 3.06
MAX_PROTECT_V = 22.0
SMALL_FIFO_S = 0.5


class SimulatedN6705(SimulatedInstrument):
    """Is the instrument and its TCP server; a context manager.

    ``on_power(on, at_s)`` is called when the first output switches, in the server's thread.
    """

    def __init__(
        self,
        power: PowerModel,
        clock: Clock,
        *,
        on_power: Callable[[bool, float], None] | None = None,
        modules: Sequence[str] = MODULES,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
        current_noise_a: float = 5e-6,
        voltage_noise_v: float = 1e-4,
        segment_bytes: int | None = None,
        fault: Fault = Fault.NONE,
        fault_at_s: float = 0.0,
    ) -> None:
        super().__init__(clock, host, port, segment_bytes, fault, fault_at_s)
        self.power = power
        self._on_power = on_power or (lambda on, at_s: None)
        self._modules = tuple(modules)
        self._logger = Logger(power, seed, current_noise_a, voltage_noise_v)
        self._real = False
        self._swapped = False
        self.channels = [Channel(module) for module in self._modules]
        self._grammar = Grammar(self._commands())

    @property
    def supply_on(self) -> bool:
        return self.channels[0].on

    def _answer(self, line: str) -> bytes:
        self._logger.fifo_s = SMALL_FIFO_S if self.fault_now is Fault.SMALL_FIFO else FIFO_S
        answers: list[bytes] = []
        path = ""
        for message in filter(None, map(str.strip, line.split(";"))):
            if message[0] not in "*:":
                message = path + message  # the path of the command before it is implied
            self.received.append(message)
            try:
                answer = self._grammar.run(message)
            except ScpiError as error:
                self._refuse(error.entry)
                break  # the rest of the line is not executed
            if message[0] != "*":
                header = message.partition(" ")[0]
                path = header[: header.rfind(":") + 1]
            if answer is not None:
                answers.append(answer if isinstance(answer, bytes) else answer.encode("ascii"))
        return b";".join(answers) + b"\n" if answers else b""

    # ---- what it understands ---------------------------------------------------------------------

    def _commands(self) -> list[tuple[str, Callable[[Request], Answer]]]:
        elog = "SENSe:ELOG:"
        return [
            ("*IDN?", lambda _: IDENTITY),
            ("*RST", self._reset),
            ("*CLS", lambda _: self._errors.clear()),
            ("*OPC?", lambda _: "1"),
            ("*TRG", self._bus_trigger),
            ("SYSTem:ERRor[:NEXT]?", lambda _: self._next_error()),
            ("SYSTem:CHANnel[:COUNt]?", lambda _: f"{len(self.channels)}"),
            ("SYSTem:CHANnel:MODel?", self._each(lambda channel: channel.module)),
            ("SYSTem:COMMunicate:RLSTate", lambda r: _nothing(r.word("LOCal", "REMote", "RWLock"))),
            ("FORMat[:DATA]", self._format),
            ("FORMat[:DATA]?", lambda _: "REAL" if self._real else "ASCII"),
            ("FORMat:BORDer", self._border),
            ("FORMat:BORDer?", lambda _: "SWAP" if self._swapped else "NORM"),
            ("[SOURce:]EMULation", self._smu_word("PS4Q", "PS2Q", "PS1Q", "BATTery", "CHARger")),
            ("[SOURce:]FUNCtion", self._smu_word("VOLTage", "CURRent")),
            ("[SOURce:]VOLTage[:LEVel]", self._set_volts),
            ("[SOURce:]VOLTage[:LEVel]?", self._setting("set_v", MAX_V)),
            ("[SOURce:]VOLTage:PROTection[:LEVel]", self._set_protection(smu=False)),
            ("[SOURce:]VOLTage:PROTection[:LEVel]?", self._setting("protect_v", MAX_PROTECT_V)),
            ("[SOURce:]VOLTage:PROTection:REMote[:POSitive]", self._set_protection(smu=True)),
            (
                "[SOURce:]VOLTage:PROTection:REMote[:POSitive]?",
                self._setting("protect_v", MAX_PROTECT_V),
            ),
            ("[SOURce:]CURRent[:LEVel]", self._set_amperes),
            ("[SOURce:]CURRent[:LEVel]?", self._setting("set_a", MAX_A)),
            ("[SOURce:]CURRent:LIMit", self._set_amperes),
            ("[SOURce:]CURRent:LIMit?", self._setting("set_a", MAX_A)),
            ("OUTPut[:STATe]", self._output),
            ("OUTPut[:STATe]?", self._each(lambda channel: str(int(channel.on)))),
            (
                "MEASure[:SCALar]:VOLTage[:DC]?",
                self._each(lambda one: _nr3(self._measured(one)[1])),
            ),
            (
                "MEASure[:SCALar]:CURRent[:DC]?",
                self._each(lambda one: _nr3(self._measured(one)[0])),
            ),
            *self._switch(elog + "FUNCtion:VOLTage", "voltage"),
            *self._switch(elog + "FUNCtion:CURRent", "current"),
            *self._switch(elog + "FUNCtion:VOLTage:MINMax", "voltage_minmax"),
            *self._switch(elog + "FUNCtion:CURRent:MINMax", "current_minmax"),
            (elog + "CURRent[:DC]:RANGe:AUTO", self._seamless),
            (elog + "PERiod", self._set_period),
            (elog + "PERiod?", self._each(lambda channel: _nr3(self._period_s(channel)))),
            ("TRIGger:ELOG:SOURce", self._trigger_source),
            ("INITiate[:IMMediate]:ELOG", self._initiate),
            ("TRIGger:ELOG[:IMMediate]", self._trigger),
            ("FETCh:ELOG?", self._fetch),
            ("ABORt:ELOG", self._abort),
        ]

    def _of(self, request: Request) -> list[Channel]:
        if not request.channels:
            raise ScpiError(MISSING_PARAMETER)
        if not all(1 <= number <= len(self.channels) for number in request.channels):
            raise ScpiError(OUT_OF_RANGE)
        return [self.channels[number - 1] for number in request.channels]

    def _each(self, say: Callable[[Channel], str]) -> Callable[[Request], Answer]:
        return lambda request: ",".join(say(channel) for channel in self._of(request))

    def _reset(self, request: Request) -> None:
        for channel in self.channels:
            self._switch_output(channel, False)
        self.channels[:] = [Channel(module) for module in self._modules]
        self._real = self._swapped = False

    def _format(self, request: Request) -> None:
        self._real = request.word("ASCii", "REAL") == "REAL"

    def _border(self, request: Request) -> None:
        self._swapped = request.word("NORMal", "SWAPped") == "SWAP"

    def _smu_word(self, *choices: str) -> Callable[[Request], Answer]:
        def run(request: Request) -> None:
            if not all(channel.is_smu for channel in self._of(request)):
                raise ScpiError(NO_OPTION)
            request.word(*choices)

        return run

    def _set_volts(self, request: Request) -> None:
        volts = request.number(0.0, MAX_V)
        for channel in self._of(request):
            channel.set_v = volts
            if channel.on and volts > channel.protect_v:
                self._switch_output(channel, False)
            elif channel.on and channel is self.channels[0]:
                self.power.switch(self._clock.now_s(), volts)

    def _set_protection(self, *, smu: bool) -> Callable[[Request], Answer]:
        """Set the over-voltage protection, which a source/measure unit has at the far end."""

        def run(request: Request) -> None:
            volts = request.number(0.0, MAX_PROTECT_V)
            if any(channel.is_smu is not smu for channel in self._of(request)):
                raise ScpiError(NO_OPTION)
            for channel in self._of(request):
                channel.protect_v = volts

        return run

    def _set_amperes(self, request: Request) -> None:
        amperes = request.number(0.0, MAX_A)
        for channel in self._of(request):
            channel.set_a = amperes

    def _setting(self, name: str, most: float) -> Callable[[Request], Answer]:
        def run(request: Request) -> str:
            channels = self._of(request)
            if request.words:
                value = most if request.word("MINimum", "MAXimum") == "MAX" else 0.0
                return ",".join(_nr3(value) for _ in channels)
            return ",".join(_nr3(float(getattr(channel, name))) for channel in channels)

        return run

    def _output(self, request: Request) -> None:
        on = request.flag()
        for channel in self._of(request):
            self._switch_output(channel, on)

    def _switch_output(self, channel: Channel, on: bool) -> None:
        on = on and channel.set_v <= channel.protect_v
        if channel.on == on:
            return
        channel.on = on
        if channel is self.channels[0]:
            at_s = self._clock.now_s()
            self.power.switch(at_s, channel.set_v if on else 0.0)
            self._on_power(on, at_s)

    def _measured(self, channel: Channel) -> tuple[float, float]:
        if channel is self.channels[0]:
            return self.power.at(self._clock.now_s())
        return 0.0, channel.set_v if channel.on else 0.0

    # ---- the logger ------------------------------------------------------------------------------

    def _switch(self, spec: str, name: str) -> list[tuple[str, Callable[[Request], Answer]]]:
        def run(request: Request) -> None:
            on = request.flag()
            for channel in self._of(request):
                setattr(channel.logged, name, on)

        say = self._each(lambda channel: str(int(getattr(channel.logged, name))))
        return [(spec, run), (spec + "?", say)]

    def _seamless(self, request: Request) -> None:
        if not all(channel.is_smu for channel in self._of(request)):
            raise ScpiError(NO_OPTION)
        request.flag()

    def _set_period(self, request: Request) -> None:
        asked_s = request.number(0.0, 60.0)
        for channel in self._of(request):
            channel.asked_period_s = asked_s

    def _period_s(self, channel: Channel) -> float:
        return self._logger.period_s(self.channels, channel.asked_period_s)

    def _trigger_source(self, request: Request) -> None:
        source = request.word("BUS", "EXTernal", "IMMediate")
        for channel in self._of(request):
            channel.trigger_source = source

    def _initiate(self, request: Request) -> None:
        for channel in self._of(request):
            if channel.initiated:
                raise ScpiError(INIT_IGNORED)
            if not channel.logged.parameters:
                raise ScpiError(SETTINGS_CONFLICT)
            channel.initiated = True
            channel.started_s = channel.stopped_s = None
            channel.fetched = 0
            channel.period_s = self._period_s(channel)
            if channel.trigger_source == "IMM":
                channel.started_s = self._clock.now_s()

    def _trigger(self, request: Request) -> None:
        for channel in self._of(request):
            if not channel.initiated or channel.started_s is not None:
                raise ScpiError(TRIGGER_IGNORED)
            channel.started_s = self._clock.now_s()

    def _bus_trigger(self, request: Request) -> None:
        for channel in self.channels:
            if channel.initiated and channel.started_s is None and channel.trigger_source == "BUS":
                channel.started_s = self._clock.now_s()

    def _fetch(self, request: Request) -> Answer:
        most = int(Request(request.words, ()).number(1, 1 << 20))
        channels = self._of(request)
        values = np.concatenate(
            [
                self._logger.fetch(one, one is self.channels[0], most, self._clock.now_s())
                for one in channels
            ]
        )
        if not self._real:
            return ",".join(_nr3(value) for value in values)
        data = values.astype("<f4" if self._swapped else ">f4").tobytes()
        length = str(len(data)).encode("ascii")
        return b"#%d%s%s" % (len(length), length, data)

    def _abort(self, request: Request) -> None:
        for channel in self._of(request):
            if channel.initiated and channel.stopped_s is None:
                channel.stopped_s = self._clock.now_s()
            channel.initiated = False


def _nothing(value: object) -> None:
    return None


def _nr3(value: float) -> str:
    return f"{value:+.6E}"

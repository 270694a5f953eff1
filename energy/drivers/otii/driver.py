"""Operates Qoitech's Otii Arc and Ace, as the device's source, through Qoitech's own server.

The main output supplies the device, its current and voltage are recorded, and the device's
timestamp pin goes to the digital input GPI 1 (or 2) of the expansion port, whose level is set to
the supply's voltage. Recording, with the methods of ``otii_tcp_client``::

    set_max_current(0.5), set_main_voltage(3.0), set_exp_voltage(3.0), set_main(True)
    enable_channel("mc" | "mv" | "i1", True), start_recording()
    get_channel_data_count("mc"), get_channel_data("mc", index, count) … stop_recording()

The current and voltage sample rates are those that the device is set to. The Otii states no losses:
samples are counted by their time stamps, and by the host's clock, see ``host_count``.

Not confirmed on an instrument: the shortest pulse that a digital input records (one that is too
short is no event, and the run says so), whether its list begins with the level at the start (the
level is asked for first, so that it makes no edge), and on which end of its interval an analog
value stands (a quarter of a millisecond on an Arc). Above the current limit an Arc cuts the
supply; an Ace may hold the current instead, and the voltage falls: both are noticed. The range and
what happens at the limit are settings that a device may refuse; the provenance says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ....dut_protocol.link.clock import Clock
from ....dut_protocol.link.wire_log import WireTap
from ...errors import (
    MonitorError,
    MonitorRefused,
    MonitorTimeout,
    SamplesLost,
    SupplyMayBeOn,
)
from ...interruptions import held
from ...monitor import Capabilities, MonitorIdentity, SampleKind
from ...trace import EnergyTrace, TraceWriter
from ..host_count import HostCount, finish_recording
from ..serial_monitor import (
    ClosedOnExit,
    check_rate,
    checked_supply_mv,
    closed_on_error,
)
from .recording import CURRENT, VOLTAGE, RecordingReader
from .server import (
    ANSWER_TIMEOUT_S,
    DEFAULT_HOST,
    DEFAULT_PORT,
    check_licence,
    choose_device,
    connect,
    open_project,
    told_as_ours,
)

if TYPE_CHECKING:
    from otii_tcp_client.arc import Arc
    from otii_tcp_client.otii import Otii as Application
    from otii_tcp_client.project import Project
    from otii_tcp_client.recording import Recording

INPUTS = {"i1": 1, "i2": 2}
"""The digital inputs by the names of their channels."""

DEFAULT_CURRENT_LIMIT_A = 0.5
MAX_CURRENT_A = 5.0
SUPPLY_RANGE_V = (1.2, 5.0)
"""What the level of the expansion port can be set to, where the timestamp pin goes."""

_SERVICE_INTERVAL_S = 0.5
_SILENCE_S = 3.0
_SUPPLY_TOLERANCE = 0.05
_MOST_LAST_FETCHES = 5


class Otii(ClosedOnExit):
    """Operates an Arc or an Ace; the device's supply is off when it is closed."""

    def __init__(
        self,
        application: Application,
        device: Arc,
        clock: Clock,
        *,
        place: tuple[str, int] = (DEFAULT_HOST, DEFAULT_PORT),
        pin: str = "i1",
        max_voltage_v: float | None = None,
        current_limit_a: float = DEFAULT_CURRENT_LIMIT_A,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        tap: WireTap | None = None,
    ) -> None:
        """Say nothing to the device yet: use :meth:`open`. ``place``: the server's host, port."""
        self.address = f"otii:{place[0]}:{place[1]}/{device.name}"
        self._name = f"the Otii {device.type} {device.name!r}"
        self._application = application
        self._device = device
        self._clock = clock
        self._place = place
        self._pin = pin
        self._max_voltage_v = max_voltage_v
        self._current_limit_a = current_limit_a
        self._answer_timeout_s = answer_timeout_s
        self._tap = tap
        self._otii_version = ""
        self._versions: dict[str, Any] = {}
        self._refused: list[str] = []
        self._rates_hz = (0.0, 0.0)
        self._project: Project | None = None
        self._supply_v: float | None = None
        self._on = False
        self._recording: Recording | None = None
        self._reader: RecordingReader | None = None
        self._count = HostCount(1.0, _SERVICE_INTERVAL_S)
        self._heard_at_s = 0.0
        self.trace: EnergyTrace | None = None
        self._open = True

    @classmethod
    def open(
        cls,
        clock: Clock,
        host: str = DEFAULT_HOST,
        port: int = DEFAULT_PORT,
        device: str = "",
        *,
        pin: str = "i1",
        max_voltage_v: float | None = None,
        current_limit_a: float | None = None,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        tap: WireTap | None = None,
    ) -> Otii:
        """Open the device of this name or id, or the only one; its supply is off then.

        ``tap`` notes what goes both ways.

        MonitorRefused without the package, a user or a licence; MonitorError without a server.
        """
        limit_a = DEFAULT_CURRENT_LIMIT_A if current_limit_a is None else current_limit_a
        if not 0.001 <= limit_a <= MAX_CURRENT_A:
            raise MonitorRefused(
                f"a current limit of {limit_a:g} A: an Otii has 0.001 to {MAX_CURRENT_A:g} A"
            )
        where = f"the Otii server at {host}:{port}"
        application, version = connect(host, port, answer_timeout_s, tap)
        try:
            check_licence(application, where)
            chosen = choose_device(application, device, where)
        except BaseException:
            application.connection.close_connection()  # no device was told anything
            raise
        monitor = cls(
            application,
            chosen,
            clock,
            place=(host, port),
            pin=pin,
            max_voltage_v=max_voltage_v,
            current_limit_a=limit_a,
            answer_timeout_s=answer_timeout_s,
            tap=tap,
        )
        monitor._otii_version = version
        with closed_on_error(monitor):
            monitor._configure()
        return monitor

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            model=f"Otii {self._device.type}",
            event_input=True,
            powers_device=True,
            supply_range_v=SUPPLY_RANGE_V,
            max_current_a=self._current_limit_a,
            sample_rates_hz=self._rates_hz[:1],
            default_rate_hz=self._rates_hz[0],
            sample_kind=SampleKind.CURRENT_AND_VOLTAGE,
            service_interval_s=_SERVICE_INTERVAL_S,
        )

    def identify(self) -> MonitorIdentity:
        firmware = str(self._versions.get("fw_version", ""))
        model = self.capabilities.model
        return MonitorIdentity("Qoitech", model, self._device.id, firmware)

    def set_supply(self, supply_v: float) -> float:
        checked_supply_mv(self._name, supply_v, self.capabilities, self._max_voltage_v)
        with told_as_ours(f"{self._name}: setting {supply_v:g} V"):
            self._device.set_max_current(self._current_limit_a)
            self._device.set_main_voltage(supply_v)
            read_v = float(self._device.get_main_voltage())
            self._device.set_exp_voltage(supply_v)
        if abs(read_v - supply_v) > 0.01 + 0.001 * supply_v:
            raise MonitorRefused(f"{self._name}: set to {supply_v:g} V it reports {read_v:g} V")
        self._supply_v = supply_v
        return read_v

    def power(self, on: bool) -> None:
        if on and self._supply_v is None:
            raise MonitorRefused(f"{self._name}: set the supply before switching it on")
        with told_as_ours(f"{self._name}: switching the supply {'on' if on else 'off'}"):
            self._device.set_main(on)
            is_on = bool(self._device.get_main())
        self._on = on
        if is_on != on:
            raise MonitorError(
                f"{self._name}: its main output did not go {'on' if on else 'off'}"
                + (f"; its limit is {self._current_limit_a:g} A" if on else "")
            )

    def start(self, writer: TraceWriter) -> None:
        project = self._project
        if self._reader is not None or project is None:
            raise MonitorRefused(f"{self._name}: it is recording already")
        check_rate(self._name, writer, self.capabilities)
        with told_as_ours(f"{self._name}: starting a recording"):
            pin_is_high = bool(self._device.get_gpi(INPUTS[self._pin]))
            project.start_recording()
            recording = project.get_last_recording()
        if recording is None:
            raise MonitorError(f"{self._name}: a recording was started, and there is none")
        self._recording = recording
        self._reader = RecordingReader(
            self._name,
            recording,
            self._device.id,
            self._pin,
            pin_is_high=pin_is_high,
            writer=writer,
        )
        self._count = HostCount(writer.sample_rate_hz, _SERVICE_INTERVAL_S)
        self._heard_at_s = self._clock.now_s()

    def service(self) -> None:
        reader = self._reader
        if reader is None:
            return
        with self._trace_kept():
            self._fetch(reader)
            self._check_output(reader)

    def stop(self) -> EnergyTrace:
        reader, project = self._reader, self._project
        if reader is None or project is None:
            raise MonitorRefused(f"{self._name}: it is not recording")
        with self._trace_kept():
            with told_as_ours(f"{self._name}: stopping the recording"):
                project.stop_recording()
            for _ in range(_MOST_LAST_FETCHES):
                if not self._fetch(reader):
                    break
            self._check_output(reader)
            reader.write_all()
            reader.check_all_written()
        self._reader = None
        trace = self._finish(reader)
        if (recording := self._recording) is not None:
            self._recording = None
            with suppress(MonitorError), told_as_ours("deleting what is in the trace now"):
                recording.delete()  # else it stays in the server's memory, which harms nobody
        return trace

    def _finish(self, reader: RecordingReader, **more: str) -> EnergyTrace:
        reader.write_all()
        why = [f"{reader.lost} missing by the time stamps"] if reader.lost else []
        said = {**self._provenance(reader), **more}
        return finish_recording(
            self, self._name, reader.writer, self._count, said, reader.lost, why
        )

    @contextmanager
    def _trace_kept(self) -> Iterator[None]:
        """Finish a recording with what it has when what stands inside fails."""
        try:
            yield
        except MonitorError as error:
            reader, self._reader = self._reader, None
            if reader is not None:
                with suppress(SamplesLost):
                    self._finish(reader, ended_by=str(error))
            raise

    def close(self) -> None:
        if not self._open:
            return
        try:
            with held():
                self._make_safe()
        except KeyboardInterrupt:  # in the middle of switching off, of a program that holds none
            self._make_safe()
            raise
        finally:
            self._open = False
            self._reader = self._recording = None
            self._application.connection.close_connection()

    # ---- inside ----

    def _configure(self) -> None:
        """Switch off, and set up everything but the supply."""
        device = self._device
        with told_as_ours(f"{self._name}: setting it up"):
            device.set_main(False)
            self._project = open_project(self._application)
            device.add_to_project()
            self._versions = device.get_version()
            if device.get_supply_mode() != "power-box":  # it may have been a battery's emulator
                device.set_supply_power_box()
            device.enable_exp_port(True)
            for channel in (CURRENT, VOLTAGE, self._pin):
                device.enable_channel(channel, True)
            self._rates_hz = (
                float(device.get_channel_samplerate(CURRENT)),
                float(device.get_channel_samplerate(VOLTAGE)),
            )
        # The supply is cut at the limit; "low" is the range that changes by itself.
        self._try_to_set(device.set_src_cur_limit_enabled, False)
        self._try_to_set(device.set_range, "low")
        if min(self._rates_hz) <= 0:
            raise MonitorError(f"{self._name}: its sample rates are {self._rates_hz} Hz")

    def _try_to_set(self, setting: Callable[..., None], value: bool | str) -> None:
        """Set what not every type of device has."""
        try:
            with told_as_ours(f"{self._name}: setting it up"):
                setting(value)
        except MonitorRefused as error:
            self._refused.append(str(error))

    def _fetch(self, reader: RecordingReader) -> int:
        came = reader.fetch()
        now_s = self._clock.now_s()
        if came:
            self._heard_at_s = now_s
            self._count.seen(now_s, reader.came, reader.lost)
        elif now_s - self._heard_at_s > max(_SILENCE_S, 3 / self._rates_hz[0]):
            raise MonitorTimeout(
                f"{self._name}: recording, but nothing came for {now_s - self._heard_at_s:.1f} s; "
                "check its USB cable"
            )
        return came

    def _check_output(self, reader: RecordingReader) -> None:
        """MonitorError where the supply is not what it was set to while it is recorded."""
        supply_v, limit_a = self._supply_v, self._current_limit_a
        if not self._on or supply_v is None:
            return
        with told_as_ours(f"{self._name}: asking for its output"):
            is_on = self._device.get_main()
        read = (
            f"the highest reading of the last moments was {reader.peak_a:.3g} A, its limit is "
            f"{limit_a:g} A; set a higher current_limit_a (up to {MAX_CURRENT_A:g} A) if the board "
            "may draw that"
        )
        if not is_on:
            raise MonitorError(
                f"{self._name}: its main output is off, and nothing here switched it off: it does "
                f"that for over-current; {read}"
            )
        measured_v = reader.voltage_v
        if measured_v is not None and measured_v < supply_v * (1 - _SUPPLY_TOLERANCE):
            raise MonitorError(
                f"{self._name}: the supply has fallen to {measured_v:.3g} V from {supply_v:g} V; "
                f"{read}"
            )

    def _make_safe(self) -> None:
        """Switch off, over a new connection when the old one is no good; or warn of the supply.

        An exchange that Ctrl-C has hit leaves an answer behind that belongs to nothing.
        """
        try:
            self._switch_off(self._device)
        except MonitorError as first:
            try:
                self._reconnect()
                self._switch_off(self._device)
            except MonitorError as second:
                raise SupplyMayBeOn(
                    f"THE SUPPLY OF {self._name} COULD NOT BE SWITCHED OFF and may still power the "
                    f"device: switch it off by hand. {first}; over a new connection: {second}"
                ) from first
        if self._recording is not None and self._project is not None:
            with told_as_ours(f"{self._name}: stopping the recording"):
                self._project.stop_recording()
            self._recording = None

    def _reconnect(self) -> None:
        self._application.connection.close_connection()
        self._application, _ = connect(*self._place, self._answer_timeout_s, self._tap)
        self._device.connection = self._application.connection
        if self._project is not None:
            self._project.connection = self._application.connection

    def _switch_off(self, device: Arc) -> None:
        with told_as_ours(f"{self._name}: switching the supply off"):
            device.set_main(False)
            if device.get_main():
                raise MonitorError(f"{self._name}: its main output stays on")

    def _provenance(self, reader: RecordingReader) -> dict[str, Any]:
        return {
            "monitor": self.capabilities.model,
            "maker": "Qoitech",
            "serial": self._device.id,
            "firmware": self.identify().firmware,
            "hardware": str(self._versions.get("hw_version", "")),
            "otii": self._otii_version,
            "address": self.address,
            "supply_v": self._supply_v,
            "current_limit_a": self._current_limit_a,
            "sample_rate_hz": self._rates_hz[0],
            "voltage_rate_hz": self._rates_hz[1],
            "settings_refused": list(self._refused),
            "timestamp_input": self._pin,
            "samples": reader.came,
            "samples_missing_by_time_stamps": reader.lost,
        }

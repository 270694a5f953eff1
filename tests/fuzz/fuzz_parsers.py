"""The coverage-guided fuzzer: `python tests/fuzz/fuzz_parsers.py TARGET [libFuzzer's flags]`.

    python tests/fuzz/fuzz_parsers.py log -max_total_time=60 -rss_limit_mb=1024 -max_len=20000

needs atheris (`pip install atheris`, which brings its own libFuzzer) and this checkout's tests/ on
the path. Targets are those of tests/support/fuzz_targets.py; without one they are listed. A crash
leaves the input that caused it beside you. It begins with the field's own forms, not with nothing,
and keeps what it found in the temporary folder tinyrunner-fuzz for the next time.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import atheris

with atheris.instrument_imports(include=["tinyrunner"]):
    from support.fuzz_targets import TARGETS, layer_log_seed, ppk2_seed

_DUT = (
    b"m-timestamp-mode-performance\r\nm-lap-us-7\r\nm-init-done\r\nm-ready\r\n",
    b"m-name-dut-[x]\r\nm-ready\r\n\0m-profile-[ULPMark]\r\nm-model-[kws01]\r\nm-ready\r\n",
    b"m-[Expecting 3 bytes]\r\nm-ready\r\n\0m-load-done\r\nm-ready\r\n"
    b"\0m-buffer-00-7f-ff\r\nm-ready\r\n",
    b"m-warmup-start-1\r\nm-warmup-done\r\nm-infer-start-2\r\nm-lap-us-1\r\nm-lap-us-2\r\n"
    b"m-infer-done\r\nm-results-[0.1,0.9,]\r\nm-ready\r\n\0m-results-[0.1,0.9]\r\nm-ready\r\n",
    b"e-[Unknown command: x]\r\nm-ready\r\nInput db has 1 elemented, expected 2\n"
    b"Supplied buffer size 3 exceeds maximum of 2\nType errorm-results-[89.274]\r\n",
)
_HOST = (b"name%profile%db load 4%db 0011%db 2233%infer 3 1%results%db print%help%timestamp%",)
_LOG = (
    b"00010.000 session: m-session-start-id[2026]\n"
    b'00019.000 parser: Command "bload dut "C:\\d\\a_1.bin" 0 490"\n'
    b"00019.100 parser: m-bload-done\n"
    b"00019.1 sequencer: m-sequencing-i[6]-command[x]\n"
    b'00019.100 parser: Command "dut infer 1 0"\n00019.103 dut: m-infer-start-1\n'
    b"00019.103 dut: m-lap-us-10\n00019.105 dut: m-lap-us-12\n00019.105 dut: m-infer-done\n"
    b"00019.106 dut: m-results-[0.5,0.5]\n00019.106 io: [dut]: m-ready\n"
    b"00020.000 session: m-session-retry-step[5]\n"
    b"00021.000 session: m-session-resume-id[2026]-step[5]\n"
    b"00099.0 session: m-session-stop-id[1]\n",
    b"Logging initialized.\n0501.120000   ulp-ml INFO: x\n",
)
_SEEDS = {
    "host_lines": _DUT,
    "host": (b"\0".join(_DUT), *_DUT),
    "device_commands": _HOST,
    "device": _HOST,
    "script": (
        b"[\n    {\n        cmd: 'bload dut \"C:\\\\x.bin\" 0 5',\n        ms: 7840\n    },\n"
        b"    {\n        cmd: 'dut infer 8 1',\n        ms: -1,\n        ack: /dut.?: m-ready/\n"
        b"    }\n]",
    ),
    "log": _LOG,
    "wire_log": (
        b"# tinyrunner 1.0 wire log, format 1, clock virtual, 115200 baud, begun 2026, at x:\n"
        b"0.000001 > name%\n0.000200 < m-name-dut-[x]\\r\\nm-ready\\r\\n\\x80\n",
        b"# tinyrunner 1.0 wire log, format 2, clock virtual, 115200 baud, begun 2026, at x:\n"
        b"# 0.000000 wire monitor at sim:ppk2\n0.000001 >monitor \\x07\n0.000200 <io m-ready\n",
    ),
    "layer_log": (layer_log_seed(),),
    "ppk2": (ppk2_seed(),),
    "results_json": (
        b'[{"file": "a_7.bin", "classes": "12", "class": "7", "stride": null, "infer": '
        b'{"start_time": 1, "end_time": 2, "results": [0.0, 1.0], "elapsed_time": 1, '
        b'"iterations": 2, "warmups": 1}, "mode": "p"}, {"error": "x"}]',
    ),
}


def main() -> int:
    name, flags = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    if name not in TARGETS:
        print(f"usage: fuzz_parsers.py TARGET [libFuzzer's flags]; TARGET: {', '.join(TARGETS)}")
        return 2
    # libFuzzer ends the process itself, so that nothing would tidy a temporary folder away.
    corpus = Path(tempfile.gettempdir(), "tinyrunner-fuzz", name)
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(_SEEDS[name]):
        (corpus / f"seed{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], *flags, str(corpus)], TARGETS[name])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`coil run --trace-pins`: waveforms of LEDs and virtual pins, on both boards."""

import re
import time

import pytest
from coiltools import firmware as builder
from coiltools import hostpage, paths, waveform
from coiltools.emulator import Emulator
from coiltools.hostboard import HostBoard
from coiltools.pintrace import PinTrace
from PIL import Image
from vcd.reader import TokenKind, tokenize

BLINKY = paths.ROOT / "examples" / "blinky"
_PERIOD_US = 500_000
#: Of toggle() and the loop around it, at 64 ns an instruction.
_LOOP_US = 100


def read_vcd(path):
    """Name -> [(time in us, level), ...], without the levels at the start."""
    names, waves, now, dumping = {}, {}, 0, False
    with open(path, "rb") as file:
        for token in tokenize(file):
            if token.kind is TokenKind.TIMESCALE:
                assert str(token.timescale) == "1 us"
            elif token.kind is TokenKind.VAR:
                names[token.var.id_code] = token.var.reference
            elif token.kind is TokenKind.DUMPVARS:
                dumping = True
            elif token.kind is TokenKind.CHANGE_TIME:
                now = token.time_change
            elif token.kind is TokenKind.END:
                dumping = False
            elif token.kind is TokenKind.CHANGE_SCALAR and not dumping:
                change = now, int(token.scalar_change.value)
                waves.setdefault(names[token.scalar_change.id_code], []).append(change)
    assert set(names.values()) == set(hostpage.TRACED)
    return waves


def blink(tmp_path, number, edges):
    image = builder.build(BLINKY, "mps2").image
    vcd, png = tmp_path / f"{number}.vcd", tmp_path / f"{number}.png"
    with (
        Emulator(image, icount=6, epoch_s=0, flags=hostpage.TRACE) as board,
        PinTrace(board, vcd, png) as trace,
    ):
        deadline = time.monotonic() + 60
        while trace.changes < edges:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert trace.lost == 0
    return vcd, png


def test_blinky_is_exact(tmp_path):
    vcd, png = blink(tmp_path, 1, 12)
    waves = read_vcd(vcd)
    assert list(waves) == ["LED1"]
    led = waves["LED1"]
    assert [level for _, level in led[:4]] == [1, 0, 1, 0]
    periods = [after - before for (before, _), (after, _) in zip(led, led[1:], strict=False)]
    assert all(_PERIOD_US <= period < _PERIOD_US + _LOOP_US for period in periods)
    assert max(periods[1:]) - min(periods[1:]) <= 1  # the same instructions each time
    second = blink(tmp_path, 2, 12)[0]
    assert read_vcd(second)["LED1"][:12] == led[:12]
    # Not only the times: what both files have is the same text, but for the line of the end.
    texts = [path.read_text().splitlines()[:-1] for path in (vcd, second)]
    length = min(map(len, texts))
    assert length > 12 and texts[0][:length] == texts[1][:length]
    with Image.open(png) as picture:
        assert picture.format == "PNG" and picture.width > 1000


@pytest.fixture(params=["mps2", "host"])
def board(request, firmware, host_program):
    flags = hostpage.NO_APP | hostpage.TRACE
    if request.param == "mps2":
        made = Emulator(firmware, flags=flags)
    else:
        made = HostBoard(host_program, flags=flags)
    with made:
        made.wait_for_prompt()
        yield made


def levels(wave):
    return [level for _, level in wave]


def test_what_is_recorded(board):
    with PinTrace(board) as trace:
        board.exec(
            "from machine import Pin\n"
            "leds = [Pin('LED%d' % n, Pin.OUT) for n in range(1, 11)]\n"
            "for led in leds: led(1)\n"
            "for led in leds: led(1); led(0)\n"  # the same level again is no change
            "v = Pin('V3'); v(1)\n"  # an input's latch is nothing to see
            "v.init(Pin.OUT); v(0); v.init(Pin.IN)\n"
            "Pin('BUTTON2').irq(lambda pin: leds[0](pin()), hard=True)\n"
        )
        board.pins.press(1, ms=5)
    waves = trace.sorted_waveforms()
    assert list(waves) == ["V1", "V3", *(f"LED{n}" for n in range(1, 11))]
    assert levels(waves["LED1"]) == [1, 0, 1, 0]
    assert all(levels(waves[f"LED{n}"]) == [1, 0] for n in range(2, 11))
    assert levels(waves["V3"]) == [1, 0] and levels(waves["V1"]) == [1, 0]
    # The LED follows the button.
    for (pressed, _), (lit, _) in zip(waves["V1"], waves["LED1"][2:], strict=True):
        assert pressed <= lit
    times = sorted(time_us for wave in waves.values() for time_us, _ in wave)
    assert times[-1] == trace.end_us and trace.lost == 0


def test_a_reset_takes_all_pins_down(board):
    with PinTrace(board) as trace:
        for reset in board.soft_reset, board.reset:
            board.exec("from machine import Pin\nPin('LED2', Pin.OUT)(1); Pin('V2', Pin.OUT)(1)")
            reset()
            if reset == board.reset:
                board.wait_for_prompt()
        board.exec("from machine import Pin\nPin('V2', Pin.OUT)(1)")
    assert levels(trace.waveforms["V2"]) == [1, 0, 1, 0, 1]
    assert levels(trace.waveforms["LED2"])[0] == 1


def test_what_is_too_fast_is_counted(board):
    board.exec(
        "from machine import Pin\nled = Pin('LED1', Pin.OUT)\n"
        "for n in range(1000): led.toggle()\nled(0)"
    )
    # Nobody has emptied the ring, which has 510 places.
    with PinTrace(board) as trace:
        pass
    assert trace.changes == 509 and trace.lost == 491  # one is that of the start


def test_nothing_is_recorded_unless_asked_for(firmware):
    with Emulator(firmware, flags=hostpage.NO_APP) as board:
        board.wait_for_prompt()
        board.exec("from machine import Pin\nPin('LED1', Pin.OUT)(1)")
        assert board.page.take_trace() == [] and board.page.trace_lost == 0


def test_ports_are_recorded(firmware):
    flags = hostpage.NO_APP | hostpage.TRACE
    with Emulator(firmware, flags=flags) as board:
        board.wait_for_prompt()
        with PinTrace(board) as trace:
            board.exec(
                "from drivers import PortOut\nleds = PortOut('LED', 0x203)\nleds(0x201); leds(0x2)"
            )
    assert {n: levels(w) for n, w in trace.waveforms.items()} == {
        "LED1": [1, 0],
        "LED10": [1, 0],
        "LED2": [1],
    }


def test_simulated_devices_are_recorded(host_program):
    flags = hostpage.NO_APP | hostpage.TRACE
    with HostBoard(host_program, flags=flags) as board:
        board.wait_for_prompt()
        with PinTrace(board) as trace:
            board.exec(
                "from machine import Pin\nfrom sim import board\nPin('V4')\n"
                "out = board.wire('V4').driver('chip')\nout(1); out(0)"
            )
    assert levels(trace.waveforms["V4"]) == [1, 0]


def test_command(coil_run, host_program, tmp_path):
    vcd, png = tmp_path / "pins.vcd", tmp_path / "pins.png"
    traced = "--trace-pins", str(vcd), "--trace-png", str(png)
    run = coil_run("--board", "host", *traced, image=host_program)
    run.wait(">>> ")
    run.coil("press", "BUTTON1", "--ms", "20")
    assert run.leave() == 0
    run.wait(f"{vcd}: 2 changes of 1 pins")
    assert levels(read_vcd(vcd)["V0"]) == [1, 0]
    assert png.read_bytes()[:4] == b"\x89PNG"


def test_a_missing_folder_is_named(coil_run, tmp_path):
    run = coil_run("--trace-pins", str(tmp_path / "none" / "x.vcd"))
    run.wait("there is no folder")
    assert run.process.wait(10) == 1


def test_wave_forms_of_wires_become_a_file(tmp_path):
    path = tmp_path / "wires.vcd"
    waveform.write_vcd(path, {"SCL": [(0, 1), (5, 0)], "SDA": [(0, 1), (3, 0)]})
    text = path.read_text()
    assert re.search(r"\$timescale 1 us \$end", text)
    waveform.write_vcd(path, {"SCL": [(7, 1), (9, 0)], "CS": [(7, 0), (8, 1)]})
    names = dict(re.findall(r"\$var wire 1 (\S+) (\S+) \$end", path.read_text()))
    start = path.read_text().partition("$dumpvars")[2].partition("$end")[0].split()
    assert {names[item[1:]]: item[0] for item in start} == {"SCL": "1", "CS": "0"}
    assert [int(n) for n in re.findall(r"^#(\d+)", text, re.M)] == [0, 3, 5]

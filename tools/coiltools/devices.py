"""What can be attached to an emulated board, as QEMU arguments: I2C devices, serial ports, network."""

import re
import socket
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from .report import Fail, unknown

#: QEMU's I2C devices that the board's bus takes.
I2C_DEVICES = {
    "tmp105": "temperature sensor",
    "ds1338": "real-time clock",
    "m41t80": "real-time clock",
    "at24c": "EEPROM; file=<name>,size=<bytes>",
    "dps310": "barometer",
    "max7310": "8-bit port expander",
    "pca9552": "LED driver",
    "ssd0303": "OLED display",
    "lsm303dlhc_mag": "magnetometer",
    "pca9548": "8-way I2C multiplexer",
}
_I2C_FIRST, _I2C_LAST = 0x08, 0x77
_EEPROM_BYTES = 8192
UARTS = 5
_GUEST = "10.0.2.15"


def parse_options(text: str, what: str, known: dict) -> dict:
    """Parse "key=value,key=value"; `known` maps each key to the function that reads its value."""
    found = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if key not in known:
            raise unknown(f"option of {what}", key, known)
        try:
            found[key] = known[key](value if equals else "on")
        except ValueError:
            raise Fail(f"{what}: '{value}' is no value for {key}.") from None
    return found


def parse_i2c(specs: list[str], known: Collection[str]) -> list[tuple[str, int, str]]:
    """The name, address and options of each `NAME@ADDRESS[,key=value...]`.

    known: the names that there are.  Raises Fail for all that is wrong up to the options.
    """
    parsed = []
    taken = {}
    for spec in specs:
        head, _, rest = spec.partition(",")
        name, at, address_text = head.partition("@")
        if name not in known:
            raise unknown("I2C device", name, known)
        try:
            address = int(address_text, 0)
        except ValueError:
            address = -1
        if not at or not _I2C_FIRST <= address <= _I2C_LAST:
            raise Fail(
                f"--i2c {spec}: the address must be {_I2C_FIRST:#x} .. {_I2C_LAST:#x}.",
                f"for example --i2c {name}@0x48",
            )
        if address in taken:
            raise Fail(
                f"--i2c {spec}: {taken[address]} has address {address:#x} already.",
                "give each device an address of its own",
            )
        taken[address] = name
        parsed.append((name, address, rest))
    return parsed


def i2c_arguments(specs: list[str], folder: Path) -> list[str]:
    """QEMU's arguments for `--i2c NAME@ADDRESS[,key=value...]`, such as `tmp105@0x48`.

    folder: where an EEPROM's file goes when the option names none.
    The n-th device gets QEMU's id `i2c<n>`, for example for `qom-set`.
    """
    arguments = []
    for number, (name, address, rest) in enumerate(parse_i2c(specs, I2C_DEVICES)):
        device = f"id=i2c{number},bus=i2c,address={address:#x}"
        if name == "at24c":
            known = {"file": Path, "size": _size}
            options = parse_options(rest, f"--i2c {name}", known)
            size = options.get("size", _EEPROM_BYTES)
            file = options.get("file", folder / f"eeprom-{address:#x}.bin")
            _blank_file(file, size)
            drive = f"if=none,id=eeprom{number},format=raw,file={_escape(file)}"
            arguments += ["-drive", drive]
            model = f"at24c-eeprom,rom-size={size},drive=eeprom{number}"
            arguments += ["-device", f"{model},{device}"]
        else:
            parse_options(rest, f"--i2c {name}", {})
            arguments += ["-device", f"{name},{device}"]
    return arguments


def _size(text: str) -> int:
    value = int(text, 0)
    if not 16 <= value <= 65536 or value & (value - 1):
        raise ValueError
    return value


def _escape(path: Path) -> str:
    """A file name inside a comma separated argument of QEMU."""
    return str(path).replace(",", ",,")


def _blank_file(path: Path, size: int):
    """Make sure that an EEPROM's file has its size; a new one is erased (0xFF)."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\xff" * size)
    elif path.stat().st_size != size:
        raise Fail(
            f"{path} has {path.stat().st_size} bytes, the EEPROM {size}.",
            "give the file's size with size=, or name another file with file=",
        )


def _free_port(option: str, kind: str, host: str, port: str):
    """Raise Fail unless the board can listen there."""
    family = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[kind]
    try:
        with socket.socket(socket.AF_INET, family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, int(port)))
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or "ports are 1 .. 65535"
        raise Fail(
            f"{option}: port {port} of {host} cannot be listened on: {why}.", "name another port"
        ) from None


def check_place(option: str, path: str | Path):
    """Raise Fail unless a file can be made at `path`."""
    folder = Path(path).parent
    if not folder.is_dir():
        raise Fail(f"{option}: there is no folder {folder}.", f"mkdir -p '{folder}'")


def serial_arguments(specs: list[str]) -> list[str]:
    """QEMU's arguments for `--serial N=WHERE`; WHERE is one of

    tcp:HOST:PORT, unix:PATH (the board listens; with ",connect" it connects), pty, file:PATH.
    N is a UART of the board, 1 to 4: 0 is the console.  QEMU's name of UART n is `serial<n>`.
    """
    ports = {}
    for spec in specs:
        number, equals, where = spec.partition("=")
        if not equals or not number.isdigit() or not 1 <= int(number) < UARTS:
            raise Fail(
                f"--serial {spec}: name a UART from 1 to {UARTS - 1} (0 is the console).",
                "for example --serial 1=tcp:127.0.0.1:5001",
            )
        if int(number) in ports:
            raise Fail(f"--serial {spec}: UART {number} is connected already.")
        ports[int(number)] = _serial(spec, where)
    arguments = []
    for number in range(1, max(ports, default=0) + 1):
        # The n-th -serial is UART n, so unused ones before it are named too.
        arguments += ["-serial", ports.get(number, "null")]
    return arguments


def _serial(spec: str, where: str) -> str:
    where, comma, mode = where.partition(",")
    if comma and mode != "connect":
        raise unknown("mode of --serial", mode, ["connect"])
    tail = "" if comma else ",server=on,wait=off"
    if where == "pty":
        return "pty"
    kind, _, rest = where.partition(":")
    if kind == "tcp" and (address := re.fullmatch(r"([\w.-]+):(\d{1,5})", rest)):
        if tail:
            _free_port(f"--serial {spec}", "tcp", *address.groups())
        return f"tcp:{rest}{tail},nodelay=on"
    if kind in ("unix", "file") and rest:
        check_place(f"--serial {spec}", rest)
        return f"unix:{rest}{tail}" if kind == "unix" else f"file:{rest}"
    raise Fail(
        f"--serial {spec}: '{where}' is no place to connect a UART to.",
        "use tcp:127.0.0.1:5001, unix:PATH, pty or file:PATH",
    )


#: What stands for QEMU's user-mode network, and what a socket's description begins with.
USER_NET = "user"
SOCKET_NET = "socket:"


@dataclass
class Network:
    """What the board's Ethernet is connected to.

    forwards: "tcp:HOSTPORT:GUESTPORT" or "udp:…"; the host listens on 127.0.0.1.
    pcap: file that receives every frame.
    where: "user" is QEMU's user-mode network, in which the host is 10.0.2.2. "socket:unix:PATH" and
        "socket:tcp:HOST:PORT" are a stream of frames, each behind its length in four bytes, the
        highest first; the board listens, with ",connect" it connects.
    """

    forwards: list[str]
    pcap: Path | None = None
    where: str = USER_NET

    def arguments(self, unique_id: bytes) -> list[str]:
        """QEMU's arguments; the board's address on the wire is made from its unique id."""
        mac = "52:54:00:" + ":".join(f"{byte:02x}" for byte in unique_id[:3])
        if self.where == USER_NET:
            arguments = ["-nic", f"user,id=net0,model=lan9118,mac={mac}{self._forwarded()}"]
        elif self.where.startswith(SOCKET_NET):
            if self.forwards:
                raise Fail("--forward is for the user-mode network.", "leave out --forward")
            stream = f"stream,id=net0,{self._address()}"
            nic = f"nic,model=lan9118,netdev=net0,macaddr={mac}"
            arguments = ["-netdev", stream, "-net", nic]
        else:
            raise unknown("network", self.where, [USER_NET, "socket:unix:PATH"])
        if self.pcap is not None:
            check_place("--pcap", self.pcap)
            dump = f"filter-dump,id=pcap0,netdev=net0,file={_escape(self.pcap)}"
            arguments += ["-object", dump]
        return arguments

    def _forwarded(self) -> str:
        forwarded = ""
        for forward in self.forwards:
            match = re.fullmatch(r"(tcp|udp):(\d{1,5}):(\d{1,5})", forward)
            if not match:
                raise Fail(
                    f"--forward {forward}: not PROTOCOL:HOSTPORT:BOARDPORT.",
                    "for example --forward tcp:8080:80",
                )
            kind, host, guest = match.groups()
            _free_port(f"--forward {forward}", kind, "127.0.0.1", host)
            if not 0 < int(guest) < 1 << 16:
                raise Fail(f"--forward {forward}: ports are 1 .. 65535.", "name another port")
            forwarded += f",hostfwd={kind}:127.0.0.1:{host}-{_GUEST}:{guest}"
        return forwarded

    def _address(self) -> str:
        option = f"--net {self.where}"
        place, comma, mode = self.where.removeprefix(SOCKET_NET).partition(",")
        if comma and mode != "connect":
            raise unknown("mode of --net socket", mode, ["connect"])
        server = f"server={'off' if comma else 'on'}"
        kind, _, rest = place.partition(":")
        if kind == "tcp" and (address := re.fullmatch(r"([\w.-]+):(\d{1,5})", rest)):
            host, port = address.groups()
            if not comma:
                _free_port(option, "tcp", host, port)
            return f"{server},addr.type=inet,addr.host={host},addr.port={port}"
        if kind == "unix" and rest:
            check_place(option, rest)
            return f"{server},addr.type=unix,addr.path={_escape(Path(rest))}"
        raise Fail(
            f"{option}: '{place}' is no place to connect the Ethernet to.",
            "use socket:unix:PATH or socket:tcp:127.0.0.1:5001",
        )

"""The emulated board: QEMU's mps2-an385, started, controlled and ended by this process."""

import contextlib
import ctypes
import re
import signal
import socket
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from . import hostpage, toolchain
from .devices import Network, check_place, i2c_arguments, serial_arguments
from .qmp import EmulatorError, qmp
from .report import Fail
from .runningboard import RunningBoard

QEMU = "qemu-system-arm"
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)
#: Said by QEMU about a board without network, which is what was asked for.
_HARMLESS = re.compile(r"warning: nic \S+ has no peer|char device redirected")
_SNAPSHOT = "coil"
_QCOW2 = b"QFI\xfb"


def die_with_parent():
    """In a child process: be killed when the parent ends, however it ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Emulator(RunningBoard):
    """QEMU with the firmware `image`; see RunningBoard for the options that all boards have.

    icount: instruction counting with 2^icount ns an instruction; the board then idles by spinning,
        which makes runs repeat exactly.  None = as fast as the host goes.
    epoch_s: also the time of clock chips on I2C; None, 0 = the host's.  They count the host's seconds;
        with icount the board's, and cannot be set then (a flaw of QEMU 7.2).
    i2c, serial: as on the command line, see devices.py.
    network: None = no network.
    gdb: TCP port on 127.0.0.1 where QEMU serves a debugger; 0 = none.
    paused: do not start the CPU; a debugger does.
    snapshot: qcow2 file for save() and load(), created when missing.
    """

    def __init__(
        self,
        image: Path,
        *,
        icount: int | None = None,
        i2c: Sequence[str] = (),
        serial: Sequence[str] = (),
        network: Network | None = None,
        gdb: int = 0,
        paused: bool = False,
        snapshot: Path | None = None,
        **options,
    ):
        if icount is not None:
            options["flags"] = options.get("flags", 0) | hostpage.SPIN
        super().__init__(image, **options)
        self._process: subprocess.Popen | None = None
        self._console: socket.socket | None = None
        self._stopping = False
        self._snapshot = snapshot
        try:
            self._arguments = self._machine()
            self._arguments += self._attached(network, i2c, serial)
        except BaseException:
            self.close()
            raise
        if options.get("epoch_s"):
            start = datetime.fromtimestamp(options["epoch_s"], UTC)
            clock = "host" if icount is None else "vm"
            self._arguments += ["-rtc", f"base={start:%Y-%m-%dT%H:%M:%S},clock={clock}"]
        if icount is not None:
            self._arguments += ["-icount", f"shift={icount},align=off,sleep=off"]
        if gdb:
            self._arguments += ["-gdb", f"tcp:127.0.0.1:{gdb}"]
        if paused:
            self._arguments += ["-S"]

    def _attached(
        self, network: Network | None, i2c: Sequence[str], serial: Sequence[str]
    ) -> list[str]:
        """Arguments for what the board is connected to."""
        devices = i2c_arguments(list(i2c), self.disk.path.parent)
        if self._snapshot is not None and "-drive" in devices:
            raise Fail(
                "QEMU cannot save a board whose EEPROM is a plain file.",
                "leave out --snapshot or the at24c",
            )
        # A board without -nic would get a default network from QEMU.
        wires = ["-nic", "none"] if network is None else network.arguments(self.page.unique_id)
        return [*wires, *devices, *serial_arguments(list(serial))]

    def _machine(self) -> list[str]:
        disk = str(self.disk.path).replace(",", ",,")
        size = hostpage.DISK_BYTES
        return [
            *("-M", "mps2-an385,memory-backend=psram", "-accel", "tcg"),
            *("-object", f"memory-backend-file,id=psram,size={size},mem-path={disk},share=on"),
            *("-kernel", str(self.image), "-display", "none", "-monitor", "none"),
            *("-qmp", f"unix:{self.qmp_path},server=on,wait=off"),
            *("-qtest", f"unix:{self.qtest},server=on,wait=off", "-qtest-log", "none"),
        ]

    @property
    def qmp_path(self) -> Path:
        return self.directory / "qmp.sock"

    @property
    def qtest(self) -> Path:
        return self.directory / "qtest.sock"

    @property
    def fd(self) -> int:
        return self._console.fileno()

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self):
        qemu = toolchain.require(QEMU)
        if not self.image.is_file():
            raise Fail(f"there is no firmware {self.image}.", "coil build")
        self._stopping = False
        self._reader = None
        # A socket pair instead of a path: nothing the board prints can be lost before we connect.
        self._console, theirs = socket.socketpair()
        console = f"socket,id=console,fd={theirs.fileno()}"
        with theirs, open(self.directory / "qemu.log", "wb") as log:
            self._process = subprocess.Popen(
                [str(qemu), "-chardev", console, "-serial", "chardev:console", *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                # Ctrl-C in our terminal is the board's, not QEMU's.
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        if self._snapshot is not None:
            self._attach_snapshot()

    def stop(self):
        if self._process is None:
            return
        self._stopping = True
        if self._process.poll() is None:
            with contextlib.suppress(EmulatorError), self.qmp(timeout=1) as control:
                control.execute("quit")
        for end in (lambda: None, self._process.terminate, self._process.kill):
            end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2)
                break
        self._console.close()
        self._process = None
        for path in (self.qmp_path, self.qtest):
            path.unlink(missing_ok=True)

    def ended(self) -> str:
        self._process.wait()
        return self.failure() or "QEMU was told to quit."

    def failure(self) -> str:
        """Why QEMU has ended without being told to; "" while it runs."""
        if self._process is None or self._process.poll() is None or self._stopping:
            return ""
        code = self._process.returncode
        ended = f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"
        lines = (self.directory / "qemu.log").read_text(errors="replace").splitlines()
        said = "\n".join(line for line in lines if not _HARMLESS.search(line))
        if code == -signal.SIGBUS:
            said = f"There is no room left for the disk file {self.disk.path}."
        return f"QEMU ended with {ended}." + (f"\n{said}" if said else "")

    @contextlib.contextmanager
    def qmp(self, timeout: float = 5):
        """A QMP session: `with board.qmp() as control: control.hmp("info registers")`."""
        try:
            with qmp(self.qmp_path, timeout) as control:
                yield control
        except EmulatorError as error:
            if self._process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(0.2)
            if self.failure():
                raise EmulatorError(self.failure(), error.mend) from None
            raise

    def reset(self):
        with self.qmp() as control:
            control.execute("system_reset")
            control.execute("cont")

    def pause(self):
        with self.qmp() as control:
            control.execute("stop")

    def resume(self):
        with self.qmp() as control:
            control.execute("cont")

    def serial_ports(self) -> list[tuple[int, str]]:
        """Where QEMU connected the UARTs 1 to 4: (number, for example "pty:/dev/pts/3")."""
        with self.qmp() as control:
            devices = control.execute("query-chardev")
        found = [(d["label"], d["filename"]) for d in devices]
        return sorted((int(n[6:]), where) for n, where in found if re.fullmatch(r"serial\d", n))

    def save(self, name: str = _SNAPSHOT):
        """Save the whole board, the disk's contents included, in the snapshot file."""
        self._vm("savevm", name)

    def load(self, name: str = _SNAPSHOT):
        """Go back to a saved state; the disk's contents become those of the snapshot."""
        self._vm("loadvm", name)

    def snapshots(self) -> list[str]:
        """The names of the saved states."""
        with self.qmp() as control:
            listed = control.hmp("info snapshots").splitlines()
        return [line.split()[1] for line in listed if re.match(r"(--|\d+)\s+\S+\s+\d", line)]

    def _vm(self, command: str, name: str):
        if self._snapshot is None:
            raise Fail("the board has no snapshot file.", "start it with --snapshot FILE")
        with self.qmp(timeout=30) as control:
            said = control.hmp(f"{command} {name}").strip()
        if said:
            raise EmulatorError(f"QEMU: {command}: {said}")

    def _attach_snapshot(self):
        """Give QEMU the qcow2 file in which it keeps states; QEMU itself makes a new one."""
        path = str(self._snapshot)
        new = not self._snapshot.exists()
        check_place("--snapshot", self._snapshot)
        if not new:
            with self._snapshot.open("rb") as file:
                if file.read(len(_QCOW2)) != _QCOW2:
                    raise Fail(f"{path} is no snapshot.", "name another; a missing one is made")
        with self.qmp() as control:
            if new:
                control.job(
                    "blockdev-create", options={"driver": "file", "filename": path, "size": 0}
                )
            control.execute(
                "blockdev-add", **{"driver": "file", "node-name": "snapfile", "filename": path}
            )
            if new:
                options = {"driver": "qcow2", "file": "snapfile", "size": 1 << 20}
                control.job("blockdev-create", options=options)
            control.execute(
                "blockdev-add", **{"driver": "qcow2", "node-name": "snap", "file": "snapfile"}
            )

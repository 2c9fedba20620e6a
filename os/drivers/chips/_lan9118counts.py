"""What a LAN9118 tells of frames and of itself: which status bits are errors, and how many there were.

Numbers: LAN9118 datasheet, 3.13.3 "RX status format", 3.12.4 "TX status format", 5.3.3 INT_STS.
"""

from micropython import const

# An RX frame with one of these is no frame; the others are only noted.
_RX_BAD = const(0x88DA)
_RX_NOTED = const(0x98DE)
_RX_ERRORS = (
    (15, "rx_error"),  # the sum of four of the others
    (12, "rx_length"),
    (11, "rx_runt"),
    (7, "rx_too_long"),
    (6, "rx_collision"),
    (4, "rx_watchdog"),
    (3, "rx_mii"),
    (2, "rx_dribble"),
    (1, "rx_crc"),
)
_TX_BAD = const(0x8F06)
_TX_NOTED = const(0x8F07)
_TX_ERRORS = (
    (15, "tx_error"),  # the sum of the others but the last
    (11, "tx_loss_of_carrier"),
    (10, "tx_no_carrier"),
    (9, "tx_late_collision"),
    (8, "tx_excessive_collisions"),
    (2, "tx_excessive_deferral"),
    (1, "tx_underrun"),
    (0, "tx_deferred"),  # sent nevertheless
)
_CHIP_NOTED = const(0x1FFFF)
_CHIP_ERRORS = (
    (16, "tx_status_overflow"),
    (15, "rx_watchdog_interrupt"),
    (14, "rx_fifo_error"),
    (13, "tx_fifo_error"),
    (10, "tx_data_overrun"),
    (8, "tx_status_full"),
    (6, "rx_dropped_interrupt"),
    (4, "rx_status_full"),
)
_WRAP = const(0x3FFFFFFF)


def _note(counts, bits):
    """Add one to the counters of the bits that are set."""
    at = 0
    while bits:
        if bits & 1:
            counts[at] = counts[at] + 1 & _WRAP
        bits >>= 1
        at += 1


class Counts:
    """The counters of one chip, each modulo 2**30. Counting allocates nothing."""

    def __init__(self):
        self.rx_frames = self.rx_dropped = self.rx_errors = 0
        self.tx_frames = self.tx_errors = 0
        self._rx = [0] * 16
        self._tx = [0] * 16
        self._chip = [0] * 17

    def rx_bad(self, status):
        """Note what an RX status word tells. Returns whether the frame is to be dropped for it."""
        if status & _RX_NOTED:
            _note(self._rx, status & _RX_NOTED)
        return status & _RX_BAD

    def rx_error(self):
        self.rx_errors = self.rx_errors + 1 & _WRAP

    def rx_drop(self, frames):
        self.rx_dropped = self.rx_dropped + frames & _WRAP

    def rx_frame(self):
        self.rx_frames = self.rx_frames + 1 & _WRAP

    def tx(self, status):
        """Note a TX status word: a frame that was sent, or not."""
        if status & _TX_NOTED:
            _note(self._tx, status & _TX_NOTED)
        if status & _TX_BAD:
            self.tx_error()
        else:
            self.tx_frames = self.tx_frames + 1 & _WRAP

    def tx_error(self):
        self.tx_errors = self.tx_errors + 1 & _WRAP

    def chip(self, events):
        """Note what INT_STS tells."""
        _note(self._chip, events & _CHIP_NOTED)

    def named(self):
        """{name of an error: how often it was told}, without those that never were."""
        found = {}
        for names, counts in (
            (_RX_ERRORS, self._rx),
            (_TX_ERRORS, self._tx),
            (_CHIP_ERRORS, self._chip),
        ):
            for bit, name in names:
                if counts[bit]:
                    found[name] = counts[bit]
        return found

"""A simulated LoRa modem on a medium.Medium: what the chips SX1272 to SX1279 and SX126x have in common.

Times are those of Semtech's SX1276/77/78/79 data sheet, rev. 7, 4.1.1.6 and 4.1.1.7; sensitivity is that of its
table 13 (signal to noise ratio that each spreading factor needs) with a noise figure of 6 dB. Packets of
another spreading factor, bandwidth or frequency neither disturb nor are heard.
"""

import math

from .radio import Radio

_MAX_PACKET = 255
_NOISE_DBM_HZ = -174
_NOISE_FIGURE_DB = 6
_SF_MIN, _SF_MAX = 7, 12
_SNR_AT_SF7_X10 = -75
_SNR_STEP_X10 = -25
_SNR_MAX_DB = 12
_LONG_SYMBOL_US = 16_000
_CAD_SYMBOLS = 2
_BANDWIDTHS = (125_000, 250_000, 500_000)
_FREQ_MIN, _FREQ_MAX = 137_000_000, 1_020_000_000


def _is(low, high):
    return lambda value: isinstance(value, int) and low <= value <= high


def _flag(value):
    return value in (True, False)


# Setting -> (first value, what it may be, in words).
_SETTINGS = {
    "cca": (False, _flag, "True or False"),
    "freq_hz": (868_100_000, _is(_FREQ_MIN, _FREQ_MAX), "137 to 1020 MHz"),
    "sf": (7, _is(_SF_MIN, _SF_MAX), "7 to 12"),
    "bw_hz": (125_000, lambda value: value in _BANDWIDTHS, "125000, 250000 or 500000"),
    "coding_rate": (5, _is(5, 8), "5 to 8, for 4/5 to 4/8"),
    "preamble_symbols": (8, _is(6, 65535), "6 to 65535"),
    "crc": (True, _flag, "True or False"),
    "implicit_len": (None, lambda value: value is None or 0 < value <= 255, "None, or 1 to 255"),
    "invert_iq_tx": (False, _flag, "True or False"),
    "invert_iq_rx": (False, _flag, "True or False"),
    "syncword": (0x12, _is(0, 0xFF), "0 to 255; 0x34 for LoRaWAN"),
}


class LoRaRadio(Radio):
    """A LoRa transceiver: frequencies and spreading factors by configure(), no numbered channels."""

    max_packet = _MAX_PACKET

    def channel(self, n=None):
        """OSError(EOPNOTSUPP): it has frequencies."""
        self._check()
        raise OSError(95, "a LoRa radio has no channel numbers: use configure(freq_hz=)")

    def symbol_us(self):
        """How long a symbol lasts."""
        return (1 << self._settings["sf"]) * 1_000_000 // self._settings["bw_hz"]

    def airtime_us(self, n):
        """How long a packet of n bytes lasts (4.1.1.7)."""
        own = self._settings
        symbol_us = self.symbol_us()
        sf = own["sf"]
        slow = symbol_us > _LONG_SYMBOL_US  # low data rate optimisation, 4.1.1.6
        bits = 8 * n - 4 * sf + 28 + 16 * own["crc"] - 20 * (own["implicit_len"] is not None)
        groups = max(-(-bits // (4 * (sf - 2 * slow))), 0)
        symbols_x4 = (own["preamble_symbols"] * 4 + 17) + 4 * (8 + groups * own["coding_rate"])
        return symbols_x4 * symbol_us // 4

    @property
    def assess_us(self):
        """Channel activity detection listens for some symbols."""
        return _CAD_SYMBOLS * self.symbol_us()

    def noise_dbm(self):
        """The noise in the receiver's bandwidth."""
        bw_hz = self._settings["bw_hz"]
        return round(_NOISE_DBM_HZ + _NOISE_FIGURE_DB + 10 * math.log10(bw_hz))

    def sensitivity_dbm(self):
        needs_x10 = _SNR_AT_SF7_X10 + _SNR_STEP_X10 * (self._settings["sf"] - _SF_MIN)
        return self.noise_dbm() + needs_x10 / 10

    # ---- Inside

    _cca_dbm = sensitivity_dbm  # it detects what it could receive

    def _defaults(self):
        return {name: _SETTINGS[name][0] for name in _SETTINGS}

    def _judge(self, name, value):
        _, may_be, words = _SETTINGS[name]
        if not may_be(value):
            raise ValueError(f"{name}: {words}")

    def _tuned(self):
        return f"{self._settings['freq_hz']} Hz, SF{self._settings['sf']}"

    def _rate(self):
        self.snr_db = min(self.rssi_dbm - self.noise_dbm(), _SNR_MAX_DB)

    def band(self):
        own = self._settings
        return own["freq_hz"], own["bw_hz"], own["sf"]

    def kind(self, sends):
        own = self._settings
        inverted = own["invert_iq_tx" if sends else "invert_iq_rx"]
        implicit = own["implicit_len"]  # else a header tells the coding rate, too
        return bool(inverted), own["syncword"], implicit, implicit and own["coding_rate"]

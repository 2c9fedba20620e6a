"""Chips outside of the processor, one file each. docs/chips.md has the guide."""

_LAZY = {
    # thermometers
    "TMP105": "tmp105",
    "LM75": "tmp105",
    # clocks
    "DS1338": "ds1338",
    "DS1307": "ds1338",
    # memory
    "AT24C": "at24c",
    # displays
    "SSD1306_I2C": "ssd1306",
    "SSD1306_SPI": "ssd1306",
    # Ethernet
    "LAN9118": "lan9118",
    "ENC28J60": "enc28j60",
    "W5500": "w5500",
    # pins and LEDs
    "MAX7310": "max7310",
    "PCA9552": "pca9552",
    # flash memory and cards
    "NorFlash": "norflash",
    "W25Q": "w25q",
    "SDCard": "sdcard",
}


def __getattr__(name):
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(name)
    value = getattr(__import__(module, globals(), None, (name,), 1), name)
    globals()[name] = value
    return value

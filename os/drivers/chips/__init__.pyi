from .at24c import AT24C
from .ds1338 import DS1307, DS1338
from .enc28j60 import ENC28J60
from .lan9118 import LAN9118
from .max7310 import MAX7310
from .norflash import NorFlash
from .pca9552 import PCA9552
from .sdcard import SDCard
from .ssd1306 import SSD1306_I2C, SSD1306_SPI
from .tmp105 import LM75, TMP105
from .w25q import W25Q
from .w5500 import W5500

__all__ = [
    "AT24C",
    "DS1307",
    "DS1338",
    "ENC28J60",
    "LAN9118",
    "LM75",
    "MAX7310",
    "NorFlash",
    "PCA9552",
    "SDCard",
    "SSD1306_I2C",
    "SSD1306_SPI",
    "TMP105",
    "W25Q",
    "W5500",
]

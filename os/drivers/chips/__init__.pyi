from .at24c import AT24C
from .ds1338 import DS1307, DS1338
from .lan9118 import LAN9118
from .max7310 import MAX7310
from .pca9552 import PCA9552
from .ssd1306 import SSD1306_I2C, SSD1306_SPI
from .tmp105 import LM75, TMP105

__all__ = [
    "AT24C",
    "DS1307",
    "DS1338",
    "LAN9118",
    "LM75",
    "MAX7310",
    "PCA9552",
    "SSD1306_I2C",
    "SSD1306_SPI",
    "TMP105",
]

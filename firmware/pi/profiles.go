package pi

// Generic is the profile that knows nothing: a config names everything itself.
const Generic = "generic"

var profiles = []Profile{
	{
		Name:     "raspberry-pi-3",
		Model:    "Raspberry Pi 3",
		Chip:     "pinctrl-bcm2835",
		Header:   header40,
		I2C:      "/dev/i2c-1",
		Watchdog: "/dev/watchdog",
		Cards:    append([]SoundCard{{ID: "Headphones"}}, addedCards...),
	},
	{
		Name:     "raspberry-pi-4",
		Model:    "Raspberry Pi 4",
		Chip:     "pinctrl-bcm2711",
		Header:   header40,
		I2C:      "/dev/i2c-1",
		Watchdog: "/dev/watchdog",
		Cards:    append([]SoundCard{{ID: "Headphones"}}, addedCards...),
	},
	{
		Name:     "raspberry-pi-5", // without a headphone jack
		Model:    "Raspberry Pi 5",
		Chip:     "pinctrl-rp1",
		Header:   header40,
		I2C:      "/dev/i2c-1",
		Watchdog: "/dev/watchdog",
		Cards:    addedCards,
	},
	{
		Name:     "raspberry-pi-zero-2-w", // without a headphone jack
		Model:    "Raspberry Pi Zero 2",
		Chip:     "pinctrl-bcm2835",
		Header:   header40,
		I2C:      "/dev/i2c-1",
		Watchdog: "/dev/watchdog",
		Cards:    addedCards,
	},
	{Name: Generic},
}

// header40 is the header of every Raspberry Pi with 40 pins. The RP1 of a Pi 5
// pulls its lines as the BCM chips before it do.
var header40 = []HeaderLine{
	{GPIO: 0, Pin: 27, PulledUp: true, Soldered: true, Reserve: ReserveHatID}, // ID_SD
	{GPIO: 1, Pin: 28, PulledUp: true, Soldered: true, Reserve: ReserveHatID}, // ID_SC
	{GPIO: 2, Pin: 3, PulledUp: true, Soldered: true, Reserve: ReserveI2C},    // SDA, 1.8 kΩ
	{GPIO: 3, Pin: 5, PulledUp: true, Soldered: true, Reserve: ReserveI2C},    // SCL, 1.8 kΩ
	{GPIO: 4, Pin: 7, PulledUp: true},
	{GPIO: 5, Pin: 29, PulledUp: true},
	{GPIO: 6, Pin: 31, PulledUp: true},
	{GPIO: 7, Pin: 26, PulledUp: true},
	{GPIO: 8, Pin: 24, PulledUp: true},
	{GPIO: 9, Pin: 21},
	{GPIO: 10, Pin: 19},
	{GPIO: 11, Pin: 23},
	{GPIO: 12, Pin: 32},
	{GPIO: 13, Pin: 33},
	{GPIO: 14, Pin: 8, Reserve: ReserveSerial},  // TXD
	{GPIO: 15, Pin: 10, Reserve: ReserveSerial}, // RXD
	{GPIO: 16, Pin: 36},
	{GPIO: 17, Pin: 11},
	{GPIO: 18, Pin: 12, Reserve: ReserveI2S}, // PCM_CLK
	{GPIO: 19, Pin: 35, Reserve: ReserveI2S}, // PCM_FS
	{GPIO: 20, Pin: 38, Reserve: ReserveI2S}, // PCM_DIN
	{GPIO: 21, Pin: 40, Reserve: ReserveI2S}, // PCM_DOUT
	{GPIO: 22, Pin: 15},
	{GPIO: 23, Pin: 16},
	{GPIO: 24, Pin: 18},
	{GPIO: 25, Pin: 22},
	{GPIO: 26, Pin: 37},
	{GPIO: 27, Pin: 13},
}

// addedCards are plugged in or put on. Different cards share an id, since the
// kernel cuts it to 15 letters; then what any of them takes counts.
var addedCards = []SoundCard{
	{ID: "Device"}, // most plain USB cards
	{ID: "sndrpihifiberry", Takes: []Reserve{ReserveI2S, ReserveI2C}},
	{ID: "IQaudIODAC", Takes: []Reserve{ReserveI2S, ReserveI2C}},
	{ID: "sndrpijustboomd", Takes: []Reserve{ReserveI2S, ReserveI2C}},
	{ID: "BossDAC", Takes: []Reserve{ReserveI2S, ReserveI2C}},
	{ID: "MAX98357A", Takes: []Reserve{ReserveI2S}},
}

// Package pi is a board of the Raspberry Pi kind: relays and inputs on GPIO
// lines by the kernel's character device, sensors on I2C, sound by ALSA. It hides
// the two libraries that reach them, periph and oto, and how each of them has to
// be handled so that off stays safe and a dead device is noticed.
//
// Relay and speaker are opened separately: a simulated relay with a real
// speaker is a legal board, and the other way round.
//
// A process can open its sound device once, and what it has lost only its end
// gives up. So a Speaker, which holds a device, lives in a process of its own
// (ServeSound), and the agent has a SoundProcess: it starts that one, feeds it,
// ends it when the device is lost or hangs, and starts the next.
package pi

package pi

import "io"

// PlaysOnlyTo judges the open files of any process.
var PlaysOnlyTo = playsOnlyTo

// BufferOf is what a card holds, as files like the kernel's tell.
var BufferOf = bufferOf

// ReadFrames reads what a sound process, or its agent, says.
func ReadFrames(from io.Reader) (next func() (kind byte, number uint32, data []byte, err error)) {
	f := &frames{from: from}
	return f.next
}

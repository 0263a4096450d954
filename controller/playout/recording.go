package playout

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/pion/opus"
	"github.com/pion/opus/pkg/oggreader"

	"loa/firmware"
)

const (
	// longestPacket is the longest an Opus packet can be: 120 ms.
	longestPacket = firmware.SampleRate * 120 / 1000
	// preRoll is decoded and thrown away before the sample that a seek asks
	// for, so that the decoder's predictors have settled. RFC 7845 asks for 80
	// ms; half a second costs some milliseconds and is inaudibly exact.
	preRoll = firmware.SampleRate / 2
)

// recording is one file of the station format (Ogg Opus, mono, 48 kHz) held as
// its compressed bytes, some 11 MB an hour, and decoded as it is read. The
// bytes that were hashed are thus the bytes that sound.
type recording struct {
	data    []byte
	preSkip int64 // samples of the codec's own delay at the beginning
	total   int64 // samples that are to be heard

	packets *oggreader.OggReader
	decoder opus.Decoder
	drop    int64 // decoded samples still to be thrown away
	left    int64 // samples still to be read
	buf     [longestPacket]int16
	ready   []int16 // decoded and not read yet, within buf
}

// openRecording checks that data is whole: every page's checksum, the headers,
// and that its packets hold as many samples as its last page says.
func openRecording(data []byte) (*recording, error) {
	packets, head, err := oggreader.NewWith(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("read the Opus header: %w", err)
	}
	switch {
	case head.Version&0xf0 != 0:
		return nil, fmt.Errorf("read the Opus header: version %d is unknown", head.Version)
	case head.Channels != 1 || head.ChannelMap != 0:
		return nil, fmt.Errorf("read the Opus header: %d channels, the station format has one", head.Channels)
	case head.OutputGain != 0:
		return nil, errors.New("read the Opus header: it asks for a gain, the station format has none")
	}
	if err := readTags(packets); err != nil {
		return nil, err
	}

	var coded int64
	var granule uint64
	for {
		packet, page, err := packets.ParseNextPacket()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read a page after %v of sound: %w", durationOf(coded), err)
		}
		n, err := packetSamples(packet)
		if err != nil {
			return nil, fmt.Errorf("read a packet after %v of sound: %w", durationOf(coded), err)
		}
		coded += n
		granule = page.GranulePosition
	}
	r := &recording{data: data, preSkip: int64(head.PreSkip)}
	if granule > uint64(coded) {
		return nil, fmt.Errorf("the last page tells of %d samples, the packets hold %d", granule, coded)
	}
	r.total = int64(granule) - r.preSkip
	if r.total <= 0 {
		return nil, errors.New("the file holds no sound")
	}
	return r, r.seek(0)
}

// readTags reads the comment header, of which nothing is needed.
func readTags(packets *oggreader.OggReader) error {
	packet, _, err := packets.ParseNextPacket()
	if err != nil {
		return fmt.Errorf("read the Opus comments: %w", err)
	}
	if !bytes.HasPrefix(packet, []byte("OpusTags")) {
		return errors.New("read the Opus comments: not there")
	}
	return nil
}

// packetSamples is how many samples a packet decodes to (RFC 6716, 3.1).
func packetSamples(packet []byte) (int64, error) {
	if len(packet) == 0 {
		return 0, errors.New("it is empty")
	}
	if bytes.HasPrefix(packet, []byte("OpusHead")) {
		return 0, errors.New("a second stream begins here")
	}
	const ms = firmware.SampleRate / 1000
	var frame int64
	switch config := packet[0] >> 3; {
	case config < 12:
		frame = [4]int64{10 * ms, 20 * ms, 40 * ms, 60 * ms}[config%4]
	case config < 16:
		frame = [2]int64{10 * ms, 20 * ms}[config%2]
	default:
		frame = [4]int64{ms * 5 / 2, 5 * ms, 10 * ms, 20 * ms}[config%4]
	}
	frames := int64(2)
	switch packet[0] & 3 {
	case 0:
		frames = 1
	case 3:
		if len(packet) < 2 {
			return 0, errors.New("it does not say how many frames it has")
		}
		frames = int64(packet[1] & 0x3f)
	}
	if n := frame * frames; n > 0 && n <= longestPacket {
		return n, nil
	}
	return 0, fmt.Errorf("%d frames of %v", frames, durationOf(frame))
}

func (r *recording) length() int64 { return r.total }

// seek makes sample the next one to be read.
func (r *recording) seek(sample int64) error {
	sample = min(max(sample, 0), r.total)
	packets, _, err := oggreader.NewWith(bytes.NewReader(r.data))
	if err != nil {
		return fmt.Errorf("read the Opus header: %w", err)
	}
	if err := readTags(packets); err != nil {
		return err
	}
	decoder, err := opus.NewDecoderWithOutput(firmware.SampleRate, 1)
	if err != nil {
		return fmt.Errorf("start the Opus decoder: %w", err)
	}
	r.packets, r.decoder, r.ready = packets, decoder, nil
	r.left = r.total - sample
	r.drop = r.preSkip + sample
	for r.drop > preRoll+longestPacket {
		packet, _, err := r.packets.ParseNextPacket()
		if err != nil {
			return fmt.Errorf("read a packet: %w", err)
		}
		n, err := packetSamples(packet)
		if err != nil {
			return fmt.Errorf("read a packet: %w", err)
		}
		r.drop -= n
	}
	return nil
}

// read fills pcm with the next samples; io.EOF after the last.
func (r *recording) read(pcm []int16) (int, error) {
	done := 0
	for done < len(pcm) && r.left > 0 {
		if len(r.ready) == 0 {
			if err := r.decode(); err != nil {
				return done, err
			}
			continue
		}
		n := copy(pcm[done:], r.ready[:min(int64(len(r.ready)), r.left)])
		r.ready, r.left, done = r.ready[n:], r.left-int64(n), done+n
	}
	if done == 0 && len(pcm) > 0 {
		return 0, io.EOF
	}
	return done, nil
}

// decode makes the next packet's samples ready. A decoder that gives up on odd
// data by a panic must cost this file, not the loudspeaker's next warning.
func (r *recording) decode() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("decode a packet: %v", p)
		}
	}()
	packet, _, err := r.packets.ParseNextPacket()
	if err != nil {
		return fmt.Errorf("read a packet: %w", noEOF(err))
	}
	n, err := r.decoder.DecodeToInt16(packet, r.buf[:])
	if err != nil {
		return fmt.Errorf("decode a packet: %w", err)
	}
	drop := min(int64(n), r.drop)
	r.drop -= drop
	r.ready = r.buf[drop:n]
	return nil
}

// noEOF keeps an end in the wrong place from being read as the regular end.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

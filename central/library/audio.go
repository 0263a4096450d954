package library

import "time"

// The station format: Ogg Opus, mono, 48 kHz.
const (
	SampleRate    = 48000
	SpeechBitrate = 24000 // bit/s
	MusicBitrate  = 32000
	TargetLUFS    = -16.0 // EBU R128 integrated loudness
	PeakDBTP      = -1.5  // true peak that no station file exceeds
)

// Audio is a file of the station format, and what it was made of.
type Audio struct {
	SHA256   string        // of the file, lower-case hex: its name everywhere
	Size     int64         // bytes
	Samples  int64         // at 48 kHz, exactly
	Duration time.Duration // Samples as time
	Bitrate  int           // bit/s that the encoder was asked for
	Music    bool          // else speech

	OriginalSHA256 string
	OriginalSize   int64
	OriginalName   string // as uploaded, made fit to print

	LoudnessIn  float64 // LUFS, of the original as mono
	PeakIn      float64 // dBTP
	Gain        float64 // dB, one constant for the whole file
	LoudnessOut float64 // LUFS, of the station file as a board decodes it
	PeakOut     float64 // dBTP
	Added       time.Time
}

package playout

// OpenRecording opens a file of the station format and returns its length in
// samples and a function that decodes n samples from any position.
func OpenRecording(data []byte) (length int64, decode func(from int64, n int) ([]int16, error), err error) {
	r, err := openRecording(data)
	if err != nil {
		return 0, nil, err
	}
	return r.length(), func(from int64, n int) ([]int16, error) {
		if err := r.seek(from); err != nil {
			return nil, err
		}
		pcm := make([]int16, n)
		k, err := r.read(pcm)
		return pcm[:k], err
	}, nil
}

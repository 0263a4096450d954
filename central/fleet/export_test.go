package fleet

// GiveUp is what Run does some time after a start.
func GiveUp(f *Fleet) { f.giveUp() }

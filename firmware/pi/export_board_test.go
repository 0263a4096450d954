package pi

import "periph.io/x/conn/v3/gpio"

// Wire looks at a line that is wired to another one, and moves nothing.
func Wire(chip, line string) (look func() gpio.Level, end func(), err error) {
	_, l, err := claimLine("wire", chip, line)
	if err != nil {
		return nil, nil, err
	}
	if err := l.In(gpio.PullNoChange, gpio.NoEdge); err != nil {
		freeLine(l)
		return nil, nil, err
	}
	return l.Read, func() { l.Close(); freeLine(l) }, nil
}

// Driven is what the kernel says that it drives a relay's line to: the level that
// opens it, once it was given back.
func Driven(r *Relay) gpio.Level {
	level, err := r.line.(*Out).Level()
	if err != nil {
		return gpio.Level(r.activeLow)
	}
	return level
}

package demo

import "context"

// Speak is what Run does besides minding.
func (d *Demo) Speak(ctx context.Context) error { return d.speak(ctx) }

package orders

import (
	"context"
	"time"
)

type intake struct{}
type acks struct{}

const (
	ackEvery    = 200 * time.Millisecond
	resendEvery = time.Second
)

func (o *Orders) acknowledge(ctx context.Context, now time.Time) error { return nil }
func (o *Orders) resend(ctx context.Context, now time.Time) error      { return nil }

package orders

import "context"

type trust struct{}

func (t *trust) load(ctx context.Context, s Store) error { return nil }

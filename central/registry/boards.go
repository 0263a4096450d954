package registry

import (
	"context"
	"fmt"
)

// InService lists the boards in service by the cluster that each is in. The
// caller does not change it.
func (r *Registry) InService(ctx context.Context) (map[string]Device, error) {
	all, err := r.store.InService(ctx)
	if err != nil {
		return nil, fmt.Errorf("list boards: %w", err)
	}
	return all, nil
}

package orders

import (
	"context"
	"slices"

	"loa/controller/protocol"
)

// Signers are the persons, by id and sorted, whose signature boards count for an
// alert to these areas, by the key set in force. It only tells whom to ask:
// whether enough have signed is protocol.Open's to say.
func (o *Orders) Signers(ctx context.Context, mode protocol.Mode, audience []string) ([]string, error) {
	set := o.trust.known().KeySet
	if set == nil {
		return nil, nil
	}
	able := map[string]bool{}
	for _, id := range o.Listed() {
		able[id] = true
	}
	var all []string
	for i, code := range audience {
		path, err := o.Registry.Path(ctx, code)
		if err != nil {
			return nil, err
		}
		var here []string
		for _, r := range set.Rules {
			if r.Kind == protocol.KindAlert && r.Mode == mode && slices.Contains(path, r.Scope) &&
				(!protocol.Wide(audience) || protocol.Wide([]string{r.Scope})) {
				here = append(here, r.Persons...)
			}
		}
		here = slices.DeleteFunc(here, func(id string) bool { return !able[id] || i > 0 && !slices.Contains(all, id) })
		all = here
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

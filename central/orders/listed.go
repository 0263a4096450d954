package orders

// Listed are the keys by which boards know a person, as the key set in force
// says, by id; of those that are retired or revoked, none.
func (o *Orders) Listed() (keys map[string]string) {
	keys = map[string]string{} // to the person's id
	set := o.trust.known().KeySet
	if set == nil {
		return keys
	}
	for _, p := range set.Persons {
		for _, k := range p.Keys {
			if !k.Retired && !k.Revoked {
				keys[k.ID] = p.ID
			}
		}
	}
	return keys
}

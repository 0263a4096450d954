// Package seeds knows the provinces that a server can begin with: their areas by
// official code, and of Lai Châu a whole demo province: stations, clusters,
// people whose names are invented, bulletins as texts, and programmes. It hides
// in which files all that is written, and that every row of them has passed the
// very checks that the rooms make of what people enter.
package seeds
